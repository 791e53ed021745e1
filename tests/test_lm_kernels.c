/* Kernels: packed formats against their definition, every instruction set against plain
 * C, bit for bit. */
#include "testing.h"

#include "base/rng.h"
#include "lm/kernels.h"

#include <math.h>

static const uint32_t packed[] = {MKG_Q8_0, MKG_Q4_0, MKG_Q4_K, MKG_Q5_K, MKG_Q6_K};
enum { N_PACKED = 5 };

static mkg__rng rng;

static void *get(size_t n)
{
    void *p = mkg__aligned(n);
    assert_non_null(p);
    return p;
}

static float noise(void)
{
    double u = mkg__rng_double(&rng) + mkg__rng_double(&rng) - 1;
    return (float)(u * 3);
}

static void put_half(uint8_t *p, float f)
{
    uint16_t h = mkg__f16_put(f);
    memcpy(p, &h, 2);
}

/* Any bytes are a block, but for its scales, which must be finite. */
static void random_block(uint32_t type, uint8_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)mkg__rng_below(&rng, 256);
    size_t at = type == MKG_Q6_K ? 208 : 0;
    put_half(p + at, noise() / 64);
    if (type == MKG_Q4_K || type == MKG_Q5_K) put_half(p + 2, noise() / 64);
}

/* (rows, cols), the data `shift` bytes off alignment; *base to be freed. */
static mkg__mat random_matrix(uint32_t type, size_t rows, size_t cols, size_t shift,
                              uint8_t **base)
{
    const mkg_type_info *t = mkg_type_get(type);
    size_t stride = cols / t->block * t->bytes;
    *base = get(rows * stride + shift);
    for (size_t i = 0; i < rows * stride / t->bytes; i++)
        random_block(type, *base + shift + i * t->bytes, t->bytes);
    return (mkg__mat){*base + shift, rows, cols, stride, type};
}

static mkg__acts random_acts(size_t n, size_t cols)
{
    mkg__acts a = {n,
                   cols,
                   NULL,
                   get(n * cols),
                   get(n * cols / 32 * 4),
                   get(n * cols / 32 * 4),
                   get(n * cols / 16 * 4)};
    float *x = get(n * cols * 4);
    for (size_t i = 0; i < n * cols; i++)
        x[i] = i / 32 % 7 == 3 ? 0 : noise();
    a.x = x;
    for (size_t i = 0; i < n; i++)
        mkg__kernels_ref.round_acts(&a, i);
    return a;
}

static void free_acts(mkg__acts *a)
{
    mkg__free((void *)(uintptr_t)a->x);
    mkg__free(a->q);
    mkg__free(a->d);
    mkg__free(a->sum32);
    mkg__free(a->sum16);
}

/* The sets that this machine has besides plain C. */
static size_t sets(const mkg__kernels *out[4])
{
    static const char *const names[] = {"avx2", "avx512", "neon", "dotprod"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        out[n] = mkg__kernels_named(names[i]);
        if (!out[n]) continue;
        printf("%s\n", out[n++]->name);
    }
    if (n == 0) printf("no other instruction set on this machine\n");
    return n;
}

/* ---- formats ---- */

static void halves(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        float f = mkg__f16_get((uint16_t)h);
        if ((h & 0x7fff) > 0x7c00)
            assert_true(isnan(f) && isnan(mkg__f16_get(mkg__f16_put(f))));
        else
            assert_int_equal(mkg__f16_put(f), h);
    }
    assert_true(mkg__f16_get(0x3c00) == 1 && mkg__f16_get(0x0001) == 0x1p-24f);
    assert_int_equal(mkg__f16_put(65519.9f), 0x7bff);
    assert_int_equal(mkg__f16_put(65520.0f), 0x7c00);
    assert_int_equal(mkg__f16_put(0x1p-25f), 0); /* ties to even */
    assert_int_equal(mkg__f16_put(0x1.8p-24f), 2);
    assert_int_equal(mkg__f16_put(1 + 0x1p-11f), 0x3c00);
    assert_int_equal(mkg__f16_put(1 + 0x1.8p-10f), 0x3c02);
    assert_true(mkg__bf16_get(0x3f80) == 1);
    assert_int_equal(mkg__bf16_put(1 + 0x1p-8f), 0x3f80);
    assert_int_equal(mkg__bf16_put(1 + 0x1.8p-7f), 0x3f82);
    assert_true(isnan(mkg__bf16_get(mkg__bf16_put(NAN))));
}

