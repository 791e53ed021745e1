/* Streams. The bytes as a file, whatever they are; and the bytes packed by zlib, whole,
 * cut and with a wrong byte: they come out as they went in, or with an error. */
#include "fuzz.h"

#include "base/io.h"

#include <zlib.h>

/* All that the stream gives, in portions; MKG_OK or what ended it. */
static mkg_status read_all(const char *path, uint64_t seed, bool peek, mkg__buf *out)
{
    mkg__stream *s;
    mkg_view head = {"", 0};
    unsigned char sha[MKG_SHA256_BYTES], whole[MKG_SHA256_BYTES];
    char tmp[1 << 14];
    uint64_t done, total, size;
    size_t n = 1;
    mkg__rng r = mkg__rng_new(seed, 0, 0);

    CHECK_OK(mkg__stream_open(path, &s, &fuzz_err));
    mkg_status st = peek ? mkg__stream_peek(s, &head, &fuzz_err) : MKG_OK;
    mkg__buf want = {0}; /* the head is borrowed until the first read */
    mkg__buf_put(&want, head.ptr, head.len);
    while (st == MKG_OK && n > 0) {
        size_t cap = fuzz_portion(&r, sizeof tmp);
        st = mkg__stream_read(s, tmp, cap, &n, &fuzz_err);
        CHECK(n <= cap);
        mkg__buf_put(out, tmp, n);
    }
    CHECK(st == MKG_OK || st == MKG_EPARSE);
    if (st == MKG_OK)
        CHECK(out->len >= want.len && memcmp(want.ptr, out->ptr, want.len) == 0);
    CHECK_OK(mkg__stream_sha256(s, sha, &fuzz_err));
    mkg__stream_progress(s, &done, &total);
    mkg__stream_close(s);
    CHECK_OK(mkg__file_sha256(path, whole, &size, &fuzz_err));
    CHECK(memcmp(sha, whole, sizeof sha) == 0 && total == size && done <= size);
    if (st == MKG_OK) CHECK(done == size);
    mkg__buf_clear(&want);
    return st;
}

/* Lines are what stands between line feeds, without a CR at their end. */
static void check_lines(const char *path, mkg_view text)
{
    mkg__stream *s;
    mkg__lines *l;
    mkg_view line;
    uint64_t number, want = 0;

    CHECK_OK(mkg__stream_open(path, &s, &fuzz_err));
    CHECK_OK(mkg__lines_new(s, &l, &fuzz_err));
    while (text.len) {
        const char *nl = memchr(text.ptr, '\n', text.len);
        size_t n = nl ? (size_t)(nl - text.ptr) : text.len;
        mkg_view here = {text.ptr, n};
        text = mkg__view(text.ptr + n + (nl != NULL), text.len - n - (nl != NULL));
        if (here.len && here.ptr[here.len - 1] == '\r') here.len--;
        if (want == 0 && here.len >= 3 && memcmp(here.ptr, "\xef\xbb\xbf", 3) == 0)
            here = mkg__view(here.ptr + 3, here.len - 3);
        CHECK(mkg__lines_next(l, &line, &number, &fuzz_err) == MKG_OK);
        CHECK(number == ++want && mkg__view_eq(line, here));
    }
    CHECK(mkg__lines_next(l, &line, &number, &fuzz_err) == MKG_END);
    mkg__lines_free(l);
    mkg__stream_close(s);
}

static bool packed(const char *path)
{
    mkg__stream *s;
    CHECK_OK(mkg__stream_open(path, &s, &fuzz_err));
    bool is = mkg__stream_packed(s);
    mkg__stream_close(s);
    return is;
}

/* Append `p` as one member. */
static void pack(mkg__buf *out, const char *p, size_t n)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    CHECK(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t cap = deflateBound(&z, n);
    unsigned char *packed = malloc(cap);
    CHECK(packed);
    z.next_in = (unsigned char *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = packed;
    z.avail_out = (uInt)cap;
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    mkg__buf_put(out, packed, cap - z.avail_out);
    deflateEnd(&z);
    free(packed);
}

static void check_packed(fuzz_input in, uint64_t seed)
{
    mkg__buf gz = {0}, got = {0};
    mkg__rng r = mkg__rng_new(seed, 1, 0);
    mkg_view all = {in.p, in.n};
    size_t cut = mkg__rng_below(&r, (uint32_t)in.n + 1);

    pack(&gz, in.p, cut); /* two members, one behind the other */
    size_t first = gz.len;
    pack(&gz, in.p + cut, in.n - cut);
    CHECK(read_all(fuzz_file("in.gz", gz.ptr, gz.len), seed, seed & 1, &got) == MKG_OK);
    CHECK(mkg__view_eq(all, mkg__view(got.ptr, got.len)));
    check_lines(fuzz_path("in.gz"), all);

    size_t n = 2 + mkg__rng_below(&r, (uint32_t)gz.len - 2);
    got.len = 0;
    mkg_status st = read_all(fuzz_file("in.gz", gz.ptr, n), seed, false, &got);
    CHECK(st == (n == first ? MKG_OK : MKG_EPARSE));
    CHECK(got.len <= in.n && memcmp(got.ptr ? got.ptr : "", in.p, got.len) == 0);

    /* A wrong bit behind the header shows, unless it is one that says nothing. */
    size_t wrong = 10 + mkg__rng_below(&r, (uint32_t)first - 10);
    gz.ptr[wrong] = (char)(gz.ptr[wrong] ^ (1 << mkg__rng_below(&r, 8)));
    got.len = 0;
    st = read_all(fuzz_file("in.gz", gz.ptr, gz.len), seed, false, &got);
    CHECK(st == MKG_EPARSE || mkg__view_eq(all, mkg__view(got.ptr, got.len)));
    mkg__buf_clear(&gz);
    mkg__buf_clear(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    uint64_t seed = fuzz_byte(&in);
    mkg__buf once = {0}, again = {0};
    mkg_view raw = {in.p, in.n};

    const char *path = fuzz_file("in", in.p, in.n);
    mkg_status st = read_all(path, seed, false, &once);
    mkg_view text = {once.ptr ? once.ptr : "", once.len};
    CHECK(read_all(path, seed + 1, false, &again) == st);
    /* How much comes before a fault depends on how much is asked for at once. */
    size_t n = st == MKG_OK || once.len < again.len ? once.len : again.len;
    if (st == MKG_OK) CHECK(again.len == n);
    if (n) CHECK(memcmp(once.ptr, again.ptr, n) == 0);
    again.len = 0;
    CHECK(read_all(path, seed, true, &again) == st);
    if (!packed(path)) CHECK(st == MKG_OK && mkg__view_eq(text, raw));
    if (st == MKG_OK) check_lines(path, text);
    check_packed(in, seed);
    mkg__buf_clear(&once);
    mkg__buf_clear(&again);
    return 0;
}
