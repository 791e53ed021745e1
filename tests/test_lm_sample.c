/* Sampling: each cut against a plain reference, and the frequencies of the draw. */
#include "testing.h"

#include "base/rng.h"
#include "lm/sample.h"

#include <math.h>

static mkg_err err;
enum { N = 1000 };
static float logits[N];

static void fill(uint64_t seed, float spread)
{
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    for (int i = 0; i < N; i++)
        logits[i] = spread * (mkg__rng_float(&r) - 0.5f);
}

static uint32_t pick(mkg_sampler *s, const uint64_t *allow)
{
    uint32_t id = 0;
    assert_mkg_ok(mkg_sampler_pick(s, logits, allow, &id, &err));
    assert_true(id < N);
    return id;
}

static mkg_sampler *sampler(mkg_sample_opts o)
{
    mkg_sampler *s;
    assert_mkg_ok(mkg_sampler_new(&o, N, &s, &err));
    return s;
}

static void test_greedy(void **state)
{
    (void)state;
    mkg_sample_opts o = MKG_SAMPLE_OPTS_INIT;
    mkg_sampler *s = sampler(o);
    uint64_t allow[(N + 63) / 64] = {0};
    fill(1, 10);
    logits[500] = logits[501] = 100;
    assert_int_equal(pick(s, NULL), 500); /* the lower id of equals */
    allow[501 / 64] |= (uint64_t)1 << (501 % 64);
    allow[0] = 1;
    assert_int_equal(pick(s, allow), 501);
    allow[501 / 64] = 0;
    assert_int_equal(pick(s, allow), 0);
    allow[0] = 0;
    uint32_t id;
    assert_int_equal(mkg_sampler_pick(s, logits, allow, &id, &err), MKG_ELM);
    assert_string_equal(err.msg, "no token may come next");
    logits[3] = NAN;
    assert_int_equal(mkg_sampler_pick(s, logits, NULL, &id, &err), MKG_ELM);
    assert_non_null(strstr(err.msg, "token 3"));
    logits[3] = -INFINITY;
    assert_int_equal(pick(s, NULL), 500);
    logits[7] = INFINITY;
    assert_int_equal(pick(s, NULL), 7);
    mkg_sampler_free(s);
    mkg_sampler_free(NULL);
}

static int by_logit(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (logits[x] != logits[y]) return logits[x] > logits[y] ? -1 : 1;
    return x < y ? -1 : 1;
}

/* Which tokens the cuts leave, by a full sort. */
static size_t reference(const mkg_sample_opts *o, bool *kept)
{
    uint32_t order[N];
    size_t n = N, k = 0;
    double sum = 0, mass = 0;
    for (uint32_t i = 0; i < N; i++)
        order[i] = i;
    qsort(order, N, sizeof *order, by_logit);
    if (o->top_k && o->top_k < n) n = o->top_k;
    float max = logits[order[0]];
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(logits[order[i]] - max));
    memset(kept, 0, N);
    for (; k < n && (k == 0 || o->top_p >= 1 || mass < (double)o->top_p * sum); k++)
        mass += exp((double)(logits[order[k]] - max));
    n = 0;
    for (size_t i = 0; i < k; i++)
        if (o->min_p == 0 ||
            (double)logits[order[i]] >= (double)max + log((double)o->min_p)) {
            kept[order[i]] = true;
            n++;
        }
    return n;
}

/* All that the cuts leave is drawn sooner or later, and nothing else. */
static void test_cuts(void **state)
{
    (void)state;
    static const mkg_sample_opts cases[] = {
        {.temperature = 5, .top_k = 7, .top_p = 1, .repeat_penalty = 1, .seed = 1},
        {.temperature = 5, .top_p = 0.3f, .repeat_penalty = 1, .seed = 2},
        {.temperature = 5, .top_p = 0.9f, .repeat_penalty = 1, .seed = 3},
        {.temperature = 5, .top_p = 1, .min_p = 0.2f, .repeat_penalty = 1, .seed = 4},
        {.temperature = 5,
         .top_k = 40,
         .top_p = 0.5f,
         .min_p = 0.3f,
         .repeat_penalty = 1,
         .seed = 5},
        {.temperature = 5, .top_k = 1, .top_p = 1, .repeat_penalty = 1, .seed = 6},
        {.temperature = 5, .top_k = N, .top_p = 0, .repeat_penalty = 1, .seed = 7},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool kept[N], met[N] = {0};
        mkg_sampler *s = sampler(cases[c]);
        fill(c + 10, 8);
        for (int i = 0; i < N; i += 5) /* many equal ones */
            logits[i] = 0.5f;
        size_t n = reference(&cases[c], kept), seen = 0;
        assert_true(n > 0);
        for (size_t i = 0; i < 40 * n + 100; i++) {
            uint32_t id = pick(s, NULL);
            assert_true(kept[id]);
            seen += !met[id];
            met[id] = true;
        }
        assert_true(seen * 10 > n * 9);
        mkg_sampler_free(s);
    }
}

