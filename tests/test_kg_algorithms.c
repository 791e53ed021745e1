/* Algorithms on views against igraph called directly, against brute force, and on the
 * graphs where they go wrong. */
#include "testing.h"

#include "base/rng.h"
#include "kg/algorithms.h"

#include <igraph.h>
#include <math.h>
#include <pthread.h>

static mkg_err err;

typedef struct sample {
    uint32_t from[4096], to[4096];
    float weight[4096];
    size_t n, m;
    bool directed, weighted;
} sample;

/* Edges at random, some of them loops, some of them parallel. */
static sample *random_edges(uint64_t seed, size_t n, size_t m, bool directed,
                            bool weighted)
{
    sample *s = calloc(1, sizeof *s);
    mkg__rng r = mkg__rng_new(seed, n, m);
    assert_non_null(s);
    *s = (sample){.n = n, .m = m, .directed = directed, .weighted = weighted};
    for (size_t i = 0; i < m; i++) {
        s->from[i] = mkg__rng_below(&r, (uint32_t)n);
        s->to[i] = mkg__rng_below(&r, (uint32_t)n);
        s->weight[i] = weighted ? 0.1f + 3 * mkg__rng_float(&r) : 1;
    }
    return s;
}

static mkg_graph *view_of(const sample *s)
{
    mkg_graph *g;
    assert_mkg_ok(mkg_graph_from_edges(s->n, s->m, s->from, s->to,
                                       s->weighted ? s->weight : NULL, s->directed, &g,
                                       &err));
    return g;
}

/* The same edges in igraph: without the loops; parallel ones stay what they are. */
static void igraph_of(const sample *s, igraph_t *graph, igraph_vector_t *weight)
{
    igraph_vector_int_t ends;
    igraph_vector_int_init(&ends, 0);
    igraph_vector_init(weight, 0);
    for (size_t i = 0; i < s->m; i++) {
        if (s->from[i] == s->to[i]) continue;
        igraph_vector_int_push_back(&ends, s->from[i]);
        igraph_vector_int_push_back(&ends, s->to[i]);
        igraph_vector_push_back(weight, (double)s->weight[i]);
    }
    assert_int_equal(igraph_create(graph, &ends, (igraph_integer_t)s->n, s->directed),
                     0);
    igraph_vector_int_destroy(&ends);
}

static const struct {
    size_t n, m;
} sizes[] = {{1, 0},   {1, 3},   {2, 5},     {5, 3},
             {12, 10}, {40, 60}, {150, 400}, {300, 900}};

#define EACH_SAMPLE(s)                                                                 \
    for (size_t z_ = 0; z_ < sizeof sizes / sizeof *sizes; z_++)                       \
        for (int kind_ = 0; kind_ < 4; kind_++)                                        \
            for (sample *s = random_edges(7, sizes[z_].n, sizes[z_].m, kind_ & 1,      \
                                          (kind_ & 2) != 0);                           \
                 s; free(s), s = NULL)

static void check_pagerank(const sample *s, const double *reset)
{
    igraph_t graph;
    igraph_vector_t weight, want, from;
    double *have = calloc(s->n, sizeof *have), sum = 0;
    mkg_graph *g = view_of(s);

    igraph_of(s, &graph, &weight);
    igraph_vector_init(&want, 0);
    igraph_vector_init(&from, 0);
    for (size_t i = 0; reset && i < s->n; i++)
        igraph_vector_push_back(&from, reset[i]);
    assert_mkg_ok(mkg_graph_pagerank(g, 0.85, reset, have, &err));
    assert_int_equal(igraph_personalized_pagerank(
                         &graph, IGRAPH_PAGERANK_ALGO_PRPACK, &want, NULL,
                         igraph_vss_all(), s->directed, 0.85, reset ? &from : NULL,
                         s->weighted ? &weight : NULL, NULL),
                     0);
    for (size_t i = 0; i < s->n; i++) {
        /* PRPACK stops at 1e-10; weights are floats in the view. */
        assert_true(fabs(have[i] - VECTOR(want)[i]) < 1e-6);
        sum += have[i];
    }
    assert_true(fabs(sum - 1) < 1e-9);
    igraph_vector_destroy(&want);
    igraph_vector_destroy(&from);
    igraph_vector_destroy(&weight);
    igraph_destroy(&graph);
    mkg_graph_free(g);
    free(have);
}

