/* What several commands do with a store: open it, find the node that is meant. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "kg/history.h"
#include "kg/same.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The version that the command looks at, if it has the option. */
static mkg_status look_back(cli *c, mkg_kg *kg)
{
    for (size_t i = 0; i < c->command->noptions; i++) {
        mkg_err why;
        if (strcmp(c->command->options[i].name, "as-of") != 0 || !c->values[i].given)
            continue;
        mkg_status st = mkg_kg_as_of(kg, c->values[i].number, &why);
        if (st == MKG_NOTFOUND)
            return mkg__fail(&c->err, MKG_EARG, "--as-of: %.200s", why.msg);
        if (st < 0) c->err = why;
        return st;
    }
    return MKG_OK;
}

mkg_status cli_open(cli *c, mkg_kg **out)
{
    mkg_status st = mkg_kg_open(c->db, out, &c->err);
    if (st == MKG_OK && (st = look_back(c, *out)) != MKG_OK) {
        mkg_kg_close(*out);
        *out = NULL;
        return st;
    }
    /* Exit code 1 is an answer about a graph; without a store there is none to ask. */
    if (st == MKG_NOTFOUND)
        st = mkg__fail(&c->err, MKG_ESTORE,
                       "there is no store in '%s'; 'medkg -d %s import FILE' makes one",
                       c->db, c->db);
    return st;
}

mkg_status cli_open_write(cli *c, const char *path, bool wait, mkg_kg **out)
{
    static const struct timespec pause = {0, 100000000};
    mkg_status st;
    bool told = false;

    while ((st = mkg_kg_open_write(path, out, &c->err)) == MKG_EBUSY && wait) {
        if (!told) {
            cli_report(c, &c->err);
            cli_note(c, "medkg: waiting for it (Ctrl-C stops)");
        }
        told = true;
        nanosleep(&pause, NULL);
        if (cli_stop_asked())
            return mkg__fail(&c->err, MKG_ECANCEL, "stopped; the store is as it was");
    }
    if (st >= 0) c->err.msg[0] = '\0';
    return st;
}

mkg_status cli_tidy(cli *c, mkg_kg *kg)
{
    mkg_compacted done;
    mkg_status st = mkg_kg_tidy(kg, &done, &c->err);
    if (st >= 0 && done.sources)
        cli_note(c,
                 "medkg: cleared away, as the store is set to: %llu source%s, %llu "
                 "facts, %llu nodes",
                 (unsigned long long)done.sources, done.sources == 1 ? "" : "s",
                 (unsigned long long)done.facts, (unsigned long long)done.nodes);
    return st;
}

static char *holds_relations(const char *folder)
{
    if (!folder || !*folder) return NULL;
    char *file = mkg__path_join(folder, "relations.tsv");
    char *found = file && mkg__file_exists(file) ? mkg__strdup(folder) : NULL;
    mkg__free(file);
    return found;
}

mkg_status cli_data_folder(cli *c, char **out)
{
    const char *env = getenv("MEDKG_DATA");
    const char *const folders[] = {env, MEDKG_INSTALLED_DATA, MEDKG_SOURCE_DATA};

    *out = NULL;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !*out; i++)
        *out = holds_relations(folders[i]);
    if (!*out)
        return mkg__fail(&c->err, MKG_EIO,
                         "cannot find relations.tsv; set MEDKG_DATA to the folder that "
                         "holds it (looked in %s and %s)",
                         MEDKG_INSTALLED_DATA, MEDKG_SOURCE_DATA);
    if (env && *env && strcmp(env, *out) != 0)
        cli_note(c, "medkg: there is no relations.tsv in $MEDKG_DATA (%s); using %s",
                 env, *out);
    return MKG_OK;
}

mkg_status cli_retriever(cli *c, mkg_kg *kg, mkg_retriever **out)
{
    mkg_retriever_opts o = {0};
    char *folder = NULL;
    mkg_status st = cli_data_folder(c, &folder);
    o.data = folder;
    if (st >= 0) st = mkg_retriever_new(kg, &o, out, &c->err);
    mkg__free(folder);
    return st;
}

static mkg_lang locale_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = getenv(names[i]);
        if (v && *v) return mkg__lang_parse(v, strcspn(v, "."));
    }
    return MKG_LANG_NONE;
}

/* "#17", "17" and "ICD10:E11" are in no language. */
static bool is_id_or_code(const char *text)
{
    if (text[0] == '#') return true;
    size_t colon = strcspn(text, ":");
    if (text[colon] && mkg__lang_guess(text, strlen(text)) != MKG_LANG_ZH &&
        !strchr(text, ' '))
        return true;
    return text[strspn(text, "0123456789")] == '\0';
}

