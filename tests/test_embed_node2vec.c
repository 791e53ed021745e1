/* The view, the walks and the training. */
#include "testing.h"

#include "base/err.h"
#include "embed/node2vec.h"
#include "embed/ring.h"
#include "embed/sgns.h"
#include "embed/walk.h"

#include <math.h>

static mkg_err err;

static mkg_graph *graph(size_t n, size_t m, const uint32_t (*edges)[2],
                        const float *weight, bool directed)
{
    uint32_t from[64], to[64];
    mkg_graph *g;
    assert_true(m <= 64);
    for (size_t i = 0; i < m; i++) {
        from[i] = edges[i][0];
        to[i] = edges[i][1];
    }
    assert_mkg_ok(mkg_graph_from_edges(n, m, from, to, weight, directed, &g, &err));
    return g;
}

/* A square with a diagonal, a tail, and a node alone:  0-1 1-2 2-3 3-0 0-2 2-4   5 */
static const uint32_t house[][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {0, 2}, {2, 4}};
static const float house_weight[] = {1, 2, 0.5f, 4, 1, 3};

static void test_graph(void **state)
{
    (void)state;
    mkg_graph *g = graph(6, 6, house, NULL, false);
    assert_int_equal(g->m, 12);
    assert_null(g->weight);
    assert_int_equal(g->start[6] - g->start[5], 0);
    assert_true(mkg_graph_has(g, 2, 4) && mkg_graph_has(g, 4, 2));
    assert_false(mkg_graph_has(g, 4, 0));
    assert_int_equal(mkg_graph_row(g, 3), 2);
    assert_int_equal(mkg_graph_row(g, 7), SIZE_MAX);
    mkg_graph_free(g);

    /* parallel edges add up, self loops vanish */
    static const uint32_t doubled[][2] = {{0, 1}, {1, 0}, {0, 1}, {1, 1}, {1, 2}};
    g = graph(3, 5, doubled, NULL, false);
    assert_int_equal(g->m, 4);
    assert_true(g->weight[0] == 3 && g->weight[1] == 3 && g->weight[2] == 1);
    mkg_graph_free(g);
    g = graph(3, 5, doubled, NULL, true);
    assert_int_equal(g->m, 3);
    assert_false(mkg_graph_has(g, 2, 1));
    mkg_graph_free(g);
    g = graph(1, 0, doubled, NULL, false);
    assert_int_equal(g->m, 0);
    mkg_graph_free(g);
}

static void test_bad_edges(void **state)
{
    (void)state;
    uint32_t zero = 0, one = 1, far = 7;
    float wrong[] = {0, -1, NAN, INFINITY};
    mkg_graph *g;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            mkg_graph_from_edges(2, 1, &zero, &one, &wrong[i], false, &g, &err),
            MKG_EARG);
    assert_int_equal(mkg_graph_from_edges(2, 1, &zero, &far, NULL, false, &g, &err),
                     MKG_EARG);
    assert_null(g);
}

/* Probability of the step t -> u -> v by the definition (KDD 2016, eq. 2). */
static double exact(const mkg_graph *g, uint32_t t, uint32_t u, uint32_t v, double p,
                    double q)
{
    double sum = 0, mine = 0;
    for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
        uint32_t x = g->to[k];
        double bias = x == t ? 1 / p : mkg_graph_has(g, t, x) ? 1 : 1 / q;
        double w = bias * (g->weight ? (double)g->weight[k] : 1);
        sum += w;
        if (x == v) mine = w;
    }
    return mine / sum;
}

static mkg__walker *walker(const mkg_graph *g, double p, double q)
{
    mkg__walker *w;
    const mkg__walker_opts o = {.p = p, .q = q};
    assert_mkg_ok(mkg__walker_new(g, &o, &w, &err));
    return w;
}

