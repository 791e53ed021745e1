/* `medkg lm data` and `medkg lm vocab` on the starter graph: what every example has to
 * be, that splits have nothing in common, that a vocabulary cuts as it was learnt. */
#include "cli_testing.h"

#include "lm/compact.h"
#include "lm/tokenizer.h"

#include "base/rng.h"

static mkg_err err;

static int load(void **state)
{
    cli_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = new_folder();
    assert_run(w,
               "medkg -q import '" MEDKG_DATA_DIR
               "/starter.jsonl' --map '" MEDKG_DATA_DIR "/maps/starter.json'",
               0);
    assert_run(w, "medkg lm data -o data --count 1500 --seed 5", 0);
    *state = w;
    return 0;
}

static int unload(void **state)
{
    cli_world *w = *state;
    remove_folder(w->folder);
    mkg__free(w->out);
    mkg__free(w->err);
    free(w);
    return 0;
}

/* ---- reading what was written ---- */

static json_t *read_lines(const cli_world *w, const char *name)
{
    json_t *all = json_array(), *v;
    char *text = slurp(w->folder, name), *line = text, *end;
    for (uint64_t n = 1; (end = strchr(line, '\n')); line = end + 1, n++) {
        assert_mkg_ok(
            mkg__json_parse(mkg__view(line, (size_t)(end - line)), name, n, &v, &err));
        json_array_append_new(all, v);
    }
    assert_int_equal(*line, 0);
    mkg__free(text);
    return all;
}

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    if (!s) fail_msg("an example without '%s'", key);
    return s;
}

static mkg_lang lang_of(const json_t *v)
{
    return strcmp(text_of(v, "lang"), "en") == 0 ? MKG_LANG_EN : MKG_LANG_ZH;
}

/* What the piece is read of, and what it says of it, as they stand in the prompt. */
static char *shown(const json_t *piece, bool item, mkg_lang lang)
{
    bool back = json_is_true(json_object_get(piece, "from_object"));
    mkg__buf b = {0};
    mkg__compact_name(&b, text_of(piece, back == item ? "subject" : "object"), lang);
    assert_non_null(mkg__buf_cstr(&b));
    return b.ptr;
}

/* ---- each example ---- */

/* The citations of the answer, a bit each. */
static uint64_t cites_of(const char *answer)
{
    uint64_t cites = 0;
    for (const char *p = answer; (p = strchr(p, '[')); p++) {
        unsigned long n = strtoul(p + 1, NULL, 10);
        assert_in_range(n, 1, 64);
        cites |= (uint64_t)1 << (n - 1);
    }
    return cites;
}

static void check_gold(const json_t *v)
{
    const json_t *gold = json_object_get(v, "gold"), *number;
    const json_t *evidence = json_object_get(v, "evidence");
    const char *answer = text_of(v, "answer"), *prompt = text_of(v, "prompt");
    uint64_t want = 0;
    size_t i;
    json_array_foreach(gold, i, number)
    {
        size_t n = (size_t)json_integer_value(number);
        const json_t *piece = json_array_get(evidence, n - 1);
        char mark[16], *item = shown(piece, true, lang_of(v)),
                       *of = shown(piece, false, lang_of(v));
        assert_non_null(piece);
        want |= (uint64_t)1 << (n - 1);
        snprintf(mark, sizeof mark, "[%zu]", n);
        if (!strstr(answer, item)) fail_msg("'%s' is not in: %s", item, answer);
        if (!strstr(answer, of)) fail_msg("'%s' is not in: %s", of, answer);
        assert_non_null(strstr(answer, mark));
        assert_non_null(strstr(prompt, mark));
        mkg__free(item);
        mkg__free(of);
    }
    if (cites_of(answer) != want) fail_msg("other citations than gold: %s", answer);
}

/* A verdict is what the answer begins with; the program knows it. */
static void check_verdict(const json_t *v)
{
    static const char *const no_zh[] = {"不", "最好不要", "要慎重", "要小心", "并非"};
    const char *answer = text_of(v, "answer"), *verdict = text_of(v, "verdict");
    bool no = false;
    if (lang_of(v) == MKG_LANG_EN)
        no = strncmp(answer, "No", 2) == 0 || strncmp(answer, "Better not", 10) == 0 ||
             strncmp(answer, "Caution", 7) == 0 ||
             strncmp(answer, "This should", 11) == 0;
    for (size_t i = 0; lang_of(v) == MKG_LANG_ZH && i < 5; i++)
        no |= strncmp(answer, no_zh[i], strlen(no_zh[i])) == 0;
    if (strcmp(verdict, "no") == 0 && !no) fail_msg("no, but: %s", answer);
    if (strcmp(verdict, "yes") == 0 && no) fail_msg("yes, but: %s", answer);
    assert_int_equal(strcmp(verdict, "disputed") == 0,
                     strstr(text_of(v, "prompt"), "<|source|>") != NULL);
}

