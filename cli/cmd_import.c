/* medkg import: files into the graph, one source each. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPS_SHOWN = 20 };

typedef struct skips {
    cli *c;
    uint64_t n, remarks;
} skips;

static void on_skip(void *ctx, const mkg_err *err)
{
    skips *s = ctx;
    bool remark = err->status >= 0;
    uint64_t before = remark ? s->remarks++ : s->n++;
    if (s->c->quiet || (!remark && cli_opt_given(s->c, "strict")))
        return; /* under --strict it is the error of the command */
    if (before < SKIPS_SHOWN || s->c->verbose) cli_report(s->c, err);
}

/* Reading is told in bytes, writing in records. */
static int on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    cli *c = ctx;
    c->progress.unit = strcmp(what, "reading") == 0 ? "B" : NULL;
    return cli_on_progress(c, what, done, total);
}

/* A misspelt name must not be found out after an hour's import of the file before it.
 */
static mkg_status check_files(cli *c)
{
    for (size_t i = 0; i < c->nargs; i++)
        if (strcmp(c->args[i], "-") != 0 && access(c->args[i], R_OK) != 0)
            return mkg__fail_errno(&c->err, "read", c->args[i]);
    return MKG_OK;
}

/* A dry run needs something to compare with where there is no store: an empty one that
 * vanishes when it is closed. */
typedef struct target {
    mkg_kg *kg;
    char *folder; /* made for it, NULL if not */
    char *store;
} target;

static mkg_status make_temporary(cli *c, target *t)
{
    const char *tmp = getenv("TMPDIR");
    t->folder = mkg__path_join(tmp && *tmp ? tmp : "/tmp", "medkg-XXXXXX");
    if (!t->folder) return mkg__nomem(&c->err);
    if (!mkdtemp(t->folder)) {
        mkg_status st = mkg__fail_errno(&c->err, "make a folder", t->folder);
        mkg__free(t->folder);
        t->folder = NULL;
        return st;
    }
    t->store = mkg__path_join(t->folder, "store");
    return t->store ? MKG_OK : mkg__nomem(&c->err);
}

static mkg_status open_target(cli *c, const char *data, target *t)
{
    mkg_status st = MKG_OK;
    char *relations = NULL;
    bool dry = cli_opt_given(c, "dry-run");

    if (dry) {
        MKG_GO(mkg_kg_open(c->db, &t->kg, NULL));
        mkg_kg_close(t->kg);
        t->kg = NULL;
        if (st == MKG_NOTFOUND) MKG_GO(make_temporary(c, t));
    }
    MKG_GO(cli_open_write(c, t->store ? t->store : c->db, !cli_opt_given(c, "no-wait"),
                          &t->kg));
    if (dry && !t->store) goto out; /* the vocabulary is a write, too */
    relations = mkg__path_join(data, "relations.tsv");
    st = relations ? mkg_kg_load_relations(t->kg, relations, &c->err)
                   : mkg__nomem(&c->err);
out:
    mkg__free(relations);
    return st;
}

static void close_target(target *t)
{
    mkg_kg_close(t->kg);
    if (t->folder) rmdir(t->folder);
    mkg__free(t->store);
    mkg__free(t->folder);
}

static json_t *replaced_json(const mkg_import_result *r)
{
    if (!r->replaced) return json_null();
    return json_pack("{s:I, s:I, s:I, s:I}", "source", (json_int_t)r->replaced, "added",
                     (json_int_t)r->diff.added, "removed", (json_int_t)r->diff.removed,
                     "changed", (json_int_t)r->diff.changed);
}

/* What was told, counted by kind. */
static json_t *kinds_json(const mkg_import_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->nkinds; i++) {
        const mkg_import_kind *k = &r->kinds[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:b, s:s, s:I}", "what",
                                              k->what, "count", (json_int_t)k->n,
                                              "skipped", (int)!k->remark, "file",
                                              k->file, "line", (json_int_t)k->line));
    }
    return list;
}

static mkg_status result_json(cli *c, const mkg_import_result *r, bool already)
{
    return cli_json(
        c, json_pack(
               "{s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:b, s:b, s:o, "
               "s:o}",
               "source", (json_int_t)r->source, "name", r->name, "format", r->format,
               "nodes", (json_int_t)r->nodes, "names", (json_int_t)r->names, "facts",
               (json_int_t)r->facts, "skipped", (json_int_t)r->skipped, "seconds",
               r->seconds, "new_nodes", (json_int_t)r->new_nodes, "new_facts",
               (json_int_t)r->new_facts, "new_relations", (json_int_t)r->new_relations,
               "already", (int)already, "dry_run", (int)cli_opt_given(c, "dry-run"),
               "replaced", replaced_json(r), "kinds", kinds_json(r)));
}

