#include "testing.h"

#include "base/rng.h"
#include "base/text.h"

static void folded_is(const char *in, const char *want)
{
    mkg__buf b = {0};
    mkg_err err;
    assert_mkg_ok(mkg__fold(in, strlen(in), &b, NULL, &err));
    assert_string_equal(mkg__buf_cstr(&b), want);
    mkg__buf_clear(&b);
}

static void test_fold(void **state)
{
    (void)state;
    folded_is("Diabetes  Mellitus", "diabetes mellitus");
    folded_is("  \t\n", "");
    folded_is("ＣＯＶＩＤ－１９", "covid-19");
    folded_is("维生素 Ｂ１２ 缺乏", "维生素b12缺乏");
    folded_is("糖尿病\u3000肾病", "糖尿病肾病");
    folded_is("（慢性）胃炎", "(慢性)胃炎");
    folded_is("Alzheimer’s", "alzheimer's");
    folded_is("non\u2010small\u2013cell", "non-small-cell");
    folded_is("STRASSE", "strasse");
    folded_is("Straße", "strasse");
    folded_is("e\u0301pilepsie", "\u00e9pilepsie");
    folded_is("\ufb01bromyalgia", "fibromyalgia");
    folded_is("a\u00a0b", "a b");
    folded_is("\u1100\u1161\u11a8", "\uac01"); /* jamo compose */
}

static void test_fold_map(void **state)
{
    (void)state;
    const char *text = "吃 Ａｓｐｉｒｉｎ 吗";
    mkg__buf b = {0};
    uint32_t *map;
    mkg_err err;
    assert_mkg_ok(mkg__fold(text, strlen(text), &b, &map, &err));
    assert_string_equal(mkg__buf_cstr(&b), "吃aspirin吗");
    assert_int_equal(map[0], 0);
    assert_int_equal(map[3], 4); /* 'a' comes from the first full-width letter */
    assert_int_equal(map[4], 7);
    assert_int_equal(map[10], 26); /* 吗 */
    assert_int_equal(map[13], strlen(text));
    mkg__buf_clear(&b);
    mkg__free(map);
}

static size_t put_utf8(uint32_t c, char *p)
{
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (char)(0xc0 | c >> 6);
        p[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        p[0] = (char)(0xe0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 63));
        p[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    p[0] = (char)(0xf0 | c >> 18);
    p[1] = (char)(0x80 | (c >> 12 & 63));
    p[2] = (char)(0x80 | (c >> 6 & 63));
    p[3] = (char)(0x80 | (c & 63));
    return 4;
}

static uint32_t random_char(mkg__rng *r)
{
    static const uint32_t ranges[][2] = {
        {1, 0x7f},         {0x80, 0x24f},    {0x300, 0x36f},   {0x370, 0x5ff},
        {0x1100, 0x11ff},  {0x2000, 0x206f}, {0x3000, 0x30ff}, {0x4e00, 0x9fff},
        {0xac00, 0xd7a3},  {0xf900, 0xfaff}, {0xff00, 0xffef}, {0x1d400, 0x1d7ff},
        {0x20000, 0x2a6df}};
    size_t k = mkg__rng_below(r, sizeof ranges / sizeof *ranges);
    return ranges[k][0] + mkg__rng_below(r, ranges[k][1] - ranges[k][0] + 1);
}

/* The fold of a fold is the fold; the map rises and stays on character starts. */
static void test_fold_properties(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        mkg__rng r = mkg__rng_new(7, seed, 0);
        char text[128];
        size_t n = 0;
        for (size_t i = mkg__rng_below(&r, 12); i > 0; i--)
            n += put_utf8(random_char(&r), text + n);
        mkg__buf once = {0}, twice = {0};
        uint32_t *map;
        mkg_err err;
        assert_mkg_ok(mkg__fold(text, n, &once, &map, &err));
        assert_mkg_ok(
            mkg__fold(once.ptr ? once.ptr : "", once.len, &twice, NULL, &err));
        if (once.len != twice.len ||
            (once.len && memcmp(once.ptr, twice.ptr, once.len) != 0))
            fail_msg("seed %llu: folding twice differs", (unsigned long long)seed);
        for (size_t i = 0; i < once.len; i++) {
            assert_true(map[i] <= map[i + 1] && map[i] < n);
            assert_int_not_equal((unsigned char)text[map[i]] & 0xc0, 0x80);
        }
        mkg__buf_clear(&once);
        mkg__buf_clear(&twice);
        mkg__free(map);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\xff",         "a\x80",        "\xc0\xaf",
        "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xe4\xbd",     "\xf0\x9f\x98", "\xf8\x88\x80\x80\x80"};
    size_t bad;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mkg__utf8_valid(wrong[i], strlen(wrong[i]), &bad));
    assert_true(mkg__utf8_valid("a\xf4\x8f\xbf\xbf\xed\x9f\xbf", 8, &bad));
    assert_false(mkg__utf8_valid("ab\0c", 4, &bad));
    assert_int_equal(bad, 2);
    mkg__buf b = {0};
    mkg_err err;
    assert_int_equal(mkg__fold("\xff", 1, &b, NULL, &err), MKG_EPARSE);
    mkg__buf_clear(&b);
    assert_int_equal(mkg__utf8_count("a糖é", 6), 3);
    assert_int_equal(mkg__utf8_width("a糖é", 6), 4);
}

