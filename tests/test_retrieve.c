/* From a question to numbered facts, on a small bilingual graph. */
#include "testing.h"

#include "retrieve/retrieve.h"

static mkg_err err;

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_retriever *r;
} world;

static mkg_id node(mkg_writer *w, const char *type, const char *zh, const char *en)
{
    mkg_id id;
    assert_mkg_ok(mkg_writer_node(w, V(type), V(zh), MKG_LANG_ZH, &id, &err));
    if (en)
        assert_mkg_ok(mkg_writer_name(w, id, MKG_ENTRY_NAME, MKG_LANG_EN, V(en), &err));
    return id;
}

static void deny(mkg_writer *w, mkg_id s, const char *relation, mkg_id o)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(w, V(relation), &r, &err));
    mkg_fact_in f = {
        .subject = s, .relation = r, .object = o, .line = 2, .denied = true};
    f.literal = f.grade = f.population = f.locator = V("");
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
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
    mkg_id cold = node(wr, "disease", "感冒", "common cold"),
           pneumonia = node(wr, "disease", "肺炎", "pneumonia"),
           asthma = node(wr, "disease", "哮喘", "asthma"),
           bp = node(wr, "disease", "高血压", "hypertension"),
           bp_sign = node(wr, "symptom", "高血压", NULL),
           kidney = node(wr, "disease", "肾炎", "nephritis"),
           cough = node(wr, "symptom", "咳嗽", "cough"),
           fever = node(wr, "symptom", "发热", "fever"),
           salbutamol = node(wr, "drug", "沙丁胺醇", "salbutamol"),
           propranolol = node(wr, "drug", "普萘洛尔", "propranolol"),
           check = node(wr, "procedure", "检查", NULL),
           xray = node(wr, "test", "胸片", "chest X-ray");
    assert_mkg_ok(mkg_writer_name(wr, cold, MKG_ENTRY_ALIAS, 0, V("伤风"), &err));
    assert_mkg_ok(mkg_writer_name(wr, kidney, MKG_ENTRY_ALIAS, 0, V("ALL"), &err));
    assert_mkg_ok(mkg_writer_code(wr, cold, V("ICD10:J00"), &err));
    fact(wr, cold, "symptom", cough, NULL);
    fact(wr, cold, "symptom", fever, NULL);
    fact(wr, pneumonia, "symptom", fever, NULL);
    fact(wr, pneumonia, "symptom", cough, NULL);
    fact(wr, pneumonia, "test", xray, NULL);
    fact(wr, pneumonia, "treatment", check, NULL);
    fact(wr, cold, "complication", pneumonia, NULL);
    fact(wr, asthma, "symptom", cough, NULL);
    fact(wr, salbutamol, "treats", asthma, NULL);
    fact(wr, propranolol, "treats", bp, NULL);
    fact(wr, propranolol, "contraindicated_in", asthma, NULL);
    fact(wr, salbutamol, "interacts_with", propranolol, NULL);
    fact(wr, kidney, "symptom", bp_sign, NULL);
    fact(wr, pneumonia, "complication", kidney, NULL);
    deny(wr, pneumonia, "complication", kidney);
    mkg_id flu = node(wr, "disease", "流感", NULL),
           influenza = node(wr, "disease", "流行性感冒", NULL);
    fact(wr, flu, "symptom", node(wr, "symptom", "乏力", NULL), NULL);
    fact(wr, influenza, "symptom", node(wr, "symptom", "寒战", NULL), NULL);
    fact(wr, influenza, "same_as", flu, NULL);
    fact(wr, bp, "description", MKG_ID_NONE, "血压持续升高的疾病。");
    fact(wr, bp, "description", MKG_ID_NONE, "A disease with raised blood pressure.");
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

/* The facts in short: "subject relation object;" in their order. */
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
    assert_int_equal(e->status, want[0] ? MKG_ANSWERED : MKG_NO_EVIDENCE);
    mkg_evidence_free(e);
}

