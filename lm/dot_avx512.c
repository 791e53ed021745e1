/* The kernels for AVX-512 with VNNI. */
#include "lm/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET                                                                         \
    __attribute__((                                                                    \
        target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define KERNEL      static TARGET
#define MKG__INLINE static inline __attribute__((always_inline)) TARGET

typedef __m512 lanes;

MKG__INLINE lanes lanes_set(float x)
{
    return _mm512_set1_ps(x);
}

MKG__INLINE lanes lanes_zero(void)
{
    return _mm512_setzero_ps();
}

MKG__INLINE lanes lanes_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

MKG__INLINE void lanes_store(float *p, lanes x)
{
    _mm512_storeu_ps(p, x);
}

MKG__INLINE lanes lanes_add(lanes x, lanes y)
{
    return _mm512_add_ps(x, y);
}

MKG__INLINE lanes lanes_sub(lanes x, lanes y)
{
    return _mm512_sub_ps(x, y);
}

MKG__INLINE lanes lanes_mul(lanes x, lanes y)
{
    return _mm512_mul_ps(x, y);
}

MKG__INLINE lanes lanes_div(lanes x, lanes y)
{
    return _mm512_div_ps(x, y);
}

MKG__INLINE lanes lanes_fma(lanes x, lanes y, lanes z)
{
    return _mm512_fmadd_ps(x, y, z);
}

MKG__INLINE lanes lanes_max(lanes x, lanes y)
{
    return _mm512_max_ps(x, y);
}

MKG__INLINE lanes lanes_abs(lanes x)
{
    return _mm512_abs_ps(x);
}

MKG__INLINE lanes lanes_round(lanes x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

MKG__INLINE lanes lanes_pow2(lanes x)
{
    __m512i n = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(n, 23));
}

MKG__INLINE lanes lanes_less(lanes x, lanes y, lanes c, lanes d)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), d, c);
}

MKG__INLINE lanes lanes_load_f16(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

MKG__INLINE void lanes_store_f16(uint16_t *p, lanes x)
{
    __m256i h = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    memcpy(p, &h, sizeof h);
}

MKG__INLINE void lanes_store_i8(int8_t *p, lanes x)
{
    __m128i v = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(x));
    memcpy(p, &v, sizeof v);
}

/* ---- 16 bytes of each of 16 rows ---- */

/* Rows m, 4 + m, 8 + m and 12 + m, 16 bytes each: so that what follows leaves the rows
 * in their order. */
MKG__INLINE __m512i load_four(const uint8_t *const *row, size_t m, size_t at)
{
    __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(row[m] + at)));
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(row[4 + m] + at)), 1);
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(row[8 + m] + at)), 2);
    return _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(row[12 + m] + at)), 3);
}

/* Four numbers of each row to one vector a number: z[c] is number c of rows 0 … 15. */
MKG__INLINE void turn(const __m512i s[4], __m512i z[4])
{
    __m512i a = _mm512_unpacklo_epi32(s[0], s[1]),
            b = _mm512_unpackhi_epi32(s[0], s[1]);
    __m512i c = _mm512_unpacklo_epi32(s[2], s[3]),
            d = _mm512_unpackhi_epi32(s[2], s[3]);
    z[0] = _mm512_unpacklo_epi64(a, c);
    z[1] = _mm512_unpackhi_epi64(a, c);
    z[2] = _mm512_unpacklo_epi64(b, d);
    z[3] = _mm512_unpackhi_epi64(b, d);
}

/* The same, the four numbers of a row added up. */
MKG__INLINE __m512 row_sums(const __m512i s[4])
{
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]),
                                 _mm512_unpackhi_epi32(s[0], s[1]));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]),
                                 _mm512_unpackhi_epi32(s[2], s[3]));
    return _mm512_cvtepi32_ps(
        _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b)));
}

