/* medkg learn: how people say what the graph calls otherwise. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"

mkg_status cli_cmd_learn(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_names_opts o = MKG_NAMES_OPTS_INIT;
    mkg_names_learnt n;
    double began = mkg__now();

    o.pairs = cli_opt_text(c, "pairs");
    o.dim = (size_t)cli_opt_count(c, "dim");
    o.epochs = (unsigned)cli_opt_count(c, "epochs");
    o.seed = cli_opt_count(c, "seed");
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    MKG_GO(cli_open(c, &kg));
    cli_catch_signals();
    c->progress.unit = "pairs";
    MKG_GO(mkg_names_learn(kg, &o, &n, &c->err));
    cli_progress_clear(c);
    double seconds = mkg__now() - began;
    if (c->json)
        st = cli_json(c, json_pack("{s:I, s:I, s:I, s:I, s:I, s:f}", "aliases",
                                   (json_int_t)n.aliases, "shipped",
                                   (json_int_t)n.shipped, "given", (json_int_t)n.given,
                                   "rules", (json_int_t)n.rules, "names",
                                   (json_int_t)n.names, "seconds", seconds));
    else
        cli_print(c,
                  "learnt from %zu aliases, %zu shipped and %zu given pairs: %zu "
                  "substitutions, vectors of %zu names, %.1f s\n",
                  n.aliases, n.shipped, n.given, n.rules, n.names, seconds);
out:
    mkg_kg_close(kg);
    return st;
}
