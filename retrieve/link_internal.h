/* A text as one mention: the nodes that it may mean, with scores. */
#ifndef MKG_LINK_INTERNAL_H
#define MKG_LINK_INTERNAL_H

#include "retrieve/link_model_internal.h"
#include "retrieve/name_index_internal.h"
#include "retrieve/name_vectors_internal.h"
#include "retrieve/retrieve.h"

/* What candidates are taken from; for comparisons. All but the last know the graph's
 * own names alone. */
typedef enum mkg__link_method {
    MKG__LINK_EXACT, /* equal names alone */
    MKG__LINK_EDIT,  /* edit distance to every name; slow */
    MKG__LINK_NGRAM, /* cosine of n-grams */
    MKG__LINK_FULL
} mkg__link_method;

/* The index and what was learned. */
typedef struct mkg__linker {
    mkg__names *names;
    mkg__link_model model;
    mkg__name_vectors vectors; /* table NULL: none */
    float *type_weight;        /* by type of the index */
} mkg__linker;

/* Of the graph that `kg` sees, kept with the handle. */
mkg_status mkg__linker_get(mkg_kg *kg, mkg__linker **out, mkg_err *err);
/* The key of its index; it must have been got. Forget it all, so that the next one sees
 * files that have changed. */
const mkg__names_key *mkg__linker_key(mkg_kg *kg);
void mkg__linker_forget(mkg_kg *kg);
/* Weights by type of the index from those by name. */
mkg_status mkg__linker_types(mkg__linker *l, mkg_err *err);

typedef struct mkg__candidate {
    uint32_t surface;
    float score; /* 0 … 1 */
    float sum;   /* the same before it was squeezed */
    const char *how;
    uint32_t type; /* of the best known node */
    float feature[MKG__FEATURES];
} mkg__candidate;

typedef struct mkg__candidates {
    mkg__candidate *at;
    size_t n, cap;
} mkg__candidates;
void mkg__candidates_clear(mkg__candidates *c);

/* Surfaces that `text` (in the form of names) may mean, each once, best first. For
 * training some are hidden: with MKG__HIDE_TEXT the text itself, with MKG__HIDE_TERM
 * also all phrases that users gave for nodes of the surface `term`. */
typedef enum mkg__hide { MKG__HIDE_NOTHING, MKG__HIDE_TEXT, MKG__HIDE_TERM } mkg__hide;
mkg_status mkg__link_candidates(mkg__linker *l, mkg_view text, mkg__hide hide,
                                uint32_t term, mkg__candidates *out, mkg_err *err);
/* Do the surfaces lead to a common node? */
bool mkg__same_node(const mkg__names *x, uint32_t a, uint32_t b);

/* Learn weights, slope and offset of l->model from the pairs, by the other parts of the
 * model as they are. */
mkg_status mkg__link_fit(mkg__linker *l, const mkg__name_pair *pairs, size_t n,
                         mkg_err *err);

/* The best `k` nodes for a text as a person writes it, best first. */
mkg_status mkg__link(mkg_kg *kg, const char *text, mkg__link_method method, size_t k,
                     mkg_found *out, size_t *n, mkg_err *err);

#endif
