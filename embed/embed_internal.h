/* What the files of embed/ share. */
#ifndef MKG_EMBED_INTERNAL_H
#define MKG_EMBED_INTERNAL_H

#include "base/rng.h"
#include "embed/node2vec.h"

/* Draws from a fixed distribution in O(1): Walker's alias method, as Vose builds it
 * (IEEE Trans. Softw. Eng. 17(9), 1991). */
typedef struct mkg__alias {
    float *keep;     /* (n) probability to stay at the slot that was drawn */
    uint32_t *other; /* (n) where to go if not */
} mkg__alias;

/* Fill keep[0..n) and other[0..n) for weights w[0..n), all > 0. `stack` has room for n.
 */
void mkg__alias_build(const float *w, size_t n, float *keep, uint32_t *other,
                      uint32_t *stack);

static inline uint32_t mkg__alias_draw(const float *keep, const uint32_t *other,
                                       uint32_t n, mkg__rng *r)
{
    uint64_t u = mkg__rng_u64(r);
    uint32_t i = (uint32_t)(((u >> 32) * n) >> 32);
    return (float)(u & 0xffffff) * 0x1p-24f < keep[i] ? i : other[i];
}

/* Skip-gram with negative sampling on one walk.
 *
 * in, out  (n, dim) row-major; updated in place, by several threads at once without
 * locks (Hogwild, Niu et al., NIPS 2011) scratch  (dim) of the thread */
typedef struct mkg__sgns {
    float *in, *out;
    size_t n, dim;
    unsigned window, negative;
    mkg__alias noise; /* over rows */
} mkg__sgns;

void mkg__sgns_walk(const mkg__sgns *s, const uint32_t *walk, size_t length,
                    float alpha, mkg__rng *r, float *scratch);

/* One pair, the plain reference for tests: the loss before the update.
 *   loss = -log sigma(in[c] . out[t0]) - sum over k > 0 of log sigma(-in[c] . out[tk])
 */
double mkg__sgns_pair_ref(float *center, float *const *target, size_t ntargets,
                          size_t dim, float alpha);

#endif
