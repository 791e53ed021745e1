#include "embed/links_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "embed/logistic.h"

#include <math.h>
#include <string.h>

enum {
    F = MKG__PAIR_FEATURES,
    SAMPLE = 10000,
    DRAWS = 100,
    DEGREES = 2,
    DEGREES_END = 8
};
enum { STREAM_SAMPLE = 11, STREAM_CORRUPT = 12 };

/* ---- rows by type ---- */

mkg_status mkg__pools_make(mkg_kg *kg, const mkg_id *node, size_t n, mkg__pools *out,
                           mkg_err *err)
{
    mkg__map types = {0};
    mkg_status st = MKG_OK;
    uint32_t *at = NULL;

    memset(out, 0, sizeof *out);
    out->type = mkg__calloc(n + 1, sizeof *out->type);
    out->row = mkg__calloc(n + 1, sizeof *out->row);
    if (!out->type || !out->row) goto nomem;
    for (size_t i = 0; i < n; i++) {
        mkg_node info;
        st = mkg_kg_node(kg, node ? node[i] : (mkg_id)(i + 1), &info, err);
        if (st < 0) goto out;
        mkg_view type = st == MKG_OK ? info.type : mkg__view("", 0);
        mkg_id *number = mkg__map_put(&types, type.ptr, type.len);
        if (!number) goto nomem;
        if (!*number) *number = (mkg_id)++out->types;
        out->type[i] = *number - 1;
    }
    st = MKG_OK;
    out->start = mkg__calloc(out->types + 2, sizeof *out->start);
    at = mkg__calloc(out->types + 1, sizeof *at);
    if (!out->start || !at) goto nomem;
    for (size_t i = 0; i < n; i++)
        out->start[out->type[i] + 1]++;
    for (size_t t = 0; t < out->types; t++) {
        out->start[t + 1] += out->start[t];
        at[t] = out->start[t];
    }
    for (size_t i = 0; i < n; i++)
        out->row[at[out->type[i]]++] = (uint32_t)i;
    goto out;
nomem:
    st = mkg__nomem(err);
out:
    mkg__map_clear(&types);
    mkg__free(at);
    if (st < 0) mkg__pools_clear(out);
    return st;
}

void mkg__pools_clear(mkg__pools *p)
{
    mkg__free(p->type);
    mkg__free(p->row);
    mkg__free(p->start);
    memset(p, 0, sizeof *p);
}

bool mkg__corrupt(const mkg__pools *p, mkg__pair fact, mkg__is_fact_fn is_fact,
                  const void *ctx, mkg__rng *r, mkg__pair *out)
{
    for (unsigned i = 0; i < DRAWS; i++) {
        bool tail = mkg__rng_u64(r) >> 63;
        uint32_t type = p->type[tail ? fact.v : fact.u];
        uint32_t pick = p->row[p->start[type] +
                               mkg__rng_below(r, p->start[type + 1] - p->start[type])];
        *out = tail ? (mkg__pair){fact.u, pick} : (mkg__pair){pick, fact.v};
        if (out->u != out->v && !is_fact(ctx, out->u, out->v)) return true;
    }
    return false;
}

/* ---- sums ---- */

static double dot(const float *a, const float *b, size_t n)
{
    float s = 0;
#pragma omp simd reduction(+ : s)
    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return (double)s;
}

static const float *row(const mkg__pair_world *w, uint32_t r)
{
    return w->x + (size_t)r * w->dim;
}

static bool make_slots(mkg__pair_model *m, const mkg__pair *fact, size_t n)
{
    const mkg__pair_world *w = m->w;
    for (unsigned end = 0; end < 2; end++) {
        size_t slots = 0, cells;
        m->slot[end] = mkg__malloc((w->n + 1) * sizeof *m->slot[end]);
        if (!m->slot[end]) return false;
        memset(m->slot[end], 0xff, (w->n + 1) * sizeof *m->slot[end]);
        for (size_t i = 0; i < n; i++)
            for (unsigned other = 0; other < (m->symmetric ? 2u : 1u); other++) {
                uint32_t r = (end ^ other) ? fact[i].v : fact[i].u;
                if (m->slot[end][r] == UINT32_MAX) m->slot[end][r] = (uint32_t)slots++;
            }
        m->count[end] = mkg__calloc(slots + 1, sizeof *m->count[end]);
        m->square[end] = mkg__calloc(slots + 1, sizeof *m->square[end]);
        if (mkg__mul(slots + 1, w->dim, &cells))
            m->sum[end] = mkg__calloc(cells, sizeof *m->sum[end]);
        if (!m->count[end] || !m->square[end] || !m->sum[end]) return false;
    }
    return true;
}

