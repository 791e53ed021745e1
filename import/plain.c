/* Tables without quotes: lines cut at a delimiter, as RRF and RF2 have them. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

mkg_status mkg__plain_open(mkg__plain *t, mkg__import *im, char delimiter, mkg_err *err)
{
    memset(t, 0, sizeof *t);
    t->im = im;
    t->delimiter = delimiter;
    return mkg__lines_new(im->s, &t->lines, err);
}

mkg_status mkg__plain_begin(mkg__plain *t, mkg__import *im, char delimiter,
                            size_t (*kind_of)(mkg_view line), size_t kinds,
                            const char *what, size_t *kind, mkg_err *err)
{
    mkg_view head;
    mkg_status st = mkg__stream_peek(im->s, &head, err);
    if (st < 0) return st;
    *kind = kind_of(mkg__first_line(head));
    if (*kind == kinds)
        return mkg__fail_at(err, MKG_EPARSE, im->file, 1, 0, "%s", what);
    return mkg__plain_open(t, im, delimiter, err);
}

void mkg__plain_close(mkg__plain *t)
{
    mkg__lines_free(t->lines);
    t->lines = NULL;
}

size_t mkg__plain_split(mkg_view line, char delimiter, mkg_view *out, size_t cap)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    size_t n = 0;
    for (;;) {
        const char *stop = p < end ? memchr(p, delimiter, (size_t)(end - p)) : NULL;
        if (n < cap) out[n] = mkg__view(p, (size_t)((stop ? stop : end) - p));
        n++;
        if (!stop) return n;
        p = stop + 1;
    }
}

mkg_status mkg__plain_next(mkg__plain *t, mkg_err *err)
{
    for (;;) {
        mkg_err e = {0};
        mkg_view line;
        size_t bad;
        mkg_status st = mkg__import_tick(t->im, err);
        if (st < 0) return st;
        st = mkg__lines_next(t->lines, &line, &t->line, &e);
        if (st == MKG_END) return st;
        if (st == MKG_OK && line.len == 0) continue;
        if (st == MKG_OK && !mkg__utf8_valid(line.ptr, line.len, &bad))
            st = mkg__fail_at(&e, MKG_EPARSE, t->im->file, t->line, (uint32_t)bad + 1,
                              line.ptr[bad] == '\0' ? "a NUL byte"
                                                    : "the line is not valid UTF-8");
        if (st < 0) {
            st = mkg__import_fault(t->im, st, &e, t->line, err);
            if (st < 0) return st;
            continue;
        }
        t->n = mkg__plain_split(line, t->delimiter, t->fields, MKG_PLAIN_COLUMNS);
        if (t->limit && t->n > t->limit) {
            mkg_view *last = &t->fields[t->limit - 1];
            last->len = (size_t)(line.ptr + line.len - last->ptr);
            t->n = t->limit;
        }
        return MKG_OK;
    }
}

mkg_status mkg__plain_skip(mkg__plain *t, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, t->im->file, t->line, 0, "%s", what);
    return mkg__import_skip(t->im, &e, err);
}

mkg_status mkg__plain_columns(mkg__plain *t, size_t want, bool *ok, mkg_err *err)
{
    mkg_err e;
    *ok = t->n == want;
    if (*ok) return MKG_OK;
    mkg__fail_at(&e, MKG_EPARSE, t->im->file, t->line, 0,
                 "%zu column%s where %zu are expected", t->n, t->n == 1 ? "" : "s",
                 want);
    return mkg__import_skip(t->im, &e, err);
}
