/* Sealed files: what was written comes back, or nothing. */
#include "testing.h"

#include "base/rng.h"
#include "base/sealed.h"

#include <sys/stat.h>

static mkg_err err;
static const mkg__seal seal = {
    .magic = "TEST001", .how = 3, .from = 17, .hash = "0123"};

enum { SIZE = 300 * 1000 };
static unsigned char content[SIZE + 8];

static int setup(void **state)
{
    mkg__rng r = mkg__rng_new(1, 2, 3);
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (unsigned char)mkg__rng_u64(&r);
    *state = new_folder();
    return 0;
}

static int teardown(void **state)
{
    remove_folder(*state);
    return 0;
}

/* `n` bytes of the content, in portions. */
static mkg_status write_file(const char *path, size_t n)
{
    mkg__sealer *w = NULL;
    mkg__rng r = mkg__rng_new(n, 0, 0);
    mkg_status st = mkg__sealer_new(path, &seal, &w, &err);
    for (size_t at = 0, k; at < n && st >= 0; at += k) {
        k = 1 + mkg__rng_below(&r, 9000);
        if (k > n - at) k = n - at;
        assert_int_equal(mkg__sealer_size(w), at);
        st = mkg__sealer_put(w, content + at, k, &err);
    }
    if (st >= 0) st = mkg__sealer_end(w, &err);
    mkg__sealer_free(w);
    return st;
}

/* NULL where there is none that fits. */
static mkg__sealed *open_it(const char *path, const mkg__seal *with)
{
    mkg__sealed *s;
    mkg_status st = mkg__sealed_open(path, with, &s, &err);
    assert_int_equal(st, s ? MKG_OK : MKG_NOTFOUND);
    return s;
}

static void test_round_trip(void **state)
{
    static const size_t sizes[] = {0, 8, 4088, 4096, 4104, 12288, 262144, 262152, SIZE};
    char *path = in_folder(*state, "file");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        assert_mkg_ok(write_file(path, n));
        mkg__sealed *s = open_it(path, &seal);
        assert_non_null(s);
        assert_int_equal(mkg__sealed_size(s), n);
        for (size_t at = 0; at < n; at += 4096 * 3 + 8) {
            size_t k = n - at < 5000 ? n - at : 5000;
            const void *p = mkg__sealed_look(s, at, k);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 8, at % 8);
            assert_memory_equal(p, content + at, k);
        }
        assert_non_null(mkg__sealed_look(s, n, 0));
        assert_false(mkg__sealed_damaged(s));
        mkg__sealed_close(s);
    }
    free(path);
}

static void test_out_of_bounds(void **state)
{
    char *path = in_folder(*state, "file");
    assert_mkg_ok(write_file(path, 4104));
    static const uint64_t at[][2] = {
        {4104, 1}, {0, 4105}, {4105, 0}, {UINT64_MAX, 1}, {8, SIZE_MAX}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        mkg__sealed *s = open_it(path, &seal);
        assert_non_null(s);
        assert_null(mkg__sealed_look(s, at[i][0], (size_t)at[i][1]));
        assert_true(mkg__sealed_damaged(s));
        assert_null(mkg__sealed_look(s, 0, 8)); /* nothing more is read of it */
        mkg__sealed_close(s);
    }
    free(path);
}

static void test_not_a_multiple_of_8(void **state)
{
    char *path = in_folder(*state, "file");
    assert_mkg_ok(write_file(path, 13));
    mkg__sealed *s = open_it(path, &seal);
    assert_non_null(s);
    assert_int_equal(mkg__sealed_size(s), 16);
    const char *p = mkg__sealed_look(s, 0, 16);
    assert_memory_equal(p, content, 13);
    assert_memory_equal(p + 13, "\0\0\0", 3);
    mkg__sealed_close(s);
    free(path);
}

static void test_other_seal(void **state)
{
    char *path = in_folder(*state, "file");
    assert_null(open_it(path, &seal)); /* there is none */
    assert_mkg_ok(write_file(path, 100));
    for (size_t i = 0; i < sizeof seal; i++) {
        mkg__seal other = seal;
        ((unsigned char *)&other)[i]++;
        assert_null(open_it(path, &other));
    }
    free(path);
}

/* Each byte in turn is another one: what comes back is right, or nothing does. */
static void test_damage(void **state)
{
    enum { N = 9000 };
    char *path = in_folder(*state, "file");
    struct stat sb;
    assert_mkg_ok(write_file(path, N));
    assert_int_equal(stat(path, &sb), 0);
    for (off_t at = 0; at < sb.st_size; at += at < 300 || at > 9000 ? 1 : 37) {
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        fseek(f, at, SEEK_SET);
        int c = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(c ^ 0x10, f);
        fflush(f);
        mkg__sealed *s = open_it(path, &seal);
        size_t wrong = 0;
        for (size_t i = 0; s && i < N; i += 1000) {
            const void *p = mkg__sealed_look(s, i, 1000);
            wrong += !p;
            if (p) assert_memory_equal(p, content + i, 1000);
        }
        assert_true(!s || (wrong > 0 && mkg__sealed_damaged(s)));
        mkg__sealed_close(s);
        fseek(f, at, SEEK_SET);
        fputc(c, f);
        fclose(f);
    }
    for (off_t n = 0; n < sb.st_size; n += 131) {
        assert_mkg_ok(write_file(path, N));
        assert_int_equal(truncate(path, n), 0);
        assert_null(open_it(path, &seal));
    }
    free(path);
}

/* What cannot be written leaves nothing behind, and the old file as it is. */
static void test_cannot_write(void **state)
{
    char *path = in_folder(*state, "none/file"), *folder = in_folder(*state, "file");
    assert_int_equal(write_file(path, 100), MKG_EIO);
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(write_file(folder, 100), MKG_EIO);
    assert_null(open_it(folder, &seal));
    assert_int_equal(rmdir(folder), 0);
    assert_mkg_ok(write_file(folder, 100));
    mkg__sealer *w;
    assert_mkg_ok(mkg__sealer_new(folder, &seal, &w, &err));
    assert_mkg_ok(mkg__sealer_put(w, content, 5000, &err));
    mkg__sealer_free(w); /* given up */
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(rmdir(*state), 0); /* nothing else is in it */
    assert_int_equal(mkdir(*state, 0777), 0);
    free(path);
    free(folder);
}

static void test_no_memory(void **state)
{
    char *path = in_folder(*state, "file");
    mkg_status st = MKG_ENOMEM;
    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = write_file(path, 1000);
        mkg__alloc_fail_after(0);
    }
    assert_int_equal(st, MKG_OK);
    mkg__sealed *s;
    st = MKG_ENOMEM;
    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg__sealed_open(path, &seal, &s, &err);
        mkg__alloc_fail_after(0);
    }
    assert_int_equal(st, MKG_OK);
    mkg__sealed_close(s);
    mkg__sealed_close(NULL);
    mkg__sealer_free(NULL);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_a_multiple_of_8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_seal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
