/* What is done row by row: norms, the gate of the feed-forward part, softmax. Loops are
 * written so that compilers turn them into vector code. */
#include "lm/train_internal.h"

#include <math.h>

/* Compiled for wider registers too, and chosen when the program is loaded; no sum
 * depends on their width, and products are not fused (-ffp-contract=off). */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                 \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

/* Sum in eight lanes, which the compiler may keep in vector registers. */
static float dot(const float *a, const float *b, size_t n)
{
    float s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        s[i & 7] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

/* exp within 2 ulp: 2^n times a polynomial (Cephes' expf); 0 below -87. */
static inline __attribute__((always_inline)) float fast_exp(float x)
{
    float lo = x < -87.0f ? -87.0f : x, hi = lo > 88.0f ? 88.0f : lo;
    float n = (float)(int)(hi * 1.44269504f + (hi < 0 ? -0.5f : 0.5f));
    float r = hi - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    union {
        uint32_t u;
        float f;
    } two = {(uint32_t)((int)n + 127) << 23};
    return x < -87.0f ? 0.0f : p * two.f;
}

WIDE void mkg__rms_rows(const float *x, const float *w, size_t n, size_t dim, float eps,
                        float *h, float *inv)
{
    for (size_t i = 0; i < n; i++) {
        const float *a = x + i * dim;
        float *b = h + i * dim;
        float s = 1 / sqrtf(dot(a, a, dim) / (float)dim + eps);
        inv[i] = s;
        for (size_t k = 0; k < dim; k++)
            b[k] = a[k] * s * w[k];
    }
}

WIDE void mkg__rms_rows_back(const float *x, const float *w, const float *inv,
                             const float *dh, size_t n, size_t dim, bool add, float *dx,
                             float *dw)
{
    for (size_t i = 0; i < n; i++) {
        const float *a = x + i * dim, *g = dh + i * dim;
        float *d = dx + i * dim, s = inv[i], sum[8] = {0};
        for (size_t k = 0; k < dim; k++)
            sum[k & 7] += g[k] * w[k] * a[k];
        float mean = ((sum[0] + sum[4]) + (sum[1] + sum[5])) +
                     ((sum[2] + sum[6]) + (sum[3] + sum[7]));
        mean *= s * s * s / (float)dim;
        if (dw)
            for (size_t k = 0; k < dim; k++)
                dw[k] += g[k] * a[k] * s;
        if (add)
            for (size_t k = 0; k < dim; k++)
                d[k] += g[k] * w[k] * s - a[k] * mean;
        else
            for (size_t k = 0; k < dim; k++)
                d[k] = g[k] * w[k] * s - a[k] * mean;
    }
}

WIDE void mkg__swiglu(const float *restrict gate, const float *restrict up, size_t n,
                      float *restrict a)
{
    for (size_t i = 0; i < n; i++)
        a[i] = gate[i] / (1 + fast_exp(-gate[i])) * up[i];
}

WIDE void mkg__swiglu_back(const float *restrict gate, const float *restrict up,
                           size_t n, float *restrict da, float *restrict dgate)
{
    for (size_t i = 0; i < n; i++) {
        float s = 1 / (1 + fast_exp(-gate[i])), silu = gate[i] * s, d = da[i];
        da[i] = d * silu;
        dgate[i] = d * up[i] * (s + silu * (1 - s));
    }
}

WIDE void mkg__exp_shift(float *s, size_t n, float shift)
{
    for (size_t i = 0; i < n; i++)
        s[i] = fast_exp(s[i] - shift);
}

static float largest(const float *s, size_t n)
{
    float m[8];
    for (size_t k = 0; k < 8; k++)
        m[k] = s[0];
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            m[k] = s[i + k] > m[k] ? s[i + k] : m[k];
    for (; i < n; i++)
        m[0] = s[i] > m[0] ? s[i] : m[0];
    for (size_t k = 1; k < 8; k++)
        m[0] = m[k] > m[0] ? m[k] : m[0];
    return m[0];
}

static float total(const float *s, size_t n)
{
    float t[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            t[k] += s[i + k];
    for (; i < n; i++)
        t[i & 7] += s[i];
    return ((t[0] + t[4]) + (t[1] + t[5])) + ((t[2] + t[6]) + (t[3] + t[7]));
}

void mkg__exp_row(float *s, size_t n, size_t all, float *max, float *sum)
{
    *max = largest(s, n);
    mkg__exp_shift(s, n, *max);
    *sum = total(s, n);
    for (size_t i = n; i < all; i++)
        s[i] = 0;
}

double mkg__cross_entropy(float *logits, size_t n, uint32_t want, float weight,
                          bool *hit)
{
    float max, sum, own = logits[want];
    mkg__exp_row(logits, n, n, &max, &sum);
    *hit = own >= max;
    float scale = weight / sum;
    for (size_t i = 0; i < n; i++)
        logits[i] *= scale;
    logits[want] -= weight;
    return (double)max + log((double)sum) - (double)own;
}
