/* Reading DB/text.idx: the file, its terms, and their postings. */
#include "retrieve/text_file_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "kg/history.h"

#include <string.h>
#include <unistd.h>

/* ---- the file ---- */

const void *mkg__text_look(mkg__text_index *x, uint64_t at, uint64_t n, size_t size)
{
    size_t bytes;
    if (n > SIZE_MAX || !mkg__mul((size_t)n, size, &bytes)) {
        mkg__sealed_spoil(x->file);
        return NULL;
    }
    return mkg__sealed_look(x->file, at, bytes);
}

static bool within(uint64_t at, uint64_t n, size_t size, uint64_t end)
{
    return at % 8 == 0 && at <= end && n <= (end - at) / size;
}

static bool read_footer(mkg__text_index *x)
{
    uint64_t size = mkg__sealed_size(x->file), end;
    mkg__text_footer *f = &x->foot;
    if (size < sizeof *f) return false;
    end = size - sizeof *f;
    const void *p = mkg__sealed_look(x->file, end, sizeof *f);
    if (!p) return false;
    memcpy(f, p, sizeof *f);
    return f->docs <= INT32_MAX && within(f->fact_at, f->docs, 4, end) &&
           within(f->length_at, f->docs, 1, end) &&
           within(f->lang_at, f->docs, 1, end) &&
           within(f->term_at, f->terms, sizeof(mkg__term), end) &&
           within(f->entry_at, f->terms, sizeof(mkg__text_entry), end);
}

static mkg_status open_file(mkg__text_index *x, mkg_err *err)
{
    mkg_status st = mkg__sealed_open(x->path, &x->seal, &x->file, err);
    if (st != MKG_OK) return st;
    if (!read_footer(x)) {
        mkg__sealed_close(x->file);
        x->file = NULL;
        return MKG_NOTFOUND;
    }
    mkg__saturation_init(&x->saturation, x->foot.docs, x->foot.words);
    return MKG_OK;
}

/* What the handle sees. */
static bool same_graph(const mkg__seal *s, const mkg_kg *kg)
{
    char hash[33];
    mkg_kg_hash(kg, hash);
    return s->from == mkg_kg_version(kg) && memcmp(s->hash, hash, sizeof s->hash) == 0;
}

/* The labels of relations are part of the documents, but not of the graph's hash. */
static void seal_for(mkg_kg *kg, mkg__seal *s)
{
    char hash[33];
    memset(s, 0, sizeof *s);
    memcpy(s->magic, MKG__TEXT_MAGIC, sizeof s->magic);
    s->how = MKG__TEXT_HOW;
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        if (!r->literal) continue;
        s->how = mkg__hash64(&r->id, sizeof r->id, s->how);
        s->how = mkg__hash64(r->label_zh.ptr, r->label_zh.len, s->how);
        s->how = mkg__hash64(r->label_en.ptr, r->label_en.len, s->how);
    }
    s->from = mkg_kg_version(kg);
    mkg_kg_hash(kg, hash);
    memcpy(s->hash, hash, sizeof s->hash);
}

