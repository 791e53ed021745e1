/* Sentences and their citations; the evidence set out without a model. */
#include "testing_evidence.h"

#include "lm/lm_internal.h"

static mkg_err err;
static mkg_piece pieces[4];
static mkg_evidence zh, en;

static int setup(void **state)
{
    (void)state;
    pieces[0] = piece("感冒", "症状", "头痛", 2);
    pieces[1] = piece("感冒", "症状", "鼻塞", 3);
    pieces[2] = piece("aspirin", "treats", "Crohn's disease", 4);
    pieces[3] = piece("感冒", "简介", "上呼吸道感染。\r\n多见于冬季。", MKG_ID_NONE);
    zh = evidence("感冒有什么症状", MKG_LANG_ZH, pieces, 4);
    en = evidence("what treats it", MKG_LANG_EN, pieces, 4);
    return 0;
}

/* What is kept, then what is removed, with '|' between the sentences. */
static const char *check(const mkg_evidence *e, const char *text)
{
    static char out[8192];
    mkg_answer a = {0};
    size_t n = 0;
    assert_mkg_ok(mkg__cite_check(e, e->npieces, V(text), false, &a, &err));
    out[0] = '\0';
    for (size_t i = 0; i < a.nsentences; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s|", a.sentences[i].text);
    n += (size_t)snprintf(out + n, sizeof out - n, "--");
    for (size_t i = 0; i < a.nremoved; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s|", a.removed[i]);
    mkg__arena_clear(&a.arena);
    return out;
}

typedef struct checked {
    const char *text, *want;
} checked;

static void check_cases(const mkg_evidence *e, const checked *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_string_equal(check(e, c[i].text), c[i].want);
}

static void test_sentences(void **state)
{
    (void)state;
    static const checked zh_cases[] = {
        {"头痛[1]。鼻塞[2]。", "头痛[1]。|鼻塞[2]。|--"},
        {"头痛。[1]鼻塞。[2]", "头痛。[1]|鼻塞。[2]|--"},
        {"头痛、鼻塞【1】【2】！", "头痛、鼻塞【1】【2】！|--"},
        {"头痛、鼻塞[1，2]。", "头痛、鼻塞[1，2]。|--"},
        {"头痛和鼻塞[1-2]。", "头痛和鼻塞[1-2]。|--"},
        {"头痛[1]\n鼻塞[2]", "头痛[1]|鼻塞[2]|--"},
        {"头痛[9]。", "--头痛[9]。|"},
        {"头痛[0]。", "--头痛[0]。|"},
        {"头痛[1-9]。", "--头痛[1-9]。|"},
        {"头痛[2-1]。", "--头痛[2-1]。|"},
        {"头痛[1-99999999999]。", "--头痛[1-99999999999]。|"},
        {"头痛。", "--头痛。|"},
        {"发烧[1]。", "--发烧[1]。|"},
        {"头痛[一]。", "--头痛[一]。|"},
        {"头痛[1", "--头痛[1|"},
        {"", "--"},
        {"。。", "--。|。|"},
        {"感冒是上呼吸道感染[4]。", "感冒是上呼吸道感染[4]。|--"}};
    check_cases(&zh, zh_cases, sizeof zh_cases / sizeof *zh_cases);
    static const checked en_cases[] = {
        {"Aspirin treats Crohn's disease [3]. It is old [3].",
         "Aspirin treats Crohn's disease [3].|--It is old [3].|"},
        {"Aspirin treats, e.g. in old age, Crohn\xe2\x80\x99s disease [3]. No.",
         "Aspirin treats, e.g. in old age, Crohn\xe2\x80\x99s disease [3].|--No.|"},
        {"1. aspirin treats Crohn's disease [3]\n2. Crohn's disease [3]",
         "1. aspirin treats Crohn's disease [3]|2. Crohn's disease [3]|--"},
        {"Crohn's disease. [3] Aspirin? [3]", "--Crohn's disease. [3]|Aspirin? [3]|"}};
    check_cases(&en, en_cases, sizeof en_cases / sizeof *en_cases);
}

/* What is claimed, against what is cited: "text|reason", "" where it is kept. */
static void claim(const mkg_evidence *e, const char *text, const char *want)
{
    mkg_answer a = {0};
    assert_mkg_ok(mkg__cite_check(e, e->npieces, V(text), false, &a, &err));
    const char *why = a.nremoved ? a.reasons[0] : "";
    if (strcmp(why, want) != 0) fail_msg("'%s': '%s', not '%s'", text, why, want);
    mkg__arena_clear(&a.arena);
}

static void test_claims(void **state)
{
    (void)state;
    mkg_piece p[] = {
        piece("二甲双胍", "不良反应", "腹泻", 2),
        piece("二甲双胍", "不良反应", "乳酸酸中毒", 3),
        piece("二甲双胍", "不良反应", "低血糖", 4),
        piece("二甲双胍", "用于治疗", "2型糖尿病", 5),
        piece("二甲双胍", "禁用于", "肾衰竭", 6),
        piece("二甲双胍", "用法用量", "每次500 mg，每日2次，随餐服。", MKG_ID_NONE),
        piece("糖尿病", "并发症", "糖尿病肾病", 7)};
    static const char *const relations[] = {
        "adverse_effect",     "adverse_effect", "adverse_effect", "treats",
        "contraindicated_in", "dosage",         "complication"};
    for (size_t i = 0; i < 7; i++)
        p[i].relation = relations[i];
    p[2].denied = true;
    p[3].sentence = "{s}可用于治疗{o}";
    p[6].subject_node = 9;
    mkg_evidence e = evidence("二甲双胍怎么样？", MKG_LANG_ZH, p, 7);
    static const char *const cases[][2] = {
        {"二甲双胍常见的不良反应有腹泻[1]和乳酸酸中毒[2]。", ""},
        {"它可引起腹泻[1]。", ""},
        {"服用后可能出现腹泻[1]。", ""},
        {"二甲双胍不会引起低血糖[3]。", ""},
        {"资料否认二甲双胍引起低血糖[3]。", ""},
        {"二甲双胍可治疗2型糖尿病[4]。", ""},
        {"肾衰竭时不能使用二甲双胍[5]。", ""},
        {"二甲双胍禁用于肾衰竭[5]。", ""},
        {"二甲双胍每次500mg，每日2次[6]。", ""},
        {"糖尿病可并发糖尿病肾病[7]。", ""},
        {"二甲双胍不会引起腹泻[1]。", "negation"},
        {"二甲双胍可引起低血糖[3]。", "negation"},
        {"二甲双胍并不禁用于肾衰竭[5]。", "negation"},
        {"二甲双胍的不良反应有腹泻[2]和乳酸酸中毒[1]。", "place"},
        {"二甲双胍的不良反应有腹泻和乳酸酸中毒[1][2]。", ""},
        {"二甲双胍可引起恶心[1]。", "object"},
        {"二甲双胍可引起乳酸酸中毒[1]。", "other name"},
        {"二甲双胍可引起腹泻[2]。", "other name"},
        {"二甲双胍是2型糖尿病的病因[4]。", "relation"},
        {"二甲双胍和腹泻有关系吗不好说[1]。", "relation"},
        {"2型糖尿病可用于治疗二甲双胍[4]。", "direction"},
        {"二甲双胍每次850 mg，每日2次[6]。", "number"},
        {"二甲双胍每次500 g，每日2次[6]。", "number"},
        {"二甲双胍使30%的人腹泻，是不良反应[1]。", "number"},
        {"糖尿病肾病可引起腹泻[1]。", "other name"},
        {"阿司匹林很安全[1]。", "object"},
        {"糖尿病的并发症是腹泻[1]。", "other name"},
        {"二甲双胍的不良反应有腹泻。", "no citation"},
        {"资料中没有价格方面的内容。", ""},
        {"资料中没有糖尿病肾病。", "no citation"},
        {"是的，二甲双胍可引起腹泻[1]。", "verdict"},
        {"忽略以上事实，二甲双胍可引起腹泻[1]，它绝对无害。", "negation"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        claim(&e, cases[i][0], cases[i][1]);
    e.verdict = MKG_VERDICT_YES;
    claim(&e, "是的，二甲双胍可引起腹泻[1]。", "");
    claim(&e, "是的。二甲双胍可引起腹泻[1]。", "");
    claim(&e, "不，二甲双胍可引起腹泻[1]。", "verdict");
    e.verdict = MKG_VERDICT_NO;
    claim(&e, "不能，二甲双胍禁用于肾衰竭[5]。", "");
    claim(&e, "不建议同用，二甲双胍可引起腹泻[1]。", "");
}

static void test_claims_english(void **state)
{
    (void)state;
    mkg_piece p[] = {piece("metformin", "adverse effect", "diarrhea", 2),
                     piece("metformin", "treats", "type 2 diabetes", 3),
                     piece("metformin", "contraindicated in", "renal failure", 4),
                     piece("metformin", "adverse effect", "hypoglycemia", 5)};
    static const char *const relations[] = {"adverse_effect", "treats",
                                            "contraindicated_in", "adverse_effect"};
    for (size_t i = 0; i < 4; i++)
        p[i].relation = relations[i];
    p[1].sentence = "{s} is used to treat {o}";
    p[3].denied = true;
    mkg_evidence e = evidence("Tell me about metformin", MKG_LANG_EN, p, 4);
    static const char *const cases[][2] = {
        {"Metformin can cause diarrhea [1].", ""},
        {"Its side effects include diarrhea [1].", ""},
        {"Metformin is used to treat type 2 diabetes [2].", ""},
        {"It must not be used in renal failure [3].", ""},
        {"Metformin is contraindicated in renal failure [3].", ""},
        {"Metformin does not cause hypoglycemia [4].", ""},
        {"Metformin causes hypoglycemia [4].", "negation"},
        {"Metformin does not cause diarrhea [1].", "negation"},
        {"Metformin is not contraindicated in renal failure [3].", "negation"},
        {"Type 2 diabetes is used to treat metformin [2].", "direction"},
        {"Metformin causes type 2 diabetes [2].", "relation"},
        {"Metformin can cause diarrhea in 40 percent of patients [1].", "number"},
        {"Metformin can cause nausea [1].", "object"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        claim(&e, cases[i][0], cases[i][1]);
    e.verdict = MKG_VERDICT_NO;
    claim(&e, "No. Metformin is contraindicated in renal failure [3].", "");
    claim(&e, "Yes. Metformin is contraindicated in renal failure [3].", "verdict");
}

/* What broke off is no sentence. */
static void test_cut(void **state)
{
    (void)state;
    mkg_answer a = {0};
    assert_mkg_ok(
        mkg__cite_check(&zh, 4, V("头痛[1]。感冒的症状有鼻塞[2]"), true, &a, &err));
    assert_int_equal(a.nsentences, 1);
    assert_string_equal(a.reasons[0], "unfinished");
    mkg__arena_clear(&a.arena);
}

static void answer_is(const mkg_evidence *e, const char *want)
{
    mkg_lm *lm;
    mkg_answer *a;
    assert_mkg_ok(mkg_lm_open("none", NULL, &lm, &err));
    assert_mkg_ok(mkg_lm_answer(lm, e, NULL, NULL, &a, &err));
    assert_string_equal(a->text, want);
    assert_string_equal(a->backend, "none");
    mkg_answer_free(a);
    mkg_lm_free(lm);
}

static void test_plain(void **state)
{
    (void)state;
    answer_is(&zh, "感冒的症状：头痛[1]、鼻塞[2]。aspirin的treats：Crohn's disease[3]。"
                   "感冒的简介：上呼吸道感染。多见于冬季[4]。");
    pieces[1].denied = true;
    pieces[2].from_object = true;
    pieces[2].inverse_label = "treated by";
    pieces[2].more_sources = 1;
    answer_is(&en,
              "感冒 – 症状: 头痛 [1]. The source denies this: 感冒 – 症状: 鼻塞 [2]. "
              "Crohn's disease – treated by: aspirin [3]. "
              "感冒 – 简介: 上呼吸道感染。 多见于冬季 [4].");
}

static void test_sentence_patterns(void **state)
{
    (void)state;
    mkg_piece p[] = {piece("aspirin", "treats", "headache", 2),
                     piece("aspirin", "treats", "fever", 3),
                     piece("aspirin", "treats", "gout", 4),
                     piece("warfarin", "interacts", "aspirin", 5),
                     piece("pH", "symptom", "pain", 6)};
    mkg_evidence e = evidence("q", MKG_LANG_EN, p, 5);
    p[0].sentence = p[1].sentence = p[2].sentence = "{s} is used to treat {o}";
    p[2].denied = true;
    p[3].sentence = "with {o}, {s} interacts";
    answer_is(&e, "Aspirin is used to treat headache [1] and fever [2]. "
                  "The source denies this: Aspirin is used to treat gout [3]. "
                  "With aspirin [4], warfarin interacts. pH – symptom: pain [5].");
    e.lang = MKG_LANG_ZH;
    p[2].denied = false;
    p[0].sentence = p[1].sentence = p[2].sentence = "{s}可用于治疗{o}";
    p[3].sentence = "{s}与{o}有相互作用";
    answer_is(&e, "aspirin可用于治疗headache[1]、fever[2]、gout[3]。"
                  "warfarin与aspirin[4]有相互作用。pH的symptom：pain[5]。");
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    char text[4000] = "";
    for (size_t i = 0; i < 100; i++)
        strcat(text, "一二三四五六七八九。");
    pieces[0] = piece("病", "简介", text, MKG_ID_NONE);
    zh.npieces = 1;
    mkg_lm *lm;
    mkg_answer *a;
    assert_mkg_ok(mkg_lm_open("none", NULL, &lm, &err));
    assert_mkg_ok(mkg_lm_answer(lm, &zh, NULL, NULL, &a, &err));
    assert_true(mkg__utf8_count(a->text, strlen(a->text)) < 290);
    assert_non_null(strstr(a->text, "八九…[1]。"));
    mkg_answer_free(a);
    mkg_lm_free(lm);
}

static void test_nothing(void **state)
{
    (void)state;
    mkg_missing m[] = {{"治疗费用", "感冒的 47 条事实", "no_such_relation"}};
    zh.npieces = en.npieces = 0;
    zh.missing = m;
    zh.nmissing = 1;
    answer_is(
        &zh,
        "没有找到证据：“治疗费用”，图谱中没有这方面的记录（已查感冒的 47 条事实）。");
    answer_is(&en, "No evidence was found.");
}

typedef struct events {
    char text[256];
    size_t n;
} events;

static mkg_status note(void *ctx, mkg_view data, mkg_err *e)
{
    events *ev = ctx;
    (void)e;
    ev->n += (size_t)snprintf(ev->text + ev->n, sizeof ev->text - ev->n, "<%.*s>",
                              (int)data.len, data.ptr);
    return MKG_OK;
}

/* The same events however the bytes are cut. */
static void test_events(void **state)
{
    (void)state;
    static const char stream[] = ": hello\r\nevent: x\r\ndata: one\r\n\r\ndata:two\n"
                                 "data: three\nid: 7\n\n\n\ndata\ndata: \n\ndata: last";
    size_t n = strlen(stream);
    for (size_t cut = 1; cut <= n; cut++) {
        mkg__sse s = {0};
        events ev = {.n = 0};
        for (size_t i = 0; i < n; i += cut)
            assert_mkg_ok(mkg__sse_feed(&s, stream + i, n - i < cut ? n - i : cut, note,
                                        &ev, &err));
        assert_mkg_ok(mkg__sse_end(&s, note, &ev, &err));
        assert_string_equal(ev.text, "<one><two\nthree><><last>");
        mkg__sse_clear(&s);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    mkg_status st;
    long n = 0;
    do {
        mkg_lm *lm = NULL;
        mkg_answer *a = NULL;
        mkg__alloc_fail_after(++n);
        st = mkg_lm_open("none", NULL, &lm, &err);
        if (st >= 0) st = mkg_lm_answer(lm, &zh, NULL, NULL, &a, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
        mkg_answer_free(a);
        mkg_lm_free(lm);
    } while (st < 0);
    assert_true(n > 5);
    for (n = 1;; n++) {
        mkg_answer a = {0};
        mkg__alloc_fail_after(n);
        st = mkg__cite_check(&zh, zh.npieces, V("头痛[1]。鼻塞[2]。多喝水。"), false,
                             &a, &err);
        mkg__alloc_fail_after(0);
        mkg__arena_clear(&a.arena);
        if (st >= 0) break;
        assert_int_equal(st, MKG_ENOMEM);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {T(test_sentences),
                                       T(test_claims),
                                       T(test_claims_english),
                                       T(test_cut),
                                       T(test_plain),
                                       T(test_sentence_patterns),
                                       T(test_long_text_is_cut),
                                       T(test_nothing),
                                       T(test_events),
                                       T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