/* A walk of its own, which is the same as in a crowd. */
static size_t walk_from(const mkg__walker *w, uint32_t start, size_t length, mkg__rng r,
                        uint32_t *walk)
{
    uint32_t reached;
    if (length) walk[0] = start;
    mkg__walker_walk(w, 1, length, &r, walk, &reached);
    return reached;
}

static void check_steps(const mkg_graph *g, double p, double q)
{
    enum { WALKS = 30000, LENGTH = 6, N = 6 };
    static size_t count[N][N][N];
    mkg__walker *w = walker(g, p, q);
    uint32_t walk[MKG_WALKS_TOGETHER * LENGTH], reached[MKG_WALKS_TOGETHER];
    mkg__rng r[MKG_WALKS_TOGETHER];
    memset(count, 0, sizeof count);
    for (uint64_t first = 0; first < WALKS; first += MKG_WALKS_TOGETHER) {
        for (uint32_t i = 0; i < MKG_WALKS_TOGETHER; i++) {
            r[i] = mkg__rng_new(11, first + i, 0);
            walk[i * LENGTH] = (uint32_t)((first + i) % g->n);
        }
        mkg__walker_walk(w, MKG_WALKS_TOGETHER, LENGTH, r, walk, reached);
        for (size_t i = 0; i < MKG_WALKS_TOGETHER; i++) {
            const uint32_t *at = walk + i * LENGTH;
            for (size_t k = 1; k < reached[i]; k++)
                assert_true(mkg_graph_has(g, at[k - 1], at[k]));
            for (size_t k = 2; k < reached[i]; k++)
                count[at[k - 2]][at[k - 1]][at[k]]++;
        }
    }
    mkg__walker_free(w);
    for (uint32_t t = 0; t < g->n; t++)
        for (uint32_t u = 0; u < g->n; u++) {
            double total = 0, chi = 0;
            int freedom = -1;
            for (uint32_t v = 0; v < g->n; v++)
                total += (double)count[t][u][v];
            if (total < 200) continue;
            for (uint32_t v = 0; v < g->n; v++) {
                double want = total * exact(g, t, u, v, p, q);
                double have = (double)count[t][u][v];
                if (want <= 0) {
                    assert_true(count[t][u][v] == 0);
                    continue;
                }
                chi += (have - want) * (have - want) / want;
                freedom++;
            }
            /* beyond the 0.9999 quantile of chi-square with 0 … 4 degrees of freedom */
            static const double limit[] = {1e-9, 15.2, 18.5, 21.2, 23.6, 25.8};
            if (freedom >= 0 && chi > limit[freedom])
                fail_msg("p %g q %g: %u -> %u is off, chi-square %g (%d)", p, q, t, u,
                         chi, freedom);
        }
}

static void test_walk_distribution(void **state)
{
    (void)state;
    static const double pq[][2] = {{1, 1}, {0.25, 4}, {4, 0.25}, {0.01, 1}, {1, 100}};
    for (size_t weighted = 0; weighted < 2; weighted++)
        for (size_t directed = 0; directed < 2; directed++) {
            mkg_graph *g = graph(6, 6, house, weighted ? house_weight : NULL, directed);
            for (size_t i = 0; i < sizeof pq / sizeof *pq; i++)
                check_steps(g, pq[i][0], pq[i][1]);
            mkg_graph_free(g);
        }
}

static void test_walk_ends(void **state)
{
    (void)state;
    static const uint32_t line[][2] = {{0, 1}, {1, 2}};
    mkg_graph *g = graph(4, 2, line, NULL, true);
    uint32_t walk[10];
    mkg__rng r = mkg__rng_new(1, 0, 0);
    mkg__walker *w = walker(g, 1, 1);
    assert_int_equal(walk_from(w, 0, 10, r, walk), 3);
    assert_int_equal(walk_from(w, 3, 10, r, walk), 1);
    assert_int_equal(walk_from(w, 0, 0, r, walk), 0);
    mkg__walker_free(w);
    static const double wrong[][2] = {{0, 1}, {1, NAN}, {-1, 1}, {1, 1e9}};
    for (size_t i = 0; i < 4; i++) {
        const mkg__walker_opts o = {.p = wrong[i][0], .q = wrong[i][1]};
        assert_int_equal(mkg__walker_new(g, &o, &w, &err), MKG_EARG);
    }
    mkg_graph_free(g);
}

