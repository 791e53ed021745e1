#include "retrieve/retrieve.h"

#include "base/err.h"
#include "base/pool.h"
#include "retrieve/gather_internal.h"
#include "retrieve/phrases_internal.h"

#include <string.h>

enum { QUESTION_MAX = 64 << 10, MOST_GUESSES = 2 };

static mkg_status read_question(const char *text, mkg__question *q, mkg_err *err)
{
    size_t bad;
    q->text = text;
    q->len = strlen(text);
    if (q->len > QUESTION_MAX)
        return mkg__fail(err, MKG_EARG, "the question is longer than %d KiB",
                         QUESTION_MAX >> 10);
    if (!mkg__utf8_valid(text, q->len, &bad))
        return mkg__fail(err, MKG_EARG, "the question is not valid UTF-8 at byte %zu",
                         bad + 1);
    q->lang = mkg__lang_guess(text, q->len) == MKG_LANG_ZH ? MKG_LANG_ZH : MKG_LANG_EN;
    mkg_status st = mkg__fold(text, q->len, &q->folded, &q->map, err);
    if (st >= 0 && q->folded.len) mkg__simplify(q->folded.ptr, q->folded.len);
    if (st >= 0 && q->folded.len == 0)
        st = mkg__fail(err, MKG_EARG, "the question is empty");
    return st;
}

/* The node of a span to show: the one that the evidence speaks of, else the first. */
static mkg_id chosen(const mkg_evidence *e, const mkg__span *m)
{
    for (size_t p = 0; p < e->npieces; p++)
        for (size_t i = 0; i < m->nodes.n; i++)
            if (e->pieces[p].subject_node == m->nodes.ids[i] ||
                e->pieces[p].object_node == m->nodes.ids[i])
                return m->nodes.ids[i];
    return m->nodes.ids[0];
}

static mkg_status fill_mentions(mkg_kg *kg, const mkg__question *q,
                                const mkg__spans *spans, mkg_evidence *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;

    e->mentions = mkg__arena_alloc(&e->arena, (spans->n + 1) * sizeof *e->mentions);
    if (!e->mentions) return mkg__nomem(err);
    for (size_t i = 0; i < spans->n; i++) {
        const mkg__span *m = &spans->at[i];
        if (m->nodes.n == 0) continue;
        MKG_GO(mkg_kg_node(kg, chosen(e, m), &node, err));
        mkg_mention *out = &e->mentions[e->nmentions];
        out->start = q->map[m->start];
        /* Between the name and the next byte there may be blanks that folding took
         * away. */
        out->end =
            out->start +
            mkg__trim(mkg__view(q->text + out->start, q->map[m->end] - out->start)).len;
        out->node = node.id;
        out->text =
            mkg__keep(e, mkg__view(q->text + out->start, out->end - out->start));
        out->name = mkg__keep(e, mkg_node_name(&node, q->lang));
        out->type = mkg__keep(e, node.type);
        out->how = m->how;
        out->score = m->phrase ? 0.5 : m->score;
        out->negated = m->negated;
        if (!out->text || !out->name || !out->type) {
            st = mkg__nomem(err);
            goto out;
        }
        e->nmentions++;
    }
out:
    return st;
}

/* A guessed name that ends within a word of the question is none: 上感 in 早上感觉. */
static bool cuts_a_word(const mkg__words *w, const mkg__question *q, const mkg__span *m)
{
    size_t len;
    if (m->chars > 2) return false; /* long enough to be no accident */
    for (size_t i = 0; i < q->folded.len && i < m->end; i += len) {
        mkg__utf8_decode(q->folded.ptr + i, q->folded.len - i, &len);
        size_t n = mkg__word_longest(q, &w->kind[MKG__FILLER], i), end = i + n;
        if ((i < m->start && end > m->start && end < m->end) ||
            (i > m->start && end > m->end))
            return true;
    }
    return false;
}

/* Take away guesses that are none, or all of them. */
static void drop_guesses(const mkg_retriever *r, const mkg__question *q, bool all,
                         mkg__spans *spans)
{
    size_t kept = 0;
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        if (m->score < 1 && (all || cuts_a_word(&r->words, q, m))) {
            mkg_ids_clear(&m->nodes);
            mkg__free(m->scores);
        } else {
            spans->at[kept++] = *m;
        }
    }
    spans->n = kept;
}

static bool is_letters(mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] < 'a' || v.ptr[i] > 'z') return false;
    return v.len > 0;
}

