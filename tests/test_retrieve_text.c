/* The text index: terms, and search against BM25 computed from the texts themselves;
 * the file when it is missing, old, damaged, or cannot be written. */
#include "testing.h"

#include "base/hash.h"
#include "base/io.h"
#include "base/rng.h"
#include "kg/history.h"
#include "retrieve/text_file_internal.h"

#include <math.h>
#include <sys/stat.h>

static mkg_err err;

typedef struct world {
    char *folder, *db, *file;
    mkg_kg *kg;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    w->file = in_folder(w->db, "text.idx");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w->file);
    free(w);
    return 0;
}

/* ---- terms ---- */

static mkg__term term(const char *s)
{
    size_t n = strlen(s);
    mkg__term t = 0;
    if (n > 8) return mkg__hash64(s, n, 0) | (mkg__term)0xff << 56;
    for (size_t i = 0; i < 8; i++)
        t = t << 8 | (i < n ? (unsigned char)s[i] : 0);
    return t;
}

static void test_terms(void **state)
{
    static const struct {
        const char *text, *terms; /* separated by blanks */
        bool query;
    } cases[] = {
        {"", "", false},
        {"糖尿病", "糖尿 尿病", false},
        {"痛", "痛", false},
        {"痛，酸 。胀", "痛 酸 胀", false},
        {"1型糖尿病", "1 型糖 糖尿 尿病", false},
        {"体温37.5℃左右", "体温 37.5 c 左右", false},
        {"体温 37.5 左右", "体温 37.5 左右", false},
        {"5%～10%", "5 10", false},
        {"维生素Ｂ12缺乏", "维生 生素 b12 缺乏", false},
        {"The causes of Alzheimer's disease", "caus alzheim diseas", false},
        {"running, runs and run", "run run run", false},
        {"hypothyroidism hypothyroidisms", "hypothyroid hypothyroid", false},
        {"COVID-19 (SARS-CoV-2)", "covid 19 sar cov 2", false},
        {"糖尿病怎么办", "糖尿 尿病 病怎 怎么 么办", false},
        {"糖尿病怎么办", "糖尿 尿病", true},
        {"请问我的头痛是怎么回事呢？", "头痛", true},
        {"what is the cause of asthma", "caus asthma", true},
        {"怎么办", "", true},
        {"\xe7\xb3", "", false}, /* no UTF-8 */
    };
    mkg__tokens *t;
    (void)state;
    assert_mkg_ok(mkg__tokens_new(&t, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mkg__term *have;
        size_t n, k = 0;
        char want[200], *rest = want;
        strcpy(want, cases[i].terms);
        assert_mkg_ok(
            mkg__tokens_cut(t, V(cases[i].text), cases[i].query, &have, &n, &err));
        for (char *p; (p = strtok_r(rest, " ", &rest)); k++)
            if (k >= n || have[k] != term(p))
                fail_msg("%s: term %zu of %zu is not %s", cases[i].text, k, n, p);
        if (k != n) fail_msg("%s: %zu terms, not %zu", cases[i].text, n, k);
    }
    mkg__tokens_free(t);
    mkg__tokens_free(NULL);
}

static void test_lengths(void **state)
{
    uint8_t last = 0;
    (void)state;
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(mkg__byte_length(mkg__length_byte(i)), i);
    /* Lucene's SmallFloat.byte4ToInt(intToByte4()) */
    assert_int_equal(mkg__byte_length(mkg__length_byte(41)), 40);
    assert_int_equal(mkg__byte_length(mkg__length_byte(1000)), 984);
    assert_int_equal(mkg__length_byte(INT32_MAX), 255);
    assert_int_equal(mkg__length_byte(UINT32_MAX), 255);
    for (uint32_t i = 0; i < 1u << 20; i++) {
        uint8_t b = mkg__length_byte(i);
        assert_true(b >= last && mkg__byte_length(b) <= i);
        assert_true(mkg__byte_length(b) >= i - i / 8);
        last = b;
    }
}

/* ---- runs ---- */

/* The same postings whatever the number held in memory, and those that were added. */
static void test_runs(void **state)
{
    enum { DOCS = 300, TERMS = 50 };
    static uint32_t count[TERMS + 1][DOCS];
    world *w = *state;
    static const size_t memory[] = {1, 7, 100, 1000, 1 << 20};
    for (size_t m = 0; m < sizeof memory / sizeof *memory; m++) {
        mkg__runs *r;
        mkg__term t, terms[40], last = 0;
        mkg__rng rng = mkg__rng_new(5, 0, 0);
        uint32_t doc, tf;
        size_t all = 0, seen = 0;
        memset(count, 0, sizeof count);
        assert_mkg_ok(mkg__runs_new(w->db, memory[m], &r, &err));
        for (uint32_t d = 0; d < DOCS; d += 1 + mkg__rng_below(&rng, 2)) {
            size_t n = mkg__rng_below(&rng, 40);
            for (size_t i = 0; i < n; i++) {
                size_t k = 1 + mkg__rng_below(&rng, 1 + mkg__rng_below(&rng, TERMS));
                terms[i] = k << 40;
                all += count[k][d]++ == 0;
            }
            assert_mkg_ok(mkg__runs_add(r, d, terms, n, &err));
        }
        assert_mkg_ok(mkg__runs_begin(r, &err));
        while (mkg__runs_next_term(r, &t, &err) == MKG_OK) {
            assert_true(t > last);
            last = t;
            if (t >> 40 == 7) continue; /* passed over */
            uint32_t next = 0;
            while (mkg__runs_next(r, &doc, &tf, &err) == MKG_OK) {
                assert_true(doc >= next && doc < DOCS);
                assert_int_equal(count[t >> 40][doc], tf);
                next = doc + 1;
                seen++;
            }
        }
        for (size_t d = 0; d < DOCS; d++)
            seen += count[7][d] > 0;
        assert_int_equal(seen, all);
        mkg__runs_free(r);
    }
    mkg__runs_free(NULL);
}

/* ---- a graph of made-up texts ---- */

static const char *const zh[] = {"头", "痛", "发", "热", "咳", "嗽", "病",
                                 "毒", "感", "染", "，", "。", "常", "见",
                                 "于", "儿", "童", "3",  "5%"};
static const char *const en[] = {"fever",    "cough", "the",     "infections",
                                 "infected", "of",    "kidneys", "is",
                                 "painful",  "pain",  "type 2",  "in"};

static void random_text(mkg__rng *r, mkg_lang lang, char *out, size_t words)
{
    *out = 0;
    for (size_t i = 0; i < words; i++) {
        uint32_t most =
            lang == MKG_LANG_ZH ? sizeof zh / sizeof *zh : sizeof en / sizeof *en;
        uint32_t at =
            mkg__rng_below(r, 1 + mkg__rng_below(r, most)); /* some are rare */
        strcat(out, lang == MKG_LANG_ZH ? zh[at] : en[at]);
        if (lang == MKG_LANG_EN) strcat(out, " ");
    }
}

static void add(world *w, uint64_t seed, size_t facts)
{
    static const char *const names[] = {"cause", "prevention", "description"};
    mkg_writer *writer;
    mkg_writer_counts c;
    mkg_source_info info = {.format = "triples"};
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    mkg_id node[20];
    char text[2000], file[32];
    snprintf(file, sizeof file, "%llu.tsv", (unsigned long long)seed);
    info.file = file;
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &writer, &err));
    for (size_t i = 0; i < 20; i++) {
        random_text(&r, MKG_LANG_ZH, text, 3);
        snprintf(text + strlen(text), 32, "症%zu", i);
        assert_mkg_ok(
            mkg_writer_node(writer, V("disease"), V(text), 0, &node[i], &err));
    }
    for (size_t i = 0; i < facts; i++) {
        const mkg_relation *relation;
        mkg_lang lang = mkg__rng_below(&r, 4) ? MKG_LANG_ZH : MKG_LANG_EN;
        assert_mkg_ok(mkg_writer_relation(writer, V(names[mkg__rng_below(&r, 3)]),
                                          &relation, &err));
        random_text(&r, lang, text, 1 + mkg__rng_below(&r, 1 + mkg__rng_below(&r, 60)));
        if (i % 5 == 0) snprintf(text + strlen(text), 32, "%zu", i);
        mkg_fact_in f = {.subject = node[mkg__rng_below(&r, 20)],
                         .relation = relation,
                         .literal = V(text),
                         .literal_lang = lang,
                         .line = i + 1,
                         .denied = mkg__rng_below(&r, 20) == 0};
        if (mkg__rng_below(&r, 10) == 0) f.literal_lang = MKG_LANG_NONE;
        f.grade = f.population = f.locator = V("");
        if (mkg__rng_below(&r, 10) == 0) { /* no text */
            assert_mkg_ok(
                mkg_writer_relation(writer, V("complication"), &relation, &err));
            f.relation = relation;
            f.object = node[mkg__rng_below(&r, 20)];
            f.literal = V("");
        }
        assert_mkg_ok(mkg_writer_fact(writer, &f, &err));
    }
    assert_mkg_ok(mkg_writer_commit(writer, file, 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(writer);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
}

/* ---- BM25 as the formula stands, from the texts ---- */

typedef struct model_doc {
    mkg_id fact, subject;
    mkg_lang lang;
    mkg__term *terms;
    size_t n;
} model_doc;

typedef struct model {
    model_doc *docs;
    size_t n, words;
    mkg__tokens *tokens;
} model;

static void model_text(model *m, model_doc *d, mkg_view text)
{
    const mkg__term *terms;
    size_t n;
    assert_mkg_ok(mkg__tokens_cut(m->tokens, text, false, &terms, &n, &err));
    d->terms = realloc(d->terms, (d->n + n + 1) * sizeof *terms);
    assert_non_null(d->terms);
    if (n) memcpy(d->terms + d->n, terms, n * sizeof *terms);
    d->n += n;
    m->words += n;
}

static model *model_new(mkg_kg *kg)
{
    model *m = calloc(1, sizeof *m);
    mkg_fact f;
    mkg_node node;
    mkg_entry e;
    assert_non_null(m);
    assert_mkg_ok(mkg__tokens_new(&m->tokens, &err));
    for (mkg_id id = 0; mkg_kg_next_fact(kg, &id, &f, &err) == MKG_OK;) {
        if (f.denied || f.object) continue;
        m->docs = realloc(m->docs, (m->n + 1) * sizeof *m->docs);
        assert_non_null(m->docs);
        model_doc *d = &m->docs[m->n++];
        *d = (model_doc){f.id, f.subject, f.literal_lang, NULL, 0};
        model_text(m, d, f.literal);
        assert_int_equal(mkg_kg_node(kg, f.subject, &node, &err), MKG_OK);
        for (size_t pos = 0; mkg_node_next(&node, &pos, &e);)
            if (e.kind == MKG_ENTRY_NAME) model_text(m, d, e.text);
        model_text(
            m, d,
            mkg_relation_label(mkg_kg_relation(kg, f.relation, false), f.literal_lang));
    }
    return m;
}

static void model_free(model *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->docs[i].terms);
    free(m->docs);
    mkg__tokens_free(m->tokens);
    free(m);
}

