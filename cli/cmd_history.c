/* medkg remove, log, undo, compact: versions of the graph. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/history.h"

#include <time.h>

static json_t *source_json(mkg_kg *kg, mkg_id id)
{
    char *name = id ? cli_source_name(kg, id) : NULL;
    json_t *v = name ? json_pack("{s:I, s:s}", "source", (json_int_t)id, "name", name)
                     : json_null();
    mkg__free(name);
    return v;
}

static json_t *version_json(mkg_kg *kg, const mkg_version *v)
{
    char when[32];
    cli_iso_time(v->time, when, "%Y-%m-%dT%H:%M:%SZ");
    return json_pack(
        "{s:I, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I}", "version",
        (json_int_t)v->version, "change", mkg_change_name(v->change), "time", when,
        "source", source_json(kg, v->added), "removed", source_json(kg, v->removed),
        "undone", v->undone ? json_integer((json_int_t)v->undone) : json_null(),
        "facts_added", (json_int_t)v->facts_added, "facts_removed",
        (json_int_t)v->facts_removed, "facts_changed", (json_int_t)v->facts_changed);
}

/* "source 2 'x' in place of source 1", "source 1 'x'". */
static void put_sources(mkg_kg *kg, const mkg_version *v, mkg__buf *b)
{
    mkg_id id = v->added ? v->added : v->removed;
    char *name = cli_source_name(kg, id);
    mkg__buf_printf(b, "source %u '%s'", id, name ? name : "");
    if (v->added && v->removed)
        mkg__buf_printf(b, " in place of source %u", v->removed);
    mkg__free(name);
}

static mkg_status print_change(cli *c, mkg_kg *kg, const mkg_version *v,
                               const char *what)
{
    mkg__buf b = {0};
    if (c->json) return cli_json(c, version_json(kg, v));
    put_sources(kg, v, &b);
    const char *sources = mkg__buf_cstr(&b);
    if (!sources) return mkg__nomem(&c->err);
    cli_print(c, "version %llu: %s%s; %llu facts came, %llu went\n",
              (unsigned long long)v->version, what, sources,
              (unsigned long long)v->facts_added, (unsigned long long)v->facts_removed);
    mkg__buf_clear(&b);
    return MKG_OK;
}

static mkg_status open_for_change(cli *c, mkg_kg **kg)
{
    mkg_status st = cli_open(c, kg); /* tells if there is none, and makes none */
    if (st != MKG_OK) return st;
    mkg_kg_close(*kg);
    *kg = NULL;
    cli_catch_signals();
    return cli_open_write(c, c->db, !cli_opt_given(c, "no-wait"), kg);
}

mkg_status cli_cmd_remove(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_id id;
    mkg_version v;

    MKG_GO(cli_check_text(c, "SOURCE", c->args[0]));
    MKG_GO(open_for_change(c, &kg));
    MKG_GO(cli_resolve_source(c, kg, c->args[0], &id));
    if (st == MKG_NOTFOUND) goto out;
    MKG_GO(mkg_kg_remove(kg, id, &v, &c->err));
    MKG_GO(print_change(c, kg, &v, "removed "));
    st = cli_tidy(c, kg);
out:
    mkg_kg_close(kg);
    return st;
}

mkg_status cli_cmd_undo(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_version v;
    char what[64];

    MKG_GO(open_for_change(c, &kg));
    MKG_GO(mkg_kg_undo(kg, &v, &c->err));
    if (st == MKG_NOTFOUND) goto out;
    snprintf(what, sizeof what, "took back version %llu, ",
             (unsigned long long)v.undone);
    MKG_GO(print_change(c, kg, &v, what));
    st = cli_tidy(c, kg);
out:
    mkg_kg_close(kg);
    return st;
}

static json_t *keep_json(uint64_t days)
{
    return days == MKG_KEEP_UNSET ? json_null() : json_integer((json_int_t)days);
}

/* The days that count, and what the setting is from now on. */
static mkg_status settle_keep(cli *c, mkg_kg *kg, uint64_t *days, uint64_t *setting)
{
    mkg_status st = MKG_OK;
    bool set = cli_opt_given(c, "set"), unset = cli_opt_given(c, "unset");

    if (set && unset)
        return mkg__fail(&c->err, MKG_EARG, "--set and --unset exclude each other");
    MKG_GO(mkg_kg_keep(kg, setting, &c->err));
    *days = cli_opt_count(c, "keep");
    if (!cli_opt_given(c, "keep") && *setting != MKG_KEEP_UNSET) *days = *setting;
    if (!set && !unset) goto out;
    *setting = set ? *days : MKG_KEEP_UNSET;
    st = mkg_kg_set_keep(kg, *setting, &c->err);
out:
    return st;
}

