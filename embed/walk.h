/* Random walks of first and second order (Grover & Leskovec, KDD 2016). Internal to
 * embed/. */
#ifndef MKG_WALK_H
#define MKG_WALK_H

#include "base/rng.h"
#include "kg/graph.h"

typedef struct mkg__walker mkg__walker;

typedef struct mkg__walker_opts {
    double p, q; /* 1e-6 … 1e6 */
    /* A meta-path (Dong et al., metapath2vec, KDD 2017): walks go from type to type as
     * in path[0 .. npath), whose last is its first, again and again. p = q = 1. NULL
     * and 0: they go anywhere. */
    const uint32_t *type; /* (n) */
    const uint32_t *path;
    size_t npath;
} mkg__walker_opts;

/* MKG_EARG, MKG_ENOMEM. `g` is borrowed until mkg__walker_free(). Unweighted views cost
 * nothing to prepare for p = q = 1, else a set of the neighbours of each row; weighted
 * ones an alias table of 8 bytes an entry as well. */
mkg_status mkg__walker_new(const mkg_graph *g, const mkg__walker_opts *o,
                           mkg__walker **out, mkg_err *err);
void mkg__walker_free(mkg__walker *w);

/* One walk each from `count` rows, step by step together, so that one waits for memory
 * while others go on.
 *
 * walk    (count, length) row-major; walk[i * length] is where it starts
 * reached (count)  how many rows it has: fewer than `length` at a dead end
 * r       (count)  the random stream of each walk: what it draws does not depend on the
 *                  walks beside it
 * Second order by rejection: O(1) expected a step, no table for each edge. Safe from
 * many threads at once. */
enum { MKG_WALKS_TOGETHER = 64 };
void mkg__walker_walk(const mkg__walker *w, size_t count, size_t length, mkg__rng *r,
                      uint32_t *walk, uint32_t *reached);

#endif
