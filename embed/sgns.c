/* Windows of a walk into blocks for the kernels, as word2vec cuts them: the vector of a
 * neighbour predicts the node at the centre. */
#include "embed/sgns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEGATIVE_MAX = 64 };

#if defined(__x86_64__)
extern mkg__sgns_kernel *const mkg__sgns_avx2, *const mkg__sgns_avx512;
#endif

/* The plain loops, which the others are tested against. */
MKG_RACES void mkg__sgns_ref(mkg__sgns_block *b)
{
    float g[MKG_SGNS_INPUTS][MKG_SGNS_TARGETS];
    for (size_t i = 0; i < b->m; i++)
        for (size_t j = 0; j < b->t; j++) {
            float dot = 0;
            for (size_t k = 0; k < b->stride; k++)
                dot += b->in[i][k] * b->out[j][k];
            float label = j == 0 && b->positive ? 1 : 0;
            g[i][j] = b->alpha * (label - 1 / (1 + expf(-dot)));
        }
    for (size_t k = 0; k < b->stride; k++) {
        float out[MKG_SGNS_TARGETS], grad[MKG_SGNS_TARGETS] = {0};
        for (size_t j = 0; j < b->t; j++)
            out[j] = b->out[j][k];
        for (size_t i = 0; i < b->m; i++) {
            float x = b->in[i][k], y = x;
            for (size_t j = 0; j < b->t; j++) {
                grad[j] += g[i][j] * x;
                y += g[i][j] * out[j];
            }
            b->in[i][k] = y;
        }
        for (size_t j = 0; j < b->t; j++)
            b->out[j][k] += grad[j];
    }
}

mkg__sgns_kernel *mkg__sgns_kernel_named(const char *name)
{
    if (strcmp(name, "ref") == 0) return mkg__sgns_ref;
#if defined(__x86_64__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(name, "avx2") == 0 && avx2) return mkg__sgns_avx2;
    if (strcmp(name, "avx512") == 0 && avx2 && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq"))
        return mkg__sgns_avx512;
#endif
    return NULL;
}

mkg__sgns_kernel *mkg__sgns_kernel_best(void)
{
    static const char *const order[] = {"avx512", "avx2", "ref"};
    const char *wanted = getenv("MEDKG_KERNELS");
    mkg__sgns_kernel *k = wanted ? mkg__sgns_kernel_named(wanted) : NULL;
    for (size_t i = 0; !k; i++)
        k = mkg__sgns_kernel_named(order[i]);
    return k;
}

/* Frequent nodes are dropped now and then, as word2vec drops frequent words. */
static size_t thin_out(const mkg__sgns *s, uint32_t *walk, size_t length, mkg__rng *r)
{
    size_t n = 0;
    if (!s->spare) return length;
    for (size_t i = 0; i < length; i++) {
        uint32_t spare = s->spare[walk[i]];
        if (spare == UINT32_MAX || (uint32_t)(mkg__rng_u64(r) >> 32) <= spare)
            walk[n++] = walk[i];
    }
    return n;
}

static inline void prefetch(const float *row, size_t stride)
{
    for (size_t k = 0; k < stride; k += 16)
        __builtin_prefetch(row + k, 1, 3);
}

/* The negatives of the next window, on their way to the cache. */
static void draw(const mkg__sgns *s, float **row, mkg__rng *r)
{
    for (unsigned j = 0; j < s->negative; j++) {
        uint32_t node = mkg__alias_draw(s->noise, (uint32_t)s->n, r);
        row[j] = s->out + (size_t)node * s->stride;
        prefetch(row[j], s->stride);
    }
}

/* The inputs that are in the block against the centre and the negatives, in groups that
 * the kernels take. */
static void train_block(const mkg__sgns *s, mkg__sgns_block *b, float *centre,
                        float *const *negative)
{
    b->out[0] = centre;
    b->t = 1;
    b->positive = true;
    for (unsigned j = 0; j < s->negative; j++) {
        if (negative[j] != centre) b->out[b->t++] = negative[j];
        if (b->t == MKG_SGNS_TARGETS) {
            s->kernel(b);
            b->t = 0;
            b->positive = false;
        }
    }
    if (b->t) s->kernel(b);
}

/* The neighbours of a window go in groups of eight: in one product they would all see
 * the centre as it was before, and where a walk comes by the same nodes again and again
 * the steps add up to too long a one. */
void mkg__sgns_walk(const mkg__sgns *s, uint32_t *walk, size_t length, float alpha,
                    mkg__rng *r)
{
    mkg__sgns_block b = {.stride = s->stride, .alpha = alpha};
    float *negative[2][NEGATIVE_MAX];

    length = thin_out(s, walk, length, r);
    if (length < 2) return;
    draw(s, negative[0], r);
    for (size_t i = 0; i < length; i++) {
        size_t reach = 1 + mkg__rng_below(r, s->window);
        size_t from = i > reach ? i - reach : 0;
        size_t to = length - i > reach ? i + reach + 1 : length;
        float *centre = s->out + (size_t)walk[i] * s->stride;
        if (i + 1 < length) {
            prefetch(s->out + (size_t)walk[i + 1] * s->stride, s->stride);
            draw(s, negative[(i + 1) % 2], r);
        }
        b.m = 0;
        for (size_t k = from; k < to; k++) {
            if (k != i) b.in[b.m++] = s->in + (size_t)walk[k] * s->stride;
            if (b.m == MKG_SGNS_INPUTS || (k + 1 == to && b.m)) {
                train_block(s, &b, centre, negative[i % 2]);
                b.m = 0;
            }
        }
    }
}
