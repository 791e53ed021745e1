/* Taking quantised rows apart: one text, compiled for each instruction set. Include it
 * after defining MKG__INLINE (static, always inlined, with the target's attribute). */
#include "lm/quant.h"

/* Scale and minimum j of the 12 packed bytes of Q4_K and Q5_K, 6 bits each. */
MKG__INLINE void k_scale(const uint8_t *p, unsigned j, unsigned *scale, unsigned *min)
{
    if (j < 4) {
        *scale = p[j] & 63u;
        *min = p[j + 4] & 63u;
    } else {
        *scale = (p[j + 4] & 15u) | (unsigned)(p[j - 4] >> 6) << 4;
        *min = (unsigned)(p[j + 4] >> 4) | (unsigned)(p[j] >> 6) << 4;
    }
}

/* Block: half d, int8 q[32]. */
MKG__INLINE void expand_q8_0(const uint8_t *p, size_t n, uint8_t *restrict q,
                             float *restrict scale, float *restrict min)
{
    for (size_t g = 0; g < n / 32; g++, p += 34, q += 32) {
        scale[g] = mkg__f16_get(mkg__u16_at(p));
        min[g] = 128 * scale[g];
#pragma omp simd
        for (size_t i = 0; i < 32; i++)
            q[i] = p[2 + i] ^ 0x80;
    }
}

/* Block: half d, 16 bytes: low nibbles are values 0-15, high ones 16-31. */
MKG__INLINE void expand_q4_0(const uint8_t *p, size_t n, uint8_t *restrict q,
                             float *restrict scale, float *restrict min)
{
    for (size_t g = 0; g < n / 32; g++, p += 18, q += 32) {
        scale[g] = mkg__f16_get(mkg__u16_at(p));
        min[g] = 8 * scale[g];
#pragma omp simd
        for (size_t i = 0; i < 16; i++) {
            q[i] = p[2 + i] & 15;
            q[16 + i] = p[2 + i] >> 4;
        }
    }
}

/* Block of 256: half d, half dmin, 12 bytes of scales, (Q5_K: 32 bytes of fifth bits,)
 * 128 bytes of nibbles: each 32 bytes hold two groups. */
MKG__INLINE void expand_q45_k(bool five, const uint8_t *p, size_t n,
                              uint8_t *restrict q, float *restrict scale,
                              float *restrict min)
{
    for (size_t b = 0; b < n / 256; b++, scale += 8, min += 8) {
        float d = mkg__f16_get(mkg__u16_at(p)), dmin = mkg__f16_get(mkg__u16_at(p + 2));
        const uint8_t *high = p + 16, *low = p + (five ? 48 : 16);
        for (unsigned j = 0; j < 8; j++) {
            unsigned s, m;
            k_scale(p + 4, j, &s, &m);
            scale[j] = d * (float)s;
            min[j] = dmin * (float)m;
        }
        for (unsigned j = 0; j < 4; j++, q += 64, low += 32) {
#pragma omp simd
            for (size_t i = 0; i < 32; i++) {
                unsigned h = five ? (unsigned)high[i] >> (2 * j) : 0;
                q[i] = (uint8_t)((low[i] & 15u) | (h & 1u) << 4);
                q[32 + i] = (uint8_t)((unsigned)(low[i] >> 4) | (h & 2u) << 3);
            }
        }
        p += five ? 176 : 144;
    }
}

/* Block of 256: 128 bytes of low nibbles, 64 bytes of upper pairs of bits, 16 int8
 * scales, half d. */
MKG__INLINE void expand_q6_k(const uint8_t *p, size_t n, uint8_t *restrict q,
                             float *restrict scale, float *restrict min)
{
    for (size_t b = 0; b < n / 256; b++, p += 210, scale += 16, min += 16) {
        float d = mkg__f16_get(mkg__u16_at(p + 208));
        for (unsigned j = 0; j < 16; j++) {
            scale[j] = d * (float)(int8_t)p[192 + j];
            min[j] = 32 * scale[j];
        }
        for (unsigned half = 0; half < 2; half++, q += 128) {
            const uint8_t *low = p + 64 * half, *high = p + 128 + 32 * half;
#pragma omp simd
            for (size_t i = 0; i < 32; i++) {
                unsigned h = high[i], a = low[i], c = low[32 + i];
                q[i] = (uint8_t)((a & 15) | (h & 3) << 4);
                q[32 + i] = (uint8_t)((c & 15) | (h & 12) << 2);
                q[64 + i] = (uint8_t)(a >> 4 | (h & 48));
                q[96 + i] = (uint8_t)(c >> 4 | (h & 192) >> 2);
            }
        }
    }
}

MKG__INLINE void expand_row(uint32_t type, const uint8_t *p, size_t n,
                            uint8_t *restrict q, float *restrict scale,
                            float *restrict min)
{
    switch (type) {
    case MKG_Q8_0:
        expand_q8_0(p, n, q, scale, min);
        break;
    case MKG_Q4_0:
        expand_q4_0(p, n, q, scale, min);
        break;
    case MKG_Q4_K:
        expand_q45_k(false, p, n, q, scale, min);
        break;
    case MKG_Q5_K:
        expand_q45_k(true, p, n, q, scale, min);
        break;
    case MKG_Q6_K:
        expand_q6_k(p, n, q, scale, min);
        break;
    default:
        break;
    }
}