MKG__INLINE void turn_tile(uint8_t q[MKG_PANEL][MKG_TILE_K], size_t n, mkg__tile *out)
{
    const uint8_t *row[MKG_PANEL];
    for (size_t r = 0; r < MKG_PANEL; r++)
        row[r] = q[r];
    for (size_t k = 0; k < n; k += 16) {
        __m512i s[4], z[4];
        for (size_t m = 0; m < 4; m++)
            s[m] = load_four(row, m, k);
        turn(s, z);
        for (size_t c = 0; c < 4; c++)
            _mm512_storeu_si512(out->q[k / 4 + c], z[c]);
    }
}

#include "lm/lanes.inc"

/* ---- a panel with one token ---- */

typedef struct panel {
    const uint8_t *row[4]; /* rows 0, 4, 8, 12; they move from block to block */
    size_t stride;
    const uint8_t *at; /* where row 0 begins */
    size_t near, far;  /* bytes ahead that are fetched meanwhile */
} panel;

MKG__INLINE panel panel_at(const mkg__mat *w, size_t row)
{
    panel p;
    p.at = w->data + row * w->stride;
    p.stride = w->stride;
    for (size_t i = 0; i < 4; i++)
        p.row[i] = p.at + 4 * i * w->stride;
    p.near = MKG_PANEL / 2 * w->stride;
    p.far = MKG_PANEL * 2 * w->stride;
    return p;
}

MKG__INLINE int i32_at(const uint8_t *p)
{
    int v;
    memcpy(&v, p, 4);
    return v;
}

MKG__INLINE __m128i at_16(const uint8_t *p)
{
    return _mm_loadu_si128((const void *)p);
}

MKG__INLINE __m256i at_32(const void *p)
{
    return _mm256_loadu_si256(p);
}

/* Rows m, 4 + m, 8 + m and 12 + m, 16 bytes each, as load_four() does it. */
MKG__INLINE __m512i panel_four(const panel *p, size_t m, size_t at)
{
    size_t o = m * p->stride + at;
    __m512i x = _mm512_castsi128_si512(at_16(p->row[0] + o));
    x = _mm512_inserti32x4(x, at_16(p->row[1] + o), 1);
    x = _mm512_inserti32x4(x, at_16(p->row[2] + o), 2);
    return _mm512_inserti32x4(x, at_16(p->row[3] + o), 3);
}

/* On to the next block. The compiler must not make 16 pointers of the four. */
MKG__INLINE void move_on(panel *p, size_t bytes)
{
    for (size_t i = 0; i < 4; i++) {
        p->row[i] += bytes;
        __asm__("" : "+r"(p->row[i]));
    }
}

/* Panels lie one behind the other. While some bytes of 16 rows are computed, as many
 * from further on are fetched, in the order of addresses, few at a time: far ahead into
 * the second cache, where such a request may be dropped, then nearer into the first.
 * The processor's own prefetching does not see a stream in 16 short rows. */
MKG__INLINE void fetch(const panel *p, size_t from, size_t bytes)
{
    const char *at = (const char *)p->at + from;
    for (size_t i = 0; i < bytes; i += 64) {
        _mm_prefetch(at + p->near + i, _MM_HINT_T0);
        _mm_prefetch(at + p->far + i, _MM_HINT_T1);
    }
}

/* The half floats `at` bytes into the blocks of the rows. */
MKG__INLINE __m512 load_halves(const panel *p, size_t at)
{
#define H(r) (short)mkg__u16_at(p->row[(r) / 4] + (r) % 4 * p->stride + at)
    __m256i h = _mm256_setr_epi16(H(0), H(1), H(2), H(3), H(4), H(5), H(6), H(7), H(8),
                                  H(9), H(10), H(11), H(12), H(13), H(14), H(15));
#undef H
    return _mm512_cvtph_ps(h);
}

/* Four bytes at the head of each block, rows 4 i ... 4 i + 7: broadcasts from memory
 * and blends leave the one unit that shuffles alone. */
