/* Blocks that a thread of its own fills while the caller works on those before: reading
 * ahead in bounded memory. */
#ifndef MKG_RELAY_H
#define MKG_RELAY_H

#include "base/base.h"

#include <stdbool.h>

/* Fill block number `slot`; false: it is the last. What goes wrong is left in the block
 * for the caller. Called on one thread at a time. */
typedef bool (*mkg__relay_fn)(void *ctx, size_t slot);

typedef struct mkg__relay mkg__relay;

/* A ring of `slots` blocks, 2 at least, which belong to `ctx`. */
mkg_status mkg__relay_new(size_t slots, mkg__relay_fn fn, void *ctx, mkg__relay **out,
                          mkg_err *err);
/* Stops filling and waits for the thread. */
void mkg__relay_free(mkg__relay *r);

/* Give the block back that was had last, and have the next: it is the caller's until
 * then. False behind the last. The first is filled by the caller itself, so what fits
 * into one block needs no thread; without a thread all are: slower, not wrong. */
bool mkg__relay_next(mkg__relay *r, size_t *slot);

#endif