static void test_pagerank(void **state)
{
    (void)state;
    EACH_SAMPLE(s)
    {
        double *reset = calloc(s->n, sizeof *reset);
        mkg__rng r = mkg__rng_new(3, s->n, s->m);
        check_pagerank(s, NULL);
        reset[0] = 1;
        check_pagerank(s, reset);
        for (size_t i = 0; i < s->n; i++)
            reset[i] = mkg__rng_double(&r);
        check_pagerank(s, reset);
        free(reset);
    }
}

/* The push finds the exact vector from below, as near as its epsilon says. */
static void test_near(void **state)
{
    (void)state;
    EACH_SAMPLE(s)
    {
        mkg_graph *g = view_of(s);
        double *reset = calloc(s->n, sizeof *reset),
               *exact = calloc(s->n, sizeof *exact);
        double *have = calloc(s->n, sizeof *have), least = INFINITY;
        uint32_t seed[2] = {0, (uint32_t)(s->n / 2)};
        double weight[2] = {1, 3};
        reset[seed[0]] += 0.25;
        reset[seed[1]] += 0.75;
        assert_mkg_ok(mkg_graph_pagerank(g, 0.85, reset, exact, &err));
        for (size_t u = 0; u < s->n; u++) {
            double total = 0;
            size_t degree = mkg_graph_degree(g, u);
            for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
                total += g->weight ? (double)g->weight[k] : 1;
            if (degree && total / (double)degree < least)
                least = total / (double)degree;
            have[u] = total; /* until it is used below */
        }
        if (!isfinite(least)) least = 1; /* no edges at all */
        for (double epsilon = 1e-2; epsilon > 1e-9; epsilon /= 100) {
            mkg_near *near;
            size_t n;
            double *score = calloc(s->n, sizeof *score), sum = 0;
            assert_mkg_ok(
                mkg_graph_near(g, seed, weight, 2, 0.85, epsilon, &near, &n, &err));
            for (size_t i = 0; i < n; i++) {
                assert_true(i == 0 || near[i - 1].score >= near[i].score);
                assert_true(near[i].score > 0 && near[i].row < s->n);
                assert_true(score[near[i].row] <= 0); /* each row once */
                score[near[i].row] = near[i].score;
                sum += near[i].score;
            }
            assert_true(sum <= 1 + 1e-12);
            for (size_t u = 0; u < s->n; u++) {
                double low = exact[u] - score[u];
                assert_true(low > -1e-8);
                double total = have[u] > 0 ? have[u] : 1;
                if (!s->directed) assert_true(low <= epsilon * total / least + 1e-8);
            }
            if (epsilon < 1e-7) assert_true(1 - sum < 1e-3);
            free(score);
            mkg_near_free(near);
        }
        free(reset);
        free(exact);
        free(have);
        mkg_graph_free(g);
    }
}

static void test_degree_and_components(void **state)
{
    (void)state;
    EACH_SAMPLE(s)
    {
        igraph_t graph;
        igraph_vector_t weight;
        igraph_vector_int_t want, degree;
        igraph_integer_t count;
        uint32_t *part = calloc(s->n, sizeof *part), last = 0;
        size_t n;
        mkg_graph *g = view_of(s);
        igraph_of(s, &graph, &weight);
        igraph_vector_int_init(&want, 0);
        igraph_vector_int_init(&degree, 0);
        igraph_connected_components(&graph, &want, NULL, &count, IGRAPH_WEAK);
        assert_mkg_ok(mkg_graph_components(g, part, &n, &err));
        assert_int_equal(n, count);
        for (size_t i = 0; i < s->n; i++) {
            assert_true(part[i] <= last); /* numbered as they come */
            if (part[i] == last) last++;
            for (size_t j = 0; j < i; j++)
                assert_int_equal(part[i] == part[j],
                                 VECTOR(want)[i] == VECTOR(want)[j]);
        }
        igraph_simplify(&graph, true, true, NULL);
        igraph_degree(&graph, &degree, igraph_vss_all(), IGRAPH_OUT, true);
        for (size_t i = 0; i < s->n; i++)
            assert_int_equal(mkg_graph_degree(g, i), VECTOR(degree)[i]);
        igraph_vector_int_destroy(&want);
        igraph_vector_int_destroy(&degree);
        igraph_vector_destroy(&weight);
        igraph_destroy(&graph);
        mkg_graph_free(g);
        free(part);
    }
}

