/* Saved prompts, writing on, packed copies, and answers by a model file. */
#include "testing_evidence.h"
#include "testing_model.h"

#include "base/io.h"
#include "lm/bench.h"
#include "lm/generate.h"
#include "lm/lm.h"
#include "lm/quantize.h"

#include <dirent.h>

static const tiny talker = {.arch = "qwen2",
                            .type = MKG_Q8_0,
                            .layers = 2,
                            .dim = 64,
                            .heads = 4,
                            .kv_heads = 2,
                            .head_dim = 16,
                            .ff = 96,
                            .vocab = TINY_WORDS,
                            .words = true,
                            .context = 2048};
static mkg_err err;

typedef struct world {
    char *folder, *path;
    mkg_model *m;
    mkg_tok *tok;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    w->folder = new_folder();
    w->path = tiny_file(w->folder, &talker);
    assert_mkg_ok(mkg_model_open(w->path, &w->m, &err));
    assert_mkg_ok(mkg_tok_load(mkg_model_gguf(w->m), &w->tok, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_tok_free(w->tok);
    mkg_model_free(w->m);
    free(w->path);
    remove_folder(w->folder);
    free(w);
    return 0;
}

static mkg_session *new_session(const mkg_model *m, mkg_tensor_type cache)
{
    mkg_session *s;
    mkg_session_opts o = {.context = 200, .cache = cache, .threads = 1};
    assert_mkg_ok(mkg_session_new(m, &o, &s, &err));
    return s;
}

static void some_tokens(uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = (uint32_t)(i * 37 % 200);
}

/* ---- saved prompts ---- */

static void save_and_load(void **state)
{
    world *w = *state;
    static const mkg_tensor_type caches[] = {MKG_F16, MKG_F32, MKG_Q8_0};
    uint32_t ids[80];
    float right[TINY_WORDS], logits[TINY_WORDS];
    char *path = in_folder(w->folder, "saved.kv");
    some_tokens(ids, 80);
    for (size_t i = 0; i < 3; i++) {
        mkg_session *s = new_session(w->m, caches[i]),
                    *t = new_session(w->m, caches[i]);
        size_t kept, n;
        assert_mkg_ok(mkg_session_eval(s, ids, 80, right, &err));
        mkg_session_rewind(s, 45);
        assert_mkg_ok(mkg_session_save(s, path, &err));
        assert_int_equal(mkg_session_load(t, path, &err), MKG_OK);
        mkg_session_tokens(t, &n);
        assert_int_equal(n, 45);
        assert_mkg_ok(mkg_session_set(t, ids, 80, logits, &kept, &err));
        assert_int_equal(kept, 45);
        assert_memory_equal(logits, right, sizeof right);
        /* Another kind of cache, another model: as if there were no file. */
        mkg_session *other = new_session(w->m, caches[(i + 1) % 3]);
        assert_int_equal(mkg_session_load(other, path, &err), MKG_NOTFOUND);
        mkg_session_free(other);
        mkg_session_free(s);
        mkg_session_free(t);
    }
    free(path);
}

/* What stood behind the prompt in the session does not go into the file. */
static void nothing_more(void **state)
{
    world *w = *state;
    uint32_t ids[40], others[40];
    char *a = in_folder(w->folder, "a.kv"), *b = in_folder(w->folder, "b.kv");
    mkg__buf one = {0}, two = {0};
    some_tokens(ids, 40);
    memcpy(others, ids, sizeof ids);
    for (size_t i = 20; i < 40; i++)
        others[i] = 5;
    for (int i = 0; i < 2; i++) {
        mkg_session *s = new_session(w->m, i ? MKG_F16 : MKG_F16);
        assert_mkg_ok(mkg_session_eval(s, i ? ids : others, 40, NULL, &err));
        mkg_session_rewind(s, 20);
        assert_mkg_ok(mkg_session_save(s, i ? a : b, &err));
        mkg_session_free(s);
    }
    assert_mkg_ok(mkg__file_read(a, 1 << 20, &one, &err));
    assert_mkg_ok(mkg__file_read(b, 1 << 20, &two, &err));
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.ptr, two.ptr, one.len);
    mkg__buf_clear(&one);
    mkg__buf_clear(&two);
    free(a);
    free(b);
}

static void other_models(void **state)
{
    world *w = *state;
    uint32_t ids[20];
    char *path = in_folder(w->folder, "saved.kv");
    some_tokens(ids, 20);
    mkg_session *s = new_session(w->m, MKG_F16);
    assert_int_equal(mkg_session_load(s, path, &err), MKG_NOTFOUND);
    assert_int_equal(mkg_session_save(s, path, &err), MKG_EARG);
    assert_mkg_ok(mkg_session_eval(s, ids, 20, NULL, &err));
    assert_mkg_ok(mkg_session_save(s, path, &err));
    mkg_session_free(s);

    tiny t = talker; /* of the same shape, other weights */
    t.type = MKG_Q4_0;
    char *folder = new_folder(), *file = tiny_file(folder, &t);
    mkg_model *m;
    assert_mkg_ok(mkg_model_open(file, &m, &err));
    s = new_session(m, MKG_F16);
    assert_int_equal(mkg_session_load(s, path, &err), MKG_NOTFOUND);
    mkg_session_free(s);
    mkg_model_free(m);
    free(file);
    remove_folder(folder);

    mkg_session_opts small = {.context = 10, .cache = MKG_F16};
    assert_mkg_ok(mkg_session_new(w->m, &small, &s, &err));
    assert_int_equal(mkg_session_load(s, path, &err), MKG_NOTFOUND);
    mkg_session_free(s);
    free(path);
}

/* Any byte that is wrong, any end that comes too soon: never a session. */
static void damaged(void **state)
{
    world *w = *state;
    uint32_t ids[5];
    char *path = in_folder(w->folder, "saved.kv");
    mkg__buf b = {0};
    some_tokens(ids, 5);
    mkg_session *s = new_session(w->m, MKG_F16);
    assert_mkg_ok(mkg_session_eval(s, ids, 5, NULL, &err));
    assert_mkg_ok(mkg_session_save(s, path, &err));
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &b, &err));
    for (size_t i = 0; i < b.len; i += i < 80 ? 1 : 97) {
        for (int cut = 0; cut < 2; cut++) {
            if (!cut) b.ptr[i] ^= 0x10;
            free(new_file(w->folder, "damaged.kv", b.ptr, cut ? i : b.len));
            if (!cut) b.ptr[i] ^= 0x10;
            char *bad = in_folder(w->folder, "damaged.kv");
            mkg_status st = mkg_session_load(s, bad, &err);
            size_t n;
            mkg_session_tokens(s, &n);
            assert_true(st == MKG_EPARSE || (st == MKG_NOTFOUND && !cut && i < 48));
            assert_int_equal(n, 0);
            free(bad);
        }
    }
    mkg__buf_clear(&b);
    mkg_session_free(s);
    free(path);
}

