/* Draws from a fixed distribution in O(1): Walker's alias method, as Vose builds it
 * (IEEE Trans. Softw. Eng. 17(9), 1991). Internal to embed/. */
#ifndef MKG_ALIAS_H
#define MKG_ALIAS_H

#include "base/base.h"
#include "base/rng.h"

#include <stdbool.h>

typedef struct mkg__slot {
    float keep;     /* probability to stay at the slot that was drawn */
    uint32_t other; /* where to go if not */
} mkg__slot;

/* Fill slot[0..n) for weights w[0..n), all > 0. `stack` has room for n. */
void mkg__alias_build(const float *w, size_t n, mkg__slot *slot, uint32_t *stack);

static inline uint32_t mkg__alias_draw(const mkg__slot *slot, uint32_t n, mkg__rng *r)
{
    uint64_t u = mkg__rng_u64(r);
    uint32_t i = (uint32_t)(((u >> 32) * n) >> 32);
    return (float)(u & 0xffffff) * 0x1p-24f < slot[i].keep ? i : slot[i].other;
}

#endif
