/* Views: from a list of edges, or cut from the snapshot. */
#include "kg/graph_internal.h"

#include "base/err.h"
#include "base/mem.h"
#include "kg/same.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Edges on their way into a graph. */
typedef struct edge_list {
    uint32_t *from, *to;
    float *weight;
    size_t n, from_cap, to_cap, weight_cap;
} edge_list;

/* Who shares a row. */
struct mkg__joined {
    uint32_t *row;    /* row of the snapshot -> of the view, NO_ROW */
    uint32_t *start;  /* (n + 1) of the view's rows, in: */
    uint32_t *member; /* rows of the snapshot */
};

static const uint32_t NO_ROW = UINT32_MAX;

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
    /* Of the whole graph the arrays are the snapshot's. */
    if (!g->csr || g->to != g->csr->to) {
        mkg__free((void *)g->node);
        mkg__free((void *)g->start);
        mkg__free((void *)g->to);
        mkg__free((void *)g->weight);
    }
    mkg__csr_close(g->csr);
    if (g->joined) {
        mkg__free(g->joined->row);
        mkg__free(g->joined->start);
        mkg__free(g->joined->member);
        mkg__free(g->joined);
    }
    mkg__free(g);
}

static void *array(size_t n, size_t size)
{
    size_t bytes;
    return mkg__mul(n, size, &bytes) ? mkg__malloc(bytes) : NULL;
}

/* Weights that were never anything but the same number say nothing. */
static void drop_even_weights(mkg_graph *g)
{
    for (size_t k = 1; k < g->m; k++)
        if (memcmp(&g->weight[k], &g->weight[0], sizeof *g->weight) != 0) return;
    mkg__free((void *)g->weight);
    g->weight = NULL;
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
            row[kept - 1].weight = mkg__add_weight(row[kept - 1].weight, row[i].weight);
        else
            row[kept++] = row[i];
    }
    return kept;
}

/* Move the rows together into g->to and g->weight. */
static mkg_status pack(mkg_graph *g, const neighbour *all, uint64_t *start,
                       const uint64_t *length, mkg_err *err)
{
    size_t m = 0;
    for (size_t i = 0; i < g->n; i++)
        m += length[i];
    uint32_t *to = array(m, sizeof *to);
    float *weight = array(m, sizeof *weight);
    g->to = to;
    g->weight = weight;
    if (!to || !weight) return mkg__nomem(err);
    for (size_t i = 0, k = 0; i < g->n; i++) {
        const neighbour *row = all + start[i];
        start[i] = k;
        for (uint64_t j = 0; j < length[i]; j++, k++) {
            to[k] = row[j].to;
            weight[k] = row[j].weight;
        }
    }
    start[g->n] = g->m = m;
    drop_even_weights(g);
    return MKG_OK;
}

