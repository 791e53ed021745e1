/* medkg eval vectors SET --links: train as the set was, without some edges, and find
 * them. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"
#include "embed/links.h"
#include "embed/node2vec.h"

#include <math.h>
#include <string.h>

/* How a set was made, read back from its record. */
typedef struct recipe {
    mkg_node2vec_opts o;
    cli *c;
} recipe;

static mkg_status train(void *ctx, const mkg_graph *g, float **out, size_t *dim,
                        mkg_err *err)
{
    recipe *r = ctx;
    *dim = r->o.dim;
    mkg_status st = mkg_node2vec(g, &r->o, out, err);
    cli_progress_clear(r->c);
    return st;
}

static void read_count(const json_t *v, const char *key, unsigned *out)
{
    const json_t *n = json_object_get(v, key);
    if (json_is_integer(n) && json_integer_value(n) > 0)
        *out = (unsigned)json_integer_value(n);
}

static void read_real(const json_t *v, const char *key, double *out)
{
    const json_t *n = json_object_get(v, key);
    if (json_is_number(n)) *out = json_number_value(n);
}

static mkg_status read_recipe(cli *c, const mkg_vectors_info *set, const json_t *v,
                              recipe *r)
{
    unsigned dim = (unsigned)set->dim;
    if (strcmp(set->method, "node2vec") != 0)
        return mkg__fail(&c->err, MKG_EARG,
                         "the set '%s' is made by %s, which --links cannot make again "
                         "without the edges that it holds out; it can for node2vec",
                         set->name, set->method);
    r->o = (mkg_node2vec_opts)MKG_NODE2VEC_OPTS_INIT;
    r->c = c;
    read_count(v, "dim", &dim);
    r->o.dim = dim;
    read_count(v, "walks", &r->o.walks);
    read_count(v, "length", &r->o.length);
    read_count(v, "window", &r->o.window);
    read_count(v, "negative", &r->o.negative);
    read_count(v, "epochs", &r->o.epochs);
    read_real(v, "p", &r->o.p);
    read_real(v, "q", &r->o.q);
    read_real(v, "alpha", &r->o.alpha);
    r->o.seed = set->seed;
    r->o.deterministic = json_is_true(json_object_get(v, "deterministic"));
    r->o.progress = cli_on_progress;
    r->o.progress_ctx = c;
    c->progress.unit = "walks";
    return MKG_OK;
}

/* The part of the graph that the set was made of; the views belong to `v`. */
static mkg_status read_part(cli *c, mkg_kg *kg, const json_t *v, cli_part *p)
{
    const json_t *lists[] = {json_object_get(v, "types"),
                             json_object_get(v, "relations")};
    for (unsigned i = 0; i < 2; i++) {
        if (lists[i] && !json_is_array(lists[i]))
            return mkg__fail(&c->err, MKG_EARG,
                             "the set was made of more types or relations than its "
                             "record has room for");
        for (size_t k = 0; k < json_array_size(lists[i]) && k < CLI_PART_MAX; k++) {
            mkg_view name = mkg__json_view(json_array_get(lists[i], k));
            if (i == 0) {
                p->types[p->ntypes++] = name;
                continue;
            }
            const mkg_relation *r = mkg_kg_find_relation(kg, name);
            if (!r)
                return mkg__fail(&c->err, MKG_NOTFOUND,
                                 "the relation '%.*s' that the set was made of is gone",
                                 mkg__clip(name, 60), name.ptr);
            p->relations[p->nrelations++] = r->id;
        }
    }
    return MKG_OK;
}

/* ---- what comes of it ---- */

static json_t *real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *score_json(const char *key, const char *name, const mkg_link_score *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", key, name, "auroc",
                     real(s->auroc), "auprc", real(s->auprc), "hits_at_1",
                     real(s->hits1), "hits_at_10", real(s->hits10), "mrr",
                     real(s->mrr));
}

