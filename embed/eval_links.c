/* Link prediction: what is held out, what is drawn against it, what comes of it. */
#include "embed/links_internal.h"

#include "base/err.h"
#include "embed/metrics.h"
#include "embed/node2vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EDGES_MIN = 10 };
enum { STREAM_ORDER = 21, STREAM_NEGATIVE = 22, STREAM_RANKED = 23 };

typedef struct relation {
    mkg_id id;
    bool symmetric;
    size_t first, n, train; /* facts: those to train on, then those held out */
} relation;

typedef struct test_case {
    mkg__pair fact, none;
    bool paired, ranked; /* has a `none`; is to be ranked */
    float yes[MKG_LINK_WAYS], no[MKG_LINK_WAYS];
    double rank[2][MKG_LINK_WAYS]; /* of the object, of the subject */
} test_case;

typedef struct job {
    mkg_kg *kg;
    const mkg_eval_links_opts *o;
    mkg_eval_links_result *out;
    mkg_graph *g, *t; /* the view, and what is left for training */
    bool *held;       /* (g->m) */
    uint32_t *degree; /* (n) in t */
    mkg__pair *fact;  /* by relation */
    size_t nfacts, fact_cap;
    relation *rel;
    size_t nrel, rel_cap;
    test_case *tests; /* in the order of the relations */
    size_t ntests;
    float *x, *scale; /* (n, dim), (n) */
    mkg__pools pools;
    mkg__pair_world world;
    mkg__around around;
} job;

const char *mkg_link_way_name(mkg_link_way way)
{
    static const char *const names[] = {
        "vectors",           "cosine",      "degrees",   "popularity", "preferential",
        "common_neighbours", "adamic_adar", "paths_of_3"};
    return way < MKG_LINK_WAYS ? names[way] : "";
}

void mkg_eval_links_clear(mkg_eval_links_result *r)
{
    mkg__free(r->relation);
    r->relation = NULL;
    r->nrelations = 0;
}

/* ---- facts and edges ---- */

static mkg_id id_of(const mkg_graph *g, size_t row)
{
    return g->node ? g->node[row] : (mkg_id)(row + 1);
}

static bool asked(const mkg_eval_links_opts *o, mkg_id id)
{
    if (!o->relations) return true;
    for (size_t i = 0; i < o->nrelations; i++)
        if (o->relations[i] == id) return true;
    return false;
}

/* The facts of a relation, from a view of it alone. */
static mkg_status read_relation(job *j, const mkg_relation *r, mkg_err *err)
{
    mkg_graph *one = NULL;
    mkg_graph_opts go = {.directed = true,
                         .types = j->o->types,
                         .ntypes = j->o->ntypes,
                         .relations = &r->id,
                         .nrelations = 1};
    mkg_status st;
    size_t first = j->nfacts;

    MKG_GO(mkg_graph_new(j->kg, &go, &one, err));
    if (!mkg__grow(&j->fact, &j->fact_cap, j->nfacts + one->m, sizeof *j->fact) ||
        !mkg__grow(&j->rel, &j->rel_cap, j->nrel + 1, sizeof *j->rel)) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t u = 0; u < one->n; u++)
        for (uint64_t k = one->start[u]; k < one->start[u + 1]; k++) {
            size_t a = mkg_graph_row(j->g, id_of(one, u)),
                   b = mkg_graph_row(j->g, id_of(one, one->to[k]));
            if (a == SIZE_MAX || b == SIZE_MAX || a == b) continue;
            j->fact[j->nfacts++] = (mkg__pair){(uint32_t)a, (uint32_t)b};
        }
    if (j->nfacts > first)
        j->rel[j->nrel++] = (relation){.id = r->id,
                                       .symmetric = r->symmetric,
                                       .first = first,
                                       .n = j->nfacts - first};
out:
    mkg_graph_free(one);
    return st;
}