mkg_lang cli_language(const cli *c, const char *text)
{
    const char *asked = cli_opt_text(c, "lang");
    if (asked) return mkg__lang_parse(asked, strlen(asked));
    if (text && !is_id_or_code(text)) {
        mkg_lang lang = mkg__lang_guess(text, strlen(text));
        if (lang != MKG_LANG_NONE) return lang;
    }
    return locale_language();
}

json_t *cli_json_view(mkg_view v)
{
    return v.len ? json_stringn(v.ptr, v.len) : json_null();
}

/* Codes once each, in the order in which they were given. */
static json_t *codes_json(const mkg_node *n)
{
    json_t *list = json_array();
    mkg_entry e;
    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        if (e.kind != MKG_ENTRY_CODE) continue;
        bool seen = false;
        for (size_t i = 0; i < json_array_size(list) && !seen; i++)
            seen = mkg__view_eq(mkg__json_view(json_array_get(list, i)), e.text);
        if (!seen &&
            json_array_append_new(list, json_stringn(e.text.ptr, e.text.len)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *cli_node_json(const mkg_node *n, mkg_lang lang)
{
    mkg_view name = mkg_node_name(n, lang);
    return json_pack("{s:I, s:s%, s:s%, s:o}", "node", (json_int_t)n->id, "name",
                     name.ptr, name.len, "type", n->type.ptr, n->type.len, "codes",
                     codes_json(n));
}

void cli_node_codes(const mkg_node *n, mkg__buf *out)
{
    enum { SHOWN = 3 };
    json_t *list = codes_json(n);
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        mkg__buf_printf(out, "%s%s", i ? " " : "",
                        json_string_value(json_array_get(list, i)));
    if (count > SHOWN) mkg__buf_printf(out, " +%zu", count - SHOWN);
    json_decref(list);
}

/* ---- what search and similar give ---- */

static mkg_status results_json(cli *c, mkg_kg *kg, const mkg_found *found, size_t n,
                               mkg_lang lang)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        MKG_GO(mkg_kg_node(kg, found[i].node, &node, &c->err));
        json_t *v = cli_node_json(&node, lang);
        json_object_set_new(v, "how", json_string(found[i].how));
        json_object_set_new(v, "score", json_real(found[i].score));
        json_array_append_new(list, v);
    }
    st = cli_json(c, json_pack("{s:O}", "results", list));
out:
    json_decref(list);
    return st;
}

static mkg_status results_text(cli *c, mkg_kg *kg, const mkg_found *found, size_t n,
                               mkg_lang lang)
{
    static const char *const columns[] = {"id",  "name",  "type", "codes",
                                          "how", "score", NULL};
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg__buf codes = {0};
    cli_table t = {.align = "lllllr"};

    cli_heads(&t, columns);
    for (size_t i = 0; i < n; i++) {
        MKG_GO(mkg_kg_node(kg, found[i].node, &node, &c->err));
        codes.len = 0;
        cli_node_codes(&node, &codes);
        cli_cell(&t, "#%u", node.id);
        cli_cell_view(&t, mkg_node_name(&node, lang));
        cli_cell_view(&t, node.type);
        cli_cell_view(&t, mkg__view(codes.ptr ? codes.ptr : "", codes.len));
        cli_cell(&t, "%s", found[i].how);
        cli_cell(&t, "%.3f", found[i].score);
    }
    st = cli_table_print(c, &t, 1);
out:
    cli_table_clear(&t);
    mkg__buf_clear(&codes);
    return st;
}

mkg_status cli_results(cli *c, mkg_kg *kg, const mkg_found *found, size_t n,
                       mkg_lang lang)
{
    if (c->json) return results_json(c, kg, found, n, lang);
    return n ? results_text(c, kg, found, n, lang) : MKG_OK;
}

/* ---- a name that means several nodes ---- */

static mkg_status list_json(cli *c, mkg_kg *kg, const char *ref, const mkg_ids *ids,
                            mkg_lang lang)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    json_t *list = json_array();

    for (size_t i = 0; i < ids->n; i++) {
        MKG_GO(mkg_kg_node(kg, ids->ids[i], &node, &c->err));
        if (json_array_append_new(list, cli_node_json(&node, lang)) != 0) {
            st = mkg__nomem(&c->err);
            goto out;
        }
    }
    st = cli_json(
        c, json_pack("{s:s, s:b, s:O}", "query", ref, "ambiguous", 1, "results", list));
out:
    json_decref(list);
    return st;
}