/* Weights that differ by thirty orders of magnitude: walks go on. */
static void test_huge_weights(void **state)
{
    (void)state;
    static const uint32_t star[][2] = {{0, 1}, {0, 2}, {0, 3}};
    static const float weight[] = {1e30f, 1e-30f, 1};
    mkg_graph *g = graph(4, 3, star, weight, false);
    mkg__walker *w = walker(g, 0.5, 2);
    uint32_t walk[100];
    for (uint64_t i = 0; i < 200; i++) {
        mkg__rng r = mkg__rng_new(1, i, 0);
        assert_int_equal(walk_from(w, (uint32_t)(i % 4), 100, r, walk), 100);
    }
    mkg__walker_free(w);
    mkg_graph_free(g);
}

/* Rows of more than SCAN neighbours have a hash set: on a wheel of forty with a hub in
 * the middle, and a node off the rim, second steps are as defined. */
static void test_hubs(void **state)
{
    (void)state;
    enum { RIM = 40, HUB = 40, N = 41, STEPS = 200000 };
    uint32_t from[2 * RIM], to[2 * RIM];
    mkg_graph *g;
    for (uint32_t i = 0; i < RIM; i++) {
        from[i] = i;
        to[i] = (i + 1) % RIM;
        from[RIM + i] = HUB;
        to[RIM + i] = i;
    }
    assert_mkg_ok(
        mkg_graph_from_edges(N, (size_t)2 * RIM, from, to, NULL, false, &g, &err));
    mkg__walker *w = walker(g, 4, 0.25);
    /* From the hub to 0: back is 1/4, the two neighbours on the rim 1 each, and all
     * else is next to the hub. From 1 to the hub: 0 and 2 are near, 37 are far. */
    size_t back[2] = {0}, near[2] = {0}, all[2] = {0};
    static uint32_t walk[STEPS];
    assert_int_equal(walk_from(w, 0, STEPS, mkg__rng_new(3, 0, 0), walk), STEPS);
    for (size_t k = 2; k < STEPS; k++) {
        uint32_t t = walk[k - 2], u = walk[k - 1], v = walk[k];
        if ((t == HUB) == (u == HUB)) continue;
        all[u == HUB]++;
        back[u == HUB] += v == t;
        near[u == HUB] += v != t && mkg_graph_has(g, t, v);
    }
    assert_true(all[0] > 1000 && all[1] > 1000);
    double share[2][2] = {{0.25 / 2.25, 2 / 2.25},
                          {0.25 / (0.25 + 2 + 37 * 4), 2 / (0.25 + 2 + 37 * 4)}};
    for (size_t i = 0; i < 2; i++) {
        double n = (double)all[i];
        /* four standard deviations */
        assert_true(fabs((double)back[i] - n * share[i][0]) <
                    4 * sqrt(n * share[i][0]) + 1);
        assert_true(fabs((double)near[i] - n * share[i][1]) <
                    4 * sqrt(n * share[i][1]) + 1);
    }
    mkg__walker_free(w);
    mkg_graph_free(g);
}

