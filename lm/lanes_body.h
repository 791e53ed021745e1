/* The float kernels, one text for every instruction set. Included once by each
 * lm/dot_*.c, which defines before:
 *
 *   KERNEL         what stands before a function: static and the target's attribute
 *   MKG__INLINE    the same, always inlined
 *   lanes          16 floats; and lanes_zero, _set, _load, _store, _add, _sub, _mul,
 *                  _div, _fma (a * b + c, rounded once), _max, _round (to even),
 *                  _pow2 (of a whole number from -126 to 127), _abs, _less (a < b ? c :
 * d), _load_f16, _store_f16, _store_i8 (to even) */
#include "lm/quant_expand.h"

#include <math.h>

/* The first n < 16 values, zeros behind them. */
MKG__INLINE lanes lanes_load_part(const float *p, size_t n)
{
    float part[MKG_LANES] = {0};
    memcpy(part, p, n * sizeof *part);
    return lanes_load(part);
}

/* Pairwise: lane i with i + 8, then + 4, + 2, + 1. */
MKG__INLINE float lanes_sum(lanes a)
{
    float v[MKG_LANES];
    lanes_store(v, a);
    for (size_t h = 8; h; h /= 2)
        for (size_t i = 0; i < h; i++)
            v[i] += v[i + h];
    return v[0];
}

MKG__INLINE float lanes_top(lanes a)
{
    float v[MKG_LANES];
    lanes_store(v, a);
    for (size_t h = 8; h; h /= 2)
        for (size_t i = 0; i < h; i++)
            v[i] = v[i] > v[i + h] ? v[i] : v[i + h];
    return v[0];
}

/* e^x to about 1e-7; below -87 it stays at e^-87, above 88 at e^88. x = n ln 2 + r, and
 * the series of e^r to r^7 for |r| <= ln 2 / 2. */
MKG__INLINE lanes lanes_exp(lanes x)
{
    static const float c[] = {1 / 720.0f, 1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f, 1, 1};
    lanes low = lanes_set(-87), high = lanes_set(88);
    x = lanes_less(low, x, x, low); /* what is no number becomes e^-87 */
    x = lanes_less(x, high, x, high);
    lanes n = lanes_round(lanes_mul(x, lanes_set(1.44269504f)));
    lanes r = lanes_fma(n, lanes_set(-0.693359375f), x);
    r = lanes_fma(n, lanes_set(2.12194440e-4f), r);
    lanes y = lanes_set(1 / 5040.0f);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        y = lanes_fma(y, r, lanes_set(c[i]));
    return lanes_mul(y, lanes_pow2(n));
}

/* ---- products of floats ---- */

/* R rows by T tokens, all sums in registers. */
MKG__INLINE void dot_block(const float *w, size_t rows, const float *x, size_t tokens,
                           size_t n, float *out, size_t stride)
{
    lanes sum[4][4];
    size_t k = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t t = 0; t < tokens; t++)
            sum[r][t] = lanes_zero();
    for (; k + MKG_LANES <= n; k += MKG_LANES) {
        lanes a[4];
        for (size_t r = 0; r < rows; r++)
            a[r] = lanes_load(w + r * n + k);
        for (size_t t = 0; t < tokens; t++) {
            lanes b = lanes_load(x + t * n + k);
            for (size_t r = 0; r < rows; r++)
                sum[r][t] = lanes_fma(a[r], b, sum[r][t]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t < tokens; t++) {
            if (k < n)
                sum[r][t] = lanes_fma(lanes_load_part(w + r * n + k, n - k),
                                      lanes_load_part(x + t * n + k, n - k), sum[r][t]);
            out[t * stride + r] = lanes_sum(sum[r][t]);
        }
    }
}

