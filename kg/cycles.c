/* Cycles of a directed graph given as a list of arcs. */
#include "kg/check_internal.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdlib.h>

/* Nodes are renumbered 0 .. n-1; only those with an arc of their own are there, as no
 * other can be part of a cycle. */
typedef struct graph {
    mkg_id *id;      /* (n) ascending */
    uint32_t *first; /* (n + 1) into `to` */
    uint32_t *to;
    uint32_t n;
    /* Tarjan's numbers. `index` is 0 before the visit, DONE when the node's set is
     * known; from then on `low` is the number of the set. */
    uint32_t *index, *low;
    uint32_t *next;  /* arc to follow next */
    uint32_t *stack; /* nodes whose set is not known yet */
    uint32_t *path;  /* what recursion would keep */
} graph;

#define DONE UINT32_MAX

static void graph_clear(graph *g)
{
    mkg__free(g->id);
    mkg__free(g->first);
    mkg__free(g->to);
    mkg__free(g->index);
    mkg__free(g->low);
    mkg__free(g->next);
    mkg__free(g->stack);
    mkg__free(g->path);
}

static int by_arc(const void *a, const void *b)
{
    const mkg__arc *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static uint32_t number_of(const graph *g, mkg_id id)
{
    uint32_t low = 0, high = g->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (g->id[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < g->n && g->id[low] == id ? low : DONE;
}

static mkg_status graph_of(graph *g, mkg__arc *arcs, size_t n, mkg_err *err)
{
    uint32_t m = 0;

    if (n >= DONE) return mkg__fail(err, MKG_ENOMEM, "too many arcs");
    qsort(arcs, n, sizeof *arcs, by_arc);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || arcs[i].from != arcs[i - 1].from) g->n++;
    g->id = mkg__calloc(g->n, sizeof *g->id);
    g->first = mkg__calloc((size_t)g->n + 1, sizeof *g->first);
    g->to = mkg__calloc(n, sizeof *g->to);
    g->index = mkg__calloc(g->n, sizeof *g->index);
    g->low = mkg__calloc(g->n, sizeof *g->low);
    g->next = mkg__calloc(g->n, sizeof *g->next);
    g->stack = mkg__calloc(g->n, sizeof *g->stack);
    g->path = mkg__calloc(g->n, sizeof *g->path);
    if (!g->id || !g->first || !g->to || !g->index || !g->low || !g->next ||
        !g->stack || !g->path)
        return mkg__nomem(err);
    for (size_t i = 0, k = 0; i < n; i++)
        if (i == 0 || arcs[i].from != arcs[i - 1].from) g->id[k++] = arcs[i].from;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (i && arcs[i].from != arcs[i - 1].from) g->first[++k] = m;
        uint32_t to = number_of(g, arcs[i].to);
        if (to != DONE) g->to[m++] = to;
    }
    g->first[g->n] = m;
    return MKG_OK;
}

/* The first node of the same set that v has an arc to, DONE if there is none. */
static uint32_t inside(const graph *g, uint32_t v)
{
    for (uint32_t i = g->first[v]; i < g->first[v + 1]; i++) {
        uint32_t w = g->to[i];
        if (g->index[w] == DONE && g->low[w] == g->low[v]) return w;
    }
    return DONE;
}

/* Each node of a set leads to another one of it, so that after as many steps as there
 * are nodes one goes in a circle. */
static mkg_status give_cycle(const graph *g, uint32_t v, size_t size, mkg__cycle_fn fn,
                             void *ctx, mkg_err *err)
{
    mkg_ids cycle = {0};
    mkg_status st = MKG_OK;

    if (inside(g, v) == DONE) return MKG_OK; /* a node by itself */
    for (size_t i = 0; i < size; i++)
        v = inside(g, v);
    uint32_t w = v;
    do {
        if (!mkg__grow(&cycle.ids, &cycle.cap, cycle.n + 1, sizeof *cycle.ids)) {
            st = mkg__nomem(err);
            goto out;
        }
        cycle.ids[cycle.n++] = g->id[w];
        w = inside(g, w);
    } while (w != v);
    st = fn(ctx, cycle.ids, cycle.n, err);
out:
    mkg_ids_clear(&cycle);
    return st;
}

static void lower(uint32_t *a, uint32_t b)
{
    if (b < *a) *a = b;
}

/* Everything that can be reached from `root` and was not visited yet. */
static mkg_status visit(graph *g, uint32_t root, uint32_t *count, uint32_t *sets,
                        mkg__cycle_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t depth = 0, top = 0, v = root;

    for (;;) {
        if (g->index[v] == 0) {
            g->index[v] = g->low[v] = ++*count;
            g->next[v] = g->first[v];
            g->stack[top++] = v;
            g->path[depth++] = v;
        }
        if (g->next[v] < g->first[v + 1]) {
            uint32_t w = g->to[g->next[v]++];
            if (g->index[w] == 0)
                v = w;
            else if (g->index[w] != DONE)
                lower(&g->low[v], g->index[w]);
            continue;
        }
        if (g->low[v] == g->index[v]) {
            uint32_t size = 0, w;
            ++*sets;
            do {
                w = g->stack[--top];
                g->index[w] = DONE;
                g->low[w] = *sets;
                size++;
            } while (w != v);
            MKG_GO(give_cycle(g, v, size, fn, ctx, err));
        }
        if (--depth == 0) break;
        uint32_t parent = g->path[depth - 1];
        if (g->index[v] != DONE) lower(&g->low[parent], g->low[v]);
        v = parent;
    }
out:
    return st;
}

mkg_status mkg__cycles(mkg__arc *arcs, size_t n, mkg__cycle_fn fn, void *ctx,
                       mkg_err *err)
{
    mkg_status st = MKG_OK;
    graph g = {0};
    uint32_t count = 0, sets = 0;

    if (n == 0) return MKG_OK;
    MKG_GO(graph_of(&g, arcs, n, err));
    for (uint32_t v = 0; v < g.n; v++)
        if (g.index[v] == 0) MKG_GO(visit(&g, v, &count, &sets, fn, ctx, err));
out:
    graph_clear(&g);
    return st;
}
