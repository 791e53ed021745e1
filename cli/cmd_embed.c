/* medkg embed: make a vector set. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"
#include "embed/fastrp.h"
#include "embed/line.h"
#include "embed/node2vec.h"
#include "embed/prone.h"
#include "embed/vectors.h"

#include <stdlib.h>
#include <string.h>

/* ---- methods and their options ---- */

enum { NODE2VEC = 1, LINE = 2, PRONE = 4, FASTRP = 8 };

static const struct method {
    const char *name;
    unsigned bit;
    const char *unit; /* of the progress */
} methods[] = {{"node2vec", NODE2VEC, "walks"},
               {"line", LINE, "edges"},
               {"prone", PRONE, "steps"},
               {"fastrp", FASTRP, "steps"}};

enum { NMETHODS = sizeof methods / sizeof *methods };

/* Options that not every method has. */
static const struct {
    const char *name;
    unsigned methods;
} some[] = {{"walks", NODE2VEC},
            {"length", NODE2VEC},
            {"window", NODE2VEC},
            {"negative", NODE2VEC | LINE},
            {"epochs", NODE2VEC},
            {"p", NODE2VEC},
            {"q", NODE2VEC},
            {"metapath", NODE2VEC},
            {"sample", NODE2VEC},
            {"order", LINE},
            {"directed", NODE2VEC | LINE | FASTRP}};

static mkg_status find_method(cli *c, const struct method **out)
{
    const char *names[NMETHODS];
    *out = NULL;
    for (size_t i = 0; i < NMETHODS; i++) {
        names[i] = methods[i].name;
        if (strcmp(c->args[0], names[i]) == 0) *out = &methods[i];
    }
    if (strcmp(c->args[0], "me2vec") == 0 || strcmp(c->args[0], "keser") == 0)
        return mkg__fail(&c->err, MKG_EARG,
                         "the method '%s' is not in this version; there is: node2vec, "
                         "line, prone, fastrp",
                         c->args[0]);
    if (!*out)
        return cli_unknown(c, "the method", c->args[0], "is not known", names,
                           NMETHODS);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (!(some[i].methods & (*out)->bit) && cli_opt_given(c, some[i].name))
            return mkg__fail(&c->err, MKG_EARG, "%s has no --%s", (*out)->name,
                             some[i].name);
    return MKG_OK;
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
    if (cli_opt_given(c, "sample")) o->sample = cli_opt_real(c, "sample");
    o->threads = (unsigned)cli_opt_count(c, "threads");
    o->seed = cli_opt_count(c, "seed");
    o->deterministic = cli_opt_given(c, "deterministic");
    o->progress = cli_on_progress;
    o->progress_ctx = c;
}

/* ---- meta-paths: "disease-drug-disease" ---- */

enum { PATH_MAX_TYPES = 16 };

typedef struct metapath {
    mkg_view type[PATH_MAX_TYPES]; /* as written */
    uint32_t path[PATH_MAX_TYPES];
    size_t n;
    uint32_t *of_row;
} metapath;

/* The types of --metapath, and as the part's, unless that has types of its own. */
static mkg_status read_metapath(cli *c, mkg_kg *kg, metapath *m, cli_part *p)
{
    mkg_status st = MKG_OK;
    const char *text = cli_opt_text(c, "metapath");
    bool fresh = p->ntypes == 0;
    while (text && *text) {
        size_t len = strcspn(text, "-");
        if (m->n == PATH_MAX_TYPES)
            return mkg__fail(&c->err, MKG_EARG, "--metapath: more than %d types",
                             (int)PATH_MAX_TYPES);
        m->type[m->n].ptr = text;
        m->type[m->n].len = len;
        MKG_GO(cli_check_type(c, kg, m->type[m->n]));
        for (uint32_t i = 0; i <= m->n; i++)
            if (mkg__view_eq(m->type[i], m->type[m->n])) {
                m->path[m->n] = i;
                break;
            }
        if (fresh) p->types[p->ntypes++] = m->type[m->n];
        m->n++;
        text += len + (text[len] == '-');
    }
    if (m->n && (m->n < 3 || m->path[0] != m->path[m->n - 1]))
        return mkg__fail(&c->err, MKG_EARG,
                         "--metapath: types with '-' between them, the last as the "
                         "first, such as disease-drug-disease");
out:
    return st;
}

/* Types of the rows, by their first place in the path. */
static mkg_status use_metapath(cli *c, const mkg_graph *g, metapath *m,
                               mkg_node2vec_opts *o)
{
    if (!m->n) return MKG_OK;
    m->of_row = mkg__calloc(g->n, sizeof *m->of_row);
    if (!m->of_row) return mkg__nomem(&c->err);
    mkg_graph_types(g, m->type, m->n, m->of_row);
    o->type = m->of_row;
    o->path = m->path;
    o->npath = m->n;
    return MKG_OK;
}

static mkg_line_order read_order(cli *c)
{
    const char *order = cli_opt_text(c, "order");
    return !order || strcmp(order, "both") == 0 ? MKG_LINE_BOTH
           : strcmp(order, "1") == 0            ? MKG_LINE_FIRST
                                                : MKG_LINE_SECOND;
}

