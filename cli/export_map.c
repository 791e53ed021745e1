/* medkg export map: a picture of a vector set. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"
#include "embed/map.h"

#include <string.h>

static mkg_status done(cli *c, const char *output, const mkg_map_result *r,
                       double seconds)
{
    if (r->left_out)
        cli_note(c,
                 "medkg: %zu more nodes, with fewer links, are left out; --limit shows "
                 "more",
                 r->left_out);
    if (c->json)
        return cli_json(c, json_pack("{s:s, s:I, s:i, s:I, s:I, s:f}", "file", output,
                                     "nodes", (json_int_t)r->nodes, "edges", 0,
                                     "labels", (json_int_t)r->labels, "nodes_left_out",
                                     (json_int_t)r->left_out, "seconds", seconds));
    cli_print(c, "%s: %zu nodes, %.1f s\n", output, r->nodes, seconds);
    return MKG_OK;
}

mkg_status cli_export_map(cli *c, const char *output)
{
    static const char *const graph_only[] = {"relations", "sources", "node", "hops"};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_vectors *v = NULL;
    cli_part p = {.ntypes = 0};
    mkg_map_opts o = MKG_MAP_OPTS_INIT;
    mkg_map_result r;
    const char *lang = cli_opt_text(c, "lang");
    double began = mkg__now();

    if (c->nargs < 2)
        return mkg__fail(&c->err, MKG_EARG,
                         "which set? 'medkg vectors' lists them: export map SET");
    for (size_t i = 0; i < sizeof graph_only / sizeof *graph_only; i++)
        if (cli_opt_given(c, graph_only[i]))
            return mkg__fail(&c->err, MKG_EARG, "--%s is for 'export graph'",
                             graph_only[i]);
    if (strcmp(output, "-") == 0)
        return mkg__fail(&c->err, MKG_EARG, "a map is written to a file, not to '-'");
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_read_part(c, kg, &p));
    st = mkg_vectors_open(c->db, c->args[1], &v, &c->err);
    if (st != MKG_OK) goto out;
    o.format = cli_opt_text(c, "format");
    if (lang) o.lang = mkg__lang_parse(lang, strlen(lang));
    o.types = p.ntypes ? p.types : NULL;
    o.ntypes = p.ntypes;
    if (cli_opt_given(c, "limit")) o.limit = (size_t)cli_opt_count(c, "limit");
    o.labels = (size_t)cli_opt_count(c, "labels");
    o.neighbours = (size_t)cli_opt_count(c, "neighbours");
    o.seed = cli_opt_count(c, "seed");
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    cli_catch_signals();
    c->progress.unit = "rounds";
    st = mkg_map_export(kg, v, output, &o, &r, &c->err);
    cli_progress_clear(c);
    if (st == MKG_OK) st = done(c, output, &r, mkg__now() - began);
out:
    mkg_vectors_close(v);
    mkg_kg_close(kg);
    return st;
}
