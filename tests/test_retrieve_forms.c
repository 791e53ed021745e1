/* Names in another order or form, names of which the graph knows a part, conditions
 * over two relations, chains, what stands in for what is not there. */
#include "testing.h"

#include "retrieve/name_words_internal.h"
#include "retrieve/retrieve.h"

static mkg_err err;

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_retriever *r;
} world;

static mkg_id node(mkg_writer *w, const char *type, const char *en, const char *zh)
{
    mkg_id id;
    assert_mkg_ok(mkg_writer_node(w, V(type), V(en), MKG_LANG_EN, &id, &err));
    if (zh)
        assert_mkg_ok(mkg_writer_name(w, id, MKG_ENTRY_NAME, MKG_LANG_ZH, V(zh), &err));
    return id;
}

static void fact(mkg_writer *w, mkg_id s, const char *relation, mkg_id o,
                 const char *text)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(w, V(relation), &r, &err));
    mkg_fact_in f = {.subject = s, .relation = r, .object = o, .line = 1};
    f.literal = V(text ? text : "");
    f.grade = f.population = f.locator = V("");
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
}

static void fill(mkg_writer *w)
{
    mkg_id klippel = node(w, "disease", "Klippel-Feil syndrome", NULL),
           diabetes = node(w, "disease", "diabetes mellitus, type II", NULL),
           syndrome = node(w, "disease", "syndrome", NULL),
           bp = node(w, "disease", "hypertension", "高血压"),
           pneumonia = node(w, "disease", "pneumonia", "肺炎"),
           lymphoma = node(w, "disease", "lymphoma", NULL),
           cancer = node(w, "disease", "cancer", NULL),
           burkitt = node(w, "disease", "Burkitt lymphoma", NULL),
           cough = node(w, "symptom", "cough", "咳嗽"),
           captopril = node(w, "drug", "captopril", "卡托普利"),
           amlodipine = node(w, "drug", "amlodipine", "氨氯地平"),
           asthma = node(w, "disease", "asthma", "哮喘"),
           atenolol = node(w, "drug", "atenolol", "阿替洛尔"),
           large = node(w, "gene", "LARGE", NULL), tp53 = node(w, "gene", "TP53", NULL),
           kit = node(w, "gene", "KIT", NULL),
           alzheimer = node(w, "disease", "Alzheimer disease", NULL),
           dermatitis = node(w, "disease", "atopic dermatitis", NULL),
           itching = node(w, "symptom", "itching", NULL),
           memory = node(w, "symptom", "forgetfulness", NULL);
    mkg_id both[] = {alzheimer, dermatitis};
    for (size_t i = 0; i < 2; i++)
        assert_mkg_ok(
            mkg_writer_name(w, both[i], MKG_ENTRY_ALIAS, MKG_LANG_EN, V("ADX"), &err));
    fact(w, alzheimer, "symptom", memory, NULL);
    fact(w, dermatitis, "symptom", itching, NULL);
    fact(w, klippel, "description", MKG_ID_NONE, "Fused vertebrae of the neck.");
    fact(w, diabetes, "description", MKG_ID_NONE, "A disease of insulin resistance.");
    fact(w, syndrome, "description", MKG_ID_NONE, "Signs that occur together.");
    fact(w, pneumonia, "symptom", cough, NULL);
    fact(w, captopril, "treats", bp, NULL);
    fact(w, amlodipine, "treats", bp, NULL);
    fact(w, atenolol, "treats", bp, NULL);
    fact(w, captopril, "adverse_effect", cough, NULL);
    fact(w, atenolol, "contraindicated_in", asthma, NULL);
    fact(w, burkitt, "is_a", lymphoma, NULL);
    fact(w, lymphoma, "is_a", cancer, NULL);
    fact(w, lymphoma, "gene", tp53, NULL);
    fact(w, lymphoma, "gene", large, NULL);
    fact(w, cancer, "gene", tp53, NULL);
    fact(w, cancer, "gene", kit, NULL);
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts c;
    mkg_source_info info = {.name = "small", .file = "small.tsv", .version = "2"};
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    fill(wr);
    assert_mkg_ok(mkg_writer_commit(wr, "aa", 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(wr);
    mkg_retriever_opts o = {.data = MEDKG_DATA_DIR};
    assert_mkg_ok(mkg_retriever_new(w->kg, &o, &w->r, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_retriever_free(w->r);
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

static const char *ask(world *w, const char *question, mkg_evidence **e)
{
    static char text[4096];
    assert_mkg_ok(mkg_retrieve(w->r, question, NULL, e, &err));
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < (*e)->npieces; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %s %s;",
                              (*e)->pieces[i].subject, (*e)->pieces[i].relation,
                              (*e)->pieces[i].object);
    return text;
}

static void answers(world *w, const char *question, const char *want)
{
    mkg_evidence *e;
    assert_string_equal(ask(w, question, &e), want);
    mkg_evidence_free(e);
}

static void is_form(const char *word, const char *want)
{
    char out[48];
    size_t n = mkg__word_form(V(word), out, sizeof out);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(out, want, n);
}

static void test_words(void **state)
{
    (void)state;
    is_form("tumours", "tumor");
    is_form("tumour", "tumor");
    is_form("haemophilia", "hemophilia");
    is_form("oedema", "edema");
    is_form("metastases", "metastase");
    is_form("metastasis", "metastase");
    is_form("allergies", "allergy");
    is_form("virus", "virus");
    is_form("iv", "4");
    is_form("xiv", "14");
    is_form("iib", "2b");
    is_form("vitiligo", "vitiligo");
    is_form("sj\xc3\xb6gren", "sjogren");
    is_form("of", "");
    assert_true(mkg__word_key(V("diabetes mellitus, type ii")) ==
                mkg__word_key(V("type 2 diabetes mellitus")));
    assert_true(mkg__word_key(V("klippel-feil syndrome")) ==
                mkg__word_key(V("klippel feil's syndrome")));
    assert_true(mkg__word_key(V("hepatitis a")) != mkg__word_key(V("hepatitis b")));
    assert_true(mkg__word_key(V("肺炎")) == 0);
    assert_true(mkg__word_key(V("")) == 0);
}

static void test_variants(void **state)
{
    mkg_evidence *e;
    assert_string_equal(
        ask(*state, "What is Klippel Feil syndrome?", &e),
        "Klippel-Feil syndrome description Fused vertebrae of the neck.;");
    assert_string_equal(e->mentions[0].text, "Klippel Feil syndrome");
    assert_string_equal(e->mentions[0].how, "fuzzy");
    assert_int_equal(e->nmissing, 0);
    mkg_evidence_free(e);
    answers(*state, "what is type 2 diabetes mellitus",
            "diabetes mellitus, type II description A disease of insulin resistance.;");
    answers(*state, "symptoms of pneumonias", "pneumonia symptom cough;");
}

/* The longer name is not known: its part is told apart from it. */
static void test_wholes(void **state)
{
    mkg_evidence *e;
    assert_string_equal(ask(*state, "川崎肺炎有什么症状", &e), "肺炎 symptom 咳嗽;");
    assert_int_equal(e->status, MKG_PARTIAL);
    assert_string_equal(e->missing[0].what, "川崎肺炎");
    assert_string_equal(e->missing[0].reason, "unknown_entity");
    mkg_evidence_free(e);
    ask(*state, "小儿肺炎有什么症状", &e); /* who has it is no part of the name */
    assert_int_equal(e->nmissing, 0);
    mkg_evidence_free(e);
    ask(*state, "symptoms of lobar pneumonia type 3", &e);
    assert_string_equal(e->missing[0].what, "lobar pneumonia type 3");
    mkg_evidence_free(e);
    ask(*state, "symptoms of severe pneumonia", &e);
    assert_int_equal(e->nmissing, 0);
    mkg_evidence_free(e);
    /* "Syndrome" alone is nothing. */
    assert_string_equal(ask(*state, "What is Pendred syndrome?", &e), "");
    assert_string_equal(e->missing[0].what, "Pendred syndrome");
    mkg_evidence_free(e);
}

static void test_symbols(void **state)
{
    mkg_evidence *e;
    ask(*state, "large lymphoma gene", &e);
    assert_int_equal(e->nmentions, 1);
    mkg_evidence_free(e);
    ask(*state, "is the gene LARGE a gene of lymphoma", &e);
    assert_int_equal(e->nmentions, 2);
    mkg_evidence_free(e);
    ask(*state, "which diseases are associated with tp53", &e);
    assert_int_equal(e->nmentions, 1); /* no word looks like this */
    mkg_evidence_free(e);
}

static void test_conditions(void **state)
{
    mkg_evidence *e;
    answers(*state, "which drug treats hypertension and does not cause cough",
            "amlodipine treats hypertension;atenolol treats hypertension;");
    answers(*state, "哪种降压药不会引起咳嗽",
            "氨氯地平 treats 高血压;阿替洛尔 treats 高血压;");
    answers(*state, "which drugs for hypertension cause cough",
            "captopril treats hypertension;captopril adverse_effect cough;");
    answers(*state, "哪些高血压的药不能用于哮喘",
            "阿替洛尔 treats 高血压;阿替洛尔 contraindicated_in 哮喘;");
    /* None meets it: that is said, and nothing else. */
    assert_string_equal(ask(*state, "which drugs for hypertension cause asthma", &e),
                        "");
    assert_int_equal(e->nmissing, 1);
    mkg_evidence_free(e);
}

/* Of two diseases with one name the one that goes with the other name is meant. */
static void test_coherence(void **state)
{
    mkg_evidence *e;
    ask(*state, "symptoms of ADX", &e);
    assert_int_equal(e->npieces, 2);
    assert_int_equal(e->status, MKG_AMBIGUOUS);
    mkg_evidence_free(e);
    assert_string_equal(ask(*state, "does ADX cause itching", &e),
                        "atopic dermatitis symptom itching;");
    assert_int_equal(e->verdict, MKG_VERDICT_YES);
    assert_string_equal(e->mentions[0].name, "atopic dermatitis");
    mkg_evidence_free(e);
}

static void test_chain(void **state)
{
    mkg_evidence *e;
    assert_string_equal(ask(*state, "Burkitt lymphoma is a cancer", &e),
                        "Burkitt lymphoma is_a lymphoma;lymphoma is_a cancer;");
    assert_int_equal(e->verdict, MKG_VERDICT_YES);
    mkg_evidence_free(e);
    ask(*state, "Burkitt lymphoma is not a cancer", &e);
    assert_int_equal(e->verdict, MKG_VERDICT_NO);
    mkg_evidence_free(e);
    ask(*state, "is cancer a Burkitt lymphoma", &e);
    assert_int_equal(e->verdict, MKG_VERDICT_NONE);
    assert_true(e->whether);
    mkg_evidence_free(e);
}

static void test_instead(void **state)
{
    answers(*state, "treatments for hypertension",
            "captopril treats hypertension;amlodipine treats hypertension;"
            "atenolol treats hypertension;");
}

/* Of a list the one that goes with both comes first. */
static void test_choice(void **state)
{
    mkg_evidence *e;
    const char *got = ask(*state,
                          "Which gene is associated with lymphoma and cancer? "
                          "LARGE, KIT, TP53",
                          &e);
    assert_int_equal(strncmp(got, "lymphoma gene TP53;cancer gene TP53;", 36), 0);
    mkg_evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_variants),
        cmocka_unit_test(test_wholes),     cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_coherence),  cmocka_unit_test(test_instead),
        cmocka_unit_test(test_choice)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
