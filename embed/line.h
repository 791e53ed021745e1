/* LINE (Tang et al., WWW 2015): edges drawn by their weight, with negative sampling.
 * First order: ends of an edge lie together; second: nodes with the same neighbours. */
#ifndef MKG_LINE_H
#define MKG_LINE_H

#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkg_line_order {
    MKG_LINE_FIRST,
    MKG_LINE_SECOND,
    MKG_LINE_BOTH
} mkg_line_order;

typedef struct mkg_line_opts {
    size_t dim; /* 1 … 4096; for both orders half of it each, so 2 at least */
    mkg_line_order order;
    uint64_t samples;  /* edges drawn for each order; 0: 200 times the edges,
                          and at least 2 million */
    unsigned negative; /* for each edge */
    double alpha;      /* first learning rate, falls linearly to alpha / 10,000 */
    unsigned threads;  /* 0: one for each core */
    uint64_t seed;
    bool deterministic;       /* on one thread: the same bytes for the same seed */
    mkg_progress_fn progress; /* in edges */
    void *progress_ctx;
} mkg_line_opts;
#define MKG_LINE_OPTS_INIT                                                             \
    {                                                                                  \
        .dim = 128, .order = MKG_LINE_BOTH, .negative = 5, .alpha = 0.025, .seed = 1   \
    }

/* *out is (g->n, dim) as for mkg_node2vec(). Of both orders the parts have the length 1
 * each, the first order's first; of one order it is what was trained. First order takes
 * an undirected view. MKG_EARG, MKG_ENOMEM, MKG_ECANCEL. */
MKG_API mkg_status mkg_line(const mkg_graph *g, const mkg_line_opts *opts, float **out,
                            mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