/* Do all nodes of the span have names that are symbols? */
static mkg_status names_symbols(const mkg_retriever *r, const mkg__span *m, bool *out,
                                mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    *out = m->nodes.n > 0;
    for (size_t i = 0; i < m->nodes.n && *out; i++) {
        MKG_GO(mkg_kg_node(r->kg, m->nodes.ids[i], &node, err));
        *out = st == MKG_OK && mkg__word_listed(&r->words.kind[MKG__SYMBOL], node.type);
    }
out:
    return st < 0 ? st : MKG_OK;
}

/* "Large" is a word, LARGE a gene. */
static mkg_status drop_symbols(const mkg_retriever *r, const mkg__question *q,
                               mkg__spans *spans, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = 0;
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        bool lower = false, symbol = false;
        for (size_t k = q->map[m->start]; k < q->map[m->end] && !lower; k++)
            lower = q->text[k] >= 'a' && q->text[k] <= 'z';
        if (lower && is_letters(mkg__view(q->folded.ptr + m->start, m->end - m->start)))
            MKG_GO(names_symbols(r, m, &symbol, err));
        if (symbol) {
            mkg_ids_clear(&m->nodes);
            mkg__free(m->scores);
        } else {
            spans->at[kept++] = *m;
        }
    }
    spans->n = kept;
out:
    return st;
}

/* "Syndrome" is nothing without the words before it, which nobody knows. */
static void drop_generic(const mkg_retriever *r, const mkg__question *q,
                         mkg__spans *spans)
{
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        mkg_view text = {q->folded.ptr + m->start, m->end - m->start};
        if (m->whole < m->start && mkg__word_listed(&r->words.kind[MKG__GENERIC], text))
            m->nodes.n = 0;
    }
}

/* Where no phrase of the vocabulary is in the question, what it sounds like. */
static mkg_status guess(mkg_retriever *r, const mkg__question *q,
                        const mkg__spans *spans, mkg__asks *asks, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__class_score found[MOST_GUESSES];
    size_t n = MOST_GUESSES;

    if (asks->n || !r->classifier) return MKG_OK;
    MKG_GO(mkg__classify(r->classifier, q, spans,
                         mkg__classifier_threshold(r->classifier), found, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!mkg__grow(&asks->at, &asks->cap, asks->n + 1, sizeof *asks->at))
            return mkg__nomem(err);
        asks->at[asks->n++] =
            (mkg__ask){.relation = found[i].relation, .chars = 2, .guessed = true};
    }
out:
    return st;
}

mkg_status mkg_retrieve(mkg_retriever *r, const char *question,
                        const mkg_retrieve_opts *opts, mkg_evidence **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__question q = {0};
    mkg__spans spans = {0};
    mkg__asks asks = {0};
    mkg__form form = {0};
    mkg_kg *kg = r->kg;
    size_t limit = opts && opts->limit ? opts->limit : 20;
    unsigned channels = opts && opts->channels ? opts->channels : MKG_CHANNELS_DEFAULT;
    double t0 = mkg__now();
    mkg_evidence *e = mkg__calloc(1, sizeof *e);

    *out = NULL;
    if (!e) return mkg__nomem(err);
    MKG_GO(read_question(question, &q, err));
    e->lang = q.lang;
    e->question = mkg__keep(e, mkg__view(q.text, q.len));
    if (!e->question) {
        st = mkg__nomem(err);
        goto out;
    }
    e->graph_version = mkg_kg_version(kg);
    mkg_kg_hash(kg, e->graph_hash);
    MKG_GO(mkg__spans_find(kg, &q, &spans, err));
    drop_guesses(r, &q, opts && opts->exact, &spans);
    MKG_GO(drop_symbols(r, &q, &spans, err));
    MKG_GO(mkg__asks_find(kg, &q, &spans, &asks, err));
    if (!(channels & 1u << MKG_CHANNEL_INTENT)) asks.n = 0;
    if (channels & 1u << MKG_CHANNEL_LEARNT) MKG_GO(guess(r, &q, &spans, &asks, err));
    MKG_GO(mkg__form_read(&r->words, &q, &spans, &asks, &form, err));
    mkg__form_whole(&r->words, &q, &form, &spans);
    drop_generic(r, &q, &spans);
    MKG_GO(mkg__spans_join_rivals(&spans, err));
    double t1 = mkg__now();
    MKG_GO(mkg__gather(r, &q, &spans, &form, &asks, limit, channels, e, err));
    MKG_GO(fill_mentions(kg, &q, &spans, e, err));
    e->link_ms = (t1 - t0) * 1e3;
    e->retrieve_ms = (mkg__now() - t1) * 1e3;
    st = MKG_OK;
    *out = e;
    e = NULL;
out:
    mkg_evidence_free(e);
    mkg__form_clear(&form);
    mkg__asks_clear(&asks);
    mkg__spans_clear(&spans);
    mkg__buf_clear(&q.folded);
    mkg__free(q.map);
    return st;
}
