/* Walks by rejection: O(1) expected a step, no table for each edge.
 * Source: Grover & Leskovec, KDD 2016, section 3.2; the way back as a case of its own
 * and the bias that needs no look follow Yang et al., KnightKing, SOSP 2019, section 4.
 */
#include "embed/walk.h"

#include "base/err.h"
#include "base/mem.h"
#include "embed/alias.h"

#include <math.h>

/* Rows of up to SCAN neighbours are looked through; longer ones have a hash set. */
enum { SCAN = 16, NOBODY = -1 };

struct mkg__walker {
    const mkg_graph *g;
    double back, far; /* 1/p, 1/q; a common neighbour counts 1 */
    double ceiling;   /* of the bias where it is not the way back */
    bool first_order;
    mkg__slot *alias; /* (m) of each row, for weighted graphs */
    double *total;    /* (n) sum of a row's weights, for weighted graphs */
    uint64_t *set;    /* (n + 1) where the set of a row begins in `member` */
    uint32_t *member; /* neighbours by hash, NOBODY where there is none */
    size_t nlayers;   /* of a meta-path: a walker for each of its steps */
    struct mkg__walker **layer;
    mkg_graph *own; /* of a layer: the entries that lead to its type */
};

/* ---- who is next to whom ---- */

static size_t set_size(size_t degree)
{
    size_t size = 32;
    if (degree <= SCAN) return 0;
    while (size * 3 < degree * 4)
        size *= 2;
    return size;
}

static inline uint64_t hash(uint32_t v, uint64_t size)
{
    return ((uint64_t)(v * 0x9e3779b1u) * size) >> 32;
}

/* What leads_to() will look at, on its way to the cache. */
static inline void fetch(const mkg__walker *w, uint32_t t, uint32_t v)
{
    uint64_t size = w->set[t + 1] - w->set[t];
    __builtin_prefetch(size ? &w->member[w->set[t] + hash(v, size)]
                            : &w->g->to[w->g->start[t]]);
}

static mkg_status build_sets(mkg__walker *w, mkg_err *err)
{
    const mkg_graph *g = w->g;
    w->set = mkg__malloc((g->n + 1) * sizeof *w->set);
    if (!w->set) return mkg__nomem(err);
    w->set[0] = 0;
    for (size_t i = 0; i < g->n; i++)
        w->set[i + 1] = w->set[i] + set_size(mkg_graph_degree(g, i));
    size_t bytes;
    if (!mkg__mul(w->set[g->n], sizeof *w->member, &bytes) ||
        !(w->member = mkg__large(bytes ? bytes : 1)))
        return mkg__nomem(err);
    for (uint64_t k = 0; k < w->set[g->n]; k++)
        w->member[k] = (uint32_t)NOBODY;
    for (size_t i = 0; i < g->n; i++) {
        uint64_t size = w->set[i + 1] - w->set[i];
        for (uint64_t k = g->start[i]; size && k < g->start[i + 1]; k++) {
            uint64_t at = hash(g->to[k], size);
            while (w->member[w->set[i] + at] != (uint32_t)NOBODY)
                at = (at + 1) & (size - 1);
            w->member[w->set[i] + at] = g->to[k];
        }
    }
    return MKG_OK;
}

/* Is there an edge t -> v? */
static inline bool leads_to(const mkg__walker *w, uint32_t t, uint32_t v)
{
    uint64_t size = w->set[t + 1] - w->set[t];
    if (size == 0) {
        const mkg_graph *g = w->g;
        bool found = false;
        for (uint64_t k = g->start[t]; k < g->start[t + 1]; k++)
            found |= g->to[k] == v;
        return found;
    }
    const uint32_t *member = w->member + w->set[t];
    for (uint64_t at = hash(v, size);; at = (at + 1) & (size - 1))
        if (member[at] == v || member[at] == (uint32_t)NOBODY) return member[at] == v;
}

/* ---- the tables ---- */

