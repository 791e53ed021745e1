/* The starter graph: what data/README.md promises of it. */
#include "testing_import.h"

#include "base/text.h"

static mkg_err err;
static size_t problems;

static void problem(const mkg_node *n, const char *what)
{
    mkg_view name = mkg_node_name(n, MKG_LANG_ZH);
    print_error("%.*s %.*s: %s\n", (int)n->type.len, n->type.ptr, (int)name.len,
                name.ptr, what);
    problems++;
}

static int load(void **state)
{
    mkg_import_result r;
    mkg_import_opts o = {.map = MEDKG_DATA_DIR "/maps/starter.json", .strict = true};
    import_setup(state);
    import_world *w = *state;
    assert_mkg_ok(import_path(w, MEDKG_DATA_DIR "/starter.jsonl", o, &r, &err));
    if (w->skips.len) fail_msg("%s", mkg__buf_cstr(&w->skips));
    return 0;
}

static void test_size(void **state)
{
    import_world *w = *state;
    mkg_stats s;
    uint64_t diseases = 0;
    assert_mkg_ok(mkg_kg_stats(w->kg, &s, &err));
    for (size_t i = 0; i < s.ntypes; i++)
        if (mkg__view_is(s.types[i].type, "disease")) diseases = s.types[i].nodes;
    assert_true(diseases >= 150);
    assert_true(s.facts >= 4000);
    mkg_stats_clear(&s);
}

/* ICD10:A00 … ICD10:Z99.9; ATC:A10BA02, or a group of five characters. */
static bool is_icd10(mkg_view c)
{
    const char *p = c.ptr + 6;
    if (c.len < 9 || memcmp(c.ptr, "ICD10:", 6) != 0) return false;
    if (p[0] < 'A' || p[0] > 'Z' || p[1] < '0' || p[1] > '9' || p[2] < '0' ||
        p[2] > '9')
        return false;
    return c.len == 9 || (c.len == 11 && p[3] == '.' && p[4] >= '0' && p[4] <= '9');
}

static bool is_atc(mkg_view c)
{
    static const char form[] = "A00AA00";
    if ((c.len != 4 + 7 && c.len != 4 + 5) || memcmp(c.ptr, "ATC:", 4) != 0)
        return false;
    for (size_t i = 0; i + 4 < c.len; i++) {
        char k = c.ptr[i + 4];
        if (form[i] == 'A' ? k < 'A' || k > 'Z' : k < '0' || k > '9') return false;
    }
    return true;
}

static void check_node(import_world *w, const mkg_node *n)
{
    mkg_entry e;
    size_t zh = 0, en = 0, codes = 0, descriptions;
    const mkg_relation *description = mkg_kg_find_relation(w->kg, V("description"));
    bool disease = mkg__view_is(n->type, "disease"),
         drug = mkg__view_is(n->type, "drug");

    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        zh += e.kind == MKG_ENTRY_NAME && e.lang == MKG_LANG_ZH;
        en += e.kind == MKG_ENTRY_NAME && e.lang == MKG_LANG_EN;
        codes += e.kind == MKG_ENTRY_CODE;
        if (e.kind != MKG_ENTRY_CODE) continue;
        if ((disease && !is_icd10(e.text)) || (drug && !is_atc(e.text)))
            problem(n, "the code is not of the right form");
    }
    if (zh != 1 || en != 1) problem(n, "not one name in Chinese and one in English");
    if ((disease || drug) && codes == 0) problem(n, "no code");
    assert_mkg_ok(
        mkg_kg_degree(w->kg, n->id, description->id, false, &descriptions, &err));
    if ((disease || drug) && descriptions % 2 != 0)
        problem(n, "described in one language alone");
}

static void test_nodes(void **state)
{
    import_world *w = *state;
    mkg_node n;
    problems = 0;
    for (mkg_id id = 0; mkg_kg_next_node(w->kg, &id, &n, &err) == MKG_OK;)
        check_node(w, &n);
    assert_int_equal(problems, 0);
}

typedef struct names {
    import_world *w;
    mkg__buf last;
    mkg_id node;
} names;

static bool one_name(void *ctx, mkg_view key, mkg_id node)
{
    names *s = ctx;
    if (mkg__view_eq(key, mkg__view(s->last.ptr, s->last.len)) && node != s->node) {
        print_error("'%.*s' is the name of nodes %u and %u\n", (int)key.len, key.ptr,
                    s->node, node);
        problems++;
    }
    s->last.len = 0;
    mkg__buf_put(&s->last, key.ptr, key.len);
    s->node = node;
    return true;
}

static void test_a_name_is_one_node(void **state)
{
    names s = {.w = *state};
    problems = 0;
    assert_mkg_ok(mkg_kg_each_name(s.w->kg, V(""), one_name, &s, &err));
    mkg__buf_clear(&s.last);
    assert_int_equal(problems, 0);
}

/* A drug that treats what it is contraindicated in, a fact about itself. */
static void test_no_contradiction(void **state)
{
    import_world *w = *state;
    mkg_fact f;
    const mkg_relation *against = mkg_kg_find_relation(w->kg, V("contraindicated_in")),
                       *treats = mkg_kg_find_relation(w->kg, V("treats"));
    problems = 0;
    for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;) {
        mkg_edges edges = {0};
        mkg_node drug;
        if (f.object && f.object == f.subject) problems++;
        if (f.relation != against->id) continue;
        assert_mkg_ok(mkg_kg_node(w->kg, f.subject, &drug, &err));
        assert_mkg_ok(
            mkg_kg_edges(w->kg, f.subject, treats->id, false, 0, &edges, &err));
        for (size_t i = 0; i < edges.n; i++)
            if (edges.edges[i].other == f.object)
                problem(&drug, "treats what it is contraindicated in");
        mkg_edges_clear(&edges);
    }
    assert_int_equal(problems, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_size),
                                       cmocka_unit_test(test_nodes),
                                       cmocka_unit_test(test_a_name_is_one_node),
                                       cmocka_unit_test(test_no_contradiction)};
    return cmocka_run_group_tests(tests, load, import_teardown);
}