static void test_examples_hold(void **state)
{
    cli_world *w = *state;
    static const char *const files[] = {"data/train.jsonl", "data/valid.jsonl",
                                        "data/test.jsonl"};
    size_t kinds = 0, i;
    json_t *seen = json_object(), *v;
    for (size_t f = 0; f < 3; f++) {
        json_t *all = read_lines(w, files[f]);
        assert_int_equal(json_array_size(all), f ? 1000 : 1500);
        json_array_foreach(all, i, v)
        {
            const char *prompt = text_of(v, "prompt"), *answer = text_of(v, "answer");
            check_gold(v);
            check_verdict(v);
            json_object_set_new(seen, text_of(v, "kind"), json_true());
            assert_true(strlen(text_of(v, "question")) > 0);
            assert_null(strchr(answer, '{'));
            assert_null(strchr(answer, '|'));
            assert_null(strchr(text_of(v, "question"), '{'));
            assert_string_equal(prompt + strlen(prompt) - 10, "<|answer|>");
            if (json_array_size(json_object_get(v, "gold")) == 0)
                assert_null(strchr(answer, '['));
        }
        json_decref(all);
    }
    kinds = json_object_size(seen);
    assert_int_equal(kinds, 13);
    json_decref(seen);
}

/* ---- splits ---- */

/* Things that examples are about and their questions with the names cut out. */
static void collect(const json_t *all, json_t *things, json_t *questions)
{
    size_t i;
    json_t *v;
    json_array_foreach(all, i, v)
    {
        const json_t *gold = json_object_get(v, "gold");
        if (json_array_size(gold) == 0) continue;
        size_t n = (size_t)json_integer_value(json_array_get(gold, 0));
        const json_t *piece = json_array_get(json_object_get(v, "evidence"), n - 1);
        bool back = json_is_true(json_object_get(piece, "from_object"));
        json_object_set_new(things, text_of(piece, back ? "object" : "subject"),
                            json_true());
        json_object_set_new(questions, text_of(v, "question"), json_true());
    }
}

static void assert_apart(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)a, key, v)
    {
        if (json_object_get(b, key)) fail_msg("'%s' is in two splits", key);
    }
}

static void test_splits_are_apart(void **state)
{
    cli_world *w = *state;
    static const char *const files[] = {"data/train.jsonl", "data/valid.jsonl",
                                        "data/test.jsonl"};
    json_t *things[3], *questions[3];
    for (size_t f = 0; f < 3; f++) {
        json_t *all = read_lines(w, files[f]);
        things[f] = json_object();
        questions[f] = json_object();
        collect(all, things[f], questions[f]);
        assert_true(json_object_size(things[f]) > 100);
        json_decref(all);
    }
    for (size_t f = 0; f < 3; f++) {
        assert_apart(things[f], things[(f + 1) % 3]);
        assert_apart(questions[f], questions[(f + 1) % 3]);
    }
    for (size_t f = 0; f < 3; f++) {
        json_decref(things[f]);
        json_decref(questions[f]);
    }
}

static void test_same_seed_same_bytes(void **state)
{
    cli_world *w = *state;
    assert_run(
        w,
        "medkg lm data -o a.jsonl --count 200 --seed 9 && medkg lm data -o b.jsonl "
        "--count 200 --seed 9 && cmp a.jsonl b.jsonl",
        0);
    assert_run(
        w, "medkg lm data -o b.jsonl --count 200 --seed 10 && cmp -s a.jsonl b.jsonl",
        1);
    /* More of them begin with the same. */
    assert_run(
        w,
        "medkg lm data -o b.jsonl --count 300 --seed 9 && head -200 b.jsonl | cmp - "
        "a.jsonl",
        0);
}

static void test_languages(void **state)
{
    cli_world *w = *state;
    static const char *const names[] = {"zh", "en"};
    char line[128];
    for (size_t k = 0; k < 2; k++) {
        size_t i;
        json_t *v;
        snprintf(line, sizeof line, "medkg lm data -o l.jsonl --count 100 --lang %s",
                 names[k]);
        assert_run(w, line, 0);
        json_t *all = read_lines(w, "l.jsonl");
        json_array_foreach(all, i, v) assert_string_equal(text_of(v, "lang"), names[k]);
        json_decref(all);
    }
}

