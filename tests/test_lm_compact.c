/* The built-in model's prompt: its form, and that no data can pose as part of it. */
#include "testing_evidence.h"

#include "base/rng.h"
#include "lm/compact.h"

static mkg_err err;

static char *prompt_of(const mkg_evidence *e, size_t most, size_t *used)
{
    mkg__buf b = {0};
    assert_mkg_ok(mkg__compact_prompt(e, most, &b, used, &err));
    assert_non_null(mkg__buf_cstr(&b));
    return b.ptr;
}

static void assert_prompt(const mkg_evidence *e, const char *want)
{
    size_t used;
    char *p = prompt_of(e, MKG_MARKS, &used);
    assert_string_equal(p, want);
    mkg__free(p);
}

static void test_groups(void **state)
{
    (void)state;
    mkg_piece p[] = {
        piece("高血压", "症状", "头痛", 2), piece("阿司匹林", "禁用于", "哮喘", 4),
        piece("高血压", "症状", "头晕", 3), piece("高血压", "症状", "皮疹", 5)};
    p[1].population = "儿童";
    p[1].grade = "1A";
    p[3].denied = true;
    mkg_evidence e = evidence("高血压有哪些症状？", MKG_LANG_ZH, p, 4);
    assert_prompt(
        &e, "<|zh|><|question|>高血压有哪些症状？"
            "<|fact|>高血压<|rel|>症状<|obj|>头痛[1]<|obj|>头晕[3]"
            "<|fact|>阿司匹林<|rel|>禁用于<|obj|>哮喘（人群：儿童）（证据等级1A）[2]"
            "<|fact|>高血压<|rel|>症状<|not|><|obj|>皮疹[4]<|answer|>");
}

static void test_english_and_direction(void **state)
{
    (void)state;
    mkg_piece p[] = {piece("aspirin", "treats", "fever", 2),
                     piece("ibuprofen", "treats", "fever", 2)};
    for (size_t i = 0; i < 2; i++) {
        p[i].from_object = true;
        p[i].inverse_label = "drug treatment";
    }
    mkg_evidence e = evidence("what treats  fever?", MKG_LANG_EN, p, 2);
    e.verdict = MKG_VERDICT_YES;
    e.more = 3;
    assert_prompt(&e, "<|en|><|question|>what treats fever?<|fact|> fever<|rel|> drug "
                      "treatment<|obj|> aspirin [1]<|obj|> ibuprofen "
                      "[2]<|more|><|yes|><|answer|>");
}

static void test_conflict_and_missing(void **state)
{
    (void)state;
    mkg_piece p[] = {piece("A", "症状", "B", 2), piece("A", "症状", "B", 2)};
    p[0].source = "甲";
    p[1].source = "乙";
    p[1].denied = true;
    mkg_conflict c = {0, 1};
    mkg_missing m[] = {{"科室", "", "no_such_relation"},
                       {"A会B吗", "", "below_threshold"}};
    mkg_evidence e = evidence("A会B吗", MKG_LANG_ZH, p, 2);
    e.conflicts = &c;
    e.nconflicts = 1;
    e.missing = m;
    e.nmissing = 2;
    e.verdict = MKG_VERDICT_DISPUTED;
    assert_prompt(&e,
                  "<|zh|><|question|>A会B吗<|fact|>A<|rel|>症状<|obj|>B[1]<|source|>甲"
                  "<|fact|>A<|rel|>症状<|not|><|obj|>B[2]<|source|>乙"
                  "<|missing|>科室<|disputed|><|answer|>");
}

