/* Training: each gradient against finite differences, the network against the engine
 * that runs it, resuming, threads, adapters. */
#include "testing_model.h"

#include "base/blas.h"
#include "lm/session.h"
#include "lm/train_texts.h"
#include "lm/trainer.h"

#include <sys/wait.h>

typedef struct fixture {
    char *folder, *path;
    mkg_model *m;
} fixture;

static mkg_err err;

static void open_tiny(fixture *f, const tiny *t)
{
    f->folder = new_folder();
    f->path = tiny_file(f->folder, t);
    assert_mkg_ok(mkg_model_open(f->path, &f->m, &err));
    assert_mkg_ok(mkg__blas_open(&err));
}

static void close_tiny(fixture *f)
{
    mkg_model_free(f->m);
    free(f->path);
    remove_folder(f->folder);
}

/* Three texts of unlike lengths. */
static void fill_shard(mkg__shard *s, size_t words)
{
    mkg__text list[] = {{0, 9, 3}, {9, 5, 1}, {14, 12, 6}};
    uint32_t tokens[26];
    mkg__rng r = mkg__rng_new(5, 0, 0);
    for (size_t i = 0; i < 26; i++)
        tokens[i] = mkg__rng_below(&r, (uint32_t)words);
    mkg_texts t = {.texts = list, .n = 3, .tokens = tokens, .ntokens = 26};
    assert_int_equal(mkg__shard_new(64, s, &err), MKG_OK);
    for (size_t i = 0; i < 3; i++)
        mkg__shard_add(s, &t, i);
}

static double loss_of(mkg__lane *lane, const mkg__shard *s)
{
    mkg__loss loss = {0};
    mkg__net_pass(lane, s, 0, &loss);
    return loss.sum;
}

/* The derivative in a random direction of each tensor, by the gradient and by going a
 * little way there and back. */
static void check_gradients(const tiny *shape, size_t rank)
{
    fixture f;
    mkg__net net;
    mkg__lane lane;
    mkg__shard s;
    mkg__loss loss = {0};
    open_tiny(&f, shape);
    assert_int_equal(mkg__net_new(f.m, rank, 8, 3, &net, &err), MKG_OK);
    if (rank) { /* B begins at 0, and then A has no gradient */
        mkg__rng r = mkg__rng_new(9, 9, 9);
        for (size_t i = net.frozen; i < net.n; i++)
            net.value[i] = 0.2f * (mkg__rng_float(&r) - 0.5f);
    }
    assert_int_equal(mkg__lane_new(&net, 64, 16, &lane, &err), MKG_OK);
    fill_shard(&s, shape->vocab);
    mkg__net_pass(&lane, &s, 1, &loss);
    assert_true(loss.wanted == 16 && loss.texts == 3);
    size_t checked = 0;
    for (size_t i = 0; i < net.ntensors; i++) {
        const mkg__tensor *t = &net.tensors[i];
        size_t n = t->rows * t->cols;
        if (t->at < net.frozen) continue;
        float *w = net.value + t->at, *old = malloc(n * sizeof *old),
              *way = malloc(n * sizeof *way);
        const float *g = lane.grad + (t->at - net.frozen);
        mkg__rng r = mkg__rng_new(7, i, 0);
        double want = 0, norm = 0, up, down;
        memcpy(old, w, n * sizeof *old);
        for (size_t k = 0; k < n; k++) {
            /* Along the gradient's signs, so that the sum does not cancel out. */
            way[k] = (0.5f + mkg__rng_float(&r)) * (g[k] < 0 ? -1.0f : 1.0f);
            norm += (double)way[k] * (double)way[k];
        }
        float step = (float)(2e-2 / sqrt(norm));
        for (size_t k = 0; k < n; k++)
            w[k] = old[k] + step * way[k];
        up = loss_of(&lane, &s);
        for (size_t k = 0; k < n; k++) {
            want += (double)g[k] * ((double)w[k] - (double)old[k]);
            w[k] = old[k] - step * way[k];
        }
        down = loss_of(&lane, &s);
        memcpy(w, old, n * sizeof *old);
        double got = (up - down) / 2;
        if (fabs(got - want) > 2e-2 * fabs(want) + 2e-5)
            fail_msg("%s: %g by differences, %g by the gradient", t->name, got, want);
        checked += fabs(want) > 1e-4;
        free(old);
        free(way);
    }
    assert_true(checked > 10);
    mkg__shard_clear(&s);
    mkg__lane_clear(&lane);
    mkg__net_clear(&net);
    close_tiny(&f);
}

