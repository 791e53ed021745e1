/* One writer, many readers, each a process of its own. */
#include "testing_store.h"

#include "kg/backup.h"
#include "kg/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

enum { IMPORTS = 5, FACTS = 150, READERS = 100 };

static mkg_err err;

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- readers see whole commits ---- */

typedef struct state {
    uint64_t nodes, facts;
    char hash[33];
} state;

/* What a reader may see at each version; version 0 is the time before the store. */
static state states[IMPORTS + 1];

static mkg_status state_of(mkg_kg *kg, state *out, mkg_err *e)
{
    mkg_fact f;
    mkg_node n;
    mkg_id id = 0;
    mkg_status st;
    memset(out, 0, sizeof *out);
    mkg_kg_hash(kg, out->hash);
    while ((st = mkg_kg_next_fact(kg, &id, &f, e)) == MKG_OK)
        out->facts++;
    for (id = 0; st == MKG_END && (st = mkg_kg_next_node(kg, &id, &n, e)) == MKG_OK;
         st = MKG_END)
        out->nodes++;
    return st < 0 ? st : MKG_OK;
}

static void learn_states(const char *db)
{
    mkg_kg *kg;
    for (int i = 1; i <= IMPORTS; i++) {
        import_apart(db, i, FACTS);
        assert_mkg_ok(mkg_kg_open(db, &kg, &err));
        assert_int_equal(mkg_kg_version(kg), i);
        assert_mkg_ok(state_of(kg, &states[i], &err));
        assert_int_equal(states[i].facts, i * FACTS);
        mkg_kg_close(kg);
    }
}

/* Look again and again, until the last version has come. Exit code of the child. */
static int read_until_end(const char *db)
{
    mkg_kg *kg = NULL;
    mkg_err e;
    uint64_t last = 0;
    for (int round = 0; round < 5000; round++, pause_ms(20)) {
        state s;
        mkg_status st = kg ? mkg_kg_renew(kg, &e) : mkg_kg_open(db, &kg, &e);
        if (st == MKG_NOTFOUND) continue;
        if (st < 0) {
            fprintf(stderr, "reader: %s\n", e.msg);
            return 2;
        }
        uint64_t v = mkg_kg_version(kg);
        if (v < last || v > IMPORTS) return 3;
        if (v == 0) continue; /* the store is made, and has no source yet */
        if (state_of(kg, &s, &e) < 0) return 4;
        if (s.facts != states[v].facts || s.nodes != states[v].nodes) return 5;
        if (strcmp(s.hash, states[v].hash) != 0) return 6;
        last = v;
        if (round % 3 == 0) { /* some open anew, some renew */
            mkg_kg_close(kg);
            kg = NULL;
        }
        if (last == IMPORTS) break;
    }
    mkg_kg_close(kg);
    return last == IMPORTS ? 0 : 7;
}

static void test_readers(void **world)
{
    store_world *w = *world;
    pid_t readers[READERS];
    char *first = in_folder(w->folder, "first");
    learn_states(first);
    free(first);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = start_child();
        if (readers[i] == 0) _exit(read_until_end(w->db));
    }
    for (int i = 1; i <= IMPORTS; i++) {
        import_apart(w->db, i, FACTS);
        pause_ms(20);
    }
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(end_child(readers[i]), 0);
    assert_sound(w->db);
}

/* ---- who reads ---- */

/* A child that opens the store, says so, and stays until it is killed. */
static pid_t start_reader(const char *db)
{
    int ends[2];
    char c;
    assert_int_equal(pipe(ends), 0);
    pid_t child = start_child();
    if (child == 0) {
        mkg_kg *kg;
        if (mkg_kg_open(db, &kg, NULL) != MKG_OK) _exit(1);
        if (write(ends[1], "x", 1) != 1) _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &c, 1), 1);
    close(ends[0]);
    return child;
}