/* Vectors of the view, by the method; options that all have come from `o`. */
static mkg_status train(cli *c, const mkg_graph *g, unsigned method,
                        const mkg_node2vec_opts *o, float **x)
{
    if (method == LINE) {
        mkg_line_opts l = MKG_LINE_OPTS_INIT;
        l.dim = o->dim;
        l.order = read_order(c);
        l.negative = o->negative;
        l.threads = o->threads;
        l.seed = o->seed;
        l.deterministic = o->deterministic;
        l.progress = o->progress;
        l.progress_ctx = o->progress_ctx;
        return mkg_line(g, &l, x, &c->err);
    }
    if (method == PRONE) {
        mkg_prone_opts p = MKG_PRONE_OPTS_INIT;
        p.dim = o->dim;
        p.threads = o->threads;
        p.seed = o->seed;
        p.progress = o->progress;
        p.progress_ctx = o->progress_ctx;
        return mkg_prone(g, &p, x, &c->err);
    }
    if (method == FASTRP) {
        mkg_fastrp_opts f = MKG_FASTRP_OPTS_INIT;
        f.dim = o->dim;
        f.threads = o->threads;
        f.seed = o->seed;
        return mkg_fastrp(g, &f, x, &c->err);
    }
    return mkg_node2vec(g, o, x, &c->err);
}

/* ---- the record of how a set was made ---- */

static json_t *names_json(const mkg_view *names, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_stringn(names[i].ptr, names[i].len));
    return list;
}

/* What the method was told, in the order of its options. */
static json_t *params_of(cli *c, unsigned method, const mkg_node2vec_opts *o)
{
    json_t *v = json_object();
    /* The same bytes at any number of threads. */
    bool same = o->deterministic || method == PRONE || method == FASTRP;
    json_object_set_new(v, "dim", json_integer((json_int_t)o->dim));
    if (method == NODE2VEC) {
        json_object_set_new(v, "walks", json_integer((json_int_t)o->walks));
        json_object_set_new(v, "length", json_integer((json_int_t)o->length));
        json_object_set_new(v, "window", json_integer((json_int_t)o->window));
    }
    if (method == NODE2VEC || method == LINE)
        json_object_set_new(v, "negative", json_integer((json_int_t)o->negative));
    if (method == NODE2VEC) {
        json_object_set_new(v, "epochs", json_integer((json_int_t)o->epochs));
        json_object_set_new(v, "p", json_real(o->p));
        json_object_set_new(v, "q", json_real(o->q));
        json_object_set_new(v, "alpha", json_real(o->alpha));
    }
    json_object_set_new(v, "seed", json_integer((json_int_t)o->seed));
    json_object_set_new(v, "threads",
                        json_integer((json_int_t)(same ? 1 : o->threads)));
    json_object_set_new(v, "deterministic", json_boolean(same));
    if (method == NODE2VEC) json_object_set_new(v, "sample", json_real(o->sample));
    if (method == LINE) {
        const char *order = cli_opt_text(c, "order");
        json_object_set_new(v, "order", json_string(order ? order : "both"));
    }
    if (cli_opt_given(c, "metapath"))
        json_object_set_new(v, "metapath", json_string(cli_opt_text(c, "metapath")));
    if (cli_opt_given(c, "directed")) json_object_set_new(v, "directed", json_true());
    return v;
}

static mkg_status put_params(cli *c, unsigned method, const mkg_node2vec_opts *o,
                             const cli_part *p, mkg_vectors_info *info)
{
    mkg_status st = MKG_OK;
    char *text = NULL;
    json_t *v = params_of(c, method, o);

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
        return cli_json(c, json_pack("{s:s, s:s, s:I, s:I, s:f, s:I, s:I, s:I}", "name",
                                     info->name, "method", info->method, "rows",
                                     (json_int_t)info->n, "dim", (json_int_t)info->dim,
                                     "seconds", seconds, "edges",
                                     (json_int_t)(g->directed ? g->m : g->m / 2),
                                     "seed", (json_int_t)info->seed, "graph_version",
                                     (json_int_t)info->graph_version));
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
    mkg_vectors_info info = {.n = 0};
    const struct method *method;
    metapath path = {.n = 0};
    const char *name = cli_opt_text(c, "name");
    double began = mkg__now();

    if (strcmp(c->args[0], "intents") == 0) return cli_embed_intents(c);
    MKG_GO(find_method(c, &method));
    snprintf(info.method, sizeof info.method, "%s", method->name);
    if (!name) name = c->args[0];
    MKG_GO(mkg_vectors_check_name(name, &c->err));
    snprintf(info.name, sizeof info.name, "%s", name);
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_read_part(c, kg, &p));
    MKG_GO(read_metapath(c, kg, &path, &p));
    read_options(c, &o);
    mkg_graph_opts go = {.directed = cli_opt_given(c, "directed"),
                         .types = p.ntypes ? p.types : NULL,
                         .ntypes = p.ntypes,
                         .relations = p.nrelations ? p.relations : NULL,
                         .nrelations = p.nrelations};
    cli_catch_signals();
    c->progress.unit = method->unit;
    MKG_GO(mkg_graph_new(kg, &go, &g, &c->err));
    if (g->n == 0) {
        st = mkg__fail(&c->err, MKG_NOTFOUND, "the graph has no edges of this kind");
        goto out;
    }
    MKG_GO(use_metapath(c, g, &path, &o));
    MKG_GO(put_params(c, method->bit, &o, &p, &info));
    MKG_GO(train(c, g, method->bit, &o, &x));
    info.n = g->n;
    info.dim = o.dim;
    info.seed = o.seed;
    info.graph_version = mkg_kg_version(kg);
    MKG_GO(save(c, g, x, &info));
    cli_progress_clear(c);
    st = print_set(c, &info, g, mkg__now() - began);
out:
    mkg_floats_free(x);
    mkg__free(path.of_row);
    mkg_graph_free(g);
    mkg_kg_close(kg);
    return st;
}