/* Along a meta-path every step leads to the type whose turn it is. */
static void test_metapath(void **state)
{
    (void)state;
    static const uint32_t type[] = {0, 1, 0, 1, 1, 0}, path[] = {0, 1, 1, 0};
    mkg_graph *g = graph(6, 6, house, house_weight, false);
    mkg__walker_opts o = {.p = 1, .q = 1, .type = type, .path = path, .npath = 4};
    mkg__walker *w;
    uint32_t walk[20];
    size_t longest = 0;
    static const uint32_t turn[] = {0, 1, 1};
    /* 0 and 2 are of type 0; 1, 3, 4 of type 1, and no two of them are joined. */
    assert_mkg_ok(mkg__walker_new(g, &o, &w, &err));
    for (uint64_t i = 0; i < 50; i++)
        assert_int_equal(walk_from(w, 0, 20, mkg__rng_new(1, i, 0), walk), 2);
    mkg__walker_free(w);
    o.npath = 3;
    static const uint32_t there[] = {0, 1, 0};
    o.path = there;
    assert_mkg_ok(mkg__walker_new(g, &o, &w, &err));
    for (uint64_t i = 0; i < 50; i++) {
        size_t n = walk_from(w, 2, 20, mkg__rng_new(1, i, 0), walk);
        for (size_t k = 1; k < n; k++) {
            assert_true(mkg_graph_has(g, walk[k - 1], walk[k]));
            assert_int_equal(type[walk[k]], turn[k % 2]);
        }
        if (n > longest) longest = n;
    }
    assert_int_equal(longest, 20);
    mkg__walker_free(w);
    o.npath = 2;
    assert_int_equal(mkg__walker_new(g, &o, &w, &err), MKG_EARG);
    o.npath = 3;
    o.p = 2;
    assert_int_equal(mkg__walker_new(g, &o, &w, &err), MKG_EARG);
    mkg_node2vec_opts n = MKG_NODE2VEC_OPTS_INIT;
    float *x;
    n.type = type;
    n.path = there;
    n.npath = 3;
    n.dim = 8;
    assert_mkg_ok(mkg_node2vec(g, &n, &x, &err));
    for (size_t i = 0; i < 48; i++)
        assert_true(isfinite(x[i]));
    mkg_floats_free(x);
    mkg_graph_free(g);
}

/* ---- skip-gram ---- */

enum { ROWS = MKG_SGNS_INPUTS + MKG_SGNS_TARGETS };

/* Random rows, and a block of m of them against t others; some come up twice. */
static void fill(float *x, size_t stride, mkg__sgns_block *b, size_t m, size_t t,
                 bool positive, mkg__rng *r)
{
    for (size_t i = 0; i < ROWS * stride; i++)
        x[i] = mkg__rng_float(r) - 0.5f;
    *b = (mkg__sgns_block){
        .m = m, .t = t, .stride = stride, .alpha = 0.05f, .positive = positive};
    for (size_t i = 0; i < m; i++)
        b->in[i] = x + (i % 7 == 6 ? 0 : i) * stride;
    for (size_t j = 0; j < t; j++)
        b->out[j] = x + (MKG_SGNS_INPUTS + j % 5) * stride;
}

static double loss(const mkg__sgns_block *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->m; i++)
        for (size_t j = 0; j < b->t; j++) {
            double dot = 0;
            for (size_t k = 0; k < b->stride; k++)
                dot += (double)b->in[i][k] * (double)b->out[j][k];
            sum += log1p(exp(j == 0 && b->positive ? -dot : dot));
        }
    return sum;
}

/* A step goes down the gradient of the loss, by finite differences. */
static void test_gradient(void **state)
{
    (void)state;
    enum { STRIDE = 16 };
    const float h = 1e-2f;
    static float x[ROWS * STRIDE], before[ROWS * STRIDE];
    mkg__sgns_block b;
    mkg__rng r = mkg__rng_new(9, 0, 0);
    fill(x, STRIDE, &b, 3, 3, true, &r);
    b.alpha = 1e-2f;
    memcpy(before, x, sizeof x);
    mkg__sgns_ref(&b);
    for (size_t i = 0; i < ROWS * STRIDE; i++) {
        double have = ((double)x[i] - (double)before[i]) / (double)b.alpha;
        double side[2];
        memcpy(x, before, sizeof x);
        for (int s = 0; s < 2; s++) {
            x[i] = before[i] + (s ? h : -h);
            side[s] = loss(&b);
        }
        memcpy(x, before, sizeof x);
        double want = -(side[1] - side[0]) / (2 * (double)h);
        mkg__sgns_ref(&b);
        /* float32 sums, and a central difference of 1e-2 */
        assert_true(fabs(want - have) < 1e-3);
    }
}

