/* The kernels for AVX2 with FMA and F16C. */
#include "lm/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET      __attribute__((target("avx2,fma,f16c")))
#define KERNEL      static TARGET
#define MKG__INLINE static inline __attribute__((always_inline)) TARGET

typedef struct lanes {
    __m256 a, b;
} lanes;

MKG__INLINE lanes lanes_set(float x)
{
    return (lanes){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

MKG__INLINE lanes lanes_zero(void)
{
    return (lanes){_mm256_setzero_ps(), _mm256_setzero_ps()};
}

MKG__INLINE lanes lanes_load(const float *p)
{
    return (lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

MKG__INLINE void lanes_store(float *p, lanes x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}

MKG__INLINE lanes lanes_add(lanes x, lanes y)
{
    return (lanes){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}

MKG__INLINE lanes lanes_sub(lanes x, lanes y)
{
    return (lanes){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}

MKG__INLINE lanes lanes_mul(lanes x, lanes y)
{
    return (lanes){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}

MKG__INLINE lanes lanes_div(lanes x, lanes y)
{
    return (lanes){_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}

MKG__INLINE lanes lanes_fma(lanes x, lanes y, lanes z)
{
    return (lanes){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}

MKG__INLINE lanes lanes_max(lanes x, lanes y)
{
    return (lanes){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}

MKG__INLINE lanes lanes_abs(lanes x)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (lanes){_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}

MKG__INLINE lanes lanes_round(lanes x)
{
    enum { HOW = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
    return (lanes){_mm256_round_ps(x.a, HOW), _mm256_round_ps(x.b, HOW)};
}

MKG__INLINE __m256 pow2(__m256 x)
{
    __m256i n = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(n, 23));
}

MKG__INLINE lanes lanes_pow2(lanes x)
{
    return (lanes){pow2(x.a), pow2(x.b)};
}

MKG__INLINE lanes lanes_less(lanes x, lanes y, lanes c, lanes d)
{
    __m256 ma = _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ);
    __m256 mb = _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ);
    return (lanes){_mm256_blendv_ps(d.a, c.a, ma), _mm256_blendv_ps(d.b, c.b, mb)};
}

MKG__INLINE __m128i load_16(const void *p)
{
    return _mm_loadu_si128(p);
}

MKG__INLINE lanes lanes_load_f16(const void *p)
{
    return (lanes){_mm256_cvtph_ps(load_16(p)),
                   _mm256_cvtph_ps(load_16((const uint8_t *)p + 16))};
}

MKG__INLINE void lanes_store_f16(uint16_t *p, lanes x)
{
    __m128i a = _mm256_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT);
    __m128i b = _mm256_cvtps_ph(x.b, _MM_FROUND_TO_NEAREST_INT);
    memcpy(p, &a, sizeof a);
    memcpy(p + 8, &b, sizeof b);
}

MKG__INLINE void lanes_store_i8(int8_t *p, lanes x)
{
    __m256i w = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b));
    w = _mm256_permute4x64_epi64(w, 0xd8);
    __m128i v =
        _mm_packs_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
    memcpy(p, &v, sizeof v);
}

MKG__INLINE void turn_tile(uint8_t q[MKG_PANEL][MKG_TILE_K], size_t n, mkg__tile *out)
{
    for (size_t k = 0; k < n / 4; k++)
        for (size_t r = 0; r < MKG_PANEL; r++)
            memcpy(out->q[k][r], q[r] + 4 * k, 4);
}

#include "lm/lanes.inc"

/* Pairs of sums of 8 rows in a and b: whole sums, in the order of rows. */
MKG__INLINE __m256 row_sums(__m256i a, __m256i b)
{
    __m256i s = _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), 0xd8);
    return _mm256_cvtepi32_ps(s);
}

/* 16-bit products: a byte of weights may be 255, and two products of bytes overflow
 * the 16 bits of maddubs. */
MKG__INLINE void mul_tile_by(const mkg__tile *w, size_t k0, const mkg__acts *a,
                             size_t token, size_t tokens, float *restrict acc)
{
    unsigned group = w->group;
    size_t nd = a->cols / 32, ns = a->cols / group;
    const int8_t *x = a->q + token * a->cols + k0;
    const float *d = a->d + token * nd + k0 / 32;
    const float *sum = (group == 16 ? a->sum16 : a->sum32) + token * ns + k0 / group;

    for (size_t g = 0; g < w->n / group; g++) {
        __m256i s[2][4];
        for (size_t t = 0; t < tokens; t++)
            for (size_t i = 0; i < 4; i++)
                s[t][i] = _mm256_setzero_si256();
        for (size_t k = g * group / 4; k < (g + 1) * group / 4; k++) {
            __m256i v[2];
            for (size_t t = 0; t < tokens; t++) {
                int four;
                memcpy(&four, x + t * a->cols + 4 * k, 4);
                v[t] =
                    _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
            }
            for (size_t i = 0; i < 4; i++) {
                __m256i q = _mm256_cvtepu8_epi16(load_16(w->q[k][4 * i]));
                for (size_t t = 0; t < tokens; t++)
                    s[t][i] = _mm256_add_epi32(s[t][i], _mm256_madd_epi16(q, v[t]));
            }
        }
        for (size_t t = 0; t < tokens; t++) {
            float *y = acc + t * MKG_PANEL;
            __m256 dt = _mm256_set1_ps(d[t * nd + g * group / 32]);
            __m256 st = _mm256_set1_ps(sum[t * ns + g]);
            for (size_t h = 0; h < 2; h++) {
                __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(w->scale[g] + 8 * h), dt);
                __m256 f = _mm256_fmadd_ps(row_sums(s[t][2 * h], s[t][2 * h + 1]),
                                           scale, _mm256_loadu_ps(y + 8 * h));
                f = _mm256_fmadd_ps(_mm256_loadu_ps(w->min[g] + 8 * h), st, f);
                _mm256_storeu_ps(y + 8 * h, f);
            }
        }
    }
}

KERNEL void mul_tile(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc)
{
    size_t t = 0;
    for (; t + 2 <= tokens; t += 2)
        mul_tile_by(w, k0, a, token + t, 2, acc + t * MKG_PANEL);
    if (t < tokens) mul_tile_by(w, k0, a, token + t, 1, acc + t * MKG_PANEL);
}

/* ---- one token ---- */

typedef __m256i bytes32;
typedef __m256i partial;

MKG__INLINE bytes32 bytes_load(const void *p)
{
    return _mm256_loadu_si256(p);
}

MKG__INLINE bytes32 bytes_or(bytes32 x, bytes32 y)
{
    return _mm256_or_si256(x, y);
}

MKG__INLINE bytes32 bytes_low(bytes32 x)
{
    return _mm256_and_si256(x, _mm256_set1_epi8(15));
}

MKG__INLINE bytes32 bytes_high(bytes32 x)
{
    return bytes_low(_mm256_srli_epi16(x, 4));
}

MKG__INLINE bytes32 bytes_nibbles(const uint8_t *p)
{
    __m128i x = load_16(p);
    return bytes_low(_mm256_set_m128i(_mm_srli_epi16(x, 4), x));
}

MKG__INLINE bytes32 bytes_bit(bytes32 x, unsigned j)
{
    x = _mm256_srl_epi16(x, _mm_cvtsi32_si128((int)j));
    return _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi8(1)), 4);
}

