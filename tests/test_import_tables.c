/* Tables through the mapping files of data/maps and through maps of one's own; tables
 * of graphs (neo4j, DRKG). */
#include "testing_import.h"

static mkg_err err;

/* Import text as a file and hold format, facts and what was told against the expected.
 */
static void try_text(import_world *w, const char *name, const char *text,
                     const char *format, const char *facts)
{
    mkg_import_result r;
    mkg_import_opts o = {0};
    assert_mkg_ok(import_bytes(w, name, text, strlen(text), o, &r, &err));
    assert_string_equal(r.format, format);
    assert_string_equal(graph_text(w), facts);
}

static void test_atc(void **state)
{
    import_world *w = *state;
    try_text(w, "atc.csv",
             "atc_code,atc_name,ddd,uom,adm_r,note\n"
             "A,ALIMENTARY TRACT AND METABOLISM,NA,NA,NA,NA\n"
             "A10,DRUGS USED IN DIABETES,NA,NA,NA,NA\n"
             "A10BA02,metformin,2,g,O,NA\n"
             "A10BA02,metformin,1,g,P,a note\n"
             "A10BA03,metformin,NA,NA,NA,NA\n",
             "atc",
             "drug metformin | defined_daily_dose | \"2 g O\" | atc.csv:4\n"
             "drug metformin | defined_daily_dose | \"1 g P\" | atc.csv:5\n"
             "drug metformin | comment | \"a note\" | atc.csv:5\n"
             "drug_class DRUGS USED IN DIABETES | is_a | drug_class ALIMENTARY TRACT "
             "AND METABOLISM | atc.csv:3\n"
             "drug metformin | is_a | drug_class DRUGS USED IN DIABETES | atc.csv:4\n"
             "drug metformin | is_a | drug_class DRUGS USED IN DIABETES | atc.csv:6\n");
    assert_string_equal(node_text(w, "metformin"),
                        "type drug; name en metformin; code ATC:A10BA02; \n"
                        "type drug; name en metformin; code ATC:A10BA03; \n");
}

static void test_icd(void **state)
{
    import_world *w = *state;
    try_text(w, "codes.csv",
             "A01,\"Typhoid, and paratyphoid\"\nA010,Typhoid fever\n"
             "A0100,\"Typhoid fever, unspecified\"\n",
             "icd",
             "disease Typhoid fever | is_a | disease Typhoid, and paratyphoid | "
             "codes.csv:2\n"
             "disease Typhoid fever, unspecified | is_a | disease Typhoid fever | "
             "codes.csv:3\n");
    assert_string_equal(node_text(w, "typhoid fever, unspecified"),
                        "type disease; name en Typhoid fever, unspecified; code "
                        "ICD10CM:A01.00; \n");
}

static void test_icd_versions(void **state)
{
    import_world *w = *state;
    try_text(w, "map.csv",
             "E800.0|V80.0|Fell\r\n001.0|A00.0|Cholera\r\n002.0||None\r\n", "icd",
             "disease ICD9CM:E800.0 | maps_to | disease Fell | map.csv:1\n"
             "disease ICD9CM:001.0 | maps_to | disease Cholera | map.csv:2\n");
    assert_string_equal(mkg__buf_cstr(&w->skips),
                        "map.csv:3: the row names no 'icd10'\n"
                        "map.csv: 2 things that the file refers to and does not "
                        "describe ('ICD9CM:E800.0' is the first): kept by name and "
                        "code alone\n"
                        "map.csv:1: the relation 'maps_to' is new: no vocabulary has "
                        "it\n");
}

/* The columns of the national clinical version: a main and an additional code. */
static void test_icd_chinese(void **state)
{
    import_world *w = *state;
    try_text(w, "国家临床版.csv",
             "主要编码,附加编码,疾病名称\n"
             "A17,,神经系统的结核\nA17.0+,G01*,结核性脑膜炎\n"
             "A17.000x002,,结核性脑膜脑炎（急性）\n",
             "icd10cn",
             "disease 结核性脑膜炎 | is_a | disease 神经系统的结核 | "
             "国家临床版.csv:3\n"
             "disease 结核性脑膜脑炎（急性） | is_a | disease 结核性脑膜炎 | "
             "国家临床版.csv:4\n");
    try_text(w, "catalog.csv",
             "code_lower_bound\tcode_upper_bound\tlevel\tcatalog\n"
             "A00\tB99\t1\t传染病\nA00\tA09\t2\t肠道\nC00\tD48\t1\t肿瘤\n",
             "icd10cn",
             "disease 结核性脑膜炎 | is_a | disease 神经系统的结核 | "
             "国家临床版.csv:3\n"
             "disease 结核性脑膜脑炎（急性） | is_a | disease 结核性脑膜炎 | "
             "国家临床版.csv:4\n"
             "disease 肠道 | is_a | disease 传染病 | catalog.csv:3\n");
    assert_string_equal(node_text(w, "神经系统的结核"),
                        "type disease; name zh 神经系统的结核; code ICD10:A17; \n");
}

