/* Writing sources and reading the graph back. */
#include "testing.h"

#include "base/rng.h"

static mkg_err err;

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
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
    free(w);
    return 0;
}

static mkg_writer *begin(world *w, const char *file)
{
    mkg_writer *out;
    mkg_source_info info = {.file = file, .format = "triples"};
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &out, &err));
    return out;
}

static mkg_writer_counts finish(mkg_writer *w, const char *sha)
{
    mkg_writer_counts c;
    assert_mkg_ok(mkg_writer_commit(w, sha, 10, 0, NULL, NULL, &c, &err));
    mkg_writer_free(w);
    return c;
}

static mkg_id node(mkg_writer *w, const char *type, const char *name)
{
    mkg_id id;
    assert_mkg_ok(mkg_writer_node(w, V(type), V(name), MKG_LANG_NONE, &id, &err));
    assert_int_not_equal(id, MKG_ID_NONE);
    return id;
}

static mkg_fact_in fact_in(mkg_writer *w, mkg_id s, const char *relation, mkg_id o)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(w, V(relation), &r, &err));
    mkg_fact_in f = {.subject = s, .relation = r, .object = o, .line = 1};
    f.literal = f.grade = f.population = f.locator = V("");
    return f;
}

static void fact(mkg_writer *w, mkg_id s, const char *relation, mkg_id o)
{
    mkg_fact_in f = fact_in(w, s, relation, o);
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
}

static mkg_id find(world *w, const char *name)
{
    mkg_ids ids = {0};
    assert_int_equal(mkg_kg_find_name(w->kg, V(name), &ids, &err), MKG_OK);
    mkg_id id = ids.ids[0];
    mkg_ids_clear(&ids);
    return id;
}

static void test_round_trip(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id cold = node(wr, "disease", " 感冒 "), cough = node(wr, "symptom", "咳嗽");
    assert_mkg_ok(
        mkg_writer_name(wr, cold, MKG_ENTRY_NAME, MKG_LANG_EN, V("common cold"), &err));
    assert_mkg_ok(
        mkg_writer_name(wr, cold, MKG_ENTRY_ALIAS, MKG_LANG_NONE, V("伤风"), &err));
    assert_mkg_ok(mkg_writer_code(wr, cold, V("ICD10:J00"), &err));
    mkg_fact_in f = fact_in(wr, cold, "症状", cough);
    f.weight = 0.5f;
    f.line = 7;
    f.grade = V("A");
    assert_mkg_ok(mkg_writer_fact(wr, &f, &err));
    f = fact_in(wr, cold, "description", MKG_ID_NONE);
    f.literal = V("一种常见病");
    assert_mkg_ok(mkg_writer_fact(wr, &f, &err));
    mkg_writer_counts c = finish(wr, "aa");
    assert_int_equal(c.nodes, 2);
    assert_int_equal(c.names, 4);
    assert_int_equal(c.facts, 2);
    assert_int_equal(c.new_facts, 2);

    assert_int_equal(find(w, "伤风"), cold);
    assert_int_equal(find(w, "Common  COLD"), cold);
    mkg_ids ids = {0};
    assert_int_equal(mkg_kg_find_code(w->kg, V("icd10:j00"), &ids, &err), MKG_OK);
    assert_int_equal(ids.ids[0], cold);
    mkg_ids_clear(&ids);
    assert_int_equal(mkg_kg_find_name(w->kg, V("流感"), &ids, &err), MKG_NOTFOUND);

    mkg_node n;
    assert_mkg_ok(mkg_kg_node(w->kg, cold, &n, &err));
    assert_true(mkg__view_is(n.type, "disease"));
    assert_true(mkg__view_is(mkg_node_name(&n, MKG_LANG_ZH), "感冒"));
    assert_true(mkg__view_is(mkg_node_name(&n, MKG_LANG_EN), "common cold"));
    assert_mkg_ok(mkg_kg_node(w->kg, cough, &n, &err));
    assert_true(mkg__view_is(mkg_node_name(&n, MKG_LANG_EN), "咳嗽"));

    mkg_edges e = {0};
    assert_mkg_ok(mkg_kg_edges(w->kg, cough, 0, true, 0, &e, &err));
    assert_int_equal(e.n, 1);
    assert_int_equal(e.edges[0].other, cold);
    mkg_fact got;
    assert_mkg_ok(mkg_kg_fact(w->kg, e.edges[0].fact, &got, &err));
    assert_true(got.weight == 0.5f);
    assert_true(mkg__view_is(got.grade, "A"));
    mkg__buf place = {0};
    assert_mkg_ok(mkg_kg_locator(w->kg, got.source, got.locator, &place, &err));
    assert_string_equal(mkg__buf_cstr(&place), "a.tsv:7");
    mkg__buf_clear(&place);
    size_t degree;
    assert_mkg_ok(mkg_kg_degree(w->kg, cold, 0, false, &degree, &err));
    assert_int_equal(degree, 2);
    mkg_edges_clear(&e);
    assert_int_equal(mkg_kg_version(w->kg), 1);
}

