/* Versions: what was there at each of them, whatever happened since. Random imports,
 * replacements, removals, undos and compactions against dumps taken at the time. */
#include "testing_import.h"

#include "kg/history.h"

static mkg_err err;

/* ---- a dump that does not depend on ids ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct lines {
    char **at;
    size_t n, cap;
} lines;

static void add(lines *l, mkg__buf *b)
{
    assert_true(mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at));
    assert_non_null(l->at[l->n++] = mkg__strdup(mkg__buf_cstr(b)));
    b->len = 0;
}

/* The lines sorted, each once, as one string; mkg__free() it. */
static char *joined(lines *l)
{
    mkg__buf b = {0};
    if (l->n) qsort(l->at, l->n, sizeof *l->at, by_text);
    for (size_t i = 0; i < l->n; i++) {
        if (i == 0 || strcmp(l->at[i], l->at[i - 1]) != 0)
            mkg__buf_printf(&b, "%s\n", l->at[i]);
        if (i) mkg__free(l->at[i - 1]);
    }
    if (l->n) mkg__free(l->at[l->n - 1]);
    mkg__free(l->at);
    assert_non_null(mkg__buf_cstr(&b));
    return b.ptr ? b.ptr : mkg__strdup("");
}

static void put_name(mkg_kg *kg, mkg_id id, mkg__buf *b)
{
    mkg_node n;
    assert_int_equal(mkg_kg_node(kg, id, &n, &err), MKG_OK);
    mkg_view v = mkg_node_name(&n, MKG_LANG_ZH);
    mkg__buf_printf(b, "%.*s/%.*s", (int)n.type.len, n.type.ptr, (int)v.len, v.ptr);
}

static void dump_node(mkg_kg *kg, const mkg_node *n, lines *l, mkg__buf *b)
{
    mkg_entry e;
    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        mkg_ids ids = {0};
        put_name(kg, n->id, b);
        mkg__buf_printf(b, " %d %.*s", e.kind, (int)e.text.len, e.text.ptr);
        add(l, b);
        if (e.kind == MKG_ENTRY_NAME || e.kind == MKG_ENTRY_ALIAS) {
            bool found = false; /* what is dumped can be looked up */
            assert_int_equal(mkg_kg_find_name(kg, e.text, &ids, &err), MKG_OK);
            for (size_t i = 0; i < ids.n; i++)
                found |= ids.ids[i] == n->id;
            assert_true(found);
            mkg_ids_clear(&ids);
        }
    }
}

static void dump_fact(mkg_kg *kg, const mkg_fact *f, lines *l, mkg__buf *b)
{
    mkg_attribution a;
    mkg_source s;
    for (size_t i = 0; mkg_fact_attribution(f, i, &a); i++) {
        mkg__buf_str(b, f->denied ? "- " : "+ ");
        put_name(kg, f->subject, b);
        mkg__buf_printf(b, " %u ", f->relation);
        if (f->object)
            put_name(kg, f->object, b);
        else
            mkg__buf_put(b, f->literal.ptr, f->literal.len);
        assert_int_equal(mkg_kg_source(kg, a.source, &s, &err), MKG_OK);
        mkg__buf_printf(b, " %g %.*s %.*s", (double)a.weight, (int)s.name.len,
                        s.name.ptr, (int)a.locator.len, a.locator.ptr);
        add(l, b);
    }
}

static char *dump(mkg_kg *kg)
{
    lines l = {0};
    mkg__buf b = {0};
    mkg_node n;
    mkg_fact f;
    size_t facts = 0, nodes = 0, degrees = 0, d;
    mkg_stats s;
    for (mkg_id id = 0; mkg_kg_next_node(kg, &id, &n, &err) == MKG_OK; nodes++) {
        dump_node(kg, &n, &l, &b);
        assert_mkg_ok(mkg_kg_degree(kg, id, 0, false, &d, &err));
        degrees += d;
    }
    for (mkg_id id = 0; mkg_kg_next_fact(kg, &id, &f, &err) == MKG_OK; facts++)
        dump_fact(kg, &f, &l, &b);
    /* The counts and the index tell the same. */
    assert_int_equal(degrees, facts);
    assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
    assert_int_equal(s.nodes, nodes);
    assert_int_equal(s.facts, facts);
    mkg_stats_clear(&s);
    mkg__buf_clear(&b);
    return joined(&l);
}