/* The file is of the newest version: who looks at an earlier one leaves it alone. */
static mkg_status may_make(mkg__text_index *x, mkg_err *err)
{
    uint64_t version = x->seal.from;
    mkg_version newer;
    if (!x->make || version == 0)
        return mkg__fail(err, MKG_NOTFOUND, "there is no index of the graph's texts");
    mkg_status st = mkg_kg_next_version(x->kg, &version, &newer, err);
    if (st == MKG_OK)
        return mkg__fail(err, MKG_NOTFOUND,
                         "an earlier version of the graph has no index of its texts");
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__text_refresh(mkg__text_index *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (x->file && !mkg__sealed_damaged(x->file) && same_graph(&x->seal, x->kg))
        return MKG_OK;
    if (x->file && mkg__sealed_damaged(x->file) && x->make) unlink(x->path);
    mkg__sealed_close(x->file);
    x->file = NULL;
    seal_for(x->kg, &x->seal);
    MKG_GO(open_file(x, err));
    if (st == MKG_OK) return st;
    MKG_GO(may_make(x, err));
    if (st != MKG_OK) return st;
    st = mkg__text_build(x->kg, x->path, &x->seal, err);
    if (st == MKG_EIO) { /* *err says why */
        if (err) err->status = MKG_NOTFOUND;
        return MKG_NOTFOUND;
    }
    if (st == MKG_OK) MKG_GO(open_file(x, err));
    if (st == MKG_NOTFOUND)
        st = mkg__fail(err, st, "the index of the graph's texts cannot be read back");
out:
    return st;
}

mkg_status mkg__text_index_open(mkg_kg *kg, bool make, mkg__text_index **out,
                                mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__text_index *x = mkg__calloc(1, sizeof *x);

    *out = NULL;
    if (!x) return mkg__nomem(err);
    x->kg = kg;
    x->make = make;
    if (!(x->path = mkg__path_join(mkg_kg_path(kg), "text.idx"))) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__tokens_new(&x->tokens, err));
    MKG_GO(mkg__text_refresh(x, err));
    if (st != MKG_OK) goto out;
    *out = x;
    x = NULL;
out:
    mkg__text_index_close(x);
    return st;
}

void mkg__text_index_close(mkg__text_index *x)
{
    if (!x) return;
    mkg__sealed_close(x->file);
    mkg__tokens_free(x->tokens);
    mkg__free(x->path);
    mkg__free(x);
}

size_t mkg__text_index_count(const mkg__text_index *x)
{
    return (size_t)x->foot.docs;
}

mkg_id mkg__text_fact(mkg__text_index *x, uint32_t doc)
{
    mkg_id fact = MKG_ID_NONE;
    const void *p = mkg__text_look(x, x->foot.fact_at + (uint64_t)doc * 4, 1, 4);
    if (p) memcpy(&fact, p, sizeof fact);
    return fact;
}

uint32_t mkg__text_doc(mkg__text_index *x, mkg_id fact)
{
    uint32_t lo = 0, hi = (uint32_t)x->foot.docs;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (mkg__text_fact(x, mid) < fact)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < x->foot.docs && mkg__text_fact(x, lo) == fact ? lo
                                                              : (uint32_t)x->foot.docs;
}

/* ---- postings ---- */

static bool find_term(mkg__text_index *x, mkg__term term, mkg__text_entry *out)
{
    uint64_t lo = 0, hi = x->foot.terms;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        const mkg__term *at =
            mkg__text_look(x, x->foot.term_at + mid * sizeof term, 1, sizeof term);
        if (!at) return false;
        if (*at < term)
            lo = mid + 1;
        else if (*at > term)
            hi = mid;
        else {
            const mkg__text_entry *e =
                mkg__text_look(x, x->foot.entry_at + mid * sizeof *out, 1, sizeof *out);
            if (e) *out = *e;
            return e;
        }
    }
    return false;
}

bool mkg__postings_open(mkg__text_index *x, mkg__term term, mkg__postings *c)
{
    mkg__text_entry e;

    memset(c, 0, offsetof(mkg__postings, doc));
    if (!find_term(x, term, &e)) return false;
    c->df = e.df;
    c->max = e.max;
    if (e.df == 1) {
        c->doc[0] = (uint32_t)e.at;
        c->tf[0] = (uint32_t)(e.at >> 32);
        c->n = 1;
        if (c->doc[0] < x->foot.docs) return true;
    } else if (e.df > 0 && e.df <= x->foot.docs) {
        c->blocks = (e.df + MKG__TEXT_BLOCK - 1) / MKG__TEXT_BLOCK;
        c->heads = mkg__text_look(x, e.at, c->blocks, sizeof(mkg__text_head));
        c->data = e.at + c->blocks * sizeof(mkg__text_head);
        mkg__postings_rewind(c);
        if (c->heads) return true;
    }
    mkg__sealed_spoil(x->file);
    c->df = 0;
    return false;
}

