/* Making DB/names.idx: the names of all nodes and the phrases of the tables, sorted,
 * become surfaces; a trie over them, level by level; postings in two passes, so that
 * nothing but the image itself grows with the graph. */
#include "retrieve/name_file_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/sealed.h"
#include "retrieve/name_words_internal.h"
#include "retrieve/phrases_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct row {
    uint64_t at; /* in `text` */
    uint32_t len;
    mkg_id node;
    uint32_t kind;
} row;

typedef struct slot {
    uint64_t gram;
    uint32_t frequency, last, bytes;
} slot;

typedef struct builder {
    mkg__buf text;
    row *rows;
    size_t n, cap;
    uint32_t *first; /* rows where a surface begins, and n */
    size_t surfaces;
    mkg_id *node;
    uint32_t *type, *degree;
    size_t nodes, node_cap, type_cap, degree_cap;
    mkg__map types;
    mkg__buf type_names;
    size_t ntypes;
    slot *slots; /* open addressing, by gram */
    size_t nslots, slot_cap, grams;
    uint64_t *keys; /* of words: upper half, then the surface */
    mkg__names_header h;
} builder;

static void clear(builder *b)
{
    mkg__buf_clear(&b->text);
    mkg__free(b->rows);
    mkg__free(b->first);
    mkg__free(b->node);
    mkg__free(b->type);
    mkg__free(b->degree);
    mkg__map_clear(&b->types);
    mkg__buf_clear(&b->type_names);
    mkg__free(b->slots);
    mkg__free(b->keys);
}

/* ---- what the store says ---- */

static mkg_status add_row(builder *b, uint64_t at, mkg_id node, mkg__name_kind kind,
                          mkg_err *err)
{
    size_t len = b->text.len - (size_t)at;
    if (b->text.failed || !mkg__grow(&b->rows, &b->cap, b->n + 1, sizeof *b->rows))
        return mkg__nomem(err);
    if (len == 0) return MKG_OK;
    if (b->text.len > UINT32_MAX || b->n >= INT32_MAX)
        return mkg__fail(err, MKG_EARG, "the graph has too many names for an index");
    b->rows[b->n++] = (row){at, (uint32_t)len, node, kind};
    return MKG_OK;
}

static mkg_status add_node(builder *b, mkg_kg *kg, const mkg_node *node, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    size_t out, in;
    mkg_id *type = mkg__map_put(&b->types, node->type.ptr, node->type.len);

    if (!type || !mkg__grow(&b->node, &b->node_cap, b->nodes + 1, sizeof *b->node) ||
        !mkg__grow(&b->type, &b->type_cap, b->nodes + 1, sizeof *b->type) ||
        !mkg__grow(&b->degree, &b->degree_cap, b->nodes + 1, sizeof *b->degree))
        return mkg__nomem(err);
    if (*type == MKG_ID_NONE) {
        *type = (mkg_id)++b->ntypes;
        mkg__buf_put(&b->type_names, node->type.ptr, node->type.len);
        mkg__buf_byte(&b->type_names, '\0');
    }
    MKG_GO(mkg_kg_degree(kg, node->id, 0, false, &out, err));
    MKG_GO(mkg_kg_degree(kg, node->id, 0, true, &in, err));
    b->node[b->nodes] = node->id;
    b->type[b->nodes] = (uint32_t)*type - 1;
    b->degree[b->nodes++] = out + in < UINT32_MAX ? (uint32_t)(out + in) : UINT32_MAX;
    for (size_t pos = 0; mkg_node_next(node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_NAME && e.kind != MKG_ENTRY_ALIAS) continue;
        size_t at = b->text.len;
        MKG_GO(mkg__name_form(e.text, &b->text, err));
        MKG_GO(add_row(b, at, node->id,
                       e.kind == MKG_ENTRY_NAME ? MKG__NAME_PREFERRED : MKG__NAME_ALIAS,
                       err));
    }
    st = b->type_names.failed ? mkg__nomem(err) : MKG_OK;
out:
    return st;
}

/* ---- surfaces ---- */