/* "treated_by" is stored as "treats" the other way round; so is a repeat of it. */
static void test_inverse_and_symmetric(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id gout = node(wr, "disease", "痛风"), a = node(wr, "drug", "秋水仙碱"),
           b = node(wr, "drug", "克拉霉素");
    fact(wr, gout, "treated_by", a);
    fact(wr, a, "treats", gout);
    fact(wr, b, "interacts_with", a);
    fact(wr, a, "interacts_with", b);
    mkg_writer_counts c = finish(wr, "aa");
    assert_int_equal(c.facts, 2);
    mkg_edges e = {0};
    assert_mkg_ok(mkg_kg_edges(w->kg, a, 0, false, 0, &e, &err));
    assert_int_equal(e.n, 2);
    mkg_edges_clear(&e);
    assert_int_equal(mkg_writer_new(w->kg, &(mkg_source_info){.file = "x"}, &wr, &err),
                     MKG_OK);
    mkg_fact_in f = fact_in(wr, gout, "treated_by", MKG_ID_NONE);
    f.literal = V("text");
    assert_int_equal(mkg_writer_fact(wr, &f, &err), MKG_EARG);
    mkg_writer_free(wr);
}

/* A second source adds its own statement to what it confirms. */
static void test_two_sources(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    fact(wr, node(wr, "disease", "Gout"), "symptom", node(wr, "symptom", "pain"));
    finish(wr, "aa");
    wr = begin(w, "b.tsv");
    fact(wr, node(wr, "disease", "gout"), "symptom", node(wr, "symptom", "Pain"));
    fact(wr, node(wr, "disease", "gout"), "symptom", node(wr, "symptom", "swelling"));
    mkg_id known;
    assert_int_equal(mkg_writer_find_sha256(wr, "aa", &known, &err), MKG_OK);
    assert_int_equal(known, 1);
    assert_int_equal(mkg_writer_find_sha256(wr, "bb", &known, &err), MKG_NOTFOUND);
    mkg_writer_counts preview;
    assert_mkg_ok(mkg_writer_preview(wr, &preview, &err));
    mkg_writer_counts c = finish(wr, "bb");
    assert_memory_equal(&preview, &c, sizeof c);
    assert_int_equal(c.facts, 2);
    assert_int_equal(c.new_facts, 1);
    assert_int_equal(c.new_nodes, 1);
    mkg_fact f;
    assert_mkg_ok(mkg_kg_fact(w->kg, 1, &f, &err));
    assert_int_equal(f.attributions, 2);
    mkg_attribution a;
    assert_true(mkg_fact_attribution(&f, 1, &a));
    assert_int_equal(a.source, 2);
    assert_false(mkg_fact_attribution(&f, 2, &a));
    mkg_stats s;
    assert_mkg_ok(mkg_kg_stats(w->kg, &s, &err));
    assert_int_equal(s.nodes, 3);
    assert_int_equal(s.names, 3);
    assert_int_equal(s.facts, 2);
    assert_int_equal(s.sources, 2);
    assert_int_equal(s.relations, 1);
    assert_int_equal(s.ntypes, 2);
    mkg_stats_clear(&s);
}

static void test_denied_is_another_fact(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id a = node(wr, "drug", "aspirin"), d = node(wr, "disease", "asthma");
    fact(wr, a, "treats", d);
    mkg_fact_in f = fact_in(wr, a, "treats", d);
    f.denied = true;
    assert_mkg_ok(mkg_writer_fact(wr, &f, &err));
    assert_int_equal(finish(wr, "aa").facts, 2);
}

