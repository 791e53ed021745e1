/* Classifications: MeSH and ClaML in XML, ICD-10-CM as order file and as XML. The files
 * are made up, with each element that the readers know. */
#include "testing_import.h"

static mkg_err err;

static void try_text(import_world *w, const char *name, const char *text,
                     const char *format, const char *facts)
{
    mkg_import_result r;
    mkg_import_opts o = {0};
    assert_mkg_ok(import_bytes(w, name, text, strlen(text), o, &r, &err));
    assert_string_equal(r.format, format);
    assert_string_equal(graph_text(w), facts);
}

#define NAME(what, text) "<" what "Name><String>" text "</String></" what "Name>"

static const char mesh[] =
    "<?xml version=\"1.0\"?>\n"
    "<!DOCTYPE DescriptorRecordSet SYSTEM \"desc2015.dtd\">\n"
    "<DescriptorRecordSet LanguageCode=\"eng\">\n"
    "<DescriptorRecord DescriptorClass=\"1\"><DescriptorUI>D1</DescriptorUI>" NAME(
        "Descriptor",
        "Fevers") "<Note>n</Note>\n"
                  "<SeeRelatedList><SeeRelatedDescriptor><DescriptorReferredTo><"
                  "DescriptorUI>D9"
                  "</DescriptorUI>" NAME(
                      "Descriptor",
                      "Heat") "</DescriptorReferredTo></SeeRelatedDescriptor></"
                              "SeeRelatedList>\n"
                              "<TreeNumberList><TreeNumber>C23.888</TreeNumber></"
                              "TreeNumberList>\n"
                              "<ConceptList><Concept "
                              "PreferredConceptYN=\"Y\"><ConceptUI>M1</ConceptUI>" NAME(
                                  "Concept",
                                  "Fevers") "<RegistryNumber>0</RegistryNumber>"
                                            "<ScopeNote>Too &lt;hot&gt;.\n "
                                            "</ScopeNote>\n"
                                            "<SemanticTypeList><SemanticType><"
                                            "SemanticTypeName>Odd "
                                            "Thing</SemanticTypeName>"
                                            "</"
                                            "SemanticType><SemanticType><"
                                            "SemanticTypeName>Sign or "
                                            "Symptom</SemanticTypeName>"
                                            "</SemanticType></SemanticTypeList>\n"
                                            "<TermList><Term><String>Fevers</String></"
                                            "Term><Term IsPermutedTermYN=\"N\">"
                                            "<String>Pyrexia</String></Term><Term "
                                            "IsPermutedTermYN=\"Y\"><String>Permuted"
                                            "</String></Term></TermList></Concept>\n"
                                            "<Concept "
                                            "PreferredConceptYN=\"N\"><ConceptUI>M2</"
                                            "ConceptUI>" NAME(
                                                "Concept",
                                                "Hyperpyrexia") "<RegistryNumber>50-00-"
                                                                "0</RegistryNumber>"
                                                                "<ConceptRelationList><"
                                                                "ConceptRelation "
                                                                "RelationName=\"NRW\"/"
                                                                "></"
                                                                "ConceptRelationList>"
                                                                "<TermList><Term><"
                                                                "String>Hyperpyrexia</"
                                                                "String></Term></"
                                                                "TermList></Concept>"
                                                                "</ConceptList></"
                                                                "DescriptorRecord>\n"
                                                                "<DescriptorRecord><"
                                                                "DescriptorUI>D2</"
                                                                "DescriptorUI>" NAME(
                                                                    "Descriptor",
                                                                    "Ague") "<Pharmacol"
                                                                            "ogicalActi"
                                                                            "onList><"
                                                                            "Pharmacolo"
                                                                            "gicalActio"
                                                                            "n><"
                                                                            "Descriptor"
                                                                            "ReferredTo"
                                                                            ">"
                                                                            "<Descripto"
                                                                            "rUI>D9</"
                                                                            "Descriptor"
                                                                            "UI></"
                                                                            "Descriptor"
                                                                            "ReferredTo"
                                                                            "></"
                                                                            "Pharmacolo"
                                                                            "gicalActio"
                                                                            "n>"
                                                                            "</"
                                                                            "Pharmacolo"
                                                                            "gicalActio"
                                                                            "nList><"
                                                                            "TreeNumber"
                                                                            "List><"
                                                                            "TreeNumber"
                                                                            ">C23.888."
                                                                            "5</"
                                                                            "TreeNumber"
                                                                            ">"
                                                                            "</"
                                                                            "TreeNumber"
                                                                            "List></"
                                                                            "Descriptor"
                                                                            "Record>\n"
                                                                            "<Descripto"
                                                                            "rRecord><"
                                                                            "Descriptor"
                                                                            "Name/></"
                                                                            "Descriptor"
                                                                            "Record>\n"
                                                                            "</"
                                                                            "Descriptor"
                                                                            "RecordSet>"
                                                                            "\n";

