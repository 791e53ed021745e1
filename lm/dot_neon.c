/* The kernels for NEON, which every AArch64 has; lm/dot_dotprod.c compiles the same
 * text for machines with the dot product instructions. */
#include "lm/kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#ifdef MKG__DOTPROD
#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#else
#define TARGET
#endif
#define KERNEL      static TARGET
#define MKG__INLINE static inline __attribute__((always_inline)) TARGET

typedef struct lanes {
    float32x4_t v[4];
} lanes;

#define EACH                                                                           \
    lanes y;                                                                           \
    for (size_t i = 0; i < 4; i++)                                                     \
    y.v[i]

MKG__INLINE lanes lanes_set(float x)
{
    EACH = vdupq_n_f32(x);
    return y;
}

MKG__INLINE lanes lanes_zero(void)
{
    return lanes_set(0);
}

MKG__INLINE lanes lanes_load(const float *p)
{
    EACH = vld1q_f32(p + 4 * i);
    return y;
}

MKG__INLINE void lanes_store(float *p, lanes a)
{
    for (size_t i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, a.v[i]);
}

MKG__INLINE lanes lanes_add(lanes a, lanes b)
{
    EACH = vaddq_f32(a.v[i], b.v[i]);
    return y;
}

MKG__INLINE lanes lanes_sub(lanes a, lanes b)
{
    EACH = vsubq_f32(a.v[i], b.v[i]);
    return y;
}

MKG__INLINE lanes lanes_mul(lanes a, lanes b)
{
    EACH = vmulq_f32(a.v[i], b.v[i]);
    return y;
}

MKG__INLINE lanes lanes_div(lanes a, lanes b)
{
    EACH = vdivq_f32(a.v[i], b.v[i]);
    return y;
}

MKG__INLINE lanes lanes_fma(lanes a, lanes b, lanes c)
{
    EACH = vfmaq_f32(c.v[i], a.v[i], b.v[i]);
    return y;
}

/* Not vmaxq, which knows other answers for what is no number and for zeros. */
MKG__INLINE lanes lanes_max(lanes a, lanes b)
{
    EACH = vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]);
    return y;
}

MKG__INLINE lanes lanes_abs(lanes a)
{
    EACH = vabsq_f32(a.v[i]);
    return y;
}

MKG__INLINE lanes lanes_round(lanes a)
{
    EACH = vrndnq_f32(a.v[i]);
    return y;
}

MKG__INLINE lanes lanes_pow2(lanes a)
{
    EACH = vreinterpretq_f32_s32(
        vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(a.v[i]), vdupq_n_s32(127)), 23));
    return y;
}

MKG__INLINE lanes lanes_less(lanes a, lanes b, lanes c, lanes d)
{
    EACH = vbslq_f32(vcltq_f32(a.v[i], b.v[i]), c.v[i], d.v[i]);
    return y;
}

MKG__INLINE lanes lanes_load_f16(const void *p)
{
    const uint8_t *from = p;
    EACH = vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from + 8 * i)));
    return y;
}

MKG__INLINE void lanes_store_f16(uint16_t *p, lanes a)
{
    for (size_t i = 0; i < 4; i++)
        vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(a.v[i])));
}

MKG__INLINE void lanes_store_i8(int8_t *p, lanes a)
{
    for (size_t i = 0; i < 4; i += 2) {
        int16x8_t w = vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(a.v[i])),
                                   vqmovn_s32(vcvtnq_s32_f32(a.v[i + 1])));
        vst1_s8(p + 4 * i, vqmovn_s16(w));
    }
}

MKG__INLINE void turn_tile(uint8_t q[MKG_PANEL][MKG_TILE_K], size_t n, mkg__tile *out)
{
    for (size_t k = 0; k < n / 4; k++)
        for (size_t r = 0; r < MKG_PANEL; r++)
            memcpy(out->q[k][r], q[r] + 4 * k, 4);
}

