/* The best documents for a query, without looking at all that have a term of it:
 * MaxScore (Turtle & Flood 1995) window by window, with the bounds of the blocks that
 * lie in the window (Ding & Suel, SIGIR 2011). Terms that together cannot lift a
 * document above the k-th best are looked up only for documents that others brought. */
#include "retrieve/text_file_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4096 };

typedef struct term {
    mkg__term term;
    uint32_t idf;
    uint64_t weight; /* idf times how often the query has it */
    uint64_t bound;  /* on what it can add within the window */
    size_t block;    /* for mkg__postings_bound() */
    mkg__postings cursor;
} term;

typedef struct doc_score {
    uint32_t doc;
    uint64_t points, mass; /* mass: idf of the terms that it has */
    size_t at;             /* place in the caller's list */
} doc_score;

typedef struct query {
    mkg__text_index *x;
    term *terms;
    size_t n;
    uint64_t mass; /* idf of all terms, also of those that no document has */
    uint64_t sum[WINDOW], any[WINDOW / 64];
    uint32_t from, to; /* the window */
    const uint8_t *length, *lang;
    unsigned only;                     /* language, 0: any */
    size_t order[MKG_TEXT_TERMS];      /* of terms, by bound */
    uint64_t upto[MKG_TEXT_TERMS + 1]; /* sum of the bounds of those before */
    doc_score *best;                   /* (k) best first */
    size_t nbest, k;
} query;

static void query_free(query *q)
{
    if (!q) return;
    mkg__free(q->terms);
    mkg__free(q->best);
    mkg__free(q);
}

static void end_query(query *q)
{
    size_t found = 0;
    for (size_t i = 0; i < q->n; i++) {
        term *t = &q->terms[i];
        if (!mkg__postings_open(q->x, t->term, &t->cursor)) t->cursor.df = 0;
        t->idf = mkg__text_idf(q->x->foot.docs, t->cursor.df);
        t->weight *= t->idf;
        q->mass += t->idf;
    }
    for (size_t i = 0; i < q->n; i++) /* what no document has has done its part */
        if (q->terms[i].cursor.df) {
            if (found < i) q->terms[found] = q->terms[i];
            found++;
        }
    q->n = found;
}

static mkg_status query_new(mkg__text_index *x, mkg_view text, query **out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__term *terms;
    size_t n, i;
    query *q = mkg__calloc(1, sizeof *q);

    *out = NULL;
    if (!q) return mkg__nomem(err);
    q->x = x;
    st = mkg__tokens_cut(x->tokens, text, true, &terms, &n, err);
    if (st == MKG_EIO) { /* Snowball is not there: *err says so */
        if (err) err->status = MKG_NOTFOUND;
        st = MKG_NOTFOUND;
    }
    if (st != MKG_OK) goto out;
    q->terms =
        mkg__malloc((n < MKG_TEXT_TERMS ? n : MKG_TEXT_TERMS) * sizeof *q->terms);
    if (!q->terms) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t k = 0; k < n; k++) {
        for (i = 0; i < q->n && q->terms[i].term != terms[k]; i++)
            ;
        if (i == MKG_TEXT_TERMS) continue;
        if (i == q->n) {
            q->terms[i].term = terms[k];
            q->terms[i].weight = q->terms[i].bound = q->terms[i].block = 0;
            q->n++;
        }
        if (q->terms[i].weight < MKG_TEXT_TERMS) q->terms[i].weight++;
    }
    end_query(q);
    *out = q;
    q = NULL;
out:
    query_free(q);
    return st;
}

/* ---- the best of all ---- */

static bool before(const doc_score *a, const doc_score *b)
{
    return a->points != b->points ? a->points > b->points : a->doc < b->doc;
}

static int by_score(const void *a, const void *b)
{
    return before(a, b) ? -1 : before(b, a) ? 1 : 0;
}

static int by_doc(const void *a, const void *b)
{
    const doc_score *x = a, *y = b;
    return (x->doc > y->doc) - (x->doc < y->doc);
}

/* A document has to have more than these points to be one of the best. */
static uint64_t threshold(const query *q)
{
    return q->nbest < q->k ? 0 : q->best[q->k - 1].points;
}

static void offer(query *q, doc_score d)
{
    size_t i = q->nbest < q->k ? q->nbest++ : q->k - 1;
    for (; i > 0 && before(&d, &q->best[i - 1]); i--)
        q->best[i] = q->best[i - 1];
    q->best[i] = d;
}

/* Terms by what they can add, least first; returns how many of them cannot bring a
 * document among the best on their own. */
