/* A read-only view of the graph for walks and algorithms: compressed sparse rows.
 *
 * Rows are the chosen nodes, numbered from 0 in the order of their ids. Parallel facts
 * between two nodes become one edge whose weight is their sum. Literals and denied
 * facts are left out. */
#ifndef MKG_GRAPH_H
#define MKG_GRAPH_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_graph {
    size_t n;         /* nodes */
    size_t m;         /* entries of `to`: an undirected edge counts twice */
    mkg_id *node;     /* (n) row -> node id, ascending; NULL: row + 1 */
    uint64_t *start;  /* (n + 1) row i has entries start[i] .. start[i + 1] */
    uint32_t *to;     /* (m) rows, ascending within a row */
    float *weight;    /* (m) > 0; NULL when all are the same */
    uint64_t version; /* mkg_kg_version() of the store, 0 if made from elsewhere */
} mkg_graph;

typedef struct mkg_graph_opts {
    bool directed;         /* edges from subject to object only; else both ways */
    bool keep_isolated;    /* nodes without an edge get a row too */
    const mkg_view *types; /* node types to keep; NULL: all */
    size_t ntypes;
    const mkg_id *relations; /* relations to keep; NULL: all */
    size_t nrelations;
} mkg_graph_opts;

/* Build the view from the store. A self loop is left out. mkg_graph_free() it. */
MKG_API mkg_status mkg_graph_new(mkg_kg *kg, const mkg_graph_opts *opts,
                                 mkg_graph **out, mkg_err *err);

/* Build a view from edges (rows 0 .. n-1). weight NULL: all 1. Edges with a weight that
 * is not finite, or zero or less, are refused with MKG_EARG. */
MKG_API mkg_status mkg_graph_from_edges(size_t n, size_t nedges, const uint32_t *from,
                                        const uint32_t *to, const float *weight,
                                        bool directed, mkg_graph **out, mkg_err *err);
MKG_API void mkg_graph_free(mkg_graph *g);

/* Row of a node id, SIZE_MAX if it has none. */
MKG_API size_t mkg_graph_row(const mkg_graph *g, mkg_id id);

/* Is there an edge u -> v? Binary search in the row. */
static inline bool mkg_graph_has(const mkg_graph *g, uint32_t u, uint32_t v)
{
    uint64_t lo = g->start[u], hi = g->start[u + 1];
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (g->to[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->start[u + 1] && g->to[lo] == v;
}

#ifdef __cplusplus
}
#endif
#endif