/* "12 nodes (3 new)"; without the rest where all are new. */
static void put_count(mkg__buf *b, const char *what, uint64_t n, uint64_t fresh)
{
    mkg__buf_printf(b, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
    if (fresh != n) mkg__buf_printf(b, " (%llu new)", (unsigned long long)fresh);
}

static void put_diff(mkg__buf *b, const mkg_diff_counts *d)
{
    put_count(b, "fact", d->added, d->added);
    mkg__buf_printf(b, " added, %llu removed, %llu changed",
                    (unsigned long long)d->removed, (unsigned long long)d->changed);
}

/* What was told more than once, in one line. */
static void put_kind(mkg__buf *b, const mkg_import_kind *k)
{
    mkg__buf_printf(b, "  %llu times%s: %s (first: %s", (unsigned long long)k->n,
                    k->remark ? "" : " skipped", k->what, k->file);
    if (k->line) mkg__buf_printf(b, ":%llu", (unsigned long long)k->line);
    mkg__buf_str(b, ")\n");
}

static mkg_status result_text(cli *c, const mkg_import_result *r, bool already)
{
    mkg__buf b = {0}, line = {0};

    if (already) {
        mkg__buf_printf(&b, "already imported as source %u '%s' (same SHA-256)",
                        r->source, r->name);
    } else {
        if (cli_opt_given(c, "dry-run"))
            mkg__buf_printf(&b, "'%s' (%s), nothing was written: ", r->name, r->format);
        else
            mkg__buf_printf(&b, "source %u '%s' (%s): ", r->source, r->name, r->format);
        put_count(&b, "node", r->nodes, r->new_nodes);
        mkg__buf_str(&b, ", ");
        put_count(&b, "name", r->names, r->names);
        mkg__buf_str(&b, ", ");
        put_count(&b, "fact", r->facts, r->new_facts);
        if (r->new_relations) {
            mkg__buf_str(&b, ", ");
            put_count(&b, "new relation", r->new_relations, r->new_relations);
        }
        mkg__buf_printf(&b, ", %llu skipped, %.1fs", (unsigned long long)r->skipped,
                        r->seconds);
    }
    cli_wrap(&line, mkg__view(b.ptr ? b.ptr : "", b.len), 0, 2, CLI_WIDTH);
    mkg__buf_byte(&line, '\n');
    if (r->replaced) {
        mkg__buf_printf(&line, "in place of source %u: ", r->replaced);
        put_diff(&line, &r->diff);
        mkg__buf_byte(&line, '\n');
    }
    for (size_t i = 0; i < r->nkinds; i++)
        if (r->kinds[i].n > 1) put_kind(&line, &r->kinds[i]);
    bool failed = b.failed || line.failed;
    if (!failed) cli_put(c, line.ptr, line.len);
    mkg__buf_clear(&b);
    mkg__buf_clear(&line);
    return failed ? mkg__nomem(&c->err) : MKG_OK;
}

/* Files of one command do not take each other's place. */
static mkg_status first_new_source(cli *c, mkg_kg *kg, mkg_id *out)
{
    mkg_status st;
    mkg_source s;
    *out = 1;
    for (mkg_id id = 0; (st = mkg_kg_next_source(kg, &id, &s, &c->err)) == MKG_OK;)
        *out = id + 1;
    return st < 0 ? st : MKG_OK;
}

static mkg_status import_one(cli *c, mkg_kg *kg, const char *path, const char *maps,
                             mkg_id first)
{
    skips s = {.c = c};
    mkg_import_result r = {0};
    mkg_import_opts opts = {.format = cli_opt_text(c, "format"),
                            .map = cli_opt_text(c, "map"),
                            .maps = maps,
                            .source = cli_opt_text(c, "source"),
                            .licence = cli_opt_text(c, "licence"),
                            .version = cli_opt_text(c, "version"),
                            .dry_run = cli_opt_given(c, "dry-run"),
                            .strict = cli_opt_given(c, "strict"),
                            .memory = (size_t)cli_opt_count(c, "memory"),
                            .merge_xref = cli_opt_given(c, "merge-xref"),
                            .keep_both = cli_opt_given(c, "keep-both"),
                            .new_sources = first,
                            .on_skip = on_skip,
                            .skip_ctx = &s,
                            .progress = on_progress,
                            .progress_ctx = c};

    mkg_status st = mkg_import_file(kg, path, &opts, &r, &c->err);
    cli_progress_clear(c);
    if (s.remarks > SKIPS_SHOWN && !c->verbose)
        cli_note(c, "medkg: %llu more remarks (-v shows all)",
                 (unsigned long long)(s.remarks - SKIPS_SHOWN));
    if (s.n > SKIPS_SHOWN && !c->verbose && !cli_opt_given(c, "strict"))
        cli_note(c, "medkg: %llu more were skipped (-v shows all)",
                 (unsigned long long)(s.n - SKIPS_SHOWN));
    if (st < 0) return st;
    bool already = st == MKG_EXISTS;
    return c->json ? result_json(c, &r, already) : result_text(c, &r, already);
}

mkg_status cli_cmd_import(cli *c)
{
    mkg_status st;
    target t = {0};
    char *data = NULL, *maps = NULL;
    mkg_id first;

    MKG_GO(check_files(c));
    MKG_GO(cli_data_folder(c, &data));
    maps = mkg__path_join(data, "maps");
    if (!maps) {
        st = mkg__nomem(&c->err);
        goto out;
    }
    cli_catch_signals();
    MKG_GO(open_target(c, data, &t));
    MKG_GO(first_new_source(c, t.kg, &first));
    for (size_t i = 0; i < c->nargs; i++)
        MKG_GO(import_one(c, t.kg, c->args[i], maps, first));
    if (!cli_opt_given(c, "dry-run")) st = cli_tidy(c, t.kg);
    /* Names are looked up through an index; what fails here is done at the first use.
     */
    if (!cli_opt_given(c, "dry-run") && mkg_kg_renew(t.kg, NULL) == MKG_OK)
        mkg_names_prepare(t.kg, NULL);
out:
    close_target(&t);
    mkg__free(maps);
    mkg__free(data);
    return st;
}