static void test_mesh(void **state)
{
    import_world *w = *state;
    try_text(w, "desc.xml", mesh, "mesh",
             "symptom Fevers | description | \"Too <hot>.\" | desc.xml:7\n"
             "symptom Fevers | narrow_synonym | \"Hyperpyrexia\" | desc.xml:11\n"
             "symptom Fevers | tree_number | \"C23.888\" | desc.xml:6\n"
             "symptom Fevers | related_to | concept Heat | desc.xml:5\n"
             "symptom Fevers | comment | \"n\" | desc.xml:4\n"
             "disease Ague | tree_number | \"C23.888.5\" | desc.xml:12\n"
             "disease Ague | pharmacological_action | concept Heat | desc.xml:12\n"
             "disease Ague | is_a | symptom Fevers | desc.xml:12\n");
    assert_string_equal(node_text(w, "hyperpyrexia"),
                        "type symptom; name en Fevers; code MESH:D1; code MESH:M1; "
                        "alias en Pyrexia; code MESH:M2; alias en Hyperpyrexia; code "
                        "CAS:50-00-0; \n");
    assert_non_null(
        strstr(mkg__buf_cstr(&w->skips), "desc.xml:13: the record has no UI"));
}

/* What is cut off fails, with the place, whatever was read of it. */
static void test_cut_off(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    assert_int_equal(import_bytes(w, "d.xml", mesh, sizeof mesh - 60, o, &r, &err),
                     MKG_EPARSE);
    assert_int_equal(err.line, 13);
    assert_non_null(strstr(err.msg, "the file is cut off: 2 elements are not closed"));
    assert_string_equal(graph_text(w), "");
}