static mkg_status build_tables(mkg__walker *w, mkg_err *err)
{
    const mkg_graph *g = w->g;
    size_t longest = 0, bytes = 0;
    for (size_t i = 0; i < g->n; i++)
        if (mkg_graph_degree(g, i) > longest) longest = mkg_graph_degree(g, i);
    uint32_t *stack = mkg__calloc(longest + 1, sizeof *stack);
    if (mkg__mul(g->m + 1, sizeof *w->alias, &bytes)) w->alias = mkg__large(bytes);
    w->total = mkg__calloc(g->n + 1, sizeof *w->total);
    if (!stack || !w->alias || !w->total) {
        mkg__free(stack);
        return mkg__nomem(err);
    }
    for (size_t i = 0; i < g->n; i++) {
        uint64_t at = g->start[i];
        for (uint64_t k = at; k < g->start[i + 1]; k++)
            w->total[i] += (double)g->weight[k];
        mkg__alias_build(g->weight + at, mkg_graph_degree(g, i), w->alias + at, stack);
    }
    mkg__free(stack);
    return MKG_OK;
}

static mkg_status new_walker(const mkg_graph *g, const mkg__walker_opts *o,
                             mkg__walker **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__walker *w = mkg__calloc(1, sizeof *w);
    if (!w) return mkg__nomem(err);
    w->g = g;
    w->back = 1 / o->p;
    w->far = 1 / o->q;
    w->ceiling = w->far > 1 ? w->far : 1;
    w->first_order = o->p >= 1 && o->p <= 1 && o->q >= 1 && o->q <= 1;
    *out = w;
    if (g->weight && !o->npath) MKG_GO(build_tables(w, err));
    if (!w->first_order) MKG_GO(build_sets(w, err));
out:
    return st;
}

/* ---- meta-paths ---- */

static void free_own(mkg_graph *g)
{
    if (!g) return;
    mkg__free((void *)(uintptr_t)g->start);
    mkg__free((void *)(uintptr_t)g->to);
    mkg__free((void *)(uintptr_t)g->weight);
    mkg__free(g);
}

/* The entries of g that lead to rows of a type. */
static mkg_status narrow(const mkg_graph *g, const uint32_t *type, uint32_t wanted,
                         mkg_graph **out, mkg_err *err)
{
    mkg_graph *own = mkg__calloc(1, sizeof *own);
    size_t m = 0;
    *out = own;
    if (!own) return mkg__nomem(err);
    for (size_t k = 0; k < g->m; k++)
        m += type[g->to[k]] == wanted;
    uint64_t *start = mkg__calloc(g->n + 1, sizeof *start);
    uint32_t *to = mkg__calloc(m + 1, sizeof *to);
    float *weight = g->weight ? mkg__calloc(m + 1, sizeof *weight) : NULL;
    own->n = g->n;
    own->m = m;
    own->directed = true;
    own->start = start;
    own->to = to;
    own->weight = weight;
    if (!start || !to || (g->weight && !weight)) return mkg__nomem(err);
    m = 0;
    for (size_t u = 0; u < g->n; u++) {
        start[u] = m;
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
            if (type[g->to[k]] != wanted) continue;
            if (weight) weight[m] = g->weight[k];
            to[m++] = g->to[k];
        }
    }
    start[g->n] = m;
    return MKG_OK;
}

static mkg_status build_layers(mkg__walker *w, const mkg__walker_opts *o, mkg_err *err)
{
    const mkg__walker_opts plain = {.p = 1, .q = 1};
    w->layer = mkg__calloc(o->npath, sizeof *w->layer);
    if (!w->layer) return mkg__nomem(err);
    w->nlayers = o->npath - 1;
    for (size_t i = 0; i < w->nlayers; i++) {
        for (size_t k = 0; k < i; k++)
            if (o->path[k + 1] == o->path[i + 1]) w->layer[i] = w->layer[k];
        if (w->layer[i]) continue;
        mkg_graph *own;
        mkg_status st = narrow(w->g, o->type, o->path[i + 1], &own, err);
        if (st >= 0) st = new_walker(own, &plain, &w->layer[i], err);
        if (w->layer[i])
            w->layer[i]->own = own;
        else
            free_own(own);
        if (st < 0) return st;
    }
    return MKG_OK;
}