static int by_bytes(const char *a, size_t na, const char *b, size_t nb)
{
    int order = memcmp(a, b, na < nb ? na : nb);
    return order ? order : (na > nb) - (na < nb);
}

/* qsort() has no context: the rows carry addresses while they are sorted. */
typedef struct sort_row {
    const char *p;
    row r;
} sort_row;

static int by_text(const void *a, const void *b)
{
    const sort_row *x = a, *y = b;
    int order = by_bytes(x->p, x->r.len, y->p, y->r.len);
    if (order) return order;
    if (x->r.kind != y->r.kind) return x->r.kind < y->r.kind ? -1 : 1;
    return (x->r.node > y->r.node) - (x->r.node < y->r.node);
}

/* Sort the rows, drop repeats (the better kind stays) and find where surfaces begin. */
static mkg_status settle(builder *b, mkg_err *err)
{
    size_t kept = 0, bytes;
    sort_row *s;

    if (!mkg__mul(b->n + 1, sizeof *s, &bytes) || !(s = mkg__malloc(bytes)))
        return mkg__nomem(err);
    for (size_t i = 0; i < b->n; i++)
        s[i] = (sort_row){b->text.ptr + b->rows[i].at, b->rows[i]};
    if (b->n) qsort(s, b->n, sizeof *s, by_text);
    mkg__free(b->first);
    b->surfaces = 0;
    if (!(b->first = mkg__malloc((b->n + 1) * sizeof *b->first))) {
        mkg__free(s);
        return mkg__nomem(err);
    }
    for (size_t i = 0; i < b->n; i++) {
        bool same =
            kept && by_bytes(s[i].p, s[i].r.len, s[i - 1].p, s[i - 1].r.len) == 0;
        bool repeat = false;
        if (!same) b->first[b->surfaces++] = (uint32_t)kept;
        for (size_t k = kept; same && !repeat && k > b->first[b->surfaces - 1]; k--)
            repeat = b->rows[k - 1].node == s[i].r.node;
        if (!repeat) b->rows[kept++] = s[i].r;
    }
    b->n = kept;
    b->first[b->surfaces] = (uint32_t)kept;
    mkg__free(s);
    return MKG_OK;
}

static mkg_view surface_text(const builder *b, size_t s)
{
    const row *r = &b->rows[b->first[s]];
    return mkg__view(b->text.ptr + r->at, r->len);
}

static size_t find_surface(const builder *b, mkg_view text)
{
    size_t lo = 0, hi = b->surfaces;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        mkg_view v = surface_text(b, mid);
        int order = by_bytes(v.ptr, v.len, text.ptr, text.len);
        if (order == 0) return mid;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return b->surfaces;
}

/* A phrase of a table stands for the nodes that have its term as a name. */
typedef struct phrase_sink {
    builder *b;
    size_t rows; /* before the phrases */
    mkg__name_kind kind;
    mkg_err *err;
} phrase_sink;

static mkg_status add_phrase(void *ctx, mkg_view phrase, mkg_view term, bool synonym)
{
    phrase_sink *p = ctx;
    builder *b = p->b;
    mkg_status st = MKG_OK;
    size_t s = find_surface(b, term);

    if (s == b->surfaces) return MKG_OK;
    /* Where the graph knows it by this name it means what the graph says. */
    if (synonym && find_surface(b, phrase) < b->surfaces) return MKG_OK;
    for (size_t i = b->first[s]; st >= 0 && i < b->first[s + 1]; i++) {
        if (b->rows[i].kind > MKG__NAME_ALIAS) continue;
        uint64_t at = b->text.len;
        mkg_id node = b->rows[i].node;
        mkg__buf_put(&b->text, phrase.ptr, phrase.len);
        st = add_row(b, at, node, p->kind, p->err);
    }
    return st;
}

static mkg_status read_all(builder *b, mkg_kg *kg, mkg_view pairs, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;

    for (mkg_id id = 0; (st = mkg_kg_next_node(kg, &id, &node, err)) == MKG_OK;)
        MKG_GO(add_node(b, kg, &node, err));
    if (st < 0) goto out;
    MKG_GO(settle(b, err));
    phrase_sink sink = {b, b->n, MKG__NAME_COLLOQUIAL, err};
    MKG_GO(mkg__phrases_each(mkg__shipped_phrases(), add_phrase, &sink, err));
    sink.kind = MKG__NAME_GIVEN;
    MKG_GO(mkg__phrases_each(pairs, add_phrase, &sink, err));
    st = settle(b, err);
out:
    return st;
}