static const char claml[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE ClaML SYSTEM \"ClaML.dtd\">\n"
    "<ClaML version=\"2.0.0\"><Meta name=\"lang\" value=\"en\"/>\n"
    "<Title name=\"ICD-10-EN\" version=\"2019\" date=\"2019-01-01\">ICD-10</Title>\n"
    "<Modifier code=\"S04E10_4\"><SubClass code=\".0\"/></Modifier>\n"
    "<ModifierClass modifier=\"S04E10_4\" code=\".0\"><SuperClass code=\"S04E10_4\"/>"
    "<Rubric kind=\"preferred\"><Label xml:lang=\"en\">With coma</Label></Rubric>"
    "</ModifierClass>\n"
    "<ModifierClass modifier=\"S04E10_4\" code=\".9\"><Rubric kind=\"preferred\">"
    "<Label xml:lang=\"en\">Without</Label></Rubric></ModifierClass>\n"
    "<Class code=\"IV\" kind=\"chapter\"><SubClass code=\"E10-E14\"/><Rubric "
    "kind=\"preferred\"><Label xml:lang=\"en\" xml:space=\"default\">Endocrine"
    "</Label></Rubric></Class>\n"
    "<Class code=\"E10-E14\" kind=\"block\"><SuperClass code=\"IV\"/><Rubric "
    "kind=\"preferred\"><Label xml:lang=\"en\">Diabetes</Label></Rubric></Class>\n"
    "<Class code=\"E10\" kind=\"category\"><SuperClass code=\"E10-E14\"/><SubClass "
    "code=\"E10.9\"/><ModifiedBy code=\"S04E10_4\" all=\"true\"/>\n"
    "<Rubric id=\"D1\" kind=\"preferred\"><Label xml:lang=\"en\">Type 1</Label>"
    "</Rubric>\n"
    "<Rubric kind=\"inclusion\"><Label xml:lang=\"en\"><Fragment type=\"list\">brittle"
    "</Fragment><Fragment>diabetes</Fragment></Label></Rubric>\n"
    "<Rubric kind=\"exclusion\"><Label xml:lang=\"en\">neonatal <Reference "
    "code=\"P70.2\">P70.2</Reference></Label></Rubric>\n"
    "<Rubric kind=\"coding-hint\"><Label xml:lang=\"de\">Hinweis</Label></Rubric>\n"
    "<Rubric kind=\"definition\"><Label xml:lang=\"en\"><Para>What</Para></Label>"
    "</Rubric></Class>\n"
    "<Class code=\"E10.9\" kind=\"category\"><SuperClass code=\"E10\"/><Rubric "
    "kind=\"preferred\"><Label xml:lang=\"en\">Own title</Label></Rubric></Class>\n"
    "<Class kind=\"category\"/>\n</ClaML>\n";

static void test_claml(void **state)
{
    import_world *w = *state;
    try_text(w, "icd.xml", claml, "claml",
             "disease Diabetes | is_a | disease Endocrine | icd.xml:9\n"
             "disease Type 1 | is_a | disease Diabetes | icd.xml:10\n"
             "disease Type 1 | inclusion | \"brittlediabetes\" | icd.xml:12\n"
             "disease Type 1 | exclusion | \"neonatal P70.2\" | icd.xml:13\n"
             "disease Type 1 | coding_hint | \"Hinweis\" | icd.xml:14\n"
             "disease Type 1 | description | \"What\" | icd.xml:15\n"
             "disease Own title | is_a | disease Type 1 | icd.xml:16\n"
             "disease Type 1: With coma | is_a | disease Type 1 | icd.xml:10\n");
    assert_string_equal(
        node_text(w, "type 1: with coma"),
        "type disease; name en Type 1: With coma; code ICD10:E10.0; \n");
    assert_non_null(strstr(mkg__buf_cstr(&w->skips), "icd.xml:17: the class has no"));
}

static void test_order_file(void **state)
{
    import_world *w = *state;
    try_text(w, "icd10cm_order.txt",
             "00001 A00     0 Cholera                                                 "
             "     Cholera\n"
             "00002 A000    1 Cholera due to V. cholerae                              "
             "     Cholera due to Vibrio cholerae\n"
             "00003 T360X1A 1 Poisoning by penicillin                                 "
             "     Poisoning by penicillins, initial encounter\n"
             "no such line\n",
             "icd10cm",
             "disease Cholera due to Vibrio cholerae | is_a | disease Cholera | "
             "icd10cm_order.txt:2\n");
    assert_string_equal(node_text(w, "poisoning by penicillin"),
                        "type disease; name en Poisoning by penicillins, initial "
                        "encounter; code ICD10CM:T36.0X1A; alias en Poisoning by "
                        "penicillin; \n");
    assert_non_null(
        strstr(mkg__buf_cstr(&w->skips), "icd10cm_order.txt:4: the line has"));
}

static void test_tabular(void **state)
{
    import_world *w = *state;
    try_text(
        w, "tabular.xml",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<ICD10CM.tabular><version>2024</version><introduction><x/></introduction>\n"
        "<chapter><name>1</name><desc>Infections (A00-B99)</desc>\n"
        "<includes><note>contagious ones</note></includes>\n"
        "<useAdditionalCode><note>for resistance (Z16.-)</note></useAdditionalCode>\n"
        "<sectionIndex><sectionRef first=\"A00\" last=\"A09\" id=\"A00-A09\">x"
        "</sectionRef></sectionIndex>\n"
        "<section id=\"A00-A09\"><desc>Intestinal (A00-A09)</desc>\n"
        "<diag><name>A00</name><desc>Cholera</desc>\n"
        "<sevenChrDef><extension char=\"A\">initial</extension></sevenChrDef>\n"
        "<diag><name>A00.0</name><desc>Classical cholera</desc><inclusionTerm><note>"
        "Asiatic cholera</note></inclusionTerm><excludes1><note>carrier (Z22.1)</note>"
        "</excludes1><excludes2><note>other</note></excludes2><codeFirst><note>cf</"
        "note>"
        "</codeFirst><codeAlso><note>ca</note></codeAlso></diag></diag>\n"
        "<diag><desc>No name</desc></diag></section></chapter></ICD10CM.tabular>\n",
        "icd10cm",
        "disease Infections | inclusion | \"contagious ones\" | tabular.xml:4\n"
        "disease Infections | use_additional_code | \"for resistance (Z16.-)\" | "
        "tabular.xml:5\n"
        "disease Intestinal | is_a | disease Infections | tabular.xml:7\n"
        "disease Cholera | is_a | disease Intestinal | tabular.xml:8\n"
        "disease Cholera | seventh_character | \"A: initial\" | tabular.xml:9\n"
        "disease Classical cholera | is_a | disease Cholera | tabular.xml:10\n"
        "disease Classical cholera | inclusion | \"Asiatic cholera\" | tabular.xml:10\n"
        "disease Classical cholera | excludes1 | \"carrier (Z22.1)\" | tabular.xml:10\n"
        "disease Classical cholera | excludes2 | \"other\" | tabular.xml:10\n"
        "disease Classical cholera | code_first | \"cf\" | tabular.xml:10\n"
        "disease Classical cholera | code_also | \"ca\" | tabular.xml:10\n");
    assert_string_equal(node_text(w, "asiatic cholera"),
                        "type disease; name en Classical cholera; code ICD10CM:A00.0; "
                        "alias en Asiatic cholera; \n");
    assert_non_null(
        strstr(mkg__buf_cstr(&w->skips), "tabular.xml:11: the code has no"));
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.dry_run = true};
    char *paths[] = {new_text(w->folder, "a.xml", mesh),
                     new_text(w->folder, "b.xml", claml)};
    for (size_t i = 0; i < 2; i++) {
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st == MKG_ENOMEM && n < 20000; n++) {
            mkg__alloc_fail_after(n);
            st = mkg_import_file(w->kg, paths[i], &o, &r, &err);
            mkg__alloc_fail_after(0);
        }
        assert_mkg_ok(st);
        free(paths[i]);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {T(test_mesh),    T(test_cut_off),
                                       T(test_claml),   T(test_order_file),
                                       T(test_tabular), T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