static void gradients_of_llama(void **state)
{
    (void)state;
    tiny t = TINY;
    t.tied = true;
    check_gradients(&t, 0);
}

static void gradients_of_an_output_of_its_own(void **state)
{
    (void)state;
    tiny t = TINY;
    t.tied = false;
    check_gradients(&t, 0);
}

static void gradients_with_biases(void **state)
{
    (void)state;
    tiny t = TINY;
    t.arch = "qwen2";
    t.tied = true;
    check_gradients(&t, 0);
}

static void gradients_with_norms_of_heads(void **state)
{
    (void)state;
    tiny t = TINY;
    t.arch = "qwen3";
    t.scaling = "yarn";
    t.kv_heads = 4;
    check_gradients(&t, 0);
}

static void gradients_of_adapters(void **state)
{
    (void)state;
    tiny t = TINY;
    t.arch = "qwen3";
    check_gradients(&t, 4);
}

/* What the network says of a text is what the engine says of it. */
static void it_is_the_network_that_runs(void **state)
{
    (void)state;
    static const char *const archs[] = {"llama", "qwen2", "qwen3"};
    for (size_t k = 0; k < 3; k++) {
        fixture f;
        tiny t = TINY;
        mkg__net net;
        mkg__lane lane;
        mkg__shard s;
        mkg_session *session;
        mkg_session_opts o = {
            .context = 32, .threads = 1, .cache = MKG_F32, .exact = true};
        float logits[64];
        t.arch = archs[k];
        open_tiny(&f, &t);
        assert_int_equal(mkg__net_new(f.m, 0, 0, 1, &net, &err), MKG_OK);
        assert_int_equal(mkg__lane_new(&net, 64, 16, &lane, &err), MKG_OK);
        assert_int_equal(mkg_session_new(f.m, &o, &session, &err), MKG_OK);
        fill_shard(&s, t.vocab);
        double want = 0;
        for (size_t text = 0; text < s.ntexts; text++) {
            mkg_session_rewind(session, 0);
            for (size_t i = s.start[text]; i < s.start[text + 1]; i++) {
                assert_int_equal(
                    mkg_session_eval(session, s.tokens + i, 1, logits, &err), MKG_OK);
                double max = -1e9, sum = 0;
                for (size_t v = 0; v < t.vocab; v++)
                    max = fmax(max, (double)logits[v]);
                for (size_t v = 0; v < t.vocab; v++)
                    sum += exp((double)logits[v] - max);
                for (size_t w = 0; w < s.nwanted; w++)
                    if (s.row[w] == i)
                        want += max + log(sum) - (double)logits[s.want[w]];
            }
        }
        double got = loss_of(&lane, &s);
        assert_true(fabs(got - want) < 1e-3);
        mkg_session_free(session);
        mkg__shard_clear(&s);
        mkg__lane_clear(&lane);
        mkg__net_clear(&net);
        close_tiny(&f);
    }
}

/* ---- PyTorch ---- */

