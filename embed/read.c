/* word2vec text and binary (https://code.google.com/archive/p/word2vec/) and NumPy's
 * arrays (numpy.lib.format, versions 1 to 3). */
#include "embed/read_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 256 << 10,
    NPY_FRONT = 8,
    NPY_HEADER_MAX = 64 << 10,
    LINE_MAX_BYTES = 8 << 20
};

uint64_t mkg__rows_line(const mkg__rows *r)
{
    return r->text ? r->done + 1 : r->done;
}

/* ---- bytes ---- */

static mkg_status refill(mkg__rows *r, mkg_err *err)
{
    size_t n = 0;
    r->at = r->end = 0;
    mkg_status st = mkg__stream_read(r->s, r->block, BLOCK, &n, err);
    if (st < 0) return st;
    r->end = n;
    return n ? MKG_OK : MKG_END;
}

/* The next byte into *c; MKG_END at the end of the file. */
static mkg_status next_byte(mkg__rows *r, unsigned char *c, mkg_err *err)
{
    if (r->at == r->end) {
        mkg_status st = refill(r, err);
        if (st != MKG_OK) return st;
    }
    *c = (unsigned char)r->block[r->at++];
    return MKG_OK;
}

static mkg_status next_bytes(mkg__rows *r, unsigned char *out, size_t n, mkg_err *err)
{
    while (n) {
        if (r->at == r->end) {
            mkg_status st = refill(r, err);
            if (st != MKG_OK) return st;
        }
        size_t k = r->end - r->at < n ? r->end - r->at : n;
        memcpy(out, r->block + r->at, k);
        r->at += k;
        out += k;
        n -= k;
    }
    return MKG_OK;
}

static mkg_status bad(const mkg__rows *r, const char *what, mkg_err *err)
{
    if (r->text)
        return mkg__fail_at(err, MKG_EPARSE, r->file, mkg__rows_line(r), 0, "%s", what);
    return mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0, "row %zu: %s", r->done, what);
}

static mkg_status too_short(const mkg__rows *r, mkg_err *err)
{
    return mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0,
                        "the file ends in row %zu of %zu", r->done, r->rows);
}

static mkg_status not_finite(const mkg__rows *r, size_t column, mkg_err *err)
{
    char what[80];
    snprintf(what, sizeof what, "number %zu is not finite", column + 1);
    return bad(r, what, err);
}

/* A line without its end into r->token. MKG_END if there is none. */
static mkg_status next_line(mkg__rows *r, size_t limit, mkg_err *err)
{
    unsigned char c;
    mkg_status st;
    r->token.len = 0;
    while ((st = next_byte(r, &c, err)) == MKG_OK && c != '\n') {
        if (r->token.len >= limit) return bad(r, "the line is too long", err);
        mkg__buf_byte(&r->token, c);
    }
    if (st < 0) return st;
    if (st == MKG_END && r->token.len == 0) return MKG_END;
    if (r->token.failed) return mkg__nomem(err);
    if (r->token.len && r->token.ptr[r->token.len - 1] == '\r') r->token.len--;
    return MKG_OK;
}

/* ---- headers ---- */

static mkg_status check_shape(mkg__rows *r, mkg_err *err)
{
    if (r->rows == 0 || r->dim == 0 || r->dim > MKG__DIM_MAX || r->rows > UINT32_MAX)
        return mkg__fail_at(
            err, MKG_EPARSE, r->file, 1, 0,
            "%zu rows of %zu numbers cannot be a set: 1 to 2^32 - 1 rows "
            "of 1 to %d",
            r->rows, r->dim, (int)MKG__DIM_MAX);
    r->x = mkg__calloc(r->dim, sizeof *r->x);
    return r->x ? MKG_OK : mkg__nomem(err);
}