/* Below 128 two products fit into the 16 bits of maddubs. */
MKG__INLINE partial dot_small(bytes32 w, bytes32 x)
{
    return _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1));
}

/* So they do for sizes up to 128; the sign goes to the other factor. */
MKG__INLINE partial dot_signed(bytes32 w, bytes32 x)
{
    return dot_small(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}

MKG__INLINE __m256i add_rows(const partial s[8])
{
    __m256i a =
        _mm256_hadd_epi32(_mm256_hadd_epi32(s[0], s[1]), _mm256_hadd_epi32(s[2], s[3]));
    __m256i b =
        _mm256_hadd_epi32(_mm256_hadd_epi32(s[4], s[5]), _mm256_hadd_epi32(s[6], s[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}

MKG__INLINE lanes lanes_rows(const partial s[MKG_PANEL], int more)
{
    __m256i m = _mm256_set1_epi32(more);
    return (lanes){_mm256_cvtepi32_ps(_mm256_add_epi32(add_rows(s), m)),
                   _mm256_cvtepi32_ps(_mm256_add_epi32(add_rows(s + 8), m))};
}

MKG__INLINE __m256 eight_halves(const uint8_t *p, size_t stride)
{
#define H(r) (short)mkg__u16_at(p + (r)*stride)
    return _mm256_cvtph_ps(
        _mm_setr_epi16(H(0), H(1), H(2), H(3), H(4), H(5), H(6), H(7)));
#undef H
}

MKG__INLINE lanes lanes_halves(const uint8_t *p, size_t stride)
{
    return (lanes){eight_halves(p, stride), eight_halves(p + 8 * stride, stride)};
}

#include "lm/panel.inc"

const mkg__kernels mkg__kernels_avx2 = {
    "avx2", dot_panel,  fill_tile, mul_tile, dot_floats, dequantize,
    to_f16, round_acts, rms_norm,  silu_mul, add,        attend,
};
#endif
