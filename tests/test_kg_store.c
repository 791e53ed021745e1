/* The store under bad circumstances: killed writers, locks, other schemas, no rights, a
 * full disk. */
#include "testing_store.h"

#include "kg/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static mkg_err err;

/* Of imports: 0 is the default, 1 sends all facts through temporary files. */
static size_t memory;

static mkg_status import_many(const char *db, int number, size_t facts, mkg_err *e)
{
    return store_import_in(db, number, facts, memory, e);
}

/* Does every fact read, and do the indexes agree with it? */
static void check_whole(const char *db, uint64_t *facts, uint64_t *version)
{
    mkg_kg *kg;
    mkg_fact f;
    mkg_id id = 0;
    size_t n = 0, degrees = 0, d;
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    while (mkg_kg_next_fact(kg, &id, &f, &err) == MKG_OK) {
        mkg_edges e = {0};
        bool found = false;
        assert_mkg_ok(mkg_kg_edges(kg, f.object, f.relation, true, 0, &e, &err));
        for (size_t i = 0; i < e.n; i++)
            found |= e.edges[i].fact == id && e.edges[i].other == f.subject;
        assert_true(found);
        mkg_edges_clear(&e);
        n++;
        if (n > 300) break; /* the counters below speak for the rest */
    }
    mkg_stats s;
    assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
    mkg_node node;
    for (id = 0; mkg_kg_next_node(kg, &id, &node, &err) == MKG_OK;) {
        assert_mkg_ok(mkg_kg_degree(kg, id, 0, false, &d, &err));
        degrees += d;
    }
    assert_int_equal(degrees, s.facts);
    *facts = s.facts;
    *version = mkg_kg_version(kg);
    mkg_stats_clear(&s);
    mkg_kg_close(kg);
}

/* Nothing lies in the store's folder but the store. */
static void check_no_others(const store_world *w)
{
    static const char *const files[] = {"data.mdb", "pages.sum", "lock.mdb",
                                        "writer.lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *file = in_folder(w->db, files[i]);
        assert_int_equal(unlink(file), 0);
        free(file);
    }
    assert_int_equal(rmdir(w->db), 0);
}

/* A writer killed at any moment leaves the old state or the new one. */
static void test_kill(void **state)
{
    store_world *w = *state;
    uint64_t facts, version, done = 1;
    assert_mkg_ok(import_many(w->db, 0, 2000, &err));
    for (int i = 1; i <= 12; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) _exit(import_many(w->db, i, 3000, NULL) < 0);
        struct timespec wait = {0, (long)i * 2500000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        check_whole(w->db, &facts, &version);
        assert_int_equal(facts, 2000 + (version - 1) * 3000);
        assert_true(version == done || version == done + 1);
        done = version;
    }
    assert_mkg_ok(import_many(w->db, 99, 3000, &err)); /* no lock was left behind */
}

static void test_kill_spilling(void **state)
{
    memory = 1;
    test_kill(state);
    memory = 0;
    check_no_others(*state);
}