/* ---- random files ---- */

static uint32_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void random_text(mkg__buf *b, unsigned stamp)
{
    static const char *const relations[] = {"symptom", "treats", "complication", "别名",
                                            "description"};
    b->len = 0;
    mkg__buf_printf(b, "s\tdescription\t%u\n", stamp); /* no two files are the same */
    for (uint32_t i = 0, n = 1 + below(12); i < n; i++)
        mkg__buf_printf(b, "n%u\t%s\tn%u\t%s\t%s\t%u\n", below(8), relations[below(5)],
                        below(8), below(3) ? "" : "disease", below(3) ? "" : "drug",
                        1 + below(2));
}

static mkg_id import_random(import_world *w, const char *name, unsigned stamp,
                            bool both)
{
    mkg__buf b = {0};
    mkg_import_result r;
    mkg_import_opts o = {.format = "triples", .keep_both = both};
    random_text(&b, stamp);
    assert_mkg_ok(import_bytes(w, name, b.ptr, b.len, o, &r, &err));
    mkg__buf_clear(&b);
    return r.source;
}

static size_t sources(mkg_kg *kg, mkg_id *ids, size_t cap)
{
    mkg_source s;
    size_t n = 0;
    for (mkg_id id = 0; n < cap && mkg_kg_next_source(kg, &id, &s, &err) == MKG_OK;)
        ids[n++] = id;
    return n;
}

/* ---- tests ---- */

static void same_dump(mkg_kg *kg, const char *want, const char *what)
{
    char *have = dump(kg);
    if (strcmp(have, want) != 0)
        fail_msg("%s (seed %u):\n%s\nwas\n%s", what, seed, have, want);
    mkg__free(have);
}

/* Import A, import B, remove B: what A alone gives; also once B is cleared away. */
static void test_remove_is_exact(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 40; round++) {
        void *fresh = NULL;
        mkg_version v;
        mkg_compacted c;
        seed = round * 7919;
        import_setup(&fresh);
        import_world *w = fresh;
        import_random(w, "a.tsv", 1, false);
        char *alone = dump(w->kg);
        mkg_id b = import_random(w, "b.tsv", 2, false);
        char *both = dump(w->kg);
        assert_int_equal(mkg_kg_remove(w->kg, b, &v, &err), MKG_OK);
        same_dump(w->kg, alone, "A after B was removed");
        assert_mkg_ok(mkg_kg_as_of(w->kg, 2, &err));
        same_dump(w->kg, both, "A and B, as of version 2");
        assert_mkg_ok(mkg_kg_renew(w->kg, &err));
        if (round % 2) {
            assert_mkg_ok(mkg_kg_compact(w->kg, UINT64_MAX, &c, &err));
            assert_int_equal(c.sources, 1);
            same_dump(w->kg, alone, "A after B was cleared away");
            assert_int_equal(mkg_kg_as_of(w->kg, 2, &err), MKG_NOTFOUND);
            assert_int_equal(mkg_kg_undo(w->kg, &v, &err), MKG_NOTFOUND);
        } else {
            assert_int_equal(mkg_kg_undo(w->kg, &v, &err), MKG_OK);
            same_dump(w->kg, both, "A and B after the undo");
        }
        mkg__free(alone);
        mkg__free(both);
        import_teardown(&fresh);
    }
}

enum { STEPS = 24 };

/* One random change; false if there was nothing to change. */
static bool change(import_world *w, unsigned stamp)
{
    static const char *const names[] = {"a.tsv", "b.tsv", "c.tsv"};
    mkg_version v;
    mkg_id ids[16];
    size_t n = sources(w->kg, ids, 16);
    switch (below(5)) {
    case 0:
        if (n == 0) return false;
        assert_int_equal(mkg_kg_remove(w->kg, ids[below((uint32_t)n)], &v, &err),
                         MKG_OK);
        return true;
    case 1: {
        mkg_status st = mkg_kg_undo(w->kg, &v, &err);
        assert_true(st == MKG_OK || st == MKG_NOTFOUND);
        return st == MKG_OK;
    }
    default:
        import_random(w, names[below(3)], stamp, below(4) == 0);
        return true;
    }
}

