/* Constraints: masks against what the strings and grammars plainly allow. */
#include "testing.h"
#include "testing_lm.h"

#include "base/rng.h"
#include "base/text.h"
#include "lm/constrain.h"

static mkg_err err;
static char *folder;
static mkg_tok *bpe, *spm;
static mkg_lexicon *lex, *lex_spm;

static int setup(void **state)
{
    (void)state;
    folder = new_folder();
    bpe = sample_bpe(folder, "qwen2");
    spm = sample_spm(folder);
    assert_mkg_ok(mkg_lexicon_new(bpe, &lex, &err));
    assert_mkg_ok(mkg_lexicon_new(spm, &lex_spm, &err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mkg_lexicon_free(lex);
    mkg_lexicon_free(lex_spm);
    mkg_tok_free(bpe);
    mkg_tok_free(spm);
    remove_folder(folder);
    return 0;
}

static mkg_constraint *grammar(const char *text)
{
    mkg_constraint *c = NULL;
    assert_mkg_ok(mkg_constraint_grammar(lex, V(text), &c, &err));
    return c;
}

/* Can the text be written, and may it end there? */
static bool matches(mkg_constraint *c, const char *text)
{
    mkg_constraint_reset(c);
    return mkg_constraint_accept_bytes(c, V(text), &err) == MKG_OK &&
           mkg_constraint_complete(c);
}

static bool begins(mkg_constraint *c, const char *text)
{
    mkg_constraint_reset(c);
    return mkg_constraint_accept_bytes(c, V(text), &err) == MKG_OK;
}

static bool bit(const uint64_t *mask, uint32_t i)
{
    return mask[i / 64] >> (i % 64) & 1;
}

/* ---- strings, by force ---- */

static bool starts_with(mkg_view s, const char *p, size_t n)
{
    return s.len >= n && memcmp(s.ptr, p, n) == 0;
}

/* Write a random text token by token and compare each mask with the whole list. */
static void check_strings(const mkg_tok *t, const mkg_lexicon *l, const mkg_view *s,
                          size_t n, uint64_t seed)
{
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    mkg_constraint *c;
    char text[256];
    size_t len = 0;
    bool first = true, whole = false;
    assert_mkg_ok(mkg_constraint_strings(l, s, n, &c, &err));
    while (!whole || mkg__rng_below(&r, 2)) {
        const uint64_t *mask;
        uint32_t may[600], count = 0;
        assert_mkg_ok(mkg_constraint_mask(c, &mask, &err));
        whole = false;
        for (size_t k = 0; k < n; k++)
            whole = whole || (s[k].len == len && starts_with(s[k], text, len));
        assert_int_equal(whole, mkg_constraint_complete(c));
        for (uint32_t i = 0; i < mkg_tok_get_info(t)->n; i++) {
            mkg_view p = mkg_tok_piece(t, i);
            bool want = mkg_tok_is_end(t, i) && whole;
            if (p.len && mkg_tok_type(t, i) != MKG_TOKEN_USER) {
                if (first && mkg_tok_get_info(t)->space_prefix && p.ptr[0] == ' ')
                    p = mkg__view(p.ptr + 1, p.len - 1);
                memcpy(text + len, p.ptr, p.len);
                for (size_t k = 0; k < n && !want; k++)
                    want = starts_with(s[k], text, len + p.len);
            }
            assert_int_equal(bit(mask, i), want);
            if (want && !mkg_tok_is_end(t, i)) may[count++] = i;
        }
        if (count == 0) {
            assert_true(whole);
            break;
        }
        uint32_t id = may[mkg__rng_below(&r, count)];
        assert_mkg_ok(mkg_constraint_accept(c, id, &err));
        mkg_view p = mkg_tok_piece(t, id);
        if (first && mkg_tok_get_info(t)->space_prefix && p.ptr[0] == ' ')
            p = mkg__view(p.ptr + 1, p.len - 1);
        memcpy(text + len, p.ptr, p.len);
        len += p.len;
        first = false;
    }
    mkg_constraint_free(c);
}

static const mkg_view names[] = {
    {"糖尿病", 9},       {"糖尿病肾病", 15}, {"ab", 2},   {"abab", 4},
    {"hello hello", 11}, {"b", 1},           {"abba", 4}, {"糖", 3}};

static void test_strings(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        check_strings(bpe, lex, names, 1 + i % N_OF(names), i);
        check_strings(spm, lex_spm, names, 1 + i % N_OF(names), i);
    }
    mkg_constraint *c;
    const mkg_view empty[] = {{"a", 1}, {"", 0}};
    assert_int_equal(mkg_constraint_strings(lex, empty, 0, &c, &err), MKG_EARG);
    assert_int_equal(mkg_constraint_strings(lex, empty, 2, &c, &err), MKG_EARG);
    assert_null(c);
    mkg_constraint_free(NULL);
    mkg_lexicon_free(NULL);
}

static void test_accept(void **state)
{
    (void)state;
    mkg_constraint *c;
    const uint64_t *mask;
    uint32_t end = mkg_tok_find(bpe, "<|im_end|>"),
             think = mkg_tok_find(bpe, "<think>");
    assert_mkg_ok(mkg_constraint_strings(lex, names + 2, 2, &c, &err)); /* ab, abab */
    assert_int_equal(mkg_constraint_accept(c, end, &err), MKG_EARG);
    assert_int_equal(mkg_constraint_accept(c, think, &err), MKG_EARG);
    assert_int_equal(mkg_constraint_accept(c, 99999, &err), MKG_EARG);
    assert_mkg_ok(mkg_constraint_accept(c, 'a', &err)); /* tokens 0 to 255 are bytes */
    assert_int_equal(mkg_constraint_accept(c, 'a', &err), MKG_EARG);
    assert_mkg_ok(mkg_constraint_accept(c, 'b', &err));
    assert_mkg_ok(mkg_constraint_mask(c, &mask, &err));
    assert_true(bit(mask, end) && bit(mask, 'a') && !bit(mask, 'b'));
    assert_mkg_ok(mkg_constraint_accept(c, end, &err));
    assert_mkg_ok(mkg_constraint_mask(c, &mask, &err));
    for (uint32_t i = 0; i < mkg_tok_get_info(bpe)->n; i++)
        assert_false(bit(mask, i));
    assert_int_equal(mkg_constraint_accept(c, 'a', &err), MKG_EARG);
    mkg_constraint_reset(c);
    assert_mkg_ok(mkg_constraint_accept(c, 'a', &err));
    mkg_constraint_free(c);
}

/* ---- grammars ---- */

static void test_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *grammar, *yes[6], *no[6];
    } cases[] = {
        {"root ::= \"yes\" | \"no\"", {"yes", "no"}, {"", "ye", "yesno", "Yes"}},
        {"# numbers\nroot ::= n (\",\" \" \"? n)*\nn ::= [0-9]{1,3} (\".\" [0-9]+)?\n",
         {"1", "12,345", "1.25, 7"},
         {"", "1234", ".5", "1,,2", "1."}},
        {"root ::= \"a\"* \"b\"+ \"c\"?", {"b", "aab", "abbc"}, {"", "a", "abcc", "c"}},
        {"root ::= (\"a\" | \"bc\"){2,}", {"aa", "abc", "bcbcbc"}, {"a", "", "ab"}},
        {"root ::= \"ab\"{3}", {"ababab"}, {"abab", "abababab", "aaabbb"}},
        {"root ::= \"a\"{0} \"b\"", {"b"}, {"ab", ""}},
        {"root ::= [^a-c\\]]+", {"d", "糖", "😀x"}, {"a", "", "xb", "]"}},
        {"root ::= [糖-龥é]", {"糖", "龥", "é"}, {"一", "e", "糖糖", "è"}},
        {"root ::= . .", {"ab", "糖😀", "\n "}, {"a", "abc", ""}},
        {"root ::= \"\\x41\\u7cd6\\U0001F600\\n\\\"\"", {"A糖😀\n\""}, {"A"}},
        {"root ::= [a\\-z\\^]", {"a", "-", "z", "^"}, {"b", "\\"}},
        {"root ::= [a-]", {"a", "-"}, {"b"}},
        {"root ::= a b\na ::= \"x\"\n  | \"y\"\nb ::= \"z\"", {"xz", "yz"}, {"x", "z"}},
        {"root ::= \"(\" root \")\" | \"x\"",
         {"x", "(x)", "((x))"},
         {"(x", "x)", "()"}},
        {"root ::= ((\"a\"*)*)* \"b\"", {"b", "aab"}, {"a", "ba"}},
        {"root ::= \"\" | \"a\"", {"", "a"}, {"aa"}},
        {"root ::= (\"a\" | \"a\" \"b\") (\"b\" | \"c\")",
         {"ab", "abb", "abc", "ac"},
         {"a"}},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        mkg_constraint *c = grammar(cases[i].grammar);
        for (size_t k = 0; k < 6 && cases[i].yes[k]; k++)
            if (!matches(c, cases[i].yes[k]))
                fail_msg("%s must match '%s'", cases[i].grammar, cases[i].yes[k]);
        for (size_t k = 0; k < 6 && cases[i].no[k]; k++)
            if (matches(c, cases[i].no[k]))
                fail_msg("%s must not match '%s'", cases[i].grammar, cases[i].no[k]);
        mkg_constraint_free(c);
    }
}

