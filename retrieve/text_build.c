/* Making DB/text.idx: one walk over the facts, then the postings term by term. */
#include "retrieve/text_file_internal.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

enum { POSTINGS = 1 << 19 /* held in memory: 20 bytes each, at most */ };

typedef struct term_list {
    mkg__term *at;
    size_t n, cap;
} term_list;

typedef struct builder {
    mkg_kg *kg;
    mkg__tokens *tokens;
    mkg__runs *runs;
    mkg__sealer *out;
    mkg__text_footer foot;
    mkg_id *fact;
    uint8_t *length, *lang;
    size_t n, fact_cap, length_cap, lang_cap;
    term_list doc, names; /* at hand */
    mkg_id named;         /* node of the names */
    mkg__term *term;
    mkg__text_entry *entry;
    size_t nterms, term_cap, entry_cap;
    mkg__saturation saturation;
    mkg__text_head *heads; /* of the term at hand */
    mkg__buf blocks;
    size_t nheads, head_cap;
} builder;

static void clear(builder *b)
{
    mkg__tokens_free(b->tokens);
    mkg__runs_free(b->runs);
    mkg__sealer_free(b->out);
    mkg__free(b->fact);
    mkg__free(b->length);
    mkg__free(b->lang);
    mkg__free(b->doc.at);
    mkg__free(b->names.at);
    mkg__free(b->term);
    mkg__free(b->entry);
    mkg__free(b->heads);
    mkg__buf_clear(&b->blocks);
}

/* ---- scores ---- */

/* Positive numbers as 4 significant bits and how far they are shifted; below 16 as they
 * are. */
static uint32_t to_float4(uint32_t v)
{
    uint32_t shift = 0;
    if (v < 16) return v;
    while (v >> shift >= 16)
        shift++;
    return ((v >> shift) & 7) | (shift + 1) << 3;
}

static uint32_t of_float4(uint32_t f)
{
    return f < 16 ? f : ((f & 7) | 8) << ((f >> 3) - 1);
}

/* As many as the byte has room for beside the exponents of 31 bits. */
enum { EXACT = 24 };

uint8_t mkg__length_byte(uint32_t length)
{
    if (length > INT32_MAX) length = INT32_MAX;
    return (uint8_t)(length < EXACT ? length : EXACT + to_float4(length - EXACT));
}

uint32_t mkg__byte_length(uint8_t b)
{
    return b < EXACT ? b : EXACT + of_float4((uint32_t)b - EXACT);
}

uint32_t mkg__text_idf(uint64_t docs, uint64_t df)
{
    if (df > docs) df = docs;
    double idf = log1p(((double)(docs - df) + 0.5) / ((double)df + 0.5));
    return (uint32_t)(idf * 0x1p20 + 0.5);
}

static uint32_t saturate(double tf, double k)
{
    return (uint32_t)(tf / (tf + k) * 0xffffff + 0.5);
}

void mkg__saturation_init(mkg__saturation *s, uint64_t docs, uint64_t words)
{
    const double k1 = 1.2, b = 0.75;
    double average = docs && words ? (double)words / (double)docs : 1;
    for (unsigned i = 0; i < 256; i++) {
        double length = mkg__byte_length((uint8_t)i);
        s->k[i] = k1 * (1 - b + b * (length > average ? length / average : 1));
        for (uint32_t tf = 0; tf < 16; tf++)
            s->small[tf][i] = saturate(tf, s->k[i]);
    }
}

uint32_t mkg__saturate_far(const mkg__saturation *s, uint32_t tf, uint8_t length)
{
    return saturate(tf, s->k[length]);
}

/* ---- documents ---- */

/* Terms of a text behind those of the document, or of the names, at hand. */
static mkg_status append(builder *b, term_list *to, mkg_view text, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__term *terms;
    size_t n;
    MKG_GO(mkg__tokens_cut(b->tokens, text, false, &terms, &n, err));
    if (!mkg__grow(&to->at, &to->cap, to->n + n, sizeof *to->at))
        return mkg__nomem(err);
    if (n) memcpy(to->at + to->n, terms, n * sizeof *terms);
    to->n += n;
out:
    return st;
}

