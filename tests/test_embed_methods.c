/* ProNE, FastRP, LINE and the tall matrices beneath, and all methods on odd graphs. */
#include "testing.h"

#include "base/blas.h"
#include "base/rng.h"
#include "embed/fastrp.h"
#include "embed/line.h"
#include "embed/node2vec.h"
#include "embed/prone.h"
#include "embed/tall.h"

#include <float.h>
#include <math.h>

static mkg_err err;

/* ---- the methods by number ---- */

enum { NODE2VEC, SECOND_ORDER, LINE1, LINE2, LINE_BOTH, PRONE, FASTRP, METHODS };

static mkg_status embed(int method, const mkg_graph *g, size_t dim, unsigned threads,
                        uint64_t seed, float **x)
{
    mkg_node2vec_opts n = MKG_NODE2VEC_OPTS_INIT;
    mkg_line_opts l = MKG_LINE_OPTS_INIT;
    mkg_prone_opts p = MKG_PRONE_OPTS_INIT;
    mkg_fastrp_opts f = MKG_FASTRP_OPTS_INIT;
    n.dim = l.dim = p.dim = f.dim = dim;
    n.threads = l.threads = p.threads = f.threads = threads;
    n.seed = l.seed = p.seed = f.seed = seed;
    n.deterministic = l.deterministic = true;
    n.walks = 100;
    n.window = 3;
    n.length = 20;
    l.samples = 5000;
    if (method == SECOND_ORDER) {
        n.p = 0.25;
        n.q = 4;
    }
    if (method == PRONE) return mkg_prone(g, &p, x, &err);
    if (method == FASTRP) return mkg_fastrp(g, &f, x, &err);
    if (method == NODE2VEC || method == SECOND_ORDER)
        return mkg_node2vec(g, &n, x, &err);
    l.order = method == LINE1   ? MKG_LINE_FIRST
              : method == LINE2 ? MKG_LINE_SECOND
                                : MKG_LINE_BOTH;
    return mkg_line(g, &l, x, &err);
}

static void all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(x[i]));
}

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Two cliques of twelve, joined by one edge. */
enum { CLIQUE = 12, NODES = 2 * CLIQUE };

static mkg_graph *cliques(void)
{
    uint32_t from[CLIQUE * CLIQUE], to[CLIQUE * CLIQUE];
    size_t m = 0;
    mkg_graph *g;
    for (uint32_t c = 0; c < 2; c++)
        for (uint32_t i = 0; i < CLIQUE; i++)
            for (uint32_t k = i + 1; k < CLIQUE; k++) {
                from[m] = c * CLIQUE + i;
                to[m++] = c * CLIQUE + k;
            }
    from[m] = 0;
    to[m++] = CLIQUE;
    assert_mkg_ok(mkg_graph_from_edges(NODES, m, from, to, NULL, false, &g, &err));
    return g;
}

static void test_cliques_part(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    for (int method = 0; method < METHODS; method++) {
        float *x;
        assert_mkg_ok(embed(method, g, 16, 2, 3, &x));
        double within = 0, across = 0;
        for (size_t i = 2; i < CLIQUE; i++) {
            within += cosine(x + 16, x + i * 16, 16);
            across += cosine(x + 16, x + (CLIQUE + i) * 16, 16);
        }
        if (!(within > across + 1))
            fail_msg("method %d: %g within, %g across", method, within, across);
        mkg_floats_free(x);
    }
    mkg_graph_free(g);
}

static void test_same_bytes(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    for (int method = 0; method < METHODS; method++) {
        float *x[4];
        for (unsigned i = 0; i < 4; i++)
            assert_mkg_ok(
                embed(method, g, 10, i < 3 ? i + 1 : 1, i < 3 ? 5 : 6, &x[i]));
        assert_memory_equal(x[0], x[1], NODES * 10 * sizeof(float));
        assert_memory_equal(x[0], x[2], NODES * 10 * sizeof(float));
        assert_memory_not_equal(x[0], x[3], NODES * 10 * sizeof(float));
        for (unsigned i = 0; i < 4; i++)
            mkg_floats_free(x[i]);
    }
    mkg_graph_free(g);
}

