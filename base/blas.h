/* Products of float32 matrices by OpenBLAS, opened at first use: the one place that
 * knows of it. Matrices are row-major. */
#ifndef MKG_BLAS_H
#define MKG_BLAS_H

#include "base/base.h"

/* Open the library, once for the process; to be called, and to succeed, before any
 * other function here. MKG_EIO with the package to install.
 *
 * Each call below works in the thread that makes it, and any number of threads may call
 * at once: who wants several cores cuts the work, so that the result does not depend
 * on their number. */
mkg_status mkg__blas_open(mkg_err *err);

typedef enum mkg__blas_side {
    MKG_PLAIN,     /* the matrix as it lies */
    MKG_TRANSPOSED /* its rows are the columns of the product's factor */
} mkg__blas_side;

/* c (m, n) = alpha * a (m, k) * b (k, n) + beta * c. ld…: floats from one row to the
 * next as it lies in memory: a transposed `a` lies as (k, m), a transposed `b` as
 * (n, k). beta 0 does not read c. Sizes below 2^31; none of m, n, k may be 0. */
void mkg__sgemm(mkg__blas_side ta, mkg__blas_side tb, size_t m, size_t n, size_t k,
                float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                float beta, float *c, size_t ldc);

/* y (m) = alpha * a (m, n) * x (n) + beta * y; transposed: y (n) = alpha * aT * x. */
void mkg__sgemv(mkg__blas_side ta, size_t m, size_t n, float alpha, const float *a,
                size_t lda, const float *x, float beta, float *y);

/* Eigenvalues of a symmetric a (n, n), ascending, to value (n), and its eigenvectors of
 * length 1, which replace it: row i is that of value[i]. n >= 1. MKG_ENOMEM; MKG_EARG
 * where it does not converge, as with values that are not finite. */
mkg_status mkg__eigen(size_t n, double *a, double *value, mkg_err *err);

/* Let each product run on `threads` cores of the library's own, for work that is one
 * large product; the result may then depend on the number. Holds for the whole process
 * until it is called again: put 1 back. */
void mkg__blas_threads(unsigned threads);

#endif
