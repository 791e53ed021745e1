/* Nodes that are one thing: what joins them, at which version, and the views that give
 * them one row. */
#include "testing.h"

#include "base/rng.h"
#include "kg/graph.h"
#include "kg/same.h"

static mkg_err err;

enum { NODES = 12 };

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_id node[NODES];
    mkg_writer *writer;
    unsigned sources;
} world;

static void begin(world *w, const char *file, bool merge_xref)
{
    mkg_source_info info = {
        .file = file, .format = "triples", .merge_xref = merge_xref};
    char name[16];
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &w->writer, &err));
    for (size_t i = 0; i < NODES; i++) {
        snprintf(name, sizeof name, "n%zu", i);
        assert_mkg_ok(
            mkg_writer_node(w->writer, V("disease"), V(name), 0, &w->node[i], &err));
    }
}

static void say(world *w, size_t a, const char *relation, size_t b, bool denied)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(w->writer, V(relation), &r, &err));
    mkg_fact_in f = {.subject = w->node[a],
                     .object = w->node[b],
                     .relation = r,
                     .denied = denied,
                     .line = 1};
    f.literal = f.grade = f.population = f.locator = V("");
    assert_mkg_ok(mkg_writer_fact(w->writer, &f, &err));
}

static mkg_id end(world *w)
{
    mkg_writer_counts c;
    char sha[16];
    snprintf(sha, sizeof sha, "%u", ++w->sources);
    assert_mkg_ok(mkg_writer_commit(w->writer, sha, 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(w->writer);
    return c.source;
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
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

/* The nodes that are the same as n`i`, as "0 1 2", by number. */
static void same_are(world *w, size_t i, const char *want)
{
    mkg_ids same = {0};
    mkg__buf have = {0};
    assert_mkg_ok(mkg_kg_same(w->kg, w->node[i], &same, &err));
    assert_int_equal(same.ids[0], w->node[i]);
    for (size_t n = 0; n < NODES; n++)
        for (size_t k = 0; k < same.n; k++)
            if (same.ids[k] == w->node[n])
                mkg__buf_printf(&have, "%s%zu", have.len ? " " : "", n);
    assert_string_equal(mkg__buf_cstr(&have), want);
    mkg__buf_clear(&have);
    mkg_ids_clear(&same);
}

static void test_what_joins(void **state)
{
    world *w = *state;
    begin(w, "a.tsv", false);
    say(w, 0, "same_as", 1, false);
    say(w, 2, "skos:exactMatch", 1, false);
    say(w, 3, "same_as", 0, true); /* denied */
    say(w, 4, "xref", 0, false);
    say(w, 5, "symptom", 0, false);
    end(w);
    begin(w, "b.tsv", false);
    say(w, 2, "owl:sameAs", 6, false);
    mkg_id b = end(w);
    same_are(w, 0, "0 1 2 6");
    same_are(w, 6, "0 1 2 6");
    same_are(w, 1, "0 1 2 6");
    same_are(w, 3, "3");
    same_are(w, 4, "4");

    mkg_ids some = {0};
    const size_t asked[] = {3, 6, 5, 0, 3, 2};
    for (size_t i = 0; i < 6; i++) {
        assert_true(mkg__grow(&some.ids, &some.cap, i + 1, sizeof *some.ids));
        some.ids[some.n++] = w->node[asked[i]];
    }
    assert_mkg_ok(mkg_kg_distinct(w->kg, &some, &err));
    assert_int_equal(some.n, 4); /* 3, 6, 5 and 3 again: it is not another's same */
    assert_int_equal(some.ids[1], w->node[6]);
    mkg_ids_clear(&some);

    /* It goes with its source, and comes back with it. */
    mkg_version v;
    assert_mkg_ok(mkg_kg_remove(w->kg, b, &v, &err));
    same_are(w, 0, "0 1 2");
    same_are(w, 6, "6");
    assert_mkg_ok(mkg_kg_as_of(w->kg, 2, &err));
    same_are(w, 6, "0 1 2 6");
    assert_mkg_ok(mkg_kg_as_of(w->kg, 1, &err));
    same_are(w, 0, "0 1 2");
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    assert_mkg_ok(mkg_kg_undo(w->kg, &v, &err));
    same_are(w, 6, "0 1 2 6");
}

static void test_merge_xref(void **state)
{
    world *w = *state;
    begin(w, "a.tsv", true);
    say(w, 0, "xref", 1, false);
    say(w, 2, "xref", 3, true);
    end(w);
    same_are(w, 1, "0 1");
    same_are(w, 2, "2");
}

/* ---- views ---- */

static size_t find(size_t *root, size_t i)
{
    while (root[i] != i)
        i = root[i];
    return i;
}

/* Against the same worked out in the plainest way: facts at random, of which some join.
 */
static void test_joined_view(void **state)
{
    world *w = *state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        mkg__rng r = mkg__rng_new(3, seed, 0);
        size_t root[NODES], joins = mkg__rng_below(&r, 6);
        double weight[NODES][NODES] = {{0}};
        mkg_fact f;
        char file[32];

        snprintf(file, sizeof file, "%llu.tsv", (unsigned long long)seed);
        begin(w, file, false);
        for (size_t i = 0; i < joins + 14; i++) {
            size_t a = mkg__rng_below(&r, NODES - 1), b = mkg__rng_below(&r, NODES - 1);
            if (a != b)
                say(w, a, i < joins ? "same_as" : "complication", b,
                    mkg__rng_below(&r, 6) == 0);
        }
        mkg_id source = end(w);
        const mkg_relation *same = mkg_kg_find_relation(w->kg, V("same_as"));
        for (size_t i = 0; i < NODES; i++)
            root[i] = i;
        for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;) {
            size_t a = find(root, f.subject - w->node[0]);
            size_t b = find(root, f.object - w->node[0]);
            if (f.relation != same->id || f.denied) continue;
            root[a > b ? a : b] = a > b ? b : a;
        }
        for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;) {
            size_t a = find(root, f.subject - w->node[0]);
            size_t b = find(root, f.object - w->node[0]);
            if (f.denied || a == b) continue;
            weight[a][b] += (double)f.weight;
            weight[b][a] += (double)f.weight;
        }
        mkg_graph_opts o = {.keep_isolated = true, .join_same = true};
        mkg_graph *g;
        assert_mkg_ok(mkg_graph_new(w->kg, &o, &g, &err));
        size_t rows = 0, entries = 0;
        for (size_t i = 0; i < NODES; i++) {
            size_t row = mkg_graph_row(g, w->node[i]);
            rows += root[i] == i;
            assert_true(row < g->n);
            assert_int_equal(row, mkg_graph_row(g, w->node[find(root, i)]));
            assert_int_equal(g->node[row], w->node[find(root, i)]);
            for (size_t k = 0; root[i] == i && k < NODES; k++) {
                mkg_arc arcs[64];
                size_t other = mkg_graph_row(g, w->node[k]);
                if (weight[i][k] <= 0) continue;
                entries++;
                assert_true(mkg_graph_has(g, (uint32_t)row, (uint32_t)other));
                size_t n = mkg_graph_arcs(g, row, other, arcs, 64);
                double sum = 0;
                for (size_t a = 0; a < n; a++) {
                    assert_mkg_ok(mkg_kg_fact(w->kg, arcs[a].fact, &f, &err));
                    mkg_id from = arcs[a].inverse ? f.object : f.subject;
                    mkg_id to = arcs[a].inverse ? f.subject : f.object;
                    assert_int_equal(mkg_graph_row(g, from), row);
                    assert_int_equal(mkg_graph_row(g, to), other);
                    sum += (double)arcs[a].weight;
                }
                assert_true(sum > weight[i][k] - 1e-6 && sum < weight[i][k] + 1e-6);
            }
        }
        assert_int_equal(g->n, rows);
        assert_int_equal(g->m, entries);
        mkg_graph_free(g);
        mkg_version v;
        assert_mkg_ok(mkg_kg_remove(w->kg, source, &v, &err));
    }
}

/* Out of memory at any point: a clean status and no leak. */
static void test_no_memory(void **state)
{
    world *w = *state;
    begin(w, "a.tsv", false);
    say(w, 0, "same_as", 1, false);
    say(w, 1, "same_as", 2, false);
    say(w, 2, "symptom", 5, false);
    end(w);
    mkg_status st = MKG_ENOMEM;
    for (long n = 1; st < 0; n++) {
        mkg_ids same = {0};
        mkg_graph *g = NULL;
        mkg_graph_opts o = {.join_same = true};
        mkg__alloc_fail_after(n);
        st = mkg_kg_same(w->kg, w->node[0], &same, &err);
        if (st >= 0) st = mkg_kg_distinct(w->kg, &same, &err);
        if (st >= 0) st = mkg_graph_new(w->kg, &o, &g, &err);
        mkg__alloc_fail_after(0);
        if (st < 0) assert_int_equal(st, MKG_ENOMEM);
        if (st >= 0) assert_int_equal(same.n, 1);
        mkg_graph_free(g);
        mkg_ids_clear(&same);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_what_joins), T(test_merge_xref),
                                       T(test_joined_view), T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
