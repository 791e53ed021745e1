/* Damage in data.mdb is found, and never served; and nothing sound is called damaged.
 */
#include "testing.h"

#include "base/hash.h"
#include "base/io.h"
#include "base/rng.h"
#include "kg/pages_internal.h"
#include "kg/store_internal.h"
#include "kg/tree_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGE = 4096, FACTS = 800 };

static mkg_err err;

typedef struct world {
    char *folder, *db, *data, *sums;
    mkg__buf sound, sound_sums; /* both files, undamaged */
    uint64_t answers;           /* to everything that dump() asks */
} world;

/* ---- a store with every kind of page ---- */

static mkg_status add_fact(mkg_writer *w, const mkg_relation *r, mkg_id a, mkg_id b,
                           mkg_view text, size_t line, mkg_err *e)
{
    mkg_fact_in f = {.subject = a, .relation = r, .object = b, .line = line};
    f.grade = f.population = f.locator = V("");
    f.literal = text;
    return mkg_writer_fact(w, &f, e);
}

/* Half of the facts are about one symptom: the values of its key are a tree. Two texts
 * are longer than a page. */
static mkg_status import_some(const char *db, int number, size_t facts, mkg_err *e)
{
    mkg_kg *kg;
    mkg_writer *w = NULL;
    mkg_writer_counts c;
    const mkg_relation *r, *says;
    static char text[3 * PAGE];
    char name[64], sha[64];
    mkg_id a, b;
    mkg_source_info info = {.file = "some.tsv", .format = "triples"};
    mkg_status st = mkg_kg_open_write(db, &kg, e);
    if (st < 0) return st;
    memset(text, 'x', sizeof text);
    st = mkg_writer_new(kg, &info, &w, e);
    if (st >= 0) st = mkg_writer_relation(w, V("symptom"), &r, e);
    if (st >= 0) st = mkg_writer_relation(w, V("says"), &says, e);
    for (size_t i = 0; i < facts && st >= 0; i++) {
        snprintf(name, sizeof name, "disease %d %zu", number, i);
        st = mkg_writer_node(w, V("disease"), V(name), 0, &a, e);
        snprintf(name, sizeof name, "symptom %zu", i % 2 ? i % 97 : 0);
        if (st >= 0) st = mkg_writer_node(w, V("symptom"), V(name), 0, &b, e);
        if (st >= 0) st = add_fact(w, r, a, b, V(""), i + 1, e);
        if (st >= 0 && (i == 10 || i == 500))
            st = add_fact(w, says, a, 0, mkg__view(text, sizeof text - i), i, e);
    }
    snprintf(sha, sizeof sha, "%d", number);
    if (st >= 0) st = mkg_writer_commit(w, sha, 1, 0, NULL, NULL, &c, e);
    mkg_writer_free(w);
    mkg_kg_close(kg);
    return st;
}

static void mix(uint64_t *sum, const void *p, size_t n)
{
    *sum = mkg__hash64(p, n, *sum);
}

static mkg_status dump_node(mkg_kg *kg, const mkg_node *node, uint64_t *sum)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    mkg_ids ids = {0};
    mkg_edges edges = {0};
    size_t degree = 0;

    mix(sum, node->record.ptr, node->record.len);
    for (size_t pos = 0; st >= 0 && mkg_node_next(node, &pos, &e);)
        if (e.kind == MKG_ENTRY_NAME) st = mkg_kg_find_name(kg, e.text, &ids, &err);
    if (st >= 0) st = mkg_kg_edges(kg, node->id, 0, false, 0, &edges, &err);
    if (st >= 0) st = mkg_kg_edges(kg, node->id, 0, true, 0, &edges, &err);
    if (st >= 0) st = mkg_kg_degree(kg, node->id, 0, true, &degree, &err);
    mix(sum, ids.ids, ids.n * sizeof *ids.ids);
    for (size_t i = 0; i < edges.n; i++)
        mix(sum, &edges.edges[i].fact, sizeof edges.edges[i].fact);
    mix(sum, &degree, sizeof degree);
    mkg_ids_clear(&ids);
    mkg_edges_clear(&edges);
    return st;
}

static bool each_name(void *ctx, mkg_view name, mkg_id id)
{
    mix(ctx, name.ptr, name.len);
    mix(ctx, &id, sizeof id);
    return true;
}

