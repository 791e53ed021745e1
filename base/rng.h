/* Random numbers that belong to a work item, not to a thread: the same seed and item
 * give the same stream on any number of threads. */
#ifndef MKG_RNG_H
#define MKG_RNG_H

#include <stdint.h>

/* xoshiro256++ (Blackman & Vigna, TOMS 2021), seeded by SplitMix64. */
typedef struct mkg__rng {
    uint64_t s[4];
} mkg__rng;

static inline uint64_t mkg__splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The stream of item (a, b) under a seed. */
static inline mkg__rng mkg__rng_new(uint64_t seed, uint64_t a, uint64_t b)
{
    mkg__rng r;
    uint64_t x = seed;
    x = mkg__splitmix(&x) ^ a;
    x = mkg__splitmix(&x) ^ b;
    for (int i = 0; i < 4; i++)
        r.s[i] = mkg__splitmix(&x);
    return r;
}

static inline uint64_t mkg__rng_u64(mkg__rng *r)
{
    uint64_t *s = r->s, t = s[1] << 17, x = s[0] + s[3];
    uint64_t out = ((x << 23) | (x >> 41)) + s[0];
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

/* Uniform in [0, n), n > 0 (Lemire's multiply; the bias is below 2^-32). */
static inline uint32_t mkg__rng_below(mkg__rng *r, uint32_t n)
{
    return (uint32_t)(((mkg__rng_u64(r) >> 32) * n) >> 32);
}

/* Uniform in [0, 1). */
static inline double mkg__rng_double(mkg__rng *r)
{
    return (double)(mkg__rng_u64(r) >> 11) * 0x1p-53;
}

static inline float mkg__rng_float(mkg__rng *r)
{
    return (float)(mkg__rng_u64(r) >> 40) * 0x1p-24f;
}

#endif
