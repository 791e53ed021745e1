/* What bad input gets: each file of bad/ holds one kind of fault, golden/bad/ what is
 * said of it and what came across all the same. MEDKG_BLESS=1 writes the latter anew.
 */
#include "testing_import.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static mkg_err err;

static void compare(const char *name, mkg__buf *have)
{
    char path[4096];
    mkg__buf want = {0};
    snprintf(path, sizeof path, "%s/golden/bad/%s.txt", MEDKG_TESTS_DIR, name);
    const char *text = mkg__buf_cstr(have);
    if (getenv("MEDKG_BLESS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
    }
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &want, &err));
    if (strcmp(mkg__buf_cstr(&want), text) != 0)
        fail_msg("%s is\n%s\nand now it is\n%s", path, want.ptr, text);
    mkg__buf_clear(&want);
}

/* The folders are not the same everywhere. */
static void cut_folder(mkg__buf *b, const char *folder)
{
    mkg__buf_cstr(b);
    size_t n = strlen(folder);
    for (char *p; (p = strstr(b->ptr, folder)) != NULL; b->len -= n)
        memmove(p, p + n, strlen(p + n) + 1);
}

/* Import it both ways and set out what happened. */
static void try_file(const char *path, const char *name, const char *map)
{
    mkg__buf out = {0};
    for (int strict = 0; strict < 2; strict++) {
        void *fresh = NULL;
        import_setup(&fresh);
        import_world *w = fresh;
        mkg_import_result r;
        mkg_import_opts o = {.strict = strict, .map = map};
        char before[33], after[33];
        mkg_kg_hash(w->kg, before);
        mkg_status st = import_path(w, path, o, &r, &err);
        mkg_kg_hash(w->kg, after);
        mkg__buf_printf(&out, "%s%s\n", strict ? "\n--strict: " : "",
                        mkg_status_name(st));
        if (st < 0) {
            put_place(&out, &err);
            assert_string_equal(before, after);
        }
        if (!strict) {
            mkg__buf_put(&out, w->skips.ptr, w->skips.len);
            mkg__buf_printf(&out, "skipped %llu\n%s", (unsigned long long)r.skipped,
                            graph_text(w));
        }
        import_teardown(&fresh);
    }
    cut_folder(&out, MEDKG_DATA_DIR "/");
    cut_folder(&out, MEDKG_TESTS_DIR "/");
    compare(name, &out);
    mkg__buf_clear(&out);
}

static void each_file(const char *folder, const char *map_folder)
{
    struct dirent **files;
    char path[4096], map[4096];
    int n = scandir(map_folder ? map_folder : folder, &files, NULL, alphasort);
    assert_true(n > 5);
    for (int i = 0; i < n; i++) {
        const char *name = files[i]->d_name;
        if (name[0] != '.' && strcmp(name, "maps") != 0) {
            snprintf(path, sizeof path, "%s/%s", folder,
                     map_folder ? "records.jsonl" : name);
            snprintf(map, sizeof map, "%s/%s", map_folder ? map_folder : "", name);
            try_file(path, name, map_folder ? map : NULL);
        }
        free(files[i]);
    }
    free(files);
}

static void test_files(void **state)
{
    (void)state;
    each_file(MEDKG_TESTS_DIR "/bad", NULL);
}

static void test_maps(void **state)
{
    (void)state;
    each_file(MEDKG_TESTS_DIR "/bad", MEDKG_TESTS_DIR "/bad/maps");
}

static void test_what_is_no_file(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.format = "triples"};
    char *none = in_folder(w->folder, "none.tsv");
    assert_int_equal(import_path(w, none, o, &r, &err), MKG_EIO);
    assert_non_null(strstr(err.msg, strerror(ENOENT)));
    assert_int_equal(import_path(w, w->folder, o, &r, &err), MKG_EIO);
    assert_non_null(strstr(err.msg, "directory"));
    if (geteuid() != 0) {
        char *locked = new_text(w->folder, "locked.tsv", "a\tsymptom\tb\n");
        assert_int_equal(chmod(locked, 0), 0);
        assert_int_equal(import_path(w, locked, o, &r, &err), MKG_EIO);
        free(locked);
    }
    free(none);
}

/* A FIFO can be read once and has no size. */
static void test_fifo(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    static const char text[] = "感冒\tsymptom\t咳嗽\n";
    char *path = in_folder(w->folder, "pipe");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(mkfifo(path, 0600), 0);
        pid_t pid = fork();
        if (pid == 0) {
            int fd = open(path, O_WRONLY);
            ssize_t n = write(fd, text, sizeof text - 1);
            _exit(n != sizeof text - 1);
        }
        mkg_status st = import_path(w, path, o, &r, &err);
        if (round == 0) assert_int_equal(st, MKG_OK);
        if (round == 1) assert_int_equal(st, MKG_EXISTS);
        assert_int_equal(unlink(path), 0);
    }
    assert_string_equal(graph_text(w),
                        "disease 感冒 | symptom | symptom 咳嗽 | pipe:1\n");
    free(path);
}

/* A large file that is cut off must not come in as its first part. */
static void test_cut_gzip(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.format = "triples"};
    char script[8192];
    char *path = in_folder(w->folder, "cut.tsv.gz");
    snprintf(script, sizeof script,
             "awk 'BEGIN { srand(1); for (i = 0; i < 30000; i++) "
             "printf \"n%%d\\tsymptom\\ts%%d\\n\", rand() * 1e6, rand() * 1e6 }' | "
             "gzip -c | "
             "head -c 200000 >'%s'",
             path);
    assert_int_equal(system(script), 0);
    assert_int_equal(import_path(w, path, o, &r, &err), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "end too soon"));
    assert_int_equal(mkg_kg_version(w->kg), 0);
    assert_string_equal(graph_text(w), "");
    free(path);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files), cmocka_unit_test(test_maps),
        T(test_what_is_no_file), T(test_fifo), T(test_cut_gzip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