/* All columns that LOINC 2.77 has. */
static void test_loinc(void **state)
{
    import_world *w = *state;
    try_text(
        w, "Loinc.csv",
        "\"LOINC_NUM\",\"COMPONENT\",\"PROPERTY\",\"TIME_ASPCT\",\"SYSTEM\","
        "\"SCALE_TYP\",\"METHOD_TYP\",\"CLASS\",\"VersionLastChanged\",\"CHNG_TYPE\","
        "\"DefinitionDescription\",\"STATUS\",\"CONSUMER_NAME\",\"CLASSTYPE\","
        "\"FORMULA\",\"EXMPL_ANSWERS\",\"SURVEY_QUEST_TEXT\",\"SURVEY_QUEST_SRC\","
        "\"UNITSREQUIRED\",\"RELATEDNAMES2\",\"SHORTNAME\",\"ORDER_OBS\","
        "\"HL7_FIELD_SUBFIELD_ID\",\"EXTERNAL_COPYRIGHT_NOTICE\",\"EXAMPLE_UNITS\","
        "\"LONG_COMMON_NAME\",\"EXAMPLE_UCUM_UNITS\",\"STATUS_REASON\",\"STATUS_TEXT\","
        "\"CHANGE_REASON_PUBLIC\",\"COMMON_TEST_RANK\",\"COMMON_ORDER_RANK\","
        "\"HL7_ATTACHMENT_STRUCTURE\",\"EXTERNAL_COPYRIGHT_LINK\",\"PanelType\","
        "\"AskAtOrderEntry\",\"AssociatedObservations\",\"VersionFirstReleased\","
        "\"ValidHL7AttachmentRequest\",\"DisplayName\"\n"
        "\"1-1\",\"Stuff\",\"MCnc\",\"Pt\",\"Bld\",\"Qn\",\"Meter\",\"CHEM\",\"2.7\","
        "\"MIN\",\"What it is\",\"ACTIVE\",\"Stuff, Blood\",\"1\",\"a+b\",\"1;2\","
        "\"How much?\",\"S\",\"Y\",\"Stf; Blood\",\"Stuff Bld\",\"Both\",\"\",\"\","
        "\"mg\",\"Stuff [Mass] in Blood\",\"mg/dL\",\"\",\"\",\"\",\"1\",\"1\",\"\","
        "\"\",\"\",\"\",\"\",\"1.0\",\"\",\"Stuff (Bld)\"\n",
        "loinc",
        "test Stuff [Mass] in Blood | component | \"Stuff\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | property | \"MCnc\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | time_aspect | \"Pt\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | specimen | \"Bld\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | scale | \"Qn\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | method | \"Meter\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | test_class | \"CHEM\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | description | \"What it is\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | formula | \"a+b\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | example_answers | \"1;2\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | question_text | \"How much?\" | Loinc.csv:2\n"
        "test Stuff [Mass] in Blood | unit | \"mg/dL\" | Loinc.csv:2\n");
    assert_string_equal(node_text(w, "stuff bld"),
                        "type test; name en Stuff [Mass] in Blood; code LOINC:1-1; "
                        "alias en Stuff Bld; alias en Stuff, Blood; alias en Stuff "
                        "(Bld); alias en Stf; alias en Blood; \n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_null(strstr(said, "says nothing of the column"));
}

/* As Athena gives them: tabs, nothing quoted, called .csv. A folder is one source. */
static void test_omop(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    static const char concept_[] =
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\t"
        "standard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\t"
        "invalid_reason\n"
        "1\tFever "
        "\"high\tCondition\tSNOMED\tFinding\tS\t386661006\t20020131\t20991231\t\n"
        "2\tIllness\tCondition\tSNOMED\tFinding\tS\t39104002\t20020131\t20991231\t\n"
        "3\tOld fever\tCondition\tICD10CM\tcode\t\tR50\t20020131\t20991231\tU\n";
    static const char relationship[] =
        "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\t"
        "valid_end_date\tinvalid_reason\n"
        "1\t2\tIs a\t20020131\t20991231\t\n2\t1\tSubsumes\t20020131\t20991231\t\n"
        "3\t1\tMaps to\t20020131\t20991231\t\n1\t1\tMaps to\t20020131\t20991231\t\n"
        "1\t2\tMaps to\t20020131\t20991231\tD\n1\t9\tHas it\t20020131\t20991231\t\n";
    static const char ancestor[] =
        "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\t"
        "max_levels_of_separation\n2\t1\t1\t1\n2\t3\t2\t2\n1\t1\t0\t0\n";
    static const char synonym[] =
        "concept_id\tconcept_synonym_name\tlanguage_concept_id\n1\t发热\t4182948\n";
    char *folder = in_folder(w->folder, "athena");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(new_text(folder, "CONCEPT.csv", concept_));
    free(new_text(folder, "CONCEPT_ANCESTOR.csv", ancestor));
    free(new_text(folder, "CONCEPT_RELATIONSHIP.csv", relationship));
    free(new_text(folder, "CONCEPT_SYNONYM.csv", synonym));
    free(new_text(folder, "PERSON.csv", "person_id,gender_concept_id\n1,8507\n"));
    assert_mkg_ok(import_path(w, folder, o, &r, &err));
    assert_string_equal(r.format, "omop");
    assert_string_equal(
        graph_text(w),
        "disease 发热 | is_a | disease Illness | CONCEPT_ANCESTOR.csv:2\n"
        "obsolete Old fever | maps_to | disease 发热 | "
        "CONCEPT_RELATIONSHIP.csv:4\n"
        "disease 发热 | OMOP:Has it | concept OMOP:9 | "
        "CONCEPT_RELATIONSHIP.csv:7\n");
    assert_string_equal(node_text(w, "发热"),
                        "type disease; name en Fever \"high; code OMOP:1; code "
                        "SNOMEDCT:386661006; alias zh 发热; \n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "PERSON.csv: the file is not in the format 'omop'"));
    assert_non_null(strstr(said, "1 facts of a thing with itself: left out"));
    free(folder);
}

/* kg.csv has each edge in both directions. */
static void test_primekg(void **state)
{
    import_world *w = *state;
    try_text(
        w, "kg.csv",
        "relation,display_relation,x_index,x_id,x_type,x_name,x_source,y_index,"
        "y_id,y_type,y_name,y_source\n"
        "indication,indication,1,DB01,drug,Pill,DrugBank,2,8019,disease,Ill,MONDO\n"
        "indication,indication,2,8019,disease,Ill,MONDO,1,DB01,drug,Pill,DrugBank\n"
        "disease_phenotype_negative,phenotype absent,2,8019,disease,Ill,MONDO,3,12,"
        "effect/phenotype,Cough,HPO\n"
        "disease_disease,parent-child,2,8019,disease,Ill,MONDO,4,7_8,disease,"
        "Group,MONDO_grouped\n",
        "primekg",
        "drug Pill | treats | disease Ill | kg.csv:2\n"
        "- disease Ill | symptom | symptom Cough | kg.csv:4\n"
        "disease Ill | disease_disease | disease Group | kg.csv:5\n");
    assert_string_equal(node_text(w, "ill"),
                        "type disease; name en Ill; code MONDO:0008019; \n");
}

static void test_drkg(void **state)
{
    import_world *w = *state;
    try_text(w, "drkg.tsv",
             "Compound::DB1\tHetionet::CtD::Compound:Disease\tDisease::DOID:1\n"
             "Gene::21\tbioarx::HumGenHumGen:Gene:Gene\tGene::22\nno edge\n",
             "drkg",
             "drug DRUGBANK:DB1 | treats | disease DOID:1 | drkg.tsv:1\n"
             "gene NCBIGENE:21 | bioarx::HumGenHumGen:Gene:Gene | gene NCBIGENE:22 | "
             "drkg.tsv:2\n");
}

static void test_chinese_graphs(void **state)
{
    import_world *w = *state;
    try_text(w, "cpubmed.tsv",
             "肺炎@@疾病\t临床表现\t发热@@症状\n肺炎@@疾病\t药物治疗\t青霉素@@药物\n",
             "cpubmed",
             "disease 肺炎 | symptom | symptom 发热 | cpubmed.tsv:1\n"
             "drug 青霉素 | treats | disease 肺炎 | cpubmed.tsv:2\n");
    try_text(w, "dict.csv", "别名,标准名,类型\n发烧##高热,发热,症状\n,肺炎,疾病\n",
             "alias",
             "disease 肺炎 | symptom | symptom 发热 | cpubmed.tsv:1\n"
             "drug 青霉素 | treats | disease 肺炎 | cpubmed.tsv:2\n");
    assert_string_equal(
        node_text(w, "发烧"),
        "type symptom; name zh 发热; type symptom; alias zh 发热; alias zh 发烧; alias "
        "zh 高热; \n");
}

/* The last column is what is left of the line. */
static void test_rest(void **state)
{
    import_world *w = *state;
    try_text(
        w, "治疗.txt",
        "疾病 感冒 治疗方法 治疗方法 多喝 热水\n疾病 感冒 预防措施 预防措施 少 熬夜\n"
        "疾病 感冒\n",
        "medicalqa",
        "disease 感冒 | treatment | procedure 多喝 热水 | 治疗.txt:1\n"
        "disease 感冒 | prevention | \"少 熬夜\" | 治疗.txt:2\n");
    assert_non_null(strstr(mkg__buf_cstr(&w->skips),
                           "治疗.txt:3: 2 columns where the header has 5"));
}

/* What the manual shows, and each key that it lists. */
static void test_own_map(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    static const char map[] =
        "{\"source\": \"Wards\", \"licence\": \"internal\", \"empty\": [\"-\"],"
        " \"cut\": {\"who\": [\"/\", \"surname\", \"title\"]}, \"ignore\": [\"x\"],"
        " \"nodes\": {"
        "  \"ward\": {\"id\": \"WARD:{no}\", \"type\": \"department\","
        "   \"name\": {\"zh\": \"cn\", \"en\": [\"en\", \"{en2} ward\"]}},"
        "  \"ill\": {\"type\": {\"field\": \"kind\", \"values\": {\"d\": \"disease\"},"
        "   \"else\": \"symptom\"}, \"name\": \"ills\", \"split\": {\"ills\": [\"+\"]},"
        "   \"unless\": {\"ills\": \"\"}}},"
        " \"facts\": ["
        "  {\"subject\": \"ill\", \"relation\": \"department\", \"object\": \"ward\","
        "   \"weight\": \"w\", \"denied\": {\"not\": \"y\"}},"
        "  {\"subject\": \"ward\", \"relation\": \"head\", \"lang\": \"en\","
        "   \"text\": \"{title} {surname}\", \"when\": {\"no\": [\"1\", \"3\"]}}]}";
    static const char rows[] = "no,cn,en,en2,kind,ills,w,not,who,x,odd\n"
                               "1,内科,,Inner,d,a + b,2,,Li/Dr,,\n"
                               "2,外科,Surgery,-,s,c,,y,Wu/Dr,,\n"
                               "1,内一科,,Inner,s,-,1,,Li/Dr,,\n"
                               ",,,,,,,,,,\n3,三,,,s,e,nil,,Xu/-,,\n";
    char *path = new_text(w->folder, "wards.json", map);
    mkg_import_opts o = {.map = path};
    assert_mkg_ok(import_bytes(w, "w.csv", rows, sizeof rows - 1, o, &r, &err));
    assert_string_equal(r.format, "wards");
    assert_string_equal(r.name, "Wards");
    assert_string_equal(graph_text(w),
                        "disease a | department | department 内科 | w.csv:2 | 2\n"
                        "disease b | department | department 内科 | w.csv:2 | 2\n"
                        "department 内科 | head | \"Dr Li\" | w.csv:2\n"
                        "- symptom c | department | department 外科 | w.csv:3\n");
    assert_string_equal(
        mkg__buf_cstr(&w->skips),
        "w.csv:1: the mapping says nothing of the column 'odd': it is left out\n"
        "w.csv:4: 'WARD:1' is called '内科' elsewhere and '内一科' here\n"
        "w.csv:5: the row names no 'ward'\n"
        "w.csv:6: the weight 'nil' is no positive number\n"
        "w.csv:2: the relation 'head' is new: no vocabulary has it\n");
    assert_int_equal(r.skipped, 2);
    free(path);
}

/* A map of records reads tables, too. */
static void test_records_of_a_table(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    char *path =
        new_text(w->folder, "m.json",
                 "{\"type\": \"disease\", \"name\": {\"zh\": \"名\"}, "
                 "\"relations\": {\"症\": {\"relation\": \"symptom\", \"type\": "
                 "\"symptom\", \"split\": \"；\"}}}");
    static const char rows[] = "名,症\n感冒,咳嗽；发热\n";
    mkg_import_opts o = {.map = path};
    assert_mkg_ok(import_bytes(w, "r.csv", rows, sizeof rows - 1, o, &r, &err));
    assert_string_equal(graph_text(w),
                        "disease 感冒 | symptom | symptom 咳嗽 | r.csv:2\n"
                        "disease 感冒 | symptom | symptom 发热 | r.csv:2\n");
    free(path);
}

/* What is told is counted by kind. */
static void test_kinds(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    static const char rows[] =
        "a\tsymptom\tb\t\t\thigh\na\tsymptom\na\tsymptom\tc\t\t\t"
        "low\na\tnew 1\td\na\tnew 2\td\n";
    assert_mkg_ok(import_bytes(w, "k.tsv", rows, sizeof rows - 1, o, &r, &err));
    assert_int_equal(r.nkinds, 3);
    assert_string_equal(r.kinds[0].what, "the weight '…' is not a number");
    assert_int_equal(r.kinds[0].n, 2);
    assert_int_equal(r.kinds[0].line, 1);
    assert_string_equal(r.kinds[0].file, "k.tsv");
    assert_false(r.kinds[0].remark);
    assert_string_equal(
        r.kinds[1].what,
        "N columns where a subject, a relation and an object are expected");
    assert_int_equal(r.kinds[2].n, 2);
    assert_true(r.kinds[2].remark);
}

static void test_neo4j(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    char *folder = in_folder(w->folder, "neo");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(new_text(folder, "nodes.csv",
                  "id:ID(N),name,name_en,aliases:string[],codes:string[],size:int,"
                  ":LABEL,junk:IGNORE\n"
                  "1,感冒,cold,伤风;上感,ICD10:J00,,Thing;Disease,x\n"
                  "2,咳嗽,,,,3,symptom,x\n3,a text,,,,,text,x\n,none,,,,,disease,x\n"));
    free(new_text(folder, "rels.csv",
                  ":START_ID(N),:END_ID(N),:TYPE,weight:double,negated:boolean,source\n"
                  "1,2,symptom,2.5,false,s\n1,2,NOT_symptom,1,true,s\n"
                  "1,3,description,1,false,s\n1,,symptom,1,false,s\n1,9,odd,,,\n"));
    assert_mkg_ok(import_path(w, folder, o, &r, &err));
    assert_string_equal(r.format, "neo4j");
    assert_string_equal(graph_text(w),
                        "symptom 咳嗽 | size | \"3\" | nodes.csv:3\n"
                        "disease 感冒 | symptom | symptom 咳嗽 | rels.csv:2 | 2.5\n"
                        "- disease 感冒 | symptom | symptom 咳嗽 | rels.csv:3\n"
                        "disease 感冒 | description | \"a text\" | rels.csv:4\n");
    assert_string_equal(
        node_text(w, "上感"),
        "type disease; name zh 感冒; name en cold; alias zh 伤风; alias "
        "zh 上感; code ICD10:J00; \n");
    assert_int_equal(r.skipped, 2);
    free(folder);
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps", .dry_run = true};
    char *paths[] = {
        new_text(w->folder, "a.csv",
                 "atc_code,atc_name,ddd\nA,B,1\nA10,C,2\nA10,D,x\n"),
        new_text(w->folder, "b.csv", "id:ID,name,:LABEL\n1,a,disease\n2,b,x\n")};
    for (size_t i = 0; i < 2; i++) {
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st == MKG_ENOMEM && n < 100000; n += n < 4000 ? 7 : 1) {
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
    const struct CMUnitTest tests[] = {
        T(test_atc),         T(test_icd),     T(test_icd_versions),
        T(test_icd_chinese), T(test_loinc),   T(test_omop),
        T(test_primekg),     T(test_drkg),    T(test_chinese_graphs),
        T(test_rest),        T(test_own_map), T(test_records_of_a_table),
        T(test_kinds),       T(test_neo4j),   T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
