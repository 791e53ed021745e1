/* medkg export: the graph, or a vector set, as files for other tools. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "embed/export.h"
#include "kg/export.h"

#include <errno.h>
#include <string.h>

static size_t count(const char *const *names)
{
    size_t n = 0;
    while (names[n])
        n++;
    return n;
}

static mkg_status check_format(cli *c, const char *format, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], format) == 0) return MKG_OK;
    return cli_unknown(c, "the format", format, "is not known", names, count(names));
}

static bool to_stdout(const char *output)
{
    return strcmp(output, "-") == 0;
}

static mkg_status check_output(cli *c, const char **output)
{
    *output = cli_opt_text(c, "output");
    if (!*output)
        return mkg__fail(&c->err, MKG_EARG,
                         "say where to write: -o OUT, or -o - for standard output");
    if (to_stdout(*output) && c->json)
        return mkg__fail(&c->err, MKG_EARG,
                         "--json and -o - would both write to standard output");
    return MKG_OK;
}

/* A failure of standard output is told as that of any command. */
static mkg_status stdout_status(cli *c, mkg_status st)
{
    int why = errno;
    if (st != MKG_EIO || !ferror(stdout)) return st;
    c->write_errno = why ? why : EIO;
    memset(&c->err, 0, sizeof c->err);
    return MKG_OK;
}

static json_t *files_json(const char (*files)[4096], size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        if (files[i][0]) json_array_append_new(list, json_string(files[i]));
    return list;
}

/* ---- graph ---- */

static mkg_status graph_done(cli *c, const char *output, const mkg_export_opts *o,
                             const mkg_export_result *r, double seconds)
{
    if (r->same_name)
        cli_note(c,
                 "medkg: %llu nodes have type and name of another one; read back, they "
                 "become one with it (docs/export.md)",
                 (unsigned long long)r->same_name);
    if (r->denied)
        cli_note(c, "medkg: %llu denied facts are left out: an edge would state them",
                 (unsigned long long)r->denied);
    if (r->texts)
        cli_note(c,
                 "medkg: %llu facts about texts are left out: the format %s has no "
                 "place for them",
                 (unsigned long long)r->texts, o->format);
    if (r->more)
        cli_note(c, "medkg: %llu more nodes are around; --limit shows more",
                 (unsigned long long)r->more);
    if (to_stdout(output)) return MKG_OK;
    if (c->json)
        return cli_json(
            c, json_pack("{s:s, s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:I, s:f}", "file",
                         output, "nodes", (json_int_t)r->nodes, "edges",
                         (json_int_t)r->edges, "files", files_json(r->files, 2),
                         "format", o->format, "denied_left_out", (json_int_t)r->denied,
                         "texts_left_out", (json_int_t)r->texts, "same_name",
                         (json_int_t)r->same_name, "nodes_left_out",
                         (json_int_t)r->more, "seconds", seconds));
    cli_print(c, "%s%s%s: %llu nodes, %llu facts, %.1f s\n", r->files[0],
              r->files[1][0] ? ", " : "", r->files[1], (unsigned long long)r->nodes,
              (unsigned long long)r->edges, seconds);
    return MKG_OK;
}

/* Options that say something to one format alone are refused elsewhere: a --node that
 * is not heeded would be taken for one that is. */
static mkg_status check_options(cli *c, const char *format)
{
    static const struct {
        const char *option, *format;
    } only[] = {{"node", "dot"}, {"hops", "dot"}, {"limit", "dot"}, {"sources", "nt"}};
    for (size_t i = 0; i < sizeof only / sizeof *only; i++)
        if (cli_opt_given(c, only[i].option) && strcmp(format, only[i].format) != 0)
            return mkg__fail(&c->err, MKG_EARG, "--%s is for the format %s",
                             only[i].option, only[i].format);
    if (strcmp(format, "dot") == 0 && !cli_opt_text(c, "node"))
        return mkg__fail(&c->err, MKG_EARG, "a picture needs its middle: --node NODE");
    return MKG_OK;
}

static mkg_status read_node(cli *c, mkg_kg *kg, mkg_export_opts *o)
{
    const char *node = cli_opt_text(c, "node");
    if (!node) return MKG_OK;
    o->lang = cli_language(c, node);
    o->hops = (unsigned)cli_opt_count(c, "hops");
    o->limit = (size_t)cli_opt_count(c, "limit");
    return cli_resolve(c, kg, node, o->lang, &o->node);
}

static mkg_status find_biolink(cli *c, char **out)
{
    char *folder = NULL;
    mkg_status st = cli_data_folder(c, &folder);
    if (st >= 0 && !(*out = mkg__path_join(folder, "biolink.tsv")))
        st = mkg__nomem(&c->err);
    mkg__free(folder);
    return st;
}