static void test_types_and_codes(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id any = node(wr, "", "高血压");
    assert_int_equal(node(wr, "disease", "高血压"), any); /* the type becomes known */
    mkg_id other = node(wr, "symptom", "高血压");
    assert_int_not_equal(other, any); /* another type is another thing */
    mkg_id one, two, three;
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("cold"), MKG_LANG_EN,
                                        V("X:1"), &one, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("cold"), MKG_LANG_EN,
                                        V("X:2"), &two, &err));
    assert_int_not_equal(one, two); /* two codes of one system are two things */
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("common cold"), MKG_LANG_EN,
                                        V("x:1"), &three, &err));
    assert_int_equal(one, three);
    assert_int_equal(mkg_writer_code(wr, one, V("nocolon"), &err), MKG_EPARSE);
    mkg_id none;
    assert_int_equal(mkg_writer_node(wr, V("disease"), V("  "), 0, &none, &err),
                     MKG_EPARSE);
    assert_int_equal(mkg_writer_node(wr, V("disease"), V("\xff"), 0, &none, &err),
                     MKG_EPARSE);
    finish(wr, "aa");
    mkg_ids ids = {0};
    assert_mkg_ok(mkg_kg_find_name(w->kg, V("cold"), &ids, &err));
    assert_int_equal(ids.n, 2);
    mkg_ids_clear(&ids);
    mkg_node n;
    assert_mkg_ok(mkg_kg_node(w->kg, any, &n, &err));
    assert_true(mkg__view_is(n.type, "disease"));
}

/* Names longer than a key are found whole, and never mixed up. */
static void test_long_names(void **state)
{
    world *w = *state;
    char a[2001], b[2001];
    memset(a, 'x', 2000);
    memset(b, 'x', 2000);
    a[2000] = b[2000] = '\0';
    b[1999] = 'y';
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id one = node(wr, "disease", a), two = node(wr, "disease", b);
    assert_int_not_equal(one, two);
    finish(wr, "aa");
    assert_int_equal(find(w, a), one);
    assert_int_equal(find(w, b), two);
    size_t lengths[4], found;
    assert_mkg_ok(mkg_kg_name_prefixes(w->kg, a, 2000, lengths, 4, &found, &err));
    assert_int_equal(found, 0);
}

static void test_prefixes(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    node(wr, "disease", "糖尿病");
    node(wr, "disease", "糖尿病肾病");
    node(wr, "disease", "糖尿");
    node(wr, "disease", "糖");
    node(wr, "disease", "糖尿病肾炎");
    node(wr, "disease", "阿");
    finish(wr, "aa");
    const char *text = "糖尿病肾病吃什么";
    size_t lengths[8], found;
    assert_mkg_ok(
        mkg_kg_name_prefixes(w->kg, text, strlen(text), lengths, 8, &found, &err));
    assert_int_equal(found, 4);
    assert_int_equal(lengths[0], 15);
    assert_int_equal(lengths[1], 9);
    assert_int_equal(lengths[2], 6);
    assert_int_equal(lengths[3], 3);
    assert_mkg_ok(mkg_kg_name_prefixes(w->kg, "啊", 3, lengths, 8, &found, &err));
    assert_int_equal(found, 0);
}

/* Prefixes of random texts over a tiny alphabet agree with brute force. */
static void test_prefixes_property(void **state)
{
    world *w = *state;
    char names[200][8];
    mkg__rng r = mkg__rng_new(3, 0, 0);
    mkg_writer *wr = begin(w, "a.tsv");
    for (size_t i = 0; i < 200; i++) {
        size_t n = 1 + mkg__rng_below(&r, 6);
        for (size_t k = 0; k < n; k++)
            names[i][k] = (char)('a' + mkg__rng_below(&r, 3));
        names[i][n] = '\0';
        node(wr, "disease", names[i]);
    }
    finish(wr, "aa");
    for (size_t t = 0; t < 500; t++) {
        char text[9];
        size_t lengths[16], found, want = 0;
        for (size_t k = 0; k < 8; k++)
            text[k] = (char)('a' + mkg__rng_below(&r, 3));
        text[8] = '\0';
        assert_mkg_ok(mkg_kg_name_prefixes(w->kg, text, 8, lengths, 16, &found, &err));
        for (size_t n = 8; n > 0; n--) {
            bool is_name = false;
            for (size_t i = 0; i < 200; i++)
                is_name |= strlen(names[i]) == n && strncmp(names[i], text, n) == 0;
            if (is_name) assert_int_equal(lengths[want++], n);
        }
        assert_int_equal(found, want);
    }
}

