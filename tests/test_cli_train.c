/* `medkg lm train`: a model learns to answer, stops, goes on, is adapted. */
#include "cli_testing.h"
#include "testing_model.h"

static const tiny shape = {.arch = "qwen2",
                           .type = MKG_F32,
                           .layers = 2,
                           .dim = 64,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 16,
                           .ff = 96,
                           .vocab = TINY_WORDS,
                           .tied = true,
                           .words = true,
                           .context = 2048};

static int setup(void **state)
{
    int rc = new_world(state);
    if (rc) return rc;
    cli_world *w = *state;
    free(tiny_file(w->folder, &shape));
    char *path = in_folder(w->folder, "texts.jsonl");
    FILE *f = fopen(path, "w");
    free(path);
    if (!f) return 1;
    for (int i = 0; i < 200; i++)
        fprintf(f,
                "{\"prompt\": \"<|im_start|>%c%d%c<|im_end|>\", \"answer\": \"%s\"}\n",
                'a' + i % 7, i % 5, 'a' + i % 3, i % 7 < 3 ? "yes [1]." : "no [2].");
    return fclose(f);
}

#define TRAIN "medkg lm train texts.jsonl --init tiny.gguf --batch 256 --rate 0.005 "

static double number(const json_t *v, const char *key)
{
    return json_number_value(json_object_get(v, key));
}

static void it_learns(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               TRAIN "-o a.gguf --steps 40 --warmup 5 --valid texts.jsonl --every 20 "
                     "--type f32 --model-name yes-no --plot loss.svg --json",
               0);
    assert_says(w->err, "step 20  loss ");
    assert_says(w->err, "step 40  loss ");
    json_t *v = json_of(w), *valid = json_object_get(v, "valid");
    assert_true(number(v, "loss") < 0.5);
    assert_true(number(valid, "texts") > 0.8);
    assert_true(json_is_true(json_object_get(v, "done")));
    assert_true(number(v, "texts") == 200 && number(v, "steps") == 40);
    assert_true(number(v, "flops_per_second") > 0 && number(v, "peak") > 0);
    json_decref(v);
    assert_run(w, "grep -c '<circle' loss.svg", 0);
    assert_true(atoi(w->out) == 42);
    assert_run(w, "medkg lm info a.gguf", 0);
    assert_says(w->out, "yes-no");
    assert_run(w, "medkg lm generate a.gguf --raw '<|im_start|>a0a<|im_end|>' -n 8", 0);
}

static void what_stopped_goes_on(void **state)
{
    cli_world *w = *state;
    assert_run(w, TRAIN "-o a.gguf --steps 6 -q", 0);
    /* As if it had been stopped behind the third of six: the rate follows --steps, so
     * three steps of three are another run. */
    assert_run(w,
               "(" TRAIN "-o b.gguf --steps 6 --every 1 -v & p=$!; "
               "until grep -qs 'step' log || [ -f b.gguf.state ]; do sleep 0.01; done; "
               "kill -TERM $p; wait $p) 2>log; true",
               0);
    assert_run(w, TRAIN "-o b.gguf --steps 6", 0);
    assert_says(w->err, "goes on behind step ");
    assert_run(w, "cmp a.gguf b.gguf", 0);
    assert_run(w, TRAIN "-o a.gguf --steps 6 --seed 2", 3);
    assert_says(w->err, "training.seed is 1 there and 2 here");
}

static void adapters(void **state)
{
    cli_world *w = *state;
    assert_run(w, TRAIN "-o a.gguf --steps 8 --lora 4 --type q8_0 --json", 0);
    json_t *v = json_of(w);
    assert_true(number(v, "trained") > 0);
    assert_true(number(v, "trained") < number(v, "parameters") / 2);
    json_decref(v);
    assert_run(w, "medkg lm generate a.gguf hello -n 2", 0);
}

static void from_nothing(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "medkg lm train texts.jsonl --vocab tiny.gguf -o n.gguf --layers 1 "
               "--width 32 --heads 2 --feed-forward 48 --steps 2 --batch 64 --type f16",
               0);
    assert_says(w->out, "n.gguf: ");
    assert_run(w, "medkg lm info n.gguf --json", 0);
    json_t *v = json_of(w);
    assert_true(number(v, "layers") == 1 && number(v, "embedding") == 32);
    json_decref(v);
}

static void wrong(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg lm train texts.jsonl -o a.gguf", 2);
    assert_says(w->err, "one of --init");
    assert_run(w, TRAIN, 2);
    assert_says(w->err, "needs -o MODEL.gguf");
    assert_run(w,
               "printf '{\"prompt\": \"a\"}\\n' >bad.jsonl; medkg lm train bad.jsonl "
               "--init tiny.gguf -o a.gguf",
               3);
    assert_says(w->err, "bad.jsonl:1: a text has a \"prompt\" and an \"answer\"");
    assert_run(w,
               "printf '{\"prompt\": \\n' >bad.jsonl; medkg lm train bad.jsonl "
               "--init tiny.gguf -o a.gguf",
               3);
    assert_run(w, "medkg lm train none.jsonl --init tiny.gguf -o a.gguf", 4);
    assert_run(w,
               "medkg lm train texts.jsonl --vocab tiny.gguf --width 30 --heads 4 "
               "-o a.gguf",
               2);
    assert_says(w->err, "4 heads do not share a width of 30");
    assert_run(w, TRAIN "-o /dev/full/a.gguf --steps 1", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_learns, setup, end_world),
        cmocka_unit_test_setup_teardown(what_stopped_goes_on, setup, end_world),
        cmocka_unit_test_setup_teardown(adapters, setup, end_world),
        cmocka_unit_test_setup_teardown(from_nothing, setup, end_world),
        cmocka_unit_test_setup_teardown(wrong, setup, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
