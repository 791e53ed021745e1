/* Mapping files. One that loads is sound, and records with its fields can be read
 * through it without a fault of the program's own. */
#include "fuzz.h"

#include "import/tables_internal.h"

static void check_strings(const mkg__strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        CHECK(s->at[i][0]);
}

static void check_map(const mkg__recordmap *m)
{
    size_t names = 0, types = 0;
    for (size_t i = 0; i < m->nrules; i++) {
        const mkg__rule *r = &m->rules[i];
        CHECK(mkg__map_rule(m, r->field) == r); /* no field has two rules */
        names += r->kind == MKG_RULE_NAME;
        types += r->kind == MKG_RULE_TYPE;
        if (r->kind == MKG_RULE_CODE) CHECK(r->system);
        if (r->kind == MKG_RULE_RELATION || r->kind == MKG_RULE_LITERAL)
            CHECK(r->relation && r->relation[0]);
        check_strings(&r->types);
        check_strings(&r->split);
        check_strings(&r->drop);
        check_strings(&r->drop_suffix);
    }
    CHECK(names > 0 && types == (m->type ? 0 : 1));
    check_strings(&m->detect);
}

/* A record with all fields of the map, each with the `turn`-th of some values. */
static json_t *make_record(const mkg__recordmap *m, size_t turn)
{
    static const char *const values[] = {
        "\"a\"", "\"a;b, c\"", "[\"x:1\",\"y:2\"]", "[[\"a\"],{}]", "7", "\"1\\r\\n2\"",
        "[]",    "null",       "-0.5e300",          "{\"a\":\"b\"}"};
    size_t n = sizeof values / sizeof *values;
    json_t *record = json_object();
    for (size_t i = 0; i < m->nrules; i++) {
        /* The first two turns make a name and a type, without which nothing is read. */
        size_t k = turn < 2 || m->rules[i].kind == MKG_RULE_NAME ? turn % 2 : i + turn;
        json_t *v = json_loads(values[k % n], JSON_DECODE_ANY, NULL);
        CHECK(v && json_object_set_new(record, m->rules[i].field, v) == 0);
    }
    CHECK(json_object_set_new(record, "not in the map", json_true()) == 0);
    return record;
}

static void import_records(const mkg__recordmap *m)
{
    mkg__buf b = {0};
    mkg_import_result result;
    mkg_import_opts opts = {.map = m->path, .dry_run = true};
    static mkg_kg *kg; /* stays empty: nothing is written to it */

    if (!kg) CHECK_OK(mkg_kg_open_write(fuzz_path("db"), &kg, &fuzz_err));
    for (size_t turn = 0; turn < 8; turn++) {
        json_t *record = make_record(m, turn);
        CHECK_OK(mkg__json_dump(record, &b, &fuzz_err));
        mkg__buf_byte(&b, '\n');
        json_decref(record);
    }
    const char *path = fuzz_file("records", b.ptr, b.len);
    mkg_status st = mkg_import_file(kg, path, &opts, &result, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_EPARSE);
    CHECK(mkg_kg_version(kg) == 0);
    mkg__buf_clear(&b);
}

static void put_column(void *ctx, mkg__piece *p)
{
    mkg__buf *b = ctx;
    if (b->len) mkg__buf_byte(b, '\t');
    for (const char *c = p->column; *c && *c != '|'; c++)
        mkg__buf_byte(b,
                      (unsigned char)*c < ' ' || *c == '"' ? '_' : (unsigned char)*c);
}

/* A table with the columns that the rules name, if not with those that the map names.
 */
static void import_table(const mkg__recordmap *m, mkg__tablemap *t)
{
    static const char rows[] = "1\ta\tA01.0\t7\nx@@y\t\t2;3\nB1\tb|c\td\te\tf\n";
    mkg__buf b = {0};
    mkg_import_result result;
    mkg_import_opts opts = {.map = m->path, .dry_run = true};
    static mkg_kg *kg;

    if (!kg) CHECK_OK(mkg_kg_open_write(fuzz_path("db2"), &kg, &fuzz_err));
    CHECK(t->nnodes > 0);
    for (size_t i = 0; i < t->nnodes; i++) {
        mkg__template_columns(&t->nodes[i].id, put_column, &b);
        mkg__template_columns(&t->nodes[i].type, put_column, &b);
        for (size_t k = 0; k < t->nodes[i].nnames; k++)
            for (size_t j = 0; j < t->nodes[i].names[k].n; j++)
                mkg__template_columns(&t->nodes[i].names[k].texts[j], put_column, &b);
    }
    for (size_t i = 0; i < t->nfacts; i++) {
        CHECK(t->facts[i].subject < t->nnodes);
        mkg__template_columns(&t->facts[i].relation, put_column, &b);
        mkg__template_columns(&t->facts[i].text, put_column, &b);
    }
    mkg__buf_byte(&b, '\n');
    mkg__buf_str(&b, rows);
    const char *path = fuzz_file("table", b.ptr, b.len);
    mkg_status st = mkg_import_file(kg, path, &opts, &result, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_EPARSE);
    mkg__buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    mkg__recordmap *m;
    const char *path = fuzz_file("map.json", in.p, in.n);
    mkg_status st = mkg__map_load(path, &m, &fuzz_err);

    CHECK(st == MKG_OK || (st == MKG_EPARSE && !m));
    if (st < 0) {
        CHECK(fuzz_err.status == st && fuzz_err.file[0] && fuzz_err.msg[0]);
        return 0;
    }
    for (size_t i = 0; i < m->ntables; i++)
        import_table(m, &m->tables[i]);
    if (m->ntables == 0) {
        check_map(m);
        import_records(m);
    }
    mkg__map_free(m);
    return 0;
}
