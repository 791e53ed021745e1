/* Tokenizers: small ones whose answers are plain to see, and the reference models'
 * cases, which must agree to the last token. */
#include "testing.h"
#include "testing_lm.h"

#include "base/io.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"

#include <math.h>

static mkg_err err;
static char *folder;

static int setup(void **state)
{
    (void)state;
    folder = new_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

/* The pieces of a text, parted by '|'; control tokens by name. */
static const char *pieces(const mkg_tok *t, const char *text, unsigned flags)
{
    static char out[1000];
    mkg_tokens ids = {0};
    mkg__buf b = {0};
    assert_mkg_ok(mkg_tok_encode(t, V(text), flags, &ids, &err));
    for (size_t i = 0; i < ids.n; i++) {
        mkg_view v = mkg_tok_text(t, ids.id[i]);
        if (i) mkg__buf_byte(&b, '|');
        mkg__buf_put(&b, v.ptr, v.len);
    }
    snprintf(out, sizeof out, "%s", mkg__buf_cstr(&b));
    mkg__buf_clear(&b);
    mkg_tokens_clear(&ids);
    return out;
}

static void test_bpe(void **state)
{
    (void)state;
    mkg_tok *t = sample_bpe(folder, "qwen2");
    assert_string_equal(mkg_tok_get_info(t)->model, "gpt2");
    assert_string_equal(mkg_tok_get_info(t)->pre, "qwen2");
    assert_int_equal(mkg_tok_get_info(t)->n, 256 + N_OF(sample_merges) + SPECIALS);
    assert_string_equal(pieces(t, "", 0), "");
    assert_string_equal(pieces(t, "hello hello", 0), "hello| hello");
    assert_string_equal(pieces(t, "糖", 0), "糖");
    assert_string_equal(pieces(t, "糖尿", 0), "糖|\xe5|\xb0|\xbf");
    /* The lowest rank first: "ab" "ab" before "b" "a". */
    assert_string_equal(pieces(t, "ababab", 0), "abab|ab");
    assert_string_equal(pieces(t, "bab", 0), "b|ab");
    /* Each digit is a pre-token, so "12" never meets. */
    assert_string_equal(pieces(t, "1234", 0), "1|2|3|4");
    assert_string_equal(pieces(t, "x.\nab", 0), "x|.\n|ab");
    assert_string_equal(pieces(t, "\n\nab", 0), "\n\n|ab");
    assert_string_equal(pieces(t, "     ab", 0), "    | ab");
    mkg_tok_free(t);
}

static void test_pre_tokenizers(void **state)
{
    (void)state;
    mkg_tok *t = sample_bpe(folder, "llama-bpe");
    assert_string_equal(pieces(t, "12345678", 0), "123|4|5|6|7|8");
    assert_string_equal(pieces(t, "a'S b's", 0), "a|'|S| |b|'s");
    /* A pre-token that is a token is taken whole: no merges lead to it from "h e l l".
     */
    assert_string_equal(pieces(t, " hello", 0), " hello");
    mkg_tok_free(t);
    t = sample_bpe(folder, "gpt2");
    assert_string_equal(pieces(t, "1234", 0),
                        "1234"); /* runs of digits stay together */
    assert_string_equal(pieces(t, "x.\nab", 0), "x|.|\n|ab");
    mkg_tok_free(t);
}

static void test_spm(void **state)
{
    (void)state;
    mkg_tok *t = sample_spm(folder);
    assert_string_equal(mkg_tok_get_info(t)->model, "llama");
    assert_true(mkg_tok_get_info(t)->space_prefix);
    assert_string_equal(pieces(t, "", 0), "");
    assert_string_equal(pieces(t, "hello", 0), " hello");
    assert_string_equal(pieces(t, "hello hello", 0), " hello| hello");
    assert_string_equal(pieces(t, "糖尿病", 0), " |糖尿病");
    assert_string_equal(pieces(t, "\xe2\x96\x81hello", 0), " | hello");
    assert_string_equal(pieces(t, "é\n", 0), " |\xc3|\xa9|\n");
    /* By score: "ab" is the third best piece, "abab" the eighth. */
    assert_string_equal(pieces(t, "babab", 0), " |b|abab");
    assert_string_equal(pieces(t, "ababab", 0), " |abab|ab");
    mkg_tok_free(t);
}

static void test_special_tokens(void **state)
{
    (void)state;
    mkg_tok *t = sample_bpe(folder, "qwen2");
    /* Names of control tokens are text, unless asked for; user-defined ones never. */
    assert_string_equal(pieces(t, "<s>ab</s>", 0), "<|s|>|ab|<|/|s|>");
    assert_string_equal(pieces(t, "<s>ab</s>", MKG_ENCODE_SPECIAL), "<s>|ab|</s>");
    assert_string_equal(pieces(t, "ab<think>ab", 0), "ab|<think>|ab");
    assert_string_equal(pieces(t, "<think>", 0), "<think>");
    /* The longest name wins. */
    assert_string_equal(pieces(t, "<<s>>", MKG_ENCODE_SPECIAL), "<<s>>");
    assert_string_equal(pieces(t, "<<s><s>>", MKG_ENCODE_SPECIAL), "<|<s>|<s>|>");
    assert_string_equal(pieces(t, "<s><<s>>", MKG_ENCODE_SPECIAL), "<s>|<<s>>");
    /* qwen2 puts no bos in front unless the file says so. */
    assert_string_equal(pieces(t, "ab", MKG_ENCODE_EDGES), "ab");
    uint32_t end = mkg_tok_find(t, "<|im_end|>"), think = mkg_tok_find(t, "<think>");
    assert_true(end != MKG_TOKEN_NONE && mkg_tok_is_end(t, end));
    assert_int_equal(mkg_tok_type(t, end), MKG_TOKEN_CONTROL);
    assert_true(mkg_tok_is_end(t, mkg_tok_get_info(t)->eos));
    assert_false(mkg_tok_is_end(t, think));
    assert_int_equal(mkg_tok_piece(t, end).len, 0);
    assert_int_equal(mkg_tok_text(t, end).len, 10);
    assert_int_equal(mkg_tok_piece(t, think).len, 7);
    assert_int_equal(mkg_tok_find(t, "ab"), MKG_TOKEN_NONE);
    mkg_tok_free(t);

    t = sample_spm(folder);
    assert_string_equal(pieces(t, "hello", MKG_ENCODE_EDGES), "<s>| hello");
    assert_string_equal(pieces(t, "", MKG_ENCODE_EDGES), "<s>");
    assert_string_equal(pieces(t, "hello<s>hello", MKG_ENCODE_SPECIAL),
                        " hello|<s>| hello");
    mkg_tok_free(t);
}

/* Text of many kinds of characters, some of it no UTF-8. */
static size_t random_text(mkg__rng *r, char *out, size_t most, bool valid)
{
    static const char *const parts[] = {
        "a", "b",   "ab", "hello",   " ",  "  ",       "\n",   "\r\n", "\t",
        "1", "123", "糖", "尿",      "病", "é",        "😀",    ".",    "'s",
        "<", "<s>", "▁",  "x",       "!?", "\xc2\xa0", "Ж",    "न",    "्",
        "Ⅳ", "-",   "//", "<think>", "的", "",         "\x7f", "0"};
    size_t n = 0;
    for (uint32_t k = mkg__rng_below(r, 40); k > 0; k--) {
        const char *s = parts[mkg__rng_below(r, N_OF(parts))];
        if (!valid && mkg__rng_below(r, 4) == 0) {
            if (n < most) out[n++] = (char)mkg__rng_below(r, 256);
        } else if (n + strlen(s) <= most) {
            memcpy(out + n, s, strlen(s));
            n += strlen(s);
        }
    }
    return n;
}

static void check_round_trip(const mkg_tok *t, const char *s, size_t n)
{
    mkg_tokens ids = {0};
    mkg__buf b = {0}, streamed = {0};
    mkg_tok_stream stream = {0};
    size_t bad;
    assert_mkg_ok(mkg_tok_encode(t, mkg__view(s, n), 0, &ids, &err));
    assert_mkg_ok(mkg_tok_decode(t, ids.id, ids.n, false, &b, &err));
    assert_int_equal(b.len, n);
    if (n) assert_memory_equal(b.ptr, s, n);
    for (size_t i = 0; i < ids.n; i++) {
        assert_mkg_ok(mkg_tok_stream_put(&stream, t, ids.id[i], &streamed, &err));
        assert_true(
            mkg__utf8_valid(streamed.len ? streamed.ptr : "", streamed.len, &bad));
    }
    mkg_tok_stream_end(&stream, &streamed);
    mkg__buf_clear(&b);
    mkg__buf_clear(&streamed);
    mkg_tokens_clear(&ids);
}

static void test_round_trip(void **state)
{
    (void)state;
    mkg_tok *t[4] = {sample_bpe(folder, "gpt2"), sample_bpe(folder, "llama-bpe"),
                     sample_bpe(folder, "qwen2"), sample_spm(folder)};
    for (uint64_t i = 0; i < 2000; i++) {
        mkg__rng r = mkg__rng_new(3, i, 0);
        char text[200];
        size_t n = random_text(&r, text, sizeof text, i % 2);
        for (size_t k = 0; k < 3; k++)
            check_round_trip(t[k], text, n);
        /* SentencePiece knows only one kind of blank, and puts one behind a special. */
        text[n < sizeof text ? n : sizeof text - 1] = '\0';
        if (strlen(text) < n || strstr(text, "▁") || strstr(text, "<think>")) continue;
        check_round_trip(t[3], text, n);
    }
    for (size_t k = 0; k < 4; k++)
        mkg_tok_free(t[k]);
}

static void test_stream(void **state)
{
    (void)state;
    mkg_tok *t = sample_spm(folder);
    mkg__buf out = {0};
    mkg_tok_stream s = {0};
    const unsigned char bytes[] = {0xe7, 0xb3, 0x96, 'a',  0xe7,
                                   0xb3, 'b',  0xff, 0xf0, 0x9f};
    const char *const want[] = {"", "", "糖", "a", "", "", "\uFFFDb", "\uFFFD", "", ""};
    for (size_t i = 0; i < sizeof bytes; i++) {
        out.len = 0;
        assert_mkg_ok(mkg_tok_stream_put(&s, t, 1u + bytes[i], &out, &err));
        assert_string_equal(mkg__buf_cstr(&out), want[i]);
    }
    out.len = 0;
    mkg_tok_stream_end(&s, &out);
    assert_string_equal(mkg__buf_cstr(&out), "\uFFFD");
    assert_int_equal(mkg_tok_stream_put(&s, t, 100000, &out, &err), MKG_EARG);
    uint32_t id = 100000;
    assert_int_equal(mkg_tok_decode(t, &id, 1, false, &out, &err), MKG_EARG);
    mkg__buf_clear(&out);
    mkg_tok_free(t);
}

/* Slow merging would show here: 400,000 bytes without a border. */
static void test_long_text(void **state)
{
    (void)state;
    enum { N = 400000 };
    char *text = malloc(N);
    mkg_tok *t[2] = {sample_bpe(folder, "qwen2"), sample_spm(folder)};
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        text[i] = "ab"[i % 2];
    for (size_t k = 0; k < 2; k++) {
        mkg_tokens ids = {0};
        assert_mkg_ok(mkg_tok_encode(t[k], mkg__view(text, N), 0, &ids, &err));
        assert_int_equal(ids.n, N / 4 + k); /* and the blank in front */
        mkg_tokens_clear(&ids);
        mkg_tok_free(t[k]);
    }
    free(text);
}

static mkg_gguf_writer *bad_file(int what)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    const mkg_view two[2] = {{"a", 1}, {"b", 1}}, merge[1] = {{"ab", 2}};
    const int32_t types[3] = {1, 1, 7};
    const float scores[2] = {0, NAN};
    const mkg_view byte[2] = {{"a", 1}, {"<0xQQ>", 6}};
    if (what == 0) return w;
    bool spm = what == 6 || what == 7 || what == 9;
    mkg_gguf_put_string(w, "tokenizer.ggml.model",
                        what == 1 ? V("bert")
                        : spm     ? V("llama")
                                  : V("gpt2"));
    if (!spm)
        mkg_gguf_put_string(w, "tokenizer.ggml.pre",
                            what == 2 ? V("falcon") : V("qwen2"));
    if (what != 3)
        mkg_gguf_put_strings(w, "tokenizer.ggml.tokens", what == 9 ? byte : two, 2);
    if (what == 4)
        mkg_gguf_put_array(w, "tokenizer.ggml.token_type", MKG_GGUF_I32, types, 3);
    if (what == 5)
        mkg_gguf_put_array(w, "tokenizer.ggml.token_type", MKG_GGUF_I32, types + 1, 2);
    if (what == 7)
        mkg_gguf_put_array(w, "tokenizer.ggml.scores", MKG_GGUF_F32, scores, 2);
    if (what == 8) mkg_gguf_put_strings(w, "tokenizer.ggml.merges", merge, 1);
    if (what == 9)
        mkg_gguf_put_array(w, "tokenizer.ggml.token_type", MKG_GGUF_I32,
                           (int32_t[]){1, 6}, 2);
    return w;
}

