/* Which nodes a map shows, where, and in what file. */
#include "embed/map.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "embed/map_internal.h"
#include "kg/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    mkg_kg *kg;
    const mkg_vectors *v;
    const mkg_map_opts *o;
    mkg__arena arena;
    mkg__picture p;
    size_t cap, type_cap;
    float *x, *place; /* (n, dim), (n, 2) */
    mkg__buf text;
} job;

const char *const *mkg_map_formats(void)
{
    static const char *const names[] = {"svg", "html", NULL};
    return names;
}

/* Okabe & Ito's colours, which people who see few colours can tell apart, then others.
 */
const char *mkg__map_colour(size_t type)
{
    static const char *const colours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                          "#d55e00", "#7f52a5", "#b8a800", "#56b4e9",
                                          "#8c564b", "#17becf", "#a0522d", "#7f7f7f"};
    enum { COLOURS = sizeof colours / sizeof *colours };
    return colours[type < COLOURS ? type : COLOURS - 1];
}

static bool type_asked(const mkg_map_opts *o, mkg_view type)
{
    if (!o->types) return true;
    for (size_t i = 0; i < o->ntypes; i++)
        if (mkg__view_eq(o->types[i], type)) return true;
    return false;
}

static mkg_status keep(job *j, const mkg_graph *g, mkg__map *types,
                       const mkg_node *node, mkg_err *err)
{
    mkg__picture *p = &j->p;
    mkg_id *number = mkg__map_put(types, node->type.ptr, node->type.len);
    if (!number || !mkg__grow(&p->dot, &j->cap, p->n + 1, sizeof *p->dot))
        return mkg__nomem(err);
    if (!*number) {
        const char *name = mkg__arena_dup(&j->arena, node->type.ptr, node->type.len);
        if (!name || !mkg__grow(&p->type, &j->type_cap, p->ntypes + 1, sizeof *p->type))
            return mkg__nomem(err);
        p->type[p->ntypes] = (mkg__map_type){mkg__view(name, node->type.len), 0};
        *number = (mkg_id)++p->ntypes;
    }
    size_t row = mkg_graph_row(g, node->id);
    p->dot[p->n++] =
        (mkg__dot){.node = node->id,
                   .type = *number - 1,
                   .degree = row == SIZE_MAX ? 0 : (uint32_t)mkg_graph_degree(g, row)};
    return MKG_OK;
}

static int most_edges(const void *a, const void *b)
{
    const mkg__dot *x = a, *y = b;
    if (x->degree != y->degree) return x->degree > y->degree ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

static mkg_status choose(job *j, mkg_map_result *result, mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(j->v);
    const mkg_id *ids = mkg_vectors_nodes(j->v);
    mkg_graph *g = NULL;
    mkg_graph_opts go = {.directed = false};
    mkg__map types = {0};
    mkg_status st;

    MKG_GO(mkg_graph_new(j->kg, &go, &g, err));
    for (size_t i = 0; i < info->n; i++) {
        mkg_node node;
        MKG_GO(mkg_kg_node(j->kg, ids[i], &node, err));
        if (st == MKG_OK && type_asked(j->o, node.type))
            MKG_GO(keep(j, g, &types, &node, err));
    }
    st = MKG_OK;
    if (j->p.n < 3) {
        st = mkg__fail(err, MKG_NOTFOUND, "the set '%s' has %zu nodes of these types",
                       info->name, j->p.n);
        goto out;
    }
    qsort(j->p.dot, j->p.n, sizeof *j->p.dot, most_edges);
    if (j->p.n > j->o->limit) {
        result->left_out = j->p.n - j->o->limit;
        j->p.n = j->o->limit;
    }
out:
    mkg_graph_free(g);
    mkg__map_clear(&types);
    return st;
}

/* Number the types anew, most nodes first, so that the first colours are theirs. */
static mkg_status sort_types(job *j, mkg_err *err)
{
    mkg__picture *p = &j->p;
    uint32_t *order = mkg__calloc(p->ntypes, sizeof *order),
             *place = mkg__calloc(p->ntypes, sizeof *place);
    mkg__map_type *sorted = mkg__calloc(p->ntypes, sizeof *sorted);
    mkg_status st = order && place && sorted ? MKG_OK : mkg__nomem(err);
    for (size_t i = 0; st >= 0 && i < p->n; i++)
        p->type[p->dot[i].type].nodes++;
    for (uint32_t t = 0; st >= 0 && t < p->ntypes; t++) {
        size_t at = t;
        for (; at > 0 && p->type[order[at - 1]].nodes < p->type[t].nodes; at--)
            order[at] = order[at - 1];
        order[at] = t;
    }
    for (uint32_t t = 0; st >= 0 && t < p->ntypes; t++) {
        sorted[t] = p->type[order[t]];
        place[order[t]] = t;
    }
    for (size_t i = 0; st >= 0 && i < p->n; i++)
        p->dot[i].type = place[p->dot[i].type];
    if (st >= 0) memcpy(p->type, sorted, p->ntypes * sizeof *sorted);
    while (st >= 0 && p->ntypes && p->type[p->ntypes - 1].nodes == 0)
        p->ntypes--;
    mkg__free(order);
    mkg__free(place);
    mkg__free(sorted);
    return st;
}

static mkg_status name_dots(job *j, mkg_err *err)
{
    for (size_t i = 0; i < j->p.n; i++) {
        mkg_node node;
        mkg_status st = mkg_kg_node(j->kg, j->p.dot[i].node, &node, err);
        if (st < 0) return st;
        mkg_view name = mkg_node_name(&node, j->o->lang);
        const char *copy = mkg__arena_dup(&j->arena, name.ptr, name.len);
        if (!copy) return mkg__nomem(err);
        j->p.dot[i].name = mkg__view(copy, name.len);
    }
    return MKG_OK;
}

/* The plane cut to where the dots are, but for a few that lie far out: those come to
 * the edge, so that they do not make the rest small. */
static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static mkg_status fit(job *j, mkg_err *err)
{
    size_t n = j->p.n, cut = n / 500;
    float *room = mkg__calloc(n, sizeof *room), lo[2], hi[2], span = 0;
    if (!room) return mkg__nomem(err);
    for (unsigned k = 0; k < 2; k++) {
        for (size_t i = 0; i < n; i++)
            room[i] = j->place[2 * i + k];
        qsort(room, n, sizeof *room, by_value);
        lo[k] = room[cut];
        hi[k] = room[n - 1 - cut];
        float margin = 0.03f * (hi[k] - lo[k]) + 1e-3f;
        lo[k] = lo[k] - margin > room[0] ? lo[k] - margin : room[0];
        hi[k] = hi[k] + margin < room[n - 1] ? hi[k] + margin : room[n - 1];
        span = hi[k] - lo[k] > span ? hi[k] - lo[k] : span;
    }
    mkg__free(room);
    if (!(span > 0)) span = 1;
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < 2; k++) {
            float v = j->place[2 * i + k];
            v = v < lo[k] ? lo[k] : v > hi[k] ? hi[k] : v;
            v = (v - (lo[k] + hi[k]) / 2) / span + 0.5f;
            *(k ? &j->p.dot[i].y : &j->p.dot[i].x) = v;
        }
    return MKG_OK;
}

