/* Measures, k-means and logistic regression: by hand, by their definitions, and against
 * scikit-learn where that is installed. */
#include "testing.h"

#include "base/rng.h"
#include "embed/kmeans.h"
#include "embed/logistic.h"
#include "embed/metrics.h"

#include <math.h>

static mkg_err err;

static void near_to(double got, double want, double by)
{
    if (!(fabs(got - want) <= by)) fail_msg("%.9g is not %.9g", got, want);
}

/* ---- rankings ---- */

static void auroc_by_hand(void **state)
{
    (void)state;
    double v;
    /* Pairs (0.9, 0.8 | 0.8, 0.1): 0.9 > both; 0.8 = 0.8, > 0.1: 3.5 of 4. */
    const float s[] = {0.9f, 0.8f, 0.8f, 0.1f};
    const uint8_t y[] = {1, 1, 0, 0}, all[] = {1, 1, 1, 1};
    assert_mkg_ok(mkg_auroc(s, y, 4, &v, &err));
    near_to(v, 3.5 / 4, 1e-12);
    assert_mkg_ok(mkg_auroc(s, all, 4, &v, &err));
    assert_true(isnan(v));
    assert_mkg_ok(mkg_auroc(s, y, 0, &v, &err));
    assert_true(isnan(v));
}

static void auprc_by_hand(void **state)
{
    (void)state;
    double v;
    /* 0.9: recall 1/2 at precision 1; 0.8 (one of each): +1/2 at 2/3. */
    const float s[] = {0.1f, 0.8f, 0.8f, 0.9f};
    const uint8_t y[] = {0, 1, 0, 1}, none[] = {0, 0, 0, 0};
    assert_mkg_ok(mkg_auprc(s, y, 4, &v, &err));
    near_to(v, 0.5 + 0.5 * 2 / 3, 1e-12);
    assert_mkg_ok(mkg_auprc(s, none, 4, &v, &err));
    assert_true(isnan(v));
}

/* AUROC is the mean over pairs, AUPRC the mean over positives of the precision at their
 * score: both straight from the definition, with many ties. */
static void rankings_by_definition(void **state)
{
    (void)state;
    enum { N = 60 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        mkg__rng r = mkg__rng_new(seed, 1, 2);
        float s[N];
        uint8_t y[N];
        double wins = 0, pairs = 0, precision = 0, positives = 0, v;
        for (size_t i = 0; i < N; i++) {
            s[i] = (float)mkg__rng_below(&r, 12) - 6;
            y[i] = i == 0 || (i > 1 && mkg__rng_below(&r, 3) == 0);
        }
        for (size_t i = 0; i < N; i++) {
            if (!y[i]) continue;
            double at = 0, hit = 0;
            for (size_t k = 0; k < N; k++) {
                at += s[k] >= s[i];
                hit += s[k] >= s[i] && y[k];
                if (y[k]) continue;
                pairs++;
                wins += s[i] > s[k] ? 1 : s[i] < s[k] ? 0 : 0.5;
            }
            positives++;
            precision += hit / at;
        }
        assert_mkg_ok(mkg_auroc(s, y, N, &v, &err));
        near_to(v, wins / pairs, 1e-12);
        assert_mkg_ok(mkg_auprc(s, y, N, &v, &err));
        near_to(v, precision / positives, 1e-12);
    }
}

static void ranks(void **state)
{
    (void)state;
    const float others[] = {3, 2, 2, 1};
    near_to(mkg_rank(4, others, 4), 1, 0);
    near_to(mkg_rank(2, others, 4), 3, 0); /* 2, 3 or 4 */
    near_to(mkg_rank(0, others, 4), 5, 0);
    near_to(mkg_rank(0, others, 0), 1, 0);
}

/* ---- F1 ---- */

static void f1_by_hand(void **state)
{
    (void)state;
    double micro, macro;
    /* Row 0 has {0}, predicted {0}; row 1 has {0, 1}, predicted {2, 1} (a tie of 1 and
     * 0 would go to 0, but 1 is higher); row 2 has none, so nothing is predicted. */
    const float s[] = {0.9f, 0.1f, 0, 0.1f, 0.5f, 0.8f, 1, 1, 1};
    const uint8_t y[] = {1, 0, 0, 1, 1, 0, 0, 0, 0};
    assert_mkg_ok(mkg_f1_top(s, y, 3, 3, &micro, &macro, &err));
    near_to(micro, 2.0 * 2 / (3 + 3), 1e-12);
    /* label 0: 1 hit of 2 + 1; label 1: 1 of 1 + 1; label 2: 0 of 0 + 1 */
    near_to(macro, (2.0 / 3 + 1 + 0) / 3, 1e-12);
}