/* `other` is a partner of `r`, which stands at `end`. */
static void add_partner(mkg__pair_model *m, unsigned end, uint32_t r, uint32_t other)
{
    const mkg__pair_world *w = m->w;
    uint32_t slot = m->slot[end][r];
    float *sum = m->sum[end] + (size_t)slot * w->dim, scale = w->scale[other];
    const float *x = row(w, other);
    m->count[end][slot]++;
    for (size_t i = 0; i < w->dim; i++)
        sum[i] += scale * x[i];
}

static void add_all(mkg__pair_model *m, const mkg__pair *fact, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_partner(m, 0, fact[i].u, fact[i].v);
        add_partner(m, 1, fact[i].v, fact[i].u);
        if (!m->symmetric) continue;
        add_partner(m, 0, fact[i].v, fact[i].u);
        add_partner(m, 1, fact[i].u, fact[i].v);
    }
    for (unsigned end = 0; end < 2; end++)
        for (size_t r = 0; r < m->w->n; r++) {
            uint32_t slot = m->slot[end][r];
            if (slot == UINT32_MAX) continue;
            const float *sum = m->sum[end] + (size_t)slot * m->w->dim;
            m->square[end][slot] = dot(sum, sum, m->w->dim);
        }
}

uint32_t mkg__pair_model_count(const mkg__pair_model *m, unsigned end, uint32_t r)
{
    uint32_t slot = m->slot[end][r];
    return slot == UINT32_MAX ? 0 : m->count[end][slot];
}

/* ---- features ---- */

/* Cosine of `other` with the sum of the partners of `r`, itself taken out if known. */
static double context(const mkg__pair_model *m, unsigned end, uint32_t r,
                      uint32_t other, bool known)
{
    const mkg__pair_world *w = m->w;
    uint32_t slot = m->slot[end][r];
    if (slot == UINT32_MAX || m->count[end][slot] <= known || !(w->scale[other] > 0))
        return 0;
    double along = (double)w->scale[other] *
                   dot(m->sum[end] + (size_t)slot * w->dim, row(w, other), w->dim),
           square = m->square[end][slot];
    if (known) {
        square += 1 - 2 * along;
        along -= 1;
    }
    double c = square > 1e-9 ? along / sqrt(square) : 0;
    return c > 1 ? 1 : c < -1 ? -1 : c;
}

static void features(const mkg__pair_model *m, uint32_t u, uint32_t v, bool known,
                     double f[F])
{
    uint32_t nu = mkg__pair_model_count(m, 0, u) - known,
             nv = mkg__pair_model_count(m, 1, v) - known;
    f[0] = context(m, 0, u, v, known);
    f[1] = context(m, 1, v, u, known);
    f[2] = log1p(nu);
    f[3] = log1p(nv);
    f[4] = log1p(m->w->degree[u] - (double)known);
    f[5] = log1p(m->w->degree[v] - (double)known);
    f[6] = nu == 0;
    f[7] = nv == 0;
    f[8] = f[0] * f[2];
    f[9] = f[1] * f[3];
}

float mkg__pair_model_score(const mkg__pair_model *m, uint32_t u, uint32_t v,
                            float *without)
{
    double f[F], with = (double)m->with[F], bare = (double)m->without[F];
    features(m, u, v, false, f);
    for (size_t i = 0; i < F; i++) {
        double z = (f[i] - m->mean[i]) / m->spread[i];
        with += (double)m->with[i] * z;
        bare += (double)m->without[i] * z;
    }
    if (without) *without = (float)bare;
    return (float)with;
}

/* ---- learning ---- */

