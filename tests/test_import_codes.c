/* Code systems as their owners publish them: UMLS, RxNorm, SNOMED CT. */
#include "testing_import.h"

#include <sys/stat.h>

static mkg_err err;

static void folder_ok(import_world *w, const char *name, const char *const files[][2],
                      size_t n)
{
    mkg_import_result r;
    mkg_import_opts o = {0};
    char *folder = in_folder(w->folder, name);
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < n; i++)
        free(new_file(folder, files[i][0], files[i][1], strlen(files[i][1])));
    assert_mkg_ok(import_path(w, folder, o, &r, &err));
    free(folder);
}

static const char conso[] =
    "C0000001|ENG|S|L1|PF|S1|Y|A1||||SNOMEDCT_US|SY|11|Hot red illness|9|N||\n"
    "C0000001|ENG|P|L2|PF|S2|Y|A2|sa|sc|sd|MSH|MH|D01|Red fever|0|N|256|\n"
    "C0000001|ENG|S|L3|VO|S3|N|A3||||MSH|ET|D01|Fever, red|0|O||\n"
    "C0000001|FRE|S|L4|PF|S4|Y|A4||||MSHFRE|ET|D01|Fi\xc3\xa8vre rouge|3|N||\n"
    "C0000001|CHI|P|L5|PF|S5|Y|A5||||MSHCHI|MH|D01|\xe7\xba\xa2\xe7\x83\xad|3|N||\n"
    "C0000002|ENG|P|L6|PF|S6|Y|A6||||MTH|PN|NOCODE|Coolin|0|N||\n"
    "C0000003|ENG|P|L7|PF|S7|Y|A7||||HPO|PT|HP:0000003|Rash [skin, red]|0|N||\n"
    "X|ENG|P|L7|PF|S7|Y|A7||||HPO|PT|HP:0000003|Rash|0|N||\n"
    "C0000004|ENG|P|L7\n";
static const char rel[] =
    "C0000001|A2|AUI|RO|C0000002|A6|AUI|may_treat|R1||MTH|MTH||Y|N||\n"
    "C0000002|A6|AUI|RO|C0000001|A2|AUI|may_be_treated_by|R2||MTH|MTH||N|N||\n"
    "C0000001|A2|CUI|CHD|C0000003|A7|CUI||R3||MSH|MSH|||N||\n"
    "C0000001|A1|AUI|SY|C0000001|A2|AUI|translation_of|R4||MSH|MSH|||N||\n"
    "C0000001|A2|CUI|SIB|C0000002|A6|CUI||R5||MSH|MSH|||N||\n"
    "C0000001|A2|CUI|RO|C0000009|A9|CUI|tickles|R6||MSH|MSH|||N||\n"
    "C0000001|A2|CUI|RO|C0000003|A9|CUI|tickles|R7||MSH|MSH|||O||\n"
    "C0000001|A2|CUI|RO|bad|A9|CUI|tickles|R8||MSH|MSH|||N||\n";
static const char sty[] = "C0000001|T047|B2.2|Disease or Syndrome|AT1|256|\n"
                          "C0000002|T109|A1|Organic Chemical|AT2||\n"
                          "C0000002|T121|A1|Pharmacologic Substance|AT3||\n"
                          "C0000003|T999|A1|Moon Phase|AT4||\n";
static const char def[] = "C0000001|A2|AT5||MSH|Hot and red.|N||\n"
                          "C0000001|A2|AT6||MSH|Old.|O||\n";
static const char *const umls[][2] = {
    {"MRCONSO.RRF", conso}, {"MRREL.RRF", rel}, {"MRSTY.RRF", sty}, {"MRDEF.RRF", def}};

