/* How well a text leads to the right node, on a file of texts with their terms. */
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "retrieve/eval_internal.h"
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH = 10 };

static const char *const method_names[] = {"exact", "edit", "ngram", "full", NULL};

const char *const *mkg_linking_methods(void)
{
    return method_names;
}

typedef struct tally {
    mkg_linking_score *score;
    mkg__link_method method;
    double *ms;
    size_t cap, n;
    mkg_linking_fn fn;
    void *ctx;
} tally;

/* Does a gold term name this node? */
static mkg_status is_gold(mkg_kg *kg, mkg_id id, const json_t *gold, bool *out,
                          mkg_err *err)
{
    mkg_node node;
    mkg_entry e;
    mkg__buf have = {0}, want = {0};
    mkg_status st = mkg_kg_node(kg, id, &node, err);

    *out = false;
    for (size_t pos = 0; st >= 0 && !*out && mkg_node_next(&node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_NAME && e.kind != MKG_ENTRY_ALIAS) continue;
        have.len = 0;
        MKG_GO(mkg__name_form(e.text, &have, err));
        for (size_t i = 0; !*out && i < json_array_size(gold); i++) {
            want.len = 0;
            MKG_GO(mkg__name_form(mkg__json_view(json_array_get(gold, i)), &want, err));
            *out = want.len && mkg__view_eq(mkg__view(have.ptr, have.len),
                                            mkg__view(want.ptr, want.len));
        }
    }
out:
    mkg__buf_clear(&have);
    mkg__buf_clear(&want);
    return st < 0 ? st : MKG_OK;
}

static const json_t *first_of(const json_t *v, const char *const *keys)
{
    for (; *keys; keys++) {
        const json_t *f = json_object_get(v, *keys);
        if (f) return f;
    }
    return NULL;
}

/* Nodes of one name count once: the rank is among distinct names. */
static mkg_status rank_of(mkg_kg *kg, const mkg_found *found, size_t n,
                          const json_t *gold, size_t *rank, size_t *at, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node[2 * DEPTH];
    size_t place = 0;
    bool hit = false;

    *rank = 0;
    for (size_t i = 0; i < n && !hit; i++) {
        bool seen = false;
        MKG_GO(mkg_kg_node(kg, found[i].node, &node[i], err));
        mkg_view name = mkg_node_name(&node[i], MKG_LANG_NONE);
        for (size_t j = 0; j < i && !seen; j++)
            seen = mkg__view_eq(name, mkg_node_name(&node[j], MKG_LANG_NONE));
        place += !seen;
        MKG_GO(is_gold(kg, found[i].node, gold, &hit, err));
        *at = i;
    }
    *rank = hit && place <= DEPTH ? place : 0;
    st = MKG_OK;
out:
    return st;
}

static mkg_status one_case(mkg_kg *kg, mkg_view line, const char *file, uint64_t number,
                           tally *t, mkg_err *err)
{
    static const char *const texts[] = {"colloquial", "text", NULL};
    static const char *const golds[] = {"in_medical_json", "gold", "standard", NULL};
    mkg_status st = MKG_OK;
    mkg_found found[2 * DEPTH];
    json_t *v = NULL;
    char *copy = NULL;
    size_t n, rank, at = 0;

    MKG_GO(mkg__json_parse(line, file, number, &v, err));
    const char *text = json_string_value(first_of(v, texts));
    const json_t *gold = first_of(v, golds);
    if (!text || (gold && !json_is_array(gold))) {
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "a case has a \"text\" and a list \"gold\"");
        goto out;
    }
    if (json_array_size(gold) == 0) {
        t->score->skipped++;
        goto out;
    }
    double began = mkg__now();
    MKG_GO(mkg__link(kg, text, t->method, 2 * DEPTH, found, &n, err));
    double took = (mkg__now() - began) * 1e3;
    MKG_GO(rank_of(kg, found, n, gold, &rank, &at, err));
    if (!mkg__grow(&t->ms, &t->cap, t->n + 1, sizeof *t->ms)) {
        st = mkg__nomem(err);
        goto out;
    }
    t->ms[t->n++] = took;
    const char *kind = json_string_value(json_object_get(v, "kind"));
    mkg__part_count(&t->score->all, rank);
    mkg_linking_score *score = t->score;
    if (kind)
        mkg__part_count(mkg__part(score->parts, &score->nparts, "kind", kind), rank);
    mkg__part_count(mkg__part(score->parts, &score->nparts, "how",
                              n ? found[rank ? at : 0].how : "nothing"),
                    rank);
    if (t->fn && rank != 1) {
        if (!(copy = mkg__viewdup(line)))
            st = mkg__nomem(err);
        else
            t->fn(t->ctx, copy, rank, found, n < DEPTH ? n : DEPTH);
    }
out:
    mkg__free(copy);
    json_decref(v);
    return st;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double quantile(const double *sorted, size_t n, double q)
{
    return n ? sorted[(size_t)(q * (double)(n - 1) + 0.5)] : 0;
}

mkg_status mkg_eval_linking(mkg_kg *kg, const char *path, const char *method,
                            mkg_linking_fn fn, void *ctx, mkg_linking_score *out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    tally t = {.score = out, .method = MKG__LINK_FULL, .fn = fn, .ctx = ctx};

    memset(out, 0, sizeof *out);
    out->all.group = "all";
    for (unsigned i = 0; method_names[i]; i++)
        if (method && strcmp(method, method_names[i]) == 0) t.method = i;
    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    MKG_GO(mkg_names_prepare(kg, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK)
        if (mkg__trim(line).len)
            MKG_GO(one_case(kg, line, mkg__stream_name(s), number, &t, err));
    if (st < 0) goto out;
    if (t.n == 0) {
        st = mkg__fail_at(err, MKG_EPARSE, path, 0, 0,
                          "the file has no case with a gold");
        goto out;
    }
    st = MKG_OK;
    mkg__part_finish(&out->all);
    for (size_t i = 0; i < out->nparts; i++)
        mkg__part_finish(&out->parts[i]);
    qsort(t.ms, t.n, sizeof *t.ms, by_value);
    out->ms_p50 = quantile(t.ms, t.n, 0.50);
    out->ms_p95 = quantile(t.ms, t.n, 0.95);
    out->ms_p99 = quantile(t.ms, t.n, 0.99);
out:
    mkg__free(t.ms);
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}
