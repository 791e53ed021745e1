/* Streams, lines, atomic writes, and the small parts of base/. */
#include "testing.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/rng.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

static mkg_err err;
static char *folder;

static int setup(void **state)
{
    (void)state;
    folder = new_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static void read_all(const char *path, mkg__buf *out)
{
    mkg__stream *s;
    char tmp[7]; /* odd on purpose */
    size_t n;
    assert_mkg_ok(mkg__stream_open(path, &s, &err));
    mkg_view head;
    assert_mkg_ok(mkg__stream_peek(s, &head, &err));
    do {
        assert_mkg_ok(mkg__stream_read(s, tmp, sizeof tmp, &n, &err));
        mkg__buf_put(out, tmp, n);
    } while (n);
    mkg__stream_close(s);
}

static void test_gzip(void **state)
{
    (void)state;
    char data[200000];
    mkg__rng r = mkg__rng_new(1, 0, 0);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + mkg__rng_below(&r, 4));
    char *path = in_folder(folder, "a.gz");
    for (int member = 0; member < 2; member++) { /* two members, one after the other */
        gzFile z = gzopen(path, member ? "ab" : "wb");
        assert_int_equal(gzwrite(z, data + member * 100000, 100000), 100000);
        gzclose(z);
    }
    mkg__buf b = {0};
    read_all(path, &b);
    assert_int_equal(b.len, sizeof data);
    assert_memory_equal(b.ptr, data, sizeof data);
    mkg__buf_clear(&b);

    /* cut off, and damaged */
    mkg__buf raw = {0};
    FILE *f = fopen(path, "rb");
    int c;
    while ((c = getc(f)) != EOF)
        mkg__buf_byte(&raw, (unsigned char)c);
    fclose(f);
    char *cut = new_file(folder, "cut.gz", raw.ptr, raw.len / 3);
    assert_int_equal(mkg__file_read(cut, 1 << 20, &b, &err), MKG_EPARSE);
    raw.ptr[raw.len / 4] ^= 0x55;
    mkg__buf_clear(&b);
    char *bad = new_file(folder, "bad.gz", raw.ptr, raw.len);
    assert_int_equal(mkg__file_read(bad, 1 << 20, &b, &err), MKG_EPARSE);
    mkg__buf_clear(&b);
    mkg__buf_clear(&raw);
    free(cut);
    free(bad);
    free(path);
}

static void test_open_errors(void **state)
{
    (void)state;
    mkg__stream *s;
    assert_int_equal(mkg__stream_open(folder, &s, &err), MKG_EIO);
    assert_non_null(strstr(err.msg, "directory"));
    char *none = in_folder(folder, "none");
    assert_int_equal(mkg__stream_open(none, &s, &err), MKG_EIO);
    assert_non_null(strstr(err.msg, "No such file"));
    assert_null(s);
    free(none);
}

static void test_lines(void **state)
{
    (void)state;
    mkg__stream *s;
    mkg__lines *l;
    mkg_view line;
    uint64_t number;
    char *path = new_text(folder, "l", "\xef\xbb\xbfone\r\ntwo\n\nlast");
    static const char *const want[] = {"one", "two", "", "last"};
    assert_mkg_ok(mkg__stream_open(path, &s, &err));
    assert_mkg_ok(mkg__lines_new(s, &l, &err));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_OK);
        assert_true(mkg__view_is(line, want[i]));
        assert_int_equal(number, i + 1);
    }
    assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_END);
    mkg__lines_free(l);
    mkg__stream_close(s);
    free(path);
}

static void test_long_line(void **state)
{
    (void)state;
    size_t n = (10 << 20) + 6;
    char *big = malloc(n);
    mkg__stream *s;
    mkg__lines *l;
    mkg_view line;
    uint64_t number;
    memset(big, 'x', n);
    memcpy(big, "a\n", 2);
    memcpy(big + n - 3, "\nb\n", 3);
    char *path = new_file(folder, "big", big, n);
    assert_mkg_ok(mkg__stream_open(path, &s, &err));
    assert_mkg_ok(mkg__lines_new(s, &l, &err));
    assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_OK);
    assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_EPARSE);
    assert_int_equal(err.line, 2);
    assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_OK);
    assert_true(mkg__view_is(line, "b"));
    assert_int_equal(number, 3);
    assert_int_equal(mkg__lines_next(l, &line, &number, &err), MKG_END);
    mkg__lines_free(l);
    mkg__stream_close(s);
    free(path);
    free(big);
}

static void test_fifo(void **state)
{
    (void)state;
    char *path = in_folder(folder, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *f = fopen(path, "w");
        fputs("h", f);
        fflush(f);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
        fputs("ello", f);
        fclose(f);
        _exit(0);
    }
    mkg__buf b = {0};
    read_all(path, &b);
    assert_string_equal(mkg__buf_cstr(&b), "hello");
    waitpid(child, NULL, 0);
    mkg__buf_clear(&b);
    free(path);
}