/* Alternatives are a list of strings: both ways give the same masks. */
static void test_grammar_is_strings(void **state)
{
    (void)state;
    mkg__buf text = {0};
    mkg_constraint *a, *b = NULL;
    mkg__buf_str(&text, "root ::= ");
    for (size_t i = 0; i < N_OF(names); i++)
        mkg__buf_printf(&text, "%s\"%.*s\"", i ? " | " : "", (int)names[i].len,
                        names[i].ptr);
    assert_mkg_ok(mkg_constraint_strings(lex_spm, names, N_OF(names), &a, &err));
    assert_mkg_ok(
        mkg_constraint_grammar(lex_spm, mkg__view(text.ptr, text.len), &b, &err));
    size_t bytes = (mkg_tok_get_info(spm)->n + 63) / 64 * 8;
    for (uint64_t i = 0; i < 300; i++) {
        mkg__rng r = mkg__rng_new(5, i, 0);
        mkg_constraint_reset(a);
        mkg_constraint_reset(b);
        for (int k = 0; k < 20; k++) {
            const uint64_t *x, *y;
            assert_mkg_ok(mkg_constraint_mask(a, &x, &err));
            assert_mkg_ok(mkg_constraint_mask(b, &y, &err));
            assert_memory_equal(x, y, bytes);
            uint32_t id = mkg__rng_below(&r, mkg_tok_get_info(spm)->n);
            mkg_status st = mkg_constraint_accept(a, id, &err);
            assert_int_equal(mkg_constraint_accept(b, id, &err), st);
            assert_int_equal(bit(x, id), st == MKG_OK);
        }
    }
    mkg__buf_clear(&text);
    mkg_constraint_free(a);
    mkg_constraint_free(b);
}

