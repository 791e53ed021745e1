/* Graphs that others made: Hetionet, KGX. */
#include "testing_import.h"

#include <sys/stat.h>

static mkg_err err;

/* ---- Hetionet ---- */

static const char het_nodes[] = "id\tname\tkind\r\n"
                                "Disease::DOID:1\tred fever\tDisease\r\n"
                                "Compound::DB1\tcoolin\tCompound\r\n"
                                "Gene::25\tABL1\tGene\r\n"
                                "Side Effect::C0027497\tNausea\tSide Effect\r\n"
                                "Symptom::D009325\tNausea\tSymptom\r\n"
                                "Moon Phase::7\tnew moon\tMoon Phase\r\n"
                                "Gene\tno code\tGene\r\n"
                                "Gene::26\n";

static const char het_edges[] = "source\tmetaedge\ttarget\n"
                                "Compound::DB1\tCtD\tDisease::DOID:1\n"
                                "Disease::DOID:1\tDpS\tSymptom::D009325\n"
                                "Disease::DOID:1\tDaG\tGene::25\n"
                                "Compound::DB1\tCcSE\tSide Effect::C0027497\n"
                                "Gene::25\tGr>G\tGene::26\n"
                                "Gene::25\tXyZ\tMoon Phase::7\n"
                                "Gene::25\t\tGene::26\n"
                                "Gene\tGr>G\tGene::26\n";

static void test_hetionet(void **state)
{
    import_world *w = *state;
    import_ok(w, "nodes.tsv", het_nodes, NULL);
    import_ok(w, "edges.sif", het_edges, NULL);
    assert_string_equal(graph_text(w),
                        "drug coolin | treats | disease red fever | edges.sif:2\n"
                        "disease red fever | symptom | symptom Nausea | edges.sif:3\n"
                        "disease red fever | gene | gene ABL1 | edges.sif:4\n"
                        "drug coolin | adverse_effect | symptom Nausea | edges.sif:5\n"
                        "gene ABL1 | regulates | gene NCBIGENE:26 | edges.sif:6\n"
                        "gene ABL1 | XyZ | moon_phase new moon | edges.sif:7\n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "nodes.tsv:8: the id is not of the form Kind::code"));
    assert_non_null(strstr(said, "nodes.tsv:9: 1 column where the header has 3"));
    assert_non_null(strstr(said, "edges.sif:8: the metaedge is missing"));
    assert_non_null(strstr(said, "edges.sif:9: an id is not of the form Kind::code"));
    assert_non_null(strstr(said, "the relation 'XyZ' is new"));
    /* A symptom of the same name that is known by another code is the same one. */
    const char *nausea = node_text(w, "nausea");
    assert_non_null(strstr(nausea, "code UMLS:C0027497"));
    assert_non_null(strstr(nausea, "code MESH:D009325"));
}

static const char het_json[] =
    "{\"metanode_kinds\": [\"Gene\"], \"metaedge_tuples\": [[\"Gene\", \"Gene\", "
    "\"interacts\", \"both\"]], \"kind_to_abbrev\": {\"Gene\": \"G\"},\n"
    "\"nodes\": [\n"
    "{\"kind\": \"Gene\", \"identifier\": 25, \"name\": \"ABL1\", \"data\": "
    "{\"description\": \"a kinase\"}},\n"
    "{\"kind\": \"Compound\", \"identifier\": \"DB1\", \"name\": \"coolin\", "
    "\"data\": {}},\n"
    "{\"kind\": \"Gene\", \"identifier\": true},\n"
    "{\"kind\": \"Disease\", \"identifier\": \"DOID:1\", \"name\": \"red fever\"}],\n"
    "\"edges\": [\n"
    "{\"source_id\": [\"Compound\", \"DB1\"], \"target_id\": [\"Disease\", "
    "\"DOID:1\"], \"kind\": \"treats\", \"direction\": \"both\", \"data\": {}},\n"
    "{\"source_id\": [\"Compound\", \"DB1\"], \"target_id\": [\"Gene\", 25], "
    "\"kind\": \"tickles\"},\n"
    "{\"source_id\": [\"Gene\"], \"target_id\": [\"Gene\", 25], \"kind\": "
    "\"regulates\"}]}\n";

static void test_hetionet_json(void **state)
{
    import_world *w = *state;
    import_ok(w, "h.json", het_json, NULL);
    assert_string_equal(graph_text(w),
                        "gene ABL1 | description | \"a kinase\" | h.json:3\n"
                        "drug coolin | treats | disease red fever | h.json:8\n"
                        "drug coolin | tickles | gene ABL1 | h.json:9\n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "h.json:5: the node has no kind or no identifier"));
    assert_non_null(strstr(said, "h.json:10: the edge has no kind, or an end"));
}

/* ---- KGX ---- */

static const char kgx_nodes[] =
    "id\tcategory\tname\tdescription\tsynonym\txref\tprovided_by\n"
    "MONDO:1\tbiolink:NamedThing|biolink:Disease\tred fever\tHot.\theat|scarlet "
    "heat\tDOID:7|UMLS:C1\tx\n"
    "X:2\tbiolink:NamedThing|biolink:MoonPhase\tnew moon\t\t\t\tx\n"
    "HP:3\tbiolink:NamedThing\tRash\t\t\t\tx\n"
    "X:4\t\t\t\t\t\tx\n"
    "\tbiolink:Disease\tno id\t\t\t\tx\n";

static const char kgx_edges[] =
    "id\tsubject\tpredicate\tobject\trelation\tnegated\tweight\n"
    "1\tMONDO:1\tbiolink:has_phenotype\tHP:3\tRO:0002200\t\t\n"
    "2\tMONDO:1\tbiolink:related_to\thttp://identifiers.org/hgnc/25\tRO:0004003\t\t\n"
    "3\tMONDO:1\tbiolink:caused_in\tX:2\t\ttrue\t\n"
    "4\tMONDO:1\tbiolink:related_to\tX:2\t\tfalse\t0.5\n"
    "5\tMONDO:1\tbiolink:has_phenotype\t\t\t\t\n";

static const char kgx_graph[] =
    "disease red fever | description | \"Hot.\" | nodes.tsv:2\n"
    "disease red fever | symptom | symptom Rash | edges.tsv:2\n"
    "disease red fever | gene | gene HGNC:25 | edges.tsv:3\n"
    "- disease red fever | biolink:caused_in | moon_phase new moon | edges.tsv:4\n"
    "disease red fever | related_to | moon_phase new moon | edges.tsv:5 | 0.5\n";

static void test_kgx(void **state)
{
    import_world *w = *state;
    import_ok(w, "nodes.tsv", kgx_nodes, NULL);
    assert_string_equal(node_text(w, "red fever"),
                        "type disease; name en red fever; code MONDO:1; alias en heat; "
                        "alias en scarlet heat; code DOID:7; code UMLS:C1; \n");
    import_ok(w, "edges.tsv", kgx_edges, NULL);
    assert_string_equal(graph_text(w), kgx_graph);
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "nodes.tsv:6: the node has no id"));
    assert_non_null(strstr(said, "edges.tsv:6: the edge has no subject, predicate or"));
}

