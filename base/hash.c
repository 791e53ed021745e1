#include "base/hash.h"

#include "base/mem.h"

#include <sodium.h>
#include <string.h>
#include <xxhash.h>

uint64_t mkg__hash64(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

mkg__u128 mkg__hash128(const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(p, n);
    mkg__u128 u = {h.low64, h.high64};
    return u;
}

struct mkg__sha256 {
    crypto_hash_sha256_state state;
};

mkg__sha256 *mkg__sha256_new(void)
{
    mkg__sha256 *h = mkg__malloc(sizeof *h);
    if (h) crypto_hash_sha256_init(&h->state);
    return h;
}

void mkg__sha256_add(mkg__sha256 *h, const void *p, size_t n)
{
    crypto_hash_sha256_update(&h->state, p, n);
}

void mkg__sha256_end(mkg__sha256 *h, unsigned char out[MKG_SHA256_BYTES])
{
    crypto_hash_sha256_final(&h->state, out);
}

void mkg__sha256_free(mkg__sha256 *h)
{
    mkg__free(h);
}

void mkg__hex(const unsigned char *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

struct mkg__slot {
    const char *key; /* NULL: free */
    uint32_t len;
    uint32_t tag; /* upper half of the hash, to skip most comparisons */
    mkg_id id;
};

struct mkg__map_keys {
    mkg__arena arena;
};

static struct mkg__slot *probe(const mkg__map *m, const void *key, size_t n, uint64_t h)
{
    size_t mask = m->cap - 1;
    for (size_t i = (size_t)h & mask;; i = (i + 1) & mask) {
        struct mkg__slot *s = &m->slots[i];
        if (!s->key) return s;
        if (s->tag == (uint32_t)(h >> 32) && s->len == n && memcmp(s->key, key, n) == 0)
            return s;
    }
}

static bool rehash(mkg__map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 64;
    mkg__map bigger = {mkg__calloc(cap, sizeof *bigger.slots), m->n, cap, m->keys};
    if (!bigger.slots) return false;
    for (size_t i = 0; i < m->cap; i++) {
        struct mkg__slot *s = &m->slots[i];
        if (s->key)
            *probe(&bigger, s->key, s->len, mkg__hash64(s->key, s->len, 0)) = *s;
    }
    mkg__free(m->slots);
    *m = bigger;
    return true;
}

mkg_id *mkg__map_put(mkg__map *m, const void *key, size_t n)
{
    if (n > UINT32_MAX) return NULL;
    if (n == 0) key = ""; /* which may be NULL */
    if (!m->keys && !(m->keys = mkg__calloc(1, sizeof *m->keys))) return NULL;
    if (m->n * 4 >= m->cap * 3 && !rehash(m)) return NULL;
    uint64_t h = mkg__hash64(key, n, 0);
    struct mkg__slot *s = probe(m, key, n, h);
    if (!s->key) {
        const char *copy = mkg__arena_dup(&m->keys->arena, key, n);
        if (!copy) return NULL;
        s->key = copy;
        s->len = (uint32_t)n;
        s->tag = (uint32_t)(h >> 32);
        s->id = MKG_ID_NONE;
        m->n++;
    }
    return &s->id;
}

const mkg_id *mkg__map_get(const mkg__map *m, const void *key, size_t n)
{
    if (!m->cap || n > UINT32_MAX) return NULL;
    if (n == 0) key = "";
    struct mkg__slot *s = probe(m, key, n, mkg__hash64(key, n, 0));
    return s->key ? &s->id : NULL;
}

void mkg__map_clear(mkg__map *m)
{
    if (m->keys) mkg__arena_clear(&m->keys->arena);
    mkg__free(m->keys);
    mkg__free(m->slots);
    memset(m, 0, sizeof *m);
}