static void test_every_version_stays(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 12; round++) {
        void *fresh = NULL;
        char *dumps[STEPS + 1] = {NULL};
        uint64_t n = 0, horizon = 1;
        import_setup(&fresh);
        import_world *w = fresh;
        seed = round * 104729;
        for (unsigned step = 0; step < STEPS; step++) {
            if (!change(w, step)) continue;
            assert_int_equal(mkg_kg_version(w->kg), ++n);
            dumps[n] = dump(w->kg);
            if (below(8) == 0) { /* what went until now is cleared away */
                mkg_compacted c;
                assert_mkg_ok(mkg_kg_compact(w->kg, UINT64_MAX, &c, &err));
                if (c.sources) horizon = n;
                same_dump(w->kg, dumps[n], "after compaction");
            }
        }
        for (uint64_t v = horizon; v <= n; v++) {
            assert_mkg_ok(mkg_kg_as_of(w->kg, v, &err));
            assert_int_equal(mkg_kg_version(w->kg), v);
            same_dump(w->kg, dumps[v], "an earlier version");
        }
        assert_int_equal(mkg_kg_as_of(w->kg, n + 1, &err), MKG_NOTFOUND);
        for (uint64_t v = 1; v <= n; v++)
            mkg__free(dumps[v]);
        import_teardown(&fresh);
    }
}

static void test_undo_goes_back_step_by_step(void **state)
{
    import_world *w = *state;
    mkg_version v;
    char *dumps[4];
    for (unsigned i = 0; i < 3; i++) {
        dumps[i] = dump(w->kg);
        import_random(w, i == 2 ? "a.tsv" : i ? "b.tsv" : "a.tsv", i, false);
    }
    for (unsigned i = 3; i > 0; i--) {
        assert_int_equal(mkg_kg_undo(w->kg, &v, &err), MKG_OK);
        assert_int_equal(v.undone, i);
        same_dump(w->kg, dumps[i - 1], "after an undo");
    }
    assert_int_equal(mkg_kg_undo(w->kg, &v, &err), MKG_NOTFOUND);
    for (unsigned i = 0; i < 3; i++)
        mkg__free(dumps[i]);
}

static int collect(void *ctx, mkg_kg *kg, mkg_difference what, const mkg_fact *f,
                   const mkg_attribution *before, const mkg_attribution *after)
{
    mkg__buf *b = ctx;
    (void)before;
    (void)after;
    mkg__buf_byte(b, (unsigned char)"+-~"[what]);
    put_name(kg, f->object ? f->object : f->subject, b);
    mkg__buf_byte(b, ' ');
    return 0;
}

/* The same differences before the import, of it, and after it. */
static void test_diff(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_diff_counts n;
    mkg__buf seen = {0};
    static const char
        old[] = "a\tsymptom\tx\na\tsymptom\ty\na\tsymptom\tz\n",
        new[] = "a\tsymptom\tz\na\tsymptom\ty\tdisease\tsymptom\t2\na\tsymptom\tu\n"
                "a\tpresenting\tu\n";
    mkg_import_opts o = {.format = "triples"};
    assert_mkg_ok(import_bytes(w, "a.tsv", old, sizeof old - 1, o, &r, &err));
    o.compare = r.source;
    o.on_difference = collect;
    o.difference_ctx = &seen;
    char before[33], after[33];
    mkg_kg_hash(w->kg, before);
    assert_mkg_ok(import_bytes(w, "a.tsv", new, sizeof new - 1, o, &r, &err));
    mkg_kg_hash(w->kg, after);
    assert_string_equal(before, after);
    assert_int_equal(mkg_kg_version(w->kg), 1);
    assert_string_equal(mkg__buf_cstr(&seen),
                        "-symptom/x ~symptom/y +symptom/u +symptom/u ");
    assert_int_equal(r.diff.added, 2);
    assert_int_equal(r.diff.same, 1);
    o = (mkg_import_opts){.format = "triples"};
    assert_mkg_ok(import_bytes(w, "a.tsv", new, sizeof new - 1, o, &r, &err));
    assert_int_equal(r.replaced, 1);
    assert_int_equal(r.diff.added, 2);
    assert_int_equal(r.diff.removed, 1);
    assert_int_equal(r.diff.changed, 1);
    seen.len = 0;
    assert_mkg_ok(mkg_kg_diff(w->kg, 1, 2, NULL, NULL, &n, &err));
    assert_memory_equal(&n, &r.diff, sizeof n);
    mkg__buf_clear(&seen);
}

