#include "base/text.h"

#include "base/err.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

bool mkg__utf8_valid(const char *s, size_t n, size_t *bad)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0;

    while (i < n) {
        unsigned char c = p[i];
        size_t len;
        if (c == 0) break;
        if (c < 0x80) {
            i++;
            continue;
        }
        if (c >= 0xc2 && c <= 0xdf)
            len = 2;
        else if (c >= 0xe0 && c <= 0xef)
            len = 3;
        else if (c >= 0xf0 && c <= 0xf4)
            len = 4;
        else
            break;
        if (len > n - i) break;
        /* The second byte carries the limits: no overlong forms, no surrogates, nothing
         * above U+10FFFF. */
        unsigned char lo = 0x80, hi = 0xbf;
        if (c == 0xe0) lo = 0xa0;
        if (c == 0xed) hi = 0x9f;
        if (c == 0xf0) lo = 0x90;
        if (c == 0xf4) hi = 0x8f;
        if (p[i + 1] < lo || p[i + 1] > hi) break;
        if (len > 2 && (p[i + 2] & 0xc0) != 0x80) break;
        if (len > 3 && (p[i + 3] & 0xc0) != 0x80) break;
        i += len;
    }
    if (i < n && bad) *bad = i;
    return i == n;
}

uint32_t mkg__utf8_decode(const char *s, size_t n, size_t *len)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)s,
                                          (utf8proc_ssize_t)(n < 4 ? n : 4), &c);
    if (k < 1) {
        *len = 1;
        return 0xfffd;
    }
    *len = (size_t)k;
    return (uint32_t)c;
}

size_t mkg__utf8_count(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80) count++;
    return count;
}

size_t mkg__utf8_width(const char *s, size_t n)
{
    size_t width = 0, len;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(s + i, n - i, &len);
        int w = c < 0x20 ? 0 : utf8proc_charwidth((utf8proc_int32_t)c);
        width += w > 0 ? (size_t)w : 0;
    }
    return width;
}

bool mkg__is_han(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
           c == 0x3007 || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x323af);
}

bool mkg__is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9');
    if (mkg__is_han(c)) return false;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
        return true;
    default:
        return false;
    }
}

bool mkg__is_space(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool mkg__is_letter(uint32_t c)
{
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    /* CJK extension I came with Unicode 15.1; Debian 12's utf8proc knows 15.0. */
    if (c >= 0x2ebf0 && c <= 0x2ee5d) return true;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool mkg__is_number(uint32_t c)
{
    if (c < 0x80) return c >= '0' && c <= '9';
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}

/* Does `c` belong to the cluster that the character before it opened? NFKC works on a
 * cluster at a time, which is what keeps the offsets true. Conjoining jamo compose with
 * their neighbours though they are not marks, and signs without width vanish and let
 * their neighbours meet. */
static bool continues(uint32_t c)
{
    if (c < 0x300) return c == 0xad;
    if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0x3131 && c <= 0x318e) ||
        (c >= 0xffa0 && c <= 0xffdc))
        return true;
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)c);
    return p->category == UTF8PROC_CATEGORY_MN || p->category == UTF8PROC_CATEGORY_MC ||
           p->category == UTF8PROC_CATEGORY_ME || p->ignorable || c == 0xff9e ||
           c == 0xff9f;
}

/* Signs that people and keyboards write in several ways. */
static uint32_t unify(uint32_t c)
{
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xfe63 || c == 0xff0d)
        return '-';
    if (c == 0x2018 || c == 0x2019 || c == 0x2032 || c == 0x02bc || c == 0xff07)
        return '\'';
    if (c == 0x201c || c == 0x201d || c == 0xff02) return '"';
    return c;
}

typedef struct folder {
    mkg__buf *out;
    uint32_t *map;
    size_t map_cap;
    size_t base;   /* length of `out` before us */
    uint32_t last; /* last code point put, 0 if none */
    bool blank;    /* white space waits to be written */
    uint32_t blank_at;
    bool failed;
} folder;