/* All that can be asked, and what is not there, too. The first failure ends it. */
static mkg_status dump_open(mkg_kg *kg, uint64_t *sum)
{
    mkg_status st;
    mkg_stats s;
    mkg_node node;
    mkg_fact f;
    mkg_source source;
    mkg_ids ids = {0};
    mkg_id id;

    *sum = 0;
    if ((st = mkg_kg_stats(kg, &s, &err)) < 0) return st;
    mix(sum, &s.facts, sizeof s.facts);
    mix(sum, &s.names, sizeof s.names);
    mkg_stats_clear(&s);
    for (id = 0; (st = mkg_kg_next_node(kg, &id, &node, &err)) == MKG_OK;)
        if ((st = dump_node(kg, &node, sum)) < 0) return st;
    for (id = 0; st >= 0 && (st = mkg_kg_next_fact(kg, &id, &f, &err)) == MKG_OK;) {
        mix(sum, &f.subject, sizeof f.subject);
        mix(sum, f.literal.ptr, f.literal.len);
        mix(sum, f.record.ptr, f.record.len);
    }
    for (id = 0;
         st >= 0 && (st = mkg_kg_next_source(kg, &id, &source, &err)) == MKG_OK;)
        mix(sum, source.sha256, sizeof source.sha256);
    if (st >= 0) st = mkg_kg_each_name(kg, V(""), each_name, sum, &err);
    for (size_t i = 0; i < 50 && st >= 0; i++) {
        char name[64];
        snprintf(name, sizeof name, "disease 0 %zu and more", i * 20);
        st = mkg_kg_find_name(kg, V(name), &ids, &err);
        mix(sum, &st, sizeof st);
    }
    mkg_ids_clear(&ids);
    return st < 0 ? st : MKG_OK;
}

static mkg_status dump(const char *db, uint64_t *sum)
{
    mkg_kg *kg;
    mkg_status st = mkg_kg_open(db, &kg, &err);
    if (st == MKG_NOTFOUND) return MKG_ESTORE;
    if (st == MKG_OK) st = dump_open(kg, sum);
    if (st == MKG_OK || kg) mkg_kg_close(kg);
    return st;
}

/* Is every answer what it was, and are the pages verified? */
static void check_sound(world *w, uint64_t answers, bool verified)
{
    uint64_t sum;
    mkg__pages *p;
    assert_mkg_ok(dump(w->db, &sum));
    assert_true(sum == answers);
    assert_int_equal(mkg__pages_open(w->db, MKG_NEWEST, 0, &p, &err), MKG_OK);
    assert_int_equal(mkg__pages_verified(p), verified);
    mkg__pages_close(p);
}

/* ---- files ---- */

static void put_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void poke(const char *path, size_t at, unsigned char flip)
{
    unsigned char c;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
    c ^= flip;
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
    close(fd);
}

static void get_files(world *w)
{
    mkg__buf_clear(&w->sound);
    mkg__buf_clear(&w->sound_sums);
    assert_mkg_ok(mkg__file_read(w->data, 64 << 20, &w->sound, &err));
    assert_mkg_ok(mkg__file_read(w->sums, 64 << 20, &w->sound_sums, &err));
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    w->data = in_folder(w->db, "data.mdb");
    w->sums = in_folder(w->db, "pages.sum");
    assert_mkg_ok(import_some(w->db, 0, FACTS, &err));
    assert_mkg_ok(dump(w->db, &w->answers));
    get_files(w);
    check_sound(w, w->answers, true);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg__buf_clear(&w->sound);
    mkg__buf_clear(&w->sound_sums);
    remove_folder(w->folder);
    free(w->db);
    free(w->data);
    free(w->sums);
    free(w);
    return 0;
}

/* ---- damage ---- */

/* The right answer or none; true if none. */
static bool found_or_harmless(world *w)
{
    uint64_t sum = 0;
    mkg_status st = dump(w->db, &sum);
    if (st == MKG_OK && sum != w->answers) fail_msg("a wrong answer");
    assert_true(st == MKG_OK || st == MKG_ESTORE);
    if (st == MKG_ESTORE) assert_non_null(strstr(err.msg, "damaged"));
    return st == MKG_ESTORE;
}