/* The kernels against the plain loops, in all shapes. */
static void test_kernels(void **state)
{
    (void)state;
    static const char *const names[] = {"avx2", "avx512"};
    static const size_t strides[] = {16, 32, 48, 128, 1024};
    mkg__rng r = mkg__rng_new(10, 0, 0);
    size_t tried = 0;
    for (size_t n = 0; n < 2; n++) {
        mkg__sgns_kernel *kernel = mkg__sgns_kernel_named(names[n]);
        if (!kernel) continue;
        tried++;
        for (size_t s = 0; s < 5; s++) {
            size_t floats = ROWS * strides[s];
            float *want = mkg__aligned(floats * sizeof *want);
            float *have = mkg__aligned(floats * sizeof *have);
            for (size_t m = 1; m <= MKG_SGNS_INPUTS; m++)
                for (size_t t = 1; t <= MKG_SGNS_TARGETS; t++) {
                    mkg__sgns_block b;
                    mkg__rng same = r;
                    fill(want, strides[s], &b, m, t, t % 2, &r);
                    mkg__sgns_ref(&b);
                    fill(have, strides[s], &b, m, t, t % 2, &same);
                    kernel(&b);
                    /* sums in another order: up to 1,024 products below 1/4 */
                    for (size_t i = 0; i < floats; i++)
                        assert_true(fabsf(want[i] - have[i]) < 2e-5f);
                }
            mkg__free(want);
            mkg__free(have);
        }
    }
    if (!tried) print_message("no kernel but the plain one on this processor\n");
    assert_true(mkg__sgns_kernel_named("ref") == mkg__sgns_ref);
    assert_null(mkg__sgns_kernel_named("none"));
    assert_non_null(mkg__sgns_kernel_best());
}

/* ---- the ring ---- */

typedef struct ring_log {
    size_t in_slot[3], order[100], n;
    size_t fail_at;
} ring_log;

static mkg_status ring_make(void *ctx, size_t block, size_t slot, unsigned thread,
                            mkg_err *e)
{
    ring_log *l = ctx;
    (void)thread;
    if (block == l->fail_at) return mkg__fail(e, MKG_EIO, "block %zu", block);
    l->in_slot[slot] = block + 1;
    return MKG_OK;
}

static mkg_status ring_use(void *ctx, size_t block, size_t slot, unsigned thread,
                           mkg_err *e)
{
    ring_log *l = ctx;
    (void)thread;
    (void)e;
    if (l->in_slot[slot] != block + 1) return MKG_EARG;
    l->order[l->n++] = block;
    return MKG_OK;
}

static void test_ring(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        ring_log l = {.fail_at = SIZE_MAX};
        mkg__ring_work w = {.blocks = 100,
                            .slots = 3,
                            .make = ring_make,
                            .use = ring_use,
                            .ctx = &l,
                            .ordered = true};
        assert_mkg_ok(mkg__ring_run(threads, &w, &err));
        assert_int_equal(l.n, 100);
        for (size_t i = 0; i < l.n; i++)
            assert_int_equal(l.order[i], i);
        l = (ring_log){.fail_at = 40};
        assert_int_equal(mkg__ring_run(threads, &w, &err), MKG_EIO);
        assert_string_equal(err.msg, "block 40");
        assert_true(l.n <= 40);
        w.blocks = 0;
        assert_mkg_ok(mkg__ring_run(threads, &w, &err));
    }
}

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Two cliques of eight, joined by one edge. */
static mkg_graph *cliques(void)
{
    uint32_t from[64], to[64];
    size_t m = 0;
    mkg_graph *g;
    for (uint32_t c = 0; c < 2; c++)
        for (uint32_t i = 0; i < 8; i++)
            for (uint32_t k = i + 1; k < 8; k++) {
                from[m] = c * 8 + i;
                to[m++] = c * 8 + k;
            }
    from[m] = 0;
    to[m++] = 8;
    assert_mkg_ok(mkg_graph_from_edges(16, m, from, to, NULL, false, &g, &err));
    return g;
}

