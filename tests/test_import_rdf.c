/* RDF: the same statements in each syntax give the same graph. */
#include "testing_import.h"

static mkg_err err;

static const char turtle[] =
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    "@prefix obo: <http://purl.obolibrary.org/obo/> .\n"
    "@prefix ex: <http://example.org/v#> .\n"
    "ex:onto a owl:Ontology ; <http://purl.org/dc/terms/license> <http://cc0.org/> .\n"
    "obo:DOID_1 a owl:Class ; rdfs:label \"diabetes\"@en , \"糖尿病\"@zh-CN , "
    "\"Zucker\"@de ;\n"
    "  rdfs:subClassOf obo:DOID_4 , [ a owl:Restriction ;\n"
    "    owl:onProperty obo:RO_0002200 ; owl:someValuesFrom obo:HP_7 ] ;\n"
    "  owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( obo:DOID_5\n"
    "    [ a owl:Restriction ; owl:onProperty ex:made ; owl:someValuesFrom ex:x ] ) ] "
    ";\n"
    "  ex:treats ex:y ; ex:count 7 .\n"
    "ex:made a owl:ObjectProperty ; rdfs:label \"made by\" .\n"
    "ex:d a ex:Drug ; skos:prefLabel \"metformin\" ; skos:altLabel \"二甲双胍\"@zh ;\n"
    "  skos:exactMatch <http://id.nlm.nih.gov/mesh/D1> ;\n"
    "  skos:broader ex:biguanide .\n"
    "obo:DOID_9 owl:deprecated true ; rdfs:label \"old\" .\n";

static const char rdfxml[] =
    "<?xml version=\"1.0\"?>\n"
    "<!DOCTYPE rdf:RDF [ <!ENTITY obo \"http://purl.obolibrary.org/obo/\" >\n"
    "  <!ENTITY secret SYSTEM \"file:///etc/passwd\" > ]>\n"
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"\n"
    "  xmlns:rdfs=\"http://www.w3.org/2000/01/rdf-schema#\"\n"
    "  xmlns:owl=\"http://www.w3.org/2002/07/owl#\"\n"
    "  xmlns:skos=\"http://www.w3.org/2004/02/skos/core#\"\n"
    "  xmlns:ex=\"http://example.org/v#\" xml:base=\"http://example.org/v\">\n"
    "<owl:Ontology rdf:about=\"#onto\"><dcterms:license "
    "xmlns:dcterms=\"http://purl.org/dc/terms/\" rdf:resource=\"http://cc0.org/\"/>"
    "</owl:Ontology>\n"
    "<owl:Class rdf:about=\"&obo;DOID_1\">\n"
    "  <rdfs:label xml:lang=\"en\">diabetes</rdfs:label>\n"
    "  <rdfs:label xml:lang=\"zh-CN\"><![CDATA[糖尿病]]></rdfs:label>\n"
    "  <rdfs:label xml:lang=\"de\">Zucker</rdfs:label>\n"
    "  <rdfs:subClassOf rdf:resource=\"&obo;DOID_4\"/>\n"
    "  <rdfs:subClassOf><owl:Restriction>\n"
    "    <owl:onProperty rdf:resource=\"&obo;RO_0002200\"/>\n"
    "    <owl:someValuesFrom rdf:resource=\"&obo;HP_7\"/>\n"
    "  </owl:Restriction></rdfs:subClassOf>\n"
    "  <owl:equivalentClass><owl:Class><owl:intersectionOf "
    "rdf:parseType=\"Collection\">\n"
    "    <rdf:Description rdf:about=\"&obo;DOID_5\"/>\n"
    "    <owl:Restriction><owl:onProperty rdf:resource=\"#made\"/>\n"
    "      <owl:someValuesFrom rdf:resource=\"#x\"/></owl:Restriction>\n"
    "  </owl:intersectionOf></owl:Class></owl:equivalentClass>\n"
    "  <ex:treats rdf:resource=\"#y\"/>\n"
    "  <ex:count>7</ex:count>\n"
    "</owl:Class>\n"
    "<owl:ObjectProperty rdf:ID=\"made\" rdfs:label=\"made by\"/>\n"
    "<ex:Drug rdf:about=\"#d\" skos:prefLabel=\"metformin\">\n"
    "  <skos:altLabel xml:lang=\"zh\">二甲双胍</skos:altLabel>\n"
    "  <skos:exactMatch rdf:resource=\"http://id.nlm.nih.gov/mesh/D1\"/>\n"
    "  <skos:broader><rdf:Description rdf:about=\"#biguanide\"/></skos:broader>\n"
    "</ex:Drug>\n"
    "<rdf:Description rdf:about=\"&obo;DOID_9\"><owl:deprecated>true</owl:deprecated>\n"
    "  <rdfs:label>old</rdfs:label></rdf:Description>\n"
    "</rdf:RDF>\n";