static void put(folder *f, const char *p, size_t n, uint32_t at, bool mapped)
{
    if (mapped) {
        size_t have = f->out->len - f->base;
        if (!mkg__grow(&f->map, &f->map_cap, have + n + 1, sizeof *f->map)) {
            f->failed = true;
            return;
        }
        for (size_t i = 0; i < n; i++)
            f->map[have + i] = at;
    }
    mkg__buf_put(f->out, p, n);
}

static void put_folded(folder *f, const char *p, size_t n, uint32_t at, bool mapped)
{
    size_t len;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = unify(mkg__utf8_decode(p + i, n - i, &len));
        if (mkg__is_space(c)) { /* some characters decompose to a blank and a mark */
            if (!f->blank) f->blank_at = at;
            f->blank = true;
            continue;
        }
        if (f->blank && f->last && !mkg__is_han(f->last) && !mkg__is_han(c))
            put(f, " ", 1, f->blank_at, mapped);
        f->blank = false;
        if (c < 0x80) {
            char ascii = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
            put(f, &ascii, 1, at, mapped);
        } else {
            put(f, p + i, len, at, mapped);
        }
        f->last = c;
    }
}

mkg_status mkg__fold(const char *s, size_t n, mkg__buf *out, uint32_t **map,
                     mkg_err *err)
{
    folder f = {.out = out, .base = out->len};
    bool mapped = map != NULL;
    size_t i = 0, len, bad;

    if (mapped) *map = NULL;
    if (n > UINT32_MAX || !mkg__utf8_valid(s, n, &bad))
        return mkg__fail(err, MKG_EPARSE, "text is not valid UTF-8");
    while (i < n) {
        size_t end;
        uint32_t c = mkg__utf8_decode(s + i, n - i, &len);
        end = i + len;
        if (end < n && (unsigned char)s[end] >= 0xc2) {
            size_t more;
            while (end < n && continues(mkg__utf8_decode(s + end, n - end, &more)))
                end += more;
        }
        /* Blanks, ASCII and Han are nearly all there is: fold them without a table. */
        if (end == i + len && (c < 0x80 || (c >= 0x4e00 && c <= 0x9fff) ||
                               mkg__is_space(c) || unify(c) != c)) {
            put_folded(&f, s + i, len, (uint32_t)i, mapped);
        } else {
            utf8proc_uint8_t *t = NULL;
            utf8proc_ssize_t k = utf8proc_map(
                (const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(end - i), &t,
                UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                    UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
            if (k < 0) {
                mkg__free(f.map);
                return k == UTF8PROC_ERROR_NOMEM
                           ? mkg__nomem(err)
                           : mkg__fail(err, MKG_EPARSE, "text is not valid UTF-8");
            }
            put_folded(&f, (char *)t, (size_t)k, (uint32_t)i, mapped);
            free(t); /* utf8proc allocates with malloc */
        }
        i = end;
    }
    if (mapped) {
        put(&f, "", 0, 0, true);
        if (!f.failed) f.map[out->len - f.base] = (uint32_t)n;
    }
    if (f.failed || out->failed) {
        mkg__free(f.map);
        return mkg__nomem(err);
    }
    if (mapped) *map = f.map;
    return MKG_OK;
}

mkg_status mkg__squeeze(const char *s, size_t n, mkg__buf *out, mkg_err *err)
{
    size_t kept = out->len;
    mkg_status st = mkg__fold(s, n, out, NULL, err);
    if (st < 0) return st;
    for (size_t i = kept; i < out->len; i++)
        if (out->ptr[i] != ' ') out->ptr[kept++] = out->ptr[i];
    out->len = kept;
    return MKG_OK;
}

mkg_lang mkg__lang_guess(const char *s, size_t n)
{
    mkg_lang lang = MKG_LANG_NONE;
    size_t len;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(s + i, n - i, &len);
        if (mkg__is_han(c)) return MKG_LANG_ZH;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) lang = MKG_LANG_EN;
    }
    return lang;
}

const char *mkg_lang_name(mkg_lang lang)
{
    return lang == MKG_LANG_ZH ? "zh" : lang == MKG_LANG_EN ? "en" : "";
}

