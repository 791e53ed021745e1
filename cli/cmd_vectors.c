/* medkg similar, vectors: list sets, take them in, look neighbours up. */
#include "cli/cli.h"

#include "base/err.h"
#include "embed/import.h"
#include "embed/vectors.h"

#include <string.h>

/* ---- vectors ---- */

static json_t *set_json(const mkg_vectors_info *v, bool stale)
{
    json_t *params = NULL;
    mkg_view text = {v->params, strlen(v->params)};
    if (mkg__json_parse(text, "", 0, &params, NULL) < 0) params = json_null();
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:o}", "name", v->name,
                     "method", v->method, "rows", (json_int_t)v->n, "dim",
                     (json_int_t)v->dim, "graph_version", (json_int_t)v->graph_version,
                     "stale", (int)stale, "seed", (json_int_t)v->seed, "params",
                     params);
}

static void set_row(cli_table *t, const mkg_vectors_info *v, bool stale)
{
    cli_cell(t, "%s", v->name);
    cli_cell(t, "%s", v->method);
    cli_cell(t, "%zu", v->n);
    cli_cell(t, "%zu", v->dim);
    cli_cell(t, "%llu", (unsigned long long)v->graph_version);
    cli_cell(t, "%s", stale ? "yes" : "no");
}

/* ---- vectors import ---- */

typedef struct strangers {
    cli *c;
    size_t n;
} strangers;

static void on_unknown(void *ctx, const mkg_err *where)
{
    enum { SHOWN = 10 };
    strangers *s = ctx;
    if (s->n++ < SHOWN || s->c->verbose) cli_report(s->c, where);
}

static mkg_status import_set(cli *c, const char *file)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    strangers s = {.c = c};
    mkg_vectors_import_opts o = {.format = cli_opt_text(c, "format"),
                                 .names = cli_opt_text(c, "names"),
                                 .name = cli_opt_text(c, "name"),
                                 .unknown = on_unknown,
                                 .unknown_ctx = &s,
                                 .progress = cli_on_progress,
                                 .progress_ctx = c};
    mkg_vectors_import_result r;

    MKG_GO(cli_open(c, &kg));
    cli_catch_signals();
    c->progress.unit = "rows";
    st = mkg_vectors_import(kg, file, &o, &r, &c->err);
    cli_progress_clear(c);
    if (st != MKG_OK) goto out;
    if (r.unknown)
        cli_note(c, "medkg: %zu of %zu rows are no node of the graph, or of several",
                 r.unknown, r.rows);
    if (c->json)
        st = cli_json(c, json_pack("{s:[o], s:I, s:I}", "vectors",
                                   set_json(&r.info, false), "rows", (json_int_t)r.rows,
                                   "unknown", (json_int_t)r.unknown));
    else
        cli_print(c, "vector set '%s' (%s): %zu rows, %zu dimensions\n", r.info.name,
                  r.info.method, r.info.n, r.info.dim);
out:
    mkg_kg_close(kg);
    return st;
}

static mkg_status import_asked(cli *c)
{
    static const char *const ours[] = {"import"};
    static const char *const only[] = {"format", "names", "name"};
    if (c->nargs == 0) {
        for (size_t i = 0; i < sizeof only / sizeof *only; i++)
            if (cli_opt_given(c, only[i]))
                return mkg__fail(&c->err, MKG_EARG, "--%s is for 'vectors import'",
                                 only[i]);
        return MKG_OK;
    }
    if (strcmp(c->args[0], ours[0]) != 0)
        return cli_unknown(c, "vectors", c->args[0], "is not known", ours, 1);
    if (c->nargs < 2)
        return mkg__fail(&c->err, MKG_EARG, "which file? vectors import FILE");
    return MKG_OK;
}

/* ---- vectors ---- */