static size_t utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

/* A class has its characters and no others, whole and in every byte. */
static void test_classes(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        mkg__rng r = mkg__rng_new(8, i, 0);
        char text[100];
        uint32_t most = (uint32_t[]){0x7f, 0x7ff, 0xffff, 0x10ffff}[i % 4];
        uint32_t a = 1 + mkg__rng_below(&r, most), b = 1 + mkg__rng_below(&r, most);
        if (a > b || (a >= 0xd800 && a <= 0xdfff) || (b >= 0xd800 && b <= 0xdfff))
            continue;
        bool but = i % 3 == 0;
        snprintf(text, sizeof text, "root ::= [%s\\U%08x-\\U%08x]", but ? "^" : "",
                 (unsigned)a, (unsigned)b);
        mkg_constraint *c = grammar(text);
        for (uint32_t k = 0; k < 3000; k++) {
            uint32_t x = k < 200   ? a - 100 + k
                         : k < 400 ? b - 300 + k
                                   : 1 + mkg__rng_below(&r, most);
            char s[4];
            if (x == 0 || x > 0x10ffff || (x >= 0xd800 && x <= 0xdfff)) continue;
            mkg_view v = mkg__view(s, utf8(x, s));
            mkg_constraint_reset(c);
            mkg_status st = mkg_constraint_accept_bytes(c, v, &err);
            assert_int_equal(st == MKG_OK, (x >= a && x <= b) != but);
            if (st == MKG_OK) assert_true(mkg_constraint_complete(c));
        }
        mkg_constraint_free(c);
    }
    mkg_constraint *c = grammar("root ::= .");
    assert_false(begins(c, "\xed\xa0")); /* a surrogate */
    assert_false(begins(c, "\xc0"));
    assert_false(begins(c, "\xf4\x90"));
    assert_true(begins(c, "\xf4\x8f"));
    mkg_constraint_free(c);
}

