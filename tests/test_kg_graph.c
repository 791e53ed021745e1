/* Views of a store: against the facts themselves, and the file that they come from when
 * it is missing, old, damaged, or cannot be written. */
#include "testing.h"

#include "base/io.h"
#include "base/rng.h"
#include "kg/algorithms.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>

static mkg_err err;

enum { NODES = 40 };
static const char *const types[] = {"disease", "symptom", "drug"};
static const char *const relations[] = {"symptom", "complication", "treats"};

typedef struct world {
    char *folder, *db, *file;
    mkg_kg *kg;
    mkg_id node[NODES];
} world;

/* Add `facts` facts at random: some parallel, some loops, some denied, some texts. */
static void add(world *w, uint64_t seed, size_t facts, bool weighted)
{
    mkg_writer *writer;
    mkg_writer_counts c;
    mkg_source_info info = {.file = "random.tsv", .format = "triples"};
    mkg__rng r = mkg__rng_new(seed, facts, 0);
    char text[64];
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &writer, &err));
    for (size_t i = 0; i < NODES; i++) {
        snprintf(text, sizeof text, "node %zu", i);
        assert_mkg_ok(
            mkg_writer_node(writer, V(types[i % 3]), V(text), 0, &w->node[i], &err));
    }
    for (size_t i = 0; i < facts; i++) {
        const mkg_relation *relation;
        const char *name = relations[mkg__rng_below(&r, 3)];
        bool is_text = mkg__rng_below(&r, 10) == 0;
        if (is_text) name = "prevention";
        assert_mkg_ok(mkg_writer_relation(writer, V(name), &relation, &err));
        /* The last eight nodes stay alone. */
        mkg_fact_in f = {.subject = w->node[mkg__rng_below(&r, NODES - 8)],
                         .relation = relation,
                         .line = i + 1,
                         .denied = mkg__rng_below(&r, 10) == 0};
        f.literal = f.grade = f.population = f.locator = V("");
        if (is_text)
            f.literal = V("wash your hands");
        else
            f.object = w->node[mkg__rng_below(&r, NODES - 8)];
        if (weighted) f.weight = 0.5f + mkg__rng_float(&r);
        assert_mkg_ok(mkg_writer_fact(writer, &f, &err));
    }
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    assert_mkg_ok(mkg_writer_commit(writer, text, 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(writer);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    w->file = in_folder(w->db, "view.csr");
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

static mkg_graph *view(world *w, const mkg_graph_opts *o)
{
    mkg_graph *g;
    assert_mkg_ok(mkg_graph_new(w->kg, o, &g, &err));
    return g;
}

static bool wanted_type(world *w, const mkg_graph_opts *o, mkg_id id)
{
    mkg_node n;
    mkg_status st = mkg_kg_node(w->kg, id, &n, &err);
    bool yes = !o->types;
    if (st != MKG_OK) return false;
    for (size_t i = 0; i < o->ntypes; i++)
        yes |= mkg__view_eq(o->types[i], n.type);
    return yes;
}

static bool wanted_fact(world *w, const mkg_graph_opts *o, const mkg_fact *f)
{
    bool yes = !o->relations;
    for (size_t i = 0; i < o->nrelations; i++)
        yes |= o->relations[i] == f->relation;
    return yes && !f->denied && f->object && f->subject != f->object &&
           wanted_type(w, o, f->subject) && wanted_type(w, o, f->object);
}

/* The view against a table of all pairs that is filled from the facts. */
static void check_view(world *w, const mkg_graph_opts *o)
{
    static double weight[NODES + 1][NODES + 1];
    bool edge[NODES + 1] = {false};
    mkg_graph *g = view(w, o);
    mkg_fact f;
    size_t rows = 0, entries = 0;

    memset(weight, 0, sizeof weight);
    for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;) {
        if (!wanted_fact(w, o, &f)) continue;
        edge[f.subject] = edge[f.object] = true;
        weight[f.subject][f.object] += (double)f.weight;
        if (!o->directed) weight[f.object][f.subject] += (double)f.weight;
    }
    for (mkg_id id = 1; id <= NODES; id++) {
        bool here = edge[id] || (o->keep_isolated && wanted_type(w, o, id));
        size_t row = mkg_graph_row(g, id), k;
        assert_int_equal(row, here ? rows : SIZE_MAX);
        if (!here) continue;
        rows++;
        k = (size_t)g->start[row];
        for (mkg_id other = 1; other <= NODES; other++) {
            if (weight[id][other] <= 0) continue;
            assert_true(k < g->start[row + 1]);
            assert_int_equal(g->node[g->to[k]], other);
            double have = g->weight ? (double)g->weight[k] : weight[id][other];
            assert_true(fabs(have - weight[id][other]) < 1e-5);
            k++;
            entries++;
        }
        assert_int_equal(k, g->start[row + 1]);
    }
    assert_int_equal(g->n, rows);
    assert_int_equal(g->m, entries);
    assert_int_equal(g->version, mkg_kg_version(w->kg));
    mkg_graph_free(g);
}

static void check_all_views(world *w)
{
    const mkg_view some[] = {V("disease"), V("drug"), V("no such type")};
    const mkg_id some_relations[] = {
        mkg_kg_find_relation(w->kg, V("symptom"))->id,
        mkg_kg_find_relation(w->kg, V("treats"))->id,
    };
    for (int kind = 0; kind < 16; kind++) {
        mkg_graph_opts o = {.directed = kind & 1, .keep_isolated = (kind & 2) != 0};
        if (kind & 4) {
            o.types = some;
            o.ntypes = 3;
        }
        if (kind & 8) {
            o.relations = some_relations;
            o.nrelations = 2;
        }
        check_view(w, &o);
    }
}

static void test_views(void **state)
{
    world *w = *state;
    check_all_views(w); /* of nothing */
    assert_int_equal(access(w->file, F_OK), -1);
    add(w, 1, 60, false);
    check_all_views(w);
    add(w, 2, 400, true);
    check_all_views(w);
}

static void test_arcs(void **state)
{
    world *w = *state;
    mkg_arc arc[64];
    mkg_fact f;
    size_t facts = 0, found = 0;
    add(w, 3, 500, true);
    mkg_graph_opts o = {.directed = false};
    mkg_graph *g = view(w, &o);
    for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;)
        facts += wanted_fact(w, &o, &f);
    for (size_t u = 0; u < g->n; u++)
        for (size_t v = 0; v < g->n; v++) {
            size_t n = mkg_graph_arcs(g, u, v, arc, 64);
            assert_int_equal(n > 0, mkg_graph_has(g, (uint32_t)u, (uint32_t)v));
            assert_true(n <= 64);
            assert_int_equal(mkg_graph_arcs(g, u, v, NULL, 0), n);
            found += n;
            for (size_t i = 0; i < n; i++) {
                assert_mkg_ok(mkg_kg_fact(w->kg, arc[i].fact, &f, &err));
                assert_true(i == 0 || arc[i - 1].fact < arc[i].fact);
                assert_int_equal(f.relation, arc[i].relation);
                assert_true(memcmp(&f.weight, &arc[i].weight, sizeof f.weight) == 0);
                assert_int_equal(f.subject, g->node[arc[i].inverse ? v : u]);
                assert_int_equal(f.object, g->node[arc[i].inverse ? u : v]);
            }
        }
    assert_int_equal(found, 2 * facts);
    mkg_graph_free(g);
}

