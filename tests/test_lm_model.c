/* The transformer against the log-probabilities of llama.cpp, and against itself: the
 * same bits however the tokens come. */
#include "testing.h"

#include "base/json.h"
#include "lm/session.h"
#include "testing_model.h"

#include <math.h>

enum { REF_TOKENS = 24 };

static mkg_err err;

/* ---- reference models ---- */

static const char *const refs[] = {
    "llama-spm-f32",  "llama-spm-q8_0", "llama-bpe-f16",  "llama-bpe-q4_k",
    "qwen2-bpe-q8_0", "qwen2-bpe-q4_0", "qwen3-bpe-q8_0", "qwen3-bpe-q4_k",
};
enum { N_REFS = sizeof refs / sizeof *refs };

static char *ref_path(const char *model, const char *name)
{
    char part[256];
    snprintf(part, sizeof part, "lm_ref/%s/%s", model, name);
    const char *path = shared(part);
    return path ? strdup(path) : NULL;
}

static size_t ref_tokens(const char *model, uint32_t ids[REF_TOKENS])
{
    char *path = ref_path(model, "tokens.json");
    json_t *v;
    assert_mkg_ok(mkg__json_load(path, 1 << 20, &v, &err));
    json_t *list = json_is_array(v) ? v : json_object_get(v, "tokens");
    size_t n = json_array_size(list);
    assert_true(n > 0 && n <= REF_TOKENS);
    for (size_t i = 0; i < n; i++)
        ids[i] = (uint32_t)json_integer_value(json_array_get(list, i));
    json_decref(v);
    free(path);
    return n;
}

static float *ref_logprobs(const char *model, const char *name, size_t n)
{
    char *path = ref_path(model, name);
    float *out = malloc(n * sizeof *out);
    FILE *f = fopen(path, "rb");
    assert_true(out && f && fread(out, sizeof *out, n, f) == n);
    fclose(f);
    free(path);
    return out;
}

typedef struct rows {
    float *at;
    size_t vocab;
} rows;

static int keep_row(void *ctx, size_t i, const float *logits)
{
    rows *r = ctx;
    memcpy(r->at + i * r->vocab, logits, r->vocab * sizeof *logits);
    return 0;
}

static float *all_logits(mkg_session *s, const uint32_t *ids, size_t n, size_t n_vocab)
{
    rows r = {malloc(n * n_vocab * sizeof(float)), n_vocab};
    assert_non_null(r.at);
    assert_mkg_ok(mkg_session_eval_all(s, ids, n, keep_row, &r, &err));
    return r.at;
}

static void log_softmax(float *x, size_t n)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        top = (double)x[i] > top ? (double)x[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - top);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] - top - log(sum));
}

/* Largest difference and mean KL divergence, from `right`. */
static void compare(float *mine, const float *right, size_t n, size_t n_vocab,
                    double *most, double *kl)
{
    *most = *kl = 0;
    for (size_t i = 0; i < n; i++) {
        log_softmax(mine + i * n_vocab, n_vocab);
        for (size_t k = i * n_vocab; k < (i + 1) * n_vocab; k++) {
            double a = (double)right[k], d = a - (double)mine[k];
            *most = fabs(d) > *most ? fabs(d) : *most;
            *kl += exp(a) * d / (double)n;
        }
    }
}

static void one_reference(const char *name)
{
    uint32_t ids[REF_TOKENS];
    mkg_model *m;
    char *path = ref_path(name, "model.gguf");
    assert_mkg_ok(mkg_model_open(path, &m, &err));
    size_t n = ref_tokens(name, ids), n_vocab = mkg_model_get_info(m)->vocab;
    float *right = ref_logprobs(name, "logprobs_dequant.f32", n * n_vocab);
    static const struct {
        const char *what;
        mkg_session_opts opts;
        double most, kl;
    } cases[] = {
        {"float activations", {.exact = true, .threads = 2}, 1e-4, 1e-6},
        {"8 bits", {.cache = MKG_F32, .threads = 2}, 0.6, 0.005},
        {"8 bits, cache F16", {.cache = MKG_F16, .threads = 2}, 0.6, 0.005},
        {"8 bits, cache Q8_0", {.cache = MKG_Q8_0, .threads = 2}, 0.6, 0.005},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mkg_session *s;
        double most, kl;
        assert_mkg_ok(mkg_session_new(m, &cases[i].opts, &s, &err));
        float *mine = all_logits(s, ids, n, n_vocab);
        compare(mine, right, n, n_vocab, &most, &kl);
        printf("%-16s %-20s largest %.2g, KL %.2g\n", name, cases[i].what, most, kl);
        assert_true(most < cases[i].most);
        assert_true(kl < cases[i].kl);
        free(mine);
        mkg_session_free(s);
    }
    free(right);
    free(path);
    mkg_model_free(m);
}

