/* node2vec: biased second-order walks (Grover & Leskovec, KDD 2016) into skip-gram with
 * negative sampling (Mikolov et al., NIPS 2013). p = q = 1 is DeepWalk. */
#ifndef MKG_NODE2VEC_H
#define MKG_NODE2VEC_H

#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_node2vec_opts {
    size_t dim;        /* 1 … 4096 */
    unsigned walks;    /* from each node, an epoch */
    unsigned length;   /* nodes in a walk */
    unsigned window;   /* on each side; shrunk at random as in word2vec */
    unsigned negative; /* samples for each pair, from degree in the walks ^ 0.75 */
    unsigned epochs;
    double p, q;      /* return and in-out parameters, > 0 */
    double alpha;     /* first learning rate, falls linearly to alpha / 10,000 */
    unsigned threads; /* 0: one for each core */
    uint64_t seed;
    bool deterministic; /* the same bytes for the same seed at any number of threads */
    mkg_progress_fn progress; /* in walks */
    void *progress_ctx;
} mkg_node2vec_opts;
#define MKG_NODE2VEC_OPTS_INIT                                                         \
    {                                                                                  \
        .dim = 128, .walks = 10, .length = 80, .window = 10, .negative = 5,            \
        .epochs = 1, .p = 1, .q = 1, .alpha = 0.025, .seed = 1                         \
    }

/* Train; *out is (g->n, dim) float32, row-major, 64-byte aligned, owned by the caller
 * (mkg_floats_free). An isolated node keeps its small random start vector.
 * MKG_EARG for impossible options (the message names the option) or a graph without
 * nodes, MKG_ENOMEM, MKG_ECANCEL. */
MKG_API mkg_status mkg_node2vec(const mkg_graph *g, const mkg_node2vec_opts *opts,
                                float **out, mkg_err *err);
MKG_API void mkg_floats_free(float *x);

/* One walk from row `start`: up to `length` rows into `walk`, returns how many (at
 * least one; fewer where the walk meets a dead end). Second order by rejection
 * sampling, O(1) a step and no table for each edge. `r` is the walk's own random
 * stream. Exposed for tests. */
typedef struct mkg_walker mkg_walker;
MKG_API mkg_status mkg_walker_new(const mkg_graph *g, double p, double q,
                                  mkg_walker **out, mkg_err *err);
MKG_API void mkg_walker_free(mkg_walker *w);
struct mkg__rng;
MKG_API size_t mkg_walker_walk(const mkg_walker *w, uint32_t start, size_t length,
                               struct mkg__rng *r, uint32_t *walk);

#ifdef __cplusplus
}
#endif
#endif
