/* What the graph by itself says of two nodes: neighbours in common, short paths. */
#include "embed/links_internal.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

mkg_status mkg__around_make(mkg__around *a, const mkg_graph *g, mkg_err *err)
{
    memset(a, 0, sizeof *a);
    a->g = g;
    a->source = UINT32_MAX;
    a->common = mkg__calloc(g->n + 1, sizeof *a->common);
    a->adamic = mkg__calloc(g->n + 1, sizeof *a->adamic);
    a->third = mkg__calloc(g->n + 1, sizeof *a->third);
    a->touched = mkg__calloc(g->n + 1, sizeof *a->touched);
    if (a->common && a->adamic && a->third && a->touched) return MKG_OK;
    mkg__around_clear(a);
    return mkg__nomem(err);
}

void mkg__around_clear(mkg__around *a)
{
    mkg__free(a->common);
    mkg__free(a->adamic);
    mkg__free(a->third);
    mkg__free(a->touched);
    memset(a, 0, sizeof *a);
}

void mkg__around_set(mkg__around *a, uint32_t source)
{
    const mkg_graph *g = a->g;
    if (a->source == source) return;
    for (size_t i = 0; i < a->ntouched; i++)
        a->common[a->touched[i]] = a->adamic[a->touched[i]] = a->third[a->touched[i]] =
            0;
    a->ntouched = 0;
    a->source = source;
    for (uint64_t k = g->start[source]; k < g->start[source + 1]; k++) {
        uint32_t between = g->to[k];
        double degree = (double)mkg_graph_degree(g, between);
        /* A neighbour of degree 1 leads nowhere else. */
        float rare = degree > 1 ? (float)(1 / log(degree)) : 0,
              root = (float)(1 / sqrt(degree));
        for (uint64_t e = g->start[between]; e < g->start[between + 1]; e++) {
            uint32_t far = g->to[e];
            if (!(a->common[far] > 0)) a->touched[a->ntouched++] = far;
            a->common[far] += 1;
            a->adamic[far] += rare;
            a->third[far] += root;
        }
    }
}

float mkg__around_paths(const mkg__around *a, uint32_t other)
{
    const mkg_graph *g = a->g;
    double sum = 0;
    for (uint64_t k = g->start[other]; k < g->start[other + 1]; k++) {
        uint32_t last = g->to[k];
        if (last == a->source || !(a->third[last] > 0)) continue;
        sum += (double)a->third[last] / sqrt((double)mkg_graph_degree(g, last));
    }
    return (float)sum;
}
