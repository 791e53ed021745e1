/* Lines of data/answer_frames.tsv and data/question_frames.tsv, and how they become
 * text. */
#ifndef MKG_WORDING_H
#define MKG_WORDING_H

#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"

typedef enum mkg__wording_kind {
    /* question_frames.tsv */
    MKG__W_FRAME,
    MKG__W_SAY,
    MKG__W_NONE_ASKED, /* "none" there */
    MKG__W_OPEN,
    MKG__W_CLOSE,
    MKG__W_ASIDE,
    MKG__W_THING,
    /* answer_frames.tsv */
    MKG__W_ASK,
    MKG__W_VERB,
    MKG__W_ALL,
    MKG__W_BOTH,
    MKG__W_COMPARE,
    MKG__W_WHETHER,
    MKG__W_MAY,
    MKG__W_TELL,
    MKG__W_YES,
    MKG__W_NO,
    MKG__W_MAYYES,
    MKG__W_MAYNO,
    MKG__W_MAYYESDENIED,
    MKG__W_DENIED,
    MKG__W_DISPUTED,
    MKG__W_OPPOSED,
    MKG__W_UNSURE,
    MKG__W_NOTHING, /* "none" there */
    MKG__W_NONEMISSING,
    MKG__W_BUTMISSING,
    MKG__W_WHILE,
    MKG__W_COMMON,
    MKG__W_SHARED,
    MKG__W_PATIENT,
    MKG__W_KINDS
} mkg__wording_kind;

typedef struct mkg__wording {
    mkg_view of, text; /* of: relations with ';' between; "" for "-" */
    uint64_t hash;     /* of the text */
} mkg__wording;

typedef struct mkg__wordings {
    mkg__buf file[2]; /* the views point into them */
    struct mkg__wording_list {
        mkg__wording *at;
        size_t n, cap;
    } lists[MKG__W_KINDS][2]; /* by language: 0 Chinese, 1 English */
} mkg__wordings;

/* Read both files of the folder. MKG_EPARSE with the place of what is wrong. */
mkg_status mkg__wordings_read(const char *folder, mkg__wordings *out, mkg_err *err);
void mkg__wordings_clear(mkg__wordings *w);

/* Is the relation one of the ';'-separated names? */
bool mkg__wording_names(mkg_view of, const char *relation);

/* What stands for the letters between braces: fill['s'] for {s}. */
typedef struct mkg__fills {
    const char *at[128]; /* NULL: "" */
} mkg__fills;

/* Append the text: of "(a|b)" one, "{s}" replaced. */
void mkg__wording_expand(mkg_view text, const mkg__fills *fills, mkg__rng *rng,
                         mkg__buf *out);

#endif
