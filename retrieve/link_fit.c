/* Learning to link: substitutions and vectors from one half of the terms, from the
 * other half how much they and the other signs count, and then once more from all. */
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- weights: softmax over the candidates of each text, Adam ---- */

enum {
    EXAMPLES = 4000,
    STEPS = 250,
    MOST = 80,
    WIDE = MKG__FEATURES + MKG__MODEL_TYPES
};

typedef struct example {
    size_t from, to; /* rows */
} example;

typedef struct row {
    float feature[MKG__FEATURES];
    uint32_t type; /* of the index; below MKG__MODEL_TYPES, or MKG_NAMES_NONE */
    bool gold;
} row;

typedef struct fit {
    example *at;
    size_t n, cap;
    row *rows;
    size_t nrows, rows_cap;
} fit;

static bool leads_to(const mkg__names *x, uint32_t surface, uint32_t term)
{
    for (size_t i = 0, n = mkg__names_entries(x, surface); i < n; i++)
        for (size_t k = 0, m = mkg__names_entries(x, term); k < m; k++) {
            mkg__name_entry a = mkg__names_entry(x, surface, i),
                            b = mkg__names_entry(x, term, k);
            if (a.node == b.node && b.kind <= MKG__NAME_ALIAS) return true;
        }
    return false;
}

static mkg_status add_example(mkg__linker *l, fit *f, const mkg__name_pair *p,
                              mkg__candidates *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t golds = 0, from = f->nrows;

    /* As for a new phrase of a term that is known, and for one that is not. */
    bool known = mkg__hash64(p->phrase.ptr, p->phrase.len, 5) & 1;
    MKG_GO(mkg__link_candidates(l, p->phrase, known ? MKG__HIDE_TEXT : MKG__HIDE_TERM,
                                p->surface, c, err));
    for (size_t i = 0; i < c->n && f->nrows - from < MOST; i++) {
        bool gold = leads_to(l->names, c->at[i].surface, p->surface);
        if (!mkg__grow(&f->rows, &f->rows_cap, f->nrows + 1, sizeof *f->rows))
            return mkg__nomem(err);
        row *r = &f->rows[f->nrows++];
        memcpy(r->feature, c->at[i].feature, sizeof r->feature);
        r->type = c->at[i].type < MKG__MODEL_TYPES ? c->at[i].type : MKG_NAMES_NONE;
        r->gold = gold;
        golds += gold;
    }
    if (golds == 0 || golds == f->nrows - from) {
        f->nrows = from;
        goto out;
    }
    if (!mkg__grow(&f->at, &f->cap, f->n + 1, sizeof *f->at)) return mkg__nomem(err);
    f->at[f->n++] = (example){from, f->nrows};
out:
    return st;
}

static float sum_of(const row *r, const double *w)
{
    double s = 0;
    for (size_t k = 0; k < MKG__FEATURES; k++)
        s += w[k] * (double)r->feature[k];
    if (r->type != MKG_NAMES_NONE) s += w[MKG__FEATURES + r->type];
    return (float)s;
}

static void add_row(const row *r, double by, double *g)
{
    for (size_t k = 0; k < MKG__FEATURES; k++)
        g[k] += by * (double)r->feature[k];
    if (r->type != MKG_NAMES_NONE) g[MKG__FEATURES + r->type] += by;
}

/* Ascend the log-likelihood of the golds of each example. */
static void gradient(const fit *f, const double *w, double *g)
{
    float p[MOST];
    double all = 0;
    memset(g, 0, WIDE * sizeof *g);
    for (size_t e = 0; e < f->n; e++) {
        const example *x = &f->at[e];
        float most = -1e30f, sum = 0, gold = 0;
        for (size_t i = x->from; i < x->to; i++) {
            p[i - x->from] = sum_of(&f->rows[i], w);
            if (p[i - x->from] > most) most = p[i - x->from];
        }
        for (size_t i = x->from; i < x->to; i++) {
            sum += p[i - x->from] = expf(p[i - x->from] - most);
            if (f->rows[i].gold) gold += p[i - x->from];
        }
        for (size_t i = x->from; i < x->to; i++) {
            float share = p[i - x->from] / sum;
            float want = f->rows[i].gold ? p[i - x->from] / (gold + 1e-12f) : 0;
            add_row(&f->rows[i], (double)(want - share), g);
        }
        all++;
    }
    for (size_t k = 0; k < WIDE; k++)
        g[k] = g[k] / (all > 0 ? all : 1) - 1e-3 * w[k];
}

static void climb(const fit *f, double *w)
{
    double g[WIDE], first[WIDE] = {0}, second[WIDE] = {0};
    for (unsigned step = 1; step <= STEPS; step++) {
        gradient(f, w, g);
        for (size_t k = 0; k < WIDE; k++) {
            first[k] = 0.9 * first[k] + 0.1 * g[k];
            second[k] = 0.99 * second[k] + 0.01 * g[k] * g[k];
            w[k] += 0.1 * first[k] / (sqrt(second[k]) + 1e-8);
        }
    }
}

/* Slope and offset so that the score of the first candidate is the chance that it is
 * right (Platt, 1999). */
static void calibrate(const fit *f, const double *w, mkg__link_weights *out)
{
    double a = 1, b = 0;
    for (unsigned step = 0; step < 2000; step++) {
        double ga = 0, gb = 0, all = 0;
        for (size_t e = 0; e < f->n; e++) {
            const example *x = &f->at[e];
            size_t best = x->from;
            float most = -1e30f;
            for (size_t i = x->from; i < x->to; i++) {
                float s = sum_of(&f->rows[i], w);
                if (s > most) {
                    most = s;
                    best = i;
                }
            }
            double p = 1 / (1 + exp(-(a * (double)most + b)));
            double d = (double)f->rows[best].gold - p;
            ga += d * (double)most / 10;
            gb += d;
            all++;
        }
        a += 0.3 * ga / all;
        b += 3 * gb / all;
        if (a < 0.05) a = 0.05;
    }
    out->slope = (float)a;
    out->offset = (float)b;
}

static mkg_status keep_types(mkg__linker *l, const double *w, mkg_err *err)
{
    mkg__link_model *m = &l->model;
    m->ntypes = 0;
    for (uint32_t i = 0; i < mkg__names_types(l->names) && i < MKG__MODEL_TYPES; i++) {
        mkg_view name = mkg__names_type_name(l->names, i);
        m->types[i].name = mkg__arena_dup(&m->arena, name.ptr, name.len);
        if (!m->types[i].name) return mkg__nomem(err);
        m->types[i].weight = (float)w[MKG__FEATURES + i];
        m->ntypes++;
    }
    return mkg__linker_types(l, err);
}

mkg_status mkg__link_fit(mkg__linker *l, const mkg__name_pair *pairs, size_t n,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    fit f = {0};
    mkg__candidates c = {0};
    double w[WIDE] = {0};
    size_t step = n / EXAMPLES + 1;

    for (size_t i = 0; i < n; i += step)
        MKG_GO(add_example(l, &f, &pairs[i], &c, err));
    if (f.n < 50) goto out; /* too few to learn from */
    for (size_t k = 0; k < MKG__FEATURES; k++)
        w[k] = (double)mkg__link_default.feature[k];
    climb(&f, w);
    for (size_t k = 0; k < MKG__FEATURES; k++)
        if (k != MKG__F_EQUAL) l->model.weights.feature[k] = (float)w[k];
    calibrate(&f, w, &l->model.weights);
    st = keep_types(l, w, err);
out:
    mkg__free(f.at);
    mkg__free(f.rows);
    mkg__candidates_clear(&c);
    return st;
}
