/* The snapshot of the graph that views are cut from: its arrays, wherever they lie.
 * Bytes in docs/formats.md. */
#ifndef MKG_GRAPH_INTERNAL_H
#define MKG_GRAPH_INTERNAL_H

#include "kg/graph.h"

#include <float.h>

/* Rows are all nodes. An edge is what lies between two of them, in both rows; the facts
 * that it stands for are its arcs, in the order of their ids. */
typedef struct mkg__csr {
    void *base; /* the file, or an image of it in memory */
    size_t bytes;
    bool mapped;
    size_t n, m, arcs, ntypes;
    const mkg_id *node;
    const uint32_t *type;      /* (n) number of the type */
    const uint64_t *start;     /* (n + 1) */
    const uint32_t *to;        /* (m) */
    const uint32_t *arc_start; /* (m + 1); NULL: every edge has one arc */
    const uint32_t *relation;  /* (arcs) 2 * id, + 1 where the row is the object */
    const mkg_id *fact;        /* (arcs) */
    const float *weight;       /* (m) sum of its arcs; NULL: all are `even_weight` */
    const float *arc_weight;   /* (arcs); NULL: all are `even_arc_weight` */
    float even_weight, even_arc_weight;
    const char *types; /* names, NUL-terminated, one after the other */
} mkg__csr;

/* Map DB/view.csr if it is whole and of the version that `kg` sees; else make it, in
 * the file where that can be written and in memory anyway. */
mkg_status mkg__csr_open(mkg_kg *kg, mkg__csr **out, mkg_err *err);
void mkg__csr_close(mkg__csr *c);

/* Place of `key` in an ascending array, `n` if it is not in it. */
size_t mkg__csr_place(const uint32_t *at, size_t n, uint32_t key);

/* Sums of weights stay finite: an infinite one would make everything else nothing. */
static inline float mkg__add_weight(float a, float b)
{
    float sum = a + b;
    return sum <= FLT_MAX ? sum : FLT_MAX;
}

static inline size_t mkg__csr_arc(const mkg__csr *c, size_t edge)
{
    return c->arc_start ? c->arc_start[edge] : edge;
}

static inline float mkg__csr_weight(const mkg__csr *c, size_t edge)
{
    return c->weight ? c->weight[edge] : c->even_weight;
}

static inline float mkg__csr_arc_weight(const mkg__csr *c, size_t arc)
{
    return c->arc_weight ? c->arc_weight[arc] : c->even_arc_weight;
}

#endif