KERNEL void dot_floats(const float *w, size_t rows, const float *x, size_t tokens,
                       size_t n, float *out, size_t stride)
{
    size_t t = 0;
    for (; t + 4 <= tokens; t += 4) {
        size_t r = 0;
        for (; r + 4 <= rows; r += 4)
            dot_block(w + r * n, 4, x + t * n, 4, n, out + t * stride + r, stride);
        for (; r < rows; r++)
            dot_block(w + r * n, 1, x + t * n, 4, n, out + t * stride + r, stride);
    }
    for (; t < tokens; t++) {
        size_t r = 0;
        for (; r + 4 <= rows; r += 4)
            dot_block(w + r * n, 4, x + t * n, 1, n, out + t * stride + r, stride);
        for (; r < rows; r++)
            dot_block(w + r * n, 1, x + t * n, 1, n, out + t * stride + r, stride);
    }
}

/* ---- conversions ---- */

MKG__INLINE void floats_of_f16(const uint8_t *p, size_t n, float *restrict dst)
{
    size_t i = 0;
    for (; i + MKG_LANES <= n; i += MKG_LANES)
        lanes_store(dst + i, lanes_load_f16(p + 2 * i));
    for (; i < n; i++)
        dst[i] = mkg__f16_get(mkg__u16_at(p + 2 * i));
}

MKG__INLINE void floats_of_blocks(uint32_t type, const uint8_t *p, size_t n,
                                  float *restrict dst)
{
    enum { STEP = 256 };
    const mkg_type_info *t = mkg_type_get(type);
    unsigned group = type == MKG_Q6_K ? 16 : 32;
    uint8_t q[STEP];
    float scale[STEP / 16], min[STEP / 16];
    for (size_t i = 0; i < n; i += STEP) {
        size_t m = n - i < STEP ? n - i : STEP;
        expand_row(type, p + i / t->block * t->bytes, m, q, scale, min);
        for (size_t g = 0; g < m / group; g++) {
            const uint8_t *from = q + g * group;
            float *to = dst + i + g * group, s = scale[g], least = min[g];
#pragma omp simd
            for (size_t k = 0; k < group; k++)
                to[k] = s * (float)from[k] - least;
        }
    }
}

KERNEL void dequantize(uint32_t type, const void *src, size_t n, float *restrict dst)
{
    const uint8_t *p = src;
    switch (type) {
    case MKG_F32:
        memcpy(dst, src, n * sizeof *dst);
        break;
    case MKG_F16:
        floats_of_f16(p, n, dst);
        break;
    case MKG_BF16:
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            dst[i] = mkg__bf16_get(mkg__u16_at(p + 2 * i));
        break;
    default:
        floats_of_blocks(type, p, n, dst);
    }
}

KERNEL void to_f16(const float *src, size_t n, uint16_t *restrict dst)
{
    size_t i = 0;
    for (; i + MKG_LANES <= n; i += MKG_LANES)
        lanes_store_f16(dst + i, lanes_load(src + i));
    for (; i < n; i++)
        dst[i] = mkg__f16_put(src[i]);
}

KERNEL void round_acts(const mkg__acts *a, size_t row)
{
    const float *x = a->x + row * a->cols;
    int8_t *q = a->q + row * a->cols;
    size_t groups = a->cols / 32;
    for (size_t g = 0; g < groups; g++, x += 32, q += 32) {
        lanes u = lanes_load(x), v = lanes_load(x + MKG_LANES);
        float most = lanes_top(lanes_max(lanes_abs(u), lanes_abs(v)));
        float d = most / 127, inverse = most > 1e-30f ? 127 / most : 0;
        lanes_store_i8(q, lanes_mul(u, lanes_set(inverse)));
        lanes_store_i8(q + MKG_LANES, lanes_mul(v, lanes_set(inverse)));
        int sum[2] = {0, 0};
        for (size_t i = 0; i < MKG_LANES; i++) {
            sum[0] += q[i];
            sum[1] += q[MKG_LANES + i];
        }
        a->d[row * groups + g] = d;
        a->sum32[row * groups + g] = -d * (float)(sum[0] + sum[1]);
        a->sum16[(row * groups + g) * 2] = -d * (float)sum[0];
        a->sum16[(row * groups + g) * 2 + 1] = -d * (float)sum[1];
    }
}

