/* `medkg lm logits`, generate, bench, quantize, and `ask` with a model file. */
#include "cli_testing.h"
#include "testing_model.h"

static const tiny shape = {.arch = "qwen2",
                           .type = MKG_F16,
                           .layers = 2,
                           .dim = 64,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 16,
                           .ff = 96,
                           .vocab = TINY_WORDS,
                           .words = true,
                           .context = 2048};

static int setup(void **state)
{
    int rc = new_world(state);
    if (rc == 0) free(tiny_file(((cli_world *)*state)->folder, &shape));
    return rc;
}

static json_int_t number(const json_t *v, const char *key)
{
    return json_integer_value(json_object_get(v, key));
}

static double real(const json_t *v, const char *key)
{
    return json_number_value(json_object_get(v, key));
}

static void logits(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm logits tiny.gguf --tokens 3,14,15 -o a.f32", 0);
    assert_says(w->out, "a.f32: 3 rows of 285 logits, float32");
    assert_run(w, "medkg lm logits tiny.gguf --tokens '3, 14, 15' -o b.f32 -t 2 --json",
               0);
    json_t *v = json_of(w);
    assert_int_equal(number(v, "tokens"), 3);
    assert_int_equal(number(v, "vocabulary"), TINY_WORDS);
    json_decref(v);
    assert_run(w, "cmp a.f32 b.f32 && test $(wc -c <a.f32) = $((3 * 285 * 4))", 0);
    /* The first row does not know what comes. */
    assert_run(w, "medkg lm logits tiny.gguf --tokens 3 -o c.f32 --activations 8bit",
               0);
}

static void logits_wrong(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm logits tiny.gguf --tokens 1,x -o a.f32", 2);
    assert_says(w->err, "--tokens: 'x' is not a token's number");
    assert_run(w, "medkg lm logits tiny.gguf --tokens 1,285 -o a.f32", 2);
    assert_says(w->err, "token 285 is not in the vocabulary of 285 tokens");
    assert_run(w, "medkg lm logits tiny.gguf -o a.f32", 2);
    assert_run(w, "medkg lm logits tiny.gguf --tokens 1", 2);
    assert_says(w->err, "needs -o FILE");
    assert_run(w, "medkg lm logits none.gguf --tokens 1 -o a.f32", 4);
    assert_run(w,
               "head -c 5000 tiny.gguf >cut.gguf; medkg lm logits cut.gguf --tokens 1 "
               "-o a.f32",
               3);
    assert_run(w, "medkg lm logits tiny.gguf --tokens 1 -o /dev/full", 4);
}

static void generate(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm generate tiny.gguf hello -n 12 --json", 0);
    json_t *v = json_of(w);
    assert_true(number(v, "tokens") <= 12 && number(v, "prompt_tokens") > 4);
    assert_true(json_is_string(json_object_get(v, "text")));
    assert_int_equal(number(v, "kept"), 0);
    char *text = strdup(json_string_value(json_object_get(v, "text")));
    json_decref(v);
    /* The same again, by a saved prompt, and by other threads. */
    for (int i = 0; i < 2; i++) {
        assert_run(
            w, "medkg lm generate tiny.gguf hello -n 12 --json --session s.kv -t 2", 0);
        v = json_of(w);
        assert_string_equal(json_string_value(json_object_get(v, "text")), text);
        assert_int_equal(number(v, "kept"), i ? number(v, "prompt_tokens") - 1 : 0);
        json_decref(v);
    }
    free(text);
    assert_run(w,
               "printf 'root ::= \"ab\" [0-9] [0-9]' >g.gbnf; "
               "medkg lm generate tiny.gguf hello --grammar g.gbnf",
               0);
    assert_int_equal(strlen(w->out), 5);
    assert_true(strncmp(w->out, "ab", 2) == 0);
    assert_run(
        w, "medkg lm generate tiny.gguf hello --raw -n 3 --temperature 2 --seed 9", 0);
    assert_run(
        w, "medkg lm generate tiny.gguf hello --system be --template llama3 -n 2", 0);
}

static void generate_wrong(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm generate tiny.gguf", 2);
    assert_says(w->err, "lm generate needs an argument: FILE PROMPT");
    assert_run(w, "medkg lm generate tiny.gguf a b", 2);
    assert_run(w, "medkg lm generate tiny.gguf a --raw --system b", 2);
    assert_says(w->err, "--system has no place in a raw prompt");
    assert_run(w, "medkg lm generate tiny.gguf hello -c 2", 2);
    assert_says(w->err, "the context has room for 2");
    assert_run(w,
               "printf 'root ::= x' >bad.gbnf; medkg lm generate tiny.gguf a "
               "--grammar bad.gbnf",
               2);
    assert_run(w,
               "printf 'no session' >s.kv; medkg lm generate tiny.gguf a --session "
               "s.kv",
               3);
    assert_says(w->err, "the saved prompt is damaged");
}

