/* Personalised PageRank by local push. */
#include "kg/algorithms.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Andersen, Chung & Lang, section 3: p is what has come to rest at a node, r what is
 * still on its way. The exact vector is p + sum over v of r(v) * (the vector of v). The
 * arrays are as long as the graph, but pages that nothing is written to cost nothing.
 */
typedef struct pusher {
    const mkg_graph *g;
    double damping, epsilon;
    double *p, *r, *total;     /* total: of a row's weights, 0 until it is needed */
    unsigned char *marks;      /* QUEUED, TOUCHED */
    uint32_t *touched, *queue; /* queue: a ring */
    size_t ntouched, touched_cap, queue_cap, queue_head, queue_n;
    const uint32_t *seed;
    double *start; /* (nseeds) sums to 1 */
    size_t nseeds;
} pusher;

enum { QUEUED = 1, TOUCHED = 2 };

static void clear(pusher *s)
{
    mkg__free(s->p);
    mkg__free(s->r);
    mkg__free(s->total);
    mkg__free(s->marks);
    mkg__free(s->touched);
    mkg__free(s->queue);
    mkg__free(s->start);
}

static double weight_of(const mkg_graph *g, uint64_t k)
{
    return g->weight ? (double)g->weight[k] : 1.0;
}

static double total_of(pusher *s, uint32_t u)
{
    const mkg_graph *g = s->g;
    if (!g->weight) return (double)mkg_graph_degree(g, u);
    if (s->total[u] <= 0)
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
            s->total[u] += (double)g->weight[k];
    return s->total[u];
}

static bool grow_queue(pusher *s)
{
    size_t cap = s->queue_cap ? 2 * s->queue_cap : 64;
    uint32_t *queue = mkg__malloc(cap * sizeof *queue);
    if (!queue) return false;
    for (size_t i = 0; i < s->queue_n; i++)
        queue[i] = s->queue[(s->queue_head + i) & (s->queue_cap - 1)];
    mkg__free(s->queue);
    s->queue = queue;
    s->queue_cap = cap;
    s->queue_head = 0;
    return true;
}

/* `x` more is on its way at u. False when out of memory. */
static bool arrive(pusher *s, uint32_t u, double x)
{
    if (!(s->marks[u] & TOUCHED)) {
        if (!mkg__grow(&s->touched, &s->touched_cap, s->ntouched + 1,
                       sizeof *s->touched))
            return false;
        s->touched[s->ntouched++] = u;
        s->marks[u] |= TOUCHED;
    }
    s->r[u] += x;
    /* By the number of entries, not by their weights: it is what a push costs. */
    size_t degree = mkg_graph_degree(s->g, u);
    if (s->marks[u] & QUEUED || s->r[u] < s->epsilon * (double)(degree ? degree : 1))
        return true;
    if (s->queue_n == s->queue_cap && !grow_queue(s)) return false;
    s->queue[(s->queue_head + s->queue_n++) & (s->queue_cap - 1)] = u;
    s->marks[u] |= QUEUED;
    return true;
}

static bool push(pusher *s, uint32_t u)
{
    const mkg_graph *g = s->g;
    double moving = s->damping * s->r[u], total = total_of(s, u);
    bool ok = true;

    s->p[u] += s->r[u] - moving;
    s->r[u] = 0;
    if (total <= 0) { /* nowhere to go: it starts anew */
        for (size_t i = 0; i < s->nseeds && ok; i++)
            ok = arrive(s, s->seed[i], moving * s->start[i]);
        return ok;
    }
    moving /= total;
    for (uint64_t k = g->start[u]; k < g->start[u + 1] && ok; k++)
        ok = arrive(s, g->to[k], moving * weight_of(g, k));
    return ok;
}

static mkg_status set_start(pusher *s, const double *weight, mkg_err *err)
{
    double sum = 0;
    if (!(s->start = mkg__malloc(s->nseeds * sizeof *s->start))) return mkg__nomem(err);
    for (size_t i = 0; i < s->nseeds; i++) {
        s->start[i] = weight ? weight[i] : 1;
        if (!isfinite(s->start[i]) || s->start[i] <= 0 || s->seed[i] >= s->g->n)
            return mkg__fail(err, MKG_EARG,
                             "seed %zu is not a row with a positive weight", i);
        sum += s->start[i];
    }
    for (size_t i = 0; i < s->nseeds; i++)
        s->start[i] /= sum;
    return MKG_OK;
}

static int by_score(const void *a, const void *b)
{
    const mkg_near *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score > y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static mkg_status give(const pusher *s, mkg_near **out, size_t *n, mkg_err *err)
{
    mkg_near *near = mkg__malloc(s->ntouched * sizeof *near);
    if (!near) return mkg__nomem(err);
    /* Of what is on its way at a node, one part at least comes to rest there: with it
     * the score is still too low, but a hub that was never pushed has its place. */
    for (size_t i = 0; i < s->ntouched; i++) {
        uint32_t u = s->touched[i];
        double score = s->p[u] + (1 - s->damping) * s->r[u];
        if (score > 0) near[(*n)++] = (mkg_near){u, score};
    }
    if (*n > 1) qsort(near, *n, sizeof *near, by_score);
    *out = near;
    return MKG_OK;
}

mkg_status mkg_graph_near(const mkg_graph *g, const uint32_t *seed,
                          const double *weight, size_t nseeds, double damping,
                          double epsilon, mkg_near **out, size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    pusher s = {
        .g = g, .damping = damping, .epsilon = epsilon, .seed = seed, .nseeds = nseeds};

    *out = NULL;
    *n = 0;
    if (nseeds == 0 || !(damping >= 0 && damping < 1) || !(epsilon > 0))
        return mkg__fail(err, MKG_EARG,
                         "there must be a seed, a damping in [0, 1), an epsilon > 0");
    MKG_GO(set_start(&s, weight, err));
    s.p = mkg__calloc(g->n, sizeof *s.p);
    s.r = mkg__calloc(g->n, sizeof *s.r);
    s.total = g->weight ? mkg__calloc(g->n, sizeof *s.total) : NULL;
    s.marks = mkg__calloc(g->n, 1);
    bool ok = s.p && s.r && s.marks && (s.total || !g->weight);
    for (size_t i = 0; i < nseeds && ok; i++)
        ok = arrive(&s, seed[i], s.start[i]);
    while (ok && s.queue_n) {
        uint32_t u = s.queue[s.queue_head];
        s.queue_head = (s.queue_head + 1) & (s.queue_cap - 1);
        s.queue_n--;
        s.marks[u] &= (unsigned char)~QUEUED;
        ok = push(&s, u);
    }
    st = ok ? give(&s, out, n, err) : mkg__nomem(err);
out:
    clear(&s);
    return st;
}

void mkg_near_free(mkg_near *near)
{
    mkg__free(near);
}