/* What train_torch.py reads: the texts, the loss, the gradients. */
static void write_case(const fixture *f, const mkg__net *net, const mkg__lane *lane,
                       const mkg__shard *s, double loss)
{
    char *json = in_folder(f->folder, "texts.json"),
         *raw = in_folder(f->folder, "gradients.f32");
    FILE *j = fopen(json, "w"), *g = fopen(raw, "wb");
    assert_true(j && g);
    fprintf(j, "{\"loss\": %.9g, \"texts\": [", loss);
    for (size_t t = 0, w = 0; t < s->ntexts; t++) {
        size_t end = s->start[t + 1];
        fprintf(j, "%s{\"tokens\": [", t ? ", " : "");
        for (size_t i = s->start[t]; i < end; i++)
            fprintf(j, "%u, ", s->tokens[i]);
        size_t prompt = s->row[w] - s->start[t] + 1;
        while (w < s->nwanted && s->row[w] < end)
            w++;
        fprintf(j, "%u], \"prompt\": %zu}", s->want[w - 1], prompt);
    }
    fprintf(j, "], \"tensors\": [");
    for (size_t i = 0; i < net->ntensors; i++)
        fprintf(j, "%s[\"%s\", %zu, %zu]", i ? ", " : "", net->tensors[i].name,
                net->tensors[i].rows, net->tensors[i].cols);
    fprintf(j, "]}\n");
    assert_int_equal(fwrite(lane->grad, sizeof(float), net->n, g), net->n);
    assert_int_equal(fclose(j) | fclose(g), 0);
    free(json);
    free(raw);
}

static void as_pytorch_has_it(void **state)
{
    (void)state;
    static const char *const archs[] = {"llama", "qwen2", "qwen3"};
    for (size_t k = 0; k < 3; k++) {
        fixture f;
        tiny t = TINY;
        mkg__net net;
        mkg__lane lane;
        mkg__shard s;
        mkg__loss loss = {0};
        char line[4096];
        t.arch = archs[k];
        t.tied = k != 1;
        open_tiny(&f, &t);
        assert_mkg_ok(mkg__net_new(f.m, 0, 0, 1, &net, &err));
        assert_mkg_ok(mkg__lane_new(&net, 64, 16, &lane, &err));
        fill_shard(&s, t.vocab);
        mkg__net_pass(&lane, &s, 1, &loss);
        write_case(&f, &net, &lane, &s, loss.sum);
        /* Debian's python: another one has another set of packages. */
        snprintf(line, sizeof line,
                 "env -u LD_PRELOAD /usr/bin/python3 %s/train_torch.py %s "
                 "%s/texts.json %s/gradients.f32 >%s/out 2>&1",
                 MEDKG_TESTS_DIR, f.path, f.folder, f.folder, f.folder);
        int rc = system(line);
        mkg__shard_clear(&s);
        mkg__lane_clear(&lane);
        mkg__net_clear(&net);
        int code = WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
        if (code != 0 && code != 77) {
            snprintf(line, sizeof line, "cat %s/out", f.folder);
            (void)!system(line);
        }
        close_tiny(&f);
        if (code == 77 || code == 127) {
            print_message("no PyTorch (python3-torch): skipped\n");
            skip();
        }
        assert_int_equal(code, 0);
    }
}

/* ---- the trainer ---- */

/* Singular values near 1: x x^T is near the identity, and x is on g's side. */
static void a_direction_of_all_parts(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{12, 12}, {8, 20}, {20, 8}};
    assert_mkg_ok(mkg__blas_open(&err));
    for (size_t k = 0; k < 3; k++) {
        size_t rows = sizes[k][0], cols = sizes[k][1], n = rows < cols ? rows : cols;
        float g[400], x[400], scratch[2000];
        mkg__rng r = mkg__rng_new(4, k, 0);
        double along = 0;
        for (size_t i = 0; i < rows * cols; i++)
            g[i] = mkg__rng_float(&r) - 0.5f;
        assert_true(mkg__orthogonal_scratch(rows, cols) <= 2000);
        mkg__orthogonal(g, rows, cols, scratch, x);
        for (size_t i = 0; i < rows * cols; i++)
            along += (double)x[i] * (double)g[i];
        assert_true(along > 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                if (rows <= cols)
                    for (size_t c = 0; c < cols; c++)
                        sum += (double)x[i * cols + c] * (double)x[j * cols + c];
                else
                    for (size_t c = 0; c < rows; c++)
                        sum += (double)x[c * cols + i] * (double)x[c * cols + j];
                assert_true(fabs(sum - (i == j)) < 0.5);
            }
    }
}