#include "lm/lanes.inc"

/* ---- whole numbers ---- */

/* Products of signed bytes, four added to each of four sums; without the instruction by
 * way of 16 bits, where two products fit, and the sums need not be of neighbours. */
#ifdef MKG__DOTPROD
MKG__INLINE int32x4_t add_dots(int32x4_t s, int8x16_t w, int8x16_t x)
{
    return vdotq_s32(s, w, x);
}
#else
MKG__INLINE int32x4_t add_dots(int32x4_t s, int8x16_t w, int8x16_t x)
{
    int32x4_t a = vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    int32x4_t b = vpaddlq_s16(vmull_high_s8(w, x));
    return vaddq_s32(s, vpaddq_s32(a, b));
}
#endif

MKG__INLINE int sum_of(const int8_t *q, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i += 16)
        sum += vaddlvq_s8(vld1q_s8(q + i));
    return sum;
}

/* Four rows in a vector, and four bytes of the token given to each. The weights become
 * signed by taking 128 off them; the sum of the token's bytes makes that good. */
MKG__INLINE void mul_tile_by(const mkg__tile *w, size_t k0, const mkg__acts *a,
                             size_t token, size_t tokens, float *restrict acc)
{
    unsigned group = w->group;
    size_t nd = a->cols / 32, ns = a->cols / group;
    const int8_t *x = a->q + token * a->cols + k0;
    const float *d = a->d + token * nd + k0 / 32;
    const float *sum = (group == 16 ? a->sum16 : a->sum32) + token * ns + k0 / group;

    for (size_t g = 0; g < w->n / group; g++) {
        int32x4_t s[4][4];
        for (size_t t = 0; t < tokens; t++) {
            int more = 128 * sum_of(x + t * a->cols + g * group, group);
            for (size_t i = 0; i < 4; i++)
                s[t][i] = vdupq_n_s32(more);
        }
        for (size_t k = g * group / 4; k < (g + 1) * group / 4; k++) {
            int8x16_t v[4];
            for (size_t t = 0; t < tokens; t++) {
                int32_t four;
                memcpy(&four, x + t * a->cols + 4 * k, 4);
                v[t] = vreinterpretq_s8_s32(vdupq_n_s32(four));
            }
            for (size_t i = 0; i < 4; i++) {
                uint8x16_t u = veorq_u8(vld1q_u8(w->q[k][4 * i]), vdupq_n_u8(0x80));
                for (size_t t = 0; t < tokens; t++)
                    s[t][i] = add_dots(s[t][i], vreinterpretq_s8_u8(u), v[t]);
            }
        }
        for (size_t t = 0; t < tokens; t++) {
            float *y = acc + t * MKG_PANEL;
            float dt = d[t * nd + g * group / 32], st = sum[t * ns + g];
            for (size_t i = 0; i < 4; i++) {
                float32x4_t scale = vmulq_n_f32(vld1q_f32(w->scale[g] + 4 * i), dt);
                float32x4_t f =
                    vfmaq_f32(vld1q_f32(y + 4 * i), vcvtq_f32_s32(s[t][i]), scale);
                f = vfmaq_f32(f, vld1q_f32(w->min[g] + 4 * i), vdupq_n_f32(st));
                vst1q_f32(y + 4 * i, f);
            }
        }
    }
}

KERNEL void mul_tile(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc)
{
    size_t t = 0;
    for (; t + 4 <= tokens; t += 4)
        mul_tile_by(w, k0, a, token + t, 4, acc + t * MKG_PANEL);
    for (; t < tokens; t++)
        mul_tile_by(w, k0, a, token + t, 1, acc + t * MKG_PANEL);
}

/* ---- one token ---- */

typedef struct bytes32 {
    uint8x16_t a, b;
} bytes32;

typedef int32x4_t partial;