/* "rows dim" */
static mkg_status head_word2vec(mkg__rows *r, mkg_err *err)
{
    uint64_t n, dim;
    mkg_status st = next_line(r, 64, err);
    if (st < 0) return st;
    mkg_view line = mkg__trim(mkg__view(r->token.ptr, r->token.len));
    const char *blank = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
    size_t first = blank ? (size_t)(blank - line.ptr) : 0;
    if (!blank || !mkg__parse_u64(mkg__view(line.ptr, first), &n) ||
        !mkg__parse_u64(mkg__trim(mkg__view(blank, line.len - first)), &dim))
        return mkg__fail_at(
            err, MKG_EPARSE, r->file, 1, 0,
            "a file of word2vec begins with the number of rows, a blank "
            "and the number of dimensions");
    r->rows = (size_t)n;
    r->dim = (size_t)dim;
    return check_shape(r, err);
}

/* What stands behind 'key': in the dictionary of a header. */
static const char *value_of(const char *header, const char *key)
{
    const char *p = strstr(header, key);
    if (!p) return "";
    p += strlen(key);
    return p + strspn(p, " :");
}

static bool read_shape(mkg__rows *r, const char *p)
{
    uint64_t v[2];
    if (*p++ != '(') return false;
    for (unsigned i = 0; i < 2; i++) {
        p += strspn(p, " ");
        size_t digits = strspn(p, "0123456789");
        if (!mkg__parse_u64(mkg__view(p, digits), &v[i])) return false;
        p += digits;
        p += strspn(p, "L ");
        if (i == 0 && *p++ != ',') return false;
    }
    r->rows = (size_t)v[0];
    r->dim = (size_t)v[1];
    if (*p == ',') p++;
    return p[strspn(p, " ")] == ')';
}

static mkg_status head_npy(mkg__rows *r, mkg_err *err)
{
    unsigned char front[NPY_FRONT], le[4] = {0};
    char *header = NULL;
    mkg_status st;

    MKG_GO(next_bytes(r, front, sizeof front, err));
    if (st == MKG_END || memcmp(front, "\x93NUMPY", 6) != 0 || front[6] < 1 ||
        front[6] > 3) {
        st = mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0,
                          "not an array of NumPy (format 1 to 3)");
        goto out;
    }
    MKG_GO(next_bytes(r, le, front[6] == 1 ? 2 : 4, err));
    size_t n =
        (size_t)le[0] | (size_t)le[1] << 8 | (size_t)le[2] << 16 | (size_t)le[3] << 24;
    if (st == MKG_END || n > NPY_HEADER_MAX) {
        st = mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0, "the header is too long");
        goto out;
    }
    header = mkg__calloc(n + 1, 1);
    if (!header) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(next_bytes(r, (unsigned char *)header, n, err));
    const char *type = value_of(header, "'descr'");
    if (st == MKG_END) {
        st = too_short(r, err);
    } else if (strncmp(type, "'<f4'", 5) != 0 && strncmp(type, "'<f8'", 5) != 0) {
        st = mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0,
                          "the array is not of float32 or float64, little-endian");
    } else if (strncmp(value_of(header, "'fortran_order'"), "False", 5) != 0) {
        st = mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0,
                          "the array is in Fortran's order; numpy.ascontiguousarray() "
                          "turns it");
    } else if (!read_shape(r, value_of(header, "'shape'"))) {
        st = mkg__fail_at(err, MKG_EPARSE, r->file, 0, 0,
                          "the array has not two dimensions");
    } else {
        r->wide = type[3] == '8';
        st = check_shape(r, err);
    }
out:
    mkg__free(header);
    return st;
}

/* ---- rows ---- */

static mkg_status text_row(mkg__rows *r, mkg_err *err)
{
    mkg_status st = next_line(r, LINE_MAX_BYTES, err);
    if (st == MKG_END) return too_short(r, err);
    if (st < 0) return st;
    const char *p = r->token.ptr, *end = p + r->token.len;
    const char *blank = memchr(p, ' ', (size_t)(end - p));
    if (!blank || blank == p)
        return bad(r, "a line is a name, a blank and numbers", err);
    size_t n = 0, token = (size_t)(blank - p);
    for (p = blank; p < end;) {
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        const char *from = p;
        while (p < end && *p != ' ' && *p != '\t')
            p++;
        if (p == from) break;
        double v;
        if (n < r->dim) {
            if (!mkg__parse_double(mkg__view(from, (size_t)(p - from)), &v)) {
                char what[96];
                snprintf(what, sizeof what, "number %zu is no finite number: '%.*s'",
                         n + 1, mkg__clip(mkg__view(from, (size_t)(p - from)), 32),
                         from);
                return bad(r, what, err);
            }
            r->x[n] = (float)v;
            if (!isfinite(r->x[n])) return not_finite(r, n, err);
        }
        n++;
    }
    if (n != r->dim) {
        char what[96];
        snprintf(what, sizeof what, "%zu numbers where the first line says %zu", n,
                 r->dim);
        return bad(r, what, err);
    }
    r->token.len = token;
    return MKG_OK;
}