static size_t frequency(const model_doc *d, mkg__term t)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->terms[i] == t;
    return n;
}

static void model_score(model *m, mkg_view query, double *score, double *coverage)
{
    const mkg__term *terms;
    size_t n;
    double mass = 0, average = (double)m->words / (double)m->n;
    assert_mkg_ok(mkg__tokens_cut(m->tokens, query, true, &terms, &n, &err));
    for (size_t i = 0; i < m->n; i++)
        score[i] = coverage[i] = 0;
    for (size_t k = 0; k < n; k++) {
        size_t df = 0, repeats = 0;
        for (size_t i = 0; i < k; i++)
            repeats += terms[i] == terms[k];
        for (size_t i = 0; i < m->n; i++)
            df += frequency(&m->docs[i], terms[k]) > 0;
        double idf = log(1 + ((double)(m->n - df) + 0.5) / ((double)df + 0.5));
        if (!repeats) mass += idf;
        for (size_t i = 0; i < m->n; i++) {
            double tf = (double)frequency(&m->docs[i], terms[k]);
            double length = mkg__byte_length(mkg__length_byte((uint32_t)m->docs[i].n));
            if (length < average) length = average;
            score[i] += idf * tf / (tf + 1.2 * (1 - 0.75 + 0.75 * length / average));
            if (!repeats && tf > 0) coverage[i] += idf;
        }
    }
    for (size_t i = 0; i < m->n; i++)
        if (mass > 0) coverage[i] /= mass;
}