static void test_one_writer(void **state)
{
    store_world *w = *state;
    mkg_kg *one, *two;
    assert_mkg_ok(mkg_kg_open_write(w->db, &one, &err));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        mkg_err e;
        char pid[32];
        snprintf(pid, sizeof pid, "%ld", (long)getppid());
        _exit(mkg_kg_open_write(w->db, &two, &e) == MKG_EBUSY && strstr(e.msg, pid)
                  ? 0
                  : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    mkg_kg_close(one);
}

/* A store that was made for nothing is taken away again. */
static void test_empty_store_vanishes(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    assert_mkg_ok(mkg_kg_open_write(w->db, &kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    mkg_kg_close(kg);
    assert_int_not_equal(access(w->db, F_OK), 0);
    assert_int_equal(mkg_kg_open(w->db, &kg, &err), MKG_NOTFOUND);
    assert_non_null(strstr(err.msg, w->db));
}

/* A writer was killed between making the file and writing anything: the next one goes
 * on from there, a reader finds no store. */
static void test_killed_while_making(void **state)
{
    store_world *w = *state;
    mkg__store *store;
    bool created;
    mkg_kg *kg;
    uint64_t facts, version;
    assert_mkg_ok(mkg__store_open(w->db, true, &store, &created, &err));
    assert_true(created);
    mkg__store_close(store); /* no schema was stamped */
    assert_int_equal(mkg_kg_open(w->db, &kg, &err), MKG_NOTFOUND);
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    check_whole(w->db, &facts, &version);
    assert_int_equal(version, 1);
}

static void test_other_schemas(void **state)
{
    store_world *w = *state;
    mkg__store *store;
    mkg__txn *t;
    bool created;
    mkg_kg *kg;
    unsigned char value[8];
    static const struct {
        uint64_t schema;
        const char *says;
    } others[] = {{MKG_SCHEMA + 1, "use a newer medkg"},
                  {MKG_SCHEMA - 1, "import its sources into a new one"}};
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    for (size_t i = 0; i < 2; i++) {
        assert_mkg_ok(mkg__store_open(w->db, true, &store, &created, &err));
        assert_mkg_ok(mkg__txn_begin(store, true, &t, &err));
        mkg__be64(value, others[i].schema);
        assert_mkg_ok(mkg__db_put(t, MKG_DB_META, V("schema"),
                                  mkg__view((char *)value, sizeof value), &err));
        assert_mkg_ok(mkg__txn_commit(t, &err));
        mkg__store_close(store);
        assert_int_equal(mkg_kg_open(w->db, &kg, &err), MKG_ESTORE);
        assert_non_null(strstr(err.msg, others[i].says));
        assert_int_equal(mkg_kg_open_write(w->db, &kg, &err), MKG_ESTORE);
    }
}

/* What killed processes left behind goes with the next writer; what is being written
 * by one that lives does not. */
static void test_left_behind(void **state)
{
    store_world *w = *state;
    static const char *const gone[] = {"spill-x7Hq2a", "pages.sum.tmp.%ld",
                                       "view.csr.tmp.%ld"};
    char name[64];
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    pid_t dead = start_child();
    if (dead == 0) _exit(0);
    assert_int_equal(end_child(dead), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, gone[i], (long)dead);
        free(new_text(w->db, name, "half"));
    }
    snprintf(name, sizeof name, "view.csr.tmp.%ld", (long)getppid());
    char *living = new_text(w->db, name, "half"), *own = new_text(w->db, "notes", "n");
    assert_mkg_ok(import_many(w->db, 1, 10, &err));
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, gone[i], (long)dead);
        char *file = in_folder(w->db, name);
        assert_int_not_equal(access(file, F_OK), 0);
        free(file);
    }
    assert_int_equal(unlink(living), 0);
    assert_int_equal(unlink(own), 0);
    free(living);
    free(own);
}

static void test_not_a_store(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    char junk[8192];
    mkdir(w->db, 0777);
    memset(junk, 'j', sizeof junk);
    free(new_file(w->db, "data.mdb", junk, sizeof junk));
    assert_int_equal(mkg_kg_open(w->db, &kg, &err), MKG_ESTORE);
    assert_int_equal(mkg_kg_open_write(w->db, &kg, &err), MKG_ESTORE);
    struct stat sb; /* and it was left alone */
    char *file = in_folder(w->db, "data.mdb");
    assert_int_equal(stat(file, &sb), 0);
    assert_int_equal(sb.st_size, sizeof junk);
    free(file);
    char *plain = new_text(w->folder, "plain", "text");
    assert_true(mkg_kg_open_write(plain, &kg, &err) < 0);
    assert_true(mkg_kg_open(plain, &kg, &err) != MKG_OK);
    free(plain);
}

