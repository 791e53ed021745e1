/* How fast one core multiplies a token with weights that lie in its caches:
 * bench_kernels [SET …], all sets of this machine without one. GB of weights a second.
 */
#include "base/mem.h"
#include "base/pool.h"
#include "lm/kernels.h"

#include <stdio.h>

enum { ROWS = 256, COLS = 1024, REPEAT = 40 };

static double best_rate(const mkg__kernels *k, const mkg__mat *w, const mkg__acts *a)
{
    float out[MKG_PANEL];
    double best = 0;
    for (unsigned i = 0; i < REPEAT; i++) {
        double t0 = mkg__now();
        for (size_t row = 0; row < w->rows; row += MKG_PANEL)
            k->dot_panel(w, row, a, out);
        double rate = (double)(w->rows * w->stride) / (mkg__now() - t0);
        if (rate > best) best = rate;
    }
    return best;
}

static void measure(const mkg__kernels *k)
{
    static const uint32_t types[] = {MKG_Q8_0, MKG_Q4_0, MKG_Q4_K, MKG_Q5_K, MKG_Q6_K};
    mkg__acts a = {1,
                   COLS,
                   mkg__aligned(COLS * sizeof(float)),
                   mkg__aligned(COLS),
                   mkg__aligned(COLS / 32 * sizeof(float)),
                   mkg__aligned(COLS / 32 * sizeof(float)),
                   mkg__aligned(COLS / 16 * sizeof(float))};
    printf("%-8s", k->name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const mkg_type_info *t = mkg_type_get(types[i]);
        size_t stride = COLS / t->block * t->bytes;
        uint8_t *data = mkg__aligned(ROWS * stride); /* zeros: as fast as any other */
        mkg__mat w = {data, ROWS, COLS, stride, types[i]};
        printf("  %s %.1f", t->name, best_rate(k, &w, &a) / 1e9);
        mkg__free(data);
    }
    printf("  GB/s\n");
    mkg__free((void *)(uintptr_t)a.x);
    mkg__free(a.q);
    mkg__free(a.d);
    mkg__free(a.sum32);
    mkg__free(a.sum16);
}

int main(int argc, char **argv)
{
    static char *all[] = {NULL, "ref", "avx2", "avx512", "neon", "dotprod"};
    char **names = argc > 1 ? argv : all;
    int n = argc > 1 ? argc : (int)(sizeof all / sizeof *all);
    for (int i = 1; i < n; i++) {
        const mkg__kernels *k = mkg__kernels_named(names[i]);
        if (k)
            measure(k);
        else if (argc > 1)
            printf("%s is not on this machine\n", names[i]);
    }
    return 0;
}