static mkg_status export_graph(cli *c, const char *output)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    char *biolink = NULL;
    cli_part p = {.ntypes = 0};
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    mkg_export_result r;
    const char *format = cli_opt_text(c, "format"), *lang = cli_opt_text(c, "lang");
    double began = mkg__now();

    if (c->nargs > 1) {
        st = mkg__fail(&c->err, MKG_EARG, "'%s' is more than 'export graph' can use",
                       c->args[1]);
        goto out;
    }
    if (format) o.format = format;
    MKG_GO(check_format(c, o.format, mkg_export_formats()));
    MKG_GO(check_options(c, o.format));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_read_part(c, kg, &p));
    if (strcmp(o.format, "kgx") == 0) MKG_GO(find_biolink(c, &biolink));
    if (lang) o.lang = mkg__lang_parse(lang, strlen(lang));
    st = read_node(c, kg, &o);
    if (st != MKG_OK || (cli_opt_text(c, "node") && !o.node)) goto out;
    o.types = p.ntypes ? p.types : NULL;
    o.ntypes = p.ntypes;
    o.relations = p.nrelations ? p.relations : NULL;
    o.nrelations = p.nrelations;
    o.sources = cli_opt_given(c, "sources");
    o.biolink = biolink;
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    cli_catch_signals();
    c->progress.unit = "records";
    st = to_stdout(output)
             ? stdout_status(c, mkg_export_graph_to(kg, stdout, &o, &r, &c->err))
             : mkg_export_graph(kg, output, &o, &r, &c->err);
    cli_progress_clear(c);
    if (st == MKG_OK) st = graph_done(c, output, &o, &r, mkg__now() - began);
out:
    mkg__free(biolink);
    mkg_kg_close(kg);
    return st;
}

/* ---- vectors ---- */

static mkg_status vectors_done(cli *c, const char *output, const char *format,
                               const mkg_vectors_export_result *r, double seconds)
{
    if (to_stdout(output)) return MKG_OK;
    if (c->json)
        return cli_json(c,
                        json_pack("{s:s, s:I, s:i, s:I, s:o, s:s, s:f}", "file", output,
                                  "nodes", (json_int_t)r->rows, "edges", 0, "dim",
                                  (json_int_t)r->dim, "files", files_json(r->files, 2),
                                  "format", format, "seconds", seconds));
    cli_print(c, "%s, %s: %llu rows, %zu dimensions, %.1f s\n", r->files[0],
              r->files[1], (unsigned long long)r->rows, r->dim, seconds);
    return MKG_OK;
}

static mkg_status export_set(cli *c, const char *output, const char *format)
{
    static const char *const graph_only[] = {"relations", "sources", "node", "hops",
                                             "limit"};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_vectors *v = NULL;
    cli_part p = {.ntypes = 0};
    mkg_vectors_export_opts o = MKG_VECTORS_EXPORT_OPTS_INIT;
    mkg_vectors_export_result r;
    const char *lang = cli_opt_text(c, "lang");
    double began = mkg__now();

    if (c->nargs < 2) {
        st = mkg__fail(&c->err, MKG_EARG,
                       "which set? 'medkg vectors' lists them: export %s SET",
                       c->args[0]);
        goto out;
    }
    for (size_t i = 0; i < sizeof graph_only / sizeof *graph_only; i++)
        if (cli_opt_given(c, graph_only[i]))
            return mkg__fail(&c->err, MKG_EARG, "--%s is for 'export graph'",
                             graph_only[i]);
    if (format) o.format = format;
    MKG_GO(check_format(c, o.format, mkg_vectors_export_formats()));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_read_part(c, kg, &p));
    st = mkg_vectors_open(c->db, c->args[1], &v, &c->err);
    if (st != MKG_OK) goto out;
    if (lang) o.lang = mkg__lang_parse(lang, strlen(lang));
    o.types = p.ntypes ? p.types : NULL;
    o.ntypes = p.ntypes;
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    cli_catch_signals();
    c->progress.unit = "rows";
    st = to_stdout(output)
             ? stdout_status(c, mkg_vectors_export_to(kg, v, stdout, &o, &r, &c->err))
             : mkg_vectors_export(kg, v, output, &o, &r, &c->err);
    cli_progress_clear(c);
    if (st == MKG_OK) st = vectors_done(c, output, o.format, &r, mkg__now() - began);
out:
    mkg_vectors_close(v);
    mkg_kg_close(kg);
    return st;
}

static mkg_status export_vectors(cli *c, const char *output)
{
    return export_set(c, output, cli_opt_text(c, "format"));
}

static mkg_status export_features(cli *c, const char *output)
{
    if (cli_opt_given(c, "format"))
        return mkg__fail(&c->err, MKG_EARG,
                         "'export features' has one format, a table");
    return export_set(c, output, "features");
}

mkg_status cli_cmd_export(cli *c)
{
    static const struct {
        const char *name;
        mkg_status (*run)(cli *c, const char *output);
    } ways[] = {{"graph", export_graph},
                {"vectors", export_vectors},
                {"features", export_features},
                {"map", cli_export_map}};
    enum { WAYS = sizeof ways / sizeof *ways };
    const char *output, *names[WAYS];

    for (size_t i = 0; i < WAYS; i++) {
        names[i] = ways[i].name;
        if (strcmp(c->args[0], names[i]) != 0) continue;
        mkg_status st = check_output(c, &output);
        return st < 0 ? st : ways[i].run(c, output);
    }
    return cli_unknown(c, "the export", c->args[0], "is not known", names, WAYS);
}
