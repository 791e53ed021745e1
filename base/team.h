/* Threads that stay: for work that is cut into very short pieces, thousands a second,
 * where mkg__par_for() would spend its time on starting threads. */
#ifndef MKG_TEAM_H
#define MKG_TEAM_H

#include "base/base.h"

typedef struct mkg__team mkg__team;

/* Work on items [from, to); `thread` is 0 … threads - 1, for scratch space. */
typedef void (*mkg__team_fn)(void *ctx, size_t from, size_t to, unsigned thread);

/* `threads` counts the caller; 0: one for each core. Where the system gives fewer, the
 * team is smaller. Between two jobs the others look for work for some microseconds,
 * then sleep. */
mkg_status mkg__team_new(unsigned threads, mkg__team **out, mkg_err *err);
void mkg__team_free(mkg__team *t);
unsigned mkg__team_threads(const mkg__team *t);

/* Cut [0, n) into blocks of `block` items, work on them with the caller and return when
 * all are done. Allocates nothing. One caller at a time. */
void mkg__team_run(mkg__team *t, size_t n, size_t block, mkg__team_fn fn, void *ctx);

#endif