static ino_t inode(world *w)
{
    struct stat sb;
    return stat(w->file, &sb) == 0 ? sb.st_ino : 0;
}

/* The file is made once a version. (A new file could have the old one's inode number,
 * so the old one is kept by another name.) */
static void test_made_once(void **state)
{
    world *w = *state;
    mkg_graph_opts o = {.keep_isolated = true};
    char *kept = in_folder(w->folder, "kept");
    add(w, 4, 100, false);
    mkg_graph_free(view(w, &o));
    ino_t first = inode(w);
    assert_true(first != 0);
    assert_int_equal(link(w->file, kept), 0);
    mkg_graph *g = view(w, &o);
    assert_int_equal(inode(w), first);
    add(w, 5, 100, false);
    check_view(w, &o); /* the file is of the version before */
    assert_true(inode(w) != first);
    /* What was mapped stays what it was, also when the handle is closed. */
    mkg_kg_close(w->kg);
    w->kg = NULL;
    uint64_t sum = 0;
    for (size_t k = 0; k < g->m; k++)
        sum += g->to[k];
    assert_true(sum > 0 && g->start[g->n] == g->m);
    mkg_graph_free(g);
    /* A file of another store with as many commits is not ours. */
    assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
    char *other = in_folder(w->folder, "other");
    world v = {.folder = w->folder, .db = other, .file = in_folder(other, "view.csr")};
    assert_mkg_ok(mkg_kg_open_write(other, &v.kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(v.kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    add(&v, 6, 100, false);
    add(&v, 7, 100, false);
    assert_int_equal(mkg_kg_version(v.kg), mkg_kg_version(w->kg));
    assert_int_equal(unlink(kept), 0);
    assert_int_equal(rename(w->file, v.file), 0);
    check_all_views(&v);
    mkg_kg_close(v.kg);
    free(v.file);
    free(other);
    free(kept);
}

static void put_bytes(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void test_damage(void **state)
{
    world *w = *state;
    mkg__buf good = {0}, now = {0};
    mkg_graph_opts o = {.keep_isolated = true};
    add(w, 8, 120, true);
    check_view(w, &o);
    assert_mkg_ok(mkg__file_read(w->file, 1 << 20, &good, &err));
    assert_true(good.len > 128);
    for (size_t i = 0; i < good.len; i += i < 128 ? 1 : 37) {
        good.ptr[i] ^= 0x10;
        put_bytes(w->file, good.ptr, good.len);
        good.ptr[i] ^= 0x10;
        check_view(w, &o);
        now.len = 0;
        assert_mkg_ok(mkg__file_read(w->file, 1 << 20, &now, &err));
        assert_int_equal(now.len, good.len);
        assert_memory_equal(now.ptr, good.ptr, good.len);
    }
    for (size_t n = 0; n < good.len; n += 97) {
        put_bytes(w->file, good.ptr, n);
        check_view(w, &o);
    }
    assert_int_equal(unlink(w->file), 0);
    assert_int_equal(mkdir(w->file, 0777), 0); /* cannot be replaced either */
    check_all_views(w);
    assert_int_equal(rmdir(w->file), 0);
    mkg__buf_clear(&good);
    mkg__buf_clear(&now);
}

/* Checksums can be forged: whatever else is in the file, nothing leads out of it. */
static void test_forged(void **state)
{
    world *w = *state;
    enum { HEADER = 128, ROUNDS = 600 };
    mkg__buf good = {0};
    mkg__rng r = mkg__rng_new(12, 0, 0);
    const mkg_view some[] = {V("disease"), V("drug")};
    mkg_graph_opts whole = {.keep_isolated = true}, part = {.types = some, .ntypes = 2};
    mkg_graph_opts directed = {.directed = true};
    const mkg_graph_opts *const opts[] = {&whole, &part, &directed};
    add(w, 12, 120, true);
    mkg_graph_free(view(w, &whole));
    assert_mkg_ok(mkg__file_read(w->file, 1 << 20, &good, &err));
    for (size_t round = 0; round < ROUNDS; round++) {
        char *p = malloc(good.len);
        uint32_t part_rows[NODES];
        size_t n;
        assert_non_null(p);
        memcpy(p, good.ptr, good.len);
        for (size_t i = 0; i <= round % 4; i++) {
            /* Behind the key: counts and offsets, then the sections. */
            size_t at =
                56 + mkg__rng_below(&r, round % 2 ? 56 : (uint32_t)good.len - 56);
            p[at] = (char)mkg__rng_u64(&r);
        }
        uint64_t hash = mkg__hash64(p + HEADER, good.len - HEADER, 0);
        memcpy(p + HEADER - 16, &hash, sizeof hash);
        hash = mkg__hash64(p, HEADER - 8, 0);
        memcpy(p + HEADER - 8, &hash, sizeof hash);
        put_bytes(w->file, p, good.len);
        free(p);
        mkg_graph *g = view(w, opts[round % 3]);
        assert_true(g->n <= NODES);
        for (size_t u = 0; u < g->n; u++)
            for (size_t v = 0; v < g->n; v++) {
                mkg_arc arc;
                mkg_graph_arcs(g, u, v, &arc, 1);
            }
        mkg_paths paths;
        mkg_near *near;
        uint32_t seed = 0;
        if (g->n > 1 && mkg_graph_paths(g, 0, 1, 5, 6, &paths, &err) >= 0)
            mkg_paths_clear(&paths);
        if (g->n && mkg_graph_near(g, &seed, NULL, 1, 0.85, 1e-4, &near, &n, &err) >= 0)
            mkg_near_free(near);
        assert_mkg_ok(mkg_graph_components(g, part_rows, &n, &err));
        mkg_graph_free(g);
    }
    mkg__buf_clear(&good);
}

static void test_nowhere_to_write(void **state)
{
    world *w = *state;
    add(w, 9, 100, false);
    if (geteuid() == 0) {
        /* No mode keeps root out; a folder in the way of the file does. */
        assert_int_equal(mkdir(w->file, 0777), 0);
        char *inside = new_text(w->file, "x", "x");
        check_all_views(w);
        assert_int_equal(unlink(inside), 0);
        free(inside);
        assert_int_equal(rmdir(w->file), 0);
    } else {
        assert_int_equal(chmod(w->db, 0555), 0);
        check_all_views(w);
        assert_int_equal(access(w->file, F_OK), -1);
        assert_int_equal(chmod(w->db, 0755), 0);
    }
}

static void test_no_memory(void **state)
{
    world *w = *state;
    mkg_graph_opts o = {.directed = true};
    mkg_status st = MKG_ENOMEM;
    mkg_graph *g;
    add(w, 10, 50, true);
    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg_graph_new(w->kg, &o, &g, &err);
        mkg__alloc_fail_after(0);
        unlink(w->file);
        if (st < 0) assert_null(g);
    }
    assert_int_equal(st, MKG_OK);
    mkg_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_views, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arcs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nowhere_to_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