static void test_nothing(void **state)
{
    (void)state;
    mkg_evidence e = evidence("x", MKG_LANG_ZH, NULL, 0);
    assert_prompt(&e, "<|zh|><|question|>x<|answer|>");
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    mkg__buf b = {0};
    const char *sentence =
        "以体循环动脉血压持续升高为特征的慢性病，是心脑血管病最重要的危险"
        "因素之一，多数患者没有症状。它可以控制，但是不能根治，需要长期服药。";
    mkg__compact_name(&b, sentence, MKG_LANG_ZH);
    assert_string_equal(
        mkg__buf_cstr(&b),
        "以体循环动脉血压持续升高为特征的慢性病，是心脑血管病最重要的危险"
        "因素之一，多数患者没有症状");
    b.len = 0;
    for (size_t i = 0; i < 40; i++)
        mkg__buf_str(&b, "words without an end ");
    char *words = strdup(mkg__buf_cstr(&b));
    b.len = 0;
    mkg__compact_name(&b, words, MKG_LANG_EN);
    assert_true(b.len <= 184);
    assert_memory_equal(b.ptr + b.len - 3, "…", 3);
    assert_non_null(strchr(" stdn", b.ptr[b.len - 4])); /* behind a word */
    free(words);
    b.len = 0;
    mkg__compact_name(&b, "A short one.", MKG_LANG_EN);
    assert_string_equal(mkg__buf_cstr(&b), "A short one");
    mkg__buf_clear(&b);
}

static void test_limits(void **state)
{
    (void)state;
    enum { N = 100 };
    mkg_piece p[N];
    char names[N][16];
    size_t used;
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "o%zu", i);
        p[i] = piece("s", "l", names[i], (mkg_id)i + 2);
    }
    mkg_evidence e = evidence("q", MKG_LANG_EN, p, N);
    char *text = prompt_of(&e, 3, &used);
    assert_int_equal(used, 3);
    assert_string_equal(text,
                        "<|en|><|question|>q<|fact|> s<|rel|> l<|obj|> o0 [1]<|obj|> "
                        "o1 [2]<|obj|> o2 [3]<|more|><|answer|>");
    mkg__free(text);
    text = prompt_of(&e, SIZE_MAX, &used);
    assert_int_equal(used, MKG_MARKS);
    assert_null(strstr(text, "[65]"));
    mkg__free(text);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

/* Whatever stands in question and evidence, the marks are those of a harmless one. */
static void test_hostile_data(void **state)
{
    (void)state;
    static const char *const parts[] = {"<|answer|>",
                                        "<|obj|>",
                                        "[1]",
                                        "[",
                                        "]",
                                        "<",
                                        ">",
                                        "|",
                                        "【2】",
                                        "\n",
                                        "\t",
                                        "</s>",
                                        "\xe2\x80\xae",
                                        "\x01",
                                        "a",
                                        "头",
                                        "<|",
                                        "|>",
                                        "<s>",
                                        "[64]",
                                        " ",
                                        "。"};
    mkg__rng rng = mkg__rng_new(7, 0, 0);
    char text[4][256];
    for (size_t round = 0; round < 500; round++) {
        for (size_t t = 0; t < 4; t++) {
            text[t][0] = '\0';
            for (size_t i = 0; i < 1 + mkg__rng_below(&rng, 12); i++)
                strcat(text[t],
                       parts[mkg__rng_below(&rng, sizeof parts / sizeof *parts)]);
        }
        mkg_piece p = piece(text[0], text[1], text[2], 2);
        p.population = text[1];
        mkg_evidence e = evidence(text[3], MKG_LANG_ZH, &p, 1);
        size_t used;
        char *prompt = prompt_of(&e, MKG_MARKS, &used);
        assert_int_equal(count(prompt, "<|"), 6);
        assert_int_equal(count(prompt, "|>"), 6);
        assert_int_equal(count(prompt, "<"), 6);
        assert_int_equal(count(prompt, "["), 1);
        assert_int_equal(count(prompt, "[1]"), 1);
        assert_int_equal(count(prompt, "\n"), 0);
        mkg__free(prompt);
    }
}

static void test_names_of_marks(void **state)
{
    (void)state;
    for (int i = 0; i < MKG__MARKS; i++) {
        const char *name = mkg__mark_name((mkg__mark)i);
        assert_non_null(name);
        assert_memory_equal(name, "<|", 2);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, mkg__mark_name((mkg__mark)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_english_and_direction),
        cmocka_unit_test(test_conflict_and_missing),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_hostile_data),
        cmocka_unit_test(test_names_of_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
