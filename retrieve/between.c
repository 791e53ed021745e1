/* What the graph says between two names: facts, and ways of a few facts. */
#include "retrieve/gather_internal.h"

#include "base/err.h"
#include "kg/algorithms.h"

enum { PATHS = 3, PATH_LENGTH = 3 };

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
    }
out:
    return st;
}

mkg_status mkg__gather_direct(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t place = 0;
    for (size_t i = 0; i < g->ntargets; i++)
        for (size_t k = 0; k < g->ntargets; k++) {
            const target *a = &g->targets[i], *b = &g->targets[k];
            if (a->span != b->span && !a->negated && !b->negated)
                MKG_GO(facts_between(g, a, b, &place, err));
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