static void test_forward(void **state)
{
    answers(*state, "感冒有什么症状？", "感冒 symptom 咳嗽;感冒 symptom 发热;");
    answers(*state, "请问 伤风 的症状有哪些", "感冒 symptom 咳嗽;感冒 symptom 发热;");
    answers(*state, "What are the symptoms of the Common Cold?",
            "common cold symptom cough;common cold symptom fever;");
    answers(*state, "哮喘吃什么药", "沙丁胺醇 treats 哮喘;");
    answers(*state, "哮喘禁用什么药", "普萘洛尔 contraindicated_in 哮喘;");
    answers(*state, "普萘洛尔治什么病", "普萘洛尔 treats 高血压;");
}

static void test_backward(void **state)
{
    answers(*state, "which drugs treat asthma", "salbutamol treats asthma;");
    answers(*state, "哪些病会并发肺炎？", "感冒 complication 肺炎;");
}

/* A symmetric fact is read from the side that the question asks about. */
static void test_symmetric(void **state)
{
    static const char *const questions[] = {"what does salbutamol interact with",
                                            "what interacts with propranolol"};
    for (size_t i = 0; i < 2; i++) {
        mkg_evidence *e;
        assert_string_equal(ask(*state, questions[i], &e),
                            "salbutamol interacts_with propranolol;");
        assert_int_equal(e->pieces[0].from_object, i == 1);
        assert_string_equal(e->pieces[0].inverse_label, "interacts with");
        assert_string_equal(e->pieces[0].sentence, "{s} interacts with {o}");
        mkg_evidence_free(e);
    }
}

/* Two symptoms: diseases that have both, where there are any. */
static void test_set(void **state)
{
    mkg_evidence *e;
    const char *got = ask(*state, "发热咳嗽是什么病", &e);
    assert_int_equal(e->npieces, 4);
    assert_null(strstr(got, "哮喘"));
    assert_true(e->pieces[0].score > e->pieces[3].score);
    mkg_evidence_free(e);
}

static void test_between(void **state)
{
    mkg_evidence *e;
    ask(*state, "哮喘能用普萘洛尔吗", &e);
    assert_true(e->npieces >= 1);
    assert_string_equal(e->pieces[0].relation, "contraindicated_in");
    assert_string_equal(e->pieces[0].why, "direct");
    assert_int_equal(e->nmentions, 2);
    mkg_evidence_free(e);
}

/* One name, two nodes: the relation says which is meant. */
static void test_homonym(void **state)
{
    answers(*state, "什么病会有高血压", "肾炎 symptom 高血压;");
    answers(*state, "高血压是什么病", "高血压 description 血压持续升高的疾病。;");
    answers(*state, "what is hypertension",
            "hypertension description A disease with raised blood pressure.;");
}

/* "检查" is a node here, and yet it is what is asked for. */
static void test_phrase_that_is_a_name(void **state)
{
    answers(*state, "肺炎要做什么检查", "肺炎 test 胸片;");
}

static void test_overview(void **state)
{
    mkg_evidence *e;
    ask(*state, "感冒", &e);
    assert_int_equal(e->npieces, 3);
    assert_string_equal(e->pieces[0].why, "entity");
    mkg_evidence_free(e);
}