MKG__INLINE __m256i eight_heads(const panel *p, size_t i)
{
#define W(r) _mm256_set1_epi32(i32_at(p->row[i + (r) / 4] + (r) % 4 * p->stride))
    __m256i a = _mm256_blend_epi32(W(0), W(1), 0x02);
    __m256i b = _mm256_blend_epi32(W(2), W(3), 0x08);
    __m256i c = _mm256_blend_epi32(W(4), W(5), 0x20);
    __m256i d = _mm256_blend_epi32(W(6), W(7), 0x80);
#undef W
    return _mm256_blend_epi32(_mm256_blend_epi32(a, b, 0x0c),
                              _mm256_blend_epi32(c, d, 0xc0), 0xf0);
}

/* The half floats that the blocks begin with; faster than load_halves(). */
MKG__INLINE __m512 load_heads(const panel *p)
{
    __m512i x = _mm512_castsi256_si512(eight_heads(p, 0));
    x = _mm512_inserti64x4(x, eight_heads(p, 2), 1);
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(x));
}

/* Add a group: whole sums, scale and minimum of the rows, and the token's side. */
MKG__INLINE __m512 add_group(__m512 acc, __m512 sums, __m512 scale, __m512 min, float d,
                             float sum)
{
    acc = _mm512_fmadd_ps(sums, _mm512_mul_ps(scale, _mm512_set1_ps(d)), acc);
    return _mm512_fmadd_ps(min, _mm512_set1_ps(sum), acc);
}

MKG__INLINE __m512i acts_16(const int8_t *q)
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)q));
}

/* Rows 4 i + m and 4 (i + 1) + m, 32 bytes each. */
MKG__INLINE __m512i panel_two(const panel *p, size_t i, size_t m, size_t at)
{
    const uint8_t *a = p->row[i] + m * p->stride + at;
    const uint8_t *b = p->row[i + 1] + m * p->stride + at;
    return _mm512_inserti64x4(_mm512_castsi256_si512(at_32(a)), at_32(b), 1);
}

KERNEL void panel_q8_0(const mkg__mat *w, size_t first, const mkg__acts *a, float *out)
{
    panel p = panel_at(w, first);
    __m512 acc = _mm512_setzero_ps();
    __m512i flip = _mm512_set1_epi8((char)0x80);
    for (size_t g = 0; g < w->cols / 32; g++) {
        __m512i s[4], x = _mm512_broadcast_i64x4(at_32(a->q + 32 * g));
        fetch(&p, g * 34 * MKG_PANEL, 34 * MKG_PANEL);
        for (size_t m = 0; m < 4; m++) {
            __m512i u = _mm512_xor_si512(panel_two(&p, 0, m, 2), flip);
            __m512i v = _mm512_xor_si512(panel_two(&p, 2, m, 2), flip);
            u = _mm512_dpbusd_epi32(_mm512_setzero_si512(), u, x);
            v = _mm512_dpbusd_epi32(_mm512_setzero_si512(), v, x);
            s[m] = _mm512_add_epi32(_mm512_shuffle_i32x4(u, v, 0x88),
                                    _mm512_shuffle_i32x4(u, v, 0xdd));
        }
        __m512 scale = load_heads(&p);
        __m512 min = _mm512_mul_ps(_mm512_set1_ps(128), scale);
        acc = add_group(acc, row_sums(s), scale, min, a->d[g], a->sum32[g]);
        move_on(&p, 34);
    }
    _mm512_storeu_ps(out, acc);
}

