/* node2vec on an edge list, for comparing with other programs: time, memory, and
 * vectors in word2vec's text format for an evaluation elsewhere. bench_node2vec EDGES
 * [-o OUT] [-d DIM] [-p P] [-q Q] [-e EPOCHS] [-t THREADS] [-s SEED] EDGES: two whole
 * numbers and perhaps a weight a line, undirected. */
#include "base/mem.h"
#include "base/pool.h"
#include "embed/fastrp.h"
#include "embed/line.h"
#include "embed/node2vec.h"
#include "embed/prone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec * 1e-6 +
           (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec * 1e-6;
}

static long peak_kib(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_maxrss;
}

static mkg_status embed(const mkg_graph *g, const char *method,
                        const mkg_node2vec_opts *o, float **x, mkg_err *err)
{
    mkg_prone_opts prone = MKG_PRONE_OPTS_INIT;
    mkg_fastrp_opts fastrp = MKG_FASTRP_OPTS_INIT;
    mkg_line_opts line = MKG_LINE_OPTS_INIT;
    prone.dim = fastrp.dim = line.dim = o->dim;
    prone.threads = fastrp.threads = line.threads = o->threads;
    prone.seed = fastrp.seed = line.seed = o->seed;
    line.deterministic = o->deterministic;
    line.order = strcmp(method, "line1") == 0   ? MKG_LINE_FIRST
                 : strcmp(method, "line2") == 0 ? MKG_LINE_SECOND
                                                : MKG_LINE_BOTH;
    if (strcmp(method, "prone") == 0) return mkg_prone(g, &prone, x, err);
    if (strcmp(method, "fastrp") == 0) return mkg_fastrp(g, &fastrp, x, err);
    if (strncmp(method, "line", 4) == 0) return mkg_line(g, &line, x, err);
    return mkg_node2vec(g, o, x, err);
}

int main(int argc, char **argv)
{
    mkg_node2vec_opts o = MKG_NODE2VEC_OPTS_INIT;
    const char *out = NULL, *method = "node2vec";
    mkg_err err;
    mkg_graph *g;
    float *x;
    uint32_t *from = NULL, *to = NULL, n = 0;
    float *weight = NULL;
    size_t m = 0, from_cap = 0, to_cap = 0, weight_cap = 0;
    char line[256];
    unsigned u, v;
    int c;

    while ((c = getopt(argc, argv, "o:d:p:q:e:t:s:n:S:Da:m:")) != -1) {
        if (c == 'o')
            out = optarg;
        else if (c == 'd')
            o.dim = strtoul(optarg, NULL, 10);
        else if (c == 'p')
            o.p = atof(optarg);
        else if (c == 'q')
            o.q = atof(optarg);
        else if (c == 'e')
            o.epochs = (unsigned)atoi(optarg);
        else if (c == 'n')
            o.negative = (unsigned)atoi(optarg);
        else if (c == 'S')
            o.sample = atof(optarg);
        else if (c == 'a')
            o.alpha = atof(optarg);
        else if (c == 'm')
            method = optarg;
        else if (c == 'D')
            o.deterministic = true;
        else if (c == 't')
            o.threads = (unsigned)atoi(optarg);
        else if (c == 's')
            o.seed = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    FILE *f = optind < argc ? fopen(argv[optind], "r") : NULL;
    if (!f) {
        fprintf(stderr, "usage: %s [-o OUT] [-d -p -q -e -t -s] EDGES\n", argv[0]);
        return 2;
    }
    while (fgets(line, sizeof line, f)) {
        float w = 1;
        if (sscanf(line, "%u %u %f", &u, &v, &w) < 2) continue;
        if (!mkg__grow(&from, &from_cap, m + 1, sizeof *from) ||
            !mkg__grow(&to, &to_cap, m + 1, sizeof *to) ||
            !mkg__grow(&weight, &weight_cap, m + 1, sizeof *weight))
            return 4;
        from[m] = u;
        weight[m] = w;
        to[m++] = v;
        if (u >= n) n = u + 1;
        if (v >= n) n = v + 1;
    }
    fclose(f);
    if (mkg_graph_from_edges(n, m, from, to, weight, false, &g, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 4;
    }
    double cpu = cpu_seconds(), wall = mkg__now();
    if (embed(g, method, &o, &x, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 4;
    }
    printf(
        "nodes %u edges %zu dim %zu p %g q %g: cpu %.2f s, wall %.2f s, peak %ld MiB\n",
        n, m, o.dim, o.p, o.q, cpu_seconds() - cpu, mkg__now() - wall,
        peak_kib() / 1024);
    f = out ? fopen(out, "w") : NULL;
    if (out && !f) return 4;
    if (f) {
        fprintf(f, "%u %zu\n", n, o.dim);
        for (uint32_t i = 0; i < n; i++) {
            fprintf(f, "%u", i);
            for (size_t k = 0; k < o.dim; k++)
                fprintf(f, " %.6g", (double)x[(size_t)i * o.dim + k]);
            fputc('\n', f);
        }
        fclose(f);
    }
    mkg_floats_free(x);
    mkg_graph_free(g);
    free(from);
    free(to);
    free(weight);
    return 0;
}
