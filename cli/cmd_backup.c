/* medkg backup: a copy of the store. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"
#include "kg/backup.h"

static int on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    cli *c = ctx;
    c->progress.unit = "B";
    return cli_on_progress(c, what, done, total);
}

mkg_status cli_cmd_backup(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_backup b;
    const char *folder = c->args[0];
    double began = mkg__now();

    MKG_GO(cli_check_text(c, "DIR", folder));
    MKG_GO(cli_open(c, &kg));
    cli_catch_signals();
    st = mkg_kg_backup(kg, folder, on_progress, c, &b, &c->err);
    cli_progress_clear(c);
    if (st < 0) goto out;
    double seconds = mkg__now() - began;
    if (c->json)
        st = cli_json(c,
                      json_pack("{s:s, s:I, s:I, s:s, s:f}", "folder", folder, "bytes",
                                (json_int_t)b.bytes, "version", (json_int_t)b.version,
                                "hash", b.hash, "seconds", seconds));
    else
        cli_print(c, "version %llu in %s: %llu bytes, %.1fs\n",
                  (unsigned long long)b.version, folder, (unsigned long long)b.bytes,
                  seconds);
out:
    mkg_kg_close(kg);
    return st;
}
