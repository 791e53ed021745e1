/* Products of the graph's sparse matrix with a dense one, and what goes with them: tall
 * matrices of n rows by few columns. Work is cut by rows in fixed parts, so that
 * results do not depend on the number of threads. Internal to embed/. */
#ifndef MKG_TALL_H
#define MKG_TALL_H

#include "kg/graph.h"

/* Sum of the weights of a row. */
double mkg__weight_out(const mkg_graph *g, size_t u);

/* Floats from one row to the next for `columns` columns: whole registers. */
size_t mkg__tall_stride(size_t columns);
/* n rows of zeros, 64-byte aligned; NULL if there is no memory. mkg__free() it. */
float *mkg__tall_new(size_t n, size_t stride);

/* The entries of the matrix: value(u, v) of an edge of weight w is
 *   scale[u] * w             if `scale`, or
 *   row[u] + column[v] + log w  */
typedef struct mkg__entries {
    const mkg_graph *g;
    const float *scale, *row, *column; /* (n) */
} mkg__entries;

/* y[u] = (S x)[u] + (a + own[u]) x[u] + b z[u], all of n rows; y is none of the others.
 * `own` and `z` may be NULL. */
typedef struct mkg__spmm {
    mkg__entries s;
    const float *x, *z, *own;
    float *y;
    size_t stride;
    float a, b;
} mkg__spmm;
mkg_status mkg__spmm_run(const mkg__spmm *p, unsigned threads, mkg_err *err);

/* gram (k, k) = xT x of the first k columns. */
mkg_status mkg__tall_gram(const float *x, size_t n, size_t stride, size_t k,
                          double *gram, unsigned threads, mkg_err *err);
/* x = x b, in place: b (k, k2) row-major, k2 <= k; what is behind column k2 becomes 0.
 */
mkg_status mkg__tall_times(float *x, size_t n, size_t stride, size_t k, const float *b,
                           size_t k2, unsigned threads, mkg_err *err);
/* Orthonormal columns that span those of x; zeros for what is dependent. */
mkg_status mkg__tall_orthonormal(float *x, size_t n, size_t stride, size_t k,
                                 unsigned threads, mkg_err *err);
/* x = U sqrt(S) of a singular value decomposition, the largest k2 <= k values first,
 * and each row of length 1: of x = U S VT itself, or, if x is orthonormal and `with`
 * (n, k) not NULL, of x withT. */
mkg_status mkg__tall_factor(float *x, size_t n, size_t stride, size_t k, size_t k2,
                            const float *with, unsigned threads, mkg_err *err);
/* Rows of `dim` floats one after the other. */
void mkg__tall_pack(float *x, size_t n, size_t stride, size_t dim);
/* Rows of length 1; zeros stay. */
void mkg__tall_normalise(float *x, size_t n, size_t stride);

#endif
