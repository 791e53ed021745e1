/* The shape of the graph, for `medkg stats --graph`. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/algorithms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 10 };

typedef struct shape {
    mkg_graph *g;
    size_t components, largest, alone; /* alone: nodes without an edge */
    size_t communities;                /* of two nodes or more */
    double modularity;
    double *rank;      /* (n) PageRank */
    uint32_t top[TOP]; /* rows of the highest PageRank */
    uint32_t hub[TOP]; /* rows of the highest degree */
    size_t ntop;
} shape;

static void clear(shape *s)
{
    mkg__free(s->rank);
    mkg_graph_free(s->g);
}

/* Of parts numbered 0 .. count-1: how many have two nodes or more, and the largest. */
static mkg_status part_sizes(const uint32_t *part, size_t n, size_t count,
                             size_t *several, size_t *largest, mkg_err *err)
{
    size_t *size = mkg__calloc(count, sizeof *size);
    if (!size) return mkg__nomem(err);
    *several = *largest = 0;
    for (size_t i = 0; i < n; i++)
        size[part[i]]++;
    for (size_t i = 0; i < count; i++) {
        *several += size[i] > 1;
        if (size[i] > *largest) *largest = size[i];
    }
    mkg__free(size);
    return MKG_OK;
}

typedef double (*score_fn)(const shape *s, uint32_t row);

static double by_degree(const shape *s, uint32_t row)
{
    return (double)mkg_graph_degree(s->g, row);
}

/* PageRank is known to some ten digits: what differs behind them is the same. */
static double by_rank(const shape *s, uint32_t row)
{
    return round(s->rank[row] * 1e9);
}

/* The rows of the highest score, ties by row. */
static void choose(const shape *s, score_fn score, uint32_t best[TOP])
{
    size_t n = 0;
    for (uint32_t row = 0; row < s->g->n; row++) {
        size_t at = n;
        while (at > 0 && score(s, best[at - 1]) < score(s, row))
            at--;
        if (at == TOP) continue;
        if (n < TOP) n++;
        memmove(best + at + 1, best + at, (n - at - 1) * sizeof *best);
        best[at] = row;
    }
}

static mkg_status measure(mkg_kg *kg, shape *s, mkg_err *err)
{
    enum { SEED = 1 };
    mkg_status st = MKG_OK;
    mkg_graph_opts whole = {.keep_isolated = true, .join_same = true};
    uint32_t *part = NULL;
    size_t count, ignored;

    MKG_GO(mkg_graph_new(kg, &whole, &s->g, err));
    part = mkg__calloc(s->g->n, sizeof *part);
    s->rank = mkg__calloc(s->g->n, sizeof *s->rank);
    if (!part || !s->rank) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < s->g->n; i++)
        s->alone += mkg_graph_degree(s->g, i) == 0;
    MKG_GO(mkg_graph_components(s->g, part, &s->components, err));
    MKG_GO(part_sizes(part, s->g->n, s->components, &ignored, &s->largest, err));
    MKG_GO(mkg_graph_communities(s->g, SEED, part, &count, &s->modularity, err));
    MKG_GO(part_sizes(part, s->g->n, count, &s->communities, &ignored, err));
    MKG_GO(mkg_graph_pagerank(s->g, 0.85, NULL, s->rank, err));
    s->ntop = s->g->n < TOP ? s->g->n : TOP;
    choose(s, by_degree, s->hub);
    choose(s, by_rank, s->top);
out:
    mkg__free(part);
    return st;
}

/* ---- printing ---- */

static mkg_status list_json(cli *c, mkg_kg *kg, const shape *s, const uint32_t *rows,
                            mkg_lang lang, json_t **out)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    json_t *list = json_array();

    for (size_t i = 0; i < s->ntop; i++) {
        MKG_GO(mkg_kg_node(kg, s->g->node[rows[i]], &node, &c->err));
        json_t *v = cli_node_json(&node, lang);
        json_object_set_new(v, "degree",
                            json_integer((json_int_t)mkg_graph_degree(s->g, rows[i])));
        json_object_set_new(v, "pagerank", json_real(s->rank[rows[i]]));
        json_array_append_new(list, v);
    }
    *out = list;
    list = NULL;
out:
    json_decref(list);
    return st;
}

static mkg_status shape_json(cli *c, mkg_kg *kg, const shape *s, mkg_lang lang,
                             json_t **out)
{
    mkg_status st = MKG_OK;
    json_t *hubs = NULL, *top = NULL;

    MKG_GO(list_json(c, kg, s, s->hub, lang, &hubs));
    MKG_GO(list_json(c, kg, s, s->top, lang, &top));
    *out = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:O, s:O}", "edges", (json_int_t)(s->g->m / 2),
        "components", (json_int_t)s->components, "largest", (json_int_t)s->largest,
        "isolated", (json_int_t)s->alone, "communities", (json_int_t)s->communities,
        "modularity", isnan(s->modularity) ? json_null() : json_real(s->modularity),
        "highest_degree", hubs, "highest_pagerank", top);
    if (!*out) st = mkg__nomem(&c->err);
out:
    json_decref(hubs);
    json_decref(top);
    return st;
}

static mkg_status name_cell(cli *c, mkg_kg *kg, const shape *s, uint32_t row,
                            mkg_lang lang, cli_table *t)
{
    mkg_node node;
    mkg_status st = mkg_kg_node(kg, s->g->node[row], &node, &c->err);
    if (st == MKG_OK) cli_cell_view(t, mkg_node_name(&node, lang));
    return st == MKG_NOTFOUND ? MKG_ESTORE : st;
}

static mkg_status shape_text(cli *c, mkg_kg *kg, const shape *s, mkg_lang lang)
{
    static const char *const heads[] = {"highest degree",   "degree", "",
                                        "highest PageRank", "score",  NULL};
    mkg_status st = MKG_OK;
    cli_table t = {.align = "rl"};
    const struct {
        size_t value;
        const char *name;
    } whole[] = {{s->g->m / 2, "edges (pairs of nodes that facts link)"},
                 {s->components, "components"},
                 {s->largest, "nodes in the largest component"},
                 {s->alone, "nodes without an edge"},
                 {s->communities, "communities of two nodes or more"}};

    cli_print(c, "\n");
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        cli_cell(&t, "%zu", whole[i].value);
        cli_cell(&t, "%s", whole[i].name);
    }
    if (!isnan(s->modularity)) {
        cli_cell(&t, "%.3f", s->modularity);
        cli_cell(&t, "modularity of the communities");
    }
    MKG_GO(cli_table_print(c, &t, 0));
    if (s->ntop) cli_print(c, "\n");
    t.align = "lrllr";
    if (s->ntop) cli_heads(&t, heads);
    for (size_t i = 0; i < s->ntop; i++) {
        MKG_GO(name_cell(c, kg, s, s->hub[i], lang, &t));
        cli_cell(&t, "%zu", mkg_graph_degree(s->g, s->hub[i]));
        cli_cell(&t, "%s", "");
        MKG_GO(name_cell(c, kg, s, s->top[i], lang, &t));
        cli_cell(&t, "%.5f", s->rank[s->top[i]]);
    }
    st = cli_table_print(c, &t, 1);
out:
    cli_table_clear(&t);
    return st;
}

mkg_status cli_graph_stats(cli *c, mkg_kg *kg, json_t **out)
{
    shape s = {0};
    mkg_lang lang = cli_language(c, NULL);
    mkg_status st = measure(kg, &s, &c->err);
    if (st >= 0)
        st = out ? shape_json(c, kg, &s, lang, out) : shape_text(c, kg, &s, lang);
    clear(&s);
    return st;
}