mkg_lang mkg__lang_parse(const char *s, size_t n)
{
    if (n < 2 || (n > 2 && s[2] != '-' && s[2] != '_')) return MKG_LANG_NONE;
    if ((s[0] | 32) == 'z' && (s[1] | 32) == 'h') return MKG_LANG_ZH;
    if ((s[0] | 32) == 'e' && (s[1] | 32) == 'n') return MKG_LANG_EN;
    return MKG_LANG_NONE;
}

int mkg__clip(mkg_view v, size_t max)
{
    size_t n = v.len < max ? v.len : max;
    while (n && n < v.len && ((unsigned char)v.ptr[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

mkg_view mkg__trim(mkg_view v)
{
    size_t len;
    while (v.len && mkg__is_space(mkg__utf8_decode(v.ptr, v.len, &len))) {
        v.ptr += len;
        v.len -= len;
    }
    while (v.len) {
        size_t at = v.len - 1;
        while (at && ((unsigned char)v.ptr[at] & 0xc0) == 0x80)
            at--;
        if (!mkg__is_space(mkg__utf8_decode(v.ptr + at, v.len - at, &len))) break;
        v.len = at;
    }
    return v;
}

bool mkg__view_eq(mkg_view a, mkg_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool mkg__view_is(mkg_view a, const char *s)
{
    return mkg__view_eq(a, mkg__view(s, strlen(s)));
}

bool mkg__parse_double(mkg_view v, double *out)
{
    char tmp[64];
    if (v.len == 0 || v.len >= sizeof tmp) return false;
    for (size_t i = 0; i < v.len; i++)
        if (!strchr("0123456789+-.eE", v.ptr[i]) || v.ptr[i] == '\0') return false;
    memcpy(tmp, v.ptr, v.len);
    tmp[v.len] = '\0';
    /* The library never calls setlocale(), but its caller may have. */
    const char *point = localeconv()->decimal_point;
    if (point[0] != '.' && point[1] == '\0')
        for (char *p = tmp; *p; p++)
            if (*p == '.') *p = point[0];
    char *end;
    errno = 0;
    double d = strtod(tmp, &end);
    if (*end != '\0' || end == tmp || !isfinite(d)) return false;
    *out = d;
    return true;
}

bool mkg__parse_u64(mkg_view v, uint64_t *out)
{
    uint64_t u = 0;
    if (v.len == 0 || v.len > 20) return false;
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9') return false;
        if (__builtin_mul_overflow(u, 10u, &u) ||
            __builtin_add_overflow(u, (uint64_t)(v.ptr[i] - '0'), &u))
            return false;
    }
    *out = u;
    return true;
}

enum { EDIT_MAX = 64 };

static size_t decode_all(mkg_view v, uint32_t *out)
{
    size_t n = 0, len;
    for (size_t i = 0; i < v.len && n < EDIT_MAX; i += len)
        out[n++] = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
    return n;
}

size_t mkg__edit_distance(mkg_view a, mkg_view b, size_t limit)
{
    uint32_t x[EDIT_MAX], y[EDIT_MAX];
    size_t row[3][EDIT_MAX + 1];
    if (mkg__utf8_count(a.ptr, a.len) > EDIT_MAX ||
        mkg__utf8_count(b.ptr, b.len) > EDIT_MAX)
        return mkg__view_eq(a, b) ? 0 : limit + 1;
    size_t n = decode_all(a, x), m = decode_all(b, y);

    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *cur = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        size_t best = cur[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t d = up[j - 1] + (x[i - 1] != y[j - 1]);
            if (up[j] + 1 < d) d = up[j] + 1;
            if (cur[j - 1] + 1 < d) d = cur[j - 1] + 1;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                up2[j - 2] + 1 < d)
                d = up2[j - 2] + 1;
            cur[j] = d;
            if (d < best) best = d;
        }
        if (best > limit) return limit + 1;
    }
    size_t d = row[n % 3][m];
    return d > limit ? limit + 1 : d;
}