static void test_bad_files(void **state)
{
    (void)state;
    static const char *const want[] = {
        "the file holds no tokenizer",
        "a tokenizer of the kind 'bert'; gpt2 and llama are read",
        "a pre-tokenizer 'falcon'; gpt2, llama-bpe and qwen2 are read",
        "the tokenizer has no tokens",
        "the tokenizer has not as many types as tokens",
        "token 1 of the tokenizer has the unknown type 7",
        "the tokenizer has not as many scores as tokens",
        "a score of the tokenizer is no number",
        "merge 0 of the tokenizer is not two strings and a blank",
        "token 1 of the tokenizer is a byte without a value",
    };
    char *path = in_folder(folder, "bad.gguf");
    for (size_t i = 0; i < N_OF(want); i++) {
        mkg_gguf *g;
        mkg_tok *t;
        mkg_gguf_writer *w = bad_file((int)i);
        assert_mkg_ok(mkg_gguf_writer_save(w, path, NULL, NULL, &err));
        mkg_gguf_writer_free(w);
        assert_mkg_ok(mkg_gguf_open(path, &g, &err));
        assert_int_equal(mkg_tok_load(g, &t, &err), MKG_EPARSE);
        assert_string_equal(err.msg, want[i]);
        assert_null(t);
        mkg_gguf_close(g);
    }
    mkg_tok_free(NULL);
    free(path);
}