/* Facts of a node mostly follow each other: its names are cut once. */
static mkg_status read_names(builder *b, mkg_id id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg_entry e;

    if (b->named == id) return MKG_OK;
    b->names.n = 0;
    MKG_GO(mkg_kg_node(b->kg, id, &node, err));
    for (size_t pos = 0; st == MKG_OK && mkg_node_next(&node, &pos, &e);)
        if (e.kind == MKG_ENTRY_NAME) MKG_GO(append(b, &b->names, e.text, err));
    b->named = id;
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status add_fact(builder *b, const mkg_fact *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r = mkg_kg_relation(b->kg, f->relation, false);
    term_list *d = &b->doc;

    if (f->denied || f->object != MKG_ID_NONE) return MKG_OK;
    if (b->n >= INT32_MAX) return mkg__fail(err, MKG_EARG, "too many texts to index");
    d->n = 0;
    MKG_GO(append(b, d, f->literal, err));
    MKG_GO(read_names(b, f->subject, err));
    if (!mkg__grow(&d->at, &d->cap, d->n + b->names.n, sizeof *d->at) ||
        !mkg__grow(&b->fact, &b->fact_cap, b->n + 1, sizeof *b->fact) ||
        !mkg__grow(&b->length, &b->length_cap, b->n + 1, 1) ||
        !mkg__grow(&b->lang, &b->lang_cap, b->n + 1, 1))
        return mkg__nomem(err);
    if (b->names.n) memcpy(d->at + d->n, b->names.at, b->names.n * sizeof *d->at);
    d->n += b->names.n;
    if (r) MKG_GO(append(b, d, mkg_relation_label(r, f->literal_lang), err));
    MKG_GO(mkg__runs_add(b->runs, (uint32_t)b->n, d->at, d->n, err));
    b->fact[b->n] = f->id;
    b->length[b->n] = mkg__length_byte(d->n < INT32_MAX ? (uint32_t)d->n : INT32_MAX);
    b->lang[b->n++] = (uint8_t)f->literal_lang;
    b->foot.words += d->n;
out:
    return st;
}

/* ---- postings ---- */

static uint8_t bits_of(uint32_t v)
{
    uint8_t n = 0;
    for (; v; v >>= 1)
        n++;
    return n;
}

static void pack(mkg__buf *out, const uint32_t *v, size_t n, unsigned bits)
{
    uint64_t word = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)v[i] << have;
        for (have += bits; have >= 8; have -= 8, word >>= 8)
            mkg__buf_byte(out, (unsigned char)word);
    }
    if (have) mkg__buf_byte(out, (unsigned char)word);
}

/* Postings of a block: documents less the one before (that of block 0 is -1) less 1. */
typedef struct block {
    uint32_t doc[MKG__TEXT_BLOCK], tf[MKG__TEXT_BLOCK];
    size_t n;
    uint32_t last, max;
} block;

static mkg_status end_block(builder *b, block *k, mkg_err *err)
{
    uint32_t doc = 0, tf = 0;
    if (!mkg__grow(&b->heads, &b->head_cap, b->nheads + 1, sizeof *b->heads))
        return mkg__nomem(err);
    for (size_t i = 0; i < k->n; i++) {
        doc |= k->doc[i];
        tf |= k->tf[i];
    }
    mkg__text_head *h = &b->heads[b->nheads++];
    *h = (mkg__text_head){.last = k->last,
                          .max = (uint8_t)(k->max >> 16),
                          .doc_bits = bits_of(doc),
                          .tf_bits = bits_of(tf)};
    pack(&b->blocks, k->doc, k->n, h->doc_bits);
    pack(&b->blocks, k->tf, k->n, h->tf_bits);
    if (b->blocks.failed) return mkg__nomem(err);
    if (b->blocks.len > UINT32_MAX) return mkg__fail(err, MKG_EARG, "too many texts");
    h->end = (uint32_t)b->blocks.len;
    k->n = 0;
    k->max = 0;
    return MKG_OK;
}