/* "What is" asks for a description where nothing else is asked, "是什么" alike. */
static void test_weak_phrases(void **state)
{
    mkg_evidence *e;
    static const struct {
        const char *question, *want;
    } cases[] = {{"What are the symptoms of nephritis?", "nephritis symptom 高血压;"},
                 {"肾炎的症状是什么", "肾炎 symptom 高血压;"},
                 {"What is hypertension?",
                  "hypertension description A disease with raised blood pressure.;"},
                 {"高血压是什么", "高血压 description 血压持续升高的疾病。;"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(ask(*state, cases[i].question, &e), cases[i].want);
        mkg_evidence_free(e);
    }
}

/* Two questions in one: the weak one is not drowned by the other. */
static void test_two_questions(void **state)
{
    mkg_evidence *e;
    const char *got = ask(*state, "什么是高血压，用什么药？", &e);
    assert_non_null(strstr(got, "高血压 description 血压持续升高的疾病。;"));
    assert_non_null(strstr(got, "普萘洛尔 treats 高血压;"));
    assert_int_equal(e->status, MKG_ANSWERED);
    mkg_evidence_free(e);
}

/* One of two things that are asked for is not in the graph: that is said. */
static void test_partial(void **state)
{
    mkg_evidence *e;
    assert_string_equal(ask(*state, "感冒的症状和治疗费用", &e),
                        "感冒 symptom 咳嗽;感冒 symptom 发热;");
    assert_int_equal(e->status, MKG_PARTIAL);
    assert_int_equal(e->nmissing, 1);
    assert_string_equal(e->missing[0].what, "治疗费用");
    mkg_evidence_free(e);
    /* A description is no answer to what else was asked. */
    assert_string_equal(ask(*state, "高血压的诱因是什么", &e), "");
    assert_int_equal(e->status, MKG_NO_EVIDENCE);
    assert_string_equal(e->missing[0].what, "危险因素");
    mkg_evidence_free(e);
}

/* What several names lead to together, and what must not be there. */
static void test_sets(void **state)
{
    answers(*state, "发热和咳嗽是什么病",
            "肺炎 symptom 发热;肺炎 symptom 咳嗽;感冒 symptom 咳嗽;感冒 symptom 发热;");
    answers(*state, "哪些病有咳嗽但没有发热", "哮喘 symptom 咳嗽;");
    answers(*state, "which diseases cause cough but not fever",
            "asthma symptom cough;");
    answers(*state, "which diseases cause fever without cough", "");
    /* Two diseases asked about side by side are not a set. */
    answers(*state, "感冒和哮喘有什么症状",
            "感冒 symptom 咳嗽;哮喘 symptom 咳嗽;感冒 symptom 发热;");
}

static void check_verdict(world *w, const char *question, mkg_verdict want,
                          const char *facts)
{
    mkg_evidence *e;
    assert_string_equal(ask(w, question, &e), facts);
    if (e->verdict != want)
        fail_msg("%s: '%s'", question, mkg_verdict_name(e->verdict));
    mkg_evidence_free(e);
}

/* Whether it is so: a fact for it, a fact against it, or none. */
static void test_yes_no(void **state)
{
    world *w = *state;
    check_verdict(w, "感冒会引起肺炎吗", MKG_VERDICT_YES, "感冒 complication 肺炎;");
    check_verdict(w, "沙丁胺醇能治哮喘吗", MKG_VERDICT_YES, "沙丁胺醇 treats 哮喘;");
    check_verdict(w, "哮喘能用普萘洛尔治疗吗", MKG_VERDICT_NO,
                  "普萘洛尔 contraindicated_in 哮喘;");
    /* What is forbidden is no yes to "may I", and a yes to "is it forbidden". */
    check_verdict(w, "沙丁胺醇和普萘洛尔能不能一起吃", MKG_VERDICT_NO,
                  "沙丁胺醇 interacts_with 普萘洛尔;");
    check_verdict(w, "沙丁胺醇和普萘洛尔有没有相互作用", MKG_VERDICT_YES,
                  "沙丁胺醇 interacts_with 普萘洛尔;");
    check_verdict(w, "can salbutamol be taken together with propranolol",
                  MKG_VERDICT_NO, "salbutamol interacts_with propranolol;");
    /* A "not" belongs to what is said of the two, and "会不会" holds none. */
    check_verdict(w, "感冒会不会引起肺炎", MKG_VERDICT_YES, "感冒 complication 肺炎;");
    check_verdict(w, "感冒不会引起肺炎吗", MKG_VERDICT_NO, "感冒 complication 肺炎;");
    check_verdict(w, "肺炎是感冒的并发症吗", MKG_VERDICT_YES,
                  "感冒 complication 肺炎;");
    check_verdict(w, "does propranolol treat asthma", MKG_VERDICT_NO,
                  "propranolol contraindicated_in asthma;");
    check_verdict(w, "propranolol is not used to treat asthma", MKG_VERDICT_YES,
                  "propranolol contraindicated_in asthma;");
    check_verdict(w, "肺炎会并发肾炎吗", MKG_VERDICT_DISPUTED,
                  "肺炎 complication 肾炎;肺炎 complication 肾炎;");
    /* The fact leads the other way. */
    mkg_evidence *e;
    ask(w, "肺炎会引起感冒吗", &e);
    assert_int_equal(e->verdict, MKG_VERDICT_NONE);
    assert_int_equal(e->status, MKG_CONFLICT); /* of what pneumonia does lead to */
    mkg_evidence_free(e);
    /* No fact, and what else salbutamol treats is no answer. */
    assert_string_equal(ask(w, "沙丁胺醇能治高血压吗", &e), "沙丁胺醇 treats 哮喘;");
    assert_int_equal(e->status, MKG_PARTIAL);
    assert_string_equal(e->missing[0].what, "沙丁胺醇 – 高血压");
    mkg_evidence_free(e);
}

/* A name that stands by accident in a sentence of which nothing else is understood. */
static void test_sense(void **state)
{
    mkg_evidence *e;
    assert_string_equal(ask(*state, "感冒灵广告歌的歌词出自谁手", &e), "");
    assert_int_equal(e->status, MKG_NO_EVIDENCE);
    assert_string_equal(e->missing[0].reason, "below_threshold");
    mkg_evidence_free(e);
    assert_string_equal(ask(*state, "高血压能吃阿司匹林吗", &e), "");
    mkg_evidence_free(e);
    assert_string_equal(ask(*state, "阿莫西林会并发肺炎吗", &e), "");
    assert_string_equal(e->missing[0].what, "阿莫西林");
    assert_string_equal(e->missing[0].reason, "unknown_entity");
    mkg_evidence_free(e);
    /* Food is no answer to a question for drugs. */
    assert_string_equal(ask(*state, "感冒吃什么药", &e), "");
    assert_string_equal(e->missing[0].what, "治疗药物");
    mkg_evidence_free(e);
}

static void test_conflict(void **state)
{
    mkg_evidence *e;
    ask(*state, "哮喘有什么症状", &e);
    assert_int_equal(e->status, MKG_ANSWERED);
    assert_int_equal(e->nconflicts, 0);
    mkg_evidence_free(e);
    ask(*state, "肺炎会并发肾炎吗", &e); /* one source says so, another denies it */
    assert_int_equal(e->status, MKG_CONFLICT);
    assert_int_equal(e->npieces, 2);
    mkg_evidence_free(e);
}

/* Two nodes that a source declares to be the same answer as one. */
static void test_same_as(void **state)
{
    mkg_evidence *e;
    answers(*state, "流行性感冒的症状", "流感 symptom 乏力;流行性感冒 symptom 寒战;");
    answers(*state, "流感的症状", "流感 symptom 乏力;流行性感冒 symptom 寒战;");
    ask(*state, "流感", &e);
    assert_int_not_equal(e->status, MKG_AMBIGUOUS);
    mkg_evidence_free(e);
}

static void test_not_found(void **state)
{
    mkg_evidence *e;
    ask(*state, "火星热有什么症状", &e);
    assert_int_equal(e->status, MKG_NO_EVIDENCE);
    assert_int_equal(e->nmissing, 1);
    assert_string_equal(e->missing[0].reason, "unknown_entity");
    mkg_evidence_free(e);
    ask(*state, "感冒要花多少钱", &e);
    assert_int_equal(e->status, MKG_NO_EVIDENCE);
    assert_string_equal(e->missing[0].reason, "no_such_relation");
    assert_string_equal(e->missing[0].what, "治疗费用");
    assert_non_null(strstr(e->missing[0].searched, "感冒"));
    mkg_evidence_free(e);
}

static void test_english_words(void **state)
{
    world *w = *state;
    mkg_evidence *e;
    ask(w, "what are all the symptoms of pneumonia", &e);
    assert_int_equal(e->nmentions, 1); /* "all" is not the abbreviation */
    mkg_evidence_free(e);
    ask(w, "symptoms of ALL", &e);
    assert_int_equal(e->nmentions, 1);
    assert_string_equal(e->mentions[0].name, "nephritis");
    assert_string_equal(e->mentions[0].how, "alias");
    mkg_evidence_free(e);
    ask(w, "symptoms of asthmatics", &e); /* no name within a word */
    assert_int_equal(e->nmentions, 0);
    mkg_evidence_free(e);
}

static void test_offsets(void **state)
{
    mkg_evidence *e;
    const char *question = "问：Ｃｏｍｍｏｎ　Cold 吃什么药";
    ask(*state, question, &e);
    assert_int_equal(e->nmentions, 1);
    assert_int_equal(e->mentions[0].start, 6);
    assert_string_equal(e->mentions[0].text, "Ｃｏｍｍｏｎ　Cold");
    assert_memory_equal(question + e->mentions[0].start, e->mentions[0].text,
                        e->mentions[0].end - e->mentions[0].start);
    mkg_evidence_free(e);
}

static void test_provenance(void **state)
{
    mkg_evidence *e;
    ask(*state, "感冒的并发症", &e);
    assert_string_equal(e->pieces[0].source, "small");
    assert_string_equal(e->pieces[0].source_version, "2");
    assert_string_equal(e->pieces[0].locator, "small.tsv:1");
    assert_string_equal(e->pieces[0].label, "并发症");
    mkg_evidence_free(e);
}

static void test_limit(void **state)
{
    world *w = *state;
    mkg_evidence *e;
    mkg_retrieve_opts opts = {.limit = 1};
    assert_mkg_ok(mkg_retrieve(w->r, "感冒有什么症状", &opts, &e, &err));
    assert_int_equal(e->npieces, 1);
    assert_int_equal(e->more, 1);
    mkg_evidence_free(e);
}

static void test_bad_questions(void **state)
{
    world *w = *state;
    mkg_evidence *e;
    assert_int_equal(mkg_retrieve(w->r, " \t", NULL, &e, &err), MKG_EARG);
    assert_int_equal(mkg_retrieve(w->r, "\xff\xfe", NULL, &e, &err), MKG_EARG);
    char *big = malloc(70000);
    memset(big, 'a', 69999);
    big[69999] = '\0';
    assert_int_equal(mkg_retrieve(w->r, big, NULL, &e, &err), MKG_EARG);
    free(big);
}

static void test_search(void **state)
{
    world *w = *state;
    mkg_found f[8];
    size_t n;
    assert_int_equal(mkg_search(w->kg, "高血压", 8, f, &n, &err), MKG_OK);
    assert_true(n >= 2);
    assert_string_equal(f[0].how, "exact");
    assert_string_equal(f[1].how, "exact");
    assert_int_equal(mkg_search(w->kg, "伤风", 8, f, &n, &err), MKG_OK);
    assert_string_equal(f[0].how, "alias");
    assert_int_equal(mkg_search(w->kg, "icd10:j00", 8, f, &n, &err), MKG_OK);
    assert_string_equal(f[0].how, "code");
    assert_int_equal(mkg_search(w->kg, "pneum", 8, f, &n, &err), MKG_OK);
    assert_string_equal(f[0].how, "prefix");
    assert_int_equal(mkg_search(w->kg, "astma", 8, f, &n, &err), MKG_OK);
    assert_string_equal(f[0].how, "fuzzy");
    assert_int_equal(mkg_search(w->kg, "zzzz", 8, f, &n, &err), MKG_NOTFOUND);
    for (size_t k = 1; k <= 3; k++) {
        mkg_search(w->kg, "高血压", k, f, &n, &err);
        assert_true(n <= k);
    }
}

static void test_resolve(void **state)
{
    world *w = *state;
    mkg_ids ids = {0};
    assert_int_equal(mkg_resolve(w->kg, "ICD10:J00", &ids, &err), MKG_OK);
    assert_int_equal(ids.n, 1);
    mkg_id cold = ids.ids[0];
    char ref[16];
    snprintf(ref, sizeof ref, "#%u", cold);
    ids.n = 0;
    assert_int_equal(mkg_resolve(w->kg, ref, &ids, &err), MKG_OK);
    assert_int_equal(ids.ids[0], cold);
    ids.n = 0;
    assert_int_equal(mkg_resolve(w->kg, "高血压", &ids, &err), MKG_OK);
    assert_int_equal(ids.n, 2); /* most facts first */
    mkg_node node_;
    assert_mkg_ok(mkg_kg_node(w->kg, ids.ids[0], &node_, &err));
    assert_true(mkg__view_is(node_.type, "disease"));
    ids.n = 0;
    assert_int_equal(mkg_resolve(w->kg, "asthmma", &ids, &err), MKG_NOTFOUND);
    assert_non_null(strstr(err.msg, "'asthma'"));
    assert_int_equal(mkg_resolve(w->kg, "#999999", &ids, &err), MKG_NOTFOUND);
    assert_int_equal(mkg_resolve(w->kg, "", &ids, &err), MKG_EARG);
    mkg_ids_clear(&ids);
}

static void test_eval(void **state)
{
    world *w = *state;
    mkg_retrieval_score s;
    char *path =
        new_text(w->folder, "cases.jsonl",
                 "{\"question\":\"感冒有什么症状\",\"gold\":[\"发 热\"]}\n"
                 "{\"question\":\"感冒有什么症状\",\"gold\":[\"咳嗽\",\"发热\"]}\n"
                 "\n{\"question\":\"哮喘吃什么药\",\"gold\":[\"阿司匹林\"]}\n"
                 "{\"question\":\"哮喘吃什么药\",\"gold\":[]}\n");
    assert_mkg_ok(mkg_eval_retrieval(w->r, path, NULL, NULL, NULL, &s, &err));
    assert_int_equal(s.cases, 3);
    assert_int_equal(s.skipped, 1);
    assert_true(s.recall_any[0] > 0.33 && s.recall_any[0] < 0.34);
    assert_true(s.recall_any[2] > 0.66 && s.recall_any[2] < 0.67);
    assert_true(s.all_in_20 > 0.66 && s.all_in_20 < 0.67);
    assert_true(s.mrr > 0.49 && s.mrr < 0.51);
    free(path);
    path =
        new_text(w->folder, "bad.jsonl", "{\"question\":\"x\",\"gold\":[\"y\"]}\n{]\n");
    assert_int_equal(mkg_eval_retrieval(w->r, path, NULL, NULL, NULL, &s, &err),
                     MKG_EPARSE);
    assert_int_equal(err.line, 2);
    free(path);
}

static void test_no_memory(void **state)
{
    world *w = *state;
    mkg_evidence *e = NULL;
    mkg_status st;
    long n = 0;
    do {
        mkg__alloc_fail_after(++n);
        st = mkg_retrieve(w->r, "发热咳嗽是什么病", NULL, &e, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
    } while (st < 0);
    assert_true(n > 10);
    mkg_evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forward),
                                       cmocka_unit_test(test_backward),
                                       cmocka_unit_test(test_symmetric),
                                       cmocka_unit_test(test_set),
                                       cmocka_unit_test(test_between),
                                       cmocka_unit_test(test_homonym),
                                       cmocka_unit_test(test_phrase_that_is_a_name),
                                       cmocka_unit_test(test_overview),
                                       cmocka_unit_test(test_weak_phrases),
                                       cmocka_unit_test(test_two_questions),
                                       cmocka_unit_test(test_partial),
                                       cmocka_unit_test(test_sets),
                                       cmocka_unit_test(test_yes_no),
                                       cmocka_unit_test(test_sense),
                                       cmocka_unit_test(test_conflict),
                                       cmocka_unit_test(test_same_as),
                                       cmocka_unit_test(test_not_found),
                                       cmocka_unit_test(test_english_words),
                                       cmocka_unit_test(test_offsets),
                                       cmocka_unit_test(test_provenance),
                                       cmocka_unit_test(test_limit),
                                       cmocka_unit_test(test_bad_questions),
                                       cmocka_unit_test(test_search),
                                       cmocka_unit_test(test_resolve),
                                       cmocka_unit_test(test_eval),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
