/* The view of a store and the algorithms on it: median times.
 *   bench_graph DB [RUNS]
 * The store's view.csr is made anew. Questions are nodes drawn at random, with the same
 * seed each time. */
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "kg/algorithms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS_MAX = 10000 };
static double ms[RUNS_MAX];
static mkg_err err;

static void stop(void)
{
    fprintf(stderr, "bench_graph: %s\n", err.msg);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void report(const char *what, size_t n)
{
    qsort(ms, n, sizeof *ms, by_value);
    printf("%-46s ms: median %8.3f  p99 %8.3f  max %8.3f\n", what, ms[n / 2],
           ms[n * 99 / 100], ms[n - 1]);
}

static mkg_graph *view(mkg_kg *kg, const mkg_graph_opts *o)
{
    mkg_graph *g;
    if (mkg_graph_new(kg, o, &g, &err) < 0) stop();
    return g;
}

/* A row with a neighbour. */
static uint32_t draw(const mkg_graph *g, mkg__rng *r)
{
    uint32_t row;
    do
        row = mkg__rng_below(r, (uint32_t)g->n);
    while (mkg_graph_degree(g, row) == 0);
    return row;
}

static void time_views(mkg_kg *kg, const char *file, size_t runs)
{
    mkg_graph_opts whole = {.keep_isolated = true}, directed = {.directed = true};
    struct stat sb;
    for (size_t i = 0; i < 3; i++) {
        unlink(file);
        double t0 = mkg__now();
        mkg_graph_free(view(kg, &whole));
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("make the view and write it", 3);
    for (size_t i = 0; i < runs; i++) {
        double t0 = mkg__now();
        mkg_graph_free(view(kg, &whole));
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("map it and check it", runs);
    for (size_t i = 0; i < 10; i++) {
        double t0 = mkg__now();
        mkg_graph_free(view(kg, &directed));
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("map it and cut the directed view", 10);
    if (stat(file, &sb) == 0) printf("view.csr: %lld bytes\n", (long long)sb.st_size);
}

static void time_near(const mkg_graph *g, double epsilon, size_t runs)
{
    mkg__rng r = mkg__rng_new(1, 0, 0);
    char what[64];
    size_t found = 0;
    for (size_t i = 0; i < runs; i++) {
        uint32_t seed[2] = {draw(g, &r), draw(g, &r)};
        mkg_near *near;
        size_t n;
        double t0 = mkg__now();
        if (mkg_graph_near(g, seed, NULL, 2, 0.85, epsilon, &near, &n, &err) < 0)
            stop();
        ms[i] = 1e3 * (mkg__now() - t0);
        found += n;
        mkg_near_free(near);
    }
    snprintf(what, sizeof what, "local push, epsilon %g (%zu rows)", epsilon,
             found / runs);
    report(what, runs);
}

/* How many of igraph's first 20 are among the first 20 of the push, on average. */
static void compare(const mkg_graph *g, double epsilon)
{
    enum { TIMES = 10, FIRST = 20 };
    double *reset = calloc(g->n, sizeof *reset), *exact = calloc(g->n, sizeof *exact);
    mkg__rng r = mkg__rng_new(1, 0, 0);
    size_t found = 0;

    if (!reset || !exact) exit(4);
    for (size_t i = 0; i < TIMES; i++) {
        uint32_t seed[2] = {draw(g, &r), draw(g, &r)};
        mkg_near *near;
        size_t n;
        memset(reset, 0, g->n * sizeof *reset);
        reset[seed[0]] = reset[seed[1]] = 1;
        if (mkg_graph_pagerank(g, 0.85, reset, exact, &err) < 0 ||
            mkg_graph_near(g, seed, NULL, 2, 0.85, epsilon, &near, &n, &err) < 0)
            stop();
        for (size_t k = 0; k < n && k < FIRST; k++) {
            size_t better = 0;
            for (size_t u = 0; u < g->n; u++)
                better += exact[u] > exact[near[k].row];
            found += better < FIRST;
        }
        mkg_near_free(near);
    }
    printf("local push, epsilon %g: %.1f of igraph's first 20\n", epsilon,
           (double)found / TIMES);
    free(reset);
    free(exact);
}

static void time_paths(const mkg_graph *g, size_t length, size_t runs)
{
    mkg__rng r = mkg__rng_new(2, 0, 0);
    char what[64];
    size_t found = 0;
    for (size_t i = 0; i < runs; i++) {
        uint32_t from = draw(g, &r), to = draw(g, &r);
        mkg_paths p;
        double t0 = mkg__now();
        if (mkg_graph_paths(g, from, to, 3, length, &p, &err) < 0) stop();
        ms[i] = 1e3 * (mkg__now() - t0);
        found += p.n;
        mkg_paths_clear(&p);
    }
    snprintf(what, sizeof what, "3 paths of at most %zu edges (%.1f found)", length,
             (double)found / (double)runs);
    report(what, runs);
}

static void time_igraph(const mkg_graph *g)
{
    enum { TIMES = 5 };
    double *reset = calloc(g->n, sizeof *reset), *out = calloc(g->n, sizeof *out);
    uint32_t *part = calloc(g->n, sizeof *part);
    mkg__rng r = mkg__rng_new(1, 0, 0);
    size_t n;

    if (!reset || !out || !part || mkg_graph_components(g, part, &n, &err) < 0) stop();
    for (size_t i = 0; i < TIMES; i++) {
        memset(reset, 0, g->n * sizeof *reset);
        reset[draw(g, &r)] = reset[draw(g, &r)] = 1;
        double t0 = mkg__now();
        if (mkg_graph_pagerank(g, 0.85, reset, out, &err) < 0) stop();
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("igraph: personalised PageRank", TIMES);
    for (size_t i = 0; i < TIMES; i++) {
        double t0 = mkg__now();
        if (mkg_graph_components(g, part, &n, &err) < 0) stop();
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("igraph: components", TIMES);
    for (size_t i = 0; i < TIMES; i++) {
        double t0 = mkg__now();
        if (mkg_graph_communities(g, 1, part, &n, NULL, &err) < 0) stop();
        ms[i] = 1e3 * (mkg__now() - t0);
    }
    report("igraph: communities (Leiden)", TIMES);
    free(reset);
    free(out);
    free(part);
}

int main(int argc, char **argv)
{
    static const double epsilons[] = {1e-4, 1e-5, 3e-6, 1e-6};
    long runs = argc > 2 ? strtol(argv[2], NULL, 10) : 200;
    mkg_kg *kg;
    mkg__buf file = {0};
    mkg_graph_opts whole = {.keep_isolated = true};

    if (argc < 2 || runs < 10 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_graph DB [RUNS]\n");
        return 2;
    }
    if (mkg_kg_open(argv[1], &kg, &err) != MKG_OK) stop();
    mkg__buf_printf(&file, "%s/view.csr", argv[1]);
    if (!mkg__buf_cstr(&file)) return 4;
    time_views(kg, file.ptr, (size_t)runs);
    mkg_graph *g = view(kg, &whole);
    printf("%zu nodes, %zu edges\n", g->n, g->m / 2);
    for (size_t i = 0; i < sizeof epsilons / sizeof *epsilons; i++)
        time_near(g, epsilons[i], (size_t)runs);
    time_paths(g, 4, (size_t)runs);
    time_paths(g, 8, (size_t)runs);
    time_igraph(g);
    for (size_t i = 0; i < sizeof epsilons / sizeof *epsilons; i++)
        compare(g, epsilons[i]);
    mkg_graph_free(g);
    mkg__buf_clear(&file);
    mkg_kg_close(kg);
    return 0;
}