/* One value of a block, straight from the definition of the format. */
static double value_of(uint32_t type, const uint8_t *p, unsigned i)
{
    double d = mkg__f16_get(mkg__u16_at(p));
    unsigned j = i / 32, q, s, m;
    switch (type) {
    case MKG_Q8_0:
        return d * (int8_t)p[2 + i];
    case MKG_Q4_0:
        return d * ((int)(i < 16 ? p[2 + i] & 15 : p[2 + i - 16] >> 4) - 8);
    case MKG_Q4_K:
    case MKG_Q5_K:
        s = j < 4 ? p[4 + j] & 63u : (p[8 + j] & 15u) | (unsigned)(p[j] >> 6) << 4;
        m = j < 4 ? p[8 + j] & 63u
                  : (unsigned)(p[8 + j] >> 4) | (unsigned)(p[4 + j] >> 6) << 4;
        q = p[(type == MKG_Q5_K ? 48 : 16) + i / 64 * 32 + i % 32];
        q = j % 2 ? q >> 4 : q & 15u;
        if (type == MKG_Q5_K) q |= ((unsigned)p[16 + i % 32] >> j & 1u) << 4;
        return d * s * q - (double)mkg__f16_get(mkg__u16_at(p + 2)) * m;
    default: { /* Q6_K */
        unsigned half = i / 128, at = i % 128, k = at / 32;
        d = mkg__f16_get(mkg__u16_at(p + 208));
        q = p[64 * half + (k % 2) * 32 + at % 32];
        q = k < 2 ? q & 15 : q >> 4;
        q |= ((unsigned)p[128 + 32 * half + at % 32] >> (2 * k) & 3u) << 4;
        return d * (int8_t)p[192 + i / 16] * ((int)q - 32);
    }
    }
}

static void formats(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKED; k++) {
        const mkg_type_info *t = mkg_type_get(packed[k]);
        uint8_t p[256];
        float x[256];
        for (unsigned turn = 0; turn < 20; turn++) {
            random_block(packed[k], p, t->bytes);
            mkg__dequantize(packed[k], p, t->block, x);
            for (unsigned i = 0; i < t->block; i++)
                assert_true(fabs(value_of(packed[k], p, i) - (double)x[i]) < 1e-5);
        }
    }
}

static void quantized(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        double worst; /* of the largest value of a block */
    } cases[] = {{MKG_F32, 0},
                 {MKG_F16, 0x1p-11},
                 {MKG_BF16, 0x1p-8},
                 {MKG_Q8_0, 0.5 / 127 + 0x1p-10},
                 {MKG_Q4_0, 1.0 / 8 + 0x1p-10}};
    float x[64], y[64];
    uint8_t p[256];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (size_t i = 0; i < 64; i++)
            x[i] = i < 32 ? noise() : 0;
        assert_true(mkg__quantize(cases[k].type, x, 64, p));
        mkg__dequantize(cases[k].type, p, 64, y);
        for (size_t i = 0; i < 64; i++)
            assert_true(fabs((double)x[i] - (double)y[i]) <= cases[k].worst * 3);
    }
    assert_false(mkg__quantize(MKG_Q4_K, x, 64, p));
}

/* ---- instruction sets ---- */

/* Products of plain C against sums in double. */
static void products(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PACKED; k++) {
        uint8_t *base;
        size_t cols = 512;
        mkg__mat w = random_matrix(packed[k], 5, cols, 1, &base);
        mkg__acts a = random_acts(1, cols);
        float out[MKG_PANEL], row[512];
        mkg__kernels_ref.dot_panel(&w, 0, &a, out);
        for (size_t r = 0; r < 5; r++) {
            double sum = 0, size = 0;
            mkg__dequantize(packed[k], w.data + r * w.stride, cols, row);
            for (size_t i = 0; i < cols; i++) {
                sum += (double)row[i] * a.q[i] * (double)a.d[i / 32];
                size += fabs((double)row[i] * a.q[i] * (double)a.d[i / 32]);
                assert_true(fabs((double)a.x[i] - a.q[i] * (double)a.d[i / 32]) <=
                            0.501 * (double)a.d[i / 32]);
            }
            assert_true(fabs(sum - (double)out[r]) < 1e-5 * size);
        }
        free_acts(&a);
        mkg__free(base);
    }
}