static mkg_status build(size_t n, const edge_list *e, bool directed, mkg_graph *g,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    neighbour *all = NULL;
    uint64_t *length = NULL, *start, total = 0;

    g->n = n;
    g->directed = directed;
    g->start = start = array(n + 1, sizeof *start);
    length = mkg__calloc(n + 1, sizeof *length);
    if (!start || !length) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < e->n; i++) {
        if (e->from[i] == e->to[i]) continue;
        length[e->from[i]]++;
        if (!directed) length[e->to[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        start[i] = total;
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
        all[start[u] + length[u]++] = (neighbour){v, e->weight[i]};
        if (!directed) all[start[v] + length[v]++] = (neighbour){u, e->weight[i]};
    }
    for (size_t i = 0; i < n; i++)
        length[i] = settle_row(all + start[i], (size_t)length[i]);
    st = pack(g, all, start, length, err);
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

/* What of the snapshot goes into the view. */
typedef struct cutter {
    const mkg__csr *c;
    const mkg_graph_opts *o;
    bool *type;    /* by number: is it wanted? */
    uint32_t *row; /* row of the snapshot -> of the view, NO_ROW */
    size_t n, m;
} cutter;

static mkg_status choose_types(cutter *k, mkg_err *err)
{
    const char *name = k->c->types;
    if (!(k->type = mkg__malloc(k->c->ntypes * sizeof *k->type)))
        return mkg__nomem(err);
    for (size_t t = 0; t < k->c->ntypes; t++) {
        mkg_view v = {name, strlen(name)};
        k->type[t] = !k->o->types;
        for (size_t i = 0; i < k->o->ntypes && !k->type[t]; i++)
            k->type[t] = mkg__view_eq(k->o->types[i], v);
        name += v.len + 1;
    }
    return MKG_OK;
}

static bool wanted_arc(const cutter *k, size_t arc)
{
    uint32_t relation = k->c->relation[arc];
    if (k->o->directed && relation % 2) return false;
    if (!k->o->relations) return true;
    for (size_t i = 0; i < k->o->nrelations; i++)
        if (k->o->relations[i] == relation / 2) return true;
    return false;
}

/* Weight in the view of an entry of a wanted row, 0 if it is not part of it. */
static float wanted_weight(const cutter *k, size_t edge)
{
    float sum = 0;
    if (!k->type[k->c->type[k->c->to[edge]]]) return 0;
    if (!k->o->directed && !k->o->relations) return mkg__csr_weight(k->c, edge);
    for (size_t a = mkg__csr_arc(k->c, edge); a < mkg__csr_arc(k->c, edge + 1); a++)
        if (wanted_arc(k, a)) sum = mkg__add_weight(sum, mkg__csr_arc_weight(k->c, a));
    return sum;
}

/* Count what is wanted and number the rows. */
static mkg_status choose_rows(cutter *k, mkg_err *err)
{
    const mkg__csr *c = k->c;
    if (!(k->row = array(c->n, sizeof *k->row))) return mkg__nomem(err);
    for (size_t u = 0; u < c->n; u++)
        k->row[u] = k->o->keep_isolated && k->type[c->type[u]] ? 0 : NO_ROW;
    for (size_t u = 0; u < c->n; u++) {
        if (!k->type[c->type[u]]) continue;
        for (uint64_t e = c->start[u]; e < c->start[u + 1]; e++) {
            if (wanted_weight(k, e) <= 0) continue;
            k->row[u] = k->row[c->to[e]] = 0;
            k->m++;
        }
    }
    for (size_t u = 0; u < c->n; u++)
        if (k->row[u] != NO_ROW) k->row[u] = (uint32_t)k->n++;
    return MKG_OK;
}

static mkg_status cut(const cutter *k, mkg_graph *g, mkg_err *err)
{
    const mkg__csr *c = k->c;
    mkg_id *node = array(k->n, sizeof *node);
    uint64_t *start = array(k->n + 1, sizeof *start);
    uint32_t *to = array(k->m, sizeof *to);
    float *weight = array(k->m, sizeof *weight), w;

    g->node = node;
    g->start = start;
    g->to = to;
    g->weight = weight;
    if (!node || !start || !to || !weight) return mkg__nomem(err);
    for (size_t u = 0; u < c->n; u++) {
        if (k->row[u] == NO_ROW) continue;
        node[g->n] = c->node[u];
        start[g->n++] = g->m;
        for (uint64_t e = c->start[u]; e < c->start[u + 1]; e++) {
            if ((w = wanted_weight(k, e)) <= 0) continue;
            to[g->m] = k->row[c->to[e]];
            weight[g->m++] = w;
        }
    }
    start[g->n] = g->m;
    drop_even_weights(g);
    return MKG_OK;
}

/* ---- nodes that are one thing ---- */

static uint32_t root_of(uint32_t *root, uint32_t u)
{
    while (root[u] != u)
        u = root[u] = root[root[u]];
    return u;
}

/* The first of those that are one thing with each row, in `root`; false where nothing
 * is joined. */
static bool find_roots(const mkg__csr *c, mkg_id same, uint32_t *root)
{
    bool any = false;
    for (uint32_t u = 0; u < c->n; u++)
        root[u] = u;
    for (uint32_t u = 0; u < c->n; u++)
        for (uint64_t e = c->start[u]; e < c->start[u + 1]; e++)
            for (size_t a = mkg__csr_arc(c, e); a < mkg__csr_arc(c, e + 1); a++) {
                if (c->relation[a] / 2 != same) continue;
                uint32_t x = root_of(root, u), y = root_of(root, c->to[e]);
                root[x > y ? x : y] = x > y ? y : x;
                any = true;
            }
    for (uint32_t u = 0; u < c->n; u++)
        root[u] = root_of(root, u);
    return any;
}

/* Edges between what is not one thing, from row to row of the snapshot. */
static mkg_status joined_edges(cutter *k, const uint32_t *root, edge_list *e,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__csr *c = k->c;

    if (!(k->row = array(c->n, sizeof *k->row))) return mkg__nomem(err);
    for (size_t u = 0; u < c->n; u++)
        k->row[u] = NO_ROW;
    for (uint32_t u = 0; u < c->n; u++) {
        if (!k->type[c->type[u]]) continue;
        if (k->o->keep_isolated) k->row[root[u]] = 0;
        for (uint64_t i = c->start[u]; i < c->start[u + 1]; i++) {
            uint32_t v = c->to[i];
            float w = wanted_weight(k, i);
            if (w <= 0 || root[u] == root[v] || (!k->o->directed && v < u)) continue;
            k->row[root[u]] = k->row[root[v]] = 0;
            MKG_GO(append(e, root[u], root[v], w, err));
        }
    }
    for (size_t u = 0; u < c->n; u++)
        if (k->row[u] != NO_ROW) k->row[u] = (uint32_t)k->n++;
out:
    return st;
}

static mkg_status keep_members(cutter *k, const uint32_t *root, mkg_graph *g,
                               mkg_err *err)
{
    const mkg__csr *c = k->c;
    mkg_id *node = array(k->n, sizeof *node);
    struct mkg__joined *j = g->joined = mkg__calloc(1, sizeof *j);

    g->node = node;
    if (!node || !j) return mkg__nomem(err);
    j->row = array(c->n, sizeof *j->row);
    j->start = mkg__calloc(k->n + 2, sizeof *j->start);
    j->member = array(c->n, sizeof *j->member);
    if (!j->row || !j->start || !j->member) return mkg__nomem(err);
    for (size_t u = 0; u < c->n; u++) {
        j->row[u] = k->row[root[u]];
        if (j->row[u] == NO_ROW) continue;
        j->start[j->row[u] + 2]++;
        if (root[u] == u) node[j->row[u]] = c->node[u];
    }
    for (size_t i = 0; i < k->n; i++)
        j->start[i + 2] += j->start[i + 1];
    for (uint32_t u = 0; u < c->n; u++)
        if (j->row[u] != NO_ROW) j->member[j->start[j->row[u] + 1]++] = u;
    return MKG_OK;
}

/* MKG_NOTFOUND: no source joins anything. */
static mkg_status join(mkg_kg *kg, cutter *k, mkg_graph *g, mkg_err *err)
{
    mkg_status st = MKG_NOTFOUND;
    edge_list e = {0};
    uint32_t *root = NULL;
    const mkg_relation *same =
        mkg_kg_find_relation(kg, mkg__view(MKG_SAME_AS, strlen(MKG_SAME_AS)));

    if (!same) return st;
    if (!(root = array(k->c->n, sizeof *root))) return mkg__nomem(err);
    if (!find_roots(k->c, same->id, root)) goto out;
    MKG_GO(choose_types(k, err));
    MKG_GO(joined_edges(k, root, &e, err));
    for (size_t i = 0; i < e.n; i++) {
        e.from[i] = k->row[e.from[i]];
        e.to[i] = k->row[e.to[i]];
    }
    MKG_GO(keep_members(k, root, g, err));
    st = build(k->n, &e, k->o->directed, g, err);
out:
    clear(&e);
    mkg__free(root);
    return st;
}

/* Is the view the snapshot itself? */
static bool is_whole(const mkg__csr *c, const mkg_graph_opts *o)
{
    if (o->directed || o->types || o->relations) return false;
    for (size_t u = 0; !o->keep_isolated && u < c->n; u++)
        if (c->start[u] == c->start[u + 1]) return false;
    return true;
}

mkg_status mkg_graph_new(mkg_kg *kg, const mkg_graph_opts *opts, mkg_graph **out,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    cutter k = {.o = opts};
    mkg_graph *g = mkg__calloc(1, sizeof *g);

    *out = NULL;
    if (!g) return mkg__nomem(err);
    g->version = mkg_kg_version(kg);
    g->directed = opts->directed;
    MKG_GO(mkg__csr_open(kg, &g->csr, err));
    k.c = g->csr;
    st = opts->join_same ? join(kg, &k, g, err) : MKG_NOTFOUND;
    if (st < 0) goto out;
    if (st == MKG_OK) {
        *out = g;
        g = NULL;
        goto out;
    }
    st = MKG_OK;
    if (is_whole(k.c, opts)) {
        g->n = k.c->n;
        g->m = k.c->m;
        g->node = k.c->node;
        g->start = k.c->start;
        g->to = k.c->to;
        g->weight = k.c->weight;
    } else {
        MKG_GO(choose_types(&k, err));
        MKG_GO(choose_rows(&k, err));
        MKG_GO(cut(&k, g, err));
    }
    *out = g;
    g = NULL;
out:
    mkg__free(k.type);
    mkg__free(k.row);
    mkg_graph_free(g);
    return st;
}

size_t mkg_graph_row(const mkg_graph *g, mkg_id id)
{
    if (!g->node) return id >= 1 && id <= g->n ? (size_t)id - 1 : SIZE_MAX;
    if (g->joined) {
        size_t at = mkg__csr_place(g->csr->node, g->csr->n, id);
        uint32_t shared = at < g->csr->n ? g->joined->row[at] : NO_ROW;
        return shared == NO_ROW ? SIZE_MAX : shared;
    }
    size_t row = mkg__csr_place(g->node, g->n, id);
    return row < g->n ? row : SIZE_MAX;
}

void mkg_graph_types(const mkg_graph *g, const mkg_view *names, size_t n,
                     uint32_t *type)
{
    const mkg__csr *c = g->csr;
    for (size_t row = 0; row < g->n; row++) {
        size_t at = 0;
        type[row] = UINT32_MAX;
        if (c)
            at =
                mkg__csr_place(c->node, c->n, g->node ? g->node[row] : (mkg_id)row + 1);
        if (!c || at == c->n) continue;
        const char *name = c->types;
        for (uint32_t t = 0; t < c->type[at]; t++)
            name += strlen(name) + 1;
        for (uint32_t i = 0; i < n && type[row] == UINT32_MAX; i++)
            if (mkg__view_is(names[i], name)) type[row] = i;
    }
}

/* Facts between two rows of the snapshot: `n` are in `out` already. */
static size_t arcs_between(const mkg__csr *c, size_t row, size_t other, mkg_arc *out,
                           size_t cap, size_t n)
{
    size_t begin = (size_t)c->start[row], rows = (size_t)c->start[row + 1] - begin;
    size_t edge = mkg__csr_place(c->to + begin, rows, (uint32_t)other);
    if (edge == rows) return n;
    size_t first = mkg__csr_arc(c, begin + edge);
    size_t last = mkg__csr_arc(c, begin + edge + 1);
    for (size_t a = first; a < last; a++, n++)
        if (n < cap)
            out[n] = (mkg_arc){c->fact[a], c->relation[a] / 2, c->relation[a] % 2,
                               mkg__csr_arc_weight(c, a)};
    return n;
}

size_t mkg_graph_arcs(const mkg_graph *g, size_t u, size_t v, mkg_arc *out, size_t cap)
{
    const mkg__csr *c = g->csr;
    const struct mkg__joined *j = g->joined;
    size_t n = 0;
    if (!c) return 0;
    if (!j)
        return arcs_between(c, mkg__csr_place(c->node, c->n, g->node[u]),
                            mkg__csr_place(c->node, c->n, g->node[v]), out, cap, 0);
    for (size_t a = j->start[u]; a < j->start[u + 1]; a++)
        for (size_t b = j->start[v]; b < j->start[v + 1]; b++)
            n = arcs_between(c, j->member[a], j->member[b], out, cap, n);
    return n;
}