static const char *const lines[] = {
    "disease 糖尿病 | is_a | disease DOID:4",
    "disease 糖尿病 | treats | concept http://example.org/v#y",
    "disease 糖尿病 | count | \"7\"",
    "concept 二甲双胍 | instance_of | concept http://example.org/v#Drug",
    "concept 二甲双胍 | same_as | concept MESH:D1",
    "concept 二甲双胍 | is_a | concept http://example.org/v#biguanide",
    "disease 糖尿病 | symptom | symptom HP:7",
    "disease 糖尿病 | intersection_of | disease DOID:5",
    "disease 糖尿病 | made by | concept http://example.org/v#x"};
enum { LINES = sizeof lines / sizeof *lines };

static void check_graph(import_world *w)
{
    const char *text = graph_text(w);
    size_t n = 0;
    for (const char *p = text; *p; p++)
        n += *p == '\n';
    for (size_t i = 0; i < LINES; i++)
        if (!strstr(text, lines[i])) fail_msg("'%s' is not in\n%s", lines[i], text);
    assert_int_equal(n, LINES);
    const char *node = node_text(w, "糖尿病");
    assert_non_null(strstr(node, "name en diabetes"));
    assert_non_null(strstr(node, "alias en Zucker"));
    assert_non_null(strstr(node, "code DOID:1"));
    assert_non_null(strstr(node_text(w, "old"), "type obsolete"));
    mkg_source source;
    assert_mkg_ok(mkg_kg_source(w->kg, 1, &source, &err));
    assert_true(mkg__view_is(source.licence, "http://cc0.org/"));
}

static void test_turtle(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.ttl", turtle, NULL);
    check_graph(w);
    assert_non_null(strstr(graph_text(w), "symptom HP:7 | x.ttl:8\n"));
    assert_non_null(
        strstr(graph_text(w), "concept http://example.org/v#y | x.ttl:12\n"));
}

static void test_rdfxml(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.owl", rdfxml, NULL);
    check_graph(w);
    assert_non_null(strstr(graph_text(w), "symptom HP:7 | x.owl:15\n"));
}

