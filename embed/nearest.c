/* Exact nearest neighbours by cosine: a fast estimate of every row in float32, by all
 * cores, then the exact cosine of those that may be among the best. */
#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "embed/vectors.h"

#include <math.h>

/* a . b and b . b of two rows, summed in double over blocks of float. */
static void dot2(const float *restrict a, const float *restrict b, size_t n, double *ab,
                 double *bb)
{
    double x = 0, y = 0;
#pragma omp simd reduction(+ : x, y)
    for (size_t i = 0; i < n; i++) {
        x += (double)a[i] * (double)b[i];
        y += (double)b[i] * (double)b[i];
    }
    *ab = x;
    *bb = y;
}

/* The same in float32, for the estimate. */
#define ESTIMATE_BODY                                                                  \
    do {                                                                               \
        float x = 0, y = 0;                                                            \
        _Pragma("omp simd reduction(+ : x, y)") for (size_t i = 0; i < n; i++)         \
        {                                                                              \
            x += a[i] * b[i];                                                          \
            y += b[i] * b[i];                                                          \
        }                                                                              \
        *ab = x;                                                                       \
        *bb = y;                                                                       \
    } while (0)

typedef void estimate_fn(const float *restrict a, const float *restrict b, size_t n,
                         float *ab, float *bb);

static void estimate_plain(const float *restrict a, const float *restrict b, size_t n,
                           float *ab, float *bb)
{
    ESTIMATE_BODY;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void estimate_avx2(const float *restrict a,
                                                              const float *restrict b,
                                                              size_t n, float *ab,
                                                              float *bb)
{
    ESTIMATE_BODY;
}
#endif

/* Is a worse than b? Ties go to the smaller id. */
static bool worse(const mkg_neighbour *a, const mkg_neighbour *b)
{
    if (a->score < b->score) return true;
    if (a->score > b->score) return false;
    return a->node > b->node;
}

static void sift_down(mkg_neighbour *heap, size_t n, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) return;
        if (child + 1 < n && worse(&heap[child + 1], &heap[child])) child++;
        if (!worse(&heap[child], &heap[i])) return;
        mkg_neighbour t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
        i = child;
    }
}

static void sift_up(mkg_neighbour *heap, size_t i)
{
    while (i > 0 && worse(&heap[i], &heap[(i - 1) / 2])) {
        mkg_neighbour t = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
}

typedef struct job {
    const float *x, *q; /* (n, dim), (dim) of length 1 */
    size_t dim;
    float *score; /* (n) estimates; NaN: look closer */
    estimate_fn *estimate;
} job;

static mkg_status estimate_rows(void *ctx, size_t from, size_t to, unsigned thread,
                                mkg_err *err)
{
    job *j = ctx;
    (void)thread;
    (void)err;
    for (size_t i = from; i < to; i++) {
        float ab, bb;
        j->estimate(j->q, j->x + i * j->dim, j->dim, &ab, &bb);
        /* Outside this range squares lose digits. */
        j->score[i] = bb > 1e-30f && bb < 1e30f ? ab / sqrtf(bb) : NAN;
    }
    return MKG_OK;
}

/* Estimates of all rows, by threads where that is worth starting them. */
static mkg_status estimate_all(job *j, size_t n, double length, const float *q,
                               mkg_err *err)
{
    enum { BLOCK_VALUES = 1 << 20 };
    size_t block = BLOCK_VALUES / j->dim + 1;
    float *unit = mkg__calloc(j->dim, sizeof *unit);
    j->score = mkg__calloc(n, sizeof *j->score);
    if (!unit || !j->score) {
        mkg__free(unit);
        return mkg__nomem(err);
    }
    for (size_t i = 0; i < j->dim; i++)
        unit[i] = length > 0 ? (float)((double)q[i] / length) : 0;
    j->q = unit;
    j->estimate = estimate_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        j->estimate = estimate_avx2;
#endif
    mkg_status st = mkg__par_for(n > block ? 0 : 1, n, block, estimate_rows, j, err);
    mkg__free(unit);
    return st;
}

static double cosine(const float *q, const float *row, size_t dim, double length)
{
    double qr, rr;
    dot2(q, row, dim, &qr, &rr);
    double norm = length * sqrt(rr), c = norm > 0 && isfinite(norm) ? qr / norm : 0;
    return c > 1 ? 1 : c < -1 ? -1 : c;
}

mkg_status mkg_vectors_nearest(const mkg_vectors *v, const float *q, size_t k,
                               mkg_keep_fn keep, void *ctx, mkg_neighbour *out,
                               size_t *n, mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_id *node = mkg_vectors_nodes(v);
    job j = {.x = mkg_vectors_row(v, node[0]), .dim = info->dim};
    double qq, same;

    *n = 0;
    if (k == 0) return MKG_OK;
    dot2(q, q, info->dim, &same, &qq);
    if (!isfinite(qq)) return mkg__fail(err, MKG_EARG, "the vector is not finite");
    mkg_status st = estimate_all(&j, info->n, sqrt(qq), q, err);
    /* Sums of float32 in any order are off by at most this part of the lengths. */
    float slack = ((float)info->dim + 16) * 0x1p-23f;
    /* out[] is a heap with its worst on top until all rows are seen. What cannot get in
     * is not asked for: that would be a look into the store for each row. */
    for (size_t i = 0; st >= 0 && i < info->n; i++) {
        if (*n == k && j.score[i] + slack < out[0].score) continue;
        mkg_neighbour c = {node[i],
                           (float)cosine(q, j.x + i * info->dim, info->dim, sqrt(qq))};
        if (*n == k && !worse(&out[0], &c)) continue;
        if (keep && !keep(ctx, node[i])) continue;
        if (*n < k) {
            out[*n] = c;
            sift_up(out, (*n)++);
        } else {
            out[0] = c;
            sift_down(out, k, 0);
        }
    }
    mkg__free(j.score);
    if (st < 0) return st;
    for (size_t left = *n; left > 1; left--) {
        mkg_neighbour t = out[0];
        out[0] = out[left - 1];
        out[left - 1] = t;
        sift_down(out, left - 1, 0);
    }
    return MKG_OK;
}