/* ---- the trie, level by level ---- */

/* A state stands for the surfaces [lo, hi), which share their first `depth` bytes. */
typedef struct state {
    uint32_t lo, hi, depth, child, end;
    unsigned char label;
} state;

static mkg_status make_trie(const builder *b, state **out, size_t *n, mkg_err *err)
{
    state *s = NULL;
    size_t cap = 0;

    *n = 0;
    if (!mkg__grow(&s, &cap, 1, sizeof *s)) return mkg__nomem(err);
    s[(*n)++] = (state){0, (uint32_t)b->surfaces, 0, 0, 0, 0};
    for (size_t i = 0; i < *n; i++) {
        uint32_t lo = s[i].lo, hi = s[i].hi, depth = s[i].depth;
        s[i].child = (uint32_t)*n;
        if (hi - lo == 1) {
            s[i].end = (lo + 1) | MKG__TAIL;
            continue;
        }
        if (lo < hi && surface_text(b, lo).len == depth) s[i].end = ++lo;
        while (lo < hi) {
            unsigned char label = (unsigned char)surface_text(b, lo).ptr[depth];
            uint32_t to = lo + 1;
            while (to < hi && (unsigned char)surface_text(b, to).ptr[depth] == label)
                to++;
            if (!mkg__grow(&s, &cap, *n + 1, sizeof *s) || *n >= INT32_MAX) {
                mkg__free(s);
                return mkg__nomem(err);
            }
            s[(*n)++] = (state){lo, to, depth + 1, 0, 0, label};
            lo = to;
        }
    }
    *out = s;
    return MKG_OK;
}

/* ---- postings ---- */

static slot *slot_of(builder *b, uint64_t gram)
{
    size_t i = (size_t)mkg__hash64(&gram, sizeof gram, 0) & (b->slot_cap - 1);
    while (b->slots[i].gram && b->slots[i].gram != gram)
        i = (i + 1) & (b->slot_cap - 1);
    return &b->slots[i];
}

static mkg_status grow_slots(builder *b, mkg_err *err)
{
    slot *old = b->slots;
    size_t n = b->slot_cap;

    if (b->slots && b->nslots < b->slot_cap / 2) return MKG_OK;
    b->slot_cap = n ? n * 2 : 1 << 12;
    b->slots = mkg__calloc(b->slot_cap, sizeof *b->slots);
    if (!b->slots) {
        b->slots = old;
        b->slot_cap = n;
        return mkg__nomem(err);
    }
    for (size_t i = 0; i < n; i++)
        if (old[i].gram) *slot_of(b, old[i].gram) = old[i];
    mkg__free(old);
    return MKG_OK;
}

static unsigned varint_bytes(uint32_t v)
{
    unsigned n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static char *put_varint(char *p, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p++ = (char)v;
    return p;
}

/* How many bytes the postings of each gram will take. */
static mkg_status count_grams(builder *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__grams g;
    uint64_t bytes = 0;

    for (size_t s = 0; s < b->surfaces; s++) {
        mkg__grams_of(surface_text(b, s), &g);
        for (size_t i = 0; i < g.n; i++) {
            MKG_GO(grow_slots(b, err));
            slot *at = slot_of(b, g.at[i]);
            if (!at->gram) {
                at->gram = g.at[i];
                b->nslots++;
            }
            unsigned more = varint_bytes((uint32_t)s - at->last);
            at->bytes += more;
            bytes += more;
            at->last = (uint32_t)s;
            at->frequency++;
        }
    }
    if (bytes > UINT32_MAX)
        st = mkg__fail(err, MKG_EARG, "the graph has too many names for an index");
    b->h.posting_bytes = bytes;
out:
    return st;
}

static int by_gram(const void *a, const void *b)
{
    const slot *x = a, *y = b;
    return (x->gram > y->gram) - (x->gram < y->gram);
}

/* The slots become an ascending array; gram i is written where posting_at[i] says,
 * which moves on and is put back by the caller. */
static void pack_slots(builder *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->slot_cap; i++)
        if (b->slots[i].gram) b->slots[n++] = b->slots[i];
    if (n) qsort(b->slots, n, sizeof *b->slots, by_gram);
    b->grams = n;
}