static void bench(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm bench tiny.gguf -p 8 -n 4 -t 1", 0);
    assert_says(w->out, "prompt of 8, tokens/s");
    assert_run(w, "medkg lm bench tiny.gguf -p 8 -n 4 --json", 0);
    json_t *v = json_of(w);
    assert_true(real(json_object_get(v, "prompt"), "tokens_per_second") > 0);
    assert_true(real(json_object_get(v, "generate"), "tokens_per_second") > 0);
    assert_true(real(v, "fraction") > 0);
    json_decref(v);
    assert_run(w, "medkg lm bench tiny.gguf -p 0 -n 0", 2);
}

static void quantize(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm quantize tiny.gguf q8.gguf --type q8_0", 0);
    assert_says(w->out, "q8.gguf: 16 of 27 tensors packed");
    assert_run(w, "medkg lm quantize tiny.gguf q4.gguf --type q4_0 --json", 0);
    json_t *v = json_of(w);
    assert_true(number(v, "bytes_out") < number(v, "bytes_in") / 2);
    json_decref(v);
    assert_run(w, "medkg lm generate q4.gguf hello -n 3", 0);
    assert_run(w, "medkg lm quantize tiny.gguf x.gguf", 2);
    assert_run(w, "medkg lm quantize q8.gguf x.gguf --type q4_0", 3);
    assert_says(w->err, "is Q8_0 already");
}

static void asking(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg ask 感冒有什么症状 --lm tiny.gguf --json -t 2", 0);
    json_t *v = json_of(w);
    const json_t *lm = json_object_get(v, "lm");
    assert_string_equal(json_string_value(json_object_get(lm, "backend")), "gguf");
    assert_string_equal(json_string_value(json_object_get(lm, "model")), "tiny.gguf");
    assert_true(number(lm, "prompt_tokens") > 100);
    /* It writes noise: nothing of that is left, the evidence answers. */
    assert_true(json_array_size(json_object_get(v, "sentences")) > 0);
    json_decref(v);
    assert_run(w, "medkg ask 量子力学是什么 --lm tiny.gguf", 1);
    assert_run(w, "head -c 5000 tiny.gguf >cut.gguf; medkg ask x --lm cut.gguf", 5);
    assert_says(w->err, "cut.gguf");
    /* The rules are kept for the next question. */
    assert_run(w,
               "export MEDKG_CACHE=kept; medkg ask 感冒有什么症状 --lm tiny.gguf "
               ">/dev/null && medkg ask 感冒有什么症状 --lm tiny.gguf >/dev/null && "
               "test $(ls kept | wc -l) = 1",
               0);
}

/* A data folder with a built-in model, as random as the others. */
static void builtin(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "mkdir -p data/models && cp '" MEDKG_DATA_DIR "'/*.tsv data && cp "
               "tiny.gguf data/models/medkg.gguf",
               0);
    assert_run(w, "unset MEDKG_LM; MEDKG_DATA=data medkg ask 感冒有什么症状 --json", 0);
    json_t *v = json_of(w);
    const json_t *lm = json_object_get(v, "lm");
    assert_string_equal(json_string_value(json_object_get(lm, "backend")), "builtin");
    assert_true(number(lm, "tokens") > 0);
    /* It knows nothing, and cannot write anything that is wrong. */
    assert_int_equal(json_array_size(json_object_get(v, "removed")), 0);
    assert_true(json_array_size(json_object_get(v, "sentences")) > 0);
    assert_int_equal(json_array_size(json_object_get(v, "warnings")), 0);
    json_decref(v);
}

static void eval_answers(void **state)
{
    cli_world *w = *state;
    static const char cases[] =
        "{\"question\":\"感冒有什么症状\",\"lang\":\"zh\",\"kind\":\"list\","
        "\"evidence\":[{\"subject\":\"感冒\",\"relation\":\"symptom\",\"label\":"
        "\"症状\",\"object\":\"咳嗽\"}],\"answer\":\"感冒的症状有发热[1]。\","
        "\"gold\":[1]}\n";
    free(new_text(w->folder, "cases.jsonl", cases));
    assert_run(w, "medkg eval answers cases.jsonl --lm none --json", 0);
    json_t *v = json_of(w);
    assert_int_equal(number(v, "cases"), 1);
    assert_true(real(v, "complete") == 1);
    json_decref(v);
    assert_run(w, "medkg eval answers cases.jsonl --lm gold --misses m.jsonl", 0);
    assert_says(w->out, "all told");
    assert_run(w, "grep -q 发热 m.jsonl && test $(wc -l <m.jsonl) = 1", 0);
    assert_run(w, "MEDKG_DATA=data medkg eval answers cases.jsonl --json", 0);
    v = json_of(w);
    assert_int_equal(number(v, "removed"), 0);
    json_decref(v);
    assert_run(w, "MEDKG_DATA=data medkg eval answers cases.jsonl --no-ground", 0);
    assert_run(w, "printf '{}\\n' >bad.jsonl; medkg eval answers bad.jsonl --lm none",
               3);
    assert_says(w->err, "bad.jsonl:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits),       cmocka_unit_test(logits_wrong),
        cmocka_unit_test(generate),     cmocka_unit_test(generate_wrong),
        cmocka_unit_test(bench),        cmocka_unit_test(quantize),
        cmocka_unit_test(asking),       cmocka_unit_test(builtin),
        cmocka_unit_test(eval_answers),
    };
    return cmocka_run_group_tests(tests, setup, end_world);
}
