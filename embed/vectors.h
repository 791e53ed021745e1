/* Vector sets: named matrices whose rows are nodes, one file each in DB/vectors/,
 * mapped into memory (byte layout in docs/formats.md). */
#ifndef MKG_VECTORS_H
#define MKG_VECTORS_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_vectors mkg_vectors;

/* Written with the matrix, so that a set says how it was made. */
typedef struct mkg_vectors_info {
    char name[64];    /* letters, digits, '-', '_', '.' */
    char method[32];  /* "node2vec" */
    char params[512]; /* JSON object of all parameters, seed included */
    uint64_t seed;
    uint64_t graph_version;
    size_t n, dim;
} mkg_vectors_info;

/* MKG_EARG unless `name` can name a set: ask before an hour's training. */
MKG_API mkg_status mkg_vectors_check_name(const char *name, mkg_err *err);

/* Write a set to the store's folder `db`, replacing one of the same name at once.
 *
 * node (n)      ids, ascending, borrowed
 * x    (n, dim) row-major float32, borrowed
 * MKG_EARG for a bad name, or a value that is not finite. */
MKG_API mkg_status mkg_vectors_save(const char *db, const mkg_vectors_info *info,
                                    const mkg_id *node, const float *x, mkg_err *err);

/* Map a set. MKG_NOTFOUND if there is none of that name (err says which there are);
 * MKG_ESTORE if the file is damaged (header and data carry checksums). */
MKG_API mkg_status mkg_vectors_open(const char *db, const char *name, mkg_vectors **out,
                                    mkg_err *err);
MKG_API void mkg_vectors_close(mkg_vectors *v);

MKG_API const mkg_vectors_info *mkg_vectors_get_info(const mkg_vectors *v);
/* (n) ids, ascending; borrowed until close. */
MKG_API const mkg_id *mkg_vectors_nodes(const mkg_vectors *v);
/* The vector of a node (dim); NULL if it has none. Borrowed until close. */
MKG_API const float *mkg_vectors_row(const mkg_vectors *v, mkg_id node);

/* Infos of all sets of the store, by name; *out is freed with mkg_vectors_list_free().
 * A file that cannot be read is listed with method "damaged" and n = 0. */
MKG_API mkg_status mkg_vectors_list(const char *db, mkg_vectors_info **out, size_t *n,
                                    mkg_err *err);
MKG_API void mkg_vectors_list_free(mkg_vectors_info *list);

typedef struct mkg_neighbour {
    mkg_id node;
    float score; /* cosine, -1 … 1 */
} mkg_neighbour;

/* The k nodes nearest to `q` (dim) by cosine, best first, ties by id; exact. `keep`
 * (may be NULL) chooses which nodes count. *n <= k are written to `out`. A zero vector
 * is similar to nothing: score 0. */
typedef bool (*mkg_keep_fn)(void *ctx, mkg_id node);
MKG_API mkg_status mkg_vectors_nearest(const mkg_vectors *v, const float *q, size_t k,
                                       mkg_keep_fn keep, void *ctx, mkg_neighbour *out,
                                       size_t *n, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