static void test_cliques_part(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    float *x;
    o.dim = 16;
    o.epochs = 20;
    o.window = 3;
    assert_mkg_ok(mkg_node2vec(g, &o, &x, &err));
    double within = 0, across = 0;
    for (size_t i = 1; i < 8; i++) {
        within += cosine(x + 16, x + i * 16, 16) / 7;
        across += cosine(x + 16, x + (8 + i) * 16, 16) / 7;
    }
    assert_true(within > across + 0.3);
    mkg_floats_free(x);
    mkg_graph_free(g);
}

static void test_deterministic(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    float *x, *y, *z;
    o.dim = 10;
    o.deterministic = true;
    o.seed = 5;
    o.threads = 1;
    assert_mkg_ok(mkg_node2vec(g, &o, &x, &err));
    o.threads = 2;
    assert_mkg_ok(mkg_node2vec(g, &o, &y, &err));
    o.seed = 6;
    assert_mkg_ok(mkg_node2vec(g, &o, &z, &err));
    assert_memory_equal(x, y, 16 * 10 * sizeof *x);
    assert_memory_not_equal(x, z, 16 * 10 * sizeof *x);
    mkg_floats_free(x);
    mkg_floats_free(y);
    mkg_floats_free(z);
    mkg_graph_free(g);
}

static void test_edges_of_the_possible(void **state)
{
    (void)state;
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    mkg_graph *g = graph(6, 6, house, NULL, false);
    float *x;
    const size_t dims[] = {1, 3, 1024};
    for (size_t i = 0; i < 3; i++) {
        o.dim = dims[i];
        assert_mkg_ok(mkg_node2vec(g, &o, &x, &err));
        for (size_t k = 0; k < 6 * dims[i]; k++)
            assert_true(isfinite(x[k]));
        mkg_floats_free(x);
    }
    o = (mkg_node2vec_opts)MKG_NODE2VEC_OPTS_INIT;
    o.dim = 0;
    assert_int_equal(mkg_node2vec(g, &o, &x, &err), MKG_EARG);
    assert_non_null(strstr(err.msg, "dim"));
    o.dim = 4;
    o.alpha = NAN;
    assert_int_equal(mkg_node2vec(g, &o, &x, &err), MKG_EARG);
    o.alpha = 0.025;
    o.p = -1;
    assert_int_equal(mkg_node2vec(g, &o, &x, &err), MKG_EARG);
    mkg_graph_free(g);
    o.p = 1;
    g = graph(1, 0, house, NULL, false); /* one node, no edge */
    assert_mkg_ok(mkg_node2vec(g, &o, &x, &err));
    mkg_floats_free(x);
    mkg_graph_free(g);
    g = graph(0, 0, house, NULL, false);
    assert_int_equal(mkg_node2vec(g, &o, &x, &err), MKG_EARG);
    mkg_graph_free(g);
}

static int stop_at_once(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    (void)done;
    (void)total;
    ++*(int *)ctx;
    return 1;
}

