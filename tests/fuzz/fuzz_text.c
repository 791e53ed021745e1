/* UTF-8, folding, trimming, numbers and edit distance. */
#include "fuzz.h"

#include <math.h>

/* Another way to say what is valid: every character can be decoded, none is NUL. */
static void check_utf8(mkg_view v)
{
    size_t i = 0, len, count = 0, bad = SIZE_MAX;
    for (; i < v.len; i += len, count++) {
        uint32_t c = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        CHECK(len >= 1 && len <= 4 && len <= v.len - i && c <= 0x10ffff);
        if (c == 0 || (c == 0xfffd && len == 1)) break;
    }
    CHECK(mkg__utf8_valid(v.ptr, v.len, &bad) == (i == v.len));
    if (i < v.len) CHECK(bad == i);
    if (i == v.len) CHECK(mkg__utf8_count(v.ptr, v.len) == count);
    CHECK(mkg__utf8_width(v.ptr, v.len) <= 2 * v.len);
}

static void check_trim(mkg_view v)
{
    mkg_view t = mkg__trim(v);
    size_t len;
    CHECK(t.ptr >= v.ptr && t.ptr + t.len <= v.ptr + v.len);
    CHECK(mkg__view_eq(mkg__trim(t), t));
    for (size_t i = 0; i < v.len; i += len) {
        uint32_t c = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        bool outside = v.ptr + i < t.ptr || v.ptr + i >= t.ptr + t.len;
        if (outside) CHECK(mkg__is_space(c));
        if (v.ptr + i == t.ptr && t.len) CHECK(!mkg__is_space(c));
    }
}

/* A character of the text starts at offset `at`, or the text ends there. */
static bool starts(mkg_view v, size_t at)
{
    return at == v.len || (at < v.len && ((unsigned char)v.ptr[at] & 0xc0) != 0x80);
}

static void check_fold(mkg_view v)
{
    mkg__buf once = {0}, again = {0};
    uint32_t *map = NULL;
    mkg_status st = mkg__fold(v.ptr, v.len, &once, &map, &fuzz_err);

    CHECK(st == (fuzz_valid(v) ? MKG_OK : MKG_EPARSE));
    if (st == MKG_OK) {
        mkg_view key = {once.ptr ? once.ptr : "", once.len};
        CHECK(fuzz_valid(key));
        CHECK(mkg__view_eq(mkg__trim(key), key));
        for (size_t i = 0; i < once.len; i++) {
            CHECK(map[i] <= map[i + 1] && starts(v, map[i]));
            CHECK(key.ptr[i] < 'A' || key.ptr[i] > 'Z');
            if (i) CHECK(key.ptr[i] != ' ' || key.ptr[i - 1] != ' ');
        }
        CHECK(map[once.len] == v.len);
        CHECK_OK(mkg__fold(key.ptr, key.len, &again, NULL, &fuzz_err));
        CHECK(mkg__view_eq(key, mkg__view(again.ptr, again.len)));
    }
    mkg__buf_clear(&once);
    mkg__buf_clear(&again);
    mkg__free(map);
}

static void check_numbers(mkg_view v)
{
    double x, y;
    uint64_t u, w;
    char text[64];
    if (mkg__parse_double(v, &x)) {
        snprintf(text, sizeof text, "%.17g", x);
        CHECK(isfinite(x) && mkg__parse_double(fuzz_str(text), &y));
        CHECK(memcmp(&x, &y, sizeof x) == 0);
    }
    if (mkg__parse_u64(v, &u)) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)u);
        CHECK(mkg__parse_u64(fuzz_str(text), &w) && u == w);
        CHECK(mkg__parse_double(v, &x));
    }
}

static void check_distance(mkg_view a, mkg_view b)
{
    for (size_t limit = 0; limit < 4; limit++) {
        size_t d = mkg__edit_distance(a, b, limit);
        CHECK(d <= limit + 1 && d == mkg__edit_distance(b, a, limit));
        CHECK((d == 0) == mkg__view_eq(a, b));
        CHECK(mkg__edit_distance(a, a, limit) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    mkg_view v = {in.p, in.n};
    check_utf8(v);
    check_fold(v);
    check_numbers(v);
    if (!fuzz_valid(v)) return 0; /* what follows trusts its text */
    check_trim(v);
    size_t half = v.len / 2;
    while (half && !starts(v, half))
        half--;
    check_distance(mkg__view(v.ptr, half), mkg__view(v.ptr + half, v.len - half));
    mkg_lang lang = mkg__lang_guess(v.ptr, v.len);
    CHECK(mkg__lang_parse(mkg_lang_name(lang), strlen(mkg_lang_name(lang))) == lang);
    return 0;
}
