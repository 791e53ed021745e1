/* The text index alone: making it, its size, queries, and how often a gold is found.
 *   bench_text DB CASES.jsonl [K]
 * Cases as for `medkg eval retrieval`, asked one after the other for the best K (10)
 * texts; each question once before the clock is looked at. A gold is found where it is
 * the text or its subject, as `eval retrieval` compares them; "of texts" are the cases
 * with a gold of more than 12 characters. */
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/text.h"
#include "retrieve/text_index_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 1000, LONG = 12, PREFIX = 40 };

static mkg_err err;

static void fail(const char *what)
{
    fprintf(stderr, "bench_text: %s: %s\n", what, err.msg);
    exit(4);
}

static bool equal(mkg_view gold, mkg_view name)
{
    mkg__buf a = {0}, b = {0};
    bool yes = false;
    if (mkg__squeeze(gold.ptr, gold.len, &a, &err) == MKG_OK && a.len > 0 &&
        mkg__squeeze(name.ptr, name.len, &b, &err) == MKG_OK) {
        size_t n = a.len, len;
        if (mkg__utf8_count(a.ptr, a.len) > LONG) {
            n = 0;
            for (int i = 0; i < PREFIX && n < a.len; i++, n += len)
                mkg__utf8_decode(a.ptr + n, a.len - n, &len);
            yes = b.len >= n;
        } else {
            yes = b.len == n;
        }
        yes = yes && memcmp(a.ptr, b.ptr, n) == 0;
    }
    mkg__buf_clear(&a);
    mkg__buf_clear(&b);
    return yes;
}

static bool holds(mkg_kg *kg, mkg_id fact, const json_t *gold)
{
    mkg_fact f;
    mkg_node n;
    if (mkg_kg_fact(kg, fact, &f, &err) != MKG_OK ||
        mkg_kg_node(kg, f.subject, &n, &err) != MKG_OK)
        fail("a fact");
    for (size_t i = 0; i < json_array_size(gold); i++) {
        mkg_view want = mkg__json_view(json_array_get(gold, i));
        if (equal(want, f.literal) || equal(want, mkg_node_name(&n, MKG_LANG_ZH)))
            return true;
    }
    return false;
}

static bool is_text(const json_t *gold)
{
    for (size_t i = 0; i < json_array_size(gold); i++) {
        mkg_view g = mkg__json_view(json_array_get(gold, i));
        if (mkg__utf8_count(g.ptr, g.len) > LONG) return true;
    }
    return false;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

typedef struct tally {
    size_t cases, first, ten;
    double coverage;
} tally;

static void one_case(mkg_kg *kg, mkg__text_index *x, mkg_view line, size_t k,
                     double *ms, tally t[2])
{
    static mkg__text_hit hits[MOST];
    json_t *v;
    size_t n, at = 0;
    if (mkg__json_parse(line, "cases", 0, &v, &err) < 0) fail("a case");
    const json_t *gold = json_object_get(v, "gold");
    mkg_view q = mkg__json_view(json_object_get(v, "question"));
    for (int warm = 0; warm < 2; warm++) {
        *ms = mkg__now();
        if (mkg__text_search(x, q, mkg__lang_guess(q.ptr, q.len), k, NULL, 0, hits, &n,
                             &err) != MKG_OK)
            fail("a query");
        *ms = (mkg__now() - *ms) * 1e3;
    }
    while (at < n && !holds(kg, hits[at].fact, gold))
        at++;
    for (int i = 0; i < 2; i++) {
        if (i && !is_text(gold)) continue;
        t[i].cases++;
        t[i].first += at < n && at < 1;
        t[i].ten += at < n && at < 10;
        t[i].coverage += n ? hits[0].coverage : 0;
    }
    json_decref(v);
}

int main(int argc, char **argv)
{
    size_t k = argc > 3 ? strtoul(argv[3], NULL, 10) : 10, n = 0, cap = 0;
    double *ms = NULL, began;
    tally t[2] = {{0}};
    mkg_kg *kg;
    mkg__text_index *x;
    mkg__stream *s;
    mkg__lines *l;
    mkg_view line;
    uint64_t number;
    struct stat sb = {0};

    if (argc < 3 || k < 1 || k > MOST) {
        fprintf(stderr, "usage: bench_text DB CASES.jsonl [K]\n");
        return 2;
    }
    if (mkg_kg_open(argv[1], &kg, &err) != MKG_OK) fail(argv[1]);
    for (int i = 0; i < 2; i++) {
        mkg__alloc_count(true);
        began = mkg__now();
        if (mkg__text_index_open(kg, true, &x, &err) != MKG_OK) fail("the index");
        printf("%s %9.2f ms, %.1f MB of memory\n", i ? "open it" : "have it",
               (mkg__now() - began) * 1e3, (double)mkg__alloc_count(false) / 1e6);
        if (i == 0) mkg__text_index_close(x);
    }
    char *path = mkg__path_join(argv[1], "text.idx");
    if (path && stat(path, &sb) == 0)
        printf("%zu texts, %.1f MB of file\n", mkg__text_index_count(x),
               (double)sb.st_size / 1e6);
    mkg__free(path);
    if (mkg__stream_open(argv[2], &s, &err) < 0 || mkg__lines_new(s, &l, &err) < 0)
        fail(argv[2]);
    while (mkg__lines_next(l, &line, &number, &err) == MKG_OK) {
        if (!mkg__grow(&ms, &cap, n + 1, sizeof *ms)) fail("memory");
        one_case(kg, x, line, k, &ms[n++], t);
    }
    for (int i = 0; i < 2; i++)
        if (t[i].cases)
            printf("%-9s %5zu cases, in the first 1 %.4f, 10 %.4f; coverage %.2f\n",
                   i ? "of texts" : "all", t[i].cases,
                   (double)t[i].first / (double)t[i].cases,
                   (double)t[i].ten / (double)t[i].cases,
                   t[i].coverage / (double)t[i].cases);
    qsort(ms, n, sizeof *ms, by_value);
    if (n)
        printf("query p50 %.3f  p95 %.3f  p99 %.3f  most %.3f ms\n", ms[n / 2],
               ms[n * 95 / 100], ms[n * 99 / 100], ms[n - 1]);
    mkg__free(ms);
    mkg__lines_free(l);
    mkg__stream_close(s);
    mkg__text_index_close(x);
    mkg_kg_close(kg);
    return 0;
}