/* Run `fn` as a user without rights; root has them all. */
static int as_nobody(int (*fn)(const char *), const char *db)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(77);
        _exit(fn(db));
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int read_and_write(const char *db)
{
    mkg_kg *kg;
    mkg_err e;
    mkg_stats s;
    if (mkg_kg_open(db, &kg, &e) != MKG_OK) return 1;
    if (mkg_kg_stats(kg, &s, &e) != MKG_OK || s.facts != 10) return 2;
    mkg_stats_clear(&s);
    mkg_kg_close(kg);
    if (mkg_kg_open_write(db, &kg, &e) != MKG_EIO) return 3;
    return strstr(e.msg, "ermission") ? 0 : 4;
}

static void test_read_only(void **state)
{
    store_world *w = *state;
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    assert_int_equal(chmod(w->folder, 0755), 0);
    const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    for (size_t i = 0; i < 3; i++) {
        char *file = in_folder(w->db, files[i]);
        assert_int_equal(chmod(file, 0444), 0);
        free(file);
    }
    assert_int_equal(chmod(w->db, 0555), 0);
    int rc = as_nobody(read_and_write, w->db);
    assert_int_equal(chmod(w->db, 0755), 0);
    if (rc == 77) skip();
    assert_int_equal(rc, 0);
}

/* Writes fail with "file too large" at every size in turn, as they would on a disk that
 * is full: the import fails cleanly, the store is what it was. */
