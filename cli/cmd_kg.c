/* medkg sources, stats, search: what is in the store. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/backup.h"
#include "kg/history.h"
#include "kg/same.h"

#include <stdlib.h>
#include <string.h>

/* ---- sources ---- */

static json_t *source_json(const mkg_source *s)
{
    char when[32];
    cli_iso_time(s->time, when, "%Y-%m-%dT%H:%M:%SZ");
    return json_pack(
        "{s:I, s:s%, s:o, s:s%, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "source",
        (json_int_t)s->id, "name", s->name.ptr, s->name.len, "file",
        cli_json_view(s->file), "format", s->format.ptr, s->format.len, "version",
        cli_json_view(s->version), "licence", cli_json_view(s->licence), "sha256",
        s->sha256, "time", when, "size", (json_int_t)s->size, "nodes",
        (json_int_t)s->nodes, "names", (json_int_t)s->names, "facts",
        (json_int_t)s->facts, "skipped", (json_int_t)s->skipped);
}

static void source_row(cli_table *t, const mkg_source *s)
{
    char when[32];
    cli_iso_time(s->time, when, "%Y-%m-%d");
    cli_cell(t, "%u", s->id);
    cli_cell_view(t, s->name);
    cli_cell_view(t, s->format);
    cli_cell(t, "%llu", (unsigned long long)s->facts);
    cli_cell(t, "%llu", (unsigned long long)s->skipped);
    cli_cell(t, "%s", when);
    cli_cell_view(t, s->version);
    cli_cell_view(t, s->licence);
}

mkg_status cli_cmd_sources(cli *c)
{
    static const char *const columns[] = {"id",      "name",    "format",
                                          "facts",   "skipped", "imported",
                                          "version", "licence", NULL};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_source s;
    mkg_id id = MKG_ID_NONE;
    cli_table t = {.align = "rllrrlll"};
    json_t *list = json_array();

    MKG_GO(cli_open(c, &kg));
    cli_heads(&t, columns);
    while ((st = mkg_kg_next_source(kg, &id, &s, &c->err)) == MKG_OK) {
        if (c->json)
            json_array_append_new(list, source_json(&s));
        else
            source_row(&t, &s);
    }
    if (st < 0) goto out;
    if (c->json)
        st = cli_json(c, json_pack("{s:O}", "sources", list));
    else
        st = cli_table_print(c, &t, 1);
out:
    json_decref(list);
    cli_table_clear(&t);
    mkg_kg_close(kg);
    return st;
}

/* ---- stats ---- */

typedef struct relation_row {
    const mkg_relation *relation;
    uint64_t facts;
} relation_row;

static int most_facts_first(const void *a, const void *b)
{
    const relation_row *x = a, *y = b;
    if (x->facts != y->facts) return x->facts > y->facts ? -1 : 1;
    return (x->relation->id > y->relation->id) - (x->relation->id < y->relation->id);
}

static mkg_status relation_counts(cli *c, mkg_kg *kg, relation_row **out, size_t *n)
{
    mkg_status st = MKG_OK;
    size_t count = mkg_kg_relation_count(kg), bytes;
    relation_row *rows = NULL;

    *n = 0;
    if (!mkg__mul(count, sizeof *rows, &bytes) || !(rows = mkg__malloc(bytes)))
        return mkg__nomem(&c->err);
    for (size_t i = 0; i < count; i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        uint64_t facts;
        if (r->inverse) continue;
        MKG_GO(mkg_kg_relation_facts(kg, r->id, &facts, &c->err));
        if (facts) rows[(*n)++] = (relation_row){r, facts};
    }
    if (*n) qsort(rows, *n, sizeof *rows, most_facts_first);
    *out = rows;
    rows = NULL;
out:
    mkg__free(rows);
    return st;
}

static json_t *stats_json(mkg_kg *kg, const mkg_stats *s, const mkg_readers *readers,
                          uint64_t keep, const relation_row *rows, size_t n)
{
    char hash[33];
    json_t *types = json_object(), *relations = json_object();

    mkg_kg_hash(kg, hash);
    for (size_t i = 0; i < s->ntypes; i++)
        json_object_setn_new_nocheck(types, s->types[i].type.ptr, s->types[i].type.len,
                                     json_integer((json_int_t)s->types[i].nodes));
    for (size_t i = 0; i < n; i++)
        json_object_setn_new_nocheck(relations, rows[i].relation->name.ptr,
                                     rows[i].relation->name.len,
                                     json_integer((json_int_t)rows[i].facts));
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:s, s:I, s:I, s:o}",
        "nodes", (json_int_t)s->nodes, "names", (json_int_t)s->names, "facts",
        (json_int_t)s->facts, "relations", (json_int_t)s->relations, "sources",
        (json_int_t)s->sources, "types", types, "codes", (json_int_t)s->codes,
        "facts_by_relation", relations, "bytes", (json_int_t)s->bytes, "version",
        (json_int_t)mkg_kg_version(kg), "hash", hash, "readers", (json_int_t)readers->n,
        "reader_lag", (json_int_t)readers->lag, "keep_days",
        keep == MKG_KEEP_UNSET ? json_null() : json_integer((json_int_t)keep));
}

