/* Tables for tens of millions of names in little memory: bytes in blocks that 4-byte
 * references lead to, strings kept once, pairs of numbers. Everything lives until the
 * table is cleared. Zero-initialise. */
#ifndef MKG_INTERN_INTERNAL_H
#define MKG_INTERN_INTERNAL_H

#include "base/base.h"

#include <stdbool.h>

/* A place in a heap, in units of four bytes: 16 GiB can be reached. */
typedef uint32_t mkg__ref;
#define MKG_REF_NONE ((mkg__ref)0)

enum { MKG_HEAP_BITS = 16 }; /* of a reference, within a block of 256 KiB */

typedef struct mkg__heap {
    char **blocks;
    size_t n, cap;
    size_t used;  /* bytes of the last block */
    size_t bytes; /* allocated in all */
    char *
        *chunks; /* what was allocated: several blocks at a time, once there are many */
    size_t nchunks, chunks_cap;
    char *spare; /* blocks of the last chunk that are not in use yet */
    size_t nspare;
} mkg__heap;

/* n bytes, aligned to four; MKG_REF_NONE if there is no memory or the heap is full. */
mkg__ref mkg__heap_alloc(mkg__heap *h, size_t n);
void mkg__heap_clear(mkg__heap *h);
static inline void *mkg__heap_at(const mkg__heap *h, mkg__ref r)
{
    return h->blocks[r >> MKG_HEAP_BITS] +
           ((size_t)(r & ((1u << MKG_HEAP_BITS) - 1)) << 2);
}

/* Strings, each once, with `extra` bytes (a multiple of four, zero at first) beside it.
 * Costs 4 + extra bytes and the text, rounded up to four, and 11 to 21 for its slot. */
typedef struct mkg__intern {
    mkg__heap heap;
    struct mkg__intern_slot *slots;
    size_t n, cap, extra;
} mkg__intern;

/* MKG_REF_NONE if there is no memory. */
mkg__ref mkg__intern_put(mkg__intern *t, const char *p, size_t n);
/* The same with its hash taken before: then what a look-up reads can be fetched into
 * the cache while something else is done, first its slot, later the string. */
uint32_t mkg__intern_hash(const char *p, size_t n);
mkg__ref mkg__intern_put_hashed(mkg__intern *t, const char *p, size_t n, uint32_t hash);
void mkg__intern_fetch_slot(const mkg__intern *t, uint32_t hash);
void mkg__intern_fetch_text(const mkg__intern *t, uint32_t hash);
void mkg__intern_clear(mkg__intern *t);
size_t mkg__intern_bytes(const mkg__intern *t);
static inline void *mkg__intern_extra(const mkg__intern *t, mkg__ref r)
{
    return mkg__heap_at(&t->heap, r);
}
mkg_view mkg__intern_text(const mkg__intern *t, mkg__ref r);
/* All of them in no order: *slot starts at 0; MKG_REF_NONE at the end. */
mkg__ref mkg__intern_each(const mkg__intern *t, size_t *slot);

/* (a, b) -> v, a is not 0. 12 bytes a pair, 16 to 32 with the empty slots. */
typedef struct mkg__pairs {
    struct mkg__pair *slots;
    size_t n, cap;
} mkg__pairs;

/* Made as 0 if it was not there; NULL if there is no memory. Until the next call. */
uint32_t *mkg__pairs_put(mkg__pairs *m, uint32_t a, uint32_t b);
/* 0 if it is not there. */
uint32_t mkg__pairs_get(const mkg__pairs *m, uint32_t a, uint32_t b);
bool mkg__pairs_each(const mkg__pairs *m, size_t *slot, uint32_t *a, uint32_t *b);
void mkg__pairs_clear(mkg__pairs *m);
size_t mkg__pairs_bytes(const mkg__pairs *m);

#endif
