/* The kernels in plain C: what the others are tested against, and what runs where there
 * is no other. */
#include "lm/kernels.h"

#include <math.h>

#define KERNEL      static
#define MKG__INLINE static inline

typedef struct lanes {
    float v[MKG_LANES];
} lanes;

#define EACH                                                                           \
    lanes y;                                                                           \
    for (size_t i = 0; i < MKG_LANES; i++)                                             \
    y.v[i]

static inline lanes lanes_set(float x)
{
    EACH = x;
    return y;
}

static inline lanes lanes_zero(void)
{
    return lanes_set(0);
}

static inline lanes lanes_load(const float *p)
{
    EACH = p[i];
    return y;
}

static inline void lanes_store(float *p, lanes a)
{
    memcpy(p, a.v, sizeof a.v);
}

static inline lanes lanes_add(lanes a, lanes b)
{
    EACH = a.v[i] + b.v[i];
    return y;
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    EACH = a.v[i] - b.v[i];
    return y;
}

static inline lanes lanes_mul(lanes a, lanes b)
{
    EACH = a.v[i] * b.v[i];
    return y;
}

static inline lanes lanes_div(lanes a, lanes b)
{
    EACH = a.v[i] / b.v[i];
    return y;
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    EACH = fmaf(a.v[i], b.v[i], c.v[i]);
    return y;
}

static inline lanes lanes_max(lanes a, lanes b)
{
    EACH = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
    return y;
}

static inline lanes lanes_abs(lanes a)
{
    EACH = fabsf(a.v[i]);
    return y;
}

static inline lanes lanes_round(lanes a)
{
    EACH = nearbyintf(a.v[i]);
    return y;
}

static inline lanes lanes_pow2(lanes a)
{
    EACH = ldexpf(1, (int)a.v[i]);
    return y;
}

static inline lanes lanes_less(lanes a, lanes b, lanes c, lanes d)
{
    EACH = a.v[i] < b.v[i] ? c.v[i] : d.v[i];
    return y;
}

static inline lanes lanes_load_f16(const void *p)
{
    EACH = mkg__f16_get(mkg__u16_at((const uint8_t *)p + 2 * i));
    return y;
}

static inline void lanes_store_f16(uint16_t *p, lanes a)
{
    for (size_t i = 0; i < MKG_LANES; i++)
        p[i] = mkg__f16_put(a.v[i]);
}

/* A value that is no number gives some number: the scale beside it is none. */
static inline void lanes_store_i8(int8_t *p, lanes a)
{
    for (size_t i = 0; i < MKG_LANES; i++)
        p[i] = fabsf(a.v[i]) < 127.5f ? (int8_t)nearbyintf(a.v[i]) : 0;
}

static inline void turn_tile(uint8_t q[MKG_PANEL][MKG_TILE_K], size_t n, mkg__tile *out)
{
    for (size_t k = 0; k < n / 4; k++)
        for (size_t r = 0; r < MKG_PANEL; r++)
            memcpy(out->q[k][r], q[r] + 4 * k, 4);
}

#include "lm/lanes.inc"

static void mul_tile(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc)
{
    unsigned group = w->group;
    const float *sums = group == 16 ? a->sum16 : a->sum32;
    for (size_t t = 0; t < tokens; t++) {
        const int8_t *x = a->q + (token + t) * a->cols + k0;
        const float *d = a->d + (token + t) * (a->cols / 32) + k0 / 32;
        const float *s = sums + (token + t) * (a->cols / group) + k0 / group;
        for (size_t g = 0; g < w->n / group; g++) {
            for (size_t r = 0; r < MKG_PANEL; r++) {
                int sum = 0;
                for (size_t k = g * group; k < (g + 1) * group; k++)
                    sum += w->q[k / 4][r][k % 4] * x[k];
                float *y = acc + t * MKG_PANEL + r;
                *y = fmaf((float)sum, w->scale[g][r] * d[g * group / 32], *y);
                *y = fmaf(w->min[g][r], s[g], *y);
            }
        }
    }
}

const mkg__kernels mkg__kernels_ref = {
    "ref",  dot_panel_in_tiles, fill_tile, mul_tile, dot_floats, dequantize,
    to_f16, round_acts,         rms_norm,  silu_mul, add,        attend,
};
