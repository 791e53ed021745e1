/* The index of names: what it finds against what a plain search over all names finds,
 * and what becomes of files that are damaged, old or cannot be written. */
#include "testing.h"

#include "base/rng.h"
#include "base/text.h"
#include "retrieve/name_index_internal.h"
#include "retrieve/phrases_internal.h"
#include "retrieve/retrieve.h"

#include <sys/stat.h>

static mkg_err err;

enum { NAMES = 300, LONGEST = 8 };

typedef struct world {
    char *folder, *db, *file;
    mkg_kg *kg;
    char names[NAMES][64];
} world;

/* Names of few letters, so that many begin alike. */
static void make_name(mkg__rng *r, char *out)
{
    static const char *const letters[] = {"肺", "炎", "高", "血", "压", "a", "b", " b"};
    size_t n = 1 + mkg__rng_below(r, LONGEST);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        strcat(out, letters[mkg__rng_below(r, 8)]);
}

static void import(world *w, const char *source, uint64_t seed)
{
    mkg_writer *wr;
    mkg_writer_counts c;
    mkg_source_info info = {.name = source, .file = "names.tsv"};
    mkg__rng r = mkg__rng_new(seed, 0, 0);

    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    for (size_t i = 0; i < NAMES; i++) {
        mkg_id id;
        make_name(&r, w->names[i]);
        assert_mkg_ok(mkg_writer_node(wr, V("t"), V(w->names[i]), 0, &id, &err));
    }
    assert_mkg_ok(mkg_writer_commit(wr, source, 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(wr);
    mkg_kg_close(w->kg);
    assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    w->file = in_folder(w->db, "names.idx");
    import(w, "first", 1);
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

static mkg__names *index_of(world *w)
{
    mkg__names *x;
    assert_mkg_ok(mkg__names_get(w->kg, &x, &err));
    assert_non_null(x);
    return x;
}

static bool is_form_of(const world *w, mkg_view form)
{
    mkg__buf b = {0};
    bool found = false;
    for (size_t i = 0; i < NAMES && !found; i++) {
        b.len = 0;
        assert_mkg_ok(mkg__name_form(V(w->names[i]), &b, &err));
        found = mkg__view_eq(mkg__view(b.ptr, b.len), form);
    }
    mkg__buf_clear(&b);
    return found;
}

/* Every prefix that is a name is found, and nothing else. */
static void test_prefixes(void **state)
{
    world *w = *state;
    mkg__names *x = index_of(w);
    mkg__name_match m[64];
    mkg__rng r = mkg__rng_new(2, 0, 0);

    for (size_t turn = 0; turn < 500; turn++) {
        char text[160], more[64];
        mkg__buf form = {0};
        make_name(&r, text);
        make_name(&r, more);
        strcat(text, more);
        assert_mkg_ok(mkg__name_form(V(text), &form, &err));
        size_t n = mkg__names_prefixes(x, form.ptr, form.len, m, 64), k = 0;
        for (size_t len = 1; len <= form.len; len++) {
            mkg_view v = {form.ptr, len};
            size_t bad;
            if (!mkg__utf8_valid(v.ptr, v.len, &bad) || !is_form_of(w, v)) continue;
            assert_true(k < n && m[k].len == len);
            assert_true(mkg__view_eq(mkg__names_text(x, m[k].surface), v));
            assert_int_equal(mkg__names_find(x, v.ptr, v.len), m[k].surface);
            k++;
        }
        assert_int_equal(k, n);
        mkg__buf_clear(&form);
    }
    assert_false(mkg__names_damaged(x));
}

/* The first of the names like a text has no lower cosine than any name. */
static void test_similar(void **state)
{
    world *w = *state;
    mkg__names *x = index_of(w);
    mkg__weighted q;
    mkg__overlap o;
    uint32_t like[10];
    size_t n;

    for (size_t turn = 0; turn < 60; turn++) {
        float best = 0;
        mkg_view text = mkg__names_text(x, (uint32_t)(turn * 3 % mkg__names_count(x)));
        mkg__names_weigh(x, text, &q);
        assert_mkg_ok(mkg__names_similar(x, &q, 5, like, &n, &err));
        assert_true(n > 0);
        for (uint32_t s = 0; s < mkg__names_count(x); s++) {
            mkg__names_overlap(x, &q, s, &o);
            if (o.cosine[0] + o.cosine[1] > best) best = o.cosine[0] + o.cosine[1];
            assert_true(o.cosine[0] < 1.001f && o.of_name[1] < 1.001f);
        }
        mkg__names_overlap(x, &q, like[0], &o);
        assert_true(o.cosine[0] + o.cosine[1] > best - 1e-4f);
    }
}

static void slurp(const char *path, mkg__buf *out)
{
    out->len = 0;
    FILE *f = fopen(path, "rb");
    char tmp[4096];
    size_t n;
    assert_non_null(f);
    while ((n = fread(tmp, 1, sizeof tmp, f)) > 0)
        mkg__buf_put(out, tmp, n);
    fclose(f);
}

static void spill(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void key_of(world *w, mkg__names_key *key)
{
    mkg__buf b = {0};
    slurp(w->file, &b);
    memcpy(key, b.ptr + 16, sizeof *key); /* behind magic, endian mark and flags */
    mkg__buf_clear(&b);
}

/* Whatever byte is changed: the file is refused, or what is read from it is right, or
 * it is known to be damaged. */
static void test_damage(void **state)
{
    world *w = *state;
    mkg__names *good = index_of(w);
    mkg__buf whole = {0};
    mkg__names_key key;
    size_t refused = 0, noticed = 0;

    key_of(w, &key);
    slurp(w->file, &whole);
    char *path = in_folder(w->folder, "damaged");
    for (size_t at = 0; at < whole.len; at += 1 + at / 40) {
        whole.ptr[at] ^= 0x10;
        spill(path, whole.ptr, whole.len);
        whole.ptr[at] ^= 0x10;
        mkg__names *x = mkg__names_map(path, &key);
        if (!x) {
            refused++;
            continue;
        }
        for (uint32_t s = 0; s < mkg__names_count(good); s++) {
            mkg_view v = mkg__names_text(good, s), u = mkg__names_text(x, s);
            mkg__name_match a[32], b[32];
            mkg__weighted q;
            uint32_t like[8];
            size_t n = mkg__names_prefixes(x, v.ptr, v.len, b, 32), m;
            mkg__names_weigh(x, v, &q);
            assert_mkg_ok(mkg__names_similar(x, &q, 4, like, &m, &err));
            if (mkg__names_damaged(x)) break;
            assert_true(mkg__view_eq(u, v));
            assert_int_equal(n, mkg__names_prefixes(good, v.ptr, v.len, a, 32));
            assert_int_equal(memcmp(a, b, n * sizeof *a), 0);
        }
        noticed += mkg__names_damaged(x);
        mkg__names_free(x);
    }
    assert_true(refused > 10 && noticed > 10);
    for (size_t n = 0; n < whole.len; n += 1 + n / 7) { /* cut off */
        spill(path, whole.ptr, n);
        assert_null(mkg__names_map(path, &key));
    }
    free(path);
    mkg__buf_clear(&whole);
}

/* A damaged file is made anew, and the question is answered. */
static void test_made_anew(void **state)
{
    world *w = *state;
    mkg__buf before = {0}, after = {0};
    mkg_found found[3];
    size_t n;

    index_of(w);
    slurp(w->file, &before);
    mkg_kg_close(w->kg);
    mkg__buf_put(&after, before.ptr, before.len);
    memset(after.ptr + 152, 0x55, after.len / 2); /* behind the header */
    spill(w->file, after.ptr, after.len);
    assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_search(w->kg, w->names[0], 3, found, &n, &err));
    assert_true(n > 0);
    assert_string_equal(found[0].how, "exact");
    slurp(w->file, &after);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.ptr, before.ptr, before.len);
    mkg__buf_clear(&before);
    mkg__buf_clear(&after);
}

/* A new source, and phrases of one's own, make another index. */
static void test_follows_the_graph(void **state)
{
    world *w = *state;
    mkg_found found[3];
    size_t n, before = mkg__names_count(index_of(w));
    char old[64], table[256];

    strcpy(old, w->names[0]);
    mkg_kg_close(w->kg);
    import(w, "second", 9);
    assert_true(mkg__names_count(index_of(w)) > before);
    assert_mkg_ok(mkg_search(w->kg, w->names[5], 3, found, &n, &err));
    assert_string_equal(found[0].how, "exact");
    before = mkg__names_count(index_of(w));
    mkg_kg_close(w->kg);
    snprintf(table, sizeof table, "%s\t说不清的毛病;难受\n", old);
    free(new_text(w->db, MKG_PAIRS_FILE, table));
    assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
    assert_int_equal(mkg__names_count(index_of(w)), before + 2);
    assert_mkg_ok(mkg_search(w->kg, "说不清的毛病", 1, found, &n, &err));
    assert_string_equal(found[0].how, "colloquial");
}

static void test_cannot_write(void **state)
{
    world *w = *state;
    mkg_found found[1];
    size_t n;
    if (geteuid() == 0) { /* whom nothing is forbidden: a folder is in the way */
        assert_int_equal(mkdir(w->file, 0777), 0);
    } else {
        assert_int_equal(chmod(w->db, 0555), 0);
    }
    assert_mkg_ok(mkg_search(w->kg, w->names[7], 1, found, &n, &err));
    assert_string_equal(found[0].how, "exact");
    if (geteuid() == 0)
        rmdir(w->file);
    else
        chmod(w->db, 0777);
}

static void test_no_memory(void **state)
{
    world *w = *state;
    mkg_found found[3];
    size_t n;
    mkg_status st = MKG_ENOMEM;

    for (long i = 1; st == MKG_ENOMEM; i += 1 + i / 20) {
        unlink(w->file);
        mkg_kg_close(w->kg);
        assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
        mkg__alloc_fail_after(i);
        st = mkg_search(w->kg, w->names[3], 3, found, &n, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_ENOMEM || st == MKG_OK);
    }
    assert_string_equal(found[0].how, "exact");
}

static void test_empty(void **state)
{
    world *w = *state;
    mkg_kg *kg;
    mkg_found found[1];
    size_t n;
    char *db = in_folder(w->folder, "empty");
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_int_equal(mkg_search(kg, "感冒", 1, found, &n, &err), MKG_NOTFOUND);
    mkg_kg_close(kg);
    free(db);
}

static void test_grams(void **state)
{
    mkg__grams g;
    (void)state;
    mkg__grams_of(V("肺炎"), &g);
    assert_int_equal(g.n, 3); /* two characters, one pair */
    mkg__grams_of(V("flu"), &g);
    assert_int_equal(g.n, 3); /* ^fl flu lu$ */
    mkg__grams_of(V(""), &g);
    assert_int_equal(g.n, 0);
    mkg__grams_of(V("肺,炎"), &g);
    assert_int_equal(g.n, 2); /* no pair across a comma */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prefixes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_similar, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_follows_the_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test(test_grams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
