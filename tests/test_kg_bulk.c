/* What is written does not depend on the memory that the writer may use. */
#include "testing.h"

#include "base/rng.h"
#include "kg/writer_internal.h"

static mkg_err err;

enum { NODES = 60, FACTS = 4000 };

static const char *const relations[] = {"symptom", "symptom_of", "interacts_with",
                                        "description", "something new"};

/* Statement number i of a source, made up; many of them are the same. */
static void state_one(mkg_writer *w, mkg__rng *r, uint64_t line)
{
    char name[600];
    const mkg_relation *relation;
    static char text[900];
    uint64_t x = mkg__rng_u64(r);
    mkg_id ids[2];

    for (int k = 0; k < 2; k++) {
        unsigned n = (unsigned)(x >> (8 * k)) % NODES;
        snprintf(name, sizeof name, n % 3 ? "Name %u" : "病名%u", n);
        if (n == 7 || n == 8) { /* names that are cut, and go on differently */
            memset(name, 'n', 500);
            snprintf(name + 500, sizeof name - 500, "%u", n);
        }
        mkg_view type = V(x >> 20 & 1 ? "disease" : x >> 21 & 1 ? "symptom" : "");
        if (n % 5 == 0) {
            char code[32];
            snprintf(code, sizeof code, "ICD10:a%u", n);
            assert_mkg_ok(mkg_writer_node_coded(w, type, V(name), MKG_LANG_NONE,
                                                V(code), &ids[k], &err));
        } else {
            assert_mkg_ok(
                mkg_writer_node(w, type, V(name), MKG_LANG_NONE, &ids[k], &err));
        }
    }
    if (x >> 22 & 1) {
        snprintf(name, sizeof name, "alias %u", (unsigned)(x >> 24) % 40);
        assert_mkg_ok(
            mkg_writer_name(w, ids[0], MKG_ENTRY_ALIAS, MKG_LANG_EN, V(name), &err));
    }
    assert_mkg_ok(mkg_writer_relation(w, V(relations[(x >> 30) % 5]), &relation, &err));
    mkg_fact_in f = {.subject = ids[0], .relation = relation, .line = line};
    f.literal = f.grade = f.population = f.locator = V("");
    if (relation->literal) {
        size_t n = x >> 40 & 1 ? 300 + (x >> 41) % 500 : 3;
        memset(text, 'a' + (int)(x >> 50) % 3, n);
        f.literal = mkg__view(text, n);
    } else {
        f.object = ids[1];
    }
    f.denied = (x >> 33) % 8 == 0;
    if ((x >> 36) % 4 == 0) f.grade = V("B");
    if ((x >> 38) % 4 == 0) f.weight = 0.5f;
    if ((x >> 52) % 64 == 0) f.locator = V("elsewhere");
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
}

static mkg_writer_counts write_source(mkg_kg *kg, const char *file, unsigned seed,
                                      size_t memory)
{
    mkg_source_info info = {.file = file, .format = "triples", .memory = memory};
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    mkg_writer *w;
    mkg_writer_counts c, before;

    assert_mkg_ok(mkg_writer_new(kg, &info, &w, &err));
    for (uint64_t i = 0; i < FACTS; i++)
        state_one(w, &r, i + 1);
    assert_mkg_ok(mkg_writer_preview(w, &before, &err));
    assert_mkg_ok(mkg_writer_commit(w, file, 1, 0, NULL, NULL, &c, &err));
    assert_int_equal(before.facts, c.facts);
    assert_int_equal(before.new_facts, c.new_facts);
    if (memory) assert_true(mkg__spool_spilled(w->records) > 0);
    if (memory) assert_true(mkg__sorter_spilled(w->statements) > 0);
    mkg_writer_free(w);
    return c;
}

/* Every row of every database, but for the time of a source. */
static uint64_t everything(mkg_kg *kg, mkg__db db, size_t *n)
{
    mkg__cursor *c;
    mkg_view k = {"", 0}, v;
    uint64_t h = 0;
    mkg_view first = {"", 1}; /* a NUL: nothing comes before it */
    *n = 0;
    assert_mkg_ok(mkg__cursor_open(kg->read, db, &c, &err));
    mkg_status st = mkg__cursor_seek(c, &first, &k, &v, &err);
    for (; st == MKG_OK; st = mkg__cursor_next(c, &k, &v, &err)) {
        h = mkg__hash64(k.ptr, k.len, h);
        h = mkg__hash64(v.ptr, v.len, h);
        ++*n;
    }
    mkg__cursor_close(c);
    return h;
}

