/* Records through a mapping file: every key of the format. */
#include "testing_import.h"

#include "base/io.h"

#include <sys/stat.h>

static mkg_err err;

typedef struct mapped {
    const char *map, *records, *want;
} mapped;

static void becomes(const mapped *m)
{
    void *fresh = NULL;
    import_setup(&fresh);
    import_world *w = fresh;
    char *map = new_text(w->folder, "map.json", m->map);
    import_ok(w, "r.jsonl", m->records, map);
    assert_string_equal(graph_text(w), m->want);
    assert_int_equal(w->skips.len, 0);
    free(map);
    import_teardown(&fresh);
}

static void test_relations(void **state)
{
    (void)state;
    static const mapped cases[] = {
        /* A list, a string, a number; blanks and repeats within a list say nothing. */
        {"{\"type\": \"disease\", \"name\": \"n\", \"relations\": {\"s\": "
         "{\"relation\": "
         "\"symptom\", \"type\": \"symptom\"}}}",
         "{\"n\": \" 感冒 \", \"s\": [\"咳嗽\", \"\", \"  \", \"咳嗽\", null, 7]}\n"
         "{\"n\": \"流感\", \"s\": \"发热\"}",
         "disease 感冒 | symptom | symptom 咳嗽 | r.jsonl:1\n"
         "disease 感冒 | symptom | symptom 7 | r.jsonl:1\n"
         "disease 流感 | symptom | symptom 发热 | r.jsonl:2\n"},
        /* Split at several separators; items dropped by name and by ending. */
        {"{\"type\": \"disease\", \"name\": \"n\", \"drop\": \"无\", \"relations\": "
         "{\"s\": "
         "{\"relation\": \"symptom\", \"type\": \"symptom\", \"split\": [\"、\", \"; "
         "\"], "
         "\"drop_suffix\": \"...\"}}}",
         "{\"n\": \"感冒\", \"s\": \"咳嗽、发热; 无、头…、乏力...\"}",
         "disease 感冒 | symptom | symptom 咳嗽 | r.jsonl:1\n"
         "disease 感冒 | symptom | symptom 发热 | r.jsonl:1\n"
         "disease 感冒 | symptom | symptom 头… | r.jsonl:1\n"},
        /* An inverse relation is stored in the forward direction. The rule's name is
         * the relation if nothing else is said. */
        {"{\"type\": \"disease\", \"name\": \"n\", \"relations\": {\"treated_by\": "
         "{\"type\": "
         "\"drug\"}}}",
         "{\"n\": \"哮喘\", \"treated_by\": [\"沙丁胺醇\"]}",
         "drug 沙丁胺醇 | treats | disease 哮喘 | r.jsonl:1\n"},
        /* Several types: the one of which the file has a record, wherever it stands,
         * else the first. */
        {"{\"type\": {\"field\": \"t\"}, \"name\": \"n\", \"relations\": {\"s\": "
         "{\"relation\": "
         "\"symptom\", \"type\": [\"symptom\", \"disease\"]}}}",
         "{\"t\": \"disease\", \"n\": \"肾炎\", \"s\": [\"高血压\", \"水肿\"]}\n"
         "{\"t\": \"disease\", \"n\": \"高血压\"}",
         "disease 肾炎 | symptom | disease 高血压 | r.jsonl:1\n"
         "disease 肾炎 | symptom | symptom 水肿 | r.jsonl:1\n"},
        /* Types through a table, locators from a field, ignored fields. */
        {"{\"type\": {\"field\": \"t\", \"values\": {\"D\": \"disease\"}}, \"name\": "
         "\"n\", "
         "\"locator\": \"url\", \"ignore\": [\"x\"], \"relations\": {\"s\": "
         "{\"relation\": "
         "\"symptom\", \"type\": \"symptom\"}}}",
         "{\"t\": \"D\", \"n\": \"感冒\", \"url\": \"page 7\", \"x\": 1, \"s\": "
         "\"咳嗽\"}",
         "disease 感冒 | symptom | symptom 咳嗽 | page 7\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        becomes(&cases[i]);
}

static void test_literals(void **state)
{
    (void)state;
    static const mapped cases[] = {
        {"{\"type\": \"disease\", \"name\": \"n\", \"drop\": [\"无\"], \"literals\": "
         "{\"d\": "
         "{\"relation\": \"description\"}, \"p\": {\"relation\": \"prevention\", "
         "\"join\": "
         "\"\\n\", \"drop\": []}, \"q\": {\"relation\": \"cause\"}}}",
         "{\"n\": \"感冒\", \"d\": \" 一\\r\\n二\\r三 \", \"p\": [\"a\", \"\", "
         "\"无\"], \"q\": "
         "[\"x\", \"y\", \"无\"]}",
         "disease 感冒 | description | \"一\n二\n三\" | r.jsonl:1\n"
         "disease 感冒 | prevention | \"a\n无\" | r.jsonl:1\n"
         "disease 感冒 | cause | \"x\" | r.jsonl:1\n"
         "disease 感冒 | cause | \"y\" | r.jsonl:1\n"},
        {"{\"type\": \"disease\", \"name\": \"n\", \"literals\": {\"p\": "
         "{\"relation\": "
         "\"prevalence\"}}}",
         "{\"n\": \"感冒\", \"p\": 0.25}",
         "disease 感冒 | prevalence | \"0.25\" | r.jsonl:1\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        becomes(&cases[i]);
}

static void test_names_and_codes(void **state)
{
    import_world *w = *state;
    char *map = new_text(
        w->folder, "map.json",
        "{\"type\": \"disease\", \"name\": {\"zh\": \"zh\", \"en\": \"en\"}, "
        "\"alias\": "
        "{\"zh\": [\"a1\", \"a2\"], \"en\": \"a3\"}, \"codes\": {\"icd\": \"ICD10\", "
        "\"other\": \"\"}, \"source\": \"handbook\", \"licence\": \"CC0\"}");
    import_ok(
        w, "r.jsonl",
        "{\"zh\": \"感冒\", \"en\": \"common cold\", \"a1\": [\"伤风\", \"感冒\"], "
        "\"a2\": \"着凉\", \"a3\": \"cold\", \"icd\": [\"J00\"], \"other\": "
        "\"DOID:10459\"}\n"
        /* The same by its code, although the name is another. */
        "{\"zh\": \"普通感冒\", \"icd\": \"j00\"}\n"
        /* The same name with another code of the system is another thing. */
        "{\"zh\": \"感冒\", \"icd\": \"J11\"}\n",
        map);
    assert_string_equal(
        node_text(w, "common cold"),
        "type disease; name zh 感冒; code ICD10:J00; name en common cold; "
        "alias zh 伤风; alias zh 着凉; alias en cold; code DOID:10459; "
        "alias zh 普通感冒; \n");
    mkg_ids ids = {0};
    assert_int_equal(mkg_kg_find_name(w->kg, V("感冒"), &ids, &err), MKG_OK);
    assert_int_equal(ids.n, 2);
    mkg_ids_clear(&ids);
    assert_int_equal(mkg_kg_find_code(w->kg, V("icd10:j11"), &ids, &err), MKG_OK);
    assert_int_equal(ids.n, 1);
    mkg_ids_clear(&ids);
    mkg_source s;
    assert_mkg_ok(mkg_kg_source(w->kg, 1, &s, &err));
    assert_true(mkg__view_is(s.name, "handbook"));
    assert_true(mkg__view_is(s.licence, "CC0"));
    free(map);
}

/* What a mapping states of its source counts also where it was found by itself; what
 * the caller states counts more. */
static void test_source_of_the_map(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_source s;
    char *maps = in_folder(w->folder, "maps");
    assert_int_equal(mkdir(maps, 0700), 0);
    free(new_text(
        maps, "m.json",
        "{\"detect\": [\"n\"], \"type\": \"disease\", \"name\": \"n\", \"source\": "
        "\"handbook\", \"licence\": \"CC0\"}"));
    mkg_import_opts o = {.maps = maps};
    assert_mkg_ok(import_bytes(w, "a.jsonl", "{\"n\": \"a\"}", 10, o, &r, &err));
    assert_string_equal(r.name, "handbook");
    assert_mkg_ok(mkg_kg_source(w->kg, 1, &s, &err));
    assert_true(mkg__view_is(s.name, "handbook") && mkg__view_is(s.licence, "CC0"));
    o.source = "mine";
    o.licence = "none";
    assert_mkg_ok(import_bytes(w, "b.jsonl", "{\"n\": \"b\"}", 10, o, &r, &err));
    assert_string_equal(r.name, "mine");
    assert_mkg_ok(mkg_kg_source(w->kg, 2, &s, &err));
    assert_true(mkg__view_is(s.name, "mine") && mkg__view_is(s.licence, "none"));
    free(maps);
}

/* A classification has one code for several things: there the name says what is one. */
static void test_identity(void **state)
{
    import_world *w = *state;
    char map[256], records[256];
    mkg_stats s;
    for (int i = 0; i < 2; i++) {
        snprintf(map, sizeof map,
                 "{\"type\": \"t%d\", \"name\": \"n\", \"codes\": {\"icd\": \"S%d\"}, "
                 "\"identity\": \"%s\"}",
                 i, i, i ? "name" : "code");
        char *path = new_text(w->folder, "map.json", map);
        snprintf(records, sizeof records, "%s%s", i ? "\n" : "",
                 "{\"n\": \"叶酸缺乏\", \"icd\": \"E53.8\"}\n"
                 "{\"n\": \"维生素B12缺乏\", \"icd\": \"E53.8\"}\n");
        import_ok(w, i ? "b.jsonl" : "a.jsonl", records, path);
        free(path);
        assert_mkg_ok(mkg_kg_stats(w->kg, &s, &err));
        assert_int_equal(s.nodes, i ? 3 : 1);
        mkg_stats_clear(&s);
    }
}

/* Values over several lines, in an array, after a byte order mark: the same graph. */
static void test_layouts(void **state)
{
    (void)state;
    static const char map[] = "{\"type\": \"disease\", \"name\": \"n\", \"relations\": "
                              "{\"s\": {\"relation\": "
                              "\"symptom\", \"type\": \"symptom\"}}}";
    static const char one[] = "disease 感冒 | symptom | symptom 咳嗽 | r.jsonl:1\n";
    static const mapped cases[] = {
        {map, "\xef\xbb\xbf{\"n\": \"感冒\", \"s\": \"咳嗽\"}\r\n\r\n", one},
        {map, "[{\"n\": \"感冒\", \"s\": \"咳嗽\"}]", one},
        {map,
         "{\n \"n\": \"感冒\",\n \"s\": \"咳嗽\"\n}\n{\n \"n\": \"流感\",\n \"s\": "
         "\"}\"\n}",
         "disease 感冒 | symptom | symptom 咳嗽 | r.jsonl:1\n"
         "disease 流感 | symptom | symptom } | r.jsonl:5\n"},
        {map,
         "[\n\n{\"n\": \"感冒\",\n \"s\": \"咳嗽\"},\n{\"n\": \"流感\", \"s\": "
         "\"a\\\"]\"}\n]",
         "disease 感冒 | symptom | symptom 咳嗽 | r.jsonl:3\n"
         "disease 流感 | symptom | symptom a\"] | r.jsonl:5\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        becomes(&cases[i]);
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    char *map =
        new_text(w->folder, "m.json",
                 "{\"type\": \"disease\", \"name\": \"n\", \"relations\": {\"s\": "
                 "{\"relation\": \"symptom\", \"type\": [\"symptom\", \"disease\"]}}, "
                 "\"literals\": {\"d\": {\"relation\": \"description\"}}}");
    char *file = new_text(
        w->folder, "r.jsonl",
        "{\"n\": \"感冒\", \"s\": [\"咳嗽\"], \"d\": \"x\", \"u\": 1}\n{\"n\": 3}\n");
    o.map = map;
    mkg_status st = MKG_ENOMEM;
    for (long n = 1; n < 5000; n++) {
        char before[33], after[33];
        mkg_kg_hash(w->kg, before);
        mkg__alloc_fail_after(n);
        st = mkg_import_file(w->kg, file, &o, &r, &err);
        mkg__alloc_fail_after(0);
        if (st == MKG_OK) break;
        assert_int_equal(st, MKG_ENOMEM);
        mkg_kg_hash(w->kg, after);
        assert_string_equal(before, after);
    }
    assert_int_equal(st, MKG_OK);
    assert_int_equal(r.facts, 2);
    assert_int_equal(r.skipped, 1);
    free(map);
    free(file);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_relations),
                                       cmocka_unit_test(test_literals),
                                       T(test_names_and_codes),
                                       T(test_identity),
                                       T(test_source_of_the_map),
                                       cmocka_unit_test(test_layouts),
                                       T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