/* ---- between the matrices ---- */

KERNEL void rms_norm(const float *x, const float *weight, size_t n, float eps,
                     float *out)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
#pragma omp simd
        for (size_t k = 0; k < 8; k++)
            part[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < n; i++)
        part[i % 8] += (double)x[i] * (double)x[i];
    double sum = ((part[0] + part[4]) + (part[1] + part[5])) +
                 ((part[2] + part[6]) + (part[3] + part[7]));
    float scale = 1 / sqrtf((float)(sum / (double)n) + eps);
    for (i = 0; i < n; i++)
        out[i] = x[i] * scale * weight[i];
}

KERNEL void silu_mul(float *restrict gate, const float *restrict up, size_t n)
{
    lanes one = lanes_set(1), zero = lanes_zero();
    for (size_t i = 0; i < n; i += MKG_LANES) {
        size_t m = n - i < MKG_LANES ? n - i : MKG_LANES;
        lanes g = m == MKG_LANES ? lanes_load(gate + i) : lanes_load_part(gate + i, m);
        lanes u = m == MKG_LANES ? lanes_load(up + i) : lanes_load_part(up + i, m);
        lanes y = lanes_add(one, lanes_exp(lanes_sub(zero, g)));
        y = lanes_mul(lanes_div(g, y), u);
        if (m == MKG_LANES) {
            lanes_store(gate + i, y);
        } else {
            float part[MKG_LANES];
            lanes_store(part, y);
            memcpy(gate + i, part, m * sizeof *part);
        }
    }
}

