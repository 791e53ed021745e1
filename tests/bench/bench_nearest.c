/* Exact search in a large vector set: time of one question beside the time in which the
 * machine reads as many bytes, which is the limit. bench_nearest [ROWS [DIM]] */
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "embed/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUESTIONS = 20, K = 10 };

static float sum(const float *x, size_t n)
{
    float s = 0;
#pragma omp simd reduction(+ : s)
    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

typedef struct reading {
    const float *x;
    float out[256];
} reading;

static mkg_status read_block(void *ctx, size_t from, size_t to, unsigned thread,
                             mkg_err *err)
{
    reading *r = ctx;
    (void)err;
    r->out[thread] += sum(r->x + from, to - from);
    return MKG_OK;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000,
           dim = argc > 2 ? strtoul(argv[2], NULL, 10) : 128;
    char folder[] = "/tmp/medkg-bench-XXXXXX", file[64];
    mkg_vectors_info info = {
        .name = "b", .method = "random", .params = "{}", .n = n, .dim = dim};
    mkg_vectors *v = NULL;
    mkg_err err = {0};
    reading r = {0};
    double best = 1e9, limit = 1e9, began;

    if (n == 0 || dim == 0 || !mkdtemp(folder)) return 2;
    float *x = mkg__large(n * dim * sizeof *x);
    mkg_id *node = mkg__large(n * sizeof *node);
    if (!x || !node) return 1;
    mkg__rng g = mkg__rng_new(1, 2, 3);
    for (size_t i = 0; i < n * dim; i++)
        x[i] = mkg__rng_float(&g) - 0.5f;
    for (size_t i = 0; i < n; i++)
        node[i] = (mkg_id)(i + 1);
    mkg_status st = mkg_vectors_save(folder, &info, node, x, &err);
    began = mkg__now();
    if (st >= 0) st = mkg_vectors_open(folder, "b", &v, &err);
    double open = mkg__now() - began;
    for (size_t i = 0; st >= 0 && i < QUESTIONS; i++) {
        mkg_neighbour near[K];
        size_t found;
        began = mkg__now();
        st = mkg_vectors_nearest(v, x + i * dim, K, NULL, NULL, near, &found, &err);
        double t = mkg__now() - began;
        if (t < best) best = t;
        if (st >= 0 && near[0].node != i + 1) return 1;
        r.x = mkg_vectors_row(v, 1);
        began = mkg__now();
        mkg__par_for(0, n * dim, 1 << 20, read_block, &r, NULL);
        t = mkg__now() - began;
        if (t < limit) limit = t;
    }
    if (st < 0) fprintf(stderr, "%s\n", err.msg);
    printf(
        "%zu rows x %zu: open and verify %.0f ms, one question %.1f ms, reading alone "
        "%.1f ms (%.1f GB/s): %.2f of the limit\n",
        n, dim, open * 1e3, best * 1e3, limit * 1e3, (double)(n * dim) * 4e-9 / limit,
        best / limit);
    mkg_vectors_close(v);
    mkg__free(x);
    mkg__free(node);
    snprintf(file, sizeof file, "%s/vectors/b.vec", folder);
    unlink(file);
    snprintf(file, sizeof file, "%s/vectors", folder);
    rmdir(file);
    rmdir(folder);
    return st < 0;
}
