/* Vectors of names: the sum of the vectors of their n-grams, hashed into a table (as
 * fastText does: Bojanowski et al., TACL 2017), trained so that what people say lies
 * near the term that it stands for and far from others that merely look like it
 * (in-batch softmax in both directions with mined hard negatives, after Zhang et al.,
 * KDD 2022). DB/names.vec has the table and, of the graph that it was last used with,
 * the vector of every surface. Bytes in docs/formats.md. */
#ifndef MKG_NAME_VECTORS_INTERNAL_H
#define MKG_NAME_VECTORS_INTERNAL_H

#include "retrieve/link_model_internal.h"
#include "retrieve/name_index_internal.h"

enum {
    MKG__VECTOR_BUCKETS = 1 << 15,
    MKG__VECTOR_DIM_MAX = 512,
    /* Up to so many names every row is kept and compared. Beyond it vectors only rank
     * what n-grams found: a row is made when it is needed, which takes microseconds,
     * and no process has to read a graph of neighbours that is larger than the store.
     */
    MKG__VECTOR_ROWS_MAX = 200000
};

typedef struct mkg__name_vectors {
    size_t dim;
    float *table;    /* (MKG__VECTOR_BUCKETS, dim) */
    float *rows;     /* (surfaces, dim) of length 1, or 0 where a name has no n-gram;
                        NULL: made when they are needed */
    size_t surfaces; /* rows */
    void *map;       /* where they lie in a mapped file; else each is our own */
    size_t bytes;
} mkg__name_vectors;

typedef struct mkg__train_opts {
    size_t dim;
    unsigned epochs;
    uint64_t seed;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg__train_opts;

/* A table trained on the pairs. Deterministic. */
mkg_status mkg__name_vectors_train(mkg__names *x, const mkg__name_pair *pairs, size_t n,
                                   const mkg__train_opts *o, mkg__name_vectors *out,
                                   mkg_err *err);
/* The rows of all surfaces of the index, if they are not too many. */
mkg_status mkg__name_vectors_fill(mkg__name_vectors *v, const mkg__names *x,
                                  mkg_err *err);
void mkg__name_vectors_clear(mkg__name_vectors *v);

/* The vector of a text, of length 1; false, and zeros, where it has no n-gram. */
bool mkg__name_vector(const mkg__name_vectors *v, const mkg__weighted *w, float *out);
float mkg__name_vector_cosine(const mkg__name_vectors *v, const mkg__names *x,
                              const float *q, uint32_t surface);
/* The k surfaces whose vectors are nearest, best first. */
mkg_status mkg__name_vectors_nearest(const mkg__name_vectors *v, const float *q,
                                     size_t k, uint32_t *out, size_t *n, mkg_err *err);

/* Map the file; MKG_NOTFOUND where there is none that is whole. *stale tells of rows
 * that are of another index than `key` says; they are left out. */
mkg_status mkg__name_vectors_open(const char *path, const mkg__names_key *key,
                                  mkg__name_vectors *out, bool *stale);
mkg_status mkg__name_vectors_save(const char *path, const mkg__names_key *key,
                                  const mkg__name_vectors *v, mkg_err *err);

#endif