static slot *packed(const builder *b, uint64_t gram)
{
    slot key = {.gram = gram};
    return bsearch(&key, b->slots, b->grams, sizeof *b->slots, by_gram);
}

/* ---- words ---- */

static int by_key(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static mkg_status make_keys(builder *b, mkg_err *err)
{
    size_t n = 0, bytes;
    if (!mkg__mul(b->surfaces + 1, sizeof *b->keys, &bytes) ||
        !(b->keys = mkg__malloc(bytes)))
        return mkg__nomem(err);
    for (size_t s = 0; s < b->surfaces; s++) {
        uint64_t key = mkg__word_key(surface_text(b, s));
        if (key) b->keys[n++] = (key & ~(uint64_t)UINT32_MAX) | s;
    }
    if (n) qsort(b->keys, n, sizeof *b->keys, by_key);
    b->h.keys = n;
    return MKG_OK;
}

/* ---- the image ---- */

static void put(char *base, const size_t *at, mkg__names_section s, size_t i,
                uint32_t v)
{
    memcpy(base + at[s] + i * 4, &v, 4);
}

static void write_keys(const builder *b, char *base, const size_t *at)
{
    for (size_t i = 0; i < b->h.keys; i++) {
        put(base, at, MKG__WORD_KEY, i, (uint32_t)(b->keys[i] >> 32));
        put(base, at, MKG__WORD_NAME, i, (uint32_t)b->keys[i]);
    }
}

static void write_surfaces(const builder *b, char *base, const size_t *at)
{
    uint32_t text = 0;
    for (size_t s = 0; s < b->surfaces; s++) {
        mkg_view v = surface_text(b, s);
        put(base, at, MKG__TEXT_START, s, text);
        put(base, at, MKG__ENTRY_START, s, b->first[s]);
        memcpy(base + at[MKG__TEXT] + text, v.ptr, v.len);
        text += (uint32_t)v.len;
    }
    put(base, at, MKG__TEXT_START, b->surfaces, text);
    put(base, at, MKG__ENTRY_START, b->surfaces, (uint32_t)b->n);
    for (size_t i = 0; i < b->n; i++) {
        put(base, at, MKG__ENTRY, i, b->rows[i].node);
        base[at[MKG__KIND] + i] = (char)b->rows[i].kind;
    }
    for (size_t i = 0; i < b->nodes; i++) {
        put(base, at, MKG__NODE, i, b->node[i]);
        put(base, at, MKG__NODE_TYPE, i, b->type[i]);
        put(base, at, MKG__NODE_DEGREE, i, b->degree[i]);
    }
    if (b->type_names.len)
        memcpy(base + at[MKG__TYPE_NAMES], b->type_names.ptr, b->type_names.len);
}

static void write_trie(const state *s, size_t n, char *base, const size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        put(base, at, MKG__CHILD, i, s[i].child);
        put(base, at, MKG__END, i, s[i].end);
        base[at[MKG__LABEL] + i] = (char)s[i].label;
    }
    put(base, at, MKG__CHILD, n, (uint32_t)n);
}