static void standardise(mkg__pair_model *m, const double *f, size_t n)
{
    for (size_t k = 0; k < F; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            sum += f[i * F + k];
        m->mean[k] = sum / (double)n;
        for (size_t i = 0; i < n; i++)
            squares += (f[i * F + k] - m->mean[k]) * (f[i * F + k] - m->mean[k]);
        double sd = sqrt(squares / (double)n);
        m->spread[k] = sd > 1e-6 ? sd : 1; /* a constant says nothing */
    }
}

/* Fit on columns from … to of the features; the weights of the others are 0. */
static mkg_status fit_columns(const mkg__pair_model *m, const double *f,
                              const uint8_t *y, size_t n, size_t from, size_t to,
                              float w[F + 1], mkg_err *err)
{
    mkg_logistic_opts o = MKG_LOGISTIC_OPTS_INIT;
    mkg_logistic fit = {0};
    size_t d = to - from;
    float *x = mkg__calloc(n * d, sizeof *x);
    mkg_status st = x ? MKG_OK : mkg__nomem(err);
    for (size_t i = 0; st >= 0 && i < n; i++)
        for (size_t k = 0; k < d; k++)
            x[i * d + k] = (float)((f[i * F + from + k] - m->mean[from + k]) /
                                   m->spread[from + k]);
    o.threads = 1;
    if (st >= 0) st = mkg_logistic_fit(x, n, d, y, 1, &o, &fit, err);
    if (st >= 0) {
        memset(w, 0, (F + 1) * sizeof *w);
        memcpy(w + from, fit.w, d * sizeof *w);
        w[F] = fit.w[d];
    }
    mkg_logistic_clear(&fit);
    mkg__free(x);
    return st;
}

static mkg_status learn(mkg__pair_model *m, const mkg__pair *fact, size_t n,
                        uint64_t seed, mkg_err *err)
{
    const mkg__pair_world *w = m->w;
    size_t want = n < SAMPLE ? n : SAMPLE, have = 0;
    double *f = mkg__calloc(2 * want * F, sizeof *f);
    uint8_t *y = mkg__calloc(2 * want, 1);
    mkg_status st = f && y ? MKG_OK : mkg__nomem(err);
    mkg__rng pick = mkg__rng_new(seed, STREAM_SAMPLE, 0),
             corrupt = mkg__rng_new(seed, STREAM_CORRUPT, 0);

    /* Every fact has the same chance to be among the sample (Knuth, algorithm S). */
    for (size_t i = 0, left = want; st >= 0 && left > 0; i++) {
        if (mkg__rng_double(&pick) * (double)(n - i) >= (double)left) continue;
        mkg__pair none;
        left--;
        if (!mkg__corrupt(w->pools, fact[i], w->is_fact, w->fact_ctx, &corrupt, &none))
            continue;
        features(m, fact[i].u, fact[i].v, true, f + have * F);
        y[have++] = 1;
        features(m, none.u, none.v, false, f + have * F);
        y[have++] = 0;
    }
    if (st >= 0 && have < 2) {
        /* Everything is a fact: nothing to learn, near is as good as anything. */
        for (size_t k = 0; k < F; k++)
            m->spread[k] = 1;
        m->with[0] = m->with[1] = 1;
    } else if (st >= 0) {
        standardise(m, f, have);
        st = fit_columns(m, f, y, have, 0, F, m->with, err);
        if (st >= 0)
            st = fit_columns(m, f, y, have, DEGREES, DEGREES_END, m->without, err);
    }
    mkg__free(f);
    mkg__free(y);
    return st;
}

mkg_status mkg__pair_model_fit(mkg__pair_model *m, const mkg__pair_world *w,
                               const mkg__pair *fact, size_t n, bool symmetric,
                               uint64_t seed, mkg_err *err)
{
    memset(m, 0, sizeof *m);
    m->w = w;
    m->symmetric = symmetric;
    if (!make_slots(m, fact, n)) return mkg__nomem(err);
    add_all(m, fact, n);
    return learn(m, fact, n, seed, err);
}

void mkg__pair_model_clear(mkg__pair_model *m)
{
    for (unsigned end = 0; end < 2; end++) {
        mkg__free(m->slot[end]);
        mkg__free(m->sum[end]);
        mkg__free(m->square[end]);
        mkg__free(m->count[end]);
    }
    memset(m, 0, sizeof *m);
}
