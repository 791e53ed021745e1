/* How well intents are told apart, on questions that people labelled: by the phrases of
 * the vocabulary, by the model that learnt from generated questions, and by the same
 * classifier when it learns from the labels themselves, by cross-validation. */
#include "retrieve/classify_internal.h"
#include "retrieve/intents.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 64, NONE = LABELS_MAX };

/* Chosen on the folds of the Chinese file in docs/intent.md. */
static const mkg__linear_opts options = {
    .epochs = 10, .rate = 0.1f, .l2 = 1e-4f, .min_count = 1};

typedef struct label {
    const char *name;
    size_t cases, place; /* place in the order of the result */
    mkg_view relations;  /* of the map, ';'-separated; "none": asks for nothing */
} label;

typedef struct item {
    const char *question;
    uint16_t label;
    uint8_t said[MKG_INTENT_METHODS];
    uint64_t hash; /* of the folded question */
} item;

typedef struct eval {
    mkg_kg *kg;
    const mkg_intent_eval_opts *o;
    mkg__classifier *model; /* may be NULL */
    mkg_intent_score *out;
    label labels[LABELS_MAX];
    size_t nlabels;
    item *items;
    size_t n, cap;
    mkg__samples samples;
    mkg__buf map; /* the file */
    double *us;   /* (n) time of the model */
} eval;

/* ---- labels and their relations ---- */

static mkg_status label_of(eval *e, const char *name, uint16_t *out, mkg_err *err)
{
    size_t i = 0;
    while (i < e->nlabels && strcmp(e->labels[i].name, name) != 0)
        i++;
    if (i == LABELS_MAX)
        return mkg__fail(err, MKG_EARG, "the file has more than %d intents",
                         LABELS_MAX);
    if (i == e->nlabels) {
        char *copy = mkg__arena_dup(&e->out->arena, name, strlen(name));
        if (!copy) return mkg__nomem(err);
        e->labels[e->nlabels++] = (label){.name = copy};
    }
    *out = (uint16_t)i;
    return MKG_OK;
}

static bool next_name(mkg_view *list, mkg_view *out)
{
    if (list->len == 0) return false;
    const char *semi = memchr(list->ptr, ';', list->len);
    size_t n = semi ? (size_t)(semi - list->ptr) : list->len;
    *out = mkg__trim(mkg__view(list->ptr, n));
    n += semi != NULL;
    *list = mkg__view(list->ptr + n, list->len - n);
    return true;
}

/* A name that the vocabulary has not would count for nothing and not be noticed. */
static mkg_status check_relations(const eval *e, mkg_view list, const char *file,
                                  uint64_t number, mkg_err *err)
{
    mkg_view name;
    while (next_name(&list, &name))
        if (!mkg__view_is(name, "none") && !mkg_kg_find_relation(e->kg, name))
            return mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                                "the vocabulary has no relation '%.*s'",
                                mkg__clip(name, 40), name.ptr);
    return MKG_OK;
}

static mkg_status read_map(eval *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t at = 0;
    const char *file = mkg__path_base(e->o->map);

    MKG_GO(mkg__file_read(e->o->map, 1 << 20, &e->map, err));
    for (uint64_t number = 1; at < e->map.len; number++) {
        const char *p = e->map.ptr + at, *end = memchr(p, '\n', e->map.len - at);
        size_t n = end ? (size_t)(end - p) : e->map.len - at;
        const char *tab = memchr(p, '\t', n);
        at += n + 1;
        if (n == 0 || p[0] == '#') continue;
        if (!tab) {
            st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                              "a line is an intent, a tab and relations");
            goto out;
        }
        size_t len = (size_t)(tab - p);
        MKG_GO(check_relations(e, mkg__view(tab + 1, n - len - 1), file, number, err));
        for (size_t i = 0; i < e->nlabels; i++)
            if (mkg__view_is(mkg__view(p, len), e->labels[i].name))
                e->labels[i].relations = mkg__trim(mkg__view(tab + 1, n - len - 1));
    }