static void test_communities(void **state)
{
    (void)state;
    EACH_SAMPLE(s)
    {
        uint32_t *part = calloc(s->n, sizeof *part),
                 *again = calloc(s->n, sizeof *part);
        size_t n, m;
        double modularity, twice, want;
        mkg_graph *g = view_of(s);
        if (s->directed) {
            assert_int_equal(mkg_graph_communities(g, 1, part, &n, NULL, &err),
                             MKG_EARG);
        } else {
            igraph_t graph;
            igraph_vector_t weight;
            igraph_vector_int_t membership;
            igraph_of(s, &graph, &weight);
            igraph_vector_int_init(&membership, (igraph_integer_t)s->n);
            assert_mkg_ok(mkg_graph_communities(g, 5, part, &n, &modularity, &err));
            assert_mkg_ok(mkg_graph_communities(g, 5, again, &m, &twice, &err));
            assert_int_equal(n, m);
            assert_memory_equal(part, again, s->n * sizeof *part);
            for (size_t i = 0; i < s->n; i++)
                VECTOR(membership)[i] = part[i];
            igraph_modularity(&graph, &membership, &weight, 1, false, &want);
            if (g->m)
                assert_true(fabs(modularity - want) < 1e-6);
            else
                assert_true(isnan(modularity) && n == s->n);
            igraph_vector_int_destroy(&membership);
            igraph_vector_destroy(&weight);
            igraph_destroy(&graph);
        }
        mkg_graph_free(g);
        free(part);
        free(again);
    }
}

/* Four cliques of six in a ring are found, with the seed that is given. */
static void test_communities_of_cliques(void **state)
{
    (void)state;
    sample s = {.n = 24};
    uint32_t part[24];
    size_t n;
    double modularity;
    for (uint32_t i = 0; i < 24; i++)
        for (uint32_t j = i + 1; j < 24; j++)
            if (i / 6 == j / 6 || (j == i + 1 && j % 6 == 0)) {
                s.from[s.m] = i;
                s.to[s.m++] = j;
            }
    mkg_graph *g = view_of(&s);
    for (uint64_t seed = 0; seed < 5; seed++) {
        assert_mkg_ok(mkg_graph_communities(g, seed, part, &n, &modularity, &err));
        assert_int_equal(n, 4);
        for (uint32_t i = 0; i < 24; i++)
            assert_int_equal(part[i], i / 6);
        assert_true(modularity > 0.6);
    }
    mkg_graph_free(g);
}

/* ---- paths ---- */

typedef struct ranked {
    size_t length;
    double product; /* log of */
} ranked;

typedef struct walker {
    const mkg_graph *g;
    uint32_t to;
    size_t max, n, cap;
    char *visited;
    ranked *found;
} walker;

static void walk_all(walker *w, uint32_t u, size_t length, double product)
{
    if (u == w->to) {
        assert_true(mkg__grow(&w->found, &w->cap, w->n + 1, sizeof *w->found));
        w->found[w->n++] = (ranked){length, product};
        return;
    }
    if (length == w->max) return;
    w->visited[u] = 1;
    for (uint64_t k = w->g->start[u]; k < w->g->start[u + 1]; k++) {
        uint32_t v = w->g->to[k];
        if (w->visited[v]) continue;
        size_t degree = v == w->to ? 1 : mkg_graph_degree(w->g, v);
        walk_all(w, v, length + 1, product + (degree ? log((double)degree) : 0));
    }
    w->visited[u] = 0;
}

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return (x->product > y->product) - (x->product < y->product);
}

static void check_paths(const mkg_graph *g, uint32_t from, uint32_t to, size_t k,
                        size_t max)
{
    walker w = {.g = g, .to = to, .max = max};
    mkg_paths p;
    w.visited = calloc(g->n, 1);
    walk_all(&w, from, 0, 0);
    if (w.n) qsort(w.found, w.n, sizeof *w.found, by_rank);
    mkg_status st = mkg_graph_paths(g, from, to, k, max, &p, &err);
    assert_int_equal(st, w.n ? MKG_OK : MKG_NOTFOUND);
    assert_int_equal(p.n, w.n < k ? w.n : k);
    for (size_t i = 0; i < p.n; i++) {
        const uint32_t *row = p.row + p.start[i];
        size_t length = p.start[i + 1] - p.start[i] - 1;
        double product = 0;
        assert_true(row[0] == from && row[length] == to);
        memset(w.visited, 0, g->n);
        for (size_t j = 0; j <= length; j++) {
            assert_false(w.visited[row[j]]);
            w.visited[row[j]] = 1;
            if (j) assert_true(mkg_graph_has(g, row[j - 1], row[j]));
            if (j && j < length) product += log((double)mkg_graph_degree(g, row[j]));
        }
        assert_int_equal(length, w.found[i].length);
        assert_true(fabs(product - w.found[i].product) < 1e-6);
        for (size_t j = 0; j < i; j++) /* no path twice */
            assert_true(p.start[j + 1] - p.start[j] != length + 1 ||
                        memcmp(p.row + p.start[j], row, (length + 1) * 4) != 0);
    }
    mkg_paths_clear(&p);
    free(w.visited);
    mkg__free(w.found);
}

