/* Streams: what was packed comes out as it went in, damage is told, and text in other
 * encodings comes as UTF-8. The packing is libarchive's and iconv's own. */
#include "testing.h"

#include "base/io.h"
#include "base/recode.h"
#include "base/rng.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>

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

static mkg_status read_all(const char *path, size_t portion, bool recode, mkg__buf *out)
{
    mkg__stream *s;
    char tmp[4096];
    size_t n = 1;
    mkg__encoding found;
    out->len = 0;
    mkg_status st = mkg__stream_open(path, &s, &err);
    if (st >= 0 && recode) st = mkg__stream_to_utf8(s, &found, &err);
    while (st >= 0 && n > 0) {
        st = mkg__stream_read(s, tmp, portion, &n, &err);
        mkg__buf_put(out, tmp, n);
    }
    mkg__stream_close(s);
    return st;
}

typedef int (*filter_fn)(struct archive *);

/* `n` files with the same bytes, named by `names`, packed into folder/file. */
static char *pack(const char *file, filter_fn filter, const char *const *names,
                  size_t n, mkg_view bytes)
{
    char *path = in_folder(folder, file);
    struct archive *a = archive_write_new();
    assert_non_null(a);
    if (filter) {
        assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
        assert_int_equal(filter(a), ARCHIVE_OK);
    } else {
        assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    }
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        bool is_folder = names[i][strlen(names[i]) - 1] == '/';
        archive_entry_set_pathname(e, names[i]);
        archive_entry_set_filetype(e, is_folder ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(e, 0644);
        if (!is_folder) archive_entry_set_size(e, (la_int64_t)bytes.len);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        if (!is_folder)
            assert_int_equal(archive_write_data(a, bytes.ptr, bytes.len), bytes.len);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return path;
}

static mkg_view whole_file(const char *path, mkg__buf *b)
{
    FILE *f = fopen(path, "rb");
    int c;
    assert_non_null(f);
    b->len = 0;
    while ((c = getc(f)) != EOF)
        mkg__buf_byte(b, (unsigned char)c);
    fclose(f);
    return mkg__view(b->ptr, b->len);
}

static const struct {
    const char *name;
    filter_fn filter;
} packings[] = {{"a.gz", archive_write_add_filter_gzip},
                {"a.bz2", archive_write_add_filter_bzip2},
                {"a.xz", archive_write_add_filter_xz},
                {"a.zst", archive_write_add_filter_zstd},
                {"a.zip", NULL}};
enum { PACKINGS = sizeof packings / sizeof *packings };
static const char *const one[] = {"folder/a.tsv"};

static void random_bytes(mkg__buf *b, size_t n, uint64_t seed)
{
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    b->len = 0;
    for (size_t i = 0; i < n; i++)
        mkg__buf_byte(b, (unsigned char)('a' + mkg__rng_below(&r, 20)));
}

static void test_packings(void **state)
{
    (void)state;
    mkg__buf data = {0}, got = {0};
    static const size_t sizes[] = {0, 1, 100, 300000};
    for (size_t i = 0; i < PACKINGS; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            random_bytes(&data, sizes[k], k);
            char *path = pack(packings[i].name, packings[i].filter, one, 1,
                              mkg__view(data.ptr, data.len));
            assert_mkg_ok(read_all(path, 4096, false, &got));
            assert_int_equal(got.len, data.len);
            if (data.len) assert_memory_equal(got.ptr, data.ptr, data.len);
            assert_mkg_ok(read_all(path, 7, true, &got));
            assert_int_equal(got.len, data.len);
            free(path);
        }
    mkg__buf_clear(&data);
    mkg__buf_clear(&got);
}

/* Wherever it is cut, and whatever bit is wrong, it is told or makes no difference. */
static void test_damage(void **state)
{
    (void)state;
    mkg__buf data = {0}, got = {0}, raw = {0};
    random_bytes(&data, 20000, 9);
    for (size_t i = 0; i < PACKINGS; i++) {
        mkg__rng r = mkg__rng_new(i, 1, 0);
        char *path = pack(packings[i].name, packings[i].filter, one, 1,
                          mkg__view(data.ptr, data.len));
        mkg_view packed = whole_file(path, &raw);
        for (int round = 0; round < 40; round++) {
            /* The list of files at the end of a zip is not needed to read it. */
            size_t end = packings[i].filter ? packed.len : packed.len - 120;
            size_t n = 16 + mkg__rng_below(&r, (uint32_t)end - 16);
            char *cut = new_file(folder, "cut", packed.ptr, n);
            if (read_all(cut, 4096, false, &got) != MKG_EPARSE)
                fail_msg("%s cut to %zu of %zu bytes is read", packings[i].name, n,
                         packed.len);
            assert_string_equal(err.file, "cut");
            free(cut);
            /* libarchive writes zstd without checksums. */
            if (packings[i].filter == archive_write_add_filter_zstd) continue;
            raw.ptr[n] ^= 0x10;
            char *bad = new_file(folder, "bad", packed.ptr, packed.len);
            mkg_status st = read_all(bad, 4096, false, &got);
            if (st != MKG_EPARSE && (st < 0 || got.len != data.len ||
                                     memcmp(got.ptr, data.ptr, got.len) != 0))
                fail_msg("%s with a wrong byte at %zu is read", packings[i].name, n);
            raw.ptr[n] ^= 0x10;
            free(bad);
        }
        free(path);
    }
    mkg__buf_clear(&data);
    mkg__buf_clear(&got);
    mkg__buf_clear(&raw);
}

static void test_zip_of_several(void **state)
{
    (void)state;
    static const char *const junk[] = {"x/", "__MACOSX/x/._a.csv", "x/a.csv",
                                       "x/.DS_Store"};
    static const char *const two[] = {"a.csv", "b.csv"};
    static const char *const none[] = {"x/"};
    mkg__buf got = {0};
    char *path = pack("junk.zip", NULL, junk, 4, V("text"));
    assert_mkg_ok(read_all(path, 4096, false, &got));
    assert_int_equal(got.len, 4);
    free(path);
    path = pack("two.zip", NULL, two, 2, V("text"));
    assert_int_equal(read_all(path, 4096, false, &got), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "several files"));
    assert_non_null(strstr(err.msg, "b.csv"));
    free(path);
    path = pack("none.zip", NULL, none, 1, V("text"));
    assert_mkg_ok(read_all(path, 4096, false, &got));
    assert_int_equal(got.len, 0);
    free(path);
    mkg__buf_clear(&got);
}