static void test_umls(void **state)
{
    import_world *w = *state;
    folder_ok(w, "META", umls, 4);
    assert_string_equal(
        graph_text(w),
        "disease 红热 | description | \"Hot and red.\" | MRDEF.RRF:1\n"
        "drug Coolin | treats | disease 红热 | MRREL.RRF:1\n"
        "moon_phase Rash [skin, red] | is_a | disease 红热 | MRREL.RRF:3\n"
        "concept UMLS:C0000009 | tickles | disease 红热 | MRREL.RRF:6\n");
    assert_string_equal(
        node_text(w, "red fever"),
        "type disease; name en Red fever; code UMLS:C0000001; alias en Hot red "
        "illness; "
        "code SNOMEDCT:11; code MESH:D01; alias en Fièvre rouge; name zh 红热; \n");
    assert_string_equal(node_text(w, "coolin"),
                        "type drug; name en Coolin; code UMLS:C0000002; \n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "MRCONSO.RRF: 1 row marked as suppressed"));
    assert_non_null(strstr(said, "MRCONSO.RRF:8: the first column is no CUI"));
    assert_non_null(strstr(said, "MRCONSO.RRF:9: 4 columns where 19 are expected"));
    assert_non_null(strstr(said, "MRREL.RRF:8: a concept is no CUI"));
}

static const char rxconso[] =
    "161|ENG||||||1|1|161||RXNORM|SY|161|APAP||N|4096|\n"
    "161|ENG||||||2|2|161||RXNORM|IN|161|acetaminophen||N|4096|\n"
    "161|ENG||||||3||387517004||SNOMEDCT_US|PT|387517004|Paracetamol||N||\n"
    "202|ENG||||||4|4|202||RXNORM|BN|202|Tylenol||N|4096|\n";
static const char rxrel[] =
    "|1|AUI|SY||2|AUI|||1|RXNORM|RXNORM|||||\n"
    "161||CUI|RO|202||CUI|has_tradename|2||RXNORM|RXNORM||||4096|\n";
static const char *const rxnorm[][2] = {{"RXNCONSO.RRF", rxconso},
                                        {"RXNREL.RRF", rxrel}};

static void test_rxnorm(void **state)
{
    import_world *w = *state;
    folder_ok(w, "rrf", rxnorm, 2);
    assert_string_equal(
        node_text(w, "apap"),
        "type drug; name en acetaminophen; code RXNORM:161; alias en APAP; alias en "
        "Paracetamol; code SNOMEDCT:387517004; \n");
    assert_string_equal(
        graph_text(w),
        "drug Tylenol | has_tradename | drug acetaminophen | RXNREL.RRF:2\n");
}

/* ---- SNOMED CT ---- */

#define META "id\teffectiveTime\tactive\tmoduleId\t"
#define M    "\t900000000000207008\t"
static const char sct_concept[] = META "definitionStatusId\r\n"
                                       "1000001\t20200101\t1" M "900000000000074008\r\n"
                                       "1000002\t20200101\t1" M "900000000000074008\r\n"
                                       "1000003\t20210101\t0" M "900000000000074008\r\n"
                                       "1000003\t20200101\t1" M "900000000000074008\r\n"
                                       "1000004\t20200101\t1" M "900000000000074008\r\n"
                                       "1000005\t2020\t1" M "900000000000074008\r\n"
                                       "1000006\t20200101\r\n";
static const char sct_description[] = META
    "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
    "11\t20200101\t1" M "1000001\ten\t900000000000003001\tRed heat (disorder)\t1\n"
    "11\t20210101\t0" M "1000001\ten\t900000000000003001\tRed heat (disorder)\t1\n"
    "12\t20210101\t1" M "1000001\ten\t900000000000003001\tRed fever (disorder)\t1\n"
    "13\t20210101\t1" M "1000001\ten\t900000000000013009\tHot \"red\" fever\t1\n"
    "14\t20210101\t1" M "1000001\tfr\t900000000000013009\tFi\xc3\xa8vre rouge\t1\n"
    "15\t20200101\t1" M "1000002\ten\t900000000000003001\tTickles (attribute)\t1\n"
    "16\t20200101\t1" M "1000003\ten\t900000000000003001\tOld fever (disorder)\t1\n"
    "17\t20200101\t1" M "1000004\ten\t900000000000003001\tSkin (body structure)\t1\n"
    "18\t20200101\t1" M "x\ten\t900000000000003001\tSkin (body structure)\t1\n";
static const char sct_text[] =
    META "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
         "21\t20200101\t1" M "1000001\ten\t900000000000550004\tHot and red.\t1\n";
static const char sct_relationship[] =
    META "sourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\t"
         "modifierId\n"
         "31\t20200101\t1" M "1000001\t1000009\t0\t116680003\t1\t1\n"
         "32\t20200101\t1" M "1000001\t1000004\t0\t363698007\t1\t1\n"
         "33\t20200101\t1" M "1000001\t1000004\t0\t1000002\t1\t1\n"
         "34\t20200101\t0" M "1000001\t1000003\t0\t1000002\t1\t1\n";
static const char sct_value[] =
    META "sourceId\tvalue\trelationshipGroup\ttypeId\tcharacteristicTypeId\t"
         "modifierId\n"
         "41\t20200101\t1" M "1000001\t#38.5\t0\t1000002\t1\t1\n";
static const char sct_map[] = META "refsetId\treferencedComponentId\tmapTarget\n"
                                   "51\t20200101\t1" M "446608001\t1000004\tC44\n";
static const char sct_extended[] =
    META "refsetId\treferencedComponentId\tmapGroup\tmapPriority\tmapRule\tmapAdvice"
         "\tmapTarget\tcorrelationId\tmapCategoryId\n"
         "61\t20200101\t1" M "447562003\t1000001\t1\t1\tTRUE\tALWAYS R50\tR50\t1\t1\n"
         "62\t20200101\t1" M "447562003\t1000004\t1\t1\tTRUE\tNONE\t\t1\t1\n";
static const char sct_association[] =
    META "refsetId\treferencedComponentId\ttargetComponentId\n"
         "71\t20200101\t1" M "900000000000526001\t1000003\t1000001\n";
static const char *const snomed[][2] = {
    {"a_Concept.txt", sct_concept},
    {"b_Description.txt", sct_description},
    {"c_Text.txt", sct_text},
    {"d_Relationship.txt", sct_relationship},
    {"e_Value.txt", sct_value},
    {"f_Map.txt", sct_map},
    {"g_Extended.txt", sct_extended},
    {"h_Association.txt", sct_association},
    {"i_Simple.txt", META "refsetId\treferencedComponentId\n"}};

static void test_snomed(void **state)
{
    import_world *w = *state;
    folder_ok(w, "Snapshot", snomed, 9);
    assert_string_equal(
        graph_text(w),
        "disease Red fever | description | \"Hot and red.\" | c_Text.txt:2\n"
        "disease Red fever | is_a | concept SNOMEDCT:1000009 | d_Relationship.txt:2\n"
        "disease Red fever | body_site | body_site Skin | d_Relationship.txt:3\n"
        "disease Red fever | Tickles | body_site Skin | d_Relationship.txt:4\n"
        "disease Red fever | Tickles | \"38.5\" | e_Value.txt:2\n"
        "body_site Skin | maps_to | disease ICDO:C44 | f_Map.txt:2\n"
        "disease Red fever | maps_to | disease ICD10:R50 | g_Extended.txt:2\n"
        "obsolete Old fever | replaced_by | disease Red fever | h_Association.txt:2\n");
    assert_string_equal(
        node_text(w, "red fever"),
        "type disease; name en Red fever; code SNOMEDCT:1000001; alias en Red fever "
        "(disorder); alias en Hot \"red\" fever; alias en Fièvre rouge; \n");
    const char *said = mkg__buf_cstr(&w->skips);
    assert_non_null(strstr(said, "a_Concept.txt:7: the id or the effectiveTime is"));
    assert_non_null(strstr(said, "a_Concept.txt:8: 2 columns where 5 are expected"));
    assert_non_null(strstr(said, "b_Description.txt:10: the conceptId is no SCTID"));
    assert_non_null(strstr(said, "i_Simple.txt: the file is not in the format"));
}

/* A language refset says which synonym a concept is called by; of two, the American
 * one. A snapshot has one row an id. A rule of a map that does not always hold is kept.
 */
static void test_language(void **state)
{
    import_world *w = *state;
    static const char refset[] =
        META "refsetId\treferencedComponentId\tacceptabilityId\n"
             "81\t20200101\t1" M "900000000000509007\t1000013\t900000000000548007\n"
             "82\t20200101\t1" M "900000000000508004\t1000014\t900000000000548007\n"
             "83\t20200101\t1" M "900000000000509007\t1000014\t900000000000549004\n"
             "84\t20200101\t0" M "900000000000509007\t1000012\t900000000000548007\n";
    static const char description[] = META
        "conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
        "1000012\t20210101\t1" M
        "1000001\ten\t900000000000003001\tRed fever (disorder)\t1\n"
        "1000013\t20210101\t1" M "1000001\ten\t900000000000013009\tCrimson fever\t1\n"
        "1000014\t20210101\t1" M "1000001\ten\t900000000000013009\tRed heat\t1\n"
        "1000014\t20220101\t1" M "1000001\ten\t900000000000013009\tTwice\t1\n";
    static const char complex_map[] =
        META "refsetId\treferencedComponentId\tmapGroup\tmapPriority\tmapRule\t"
             "mapAdvice\tmapTarget\tcorrelationId\n"
             "61\t20200101\t1" M
             "447562003\t1000001\t1\t1\tIFA 248152002\tIF FEMALE\tR50\t1\n";
    static const char *const files[][2] = {
        {"der2_cRefset_LanguageSnapshot-en.txt", refset},
        {"der2_iisssccRefset_ComplexMapSnapshot.txt", complex_map},
        {"sct2_Description_Snapshot-en.txt", description}};
    folder_ok(w, "Snapshot", files, 3);
    assert_string_equal(node_text(w, "red heat"),
                        "type disease; name en Crimson fever; code SNOMEDCT:1000001; "
                        "alias en Red fever; alias en Red fever (disorder); alias en "
                        "Red heat; \n");
    assert_string_equal(graph_text(w),
                        "disease Crimson fever | maps_to | disease ICD10:R50 | "
                        "der2_iisssccRefset_ComplexMapSnapshot.txt:2\n"
                        "disease Crimson fever | map_rule | \"R50: IFA 248152002\" | "
                        "der2_iisssccRefset_ComplexMapSnapshot.txt:2\n");
    assert_non_null(
        strstr(mkg__buf_cstr(&w->skips), "a second row of an id in a snapshot"));
}

static void test_no_memory(void **state)
{
    import_world *w = *state;
    static const char *const texts[] = {conso,
                                        rel,
                                        sty,
                                        def,
                                        rxconso,
                                        sct_concept,
                                        sct_description,
                                        sct_relationship,
                                        sct_extended};
    mkg_import_result r;
    mkg_import_opts o = {.maps = MEDKG_DATA_DIR "/maps", .dry_run = true};
    char *folder = in_folder(w->folder, "all");
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < 2; i++)
        free(new_file(folder, umls[i][0], umls[i][1], strlen(umls[i][1])));
    for (size_t i = 0; i <= sizeof texts / sizeof *texts; i++) {
        mkg_status st = MKG_ENOMEM;
        char *path = i == sizeof texts / sizeof *texts
                         ? folder
                         : new_file(w->folder, "x", texts[i], strlen(texts[i]));
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
    const struct CMUnitTest tests[] = {T(test_umls), T(test_rxnorm), T(test_snomed),
                                       T(test_language), T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