static void references(void **state)
{
    (void)state;
    if (!shared("lm_ref")) skip();
    for (size_t i = 0; i < N_REFS; i++)
        one_reference(refs[i]);
}

/* ---- against paper ---- */

static mkg_model *open_tiny(const char *folder, const tiny *t)
{
    mkg_model *m;
    char *path = tiny_file(folder, t);
    assert_mkg_ok(mkg_model_open(path, &m, &err));
    free(path);
    return m;
}

static const uint32_t text[] = {7,  0,  39, 12, 12, 3, 30, 5, 21, 8,  14, 2, 2,  19,
                                33, 38, 1,  9,  27, 4, 6,  6, 11, 13, 36, 0, 22, 17,
                                10, 16, 29, 31, 25, 3, 18, 5, 20, 35, 23, 1, 34, 15};
enum { TEXT = sizeof text / sizeof *text }; /* more than one block of the cache */

static const tiny shapes[] = {
    TINY,
    {.arch = "llama",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 4,
     .head_dim = 16,
     .ff = 96,
     .vocab = 40,
     .tied = true},
    {.arch = "llama",
     .type = MKG_F32,
     .layers = 1,
     .dim = 48,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 8,
     .ff = 50,
     .vocab = 40,
     .factors = true},
    {.arch = "llama",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 1,
     .head_dim = 24,
     .ff = 96,
     .vocab = 40,
     .scaling = "linear"},
    {.arch = "llama",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 32,
     .ff = 96,
     .vocab = 40,
     .scaling = "yarn"},
    {.arch = "llama",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 32,
     .ff = 96,
     .vocab = 40,
     .rope_dims = 12},
    {.arch = "llama",
     .type = MKG_F16,
     .layers = 2,
     .dim = 72,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 18,
     .ff = 88,
     .vocab = 40},
    {.arch = "llama",
     .type = MKG_BF16,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 16,
     .ff = 96,
     .vocab = 40},
    {.arch = "qwen2",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 16,
     .ff = 96,
     .vocab = 40,
     .tied = true},
    {.arch = "qwen2",
     .type = MKG_Q8_0,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 16,
     .ff = 96,
     .vocab = 40},
    {.arch = "qwen2",
     .type = MKG_Q4_0,
     .layers = 2,
     .dim = 96,
     .heads = 6,
     .kv_heads = 3,
     .head_dim = 16,
     .ff = 32,
     .vocab = 40},
    {.arch = "qwen3",
     .type = MKG_F32,
     .layers = 2,
     .dim = 64,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 32,
     .ff = 96,
     .vocab = 40,
     .scaling = "yarn"},
    {.arch = "qwen3",
     .type = MKG_Q4_K,
     .layers = 1,
     .dim = 256,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 64,
     .ff = 512,
     .vocab = 40},
    {.arch = "qwen3",
     .type = MKG_Q5_K,
     .layers = 1,
     .dim = 256,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 64,
     .ff = 512,
     .vocab = 40},
    {.arch = "llama",
     .type = MKG_Q6_K,
     .layers = 1,
     .dim = 256,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 64,
     .ff = 256,
     .vocab = 40},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static void on_paper(void **state)
{
    char *folder = new_folder();
    (void)state;
    for (size_t i = 0; i < N_SHAPES; i++) {
        mkg_model *m = open_tiny(folder, &shapes[i]);
        mkg_session *s;
        mkg_session_opts o = {.exact = true, .threads = 1};
        size_t n_vocab = shapes[i].vocab;
        double *right = paper_logits(&shapes[i], mkg_model_gguf(m), text, TEXT);
        assert_mkg_ok(mkg_session_new(m, &o, &s, &err));
        float *mine = all_logits(s, text, TEXT, n_vocab);
        for (size_t k = 0; k < TEXT * n_vocab; k++)
            if (!(fabs(right[k] - (double)mine[k]) < 2e-4))
                fail_msg("shape %zu, token %zu: %g, not %g", i, k / n_vocab,
                         (double)mine[k], right[k]);
        free(mine);
        free(right);
        mkg_session_free(s);
        mkg_model_free(m);
    }
    remove_folder(folder);
}

/* ---- the same bits ---- */

typedef struct way {
    unsigned threads;
    size_t batch;
    size_t piece; /* tokens of a call, 0: all */
    const char *kernels;
} way;

static float *logits_by(const mkg_model *m, mkg_session_opts o, const way *w)
{
    mkg_session *s;
    size_t n_vocab = mkg_model_get_info(m)->vocab, piece = w->piece ? w->piece : TEXT;
    rows r = {malloc(TEXT * n_vocab * sizeof(float)), n_vocab};
    assert_non_null(r.at);
    if (w->kernels) setenv("MEDKG_KERNELS", w->kernels, 1);
    o.threads = w->threads;
    o.batch = w->batch;
    assert_mkg_ok(mkg_session_new(m, &o, &s, &err));
    unsetenv("MEDKG_KERNELS");
    for (size_t i = 0; i < TEXT; i += piece) {
        size_t n = TEXT - i < piece ? TEXT - i : piece;
        rows part = {r.at + i * n_vocab, n_vocab};
        assert_mkg_ok(mkg_session_eval_all(s, text + i, n, keep_row, &part, &err));
    }
    mkg_session_free(s);
    return r.at;
}

static void same_bits(void **state)
{
    static const way ways[] = {
        {1, 0, 1, NULL},   {2, 0, 0, NULL},  {3, 5, 0, NULL},     {2, 9, 13, NULL},
        {4, 1, 0, NULL},   {1, 0, 7, NULL},  {1, 0, 0, "ref"},    {2, 16, 0, "avx2"},
        {2, 3, 0, "avx2"}, {1, 0, 4, "ref"}, {3, 8, 0, "avx512"},
    };
    static const mkg_session_opts opts[] = {
        {.exact = true}, {.cache = MKG_F16}, {.cache = MKG_Q8_0}, {.cache = MKG_F32}};
    char *folder = new_folder();
    (void)state;
    for (size_t i = 0; i < N_SHAPES; i++) {
        mkg_model *m = open_tiny(folder, &shapes[i]);
        size_t bytes = TEXT * shapes[i].vocab * sizeof(float);
        for (size_t k = 0; k < sizeof opts / sizeof *opts; k++) {
            float *whole = logits_by(m, opts[k], &(way){1, 0, 0, NULL});
            for (size_t j = 0; j < sizeof ways / sizeof *ways; j++) {
                if ((i + j + k) % 4) continue; /* a quarter of all, each shape others */
                float *other = logits_by(m, opts[k], &ways[j]);
                if (memcmp(whole, other, bytes) != 0)
                    fail_msg("shape %zu, options %zu, way %zu: other bits", i, k, j);
                free(other);
            }
            free(whole);
        }
        mkg_model_free(m);
    }
    remove_folder(folder);
}

/* What rounding to 8 bits may change: little, and something. */
static void rounding(void **state)
{
    static const tiny t = {.arch = "qwen2",
                           .type = MKG_Q8_0,
                           .layers = 2,
                           .dim = 64,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 16,
                           .ff = 96,
                           .vocab = 40};
    char *folder = new_folder();
    mkg_model *m = open_tiny(folder, &t);
    way w = {1, 0, 0, NULL};
    (void)state;
    float *exact = logits_by(m, (mkg_session_opts){.exact = true}, &w);
    float *packed = logits_by(m, (mkg_session_opts){.cache = MKG_F16}, &w);
    double most, kl;
    for (size_t i = 0; i < TEXT; i++)
        log_softmax(exact + i * t.vocab, t.vocab);
    compare(packed, exact, TEXT, t.vocab, &most, &kl);
    assert_true(most > 1e-4 && most < 0.6 && kl < 0.005);
    free(exact);
    free(packed);
    mkg_model_free(m);
    remove_folder(folder);
}

/* ---- sessions ---- */

static void going_back(void **state)
{
    static const tiny t = TINY;
    char *folder = new_folder();
    mkg_model *m = open_tiny(folder, &t);
    mkg_session *s;
    mkg_session_opts o = {.context = 50, .cache = MKG_F16, .threads = 1};
    float first[40], again[40];
    size_t n, kept;
    uint32_t other[TEXT];
    (void)state;

    assert_mkg_ok(mkg_session_new(m, &o, &s, &err));
    assert_int_equal(mkg_session_context(s), 50);
    assert_int_equal(mkg_session_bytes(s), 2 * 2 * 2 * (2 * 32 * 16 * 2));
    assert_mkg_ok(mkg_session_eval(s, text, TEXT, first, &err));
    assert_memory_equal(mkg_session_tokens(s, &n), text, sizeof text);
    assert_int_equal(n, TEXT);

    memcpy(other, text, sizeof other);
    other[20] = 39;
    assert_mkg_ok(mkg_session_set(s, other, TEXT, again, &kept, &err));
    assert_int_equal(kept, 20);
    assert_memory_not_equal(first, again, sizeof first);
    assert_mkg_ok(mkg_session_set(s, text, TEXT, again, &kept, &err));
    assert_int_equal(kept, 20);
    assert_memory_equal(first, again, sizeof first);
    assert_mkg_ok(mkg_session_set(s, text, TEXT, again, &kept, &err));
    assert_int_equal(kept, TEXT - 1);
    assert_memory_equal(first, again, sizeof first);

    /* What fails leaves the session as it was. */
    assert_int_equal(mkg_session_eval(s, text, 9, NULL, &err), MKG_EARG);
    assert_string_equal(err.msg,
                        "42 tokens and 9 more do not fit into a context of 50");
    other[1] = 40;
    assert_int_equal(mkg_session_eval(s, other, 2, NULL, &err), MKG_EARG);
    assert_string_equal(err.msg, "token 40 is not in the vocabulary of 40 tokens");
    mkg_session_tokens(s, &n);
    assert_int_equal(n, TEXT);
    assert_mkg_ok(mkg_session_eval(s, text, 8, NULL, &err));
    mkg_session_rewind(s, 0);
    mkg_session_tokens(s, &n);
    assert_int_equal(n, 0);
    assert_int_equal(mkg_session_set(s, text, 0, NULL, NULL, &err), MKG_EARG);
    mkg_session_free(s);

    o.cache = MKG_Q4_0;
    assert_int_equal(mkg_session_new(m, &o, &s, &err), MKG_EARG);
    o = (mkg_session_opts){.cache = MKG_F16, .batch = 5000};
    assert_int_equal(mkg_session_new(m, &o, &s, &err), MKG_EARG);
    mkg_model_free(m);
    remove_folder(folder);
}

static int stop_at_three(void *ctx, size_t i, const float *logits)
{
    (void)ctx;
    (void)logits;
    return i == 3;
}

static void stopping(void **state)
{
    static const tiny t = TINY;
    char *folder = new_folder();
    mkg_model *m = open_tiny(folder, &t);
    mkg_session *s;
    size_t n;
    (void)state;
    assert_mkg_ok(mkg_session_new(m, NULL, &s, &err));
    assert_int_equal(mkg_session_eval_all(s, text, 9, stop_at_three, NULL, &err),
                     MKG_ECANCEL);
    mkg_session_tokens(s, &n);
    assert_int_equal(n, 0);
    mkg_session_free(s);
    mkg_model_free(m);
    remove_folder(folder);
}

/* ---- files that are no model ---- */

static void says(const char *folder, const tiny *t, const char *what)
{
    mkg_model *m;
    char *path = tiny_file(folder, t);
    memset(&err, 0, sizeof err);
    assert_int_equal(mkg_model_open(path, &m, &err), MKG_EPARSE);
    assert_null(m);
    if (!strstr(err.msg, what)) fail_msg("'%s', not '%s'", err.msg, what);
    assert_string_equal(err.file, path);
    free(path);
}

static void wrong_models(void **state)
{
    char *folder = new_folder();
    (void)state;
    tiny t = TINY;
    t.arch = "gptj";
    says(folder, &t,
         "the architecture 'gptj' is not supported; there are: llama, qwen2");
    t = (tiny)TINY;
    t.skip = "blk.1.ffn_up.weight";
    says(folder, &t, "the tensor blk.1.ffn_up.weight is missing");
    t.skip = "token_embd.weight";
    says(folder, &t, "token_embd.weight is missing");
    t.skip = "output_norm.weight";
    says(folder, &t, "output_norm.weight is missing");
    t = (tiny){.arch = "qwen2",
               .type = MKG_F32,
               .layers = 2,
               .dim = 64,
               .heads = 4,
               .kv_heads = 2,
               .head_dim = 16,
               .ff = 96,
               .vocab = 40,
               .skip = "blk.0.attn_k.bias"};
    says(folder, &t, "blk.0.attn_k.bias is missing");
    t = (tiny)TINY;
    t.kv_heads = 3;
    says(folder, &t, "4 heads do not share 3 key-value heads evenly");
    t = (tiny)TINY;
    t.rope_dims = 15;
    says(folder, &t, "not an even part of a head's 16");
    t = (tiny)TINY;
    t.scaling = "dynamic";
    says(folder, &t, "rope scaling 'dynamic' is not known");
    remove_folder(folder);
}

/* Weights that are no numbers. */
static void not_finite(void **state)
{
    static const tiny t = {.arch = "llama",
                           .type = MKG_F16,
                           .layers = 2,
                           .dim = 64,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 16,
                           .ff = 96,
                           .vocab = 40};
    char *folder = new_folder(), *path = tiny_file(folder, &t);
    mkg_gguf *g;
    mkg_model *m;
    mkg_session *s;
    float logits[40];
    size_t n;
    (void)state;
    assert_mkg_ok(mkg_gguf_open(path, &g, &err));
    const mkg_gguf_tensor *w = mkg_gguf_tensor_find(g, "blk.1.ffn_up.weight");
    FILE *f = fopen(path, "r+b");
    const mkg_gguf_tensor *first = mkg_gguf_tensor_at(g, 0);
    long base = (long)((const char *)w->data - (const char *)first->data);
    long data = (long)mkg_gguf_bytes(g);
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) { /* the last one ends it */
        const mkg_gguf_tensor *last = mkg_gguf_tensor_at(g, i);
        long end = (long)((const char *)last->data - (const char *)first->data) +
                   (long)last->bytes;
        if ((long)mkg_gguf_bytes(g) - end < data) data = (long)mkg_gguf_bytes(g) - end;
    }
    assert_true(f && fseek(f, data + base + 64, SEEK_SET) == 0);
    assert_int_equal(fwrite("\xff\x7f", 1, 2, f), 2);
    fclose(f);
    mkg_gguf_close(g);
    assert_mkg_ok(mkg_model_open(path, &m, &err));
    assert_mkg_ok(mkg_session_new(m, NULL, &s, &err));
    assert_int_equal(mkg_session_eval(s, text, 5, logits, &err), MKG_ELM);
    if (!strstr(err.msg, "layer 1 gives numbers that are not finite"))
        fail_msg("%s", err.msg);
    mkg_session_tokens(s, &n);
    assert_int_equal(n, 0);
    mkg_session_free(s);
    mkg_model_free(m);
    free(path);
    remove_folder(folder);
}

