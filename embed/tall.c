#include "embed/tall.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"

#include <math.h>
#include <string.h>

enum { TILE = 64, CHUNK = 256, ROWS = 64, TALL_ROWS = 512, PARTS = 16 };

double mkg__weight_out(const mkg_graph *g, size_t u)
{
    double sum = 0;
    if (!g->weight) return (double)mkg_graph_degree(g, u);
    for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
        sum += (double)g->weight[k];
    return sum;
}

size_t mkg__tall_stride(size_t columns)
{
    return (columns + 15) / 16 * 16;
}

float *mkg__tall_new(size_t n, size_t stride)
{
    size_t count, bytes;
    if (!mkg__mul(n, stride, &count) || !mkg__mul(count, sizeof(float), &bytes))
        return NULL;
    if (bytes < (size_t)4 << 20) return mkg__aligned(bytes ? bytes : 64);
    float *x = mkg__large(bytes);
    if (x) memset(x, 0, bytes);
    return x;
}

/* ---- sparse by dense ---- */

/* y (width) += sum of value[k] x[to[k]], the width in registers. */
#define ADD_BODY(WIDTH)                                                                \
    do {                                                                               \
        float acc[WIDTH];                                                              \
        memcpy(acc, y, sizeof acc);                                                    \
        for (size_t k = 0; k < n; k++) {                                               \
            const float *row = x + (size_t)to[k] * stride;                             \
            float v = value[k];                                                        \
            _Pragma("omp simd") for (size_t i = 0; i < (WIDTH); i++) acc[i] +=         \
                v * row[i];                                                            \
        }                                                                              \
        memcpy(y, acc, sizeof acc);                                                    \
    } while (0)

typedef void add_fn(float *restrict y, const float *restrict x, size_t stride,
                    const uint32_t *restrict to, const float *restrict value, size_t n);

static void add64(float *restrict y, const float *restrict x, size_t stride,
                  const uint32_t *restrict to, const float *restrict value, size_t n)
{
    ADD_BODY(TILE);
}

static void add16(float *restrict y, const float *restrict x, size_t stride,
                  const uint32_t *restrict to, const float *restrict value, size_t n)
{
    ADD_BODY(16);
}

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx2,avx512f,prefer-vector-width=512")))
AVX2 static void add64_avx2(float *restrict y, const float *restrict x, size_t stride,
                            const uint32_t *restrict to, const float *restrict value,
                            size_t n)
{
    ADD_BODY(TILE);
}

AVX512 static void add64_avx512(float *restrict y, const float *restrict x,
                                size_t stride, const uint32_t *restrict to,
                                const float *restrict value, size_t n)
{
    ADD_BODY(TILE);
}
#endif

static add_fn *best_add(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return add64_avx512;
    if (__builtin_cpu_supports("avx2")) return add64_avx2;
#endif
    return add64;
}

static void entry_values(const mkg__entries *s, size_t u, uint64_t from, size_t n,
                         float *value)
{
    const mkg_graph *g = s->g;
    for (size_t k = 0; k < n; k++) {
        float w = g->weight ? g->weight[from + k] : 1;
        if (s->scale)
            value[k] = s->scale[u] * w;
        else
            value[k] =
                s->row[u] + s->column[g->to[from + k]] + (g->weight ? logf(w) : 0);
    }
}

static mkg_status spmm_rows(void *ctx, size_t from, size_t to, unsigned thread,
                            mkg_err *err)
{
    const mkg__spmm *p = ctx;
    const mkg_graph *g = p->s.g;
    add_fn *add = best_add();
    float value[CHUNK];
    (void)thread;
    (void)err;
    for (size_t u = from; u < to; u++) {
        const float *x = p->x + u * p->stride;
        float *y = p->y + u * p->stride;
        float a = p->a + (p->own ? p->own[u] : 0);
        for (size_t i = 0; i < p->stride; i++)
            y[i] = a * x[i] + (p->z ? p->b * p->z[u * p->stride + i] : 0);
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k += CHUNK) {
            size_t n =
                g->start[u + 1] - k < CHUNK ? (size_t)(g->start[u + 1] - k) : CHUNK;
            entry_values(&p->s, u, k, n, value);
            size_t i = 0;
            for (; i + TILE <= p->stride; i += TILE)
                add(y + i, p->x + i, p->stride, g->to + k, value, n);
            for (; i < p->stride; i += 16)
                add16(y + i, p->x + i, p->stride, g->to + k, value, n);
        }
    }
    return MKG_OK;
}

mkg_status mkg__spmm_run(const mkg__spmm *p, unsigned threads, mkg_err *err)
{
    return mkg__par_for(threads, p->s.g->n, ROWS, spmm_rows, (void *)p, err);
}

/* ---- tall matrices ---- */

typedef struct tall {
    float *x, *to;
    const float *b;
    double *part; /* (PARTS, k, k) */
    size_t n, stride, k, k2;
} tall;