static mkg_status stats_text(cli *c, mkg_kg *kg, const mkg_stats *s,
                             const mkg_readers *readers, uint64_t keep,
                             const relation_row *rows, size_t n)
{
    const struct {
        const char *name;
        uint64_t value;
    } whole[] = {{"nodes", s->nodes},
                 {"names", s->names},
                 {"codes", s->codes},
                 {"facts", s->facts},
                 {"relations", s->relations},
                 {"sources", s->sources},
                 {"version", mkg_kg_version(kg)},
                 {"bytes", s->bytes}};
    cli_table t = {.align = "rl"};
    mkg_status st;

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        cli_cell(&t, "%llu", (unsigned long long)whole[i].value);
        cli_cell(&t, "%s", whole[i].name);
    }
    if (keep != MKG_KEEP_UNSET) {
        cli_cell(&t, "%llu", (unsigned long long)keep);
        cli_cell(&t, "days that what is taken out is kept");
    }
    MKG_GO(cli_table_print(c, &t, 0));
    if (s->ntypes) cli_print(c, "\n");
    for (size_t i = 0; i < s->ntypes; i++) {
        if (!i) cli_cell(&t, "nodes");
        if (!i) cli_cell(&t, "type");
        cli_cell(&t, "%llu", (unsigned long long)s->types[i].nodes);
        cli_cell_view(&t, s->types[i].type);
    }
    MKG_GO(cli_table_print(c, &t, 1));
    if (n) cli_print(c, "\n");
    t.align = "rll";
    for (size_t i = 0; i < n; i++) {
        if (!i) cli_cell(&t, "facts");
        if (!i) cli_cell(&t, "relation");
        if (!i) cli_cell(&t, "%s", "");
        cli_cell(&t, "%llu", (unsigned long long)rows[i].facts);
        cli_cell_view(&t, rows[i].relation->name);
        cli_cell_view(&t, rows[i].relation->label_zh);
    }
    st = cli_table_print(c, &t, 1);
    if (readers->lag)
        cli_print(
            c, "\nprocess %ld goes on reading the store as it was %llu commit%s ago\n",
            readers->process, (unsigned long long)readers->lag,
            readers->lag == 1 ? "" : "s");
out:
    cli_table_clear(&t);
    return st;
}

mkg_status cli_cmd_stats(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_stats s = {0};
    relation_row *rows = NULL;
    mkg_readers readers = {0};
    size_t n = 0;
    uint64_t keep;
    bool shape = cli_opt_given(c, "graph");

    MKG_GO(cli_open(c, &kg));
    MKG_GO(mkg_kg_stats(kg, &s, &c->err));
    MKG_GO(mkg_kg_readers(kg, &readers, &c->err));
    MKG_GO(mkg_kg_keep(kg, &keep, &c->err));
    MKG_GO(relation_counts(c, kg, &rows, &n));
    if (c->json) {
        json_t *graph = NULL;
        if (shape) MKG_GO(cli_graph_stats(c, kg, &graph));
        json_t *v = stats_json(kg, &s, &readers, keep, rows, n);
        if (graph) json_object_set_new(v, "graph", graph);
        st = cli_json(c, v);
    } else {
        MKG_GO(stats_text(c, kg, &s, &readers, keep, rows, n));
        if (shape) st = cli_graph_stats(c, kg, NULL);
    }
out:
    mkg__free(rows);
    mkg_stats_clear(&s);
    mkg_kg_close(kg);
    return st;
}

/* ---- search ---- */

/* Of nodes that are one thing the best is enough. */
static mkg_status leave_out_same(cli *c, mkg_kg *kg, mkg_found *found, size_t *n)
{
    mkg_status st = MKG_OK;
    mkg_ids same = {0};
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        bool before = false;
        same.n = 0;
        MKG_GO(mkg_kg_same(kg, found[i].node, &same, &c->err));
        for (size_t k = 1; k < same.n; k++)
            for (size_t m = 0; m < kept && !before; m++)
                before = found[m].node == same.ids[k];
        if (!before) found[kept++] = found[i];
    }
    *n = kept;
out:
    mkg_ids_clear(&same);
    return st;
}

mkg_status cli_cmd_search(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_found found[CLI_TOP_MAX];
    size_t n = 0, k = (size_t)cli_opt_count(c, "k");
    const char *text = c->args[0];

    MKG_GO(cli_check_text(c, "TEXT", text));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(mkg_search(kg, text, k, found, &n, &c->err));
    MKG_GO(leave_out_same(c, kg, found, &n));
    mkg_lang lang = cli_language(c, text);
    MKG_GO(cli_results(c, kg, found, n, lang));
    if (n == 0) st = mkg__fail(&c->err, MKG_NOTFOUND, "nothing is like '%s'", text);
out:
    mkg_kg_close(kg);
    return st;
}
