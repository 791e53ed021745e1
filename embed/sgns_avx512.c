/* The kernel of skip-gram for AVX-512. */
#include "embed/sgns.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET      __attribute__((target("avx2,fma,avx512f,avx512dq"))) MKG_RACES
#define KERNEL      static TARGET
#define MKG__INLINE static inline __attribute__((always_inline)) TARGET

typedef __m512 lanes;
enum { WIDTH = 16 };

MKG__INLINE lanes lanes_load(const float *p)
{
    return _mm512_load_ps(p);
}

MKG__INLINE void lanes_store(float *p, lanes x)
{
    _mm512_store_ps(p, x);
}

MKG__INLINE lanes lanes_set(float x)
{
    return _mm512_set1_ps(x);
}

MKG__INLINE lanes lanes_zero(void)
{
    return _mm512_setzero_ps();
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

MKG__INLINE lanes lanes_fma(lanes x, lanes y, lanes z)
{
    return _mm512_fmadd_ps(x, y, z);
}

/* The labels of one row, for the rows that a register holds. */
MKG__INLINE lanes lanes_labels(const float *label)
{
    return _mm512_broadcast_f32x8(_mm256_loadu_ps(label));
}

/* 1 / (1 + e^-x): e^-x = 2^n 2^f with |f| <= 1/2, 2^f by the series of e^(f ln 2) to
 * the sixth power, below 2e-7 off. */
MKG__INLINE lanes lanes_sigmoid(lanes x)
{
    lanes limit = _mm512_set1_ps(80), one = _mm512_set1_ps(1);
    x = _mm512_max_ps(_mm512_min_ps(x, limit), _mm512_sub_ps(lanes_zero(), limit));
    lanes y = _mm512_mul_ps(x, _mm512_set1_ps(-1.44269504f));
    lanes n = _mm512_roundscale_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    lanes f = _mm512_sub_ps(y, n);
    lanes p = _mm512_set1_ps(1.54035304e-4f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.33335581e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.61812911e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.55041087e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.40226507e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.93147181e-1f));
    p = _mm512_fmadd_ps(p, f, one);
    return _mm512_div_ps(one, _mm512_add_ps(one, _mm512_scalef_ps(p, n)));
}

/* a0+a2 b0+b2 a1+a3 b1+b3, in each quarter. */
MKG__INLINE lanes fold2(lanes a, lanes b)
{
    return _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
}

/* The sums of the quarters of a, b, c, d. */
MKG__INLINE lanes fold4(lanes a, lanes b, lanes c, lanes d)
{
    __m512d x = _mm512_castps_pd(fold2(a, b)), y = _mm512_castps_pd(fold2(c, d));
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)),
                         _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
}

/* Halves the quarters: those of x, then those of y. */
MKG__INLINE lanes fold8(lanes x, lanes y)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88),
                         _mm512_shuffle_f32x4(x, y, 0xdd));
}

MKG__INLINE void store_dots(float *s, lanes sum[2][8])
{
    lanes a = fold8(fold4(sum[0][0], sum[0][1], sum[0][2], sum[0][3]),
                    fold4(sum[0][4], sum[0][5], sum[0][6], sum[0][7]));
    lanes b = fold8(fold4(sum[1][0], sum[1][1], sum[1][2], sum[1][3]),
                    fold4(sum[1][4], sum[1][5], sum[1][6], sum[1][7]));
    lanes_store(s, fold8(a, b));
}

#include "embed/sgns_lanes.inc"

mkg__sgns_kernel *const mkg__sgns_avx512 = run;
#endif
