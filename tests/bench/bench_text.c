/* The text index alone: making it, its size, queries, and how often a gold is found.
 *   bench_text DB CASES.jsonl [K]
 * Cases as for `medkg eval retrieval`, asked one after the other for the best K (10)
 * texts; each question once before the clock is looked at. A gold is found where it is
 * the text or its subject, as `eval retrieval` compares them; "of texts" are the cases
 * whose "gold_type" is "text", "linked" those again, only among the facts of
 * the node that the case names as its "subject". */
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/text.h"
#include "retrieve/text_index_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

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

static bool is_text(const json_t *v)
{
    return mkg__view_is(mkg__json_view(json_object_get(v, "gold_type")), "text");
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

typedef struct tally {
    size_t cases, first, ten, cap, cover_cap;
    double *ms, *coverage; /* (cases) */
} tally;

static void one_search(mkg_kg *kg, mkg__text_index *x, const json_t *v, size_t k,
                       const mkg_ids *subjects, tally *t)
{
    static mkg__text_hit hits[MOST];
    size_t n = 0, at = 0;
    double *ms;
    const json_t *gold = json_object_get(v, "gold");
    if (!mkg__grow(&t->ms, &t->cap, t->cases + 1, sizeof *t->ms) ||
        !mkg__grow(&t->coverage, &t->cover_cap, t->cases + 1, sizeof *t->coverage))
        fail("memory");
    ms = &t->ms[t->cases];
    mkg_view q = mkg__json_view(json_object_get(v, "question"));
    for (int warm = 0; warm < 2; warm++) {
        *ms = mkg__now();
        if (mkg__text_search(x, q, mkg__lang_guess(q.ptr, q.len), k,
                             subjects ? subjects->ids : NULL,
                             subjects ? subjects->n : 0, hits, &n, &err) != MKG_OK)
            fail("a query");
        *ms = (mkg__now() - *ms) * 1e3;
    }
    while (at < n && !holds(kg, hits[at].fact, gold))
        at++;
    t->coverage[t->cases++] = n ? hits[0].coverage : 0;
    t->first += at < n && at < 1;
    t->ten += at < n && at < 10;
}

static void one_case(mkg_kg *kg, mkg__text_index *x, mkg_view line, size_t k,
                     tally t[3])
{
    json_t *v;
    mkg_ids subjects = {0};
    if (mkg__json_parse(line, "cases", 0, &v, &err) < 0) fail("a case");
    one_search(kg, x, v, k, NULL, &t[0]);
    if (is_text(v)) {
        one_search(kg, x, v, k, NULL, &t[1]);
        mkg_view subject = mkg__json_view(json_object_get(v, "subject"));
        if (subject.ptr && mkg_kg_find_name(kg, subject, &subjects, &err) == MKG_OK)
            one_search(kg, x, v, k, &subjects, &t[2]);
    }
    mkg_ids_clear(&subjects);
    json_decref(v);
}

static void make(const char *db, mkg_kg *kg, mkg__text_index **x)
{
    struct stat sb = {0};
    for (int i = 0; i < 2; i++) {
        mkg__alloc_count(true);
        double began = mkg__now();
        clock_t cpu = clock();
        if (mkg__text_index_open(kg, true, x, &err) != MKG_OK) fail("the index");
        printf("%s %.2f ms (%.2f of CPU), %.1f MB of memory\n",
               i ? "open it" : "have it", (mkg__now() - began) * 1e3,
               (double)(clock() - cpu) * 1e3 / CLOCKS_PER_SEC,
               (double)mkg__alloc_count(false) / 1e6);
        if (i == 0) mkg__text_index_close(*x);
    }
    char *path = mkg__path_join(db, "text.idx");
    if (path && stat(path, &sb) == 0)
        printf("%zu texts, %.1f MB of file\n", mkg__text_index_count(*x),
               (double)sb.st_size / 1e6);
    mkg__free(path);
}

static void print(const char *what, const tally *t)
{
    size_t n = t->cases;
    if (n == 0) return;
    qsort(t->ms, n, sizeof *t->ms, by_value);
    qsort(t->coverage, n, sizeof *t->coverage, by_value);
    printf("%-9s %5zu cases, in the first 1 %.4f, 10 %.4f; coverage p5 %.2f p50 %.2f "
           "p95 %.2f; p50 %.3f p95 %.3f p99 %.3f ms\n",
           what, n, (double)t->first / (double)n, (double)t->ten / (double)n,
           t->coverage[n / 20], t->coverage[n / 2], t->coverage[n * 95 / 100],
           t->ms[n / 2], t->ms[n * 95 / 100], t->ms[n * 99 / 100]);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"all", "of texts", "linked"};
    size_t k = argc > 3 ? strtoul(argv[3], NULL, 10) : 10;
    tally t[3] = {{0}};
    mkg_kg *kg;
    mkg__text_index *x;
    mkg__stream *s;
    mkg__lines *l;
    mkg_view line;
    uint64_t number;

    if (argc < 3 || k < 1 || k > MOST) {
        fprintf(stderr, "usage: bench_text DB CASES.jsonl [K]\n");
        return 2;
    }
    if (mkg_kg_open(argv[1], &kg, &err) != MKG_OK) fail(argv[1]);
    make(argv[1], kg, &x);
    if (mkg__stream_open(argv[2], &s, &err) < 0 || mkg__lines_new(s, &l, &err) < 0)
        fail(argv[2]);
    while (mkg__lines_next(l, &line, &number, &err) == MKG_OK)
        one_case(kg, x, line, k, t);
    for (int i = 0; i < 3; i++) {
        print(kinds[i], &t[i]);
        mkg__free(t[i].ms);
        mkg__free(t[i].coverage);
    }
    mkg__lines_free(l);
    mkg__stream_close(s);
    mkg__text_index_close(x);
    mkg_kg_close(kg);
    return 0;
}
