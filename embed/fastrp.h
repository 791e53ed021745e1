/* FastRP (Chen et al., CIKM 2019): a random projection, spread along the edges. The
 * cheapest method there is. */
#ifndef MKG_FASTRP_H
#define MKG_FASTRP_H

#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKG_FASTRP_STEPS = 8 };

typedef struct mkg_fastrp_opts {
    size_t dim;                      /* 1 … 4096 */
    double weight[MKG_FASTRP_STEPS]; /* of what is 1, 2, … steps away */
    unsigned steps;                  /* 1 … MKG_FASTRP_STEPS */
    double beta;      /* a node's share of the projection is its degree to this power */
    unsigned threads; /* 0: one for each core */
    uint64_t seed;
} mkg_fastrp_opts;
#define MKG_FASTRP_OPTS_INIT                                                           \
    {                                                                                  \
        .dim = 128, .weight = {0, 1, 1, 1}, .steps = 4, .beta = -0.5, .seed = 1        \
    }

/* *out is (g->n, dim) as for mkg_node2vec(), rows of length 1 (zeros for a node from
 * which no edge leads on). A directed view spreads along its edges only. The same bytes
 * for the same seed at any number of threads. MKG_EARG, MKG_ENOMEM. */
MKG_API mkg_status mkg_fastrp(const mkg_graph *g, const mkg_fastrp_opts *opts,
                              float **out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