static void test_cancel_and_memory(void **state)
{
    (void)state;
    mkg_graph *g = cliques();
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    float *x;
    int calls = 0;
    o.dim = 4;
    o.progress = stop_at_once;
    o.progress_ctx = &calls;
    o.threads = 1;
    assert_int_equal(mkg_node2vec(g, &o, &x, &err), MKG_ECANCEL);
    assert_int_equal(calls, 1);
    assert_null(x);
    o.progress = NULL;
    mkg_status st;
    long n = 0;
    do {
        mkg__alloc_fail_after(++n);
        st = mkg_node2vec(g, &o, &x, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
    } while (st < 0);
    assert_true(n > 5);
    mkg_floats_free(x);
    mkg_graph_free(g);
}

/* From the store: only the types and relations asked for, no texts, no denials. */
static void test_view_of_store(void **state)
{
    (void)state;
    char *folder = new_folder(), *db = in_folder(folder, "db");
    mkg_kg *kg;
    mkg_writer *w;
    mkg_writer_counts c;
    mkg_id id[4];
    const mkg_relation *symptom, *treats, *description;
    mkg_source_info info = {.file = "f"};
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(kg, &info, &w, &err));
    static const char *const types[] = {"disease", "symptom", "drug", "drug"};
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        assert_mkg_ok(mkg_writer_node(w, V(types[i]), V(names[i]), 0, &id[i], &err));
    assert_mkg_ok(mkg_writer_relation(w, V("symptom"), &symptom, &err));
    assert_mkg_ok(mkg_writer_relation(w, V("treats"), &treats, &err));
    assert_mkg_ok(mkg_writer_relation(w, V("description"), &description, &err));
    mkg_fact_in f = {
        .subject = id[0], .relation = symptom, .object = id[1], .weight = 2};
    f.literal = f.grade = f.population = f.locator = V("");
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
    f.subject = id[2];
    f.relation = treats;
    f.object = id[0];
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
    f.subject = id[3];
    f.denied = true;
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
    f.relation = description;
    f.object = MKG_ID_NONE;
    f.literal = V("text");
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
    assert_mkg_ok(mkg_writer_commit(w, "x", 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(w);

    mkg_graph *g;
    mkg_graph_opts o = {.directed = false};
    assert_mkg_ok(mkg_graph_new(kg, &o, &g, &err));
    assert_int_equal(g->n, 3);
    assert_int_equal(g->m, 4);
    assert_int_equal(g->version, 1);
    assert_int_equal(mkg_graph_row(g, id[3]), SIZE_MAX);
    mkg_graph_free(g);
    o.keep_isolated = true;
    assert_mkg_ok(mkg_graph_new(kg, &o, &g, &err));
    assert_int_equal(g->n, 4);
    mkg_graph_free(g);
    mkg_view only[] = {{"disease", 7}, {"symptom", 7}};
    uint32_t type[4];
    assert_mkg_ok(mkg_graph_new(kg, &o, &g, &err));
    mkg_graph_types(g, only, 2, type);
    assert_true(type[0] == 0 && type[1] == 1 && type[2] == UINT32_MAX);
    mkg_graph_free(g);
    o = (mkg_graph_opts){.directed = true, .types = only, .ntypes = 2};
    assert_mkg_ok(mkg_graph_new(kg, &o, &g, &err));
    assert_int_equal(g->n, 2);
    assert_int_equal(g->m, 1);
    mkg_graph_free(g);
    mkg_id wanted = mkg_kg_find_relation(kg, V("treats"))->id;
    o = (mkg_graph_opts){.relations = &wanted, .nrelations = 1};
    assert_mkg_ok(mkg_graph_new(kg, &o, &g, &err));
    assert_int_equal(g->n, 2);
    assert_int_equal(g->node[0], id[0]);
    assert_int_equal(g->node[1], id[2]);
    mkg_graph_free(g);
    mkg_kg_close(kg);
    free(db);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_graph),
                                       cmocka_unit_test(test_bad_edges),
                                       cmocka_unit_test(test_walk_distribution),
                                       cmocka_unit_test(test_walk_ends),
                                       cmocka_unit_test(test_huge_weights),
                                       cmocka_unit_test(test_hubs),
                                       cmocka_unit_test(test_metapath),
                                       cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_kernels),
                                       cmocka_unit_test(test_ring),
                                       cmocka_unit_test(test_cliques_part),
                                       cmocka_unit_test(test_deterministic),
                                       cmocka_unit_test(test_edges_of_the_possible),
                                       cmocka_unit_test(test_cancel_and_memory),
                                       cmocka_unit_test(test_view_of_store)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
