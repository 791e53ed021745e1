/* The kernel of skip-gram for AVX2 with FMA. */
#include "embed/sgns.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET      __attribute__((target("avx2,fma"))) MKG_RACES
#define KERNEL      static TARGET
#define MKG__INLINE static inline __attribute__((always_inline)) TARGET

typedef __m256 lanes;
enum { WIDTH = 8 };

MKG__INLINE lanes lanes_load(const float *p)
{
    return _mm256_load_ps(p);
}

MKG__INLINE void lanes_store(float *p, lanes x)
{
    _mm256_store_ps(p, x);
}

MKG__INLINE lanes lanes_set(float x)
{
    return _mm256_set1_ps(x);
}

MKG__INLINE lanes lanes_zero(void)
{
    return _mm256_setzero_ps();
}

MKG__INLINE lanes lanes_add(lanes x, lanes y)
{
    return _mm256_add_ps(x, y);
}

MKG__INLINE lanes lanes_sub(lanes x, lanes y)
{
    return _mm256_sub_ps(x, y);
}

MKG__INLINE lanes lanes_mul(lanes x, lanes y)
{
    return _mm256_mul_ps(x, y);
}

MKG__INLINE lanes lanes_fma(lanes x, lanes y, lanes z)
{
    return _mm256_fmadd_ps(x, y, z);
}

MKG__INLINE lanes lanes_labels(const float *label)
{
    return _mm256_loadu_ps(label);
}

/* As for AVX-512. */
MKG__INLINE lanes lanes_sigmoid(lanes x)
{
    lanes limit = _mm256_set1_ps(80), one = _mm256_set1_ps(1);
    x = _mm256_max_ps(_mm256_min_ps(x, limit), _mm256_sub_ps(lanes_zero(), limit));
    lanes y = _mm256_mul_ps(x, _mm256_set1_ps(-1.44269504f));
    lanes n = _mm256_round_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    lanes f = _mm256_sub_ps(y, n);
    lanes p = _mm256_set1_ps(1.54035304e-4f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.33335581e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.61812911e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.55041087e-2f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.40226507e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.93147181e-1f));
    p = _mm256_fmadd_ps(p, f, one);
    __m256i power = _mm256_slli_epi32(
        _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(power));
    return _mm256_div_ps(one, _mm256_add_ps(one, p));
}

MKG__INLINE lanes fold4(lanes a, lanes b, lanes c, lanes d)
{
    return _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
}

MKG__INLINE lanes fold8(lanes x, lanes y)
{
    return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20),
                         _mm256_permute2f128_ps(x, y, 0x31));
}

MKG__INLINE void store_dots(float *s, lanes sum[2][8])
{
    for (size_t i = 0; i < 2; i++)
        lanes_store(s + i * 8,
                    fold8(fold4(sum[i][0], sum[i][1], sum[i][2], sum[i][3]),
                          fold4(sum[i][4], sum[i][5], sum[i][6], sum[i][7])));
}

#include "embed/sgns_lanes.inc"

mkg__sgns_kernel *const mkg__sgns_avx2 = run;
#endif