mkg_status cli_cmd_compact(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_compacted done;
    uint64_t keep = 0, setting, now = (uint64_t)time(NULL);

    MKG_GO(open_for_change(c, &kg));
    MKG_GO(settle_keep(c, kg, &keep, &setting));
    /* 0: all that went, also in this second. */
    MKG_GO(mkg_kg_compact(kg, keep ? now - keep * 86400 : now + 1, &done, &c->err));
    if (c->json) {
        st = cli_json(
            c, json_pack("{s:I, s:I, s:I, s:o}", "sources", (json_int_t)done.sources,
                         "facts", (json_int_t)done.facts, "nodes",
                         (json_int_t)done.nodes, "keep_days", keep_json(setting)));
        goto out;
    }
    cli_print(c, "cleared away: %llu sources, %llu facts, %llu nodes\n",
              (unsigned long long)done.sources, (unsigned long long)done.facts,
              (unsigned long long)done.nodes);
    if (setting != MKG_KEEP_UNSET)
        cli_print(c, "kept from now on: what went in the last %llu days\n",
                  (unsigned long long)setting);
out:
    mkg_kg_close(kg);
    return st;
}

static void version_row(cli_table *t, mkg_kg *kg, const mkg_version *v)
{
    char when[32];
    char *added = cli_source_name(kg, v->added ? v->added : v->removed);
    cli_iso_time(v->time, when, "%Y-%m-%d %H:%M");
    cli_cell(t, "%llu", (unsigned long long)v->version);
    cli_cell(t, "%s", when);
    if (v->undone)
        cli_cell(t, "undo of %llu", (unsigned long long)v->undone);
    else
        cli_cell(t, "%s", mkg_change_name(v->change));
    cli_cell(t, "%s", added ? added : "");
    cli_cell(t, "+%llu", (unsigned long long)v->facts_added);
    cli_cell(t, "-%llu", (unsigned long long)v->facts_removed);
    cli_cell(t, "%llu", (unsigned long long)v->facts_changed);
    mkg__free(added);
}

static mkg_status read_versions(cli *c, mkg_kg *kg, mkg_version **out, size_t *n)
{
    mkg_status st;
    mkg_version v, *list = NULL;
    size_t cap = 0;
    *n = 0;
    for (uint64_t at = 0; (st = mkg_kg_next_version(kg, &at, &v, &c->err)) == MKG_OK;) {
        if (!mkg__grow(&list, &cap, *n + 1, sizeof *list)) {
            st = mkg__nomem(&c->err);
            break;
        }
        list[(*n)++] = v;
    }
    *out = list;
    return st < 0 ? st : MKG_OK;
}

mkg_status cli_cmd_log(cli *c)
{
    static const char *const columns[] = {"version", "time",    "change",  "source",
                                          "facts",   "removed", "changed", NULL};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_version *list = NULL;
    size_t n = 0;
    uint64_t keep = 0;
    cli_table t = {.align = "rlllrrr"};
    json_t *all = json_array();

    MKG_GO(cli_open(c, &kg));
    MKG_GO(read_versions(c, kg, &list, &n));
    MKG_GO(mkg_kg_keep(kg, &keep, &c->err));
    cli_heads(&t, columns);
    for (size_t i = n; i > 0; i--) {
        if (c->json)
            json_array_append_new(all, version_json(kg, &list[i - 1]));
        else
            version_row(&t, kg, &list[i - 1]);
    }
    st = c->json ? cli_json(c, json_pack("{s:O, s:o}", "versions", all, "keep_days",
                                         keep_json(keep)))
                 : cli_table_print(c, &t, 1);
    if (!c->json && keep != MKG_KEEP_UNSET)
        cli_print(c, "\nwhat is taken out is kept for %llu days\n",
                  (unsigned long long)keep);
out:
    json_decref(all);
    cli_table_clear(&t);
    mkg__free(list);
    mkg_kg_close(kg);
    return st;
}