static void test_other_formats(void **state)
{
    cli_world *w = *state;
    size_t i;
    json_t *v;
    assert_run(
        w,
        "medkg lm data -o c.jsonl --count 50 --format chatml && medkg lm data -o "
        "a.jsonl --count 50 --format alpaca && medkg lm data -o j.jsonl --count 50",
        0);
    json_t *chat = read_lines(w, "c.jsonl"), *alpaca = read_lines(w, "a.jsonl"),
           *plain = read_lines(w, "j.jsonl");
    json_array_foreach(plain, i, v)
    {
        const char *answer = text_of(v, "answer");
        const json_t *messages = json_object_get(json_array_get(chat, i), "messages");
        assert_int_equal(json_array_size(messages), 3);
        assert_string_equal(text_of(json_array_get(messages, 0), "role"), "system");
        assert_string_equal(text_of(json_array_get(messages, 1), "role"), "user");
        assert_string_equal(text_of(json_array_get(messages, 2), "role"), "assistant");
        assert_string_equal(text_of(json_array_get(messages, 2), "content"), answer);
        assert_string_equal(text_of(json_array_get(alpaca, i), "output"), answer);
        assert_string_equal(text_of(json_array_get(alpaca, i), "input"),
                            text_of(json_array_get(messages, 1), "content"));
    }
    json_decref(chat);
    json_decref(alpaca);
    json_decref(plain);
}

/* ---- the vocabulary ---- */

static mkg_tok *open_vocab(const cli_world *w, const char *name)
{
    char *path = in_folder(w->folder, name);
    mkg_gguf *g;
    mkg_tok *t;
    assert_mkg_ok(mkg_gguf_open(path, &g, &err));
    assert_mkg_ok(mkg_tok_load(g, &t, &err));
    mkg_gguf_close(g);
    free(path);
    return t;
}

static void assert_round(const mkg_tok *t, mkg_view text)
{
    mkg_tokens ids = {0};
    mkg__buf back = {0};
    assert_mkg_ok(mkg_tok_encode(t, text, 0, &ids, &err));
    assert_mkg_ok(mkg_tok_decode(t, ids.id, ids.n, false, &back, &err));
    assert_int_equal(back.len, text.len);
    if (text.len) assert_memory_equal(back.ptr, text.ptr, text.len);
    mkg__buf_clear(&back);
    mkg_tokens_clear(&ids);
}

static void test_fixed_tokens(const mkg_tok *t)
{
    const mkg_tok_info *i = mkg_tok_get_info(t);
    char mark[16];
    assert_string_equal(i->model, "llama");
    assert_int_equal(i->unk, 0);
    assert_int_equal(i->bos, 1);
    assert_int_equal(i->eos, 2);
    assert_false(i->add_bos);
    assert_false(i->space_prefix);
    for (uint32_t k = 0; k < MKG__MARKS; k++) {
        assert_int_equal(mkg_tok_find(t, mkg__mark_name((mkg__mark)k)), 259 + k);
        assert_int_equal(mkg_tok_type(t, 259 + k), MKG_TOKEN_CONTROL);
    }
    for (uint32_t k = 1; k <= MKG_MARKS; k++) {
        snprintf(mark, sizeof mark, "[%u]", k);
        assert_int_equal(mkg_tok_find(t, mark), 258 + MKG__MARKS + k);
        assert_int_equal(mkg_tok_type(t, 258 + MKG__MARKS + k), MKG_TOKEN_USER);
    }
}

/* Each piece that was learnt comes out of encoding its own text. */
static void test_pieces_come_back(const mkg_tok *t)
{
    const mkg_tok_info *i = mkg_tok_get_info(t);
    for (uint32_t id = 259 + MKG__MARKS + MKG_MARKS; id < i->n; id++) {
        mkg_tokens ids = {0};
        mkg_view text = mkg_tok_piece(t, id);
        assert_mkg_ok(mkg_tok_encode(t, text, 0, &ids, &err));
        if (ids.n != 1 || ids.id[0] != id)
            fail_msg("piece %u '%.*s' is cut into %zu", id, (int)text.len, text.ptr,
                     ids.n);
        mkg_tokens_clear(&ids);
    }
}