static void same_packed(const mkg__kernels *k, uint32_t type)
{
    const mkg__kernels *ref = &mkg__kernels_ref;
    size_t block = mkg_type_get(type)->block, tokens = 1 + mkg__rng_below(&rng, 19);
    size_t rows = 1 + mkg__rng_below(&rng, 40);
    size_t cols = block * (1 + mkg__rng_below(&rng, (uint32_t)(1536 / block)));
    uint8_t *base;
    mkg__mat w = random_matrix(type, rows, cols, mkg__rng_below(&rng, 8), &base);
    mkg__acts a = random_acts(tokens, cols);
    mkg__tile *t0 = get(sizeof *t0), *t1 = get(sizeof *t1);

    for (size_t row = 0; row < rows; row += MKG_PANEL) {
        float y0[20][MKG_PANEL] = {{0}}, y1[20][MKG_PANEL] = {{0}}, one[MKG_PANEL];
        for (size_t k0 = 0; k0 < cols; k0 += MKG_TILE_K) {
            size_t n = cols - k0 < MKG_TILE_K ? cols - k0 : MKG_TILE_K;
            ref->fill_tile(&w, row, k0, n, t0);
            k->fill_tile(&w, row, k0, n, t1);
            assert_int_equal(t1->group, t0->group);
            assert_memory_equal(t0->q, t1->q, n * MKG_PANEL);
            assert_memory_equal(t0->scale, t1->scale, n / t0->group * MKG_PANEL * 4);
            assert_memory_equal(t0->min, t1->min, n / t0->group * MKG_PANEL * 4);
            ref->mul_tile(t0, k0, &a, 0, tokens, y0[0]);
            k->mul_tile(t0, k0, &a, 0, tokens, y1[0]);
        }
        assert_memory_equal(y0, y1, sizeof y0);
        /* One token by the fast way is that token of several. */
        ref->dot_panel(&w, row, &a, one);
        assert_memory_equal(one, y0[0], sizeof one);
        k->dot_panel(&w, row, &a, one);
        assert_memory_equal(one, y0[0], sizeof one);
    }
    mkg__free(t0);
    mkg__free(t1);
    free_acts(&a);
    mkg__free(base);
}

static void same_floats(const mkg__kernels *k)
{
    const mkg__kernels *ref = &mkg__kernels_ref;
    size_t n = 1 + mkg__rng_below(&rng, 70), rows = 1 + mkg__rng_below(&rng, 9);
    size_t tokens = 1 + mkg__rng_below(&rng, 9), stride = rows + 2;
    /* 4 bytes off alignment */
    float *w = (float *)get((rows * n + 1) * 4) + 1;
    float *x = (float *)get((tokens * n + 1) * 4) + 1;
    float y0[200] = {0}, y1[200] = {0};
    uint16_t h0[900], h1[900];

    for (size_t i = 0; i < rows * n; i++)
        w[i] = noise();
    for (size_t i = 0; i < tokens * n; i++)
        x[i] = noise();
    ref->dot_floats(w, rows, x, tokens, n, y0, stride);
    k->dot_floats(w, rows, x, tokens, n, y1, stride);
    assert_memory_equal(y0, y1, sizeof y0);
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += (double)w[r * n + i] * (double)x[i];
        assert_true(fabs(sum - (double)y0[r]) < 1e-3);
        float alone;
        k->dot_floats(w + r * n, 1, x, 1, n, &alone, 1);
        assert_memory_equal(&alone, &y0[r], 4);
    }
    ref->to_f16(w, rows * n, h0);
    k->to_f16(w, rows * n, h1);
    assert_memory_equal(h0, h1, rows * n * 2);
    static const uint32_t plain[] = {MKG_F32, MKG_F16, MKG_BF16};
    for (size_t i = 0; i < 3; i++) {
        const void *from = plain[i] == MKG_F32 ? (void *)w : (void *)h0;
        float *f0 = get(rows * n * 4), *f1 = get(rows * n * 4);
        ref->dequantize(plain[i], from, rows * n, f0);
        k->dequantize(plain[i], from, rows * n, f1);
        if (plain[i] != MKG_BF16) assert_memory_equal(f0, f1, rows * n * 4);
        mkg__free(f0);
        mkg__free(f1);
    }
    mkg__free(w - 1);
    mkg__free(x - 1);
}

static void same_between(const mkg__kernels *k)
{
    const mkg__kernels *ref = &mkg__kernels_ref;
    size_t n = 1 + mkg__rng_below(&rng, 100);
    float x[100], y[100], w[100], a0[100], a1[100];
    for (size_t i = 0; i < n; i++) {
        x[i] = noise() * (i % 9 ? 1 : 60);
        y[i] = noise();
        w[i] = noise();
    }
    ref->rms_norm(x, w, n, 1e-5f, a0);
    k->rms_norm(x, w, n, 1e-5f, a1);
    assert_memory_equal(a0, a1, n * 4);
    memcpy(a0, x, sizeof x);
    memcpy(a1, x, sizeof x);
    ref->silu_mul(a0, y, n);
    k->silu_mul(a1, y, n);
    assert_memory_equal(a0, a1, n * 4);
    for (size_t i = 0; i < n; i++) {
        double right = (double)x[i] / (1 + exp(-(double)x[i])) * (double)y[i];
        assert_true(fabs(right - (double)a0[i]) < 1e-6 * (1 + fabs(right)));
    }
    ref->add(a0, w, n);
    k->add(a1, w, n);
    assert_memory_equal(a0, a1, n * 4);

    mkg__acts a = random_acts(2, 96), b = random_acts(2, 96);
    const float *other = b.x;
    b.x = a.x;
    k->round_acts(&b, 0);
    k->round_acts(&b, 1);
    assert_memory_equal(a.q, b.q, 192);
    assert_memory_equal(a.d, b.d, 6 * 4);
    assert_memory_equal(a.sum32, b.sum32, 6 * 4);
    assert_memory_equal(a.sum16, b.sum16, 12 * 4);
    b.x = other;
    free_acts(&a);
    free_acts(&b);
}

