/* Algorithms on a view of the graph. Each function takes a view that it does not
 * change, and rows of it as nodes.
 *
 * What is done by igraph says so. It is opened at first use: where libigraph.so.3 is
 * missing, MKG_EIO names the package. Debian's build is not safe with threads, so one
 * call runs at a time and others wait; the rest is safe from many threads at once. A
 * call of igraph copies the view (about 80 bytes an edge) and gives it back. */
#ifndef MKG_ALGORITHMS_H
#define MKG_ALGORITHMS_H

#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* PageRank, personalised if `reset` is given: where a walker is who at each step
 * follows an edge (by weight) with probability `damping`, and else starts anew.
 *
 * reset  (n)  weights of the rows to start from, >= 0, not all 0; NULL: all alike
 * out    (n)  sums to 1
 *
 * MKG_EARG for a damping outside [0, 1) or a reset that is no distribution. O(edges) an
 * iteration. igraph_personalized_pagerank() with PRPACK; Page, Brin, Motwani & Winograd
 * 1999; Gleich, Gray, Greif & Lau, SIAM J. Sci. Comput. 2010 (inner-outer iteration).
 */
MKG_API mkg_status mkg_graph_pagerank(const mkg_graph *g, double damping,
                                      const double *reset, double *out, mkg_err *err);

/* Parts that no edge joins, whatever its direction.
 *
 * part   (n)  number of the part of each row, from 0 in the order of their first rows
 * count       of parts; may be NULL
 *
 * O(nodes + edges). igraph_connected_components(), weak. */
MKG_API mkg_status mkg_graph_components(const mkg_graph *g, uint32_t *part,
                                        size_t *count, mkg_err *err);

/* Communities of an undirected view: groups with more edges inside than chance would
 * give (modularity, by weight). The same view and seed give the same groups.
 *
 * part        (n)  number of the community of each row, from 0 in the order of first
 * rows modularity  may be NULL; NaN for a view without edges, where each row is alone
 *
 * MKG_EARG for a directed view. Nearly linear in the edges. igraph_community_leiden()
 * until nothing moves, at most ten rounds; Traag, Waltman & van Eck, Sci. Rep. 9, 5233
 * (2019). */
MKG_API mkg_status mkg_graph_communities(const mkg_graph *g, uint64_t seed,
                                         uint32_t *part, size_t *count,
                                         double *modularity, mkg_err *err);

/* ---- paths ------------------------------------------------------------------------
 */

/* Paths, each as rows from its start to its end. mkg_paths_clear() it. */
typedef struct mkg_paths {
    uint32_t *row;
    size_t *start; /* (n + 1) path i is row[start[i]] .. row[start[i + 1]] */
    size_t n;
} mkg_paths;
MKG_API void mkg_paths_clear(mkg_paths *p);

enum { MKG_PATH_LENGTH_MAX = 64 };

/* The k best paths between two rows that visit no row twice and have at most
 * `max_length` edges: the shorter first; of the same length the one whose inner nodes
 * have the lower product of degrees, as what everything is linked to says little; the
 * same order for the same view. Weights are not looked at. A row has no path to itself.
 *
 * *out is empty and MKG_NOTFOUND is returned if there is none. MKG_EARG for rows that
 * are not there, k = 0, or max_length = 0 or more than MKG_PATH_LENGTH_MAX.
 *
 * Yen, Management Science 17 (1971) with Lawler's rule (1972); each search is A* with
 * the distances to the end as its bound. At worst O(k max_length edges log edges),
 * mostly one pass over the edges. */
MKG_API mkg_status mkg_graph_paths(const mkg_graph *g, uint32_t from, uint32_t to,
                                   size_t k, size_t max_length, mkg_paths *out,
                                   mkg_err *err);

/* ---- PageRank near some nodes -----------------------------------------------------
 */

typedef struct mkg_near {
    uint32_t row;
    double score;
} mkg_near;

/* Personalised PageRank by local push, for questions: finds what is near the seeds and
 * looks at nothing else. 1e-5 is a good epsilon (docs/performance.md).
 *
 * seed, weight (nseeds)  rows to start from, and their weights (> 0; NULL: all alike)
 * epsilon                in an undirected view without weights each score is too low by
 *                        at most epsilon times the row's degree; with weights by
 * epsilon times their sum over the lowest mean weight of a row out (*n) rows with a
 * score, the highest first, ties by row; mkg_near_free() it
 *
 * The work is at most 1 / (epsilon (1 - damping)) entries, whatever the size of the
 * graph. MKG_EARG for no seeds, a seed that is not there, a damping outside [0, 1), an
 * epsilon <= 0. Andersen, Chung & Lang, FOCS 2006, without the lazy step. */
MKG_API mkg_status mkg_graph_near(const mkg_graph *g, const uint32_t *seed,
                                  const double *weight, size_t nseeds, double damping,
                                  double epsilon, mkg_near **out, size_t *n,
                                  mkg_err *err);
MKG_API void mkg_near_free(mkg_near *near);

#ifdef __cplusplus
}
#endif
#endif
