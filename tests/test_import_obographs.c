/* OBO Graphs and Babelon. */
#include "testing_import.h"

static mkg_err err;

static const char json[] =
    "{\"graphs\": [{\n"
    "  \"id\": \"x\", \"meta\": {\"nodes\": [1, \"}\", {}]},\n"
    "  \"edges\": [\n"
    "    {\"sub\": \"http://purl.obolibrary.org/obo/DOID_1\", \"pred\": \"is_a\",\n"
    "     \"obj\": \"http://purl.obolibrary.org/obo/DOID_4\"},\n"
    "    {\"sub\": \"DOID:1\", \"pred\": "
    "\"http://purl.obolibrary.org/obo/RO_0002200\", "
    "\"obj\": \"HP:1\"},\n"
    "    {\"sub\": \"DOID:1\", \"pred\": \"http://x.org/made\", \"obj\": \"X:1\"},\n"
    "    {\"sub\": \"http://x.org/made\", \"pred\": \"subPropertyOf\", \"obj\": "
    "\"http://x.org/done\"},\n"
    "    {\"sub\": \"DOID:1\"}, 7, \"s\", null],\n"
    "  \"nodes\": [\n"
    "    {\"id\": \"http://purl.obolibrary.org/obo/DOID_1\", \"lbl\": \"red "
    "\\\"fever\\\"\",\n"
    "     \"type\": \"CLASS\", \"meta\": {\n"
    "       \"definition\": {\"val\": \"Hot.\", \"xrefs\": [\"url:x\"]},\n"
    "       \"comments\": [\"c1\", \"c2\"],\n"
    "       \"subsets\": [\"http://x.org/doid#slim\", \"plain\"],\n"
    "       \"xrefs\": [{\"val\": \"UMLS_CUI:C1\"}],\n"
    "       \"synonyms\": [{\"pred\": \"hasExactSynonym\", \"val\": \"scarlet "
    "heat\"},\n"
    "                    {\"pred\": \"hasBroadSynonym\", \"val\": \"fever\"}],\n"
    "       \"basicPropertyValues\": [\n"
    "         {\"pred\": \"http://www.geneontology.org/formats/oboInOwl#created_by\", "
    "\"val\": \"x\"},\n"
    "         {\"pred\": \"http://www.w3.org/2004/02/skos/core#exactMatch\", \"val\": "
    "\"MESH:D1\"}]}},\n"
    "    {\"id\": \"DOID:4\", \"lbl\": \"illness\"},\n"
    "    {\"id\": \"DOID:5\", \"lbl\": \"old\", \"meta\": {\"deprecated\": true}},\n"
    "    {\"id\": \"http://x.org/made\", \"lbl\": \"made by\", \"type\": "
    "\"PROPERTY\"},\n"
    "    {\"lbl\": \"no id\"}],\n"
    "  \"logicalDefinitionAxioms\": [{\"definedClassId\": \"DOID:1\", \"genusIds\": "
    "[\"DOID:4\"],\n"
    "    \"restrictions\": [{\"propertyId\": \"RO:0004026\", \"fillerId\": "
    "\"UBERON:1\"}]}],\n"
    "  \"equivalentNodesSets\": [{\"nodeIds\": [\"DOID:4\", \"MONDO:1\"]}]\n"
    "}]}\n";