/* 100,000 draws from three tokens: each within five standard deviations. */
static void test_frequencies(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    mkg_sample_opts o = {.temperature = 2, .top_p = 1, .repeat_penalty = 1, .seed = 9};
    mkg_sampler *s;
    const float x[3] = {0, 2 * logf(2), 2 * logf(5)}; /* 1 : 2 : 5 at temperature 2 */
    size_t count[3] = {0};
    assert_mkg_ok(mkg_sampler_new(&o, 3, &s, &err));
    for (int i = 0; i < DRAWS; i++) {
        uint32_t id;
        assert_mkg_ok(mkg_sampler_pick(s, x, NULL, &id, &err));
        count[id]++;
    }
    const double want[3] = {1 / 8., 2 / 8., 5 / 8.};
    for (int i = 0; i < 3; i++) {
        double mean = DRAWS * want[i], sd = sqrt(mean * (1 - want[i]));
        assert_true(fabs((double)count[i] - mean) < 5 * sd);
    }
    mkg_sampler_free(s);
}

static void test_seed(void **state)
{
    (void)state;
    mkg_sample_opts o = {.temperature = 1, .top_p = 1, .repeat_penalty = 1, .seed = 1};
    mkg_sampler *a = sampler(o), *b = sampler(o);
    uint32_t first[50];
    size_t same = 0;
    fill(3, 2);
    for (size_t i = 0; i < 50; i++) {
        first[i] = pick(a, NULL);
        assert_int_equal(first[i], pick(b, NULL));
    }
    mkg_sampler_reset(a);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(pick(a, NULL), first[i]);
    mkg_sampler_free(b);
    o.seed = 2;
    b = sampler(o);
    for (size_t i = 0; i < 50; i++)
        same += pick(b, NULL) == first[i];
    assert_true(same < 10);
    mkg_sampler_free(a);
    mkg_sampler_free(b);
}

static void test_penalty(void **state)
{
    (void)state;
    mkg_sample_opts o = {.top_p = 1, .repeat_penalty = 2, .repeat_last = 3, .seed = 1};
    mkg_sampler *s = sampler(o);
    for (int i = 0; i < N; i++)
        logits[i] = -4;
    logits[1] = 10;
    logits[2] = 6;
    logits[3] = 5.5f;
    assert_int_equal(pick(s, NULL), 1);
    mkg_sampler_accept(s, 1);
    mkg_sampler_accept(s, 1); /* twice is no more than once: 10 / 2 */
    assert_int_equal(pick(s, NULL), 2);
    mkg_sampler_accept(s, 2);
    assert_int_equal(pick(s, NULL), 3);
    mkg_sampler_accept(s, 4);
    mkg_sampler_accept(s, 5);
    mkg_sampler_accept(s, 6); /* 1 and 2 are no longer recent */
    assert_int_equal(pick(s, NULL), 1);
    mkg_sampler_accept(s, N); /* no such token: nothing happens */
    for (int i = 0; i < N; i++)
        logits[i] = i == 6 ? -4 : -7;
    assert_int_equal(pick(s, NULL), 0); /* -4 becomes -8 */
    mkg_sampler_free(s);
}

static void test_bad_options(void **state)
{
    (void)state;
    const mkg_sample_opts good = MKG_SAMPLE_OPTS_INIT;
    for (int i = 0; i < 7; i++) {
        mkg_sample_opts o = good;
        mkg_sampler *s;
        if (i == 0) o.temperature = -1;
        if (i == 1) o.temperature = NAN;
        if (i == 2) o.top_p = 1.5f;
        if (i == 3) o.min_p = -0.1f;
        if (i == 4) o.repeat_penalty = 0.5f;
        if (i == 5) o.repeat_last = 1 << 20;
        assert_int_equal(mkg_sampler_new(&o, i == 6 ? 0 : N, &s, &err), MKG_EARG);
        assert_null(s);
        assert_non_null(strstr(err.msg, "out of range"));
    }
    for (long n = 1;; n++) {
        mkg_sampler *s;
        mkg__alloc_fail_after(n);
        mkg_status st = mkg_sampler_new(&good, N, &s, &err);
        mkg__alloc_fail_after(0);
        mkg_sampler_free(s);
        if (st == MKG_OK) break;
        assert_int_equal(st, MKG_ENOMEM);
        assert_true(n < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greedy),      cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_frequencies), cmocka_unit_test(test_seed),
        cmocka_unit_test(test_penalty),     cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