/* A vocabulary without all bytes: said, not dropped. */
static void test_missing_bytes(void **state)
{
    (void)state;
    const mkg_view two[2] = {{"a", 1}, {"b", 1}};
    mkg_tokens ids = {0};
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    mkg_gguf_put_string(w, "tokenizer.ggml.model", V("gpt2"));
    mkg_gguf_put_strings(w, "tokenizer.ggml.tokens", two, 2);
    mkg_tok *t = load_written(w, folder, "two.gguf");
    assert_mkg_ok(mkg_tok_encode(t, V("ab"), 0, &ids, &err));
    assert_int_equal(mkg_tok_encode(t, V("abc"), 0, &ids, &err), MKG_ELM);
    assert_string_equal(err.msg, "the vocabulary has no token for the byte 0x63");
    mkg_tokens_clear(&ids);
    mkg_tok_free(t);
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char *const files[] = {"bpe.gguf", "spm.gguf"};
    mkg_tok_free(sample_bpe(folder, "llama-bpe"));
    mkg_tok_free(sample_spm(folder));
    for (size_t k = 0; k < 2; k++) {
        char *path = in_folder(folder, files[k]);
        mkg_gguf *g;
        assert_mkg_ok(mkg_gguf_open(path, &g, &err));
        for (long n = 1;; n++) {
            mkg_tok *t = NULL;
            mkg_tokens ids = {0};
            mkg__buf b = {0};
            mkg__alloc_fail_after(n);
            mkg_status st = mkg_tok_load(g, &t, &err);
            if (st == MKG_OK)
                st = mkg_tok_encode(t, V("<s>hello 糖尿病<think>"),
                                    MKG_ENCODE_SPECIAL | MKG_ENCODE_EDGES, &ids, &err);
            if (st == MKG_OK) st = mkg_tok_decode(t, ids.id, ids.n, true, &b, &err);
            mkg__alloc_fail_after(0);
            mkg__buf_clear(&b);
            mkg_tokens_clear(&ids);
            mkg_tok_free(t);
            if (st == MKG_OK) break;
            assert_int_equal(st, MKG_ENOMEM);
            assert_true(n < 2000);
        }
        mkg_gguf_close(g);
        free(path);
    }
}