mkg_status cli_cmd_vectors(cli *c)
{
    static const char *const columns[] = {"name",          "method", "rows", "dim",
                                          "graph version", "stale",  NULL};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_vectors_info *sets = NULL;
    size_t n = 0;
    cli_table t = {.align = "llrrrl"};
    json_t *list = json_array();

    MKG_GO(import_asked(c));
    if (c->nargs) {
        st = import_set(c, c->args[1]);
        goto out;
    }
    MKG_GO(cli_open(c, &kg));
    MKG_GO(mkg_vectors_list(c->db, &sets, &n, &c->err));
    if (n) cli_heads(&t, columns);
    for (size_t i = 0; i < n; i++) {
        bool stale = sets[i].graph_version != mkg_kg_version(kg);
        if (c->json)
            json_array_append_new(list, set_json(&sets[i], stale));
        else
            set_row(&t, &sets[i], stale);
    }
    if (c->json)
        st = cli_json(c, json_pack("{s:O}", "vectors", list));
    else
        st = cli_table_print(c, &t, 1);
    if (n == 0)
        cli_note(c, "medkg: there is no vector set; 'medkg embed node2vec' makes one");
out:
    cli_table_clear(&t);
    json_decref(list);
    mkg_vectors_list_free(sets);
    mkg_kg_close(kg);
    return st;
}

/* ---- similar ---- */

mkg_status cli_open_set(cli *c, mkg_vectors **out)
{
    mkg_status st;
    mkg_vectors_info *sets = NULL;
    size_t n = 0;
    const char *name = cli_opt_text(c, "set");

    *out = NULL;
    if (!name) {
        MKG_GO(mkg_vectors_list(c->db, &sets, &n, &c->err));
        if (n == 0) {
            st = mkg__fail(&c->err, MKG_NOTFOUND,
                           "there is no vector set; 'medkg embed node2vec' makes one");
            goto out;
        }
        name = n == 1 ? sets[0].name : "node2vec";
    }
    st = mkg_vectors_open(c->db, name, out, &c->err);
out:
    mkg_vectors_list_free(sets);
    return st;
}

void cli_note_stale(cli *c, mkg_kg *kg, const mkg_vectors_info *set)
{
    if (set->graph_version != mkg_kg_version(kg))
        cli_note(
            c,
            "medkg: the set '%s' was made from version %llu of the graph, which is at "
            "%llu now",
            set->name, (unsigned long long)set->graph_version,
            (unsigned long long)mkg_kg_version(kg));
}

typedef struct chooser {
    mkg_kg *kg;
    mkg_id self;
    mkg_view type; /* empty: any */
} chooser;

static bool keep(void *ctx, mkg_id id)
{
    const chooser *f = ctx;
    mkg_node n;
    if (id == f->self) return false;
    /* A node may have left the graph since the set was made. */
    if (mkg_kg_node(f->kg, id, &n, NULL) != MKG_OK) return false;
    return f->type.len == 0 || mkg__view_eq(n.type, f->type);
}

static mkg_status similar_to(cli *c, mkg_kg *kg, mkg_id id, mkg_lang lang)
{
    mkg_status st;
    mkg_vectors *v = NULL;
    mkg_neighbour near[CLI_TOP_MAX];
    mkg_found found[CLI_TOP_MAX];
    size_t n = 0;
    const char *type = cli_opt_text(c, "type");
    chooser f = {.kg = kg, .self = id};

    if (type) f.type = mkg__trim(mkg__view(type, strlen(type)));
    if (type) MKG_GO(cli_check_type(c, kg, f.type));
    st = cli_open_set(c, &v);
    if (st != MKG_OK) goto out;
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    cli_note_stale(c, kg, info);
    const float *q = mkg_vectors_row(v, id);
    if (!q) {
        st = mkg__fail(&c->err, MKG_NOTFOUND, "'%s' has no vector in the set '%s'",
                       c->args[0], info->name);
        goto out;
    }
    MKG_GO(mkg_vectors_nearest(v, q, (size_t)cli_opt_count(c, "k"), keep, &f, near, &n,
                               &c->err));
    for (size_t i = 0; i < n; i++)
        found[i] = (mkg_found){near[i].node, (double)near[i].score, "vector"};
    MKG_GO(cli_results(c, kg, found, n, lang));
    if (n == 0)
        st = mkg__fail(&c->err, MKG_NOTFOUND, "nothing is near '%s'", c->args[0]);
out:
    mkg_vectors_close(v);
    return st;
}

mkg_status cli_cmd_similar(cli *c)
{
    return cli_with_node(c, similar_to);
}