/* ---- groups ---- */

static void nmi_by_hand(void **state)
{
    (void)state;
    double v;
    const uint32_t a[] = {0, 0, 1, 1}, b[] = {5, 5, 2, 2}, c[] = {0, 1, 0, 1},
                   d[] = {0, 0, 0, 1}, one[] = {0, 0, 0, 0};
    assert_mkg_ok(mkg_nmi(a, b, 4, &v, &err));
    near_to(v, 1, 1e-12);
    assert_mkg_ok(mkg_nmi(a, c, 4, &v, &err));
    near_to(v, 0, 1e-12);
    assert_mkg_ok(mkg_nmi(one, one, 4, &v, &err));
    near_to(v, 1, 1e-12);
    assert_mkg_ok(mkg_nmi(a, one, 4, &v, &err));
    near_to(v, 0, 1e-12);
    double hd = -(0.75 * log(0.75) + 0.25 * log(0.25)), ha = log(2),
           both = -(0.5 * log(0.5) + 2 * 0.25 * log(0.25));
    assert_mkg_ok(mkg_nmi(a, d, 4, &v, &err));
    near_to(v, 2 * (ha + hd - both) / (ha + hd), 1e-12);
    assert_int_equal(mkg_nmi(a, b, 0, &v, &err), MKG_EARG);
}

static void kmeans_finds_groups(void **state)
{
    (void)state;
    enum { N = 3000, DIM = 3, K = 4 };
    float *x = calloc(N * DIM, sizeof *x);
    uint32_t truth[N], part[N], again[N];
    double inertia, v, one = 0;
    assert_non_null(x);
    mkg__rng r = mkg__rng_new(5, 0, 0);
    for (size_t i = 0; i < N; i++) {
        truth[i] = (uint32_t)(i % K);
        for (size_t d = 0; d < DIM; d++)
            x[i * DIM + d] = (truth[i] == d ? 10.0f : 0) + mkg__rng_float(&r);
    }
    assert_mkg_ok(mkg_kmeans(x, N, DIM, K, 4, 1, 1, part, &inertia, &err));
    assert_mkg_ok(mkg_nmi(truth, part, N, &v, &err));
    near_to(v, 1, 1e-12);
    near_to(inertia, N * DIM / 12.0, N * DIM / 12.0 * 0.05); /* of uniform noise */
    assert_mkg_ok(mkg_kmeans(x, N, DIM, K, 4, 1, 3, again, NULL, &err));
    assert_memory_equal(part, again, sizeof part);
    /* One group: its mean, so the inertia is n times the variance. */
    assert_mkg_ok(mkg_kmeans(x, N, DIM, 1, 1, 1, 1, part, &inertia, &err));
    for (size_t d = 0; d < DIM; d++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < N; i++) {
            sum += (double)x[i * DIM + d];
            squares += (double)x[i * DIM + d] * (double)x[i * DIM + d];
        }
        one += squares - sum * sum / N;
    }
    near_to(inertia, one, one * 1e-5);
    /* As many groups as rows, all rows alike. */
    float same[4] = {1, 1, 1, 1};
    assert_mkg_ok(mkg_kmeans(same, 4, 1, 4, 1, 1, 1, part, &inertia, &err));
    near_to(inertia, 0, 0);
    assert_int_equal(mkg_kmeans(x, 3, DIM, 4, 1, 1, 1, part, NULL, &err), MKG_EARG);
    assert_int_equal(mkg_kmeans(x, 3, DIM, 0, 1, 1, 1, part, NULL, &err), MKG_EARG);
    free(x);
}

/* ---- logistic regression ---- */

enum { ROWS = 400, COLUMNS = 5, LABELS = 3 };

static void make_cases(float *x, uint8_t *y)
{
    mkg__rng r = mkg__rng_new(11, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        double z[LABELS] = {0.5, -1, 0};
        for (size_t d = 0; d < COLUMNS; d++) {
            double v = 2 * mkg__rng_double(&r) - 1;
            x[i * COLUMNS + d] = (float)v;
            z[d % LABELS] += v * (d % 2 ? 3 : -2);
        }
        for (size_t l = 0; l < LABELS; l++)
            y[i * LABELS + l] = mkg__rng_double(&r) < mkg_logistic_probability(z[l]);
    }
}

