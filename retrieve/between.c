/* What the graph says between two names: facts, and ways of a few facts. */
#include "retrieve/gather_internal.h"

#include "base/err.h"
#include "kg/algorithms.h"

#include <stdlib.h>

enum { PATHS = 3, PATH_LENGTH = 3 };

static bool forbids(const gather *g, mkg_id relation)
{
    const mkg_relation *r = mkg_kg_relation(g->kg, relation, false);
    return r && mkg__word_listed(&g->r->words.kind[MKG__FORBIDS], r->name);
}

/* Facts from a to b, read from the side that has fewer. */
static mkg_status facts_between(gather *g, const target *a, const target *b,
                                size_t *place, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool inverse = b->degree < a->degree;
    const target *near = inverse ? b : a, *far = inverse ? a : b;

    g->edges.n = 0;
    MKG_GO(mkg_kg_edges(g->kg, near->node, 0, inverse, 0, &g->edges, err));
    for (size_t i = 0; i < g->edges.n; i++) {
        if (g->edges.edges[i].other != far->node) continue;
        candidate *c = mkg__candidate(g, MKG_CHANNEL_DIRECT, err);
        if (!c) return MKG_ENOMEM;
        c->fact = g->edges.edges[i].fact;
        c->other = b->node;
        c->place = (*place)++;
        c->span = a->span;
        c->far_span = b->span;
        c->near = a->node;
        c->forbids = forbids(g, g->edges.edges[i].relation);
    }
out:
    return st;
}

/* How many spans the node of one side has facts with. */
static size_t partners(const gather *g, size_t first, mkg_id node)
{
    uint64_t spans = 0;
    size_t n = 0;
    for (size_t i = first; i < g->nfound; i++) {
        const candidate *c = &g->found[i];
        size_t with = c->near == node ? c->far_span : c->other == node ? c->span : 64;
        if (with < 64) spans |= (uint64_t)1 << with;
    }
    for (; spans; spans &= spans - 1)
        n++;
    return n;
}

static int most_partners_first(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->mentions != y->mentions) return x->mentions > y->mentions ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Of "which gene goes with A and B: c, d, e" the one that goes with both. */
static void order_direct(gather *g, size_t first)
{
    size_t n = g->nfound - first;
    if (g->nspans < 3 || n < 2) return;
    for (size_t i = first; i < g->nfound; i++)
        g->found[i].mentions = partners(g, first, g->found[i].near) *
                               partners(g, first, g->found[i].other);
    qsort(g->found + first, n, sizeof *g->found, most_partners_first);
    for (size_t i = 0; i < n; i++)
        g->found[first + i].place = i;
}

mkg_status mkg__gather_direct(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t place = 0, first = g->nfound;
    for (size_t i = 0; i < g->ntargets; i++)
        for (size_t k = 0; k < g->ntargets; k++) {
            const target *a = &g->targets[i], *b = &g->targets[k];
            bool rivals = g->spans->at[a->span].rival || g->spans->at[b->span].rival;
            if (a->span != b->span && !a->negated && !b->negated && !rivals)
                MKG_GO(facts_between(g, a, b, &place, err));
        }
    order_direct(g, first);
out:
    return st;
}

/* ---- chains ---- */

enum { CHAIN_NODES = 512 };

typedef struct step {
    mkg_id node, fact;
    size_t from; /* the step before, or itself */
} step;

static bool has_step(const step *s, size_t n, mkg_id node)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].node == node) return true;
    return false;
}

static bool is_of_span(const gather *g, mkg_id node, size_t span)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].span == span && g->targets[i].node == node) return true;
    return false;
}

/* The facts from the beginning to step `at`, in this order. */
static mkg_status put_chain(gather *g, const step *s, size_t at, size_t place,
                            mkg_err *err)
{
    if (s[at].from == at) return MKG_OK;
    mkg_status st = put_chain(g, s, s[at].from, place > 0 ? place - 1 : 0, err);
    if (st < 0) return st;
    candidate *c = mkg__candidate(g, MKG_CHANNEL_DIRECT, err);
    if (!c) return MKG_ENOMEM;
    c->fact = s[at].fact;
    c->other = s[at].node;
    c->place = place;
    return MKG_OK;
}

