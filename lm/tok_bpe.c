/* Byte-level BPE. The vocabulary writes each byte as a printable character; here all
 * is undone to bytes when it is loaded, so that text is never rewritten. */
#include "lm/tok_internal.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

/* The byte that a character of GPT-2's alphabet stands for: printable Latin-1 stands
 * for itself, the other 68 bytes, in order, are U+0100 and on. -1: not one of them. */
static int byte_of(uint32_t c)
{
    if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xac) ||
        (c >= 0xae && c <= 0xff))
        return (int)c;
    if (c < 0x100 || c > 0x143) return -1;
    c -= 0x100;
    if (c <= 0x20) return (int)c;                 /* 0x00 – 0x20 */
    if (c <= 0x42) return (int)(c - 0x21 + 0x7f); /* 0x7f – 0xa0 */
    return 0xad;
}

bool mkg__bpe_bytes(const char *s, size_t n, char *out, size_t *len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        int b = byte_of(p[i]);
        if (p[i] >= 0x80) { /* the alphabet ends at U+0143: two bytes at most */
            bool two =
                p[i] >= 0xc2 && p[i] <= 0xc5 && i + 1 < n && (p[i + 1] & 0xc0) == 0x80;
            b = two ? byte_of((p[i] & 0x1fu) << 6 | (p[i + 1] & 0x3fu)) : -1;
            i++;
        }
        if (b < 0) {
            memcpy(out, s, n);
            *len = n;
            return false;
        }
        out[k++] = (char)b;
    }
    *len = k;
    return true;
}

static size_t pair_slot(uint64_t key, size_t mask)
{
    key *= 0x9e3779b97f4a7c15u;
    return (size_t)(key >> 32 ^ key >> 12) & mask;
}

static const mkg__pair *find_pair(const mkg_tok *t, uint32_t left, uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = pair_slot(key, t->pair_mask);
    for (; t->pairs[i].id != MKG_TOKEN_NONE; i = (i + 1) & t->pair_mask)
        if (t->pairs[i].key == key) return &t->pairs[i];
    return NULL;
}

/* The first of equal pairs stays. There is always an empty slot. */
static void put_pair(mkg_tok *t, uint32_t left, uint32_t right, uint32_t rank,
                     uint32_t id)
{
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = pair_slot(key, t->pair_mask);
    for (; t->pairs[i].id != MKG_TOKEN_NONE; i = (i + 1) & t->pair_mask)
        if (t->pairs[i].key == key) return;
    t->pairs[i] = (mkg__pair){.key = key, .rank = rank, .id = id};
}

/* Merges are read a block at a time: the memory for all their look-ups is on its way
 * before the first of them is looked up. */
enum { BLOCK = 32 };

typedef struct merge {
    uint32_t rank;
    size_t at, left, len; /* in the block's bytes: both strings, and the left one */
    uint32_t hash[3];     /* of left, right, both */
} merge;

typedef struct block {
    merge m[BLOCK];
    size_t n;
    mkg__buf bytes;
} block;

/* "left right": the blank that parts them is the first behind the first byte. */
static mkg_status read_merge(mkg_tok *t, block *b, mkg_view s, uint32_t rank,
                             mkg_err *err)
{
    const char *blank = s.len > 2 ? memchr(s.ptr + 1, ' ', s.len - 2) : NULL;
    size_t left, right, at = b->bytes.len;
    if (!blank)
        return mkg__fail(err, MKG_EPARSE,
                         "merge %lu of the tokenizer is not two strings and a blank",
                         (unsigned long)rank);
    mkg__buf_put(&b->bytes, s.ptr, s.len); /* for its room: decoded it is shorter */
    if (b->bytes.failed) return mkg__nomem(err);
    char *p = b->bytes.ptr + at;
    size_t n = (size_t)(blank - s.ptr);
    b->bytes.len = at;
    /* A pair with other characters cannot come of any text. */
    if (!mkg__bpe_bytes(s.ptr, n, p, &left) ||
        !mkg__bpe_bytes(blank + 1, s.len - n - 1, p + left, &right))
        return MKG_OK;
    b->bytes.len += left + right;
    merge *m = &b->m[b->n++];
    *m = (merge){.rank = rank, .at = at, .left = left, .len = left + right};
    m->hash[0] = mkg__string_hash(p, left);
    m->hash[1] = mkg__string_hash(p + left, right);
    m->hash[2] = mkg__string_hash(p, left + right);
    for (size_t i = 0; i < 3; i++)
        mkg__strings_expect(&t->symbols, m->hash[i]);
    return MKG_OK;
}