MKG__INLINE bytes32 bytes_load(const void *p)
{
    const uint8_t *from = p;
    return (bytes32){vld1q_u8(from), vld1q_u8(from + 16)};
}

MKG__INLINE bytes32 bytes_or(bytes32 x, bytes32 y)
{
    return (bytes32){vorrq_u8(x.a, y.a), vorrq_u8(x.b, y.b)};
}

MKG__INLINE bytes32 bytes_low(bytes32 x)
{
    uint8x16_t m = vdupq_n_u8(15);
    return (bytes32){vandq_u8(x.a, m), vandq_u8(x.b, m)};
}

MKG__INLINE bytes32 bytes_high(bytes32 x)
{
    return (bytes32){vshrq_n_u8(x.a, 4), vshrq_n_u8(x.b, 4)};
}

MKG__INLINE bytes32 bytes_nibbles(const uint8_t *p)
{
    uint8x16_t x = vld1q_u8(p);
    return (bytes32){vandq_u8(x, vdupq_n_u8(15)), vshrq_n_u8(x, 4)};
}

MKG__INLINE bytes32 bytes_bit(bytes32 x, unsigned j)
{
    int8x16_t by = vdupq_n_s8((int8_t)(4 - (int)j));
    uint8x16_t m = vdupq_n_u8(16);
    return (bytes32){vandq_u8(vshlq_u8(x.a, by), m), vandq_u8(vshlq_u8(x.b, by), m)};
}

#ifdef MKG__DOTPROD
MKG__INLINE partial dot_signed(bytes32 w, bytes32 x)
{
    int32x4_t s =
        vdotq_s32(vdupq_n_s32(0), vreinterpretq_s8_u8(w.a), vreinterpretq_s8_u8(x.a));
    return vdotq_s32(s, vreinterpretq_s8_u8(w.b), vreinterpretq_s8_u8(x.b));
}
#else
/* Two products fit into 16 bits: at most 2 * 128 * 127. */
MKG__INLINE partial dot_signed(bytes32 w, bytes32 x)
{
    int8x16_t wa = vreinterpretq_s8_u8(w.a), wb = vreinterpretq_s8_u8(w.b);
    int8x16_t xa = vreinterpretq_s8_u8(x.a), xb = vreinterpretq_s8_u8(x.b);
    int16x8_t u = vmull_s8(vget_low_s8(wa), vget_low_s8(xa));
    int16x8_t v = vmull_high_s8(wa, xa);
    u = vmlal_s8(u, vget_low_s8(wb), vget_low_s8(xb));
    v = vmlal_high_s8(v, wb, xb);
    return vpadalq_s16(vpaddlq_s16(u), v);
}
#endif

MKG__INLINE partial dot_small(bytes32 w, bytes32 x)
{
    return dot_signed(w, x);
}

MKG__INLINE lanes lanes_rows(const partial s[MKG_PANEL], int more)
{
    int32x4_t m = vdupq_n_s32(more);
    EACH =
        vcvtq_f32_s32(vaddq_s32(m, vpaddq_s32(vpaddq_s32(s[4 * i], s[4 * i + 1]),
                                              vpaddq_s32(s[4 * i + 2], s[4 * i + 3]))));
    return y;
}

MKG__INLINE lanes lanes_halves(const uint8_t *p, size_t stride)
{
    uint16_t h[MKG_PANEL];
    for (size_t r = 0; r < MKG_PANEL; r++)
        h[r] = mkg__u16_at(p + r * stride);
    return lanes_load_f16(h);
}

#include "lm/panel.inc"

#ifdef MKG__DOTPROD
const mkg__kernels mkg__kernels_dotprod = {
    "dotprod",
#else
const mkg__kernels mkg__kernels_neon = {
    "neon",
#endif
    dot_panel,  fill_tile, mul_tile, dot_floats, dequantize, to_f16,
    round_acts, rms_norm,  silu_mul, add,        attend,
};
#endif
