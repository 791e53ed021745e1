/* OBO: each tag, escapes, continued lines, stubs, rings, no memory. */
#include "testing_import.h"

static mkg_err err;

static const char terms[] = "format-version: 1.4\n"
                            "ontology: x\n"
                            "\n"
                            "[Term]\n"
                            "id: DOID:1\n"
                            "name: red \\\n"
                            "fever\n"
                            "alt_id: DOID:11\n"
                            "def: \"Hot, \\\"very\\\" hot.\" [url:http\\://a.b/c]\n"
                            "comment: see below ! not a comment of ours\n"
                            "synonym: \"scarlet heat\" EXACT OMO:0003012 []\n"
                            "synonym: \"fever\" BROAD []\n"
                            "synonym: \"mild red fever\" NARROW []\n"
                            "synonym: \"rash\" RELATED [A:1]\n"
                            "exact_synonym: \"old tag\" []\n"
                            "xref: UMLS_CUI:C001 \"Red fever\"\n"
                            "xref: SNOMEDCT_US_2015_03_01:123 {source=\"x\"}\n"
                            "xref: HP:0000001 ! of another type\n"
                            "xref: ICD10CM:R50\n"
                            "xref: v\n"
                            "subset: slim\n"
                            "is_a: DOID:4 {source=\"y\"} ! disease\n"
                            "intersection_of: DOID:4\n"
                            "intersection_of: has_symptom SYMP:1 ! heat\n"
                            "relationship: made_by NCBITaxon:9 ! a virus\n"
                            "property_value: skos:exactMatch MESH:D1\n"
                            "property_value: skos:exactMatch \"NCI:C1\" xsd:string\n"
                            "property_value: IAO:0000233 \"free text\" xsd:string\n"
                            "created_by: x\n"
                            "\n"
                            "[Term]\n"
                            "id: DOID:2\n"
                            "name: old fever\n"
                            "is_obsolete: true\n"
                            "replaced_by: DOID:1\n"
                            "consider: DOID:4\n"
                            "\n"
                            "[Term]\n"
                            "id: DOID:4\n"
                            "name: illness\n"
                            "\n"
                            "[Typedef]\n"
                            "id: made_by\n"
                            "name: has causative agent\n"
                            "xref: RO:99\n";

static const char graph[] =
    "disease red fever | description | \"Hot, \"very\" hot.\" | x.obo:9\n"
    "disease red fever | comment | \"see below ! not a comment of ours\" | x.obo:10\n"
    "disease red fever | broad_synonym | \"fever\" | x.obo:12\n"
    "disease red fever | narrow_synonym | \"mild red fever\" | x.obo:13\n"
    "disease red fever | related_synonym | \"rash\" | x.obo:14\n"
    "disease red fever | xref | concept HP:0000001 | x.obo:18\n"
    "disease red fever | xref | \"v\" | x.obo:20\n"
    "disease red fever | subset | \"slim\" | x.obo:21\n"
    "disease red fever | is_a | disease illness | x.obo:22\n"
    "disease red fever | intersection_of | disease illness | x.obo:23\n"
    "disease red fever | symptom | symptom heat | x.obo:24\n"
    "disease red fever | has causative agent | organism a virus | x.obo:25\n"
    "disease red fever | same_as | concept MESH:D1 | x.obo:26\n"
    "disease red fever | IAO:0000233 | \"free text\" | x.obo:28\n"
    "obsolete old fever | replaced_by | disease red fever | x.obo:35\n"
    "obsolete old fever | consider | disease illness | x.obo:36\n";

static void test_tags(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.obo", terms, NULL);
    assert_string_equal(graph_text(w), graph);
    assert_string_equal(
        node_text(w, "Red Fever"),
        "type disease; name en red fever; code DOID:1; code DOID:11; alias en scarlet "
        "heat; alias en rash; alias en old tag; code UMLS:C001; code SNOMEDCT:123; "
        "code "
        "ICD10CM:R50; code NCI:C1; \n");
    assert_non_null(strstr(w->skips.ptr, "refers to and does not describe"));
}