static void test_every_page(void **state)
{
    world *w = *state;
    mkg__rng rng = mkg__rng_new(3, 0, 0);
    mkg__pages *p;
    size_t pages = w->sound.len / PAGE, big = 0, leaf2 = 0, branch = 0;
    unsigned char *used = calloc(pages / 8 + 1, 1);

    assert_int_equal(mkg__pages_open(w->db, MKG_NEWEST, 0, &p, &err), MKG_OK);
    assert_mkg_ok(mkg__tree_walk(p, used, &err));
    mkg__pages_close(p);
    for (size_t i = 0; i < pages; i++) {
        unsigned flags = (unsigned char)w->sound.ptr[i * PAGE + 10];
        bool in_use = used[i / 8] >> (i % 8) & 1;
        big += in_use && flags & 4;
        leaf2 += in_use && flags & 32;
        branch += in_use && flags & 1;
        size_t at = i * PAGE + mkg__rng_below(&rng, PAGE);
        unsigned char flip = (unsigned char)(1 + mkg__rng_below(&rng, 255));
        poke(w->data, at, flip);
        bool found = found_or_harmless(w);
        /* What nobody asks for is the list of free pages, and the leaves of
         * `source_fact`. */
        if (found && !in_use) fail_msg("page %zu is not used, yet damaged", i);
        if (found) { /* and the sentence says which */
            char where[64];
            snprintf(where, sizeof where, "page %zu of data.mdb", i);
            assert_non_null(strstr(err.msg, where));
        }
        if (in_use && i % 4 == 0) /* a writer looks at all of them */
            assert_int_equal(import_some(w->db, 1, 1, &err), MKG_ESTORE);
        poke(w->data, at, flip);
    }
    assert_true(big > 0 && leaf2 > 0 && branch > 0);
    check_sound(w, w->answers, true);
    free(used);
}

static void test_cut_off(void **state)
{
    world *w = *state;
    for (size_t n = w->sound.len; n-- > 0; n -= n > 30000 ? 29989 : n % 4096) {
        assert_int_equal(truncate(w->data, (off_t)n), 0);
        uint64_t sum;
        mkg_kg *kg;
        assert_int_equal(dump(w->db, &sum), MKG_ESTORE);
        assert_int_equal(mkg_kg_open_write(w->db, &kg, &err), MKG_ESTORE);
        if (n == 0) break;
    }
}

static void test_changed_places(void **state)
{
    world *w = *state;
    mkg__rng rng = mkg__rng_new(5, 0, 0);
    size_t pages = w->sound.len / PAGE, found = 0;
    char *copy = malloc(w->sound.len);
    for (int i = 0; i < 60; i++) {
        size_t a = i == 0 ? 0 : mkg__rng_below(&rng, (uint32_t)pages);
        size_t b = i == 0 ? 1 : mkg__rng_below(&rng, (uint32_t)pages);
        memcpy(copy, w->sound.ptr, w->sound.len);
        memcpy(copy + a * PAGE, w->sound.ptr + b * PAGE, PAGE);
        memcpy(copy + b * PAGE, w->sound.ptr + a * PAGE, PAGE);
        put_file(w->data, copy, w->sound.len);
        bool damaged = found_or_harmless(w);
        if (i == 0) assert_true(damaged);
        found += damaged;
    }
    assert_true(found > 20);
    free(copy);
}

/* The page where both snapshots begin: no bit of it may choose the older one. */
static void test_meta_bits(void **state)
{
    world *w = *state;
    for (size_t page = 0; page < 2; page++)
        for (size_t i = 0; i < 152 * 8; i += i >= 144 * 8 ? 1 : 23) {
            poke(w->data, page * PAGE + i / 8, (unsigned char)(1u << i % 8));
            assert_true(found_or_harmless(w));
            poke(w->data, page * PAGE + i / 8, (unsigned char)(1u << i % 8));
        }
    check_sound(w, w->answers, true);
}

/* Without pages.sum nothing is promised but that nothing breaks. */
static void test_unverified_is_safe(void **state)
{
    world *w = *state;
    mkg__rng rng = mkg__rng_new(7, 0, 0);
    uint64_t sum;
    size_t pages = w->sound.len / PAGE;
    assert_int_equal(unlink(w->sums), 0);
    for (int i = 0; i < 150; i++) {
        size_t page = 2 + mkg__rng_below(&rng, (uint32_t)pages - 2);
        size_t at = page * PAGE + mkg__rng_below(&rng, i % 2 ? 64 : PAGE);
        unsigned char flip = (unsigned char)(1 + mkg__rng_below(&rng, 255));
        poke(w->data, at, flip);
        (void)dump(w->db, &sum);
        poke(w->data, at, flip);
    }
    assert_int_equal(truncate(w->data, (off_t)w->sound.len / 2), 0);
    assert_int_equal(dump(w->db, &sum), MKG_ESTORE);
}

