/* backup: the copy is the store, whoever writes meanwhile; half a copy is none. */
#include "testing_store.h"

#include "base/io.h"
#include "kg/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

static mkg_err err;

static mkg_status back_up(const char *db, const char *to, mkg_progress_fn progress,
                          mkg_backup *out)
{
    mkg_kg *kg;
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    mkg_status st = mkg_kg_backup(kg, to, progress, NULL, out, &err);
    mkg_kg_close(kg);
    return st;
}

static void hash_of(const char *db, uint64_t *version, char hash[33])
{
    mkg_kg *kg;
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    *version = mkg_kg_version(kg);
    mkg_kg_hash(kg, hash);
    mkg_kg_close(kg);
}

static size_t entries(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void test_copy(void **state)
{
    store_world *w = *state;
    mkg_backup b;
    uint64_t version, copied;
    char hash[33], copy[33];
    mkg__buf bytes = {0};
    import_apart(w->db, 1, 3000);
    char *to = in_folder(w->folder, "copy"), *sets = in_folder(w->db, "vectors"),
         *slashed = in_folder(w->folder, "second//");
    assert_int_equal(mkdir(sets, 0777), 0);
    free(new_text(sets, "a.vec", "numbers"));
    free(new_text(sets, "b.vec.tmp.12", "half"));
    assert_mkg_ok(back_up(w->db, to, NULL, &b));
    hash_of(w->db, &version, hash);
    hash_of(to, &copied, copy);
    assert_int_equal(copied, version);
    assert_int_equal(b.version, version);
    assert_string_equal(copy, hash);
    assert_string_equal(b.hash, hash);
    assert_sound(to);
    char *set = in_folder(to, "vectors/a.vec"), *half = in_folder(to, "vectors");
    assert_mkg_ok(mkg__file_read(set, 100, &bytes, &err));
    assert_string_equal(bytes.ptr, "numbers");
    assert_int_equal(entries(half), 1);
    /* The copy can be written to, and leaves the first alone. */
    import_apart(to, 2, 10);
    assert_sound(to);
    hash_of(w->db, &copied, copy);
    assert_string_equal(copy, hash);
    /* Into a folder that is not empty, into one that is, and into a file. */
    assert_int_equal(back_up(w->db, to, NULL, &b), MKG_EIO);
    assert_non_null(strstr(err.msg, "not empty"));
    assert_int_equal(mkdir(slashed, 0777), 0);
    assert_mkg_ok(back_up(w->db, slashed, NULL, &b));
    assert_sound(slashed);
    assert_int_equal(back_up(w->db, set, NULL, &b), MKG_EIO);
    /* Inside the store itself: the copy has no copy of itself. */
    char *inside = in_folder(w->db, "inside");
    assert_mkg_ok(back_up(w->db, inside, NULL, &b));
    assert_sound(inside);
    assert_int_equal(entries(inside), 4); /* data, sums, lock, vectors */
    assert_int_equal(entries(w->folder), 3);
    mkg__buf_clear(&bytes);
    free(inside);
    free(slashed);
    free(sets);
    free(half);
    free(set);
    free(to);
}

static int stop(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)what;
    (void)total;
    return done > 100000;
}

static void test_cancelled(void **state)
{
    store_world *w = *state;
    mkg_backup b;
    import_apart(w->db, 1, 6000);
    char *to = in_folder(w->folder, "copy");
    assert_int_equal(back_up(w->db, to, stop, &b), MKG_ECANCEL);
    assert_int_equal(entries(w->folder), 1);
    free(to);
    to = in_folder(w->folder, "no/such/folder");
    assert_int_equal(back_up(w->db, to, NULL, &b), MKG_EIO);
    free(to);
}

/* Nothing in the folder can be opened as a store but what is told. */
static void assert_stores(const char *folder, size_t want)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    size_t n = 0;
    assert_non_null(d);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        char *path = in_folder(folder, e->d_name);
        mkg_kg *kg;
        if (mkg_kg_open(path, &kg, NULL) == MKG_OK) {
            mkg_kg_close(kg);
            n++;
        }
        free(path);
    }
    closedir(d);
    assert_int_equal(n, want);
}

