/* The inner loops of the transformer, once for each instruction set, chosen at run
 * time.
 *
 * All sets give the same bits: every sum is taken in an order that does not depend on
 * the set, on the number of threads or on how many tokens are computed together. Sums
 * of products of packed weights are whole numbers within a group (32 or 16 values),
 * then one fused multiply-add a group, from left to right. Sums of float products run
 * in 16 lanes (value i in lane i % 16), which are added pairwise at the end. */
#ifndef MKG_KERNELS_H
#define MKG_KERNELS_H

#include "lm/quant.h"

enum {
    MKG_LANES = 16,
    MKG_PANEL = 16,    /* rows of a packed matrix that are computed together */
    MKG_TILE_K = 1024, /* columns of a panel that are taken apart together */
    MKG_TILE_T = 8,    /* tokens that share a weight in registers */
    MKG_KEYS = 32      /* positions of a block of the key-value cache */
};

/* A matrix of weights as it lies in the file: (rows, cols), `stride` bytes a row. */
typedef struct mkg__mat {
    const uint8_t *data;
    size_t rows, cols, stride;
    uint32_t type;
} mkg__mat;

/* What a matrix is multiplied with: n rows of float32, and the same rounded to 8 bits,
 * x ~ d * q with one d for each 32 values. */
typedef struct mkg__acts {
    size_t n, cols;
    const float *x; /* (n, cols) */
    int8_t *q;      /* (n, cols), -127 … 127 */
    float *d;       /* (n, cols / 32) */
    float *sum32;   /* (n, cols / 32): -d times the sum of q over a group of 32 */
    float *sum16;   /* (n, cols / 16): the same for groups of 16 */
} mkg__acts;

/* A part of a panel taken apart: n columns of 16 rows, four columns of a row together,
 * and scale and minimum of each group of each row. */
typedef struct mkg__tile {
    uint8_t q[MKG_TILE_K / 4][MKG_PANEL][4];
    float scale[MKG_TILE_K / 16][MKG_PANEL], min[MKG_TILE_K / 16][MKG_PANEL];
    size_t n;
    unsigned group;
} mkg__tile;

/* Attention of some queries to one block of the cache, going on from what earlier
 * blocks gave: softmax is kept as running maximum and sum (Milakov and Gimelshein,
 * arXiv:1805.02867; Dao et al., arXiv:2205.14135, Alg. 1). */
typedef struct mkg__attend {
    const float *keys;   /* (dim, 32) */
    const float *values; /* (32, dim) */
    size_t dim;          /* a multiple of 16 */
    size_t n;            /* queries */
    const float *q;      /* (n, dim), scaled */
    const size_t *seen;  /* (n) so many of the 32 positions count, 0 … 32 */
    float *acc;          /* (n, dim) sum of weight times value */
    float *max, *sum;    /* (n) */
} mkg__attend;

typedef struct mkg__kernels {
    const char *name;
    /* The first row of `a` with rows [row, row + 16) of a packed matrix, as many as it
     * has; out (16). */
    void (*dot_panel)(const mkg__mat *w, size_t row, const mkg__acts *a, float *out);
    /* Columns [k0, k0 + n) of rows [row, row + 16); n <= MKG_TILE_K; both multiples of
     * the type's block. Rows that are not there repeat the last one. */
    void (*fill_tile)(const mkg__mat *w, size_t row, size_t k0, size_t n,
                      mkg__tile *out);
    /* Add to acc (tokens, 16) the products of the tile, which begins at column k0, with
     * `tokens` rows of `a` from `token` on. */
    void (*mul_tile)(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc);
    /* out[t * stride + r] = the product of row r of w (rows, n) with row t of x
     * (tokens, n). */
    void (*dot_floats)(const float *w, size_t rows, const float *x, size_t tokens,
                       size_t n, float *out, size_t stride);
    /* n values; the type is one that computes. */
    void (*dequantize)(uint32_t type, const void *src, size_t n, float *restrict dst);
    void (*to_f16)(const float *src, size_t n, uint16_t *restrict dst);
    /* Fill q, d, sum32 and sum16 of row i from row i of x; cols % 32 == 0. */
    void (*round_acts)(const mkg__acts *a, size_t i);
    /* out = x / rms(x) * weight, eps under the root. x and out may be the same. */
    void (*rms_norm)(const float *x, const float *weight, size_t n, float eps,
                     float *out);
    /* gate = silu(gate) * up */
    void (*silu_mul)(float *restrict gate, const float *restrict up, size_t n);
    /* x += y */
    void (*add)(float *restrict x, const float *restrict y, size_t n);
    void (*attend)(const mkg__attend *a);
} mkg__kernels;

/* The fastest set that this machine can run. $MEDKG_KERNELS names another one. */
const mkg__kernels *mkg__kernels_best(void);
/* "ref", "avx2", "avx512", "neon", "dotprod"; NULL if this machine or build does not
 * have it. */
const mkg__kernels *mkg__kernels_named(const char *name);

extern const mkg__kernels mkg__kernels_ref;
#if defined(__x86_64__)
extern const mkg__kernels mkg__kernels_avx2, mkg__kernels_avx512;
#elif defined(__aarch64__)
extern const mkg__kernels mkg__kernels_neon, mkg__kernels_dotprod;
#endif

#endif
