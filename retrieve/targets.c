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