void mkg__postings_rewind(mkg__postings *c)
{
    c->i = 0;
    if (c->heads) {
        c->block = SIZE_MAX;
        c->n = 0;
    }
}

static mkg__text_head head_of(const mkg__postings *c, size_t b)
{
    mkg__text_head h;
    memcpy(&h, c->heads + b * sizeof h, sizeof h);
    return h;
}

/* `p` has 8 bytes more than the numbers. */
static const char *unpack(const char *p, size_t n, unsigned bits, uint32_t *out)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1, word;
    for (size_t i = 0; i < n; i++) {
        memcpy(&word, p + i * bits / 8, sizeof word);
        out[i] = (uint32_t)(word >> i * bits % 8 & mask);
    }
    return p + (n * bits + 7) / 8;
}

static bool unpack_block(mkg__text_index *x, mkg__postings *c, size_t b)
{
    char bytes[2 * MKG__TEXT_BLOCK * sizeof(uint32_t) + 8] = {0};
    mkg__text_head h = head_of(c, b), before = {.last = UINT32_MAX};
    size_t n = b + 1 < c->blocks ? MKG__TEXT_BLOCK : c->df - b * MKG__TEXT_BLOCK;

    if (b) before = head_of(c, b - 1);
    if (h.doc_bits > 32 || h.tf_bits > 32) return false;
    size_t size = (n * h.doc_bits + 7) / 8 + (n * h.tf_bits + 7) / 8;
    if (h.end < before.end || h.end - before.end != size) return false;
    const void *p = mkg__text_look(x, c->data + before.end, size, 1);
    if (!p) return false;
    memcpy(bytes, p, size);
    unpack(unpack(bytes, n, h.doc_bits, c->doc), n, h.tf_bits, c->tf);
    uint64_t doc = before.last + (uint64_t)1;
    if (!b) doc = 0;
    for (size_t i = 0; i < n; i++) {
        doc += c->doc[i];
        if (doc >= x->foot.docs) return false;
        c->doc[i] = (uint32_t)doc++;
        if (++c->tf[i] == 0) return false;
    }
    c->block = b;
    c->n = n;
    c->i = 0;
    return c->doc[n - 1] == h.last;
}

uint32_t mkg__postings_seek(mkg__text_index *x, mkg__postings *c, uint32_t doc)
{
    if (c->df == 0) return MKG__NO_DOC;
    if (c->i >= c->n || c->doc[c->n - 1] < doc) {
        if (!c->heads) {
            c->i = c->n;
            return MKG__NO_DOC;
        }
        size_t b = c->block == SIZE_MAX ? 0 : c->block + (c->n > 0);
        while (b < c->blocks && head_of(c, b).last < doc)
            b++;
        if (b >= c->blocks) {
            c->block = c->blocks; /* the end: stay there */
            c->i = c->n = 0;
            return MKG__NO_DOC;
        }
        if (!unpack_block(x, c, b)) {
            mkg__sealed_spoil(x->file);
            c->df = 0;
            return MKG__NO_DOC;
        }
    }
    while (c->doc[c->i] < doc)
        c->i++;
    return c->doc[c->i];
}

uint32_t mkg__postings_bound(const mkg__postings *c, uint32_t from, uint32_t to,
                             size_t *block)
{
    uint32_t max = 0;
    if (!c->heads) return c->df && c->doc[0] >= from && c->doc[0] < to ? c->max : 0;
    while (*block < c->blocks && head_of(c, *block).last < from)
        ++*block;
    for (size_t b = *block; b < c->blocks; b++) {
        mkg__text_head h = head_of(c, b);
        uint32_t bound = (uint32_t)h.max << 16 | 0xffff;
        if (bound > max) max = bound;
        if (h.last >= to) break; /* the next ones begin behind it */
    }
    return max < c->max ? max : c->max;
}