static void kill_reader(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static mkg_readers readers_of(const char *db)
{
    mkg_kg *kg;
    mkg_readers r;
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    assert_mkg_ok(mkg_kg_readers(kg, &r, &err));
    mkg_kg_close(kg);
    return r;
}

/* Does `medkg stats` print a line that begins so? */
static bool stats_say(const char *db, const char *beginning)
{
    char line[4096];
    bool found = false;
    snprintf(line, sizeof line, "'%s' -d '%s' stats", MEDKG_PROGRAM, db);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        found |= strncmp(line, beginning, strlen(beginning)) == 0;
    assert_int_equal(pclose(f), 0);
    return found;
}

/* A reader that was killed leaves its mark in the table; who opens next clears it. */
static void test_stale_readers(void **world)
{
    store_world *w = *world;
    import_apart(w->db, 1, 10);
    pid_t old = start_reader(w->db);
    import_apart(w->db, 2, 10);
    pid_t young = start_reader(w->db);
    mkg_readers r = readers_of(w->db);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.process, old);
    assert_int_equal(r.lag, 1);
    char line[128];
    snprintf(line, sizeof line,
             "process %ld goes on reading the store as it was 1 commit", (long)old);
    assert_true(stats_say(w->db, line));
    kill_reader(old);
    assert_false(stats_say(w->db, "process"));
    r = readers_of(w->db);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.process, young);
    assert_int_equal(r.lag, 0);
    kill_reader(young);
    r = readers_of(w->db);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.process, 0);
    /* More than the table has room for, one after the other. */
    for (int i = 0; i < 20; i++)
        kill_reader(start_reader(w->db));
    assert_int_equal(readers_of(w->db).n, 0);
}

/* ---- how the file grows ---- */

/* Write every fact anew, as it is: what a change of everything costs. */
static int rewrite(const char *db)
{
    mkg__store *store;
    mkg__txn *t;
    bool created;
    if (mkg__store_open(db, true, &store, &created, NULL) != MKG_OK) return 1;
    if (mkg__txn_begin(store, true, &t, NULL) != MKG_OK) return 2;
    for (uint32_t id = 1; id <= 10 * FACTS; id++) {
        unsigned char key[4];
        mkg_view k = {(char *)key, 4}, v;
        mkg__be32(key, id);
        if (mkg__db_get(t, MKG_DB_FACT, k, &v, NULL) != MKG_OK) return 3;
        char *copy = mkg__viewdup(v);
        if (!copy || mkg__db_put(t, MKG_DB_FACT, k, mkg__view(copy, v.len), NULL) < 0)
            return 4;
        mkg__free(copy);
    }
    if (mkg__txn_commit(t, NULL) != MKG_OK) return 5;
    mkg__store_close(store);
    return 0;
}

static void rewrite_apart(const char *db)
{
    pid_t child = start_child();
    if (child == 0) _exit(rewrite(db));
    assert_int_equal(end_child(child), 0);
}

static uint64_t bytes_of(mkg_kg *kg)
{
    mkg_stats s;
    assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
    uint64_t bytes = s.bytes;
    mkg_stats_clear(&s);
    return bytes;
}

/* A reader that renews lets go of what it saw: the space is used again. */
static void test_growth(void **world)
{
    store_world *w = *world;
    mkg_kg *kg;
    import_apart(w->db, 1, 10 * FACTS);
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    uint64_t first = bytes_of(kg), renewed, held;
    for (int i = 0; i < 10; i++) {
        rewrite_apart(w->db);
        assert_mkg_ok(mkg_kg_renew(kg, &err));
    }
    renewed = bytes_of(kg);
    assert_true(renewed < 3 * first);
    /* One that does not renew keeps the pages of its state, and those alone: LMDB uses
     * no page again that is younger than its oldest reader. */
    for (int i = 0; i < 10; i++)
        rewrite_apart(w->db);
    pid_t child = start_child(); /* it is us who lag */
    if (child == 0) {
        mkg_kg *other;
        mkg_readers r;
        if (mkg_kg_open(w->db, &other, NULL) < 0) _exit(1);
        if (mkg_kg_readers(other, &r, NULL) < 0) _exit(2);
        _exit(r.n == 1 && r.process == (long)getppid() && r.lag == 10 ? 0 : 3);
    }
    assert_int_equal(end_child(child), 0);
    assert_mkg_ok(mkg_kg_renew(kg, &err));
    held = bytes_of(kg);
    assert_true(held > renewed);
    /* And when it lets go, the file is long enough for what comes. */
    for (int i = 0; i < 10; i++) {
        rewrite_apart(w->db);
        assert_mkg_ok(mkg_kg_renew(kg, &err));
    }
    assert_true(bytes_of(kg) <= held + first);
    mkg_kg_close(kg);
    assert_sound(w->db);
}