/* A page that goes bad while a writer is at work does not get a fresh sum. */
static void test_bad_while_writing(void **state)
{
    world *w = *state;
    mkg__store *s;
    mkg__txn *t;
    bool created;
    size_t pages = w->sound.len / PAGE, at = 0;
    for (size_t i = 2; i < pages; i++) /* an overflow page: a text, read by dump() */
        if (w->sound.ptr[i * PAGE + 10] & 4) at = i * PAGE + 99;
    assert_int_not_equal(at, 0);
    assert_mkg_ok(mkg__store_open(w->db, true, &s, &created, &err));
    assert_mkg_ok(mkg__txn_begin(s, true, &t, &err));
    poke(w->data, at, 1);
    assert_mkg_ok(mkg__db_put(t, MKG_DB_META, V("some"), V("thing"), &err));
    assert_mkg_ok(mkg__txn_commit(t, &err));
    mkg__store_close(s);
    assert_true(found_or_harmless(w));
    poke(w->data, at, 1);
    check_sound(w, w->answers, true);
}

/* ---- pages.sum itself ---- */

static void test_missing_sums(void **state)
{
    world *w = *state;
    uint64_t more;
    assert_int_equal(unlink(w->sums), 0);
    check_sound(w, w->answers, false);
    assert_mkg_ok(import_some(w->db, 1, 10, &err));
    assert_mkg_ok(dump(w->db, &more));
    check_sound(w, more, true);
}

static void test_damaged_sums(void **state)
{
    world *w = *state;
    mkg__rng rng = mkg__rng_new(9, 0, 0);
    for (int i = 0; i < 200; i++) {
        size_t at =
            i < 64 ? (size_t)i : mkg__rng_below(&rng, (uint32_t)w->sound_sums.len);
        if (at > MKG_SUMS_STATE && at < MKG_SUMS_HEADER) continue; /* not used */
        poke(w->sums, at, 0x10);
        assert_true(found_or_harmless(w));
        assert_non_null(strstr(err.msg, "pages.sum"));
        poke(w->sums, at, 0x10);
    }
    for (size_t n = 0; n < w->sound_sums.len; n += 1111) {
        put_file(w->sums, w->sound_sums.ptr, n);
        assert_true(found_or_harmless(w));
    }
}

/* The file of one store beside the sums of another. */
static void test_other_data(void **state)
{
    world *w = *state;
    char *other = in_folder(w->folder, "other"), *data = in_folder(other, "data.mdb");
    mkg__buf b = {0};
    assert_mkg_ok(import_some(other, 7, FACTS + 50, &err));
    assert_mkg_ok(mkg__file_read(data, 64 << 20, &b, &err));
    put_file(w->data, b.ptr, b.len);
    assert_true(found_or_harmless(w));
    mkg__buf_clear(&b);
    free(other);
    free(data);
}

static void test_empty_data(void **state)
{
    world *w = *state;
    mkg_kg *kg;
    uint64_t more;
    assert_int_equal(truncate(w->data, 0), 0);
    assert_int_equal(mkg_kg_open(w->db, &kg, &err), MKG_ESTORE);
    assert_int_equal(mkg_kg_open_write(w->db, &kg, &err), MKG_ESTORE);
    /* As a writer leaves it that was killed at the very start. */
    assert_int_equal(unlink(w->sums), 0);
    assert_mkg_ok(import_some(w->db, 0, FACTS, &err));
    assert_mkg_ok(dump(w->db, &more));
    assert_true(more == w->answers);
}

/* ---- killed writers ---- */

/* Killed before its commit: pages.sum says dirty, and is right. */
static void test_killed_before_commit(void **state)
{
    world *w = *state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        mkg__store *s;
        mkg__txn *t;
        bool created;
        if (mkg__store_open(w->db, true, &s, &created, NULL) < 0) _exit(1);
        if (mkg__txn_begin(s, true, &t, NULL) < 0) _exit(2);
        if (mkg__db_put(t, MKG_DB_META, V("some"), V("thing"), NULL) < 0) _exit(3);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    get_files(w);
    assert_int_equal(w->sound_sums.ptr[MKG_SUMS_STATE], MKG_SUMS_DIRTY);
    check_sound(w, w->answers, true);
    poke(w->data, w->sound.len - 77, 1);
    (void)found_or_harmless(w);
    poke(w->data, w->sound.len - 77, 1);
    assert_mkg_ok(import_some(w->db, 1, 10, &err));
    assert_mkg_ok(dump(w->db, &w->answers));
    check_sound(w, w->answers, true);
}