/* ---- writing on ---- */

typedef struct text {
    char at[4096];
    size_t n, stop;
} text;

static int take(void *ctx, const char *p, size_t n)
{
    text *t = ctx;
    size_t bad;
    assert_true(t->n + n < sizeof t->at && mkg__utf8_valid(p, n, &bad));
    memcpy(t->at + t->n, p, n);
    t->n += n;
    t->at[t->n] = '\0';
    return t->stop && t->n >= t->stop;
}

static mkg_generated write_on(world *w, mkg_session *s, const mkg_generate_opts *o,
                              text *t)
{
    uint32_t prompt[] = {3, 14, 159, 26, 5};
    mkg_generated g;
    t->n = 0;
    assert_mkg_ok(mkg_generate(s, w->tok, prompt, 5, o, take, t, &g, &err));
    return g;
}

static void generating(void **state)
{
    world *w = *state;
    mkg_session *s = new_session(w->m, MKG_F16);
    mkg_generate_opts o = MKG_GENERATE_OPTS_INIT;
    static text a, b;
    size_t n;

    o.max_tokens = 30;
    o.sample.temperature = 1;
    mkg_generated g = write_on(w, s, &o, &a);
    assert_int_equal(g.prompt, 5);
    assert_int_equal(g.kept, 0);
    assert_true(g.ended ? g.tokens < 30 : g.tokens == 30);
    mkg_session_tokens(s, &n);
    assert_int_equal(n, 5 + g.tokens);
    g = write_on(w, s, &o, &b); /* the same seed, and most of the prompt is there */
    assert_int_equal(g.kept, 4);
    assert_string_equal(a.at, b.at);
    o.sample.seed = 2;
    write_on(w, s, &o, &b);
    assert_string_not_equal(a.at, b.at);

    o.max_tokens = 100000; /* the context ends it, or the model does */
    g = write_on(w, s, &o, &a);
    assert_true(g.ended ? g.tokens < 195 : g.tokens == 195);

    uint32_t prompt[] = {1};
    a.n = 0;
    a.stop = 3;
    mkg_status st = mkg_generate(s, w->tok, prompt, 1, &o, take, &a, &g, &err);
    assert_int_equal(st, MKG_ECANCEL);
    a.stop = 0;
    assert_int_equal(mkg_generate(s, w->tok, prompt, 0, &o, take, &a, &g, &err),
                     MKG_EARG);
    mkg_session_free(s);
}

