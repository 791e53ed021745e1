/* Lloyd's algorithm in blocks of rows: distances are matrix products, and each block
 * sums by itself, so that the threads do not show in the result. */
#include "embed/kmeans.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1024, ROUNDS = 100 };

typedef struct job {
    const float *x;
    size_t n, dim, k, blocks;
    float *centre;   /* (k, dim) */
    float *norm;     /* (k) |centre|^2 */
    float *product;  /* (n, k) x . centre */
    uint32_t *part;  /* (n) */
    float *distance; /* (n) squared, to the nearest centre */
    double *sum;     /* (blocks, k, dim) */
    size_t *count;   /* (blocks, k) */
    double *inertia; /* (blocks) */
    size_t *moved;   /* (blocks) */
} job;

static float squared(const float *a, const float *b, size_t n)
{
    float s = 0;
#pragma omp simd reduction(+ : s)
    for (size_t i = 0; i < n; i++)
        s += (a[i] - b[i]) * (a[i] - b[i]);
    return s;
}

/* Nearest centre of each row of some blocks, and the sums of the rows by centre. */
static mkg_status assign(void *ctx, size_t from, size_t to, unsigned thread,
                         mkg_err *err)
{
    job *j = ctx;
    size_t k = j->k, dim = j->dim;
    (void)thread;
    (void)err;
    for (size_t b = from; b < to; b++) {
        size_t at = b * BLOCK, rows = j->n - at < BLOCK ? j->n - at : BLOCK;
        double *sum = j->sum + b * k * dim;
        size_t *count = j->count + b * k;
        memset(sum, 0, k * dim * sizeof *sum);
        memset(count, 0, k * sizeof *count);
        j->inertia[b] = 0;
        j->moved[b] = 0;
        mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, rows, k, dim, 1, j->x + at * dim, dim,
                   j->centre, dim, 0, j->product + at * k, k);
        for (size_t i = at; i < at + rows; i++) {
            const float *p = j->product + i * k, *row = j->x + i * dim;
            uint32_t best = 0;
            for (uint32_t c = 1; c < k; c++)
                if (j->norm[c] - 2 * p[c] < j->norm[best] - 2 * p[best]) best = c;
            j->moved[b] += j->part[i] != best;
            j->part[i] = best;
            j->distance[i] = squared(row, j->centre + best * dim, dim);
            j->inertia[b] += (double)j->distance[i];
            count[best]++;
            for (size_t d = 0; d < dim; d++)
                sum[best * dim + d] += (double)row[d];
        }
    }
    return MKG_OK;
}

static void norms(job *j)
{
    for (size_t c = 0; c < j->k; c++) {
        double s = 0;
        for (size_t d = 0; d < j->dim; d++)
            s += (double)j->centre[c * j->dim + d] * (double)j->centre[c * j->dim + d];
        j->norm[c] = (float)s;
    }
}

/* k-means++: each further seed is drawn with a chance in proportion to the squared
 * distance from those before. */
static void seed_centres(job *j, mkg__rng *r)
{
    size_t dim = j->dim, pick = mkg__rng_below(r, (uint32_t)j->n);
    for (size_t i = 0; i < j->n; i++)
        j->distance[i] = INFINITY;
    for (size_t c = 0; c < j->k; c++) {
        double total = 0;
        const float *centre = j->x + pick * dim;
        memcpy(j->centre + c * dim, centre, dim * sizeof *centre);
        for (size_t i = 0; i < j->n; i++) {
            float s = squared(j->x + i * dim, centre, dim);
            if (s < j->distance[i]) j->distance[i] = s;
            total += (double)j->distance[i];
        }
        double u = mkg__rng_double(r) * total;
        for (pick = 0; pick + 1 < j->n && u >= (double)j->distance[pick]; pick++)
            u -= (double)j->distance[pick];
    }
    norms(j);
}