static mkg_status list_text(cli *c, mkg_kg *kg, const char *ref, const mkg_ids *ids,
                            mkg_lang lang)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg__buf codes = {0};
    cli_table t = {.align = "llll"};

    cli_print(c, "'%s' means %zu nodes; choose one by its id, as in medkg %s '#%u':\n",
              ref, ids->n, c->command->name, ids->ids[0]);
    for (size_t i = 0; i < ids->n; i++) {
        MKG_GO(mkg_kg_node(kg, ids->ids[i], &node, &c->err));
        codes.len = 0;
        cli_node_codes(&node, &codes);
        cli_cell(&t, "#%u", node.id);
        cli_cell_view(&t, mkg_node_name(&node, lang));
        cli_cell_view(&t, node.type);
        cli_cell_view(&t, mkg__view(codes.ptr ? codes.ptr : "", codes.len));
    }
    st = cli_table_print(c, &t, 0);
out:
    cli_table_clear(&t);
    mkg__buf_clear(&codes);
    return st;
}

mkg_status cli_resolve(cli *c, mkg_kg *kg, const char *ref, mkg_lang lang, mkg_id *id)
{
    mkg_ids ids = {0};
    mkg_status st;

    *id = MKG_ID_NONE;
    MKG_GO(cli_check_text(c, "NODE", ref));
    st = mkg_resolve(kg, ref, &ids, &c->err);
    if (st != MKG_OK) goto out;
    MKG_GO(mkg_kg_distinct(kg, &ids, &c->err));
    if (ids.n == 1)
        *id = ids.ids[0];
    else
        st = c->json ? list_json(c, kg, ref, &ids, lang)
                     : list_text(c, kg, ref, &ids, lang);
out:
    mkg_ids_clear(&ids);
    return st;
}

mkg_status cli_check_type(cli *c, mkg_kg *kg, mkg_view type)
{
    enum { TYPES_MAX = 256 };
    const char *names[TYPES_MAX];
    mkg_stats stats = {0};
    mkg__arena arena = {0};
    char *word = NULL;
    mkg_status st;
    size_t n = 0;

    MKG_GO(mkg_kg_stats(kg, &stats, &c->err));
    for (size_t i = 0; i < stats.ntypes && n < TYPES_MAX; i++) {
        if (mkg__view_eq(stats.types[i].type, type)) goto out;
        char *name =
            mkg__arena_dup(&arena, stats.types[i].type.ptr, stats.types[i].type.len);
        if (name) names[n++] = name;
    }
    word = mkg__viewdup(type);
    st = word ? cli_unknown(c, "no node has the type", word, "in this graph", names, n)
              : mkg__nomem(&c->err);
out:
    mkg__free(word);
    mkg__arena_clear(&arena);
    mkg_stats_clear(&stats);
    return st;
}

/* ---- sources ---- */

void cli_iso_time(uint64_t seconds, char out[32], const char *format)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&t, &tm)) strftime(out, 32, format, &tm);
}

char *cli_source_name(mkg_kg *kg, mkg_id id)
{
    mkg_source s;
    if (mkg_kg_any_source(kg, id, &s, NULL) != MKG_OK) return mkg__strdup("");
    return mkg__viewdup(s.name);
}

mkg_status cli_resolve_source(cli *c, mkg_kg *kg, const char *ref, mkg_id *id)
{
    mkg_status st;
    mkg_source s;
    const char *digits = ref[0] == '#' ? ref + 1 : ref;
    size_t named = 0;
    mkg__buf list = {0};

    *id = MKG_ID_NONE;
    if (*digits && strspn(digits, "0123456789") == strlen(digits) &&
        strlen(digits) < 10) {
        st = mkg_kg_source(kg, (mkg_id)strtoul(digits, NULL, 10), &s, &c->err);
        if (st == MKG_OK) *id = s.id;
        return st;
    }
    for (mkg_id at = 0; (st = mkg_kg_next_source(kg, &at, &s, &c->err)) == MKG_OK;) {
        if (!mkg__view_is(s.name, ref)) continue;
        mkg__buf_printf(&list, "%s#%u", named++ ? ", " : "", s.id);
        *id = s.id;
    }
    if (st >= 0 && named == 0)
        st = mkg__fail(&c->err, MKG_NOTFOUND,
                       "there is no source '%s'; 'medkg sources' lists them", ref);
    else if (st >= 0 && named > 1)
        st = mkg__fail(&c->err, MKG_EARG, "several sources are called '%s': %s", ref,
                       mkg__buf_cstr(&list) ? list.ptr : "");
    else if (st >= 0)
        st = MKG_OK;
    mkg__buf_clear(&list);
    return st;
}

mkg_status cli_with_node(cli *c, cli_node_fn fn)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_id id;
    mkg_lang lang = cli_language(c, c->args[0]);

    MKG_GO(cli_open(c, &kg));
    st = cli_resolve(c, kg, c->args[0], lang, &id);
    if (st == MKG_OK && id) st = fn(c, kg, id, lang);
out:
    mkg_kg_close(kg);
    return st;
}