KERNEL void panel_q4_0(const mkg__mat *w, size_t first, const mkg__acts *a, float *out)
{
    panel p = panel_at(w, first);
    __m512 acc = _mm512_setzero_ps();
    __m512i low = _mm512_set1_epi8(15);
    for (size_t g = 0; g < w->cols / 32; g++) {
        __m512i s[4], x0 = acts_16(a->q + 32 * g), x1 = acts_16(a->q + 32 * g + 16);
        fetch(&p, g * 18 * MKG_PANEL, 18 * MKG_PANEL);
        for (size_t m = 0; m < 4; m++) {
            __m512i v = panel_four(&p, m, 2);
            __m512i w0 = _mm512_and_si512(v, low);
            __m512i w1 = _mm512_and_si512(_mm512_srli_epi16(v, 4), low);
            s[m] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w0, x0);
            s[m] = _mm512_dpbusd_epi32(s[m], w1, x1);
        }
        __m512 scale = load_heads(&p);
        __m512 min = _mm512_mul_ps(_mm512_set1_ps(8), scale);
        acc = add_group(acc, row_sums(s), scale, min, a->d[g], a->sum32[g]);
        move_on(&p, 18);
    }
    _mm512_storeu_ps(out, acc);
}

/* Byte j of each number, as a float times `by`. */
MKG__INLINE __m512 byte_times(__m512i x, unsigned j, __m512 by)
{
    x = _mm512_srl_epi32(x, _mm_cvtsi32_si128((int)(8 * j)));
    x = _mm512_and_si512(x, _mm512_set1_epi32(255));
    return _mm512_mul_ps(by, _mm512_cvtepi32_ps(x));
}

/* The 16 bytes at the head of a block of Q4_K or Q5_K of each row: scales and minima of
 * groups 0-3 and 4-7, a byte each, and what they are multiples of. */
typedef struct k_head {
    __m512i scale[2], min[2];
    __m512 d, dmin;
} k_head;

MKG__INLINE k_head load_k_head(const panel *p)
{
    k_head h;
    __m512i s[4], z[4], six = _mm512_set1_epi32(0x3f3f3f3f);
    __m512i four = _mm512_set1_epi32(0x0f0f0f0f), two = _mm512_set1_epi32(0x30303030);
    for (size_t m = 0; m < 4; m++)
        s[m] = panel_four(p, m, 0);
    turn(s, z);
    h.d = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(z[0]));
    h.dmin = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(z[0], 16)));
    h.scale[0] = _mm512_and_si512(z[1], six);
    h.min[0] = _mm512_and_si512(z[2], six);
    h.scale[1] = _mm512_or_si512(_mm512_and_si512(z[3], four),
                                 _mm512_and_si512(_mm512_srli_epi32(z[1], 2), two));
    h.min[1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(z[3], 4), four),
                               _mm512_and_si512(_mm512_srli_epi32(z[2], 2), two));
    return h;
}

MKG__INLINE void panel_q45_k(bool five, const mkg__mat *w, size_t first,
                             const mkg__acts *a, float *out)
{
    size_t bytes = five ? 176 : 144;
    panel p = panel_at(w, first);
    __m512 acc = _mm512_setzero_ps();
    __m512i low = _mm512_set1_epi8(15), bit = _mm512_set1_epi8(16);
    for (size_t b = 0; b < w->cols / 256; b++) {
        size_t at = b * bytes;
        k_head h = load_k_head(&p);
        for (unsigned j = 0; j < 4; j++) { /* two groups: low and high nibbles */
            const int8_t *q = a->q + 256 * b + 64 * j;
            __m512i s0[4], s1[4];
            fetch(&p, at * MKG_PANEL + j * bytes * 4, bytes * 4);
            for (size_t m = 0; m < 4; m++) {
                s0[m] = s1[m] = _mm512_setzero_si512();
                for (size_t half = 0; half < 32; half += 16) {
                    __m512i v = panel_four(&p, m, bytes - 128 + 32 * j + half);
                    __m512i w0 = _mm512_and_si512(v, low);
                    __m512i w1 = _mm512_and_si512(_mm512_srli_epi16(v, 4), low);
                    if (five) { /* bits 2 j and 2 j + 1 become bit 4 */
                        __m512i u = panel_four(&p, m, 16 + half);
                        u = _mm512_srl_epi16(u, _mm_cvtsi32_si128((int)(2 * j)));
                        __m512i u0 = _mm512_slli_epi16(u, 4);
                        __m512i u1 = _mm512_slli_epi16(u, 3);
                        w0 = _mm512_or_si512(w0, _mm512_and_si512(u0, bit));
                        w1 = _mm512_or_si512(w1, _mm512_and_si512(u1, bit));
                    }
                    s0[m] = _mm512_dpbusd_epi32(s0[m], w0, acts_16(q + half));
                    s1[m] = _mm512_dpbusd_epi32(s1[m], w1, acts_16(q + 32 + half));
                }
            }
            for (unsigned i = 0; i < 2; i++) {
                unsigned g = 2 * j + i;
                __m512 scale = byte_times(h.scale[g / 4], g % 4, h.d);
                __m512 min = byte_times(h.min[g / 4], g % 4, h.dmin);
                acc = add_group(acc, row_sums(i ? s1 : s0), scale, min, a->d[8 * b + g],
                                a->sum32[8 * b + g]);
            }
        }
        move_on(&p, bytes);
    }
    _mm512_storeu_ps(out, acc);
}