/* A text in which the answer says the prompt again. */
static mkg_texts *echoes(size_t n, size_t words, uint64_t seed)
{
    mkg_texts *t = mkg__calloc(1, sizeof *t);
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    t->texts = mkg__malloc(n * sizeof *t->texts);
    t->tokens = mkg__malloc(n * 9 * sizeof *t->tokens);
    for (size_t i = 0; i < n; i++) {
        uint32_t *p = t->tokens + i * 9;
        for (size_t k = 0; k < 4; k++)
            p[k] = 2 + mkg__rng_below(&r, (uint32_t)words - 2);
        p[4] = 0;
        memcpy(p + 5, p, 3 * sizeof *p);
        p[8] = 1;
        t->texts[i] = (mkg__text){i * 9, 9, 5};
    }
    t->n = n;
    t->ntokens = n * 9;
    return t;
}

static mkg_train_opts small_opts(void)
{
    mkg_train_opts o = MKG_TRAIN_OPTS_INIT;
    o.steps = 30;
    o.warmup = 5;
    o.batch = 256;
    o.shard = 64;
    o.longest = 16;
    o.rate = 3e-3;
    return o;
}

static float *train(const mkg_model *m, const mkg_train_opts *o, const mkg_texts *texts,
                    size_t steps, const char *from, const char *to, double *last)
{
    mkg_trainer *t;
    mkg_train_step step;
    assert_int_equal(mkg_trainer_new(m, o, &t, &err), MKG_OK);
    if (from) assert_int_equal(mkg_trainer_load(t, from, &err), MKG_OK);
    for (size_t i = 0; i < steps; i++)
        assert_int_equal(mkg_trainer_step(t, texts, &step, &err), MKG_OK);
    if (to) assert_int_equal(mkg_trainer_save(t, to, &err), MKG_OK);
    *last = step.loss;
    float *w = malloc(t->net.n * sizeof *w);
    memcpy(w, t->net.value, t->net.n * sizeof *w);
    mkg_trainer_free(t);
    return w;
}

static void threads_and_breaks_change_nothing(void **state)
{
    (void)state;
    fixture f;
    tiny t = TINY;
    char saved[600];
    double a, b, c;
    t.tied = true;
    open_tiny(&f, &t);
    snprintf(saved, sizeof saved, "%s.state", f.path);
    mkg_texts *texts = echoes(100, t.vocab, 1); /* several epochs */
    mkg_train_opts o = small_opts();
    o.lanes = 3;
    o.muon = true;
    o.threads = 1;
    float *one = train(f.m, &o, texts, 30, NULL, NULL, &a);
    o.threads = 3;
    float *three = train(f.m, &o, texts, 30, NULL, NULL, &b);
    float *half = train(f.m, &o, texts, 17, NULL, saved, &c);
    free(half);
    float *rest = train(f.m, &o, texts, 13, saved, NULL, &c);
    size_t n = mkg_model_get_info(f.m)->parameters;
    assert_true(a == b && a == c);
    assert_memory_equal(one, three, n * sizeof *one);
    assert_memory_equal(one, rest, n * sizeof *one);
    free(one);
    free(three);
    free(rest);
    mkg_texts_free(texts);
    close_tiny(&f);
}

static void it_learns_and_the_file_has_it(void **state)
{
    (void)state;
    fixture f;
    tiny t = TINY;
    char path[600];
    mkg_trainer *trainer;
    mkg_train_step step;
    mkg_train_score before, after, again;
    t.tied = true;
    t.vocab = 12;
    open_tiny(&f, &t);
    mkg_texts *texts = echoes(4000, t.vocab, 1), *others = echoes(200, t.vocab, 2);
    mkg_train_opts o = small_opts();
    o.steps = 150;
    o.batch = 512;
    o.rate = 5e-3;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    assert_int_equal(mkg_trainer_score(trainer, others, &before, &err), MKG_OK);
    while (mkg_trainer_step(trainer, texts, &step, &err) == MKG_OK) {
    }
    assert_int_equal(step.step, 150);
    assert_int_equal(mkg_trainer_score(trainer, others, &after, &err), MKG_OK);
    assert_true(after.loss < before.loss / 2);
    assert_true(after.tokens > before.tokens);
    snprintf(path, sizeof path, "%s.out", f.path);
    assert_int_equal(mkg_trainer_export(trainer, path, MKG_F32, "echo", &err), MKG_OK);
    mkg_trainer_free(trainer);
    mkg_model_free(f.m);
    assert_int_equal(mkg_model_open(path, &f.m, &err), MKG_OK);
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    assert_int_equal(mkg_trainer_score(trainer, others, &again, &err), MKG_OK);
    assert_true(again.loss == after.loss);
    mkg_trainer_free(trainer);
    mkg_texts_free(texts);
    mkg_texts_free(others);
    close_tiny(&f);
}

