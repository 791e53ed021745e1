/* medkg embed: make a vector set. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"
#include "embed/node2vec.h"
#include "embed/vectors.h"

#include <stdlib.h>
#include <string.h>

static mkg_status check_method(cli *c, const char *method)
{
    static const char *const ours[] = {"node2vec"};
    static const char *const later[] = {"line", "prone", "fastrp", "me2vec", "keser"};

    if (strcmp(method, ours[0]) == 0) return MKG_OK;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(method, later[i]) == 0)
            return mkg__fail(&c->err, MKG_EARG,
                             "the method '%s' is not in this version; "
                             "there is: node2vec",
                             method);
    return cli_unknown(c, "the method", method, "is not known", ours, 1);
}

static void read_options(cli *c, mkg_node2vec_opts *o)
{
    o->dim = (size_t)cli_opt_count(c, "dim");
    o->walks = (unsigned)cli_opt_count(c, "walks");
    o->length = (unsigned)cli_opt_count(c, "length");
    o->window = (unsigned)cli_opt_count(c, "window");
    o->negative = (unsigned)cli_opt_count(c, "negative");
    o->epochs = (unsigned)cli_opt_count(c, "epochs");
    o->p = cli_opt_real(c, "p");
    o->q = cli_opt_real(c, "q");
    o->threads = (unsigned)cli_opt_count(c, "threads");
    o->seed = cli_opt_count(c, "seed");
    o->deterministic = cli_opt_given(c, "deterministic");
    o->progress = cli_on_progress;
    o->progress_ctx = c;
}

/* ---- the record of how a set was made ---- */

static json_t *names_json(const mkg_view *names, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_stringn(names[i].ptr, names[i].len));
    return list;
}

static mkg_status put_params(cli *c, const mkg_node2vec_opts *o, const cli_part *p,
                             mkg_vectors_info *info)
{
    mkg_status st = MKG_OK;
    char *text = NULL;
    json_t *v =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:b}", "dim",
                  (json_int_t)o->dim, "walks", (json_int_t)o->walks, "length",
                  (json_int_t)o->length, "window", (json_int_t)o->window, "negative",
                  (json_int_t)o->negative, "epochs", (json_int_t)o->epochs, "p", o->p,
                  "q", o->q, "alpha", o->alpha, "seed", (json_int_t)o->seed, "threads",
                  /* the same bytes at any number of threads */
                  (json_int_t)(o->deterministic ? 1 : o->threads), "deterministic",
                  (int)o->deterministic);

    if (p->ntypes) json_object_set_new(v, "types", names_json(p->types, p->ntypes));
    if (p->nrelations)
        json_object_set_new(v, "relations",
                            names_json(p->relation_names, p->nrelations));
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(6);
    text = json_dumps(v, flags);
    if (text && strlen(text) >= sizeof info->params) {
        /* The record has 512 bytes; long lists are told by their length. */
        free(text);
        json_object_set_new(v, "types", json_integer((json_int_t)p->ntypes));
        json_object_set_new(v, "relations", json_integer((json_int_t)p->nrelations));
        text = json_dumps(v, flags);
    }
    if (text)
        snprintf(info->params, sizeof info->params, "%s", text);
    else
        st = mkg__nomem(&c->err);
    free(text);
    json_decref(v);
    return st;
}

static mkg_status save(cli *c, const mkg_graph *g, const float *x,
                       mkg_vectors_info *info)
{
    mkg_status st;
    mkg_id *ids = NULL;
    const mkg_id *node = g->node;

    if (!node) {
        size_t bytes;
        if (!mkg__mul(g->n, sizeof *ids, &bytes) || !(ids = mkg__malloc(bytes)))
            return mkg__nomem(&c->err);
        for (size_t i = 0; i < g->n; i++)
            ids[i] = (mkg_id)(i + 1);
        node = ids;
    }
    st = mkg_vectors_save(c->db, info, node, x, &c->err);
    mkg__free(ids);
    return st;
}

static mkg_status print_set(cli *c, const mkg_vectors_info *info, const mkg_graph *g,
                            double seconds)
{
    if (c->json)
        return cli_json(
            c, json_pack("{s:s, s:s, s:I, s:I, s:f, s:I, s:I, s:I}", "name", info->name,
                         "method", info->method, "rows", (json_int_t)info->n, "dim",
                         (json_int_t)info->dim, "seconds", seconds, "edges",
                         (json_int_t)(g->m / 2), "seed", (json_int_t)info->seed,
                         "graph_version", (json_int_t)info->graph_version));
    cli_print(c, "vector set '%s' (%s): %zu rows, %zu dimensions, %.1f s\n", info->name,
              info->method, info->n, info->dim, seconds);
    return MKG_OK;
}

mkg_status cli_cmd_embed(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_graph *g = NULL;
    float *x = NULL;
    cli_part p = {.ntypes = 0};
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    mkg_vectors_info info = {.method = "node2vec"};
    const char *name = cli_opt_text(c, "name");
    double began = mkg__now();

    if (strcmp(c->args[0], "intents") == 0) return cli_embed_intents(c);
    MKG_GO(check_method(c, c->args[0]));
    if (!name) name = c->args[0];
    MKG_GO(mkg_vectors_check_name(name, &c->err));
    snprintf(info.name, sizeof info.name, "%s", name);
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_read_part(c, kg, &p));
    read_options(c, &o);
    mkg_graph_opts go = {.types = p.ntypes ? p.types : NULL,
                         .ntypes = p.ntypes,
                         .relations = p.nrelations ? p.relations : NULL,
                         .nrelations = p.nrelations};
    cli_catch_signals();
    c->progress.unit = "walks";
    MKG_GO(mkg_graph_new(kg, &go, &g, &c->err));
    if (g->n == 0) {
        st = mkg__fail(&c->err, MKG_NOTFOUND, "the graph has no edges of this kind");
        goto out;
    }
    MKG_GO(put_params(c, &o, &p, &info));
    MKG_GO(mkg_node2vec(g, &o, &x, &c->err));
    info.n = g->n;
    info.dim = o.dim;
    info.seed = o.seed;
    info.graph_version = mkg_kg_version(kg);
    MKG_GO(save(c, g, x, &info));
    cli_progress_clear(c);
    st = print_set(c, &info, g, mkg__now() - began);
out:
    mkg_floats_free(x);
    mkg_graph_free(g);
    mkg_kg_close(kg);
    return st;
}