/* ---- odd graphs ---- */

/* An isolated node (5), a self loop, parallel edges, and weights as far apart as they
 * can be. */
static void test_odd_graphs(void **state)
{
    (void)state;
    static const uint32_t from[] = {0, 0, 1, 2, 2, 3, 0, 0},
                          to[] = {1, 1, 2, 2, 3, 4, 3, 4};
    static const float weight[] = {1, 2, FLT_MAX, 1, FLT_MIN, 1e30f, FLT_MAX, FLT_MAX};
    static const size_t dims[] = {1, 2, 33, 1024};
    for (int weighted = 0; weighted < 2; weighted++) {
        mkg_graph *g;
        assert_mkg_ok(mkg_graph_from_edges(6, 8, from, to, weighted ? weight : NULL,
                                           false, &g, &err));
        for (int method = 0; method < METHODS; method++)
            for (size_t d = 0; d < 4; d++) {
                float *x;
                if (method == LINE_BOTH && dims[d] == 1) {
                    assert_int_equal(embed(method, g, 1, 1, 1, &x), MKG_EARG);
                    continue;
                }
                assert_mkg_ok(embed(method, g, dims[d], 2, 1, &x));
                all_finite(x, 6 * dims[d]);
                mkg_floats_free(x);
            }
        mkg_graph_free(g);
    }
}

static void test_nothing_to_embed(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        mkg_graph *g;
        assert_mkg_ok(mkg_graph_from_edges(n, 0, NULL, NULL, NULL, false, &g, &err));
        for (int method = 0; method < METHODS; method++) {
            float *x;
            mkg_status st = embed(method, g, 8, 1, 1, &x);
            bool line = method == LINE1 || method == LINE2 || method == LINE_BOTH;
            assert_int_equal(st, n == 0 || line ? MKG_EARG : MKG_OK);
            if (st == MKG_OK) all_finite(x, n * 8);
            if (st == MKG_OK) mkg_floats_free(x);
        }
        mkg_graph_free(g);
    }
}

static void test_directed(void **state)
{
    (void)state;
    static const uint32_t from[] = {0, 1, 2, 2}, to[] = {1, 2, 0, 3};
    mkg_graph *g;
    float *x;
    assert_mkg_ok(mkg_graph_from_edges(4, 4, from, to, NULL, true, &g, &err));
    for (int method = 0; method < METHODS; method++) {
        bool no = method == PRONE || method == LINE1 || method == LINE_BOTH;
        assert_int_equal(embed(method, g, 8, 1, 1, &x), no ? MKG_EARG : MKG_OK);
        if (no) continue;
        all_finite(x, 32);
        mkg_floats_free(x);
    }
    mkg_graph_free(g);
}

static void test_no_memory(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    for (int method = 0; method < METHODS; method++) {
        mkg_status st;
        float *x;
        long n = 0;
        do {
            mkg__alloc_fail_after(++n);
            st = embed(method, g, 8, 1, 1, &x);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
        } while (st < 0);
        assert_true(n > 4);
        mkg_floats_free(x);
    }
    mkg_graph_free(g);
}

static void test_bad_options(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    float *x;
    mkg_prone_opts p = MKG_PRONE_OPTS_INIT;
    p.theta = NAN;
    assert_int_equal(mkg_prone(g, &p, &x, &err), MKG_EARG);
    p = (mkg_prone_opts)MKG_PRONE_OPTS_INIT;
    p.dim = 5000;
    assert_int_equal(mkg_prone(g, &p, &x, &err), MKG_EARG);
    mkg_fastrp_opts f = MKG_FASTRP_OPTS_INIT;
    f.weight[1] = INFINITY;
    assert_int_equal(mkg_fastrp(g, &f, &x, &err), MKG_EARG);
    mkg_line_opts l = MKG_LINE_OPTS_INIT;
    l.negative = 0;
    assert_int_equal(mkg_line(g, &l, &x, &err), MKG_EARG);
    mkg_graph_free(g);
}

