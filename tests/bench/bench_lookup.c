/* Look-ups in a store that is open and in memory: microseconds each.
 *   bench_lookup DB [ROUNDS]
 * Each round asks for 1,000 nodes spread over the store: by name, by code (where nodes
 * have codes), and for the first 10 facts. "first" is the round in which the pages are
 * verified, the others find them verified. */
#include "kg/kg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NODES = 1000, FACTS = 10 };

typedef struct probe {
    mkg_id id;
    mkg_view name, code;
} probe;

static mkg_err err;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_name(mkg_kg *kg, const probe *p)
{
    mkg_ids ids = {0};
    mkg_status st = mkg_kg_find_name(kg, p->name, &ids, &err);
    mkg_ids_clear(&ids);
    return st == MKG_OK;
}

static int by_code(mkg_kg *kg, const probe *p)
{
    mkg_ids ids = {0};
    if (p->code.len == 0) return 0;
    mkg_status st = mkg_kg_find_code(kg, p->code, &ids, &err);
    mkg_ids_clear(&ids);
    return st == MKG_OK;
}

static int facts(mkg_kg *kg, const probe *p)
{
    mkg_edges e = {0};
    mkg_fact f;
    mkg_status st = mkg_kg_edges(kg, p->id, 0, false, FACTS, &e, &err);
    for (size_t i = 0; i < e.n && st == MKG_OK; i++)
        st = mkg_kg_fact(kg, e.edges[i].fact, &f, &err);
    int found = e.n > 0;
    mkg_edges_clear(&e);
    return st == MKG_OK && found;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void measure(mkg_kg *kg, const char *what, int (*fn)(mkg_kg *, const probe *),
                    const probe *probes, long rounds)
{
    double *us = malloc((size_t)rounds * sizeof *us);
    int found = 0;
    if (!us) exit(4);
    for (long r = 0; r < rounds; r++) {
        double began = now_us();
        found = 0;
        for (size_t i = 0; i < NODES; i++)
            found += fn(kg, &probes[i]);
        us[r] = (now_us() - began) / NODES;
    }
    double first = us[0];
    qsort(us, (size_t)rounds, sizeof *us, by_value);
    printf("%-24s first %7.2f  best %7.2f  median %7.2f us  (%d found)\n", what, first,
           us[0], us[rounds / 2], found);
    free(us);
}

int main(int argc, char **argv)
{
    static probe probes[NODES];
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 20;
    mkg_kg *kg;
    mkg_stats s;
    mkg_node node;
    mkg_entry e;

    if (argc < 2 || rounds < 1) {
        fprintf(stderr, "usage: bench_lookup DB [ROUNDS]\n");
        return 2;
    }
    if (mkg_kg_open(argv[1], &kg, &err) != MKG_OK ||
        mkg_kg_stats(kg, &s, &err) != MKG_OK) {
        fprintf(stderr, "bench_lookup: %s\n", err.msg);
        return 4;
    }
    mkg_id step = (mkg_id)(s.nodes / NODES) + 1, id = 0;
    for (size_t i = 0; i < NODES; i++, id += step) {
        if (mkg_kg_next_node(kg, &id, &node, &err) != MKG_OK) {
            id = 0;
            if (mkg_kg_next_node(kg, &id, &node, &err) != MKG_OK) return 1;
        }
        probes[i].id = id;
        for (size_t pos = 0; mkg_node_next(&node, &pos, &e);) {
            if (e.kind == MKG_ENTRY_NAME) probes[i].name = e.text;
            if (e.kind == MKG_ENTRY_CODE) probes[i].code = e.text;
        }
    }
    mkg_stats_clear(&s);
    measure(kg, "node by name", by_name, probes, rounds);
    measure(kg, "node by code", by_code, probes, rounds);
    measure(kg, "its first 10 facts", facts, probes, rounds);
    mkg_kg_close(kg);
    return 0;
}
