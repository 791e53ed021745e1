/* The nodes that the names of a question may mean. */
#include "retrieve/gather_internal.h"

#include "base/err.h"
#include "kg/same.h"

bool mkg__span_counts(const gather *g, size_t span)
{
    if (g->spans->at[span].nodes.n == 0) return false;
    if (!g->spans->at[span].phrase) return true;
    for (size_t k = 0; k < g->spans->n; k++)
        if (!g->spans->at[k].phrase && g->spans->at[k].nodes.n) return false;
    return true;
}

static mkg_status add_target(gather *g, size_t span, mkg_id id, mkg_id same,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    size_t out, in;

    if (g->ntargets == TARGETS_MAX) return MKG_OK;
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].span == span && g->targets[i].node == id) return MKG_OK;
    MKG_GO(mkg_kg_node(g->kg, id, &node, err));
    if (st == MKG_NOTFOUND) return MKG_OK;
    MKG_GO(mkg_kg_degree(g->kg, id, 0, false, &out, err));
    MKG_GO(mkg_kg_degree(g->kg, id, 0, true, &in, err));
    g->targets[g->ntargets++] =
        (target){span, id, node.type, out + in, same, g->spans->at[span].negated};
out:
    return st;
}

/* What a source declares to be the same is meant, too: they are read as one node. */
static mkg_status add_equivalents(gather *g, size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids same = {0};

    for (size_t i = first, n = g->ntargets; i < n; i++) {
        const target t = g->targets[i];
        same.n = 0;
        MKG_GO(mkg_kg_same(g->kg, t.node, &same, err));
        for (size_t k = 1; k < same.n; k++)
            MKG_GO(add_target(g, t.span, same.ids[k], t.same, err));
    }
out:
    mkg_ids_clear(&same);
    return st;
}

/* ---- coherence ---- */

/* Is there a fact between the two? Read from the side that has fewer. */
static mkg_status are_linked(gather *g, const target *a, const target *b, bool *out,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    const target *near = a->degree < b->degree ? a : b, *far = near == a ? b : a;
    for (int inverse = 0; inverse < 2 && !*out; inverse++) {
        g->edges.n = 0;
        MKG_GO(mkg_kg_edges(g->kg, near->node, 0, inverse, 0, &g->edges, err));
        for (size_t i = 0; i < g->edges.n && !*out; i++)
            *out = g->edges.edges[i].other == far->node;
    }
out:
    return st;
}

static bool has_twin(const gather *g, const target *t)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (&g->targets[i] != t && g->targets[i].span == t->span &&
            g->targets[i].same != t->same && mkg__view_eq(g->targets[i].type, t->type))
            return true;
    return false;
}

/* Where a name means several nodes of one type, those that the graph links with another
 * name of the question are meant ("AD with eczema"), if there is one. */
static mkg_status keep_coherent(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool linked[TARGETS_MAX] = {false}, twin[TARGETS_MAX] = {false};
    size_t kept = 0;

    for (size_t i = 0; i < g->ntargets; i++) {
        twin[i] = has_twin(g, &g->targets[i]);
        for (size_t k = 0; k < g->ntargets && twin[i] && !linked[i]; k++)
            if (g->targets[k].span != g->targets[i].span)
                MKG_GO(are_linked(g, &g->targets[i], &g->targets[k], &linked[i], err));
    }
    for (size_t i = 0; i < g->ntargets; i++) {
        bool beaten = false;
        for (size_t k = 0; k < g->ntargets && twin[i] && !linked[i]; k++)
            beaten |= linked[k] && g->targets[k].span == g->targets[i].span &&
                      mkg__view_eq(g->targets[k].type, g->targets[i].type);
        twin[i] = beaten;
    }
    for (size_t i = 0; i < g->ntargets; i++)
        if (!twin[i]) g->targets[kept++] = g->targets[i];
    g->ntargets = kept;
out:
    return st;
}

mkg_status mkg__find_targets(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;

    for (size_t i = 0; i < g->spans->n; i++) {
        const mkg_ids *ids = &g->spans->at[i].nodes;
        if (!mkg__span_counts(g, i)) continue;
        g->nspans += !g->spans->at[i].negated && !g->spans->at[i].rival;
        size_t first = g->ntargets;
        for (size_t k = 0; k < ids->n; k++)
            MKG_GO(add_target(g, i, ids->ids[k], ids->ids[k], err));
        MKG_GO(add_equivalents(g, first, err));
    }
    if (g->nspans > 1) MKG_GO(keep_coherent(g, err));
    st = MKG_OK;
out:
    return st;
}

bool mkg__span_has_type(const gather *g, size_t span, mkg_view type)
{
    if (type.len == 0) return true;
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].span == span && !g->targets[i].negated &&
            mkg__view_eq(g->targets[i].type, type))
            return true;
    return false;
}
