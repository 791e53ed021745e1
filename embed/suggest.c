/* Facts that nobody states, by the model of link prediction: guesses, marked as such.
 */
#include "embed/links_internal.h"

#include "base/err.h"
#include "embed/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    mkg_kg *kg;
    const mkg_vectors *v;
    const mkg_id *node; /* (n) of the rows */
    size_t n, dim;
    mkg_graph *g;    /* all of the graph */
    mkg__pair *fact; /* of the relation, rows of the set */
    size_t nfacts;
    float *scale;
    uint32_t *degree;
    mkg__pools pools;
    mkg__pair_world world;
    mkg__pair_model model;
} job;

static uint32_t row_of(const job *j, mkg_id id)
{
    const float *x = mkg_vectors_row(j->v, id);
    return x ? (uint32_t)((size_t)(x - j->world.x) / j->dim) : UINT32_MAX;
}

static bool has_edge(const void *ctx, uint32_t u, uint32_t v)
{
    const job *j = ctx;
    size_t a = mkg_graph_row(j->g, j->node[u]), b = mkg_graph_row(j->g, j->node[v]);
    return a != SIZE_MAX && b != SIZE_MAX &&
           mkg_graph_has(j->g, (uint32_t)a, (uint32_t)b);
}

static mkg_status read_facts(job *j, mkg_id relation, mkg_err *err)
{
    mkg_graph *one = NULL;
    mkg_graph_opts go = {.directed = true, .relations = &relation, .nrelations = 1};
    mkg_status st = mkg_graph_new(j->kg, &go, &one, err);
    if (st < 0) return st;
    j->fact = mkg__calloc(one->m + 1, sizeof *j->fact);
    if (!j->fact) st = mkg__nomem(err);
    for (size_t u = 0; st >= 0 && u < one->n; u++)
        for (uint64_t k = one->start[u]; k < one->start[u + 1]; k++) {
            size_t to = one->to[k];
            uint32_t a = row_of(j, one->node ? one->node[u] : (mkg_id)(u + 1)),
                     b = row_of(j, one->node ? one->node[to] : (mkg_id)(to + 1));
            if (a == UINT32_MAX || b == UINT32_MAX || a == b) continue;
            j->fact[j->nfacts++] = (mkg__pair){a, b};
        }
    mkg_graph_free(one);
    return st;
}

static mkg_status make_world(job *j, mkg_err *err)
{
    mkg_graph_opts go = {.directed = false};
    mkg_status st = mkg_graph_new(j->kg, &go, &j->g, err);
    if (st < 0) return st;
    j->scale = mkg__calloc(j->n, sizeof *j->scale);
    j->degree = mkg__calloc(j->n, sizeof *j->degree);
    if (!j->scale || !j->degree) return mkg__nomem(err);
    for (size_t i = 0; i < j->n; i++) {
        const float *x = j->world.x + i * j->dim;
        double s = 0;
        for (size_t k = 0; k < j->dim; k++)
            s += (double)x[k] * (double)x[k];
        j->scale[i] = s > 1e-60 && isfinite(s) ? (float)(1 / sqrt(s)) : 0;
        size_t row = mkg_graph_row(j->g, j->node[i]);
        if (row != SIZE_MAX) j->degree[i] = (uint32_t)mkg_graph_degree(j->g, row);
    }
    j->world.n = j->n;
    j->world.dim = j->dim;
    j->world.scale = j->scale;
    j->world.degree = j->degree;
    j->world.pools = &j->pools;
    j->world.is_fact = has_edge;
    j->world.fact_ctx = j;
    return mkg__pools_make(j->kg, j->node, j->n, &j->pools, err);
}

