#include "base/err.h"
#include "lm/session_internal.h"

#include <math.h>

static size_t groups(const mkg__cache *c)
{
    return (c->dim + 31) / 32;
}

mkg_status mkg__cache_init(mkg__cache *c, const mkg_model_info *info,
                           mkg_tensor_type type, size_t context, mkg_err *err)
{
    *c = (mkg__cache){.type = type, .layers = info->layers, .heads = info->kv_heads};
    c->head_dim = info->head_dim;
    c->dim = (info->head_dim + 15) / 16 * 16;
    c->blocks = (context + MKG_KEYS - 1) / MKG_KEYS;
    size_t values = 2 * MKG_KEYS * c->dim;
    c->block_bytes = type == MKG_F32   ? values * 4
                     : type == MKG_F16 ? values * 2
                                       : values + 2 * MKG_KEYS * groups(c) * 2;
    if (!mkg__mul(c->block_bytes, c->blocks, &c->bytes) ||
        !mkg__mul(c->bytes, c->heads * c->layers, &c->bytes) ||
        c->bytes > SIZE_MAX - 64)
        return mkg__nomem(err);
    c->base = mkg__calloc(c->bytes + 64, 1); /* pages come as they are touched */
    if (!c->base) return mkg__nomem(err);
    c->data = c->base + (64 - (uintptr_t)c->base % 64);
    return MKG_OK;
}

void mkg__cache_clear(mkg__cache *c)
{
    mkg__free(c->base);
    c->base = c->data = NULL;
}

char *mkg__cache_block(const mkg__cache *c, size_t layer, size_t head, size_t block)
{
    return c->data + ((layer * c->heads + head) * c->blocks + block) * c->block_bytes;
}

/* Round a vector to 8 bits, a scale for each 32 values; value i goes to q[i * step]. */
static void put_q8(int8_t *q, size_t step, uint16_t *scales, size_t scale_step,
                   const float *x, size_t n)
{
    for (size_t g = 0; g < n; g += 32) {
        size_t m = n - g < 32 ? n - g : 32;
        float most = 0;
        for (size_t i = 0; i < m; i++)
            most = fmaxf(most, fabsf(x[g + i]));
        uint16_t half = mkg__f16_put(most / 127);
        float d = mkg__f16_get(half), inverse = d > 0 ? 1 / d : 0;
        scales[g / 32 * scale_step] = half;
        for (size_t i = 0; i < m; i++) {
            float v = nearbyintf(x[g + i] * inverse);
            q[(g + i) * step] = (int8_t)(v > 127 ? 127 : v >= -127 ? v : -127);
        }
    }
}

void mkg__cache_put(const mkg__cache *c, const mkg__kernels *k, size_t layer,
                    size_t head, size_t position, const float *key, const float *value)
{
    char *block = mkg__cache_block(c, layer, head, position / MKG_KEYS);
    size_t at = position % MKG_KEYS, values = MKG_KEYS * c->dim;
    if (c->type == MKG_F32) {
        float *p = (float *)(void *)block;
        for (size_t i = 0; i < c->head_dim; i++)
            p[i * MKG_KEYS + at] = key[i];
        memcpy(p + values + at * c->dim, value, c->head_dim * sizeof *p);
    } else if (c->type == MKG_F16) {
        uint16_t *p = (uint16_t *)(void *)block;
        for (size_t i = 0; i < c->head_dim; i++)
            p[i * MKG_KEYS + at] = mkg__f16_put(key[i]);
        k->to_f16(value, c->head_dim, p + values + at * c->dim);
    } else {
        int8_t *p = (int8_t *)block;
        uint16_t *scales = (uint16_t *)(void *)(block + 2 * values);
        put_q8(p + at, MKG_KEYS, scales + at, MKG_KEYS, key, c->head_dim);
        put_q8(p + values + at * c->dim, 1, scales + (MKG_KEYS + at) * groups(c), 1,
               value, c->head_dim);
    }
}

static void get_q8(const mkg__cache *c, const char *block, float *keys, float *values)
{
    size_t n = MKG_KEYS * c->dim, g = groups(c);
    const int8_t *q = (const int8_t *)block;
    const uint16_t *scales = (const uint16_t *)(const void *)(block + 2 * n);
    float s[MKG_KEYS];
    for (size_t d = 0; d < c->dim; d++) {
        if (d % 32 == 0)
            for (size_t i = 0; i < MKG_KEYS; i++)
                s[i] = mkg__f16_get(scales[d / 32 * MKG_KEYS + i]);
#pragma omp simd
        for (size_t i = 0; i < MKG_KEYS; i++)
            keys[d * MKG_KEYS + i] = (float)q[d * MKG_KEYS + i] * s[i];
    }
    q += n;
    scales += MKG_KEYS * g;
    for (size_t i = 0; i < MKG_KEYS; i++) {
        for (size_t d = 0; d < c->dim; d += 32) {
            float scale = mkg__f16_get(scales[i * g + d / 32]);
            size_t m = c->dim - d < 32 ? c->dim - d : 32;
#pragma omp simd
            for (size_t j = 0; j < m; j++)
                values[i * c->dim + d + j] = (float)q[i * c->dim + d + j] * scale;
        }
    }
}

void mkg__cache_get(const mkg__cache *c, const mkg__kernels *k, size_t layer,
                    size_t head, size_t block, float *room, const float **keys,
                    const float **values)
{
    const char *p = mkg__cache_block(c, layer, head, block);
    size_t n = MKG_KEYS * c->dim;
    *keys = c->type == MKG_F32 ? (const float *)(const void *)p : room;
    *values = *keys + n;
    if (c->type == MKG_F16)
        k->dequantize(MKG_F16, p, 2 * n, room);
    else if (c->type == MKG_Q8_0)
        get_q8(c, p, room, room + n);
}

static void cut_block(const mkg__cache *c, char *block, size_t keep)
{
    size_t size = c->type == MKG_F32 ? 4 : c->type == MKG_F16 ? 2 : 1;
    size_t values = MKG_KEYS * c->dim * size, rest = MKG_KEYS - keep, g = groups(c);
    for (size_t d = 0; d < c->dim; d++)
        memset(block + (d * MKG_KEYS + keep) * size, 0, rest * size);
    memset(block + values + keep * c->dim * size, 0, rest * c->dim * size);
    if (c->type != MKG_Q8_0) return;
    char *scales = block + 2 * values;
    for (size_t i = 0; i < g; i++)
        memset(scales + (i * MKG_KEYS + keep) * 2, 0, rest * 2);
    memset(scales + (MKG_KEYS + keep) * g * 2, 0, rest * g * 2);
}

void mkg__cache_cut(const mkg__cache *c, size_t n)
{
    if (n % MKG_KEYS == 0) return;
    for (size_t layer = 0; layer < c->layers; layer++)
        for (size_t head = 0; head < c->heads; head++)
            cut_block(c, mkg__cache_block(c, layer, head, n / MKG_KEYS), n % MKG_KEYS);
}