mkg_status mkg__walker_new(const mkg_graph *g, const mkg__walker_opts *o,
                           mkg__walker **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__walker *w = NULL;
    *out = NULL;
    /* Written so that NaN is refused, too. */
    if (!(o->p >= 1e-6 && o->p <= 1e6) || !(o->q >= 1e-6 && o->q <= 1e6))
        return mkg__fail(err, MKG_EARG, "p and q are between 1e-6 and 1e6");
    if (o->npath && (o->npath < 2 || o->path[0] != o->path[o->npath - 1]))
        return mkg__fail(err, MKG_EARG,
                         "a meta-path ends with the type it begins with");
    MKG_GO(new_walker(g, o, &w, err));
    if (o->npath && !w->first_order) {
        st = mkg__fail(err, MKG_EARG, "along a meta-path p and q are 1");
        goto out;
    }
    if (o->npath) MKG_GO(build_layers(w, o, err));
    *out = w;
    w = NULL;
out:
    mkg__walker_free(w);
    return st;
}

void mkg__walker_free(mkg__walker *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->nlayers; i++) {
        bool shared = false;
        for (size_t k = i + 1; k < w->nlayers; k++)
            shared |= w->layer[k] == w->layer[i];
        if (!shared) mkg__walker_free(w->layer[i]);
    }
    mkg__free(w->layer);
    free_own(w->own);
    mkg__free(w->alias);
    mkg__free(w->total);
    mkg__free(w->set);
    mkg__free(w->member);
    mkg__free(w);
}

/* ---- steps ---- */

/* Where a walk is: at u, having come from t. */
typedef struct place {
    uint32_t t, u, v; /* v: where it goes next */
    uint32_t tries;
    uint64_t k;   /* the entry that was drawn for v */
    float weight; /* of the entry by which it came to u */
    double back;  /* mass of the way back */
    double all;   /* mass of all that can be drawn */
    double limit; /* v is taken if its bias is above this */
} place;

/* A neighbour of u by weight alone, as an index into g->to; u has one. */
static inline uint64_t draw(const mkg__walker *w, uint32_t u, mkg__rng *r)
{
    const mkg_graph *g = w->g;
    uint64_t at = g->start[u];
    uint32_t n = (uint32_t)(g->start[u + 1] - at);
    if (!w->alias) return at + mkg__rng_below(r, n);
    return at + mkg__alias_draw(w->alias + at, n, r);
}

static inline float weight_of(const mkg_graph *g, uint64_t k)
{
    return g->weight ? g->weight[k] : 1;
}

