/* A ring of blocks: some are made while others are used up, in bounded memory. Internal
 * to embed/. */
#ifndef MKG_RING_H
#define MKG_RING_H

#include "base/base.h"

#include <stdbool.h>

/* Make or use block number `block`, which lies in `slot`. */
typedef mkg_status (*mkg__ring_fn)(void *ctx, size_t block, size_t slot,
                                   unsigned thread, mkg_err *err);

typedef struct mkg__ring_work {
    size_t blocks, slots; /* of the ring: 2 at least */
    mkg__ring_fn make, use;
    void *ctx;
    bool ordered; /* one block is used at a time, in the order of their numbers */
} mkg__ring_work;

/* Make and use all blocks on `threads` threads, of which the caller is number 0. What
 * is full is used before more is made. Blocks are made in any order. The first failure
 * stops all and is returned. */
mkg_status mkg__ring_run(unsigned threads, const mkg__ring_work *work, mkg_err *err);

#endif
