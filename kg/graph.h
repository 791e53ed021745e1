/* A read-only view of the graph for walks and algorithms: compressed sparse rows.
 *
 * Rows are the chosen nodes, numbered from 0 in the order of their ids. Parallel facts
 * between two nodes become one edge whose weight is their sum. Literals and denied
 * facts are left out.
 *
 * Views are cut from a snapshot of the whole graph in the file DB/view.csr, which is
 * made by the first who needs it after a commit (bytes in docs/formats.md). A file that
 * is damaged, or of another version of the graph, is never used. */
#ifndef MKG_GRAPH_H
#define MKG_GRAPH_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_graph {
    size_t n;              /* nodes */
    size_t m;              /* entries of `to`: an undirected edge counts twice */
    bool directed;         /* entries lead from subject to object only */
    const mkg_id *node;    /* (n) row -> node id, ascending; NULL: row + 1 */
    const uint64_t *start; /* (n + 1) row i has entries start[i] .. start[i + 1] */
    const uint32_t *to;    /* (m) rows, ascending within a row */
    const float *weight;   /* (m) > 0; NULL when all are the same */
    uint64_t version;      /* mkg_kg_version() of the store, 0 if made from elsewhere */
    struct mkg__csr *csr;  /* the snapshot it was cut from; NULL if from elsewhere */
    struct mkg__joined *joined; /* of a view with join_same; else NULL */
} mkg_graph;

typedef struct mkg_graph_opts {
    bool directed;         /* edges from subject to object only; else both ways */
    bool keep_isolated;    /* nodes without an edge get a row too */
    bool join_same;        /* nodes that are one thing (kg/same.h) have one row, under
                              the smallest of their ids */
    const mkg_view *types; /* node types to keep; NULL: all */
    size_t ntypes;
    const mkg_id *relations; /* relations to keep; NULL: all */
    size_t nrelations;
} mkg_graph_opts;

/* The view of what the handle sees now. A self loop is left out. mkg_graph_free() it,
 * before or after the handle is closed.
 *
 * The whole graph, undirected, is the snapshot as it lies in memory; any other view is
 * cut from it in O(nodes + facts). If the snapshot has to be made first, that costs a
 * walk over the store and about 100 bytes of memory a fact. Where it cannot be written
 * beside the store, and of an earlier version, it is made in memory, each time. */
MKG_API mkg_status mkg_graph_new(mkg_kg *kg, const mkg_graph_opts *opts,
                                 mkg_graph **out, mkg_err *err);

/* Build a view from edges (rows 0 .. n-1). weight NULL: all 1. Edges with a weight that
 * is not finite, or zero or less, are refused with MKG_EARG. */
MKG_API mkg_status mkg_graph_from_edges(size_t n, size_t nedges, const uint32_t *from,
                                        const uint32_t *to, const float *weight,
                                        bool directed, mkg_graph **out, mkg_err *err);
MKG_API void mkg_graph_free(mkg_graph *g);

/* Row of a node id, SIZE_MAX if it has none; of any of those that share a row. */
MKG_API size_t mkg_graph_row(const mkg_graph *g, mkg_id id);

/* The type of each row of a view from a store, as a number: type[row] is the place of
 * its type in names[0 .. n), or UINT32_MAX if it is none of them. */
MKG_API void mkg_graph_types(const mkg_graph *g, const mkg_view *names, size_t n,
                             uint32_t *type);

/* A fact behind an edge. */
typedef struct mkg_arc {
    mkg_id fact, relation;
    bool inverse; /* the edge's first node is the fact's object */
    float weight;
} mkg_arc;

/* The facts between rows u and v, of all relations and in both directions whatever the
 * view was limited to, in the order of their ids (of each pair of nodes, where rows are
 * shared): up to `cap` into `out`. Returns how many there are; 0 for a view that was
 * not made from a store. */
MKG_API size_t mkg_graph_arcs(const mkg_graph *g, size_t u, size_t v, mkg_arc *out,
                              size_t cap);

/* Number of entries of a row: its neighbours, in an undirected view. */
static inline size_t mkg_graph_degree(const mkg_graph *g, size_t row)
{
    return (size_t)(g->start[row + 1] - g->start[row]);
}

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