static void constrained(void **state)
{
    world *w = *state;
    mkg_session *s = new_session(w->m, MKG_F16);
    mkg_generate_opts o = MKG_GENERATE_OPTS_INIT;
    mkg_lexicon *lex;
    mkg_view names[] = {V("糖尿病"), V("hello"), V("abab ab")};
    static text t;
    assert_mkg_ok(mkg_lexicon_new(w->tok, &lex, &err));
    assert_mkg_ok(mkg_constraint_strings(lex, names, 3, &o.constraint, &err));
    mkg_generated g = write_on(w, s, &o, &t);
    assert_true(g.ended);
    assert_true(mkg_constraint_complete(o.constraint));
    bool any = false;
    for (size_t i = 0; i < 3; i++)
        any = any || strcmp(t.at, names[i].ptr) == 0;
    if (!any) fail_msg("wrote '%s'", t.at);
    mkg_constraint_free(o.constraint);
    mkg_lexicon_free(lex);
    mkg_session_free(s);
}

/* ---- packed copies ---- */

static void packing(void **state)
{
    world *w = *state;
    tiny t = talker;
    t.type = MKG_F16;
    char *folder = new_folder(), *in = tiny_file(folder, &t);
    static const uint32_t types[] = {MKG_Q8_0, MKG_Q4_0};
    for (size_t i = 0; i < 2; i++) {
        char *out = in_folder(folder, "packed.gguf");
        mkg_quantize_result r;
        mkg_model *m;
        mkg_gguf *before;
        assert_mkg_ok(mkg_quantize(in, out, types[i], NULL, NULL, &r, &err));
        assert_int_equal(r.changed, 2 * 7 + 2);
        assert_true(r.bytes_out < r.bytes_in);
        assert_mkg_ok(mkg_model_open(out, &m, &err));
        assert_mkg_ok(mkg_gguf_open(in, &before, &err));
        const mkg_gguf *g = mkg_model_gguf(m);
        assert_int_equal(mkg_gguf_tensor_count(g), r.tensors);
        assert_int_equal(mkg_gguf_tensor_find(g, "output.weight")->type->type,
                         MKG_Q8_0);
        assert_int_equal(mkg_gguf_tensor_find(g, "output_norm.weight")->type->type,
                         MKG_F32);
        const mkg_gguf_tensor *x = mkg_gguf_tensor_find(before, "blk.1.ffn_up.weight");
        const mkg_gguf_tensor *y = mkg_gguf_tensor_find(g, "blk.1.ffn_up.weight");
        assert_int_equal(y->type->type, types[i]);
        float *u = malloc(x->n * 4), *v = malloc(x->n * 4);
        mkg__dequantize(x->type->type, x->data, x->n, u);
        mkg__dequantize(y->type->type, y->data, y->n, v);
        for (size_t k = 0; k < x->n; k++)
            assert_true(fabs((double)u[k] - (double)v[k]) < (i ? 0.051 : 0.002));
        free(u);
        free(v);
        mkg_gguf_close(before);
        mkg_model_free(m);
        assert_int_equal(mkg_quantize(out, in, MKG_Q8_0, NULL, NULL, &r, &err),
                         MKG_EPARSE);
        assert_non_null(strstr(err.msg, "already"));
        free(out);
    }
    mkg_quantize_result r;
    assert_int_equal(mkg_quantize(in, in, MKG_Q4_K, NULL, NULL, &r, &err), MKG_EARG);
    assert_int_equal(mkg_quantize("/nowhere", in, MKG_Q8_0, NULL, NULL, &r, &err),
                     MKG_EIO);
    free(in);
    remove_folder(folder);
    (void)w;
}

static void measuring(void **state)
{
    world *w = *state;
    mkg_bench b;
    mkg_bench_opts o = {.prompt = 20, .generate = 5, .threads = 2, .cache = MKG_F16};
    assert_mkg_ok(mkg_bench_run(w->m, &o, NULL, NULL, &b, &err));
    assert_int_equal(b.threads, 2);
    assert_true(b.prompt_rate > 0 && b.generate_rate > 0 && b.read_bytes > 0);
    double bytes = b.generate_rate * (double)mkg_model_get_info(w->m)->token_bytes;
    assert_true(fabs(bytes / b.generate_bytes - 1) < 1e-6);
    o.prompt = o.generate = 0;
    assert_int_equal(mkg_bench_run(w->m, &o, NULL, NULL, &b, &err), MKG_EARG);
}

/* ---- answers ---- */