KERNEL void panel_q4_k(const mkg__mat *w, size_t first, const mkg__acts *a, float *out)
{
    panel_q45_k(false, w, first, a, out);
}

KERNEL void panel_q5_k(const mkg__mat *w, size_t first, const mkg__acts *a, float *out)
{
    panel_q45_k(true, w, first, a, out);
}

/* Group i < 8 of a half block of Q6_K: 16 values of each row. */
MKG__INLINE __m512i q6_values(const panel *p, size_t m, unsigned half, unsigned i)
{
    __m512i four = _mm512_set1_epi8(15), two = _mm512_set1_epi8(0x30);
    __m512i v = panel_four(p, m, 64 * half + 16 * (i % 4));
    __m512i u = panel_four(p, m, 128 + 32 * half + 16 * (i % 2));
    if (i >= 4) v = _mm512_srli_epi16(v, 4);
    switch (i / 2) { /* bits 2 (i / 2) and the next become bits 4 and 5 */
    case 0:
        u = _mm512_slli_epi16(u, 4);
        break;
    case 1:
        u = _mm512_slli_epi16(u, 2);
        break;
    case 3:
        u = _mm512_srli_epi16(u, 2);
        break;
    default:
        break;
    }
    return _mm512_or_si512(_mm512_and_si512(v, four), _mm512_and_si512(u, two));
}

KERNEL void panel_q6_k(const mkg__mat *w, size_t first, const mkg__acts *a, float *out)
{
    panel p = panel_at(w, first);
    __m512 acc = _mm512_setzero_ps(), by32 = _mm512_set1_ps(32);
    for (size_t b = 0; b < w->cols / 256; b++) {
        size_t at = b * 210;
        __m512i s[4], z[4];
        __m512 d = load_halves(&p, 208);
        for (size_t m = 0; m < 4; m++)
            s[m] = panel_four(&p, m, 192);
        turn(s, z);
        for (unsigned g = 0; g < 16; g++) {
            __m512i x = acts_16(a->q + 256 * b + 16 * g);
            fetch(&p, at * MKG_PANEL + g * 210, 210);
            for (size_t m = 0; m < 4; m++)
                s[m] = _mm512_dpbusd_epi32(_mm512_setzero_si512(),
                                           q6_values(&p, m, g / 8, g % 8), x);
            __m128i up = _mm_cvtsi32_si128((int)(24 - 8 * (g % 4)));
            __m512i byte = _mm512_sll_epi32(z[g / 4], up);
            __m512 scale =
                _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_srai_epi32(byte, 24)));
            acc = add_group(acc, row_sums(s), scale, _mm512_mul_ps(by32, scale),
                            a->d[8 * b + g / 2], a->sum16[16 * b + g]);
        }
        move_on(&p, 210);
    }
    _mm512_storeu_ps(out, acc);
}

