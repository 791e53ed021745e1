/* Channels for what one hop along the words of a question does not find: texts with its
 * words, and facts of what is near in the graph or in a vector set. */
#include "retrieve/gather_internal.h"

#include "base/err.h"
#include "embed/vectors.h"
#include "kg/algorithms.h"
#include "retrieve/text_index_internal.h"

#include <string.h>

enum { TEXTS = 20, NEAR = 3, NEAR_LOOK = 200 };

/* ---- texts ---- */

/* Of a text that has less of what the question says, by idf, nobody can tell whether it
 * answers it (docs/retrieval.md). */
static const double text_coverage = 0.5;

static mkg_status text_index(mkg_retriever *r, mkg_err *err)
{
    if (r->text) return MKG_OK;
    mkg_status st = mkg__text_index_open(r->kg, true, &r->text, err);
    return st;
}

mkg_status mkg__gather_texts(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__text_hit hits[TEXTS];
    mkg_id subjects[TARGETS_MAX];
    size_t n = TEXTS, nsubjects = 0;
    mkg_fact f;

    MKG_GO(text_index(g->r, err));
    if (st == MKG_NOTFOUND) return MKG_OK;
    for (size_t i = 0; i < g->ntargets; i++)
        if (!g->targets[i].negated) subjects[nsubjects++] = g->targets[i].node;
    MKG_GO(mkg__text_search(g->r->text, mkg__view(g->q->text, g->q->len), g->q->lang,
                            TEXTS, nsubjects ? subjects : NULL, nsubjects, hits, &n,
                            err));
    for (size_t i = 0; i < n; i++) {
        if (nsubjects == 0 && hits[i].coverage < text_coverage) continue;
        MKG_GO(mkg_kg_fact(g->kg, hits[i].fact, &f, err));
        if (st != MKG_OK) continue;
        candidate *c = mkg__candidate(g, MKG_CHANNEL_TEXT, err);
        if (!c) return MKG_ENOMEM;
        c->fact = hits[i].fact;
        c->place = i;
    }
out:
    return st < 0 ? st : MKG_OK;
}

/* ---- what is near ---- */

/* Facts of a near node along what is asked. */
static mkg_status along_near(gather *g, mkg_channel channel, const mkg__asks *asks,
                             mkg_id node, size_t *place, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < asks->n; i++) {
        const mkg_relation *r = asks->at[i].relation;
        g->edges.n = 0;
        MKG_GO(mkg_kg_edges(g->kg, node, r->id, r->inverse, FACTS_MAX, &g->edges, err));
        for (size_t k = 0; k < g->edges.n; k++) {
            candidate *c = mkg__candidate(g, channel, err);
            if (!c) return MKG_ENOMEM;
            c->fact = g->edges.edges[k].fact;
            c->other = g->edges.edges[k].other;
            c->inverse = g->edges.edges[k].inverse;
            c->ask = i;
            c->place = (*place)++;
        }
    }
out:
    return st;
}

static bool is_target(const gather *g, mkg_id node)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].node == node) return true;
    return false;
}

/* Does the node have a type that the asks start from, and facts of one of them? */
static mkg_status has_facts(gather *g, const mkg__asks *asks, mkg_id id, bool *out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    size_t n;

    *out = false;
    MKG_GO(mkg_kg_node(g->kg, id, &node, err));
    for (size_t i = 0; st == MKG_OK && i < asks->n && !*out; i++) {
        const mkg_relation *r = asks->at[i].relation;
        if (r->subject_type.len && !mkg__view_eq(r->subject_type, node.type)) continue;
        MKG_GO(mkg__ask_degree(g, &asks->at[i], id, &n, err));
        *out = n > 0;
    }
out:
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__gather_pagerank(gather *g, const mkg__asks *asks, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t seeds[TARGETS_MAX];
    size_t nseeds = 0, nnear = 0, place = 0, taken = 0;
    mkg_near *near = NULL;
    bool any;

    MKG_GO(mkg__retriever_graph(g->r, err));
    for (size_t i = 0; i < g->ntargets; i++) {
        size_t row = mkg_graph_row(g->r->graph, g->targets[i].node);
        if (row != SIZE_MAX && !g->targets[i].negated) seeds[nseeds++] = (uint32_t)row;
    }
    if (nseeds == 0) goto out;
    MKG_GO(mkg_graph_near(g->r->graph, seeds, NULL, nseeds, 0.5, 1e-5, &near, &nnear,
                          err));
    for (size_t i = 0; i < nnear && i < NEAR_LOOK && taken < NEAR; i++) {
        mkg_id id = g->r->graph->node[near[i].row];
        if (is_target(g, id)) continue;
        MKG_GO(has_facts(g, asks, id, &any, err));
        if (!any) continue;
        MKG_GO(along_near(g, MKG_CHANNEL_PAGERANK, asks, id, &place, err));
        taken++;
    }
out:
    mkg_near_free(near);
    return st;
}

mkg_status mkg__gather_vectors(gather *g, const mkg__asks *asks, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_neighbour near[NEAR_LOOK];
    size_t n, place = 0, taken = 0;
    bool any;

    if (!g->r->vectors) {
        st = mkg_vectors_open(mkg_kg_path(g->kg), "node2vec", &g->r->vectors, NULL);
        if (st < 0 || st == MKG_NOTFOUND) return MKG_OK; /* there is no such set */
    }
    for (size_t i = 0; i < g->ntargets && taken < NEAR; i++) {
        const float *q = mkg_vectors_row(g->r->vectors, g->targets[i].node);
        if (!q || g->targets[i].negated) continue;
        MKG_GO(mkg_vectors_nearest(g->r->vectors, q, NEAR_LOOK, NULL, NULL, near, &n,
                                   err));
        for (size_t k = 0; k < n && taken < NEAR; k++) {
            if (is_target(g, near[k].node)) continue;
            MKG_GO(has_facts(g, asks, near[k].node, &any, err));
            if (!any) continue;
            MKG_GO(along_near(g, MKG_CHANNEL_VECTOR, asks, near[k].node, &place, err));
            taken++;
        }
    }
out:
    return st < 0 ? st : MKG_OK;
}