static mkg_status read_facts(job *j, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_graph_opts go = {.types = j->o->types,
                         .ntypes = j->o->ntypes,
                         .relations = j->o->relations,
                         .nrelations = j->o->nrelations};
    MKG_GO(mkg_graph_new(j->kg, &go, &j->g, err));
    for (size_t i = 0; i < mkg_kg_relation_count(j->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(j->kg, i);
        uint64_t facts;
        if (r->inverse || r->literal || !asked(j->o, r->id)) continue;
        MKG_GO(mkg_kg_relation_facts(j->kg, r->id, &facts, err));
        if (facts) MKG_GO(read_relation(j, r, err));
    }
out:
    return st;
}

static uint64_t entry_of(const mkg_graph *g, uint32_t u, uint32_t v)
{
    uint64_t lo = g->start[u], hi = g->start[u + 1];
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (g->to[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int by_pair(const void *a, const void *b)
{
    const mkg__pair *x = a, *y = b;
    if (x->u != y->u) return x->u < y->u ? -1 : 1;
    return (x->v > y->v) - (x->v < y->v);
}

/* Edges that can be held out, each once, u < v. */
static mkg_status list_edges(const job *j, mkg__pair **out, size_t *n, mkg_err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < j->nrel; i++)
        if (!j->o->only || j->rel[i].id == j->o->only) most += j->rel[i].n;
    *n = 0;
    *out = mkg__calloc(most + 1, sizeof **out);
    if (!*out) return mkg__nomem(err);
    for (size_t i = 0; i < j->nrel; i++) {
        const relation *r = &j->rel[i];
        if (j->o->only && r->id != j->o->only) continue;
        for (size_t k = r->first; k < r->first + r->n; k++) {
            mkg__pair f = j->fact[k];
            (*out)[(*n)++] = f.u < f.v ? f : (mkg__pair){f.v, f.u};
        }
    }
    qsort(*out, *n, sizeof **out, by_pair);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (i == 0 || by_pair(&(*out)[i], &(*out)[i - 1]) != 0)
            (*out)[kept++] = (*out)[i];
    *n = kept;
    return MKG_OK;
}

static mkg_status hold_out(job *j, mkg_err *err)
{
    const mkg_graph *g = j->g;
    mkg__pair *edge;
    size_t n, want;
    mkg_status st = list_edges(j, &edge, &n, err);
    if (st < 0) return st;
    j->held = mkg__calloc(g->m + 1, sizeof *j->held);
    j->degree = mkg__calloc(g->n + 1, sizeof *j->degree);
    if (!j->held || !j->degree) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < g->n; i++)
        j->degree[i] = (uint32_t)mkg_graph_degree(g, i);
    mkg__rng r = mkg__rng_new(j->o->seed, STREAM_ORDER, 0);
    want = (size_t)(j->o->held_out * (double)n);
    for (size_t i = 0; i < n && j->out->held_out < want; i++) {
        size_t pick = i + mkg__rng_below(&r, (uint32_t)(n - i));
        mkg__pair e = edge[pick];
        edge[pick] = edge[i];
        if (j->degree[e.u] < 2 || j->degree[e.v] < 2) {
            j->out->passed_over++;
            continue;
        }
        j->degree[e.u]--;
        j->degree[e.v]--;
        j->held[entry_of(g, e.u, e.v)] = j->held[entry_of(g, e.v, e.u)] = true;
        j->out->held_out++;
    }
    j->out->nodes = g->n;
    j->out->edges = g->m / 2;
    if (j->out->held_out < EDGES_MIN)
        st = mkg__fail(err, MKG_NOTFOUND,
                       "%zu edges can be held out of %zu, which says nothing",
                       j->out->held_out, n);
out:
    mkg__free(edge);
    return st;
}

/* The view without the edges held out. */
static mkg_status make_rest(job *j, mkg_err *err)
{
    const mkg_graph *g = j->g;
    size_t n = 0, edges = g->m / 2 - j->out->held_out;
    uint32_t *from = mkg__calloc(edges + 1, sizeof *from),
             *to = mkg__calloc(edges + 1, sizeof *to);
    float *weight = g->weight ? mkg__calloc(edges + 1, sizeof *weight) : NULL;
    mkg_status st = MKG_OK;

    if (!from || !to || (g->weight && !weight)) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t u = 0; u < g->n; u++)
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
            if (g->to[k] < u || j->held[k] || n == edges) continue;
            from[n] = (uint32_t)u;
            to[n] = g->to[k];
            if (weight) weight[n] = g->weight[k];
            n++;
        }
    st = mkg_graph_from_edges(g->n, n, from, to, weight, false, &j->t, err);
out:
    mkg__free(from);
    mkg__free(to);
    mkg__free(weight);
    return st;
}

