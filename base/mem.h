/* Memory: an allocator that tests can make fail, checked sizes, arenas, buffers. */
#ifndef MKG_MEM_H
#define MKG_MEM_H

#include "base/base.h"

#include <stdbool.h>

void *mkg__malloc(size_t n);
void *mkg__calloc(size_t n, size_t size);
void *mkg__realloc(void *p, size_t n);
void mkg__free(void *p);
/* 64-byte aligned, zeroed; freed with mkg__free(). */
void *mkg__aligned(size_t n);
/* For blocks of megabytes: in huge pages where the system gives them, which spares most
 * faults and look-ups of addresses. Not zeroed; freed with mkg__free(). */
void *mkg__large(size_t n);
char *mkg__strdup(const char *s);
/* NUL-terminated copy of a view. */
char *mkg__viewdup(mkg_view v);

/* a * b into *out; false on overflow. */
bool mkg__mul(size_t a, size_t b, size_t *out);

/* Fault injection for tests: the n-th allocation from now on fails (n >= 1), and all
 * after it; 0 switches it off. */
void mkg__alloc_fail_after(long n);

/* For tests: true begins to count, false ends and gives the most bytes that were
 * allocated at one time since. What was allocated before does not count. */
size_t mkg__alloc_count(bool on);

/* Make room for `need` elements in a growing array; false when out of memory, the
 * array being as it was. `array` is the address of the element pointer. */
bool mkg__grow(void *array, size_t *cap, size_t need, size_t elem_size);

/* Things that die together. */
typedef struct mkg__arena {
    struct mkg__chunk *head;
    size_t bytes; /* handed out so far */
} mkg__arena;

void *mkg__arena_alloc(mkg__arena *a,
                       size_t n); /* 16-byte aligned, NULL if no memory */
/* NUL-terminated copy. */
char *mkg__arena_dup(mkg__arena *a, const char *p, size_t n);
void mkg__arena_clear(mkg__arena *a);

/* Growing bytes. After a failed append `failed` stays set, so that a run of appends can
 * be checked once at its end. */
typedef struct mkg__buf {
    char *ptr;
    size_t len, cap;
    bool failed;
} mkg__buf;

void mkg__buf_clear(mkg__buf *b);
/* Room for n bytes behind the last, and one more; false, and `failed`, if there is
 * none.
 */
bool mkg__buf_room(mkg__buf *b, size_t n);
void mkg__buf_put(mkg__buf *b, const void *p, size_t n);
void mkg__buf_byte(mkg__buf *b, unsigned char c);
void mkg__buf_str(mkg__buf *b, const char *s);
void mkg__buf_printf(mkg__buf *b, const char *fmt, ...) MKG_PRINTF(2, 3);
/* LEB128, and its reader: false when the view ends too soon. */
void mkg__buf_varint(mkg__buf *b, uint64_t v);
bool mkg__get_varint(const char **p, const char *end, uint64_t *v);
/* NUL-terminated contents; "" when empty; NULL if an append failed. */
const char *mkg__buf_cstr(mkg__buf *b);

static inline mkg_view mkg__view(const char *p, size_t n)
{
    mkg_view v = {p, n};
    return v;
}

#endif
