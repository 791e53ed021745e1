#include "kg/graph.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Edges on their way into a graph. */
typedef struct edge_list {
    uint32_t *from, *to;
    float *weight;
    size_t n, from_cap, to_cap, weight_cap;
} edge_list;

typedef struct neighbour {
    uint32_t to;
    float weight;
} neighbour;

static void clear(edge_list *e)
{
    mkg__free(e->from);
    mkg__free(e->to);
    mkg__free(e->weight);
}

static mkg_status append(edge_list *e, uint32_t from, uint32_t to, float weight,
                         mkg_err *err)
{
    if (!mkg__grow(&e->from, &e->from_cap, e->n + 1, sizeof *e->from) ||
        !mkg__grow(&e->to, &e->to_cap, e->n + 1, sizeof *e->to) ||
        !mkg__grow(&e->weight, &e->weight_cap, e->n + 1, sizeof *e->weight))
        return mkg__nomem(err);
    e->from[e->n] = from;
    e->to[e->n] = to;
    e->weight[e->n++] = weight;
    return MKG_OK;
}

void mkg_graph_free(mkg_graph *g)
{
    if (!g) return;
    mkg__free(g->node);
    mkg__free(g->start);
    mkg__free(g->to);
    mkg__free(g->weight);
    mkg__free(g);
}

static void *array(size_t n, size_t size)
{
    size_t bytes;
    return mkg__mul(n, size, &bytes) ? mkg__malloc(bytes) : NULL;
}

static int by_to(const void *a, const void *b)
{
    const neighbour *x = a, *y = b;
    return (x->to > y->to) - (x->to < y->to);
}

/* Sort a row and add up what is parallel; the number of entries that are left. */
static size_t settle_row(neighbour *row, size_t n)
{
    size_t kept = 0;
    if (n > 1) qsort(row, n, sizeof *row, by_to);
    for (size_t i = 0; i < n; i++) {
        if (kept && row[kept - 1].to == row[i].to)
            row[kept - 1].weight += row[i].weight;
        else
            row[kept++] = row[i];
    }
    return kept;
}

/* Move the rows together into g->to and g->weight, without weights if all are alike. */
static mkg_status pack(mkg_graph *g, const neighbour *all, const uint64_t *length,
                       mkg_err *err)
{
    size_t m = 0;
    bool alike = true;
    for (size_t i = 0; i < g->n; i++)
        m += length[i];
    g->to = array(m, sizeof *g->to);
    g->weight = array(m, sizeof *g->weight);
    if (!g->to || !g->weight) return mkg__nomem(err);
    for (size_t i = 0, k = 0; i < g->n; i++) {
        const neighbour *row = all + g->start[i];
        g->start[i] = k;
        for (uint64_t j = 0; j < length[i]; j++, k++) {
            g->to[k] = row[j].to;
            g->weight[k] = row[j].weight;
            /* exact: weights that were never anything but the same number */
            alike = alike && memcmp(&g->weight[k], &g->weight[0], sizeof(float)) == 0;
        }
    }
    g->start[g->n] = g->m = m;
    if (alike) {
        mkg__free(g->weight);
        g->weight = NULL;
    }
    return MKG_OK;
}

static mkg_status build(size_t n, const edge_list *e, bool directed, mkg_graph *g,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    neighbour *all = NULL;
    uint64_t *length = NULL, total = 0;

    g->n = n;
    g->start = array(n + 1, sizeof *g->start);
    length = mkg__calloc(n + 1, sizeof *length);
    if (!g->start || !length) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < e->n; i++) {
        if (e->from[i] == e->to[i]) continue;
        length[e->from[i]]++;
        if (!directed) length[e->to[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        g->start[i] = total;
        total += length[i];
        length[i] = 0;
    }
    if (!(all = array((size_t)total, sizeof *all))) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < e->n; i++) {
        uint32_t u = e->from[i], v = e->to[i];
        if (u == v) continue;
        all[g->start[u] + length[u]++] = (neighbour){v, e->weight[i]};
        if (!directed) all[g->start[v] + length[v]++] = (neighbour){u, e->weight[i]};
    }
    for (size_t i = 0; i < n; i++)
        length[i] = settle_row(all + g->start[i], (size_t)length[i]);
    st = pack(g, all, length, err);
out:
    mkg__free(all);
    mkg__free(length);
    return st;
}