static bool is_held(const job *j, mkg__pair f)
{
    return j->held[entry_of(j->g, f.u, f.v)];
}

/* Facts of each relation: those that are left first, the cases behind them. */
static void part_facts(job *j)
{
    for (size_t i = 0; i < j->nrel; i++) {
        relation *r = &j->rel[i];
        mkg__pair *f = j->fact + r->first;
        for (size_t k = 0; k < r->n; k++) {
            if (is_held(j, f[k])) continue;
            mkg__pair t = f[k];
            f[k] = f[r->train];
            f[r->train++] = t;
        }
        j->out->facts += r->n - r->train;
    }
}

static bool has_edge(const void *ctx, uint32_t u, uint32_t v)
{
    return mkg_graph_has(ctx, u, v);
}

static mkg_status make_tests(job *j, mkg_err *err)
{
    size_t left, seen = 0;
    mkg__rng draw = mkg__rng_new(j->o->seed, STREAM_NEGATIVE, 0),
             pick = mkg__rng_new(j->o->seed, STREAM_RANKED, 0);
    j->tests = mkg__calloc(j->out->facts + 1, sizeof *j->tests);
    if (!j->tests) return mkg__nomem(err);
    left = j->o->rankings < j->out->facts ? j->o->rankings : j->out->facts;
    j->out->rankings = left;
    for (size_t i = 0; i < j->nrel; i++) {
        const relation *r = &j->rel[i];
        for (size_t k = r->first + r->train; k < r->first + r->n; k++) {
            test_case *t = &j->tests[j->ntests++];
            t->fact = j->fact[k];
            t->paired =
                mkg__corrupt(&j->pools, t->fact, has_edge, j->g, &draw, &t->none);
            t->ranked = mkg__rng_double(&pick) * (double)(j->out->facts - seen++) <
                        (double)left;
            left -= t->ranked;
        }
    }
    return MKG_OK;
}

/* ---- scores ---- */

static float cosine(const job *j, uint32_t u, uint32_t v)
{
    const float *a = j->x + (size_t)u * j->world.dim,
                *b = j->x + (size_t)v * j->world.dim;
    float s = 0;
#pragma omp simd reduction(+ : s)
    for (size_t i = 0; i < j->world.dim; i++)
        s += a[i] * b[i];
    return s * j->scale[u] * j->scale[v];
}

/* All ways for one pair; `around` stands at one of the two, the other is `far`. */
static void score(const job *j, const mkg__pair_model *m, mkg__pair p, uint32_t far,
                  float out[MKG_LINK_WAYS])
{
    float nu = (float)mkg__pair_model_count(m, 0, p.u),
          nv = (float)mkg__pair_model_count(m, 1, p.v);
    out[MKG_LINK_VECTORS] = mkg__pair_model_score(m, p.u, p.v, &out[MKG_LINK_DEGREES]);
    out[MKG_LINK_COSINE] = cosine(j, p.u, p.v);
    out[MKG_LINK_POPULARITY] = (1 + nu) * (1 + nv);
    out[MKG_LINK_PREFERENTIAL] = (float)j->degree[p.u] * (float)j->degree[p.v];
    out[MKG_LINK_COMMON] = j->around.common[far];
    out[MKG_LINK_ADAMIC] = j->around.adamic[far];
    out[MKG_LINK_PATHS] = mkg__around_paths(&j->around, far);
}

