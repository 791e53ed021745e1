/* A text as one mention: the nodes that it may mean, with scores. */
#ifndef MKG_LINK_INTERNAL_H
#define MKG_LINK_INTERNAL_H

#include "retrieve/link_model_internal.h"
#include "retrieve/name_index_internal.h"
#include "retrieve/retrieve.h"

/* What candidates are taken from; for comparisons. */
typedef enum mkg__link_method {
    MKG__LINK_EXACT, /* equal names alone */
    MKG__LINK_EDIT,  /* edit distance to every name; slow */
    MKG__LINK_NGRAM, /* cosine of n-grams */
    MKG__LINK_FULL
} mkg__link_method;

typedef struct mkg__candidate {
    uint32_t surface;
    float score; /* 0 … 1 */
    const char *how;
    float feature[MKG__FEATURES];
} mkg__candidate;

typedef struct mkg__candidates {
    mkg__candidate *at;
    size_t n, cap;
} mkg__candidates;
void mkg__candidates_clear(mkg__candidates *c);

/* Surfaces that `text` (in the form of names) may mean, each once, best first. `except`
 * is a surface that is left out, for training. `model` may be NULL. */
mkg_status mkg__link_candidates(mkg__names *x, const mkg__link_model *model,
                                mkg_view text, uint32_t except, mkg__candidates *out,
                                mkg_err *err);

/* The best `k` nodes for a text as a person writes it, best first. */
mkg_status mkg__link(mkg_kg *kg, const char *text, mkg__link_method method, size_t k,
                     mkg_found *out, size_t *n, mkg_err *err);

#endif