static void test_paths(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (int directed = 0; directed < 2; directed++) {
            size_t n = 3 + seed % 12;
            sample *s = random_edges(seed, n, n + seed % 17, directed, false);
            mkg_graph *g = view_of(s);
            for (size_t max = 1; max <= 6; max++)
                for (uint32_t to = 1; to < n; to++)
                    check_paths(g, 0, to, 1 + (seed + to) % 9, max);
            mkg_graph_free(g);
            free(s);
        }
}

/* The lengths are those of igraph, which ranks by length alone. */
static void test_paths_against_igraph(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        sample *s = random_edges(seed, 80, 160, seed & 1, false);
        mkg_graph *g = view_of(s);
        igraph_t graph;
        igraph_vector_t weight;
        igraph_vector_int_list_t want;
        igraph_of(s, &graph, &weight);
        igraph_simplify(&graph, true, true, NULL);
        igraph_vector_int_list_init(&want, 0);
        for (uint32_t to = 1; to < 80; to += 7) {
            mkg_paths p;
            igraph_get_k_shortest_paths(&graph, NULL, &want, NULL, 12, 0, to,
                                        IGRAPH_OUT);
            size_t n = (size_t)igraph_vector_int_list_size(&want);
            assert_mkg_ok(mkg_graph_paths(g, 0, to, 12, 60, &p, &err));
            assert_int_equal(p.n, n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p.start[i + 1] - p.start[i],
                                 igraph_vector_int_size(igraph_vector_int_list_get_ptr(
                                     &want, (igraph_integer_t)i)));
            mkg_paths_clear(&p);
        }
        igraph_vector_int_list_destroy(&want);
        igraph_vector_destroy(&weight);
        igraph_destroy(&graph);
        mkg_graph_free(g);
        free(s);
    }
}

/* A hub that joins everything comes after what few share. */
static void test_hub_comes_last(void **state)
{
    (void)state;
    sample s = {.n = 23};
    mkg_paths p;
    for (uint32_t i = 0; i < 20; i++) { /* 20 is the hub */
        s.from[s.m] = i;
        s.to[s.m++] = 20;
    }
    for (uint32_t i = 0; i < 2; i++) { /* 22 is what 0 and 1 share */
        s.from[s.m] = i;
        s.to[s.m++] = 22;
    }
    mkg_graph *g = view_of(&s);
    assert_int_equal(mkg_graph_paths(g, 0, 1, 5, 4, &p, &err), MKG_OK);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.row[1], 22);
    assert_int_equal(p.row[4], 20);
    mkg_paths_clear(&p);
    assert_int_equal(mkg_graph_paths(g, 0, 21, 5, 4, &p, &err), MKG_NOTFOUND);
    assert_int_equal(p.n, 0);
    mkg_graph_free(g);
}

/* ---- the edges of the possible ---- */

static void test_no_nodes(void **state)
{
    (void)state;
    mkg_graph *g;
    double x;
    uint32_t part;
    size_t n = 9;
    mkg_near *near;
    mkg_paths p;
    assert_mkg_ok(mkg_graph_from_edges(0, 0, NULL, NULL, NULL, false, &g, &err));
    assert_int_equal(mkg_graph_pagerank(g, 0.85, NULL, &x, &err), MKG_OK);
    assert_int_equal(mkg_graph_components(g, &part, &n, &err), MKG_OK);
    assert_int_equal(n, 0);
    assert_int_equal(mkg_graph_communities(g, 1, &part, &n, &x, &err), MKG_OK);
    assert_true(n == 0 && isnan(x));
    assert_int_equal(mkg_graph_near(g, &part, NULL, 0, 0.85, 1e-4, &near, &n, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 0, 1, 4, &p, &err), MKG_EARG);
    mkg_graph_free(g);
}

