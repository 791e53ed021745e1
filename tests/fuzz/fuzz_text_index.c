/* The text index: a good file with bytes of the input written over it, under checksums
 * that are right, and the input as a file of its own; then the input as a query. What
 * comes back has to be in order, and of the graph; of the good file, to be right. */
#include "fuzz.h"

#include "kg/writer.h"
#include "retrieve/text_file_internal.h"

#include <math.h>

enum { NODES = 12, FACTS = 400 };

static mkg_kg *kg;
static mkg__seal seal;
static char *good; /* content of the good file */
static size_t good_size;
static mkg__text_index *right;

/* A small vocabulary, so that some terms have postings in several blocks. */
static void put_text(mkg__rng *r, mkg__buf *b)
{
    static const char *const words[] = {"头痛",   "发热",      "咳嗽", "，",
                                        "fever ", "coughing ", "感染", "病毒",
                                        "37.5",   "儿童",      "rare "};
    size_t n = 1 + mkg__rng_below(r, 30);
    b->len = 0;
    for (size_t i = 0; i < n; i++)
        mkg__buf_str(b, words[mkg__rng_below(r, 1 + mkg__rng_below(r, 11))]);
}

static void make_store(void)
{
    mkg_writer *w;
    mkg_writer_counts c;
    mkg_source_info info = {.file = "texts.tsv", .format = "triples"};
    mkg__rng r = mkg__rng_new(1, 0, 0);
    const mkg_relation *relation;
    mkg_id node[NODES];
    mkg__buf b = {0};
    CHECK_OK(mkg_kg_open_write(fuzz_path("db"), &kg, &fuzz_err));
    CHECK_OK(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &fuzz_err));
    CHECK_OK(mkg_writer_new(kg, &info, &w, &fuzz_err));
    CHECK_OK(mkg_writer_relation(w, fuzz_str("cause"), &relation, &fuzz_err));
    for (size_t i = 0; i < FACTS; i++) {
        put_text(&r, &b);
        mkg__buf_printf(&b, " %zu", i);
        mkg_view text = mkg__view(b.ptr, b.len);
        if (i < NODES)
            CHECK_OK(
                mkg_writer_node(w, fuzz_str("disease"), text, 0, &node[i], &fuzz_err));
        mkg_fact_in f = {
            .subject = node[i % NODES], .relation = relation, .literal = text};
        f.literal_lang = (mkg_lang)(i % 3);
        f.line = i + 1;
        f.grade = f.population = f.locator = fuzz_str("");
        CHECK_OK(mkg_writer_fact(w, &f, &fuzz_err));
    }
    CHECK_OK(mkg_writer_commit(w, "0", 1, 0, NULL, NULL, &c, &fuzz_err));
    mkg_writer_free(w);
    mkg__buf_clear(&b);
    CHECK_OK(mkg_kg_renew(kg, &fuzz_err));
}

static void start(void)
{
    if (kg) return;
    make_store();
    CHECK(mkg__text_index_open(kg, true, &right, &fuzz_err) == MKG_OK);
    CHECK(mkg__text_index_count(right) == FACTS);
    seal = right->seal;
    good_size = (size_t)mkg__sealed_size(right->file);
    good = malloc(good_size);
    CHECK(good);
    memcpy(good, mkg__sealed_look(right->file, 0, good_size), good_size);
}

static void write_file(const char *p, size_t n)
{
    mkg__sealer *w;
    CHECK_OK(mkg__sealer_new(fuzz_path("db/text.idx"), &seal, &w, &fuzz_err));
    CHECK_OK(mkg__sealer_put(w, p, n, &fuzz_err));
    CHECK_OK(mkg__sealer_end(w, &fuzz_err));
    mkg__sealer_free(w);
}

/* Hits are in order and no fact comes twice. */
static void check_hits(const mkg__text_hit *hit, size_t n, size_t k)
{
    CHECK(n <= k);
    for (size_t i = 0; i < n; i++) {
        CHECK(isfinite(hit[i].score) && hit[i].score >= 0);
        CHECK(hit[i].coverage >= 0 && hit[i].coverage <= 1);
        if (i == 0) continue;
        CHECK(hit[i - 1].score >= hit[i].score);
    }
}

static void ask(mkg__text_index *x, mkg_view q, bool is_right)
{
    mkg__text_hit hit[FACTS], some[7];
    mkg_id facts[FACTS], subjects[] = {1, 5, 5, 9000};
    size_t n, k;
    mkg_status st =
        mkg__text_search(x, q, MKG_LANG_NONE, FACTS, NULL, 0, hit, &n, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_NOTFOUND && n == 0 && !is_right));
    check_hits(hit, n, FACTS);
    for (size_t i = 0; i < n; i++)
        facts[i] = hit[i].fact;
    for (int how = 0; how < 6 && st == MKG_OK; how++) {
        st = mkg__text_search(x, q, (mkg_lang)(how / 2), 7, how % 2 ? subjects : NULL,
                              4, some, &k, &fuzz_err);
        CHECK(st == MKG_OK || (st == MKG_NOTFOUND && k == 0 && !is_right));
        check_hits(some, k, 7);
        if (how) continue;
        for (size_t i = 0; i < k && is_right; i++)
            CHECK(some[i].fact == facts[i]);
    }
    if (st != MKG_OK) return;
    mkg__text_hit *scored = malloc((n ? n : 1) * sizeof *scored);
    CHECK(scored);
    st = mkg__text_score(x, q, facts, n, scored, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_NOTFOUND && !is_right));
    for (size_t i = 0; i < n && is_right; i++)
        CHECK(scored[i].fact == facts[i] && scored[i].score >= hit[i].score &&
              scored[i].score <= hit[i].score);
    free(scored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const queries[] = {"头痛发热，咳嗽 感染", "fever 37.5",
                                          "7 儿童 coughs"};
    fuzz_input in = fuzz_open(data, size);
    mkg__text_index *x;
    start();
    unsigned how = fuzz_byte(&in) % 3;
    if (how == 2) {
        ask(right, mkg__view(in.p, in.n), true);
        return 0;
    }
    if (how == 1) {
        write_file(in.p, in.n);
    } else {
        char *p = malloc(good_size);
        CHECK(p);
        memcpy(p, good, good_size);
        for (int i = 0; i < 200 && in.n > 0;
             i++) { /* from the end: the footer is there */
            size_t at = fuzz_byte(&in);
            at = (at << 8 | fuzz_byte(&in)) << 4 | fuzz_byte(&in) % 16;
            p[good_size - 1 - at % good_size] = (char)fuzz_byte(&in);
        }
        write_file(p, good_size);
        free(p);
    }
    mkg_status st = mkg__text_index_open(kg, false, &x, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_NOTFOUND);
    for (size_t i = 0; i < sizeof queries / sizeof *queries && x; i++)
        ask(x, fuzz_str(queries[i]), false);
    mkg__text_index_close(x);
    return 0;
}