static mkg_status lay_out(job *j, mkg_err *err)
{
    size_t dim = mkg_vectors_get_info(j->v)->dim, cells;
    if (!mkg__mul(j->p.n, dim, &cells)) return mkg__nomem(err);
    j->x = mkg__calloc(cells, sizeof *j->x);
    j->place = mkg__calloc(2 * j->p.n, sizeof *j->place);
    if (!j->x || !j->place) return mkg__nomem(err);
    for (size_t i = 0; i < j->p.n; i++)
        memcpy(j->x + i * dim, mkg_vectors_row(j->v, j->p.dot[i].node),
               dim * sizeof *j->x);
    mkg_status st = mkg_umap(j->x, j->p.n, dim, j->o, j->place, err);
    return st < 0 ? st : fit(j, err);
}

static mkg_status write_text(void *ctx, FILE *f, mkg_err *err)
{
    const mkg__buf *b = ctx;
    return fwrite(b->ptr, 1, b->len, f) == b->len
               ? MKG_OK
               : mkg__fail_errno(err, "write", "the map");
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

mkg_status mkg_map_export(mkg_kg *kg, const mkg_vectors *v, const char *output,
                          const mkg_map_opts *opts, mkg_map_result *result,
                          mkg_err *err)
{
    job j = {.kg = kg, .v = v, .o = opts};
    const char *format = opts->format;
    mkg_status st;

    memset(result, 0, sizeof *result);
    if (!format)
        format =
            ends_with(output, ".html") || ends_with(output, ".htm") ? "html" : "svg";
    if (strcmp(format, "svg") != 0 && strcmp(format, "html") != 0)
        return mkg__fail(err, MKG_EARG, "there is no format '%s'", format);
    j.p.set = mkg_vectors_get_info(v);
    j.p.labels = opts->labels;
    j.p.lang = opts->lang;
    st = choose(&j, result, err);
    if (st != MKG_OK) goto out;
    MKG_GO(sort_types(&j, err));
    MKG_GO(name_dots(&j, err));
    MKG_GO(lay_out(&j, err));
    result->nodes = j.p.n;
    MKG_GO(strcmp(format, "svg") == 0
               ? mkg__map_svg(&j.p, &j.text, &result->labels, err)
               : mkg__map_html(&j.p, &j.text, err));
    st = mkg__file_write(output, write_text, &j.text, err);
out:
    mkg__arena_clear(&j.arena);
    mkg__buf_clear(&j.text);
    mkg__free(j.p.dot);
    mkg__free(j.p.type);
    mkg__free(j.x);
    mkg__free(j.place);
    return st;
}