static size_t doc_of(const model *m, mkg_id fact)
{
    size_t i = 0;
    while (i < m->n && m->docs[i].fact != fact)
        i++;
    return i;
}

static bool counts(const model_doc *d, mkg_lang lang, const mkg_id *subjects, size_t n)
{
    bool yes = !subjects;
    for (size_t i = 0; i < n && subjects; i++)
        yes |= subjects[i] == d->subject;
    return yes && (!lang || !d->lang || d->lang == lang);
}

/* Each hit has the score of the formula, and what is not among the hits has no more. */
static void check_query(mkg__text_index *x, model *m, mkg_view q, mkg_lang lang,
                        size_t k, const mkg_id *subjects, size_t ns)
{
    mkg__text_hit *hits = calloc(k + 1, sizeof *hits);
    double *score = calloc(m->n + 1, sizeof *score), *cover = calloc(m->n + 1, 8);
    bool *hit = calloc(m->n + 1, 1);
    size_t n, more = 0, all = 0;
    assert_true(hits && score && cover && hit);
    model_score(m, q, score, cover);
    assert_int_equal(mkg__text_search(x, q, lang, k, subjects, ns, hits, &n, &err),
                     MKG_OK);
    for (size_t i = 0; i < n; i++) {
        size_t d = doc_of(m, hits[i].fact);
        assert_true(d < m->n && !hit[d] && counts(&m->docs[d], lang, subjects, ns));
        hit[d] = true;
        assert_true(hits[i].score > 0 && fabs(hits[i].score - score[d]) < 1e-4);
        assert_true(fabs(hits[i].coverage - cover[d]) < 1e-4);
        if (i)
            assert_true(hits[i - 1].score > hits[i].score ||
                        (hits[i - 1].score >= hits[i].score &&
                         hits[i - 1].fact < hits[i].fact));
    }
    for (size_t d = 0; d < m->n; d++) {
        bool part = score[d] > 0 && counts(&m->docs[d], lang, subjects, ns);
        all += part;
        more += part && !hit[d] && n && score[d] > hits[n - 1].score + 1e-4;
    }
    assert_int_equal(n, all < k ? all : k);
    assert_int_equal(more, 0);
    free(hits);
    free(score);
    free(cover);
    free(hit);
}