/* Killed between the commit and pages.sum, several times. */
static void test_killed_after_commit(void **state)
{
    world *w = *state;
    for (int i = 1; i <= 3; i++) {
        mkg__store *s;
        mkg__txn *t;
        bool created;
        mkg__buf dirty = {0};
        char value[16];
        assert_mkg_ok(mkg__store_open(w->db, true, &s, &created, &err));
        assert_mkg_ok(mkg__txn_begin(s, true, &t, &err));
        assert_mkg_ok(mkg__file_read(w->sums, 64 << 20, &dirty, &err));
        snprintf(value, sizeof value, "%d", i);
        assert_mkg_ok(mkg__db_put(t, MKG_DB_META, V("some"), V(value), &err));
        assert_mkg_ok(mkg__txn_commit(t, &err));
        mkg__store_close(s);
        put_file(w->sums, dirty.ptr, dirty.len); /* what the killed one leaves */
        mkg__buf_clear(&dirty);
        check_sound(w, w->answers, false);
    }
    assert_mkg_ok(import_some(w->db, 1, 10, &err));
    assert_mkg_ok(dump(w->db, &w->answers));
    check_sound(w, w->answers, true);
}

/* Killed anywhere: the store is sound, and a writer makes it verified again. */
static void test_killed_anywhere(void **state)
{
    world *w = *state;
    uint64_t sum;
    for (int i = 1; i <= 10; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (int k = 0; k < 50; k++)
                import_some(w->db, i * 100 + k, 5, NULL);
            _exit(0);
        }
        struct timespec wait = {0, (long)i * 9973000 % 50000000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_mkg_ok(dump(w->db, &sum));
    }
    assert_mkg_ok(import_some(w->db, 99, 10, &err));
    assert_mkg_ok(dump(w->db, &sum));
    check_sound(w, sum, true);
}

/* ---- readers while a writer is at work ---- */

static int dump_in_child(world *w)
{
    int status;
    uint64_t sum;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(dump(w->db, &sum) != MKG_OK ? 1 : sum == w->answers ? 0 : 2);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_open_while_writing(void **state)
{
    world *w = *state;
    mkg__store *s;
    mkg__txn *t;
    bool created;
    char key[32];
    assert_mkg_ok(mkg__store_open(w->db, true, &s, &created, &err));
    assert_mkg_ok(mkg__txn_begin(s, true, &t, &err));
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "some %d", i);
        assert_mkg_ok(mkg__db_put(t, MKG_DB_META, V(key), V(key), &err));
    }
    assert_int_equal(dump_in_child(w), 0);
    mkg__txn_abort(t);
    assert_int_equal(dump_in_child(w), 0);
    mkg__store_close(s);
    check_sound(w, w->answers, true);
}

/* Many readers, each opening and reading all, beside a writer that commits and commits:
 * no false alarm. */
static void test_readers_beside_writer(void **state)
{
    world *w = *state;
    int status;
    uint64_t sum;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int k = 1; k <= 12; k++)
            if (import_some(w->db, k, 20, NULL) < 0) _exit(1);
        _exit(0);
    }
    do
        assert_mkg_ok(dump(w->db, &sum));
    while (waitpid(child, &status, WNOHANG) == 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_mkg_ok(dump(w->db, &sum));
    check_sound(w, sum, true);
}

/* What a reader holds stays as it was, and verified, through many commits. */
static void test_old_snapshot(void **state)
{
    world *w = *state;
    mkg_kg *kg;
    uint64_t sum;
    int status;
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int k = 1; k <= 5; k++)
            if (import_some(w->db, k, 100, NULL) < 0) _exit(1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_mkg_ok(dump_open(kg, &sum));
    assert_true(sum == w->answers);
    assert_mkg_ok(mkg_kg_renew(kg, &err));
    assert_mkg_ok(dump_open(kg, &sum));
    assert_true(sum != w->answers);
    mkg_kg_close(kg);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_every_page),
                                       T(test_cut_off),
                                       T(test_changed_places),
                                       T(test_meta_bits),
                                       T(test_unverified_is_safe),
                                       T(test_bad_while_writing),
                                       T(test_missing_sums),
                                       T(test_damaged_sums),
                                       T(test_other_data),
                                       T(test_empty_data),
                                       T(test_killed_before_commit),
                                       T(test_killed_after_commit),
                                       T(test_killed_anywhere),
                                       T(test_open_while_writing),
                                       T(test_readers_beside_writer),
                                       T(test_old_snapshot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