static size_t weigh_window(query *q)
{
    size_t optional = 0;
    uint64_t least = threshold(q);
    for (size_t i = 0; i < q->n; i++) {
        term *t = &q->terms[i];
        t->bound =
            t->weight * mkg__postings_bound(&t->cursor, q->from, q->to, &t->block);
    }
    for (size_t i = 1; i < q->n; i++) { /* nearly sorted from the window before */
        size_t t = q->order[i], k = i;
        for (; k > 0 && q->terms[q->order[k - 1]].bound > q->terms[t].bound; k--)
            q->order[k] = q->order[k - 1];
        q->order[k] = t;
    }
    for (size_t i = 0; i < q->n; i++) {
        q->upto[i + 1] = q->upto[i] + q->terms[q->order[i]].bound;
        if (q->upto[i + 1] <= least) optional = i + 1;
    }
    return optional;
}

/* Add what a term gives to the documents of the window. */
static void add_term(query *q, term *t)
{
    mkg__postings *c = &t->cursor;
    uint32_t doc = mkg__postings_seek(q->x, c, q->from);
    while (doc < q->to) {
        for (; c->i < c->n && (doc = c->doc[c->i]) < q->to; c->i++) {
            uint32_t at = doc - q->from;
            q->sum[at] += t->weight *
                          mkg__saturate(&q->x->saturation, c->tf[c->i], q->length[at]);
            q->any[at / 64] |= (uint64_t)1 << at % 64;
        }
        if (c->i < c->n) break;
        doc = mkg__postings_seek(q->x, c, q->from);
    }
}

static void settle(query *q, uint32_t at, size_t optional)
{
    doc_score d = {.doc = q->from + at, .points = q->sum[at]};
    q->sum[at] = 0;
    if (q->only && q->lang[at] && q->lang[at] != q->only) return;
    for (size_t i = optional; i > 0; i--) {
        if (d.points + q->upto[i] <= threshold(q)) return;
        term *t = &q->terms[q->order[i - 1]];
        mkg__postings *c = &t->cursor;
        if (mkg__postings_seek(q->x, c, d.doc) == d.doc)
            d.points += t->weight *
                        mkg__saturate(&q->x->saturation, c->tf[c->i], q->length[at]);
    }
    if (d.points > threshold(q)) offer(q, d);
}

static bool search_window(query *q)
{
    size_t optional = weigh_window(q), n = q->to - q->from;
    if (optional == q->n) return true;
    q->length = mkg__text_look(q->x, q->x->foot.length_at + q->from, n, 1);
    q->lang = mkg__text_look(q->x, q->x->foot.lang_at + q->from, n, 1);
    if (!q->length || !q->lang) return false;
    for (size_t i = optional; i < q->n; i++)
        if (q->terms[q->order[i]].bound) add_term(q, &q->terms[q->order[i]]);
    for (size_t w = 0; w < WINDOW / 64; w++)
        for (; q->any[w]; q->any[w] &= q->any[w] - 1)
            settle(q, (uint32_t)(w * 64 + (size_t)__builtin_ctzll(q->any[w])),
                   optional);
    return !mkg__sealed_damaged(q->x->file);
}

static void search_all(query *q)
{
    uint32_t docs = (uint32_t)q->x->foot.docs;
    for (size_t i = 0; i < q->n; i++)
        q->order[i] = i;
    for (q->from = 0; q->from < docs; q->from = q->to) {
        q->to = docs - q->from < WINDOW ? docs : q->from + WINDOW;
        if (!search_window(q)) return;
    }
}

/* ---- of some ---- */

/* Points and mass of documents in ascending order. */
static void score_docs(query *q, doc_score *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        list[i].points = list[i].mass = 0;
    for (size_t k = 0; k < q->n; k++) {
        term *t = &q->terms[k];
        mkg__postings_rewind(&t->cursor);
        for (size_t i = 0; i < n; i++) {
            mkg__postings *c = &t->cursor;
            if (list[i].doc >= q->x->foot.docs) continue;
            uint32_t doc = mkg__postings_seek(q->x, c, list[i].doc);
            if (doc == MKG__NO_DOC) break;
            if (doc != list[i].doc) continue;
            const uint8_t *length =
                mkg__text_look(q->x, q->x->foot.length_at + doc, 1, 1);
            if (!length) return;
            list[i].mass += t->idf;
            list[i].points +=
                t->weight * mkg__saturate(&q->x->saturation, c->tf[c->i], *length);
        }
    }
}

static mkg__text_hit hit_of(query *q, const doc_score *d, mkg_id fact)
{
    mkg__text_hit h = {.fact = fact};
    h.score = (double)d->points * MKG__TEXT_UNIT;
    if (q->mass) h.coverage = (double)d->mass / (double)q->mass;
    return h;
}