static const char kgx_json[] =
    "{\"id\": \"MONDO:1\", \"category\": [\"biolink:Disease\"], \"name\": \"red "
    "fever\", \"synonym\": [\"heat\", \"scarlet heat\"], \"xref\": [\"UMLS:C1\"]}\n"
    "{\"id\": \"HP:3\", \"category\": \"biolink:PhenotypicFeature\", \"name\": "
    "\"Rash\"}\n"
    "{\"subject\": \"MONDO:1\", \"predicate\": \"biolink:has_phenotype\", \"object\": "
    "\"HP:3\", \"negated\": true, \"weight\": 2}\n"
    "{\"subject\": \"MONDO:1\", \"predicate\": \"biolink:has_phenotype\"}\n"
    "{\"id\": \"MONDO:1\n"
    "[1]\n";

static void test_kgx_json(void **state)
{
    import_world *w = *state;
    import_ok(w, "g.jsonl", kgx_json, NULL);
    assert_string_equal(
        graph_text(w),
        "- disease red fever | symptom | symptom Rash | g.jsonl:3 | 2\n");
    assert_string_equal(node_text(w, "heat"),
                        "type disease; name en red fever; code MONDO:1; alias en heat; "
                        "alias en scarlet heat; code UMLS:C1; \n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "g.jsonl:4: the edge has no subject"));
    assert_non_null(strstr(said, "g.jsonl:5:"));
    assert_non_null(strstr(said, "g.jsonl:6: the line is no JSON object"));
}

/* ---- folders ---- */

/* Both files are one source: edges find nodes that are described later, places name
 * the file, what is missing is told. The same folder again is nothing new. */
static void test_folder(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    char *folder = in_folder(w->folder, "het");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(new_file(folder, "nodes.tsv", het_nodes, sizeof het_nodes - 1));
    free(new_file(folder, "edges.sif", het_edges, sizeof het_edges - 1));
    free(new_file(folder, "README", "a text\n", 7));
    free(new_file(folder, ".hidden", "id\n", 3));
    assert_mkg_ok(import_path(w, folder, o, &r, &err));
    assert_string_equal(r.name, "het");
    assert_string_equal(r.format, "hetionet");
    assert_string_equal(graph_text(w),
                        "drug coolin | treats | disease red fever | edges.sif:2\n"
                        "disease red fever | symptom | symptom Nausea | edges.sif:3\n"
                        "disease red fever | gene | gene ABL1 | edges.sif:4\n"
                        "drug coolin | adverse_effect | symptom Nausea | edges.sif:5\n"
                        "gene ABL1 | regulates | gene NCBIGENE:26 | edges.sif:6\n"
                        "gene ABL1 | XyZ | moon_phase new moon | edges.sif:7\n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "README: the file is not in the format 'hetionet'"));
    assert_null(strstr(said, "hidden"));
    assert_non_null(strstr(said, "1 thing that the file refers to and does not"));
    assert_null(strstr(said, "already"));
    assert_int_equal(import_path(w, folder, o, &r, &err), MKG_EXISTS);
    o.format = "obo";
    assert_int_equal(import_path(w, folder, o, &r, &err), MKG_EPARSE);
    free(folder);
}

/* ---- all ---- */

static void test_no_memory(void **state)
{
    import_world *w = *state;
    static const char *const texts[] = {het_nodes, het_edges, het_json,
                                        kgx_nodes, kgx_edges, kgx_json};
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps", .dry_run = true};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mkg_status st = MKG_ENOMEM;
        char *path = new_file(w->folder, "x", texts[i], strlen(texts[i]));
        for (long n = 1; st != MKG_OK && n < 20000; n++) {
            mkg__alloc_fail_after(n);
            st = mkg_import_file(w->kg, path, &o, &r, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
        }
        assert_int_equal(st, MKG_OK);
        free(path);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {T(test_hetionet), T(test_hetionet_json),
                                       T(test_kgx),      T(test_kgx_json),
                                       T(test_folder),   T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
