#include "kg/intern_internal.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum {
    BLOCK = 4 << MKG_HEAP_BITS,
    FEW = 16,   /* blocks, before which they are allocated one by one */
    AT_ONCE = 8 /* from then on: a huge page of the machine */
};

/* ---- heap ---- */

/* n blocks in a row. */
static char *new_chunk(mkg__heap *h, size_t n)
{
    if (!mkg__grow(&h->chunks, &h->chunks_cap, h->nchunks + 1, sizeof *h->chunks))
        return NULL;
    char *p = mkg__large(n * BLOCK);
    if (!p) return NULL;
    h->chunks[h->nchunks++] = p;
    h->bytes += n * BLOCK;
    return p;
}

static bool add_block(mkg__heap *h, size_t bytes)
{
    size_t places = (bytes + BLOCK - 1) / BLOCK; /* a long string takes several */
    size_t most = (size_t)1 << (32 - MKG_HEAP_BITS);
    char *p;
    if (places > most || h->n > most - places ||
        !mkg__grow(&h->blocks, &h->cap, h->n + places, sizeof *h->blocks))
        return false;
    if (places > 1) {
        if (!(p = new_chunk(h, places))) return false;
    } else {
        if (h->nspare == 0) {
            size_t n = h->n < FEW ? 1 : AT_ONCE;
            if (!(h->spare = new_chunk(h, n))) return false;
            h->nspare = n;
        }
        p = h->spare;
        h->spare += BLOCK;
        h->nspare--;
    }
    h->blocks[h->n++] = p;
    for (size_t i = 1; i < places; i++)
        h->blocks[h->n++] = NULL; /* no reference leads into the middle */
    return true;
}

mkg__ref mkg__heap_alloc(mkg__heap *h, size_t n)
{
    if (n > SIZE_MAX - BLOCK) return MKG_REF_NONE;
    n = (n + 3) / 4 * 4;
    if (h->n == 0 || n > BLOCK - h->used) {
        if (!add_block(h, h->n ? n : n + 4)) return MKG_REF_NONE;
        h->used = h->n == 1 ? 4 : 0; /* 0 is no reference */
        if (n > BLOCK - h->used) {
            /* Alone in its blocks; the next goes into new ones. */
            size_t first = h->n - (n + h->used + BLOCK - 1) / BLOCK;
            mkg__ref r = (mkg__ref)((first << MKG_HEAP_BITS) + h->used / 4);
            h->used = BLOCK;
            return r;
        }
    }
    mkg__ref r = (mkg__ref)(((h->n - 1) << MKG_HEAP_BITS) + h->used / 4);
    h->used += n;
    return r;
}

void mkg__heap_clear(mkg__heap *h)
{
    for (size_t i = 0; i < h->nchunks; i++)
        mkg__free(h->chunks[i]);
    mkg__free(h->chunks);
    mkg__free(h->blocks);
    memset(h, 0, sizeof *h);
}

/* ---- strings ---- */

struct mkg__intern_slot {
    uint32_t hash;
    mkg__ref item; /* extra bytes, length, text */
};

static uint32_t length_of(const mkg__intern *t, mkg__ref r)
{
    uint32_t n;
    memcpy(&n, (char *)mkg__heap_at(&t->heap, r) + t->extra, sizeof n);
    return n;
}

mkg_view mkg__intern_text(const mkg__intern *t, mkg__ref r)
{
    const char *item = mkg__heap_at(&t->heap, r);
    return mkg__view(item + t->extra + 4, length_of(t, r));
}

static bool enlarge(mkg__intern *t)
{
    size_t cap = t->cap ? t->cap * 2 : 64;
    struct mkg__intern_slot *slots = mkg__large(cap * sizeof *slots);
    if (!slots) return false;
    memset(slots, 0, cap * sizeof *slots);
    for (size_t i = 0; i < t->cap; i++) {
        if (!t->slots[i].item) continue;
        size_t k = t->slots[i].hash & (cap - 1);
        while (slots[k].item)
            k = (k + 1) & (cap - 1);
        slots[k] = t->slots[i];
    }
    mkg__free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return true;
}

uint32_t mkg__intern_hash(const char *p, size_t n)
{
    return (uint32_t)mkg__hash64(n ? p : "", n, 0);
}

void mkg__intern_fetch_slot(const mkg__intern *t, uint32_t hash)
{
    if (t->cap) __builtin_prefetch(&t->slots[hash & (t->cap - 1)]);
}