/* ---- the reference models ---- */

static void check_case(const mkg_tok *t, const char *model, const json_t *c)
{
    mkg_view text = mkg__json_view(json_object_get(c, "text"));
    const json_t *want = json_object_get(c, "tokens");
    mkg_tokens ids = {0};
    unsigned flags =
        (json_is_true(json_object_get(c, "add_bos")) ? MKG_ENCODE_EDGES : 0) |
        (json_is_true(json_object_get(c, "parse_special")) ? MKG_ENCODE_SPECIAL : 0);
    assert_mkg_ok(mkg_tok_encode(t, text, flags, &ids, &err));
    bool same = ids.n == json_array_size(want);
    for (size_t i = 0; i < ids.n && same; i++)
        same = ids.id[i] == (uint32_t)json_integer_value(json_array_get(want, i));
    if (!same) {
        for (size_t i = 0; i < ids.n; i++)
            printf("%u ", ids.id[i]);
        fail_msg("%s: '%.*s' (flags %u)", model, (int)text.len, text.ptr, flags);
    }
    mkg_tokens_clear(&ids);
}

static void test_reference_models(void **state)
{
    (void)state;
    static const char *const models[] = {
        "llama-spm-f32",  "llama-spm-q8_0", "llama-bpe-f16",  "llama-bpe-q4_k",
        "qwen2-bpe-q8_0", "qwen2-bpe-q4_0", "qwen3-bpe-q8_0", "qwen3-bpe-q4_k"};
    static const char *const files[] = {"tokenizer_cases.json",
                                        "tokenizer_cases_special.json"};
    for (size_t i = 0; i < N_OF(models); i++) {
        char name[200];
        mkg_gguf *g;
        mkg_tok *t;
        snprintf(name, sizeof name, "lm_ref/%s/model.gguf", models[i]);
        const char *path = shared(name);
        if (!path) continue;
        assert_mkg_ok(mkg_gguf_open(path, &g, &err));
        assert_mkg_ok(mkg_tok_load(g, &t, &err));
        mkg_gguf_close(g);
        for (size_t k = 0; k < 2; k++) {
            json_t *cases;
            snprintf(name, sizeof name, "lm_ref/%s/%s", models[i], files[k]);
            if (!(path = shared(name))) continue;
            assert_mkg_ok(mkg__json_load(path, 1 << 20, &cases, &err));
            assert_true(json_array_size(cases) > 60);
            for (size_t c = 0; c < json_array_size(cases); c++)
                check_case(t, models[i], json_array_get(cases, c));
            json_decref(cases);
        }
        mkg_tok_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bpe),
        cmocka_unit_test(test_pre_tokenizers),
        cmocka_unit_test(test_spm),
        cmocka_unit_test(test_special_tokens),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_missing_bytes),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_reference_models),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
