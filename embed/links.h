/* Facts that are not in the graph: how well vectors tell them (link prediction), and
 * which they would be (suggestions). docs/vectors.md tells the protocol and the model.
 */
#ifndef MKG_LINKS_H
#define MKG_LINKS_H

#include "embed/vectors.h"
#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- evaluation ---- */

/* Vectors of the rows of a view; *out (g->n, *dim) row-major, mkg_floats_free(). */
typedef mkg_status (*mkg_train_fn)(void *ctx, const mkg_graph *g, float **out,
                                   size_t *dim, mkg_err *err);

typedef struct mkg_eval_links_opts {
    double held_out; /* part of the edges, between 0 and 1 */
    uint64_t seed;
    const mkg_view *types; /* the part of the graph, as in mkg_graph_opts */
    size_t ntypes;
    const mkg_id *relations;
    size_t nrelations;
    mkg_id only;     /* hold out edges of this relation alone; 0: of all */
    size_t rankings; /* held-out facts that are ranked among all others */
    unsigned threads;
    mkg_train_fn train;
    void *train_ctx;
} mkg_eval_links_opts;
#define MKG_EVAL_LINKS_OPTS_INIT                                                       \
    {                                                                                  \
        .held_out = 0.1, .seed = 1, .rankings = 500                                    \
    }

/* What scores a pair of nodes. All but the first two know nothing of vectors. */
typedef enum mkg_link_way {
    MKG_LINK_VECTORS,      /* the model of suggestions */
    MKG_LINK_COSINE,       /* of the two vectors */
    MKG_LINK_DEGREES,      /* the model without its vectors: degrees, learnt */
    MKG_LINK_POPULARITY,   /* within the relation: product of their numbers of facts */
    MKG_LINK_PREFERENTIAL, /* product of the degrees (Barabasi & Albert 1999) */
    MKG_LINK_COMMON,       /* common neighbours */
    MKG_LINK_ADAMIC,       /* Adamic & Adar 2003 */
    MKG_LINK_PATHS,        /* paths of three edges by degree (Kovacs et al. 2019): in a
                              graph of two parts there are no common neighbours */
    MKG_LINK_WAYS
} mkg_link_way;

MKG_API const char *mkg_link_way_name(mkg_link_way way);

typedef struct mkg_link_score {
    double auroc, auprc;       /* against as many pairs that are no facts */
    double hits1, hits10, mrr; /* among all nodes of the type, known facts left out */
} mkg_link_score;

typedef struct mkg_link_relation {
    mkg_id relation;
    size_t facts, held_out, rankings;
    mkg_link_score score, popularity;
} mkg_link_relation;

typedef struct mkg_eval_links_result {
    size_t nodes, edges;
    size_t held_out;    /* edges */
    size_t passed_over; /* drawn, but a node would have been left without an edge */
    size_t facts;       /* of the edges held out: the cases */
    size_t rankings;
    mkg_link_score way[MKG_LINK_WAYS];
    mkg_link_relation *relation; /* most cases first; mkg_eval_links_clear() */
    size_t nrelations;
} mkg_eval_links_result;

/* Hold out edges at random, train on the view without them, and tell the facts behind
 * them from pairs that are no facts. For each fact one end, drawn at random, is put in
 * place by a node of the same type that has no fact with the other end. An edge is
 * passed over where one of its nodes has no other edge left.
 *
 * MKG_NOTFOUND: fewer than 10 edges can be held out. MKG_EARG, MKG_ENOMEM, MKG_EIO, and
 * what `train` gives. */
MKG_API mkg_status mkg_eval_links(mkg_kg *kg, const mkg_eval_links_opts *opts,
                                  mkg_eval_links_result *out, mkg_err *err);
MKG_API void mkg_eval_links_clear(mkg_eval_links_result *r);

/* ---- suggestions ---- */

typedef struct mkg_suggestion {
    mkg_id node;
    float score;       /* log of the odds against a node drawn at random of the type */
    float probability; /* that this is a fact rather than such a pair */
} mkg_suggestion;

typedef struct mkg_suggest_result {
    size_t facts;      /* of the relation, that the model learnt from */
    size_t candidates; /* nodes that were ranked */
    size_t known;      /* facts of the node, left out */
} mkg_suggest_result;

/* The k best guesses at further objects of the relation for `node` (subjects, where
 * `inverse`), best first. They are hypotheses: no source states them.
 *
 * Candidates are the nodes with a vector that have a fact of the relation at that end,
 * but those that the node has or that a source denies. *n <= k are written.
 * MKG_NOTFOUND: the node has no vector, or the relation fewer than 2 facts between
 * nodes with vectors (err says which). */
MKG_API mkg_status mkg_suggest(mkg_kg *kg, const mkg_vectors *v, mkg_id node,
                               mkg_id relation, bool inverse, size_t k, uint64_t seed,
                               mkg_suggestion *out, size_t *n,
                               mkg_suggest_result *result, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