/* ---- tall matrices ---- */

enum { ROWS = 1200, COLUMNS = 20 };

static void test_orthonormal(void **state)
{
    (void)state;
    size_t stride = mkg__tall_stride(COLUMNS);
    float *x = mkg__tall_new(ROWS, stride);
    double gram[COLUMNS * COLUMNS];
    mkg__rng r = mkg__rng_new(1, 2, 3);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < COLUMNS; k++)
            x[i * stride + k] = mkg__rng_float(&r);
        x[i * stride + 7] = x[i * stride + 3]; /* one column too many */
    }
    for (int i = 0; i < 2; i++)
        assert_mkg_ok(mkg__tall_orthonormal(x, ROWS, stride, COLUMNS, 2, &err));
    assert_mkg_ok(mkg__tall_gram(x, ROWS, stride, COLUMNS, gram, 2, &err));
    double trace = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = 0; k < COLUMNS; k++) {
            if (i != k) assert_true(fabs(gram[i * COLUMNS + k]) < 1e-4);
            if (i == k) trace += gram[i * COLUMNS + k];
        }
    assert_true(fabs(trace - (COLUMNS - 1)) < 1e-3);
    mkg__free(x);
}

/* Against the sum written out, with all that it can have. */
static void test_spmm(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    size_t stride = 80;
    float *x = mkg__tall_new(NODES, stride), *y = mkg__tall_new(NODES, stride);
    float *z = mkg__tall_new(NODES, stride), v[3][NODES];
    mkg__rng r = mkg__rng_new(4, 5, 6);
    for (size_t i = 0; i < NODES * stride; i++) {
        x[i] = mkg__rng_float(&r) - 0.5f;
        z[i] = mkg__rng_float(&r);
    }
    for (size_t i = 0; i < NODES; i++)
        for (size_t k = 0; k < 3; k++)
            v[k][i] = mkg__rng_float(&r);
    for (int logs = 0; logs < 2; logs++) {
        mkg__spmm p = {.s = {.g = g, .row = v[0], .column = v[1]},
                       .x = x,
                       .y = y,
                       .z = z,
                       .own = v[2],
                       .stride = stride,
                       .a = 0.5f,
                       .b = -2};
        if (!logs) p.s = (mkg__entries){.g = g, .scale = v[0]};
        assert_mkg_ok(mkg__spmm_run(&p, 2, &err));
        for (size_t u = 0; u < NODES; u++)
            for (size_t c = 0; c < stride; c++) {
                double want = (0.5 + (double)v[2][u]) * (double)x[u * stride + c] -
                              2 * (double)z[u * stride + c];
                for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
                    uint32_t t = g->to[k];
                    double e = (double)v[0][u] + (logs ? (double)v[1][t] : 0);
                    want += e * (double)x[t * stride + c];
                }
                assert_true(fabs(want - (double)y[u * stride + c]) < 1e-5);
            }
    }
    mkg__free(x);
    mkg__free(y);
    mkg__free(z);
    mkg_graph_free(g);
}

static void test_eigen(void **state)
{
    (void)state;
    double a[9] = {2, 1, 0, 1, 2, 0, 0, 0, 5}, w[3];
    assert_mkg_ok(mkg__blas_open(&err));
    assert_mkg_ok(mkg__eigen(3, a, w, &err));
    assert_true(fabs(w[0] - 1) < 1e-12 && fabs(w[1] - 3) < 1e-12 &&
                fabs(w[2] - 5) < 1e-12);
    assert_true(fabs(a[0] + a[1]) < 1e-12 && fabs(a[3] - a[4]) < 1e-12);
    assert_true(fabs(fabs(a[8]) - 1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cliques_part), cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_odd_graphs),   cmocka_unit_test(test_nothing_to_embed),
        cmocka_unit_test(test_directed),     cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_bad_options),  cmocka_unit_test(test_orthonormal),
        cmocka_unit_test(test_spmm),         cmocka_unit_test(test_eigen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