/* Quads with a name, TriG with a graph around it. */
static void test_other_syntaxes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"x.nt",
         "# a comment\n"
         "<http://purl.obolibrary.org/obo/DOID_1> <http://www.w3.org/2000/01/rdf-"
         "schema#label> \"a \\u611f\"@en .\n"
         "<http://purl.obolibrary.org/obo/DOID_1> <http://x.org/r> _:b .\n"
         "<http://purl.obolibrary.org/obo/DOID_1> <http://x.org/r> "
         "<http://purl.obolibrary.org/obo/DOID_2> .\n"},
        {"x.nq",
         "<http://purl.obolibrary.org/obo/DOID_1> <http://www.w3.org/2000/01/rdf-"
         "schema#label> \"a \\u611f\"@en <http://x.org/g> .\n\n\n"
         "<http://purl.obolibrary.org/obo/DOID_1> <http://x.org/r> "
         "<http://purl.obolibrary.org/obo/DOID_2> <http://x.org/g> .\n"},
        {"x.trig", "@prefix o: <http://purl.obolibrary.org/obo/> .\n"
                   "<http://x.org/g> {\n o:DOID_1 "
                   "<http://www.w3.org/2000/01/rdf-schema#label> \"a 感\" ;\n"
                   "<http://x.org/r> o:DOID_2 . }\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *fresh = NULL;
        char want[128];
        import_setup(&fresh);
        import_world *w = fresh;
        import_ok(w, cases[i].name, cases[i].text, NULL);
        snprintf(want, sizeof want, "disease a 感 | r | disease DOID:2 | %s:4\n",
                 cases[i].name);
        assert_string_equal(graph_text(w), want);
        import_teardown(&fresh);
    }
}

/* A fault costs its line; what was not declared is told. */
static void test_faults(void **state)
{
    import_world *w = *state;
    import_ok(w, "x.ttl",
              "@prefix ex: <http://example.org/> .\n"
              "ex:a ex:r ex:b .\n"
              "ex:a ex:r \"open .\n"
              "bad:a ex:r ex:b .\n"
              "ex:a ex:r \"\xff\" .\n"
              "ex:c ex:r ex:d .\n",
              NULL);
    const char *text = graph_text(w), *said = mkg__buf_cstr(&w->skips);
    assert_string_equal(text, "concept http://example.org/a | r | concept "
                              "http://example.org/b | x.ttl:2\n"
                              "concept http://example.org/c | r | concept "
                              "http://example.org/d | x.ttl:6\n");
    assert_non_null(strstr(said, "x.ttl:3:"));
    assert_non_null(strstr(said, "x.ttl:4: the prefix of 'bad:a' was not declared"));
    assert_non_null(strstr(said, "x.ttl:5:"));
}

/* Entities that grow are refused, those of other files are not read. */
static void test_entities(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    mkg__buf b = {0};
    mkg__buf_str(&b, "<!DOCTYPE rdf:RDF [<!ENTITY a0 \"aaaaaaaaaaaaaaaaaaaa\">");
    for (int i = 1; i < 12; i++)
        mkg__buf_printf(&b, "<!ENTITY a%d \"&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;\">", i,
                        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    mkg__buf_str(&b,
                 "]><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
                 "xmlns:e=\"http://e/\"><rdf:Description rdf:about=\"http://e/1\">"
                 "<e:p>&a11;</e:p></rdf:Description></rdf:RDF>");
    assert_int_equal(import_bytes(w, "b.owl", b.ptr, b.len, o, &r, &err), MKG_EPARSE);
    mkg__buf_clear(&b);
    /* Without the entity the text is not known: nothing comes of the file. */
    static const char outside[] =
        "<!DOCTYPE rdf:RDF [<!ENTITY s SYSTEM \"file:///etc/hostname\">]>"
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
        "xmlns:e=\"http://e/\"><rdf:Description rdf:about=\"http://e/1\">"
        "<e:p>x</e:p><e:q>&s;</e:q></rdf:Description></rdf:RDF>";
    assert_int_equal(import_bytes(w, "s.owl", outside, sizeof outside - 1, o, &r, &err),
                     MKG_EPARSE);
    assert_non_null(strstr(err.msg, "Entity 's' not defined"));
    assert_string_equal(graph_text(w), "");
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps", .dry_run = true};
    char *paths[] = {new_file(w->folder, "x.ttl", turtle, sizeof turtle - 1),
                     new_file(w->folder, "x.owl", rdfxml, sizeof rdfxml - 1)};
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
    const struct CMUnitTest tests[] = {
        T(test_turtle), T(test_rdfxml),   cmocka_unit_test(test_other_syntaxes),
        T(test_faults), T(test_entities), T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