static void test_sha256(void **state)
{
    (void)state;
    unsigned char sha[MKG_SHA256_BYTES];
    char hex[MKG_SHA256_HEX];
    uint64_t size;
    char *path = new_text(folder, "abc", "abc");
    assert_mkg_ok(mkg__file_sha256(path, sha, &size, &err));
    mkg__hex(sha, sizeof sha, hex);
    /* FIPS 180-4, the one-block example */
    assert_string_equal(
        hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(size, 3);
    free(path);
}

static mkg_status write_then(void *ctx, FILE *f, mkg_err *e)
{
    fputs("new", f);
    return *(bool *)ctx ? mkg__fail(e, MKG_EIO, "told to fail") : MKG_OK;
}

static void content_is(const char *path, const char *want)
{
    mkg__buf b = {0};
    assert_mkg_ok(mkg__file_read(path, 100, &b, &err));
    assert_string_equal(b.ptr, want);
    mkg__buf_clear(&b);
}

static void test_replace(void **state)
{
    (void)state;
    char *path = new_text(folder, "f", "old");
    bool fail = true;
    assert_int_equal(mkg__file_replace(path, 0644, write_then, &fail, &err), MKG_EIO);
    content_is(path, "old");
    fail = false;
    assert_mkg_ok(mkg__file_replace(path, 0644, write_then, &fail, &err));
    content_is(path, "new");
    assert_int_equal(mkg__file_replace("/dev/full/x", 0644, write_then, &fail, &err),
                     MKG_EIO);
    free(path);
}

static void test_map(void **state)
{
    (void)state;
    mkg__map m = {0};
    char key[32];
    for (mkg_id i = 1; i <= 5000; i++) {
        int n = snprintf(key, sizeof key, "k%u", i * 7919u);
        *mkg__map_put(&m, key, (size_t)n) = i;
    }
    for (mkg_id i = 1; i <= 5000; i++) {
        int n = snprintf(key, sizeof key, "k%u", i * 7919u);
        assert_int_equal(*mkg__map_get(&m, key, (size_t)n), i);
    }
    assert_null(mkg__map_get(&m, "absent", 6));
    assert_int_equal(m.n, 5000);
    mkg__map_clear(&m);
    assert_null(mkg__map_get(&m, "k", 1));
}

static void test_varint(void **state)
{
    (void)state;
    mkg__rng r = mkg__rng_new(5, 0, 0);
    for (int i = 0; i < 1000; i++) {
        mkg__buf b = {0};
        uint64_t v = mkg__rng_u64(&r) >> mkg__rng_below(&r, 64), got;
        mkg__buf_varint(&b, v);
        const char *p = b.ptr;
        assert_true(mkg__get_varint(&p, b.ptr + b.len, &got));
        assert_true(got == v && p == b.ptr + b.len);
        p = b.ptr;
        assert_false(mkg__get_varint(&p, b.ptr + b.len - 1, &got));
        mkg__buf_clear(&b);
    }
}

static void test_json(void **state)
{
    (void)state;
    json_t *v;
    mkg_view text = V("{\"a\": 1,\n \"b\": }");
    assert_int_equal(mkg__json_parse(text, "f.json", 10, &v, &err), MKG_EPARSE);
    assert_string_equal(err.file, "f.json");
    assert_int_equal(err.line, 11);
    mkg__buf b = {0};
    assert_mkg_ok(mkg__json_parse(V("{\"z\":\"糖\",\"a\":[1]}"), "f", 1, &v, &err));
    assert_mkg_ok(mkg__json_dump(v, &b, &err));
    assert_string_equal(mkg__buf_cstr(&b), "{\"z\":\"糖\",\"a\":[1]}");
    json_decref(v);
    mkg__buf_clear(&b);
}

typedef struct sum {
    atomic_size_t total;
    size_t fail_at;
} sum;

static mkg_status add_block(void *ctx, size_t from, size_t to, unsigned thread,
                            mkg_err *e)
{
    sum *s = ctx;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        if (i == s->fail_at) return mkg__fail(e, MKG_ECANCEL, "stop at %zu", i);
        atomic_fetch_add(&s->total, i);
    }
    return MKG_OK;
}

static void test_par_for(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        sum s = {.fail_at = SIZE_MAX};
        assert_mkg_ok(mkg__par_for(threads, 1001, 10, add_block, &s, &err));
        assert_int_equal(s.total, 1000 * 1001 / 2);
        s.fail_at = 500;
        assert_int_equal(mkg__par_for(threads, 1001, 10, add_block, &s, &err),
                         MKG_ECANCEL);
        assert_string_equal(err.msg, "stop at 500");
        assert_mkg_ok(mkg__par_for(threads, 0, 10, add_block, &s, &err));
    }
}

static void test_rng(void **state)
{
    (void)state;
    size_t count[10] = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        mkg__rng r = mkg__rng_new(42, i, 1); /* streams of neighbouring items */
        count[mkg__rng_below(&r, 10)]++;
        double d = mkg__rng_double(&r);
        assert_true(d >= 0 && d < 1);
    }
    double chi = 0;
    for (size_t i = 0; i < 10; i++) {
        double diff = (double)count[i] - 10000;
        chi += diff * diff / 10000;
    }
    assert_true(chi < 27.9); /* 9 degrees of freedom, p = 0.001 */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_gzip),   T(test_open_errors), T(test_lines),   T(test_long_line),
        T(test_fifo),   T(test_sha256),      T(test_replace), T(test_map),
        T(test_varint), T(test_json),        T(test_par_for), T(test_rng)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