static void test_hash_is_of_the_content(void **state)
{
    world *w = *state;
    char one[33], two[33], three[33];
    mkg_kg_hash(w->kg, one);
    mkg_writer *wr = begin(w, "a.tsv");
    fact(wr, node(wr, "disease", "a"), "symptom", node(wr, "symptom", "b"));
    finish(wr, "aa");
    mkg_kg_hash(w->kg, two);
    assert_string_not_equal(one, two);

    char *db = in_folder(w->folder, "other");
    mkg_kg *kg;
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    world other = {.kg = kg};
    wr = begin(&other, "b.tsv");
    fact(wr, node(wr, "disease", "a"), "symptom", node(wr, "symptom", "b"));
    finish(wr, "bb");
    mkg_kg_hash(kg, three);
    assert_string_equal(two, three);
    mkg_kg_close(kg);
    free(db);
}

static void test_unknown_relation(void **state)
{
    world *w = *state;
    mkg_writer *wr = begin(w, "a.tsv");
    mkg_id a = node(wr, "x", "a"), b = node(wr, "x", "b");
    fact(wr, a, "毒理关系", b);
    fact(wr, b, "毒理关系", a);
    fact(wr, b, "other thing", a);
    finish(wr, "aa");
    const mkg_relation *r = mkg_kg_find_relation(w->kg, V("毒理关系"));
    assert_non_null(r);
    uint64_t n;
    assert_mkg_ok(mkg_kg_relation_facts(w->kg, r->id, &n, &err));
    assert_int_equal(n, 2);
    assert_non_null(mkg_kg_find_relation(w->kg, V("Other Thing")));
}

/* Every allocation fails once: a clean status, and the store as it was. */
static void test_no_memory(void **state)
{
    world *w = *state;
    char before[33], after[33];
    mkg_kg_hash(w->kg, before);
    long n = 0;
    for (bool done = false; !done; n++) {
        mkg_writer *wr = NULL;
        mkg_writer_counts c;
        mkg_id a = 0, b = 0;
        const mkg_relation *r = NULL;
        mkg_source_info info = {.file = "a", .format = "triples"};
        mkg__alloc_fail_after(n + 1);
        mkg_status st = mkg_writer_new(w->kg, &info, &wr, &err);
        if (st >= 0) st = mkg_writer_node(wr, V("disease"), V("感冒"), 0, &a, &err);
        if (st >= 0) st = mkg_writer_code(wr, a, V("X:1"), &err);
        if (st >= 0) st = mkg_writer_node(wr, V("symptom"), V("咳嗽"), 0, &b, &err);
        if (st >= 0) st = mkg_writer_relation(wr, V("a new one"), &r, &err);
        if (st >= 0) {
            mkg_fact_in f = {.subject = a, .relation = r, .object = b, .line = 1};
            f.literal = f.grade = f.population = f.locator = V("");
            st = mkg_writer_fact(wr, &f, &err);
        }
        if (st >= 0) st = mkg_writer_commit(wr, "aa", 1, 0, NULL, NULL, &c, &err);
        mkg__alloc_fail_after(0);
        mkg_writer_free(wr);
        done = st >= 0;
        if (!done) {
            assert_int_equal(st, MKG_ENOMEM);
            assert_mkg_ok(mkg_kg_renew(w->kg, &err));
            mkg_kg_hash(w->kg, after);
            assert_string_equal(before, after);
        }
    }
    assert_true(n > 20);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_round_trip),
                                       T(test_inverse_and_symmetric),
                                       T(test_two_sources),
                                       T(test_denied_is_another_fact),
                                       T(test_types_and_codes),
                                       T(test_long_names),
                                       T(test_prefixes),
                                       T(test_prefixes_property),
                                       T(test_hash_is_of_the_content),
                                       T(test_unknown_relation),
                                       T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
