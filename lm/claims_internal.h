/* Checking what a sentence claims: what the files of it share. */
#ifndef MKG_CLAIMS_INTERNAL_H
#define MKG_CLAIMS_INTERNAL_H

#include "lm/claims.h"

/* ---- words (claim_words.c) ---- */

typedef enum mkg__word_kind {
    MKG__WORD_NEGATION,
    MKG__WORD_NO_NEGATION,
    MKG__WORD_YES,
    MKG__WORD_NO,
    MKG__WORD_DISPUTED,
    MKG__WORD_ABSENT
} mkg__word_kind;

/* Called for each word, borrowed; what it returns goes on if it is negative. */
typedef mkg_status (*mkg__word_fn)(void *ctx, mkg_view word, mkg_err *err);

/* The words of a kind, in both languages. */
mkg_status mkg__claim_words(mkg__word_kind kind, mkg__word_fn fn, void *ctx,
                            mkg_err *err);
/* Words that say a relation of the vocabulary, in either direction. */
mkg_status mkg__relation_words(const char *relation, mkg__word_fn fn, void *ctx,
                               mkg_err *err);
/* What is left of a label or a pattern without the little words around it, piece by
 * piece: of "{s}的症状有{o}" it is "症状". */
mkg_status mkg__pattern_words(mkg_view pattern, mkg__word_fn fn, void *ctx,
                              mkg_err *err);
/* Does the relation say of its object that it should not be? */
bool mkg__speaks_against(const char *relation);

/* The other direction's name; empty if there is none. */
mkg_view mkg__relation_inverse(const char *relation);

/* Is the relation of the vocabulary one whose objects are texts? */
bool mkg__relation_is_text(const char *relation);

/* ---- a text to look into (claim_text.c) ---- */

/* Folded, without blanks; edge[i]: a word may begin or end in front of byte i. */
typedef struct mkg__plain {
    mkg__buf s, edge;
} mkg__plain;
void mkg__plain_clear(mkg__plain *p);
/* Append a text; edges at its ends. */
mkg_status mkg__plain_put(mkg__plain *p, mkg_view text, mkg_err *err);

/* The next place, from `from` on, where `term` stands as words of their own ("s" or
 * "es" may follow); with `stem` the last of them may go on. SIZE_MAX: none. */
size_t mkg__plain_find(const mkg__plain *p, mkg_view term, size_t from, bool stem);

#endif
