/* `medkg lm info` and `medkg lm tokenize`: output, exit codes, damaged files. */
#include "cli_testing.h"
#include "testing_lm.h"

/* model.gguf in the world's folder: a tokenizer and two tensors. */
static void write_model(cli_world *w)
{
    static const float x[64] = {1};
    mkg_err err;
    char *path = in_folder(w->folder, "model.gguf");
    mkg_gguf_writer *g = mkg_gguf_writer_new();
    mkg_gguf_put_string(g, "general.architecture", V("qwen2"));
    mkg_gguf_put_string(g, "general.name", V("toy\x1b[31m"));
    mkg_gguf_put_u32(g, "qwen2.block_count", 3);
    mkg_gguf_put_u32(g, "qwen2.context_length", 128);
    mkg_gguf_put_string(g, "tokenizer.chat_template", V("<|im_start|>"));
    put_bpe(g, "qwen2", sample_merges, N_OF(sample_merges));
    mkg_gguf_put_tensor(g, "a", MKG_F32, 2, (uint64_t[]){4, 8}, x);
    mkg_gguf_put_tensor(g, "b", 3, 1, (uint64_t[]){64}, x); /* Q4_1 */
    assert_mkg_ok(mkg_gguf_writer_save(g, path, NULL, NULL, &err));
    mkg_gguf_writer_free(g);
    free(path);
}

static int setup(void **state)
{
    int rc = new_world(state);
    if (rc == 0) write_model(*state);
    return rc;
}

static json_int_t number(const json_t *v, const char *key)
{
    return json_integer_value(json_object_get(v, key));
}

static const char *string(const json_t *v, const char *key)
{
    return json_string_value(json_object_get(v, key));
}

static void what_a_file_holds(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm info model.gguf --json", 0);
    json_t *v = json_of(w);
    assert_string_equal(string(v, "architecture"), "qwen2");
    assert_string_equal(string(v, "template"), "chatml");
    assert_int_equal(number(v, "parameters"), 96);
    assert_int_equal(number(v, "layers"), 3);
    assert_int_equal(number(v, "context"), 128);
    assert_true(json_is_null(json_object_get(v, "heads")));
    const json_t *types = json_object_get(v, "types");
    assert_int_equal(json_array_size(types), 2);
    assert_string_equal(string(json_array_get(types, 1), "type"), "Q4_1");
    assert_int_equal(number(json_array_get(types, 1), "bytes"), 40);
    assert_true(json_is_false(json_object_get(json_array_get(types, 1), "computes")));
    const json_t *t = json_object_get(v, "tokenizer");
    assert_string_equal(string(t, "pre"), "qwen2");
    assert_int_equal(number(t, "tokens"), 256 + N_OF(sample_merges) + SPECIALS);
    assert_null(json_object_get(v, "metadata"));
    json_decref(v);

    assert_run(w, "medkg lm info model.gguf --json --all", 0);
    v = json_of(w);
    assert_string_equal(
        string(json_object_get(v, "metadata"), "tokenizer.chat_template"),
        "<|im_start|>");
    assert_int_equal(json_array_size(json_object_get(v, "all_tensors")), 2);
    json_decref(v);

    assert_run(w, "medkg lm info model.gguf --all", 0);
    assert_says(w->out, "toy\xef\xbf\xbd[31m"); /* it does not steer the terminal */
    assert_says(w->out, "Q4_1 *");
    assert_says(w->out, "* is not computed with");
    assert_says(w->out, "qwen2.block_count");
    assert_says(w->out, "4 x 8");
}

static void text_to_tokens(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm tokenize model.gguf 'hello 糖尿<|im_end|>' --json", 0);
    json_t *v = json_of(w);
    const json_t *pieces = json_object_get(v, "pieces");
    assert_int_equal(number(v, "count"), json_array_size(pieces));
    assert_int_equal(json_array_size(json_object_get(v, "ids")), number(v, "count"));
    assert_string_equal(json_string_value(json_array_get(pieces, 0)), "hello");
    assert_string_equal(json_string_value(json_array_get(pieces, 2)), "糖");
    assert_string_equal(json_string_value(json_array_get(pieces, 3)), "<0xE5>");
    assert_int_equal(number(v, "count"), 16); /* the name of a control token is text */
    json_decref(v);
    assert_run(w, "medkg lm tokenize model.gguf 'hello<|im_end|>' --special", 0);
    assert_string_equal(w->out, "    268  hello\n    276  <|im_end|>\n");
    assert_run(w, "printf 'hello\\n\\n' | medkg lm tokenize model.gguf -", 0);
    assert_string_equal(w->out, "    268  hello\n    264  \\n\\n\n");
    assert_run(w, "medkg lm tokenize model.gguf '' --json", 0);
    assert_string_equal(w->out, "{\"count\":0,\"ids\":[],\"pieces\":[]}\n");
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *says;
    } cases[] = {
        {"medkg lm", 2, "lm needs an argument"},
        {"medkg lm inof model.gguf", 2, "did you mean 'info'?"},
        {"medkg lm info", 2, "lm info needs an argument: FILE"},
        {"medkg lm info model.gguf x", 2, "there is also 'x'"},
        {"medkg lm tokenize model.gguf", 2, "lm tokenize needs an argument: FILE TEXT"},
        {"medkg lm info none.gguf", 4, "No such file"},
        {"medkg lm info out.txt", 3, "empty"},
        {"printf GGUFxxxxxxxxxxxxxxxxxxxxxxxx > v.gguf; medkg lm info v.gguf", 3,
         "v.gguf: byte 4: GGUF of version"},
        {"head -c 1000 model.gguf > cut.gguf; medkg lm tokenize cut.gguf x", 3,
         "cut.gguf: byte "},
    };
    cli_world *w = *state;
    for (size_t i = 0; i < N_OF(cases); i++) {
        assert_run(w, cases[i].line, cases[i].code);
        assert_string_equal(w->out, "");
        assert_says(w->err, cases[i].says);
    }
}

/* Without a tokenizer a file can be looked at, but not used for text. */
static void a_file_without_a_tokenizer(void **state)
{
    cli_world *w = *state;
    mkg_err err;
    char *path = in_folder(w->folder, "bare.gguf");
    mkg_gguf_writer *g = mkg_gguf_writer_new();
    mkg_gguf_put_string(g, "general.architecture", V("bert"));
    assert_mkg_ok(mkg_gguf_writer_save(g, path, NULL, NULL, &err));
    mkg_gguf_writer_free(g);
    free(path);
    assert_run(w, "medkg lm info bare.gguf", 0);
    assert_says(w->out, "none that can be used: the file holds no tokenizer");
    assert_run(w, "medkg --json lm info bare.gguf", 0);
    json_t *v = json_of(w);
    assert_true(json_is_null(json_object_get(v, "tokenizer")));
    json_decref(v);
    assert_run(w, "medkg lm tokenize bare.gguf x", 3);
    assert_says(w->err, "the file holds no tokenizer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_file_holds),
        cmocka_unit_test(text_to_tokens),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(a_file_without_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, setup, end_world);
}