void mkg__intern_fetch_text(const mkg__intern *t, uint32_t hash)
{
    for (size_t k = 0; k < 8 && t->cap; k++) { /* those of one cache line, about */
        const struct mkg__intern_slot *s = &t->slots[(hash + k) & (t->cap - 1)];
        if (!s->item) return;
        if (s->hash != hash) continue;
        const char *item = mkg__heap_at(&t->heap, s->item);
        __builtin_prefetch(item);
        __builtin_prefetch(item + 48);
        return;
    }
}

mkg__ref mkg__intern_put(mkg__intern *t, const char *p, size_t n)
{
    return mkg__intern_put_hashed(t, p, n, mkg__intern_hash(p, n));
}

mkg__ref mkg__intern_put_hashed(mkg__intern *t, const char *p, size_t n, uint32_t hash)
{
    if (n > UINT32_MAX / 2) return MKG_REF_NONE;
    if (t->n * 4 >= t->cap * 3 && !enlarge(t)) return MKG_REF_NONE;
    size_t i = hash & (t->cap - 1);
    for (; t->slots[i].item; i = (i + 1) & (t->cap - 1)) {
        if (t->slots[i].hash != hash) continue;
        mkg_view text = mkg__intern_text(t, t->slots[i].item);
        if (text.len == n && memcmp(text.ptr, n ? p : "", n) == 0)
            return t->slots[i].item;
    }
    mkg__ref r = mkg__heap_alloc(&t->heap, t->extra + 4 + n);
    if (!r) return r;
    char *item = mkg__heap_at(&t->heap, r);
    uint32_t length = (uint32_t)n;
    memset(item, 0, t->extra);
    memcpy(item + t->extra, &length, 4);
    if (n) memcpy(item + t->extra + 4, p, n);
    t->slots[i].hash = hash;
    t->slots[i].item = r;
    t->n++;
    return r;
}

mkg__ref mkg__intern_each(const mkg__intern *t, size_t *slot)
{
    while (*slot < t->cap) {
        mkg__ref r = t->slots[(*slot)++].item;
        if (r) return r;
    }
    return MKG_REF_NONE;
}

void mkg__intern_clear(mkg__intern *t)
{
    mkg__heap_clear(&t->heap);
    mkg__free(t->slots);
    t->slots = NULL;
    t->n = t->cap = 0;
}

size_t mkg__intern_bytes(const mkg__intern *t)
{
    return t->heap.bytes + t->cap * sizeof *t->slots;
}

/* ---- pairs ---- */

struct mkg__pair {
    uint32_t a, b, v;
};

static struct mkg__pair *probe(const mkg__pairs *m, uint32_t a, uint32_t b)
{
    uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(x >> 20) & (m->cap - 1);
    while (m->slots[i].a && (m->slots[i].a != a || m->slots[i].b != b))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

uint32_t mkg__pairs_get(const mkg__pairs *m, uint32_t a, uint32_t b)
{
    return m->cap ? probe(m, a, b)->v : 0;
}

uint32_t *mkg__pairs_put(mkg__pairs *m, uint32_t a, uint32_t b)
{
    if (m->n * 4 >= m->cap * 3) {
        size_t cap = m->cap ? m->cap * 2 : 64;
        mkg__pairs bigger = {mkg__calloc(cap, sizeof *bigger.slots), m->n, cap};
        if (!bigger.slots) return NULL;
        for (size_t i = 0; i < m->cap; i++)
            if (m->slots[i].a)
                *probe(&bigger, m->slots[i].a, m->slots[i].b) = m->slots[i];
        mkg__free(m->slots);
        *m = bigger;
    }
    struct mkg__pair *p = probe(m, a, b);
    if (!p->a) {
        p->a = a;
        p->b = b;
        m->n++;
    }
    return &p->v;
}

bool mkg__pairs_each(const mkg__pairs *m, size_t *slot, uint32_t *a, uint32_t *b)
{
    while (*slot < m->cap) {
        const struct mkg__pair *p = &m->slots[(*slot)++];
        if (!p->a) continue;
        *a = p->a;
        *b = p->b;
        return true;
    }
    return false;
}

void mkg__pairs_clear(mkg__pairs *m)
{
    mkg__free(m->slots);
    memset(m, 0, sizeof *m);
}

size_t mkg__pairs_bytes(const mkg__pairs *m)
{
    return m->cap * sizeof *m->slots;
}