/* At the minimum the gradient is nought: w = -c sum (sigma - y) x. */
static void logistic_is_at_the_minimum(void **state)
{
    (void)state;
    float x[ROWS * COLUMNS];
    uint8_t y[ROWS * LABELS];
    make_cases(x, y);
    for (unsigned free_intercept = 0; free_intercept < 2; free_intercept++) {
        mkg_logistic_opts o = MKG_LOGISTIC_OPTS_INIT;
        mkg_logistic m, again;
        o.c = 0.7;
        o.free_intercept = free_intercept;
        o.tolerance = 1e-6;
        o.threads = 1;
        assert_mkg_ok(mkg_logistic_fit(x, ROWS, COLUMNS, y, LABELS, &o, &m, &err));
        for (size_t l = 0; l < LABELS; l++) {
            const float *w = m.w + l * (COLUMNS + 1);
            double g[COLUMNS + 1], length = 0;
            for (size_t d = 0; d <= COLUMNS; d++) {
                g[d] = d == COLUMNS && free_intercept ? 0 : (double)w[d];
                length += fabs((double)w[d]);
            }
            for (size_t i = 0; i < ROWS; i++) {
                double z = (double)w[COLUMNS];
                for (size_t d = 0; d < COLUMNS; d++)
                    z += (double)w[d] * (double)x[i * COLUMNS + d];
                double miss = mkg_logistic_probability(z) - y[i * LABELS + l];
                for (size_t d = 0; d < COLUMNS; d++)
                    g[d] += o.c * miss * (double)x[i * COLUMNS + d];
                g[COLUMNS] += o.c * miss;
            }
            assert_true(length > 1); /* it learnt something */
            /* of sums of hundreds of floats that end near 100 */
            for (size_t d = 0; d <= COLUMNS; d++)
                near_to(g[d], 0, 5e-3);
        }
        float s[ROWS * LABELS];
        assert_mkg_ok(mkg_logistic_score(&m, x, ROWS, s, &err));
        for (size_t i = 0; i < 5; i++) {
            double z = (double)m.w[COLUMNS];
            for (size_t d = 0; d < COLUMNS; d++)
                z += (double)m.w[d] * (double)x[i * COLUMNS + d];
            near_to((double)s[i * LABELS], z, 1e-5);
        }
        o.threads = 3;
        assert_mkg_ok(mkg_logistic_fit(x, ROWS, COLUMNS, y, LABELS, &o, &again, &err));
        assert_memory_equal(m.w, again.w, LABELS * (COLUMNS + 1) * sizeof *m.w);
        mkg_logistic_clear(&m);
        mkg_logistic_clear(&again);
    }
}

static void logistic_at_the_edges(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4}, huge[] = {3e38f, 3e38f, -3e38f, -3e38f};
    const uint8_t all[] = {1, 1, 1, 1}, none[] = {0, 0, 0, 0}, some[] = {0, 0, 1, 1};
    mkg_logistic_opts o = MKG_LOGISTIC_OPTS_INIT;
    mkg_logistic m;
    float s[4];
    assert_mkg_ok(mkg_logistic_fit(x, 4, 1, all, 1, &o, &m, &err));
    assert_mkg_ok(mkg_logistic_score(&m, x, 4, s, &err));
    assert_true(isinf(s[2]) && s[2] > 0);
    mkg_logistic_clear(&m);
    assert_mkg_ok(mkg_logistic_fit(x, 4, 1, none, 1, &o, &m, &err));
    assert_mkg_ok(mkg_logistic_score(&m, x, 4, s, &err));
    assert_true(isinf(s[2]) && s[2] < 0);
    mkg_logistic_clear(&m);
    /* What a line parts: the penalty keeps the weights finite. */
    o.c = 1e6;
    assert_mkg_ok(mkg_logistic_fit(x, 4, 1, some, 1, &o, &m, &err));
    assert_mkg_ok(mkg_logistic_score(&m, x, 4, s, &err));
    assert_true(s[0] < 0 && s[1] < 0 && s[2] > 0 && s[3] > 0 && isfinite(m.w[0]));
    mkg_logistic_clear(&m);
    assert_int_equal(mkg_logistic_fit(huge, 4, 1, some, 1, &o, &m, &err), MKG_EARG);
    assert_null(m.w);
    o.c = 0;
    assert_int_equal(mkg_logistic_fit(x, 4, 1, some, 1, &o, &m, &err), MKG_EARG);
    o.c = 1;
    assert_int_equal(mkg_logistic_fit(x, 0, 1, some, 1, &o, &m, &err), MKG_EARG);
}

