/* How well retrieval does on a file of questions with gold answers. */
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "retrieve/eval_internal.h"
#include "retrieve/retrieve.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH = 20, LONG_GOLD = 12, LONG_GOLD_PREFIX = 40 };

static size_t bytes_of_chars(const char *p, size_t n, size_t chars)
{
    size_t i = 0, len;
    for (; i < n && chars > 0; chars--, i += len)
        mkg__utf8_decode(p + i, n - i, &len);
    return i < n ? i : n;
}

/* Is the gold text this name? A long gold counts by its beginning. */
static bool matches(const mkg__buf *gold, const mkg__buf *name)
{
    if (mkg__utf8_count(gold->ptr, gold->len) <= LONG_GOLD)
        return mkg__view_eq(mkg__view(gold->ptr, gold->len),
                            mkg__view(name->ptr, name->len));
    size_t n = bytes_of_chars(gold->ptr, gold->len, LONG_GOLD_PREFIX);
    return name->len >= n && memcmp(gold->ptr, name->ptr, n) == 0;
}

/* Place of the first piece that holds the gold string, from 1; 0 if none does. */
static mkg_status rank_of(mkg_view gold, const mkg_evidence *e, size_t *out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf want = {0}, have = {0};

    *out = 0;
    MKG_GO(mkg__squeeze(gold.ptr, gold.len, &want, err));
    for (size_t i = 0; i < e->npieces && *out == 0; i++) {
        const char *const names[] = {e->pieces[i].subject, e->pieces[i].object};
        for (size_t k = 0; k < 2; k++) {
            have.len = 0;
            MKG_GO(mkg__squeeze(names[k], strlen(names[k]), &have, err));
            if (want.len && matches(&want, &have)) *out = i + 1;
        }
    }
out:
    mkg__buf_clear(&want);
    mkg__buf_clear(&have);
    return st;
}

typedef struct tally {
    mkg_retrieve_opts opts;
    mkg_retrieval_score *score;
    double *ms;
    size_t cap;
    mkg_case_fn fn;
    void *ctx;
} tally;

static mkg_status tell(tally *t, mkg_view line, size_t rank, const mkg_evidence *e,
                       mkg_err *err)
{
    if (!t->fn) return MKG_OK;
    char *text = mkg__viewdup(line);
    if (!text) return mkg__nomem(err);
    t->fn(t->ctx, text, rank, e);
    mkg__free(text);
    return MKG_OK;
}

/* 1 if the gold is the verdict. */
static size_t says_so(mkg_view gold, const mkg_evidence *e)
{
    return (mkg__view_is(gold, "True") && e->verdict == MKG_VERDICT_YES) ||
           (mkg__view_is(gold, "False") && e->verdict == MKG_VERDICT_NO);
}

/* Strings of a list, or of the lists of an object; nothing is an empty list. */
static bool add_gold(json_t *list, const json_t *gold)
{
    const char *key;
    json_t *value;

    if (!gold || json_is_null(gold)) return true;
    if (json_is_object(gold)) {
        json_object_foreach((json_t *)(uintptr_t)gold, key,
                            value) if (!json_is_array(value) ||
                                       !add_gold(list, value)) return false;
        return true;
    }
    for (size_t i = 0; i < json_array_size(gold); i++) {
        value = json_array_get(gold, i);
        if (!json_is_string(value) || json_array_append(list, value) != 0) return false;
    }
    return json_is_array(gold);
}

static void count_parts(mkg_retrieval_score *s, const char *relation,
                        const mkg_evidence *e, size_t rank)
{
    const char *how = e->nmentions ? e->mentions[0].how : "nothing";
    if (relation)
        mkg__part_count(mkg__part(s->parts, &s->nparts, "relation", relation), rank);
    mkg__part_count(mkg__part(s->parts, &s->nparts, "how", how), rank);
}

static mkg_status one_case(mkg_retriever *r, mkg_view line, const char *file,
                           uint64_t number, tally *t, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_retrieval_score *s = t->score;
    mkg_evidence *e = NULL;
    json_t *v = NULL, *gold = NULL;
    size_t best = 0, rank;
    bool all = true;

    MKG_GO(mkg__json_parse(line, file, number, &v, err));
    const char *question = json_string_value(json_object_get(v, "question"));
    if (!question) {
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "the case has no \"question\"");
        goto out;
    }
    if (!(gold = json_array()) || !add_gold(gold, json_object_get(v, "gold"))) {
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "\"gold\" is a list of strings, or an object of such lists");
        goto out;
    }
    bool none = json_is_false(json_object_get(v, "answerable"));
    if (json_array_size(gold) == 0 && !none) {
        s->skipped++;
        goto out;
    }
    MKG_GO(mkg_retrieve(r, question, &t->opts, &e, err));
    if (none) {
        bool refused = e->status == MKG_NO_EVIDENCE;
        s->unanswerable++;
        s->refused += refused;
        st = tell(t, line, refused, e, err);
        goto out;
    }
    for (size_t i = 0; i < json_array_size(gold); i++) {
        mkg_view want = mkg__json_view(json_array_get(gold, i));
        MKG_GO(rank_of(want, e, &rank, err));
        if (rank == 0) rank = says_so(want, e);
        if (rank == 0) all = false;
        if (rank && (best == 0 || rank < best)) best = rank;
    }
    if (!mkg__grow(&t->ms, &t->cap, s->cases + 1, sizeof *t->ms)) {
        st = mkg__nomem(err);
        goto out;
    }
    t->ms[s->cases++] = e->link_ms + e->retrieve_ms;
    s->recall_any[0] += best && best <= 1;
    s->recall_any[1] += best && best <= 5;
    s->recall_any[2] += best && best <= 10;
    s->all_in_20 += all;
    if (best) s->mrr += 1.0 / (double)best;
    count_parts(s, json_string_value(json_object_get(v, "relation")), e, best);
    st = tell(t, line, best, e, err);
out:
    mkg_evidence_free(e);
    json_decref(gold);
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

mkg_status mkg_eval_retrieval(mkg_retriever *r, const char *path,
                              const mkg_retrieve_opts *opts, mkg_case_fn fn, void *ctx,
                              mkg_retrieval_score *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    tally t = {.opts = {.limit = DEPTH,
                        .channels = opts ? opts->channels : 0,
                        .exact = opts && opts->exact},
               .score = out,
               .fn = fn,
               .ctx = ctx};

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK)
        if (mkg__trim(line).len)
            MKG_GO(one_case(r, line, mkg__stream_name(s), number, &t, err));
    if (st < 0) goto out;
    if (out->cases + out->unanswerable == 0) {
        st = mkg__fail_at(err, MKG_EPARSE, path, 0, 0,
                          "the file has no case with a gold");
        goto out;
    }
    st = MKG_OK;
    if (out->cases == 0) goto out;
    double n = (double)out->cases;
    for (size_t i = 0; i < 3; i++)
        out->recall_any[i] /= n;
    for (size_t i = 0; i < out->nparts; i++)
        mkg__part_finish(&out->parts[i]);
    out->all_in_20 /= n;
    out->mrr /= n;
    qsort(t.ms, out->cases, sizeof *t.ms, by_value);
    out->ms_p50 = quantile(t.ms, out->cases, 0.50);
    out->ms_p95 = quantile(t.ms, out->cases, 0.95);
    out->ms_p99 = quantile(t.ms, out->cases, 0.99);
out:
    mkg__free(t.ms);
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}
