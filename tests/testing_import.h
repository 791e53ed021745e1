/* For tests of readers: import bytes into a new store and set the graph out as text. */
#ifndef MKG_TESTING_IMPORT_H
#define MKG_TESTING_IMPORT_H

#include "testing.h"

#include "import/import.h"

typedef struct import_world {
    char *folder, *db;
    mkg_kg *kg;
    mkg__buf skips; /* "file:line:col: what is wrong", a line each */
    mkg__buf text;  /* of graph_text() */
} import_world;

static inline int import_setup(void **state)
{
    import_world *w = calloc(1, sizeof *w);
    mkg_err err;
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    *state = w;
    return 0;
}

static inline int import_teardown(void **state)
{
    import_world *w = *state;
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    mkg__buf_clear(&w->skips);
    mkg__buf_clear(&w->text);
    free(w);
    return 0;
}

static inline void put_place(mkg__buf *b, const mkg_err *e)
{
    mkg__buf_str(b, e->file);
    if (e->line) mkg__buf_printf(b, ":%llu", (unsigned long long)e->line);
    if (e->col) mkg__buf_printf(b, ":%u", e->col);
    mkg__buf_printf(b, ": %s\n", e->msg);
}

static inline void keep_skip(void *ctx, const mkg_err *e)
{
    put_place(ctx, e);
}

/* Import a file that lies somewhere; what it skips is appended to w->skips. */
static inline mkg_status import_path(import_world *w, const char *path,
                                     mkg_import_opts o, mkg_import_result *r,
                                     mkg_err *err)
{
    memset(err, 0, sizeof *err);
    if (!o.maps) o.maps = MEDKG_DATA_DIR "/maps";
    o.on_skip = keep_skip;
    o.skip_ctx = &w->skips;
    mkg_status st = mkg_import_file(w->kg, path, &o, r, err);
    mkg_err renewed;
    if (mkg_kg_renew(w->kg, &renewed) < 0) fail_msg("%s", renewed.msg);
    return st;
}

static inline mkg_status import_bytes(import_world *w, const char *name, const void *p,
                                      size_t n, mkg_import_opts o, mkg_import_result *r,
                                      mkg_err *err)
{
    char *path = new_file(w->folder, name, p, n);
    mkg_status st = import_path(w, path, o, r, err);
    free(path);
    return st;
}

static inline void import_ok(import_world *w, const char *name, const char *text,
                             const char *map)
{
    mkg_err err;
    mkg_import_result r;
    mkg_import_opts o = {.map = map};
    assert_mkg_ok(import_bytes(w, name, text, strlen(text), o, &r, &err));
}

static inline void put_node(import_world *w, mkg_id id)
{
    mkg_node n;
    mkg_err err;
    assert_mkg_ok(mkg_kg_node(w->kg, id, &n, &err));
    mkg_view name = mkg_node_name(&n, MKG_LANG_ZH);
    mkg__buf_printf(&w->text, "%.*s %.*s", (int)n.type.len, n.type.ptr, (int)name.len,
                    name.ptr);
}

/* All facts, one a line, in the order of their ids:
 * "disease 感冒 | symptom | symptom 咳嗽 | a.tsv:1", a '-' in front of what is denied.
 */
static inline const char *graph_text(import_world *w)
{
    mkg_err err;
    mkg_fact f;
    mkg_id id = 0;
    w->text.len = 0;
    while (mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK) {
        const mkg_relation *r = mkg_kg_relation(w->kg, f.relation, false);
        if (f.denied) mkg__buf_str(&w->text, "- ");
        put_node(w, f.subject);
        mkg__buf_printf(&w->text, " | %.*s | ", (int)r->name.len, r->name.ptr);
        if (f.object)
            put_node(w, f.object);
        else
            mkg__buf_printf(&w->text, "\"%.*s\"", (int)f.literal.len, f.literal.ptr);
        mkg__buf_str(&w->text, " | ");
        assert_mkg_ok(mkg_kg_locator(w->kg, f.source, f.locator, &w->text, &err));
        if (f.weight != 1) mkg__buf_printf(&w->text, " | %g", (double)f.weight);
        if (f.grade.len)
            mkg__buf_printf(&w->text, " | grade %.*s", (int)f.grade.len, f.grade.ptr);
        if (f.population.len)
            mkg__buf_printf(&w->text, " | in %.*s", (int)f.population.len,
                            f.population.ptr);
        mkg__buf_byte(&w->text, '\n');
    }
    return mkg__buf_cstr(&w->text);
}

/* Names and codes of a node: "name zh 感冒; alias en cold; code ICD10:J00". */
static inline const char *node_text(import_world *w, const char *ref)
{
    static const char *const kinds[] = {"type", "name", "alias", "code"};
    mkg_err err;
    mkg_ids ids = {0};
    mkg_node n;
    mkg_entry e;
    w->text.len = 0;
    assert_int_equal(mkg_kg_find_name(w->kg, V(ref), &ids, &err), MKG_OK);
    for (size_t i = 0; i < ids.n; i++) {
        assert_mkg_ok(mkg_kg_node(w->kg, ids.ids[i], &n, &err));
        for (size_t pos = 0; mkg_node_next(&n, &pos, &e);)
            mkg__buf_printf(&w->text, "%s %s%s%.*s; ", kinds[e.kind],
                            mkg_lang_name(e.lang), e.lang ? " " : "", (int)e.text.len,
                            e.text.ptr);
        mkg__buf_byte(&w->text, '\n');
    }
    mkg_ids_clear(&ids);
    return mkg__buf_cstr(&w->text);
}

#endif