/* To the bit: sums do not depend on the order in which terms are added. */
static void assert_same(const mkg__text_hit *a, const mkg__text_hit *b)
{
    assert_int_equal(a->fact, b->fact);
    assert_memory_equal(&a->score, &b->score, sizeof a->score);
    assert_memory_equal(&a->coverage, &b->coverage, sizeof a->coverage);
}

/* The first k are the first of all. */
static void check_prefix(mkg__text_index *x, mkg_view q, size_t docs)
{
    mkg__text_hit *all = calloc(docs, sizeof *all), some[10];
    size_t n, k;
    assert_non_null(all);
    assert_int_equal(
        mkg__text_search(x, q, MKG_LANG_NONE, docs, NULL, 0, all, &n, &err), MKG_OK);
    assert_int_equal(mkg__text_search(x, q, MKG_LANG_NONE, 10, NULL, 0, some, &k, &err),
                     MKG_OK);
    assert_int_equal(k, n < 10 ? n : 10);
    for (size_t i = 0; i < k; i++)
        assert_same(&all[i], &some[i]);
    free(all);
}

static void check_scores(mkg__text_index *x, mkg_view q, mkg__rng *r, mkg_id facts)
{
    mkg_id list[30];
    mkg__text_hit out[30], *all = calloc(facts + 1, sizeof *all);
    size_t n;
    assert_non_null(all);
    for (size_t i = 0; i < 30; i++)
        list[i] = mkg__rng_below(r, facts + 10);
    assert_int_equal(mkg__text_score(x, q, list, 30, out, &err), MKG_OK);
    assert_int_equal(
        mkg__text_search(x, q, MKG_LANG_NONE, facts, NULL, 0, all, &n, &err), MKG_OK);
    for (size_t i = 0; i < 30; i++) {
        mkg__text_hit want = {.fact = list[i]};
        for (size_t k = 0; k < n; k++)
            if (all[k].fact == list[i]) want = all[k];
        assert_same(&want, &out[i]);
    }
    free(all);
}