/* Rank of the fact among all pairs with another node at one end, facts left out. */
static void rank(job *j, const mkg__pair_model *m, test_case *t, unsigned end)
{
    uint32_t fixed = end == 0 ? t->fact.u : t->fact.v,
             truth = end == 0 ? t->fact.v : t->fact.u, type = j->pools.type[truth];
    size_t above[MKG_LINK_WAYS] = {0}, equal[MKG_LINK_WAYS] = {0};
    float best[MKG_LINK_WAYS], now[MKG_LINK_WAYS];

    mkg__around_set(&j->around, fixed);
    score(j, m, t->fact, truth, best);
    for (uint32_t k = j->pools.start[type]; k < j->pools.start[type + 1]; k++) {
        uint32_t other = j->pools.row[k];
        if (other == fixed || other == truth || mkg_graph_has(j->g, fixed, other))
            continue;
        mkg__pair p = end == 0 ? (mkg__pair){fixed, other} : (mkg__pair){other, fixed};
        score(j, m, p, other, now);
        for (unsigned w = 0; w < MKG_LINK_WAYS; w++) {
            above[w] += now[w] > best[w];
            equal[w] += now[w] >= best[w] && now[w] <= best[w];
        }
    }
    for (unsigned w = 0; w < MKG_LINK_WAYS; w++)
        t->rank[end][w] = 1 + (double)above[w] + (double)equal[w] / 2;
}

static mkg_status score_relation(job *j, const relation *r, test_case *tests,
                                 mkg_err *err)
{
    mkg__pair_model m;
    size_t n = r->n - r->train;
    mkg_status st = mkg__pair_model_fit(&m, &j->world, j->fact + r->first, r->train,
                                        r->symmetric, j->o->seed, err);
    for (size_t i = 0; st >= 0 && i < n; i++) {
        test_case *t = &tests[i];
        mkg__around_set(&j->around, t->fact.u);
        score(j, &m, t->fact, t->fact.v, t->yes);
        if (t->paired && t->none.u != t->fact.u) {
            mkg__around_set(&j->around, t->none.v);
            score(j, &m, t->none, t->none.u, t->no);
        } else if (t->paired) {
            score(j, &m, t->none, t->none.v, t->no);
        }
        for (unsigned end = 0; t->ranked && end < 2; end++)
            rank(j, &m, t, end);
    }
    mkg__pair_model_clear(&m);
    return st;
}

/* ---- measures ---- */

static mkg_status measure(const test_case *t, size_t n, mkg_link_way way,
                          mkg_link_score *out, size_t *rankings, mkg_err *err)
{
    float *s = mkg__calloc(2 * n + 1, sizeof *s);
    uint8_t *y = mkg__calloc(2 * n + 1, 1);
    size_t have = 0, ranked = 0;
    mkg_status st = s && y ? MKG_OK : mkg__nomem(err);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; st >= 0 && i < n; i++) {
        if (t[i].paired) {
            s[have] = t[i].yes[way];
            y[have++] = 1;
            s[have++] = t[i].no[way];
        }
        for (unsigned end = 0; t[i].ranked && end < 2; end++) {
            double r = t[i].rank[end][way];
            ranked++;
            out->hits1 += r <= 1;
            out->hits10 += r <= 10;
            out->mrr += 1 / r;
        }
    }
    out->hits1 = ranked ? out->hits1 / (double)ranked : NAN;
    out->hits10 = ranked ? out->hits10 / (double)ranked : NAN;
    out->mrr = ranked ? out->mrr / (double)ranked : NAN;
    if (rankings) *rankings = ranked / 2;
    if (st >= 0) st = mkg_auroc(s, y, have, &out->auroc, err);
    if (st >= 0) st = mkg_auprc(s, y, have, &out->auprc, err);
    mkg__free(s);
    mkg__free(y);
    return st;
}

static int most_first(const void *a, const void *b)
{
    const mkg_link_relation *x = a, *y = b;
    if (x->held_out != y->held_out) return x->held_out > y->held_out ? -1 : 1;
    return (x->relation > y->relation) - (x->relation < y->relation);
}