/* A few kilobytes that would fill the disk. */
static void test_bombs(void **state)
{
    (void)state;
    size_t n = 20u << 20;
    char *zeros = calloc(1, n);
    mkg__buf got = {0};
    assert_non_null(zeros);
    for (size_t i = 0; i < PACKINGS; i++) {
        char *path =
            pack(packings[i].name, packings[i].filter, one, 1, mkg__view(zeros, n));
        assert_int_equal(read_all(path, 4096, false, &got), MKG_EPARSE);
        assert_non_null(strstr(err.msg, "times larger"));
        free(path);
    }
    free(zeros);
    mkg__buf_clear(&got);
}

/* ---- encodings ---- */

static void encode(const char *text, const char *to, mkg__buf *out)
{
    iconv_t cd = iconv_open(to, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    char *in = (char *)(uintptr_t)text, tmp[1 << 16], *p = tmp;
    size_t left = strlen(text), room = sizeof tmp;
    assert_true(iconv(cd, &in, &left, &p, &room) != (size_t)-1);
    iconv_close(cd);
    mkg__buf_put(out, tmp, sizeof tmp - room);
}

static void test_encodings(void **state)
{
    (void)state;
    static const char text[] = "糖尿病,并发症,糖尿病肾病\nGrave’s disease,症状,心悸\n";
    static const struct {
        const char *bom, *code;
        size_t bom_len;
    } cases[] = {{"", "GB18030", 0},
                 {"", "GBK", 0},
                 {"\xff\xfe", "UTF-16LE", 2},
                 {"\xfe\xff", "UTF-16BE", 2},
                 {"", "UTF-8", 0}};
    mkg__buf long_text = {0}, b = {0}, got = {0};
    for (int i = 0; i < 60; i++)
        mkg__buf_str(&long_text, text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.len = 0;
        mkg__buf_put(&b, cases[i].bom, cases[i].bom_len);
        encode(mkg__buf_cstr(&long_text), cases[i].code, &b);
        char *path = new_file(folder, "coded.csv", b.ptr, b.len);
        for (size_t portion = 1; portion < 4096; portion = portion * 9 + 5) {
            assert_mkg_ok(read_all(path, portion, true, &got));
            assert_string_equal(mkg__buf_cstr(&got), long_text.ptr);
        }
        /* A character that the end cuts off shows as a byte that is not UTF-8. */
        if (cases[i].code[0] == 'G') {
            size_t bad;
            char *cut = new_file(folder, "cut.csv", b.ptr, b.len - 2);
            assert_mkg_ok(read_all(cut, 100, true, &got));
            assert_false(mkg__utf8_valid(got.ptr, got.len, &bad));
            assert_int_equal(bad, got.len - 1);
            free(cut);
        }
        free(path);
    }
    mkg__buf_clear(&long_text);
    mkg__buf_clear(&b);
    mkg__buf_clear(&got);
}

static void test_guesses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        mkg__encoding is;
    } cases[] = {
        {"plain", 5, MKG_UTF8},
        {"M\xc3\xa9ni\xc3\xa8re \xe6\x84\x9f", 14, MKG_UTF8},
        {"\xe6\x84\x9f\xe5\x86\x92 \xff and more", 18, MKG_UTF8}, /* one wrong byte */
        {"M\xe9ni\xe8re's disease, caf\xe9 au lait", 29, MKG_UNKNOWN},  /* Latin-1 */
        {"\x8f\xc7\x93\x9c\x95\x61 \x95\xa0\x92\xc9", 11, MKG_UNKNOWN}, /* Shift-JIS */
        {"\xbf\x7d\xa7\xbf\xaf\x66,\xb5\x6f\xbf\x4e", 11, MKG_UNKNOWN}, /* Big5 */
        {"\xcc\xc7\xc4\xf2\xb2\xa1,\xb7\xa2\xc9\xd5", 11, MKG_GB18030},
        {"\xff\xfe\x00\x00"
         "a\0\0\0",
         8, MKG_UNKNOWN}, /* UTF-32 */
        {"\xfe\xff\0a", 4, MKG_UTF16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (mkg__encoding_guess(mkg__view(cases[i].text, cases[i].n)) != cases[i].is)
            fail_msg("case %zu", i);
}

static void test_no_memory(void **state)
{
    (void)state;
    mkg__buf got = {0};
    char *zip = pack("a.zip", NULL, one, 1, V("text"));
    char *gb =
        new_file(folder, "gb.csv", "\xcc\xc7\xc4\xf2\xb2\xa1,\xb7\xa2\xc9\xd5", 11);
    for (int i = 0; i < 2; i++) {
        mkg_status st = MKG_ENOMEM;
        mkg__buf_clear(&got);
        for (long n = 1; st != MKG_OK && n < 200; n++) {
            mkg__alloc_fail_after(n);
            st = read_all(i ? gb : zip, 4096, true, &got);
            if (got.failed) st = MKG_ENOMEM, got.failed = false;
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
        }
        assert_int_equal(st, MKG_OK);
    }
    free(zip);
    free(gb);
    mkg__buf_clear(&got);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_packings),  T(test_damage),  T(test_zip_of_several), T(test_bombs),
        T(test_encodings), T(test_guesses), T(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
