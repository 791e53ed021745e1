/* igraph's algorithms on a view, opened at first use. Only user of igraph.h. */
#include "kg/algorithms.h"

#include "base/dylib.h"
#include "base/err.h"
#include "base/mem.h"

#include <igraph.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>

static struct {
    __typeof__(&igraph_set_error_handler) set_error_handler;
    __typeof__(&igraph_set_warning_handler) set_warning_handler;
    __typeof__(&igraph_set_fatal_handler) set_fatal_handler;
    __typeof__(&igraph_strerror) strerror;
    __typeof__(&IGRAPH_FINALLY_FREE) finally_free;
    __typeof__(&igraph_create) create;
    __typeof__(&igraph_destroy) destroy;
    __typeof__(&igraph_vss_all) all;
    __typeof__(&igraph_vector_init) vector_init;
    __typeof__(&igraph_vector_destroy) vector_destroy;
    __typeof__(&igraph_vector_int_init) ints_init;
    __typeof__(&igraph_vector_int_destroy) ints_destroy;
    __typeof__(&igraph_personalized_pagerank) pagerank;
    __typeof__(&igraph_connected_components) components;
    __typeof__(&igraph_community_leiden) leiden;
    __typeof__(&igraph_rng_default) rng;
    __typeof__(&igraph_rng_seed) rng_seed;
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static mkg_status load_status;
static mkg_err load_error;

/* What igraph said last, and the way out of what it thinks is the end; under the lock.
 */
static char reason[256];
static jmp_buf way_out;
static bool broken;

static void on_error(const char *why, const char *file, int line, igraph_error_t code)
{
    (void)file;
    (void)line;
    (void)code;
    snprintf(reason, sizeof reason, "%s", why);
    lib.finally_free();
}

static void on_warning(const char *why, const char *file, int line)
{
    (void)why;
    (void)file;
    (void)line;
}

/* igraph's own handlers abort the process. */
static void on_fatal(const char *why, const char *file, int line)
{
    (void)file;
    (void)line;
    snprintf(reason, sizeof reason, "%s", why);
    broken = true;
    longjmp(way_out, 1);
}

static void load(void)
{
    const mkg__symbol symbols[] = {
        {"igraph_set_error_handler", &lib.set_error_handler},
        {"igraph_set_warning_handler", &lib.set_warning_handler},
        {"igraph_set_fatal_handler", &lib.set_fatal_handler},
        {"igraph_strerror", &lib.strerror},
        {"IGRAPH_FINALLY_FREE", &lib.finally_free},
        {"igraph_create", &lib.create},
        {"igraph_destroy", &lib.destroy},
        {"igraph_vss_all", &lib.all},
        {"igraph_vector_init", &lib.vector_init},
        {"igraph_vector_destroy", &lib.vector_destroy},
        {"igraph_vector_int_init", &lib.ints_init},
        {"igraph_vector_int_destroy", &lib.ints_destroy},
        {"igraph_personalized_pagerank", &lib.pagerank},
        {"igraph_connected_components", &lib.components},
        {"igraph_community_leiden", &lib.leiden},
        {"igraph_rng_default", &lib.rng},
        {"igraph_rng_seed", &lib.rng_seed},
    };
    load_status = mkg__dylib_load("libigraph.so.3", "libigraph3", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
    if (load_status < 0) return;
    lib.set_error_handler(on_error);
    lib.set_warning_handler(on_warning);
    lib.set_fatal_handler(on_fatal);
}

/* A view in igraph's arrays, and room for what comes out. All begins as zeros, which
 * destroy() knows from what was made. */
typedef struct job {
    const mkg_graph *g;
    igraph_t graph;
    igraph_vector_t weight, reset, score;
    igraph_vector_int_t ends, part;
    bool has_graph, has_weight, has_reset, has_score, has_ends, has_part;
    const double *from; /* reset of PageRank, NULL: none */
    double damping, modularity;
    uint64_t seed;
} job;

static void destroy(job *j)
{
    if (j->has_graph) lib.destroy(&j->graph);
    if (j->has_weight) lib.vector_destroy(&j->weight);
    if (j->has_reset) lib.vector_destroy(&j->reset);
    if (j->has_score) lib.vector_destroy(&j->score);
    if (j->has_ends) lib.ints_destroy(&j->ends);
    if (j->has_part) lib.ints_destroy(&j->part);
}

#define TRY(call)                                                                      \
    do {                                                                               \
        igraph_error_t rc_ = (call);                                                   \
        if (rc_ != IGRAPH_SUCCESS) return rc_;                                         \
    } while (0)

static igraph_error_t make_vector(igraph_vector_t *v, size_t n, bool *made)
{
    TRY(lib.vector_init(v, (igraph_integer_t)n));
    *made = true;
    return IGRAPH_SUCCESS;
}

static igraph_error_t make_ints(igraph_vector_int_t *v, size_t n, bool *made)
{
    TRY(lib.ints_init(v, (igraph_integer_t)n));
    *made = true;
    return IGRAPH_SUCCESS;
}

/* An undirected edge, which has an entry in both its rows, is given once. */
static bool is_given(const mkg_graph *g, size_t u, uint64_t k)
{
    return g->directed || g->to[k] >= u;
}

static igraph_error_t convert(job *j)
{
    const mkg_graph *g = j->g;
    size_t edges = 0, at = 0;

    for (size_t u = 0; u < g->n; u++)
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
            edges += is_given(g, u, k);
    TRY(make_ints(&j->ends, 2 * edges, &j->has_ends));
    if (g->weight) TRY(make_vector(&j->weight, edges, &j->has_weight));
    for (size_t u = 0; u < g->n; u++)
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
            if (!is_given(g, u, k)) continue;
            VECTOR(j->ends)[2 * at] = (igraph_integer_t)u;
            VECTOR(j->ends)[2 * at + 1] = (igraph_integer_t)g->to[k];
            if (g->weight) VECTOR(j->weight)[at] = (double)g->weight[k];
            at++;
        }
    TRY(lib.create(&j->graph, &j->ends, (igraph_integer_t)g->n, g->directed));
    j->has_graph = true;
    lib.ints_destroy(&j->ends);
    j->has_ends = false;
    return IGRAPH_SUCCESS;
}

static const igraph_vector_t *weights(const job *j)
{
    return j->has_weight ? &j->weight : NULL;
}

typedef igraph_error_t (*work)(job *j);

/* False if igraph thought that it was the end. */
static bool guarded(job *j, work fn, igraph_error_t *rc)
{
    if (setjmp(way_out) != 0) return false;
    *rc = convert(j);
    if (*rc == IGRAPH_SUCCESS) *rc = fn(j);
    return true;
}

/* Open igraph, convert the view and do the work, one thread at a time. */
static mkg_status run(job *j, work fn, mkg_err *err)
{
    mkg_status st = MKG_OK;
    igraph_error_t rc = IGRAPH_SUCCESS;

    pthread_once(&once, load);
    if (load_status < 0) {
        if (err) *err = load_error;
        return load_status;
    }
    pthread_mutex_lock(&one_at_a_time);
    if (!broken) reason[0] = '\0';
    if (broken || !guarded(j, fn, &rc))
        /* What it holds stays where it is: its stack of things to free is not sound. */
        st = mkg__fail(err, MKG_EIO, "igraph has given up: %s", reason);
    else if (rc == IGRAPH_ENOMEM)
        st = mkg__nomem(err);
    else if (rc != IGRAPH_SUCCESS)
        st = mkg__fail(err, MKG_EIO, "igraph: %s",
                       reason[0] ? reason : lib.strerror(rc));
    if (st < 0 && !broken) destroy(j);
    pthread_mutex_unlock(&one_at_a_time);
    return st;
}

static void finish(job *j)
{
    pthread_mutex_lock(&one_at_a_time);
    destroy(j);
    pthread_mutex_unlock(&one_at_a_time);
}

/* ---- PageRank ---- */

static igraph_error_t rank_nodes(job *j)
{
    TRY(make_vector(&j->score, 0, &j->has_score));
    if (j->from) {
        TRY(make_vector(&j->reset, j->g->n, &j->has_reset));
        for (size_t i = 0; i < j->g->n; i++)
            VECTOR(j->reset)[i] = j->from[i];
    }
    return lib.pagerank(&j->graph, IGRAPH_PAGERANK_ALGO_PRPACK, &j->score, NULL,
                        lib.all(), j->g->directed, j->damping,
                        j->has_reset ? &j->reset : NULL, weights(j), NULL);
}

mkg_status mkg_graph_pagerank(const mkg_graph *g, double damping, const double *reset,
                              double *out, mkg_err *err)
{
    job j = {.g = g, .damping = damping, .from = reset};
    double sum = 0;
    bool good = damping >= 0 && damping < 1;

    for (size_t i = 0; reset && i < g->n; i++) {
        good = good && isfinite(reset[i]) && reset[i] >= 0;
        sum += reset[i];
    }
    if (!good || (reset && g->n && !(sum > 0 && isfinite(sum))))
        return mkg__fail(err, MKG_EARG,
                         "PageRank needs a damping in [0, 1) and a reset vector that "
                         "is not all 0");
    if (g->n == 0) return MKG_OK;
    mkg_status st = run(&j, rank_nodes, err);
    if (st < 0) return st;
    for (size_t i = 0; i < g->n; i++)
        out[i] = VECTOR(j.score)[i];
    finish(&j);
    return MKG_OK;
}

/* ---- parts ---- */

/* Number the parts by their first rows. */
static mkg_status give_parts(const job *j, uint32_t *part, size_t *count, mkg_err *err)
{
    size_t n = j->g->n, found = 0;
    uint32_t *number = mkg__malloc(n * sizeof *number);
    if (!number) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        number[i] = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        uint32_t *p = &number[VECTOR(j->part)[i]];
        if (*p == UINT32_MAX) *p = (uint32_t)found++;
        part[i] = *p;
    }
    if (count) *count = found;
    mkg__free(number);
    return MKG_OK;
}