mkg_status mkg_graph_from_edges(size_t n, size_t nedges, const uint32_t *from,
                                const uint32_t *to, const float *weight, bool directed,
                                mkg_graph **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    edge_list e = {0};
    mkg_graph *g = mkg__calloc(1, sizeof *g);

    *out = NULL;
    if (!g) return mkg__nomem(err);
    if (n >= UINT32_MAX) {
        st = mkg__fail(err, MKG_EARG, "a graph has less than 2^32 - 1 nodes");
        goto out;
    }
    for (size_t i = 0; i < nedges; i++) {
        float w = weight ? weight[i] : 1.0f;
        if (from[i] >= n || to[i] >= n) {
            st = mkg__fail(err, MKG_EARG, "edge %zu leads to a node that is not there",
                           i);
            goto out;
        }
        if (!isfinite(w) || w <= 0) {
            st = mkg__fail(err, MKG_EARG,
                           "edge %zu has weight %g; a weight is a positive number", i,
                           (double)w);
            goto out;
        }
        MKG_GO(append(&e, from[i], to[i], w, err));
    }
    MKG_GO(build(n, &e, directed, g, err));
    *out = g;
    g = NULL;
out:
    clear(&e);
    mkg_graph_free(g);
    return st;
}

/* ---- from the store ---- */

static bool wanted_type(const mkg_graph_opts *o, mkg_view type)
{
    if (!o->types) return true;
    for (size_t i = 0; i < o->ntypes; i++)
        if (mkg__view_eq(o->types[i], type)) return true;
    return false;
}

static bool wanted_relation(const mkg_graph_opts *o, mkg_id relation)
{
    if (!o->relations) return true;
    for (size_t i = 0; i < o->nrelations; i++)
        if (o->relations[i] == relation) return true;
    return false;
}

enum { NOT_WANTED = 0, WANTED = 1, HAS_EDGE = 2 };

/* What becomes of each node: (*last + 1) marks, by id. */
static mkg_status mark_nodes(mkg_kg *kg, const mkg_graph_opts *o, char **marks,
                             mkg_id *last, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg_id id = 0;
    size_t cap = 0;

    *last = 0;
    while ((st = mkg_kg_next_node(kg, &id, &node, err)) == MKG_OK) {
        size_t before = cap;
        if (!mkg__grow(marks, &cap, (size_t)id + 1, 1)) return mkg__nomem(err);
        memset(*marks + before, NOT_WANTED, cap - before);
        (*marks)[id] = wanted_type(o, node.type) ? WANTED : NOT_WANTED;
        *last = id;
    }
    return st < 0 ? st : MKG_OK;
}

static mkg_status read_edges(mkg_kg *kg, const mkg_graph_opts *o, char *marks,
                             mkg_id last, edge_list *e, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg_id id = 0;

    while ((st = mkg_kg_next_fact(kg, &id, &f, err)) == MKG_OK) {
        if (f.denied || f.object == MKG_ID_NONE || f.subject == f.object ||
            f.subject > last || f.object > last || !marks[f.subject] ||
            !marks[f.object] || !wanted_relation(o, f.relation) ||
            !isfinite(f.weight) || f.weight <= 0)
            continue;
        MKG_GO(append(e, f.subject, f.object, f.weight, err));
        marks[f.subject] = marks[f.object] = HAS_EDGE;
    }
out:
    return st < 0 ? st : MKG_OK;
}

/* Number the rows and rewrite the edges from ids to rows. */
static mkg_status number_rows(const mkg_graph_opts *o, const char *marks, mkg_id last,
                              edge_list *e, mkg_graph *g, mkg_err *err)
{
    uint32_t *row = mkg__calloc((size_t)last + 1, sizeof *row);
    size_t n = 0;
    char least = o->keep_isolated ? WANTED : HAS_EDGE;

    for (mkg_id id = 1; row && id <= last; id++)
        if (marks[id] >= least) row[id] = (uint32_t)n++;
    g->node = array(n, sizeof *g->node);
    if (!row || !g->node) {
        mkg__free(row);
        return mkg__nomem(err);
    }
    g->n = 0;
    for (mkg_id id = 1; id <= last; id++)
        if (marks[id] >= least) g->node[g->n++] = id;
    for (size_t i = 0; i < e->n; i++) {
        e->from[i] = row[e->from[i]];
        e->to[i] = row[e->to[i]];
    }
    mkg__free(row);
    return MKG_OK;
}

mkg_status mkg_graph_new(mkg_kg *kg, const mkg_graph_opts *opts, mkg_graph **out,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    edge_list e = {0};
    char *marks = NULL;
    mkg_id last;
    mkg_graph *g = mkg__calloc(1, sizeof *g);

    *out = NULL;
    if (!g) return mkg__nomem(err);
    g->version = mkg_kg_version(kg);
    MKG_GO(mark_nodes(kg, opts, &marks, &last, err));
    MKG_GO(read_edges(kg, opts, marks, last, &e, err));
    MKG_GO(number_rows(opts, marks, last, &e, g, err));
    MKG_GO(build(g->n, &e, opts->directed, g, err));
    *out = g;
    g = NULL;
out:
    clear(&e);
    mkg__free(marks);
    mkg_graph_free(g);
    return st;
}

size_t mkg_graph_row(const mkg_graph *g, mkg_id id)
{
    size_t lo = 0, hi = g->n;
    if (!g->node) return id >= 1 && id <= g->n ? (size_t)id - 1 : SIZE_MAX;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (g->node[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < g->n && g->node[lo] == id ? lo : SIZE_MAX;
}