/* The texts of some subjects, scored, as q->best. */
static mkg_status search_subjects(query *q, const mkg_id *subjects, size_t n,
                                  mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_edges e = {0};
    doc_score *list = NULL;
    size_t found = 0, kept = 0;

    for (size_t i = 0; i < n; i++)
        MKG_GO(mkg_kg_edges(q->x->kg, subjects[i], 0, false, 0, &e, err));
    if (!(list = mkg__calloc(e.n, sizeof *list))) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < e.n; i++) {
        if (e.edges[i].other != MKG_ID_NONE) continue;
        list[found].doc = mkg__text_doc(q->x, e.edges[i].fact);
        found += list[found].doc < q->x->foot.docs;
    }
    qsort(list, found, sizeof *list, by_doc);
    for (size_t i = 0; i < found; i++) { /* a subject may be named twice */
        if (kept && list[kept - 1].doc == list[i].doc) continue;
        const uint8_t *lang =
            mkg__text_look(q->x, q->x->foot.lang_at + list[i].doc, 1, 1);
        if (!lang) goto out;
        if (!q->only || !*lang || *lang == q->only) list[kept++] = list[i];
    }
    score_docs(q, list, kept);
    for (size_t i = 0; i < kept; i++)
        if (list[i].points > threshold(q)) offer(q, list[i]);
out:
    mkg__free(list);
    mkg_edges_clear(&e);
    return st < 0 ? st : MKG_OK;
}

/* ---- the two questions ---- */

static mkg_status search(mkg__text_index *x, mkg_view text, mkg_lang lang, size_t k,
                         const mkg_id *subjects, size_t nsubjects, mkg__text_hit *out,
                         size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    query *q = NULL;

    MKG_GO(query_new(x, text, &q, err));
    if (st != MKG_OK) goto out;
    q->only = (unsigned)lang;
    q->k = k < x->foot.docs ? k : (size_t)x->foot.docs;
    if (q->k == 0 || q->n == 0) goto out;
    if (!(q->best = mkg__malloc(q->k * sizeof *q->best))) {
        st = mkg__nomem(err);
        goto out;
    }
    if (subjects)
        MKG_GO(search_subjects(q, subjects, nsubjects, err));
    else
        search_all(q);
    qsort(q->best, q->nbest, sizeof *q->best, by_doc);
    score_docs(q, q->best, q->nbest);
    qsort(q->best, q->nbest, sizeof *q->best, by_score);
    for (size_t i = 0; i < q->nbest; i++)
        out[i] = hit_of(q, &q->best[i], mkg__text_fact(x, q->best[i].doc));
    *n = q->nbest;
out:
    query_free(q);
    return st;
}

static mkg_status score(mkg__text_index *x, mkg_view text, const mkg_id *facts,
                        size_t n, mkg__text_hit *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    query *q = NULL;
    doc_score *list = mkg__calloc(n, sizeof *list);

    if (!list) return mkg__nomem(err);
    MKG_GO(query_new(x, text, &q, err));
    if (st != MKG_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        list[i].doc = mkg__text_doc(x, facts[i]);
        list[i].at = i;
    }
    qsort(list, n, sizeof *list, by_doc);
    score_docs(q, list, n);
    for (size_t i = 0; i < n; i++)
        out[list[i].at] = hit_of(q, &list[i], facts[list[i].at]);
out:
    query_free(q);
    mkg__free(list);
    return st;
}

static mkg_status damaged(mkg_err *err)
{
    return mkg__fail(err, MKG_NOTFOUND, "the index of the graph's texts is damaged");
}

mkg_status mkg__text_search(mkg__text_index *x, mkg_view text, mkg_lang lang, size_t k,
                            const mkg_id *subjects, size_t nsubjects,
                            mkg__text_hit *out, size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    *n = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        MKG_GO(mkg__text_refresh(x, err));
        if (st != MKG_OK) return st;
        MKG_GO(search(x, text, lang, k, subjects, nsubjects, out, n, err));
        if (!mkg__sealed_damaged(x->file)) return st;
        *n = 0;
    }
    return damaged(err);
out:
    *n = 0;
    return st;
}

mkg_status mkg__text_score(mkg__text_index *x, mkg_view text, const mkg_id *facts,
                           size_t n, mkg__text_hit *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (int attempt = 0; attempt < 2; attempt++) {
        MKG_GO(mkg__text_refresh(x, err));
        if (st != MKG_OK) return st;
        MKG_GO(score(x, text, facts, n, out, err));
        if (!mkg__sealed_damaged(x->file)) return st;
    }
    return damaged(err);
out:
    return st;
}
