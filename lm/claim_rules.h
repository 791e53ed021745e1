/* The parts of the check of claims: what is known, and what was seen in a sentence. */
#ifndef MKG_CLAIM_RULES_H
#define MKG_CLAIM_RULES_H

#include "base/hash.h"
#include "lm/claims_internal.h"

/* A term is a string to look for, folded and without blanks. */
enum { MKG__TERM_NAME = 1, MKG__TERM_CUE = 2, MKG__TERM_NEGATION = 4 };
typedef struct mkg__term {
    mkg_view s;
    unsigned flags;
    uint32_t chars;
} mkg__term;

typedef struct mkg__term_list {
    uint32_t *at;
    size_t n, cap;
} mkg__term_list;

/* A relation of the evidence, and what says it. */
typedef struct mkg__told {
    const char *name;
    mkg__term_list cues;
    bool against;
} mkg__told;

typedef struct mkg__fact {
    const mkg_piece *piece;
    mkg__term_list subject, object, limits;
    size_t told;
} mkg__fact;

typedef struct mkg__order {
    size_t len;
    uint32_t term;
} mkg__order;

typedef struct mkg__span {
    size_t start, end;
    uint32_t term;
} mkg__span;

struct mkg__claims {
    const mkg_evidence *e;
    size_t pieces;
    mkg__arena arena;
    mkg__map by_text;
    mkg__term *terms; /* [0] is none */
    size_t n, cap;
    mkg__order *order; /* (n - 1) the longest first */
    mkg__fact *facts;  /* (pieces) */
    mkg__told *told;
    size_t n_told, cap_told;
    /* Of the text that was read last. */
    mkg__plain text;
    mkg__buf taken;   /* a byte for each of it: does a term stand there? */
    mkg__span *spans; /* of terms, from left to right; none overlap */
    size_t n_spans, cap_spans;
    char *named;   /* (n) */
    char *carried; /* (n) by the question and the sentences that were kept */
};

/* Read a text: spans and `named`. */
mkg_status mkg__claims_read(mkg__claims *c, mkg_view text, mkg_err *err);
/* What was read is known to the sentences that follow. */
void mkg__claims_carry(mkg__claims *c);

#endif