/* Means of the groups; a group without a row takes the row that is worst off. */
static void move_centres(job *j)
{
    for (size_t c = 0; c < j->k; c++) {
        size_t rows = 0;
        for (size_t b = 0; b < j->blocks; b++)
            rows += j->count[b * j->k + c];
        if (rows == 0) {
            size_t worst = 0;
            for (size_t i = 1; i < j->n; i++)
                if (j->distance[i] > j->distance[worst]) worst = i;
            memcpy(j->centre + c * j->dim, j->x + worst * j->dim,
                   j->dim * sizeof *j->centre);
            j->distance[worst] = 0;
            continue;
        }
        for (size_t d = 0; d < j->dim; d++) {
            double s = 0;
            for (size_t b = 0; b < j->blocks; b++)
                s += j->sum[(b * j->k + c) * j->dim + d];
            j->centre[c * j->dim + d] = (float)(s / (double)rows);
        }
    }
    norms(j);
}

static mkg_status one_start(job *j, unsigned threads, mkg__rng *r, double *inertia,
                            mkg_err *err)
{
    seed_centres(j, r);
    for (size_t i = 0; i < j->n; i++)
        j->part[i] = UINT32_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t moved = 0;
        mkg_status st = mkg__par_for(threads, j->blocks, 1, assign, j, err);
        if (st < 0) return st;
        *inertia = 0;
        for (size_t b = 0; b < j->blocks; b++) {
            moved += j->moved[b];
            *inertia += j->inertia[b];
        }
        if (moved == 0) break;
        move_centres(j);
    }
    return MKG_OK;
}

static void *cells(size_t a, size_t b, size_t size)
{
    size_t n;
    return mkg__mul(a, b, &n) ? mkg__calloc(n ? n : 1, size) : NULL;
}

mkg_status mkg_kmeans(const float *x, size_t n, size_t dim, size_t k, unsigned starts,
                      uint64_t seed, unsigned threads, uint32_t *part, double *inertia,
                      mkg_err *err)
{
    if (k == 0 || k > n || starts == 0 || dim == 0 || n > UINT32_MAX)
        return mkg__fail(err, MKG_EARG,
                         "k-means: 1 <= k <= rows, and at least one start");
    mkg_status st = mkg__blas_open(err);
    if (st < 0) return st;
    double best = INFINITY, now = 0;
    size_t blocks = (n + BLOCK - 1) / BLOCK;
    job j = {.x = x,
             .n = n,
             .dim = dim,
             .k = k,
             .blocks = blocks,
             .centre = cells(k, dim, sizeof *j.centre),
             .norm = cells(k, 1, sizeof *j.norm),
             .product = cells(n, k, sizeof *j.product),
             .part = cells(n, 1, sizeof *j.part),
             .distance = cells(n, 1, sizeof *j.distance),
             .sum = cells(blocks * k, dim, sizeof *j.sum),
             .count = cells(blocks, k, sizeof *j.count),
             .inertia = cells(blocks, 1, sizeof *j.inertia),
             .moved = cells(blocks, 1, sizeof *j.moved)};
    if (!j.centre || !j.norm || !j.product || !j.part || !j.distance || !j.sum ||
        !j.count || !j.inertia || !j.moved)
        st = mkg__nomem(err);
    for (unsigned s = 0; st >= 0 && s < starts; s++) {
        mkg__rng r = mkg__rng_new(seed, s, 0);
        st = one_start(&j, threads, &r, &now, err);
        if (st < 0 || !(now < best)) continue;
        best = now;
        memcpy(part, j.part, n * sizeof *part);
    }
    if (st >= 0 && !isfinite(best))
        st = mkg__fail(err, MKG_EARG, "k-means: the values are too large");
    if (st >= 0 && inertia) *inertia = best;
    mkg__free(j.centre);
    mkg__free(j.norm);
    mkg__free(j.product);
    mkg__free(j.part);
    mkg__free(j.distance);
    mkg__free(j.sum);
    mkg__free(j.count);
    mkg__free(j.inertia);
    mkg__free(j.moved);
    return st;
}