static int import_limited(const char *db, rlim_t limit)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit r = {limit, limit};
        mkg_err e = {0};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &r) != 0) _exit(9);
        mkg_status st = import_many(db, 1, 3000, &e);
        _exit(st >= 0 ? 0 : st == MKG_EIO && e.msg[0] ? 1 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_full_disk_from(store_world *w)
{
    uint64_t facts, version;
    struct stat sb;
    char *file = in_folder(w->db, "data.mdb");
    assert_int_equal(stat(file, &sb), 0);
    free(file);
    int failures = 0, rc = 1;
    for (rlim_t limit = (rlim_t)sb.st_size; rc == 1; limit += 64 << 10) {
        rc = import_limited(w->db, limit);
        assert_true(rc == 0 || rc == 1);
        check_whole(w->db, &facts, &version);
        assert_int_equal(facts, rc ? 2000 : 5000);
        failures += rc;
    }
    assert_true(failures > 2);
}

static void test_full_disk(void **state)
{
    store_world *w = *state;
    assert_mkg_ok(import_many(w->db, 0, 2000, &err));
    test_full_disk_from(w);
}

static void test_full_disk_spilling(void **state)
{
    store_world *w = *state;
    uint64_t facts, version;
    memory = 1;
    assert_mkg_ok(import_many(w->db, 0, 2000, &err));
    assert_int_equal(import_limited(w->db, 32 << 10), 1); /* no room to spill to */
    check_whole(w->db, &facts, &version);
    assert_int_equal(facts, 2000);
    test_full_disk_from(w);
    memory = 0;
    check_no_others(w);
}

static void test_room(void **state)
{
    (void)state;
    assert_int_equal(mkg__store_check_room(10, 10, &err), MKG_OK);
    assert_int_equal(mkg__store_check_room(2100000000, 1300000000, &err), MKG_EIO);
    assert_non_null(strstr(err.msg, "needs about 2.1 GB, 1.3 GB are free"));
}

/* The room is that of the disk, and of pages that a commit let go of. */
static void test_room_within(void **state)
{
    store_world *w = *state;
    mkg__store *store;
    mkg__txn *t;
    bool created;
    assert_mkg_ok(import_many(w->db, 0, 5000, &err));
    assert_mkg_ok(import_many(w->db, 1, 5000, &err));
    assert_mkg_ok(mkg__store_open(w->db, true, &store, &created, &err));
    assert_mkg_ok(mkg__txn_begin(store, false, &t, &err));
    uint64_t room = mkg__store_room(store, t);
    assert_true(room > 0 && room < UINT64_MAX);
    mkg__txn_abort(t);
    mkg__store_close(store);
}

/* A reader goes on seeing what it opened, until it renews. */
static void test_snapshot(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    mkg_stats s;
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(import_many(w->db, 1, 4000, NULL) < 0);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
    assert_int_equal(s.facts, 10);
    mkg_stats_clear(&s);
    assert_mkg_ok(mkg_kg_renew(kg, &err));
    assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
    assert_int_equal(s.facts, 4010);
    mkg_stats_clear(&s);
    mkg_kg_close(kg);
}

/* Damaged records are refused, not read. */
static void test_damaged_records(void **state)
{
    store_world *w = *state;
    mkg__store *store;
    mkg__txn *t;
    bool created;
    mkg_kg *kg;
    mkg_view old;
    unsigned char key[4];
    assert_mkg_ok(import_many(w->db, 0, 10, &err));
    assert_mkg_ok(mkg__store_open(w->db, true, &store, &created, &err));
    assert_mkg_ok(mkg__txn_begin(store, true, &t, &err));
    mkg__be32(key, 1);
    mkg_view k = {(char *)key, 4};
    assert_mkg_ok(mkg__db_get(t, MKG_DB_FACT, k, &old, &err));
    char *copy = mkg__viewdup(old);
    assert_mkg_ok(mkg__db_put(t, MKG_DB_FACT, k, mkg__view(copy, old.len - 3), &err));
    assert_mkg_ok(mkg__txn_commit(t, &err));
    mkg__store_close(store);
    mkg__free(copy);
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    mkg_fact f;
    assert_int_equal(mkg_kg_fact(kg, 1, &f, &err), MKG_ESTORE);
    assert_int_equal(mkg_kg_fact(kg, 2, &f, &err), MKG_OK);
    assert_int_equal(mkg_kg_fact(kg, 99, &f, &err), MKG_NOTFOUND);
    mkg_kg_close(kg);
}

static void test_vocabulary_errors(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    static const char head[] =
        "relation\tinverse\tkind\tsubject_type\tobject_type\tlabel_zh"
        "\tlabel_en\tsentence_zh\tsentence_en\tphrases_zh\tphrases_en\taliases\n";
    static const struct {
        const char *row, *says;
        uint64_t line;
    } bad[] = {
        {"a\tb\tnode\t\t\t\t\t\t\t\t\t\n", "inverse", 2},
        {"a\t\tthing\t\t\t\t\t\t\t\t\t\n", "kind", 2},
        {"a\t\tnode\t\t\n", "columns", 2},
        {"# c\na\t\tnode\t\t\t\t\t\t\t\t\t\na\t\tnode\t\t\t\t\t\t\t\t\t\n", "twice", 4},
        {"\t\tnode\t\t\t\t\t\t\t\t\t\n", "name", 2},
        {"a\t\tnode\t\t\t\t\t{s} has\t\t\t\t\n", "sentence", 2},
        {"a\t\tnode\t\t\t\t\t{s}{o}\t{s}{o}{o}\t\t\t\n", "sentence", 2},
        {"a\t\tnode\t\t\t\xff\t\t\t\t\t\t\n", "UTF-8", 2}};
    assert_mkg_ok(mkg_kg_open_write(w->db, &kg, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s", head, bad[i].row);
        char *file = new_text(w->folder, "r.tsv", text);
        assert_int_equal(mkg_kg_load_relations(kg, file, &err), MKG_EPARSE);
        assert_non_null(strstr(err.msg, bad[i].says));
        assert_int_equal(err.line, bad[i].line);
        free(file);
    }
    char *file = new_text(w->folder, "r.tsv", "");
    assert_int_equal(mkg_kg_load_relations(kg, file, &err), MKG_EPARSE);
    free(file);
    mkg_kg_close(kg);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {T(test_kill),
                                       T(test_one_writer),
                                       T(test_empty_store_vanishes),
                                       T(test_killed_while_making),
                                       T(test_other_schemas),
                                       T(test_left_behind),
                                       T(test_not_a_store),
                                       T(test_read_only),
                                       T(test_kill_spilling),
                                       T(test_full_disk),
                                       T(test_full_disk_spilling),
                                       T(test_room),
                                       T(test_room_within),
                                       T(test_snapshot),
                                       T(test_damaged_records),
                                       T(test_vocabulary_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
