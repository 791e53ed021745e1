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
    unsigned negative; /* samples for each window, from frequency in walks ^ 0.75 */
    unsigned epochs;
    double p, q;      /* return and in-out parameters, > 0 */
    double alpha;     /* first learning rate, falls linearly to alpha / 10,000 */
    double sample;    /* nodes more frequent than this in the walks are dropped now and
                         then, as word2vec drops words; 0: none is */
    unsigned threads; /* 0: one for each core */
    uint64_t seed;
    bool deterministic; /* the same bytes for the same seed at any number of threads */
    /* Walks along a meta-path of types (Dong et al., metapath2vec, KDD 2017), with
     * p = q = 1, from the rows of its first type; its last type is the same. NULL and
     * 0: they go anywhere. */
    const uint32_t *type; /* (n) of each row */
    const uint32_t *path; /* (npath) */
    size_t npath;
    mkg_progress_fn progress; /* in walks */
    void *progress_ctx;
} mkg_node2vec_opts;
#define MKG_NODE2VEC_OPTS_INIT                                                         \
    {                                                                                  \
        .dim = 128, .walks = 10, .length = 80, .window = 10, .negative = 5,            \
        .epochs = 1, .p = 1, .q = 1, .alpha = 0.025, .sample = 1e-3, .seed = 1         \
    }

/* Train; *out is (g->n, dim) float32, row-major, 64-byte aligned, owned by the caller
 * (mkg_floats_free). An isolated node keeps its small random start vector.
 * MKG_EARG for impossible options (the message names the option) or a graph without
 * nodes, MKG_ENOMEM, MKG_ECANCEL. */
MKG_API mkg_status mkg_node2vec(const mkg_graph *g, const mkg_node2vec_opts *opts,
                                float **out, mkg_err *err);
MKG_API void mkg_floats_free(float *x);

#ifdef __cplusplus
}
#endif
#endif