static mkg_status print_json(cli *c, mkg_kg *kg, const mkg_vectors_info *set,
                             const mkg_eval_links_result *r, double seconds)
{
    json_t *ways = json_array(), *relations = json_array();
    for (unsigned w = 0; w < MKG_LINK_WAYS; w++)
        json_array_append_new(
            ways, score_json("way", mkg_link_way_name((mkg_link_way)w), &r->way[w]));
    for (size_t i = 0; i < r->nrelations; i++) {
        const mkg_link_relation *x = &r->relation[i];
        const mkg_relation *rel = mkg_kg_relation(kg, x->relation, false);
        char *name = mkg__viewdup(rel->name);
        json_t *v = score_json("relation", name ? name : "", &x->score);
        mkg__free(name);
        json_object_set_new(v, "facts", json_integer((json_int_t)x->facts));
        json_object_set_new(v, "held_out", json_integer((json_int_t)x->held_out));
        json_object_set_new(v, "rankings", json_integer((json_int_t)x->rankings));
        json_object_set_new(v, "popularity_auroc", real(x->popularity.auroc));
        json_object_set_new(v, "popularity_hits_at_10", real(x->popularity.hits10));
        json_array_append_new(relations, v);
    }
    return cli_json(
        c,
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:f}",
                  "set", set->name, "method", set->method, "what", "links", "dim",
                  (json_int_t)set->dim, "nodes", (json_int_t)r->nodes, "edges",
                  (json_int_t)r->edges, "held_out", (json_int_t)r->held_out,
                  "passed_over", (json_int_t)r->passed_over, "facts",
                  (json_int_t)r->facts, "rankings", (json_int_t)r->rankings, "ways",
                  ways, "relations", relations, "seconds", seconds));
}

static void cells(cli_table *t, const mkg_link_score *s)
{
    const double x[] = {s->auroc, s->auprc, s->hits1, s->hits10, s->mrr};
    for (size_t i = 0; i < 5; i++)
        if (isfinite(x[i]))
            cli_cell(t, "%.4f", x[i]);
        else
            cli_cell(t, "-");
}

static mkg_status print_text(cli *c, mkg_kg *kg, const mkg_eval_links_result *r,
                             double seconds)
{
    static const char *const heads[] = {"way",     "AUROC", "AUPRC", "hits@1",
                                        "hits@10", "MRR",   NULL};
    static const char *const relation_heads[] = {"relation", "held out",   "AUROC",
                                                 "AUPRC",    "hits@1",     "hits@10",
                                                 "MRR",      "popularity", NULL};
    cli_table t = {.align = "lrrrrr"};
    cli_print(c,
              "%zu of %zu edges held out (%zu passed over), %zu facts behind them, %zu "
              "of them ranked; %.1f s\n\n",
              r->held_out, r->edges, r->passed_over, r->facts, r->rankings, seconds);
    cli_heads(&t, heads);
    for (unsigned w = 0; w < MKG_LINK_WAYS; w++) {
        cli_cell(&t, "%s", mkg_link_way_name((mkg_link_way)w));
        cells(&t, &r->way[w]);
    }
    mkg_status st = cli_table_print(c, &t, 1);
    if (st < 0) return st;
    cli_print(c, "\nvectors, by relation (popularity: its AUROC)\n");
    cli_table u = {.align = "lrrrrrrr"};
    cli_heads(&u, relation_heads);
    for (size_t i = 0; i < r->nrelations; i++) {
        const mkg_link_relation *x = &r->relation[i];
        cli_cell_view(&u, mkg_kg_relation(kg, x->relation, false)->name);
        cli_cell(&u, "%zu", x->held_out);
        cells(&u, &x->score);
        if (isfinite(x->popularity.auroc))
            cli_cell(&u, "%.4f", x->popularity.auroc);
        else
            cli_cell(&u, "-");
    }
    return cli_table_print(c, &u, 1);
}

mkg_status cli_eval_links(cli *c, mkg_kg *kg, const mkg_vectors *v)
{
    const mkg_vectors_info *set = mkg_vectors_get_info(v);
    const char *relation = cli_opt_text(c, "relation");
    mkg_eval_links_opts o = MKG_EVAL_LINKS_OPTS_INIT;
    mkg_eval_links_result r = {0};
    recipe how;
    cli_part p = {.ntypes = 0};
    json_t *params = NULL;
    mkg_status st;
    double began = mkg__now();

    MKG_GO(mkg__json_parse(mkg__view(set->params, strlen(set->params)), "", 0, &params,
                           &c->err));
    MKG_GO(read_recipe(c, set, params, &how));
    MKG_GO(read_part(c, kg, params, &p));
    if (relation) MKG_GO(cli_take_relation(c, kg, relation, &o.only, NULL));
    o.held_out = cli_opt_real(c, "held-out");
    o.seed = cli_opt_count(c, "seed");
    o.rankings = (size_t)cli_opt_count(c, "rankings");
    o.types = p.ntypes ? p.types : NULL;
    o.ntypes = p.ntypes;
    o.relations = p.nrelations ? p.relations : NULL;
    o.nrelations = p.nrelations;
    o.train = train;
    o.train_ctx = &how;
    st = mkg_eval_links(kg, &o, &r, &c->err);
    if (st != MKG_OK) goto out;
    double seconds = mkg__now() - began;
    st = c->json ? print_json(c, kg, set, &r, seconds) : print_text(c, kg, &r, seconds);
out:
    mkg_eval_links_clear(&r);
    json_decref(params);
    return st;
}
