/* Threads: work cut into fixed blocks, handed out one at a time. */
#ifndef MKG_POOL_H
#define MKG_POOL_H

#include "base/base.h"

/* Work on items [from, to). `thread` is 0 .. threads-1, for scratch space. A failure
 * stops the handing out; the first one is returned. */
typedef mkg_status (*mkg__block_fn)(void *ctx, size_t from, size_t to, unsigned thread,
                                    mkg_err *err);

/* Cut [0, n) into blocks of `block` items and run them on `threads` threads (the caller
 * is one of them). threads = 0 means one for each core. */
mkg_status mkg__par_for(unsigned threads, size_t n, size_t block, mkg__block_fn fn,
                        void *ctx, mkg_err *err);

unsigned mkg__cores(void);

/* Seconds from a monotonic clock. */
double mkg__now(void);

#endif