static mkg_status put_block(mkg_tok *t, block *b, mkg_err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        const merge *m = &b->m[i];
        const char *p = b->bytes.ptr + m->at;
        uint32_t l = mkg__symbol_put(t, p, m->left, m->hash[0]);
        uint32_t r = mkg__symbol_put(t, p + m->left, m->len - m->left, m->hash[1]);
        uint32_t both = mkg__symbol_put(t, p, m->len, m->hash[2]);
        if (l == MKG_TOKEN_NONE || r == MKG_TOKEN_NONE || both == MKG_TOKEN_NONE)
            return mkg__nomem(err);
        put_pair(t, l, r, m->rank, both);
    }
    b->n = b->bytes.len = 0;
    return MKG_OK;
}

static mkg_status load_merges(mkg_tok *t, const mkg_gguf_meta *merges, mkg_err *err)
{
    block b = {0};
    mkg_view s;
    mkg_status st = MKG_OK;
    size_t at = 0;
    for (uint32_t i = 0; mkg_gguf_string_next(merges, &at, &s); i++) {
        MKG_GO(read_merge(t, &b, s, i, err));
        if (b.n == BLOCK) MKG_GO(put_block(t, &b, err));
    }
    MKG_GO(put_block(t, &b, err));
out:
    mkg__buf_clear(&b.bytes);
    return st;
}

mkg_status mkg__bpe_load(mkg_tok *t, const mkg_gguf *g, mkg_err *err)
{
    const mkg_gguf_meta *merges = NULL;
    size_t cap = 16, bytes;
    mkg_status st =
        mkg_gguf_get_array(g, "tokenizer.ggml.merges", MKG_GGUF_STRING, &merges, err);
    if (st < 0) return st;
    size_t n = merges ? merges->n : 0;
    if (n > UINT32_MAX / 4)
        return mkg__fail(err, MKG_EPARSE, "the tokenizer has too many merges");
    while (cap < n + n / 2)
        cap *= 2;
    if (!mkg__mul(cap, sizeof *t->pairs, &bytes) || !(t->pairs = mkg__malloc(bytes)))
        return mkg__nomem(err);
    memset(t->pairs, 0xff, bytes); /* every id MKG_TOKEN_NONE */
    t->pair_mask = cap - 1;
    for (unsigned c = 0; c < 256; c++) {
        char byte = (char)c;
        t->byte[c] = mkg__symbol_put(t, &byte, 1, mkg__string_hash(&byte, 1));
        if (t->byte[c] == MKG_TOKEN_NONE) return mkg__nomem(err);
    }
    return merges ? load_merges(t, merges, err) : MKG_OK;
}

static bool join(const mkg_tok *t, const char *text, const mkg__sym *l,
                 const mkg__sym *r, uint32_t *key, uint32_t *id)
{
    (void)text;
    const mkg__pair *p = find_pair(t, l->id, r->id);
    if (!p) return false;
    *key = p->rank;
    *id = p->id;
    return true;
}

static mkg_status encode_word(const mkg_tok *t, mkg__merger *m, const char *p, size_t n,
                              mkg_tokens *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (t->whole_words && n <= t->longest) {
        uint32_t id = mkg__strings_get(&t->symbols, t, p, n);
        if (id < t->info.n) return mkg__tokens_add(out, id) ? MKG_OK : mkg__nomem(err);
    }
    m->n = 0;
    for (size_t i = 0; i < n; i++)
        if (!mkg__merger_add(m, t->byte[(unsigned char)p[i]], i, 1))
            return mkg__nomem(err);
    if (!mkg__merge(m, t, p, join)) return mkg__nomem(err);
    for (size_t i = 0; i < m->n && st >= 0; i++) {
        const mkg__sym *s = &m->sym[i];
        if (s->len == 0) continue;
        if (s->id >= t->info.n)
            st = mkg__bytes_encode(t, p + s->start, s->len, out, err);
        else if (!mkg__tokens_add(out, s->id))
            st = mkg__nomem(err);
    }
    return st;
}

mkg_status mkg__bpe_encode(const mkg_tok *t, mkg__merger *m, mkg_view text,
                           mkg_tokens *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t at = 0, end; at < text.len && st >= 0; at = end) {
        end = mkg__pre_next(t->pre, text.ptr, text.len, at);
        st = encode_word(t, m, text.ptr + at, end - at, out, err);
    }
    return st;
}