static void write_postings(builder *b, char *base, const size_t *at)
{
    mkg__grams g;
    uint32_t end = 0;

    for (size_t i = 0; i < b->grams; i++) {
        slot *s = &b->slots[i];
        memcpy(base + at[MKG__GRAM] + i * 8, &s->gram, 8);
        put(base, at, MKG__POSTING_AT, i, end);
        put(base, at, MKG__FREQUENCY, i, s->frequency);
        uint32_t bytes = s->bytes;
        s->bytes = end; /* where the next one goes */
        s->last = 0;
        end += bytes;
    }
    put(base, at, MKG__POSTING_AT, b->grams, end);
    for (size_t s = 0; s < b->surfaces; s++) {
        double norm[2] = {0, 0};
        mkg__grams_of(surface_text(b, s), &g);
        for (size_t i = 0; i < g.n; i++) {
            slot *to = packed(b, g.at[i]);
            char *p = base + at[MKG__POSTING] + to->bytes;
            to->bytes += (uint32_t)(put_varint(p, (uint32_t)s - to->last) - p);
            to->last = (uint32_t)s;
            double w = (double)mkg__gram_idf(b->surfaces, to->frequency);
            norm[!mkg__gram_is_single(g.at[i])] += w * w;
        }
        const float both[2] = {(float)sqrt(norm[0]), (float)sqrt(norm[1])};
        memcpy(base + at[MKG__NORM] + s * 8, both, 8);
    }
}

static mkg_status make_image(builder *b, mkg__names *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    state *trie = NULL;
    size_t states;
    uint64_t text = 0;

    MKG_GO(make_trie(b, &trie, &states, err));
    MKG_GO(count_grams(b, err));
    pack_slots(b);
    MKG_GO(make_keys(b, err));
    for (size_t s = 0; s < b->surfaces; s++)
        text += surface_text(b, s).len;
    mkg__names_header *h = &b->h;
    memcpy(h->magic, MKG__NAMES_MAGIC, sizeof h->magic);
    h->endian = MKG__NAMES_ENDIAN;
    h->surfaces = b->surfaces;
    h->entries = b->n;
    h->states = states;
    h->grams = b->grams;
    h->nodes = b->nodes;
    h->types = b->ntypes;
    h->text_bytes = text;
    h->type_bytes = b->type_names.len;
    if (!mkg__names_layout(h, x->at)) {
        st = mkg__fail(err, MKG_EARG, "the graph has too many names for an index");
        goto out;
    }
    x->bytes = x->at[MKG__SECTIONS];
    size_t blocks = (x->bytes - x->at[MKG__SUMS]) / 8;
    x->base = mkg__calloc(1, x->bytes);
    x->sound = mkg__malloc(blocks / 8 + 1);
    if (!x->base || !x->sound) {
        st = mkg__nomem(err);
        goto out;
    }
    write_surfaces(b, x->base, x->at);
    write_trie(trie, states, x->base, x->at);
    write_postings(b, x->base, x->at);
    write_keys(b, x->base, x->at);
    for (size_t i = 0; i < blocks; i++) {
        size_t from = sizeof *h + i * MKG__NAMES_BLOCK, end = from + MKG__NAMES_BLOCK;
        if (end > x->at[MKG__SUMS]) end = x->at[MKG__SUMS];
        uint64_t sum = mkg__hash64(x->base + from, end - from, i);
        memcpy(x->base + x->at[MKG__SUMS] + i * 8, &sum, 8);
    }
    h->sums_hash = mkg__hash64(x->base + x->at[MKG__SUMS], blocks * 8, 0);
    h->header_hash = mkg__hash64(h, offsetof(mkg__names_header, header_hash), 0);
    memcpy(x->base, h, sizeof *h);
    memset(x->sound, 0xff, blocks / 8 + 1); /* our own bytes */
    x->h = *h;
out:
    mkg__free(trie);
    return st;
}

mkg_status mkg__names_build(mkg_kg *kg, const mkg__names_key *key, mkg_view pairs,
                            mkg__names **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    builder b = {.h = {.key = *key}};
    mkg__names *x = mkg__calloc(1, sizeof *x);

    *out = NULL;
    if (!x) return mkg__nomem(err);
    MKG_GO(read_all(&b, kg, pairs, err));
    MKG_GO(make_image(&b, x, err));
    *out = x;
    x = NULL;
out:
    clear(&b);
    mkg__names_free(x);
    return st;
}

/* Beside the file and over it. Not waited for: a file that a crash leaves half written
 * has other checksums and is made anew. Who cannot write has the index in memory. */
void mkg__names_write(const mkg__names *x, const char *path)
{
    mkg__derived_write(path, x->base, x->bytes);
}