static mkg_status measure_all(job *j, mkg_err *err)
{
    mkg_eval_links_result *out = j->out;
    mkg_status st = MKG_OK;
    size_t at = 0;

    for (unsigned w = 0; w < MKG_LINK_WAYS; w++)
        MKG_GO(measure(j->tests, j->ntests, (mkg_link_way)w, &out->way[w], NULL, err));
    out->relation = mkg__calloc(j->nrel + 1, sizeof *out->relation);
    if (!out->relation) return mkg__nomem(err);
    for (size_t i = 0; i < j->nrel; i++) {
        const relation *r = &j->rel[i];
        size_t n = r->n - r->train;
        if (n == 0) continue;
        mkg_link_relation *to = &out->relation[out->nrelations++];
        to->relation = r->id;
        to->facts = r->n;
        to->held_out = n;
        MKG_GO(measure(j->tests + at, n, MKG_LINK_VECTORS, &to->score, &to->rankings,
                       err));
        MKG_GO(
            measure(j->tests + at, n, MKG_LINK_POPULARITY, &to->popularity, NULL, err));
        at += n;
    }
    qsort(out->relation, out->nrelations, sizeof *out->relation, most_first);
out:
    return st;
}

/* ---- the whole ---- */

static mkg_status train(job *j, mkg_err *err)
{
    mkg__pair_world *w = &j->world;
    mkg_status st = j->o->train(j->o->train_ctx, j->t, &j->x, &w->dim, err);
    if (st < 0) return st;
    w->n = j->g->n;
    j->scale = mkg__calloc(w->n + 1, sizeof *j->scale);
    if (!j->scale) return mkg__nomem(err);
    for (size_t i = 0; i < w->n; i++) {
        double s = 0;
        for (size_t k = 0; k < w->dim; k++)
            s += (double)j->x[i * w->dim + k] * (double)j->x[i * w->dim + k];
        j->scale[i] = s > 1e-60 && isfinite(s) ? (float)(1 / sqrt(s)) : 0;
    }
    w->x = j->x;
    w->scale = j->scale;
    w->degree = j->degree;
    w->pools = &j->pools;
    w->is_fact = has_edge;
    w->fact_ctx = j->t;
    return MKG_OK;
}

static void clear(job *j)
{
    mkg_graph_free(j->g);
    mkg_graph_free(j->t);
    mkg__free(j->held);
    mkg__free(j->degree);
    mkg__free(j->fact);
    mkg__free(j->rel);
    mkg__free(j->tests);
    mkg_floats_free(j->x);
    mkg__free(j->scale);
    mkg__pools_clear(&j->pools);
    mkg__around_clear(&j->around);
}

mkg_status mkg_eval_links(mkg_kg *kg, const mkg_eval_links_opts *opts,
                          mkg_eval_links_result *out, mkg_err *err)
{
    mkg_status st;
    job j = {.kg = kg, .o = opts, .out = out};

    memset(out, 0, sizeof *out);
    if (!(opts->held_out > 0 && opts->held_out < 1))
        return mkg__fail(err, MKG_EARG, "the part to hold out is between 0 and 1");
    MKG_GO(read_facts(&j, err));
    MKG_GO(hold_out(&j, err));
    if (st != MKG_OK) goto out;
    MKG_GO(make_rest(&j, err));
    part_facts(&j);
    MKG_GO(mkg__pools_make(kg, j.g->node, j.g->n, &j.pools, err));
    MKG_GO(make_tests(&j, err));
    MKG_GO(train(&j, err));
    MKG_GO(mkg__around_make(&j.around, j.t, err));
    size_t at = 0;
    for (size_t i = 0; i < j.nrel; i++) {
        size_t n = j.rel[i].n - j.rel[i].train;
        if (n) MKG_GO(score_relation(&j, &j.rel[i], j.tests + at, err));
        at += n;
    }
    st = measure_all(&j, err);
out:
    clear(&j);
    if (st != MKG_OK) mkg_eval_links_clear(out);
    return st;
}