/* Attention over `total` positions, block by block. */
static void attend_all(const mkg__kernels *k, const float *keys, const float *values,
                       size_t dim, size_t total, const float *q, size_t n, float *out)
{
    float max[8], sum[8];
    size_t seen[8];
    memset(out, 0, n * dim * 4);
    for (size_t i = 0; i < n; i++) {
        max[i] = -INFINITY;
        sum[i] = 0;
    }
    for (size_t at = 0; at < total; at += MKG_KEYS) {
        for (size_t i = 0; i < n; i++) { /* query i sees total - i positions */
            size_t mine = total - i;
            seen[i] = mine <= at ? 0 : mine - at < MKG_KEYS ? mine - at : MKG_KEYS;
        }
        mkg__attend a = {
            keys + at * dim, values + at * dim, dim, n, q, seen, out, max, sum};
        k->attend(&a);
    }
    for (size_t i = 0; i < n * dim; i++)
        out[i] /= sum[i / dim];
}

static void attention(const mkg__kernels *k)
{
    size_t dim = 16 * (1 + mkg__rng_below(&rng, 5)), n = 1 + mkg__rng_below(&rng, 7);
    size_t total = 8 + mkg__rng_below(&rng, 90), cap = (total + 31) / 32 * 32;
    float *keys = get(cap * dim * 4), *values = get(cap * dim * 4);
    float *q = get(n * dim * 4), *y0 = get(n * dim * 4), *y1 = get(n * dim * 4);
    for (size_t i = 0; i < cap * dim; i++) {
        keys[i] = noise();
        values[i] = noise();
    }
    for (size_t i = 0; i < n * dim; i++)
        q[i] = noise() / 3;
    attend_all(&mkg__kernels_ref, keys, values, dim, total, q, n, y0);
    attend_all(k, keys, values, dim, total, q, n, y1);
    assert_memory_equal(y0, y1, n * dim * 4);
    for (size_t i = 0; i < n; i++) { /* against the definition, and alone */
        double p[128], top = -1e30, sum = 0;
        for (size_t j = 0; j < total - i; j++) {
            p[j] = 0;
            for (size_t d = 0; d < dim; d++)
                p[j] += (double)q[i * dim + d] *
                        (double)keys[j / 32 * 32 * dim + d * 32 + j % 32];
            top = p[j] > top ? p[j] : top;
        }
        for (size_t j = 0; j < total - i; j++)
            sum += p[j] = exp(p[j] - top);
        for (size_t d = 0; d < dim; d++) {
            double y = 0;
            for (size_t j = 0; j < total - i; j++)
                y += p[j] / sum * (double)values[j * dim + d];
            assert_true(fabs(y - (double)y0[i * dim + d]) < 1e-5);
        }
        attend_all(k, keys, values, dim, total - i, q + i * dim, 1, y1);
        assert_memory_equal(y1, y0 + i * dim, dim * 4);
    }
    mkg__free(keys);
    mkg__free(values);
    mkg__free(q);
    mkg__free(y0);
    mkg__free(y1);
}

static void same_bits(void **state)
{
    (void)state;
    const mkg__kernels *k[4];
    size_t n = sets(k);
    for (size_t i = 0; i < n; i++) {
        for (unsigned turn = 0; turn < 12; turn++) {
            for (size_t t = 0; t < N_PACKED; t++)
                same_packed(k[i], packed[t]);
            same_floats(k[i]);
            same_between(k[i]);
            attention(k[i]);
        }
    }
    attention(&mkg__kernels_ref);
}

int main(void)
{
    uint64_t seed = getenv("MEDKG_SEED") ? strtoull(getenv("MEDKG_SEED"), NULL, 10) : 1;
    printf("MEDKG_SEED=%llu\n", (unsigned long long)seed);
    rng = mkg__rng_new(seed, 0, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves),    cmocka_unit_test(formats),
        cmocka_unit_test(quantized), cmocka_unit_test(products),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