static void random_query(mkg__rng *r, char *q)
{
    random_text(r, mkg__rng_below(r, 3) ? MKG_LANG_ZH : MKG_LANG_EN, q,
                1 + mkg__rng_below(r, 12));
    if (mkg__rng_below(r, 4) == 0) strcat(q, " 5 新词 unheard");
}

static void test_search(void **state)
{
    world *w = *state;
    mkg__rng r = mkg__rng_new(11, 0, 0);
    mkg__text_index *x;
    char q[500];
    mkg_id subjects[3];
    add(w, 1, 700);
    model *m = model_new(w->kg);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    assert_int_equal(mkg__text_index_count(x), m->n);
    for (int i = 0; i < 60; i++) {
        random_query(&r, q);
        size_t k = mkg__rng_below(&r, 30);
        for (size_t s = 0; s < 3; s++)
            subjects[s] = 1 + mkg__rng_below(&r, 25);
        check_query(x, m, V(q), MKG_LANG_NONE, k, NULL, 0);
        check_query(x, m, V(q), 1 + mkg__rng_below(&r, 2), k, NULL, 0);
        check_query(x, m, V(q), mkg__rng_below(&r, 3), k, subjects, 3);
        check_scores(x, V(q), &r, 700);
    }
    check_query(x, m, V(""), MKG_LANG_NONE, 5, NULL, 0);
    check_query(x, m, V("的"), MKG_LANG_NONE, 5, NULL, 0);
    check_query(x, m, V("头痛"), MKG_LANG_NONE, 5, subjects, 0);
    mkg__text_index_close(x);
    model_free(m);
}

/* Several windows, and terms of many blocks. */
static void test_many(void **state)
{
    world *w = *state;
    mkg__rng r = mkg__rng_new(12, 0, 0);
    mkg__text_index *x;
    char q[500];
    add(w, 2, 13000);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    for (int i = 0; i < 40; i++) {
        random_query(&r, q);
        check_prefix(x, V(q), 13000);
    }
    check_scores(x, V("头痛发热，咳嗽 fever"), &r, 13000);
    mkg__text_index_close(x);
}

/* As many terms as a query may have, and more. */
static void test_long_query(void **state)
{
    world *w = *state;
    mkg__text_index *x;
    mkg__text_hit hits[5];
    mkg__buf q = {0};
    size_t n;
    add(w, 3, 300);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    for (int i = 0; i < 3000; i++)
        mkg__buf_printf(&q, "%d 头痛 ", i);
    assert_int_equal(mkg__text_search(x, mkg__view(q.ptr, q.len), MKG_LANG_NONE, 5,
                                      NULL, 0, hits, &n, &err),
                     MKG_OK);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(hits[i].score) && hits[i].coverage <= 1);
    mkg__buf_clear(&q);
    mkg__text_index_close(x);
}

/* ---- the file ---- */

static void expect(mkg__text_index *x, mkg_status want, size_t hits)
{
    mkg__text_hit hit[1000];
    size_t n;
    assert_int_equal(
        mkg__text_search(x, V("头痛发热"), MKG_LANG_NONE, 1000, NULL, 0, hit, &n, &err),
        want);
    assert_int_equal(n, hits);
}

static size_t count_hits(mkg__text_index *x)
{
    mkg__text_hit hit[1000];
    size_t n;
    assert_int_equal(
        mkg__text_search(x, V("头痛发热"), MKG_LANG_NONE, 1000, NULL, 0, hit, &n, &err),
        MKG_OK);
    assert_true(n > 0);
    return n;
}

