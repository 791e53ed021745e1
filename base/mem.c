#define _DEFAULT_SOURCE /* madvise() */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_long fail_after; /* 0 is off */

void mkg__alloc_fail_after(long n)
{
    atomic_store(&fail_after, n);
}

static bool must_fail(void)
{
    long n = atomic_load_explicit(&fail_after, memory_order_relaxed);
    if (n == 0) return false;
    if (n == 1) return true;
    return atomic_fetch_sub(&fail_after, 1) <= 1;
}

static atomic_bool counting;
static atomic_llong live, most;

size_t mkg__alloc_count(bool on)
{
    long long peak = atomic_load(&most);
    if (on) {
        atomic_store(&live, 0);
        atomic_store(&most, 0);
    }
    atomic_store(&counting, on);
    return (size_t)peak;
}

/* Add what a block takes (sign 1), or take it off (-1). */
static void *count(void *p, int sign)
{
    if (!p || !atomic_load_explicit(&counting, memory_order_relaxed)) return p;
    long long change = sign * (long long)malloc_usable_size(p);
    long long now = atomic_fetch_add(&live, change) + change, peak = atomic_load(&most);
    while (now > peak && !atomic_compare_exchange_weak(&most, &peak, now))
        ;
    return p;
}

void *mkg__malloc(size_t n)
{
    return must_fail() ? NULL : count(malloc(n ? n : 1), 1);
}

void *mkg__calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : count(calloc(n ? n : 1, size ? size : 1), 1);
}

void *mkg__realloc(void *p, size_t n)
{
    if (must_fail()) return NULL;
    count(p, -1);
    void *q = realloc(p, n ? n : 1);
    count(q ? q : p, 1); /* without room the old block stays */
    return q;
}

void mkg__free(void *p)
{
    count(p, -1);
    free(p);
}

void *mkg__aligned(size_t n)
{
    if (n > SIZE_MAX - 64 || must_fail()) return NULL;
    size_t bytes = (n + 63) / 64 * 64;
    void *p = aligned_alloc(64, bytes ? bytes : 64);
    if (p) memset(p, 0, bytes ? bytes : 64);
    return p;
}

void *mkg__large(size_t n)
{
    const size_t huge = (size_t)2 << 20;
    if (n < huge || n > SIZE_MAX - huge) return mkg__malloc(n);
    if (must_fail()) return NULL;
    size_t bytes = (n + huge - 1) / huge * huge;
    void *p = aligned_alloc(huge, bytes);
#ifdef MADV_HUGEPAGE
    if (p) madvise(p, bytes, MADV_HUGEPAGE); /* where it fails it is slower */
#endif
    return count(p, 1);
}

char *mkg__viewdup(mkg_view v)
{
    if (v.len == SIZE_MAX) return NULL;
    char *s = mkg__malloc(v.len + 1);
    if (!s) return NULL;
    if (v.len) memcpy(s, v.ptr, v.len);
    s[v.len] = '\0';
    return s;
}

char *mkg__strdup(const char *s)
{
    return mkg__viewdup(mkg__view(s, strlen(s)));
}

bool mkg__mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool mkg__grow(void *array, size_t *cap, size_t need, size_t elem_size)
{
    void *old;
    size_t bytes, n = *cap;

    if (need <= n) return true;
    n = n < 8 ? 8 : n;
    while (n < need) {
        if (n > SIZE_MAX / 2) return false;
        n += n / 2;
    }
    if (!mkg__mul(n, elem_size, &bytes)) return false;
    memcpy(&old, array, sizeof old); /* the element type is not known here */
    void *p = mkg__realloc(old, bytes);
    if (!p) return false;
    memcpy(array, &p, sizeof p);
    *cap = n;
    return true;
}

struct mkg__chunk {
    struct mkg__chunk *next;
    size_t used, size;
    _Alignas(16) char data[];
};

void *mkg__arena_alloc(mkg__arena *a, size_t n)
{
    if (n > SIZE_MAX / 2) return NULL;
    n = (n + 15) / 16 * 16;
    struct mkg__chunk *c = a->head;
    if (!c || c->size - c->used < n) {
        /* Chunks grow with the arena: a question stays small, a file is few chunks. */
        size_t size = a->bytes < 4096 ? 4096 : a->bytes;
        if (size > (1u << 20)) size = 1u << 20;
        if (size < n) size = n;
        c = mkg__malloc(sizeof *c + size);
        if (!c) return NULL;
        c->next = a->head;
        c->used = 0;
        c->size = size;
        a->head = c;
    }
    void *p = c->data + c->used;
    c->used += n;
    a->bytes += n;
    return p;
}

char *mkg__arena_dup(mkg__arena *a, const char *p, size_t n)
{
    char *s = mkg__arena_alloc(a, n + 1);
    if (!s) return NULL;
    if (n) memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

void mkg__arena_clear(mkg__arena *a)
{
    while (a->head) {
        struct mkg__chunk *next = a->head->next;
        mkg__free(a->head);
        a->head = next;
    }
    a->bytes = 0;
}

void mkg__buf_clear(mkg__buf *b)
{
    mkg__free(b->ptr);
    memset(b, 0, sizeof *b);
}

bool mkg__buf_room(mkg__buf *b, size_t n)
{
    if (b->failed || n > SIZE_MAX - b->len - 1 ||
        !mkg__grow(&b->ptr, &b->cap, b->len + n + 1, 1)) {
        b->failed = true;
        return false;
    }
    return true;
}

void mkg__buf_put(mkg__buf *b, const void *p, size_t n)
{
    if (!mkg__buf_room(b, n)) return;
    if (n) memcpy(b->ptr + b->len, p, n);
    b->len += n;
}

void mkg__buf_byte(mkg__buf *b, unsigned char c)
{
    mkg__buf_put(b, &c, 1);
}

void mkg__buf_str(mkg__buf *b, const char *s)
{
    mkg__buf_put(b, s, strlen(s));
}

void mkg__buf_printf(mkg__buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if (mkg__buf_room(b, (size_t)n)) {
        vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

void mkg__buf_varint(mkg__buf *b, uint64_t v)
{
    unsigned char tmp[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        tmp[n++] = (unsigned char)(v | 0x80);
    tmp[n++] = (unsigned char)v;
    mkg__buf_put(b, tmp, n);
}

bool mkg__get_varint(const char **p, const char *end, uint64_t *v)
{
    uint64_t out = 0;
    for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
        unsigned char c = (unsigned char)*(*p)++;
        out |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            *v = out;
            return true;
        }
    }
    return false;
}

const char *mkg__buf_cstr(mkg__buf *b)
{
    if (b->failed) return NULL;
    if (!b->ptr) return "";
    b->ptr[b->len] = '\0'; /* mkg__buf_room() always leaves room for it */
    return b->ptr;
}