static size_t files_in(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void answering(void **state)
{
    world *w = *state;
    mkg_piece pieces[2] = {piece("感冒", "症状", "头痛", 2),
                           piece("感冒", "症状", "鼻塞", 3)};
    mkg_evidence e = evidence("感冒有什么症状", MKG_LANG_ZH, pieces, 2);
    mkg_lm_opts o = MKG_LM_OPTS_INIT;
    char *cache = in_folder(w->folder, "cache");
    size_t prompt = 0;
    static text t;
    o.max_tokens = 12;
    o.threads = 1;
    setenv("MEDKG_CACHE", cache, 1);
    for (int i = 0; i < 3; i++) { /* the second opens the prompt that the first saved */
        mkg_lm *lm;
        mkg_answer *a;
        assert_mkg_ok(mkg_lm_open(w->path, &o, &lm, &err));
        for (int k = 0; k < 2; k++) {
            t.n = 0;
            assert_mkg_ok(mkg_lm_answer(lm, &e, take, &t, &a, &err));
            assert_string_equal(a->backend, "gguf");
            assert_string_equal(a->model, "tiny.gguf");
            assert_true(a->tokens <= 12 && a->prompt_tokens > 100);
            assert_true(prompt == 0 || prompt == a->prompt_tokens);
            prompt = a->prompt_tokens;
            /* Random words say nothing that holds: the evidence is the answer. */
            assert_string_equal(a->text, "感冒的症状：头痛[1]、鼻塞[2]。");
            mkg_answer_free(a);
        }
        mkg_lm_free(lm);
        assert_int_equal(files_in(cache), 1);
    }
    setenv("MEDKG_CACHE", "", 1);

    /* No evidence: no model is asked. */
    mkg_lm *lm;
    mkg_answer *a;
    mkg_evidence none = evidence("x", MKG_LANG_EN, NULL, 0);
    assert_mkg_ok(mkg_lm_open(w->path, &o, &lm, &err));
    assert_mkg_ok(mkg_lm_answer(lm, &none, NULL, NULL, &a, &err));
    assert_int_equal(a->tokens, 0);
    mkg_answer_free(a);
    mkg_lm_free(lm);
    free(cache);
}

/* More evidence than the context holds: less is read, and only that can be cited. */
static void little_context(void **state)
{
    world *w = *state;
    tiny t = talker;
    t.context = 1200;
    char *folder = new_folder(), *path = tiny_file(folder, &t);
    mkg_piece pieces[64];
    mkg_lm *lm;
    mkg_answer *a;
    mkg_lm_opts o = MKG_LM_OPTS_INIT;
    (void)w;
    o.max_tokens = 2;
    for (size_t i = 0; i < 64; i++)
        pieces[i] = piece("感冒", "症状", "头痛", 2);
    mkg_evidence e = evidence("感冒", MKG_LANG_ZH, pieces, 64);
    assert_mkg_ok(mkg_lm_open(path, &o, &lm, &err));
    assert_mkg_ok(mkg_lm_answer(lm, &e, NULL, NULL, &a, &err));
    assert_true(a->prompt_tokens < 1200);
    mkg_answer_free(a);
    mkg_lm_free(lm);
    free(path);

    t.context = 64; /* not even the rules */
    path = tiny_file(folder, &t);
    assert_mkg_ok(mkg_lm_open(path, &o, &lm, &err));
    assert_int_equal(mkg_lm_answer(lm, &e, NULL, NULL, &a, &err), MKG_ELM);
    mkg_lm_free(lm);
    free(path);
    remove_folder(folder);
}

static void unusable(void **state)
{
    world *w = *state;
    mkg_lm *lm;
    char *path = new_text(w->folder, "x.gguf", "this is no model");
    assert_int_equal(mkg_lm_open(path, NULL, &lm, &err), MKG_ELM);
    assert_int_equal(err.status, MKG_ELM);
    assert_null(lm);
    free(path);
}

static void no_memory(void **state)
{
    world *w = *state;
    mkg_piece one = piece("感冒", "症状", "头痛", 2);
    mkg_evidence e = evidence("感冒有什么症状", MKG_LANG_ZH, &one, 1);
    mkg_lm_opts o = MKG_LM_OPTS_INIT;
    o.max_tokens = 3;
    o.threads = 1;
    setenv("MEDKG_CACHE", "", 1);
    for (long n = 1;; n += n < 60 ? 1 : 7) {
        mkg_lm *lm = NULL;
        mkg_answer *a = NULL;
        mkg__alloc_fail_after(n);
        mkg_status st = mkg_lm_open(w->path, &o, &lm, &err);
        if (st >= 0) st = mkg_lm_answer(lm, &e, NULL, NULL, &a, &err);
        mkg__alloc_fail_after(0);
        mkg_answer_free(a);
        mkg_lm_free(lm);
        if (st >= 0) break;
        assert_int_equal(st, MKG_ENOMEM);
        assert_true(n < 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_and_load), cmocka_unit_test(nothing_more),
        cmocka_unit_test(other_models),  cmocka_unit_test(damaged),
        cmocka_unit_test(generating),    cmocka_unit_test(constrained),
        cmocka_unit_test(packing),       cmocka_unit_test(measuring),
        cmocka_unit_test(answering),     cmocka_unit_test(little_context),
        cmocka_unit_test(unusable),      cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