/* Nodes that the fact is known with, stated or denied, by any source: no guesses. */
static mkg_status mark_known(job *j, mkg_id node, mkg_id relation, bool inverse,
                             bool symmetric, bool *known, size_t *count, mkg_err *err)
{
    mkg_edges edges = {0};
    mkg_status st;
    MKG_GO(mkg_kg_edges(j->kg, node, relation, inverse, 0, &edges, err));
    if (symmetric)
        MKG_GO(mkg_kg_edges(j->kg, node, relation, !inverse, 0, &edges, err));
    for (size_t i = 0; i < edges.n; i++) {
        uint32_t r =
            edges.edges[i].other ? row_of(j, edges.edges[i].other) : UINT32_MAX;
        if (r == UINT32_MAX || known[r]) continue;
        known[r] = true;
        ++*count;
    }
out:
    mkg_edges_clear(&edges);
    return st;
}

static int best_first(const void *a, const void *b)
{
    const mkg_suggestion *x = a, *y = b;
    if (x->score > y->score) return -1;
    if (x->score < y->score) return 1;
    return (x->node > y->node) - (x->node < y->node);
}

static mkg_status rank(job *j, uint32_t self, bool inverse, const bool *known, size_t k,
                       mkg_suggestion *out, size_t *n, mkg_suggest_result *result,
                       mkg_err *err)
{
    mkg_suggestion *all = mkg__calloc(j->n, sizeof *all);
    if (!all) return mkg__nomem(err);
    for (uint32_t r = 0; r < j->n; r++) {
        if (r == self || known[r] || !mkg__pair_model_count(&j->model, !inverse, r))
            continue;
        float s = mkg__pair_model_score(&j->model, inverse ? r : self,
                                        inverse ? self : r, NULL);
        all[result->candidates++] =
            (mkg_suggestion){j->node[r], s, (float)mkg_logistic_probability((double)s)};
    }
    qsort(all, result->candidates, sizeof *all, best_first);
    *n = result->candidates < k ? result->candidates : k;
    memcpy(out, all, *n * sizeof *out);
    mkg__free(all);
    return MKG_OK;
}

mkg_status mkg_suggest(mkg_kg *kg, const mkg_vectors *v, mkg_id node, mkg_id relation,
                       bool inverse, size_t k, uint64_t seed, mkg_suggestion *out,
                       size_t *n, mkg_suggest_result *result, mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_relation *r = mkg_kg_relation(kg, relation, false);
    job j = {
        .kg = kg, .v = v, .node = mkg_vectors_nodes(v), .n = info->n, .dim = info->dim};
    bool *known = NULL;
    mkg_status st;

    *n = 0;
    memset(result, 0, sizeof *result);
    j.world.x = mkg_vectors_row(v, j.node[0]);
    uint32_t self = row_of(&j, node);
    if (!r || r->literal)
        return mkg__fail(err, MKG_EARG, "the relation does not lead to nodes");
    if (self == UINT32_MAX)
        return mkg__fail(err, MKG_NOTFOUND, "node #%u has no vector in the set '%s'",
                         node, info->name);
    MKG_GO(read_facts(&j, relation, err));
    result->facts = j.nfacts;
    if (j.nfacts < 2) {
        st = mkg__fail(err, MKG_NOTFOUND,
                       "the relation has %zu facts between nodes of the set '%s': too "
                       "few to learn from",
                       j.nfacts, info->name);
        goto out;
    }
    MKG_GO(make_world(&j, err));
    known = mkg__calloc(j.n, sizeof *known);
    if (!known) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mark_known(&j, node, relation, inverse, r->symmetric, known, &result->known,
                      err));
    MKG_GO(mkg__pair_model_fit(&j.model, &j.world, j.fact, j.nfacts, r->symmetric, seed,
                               err));
    st = rank(&j, self, inverse, known, k, out, n, result, err);
out:
    mkg__pair_model_clear(&j.model);
    mkg_graph_free(j.g);
    mkg__pools_clear(&j.pools);
    mkg__free(j.fact);
    mkg__free(j.scale);
    mkg__free(j.degree);
    mkg__free(known);
    return st;
}
