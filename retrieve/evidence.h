/* What was found for a question. The type that the language side reads: it knows of no
 * store, every string is in the evidence's own arena. */
#ifndef MKG_EVIDENCE_H
#define MKG_EVIDENCE_H

#include "base/base.h"
#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_mention {
    const char *text;  /* as written in the question */
    size_t start, end; /* byte offsets in the question */
    mkg_id node;
    const char *name, *type; /* of the node, in the question's language */
    const char *how;         /* "exact", "alias", "fuzzy", "colloquial" */
    double score;            /* 0 … 1 */
    bool negated;            /* "without it" */
} mkg_mention;

/* A relation that is asked for, in one direction. */
typedef struct mkg_intent {
    mkg_id relation;
    bool inverse;
    const char *name;  /* "complication" */
    const char *label; /* "并发症" */
    double score;
    bool guessed; /* by the classifier: no words of the vocabulary ask for it */
} mkg_intent;

typedef struct mkg_piece {
    mkg_id fact;
    const char *subject, *relation,
        *object;                      /* names in the question's language; relation
                                         is the forward direction's id */
    const char *label;                /* of the relation, in the question's language */
    mkg_id subject_node, object_node; /* object_node MKG_ID_NONE: a literal */
    bool from_object; /* the question's entity is the object: read it backwards */
    const char *inverse_label; /* label of the inverse direction, "" if none */
    const char *sentence;      /* pattern with "{s}" and "{o}" of the direction that is
                                  read, in the question's language; "" if none */
    bool denied;
    const char *source, *source_version, *locator;
    const char *grade, *population; /* "" if the source gives none */
    double weight;
    size_t more_sources; /* others that state the same */
    double score;
    const char *why;     /* name of the mkg_channel that counted most */
    bool private_record; /* comes from a patient's record */
} mkg_piece;

/* Two pieces that disagree: one states what the other denies, or their relations speak
 * against each other on the same pair. Places in the list of pieces, from 0. */
typedef struct mkg_conflict {
    size_t a, b;
} mkg_conflict;

typedef struct mkg_missing {
    const char *what, *searched;
    const char *reason; /* "unknown_entity", "no_such_relation", "below_threshold" */
} mkg_missing;

/* What the facts say to a question that asks whether it is so. */
typedef enum mkg_verdict {
    MKG_VERDICT_NONE, /* it asks something else, or the graph does not say */
    MKG_VERDICT_YES,
    MKG_VERDICT_NO,
    MKG_VERDICT_DISPUTED /* some facts say so, others speak against it */
} mkg_verdict;

typedef enum mkg_answer_status {
    MKG_ANSWERED,
    MKG_PARTIAL,
    MKG_AMBIGUOUS,
    MKG_CONFLICT,
    MKG_NO_EVIDENCE
} mkg_answer_status;

typedef struct mkg_evidence {
    const char *question;
    mkg_lang lang; /* of the question, and so of the answer */
    mkg_answer_status status;
    mkg_verdict verdict;
    bool whether; /* asks whether something holds between names */
    uint64_t graph_version;
    char graph_hash[33];
    mkg_mention *mentions;
    size_t nmentions;
    mkg_intent *intents;
    size_t nintents;
    mkg_piece *pieces; /* numbered from 1 as the answer cites them */
    size_t npieces;
    size_t more; /* facts of the same kind that were left out by the limit */
    mkg_conflict *conflicts;
    size_t nconflicts;
    mkg_missing *missing;
    size_t nmissing;
    const char **warnings;
    size_t nwarnings;
    double link_ms, retrieve_ms;
    mkg__arena arena;
} mkg_evidence;

MKG_API void mkg_evidence_free(mkg_evidence *e);
MKG_API const char *mkg_answer_status_name(mkg_answer_status s);
MKG_API const char *mkg_verdict_name(mkg_verdict v); /* "yes", …; "" for none */

#ifdef __cplusplus
}
#endif
#endif
