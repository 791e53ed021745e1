/* A picture of a vector set: near in the plane what is near in the set. */
#ifndef MKG_MAP_H
#define MKG_MAP_H

#include "embed/vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_map_opts {
    const char *format;    /* "svg" or "html"; NULL: by the ending of the file */
    mkg_lang lang;         /* of the names */
    const mkg_view *types; /* only nodes of these types; NULL: all */
    size_t ntypes;
    size_t limit;        /* most nodes: those with the most edges */
    size_t labels;       /* most names in an SVG */
    size_t neighbours;   /* of each node, that are kept near; 2 … 200 */
    double min_distance; /* how close points may lie, 0 … 1 */
    uint64_t seed;
    unsigned threads; /* of the search for neighbours; 0: one for each core */
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_map_opts;
#define MKG_MAP_OPTS_INIT                                                              \
    {                                                                                  \
        .limit = 20000, .labels = 120, .neighbours = 15, .min_distance = 0.1,          \
        .seed = 1                                                                      \
    }

typedef struct mkg_map_result {
    size_t nodes, left_out; /* drawn; beyond the limit */
    size_t labels;          /* in an SVG */
} mkg_map_result;

/* Write the map to a file: SVG for print, or one HTML page that can be moved, zoomed
 * and searched and needs nothing else. The same file for the same seed, on machines
 * with the same vector instructions.
 *
 * MKG_NOTFOUND: fewer than 3 rows are of these types. MKG_EARG, MKG_EIO, MKG_ENOMEM,
 * MKG_ECANCEL. */
MKG_API mkg_status mkg_map_export(mkg_kg *kg, const mkg_vectors *v, const char *output,
                                  const mkg_map_opts *opts, mkg_map_result *result,
                                  mkg_err *err);

/* "svg", "html"; NULL-terminated, static storage. */
MKG_API const char *const *mkg_map_formats(void);

/* Positions (n, 2) for rows x (n, dim): UMAP (McInnes, Healy & Melville 2018,
 * arXiv:1802.03426) with cosine distances to the exact `neighbours` nearest rows, from
 * the plane of the two principal components. O(n^2 dim) for the neighbours, then
 * O(n neighbours) an epoch. MKG_EARG for n < 3, dim = 0 or neighbours < 2. */
MKG_API mkg_status mkg_umap(const float *x, size_t n, size_t dim,
                            const mkg_map_opts *opts, float *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
