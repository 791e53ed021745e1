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

static inline uint64_t place(uint32_t v, uint64_t size)
{
    return ((uint64_t)(v * 0x9e3779b1u) * size) >> 32;
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
            uint64_t at = place(g->to[k], size);
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
    for (uint64_t at = place(v, size);; at = (at + 1) & (size - 1))
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

mkg_status mkg__walker_new(const mkg_graph *g, const mkg__walker_opts *o,
                           mkg__walker **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    *out = NULL;
    /* Written so that NaN is refused, too. */
    if (!(o->p >= 1e-6 && o->p <= 1e6) || !(o->q >= 1e-6 && o->q <= 1e6))
        return mkg__fail(err, MKG_EARG, "p and q are between 1e-6 and 1e6");
    mkg__walker *w = mkg__calloc(1, sizeof *w);
    if (!w) return mkg__nomem(err);
    w->g = g;
    w->back = 1 / o->p;
    w->far = 1 / o->q;
    w->ceiling = w->far > 1 ? w->far : 1;
    w->first_order = o->p >= 1 && o->p <= 1 && o->q >= 1 && o->q <= 1;
    if (g->weight) MKG_GO(build_tables(w, err));
    if (!w->first_order) MKG_GO(build_sets(w, err));
    *out = w;
    w = NULL;
out:
    mkg__walker_free(w);
    return st;
}

void mkg__walker_free(mkg__walker *w)
{
    if (!w) return;
    mkg__free(w->alias);
    mkg__free(w->total);
    mkg__free(w->set);
    mkg__free(w->member);
    mkg__free(w);
}

/* ---- steps ---- */

/* A neighbour of u by weight alone, as an index into g->to; u has one. The 32 low bits
 * of the number drawn go to `rest`, which is independent of it only where there are no
 * weights. */
static inline uint64_t draw(const mkg__walker *w, uint32_t u, mkg__rng *r)
{
    const mkg_graph *g = w->g;
    uint64_t at = g->start[u];
    uint32_t n = (uint32_t)(g->start[u + 1] - at);
    if (!w->alias) return at + mkg__rng_below(r, n);
    return at + mkg__alias_draw(w->alias + at, n, r);
}

/* Where t stands in the row of u, UINT64_MAX if it does not. */
static uint64_t place_of(const mkg_graph *g, uint32_t u, uint32_t t)
{
    uint64_t lo = g->start[u], hi = g->start[u + 1];
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (g->to[mid] < t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->start[u + 1] && g->to[lo] == t ? lo : UINT64_MAX;
}

/* Weight of the way back from u to t, 0 where there is none; `came` is the entry by
 * which the walk came from t. */
static inline double back_weight(const mkg__walker *w, uint32_t t, uint32_t u,
                                 uint64_t came)
{
    const mkg_graph *g = w->g;
    if (!g->directed) return g->weight ? (double)g->weight[came] : 1;
    uint64_t k = place_of(g, u, t);
    return k == UINT64_MAX ? 0 : g->weight ? (double)g->weight[k] : 1;
}

/* The step from u, having come from t, as an entry of u's row. The way back has a share
 * of its own, so that a small p does not make all other steps rare: with W the weight
 * of the other neighbours and c = max(1, 1/q), the mass is w(u,t)/p + c W; in the
 * second part neighbours are drawn by weight and kept with probability bias / c. A draw
 * that the smaller bias would keep needs no look at the neighbours of t. */
static uint64_t second_step(const mkg__walker *w, uint32_t t, uint32_t u, uint64_t came,
                            mkg__rng *r)
{
    const mkg_graph *g = w->g;
    uint64_t start = g->start[u], degree = g->start[u + 1] - start;
    if (degree == 1) return start;
    double to_back = back_weight(w, t, u, came);
    double others = (w->total ? w->total[u] : (double)degree) - to_back;
    double back = to_back * w->back,
           all = back + (others > 0 ? others : 0) * w->ceiling;
    double floor = w->far < 1 ? w->far : 1;
    for (;;) {
        double coin = mkg__rng_double(r) * all;
        if (coin < back) return place_of(g, u, t);
        uint64_t k;
        int tries = 0;
        do
            k = draw(w, u, r);
        while (g->to[k] == t && ++tries < 1000);
        if (g->to[k] == t) return k; /* all other weights vanish beside this one */
        if (w->ceiling <= floor) return k;
        double limit = mkg__rng_double(r) * w->ceiling;
        if (limit < floor || limit < (leads_to(w, t, g->to[k]) ? 1 : w->far)) return k;
    }
}

void mkg__walker_walk(const mkg__walker *w, size_t count, size_t length, mkg__rng *r,
                      uint32_t *walk, uint32_t *reached)
{
    const mkg_graph *g = w->g;
    uint64_t came[MKG_WALKS_TOGETHER];
    uint32_t live[MKG_WALKS_TOGETHER];
    size_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        reached[i] = length > 0;
        live[n++] = i;
    }
    for (size_t step = 1; step < length && n; step++) {
        size_t still = 0;
        for (size_t j = 0; j < n; j++) {
            uint32_t i = live[j], u = walk[i * length + step - 1];
            if (g->start[u] == g->start[u + 1]) continue; /* a dead end */
            if (step == 1 || w->first_order)
                came[i] = draw(w, u, &r[i]);
            else
                came[i] =
                    second_step(w, walk[i * length + step - 2], u, came[i], &r[i]);
            __builtin_prefetch(&g->to[came[i]]);
            live[still++] = i;
        }
        n = still;
        for (size_t j = 0; j < n; j++) {
            uint32_t i = live[j], v = g->to[came[i]];
            walk[i * length + step] = v;
            reached[i]++;
            __builtin_prefetch(&g->start[v]);
        }
    }
}