KERNEL void add(float *restrict x, const float *restrict y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* ---- attention ---- */

/* Scores of Q queries with the 32 keys, turned into weights of the running softmax:
 * p (Q, 32). */
MKG__INLINE void weigh(const mkg__attend *a, size_t first, size_t queries,
                       float p[4][MKG_KEYS])
{
    static const float place[MKG_LANES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                           8, 9, 10, 11, 12, 13, 14, 15};
    lanes s[4][2], far = lanes_set(-INFINITY), at = lanes_load(place);
    const float *q = a->q + first * a->dim;
    for (size_t i = 0; i < queries; i++)
        s[i][0] = s[i][1] = lanes_zero();
    for (size_t d = 0; d < a->dim; d++) {
        lanes k0 = lanes_load(a->keys + d * MKG_KEYS);
        lanes k1 = lanes_load(a->keys + d * MKG_KEYS + MKG_LANES);
        for (size_t i = 0; i < queries; i++) {
            lanes x = lanes_set(q[i * a->dim + d]);
            s[i][0] = lanes_fma(x, k0, s[i][0]);
            s[i][1] = lanes_fma(x, k1, s[i][1]);
        }
    }
    for (size_t i = 0; i < queries; i++) {
        lanes seen = lanes_set((float)a->seen[first + i]);
        lanes seen1 = lanes_sub(seen, lanes_set(MKG_LANES)), zero = lanes_zero();
        s[i][0] = lanes_less(at, seen, s[i][0], far);
        s[i][1] = lanes_less(at, seen1, s[i][1], far);
        float old = a->max[first + i], top = lanes_top(lanes_max(s[i][0], s[i][1]));
        top = top > old ? top : old;
        lanes m = lanes_set(top);
        lanes p0 = lanes_exp(lanes_sub(s[i][0], m));
        lanes p1 = lanes_exp(lanes_sub(s[i][1], m));
        p0 = lanes_less(at, seen, p0, zero);
        p1 = lanes_less(at, seen1, p1, zero);
        lanes_store(p[i], p0);
        lanes_store(p[i] + MKG_LANES, p1);
        float sum = lanes_sum(lanes_add(p0, p1));
        if (top > old) { /* what was summed is rescaled; nothing yet: old is -inf */
            float part[MKG_LANES];
            lanes_store(part, lanes_exp(lanes_set(old - top)));
            float scale = old == -INFINITY ? 0 : part[0];
            a->sum[first + i] = a->sum[first + i] * scale + sum;
            for (size_t d = 0; d < a->dim; d += MKG_LANES) {
                float *acc = a->acc + (first + i) * a->dim + d;
                lanes_store(acc, lanes_mul(lanes_load(acc), lanes_set(scale)));
            }
        } else {
            a->sum[first + i] += sum;
        }
        a->max[first + i] = top;
    }
}

MKG__INLINE void attend_to(const mkg__attend *a, size_t first, size_t queries)
{
    float p[4][MKG_KEYS];
    float *acc = a->acc + first * a->dim;
    size_t most = 0;

    weigh(a, first, queries, p);
    for (size_t i = 0; i < queries; i++)
        most = a->seen[first + i] > most ? a->seen[first + i] : most;
    for (size_t d = 0; d < a->dim; d += MKG_LANES) {
        lanes sum[4];
        for (size_t i = 0; i < queries; i++)
            sum[i] = lanes_load(acc + i * a->dim + d);
        for (size_t j = 0; j < most; j++) {
            lanes v = lanes_load(a->values + j * a->dim + d);
            for (size_t i = 0; i < queries; i++)
                sum[i] = lanes_fma(lanes_set(p[i][j]), v, sum[i]);
        }
        for (size_t i = 0; i < queries; i++)
            lanes_store(acc + i * a->dim + d, sum[i]);
    }
}

KERNEL void attend(const mkg__attend *a)
{
    size_t i = 0;
    for (; i + 4 <= a->n; i += 4)
        attend_to(a, i, 4);
    switch (a->n - i) {
    case 3:
        attend_to(a, i, 3);
        break;
    case 2:
        attend_to(a, i, 2);
        break;
    case 1:
        attend_to(a, i, 1);
        break;
    default:
        break;
    }
}

/* ---- packed matrices ---- */

/* Row r of a panel; the last row again where there are no more. */
MKG__INLINE const uint8_t *panel_row(const mkg__mat *w, size_t row, size_t r)
{
    size_t at = row + r < w->rows ? row + r : w->rows - 1;
    return w->data + at * w->stride;
}

KERNEL void fill_tile(const mkg__mat *w, size_t row, size_t k0, size_t n,
                      mkg__tile *out)
{
    const mkg_type_info *t = mkg_type_get(w->type);
    unsigned group = w->type == MKG_Q6_K ? 16 : 32;
    uint8_t q[MKG_PANEL][MKG_TILE_K];
    float scale[MKG_TILE_K / 16], min[MKG_TILE_K / 16];

    out->n = n;
    out->group = group;
    for (size_t r = 0; r < MKG_PANEL; r++) {
        const uint8_t *p = panel_row(w, row, r) + k0 / t->block * t->bytes;
        expand_row(w->type, p, n, q[r], scale, min);
        for (size_t g = 0; g < n / group; g++) {
            out->scale[g][r] = scale[g];
            out->min[g][r] = min[g];
        }
    }
    turn_tile(q, n, out);
}

KERNEL void mul_tile(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc);

/* The way that suits every type: take the panel apart, multiply. */
KERNEL void dot_panel_in_tiles(const mkg__mat *w, size_t row, const mkg__acts *a,
                               float *out)
{
    mkg__tile tile;
    memset(out, 0, MKG_PANEL * sizeof *out);
    for (size_t k = 0; k < w->cols; k += MKG_TILE_K) {
        size_t n = w->cols - k < MKG_TILE_K ? w->cols - k : MKG_TILE_K;
        fill_tile(w, row, k, n, &tile);
        mul_tile(&tile, k, a, 0, 1, out);
    }
}
