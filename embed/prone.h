/* ProNE (Zhang et al., IJCAI 2019): a sparse matrix factorised, then smoothed by the
 * graph's spectrum. The fast method: seconds where walks take minutes. */
#ifndef MKG_PRONE_H
#define MKG_PRONE_H

#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_prone_opts {
    size_t dim;       /* 1 … 4096 */
    unsigned steps;   /* of the Chebyshev expansion, 1 … 100; 1: no smoothing */
    double mu, theta; /* centre and width of the filter */
    unsigned threads; /* 0: one for each core */
    uint64_t seed;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_prone_opts;
#define MKG_PRONE_OPTS_INIT                                                            \
    {                                                                                  \
        .dim = 128, .steps = 10, .mu = 0.2, .theta = 0.5, .seed = 1                    \
    }

/* *out is (g->n, dim) as for mkg_node2vec(), rows of length 1 (zeros for a node without
 * an edge, and behind the n-th column of a graph of fewer nodes than `dim`). The same
 * bytes for the same seed at any number of threads. MKG_EARG for impossible options or
 * a directed view, MKG_ENOMEM, MKG_ECANCEL, MKG_EIO without OpenBLAS. */
MKG_API mkg_status mkg_prone(const mkg_graph *g, const mkg_prone_opts *opts,
                             float **out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
