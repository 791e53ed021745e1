/* Second-order random walks by rejection: O(1) expected a step, no table for each edge.
 * Source: Grover & Leskovec, KDD 2016, section 3.2; the folding of the way back into a
 * case of its own follows Yang et al., KnightKing, SOSP 2019, section 4. */
#include "embed/embed_internal.h"

#include "base/err.h"
#include "base/mem.h"

struct mkg_walker {
    const mkg_graph *g;
    double back, near, far; /* 1/p, 1, 1/q */
    bool first_order;       /* all three are 1 */
    mkg__alias alias;       /* (m) of each row, for weighted graphs */
    double *total;          /* (n) sum of a row's weights, for weighted graphs */
};

void mkg__alias_build(const float *w, size_t n, float *keep, uint32_t *other,
                      uint32_t *stack)
{
    double sum = 0;
    size_t small = 0, large = n; /* two stacks that grow towards each other */
    for (size_t i = 0; i < n; i++)
        sum += (double)w[i];
    for (size_t i = 0; i < n; i++) {
        keep[i] = (float)((double)w[i] * (double)n / sum);
        other[i] = (uint32_t)i;
        if (keep[i] < 1)
            stack[small++] = (uint32_t)i;
        else
            stack[--large] = (uint32_t)i;
    }
    while (small > 0 && large < n) {
        uint32_t s = stack[--small], l = stack[large];
        other[s] = l;
        keep[l] = (keep[l] + keep[s]) - 1;
        if (keep[l] < 1) {
            large++;
            stack[small++] = l;
        }
    }
    while (small > 0) /* left over by rounding */
        keep[stack[--small]] = 1;
    for (; large < n; large++)
        keep[stack[large]] = 1;
}

static mkg_status build_tables(mkg_walker *w, mkg_err *err)
{
    const mkg_graph *g = w->g;
    size_t longest = 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->start[i + 1] - g->start[i] > longest)
            longest = (size_t)(g->start[i + 1] - g->start[i]);
    uint32_t *stack = mkg__calloc(longest, sizeof *stack);
    w->alias.keep = mkg__calloc(g->m, sizeof *w->alias.keep);
    w->alias.other = mkg__calloc(g->m, sizeof *w->alias.other);
    w->total = mkg__calloc(g->n, sizeof *w->total);
    if (!stack || !w->alias.keep || !w->alias.other || !w->total) {
        mkg__free(stack);
        return mkg__nomem(err);
    }
    for (size_t i = 0; i < g->n; i++) {
        uint64_t at = g->start[i];
        size_t n = (size_t)(g->start[i + 1] - at);
        for (size_t k = 0; k < n; k++)
            w->total[i] += (double)g->weight[at + k];
        mkg__alias_build(g->weight + at, n, w->alias.keep + at, w->alias.other + at,
                         stack);
    }
    mkg__free(stack);
    return MKG_OK;
}

mkg_status mkg_walker_new(const mkg_graph *g, double p, double q, mkg_walker **out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    *out = NULL;
    /* Written so that NaN is refused, too. */
    if (!(p >= 1e-6 && p <= 1e6) || !(q >= 1e-6 && q <= 1e6))
        return mkg__fail(err, MKG_EARG, "p and q are between 1e-6 and 1e6");
    mkg_walker *w = mkg__calloc(1, sizeof *w);
    if (!w) return mkg__nomem(err);
    w->g = g;
    w->back = 1 / p;
    w->near = 1;
    w->far = 1 / q;
    w->first_order = p >= 1 && p <= 1 && q >= 1 && q <= 1;
    if (g->weight) MKG_GO(build_tables(w, err));
    *out = w;
    w = NULL;
out:
    mkg_walker_free(w);
    return st;
}

void mkg_walker_free(mkg_walker *w)
{
    if (!w) return;
    mkg__free(w->alias.keep);
    mkg__free(w->alias.other);
    mkg__free(w->total);
    mkg__free(w);
}

/* A neighbour of u by weight alone, as an index into g->to. u has one. */
static uint64_t draw(const mkg_walker *w, uint32_t u, mkg__rng *r)
{
    const mkg_graph *g = w->g;
    uint64_t at = g->start[u];
    uint32_t n = (uint32_t)(g->start[u + 1] - at);
    if (!g->weight) return at + mkg__rng_below(r, n);
    return at + mkg__alias_draw(w->alias.keep + at, w->alias.other + at, n, r);
}

/* Where v stands in the row of u, UINT64_MAX if it does not. */
static uint64_t place_of(const mkg_graph *g, uint32_t u, uint32_t v)
{
    uint64_t lo = g->start[u], hi = g->start[u + 1];
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (g->to[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->start[u + 1] && g->to[lo] == v ? lo : UINT64_MAX;
}

/* The step from u, having come from t. The way back has a share of its own, so that a
 * small p does not make all other steps rare: with W the weight of the other neighbours
 * and c = max(1, 1/q), the mass is w(u,t)/p + c W; in the second part neighbours are
 * drawn by weight and kept with probability bias / c. */
static uint32_t second_step(const mkg_walker *w, uint32_t t, uint32_t u, mkg__rng *r)
{
    const mkg_graph *g = w->g;
    uint64_t back = place_of(g, u, t);
    double to_back = back == UINT64_MAX ? 0 : g->weight ? (double)g->weight[back] : 1;
    double total = g->weight ? w->total[u] : (double)(g->start[u + 1] - g->start[u]);
    double ceiling = w->far > w->near ? w->far : w->near;
    double others = total - to_back;

    if (g->start[u + 1] - g->start[u] == 1) return g->to[g->start[u]];
    for (;;) {
        if (mkg__rng_double(r) * (to_back * w->back + others * ceiling) <
            to_back * w->back)
            return t;
        uint64_t k;
        int tries = 0;
        do
            k = draw(w, u, r);
        while (k == back && ++tries < 1000);
        if (k == back) return t; /* all other weights vanish beside this one */
        double bias = mkg_graph_has(g, t, g->to[k]) ? w->near : w->far;
        if (bias >= ceiling || mkg__rng_double(r) * ceiling < bias) return g->to[k];
    }
}

size_t mkg_walker_walk(const mkg_walker *w, uint32_t start, size_t length,
                       struct mkg__rng *r, uint32_t *walk)
{
    const mkg_graph *g = w->g;
    size_t n = 0;
    if (length == 0) return 0;
    walk[n++] = start;
    while (n < length) {
        uint32_t u = walk[n - 1];
        if (g->start[u] == g->start[u + 1]) break;
        if (n == 1 || w->first_order)
            walk[n] = g->to[draw(w, u, r)];
        else
            walk[n] = second_step(w, walk[n - 2], u, r);
        n++;
    }
    return n;
}
