#include "lm/quant.h"

#include <math.h>

#define MKG__INLINE static inline
#include "lm/quant_expand.inc"

unsigned mkg__quant_group(uint32_t type)
{
    switch (type) {
    case MKG_Q8_0:
    case MKG_Q4_0:
    case MKG_Q4_K:
    case MKG_Q5_K:
        return 32;
    case MKG_Q6_K:
        return 16;
    default:
        return 0;
    }
}

void mkg__quant_expand(uint32_t type, const void *src, size_t n, uint8_t *restrict q,
                       float *restrict scale, float *restrict min)
{
    expand_row(type, src, n, q, scale, min);
}

static void dequantize_blocks(uint32_t type, const uint8_t *p, size_t n,
                              float *restrict dst)
{
    enum { STEP = 256 };
    const mkg_type_info *t = mkg_type_get(type);
    unsigned group = mkg__quant_group(type);
    uint8_t q[STEP];
    float scale[STEP / 16], min[STEP / 16];
    for (size_t i = 0; i < n; i += STEP) {
        size_t m = n - i < STEP ? n - i : STEP;
        expand_row(type, p + i / t->block * t->bytes, m, q, scale, min);
        for (size_t k = 0; k < m; k++)
            dst[i + k] = scale[k / group] * (float)q[k] - min[k / group];
    }
}

void mkg__dequantize(uint32_t type, const void *src, size_t n, float *restrict dst)
{
    const uint8_t *p = src;
    switch (type) {
    case MKG_F32:
        memcpy(dst, src, n * sizeof *dst);
        break;
    case MKG_F16:
        for (size_t i = 0; i < n; i++)
            dst[i] = mkg__f16_get(mkg__u16_at(p + 2 * i));
        break;
    case MKG_BF16:
        for (size_t i = 0; i < n; i++)
            dst[i] = mkg__bf16_get(mkg__u16_at(p + 2 * i));
        break;
    default:
        dequantize_blocks(type, p, n, dst);
    }
}

/* ---- to a type ---- */

static void put_u16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, 2);
}

static void quantize_q8_0(const float *x, uint8_t *p)
{
    float most = 0;
    for (size_t i = 0; i < 32; i++)
        most = fmaxf(most, fabsf(x[i]));
    float d = most / 127, inverse = fabsf(d) > 1e-30f ? 1 / d : 0;
    put_u16(p, mkg__f16_put(d));
    for (size_t i = 0; i < 32; i++)
        p[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
}

/* The value of largest size becomes -8, the end of the range that has one more. */
static void quantize_q4_0(const float *x, uint8_t *p)
{
    float far = 0;
    for (size_t i = 0; i < 32; i++)
        if (fabsf(x[i]) > fabsf(far)) far = x[i];
    float d = far / -8, inverse = fabsf(d) > 1e-30f ? 1 / d : 0;
    put_u16(p, mkg__f16_put(d));
    for (size_t i = 0; i < 16; i++) {
        int a = (int)(x[i] * inverse + 8.5f), b = (int)(x[16 + i] * inverse + 8.5f);
        p[2 + i] = (uint8_t)((a > 15 ? 15 : a) | (b > 15 ? 15 : b) << 4);
    }
}

bool mkg__quantize(uint32_t type, const float *src, size_t n, void *restrict dst)
{
    uint8_t *p = dst;
    switch (type) {
    case MKG_F32:
        memcpy(dst, src, n * sizeof *src);
        return true;
    case MKG_F16:
        for (size_t i = 0; i < n; i++)
            put_u16(p + 2 * i, mkg__f16_put(src[i]));
        return true;
    case MKG_BF16:
        for (size_t i = 0; i < n; i++)
            put_u16(p + 2 * i, mkg__bf16_put(src[i]));
        return true;
    case MKG_Q8_0:
        for (size_t i = 0; i < n; i += 32, p += 34)
            quantize_q8_0(src + i, p);
        return true;
    case MKG_Q4_0:
        for (size_t i = 0; i < n; i += 32, p += 18)
            quantize_q4_0(src + i, p);
        return true;
    default:
        return false;
    }
}