out:
    return st;
}

static bool lists(mkg_view list, mkg_view name)
{
    mkg_view one;
    while (next_name(&list, &one))
        if (mkg__view_eq(one, name)) return true;
    return false;
}

/* The label that the relation belongs to; NONE if no line of the map has it. */
static uint8_t label_with(const eval *e, mkg_view relation)
{
    for (size_t i = 0; i < e->nlabels; i++)
        if (lists(e->labels[i].relations, relation)) return (uint8_t)i;
    return NONE;
}

static uint8_t label_nothing(const eval *e)
{
    return label_with(e, mkg__view("none", 4));
}

/* ---- what each method says ---- */

static uint8_t by_phrases(const eval *e, const mkg__question *q, mkg__asks *asks)
{
    mkg__asks_settle(q, asks);
    for (size_t i = 0; i < asks->n; i++) {
        uint8_t l = label_with(e, asks->at[i].relation->name);
        if (l != NONE) return l;
    }
    return label_nothing(e);
}

/* The label with the most probable relation; the one of "none" if none is probable. */
static mkg_status by_model(eval *e, const mkg__question *q, const mkg__spans *spans,
                           uint8_t *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__class_score all[MKG_CLASSES_MAX];
    size_t n = MKG_CLASSES_MAX;
    double began = mkg__now();

    MKG_GO(mkg__classify(e->model, q, spans, mkg__classifier_threshold(e->model), all,
                         &n, err));
    e->us[e->samples.n - 1] = (mkg__now() - began) * 1e6;
    *out = label_nothing(e);
    for (size_t i = 0; i < n; i++) {
        uint8_t l = label_with(e, all[i].relation->name);
        if (l == NONE) continue;
        *out = l;
        break;
    }
out:
    return st;
}

/* Features of a question, and what is said of it without training on the file. */
static mkg_status read_question(eval *e, item *it, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__question q = {.text = it->question, .len = strlen(it->question)};
    mkg__spans spans = {0};
    mkg__asks asks = {0};
    mkg__marks marks = {0};
    mkg__features f = {0};

    MKG_GO(mkg__fold(q.text, q.len, &q.folded, &q.map, err));
    it->hash = mkg__hash64(q.folded.ptr, q.folded.len, e->o->seed);
    MKG_GO(mkg__spans_find(e->kg, &q, &spans, err));
    MKG_GO(mkg__asks_find(e->kg, &q, &spans, &asks, err));
    MKG_GO(mkg__marks_of(e->kg, &spans, &marks, err));
    MKG_GO(mkg__features_of(mkg__view(q.folded.ptr, q.folded.len), marks.at, marks.n,
                            &f, err));
    MKG_GO(mkg__samples_add(&e->samples, &f, &it->label, 1, err));
    if (e->o->map) it->said[MKG_INTENT_PHRASES] = by_phrases(e, &q, &asks);
    if (e->o->map && e->model) {
        MKG_GO(by_model(e, &q, &spans, &it->said[MKG_INTENT_GENERATED], err));
        it->said[MKG_INTENT_BOTH] =
            it->said[asks.n ? MKG_INTENT_PHRASES : MKG_INTENT_GENERATED];
    }
out:
    mkg__features_clear(&f);
    mkg__free(marks.at);
    mkg__asks_clear(&asks);
    mkg__spans_clear(&spans);
    mkg__buf_clear(&q.folded);
    mkg__free(q.map);
    return st;
}

/* ---- the cases ---- */