static void test_same_store(void **state)
{
    (void)state;
    static const mkg__db dbs[] = {MKG_DB_NODE,       MKG_DB_NAME, MKG_DB_CODE,
                                  MKG_DB_FACT,       MKG_DB_OUT,  MKG_DB_IN,
                                  MKG_DB_SOURCE_FACT};
    char *folder = new_folder();
    mkg_kg *kg[2];
    mkg_writer_counts c[2];
    for (int i = 0; i < 2; i++) {
        char *db = in_folder(folder, i ? "small" : "large");
        assert_mkg_ok(mkg_kg_open_write(db, &kg[i], &err));
        assert_mkg_ok(
            mkg_kg_load_relations(kg[i], MEDKG_DATA_DIR "/relations.tsv", &err));
        free(db);
    }
    for (unsigned seed = 1; seed <= 3; seed++) {
        char file[16];
        snprintf(file, sizeof file, "%u.tsv", seed % 3);
        for (int i = 0; i < 2; i++)
            c[i] = write_source(kg[i], file, seed / 2, (size_t)i);
        assert_int_equal(c[0].nodes, c[1].nodes);
        assert_int_equal(c[0].names, c[1].names);
        assert_int_equal(c[0].facts, c[1].facts);
        assert_int_equal(c[0].new_facts, c[1].new_facts);
        assert_true(c[0].facts < FACTS);                    /* there are repeats */
        if (seed == 3) assert_int_equal(c[0].new_facts, 0); /* the same as before */
        for (size_t d = 0; d < sizeof dbs / sizeof *dbs; d++) {
            size_t n[2];
            assert_int_equal(everything(kg[0], dbs[d], &n[0]),
                             everything(kg[1], dbs[d], &n[1]));
            assert_int_equal(n[0], n[1]);
            assert_true(n[0] > 0);
        }
        char one[33], two[33];
        mkg_kg_hash(kg[0], one);
        mkg_kg_hash(kg[1], two);
        assert_string_equal(one, two);
    }
    mkg_kg_close(kg[0]);
    mkg_kg_close(kg[1]);
    remove_folder(folder);
}

/* First place wins, ids are given in the order of the source, rows hold them in order.
 */
static void test_order(void **state)
{
    (void)state;
    char *folder = new_folder(), *db = in_folder(folder, "db");
    mkg_kg *kg;
    mkg_id id = 0;
    mkg_fact f;
    uint64_t last = 0, n = 0;
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    mkg_writer_counts c = write_source(kg, "a.tsv", 5, 1);
    while (mkg_kg_next_fact(kg, &id, &f, &err) == MKG_OK) {
        assert_int_equal(id, ++n);
        if (f.locator.ptr[0] != ':') continue;
        uint64_t line;
        assert_true(
            mkg__parse_u64(mkg__view(f.locator.ptr + 1, f.locator.len - 1), &line));
        assert_true(line > last);
        last = line;
    }
    assert_int_equal(n, c.facts);
    mkg_kg_close(kg);
    free(db);
    remove_folder(folder);
}

/* What the header says of the memory for nodes and names. */
static void test_bytes_per_node(void **state)
{
    (void)state;
    enum { N = 100000 };
    char *folder = new_folder(), *db = in_folder(folder, "db"), name[32];
    mkg_kg *kg;
    mkg_writer *w;
    mkg_source_info info = {.file = "a", .format = "triples"};
    mkg_id id;
    size_t length = 0;
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_mkg_ok(mkg_writer_new(kg, &info, &w, &err));
    for (unsigned i = 0; i < N; i++) {
        length += (size_t)snprintf(name, sizeof name, "some disease %06u", i);
        assert_mkg_ok(mkg_writer_node(w, V("disease"), V(name), 0, &id, &err));
    }
    size_t each = (mkg__writer_bytes(w) - length) / N;
    assert_in_range(each, 50, 100);
    mkg_writer_free(w);
    mkg_kg_close(kg);
    free(db);
    remove_folder(folder);
}

/* Strings of all lengths, those that need blocks of their own too. */
static void test_intern(void **state)
{
    (void)state;
    mkg__intern t = {.extra = 8};
    static char text[700000];
    mkg__ref refs[200], r;
    size_t seen = 0, slot = 0;
    memset(text, 'x', sizeof text);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 200; i++) {
            size_t n = i % 20 == 19 ? i * 3500 : i % 20 == 7 ? 262144 - i % 16 : i;
            text[0] = (char)i;
            r = mkg__intern_put(&t, text, n);
            assert_int_not_equal(r, MKG_REF_NONE);
            if (round && n) assert_int_equal(r, refs[i]);
            refs[i] = r;
            mkg_view v = mkg__intern_text(&t, r);
            assert_int_equal(v.len, n);
            if (n) assert_memory_equal(v.ptr, text, n);
        }
    while (mkg__intern_each(&t, &slot))
        seen++;
    assert_int_equal(seen, t.n);
    mkg__intern_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_store), cmocka_unit_test(test_order),
        cmocka_unit_test(test_bytes_per_node), cmocka_unit_test(test_intern)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