/* A store where every n-th allocation fails: a clean status, and nothing changed. */
static void test_no_memory(void **state)
{
    import_world *w = *state;
    mkg_version v;
    mkg_compacted c;
    mkg_status st = MKG_ENOMEM;
    seed = 5;
    import_random(w, "a.tsv", 1, false);
    import_random(w, "b.tsv", 2, false);
    char *was = dump(w->kg);
    for (int what = 0; what < 3; what++) {
        for (long n = 1; n < 3000; n++) {
            mkg__alloc_fail_after(n);
            st = what == 0   ? mkg_kg_remove(w->kg, 2, &v, &err)
                 : what == 1 ? mkg_kg_undo(w->kg, &v, &err)
                             : mkg_kg_compact(w->kg, UINT64_MAX, &c, &err);
            mkg__alloc_fail_after(0);
            assert_mkg_ok(mkg_kg_renew(w->kg, &err));
            if (st == MKG_OK) break;
            assert_int_equal(st, MKG_ENOMEM);
            if (what == 0) same_dump(w->kg, was, "after a failed removal");
        }
        assert_int_equal(st, MKG_OK);
        if (what == 1) {
            same_dump(w->kg, was, "after the undo");
            assert_int_equal(mkg_kg_remove(w->kg, 2, &v, &err), MKG_OK);
        }
    }
    mkg__free(was);
}

/* How long what went is kept, as the store is set to. */
static void test_keep(void **state)
{
    import_world *w = *state;
    mkg_version v;
    mkg_compacted c;
    uint64_t days;
    seed = 6;
    import_random(w, "a.tsv", 1, false);
    import_random(w, "b.tsv", 2, false);
    char *was = dump(w->kg);
    assert_mkg_ok(mkg_kg_keep(w->kg, &days, &err));
    assert_true(days == MKG_KEEP_UNSET);
    assert_mkg_ok(mkg_kg_remove(w->kg, 2, &v, &err));
    assert_mkg_ok(mkg_kg_tidy(w->kg, &c, &err));
    assert_int_equal(c.sources, 0); /* nobody has said so */

    assert_int_equal(mkg_kg_set_keep(w->kg, MKG_KEEP_MAX + 1, &err), MKG_EARG);
    assert_mkg_ok(mkg_kg_set_keep(w->kg, 7, &err));
    assert_mkg_ok(mkg_kg_keep(w->kg, &days, &err));
    assert_int_equal(days, 7);
    assert_mkg_ok(mkg_kg_tidy(w->kg, &c, &err));
    assert_int_equal(c.sources, 0); /* it went today */
    assert_mkg_ok(mkg_kg_undo(w->kg, &v, &err));
    same_dump(w->kg, was, "after the undo");

    assert_mkg_ok(mkg_kg_set_keep(w->kg, 0, &err));
    assert_mkg_ok(mkg_kg_remove(w->kg, 2, &v, &err));
    mkg__free(was);
    was = dump(w->kg);
    assert_mkg_ok(mkg_kg_tidy(w->kg, &c, &err));
    assert_int_equal(c.sources, 1);
    same_dump(w->kg, was, "after the compaction");
    assert_int_equal(mkg_kg_undo(w->kg, &v, &err), MKG_NOTFOUND);
    assert_mkg_ok(mkg_kg_set_keep(w->kg, MKG_KEEP_UNSET, &err));
    assert_mkg_ok(mkg_kg_keep(w->kg, &days, &err));
    assert_true(days == MKG_KEEP_UNSET);
    mkg__free(was);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_remove_is_exact),
                                       cmocka_unit_test(test_every_version_stays),
                                       T(test_undo_goes_back_step_by_step),
                                       T(test_diff),
                                       T(test_no_memory),
                                       T(test_keep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