/* The same id in another file is the same thing, whatever it is called there. */
static void test_two_files(void **state)
{
    import_world *w = *state;
    mkg_ids a = {0}, b = {0};
    import_ok(w, "x.obo", terms, NULL);
    import_ok(w, "y.obo", "[Term]\nid: DOID:1\nname: roter Fiebers\n", NULL);
    assert_int_equal(mkg_kg_find_name(w->kg, V("red fever"), &a, &err), MKG_OK);
    assert_int_equal(mkg_kg_find_name(w->kg, V("roter fiebers"), &b, &err), MKG_OK);
    assert_int_equal(a.ids[0], b.ids[0]);
    mkg_ids_clear(&a);
    mkg_ids_clear(&b);
}

/* Two ids with one name are two things; a code that is the id of another thing does not
 * make them one. */
static void test_same_name(void **state)
{
    import_world *w = *state;
    mkg_ids ids = {0};
    import_ok(
        w, "x.obo",
        "[Term]\nid: DOID:1\nname: a\nxref: DOID:2\n[Term]\nid: DOID:2\nname: a\n",
        NULL);
    assert_int_equal(mkg_kg_find_name(w->kg, V("a"), &ids, &err), MKG_OK);
    assert_int_equal(ids.n, 2);
    assert_string_equal(graph_text(w), "disease a | xref | disease a | x.obo:4\n");
    mkg_ids_clear(&ids);
}

static void test_rings(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.obo",
              "[Term]\nid: DOID:1\nname: a\nis_a: DOID:2\nis_a: DOID:3\n"
              "[Term]\nid: DOID:2\nname: b\nis_a: DOID:3\n"
              "[Term]\nid: DOID:3\nname: c\nis_a: DOID:1\n",
              NULL);
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "x.obo:13: 'DOID:3' is_a 'DOID:1' closes a ring"));
    assert_null(strstr(strstr(said, "ring") + 1, "ring:"));
}

/* Much text goes through a file and back. */
static void test_large(void **state)
{
    import_world *w = *state;
    mkg__buf b = {0};
    mkg_import_result r;
    mkg_import_opts o = {0};
    for (int i = 0; i < 1500; i++) {
        mkg__buf_printf(&b, "[Term]\nid: X:%d\nname: n%d\nis_a: X:%d\ndef: \"", i, i,
                        i / 2 + 2000);
        for (int k = 0; k < 5000; k++)
            mkg__buf_str(&b, "0123456789");
        mkg__buf_printf(&b, "%d\" []\n", i);
    }
    assert_mkg_ok(import_bytes(w, "large.obo", b.ptr, b.len, o, &r, &err));
    assert_int_equal(r.facts, 3000);
    assert_int_equal(r.nodes, 1500 + 750);
    mkg_fact f;
    assert_int_equal(mkg_kg_fact(w->kg, 3000, &f, &err), MKG_OK);
    assert_int_equal(f.literal.len, 50004);
    assert_memory_equal(f.literal.ptr + 50000, "1499", 4);
    mkg__buf_clear(&b);
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps"};
    char *path = new_file(w->folder, "x.obo", terms, sizeof terms - 1);
    char hash[33], before[33];
    mkg_kg_hash(w->kg, before);
    mkg_status st = MKG_ENOMEM;
    for (long n = 1; st != MKG_OK && n < 20000; n++) {
        mkg__alloc_fail_after(n);
        st = mkg_import_file(w->kg, path, &o, &r, &err);
        mkg__alloc_fail_after(0);
        if (st == MKG_OK) break;
        assert_int_equal(st, MKG_ENOMEM);
        mkg_kg_hash(w->kg, hash);
        assert_string_equal(hash, before);
    }
    assert_int_equal(st, MKG_OK);
    assert_int_equal(r.facts, 16);
    free(path);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {T(test_tags),      T(test_two_files),
                                       T(test_same_name), T(test_rings),
                                       T(test_large),     T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
