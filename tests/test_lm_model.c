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
    "llama-spm-f32", "llama-spm-q8_0", "llama-bpe-f16",  "llama-bpe-q4_k",
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

static float *all_logits(mkg_session *s, const uint32_t *ids, size_t n, size_t vocab)
{
    rows r = {malloc(n * vocab * sizeof(float)), vocab};
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
static void compare(float *mine, const float *right, size_t n, size_t vocab, double *most,
                    double *kl)
{
    *most = *kl = 0;
    for (size_t i = 0; i < n; i++) {
        log_softmax(mine + i * vocab, vocab);
        for (size_t k = i * vocab; k < (i + 1) * vocab; k++) {
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
    size_t n = ref_tokens(name, ids), vocab = mkg_model_get_info(m)->vocab;
    float *right = ref_logprobs(name, "logprobs_dequant.f32", n * vocab);
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
        float *mine = all_logits(s, ids, n, vocab);
        compare(mine, right, n, vocab, &most, &kl);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