static void test_bad_grammars(void **state)
{
    (void)state;
    static const struct {
        const char *grammar;
        uint32_t line, col;
        const char *what;
    } cases[] = {
        {"", 0, 0, "there is no rule 'root'"},
        {"a ::= \"x\"", 0, 0, "there is no rule 'root'"},
        {"root ::= x", 1, 10, "the rule 'x' is not defined"},
        {"root ::= \"a\"\nroot ::= \"b\"", 2, 1, "defined twice"},
        {"root ::= \"a", 1, 10, "closing '\"'"},
        {"root ::= [a", 1, 10, "closing ']'"},
        {"root ::= []", 1, 10, "an empty class"},
        {"root ::= (\"a\"", 1, 10, "closing ')'"},
        {"root ::= \"a\")", 1, 13, "without its '('"},
        {"root ::= *", 1, 10, "a repeat of nothing"},
        {"root ::= \"a\"{2,1}", 1, 13, "end is before its beginning"},
        {"root ::= \"a\"{1001}", 1, 14, "more than 1000"},
        {"root ::= \"a\"{x}", 1, 14, "a number is missing"},
        {"root ::= \"a\"{2", 1, 13, "closing '}'"},
        {"root ::= [z-a]", 1, 11, "end is before its beginning"},
        {"root ::= \"\\q\"", 1, 11, "an unknown escape"},
        {"root ::= \"\\x4\"", 1, 11, "hexadecimal digits"},
        {"root ::= \"\\x00\"", 1, 11, "no character"},
        {"root ::= \"\\ud800\"", 1, 11, "no character"},
        {"root ::= [^\\x01-\\U0010FFFF]", 1, 10, "matches nothing"},
        {"root ::= \"a\"\n  $", 2, 3, "an unexpected character"},
        {"::= \"a\"", 1, 1, "a rule is wanted here"},
        {"root ::= (a ::= \"b\")", 1, 11, "a definition inside a group"},
        {"root ::= root \"a\" | \"b\"", 1, 1, "the rule 'root' can begin with itself"},
        {"root ::= a\na ::= b? a2\na2 ::= root\nb ::= \"x\"", 1, 1,
         "begin with itself"},
        {"root ::= \"\xff\"", 1, 11, "not UTF-8"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        mkg_constraint *c;
        err = (mkg_err){0};
        mkg_status st = mkg_constraint_grammar(lex, V(cases[i].grammar), &c, &err);
        if (st != MKG_EARG || !strstr(err.msg, cases[i].what) ||
            err.line != cases[i].line || err.col != cases[i].col)
            fail_msg("%zu: status %d, %llu:%lu: %s", i, st,
                     (unsigned long long)err.line, (unsigned long)err.col, err.msg);
        assert_null(c);
    }
}

/* Far more states than are kept: they are forgotten and made again. */
static void test_deep_nesting(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    mkg_constraint *c = grammar("root ::= \"(\" root \")\" | \"[\" root \"]\" | \"x\"");
    const uint64_t *mask;
    mkg__rng r = mkg__rng_new(4, 0, 0);
    char *text = malloc(DEPTH);
    assert_non_null(text);
    for (int i = 0; i < DEPTH; i++) {
        text[i] = "(["[mkg__rng_below(&r, 2)];
        assert_mkg_ok(mkg_constraint_mask(c, &mask, &err));
        assert_true(bit(mask, 'x') && bit(mask, '(') && !bit(mask, ')'));
        assert_mkg_ok(mkg_constraint_accept(c, (unsigned char)text[i], &err));
    }
    assert_mkg_ok(mkg_constraint_accept(c, 'x', &err));
    for (int i = DEPTH; i-- > 0;) {
        assert_mkg_ok(mkg_constraint_mask(c, &mask, &err));
        assert_int_equal(bit(mask, ')'), text[i] == '(');
        assert_false(bit(mask, 'x') || mkg_constraint_complete(c));
        assert_mkg_ok(mkg_constraint_accept(c, text[i] == '(' ? ')' : ']', &err));
    }
    assert_true(mkg_constraint_complete(c));
    mkg_constraint_reset(c);
    assert_mkg_ok(mkg_constraint_accept(c, 'x', &err));
    assert_true(mkg_constraint_complete(c));
    free(text);
    mkg_constraint_free(c);
}

/* An ambiguous grammar does not grow without end. */
static void test_ambiguous(void **state)
{
    (void)state;
    mkg_constraint *c = grammar("root ::= \"a\" root | \"a\" root \"a\" | \"a\"");
    mkg_status st = MKG_OK;
    for (int i = 0; i < 300 && st == MKG_OK; i++)
        st = mkg_constraint_accept(c, 'a', &err);
    assert_true(st == MKG_OK || st == MKG_ELM);
    mkg_constraint_free(c);
}

static mkg_status use_all(void)
{
    mkg_lexicon *l = NULL;
    mkg_constraint *c = NULL, *d = NULL;
    const uint64_t *mask;
    mkg_status st = mkg_lexicon_new(bpe, &l, &err);
    if (st >= 0)
        st = mkg_constraint_grammar(l,
                                    V("root ::= x{0,3} | y\nx ::= [^a-c] | \"ab\"\ny "
                                      "::= \"(\" y \")\" | \"h\""),
                                    &c, &err);
    if (st >= 0) st = mkg_constraint_strings(l, names, 3, &d, &err);
    if (st >= 0) st = mkg_constraint_mask(c, &mask, &err);
    if (st >= 0) st = mkg_constraint_accept(c, 'd', &err);
    if (st >= 0) st = mkg_constraint_mask(c, &mask, &err);
    if (st >= 0) st = mkg_constraint_mask(d, &mask, &err);
    mkg_constraint_free(c);
    mkg_constraint_free(d);
    mkg_lexicon_free(l);
    return st;
}

static void test_no_memory(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        mkg__alloc_fail_after(n);
        mkg_status st = use_all();
        mkg__alloc_fail_after(0);
        if (st == MKG_OK) break;
        assert_true(st == MKG_ENOMEM || st == MKG_ELM);
        assert_true(n < 3000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),      cmocka_unit_test(test_accept),
        cmocka_unit_test(test_grammar),      cmocka_unit_test(test_grammar_is_strings),
        cmocka_unit_test(test_classes),      cmocka_unit_test(test_bad_grammars),
        cmocka_unit_test(test_deep_nesting), cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