/* ---- the second writer ---- */

/* Start `medkg import a.tsv`, its stderr into a file. */
static pid_t start_import(const store_world *w, const char *option)
{
    char *file = in_folder(w->folder, "a.tsv"), *log = in_folder(w->folder, "log");
    pid_t child = start_child();
    if (child == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666), null;
        null = open("/dev/null", O_WRONLY);
        if (dup2(fd, 2) < 0 || dup2(null, 1) < 0) _exit(98);
        execl(MEDKG_PROGRAM, "medkg", "-d", w->db, "import", file, "--format",
              "triples", option, (char *)NULL);
        _exit(99);
    }
    free(file);
    free(log);
    return child;
}

/* Wait until the program has said something. */
static void await_text(const store_world *w, const char *text)
{
    char *log = in_folder(w->folder, "log");
    for (int i = 0; i < 2000; i++, pause_ms(10)) {
        char buf[4096] = "";
        FILE *f = fopen(log, "r");
        size_t n = f ? fread(buf, 1, sizeof buf - 1, f) : 0;
        if (f) fclose(f);
        buf[n] = '\0';
        if (strstr(buf, text)) {
            free(log);
            return;
        }
    }
    fail_msg("%s does not say '%s'", log, text);
}

static void test_second_writer(void **world)
{
    store_world *w = *world;
    mkg_kg *kg;
    char pid[64];
    free(new_text(w->folder, "a.tsv", "流感\tsymptom\t发热\n"));
    snprintf(pid, sizeof pid, "is being written by process %ld", (long)getpid());
    import_apart(w->db, 1, 10);

    assert_mkg_ok(mkg_kg_open_write(w->db, &kg, &err));
    pid_t child = start_import(w, "--no-wait");
    assert_int_equal(end_child(child), 4);
    await_text(w, pid);

    child = start_import(w, NULL); /* one that is told to stop */
    await_text(w, pid);
    await_text(w, "waiting");
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(end_child(child), 4);
    await_text(w, "stopped");

    child = start_import(w, NULL); /* and one that has its turn */
    await_text(w, "waiting");
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    mkg_kg_close(kg);
    assert_int_equal(end_child(child), 0);

    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    assert_int_equal(mkg_kg_version(kg), 2);
    mkg_kg_close(kg);
    assert_sound(w->db);
}

/* Writers that wait all have their turn, whatever the first of them does: here it takes
 * away the store that it made. */
static void test_writers_queue(void **world)
{
    store_world *w = *world;
    mkg_kg *kg;
    pid_t children[4];
    free(new_text(w->folder, "a.tsv", "流感\tsymptom\t发热\n"));
    assert_mkg_ok(mkg_kg_open_write(w->db, &kg, &err));
    for (size_t i = 0; i < 4; i++)
        children[i] = start_import(w, NULL);
    pause_ms(300);
    mkg_kg_close(kg); /* without a commit: nothing is left of it */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(end_child(children[i]), 0);
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    assert_int_equal(mkg_kg_version(kg), 1); /* the others found it imported */
    mkg_kg_close(kg);
    assert_sound(w->db);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {T(test_readers), T(test_stale_readers),
                                       T(test_growth), T(test_second_writer),
                                       T(test_writers_queue)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