static void test_wrong_arguments(void **state)
{
    (void)state;
    sample s = {.n = 3, .m = 1, .to = {1}};
    mkg_graph *g = view_of(&s);
    double out[3], zero[3] = {0}, bad[3] = {1, -1, 1}, nan_reset[3] = {NAN, 1, 1};
    uint32_t seed = 0, far = 3;
    mkg_near *near;
    mkg_paths p;
    size_t n;
    assert_int_equal(mkg_graph_pagerank(g, 1, NULL, out, &err), MKG_EARG);
    assert_int_equal(mkg_graph_pagerank(g, -0.1, NULL, out, &err), MKG_EARG);
    assert_int_equal(mkg_graph_pagerank(g, NAN, NULL, out, &err), MKG_EARG);
    assert_int_equal(mkg_graph_pagerank(g, 0.85, zero, out, &err), MKG_EARG);
    assert_int_equal(mkg_graph_pagerank(g, 0.85, bad, out, &err), MKG_EARG);
    assert_int_equal(mkg_graph_pagerank(g, 0.85, nan_reset, out, &err), MKG_EARG);
    assert_mkg_ok(mkg_graph_pagerank(g, 0, NULL, out, &err));
    assert_int_equal(mkg_graph_near(g, &far, NULL, 1, 0.85, 1e-4, &near, &n, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_near(g, &seed, zero, 1, 0.85, 1e-4, &near, &n, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_near(g, &seed, NULL, 1, 1, 1e-4, &near, &n, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_near(g, &seed, NULL, 1, 0.85, 0, &near, &n, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 3, 1, 4, &p, &err), MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 1, 0, 4, &p, &err), MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 1, 1, 0, &p, &err), MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 1, 1, MKG_PATH_LENGTH_MAX + 1, &p, &err),
                     MKG_EARG);
    assert_int_equal(mkg_graph_paths(g, 0, 0, 1, 4, &p, &err), MKG_NOTFOUND);
    mkg_graph_free(g);
}

/* Weights whose sum is no float any more. */
static void test_huge_weights(void **state)
{
    (void)state;
    sample s = {.n = 4,
                .m = 5,
                .from = {0, 0, 1, 2, 2},
                .to = {1, 1, 2, 3, 0},
                .weight = {3e38f, 3e38f, 1e-38f, 1, 2},
                .weighted = true};
    double reset[4] = {1}, exact[4];
    uint32_t seed = 0;
    mkg_near *near;
    size_t n;
    mkg_graph *g = view_of(&s);
    assert_mkg_ok(mkg_graph_pagerank(g, 0.85, reset, exact, &err));
    assert_mkg_ok(mkg_graph_near(g, &seed, NULL, 1, 0.85, 1e-9, &near, &n, &err));
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(near[i].score - exact[near[i].row]) < 1e-6);
    mkg_near_free(near);
    mkg_graph_free(g);
}

/* Memory that gives out at any moment is said, and nothing is lost. */
static void test_no_memory(void **state)
{
    (void)state;
    sample *s = random_edges(1, 60, 200, false, true);
    mkg_graph *g = view_of(s);
    uint32_t seed = 0, part[60];
    mkg_near *near = NULL;
    mkg_paths p;
    size_t n;
    mkg_status st = MKG_ENOMEM;
    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg_graph_near(g, &seed, NULL, 1, 0.85, 1e-5, &near, &n, &err);
        mkg__alloc_fail_after(0);
    }
    assert_int_equal(st, MKG_OK);
    mkg_near_free(near);
    st = MKG_ENOMEM;
    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg_graph_paths(g, 0, 30, 20, 8, &p, &err);
        mkg__alloc_fail_after(0);
    }
    assert_int_equal(st, MKG_OK);
    mkg_paths_clear(&p);
    mkg__alloc_fail_after(1);
    assert_int_equal(mkg_graph_components(g, part, &n, &err), MKG_ENOMEM);
    mkg__alloc_fail_after(0);
    mkg_graph_free(g);
    free(s);
}

static void *many(void *ctx)
{
    const mkg_graph *g = ctx;
    double rank[60];
    uint32_t part[60];
    size_t n;
    for (int i = 0; i < 10; i++)
        if (mkg_graph_pagerank(g, 0.85, NULL, rank, NULL) < 0 ||
            mkg_graph_communities(g, 1, part, &n, NULL, NULL) < 0)
            return ctx;
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    sample *s = random_edges(1, 60, 200, false, true);
    mkg_graph *g = view_of(s);
    pthread_t t[4];
    void *failed;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, g), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &failed);
        assert_null(failed);
    }
    mkg_graph_free(g);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pagerank),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_degree_and_components),
        cmocka_unit_test(test_communities),
        cmocka_unit_test(test_communities_of_cliques),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_paths_against_igraph),
        cmocka_unit_test(test_hub_comes_last),
        cmocka_unit_test(test_no_nodes),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_huge_weights),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