/* Weight of the way from u back to t, 0 where there is none. */
static float back_weight(const mkg_graph *g, const place *p)
{
    if (!g->directed) return p->weight;
    uint64_t lo = g->start[p->u], hi = g->start[p->u + 1];
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (g->to[mid] < p->t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->start[p->u + 1] && g->to[lo] == p->t ? weight_of(g, lo) : 0;
}

static inline double bias_of(const mkg__walker *w, const place *p, uint32_t v)
{
    return v == p->t ? w->back : leads_to(w, p->t, v) ? 1 : w->far;
}

/* The step by its definition, for what rejection does not get done: where nearly all
 * weight is on neighbours that p or q all but forbid. */
static void exact_step(const mkg__walker *w, place *p, mkg__rng *r)
{
    const mkg_graph *g = w->g;
    double sum = 0;
    for (uint64_t k = g->start[p->u]; k < g->start[p->u + 1]; k++)
        sum += bias_of(w, p, g->to[k]) * (double)weight_of(g, k);
    double left = mkg__rng_double(r) * sum;
    for (uint64_t k = g->start[p->u]; k < g->start[p->u + 1]; k++) {
        p->k = k;
        left -= bias_of(w, p, g->to[k]) * (double)weight_of(g, k);
        if (left < 0) break;
    }
    p->v = g->to[p->k];
}

static void begin_step(const mkg__walker *w, place *p)
{
    const mkg_graph *g = w->g;
    double total = w->total ? w->total[p->u] : (double)mkg_graph_degree(g, p->u);
    p->tries = 0;
    p->back = (double)back_weight(g, p) * w->back;
    p->all = p->back + total * w->ceiling;
}

/* Steps of second order, of those walks together. The way back has a share of its own,
 * so that a small p does not make all other steps rare: with W the weight of all
 * neighbours and c = max(1, 1/q), the mass is w(u,t)/p + c W; in the second part
 * neighbours are drawn by weight, t is refused, and others are taken with probability
 * bias / c. A draw that the smaller bias would take needs no look at the neighbours of
 * t. What a loop will need the one before fetches. */
static void second_steps(const mkg__walker *w, place *at, uint32_t *open, size_t n,
                         mkg__rng *r)
{
    enum { TRIES = 64 };
    const mkg_graph *g = w->g;
    const double floor = w->far < 1 ? w->far : 1;
    uint32_t look[MKG_WALKS_TOGETHER];

    while (n > 0) {
        size_t drawn = 0, still = 0, looks = 0;
        for (size_t j = 0; j < n; j++) {
            place *p = &at[open[j]];
            mkg__rng *mine = &r[open[j]];
            double coin = mkg__rng_double(mine) * p->all;
            if (coin < p->back) {
                p->v = p->t; /* by an entry of the same weight, where that matters */
                p->k = UINT64_MAX;
                continue;
            }
            if (p->tries++ == TRIES) {
                exact_step(w, p, mine);
                continue;
            }
            p->limit = (coin - p->back) / (p->all - p->back) * w->ceiling;
            p->k = draw(w, p->u, mine);
            __builtin_prefetch(&g->to[p->k]);
            open[drawn++] = open[j];
        }
        for (size_t j = 0; j < drawn; j++) {
            place *p = &at[open[j]];
            p->v = g->to[p->k];
            if (p->v == p->t) {
                open[still++] = open[j];
            } else if (p->limit >= floor) {
                look[looks++] = open[j];
                fetch(w, p->t, p->v);
            }
        }
        for (size_t j = 0; j < looks; j++) {
            const place *p = &at[look[j]];
            if (p->limit >= (leads_to(w, p->t, p->v) ? 1 : w->far))
                open[still++] = look[j];
        }
        n = still;
    }
}

void mkg__walker_walk(const mkg__walker *w, size_t count, size_t length, mkg__rng *r,
                      uint32_t *walk, uint32_t *reached)
{
    place at[MKG_WALKS_TOGETHER];
    uint32_t live[MKG_WALKS_TOGETHER], open[MKG_WALKS_TOGETHER];
    size_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        reached[i] = length > 0;
        if (length > 0) at[i].u = walk[i * length];
        live[n++] = i;
    }
    for (size_t step = 1; step < length && n; step++) {
        size_t still = 0, opened = 0;
        const mkg__walker *now = w->nlayers ? w->layer[(step - 1) % w->nlayers] : w;
        const mkg_graph *g = now->g;
        for (size_t j = 0; j < n; j++) {
            place *p = &at[live[j]];
            if (g->start[p->u] == g->start[p->u + 1]) continue; /* a dead end */
            if (step == 1 || w->first_order) {
                p->k = draw(now, p->u, &r[live[j]]);
                __builtin_prefetch(&g->to[p->k]);
            } else {
                begin_step(w, p);
                open[opened++] = live[j];
            }
            live[still++] = live[j];
        }
        n = still;
        second_steps(w, at, open, opened, r);
        for (size_t j = 0; j < n; j++) {
            uint32_t i = live[j];
            place *p = &at[i];
            if (p->k != UINT64_MAX) {
                p->v = g->to[p->k];
                if (!w->first_order) p->weight = weight_of(g, p->k);
            }
            p->t = p->u;
            p->u = p->v;
            walk[i * length + step] = p->v;
            reached[i]++;
            __builtin_prefetch(&g->start[p->v]);
        }
    }
}
