/* k-means, for asking whether vectors group as types or labels do. */
#ifndef MKG_KMEANS_H
#define MKG_KMEANS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Part the rows of x (n, dim), finite, into k groups of least squared distance to their
 * means; the best of `starts` runs of Lloyd's algorithm from k-means++ seeds (Arthur &
 * Vassilvitskii, SODA 2007).
 *
 * part     (n)  group of each row, 0 … k - 1
 * inertia       sum of the squared distances; may be NULL
 *
 * The same for the same seed at any number of threads (0: one a core), on machines with
 * the same vector instructions. MKG_EARG unless 1 <= k <= n and starts >= 1; MKG_EIO
 * without OpenBLAS; MKG_ENOMEM. */
MKG_API mkg_status mkg_kmeans(const float *x, size_t n, size_t dim, size_t k,
                              unsigned starts, uint64_t seed, unsigned threads,
                              uint32_t *part, double *inertia, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