static mkg_status one_case(eval *e, mkg_view line, const char *file, uint64_t number,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    json_t *v = NULL;

    MKG_GO(mkg__json_parse(line, file, number, &v, err));
    const char *question = json_string_value(json_object_get(v, "question"));
    const char *intent = json_string_value(json_object_get(v, "intent"));
    if (!question || !intent) {
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "the case has no \"question\" and \"intent\"");
        goto out;
    }
    if (!mkg__grow(&e->items, &e->cap, e->n + 1, sizeof *e->items)) {
        st = mkg__nomem(err);
        goto out;
    }
    item *it = &e->items[e->n];
    *it =
        (item){.question = mkg__arena_dup(&e->out->arena, question, strlen(question))};
    if (!it->question) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(label_of(e, intent, &it->label, err));
    e->labels[it->label].cases++;
    e->n++;
out:
    json_decref(v);
    return st;
}

static mkg_status read_cases(eval *e, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK)
        if (mkg__trim(line).len)
            MKG_GO(one_case(e, line, mkg__stream_name(s), number, err));
    if (st < 0) goto out;
    st = MKG_OK;
    if (e->n == 0)
        st = mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "the file has no case");
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}

/* ---- cross-validation ---- */

static mkg_status one_fold(eval *e, size_t fold, size_t folds, uint32_t *rows,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__linear m = {0};
    mkg__linear_opts o = options;
    float z[MKG_CLASSES_MAX];
    size_t n = 0;

    o.classes = e->nlabels;
    o.seed = e->o->seed;
    for (size_t i = 0; i < e->n; i++)
        if (e->items[i].hash % folds != fold) rows[n++] = (uint32_t)i;
    MKG_GO(mkg__linear_train(&e->samples, rows, n, &o, &m, err));
    for (size_t i = 0; i < e->n; i++) {
        if (e->items[i].hash % folds != fold) continue;
        const struct mkg__sample *a = &e->samples.at[i];
        size_t best = 0;
        mkg__linear_score(&m, e->samples.features + a->feature, a->nfeatures, z);
        for (size_t c = 1; c < e->nlabels; c++)
            if (z[c] > z[best]) best = c;
        e->items[i].said[MKG_INTENT_CROSS] = (uint8_t)best;
    }
out:
    mkg__linear_clear(&m);
    return st;
}

static mkg_status cross_validate(eval *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t folds = e->o->folds ? e->o->folds : 5;
    uint32_t *rows = mkg__malloc((e->n + 1) * sizeof *rows);

    if (!rows) return mkg__nomem(err);
    for (size_t f = 0; f < folds; f++)
        MKG_GO(one_fold(e, f, folds, rows, err));
out:
    mkg__free(rows);
    return st;
}

/* ---- the scores ---- */