/* The same cases in scikit-learn, which this stands in for. */
static void as_scikit_learn(void **state)
{
    (void)state;
    float x[ROWS * COLUMNS], s[ROWS * LABELS];
    uint8_t y[ROWS * LABELS], y0[ROWS];
    float s0[ROWS];
    uint32_t a[ROWS], b[ROWS];
    mkg_logistic_opts o = MKG_LOGISTIC_OPTS_INIT;
    mkg_logistic m;
    double roc, prc, nmi;
    if (system("/usr/bin/python3 -c 'import sklearn' 2>/dev/null") != 0) {
        print_message("skipped: scikit-learn (python3-sklearn) is not here\n");
        return;
    }
    make_cases(x, y);
    o.tolerance = 1e-6;
    assert_mkg_ok(mkg_logistic_fit(x, ROWS, COLUMNS, y, LABELS, &o, &m, &err));
    assert_mkg_ok(mkg_logistic_score(&m, x, ROWS, s, &err));
    char *folder = new_folder(), *script = in_folder(folder, "t.py"), line[4096];
    FILE *f = fopen(script, "w");
    assert_non_null(f);
    fputs("import numpy as np\n"
          "from sklearn.linear_model import LogisticRegression\n"
          "from sklearn.metrics import *\nX = np.array([",
          f);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        fprintf(f, "%.9g,", (double)x[i]);
    fprintf(f, "]).reshape(-1, %d)\ny = np.array([", COLUMNS);
    for (size_t i = 0; i < ROWS; i++) {
        y0[i] = y[i * LABELS];
        s0[i] = roundf(s[i * LABELS] * 4) / 4; /* with ties */
        a[i] = (uint32_t)(s[i * LABELS + 1] > 0) + 2u * (s[i * LABELS + 2] > 0);
        b[i] = y0[i] + 2u * y[i * LABELS + 1];
        fprintf(f, "%d,", y0[i]);
    }
    fputs("])\ns = np.array([", f);
    for (size_t i = 0; i < ROWS; i++)
        fprintf(f, "%.9g,", (double)s0[i]);
    fputs("])\nab = np.array([", f);
    for (size_t i = 0; i < ROWS; i++)
        fprintf(f, "(%u,%u),", a[i], b[i]);
    assert_mkg_ok(mkg_auroc(s0, y0, ROWS, &roc, &err));
    assert_mkg_ok(mkg_auprc(s0, y0, ROWS, &prc, &err));
    assert_mkg_ok(mkg_nmi(a, b, ROWS, &nmi, &err));
    fprintf(f,
            "])\nassert abs(roc_auc_score(y, s) - %.12g) < 1e-9\n"
            "assert abs(average_precision_score(y, s) - %.12g) < 1e-9\n"
            "assert abs(normalized_mutual_info_score(ab[:, 0], ab[:, 1]) - %.12g) < "
            "1e-9\n"
            "c = LogisticRegression(solver='liblinear', C=1, tol=1e-10).fit(X, y)\n"
            "w = list(c.coef_[0]) + [c.intercept_[0]]\nm = [",
            roc, prc, nmi);
    for (size_t d = 0; d <= COLUMNS; d++)
        fprintf(f, "%.9g,", (double)m.w[d]);
    fputs("]\nassert np.abs(np.array(w) - m).max() < 1e-3, (w, m)\n", f);
    assert_int_equal(fclose(f), 0);
    snprintf(line, sizeof line, "/usr/bin/python3 '%s'", script);
    assert_int_equal(system(line), 0);
    mkg_logistic_clear(&m);
    free(script);
    remove_folder(folder);
}

static void out_of_memory(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4};
    const uint8_t y[] = {0, 1, 0, 1};
    const uint32_t a[] = {0, 1, 0, 1};
    mkg_logistic_opts o = MKG_LOGISTIC_OPTS_INIT;
    mkg_logistic m;
    uint32_t part[4];
    double v, u;
    o.threads = 1;
    for (unsigned what = 0; what < 6; what++) {
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st != MKG_OK; n++) {
            assert_true(n < 200);
            mkg__alloc_fail_after(n);
            st = what == 0   ? mkg_logistic_fit(x, 4, 1, y, 1, &o, &m, &err)
                 : what == 1 ? mkg_auroc(x, y, 4, &v, &err)
                 : what == 2 ? mkg_auprc(x, y, 4, &v, &err)
                 : what == 3 ? mkg_nmi(a, a, 4, &v, &err)
                 : what == 4 ? mkg_f1_top(x, y, 4, 1, &v, &u, &err)
                             : mkg_kmeans(x, 4, 1, 2, 1, 1, 1, part, &v, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
            if (what == 0) mkg_logistic_clear(&m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auroc_by_hand),
        cmocka_unit_test(auprc_by_hand),
        cmocka_unit_test(rankings_by_definition),
        cmocka_unit_test(ranks),
        cmocka_unit_test(f1_by_hand),
        cmocka_unit_test(nmi_by_hand),
        cmocka_unit_test(kmeans_finds_groups),
        cmocka_unit_test(logistic_is_at_the_minimum),
        cmocka_unit_test(logistic_at_the_edges),
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