static float little_endian4(const unsigned char *p)
{
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                    (uint32_t)p[3] << 24;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float little_endian8(const unsigned char *p)
{
    uint64_t bits = 0;
    double v;
    for (unsigned i = 8; i-- > 0;)
        bits = bits << 8 | p[i];
    memcpy(&v, &bits, sizeof v);
    return (float)v;
}

static mkg_status numbers(mkg__rows *r, mkg_err *err)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < r->dim; i++) {
        mkg_status st = next_bytes(r, bytes, r->wide ? 8 : 4, err);
        if (st == MKG_END) return too_short(r, err);
        if (st < 0) return st;
        r->x[i] = r->wide ? little_endian8(bytes) : little_endian4(bytes);
        if (!isfinite(r->x[i])) return not_finite(r, i, err);
    }
    return MKG_OK;
}

/* The name up to a blank, numbers; a line end before the name belongs to the row before
 * (the original program writes one, others do not). */
static mkg_status binary_row(mkg__rows *r, mkg_err *err)
{
    unsigned char c;
    mkg_status st;
    r->token.len = 0;
    while ((st = next_byte(r, &c, err)) == MKG_OK && c != ' ') {
        if (c == '\n' && r->token.len == 0) continue;
        if (r->token.len >= MKG__TOKEN_MAX) return bad(r, "the name has no end", err);
        mkg__buf_byte(&r->token, c);
    }
    if (st == MKG_END) return too_short(r, err);
    if (st < 0) return st;
    if (r->token.failed) return mkg__nomem(err);
    if (r->token.len == 0) return bad(r, "the name is empty", err);
    return numbers(r, err);
}

static mkg_status at_end(mkg__rows *r, mkg_err *err)
{
    unsigned char c;
    mkg_status st;
    while ((st = next_byte(r, &c, err)) == MKG_OK)
        if (r->npy || (c != '\n' && c != '\r'))
            return mkg__fail_at(err, MKG_EPARSE, r->file,
                                r->text ? mkg__rows_line(r) + 1 : 0, 0,
                                "the file goes on behind its %zu rows", r->rows);
    return st < 0 ? st : MKG_END;
}

mkg_status mkg__rows_next(mkg__rows *r, mkg_err *err)
{
    size_t wrong;
    if (r->done == r->rows) return at_end(r, err);
    r->done++;
    mkg_status st = r->npy    ? numbers(r, err)
                    : r->text ? text_row(r, err)
                              : binary_row(r, err);
    if (st < 0 || r->npy) return st;
    if (!mkg__utf8_valid(r->token.ptr, r->token.len, &wrong))
        return bad(r, "the name is not UTF-8", err);
    return MKG_OK;
}

mkg_status mkg__rows_open(mkg__rows *r, const char *file, const char *format,
                          mkg_err *err)
{
    mkg_status st;
    memset(r, 0, sizeof *r);
    r->file = mkg__path_base(file);
    r->npy = strcmp(format, "npy") == 0;
    r->text = strcmp(format, "word2vec") == 0;
    r->block = mkg__malloc(BLOCK);
    if (!r->block) return mkg__nomem(err);
    MKG_GO(mkg__stream_open(file, &r->s, err));
    st = r->npy ? head_npy(r, err) : head_word2vec(r, err);
out:
    return st;
}

void mkg__rows_close(mkg__rows *r)
{
    mkg__stream_close(r->s);
    mkg__buf_clear(&r->token);
    mkg__free(r->x);
    mkg__free(r->block);
    memset(r, 0, sizeof *r);
}