static int slowly(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct timespec t = {0, 1000000};
    (void)ctx;
    (void)what;
    (void)done;
    (void)total;
    nanosleep(&t, NULL);
    return 0;
}

/* Killed at any moment: there is no copy, or a whole one. */
static void test_killed(void **state)
{
    store_world *w = *state;
    size_t whole = 0;
    import_apart(w->db, 1, 6000);
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "copy%d", i);
        char *to = in_folder(w->folder, name);
        pid_t child = start_child();
        if (child == 0) {
            mkg_backup b;
            _exit(back_up(w->db, to, slowly, &b) < 0);
        }
        struct timespec wait = {0, (long)i * 4000000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        mkg_kg *kg;
        if (mkg_kg_open(to, &kg, NULL) == MKG_OK) {
            mkg_kg_close(kg);
            assert_sound(to);
            whole++;
        }
        free(to);
    }
    assert_stores(w->folder, 1 + whole);
}

static int write_on(const char *db)
{
    mkg_err e;
    for (int i = 2; i <= 8; i++)
        if (store_import(db, i, 500, &e) < 0) return 1;
    return 0;
}

/* While another process imports, each copy is one of the versions. */
static void test_while_written(void **state)
{
    store_world *w = *state;
    int n = 0;
    uint64_t last = 0;
    import_apart(w->db, 1, 500);
    pid_t child = start_child();
    if (child == 0) _exit(write_on(w->db));
    do {
        char name[32];
        mkg_backup b;
        mkg_kg *kg;
        mkg_stats s;
        snprintf(name, sizeof name, "copy%d", n++);
        char *to = in_folder(w->folder, name);
        assert_mkg_ok(back_up(w->db, to, NULL, &b));
        assert_true(b.version >= last);
        last = b.version;
        assert_sound(to);
        assert_mkg_ok(mkg_kg_open(to, &kg, &err));
        assert_mkg_ok(mkg_kg_stats(kg, &s, &err));
        assert_int_equal(s.facts, 500 * b.version);
        mkg_stats_clear(&s);
        mkg_kg_close(kg);
        free(to);
    } while (last < 8 && n < 400);
    assert_int_equal(end_child(child), 0);
    assert_int_equal(last, 8);
}

/* A page that was damaged on the disk is not copied: there it would look sound. */
static void test_damaged(void **state)
{
    store_world *w = *state;
    mkg_backup b;
    char *to = in_folder(w->folder, "copy"), *data = in_folder(w->db, "data.mdb");
    import_apart(w->db, 1, 3000);
    size_t before = entries(w->folder), found = 0;
    struct stat sb;
    assert_int_equal(stat(data, &sb), 0);
    for (off_t page = 2; page < sb.st_size / 4096; page += 7) {
        unsigned char byte;
        int fd = open(data, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, page * 4096 + 100), 1);
        byte ^= 0x40;
        assert_int_equal(pwrite(fd, &byte, 1, page * 4096 + 100), 1);
        mkg_kg *kg;
        mkg_status st = mkg_kg_open(w->db, &kg, &err);
        if (st == MKG_OK) {
            st = mkg_kg_backup(kg, to, NULL, NULL, &b, &err);
            mkg_kg_close(kg);
        }
        if (st < 0) {
            found++;
            assert_int_equal(st, MKG_ESTORE);
            assert_int_equal(entries(w->folder), before);
        } else { /* a page that nothing uses */
            assert_sound(to);
            remove_folder(strdup(to));
        }
        byte ^= 0x40;
        assert_int_equal(pwrite(fd, &byte, 1, page * 4096 + 100), 1);
        close(fd);
    }
    assert_true(found > 5);
    free(to);
    free(data);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {T(test_copy), T(test_cancelled), T(test_killed),
                                       T(test_while_written), T(test_damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
