/* Numbers as model files pack them: half floats and quantised blocks, to and from
 * float32. Formats: ggml's block structures (ggml-common.h). */
#ifndef MKG_QUANT_H
#define MKG_QUANT_H

#include "lm/gguf_types.h"

#include <string.h>

/* IEEE 754 half precision; to it by rounding to nearest, ties to even. */
static inline float mkg__f16_get(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff, x;
    float f;
    if (rest < 0x400) { /* zero or subnormal: a multiple of 2^-24, exact */
        f = (float)rest * 0x1p-24f;
        memcpy(&x, &f, 4);
    } else {
        x = (rest << 13) + (rest >= 0x7c00 ? 0x70000000 : 0x38000000);
    }
    x |= sign;
    memcpy(&f, &x, 4);
    return f;
}

static inline uint16_t mkg__f16_put(float f)
{
    uint32_t x, sign;
    memcpy(&x, &f, 4);
    sign = x >> 16 & 0x8000;
    x &= 0x7fffffff;
    if (x >= 0x47800000) /* 65536 and more: infinity; NaN stays NaN */
        return (uint16_t)(sign | (x > 0x7f800000 ? 0x7e00 : 0x7c00));
    if (x < 0x38800000) { /* below 2^-14: the sum with 0.5 rounds to 2^-24 */
        memcpy(&f, &x, 4);
        f += 0.5f;
        memcpy(&x, &f, 4);
        return (uint16_t)(sign | (x - 0x3f000000));
    }
    x += 0xfff + (x >> 13 & 1);
    return (uint16_t)(sign | (x - 0x38000000) >> 13);
}

static inline float mkg__bf16_get(uint16_t h)
{
    uint32_t x = (uint32_t)h << 16;
    float f;
    memcpy(&f, &x, 4);
    return f;
}

static inline uint16_t mkg__bf16_put(float f)
{
    uint32_t x;
    memcpy(&x, &f, 4);
    if ((x & 0x7fffffff) > 0x7f800000) return (uint16_t)(x >> 16 | 0x40);
    return (uint16_t)((x + 0x7fff + (x >> 16 & 1)) >> 16);
}

static inline uint16_t mkg__u16_at(const void *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

/* Values that share a scale in a row of the type: 32, or 16 (Q6_K); 0 for the types
 * that are plain numbers. */
unsigned mkg__quant_group(uint32_t type);

/* A quantised row taken apart: n values, n a multiple of the type's block. Value i of
 * group g is scale[g] * q[i] - min[g], exact in float32.
 * q (n), scale and min (n / group). */
void mkg__quant_expand(uint32_t type, const void *src, size_t n, uint8_t *restrict q,
                       float *restrict scale, float *restrict min);

/* n values of a row to float32; any type that computes, n a multiple of its block. */
void mkg__dequantize(uint32_t type, const void *src, size_t n, float *restrict dst);

/* To F32, F16, BF16, Q8_0 or Q4_0, as ggml rounds; n a multiple of the block. False for
 * any other type. */
bool mkg__quantize(uint32_t type, const float *src, size_t n, void *restrict dst);

#endif