/* Breadth first from the nodes of one span to a node of the other. */
static mkg_status chain_between(gather *g, mkg_id relation, size_t from, size_t to,
                                bool *found, mkg_err *err)
{
    mkg_status st = MKG_OK;
    step s[CHAIN_NODES];
    size_t n = 0, depth = 0, end = 0;

    for (size_t i = 0; i < g->ntargets && n < CHAIN_NODES; i++)
        if (g->targets[i].span == from) {
            s[n] = (step){g->targets[i].node, MKG_ID_NONE, n};
            n++;
        }
    for (size_t i = 0; i < n && !*found; i++) {
        if (i == end) {
            end = n;
            depth++;
        }
        g->edges.n = 0;
        MKG_GO(mkg_kg_edges(g->kg, s[i].node, relation, false, CHAIN_NODES, &g->edges,
                            err));
        for (size_t k = 0; k < g->edges.n && n < CHAIN_NODES && !*found; k++) {
            mkg_id other = g->edges.edges[k].other;
            if (other == MKG_ID_NONE || has_step(s, n, other)) continue;
            s[n++] = (step){other, g->edges.edges[k].fact, i};
            *found = is_of_span(g, other, to);
        }
    }
    if (*found) st = put_chain(g, s, n - 1, depth, err);
out:
    return st;
}

mkg_status mkg__gather_chain(gather *g, const mkg__asks *asks, bool *found,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    *found = false;
    for (size_t a = 0; a < asks->n && !*found; a++) {
        const mkg_relation *r = asks->at[a].relation;
        const mkg_relation *way = mkg_kg_relation(g->kg, r->id, false);
        if (!mkg__word_listed(&g->r->words.kind[MKG__TRANSITIVE], way->name)) continue;
        for (size_t i = 0; i < g->spans->n && !*found; i++)
            for (size_t k = i + 1; k < g->spans->n && !*found; k++)
                if (mkg__span_counts(g, i) && mkg__span_counts(g, k))
                    MKG_GO(chain_between(g, r->id, r->inverse ? k : i,
                                         r->inverse ? i : k, found, err));
    }
out:
    return st;
}

/* ---- ways ---- */

/* The facts of one step: as the view has it, checked against the store. */
static mkg_status add_step(gather *g, uint32_t u, uint32_t v, size_t *place,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_arc arc;
    mkg_fact f;
    const mkg_graph *graph = g->r->graph;

    if (mkg_graph_arcs(graph, u, v, &arc, 1) == 0) return MKG_OK;
    MKG_GO(mkg_kg_fact(g->kg, arc.fact, &f, err));
    mkg_id from = graph->node[u], to = graph->node[v];
    if (st != MKG_OK || f.subject != (arc.inverse ? to : from) ||
        f.object != (arc.inverse ? from : to))
        return MKG_OK; /* a view that does not fit the store says nothing */
    candidate *c = mkg__candidate(g, MKG_CHANNEL_PATH, err);
    if (!c) return MKG_ENOMEM;
    c->fact = arc.fact;
    c->other = to;
    c->inverse = arc.inverse;
    c->place = (*place)++;
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status paths_between(gather *g, const target *a, const target *b,
                                size_t *place, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_paths paths = {0};
    size_t from = mkg_graph_row(g->r->graph, a->node);
    size_t to = mkg_graph_row(g->r->graph, b->node);

    if (from == SIZE_MAX || to == SIZE_MAX || from == to) return MKG_OK;
    MKG_GO(mkg_graph_paths(g->r->graph, (uint32_t)from, (uint32_t)to, PATHS,
                           PATH_LENGTH, &paths, err));
    for (size_t i = 0; i < paths.n; i++)
        for (size_t j = paths.start[i]; j + 1 < paths.start[i + 1]; j++)
            MKG_GO(add_step(g, paths.row[j], paths.row[j + 1], place, err));
out:
    mkg_paths_clear(&paths);
    return st < 0 ? st : MKG_OK;
}

/* The node of a name that the graph says most of. */
static const target *best_of(const gather *g, size_t span)
{
    const target *best = NULL;
    for (size_t i = 0; i < g->ntargets; i++) {
        const target *t = &g->targets[i];
        if (t->span == span && !t->negated && (!best || t->degree > best->degree))
            best = t;
    }
    return best;
}

mkg_status mkg__gather_paths(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t place = 0;

    MKG_GO(mkg__retriever_graph(g->r, err));
    for (size_t i = 0; i < g->spans->n; i++)
        for (size_t k = i + 1; k < g->spans->n; k++) {
            const target *a = best_of(g, i), *b = best_of(g, k);
            if (a && b) MKG_GO(paths_between(g, a, b, &place, err));
        }
out:
    return st;
}