static void adapters_are_merged(void **state)
{
    (void)state;
    fixture f;
    tiny t = TINY;
    char path[600];
    mkg_trainer *trainer;
    mkg_train_step step;
    mkg_train_score with, merged;
    t.type = MKG_Q8_0; /* what is packed can be adapted too */
    t.ff = 96;
    open_tiny(&f, &t);
    mkg_texts *texts = echoes(300, t.vocab, 1);
    mkg_train_opts o = small_opts();
    o.rank = 4;
    o.rate = 2e-2;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    double first = 0;
    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(mkg_trainer_step(trainer, texts, &step, &err), MKG_OK);
        if (i == 0) first = step.loss;
    }
    assert_true(step.loss < first);
    assert_int_equal(mkg_trainer_score(trainer, texts, &with, &err), MKG_OK);
    snprintf(path, sizeof path, "%s.merged", f.path);
    assert_int_equal(mkg_trainer_export(trainer, path, MKG_F32, NULL, &err), MKG_OK);
    mkg_trainer_free(trainer);
    mkg_model_free(f.m);
    assert_int_equal(mkg_model_open(path, &f.m, &err), MKG_OK);
    o.rank = 0;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    assert_int_equal(mkg_trainer_score(trainer, texts, &merged, &err), MKG_OK);
    assert_true(fabs(merged.loss - with.loss) < 1e-4);
    mkg_trainer_free(trainer);
    mkg_texts_free(texts);
    close_tiny(&f);
}

static void wrong_states_and_options(void **state)
{
    (void)state;
    fixture f;
    tiny t = TINY;
    char saved[600];
    double last;
    mkg_trainer *trainer;
    mkg_train_step step;
    t.tied = true;
    open_tiny(&f, &t);
    snprintf(saved, sizeof saved, "%s.state", f.path);
    mkg_texts *texts = echoes(60, t.vocab, 1), *others = echoes(61, t.vocab, 1);
    mkg_train_opts o = small_opts();
    free(train(f.m, &o, texts, 3, NULL, saved, &last));
    o.seed = 2;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    assert_int_equal(mkg_trainer_load(trainer, saved, &err), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "training.seed"));
    assert_int_equal(mkg_trainer_load(trainer, f.path, &err), MKG_EPARSE);
    assert_int_equal(mkg_trainer_load(trainer, "/none/such", &err), MKG_NOTFOUND);
    mkg_trainer_free(trainer);
    o.seed = 1;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_OK);
    assert_int_equal(mkg_trainer_load(trainer, saved, &err), MKG_OK);
    assert_int_equal(mkg_trainer_step(trainer, others, &step, &err), MKG_EARG);
    mkg_trainer_free(trainer);
    o.rate = 0;
    assert_int_equal(mkg_trainer_new(f.m, &o, &trainer, &err), MKG_EARG);
    mkg_texts_free(texts);
    mkg_texts_free(others);
    close_tiny(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_llama),
        cmocka_unit_test(gradients_of_an_output_of_its_own),
        cmocka_unit_test(gradients_with_biases),
        cmocka_unit_test(gradients_with_norms_of_heads),
        cmocka_unit_test(gradients_of_adapters),
        cmocka_unit_test(it_is_the_network_that_runs),
        cmocka_unit_test(as_pytorch_has_it),
        cmocka_unit_test(a_direction_of_all_parts),
        cmocka_unit_test(threads_and_breaks_change_nothing),
        cmocka_unit_test(it_learns_and_the_file_has_it),
        cmocka_unit_test(adapters_are_merged),
        cmocka_unit_test(wrong_states_and_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