static void no_memory(void **state)
{
    static const tiny t = {.arch = "llama",
                           .type = MKG_Q8_0,
                           .layers = 2,
                           .dim = 64,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 16,
                           .ff = 96,
                           .vocab = 40};
    char *folder = new_folder(), *path = tiny_file(folder, &t);
    (void)state;
    for (long n = 1;; n++) {
        mkg_model *m = NULL;
        mkg_session *s = NULL;
        mkg_session_opts o = {.threads = 2, .cache = MKG_F16};
        mkg__alloc_fail_after(n);
        mkg_status st = mkg_model_open(path, &m, &err);
        if (st >= 0) st = mkg_session_new(m, &o, &s, &err);
        if (st >= 0) st = mkg_session_eval(s, text, TEXT, NULL, &err);
        mkg__alloc_fail_after(0);
        mkg_session_free(s);
        mkg_model_free(m);
        if (st >= 0) break;
        assert_int_equal(st, MKG_ENOMEM);
        assert_true(n < 100);
    }
    free(path);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_paper),   cmocka_unit_test(same_bits),
        cmocka_unit_test(rounding),   cmocka_unit_test(going_back),
        cmocka_unit_test(stopping),   cmocka_unit_test(wrong_models),
        cmocka_unit_test(not_finite), cmocka_unit_test(no_memory),
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
