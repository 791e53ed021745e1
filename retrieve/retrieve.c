#include "retrieve/retrieve.h"

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "retrieve/gather_internal.h"
#include "retrieve/phrases_internal.h"

#include <string.h>

enum { QUESTION_MAX = 64 << 10 };

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

const char *mkg_channel_name(mkg_channel c)
{
    static const char *const names[MKG_CHANNELS] = {
        "direct", "intent", "entity", "path", "pagerank", "vector", "text"};
    return names[c];
}

static mkg_status read_tables(mkg_retriever *r, mkg_err *err)
{
    char *path = mkg__path_join(r->data, "question_words.tsv");
    if (!path) return mkg__nomem(err);
    mkg_status st =
        mkg__file_exists(path) ? mkg__words_read(&r->words, path, err) : MKG_OK;
    mkg__free(path);
    return st;
}

mkg_status mkg_retriever_new(mkg_kg *kg, const mkg_retriever_opts *opts,
                             mkg_retriever **out, mkg_err *err)
{
    static const double weights[MKG_CHANNELS] = {
        [MKG_CHANNEL_DIRECT] = 2,     [MKG_CHANNEL_INTENT] = 1,
        [MKG_CHANNEL_ENTITY] = 0.6,   [MKG_CHANNEL_PATH] = 0.5,
        [MKG_CHANNEL_PAGERANK] = 0.3, [MKG_CHANNEL_VECTOR] = 0.2,
        [MKG_CHANNEL_TEXT] = 0.4};
    mkg_status st = MKG_OK;
    mkg_retriever *r = mkg__calloc(1, sizeof *r);

    *out = NULL;
    if (!r) return mkg__nomem(err);
    r->kg = kg;
    memcpy(r->weight, weights, sizeof weights);
    if (opts && opts->data) {
        if (!(r->data = mkg__strdup(opts->data))) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(read_tables(r, err));
    }
    *out = r;
    r = NULL;
out:
    mkg_retriever_free(r);
    return st;
}

void mkg_retriever_free(mkg_retriever *r)
{
    if (!r) return;
    mkg_graph_free(r->graph);
    mkg__words_clear(&r->words);
    mkg__free(r->data);
    mkg__free(r);
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
    MKG_GO(mkg__asks_find(kg, &q, &spans, &asks, err));
    MKG_GO(mkg__form_read(&r->words, &q, &spans, &asks, &form, err));
    double t1 = mkg__now();
    MKG_GO(mkg__gather(r, &q, &spans, &form, &asks, limit, e, err));
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