static mkg_status add_term(builder *b, mkg__term term, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__text_entry e = {.at = mkg__sealer_size(b->out)};
    block k = {.last = UINT32_MAX};
    uint32_t doc, tf, weight, once = 0;

    b->nheads = b->blocks.len = 0;
    while ((st = mkg__runs_next(b->runs, &doc, &tf, err)) == MKG_OK) {
        weight = mkg__saturate(&b->saturation, tf, b->length[doc]);
        k.doc[k.n] = doc - k.last - 1;
        k.tf[k.n++] = tf - 1;
        k.last = doc;
        if (weight > k.max) k.max = weight;
        if (weight > e.max) e.max = weight;
        if (e.df++ == 0) once = tf;
        if (k.n == MKG__TEXT_BLOCK) MKG_GO(end_block(b, &k, err));
    }
    if (st < 0) goto out;
    if (e.df == 1) {
        e.at = (uint64_t)once << 32 | k.last;
    } else {
        if (k.n) MKG_GO(end_block(b, &k, err));
        MKG_GO(mkg__sealer_put(b->out, b->heads, b->nheads * sizeof *b->heads, err));
        MKG_GO(mkg__sealer_put(b->out, b->blocks.ptr, b->blocks.len, err));
    }
    if (!mkg__grow(&b->term, &b->term_cap, b->nterms + 1, sizeof *b->term) ||
        !mkg__grow(&b->entry, &b->entry_cap, b->nterms + 1, sizeof *b->entry))
        return mkg__nomem(err);
    b->term[b->nterms] = term;
    b->entry[b->nterms++] = e;
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status put_array(builder *b, const void *p, size_t n, size_t size,
                            uint64_t *at, mkg_err *err)
{
    mkg_status st = MKG_OK;
    MKG_GO(mkg__sealer_align(b->out, err));
    *at = mkg__sealer_size(b->out);
    MKG_GO(mkg__sealer_put(b->out, p, n * size, err));
out:
    return st;
}

static mkg_status read_facts(builder *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;
    for (mkg_id id = 0; (st = mkg_kg_next_fact(b->kg, &id, &f, err)) == MKG_OK;)
        MKG_GO(add_fact(b, &f, err));
    if (st >= 0) st = mkg__runs_begin(b->runs, err);
out:
    return st;
}

mkg_status mkg__text_build(mkg_kg *kg, const char *path, const mkg__seal *seal,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    builder b = {.kg = kg};
    mkg__text_footer *f = &b.foot;
    mkg__term term;

    MKG_GO(mkg__sealer_new(path, seal, &b.out, err)); /* whether it can be written */
    MKG_GO(mkg__tokens_new(&b.tokens, err));
    MKG_GO(mkg__runs_new(mkg_kg_path(kg), POSTINGS, &b.runs, err));
    MKG_GO(read_facts(&b, err));
    mkg__saturation_init(&b.saturation, b.n, f->words);
    while ((st = mkg__runs_next_term(b.runs, &term, err)) == MKG_OK)
        MKG_GO(add_term(&b, term, err));
    if (st < 0) goto out;
    f->docs = b.n;
    f->terms = b.nterms;
    MKG_GO(put_array(&b, b.fact, b.n, sizeof *b.fact, &f->fact_at, err));
    MKG_GO(put_array(&b, b.length, b.n, 1, &f->length_at, err));
    MKG_GO(put_array(&b, b.lang, b.n, 1, &f->lang_at, err));
    MKG_GO(put_array(&b, b.term, b.nterms, sizeof *b.term, &f->term_at, err));
    MKG_GO(put_array(&b, b.entry, b.nterms, sizeof *b.entry, &f->entry_at, err));
    MKG_GO(mkg__sealer_align(b.out, err));
    MKG_GO(mkg__sealer_put(b.out, f, sizeof *f, err));
    MKG_GO(mkg__sealer_end(b.out, err));
out:
    clear(&b);
    return st < 0 ? st : MKG_OK;
}