KERNEL void dot_panel(const mkg__mat *w, size_t row, const mkg__acts *a, float *out)
{
    if (row + MKG_PANEL > w->rows) { /* the last ones of a matrix */
        dot_panel_in_tiles(w, row, a, out);
        return;
    }
    switch (w->type) {
    case MKG_Q8_0:
        panel_q8_0(w, row, a, out);
        break;
    case MKG_Q4_0:
        panel_q4_0(w, row, a, out);
        break;
    case MKG_Q4_K:
        panel_q4_k(w, row, a, out);
        break;
    case MKG_Q5_K:
        panel_q5_k(w, row, a, out);
        break;
    case MKG_Q6_K:
        panel_q6_k(w, row, a, out);
        break;
    default:
        dot_panel_in_tiles(w, row, a, out);
    }
}

/* ---- a tile with several tokens ---- */

/* Rows in lanes; four bytes of a token are given to all of them. */
MKG__INLINE void mul_tile_by(const mkg__tile *w, unsigned group, size_t k0,
                             const mkg__acts *a, size_t token, size_t tokens,
                             float *restrict acc)
{
    size_t nd = a->cols / 32, ns = a->cols / group, cols = a->cols;
    const int8_t *x = a->q + token * cols + k0;
    const float *d = a->d + token * nd + k0 / 32;
    const float *sum = (group == 16 ? a->sum16 : a->sum32) + token * ns + k0 / group;
    __m512 f[MKG_TILE_T];

    for (size_t t = 0; t < tokens; t++)
        f[t] = _mm512_loadu_ps(acc + t * MKG_PANEL);
    for (size_t g = 0; g < w->n / group; g++, x += group) {
        __m512i s[MKG_TILE_T];
        for (size_t t = 0; t < tokens; t++)
            s[t] = _mm512_setzero_si512();
        for (size_t k = 0; k < group / 4; k++) {
            __m512i q = _mm512_loadu_si512(w->q[g * group / 4 + k]);
            for (size_t t = 0; t < tokens; t++) {
                int four;
                memcpy(&four, x + t * cols + 4 * k, 4);
                s[t] = _mm512_dpbusd_epi32(s[t], q, _mm512_set1_epi32(four));
            }
        }
        __m512 scale = _mm512_loadu_ps(w->scale[g]), min = _mm512_loadu_ps(w->min[g]);
        for (size_t t = 0; t < tokens; t++)
            f[t] = add_group(f[t], _mm512_cvtepi32_ps(s[t]), scale, min,
                             d[t * nd + g * group / 32], sum[t * ns + g]);
    }
    for (size_t t = 0; t < tokens; t++)
        _mm512_storeu_ps(acc + t * MKG_PANEL, f[t]);
}

KERNEL void mul_tile(const mkg__tile *w, size_t k0, const mkg__acts *a, size_t token,
                     size_t tokens, float *restrict acc)
{
    for (; tokens; tokens -= tokens < MKG_TILE_T ? tokens : MKG_TILE_T) {
#define BY(n)                                                                          \
    case n:                                                                            \
        if (w->group == 16)                                                            \
            mul_tile_by(w, 16, k0, a, token, n, acc);                                  \
        else                                                                           \
            mul_tile_by(w, 32, k0, a, token, n, acc);                                  \
        break
        switch (tokens) {
            BY(1);
            BY(2);
            BY(3);
            BY(4);
            BY(5);
            BY(6);
            BY(7);
        default:
            BY(8);
        }
#undef BY
        token += MKG_TILE_T;
        acc += MKG_TILE_T * MKG_PANEL;
    }
}

const mkg__kernels mkg__kernels_avx512 = {
    "avx512", dot_panel,  fill_tile, mul_tile, dot_floats, dequantize,
    to_f16,   round_acts, rms_norm,  silu_mul, add,        attend,
};
#endif
