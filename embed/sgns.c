/* Skip-gram with negative sampling (Mikolov et al., NIPS 2013, eq. 4), as word2vec
 * trains it: the neighbour's input vector predicts the word at the centre of the
 * window. */
#include "embed/embed_internal.h"

#include <math.h>

/* Several threads update the same vectors without locks: that loses an update now and
 * then and is what makes it fast (Hogwild). The race is wanted, so the thread sanitizer
 * is told not to look at these functions. */
#if defined(__SANITIZE_THREAD__)
#define RACES __attribute__((no_sanitize("thread"), noinline))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RACES __attribute__((no_sanitize("thread"), noinline))
#endif
#endif
#ifndef RACES
#define RACES
#endif

enum { NEGATIVE_MAX = 64 };

static inline float sigmoid(float x)
{
    if (x > 15) return 1;
    if (x < -15) return 0;
    return 1 / (1 + expf(-x));
}

/* in, out (dim): out' = out + g in; grad += g out, where g = alpha (label - sigma). */
#define PAIR_BODY                                                                      \
    do {                                                                               \
        float dot = 0;                                                                 \
        _Pragma("omp simd reduction(+ : dot)") for (size_t i = 0; i < dim; i++) dot += \
            in[i] * out[i];                                                            \
        float g = alpha * (label - sigmoid(dot));                                      \
        _Pragma("omp simd") for (size_t i = 0; i < dim; i++)                           \
        {                                                                              \
            float o = out[i];                                                          \
            grad[i] += g * o;                                                          \
            out[i] = o + g * in[i];                                                    \
        }                                                                              \
    } while (0)

#define ADD_BODY                                                                       \
    do {                                                                               \
        _Pragma("omp simd") for (size_t i = 0; i < dim; i++)                           \
        {                                                                              \
            in[i] += grad[i];                                                          \
            grad[i] = 0;                                                               \
        }                                                                              \
    } while (0)

typedef void pair_fn(const float *restrict in, float *restrict out,
                     float *restrict grad, size_t dim, float label, float alpha);
typedef void add_fn(float *restrict in, float *restrict grad, size_t dim);

RACES static void pair_plain(const float *restrict in, float *restrict out,
                             float *restrict grad, size_t dim, float label, float alpha)
{
    PAIR_BODY;
}

RACES static void add_plain(float *restrict in, float *restrict grad, size_t dim)
{
    ADD_BODY;
}

#if defined(__x86_64__)
/* The same loops, compiled for wider registers. */
__attribute__((target("avx2"))) RACES static void
pair_avx2(const float *restrict in, float *restrict out, float *restrict grad,
          size_t dim, float label, float alpha)
{
    PAIR_BODY;
}

__attribute__((target("avx2"))) RACES static void
add_avx2(float *restrict in, float *restrict grad, size_t dim)
{
    ADD_BODY;
}
#endif

/* One input vector against the centre and its noise. */
RACES static void train_one(const mkg__sgns *s, float *in, const uint32_t *targets,
                            size_t n, float alpha, float *grad, pair_fn *pair,
                            add_fn *add)
{
    for (size_t k = 0; k < n; k++)
        pair(in, s->out + (size_t)targets[k] * s->dim, grad, s->dim, k == 0, alpha);
    add(in, grad, s->dim);
}

void mkg__sgns_walk(const mkg__sgns *s, const uint32_t *walk, size_t length,
                    float alpha, mkg__rng *r, float *scratch)
{
    uint32_t targets[NEGATIVE_MAX + 1];
    pair_fn *pair = pair_plain;
    add_fn *add = add_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        pair = pair_avx2;
        add = add_avx2;
    }
#endif
    for (size_t i = 0; i < s->dim; i++)
        scratch[i] = 0;
    for (size_t i = 0; i < length; i++) {
        size_t reach = 1 + mkg__rng_below(r, s->window);
        size_t from = i > reach ? i - reach : 0;
        size_t to = length - i > reach ? i + reach + 1 : length;
        targets[0] = walk[i];
        for (size_t k = from; k < to; k++) {
            if (k == i) continue;
            size_t n = 1;
            for (unsigned j = 0; j < s->negative; j++) {
                uint32_t noise =
                    mkg__alias_draw(s->noise.keep, s->noise.other, (uint32_t)s->n, r);
                if (noise != walk[i]) targets[n++] = noise;
            }
            train_one(s, s->in + (size_t)walk[k] * s->dim, targets, n, alpha, scratch,
                      pair, add);
        }
    }
}

double mkg__sgns_pair_ref(float *center, float *const *target, size_t ntargets,
                          size_t dim, float alpha)
{
    double loss = 0;
    float grad[4096] = {0};
    for (size_t k = 0; k < ntargets; k++) {
        double dot = 0;
        for (size_t i = 0; i < dim; i++)
            dot += (double)center[i] * (double)target[k][i];
        loss += log1p(exp(k == 0 ? -dot : dot));
    }
    for (size_t k = 0; k < ntargets; k++)
        pair_plain(center, target[k], grad, dim, k == 0, alpha);
    add_plain(center, grad, dim);
    return loss;
}