static igraph_error_t find_components(job *j)
{
    TRY(make_ints(&j->part, 0, &j->has_part));
    return lib.components(&j->graph, &j->part, NULL, NULL, IGRAPH_WEAK);
}

mkg_status mkg_graph_components(const mkg_graph *g, uint32_t *part, size_t *count,
                                mkg_err *err)
{
    job j = {.g = g};
    if (count) *count = 0;
    if (g->n == 0) return MKG_OK;
    mkg_status st = run(&j, find_components, err);
    if (st < 0) return st;
    st = give_parts(&j, part, count, err);
    finish(&j);
    return st;
}

/* Modularity as the quality: nodes weigh what their edges weigh together, and the
 * resolution is one over the whole (Traag et al., appendix). */
static igraph_error_t find_communities(job *j)
{
    const mkg_graph *g = j->g;
    enum { ROUNDS = 10 };
    double total = 0;

    TRY(make_ints(&j->part, 0, &j->has_part));
    TRY(make_vector(&j->score, g->n, &j->has_score)); /* weights of the nodes */
    for (size_t u = 0; u < g->n; u++) {
        double sum = 0;
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
            sum += g->weight ? (double)g->weight[k] : 1;
        VECTOR(j->score)[u] = sum;
        total += sum;
    }
    TRY(lib.rng_seed(lib.rng(), j->seed));
    return lib.leiden(&j->graph, weights(j), &j->score, total > 0 ? 1 / total : 1, 0.01,
                      false, ROUNDS, &j->part, NULL, total > 0 ? &j->modularity : NULL);
}

mkg_status mkg_graph_communities(const mkg_graph *g, uint64_t seed, uint32_t *part,
                                 size_t *count, double *modularity, mkg_err *err)
{
    job j = {.g = g, .seed = seed, .modularity = NAN};

    if (count) *count = 0;
    if (modularity) *modularity = NAN;
    if (g->directed)
        return mkg__fail(err, MKG_EARG, "communities are those of an undirected view");
    if (g->n == 0) return MKG_OK;
    mkg_status st = run(&j, find_communities, err);
    if (st < 0) return st;
    st = give_parts(&j, part, count, err);
    if (modularity) *modularity = j.modularity;
    finish(&j);
    return st;
}