static void test_versions(void **state)
{
    world *w = *state;
    mkg__text_index *x, *reader;
    size_t before, after;
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_NOTFOUND);
    assert_null(x); /* nothing was imported */
    add(w, 4, 100);
    assert_int_equal(mkg__text_index_open(w->kg, false, &x, &err), MKG_NOTFOUND);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    assert_int_equal(mkg__text_index_open(w->kg, false, &reader, &err), MKG_OK);
    before = count_hits(x);
    expect(reader, MKG_OK, before);
    add(w, 5, 100); /* the handle goes on to another version */
    expect(reader, MKG_NOTFOUND, 0);
    after = count_hits(x);
    assert_true(after > before);
    expect(reader, MKG_OK, after);
    assert_mkg_ok(mkg_kg_as_of(w->kg, 1, &err));
    expect(x, MKG_NOTFOUND, 0);
    assert_mkg_ok(mkg_kg_as_of(w->kg, 0, &err));
    expect(reader, MKG_OK, after); /* the file was left alone */
    mkg__text_index_close(x);
    mkg__text_index_close(reader);
    mkg__text_index_close(NULL);
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 0x41, f);
    assert_int_equal(fclose(f), 0);
}

static void test_damage(void **state)
{
    world *w = *state;
    mkg__text_index *x;
    mkg__text_hit hit[1000];
    struct stat sb;
    size_t want, n, refused = 0;
    add(w, 6, 60);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    want = count_hits(x);
    mkg__text_index_close(x);
    assert_int_equal(stat(w->file, &sb), 0);
    for (long at = 0; at < sb.st_size; at += 1 + sb.st_size / 400) {
        flip(w->file, at);
        mkg_status st = mkg__text_index_open(w->kg, false, &x, &err);
        if (st == MKG_OK)
            st = mkg__text_search(x, V("头痛发热"), MKG_LANG_NONE, 1000, NULL, 0, hit,
                                  &n, &err);
        if (st == MKG_OK) assert_int_equal(n, want);
        refused += st == MKG_NOTFOUND;
        assert_true(st == MKG_OK || st == MKG_NOTFOUND);
        mkg__text_index_close(x);
        assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
        expect(x, MKG_OK, want);
        mkg__text_index_close(x);
        if (st == MKG_OK) flip(w->file, at); /* it lay where nobody looked */
    }
    assert_true(refused > 100);
    for (long n2 = 0; n2 < sb.st_size; n2 += 1 + sb.st_size / 20) {
        assert_int_equal(truncate(w->file, n2), 0);
        assert_int_equal(mkg__text_index_open(w->kg, false, &x, &err), MKG_NOTFOUND);
        assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
        expect(x, MKG_OK, want);
        mkg__text_index_close(x);
    }
}

static void test_cannot_write(void **state)
{
    world *w = *state;
    mkg__text_index *x;
    add(w, 7, 60);
    assert_int_equal(mkdir(w->file, 0777), 0); /* cannot be replaced */
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_NOTFOUND);
    assert_non_null(strstr(err.msg, "text.idx"));
    assert_int_equal(rmdir(w->file), 0);
    assert_int_equal(mkg__text_index_open(w->kg, true, &x, &err), MKG_OK);
    mkg__text_index_close(x);
}

static void test_no_memory(void **state)
{
    world *w = *state;
    mkg__text_index *x;
    mkg__text_hit hits[5];
    mkg_id some[] = {1, 2, 3};
    size_t n;
    mkg_status st = MKG_ENOMEM;
    add(w, 8, 40);
    for (long i = 1; st == MKG_ENOMEM; i++) {
        unlink(w->file);
        mkg__alloc_fail_after(i);
        st = mkg__text_index_open(w->kg, true, &x, &err);
        mkg__alloc_fail_after(0);
        if (st < 0) assert_null(x);
    }
    assert_int_equal(st, MKG_OK);
    for (int how = 0; how < 3; how++) {
        st = MKG_ENOMEM;
        for (long i = 1; st == MKG_ENOMEM; i++) {
            mkg__alloc_fail_after(i);
            st = how == 2 ? mkg__text_score(x, V("头痛 fever"), some, 3, hits, &err)
                          : mkg__text_search(x, V("头痛 fever"), MKG_LANG_NONE, 5,
                                             how ? some : NULL, 3, hits, &n, &err);
            mkg__alloc_fail_after(0);
        }
        assert_int_equal(st, MKG_OK);
    }
    mkg__text_index_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_query, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