static mkg_status gram_part(void *ctx, size_t from, size_t to, unsigned thread,
                            mkg_err *err)
{
    const tall *t = ctx;
    float *sum = mkg__calloc(t->k * t->k, sizeof *sum);
    (void)thread;
    if (!sum) return mkg__nomem(err);
    for (size_t p = from; p < to; p++) {
        double *all = t->part + p * t->k * t->k;
        for (size_t at = p * TALL_ROWS; at < t->n; at += (size_t)PARTS * TALL_ROWS) {
            size_t rows = t->n - at < TALL_ROWS ? t->n - at : TALL_ROWS;
            const float *x = t->x + at * t->stride;
            mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, t->k, t->k, rows, 1, x, t->stride, x,
                       t->stride, 0, sum, t->k);
            for (size_t i = 0; i < t->k * t->k; i++)
                all[i] += (double)sum[i];
        }
    }
    mkg__free(sum);
    return MKG_OK;
}

mkg_status mkg__tall_gram(const float *x, size_t n, size_t stride, size_t k,
                          double *gram, unsigned threads, mkg_err *err)
{
    tall t = {.x = (float *)(uintptr_t)x, .n = n, .stride = stride, .k = k};
    mkg_status st = mkg__blas_open(err);
    if (st < 0) return st;
    t.part = mkg__calloc(PARTS * k * k, sizeof *t.part);
    if (!t.part) return mkg__nomem(err);
    st = mkg__par_for(threads, PARTS, 1, gram_part, &t, err);
    memset(gram, 0, k * k * sizeof *gram);
    for (size_t p = 0; p < PARTS; p++)
        for (size_t i = 0; i < k * k; i++)
            gram[i] += t.part[p * k * k + i];
    mkg__free(t.part);
    return st;
}

static mkg_status times_rows(void *ctx, size_t from, size_t to, unsigned thread,
                             mkg_err *err)
{
    const tall *t = ctx;
    float *part = mkg__calloc((to - from) * t->k2, sizeof *part);
    (void)thread;
    if (!part) return mkg__nomem(err);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, to - from, t->k2, t->k, 1, t->x + from * t->stride,
               t->stride, t->b, t->k2, 0, part, t->k2);
    for (size_t i = from; i < to; i++) {
        memcpy(t->x + i * t->stride, part + (i - from) * t->k2, t->k2 * sizeof *part);
        for (size_t j = t->k2; j < t->stride; j++)
            t->x[i * t->stride + j] = 0;
    }
    mkg__free(part);
    return MKG_OK;
}

mkg_status mkg__tall_times(float *x, size_t n, size_t stride, size_t k, const float *b,
                           size_t k2, unsigned threads, mkg_err *err)
{
    tall t = {.x = x, .b = b, .n = n, .stride = stride, .k = k, .k2 = k2};
    mkg_status st = mkg__blas_open(err);
    if (st < 0) return st;
    return mkg__par_for(threads, n, TALL_ROWS, times_rows, &t, err);
}

/* x = x V f(S) for the eigenvectors V of `of`'s Gram matrix, largest first; S are the
 * singular values of `of`. f(s) = s ^ power, 0 where s is lost in rounding. */
static mkg_status rotate(float *x, const float *of, size_t n, size_t stride, size_t k,
                         size_t k2, double power, unsigned threads, mkg_err *err)
{
    mkg_status st = MKG_OK;
    double *gram = mkg__calloc(k * k, sizeof *gram);
    double *value = mkg__calloc(k, sizeof *value);
    float *b = mkg__calloc(k * k2, sizeof *b);
    if (!gram || !value || !b) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__tall_gram(of, n, stride, k, gram, threads, err));
    MKG_GO(mkg__eigen(k, gram, value, err));
    double least = value[k - 1] * 1e-9;
    for (size_t j = 0; j < k2; j++) {
        double v = value[k - 1 - j], f = v > least ? pow(v, power / 2) : 0;
        for (size_t i = 0; i < k; i++)
            b[i * k2 + j] = (float)(gram[(k - 1 - j) * k + i] * f);
    }
    MKG_GO(mkg__tall_times(x, n, stride, k, b, k2, threads, err));
out:
    mkg__free(gram);
    mkg__free(value);
    mkg__free(b);
    return st;
}

mkg_status mkg__tall_orthonormal(float *x, size_t n, size_t stride, size_t k,
                                 unsigned threads, mkg_err *err)
{
    return rotate(x, x, n, stride, k, k, -1, threads, err);
}

mkg_status mkg__tall_factor(float *x, size_t n, size_t stride, size_t k, size_t k2,
                            const float *with, unsigned threads, mkg_err *err)
{
    mkg_status st =
        rotate(x, with ? with : x, n, stride, k, k2, with ? 0.5 : -0.5, threads, err);
    if (st >= 0) mkg__tall_normalise(x, n, stride);
    return st;
}

void mkg__tall_pack(float *x, size_t n, size_t stride, size_t dim)
{
    for (size_t i = 1; i < n && dim != stride; i++)
        memmove(x + i * dim, x + i * stride, dim * sizeof *x);
}

void mkg__tall_normalise(float *x, size_t n, size_t stride)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        float *row = x + i * stride;
        for (size_t k = 0; k < stride; k++)
            sum += (double)row[k] * (double)row[k];
        float f = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
        for (size_t k = 0; k < stride; k++)
            row[k] *= f;
    }
}