/* The tokens of each name are the same in prompt and answer. */
static void test_names_are_cut_alike(const cli_world *w, const mkg_tok *t)
{
    json_t *all = read_lines(w, "data/test.jsonl"), *v, *number;
    size_t i, k, names = 0, other = 0;
    json_array_foreach(all, i, v)
    {
        const char *answer = text_of(v, "answer");
        mkg_tokens a = {0};
        assert_mkg_ok(mkg_tok_encode(t, V(answer), MKG_ENCODE_SPECIAL, &a, &err));
        json_array_foreach(json_object_get(v, "gold"), k, number)
        {
            size_t n = (size_t)json_integer_value(number);
            char *item = shown(json_array_get(json_object_get(v, "evidence"), n - 1),
                               true, lang_of(v));
            mkg__buf b = {0};
            mkg_tokens ids = {0};
            if (lang_of(v) == MKG_LANG_EN) mkg__buf_byte(&b, ' ');
            mkg__buf_str(&b, item);
            assert_mkg_ok(mkg_tok_encode(t, mkg__view(b.ptr, b.len), 0, &ids, &err));
            bool found = false;
            for (size_t at = 0; at + ids.n <= a.n && !found; at++)
                found = memcmp(a.id + at, ids.id, ids.n * sizeof *ids.id) == 0;
            names++;
            other += !found;
            mkg_tokens_clear(&ids);
            mkg__buf_clear(&b);
            mkg__free(item);
        }
        mkg_tokens_clear(&a);
    }
    assert_true(names > 1000);
    assert_true(other * 200 <
                names); /* a frame and a name may happen to make a piece */
    json_decref(all);
}

static void test_vocabulary(void **state)
{
    cli_world *w = *state;
    mkg__rng rng = mkg__rng_new(3, 0, 0);
    char bytes[64];
    assert_run(
        w,
        "medkg --json lm vocab data/train.jsonl data/valid.jsonl -o v.gguf --size 3000",
        0);
    json_t *info = json_of(w);
    assert_int_equal(json_integer_value(json_object_get(info, "tokens")), 3000);
    assert_int_equal(json_integer_value(json_object_get(info, "examples")), 2500);
    json_decref(info);
    assert_run(
        w,
        "medkg lm vocab data/train.jsonl data/valid.jsonl -o u.gguf --size 3000 && cmp "
        "u.gguf v.gguf",
        0);
    mkg_tok *t = open_vocab(w, "v.gguf");
    test_fixed_tokens(t);
    test_pieces_come_back(t);
    test_names_are_cut_alike(w, t);
    for (size_t i = 0; i < 2000; i++) {
        size_t n = mkg__rng_below(&rng, sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)mkg__rng_below(&rng, 256);
        /* U+2581 is how the file writes a blank. */
        for (size_t k = 0; k + 2 < n; k++)
            if (memcmp(bytes + k, "\xe2\x96\x81", 3) == 0) bytes[k] = 'x';
        assert_round(t, mkg__view(bytes, n));
    }
    assert_round(t, V("高血压 的症状: 頭痛, β-blocker 10⁹/L\n\t𠮷"));
    mkg_tok_free(t);
}

static void test_refusals(void **state)
{
    cli_world *w = *state;
    static const struct {
        const char *line;
        int code;
        const char *says;
    } cases[] = {
        {"medkg lm data", 2, "needs -o"},
        {"medkg lm data -o x.jsonl --split some", 2, "split"},
        {"medkg -d none.db lm data -o x.jsonl", 4, "none.db"},
        {"medkg lm vocab data/train.jsonl", 2, "needs -o"},
        {"medkg lm vocab -o v.gguf", 2, "needs an argument"},
        {"medkg lm vocab none.jsonl -o v.gguf", 4, "No such file"},
        {"echo '{\"prompt\": 1}' > bad.jsonl; medkg lm vocab bad.jsonl -o x.gguf", 3,
         "bad.jsonl:1"},
        {"echo '{' > bad.jsonl; medkg lm vocab bad.jsonl -o x.gguf", 3, "bad.jsonl:1"},
        {"printf 'disease\\tsymptom\\tx\\n' > none.tsv; MEDKG_DB=e.db medkg -d e.db lm "
         "data "
         "-o x.jsonl",
         4, "e.db"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_run(w, cases[i].line, cases[i].code);
        assert_says(w->err, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_hold),
        cmocka_unit_test(test_splits_are_apart),
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_vocabulary),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