static void test_graph(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.json", json, NULL);
    assert_string_equal(
        graph_text(w),
        "disease red \"fever\" | is_a | disease illness | x.json:4\n"
        "disease red \"fever\" | symptom | symptom HP:1 | x.json:6\n"
        "disease red \"fever\" | made by | concept X:1 | x.json:7\n"
        "disease red \"fever\" | description | \"Hot.\" | x.json:11\n"
        "disease red \"fever\" | comment | \"c1\" | x.json:11\n"
        "disease red \"fever\" | comment | \"c2\" | x.json:11\n"
        "disease red \"fever\" | broad_synonym | \"fever\" | x.json:11\n"
        "disease red \"fever\" | subset | \"slim\" | x.json:11\n"
        "disease red \"fever\" | subset | \"plain\" | x.json:11\n"
        "disease red \"fever\" | intersection_of | disease illness | x.json:26\n"
        "disease red \"fever\" | body_site | body_site UBERON:1 | x.json:26\n"
        "disease illness | same_as | disease MONDO:1 | x.json:28\n");
    assert_string_equal(node_text(w, "scarlet heat"),
                        "type disease; name en red \"fever\"; code DOID:1; alias en "
                        "scarlet heat; code UMLS:C1; code MESH:D1; \n");
    assert_non_null(strstr(node_text(w, "old"), "type obsolete"));
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "x.json:9: an edge without"));
    assert_non_null(strstr(said, "x.json:25: a node without an id"));
}

/* Cut anywhere it fails or says so, and never crashes; all of it in one line is the
 * same. */
static void test_cut(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.format = "obographs", .dry_run = true};
    for (size_t n = 1; n < sizeof json - 4; n += 7) {
        w->skips.len = 0;
        mkg_status st = import_bytes(w, "x.json", json, n, o, &r, &err);
        assert_true(st == MKG_EPARSE || r.skipped > 0);
    }
    char line[sizeof json];
    memcpy(line, json, sizeof json);
    for (char *p = line; *p; p++)
        if (*p == '\n') *p = ' ';
    assert_mkg_ok(import_bytes(w, "x.json", line, sizeof json - 1, o, &r, &err));
    assert_int_equal(r.facts, 12);
}

static const char babelon[] =
    "source_language\ttranslation_language\tsubject_id\tpredicate_id\tsource_value\t"
    "translation_value\ttranslation_status\n"
    "en\tzh\tHP:0001945\trdfs:label\tFever\t发热\tOFFICIAL\n"
    "en\tzh\tHP:0001945\tIAO:0000115\tRaised.\t体温升高。\tCANDIDATE\n"
    "en\tzh\tHP:2\trdfs:label\t\"A, b\"\t\tNOT_TRANSLATED\n"
    "en\tzh\tHP:3\trdfs:label\tC\t\tOFFICIAL\n"
    "en\tzh\t\trdfs:label\tC\t丙\tOFFICIAL\n"
    "en\tzh\tHP:4\n"
    "en\tfr\tHP:0001945\toboInOwl:hasExactSynonym\tPyrexia\tFièvre\tOFFICIAL\n";

static void test_babelon(void **state)
{
    import_world *w = *state;
    import_ok(w, "hp.tsv", babelon, NULL);
    assert_string_equal(node_text(w, "发热"),
                        "type symptom; name en Fever; code HP:0001945; name zh 发热; "
                        "alias en Pyrexia; alias en Fièvre; \n");
    assert_string_equal(graph_text(w),
                        "symptom 发热 | description | \"Raised.\" | hp.tsv:3\n"
                        "symptom 发热 | description | \"体温升高。\" | hp.tsv:3\n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "hp.tsv:5: the translation is empty"));
    assert_non_null(strstr(said, "hp.tsv:6: the row has no subject_id"));
    assert_non_null(strstr(said, "hp.tsv:7: 3 columns where the header has 7"));
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps", .dry_run = true};
    char *paths[] = {new_file(w->folder, "x.json", json, sizeof json - 1),
                     new_file(w->folder, "x.tsv", babelon, sizeof babelon - 1)};
    for (int i = 0; i < 2; i++) {
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st != MKG_OK && n < 20000; n++) {
            mkg__alloc_fail_after(n);
            st = mkg_import_file(w->kg, paths[i], &o, &r, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
        }
        assert_int_equal(st, MKG_OK);
        free(paths[i]);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {T(test_graph), T(test_cut), T(test_babelon),
                                       T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