static void test_language(void **state)
{
    (void)state;
    assert_int_equal(mkg__lang_guess("HIV感染", 9), MKG_LANG_ZH);
    assert_int_equal(mkg__lang_guess("HIV", 3), MKG_LANG_EN);
    assert_int_equal(mkg__lang_guess("123 +", 5), MKG_LANG_NONE);
    assert_int_equal(mkg__lang_parse("zh-CN", 5), MKG_LANG_ZH);
    assert_int_equal(mkg__lang_parse("EN", 2), MKG_LANG_EN);
    assert_int_equal(mkg__lang_parse("english", 7), MKG_LANG_NONE);
}

static void test_numbers(void **state)
{
    (void)state;
    double d;
    uint64_t u;
    assert_true(mkg__parse_double(V("-1.5e3"), &d) && d == -1500);
    assert_false(mkg__parse_double(V("1.5x"), &d));
    assert_false(mkg__parse_double(V(""), &d));
    assert_false(mkg__parse_double(V("1e999"), &d));
    assert_false(mkg__parse_double(V("nan"), &d));
    assert_false(mkg__parse_double(V("0x10"), &d));
    assert_true(mkg__parse_u64(V("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(mkg__parse_u64(V("18446744073709551616"), &u));
    assert_false(mkg__parse_u64(V("-1"), &u));
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(mkg__edit_distance(V("import"), V("imoprt"), 3), 1);
    assert_int_equal(mkg__edit_distance(V("糖尿病"), V("糖尿並"), 3), 1);
    assert_int_equal(mkg__edit_distance(V(""), V("abc"), 5), 3);
    assert_int_equal(mkg__edit_distance(V("kitten"), V("sitting"), 5), 3);
    assert_int_equal(mkg__edit_distance(V("kitten"), V("sitting"), 1), 2);
}

static void test_trim(void **state)
{
    (void)state;
    assert_true(mkg__view_is(mkg__trim(V(" \u3000感冒 \n")), "感冒"));
    assert_true(mkg__view_is(mkg__trim(V("\u3000")), ""));
    assert_true(mkg__view_is(mkg__trim(V("")), ""));
}

static void test_clip(void **state)
{
    (void)state;
    static const char text[] = "a药b";
    static const int want[] = {0, 1, 1, 1, 4, 5, 5};
    for (size_t max = 0; max < 7; max++)
        assert_int_equal(mkg__clip(V(text), max), want[max]);
}

static void test_classes(void **state)
{
    (void)state;
    static const uint32_t letters[] = {'a',   'Z',     0xe9,    0x7cd6,  0x1c5,
                                       0x2b0, 0x20bb7, 0x2ebf0, 0x2ee5d, 0xac00};
    static const uint32_t numbers[] = {'0', 0xbd, 0x2163, 0x2460, 0x661, 0x3007};
    static const uint32_t spaces[] = {' ', '\n', 0x85, 0xa0, 0x2028, 0x3000};
    static const uint32_t others[] = {'-',    0x1c,    0x301,  0x94d,
                                      0x200b, 0x1f600, 0x2ee5e};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        assert_true(mkg__is_letter(letters[i]) && !mkg__is_number(letters[i]));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(mkg__is_number(numbers[i]) && !mkg__is_letter(numbers[i]));
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        assert_true(mkg__is_space(spaces[i]) && !mkg__is_letter(spaces[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(mkg__is_letter(others[i]) || mkg__is_number(others[i]) ||
                     mkg__is_space(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),  cmocka_unit_test(test_fold),
        cmocka_unit_test(test_fold_map), cmocka_unit_test(test_fold_properties),
        cmocka_unit_test(test_utf8),     cmocka_unit_test(test_language),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_distance),
        cmocka_unit_test(test_clip),     cmocka_unit_test(test_trim)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
