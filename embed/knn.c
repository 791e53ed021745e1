/* All nearest neighbours, exactly: blocks of rows against blocks of rows. */
#include "embed/map_internal.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/pool.h"

enum { ROWS = 128, COLUMNS = 1024, THREADS_MAX = 256 };

typedef struct job {
    const float *x;
    size_t n, dim, k;
    uint32_t *near;
    float *product;
    float *block[THREADS_MAX]; /* (ROWS, COLUMNS) */
} job;

/* Put `row` into a list of `have` best, sorted, of room k. */
static size_t insert(uint32_t *near, float *product, size_t have, size_t k,
                     uint32_t row, float p)
{
    if (have == k && !(p > product[k - 1])) return have;
    size_t at = have < k ? have : k - 1;
    for (; at > 0 && p > product[at - 1]; at--) {
        near[at] = near[at - 1];
        product[at] = product[at - 1];
    }
    near[at] = row;
    product[at] = p;
    return have < k ? have + 1 : k;
}

static mkg_status search(void *ctx, size_t from, size_t to, unsigned thread,
                         mkg_err *err)
{
    job *j = ctx;
    float *block = j->block[thread];
    size_t have[ROWS] = {0}, rows = to - from;
    (void)err;
    for (size_t c = 0; c < j->n; c += COLUMNS) {
        size_t columns = j->n - c < COLUMNS ? j->n - c : COLUMNS;
        mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, rows, columns, j->dim, 1,
                   j->x + from * j->dim, j->dim, j->x + c * j->dim, j->dim, 0, block,
                   COLUMNS);
        for (size_t r = 0; r < rows; r++) {
            size_t i = from + r;
            for (size_t q = 0; q < columns; q++)
                if (c + q != i)
                    have[r] = insert(j->near + i * j->k, j->product + i * j->k, have[r],
                                     j->k, (uint32_t)(c + q), block[r * COLUMNS + q]);
        }
    }
    return MKG_OK;
}

mkg_status mkg__knn(const float *unit, size_t n, size_t dim, size_t k, unsigned threads,
                    uint32_t *near, float *product, mkg_err *err)
{
    job *j = mkg__calloc(1, sizeof *j);
    mkg_status st = j ? mkg__blas_open(err) : mkg__nomem(err);
    if (!threads) threads = mkg__cores();
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    if (st >= 0) {
        j->x = unit;
        j->n = n;
        j->dim = dim;
        j->k = k;
        j->near = near;
        j->product = product;
    }
    for (unsigned t = 0; st >= 0 && t < threads; t++) {
        j->block[t] = mkg__aligned((size_t)ROWS * COLUMNS * sizeof(float));
        if (!j->block[t]) st = mkg__nomem(err);
    }
    if (st >= 0) st = mkg__par_for(threads, n, ROWS, search, j, err);
    for (unsigned t = 0; j && t < threads; t++)
        mkg__free(j->block[t]);
    mkg__free(j);
    return st;
}
