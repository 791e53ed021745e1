/* What the files of the check share. */
#ifndef MKG_CHECK_INTERNAL_H
#define MKG_CHECK_INTERNAL_H

#include "kg/check.h"

typedef struct mkg__arc {
    mkg_id from, to;
} mkg__arc;

/* Find the strongly connected sets of nodes in a directed graph that have a cycle, and
 * give a cycle of each: `nodes`, each with an arc to the next and the last to the
 * first. The arcs are sorted. Memory: 24 bytes a node that has arcs, 4 bytes an arc; no
 * recursion. Source: Tarjan, SIAM J. Comput. 1(2), 1972. */
typedef mkg_status (*mkg__cycle_fn)(void *ctx, const mkg_id *nodes, size_t n,
                                    mkg_err *err);
mkg_status mkg__cycles(mkg__arc *arcs, size_t n, mkg__cycle_fn fn, void *ctx,
                       mkg_err *err);

#endif