static int most_cases_first(const void *p, const void *q)
{
    const mkg_intent_class *x = p, *y = q;
    if (x->cases != y->cases) return x->cases > y->cases ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void count(eval *e, mkg_intent_method m)
{
    size_t said[LABELS_MAX + 1] = {0}, hit[LABELS_MAX] = {0}, right = 0;
    mkg_intent_score *out = e->out;

    for (size_t i = 0; i < e->n; i++) {
        const item *it = &e->items[i];
        said[it->said[m]]++;
        if (it->said[m] != it->label) continue;
        hit[it->label]++;
        right++;
    }
    for (size_t l = 0; l < e->nlabels; l++) {
        mkg_intent_class *c = &out->classes[e->labels[l].place];
        c->precision[m] = said[l] ? (double)hit[l] / (double)said[l] : 0;
        c->recall[m] = c->cases ? (double)hit[l] / (double)c->cases : 0;
        c->f1[m] = 2.0 * (double)hit[l] / (double)(said[l] + c->cases);
        out->macro_f1[m] += c->f1[m] / (double)e->nlabels;
    }
    out->accuracy[m] = (double)right / (double)e->n;
    out->measured[m] = true;
}

static int by_number(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static mkg_status count_distinct(eval *e, mkg_err *err)
{
    uint64_t *h = mkg__malloc(e->n * sizeof *h);
    if (!h) return mkg__nomem(err);
    for (size_t i = 0; i < e->n; i++)
        h[i] = e->items[i].hash;
    qsort(h, e->n, sizeof *h, by_hash);
    for (size_t i = 0; i < e->n; i++)
        e->out->distinct += i == 0 || h[i] != h[i - 1];
    mkg__free(h);
    return MKG_OK;
}

static mkg_status fill(eval *e, mkg_err *err)
{
    mkg_intent_score *out = e->out;
    size_t most = 0;

    out->cases = e->n;
    out->nclasses = e->nlabels;
    out->classes = mkg__arena_alloc(&out->arena, e->nlabels * sizeof *out->classes);
    if (!out->classes) return mkg__nomem(err);
    for (size_t l = 0; l < e->nlabels; l++)
        out->classes[l] =
            (mkg_intent_class){.name = e->labels[l].name, .cases = e->labels[l].cases};
    qsort(out->classes, e->nlabels, sizeof *out->classes, most_cases_first);
    for (size_t l = 0; l < e->nlabels; l++)
        for (size_t p = 0; p < e->nlabels; p++)
            if (out->classes[p].name == e->labels[l].name) {
                e->labels[l].place = p;
                if (p == 0) most = l;
            }
    for (size_t i = 0; i < e->n; i++)
        e->items[i].said[MKG_INTENT_MAJORITY] = (uint8_t)most;
    count(e, MKG_INTENT_MAJORITY);
    count(e, MKG_INTENT_CROSS);
    if (e->o->map) count(e, MKG_INTENT_PHRASES);
    if (e->o->map && e->model) {
        count(e, MKG_INTENT_GENERATED);
        count(e, MKG_INTENT_BOTH);
    }
    if (e->us) {
        qsort(e->us, e->n, sizeof *e->us, by_number);
        out->us_p50 = e->us[e->n / 2];
        out->us_p99 = e->us[(e->n - 1) * 99 / 100];
    }
    return count_distinct(e, err);
}

static void tell(const eval *e, mkg_intent_case_fn fn, void *ctx)
{
    for (size_t i = 0; i < e->n; i++) {
        const char *said[MKG_INTENT_METHODS] = {NULL};
        for (size_t m = 0; m < MKG_INTENT_METHODS; m++) {
            size_t l = e->items[i].said[m];
            if (e->out->measured[m]) said[m] = l < e->nlabels ? e->labels[l].name : "";
        }
        fn(ctx, e->items[i].question, e->labels[e->items[i].label].name, said);
    }
}

mkg_status mkg_eval_intent(mkg_kg *kg, const char *path, const mkg_intent_eval_opts *o,
                           mkg_intent_case_fn fn, void *ctx, mkg_intent_score *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    eval *e = mkg__calloc(1, sizeof *e);

    memset(out, 0, sizeof *out);
    if (!e) return mkg__nomem(err);
    *e = (eval){.kg = kg, .o = o, .out = out};
    MKG_GO(read_cases(e, path, err));
    if (o->map) MKG_GO(read_map(e, err));
    if (o->model && o->map) {
        double began = mkg__now();
        MKG_GO(mkg__classifier_open(kg, o->model, &e->model, err));
        out->open_ms = (mkg__now() - began) * 1e3;
        if (e->model && !(e->us = mkg__calloc(e->n, sizeof *e->us))) {
            st = mkg__nomem(err);
            goto out;
        }
    }
    for (size_t i = 0; i < e->n; i++)
        MKG_GO(read_question(e, &e->items[i], err));
    MKG_GO(cross_validate(e, err));
    MKG_GO(fill(e, err));
    if (fn) tell(e, fn, ctx);
    st = MKG_OK;
out:
    if (e) {
        mkg__classifier_free(e->model);
        mkg__samples_clear(&e->samples);
        mkg__buf_clear(&e->map);
        mkg__free(e->items);
        mkg__free(e->us);
    }
    mkg__free(e);
    if (st < 0) mkg_intent_score_clear(out);
    return st;
}

void mkg_intent_score_clear(mkg_intent_score *s)
{
    mkg__arena_clear(&s->arena);
    memset(s, 0, sizeof *s);
}
