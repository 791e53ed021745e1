/* Tables with a header, by the names of their columns. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

static mkg_status next_fields(mkg__table *t, size_t *n, mkg_err *err)
{
    if (!t->plain) return mkg__delimited_next(t->d, &t->fields, n, &t->line, err);
    mkg_status st = mkg__plain_next(t->plain, err);
    t->fields = t->plain->fields;
    t->line = t->plain->line;
    *n = t->plain->n;
    return st;
}

static mkg_status name_column(mkg__table *t, size_t i, mkg_view name, mkg_err *err)
{
    name = mkg__trim(name);
    t->names[i].ptr = mkg__arena_dup(&t->arena, name.ptr, name.len);
    t->names[i].len = name.len;
    return t->names[i].ptr ? MKG_OK : mkg__nomem(err);
}

static mkg_status read_header(mkg__table *t, const mkg__strings *columns, mkg_err *err)
{
    mkg_status st = MKG_OK;
    t->n = columns ? columns->n : 0;
    if (!columns) MKG_GO(next_fields(t, &t->n, err));
    if (st == MKG_END)
        return mkg__fail_at(err, MKG_EPARSE, t->im->file, 0, 0, "the file is empty");
    if (t->plain && t->n > MKG_PLAIN_COLUMNS)
        return mkg__fail_at(err, MKG_EPARSE, t->im->file, t->line, 0,
                            "the table has more than %d columns", MKG_PLAIN_COLUMNS);
    t->names = mkg__arena_alloc(&t->arena, t->n * sizeof *t->names);
    if (!t->names) return mkg__nomem(err);
    for (size_t i = 0; i < t->n; i++)
        MKG_GO(name_column(t, i,
                           columns ? mkg__view(columns->at[i], strlen(columns->at[i]))
                                   : t->fields[i],
                           err));
out:
    return st;
}

mkg_status mkg__table_open_as(mkg__table *t, mkg__import *im, char delimiter,
                              bool plain, bool rest, const mkg__strings *columns,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    memset(t, 0, sizeof *t);
    t->im = im;
    if (plain) {
        t->plain = mkg__calloc(1, sizeof *t->plain);
        if (!t->plain) return mkg__nomem(err);
        MKG_GO(mkg__plain_open(t->plain, im, delimiter, err));
        if (rest) t->plain->limit = columns->n;
    } else {
        MKG_GO(mkg__delimited_new(im->s, delimiter, &t->d, err));
    }
    st = read_header(t, columns, err);
out:
    return st;
}

mkg_status mkg__table_open(mkg__table *t, mkg__import *im, char delimiter, mkg_err *err)
{
    return mkg__table_open_as(t, im, delimiter, false, false, NULL, err);
}

void mkg__table_close(mkg__table *t)
{
    mkg__delimited_free(t->d);
    if (t->plain) mkg__plain_close(t->plain);
    mkg__free(t->plain);
    mkg__arena_clear(&t->arena);
}

static bool same(mkg_view v, const char *name)
{
    return v.len == strlen(name) && strncasecmp(v.ptr, name, v.len) == 0;
}

size_t mkg__table_column(const mkg__table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (same(t->names[i], name)) return i;
    return SIZE_MAX;
}

mkg_status mkg__table_need(const mkg__table *t, const char *name, size_t *out,
                           mkg_err *err)
{
    *out = mkg__table_column(t, name);
    if (*out != SIZE_MAX) return MKG_OK;
    return mkg__fail_at(err, MKG_EPARSE, t->im->file, 1, 0,
                        "the header has no column '%s'", name);
}

mkg_status mkg__table_next(mkg__table *t, mkg_err *err)
{
    for (;;) {
        mkg_err e = {0};
        size_t n;
        mkg_status st = mkg__import_tick(t->im, err);
        if (st < 0) return st;
        st = next_fields(t, &n, t->plain ? err : &e);
        if (st == MKG_END) return st;
        if (st < 0 && t->plain) return st; /* it has put aside what it could */
        if (st < 0)
            st = mkg__import_fault(t->im, st, &e, t->line, err);
        else if (n == t->n)
            return MKG_OK;
        else
            st = mkg__table_skip(t, err, "%zu column%s where the header has %zu", n,
                                 n == 1 ? "" : "s", t->n);
        if (st < 0) return st;
    }
}

mkg_view mkg__table_field(const mkg__table *t, size_t column)
{
    return column < t->n ? mkg__trim(t->fields[column]) : mkg__view("", 0);
}

mkg_status mkg__table_skip(mkg__table *t, mkg_err *err, const char *fmt, ...)
{
    mkg_err e;
    char text[sizeof e.msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mkg__fail_at(&e, MKG_EPARSE, t->im->file, t->line, 0, "%s", text);
    return mkg__import_skip(t->im, &e, err);
}

static bool has_field(mkg_view line, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= line.len; i++) {
        bool starts = i == 0 || strchr("\t,;|\"", line.ptr[i - 1]);
        bool ends = i + n == line.len || strchr("\t,;|\"\r", line.ptr[i + n]);
        if (starts && ends && strncasecmp(line.ptr + i, word, n) == 0) return true;
    }
    return false;
}

bool mkg__table_has(mkg_view head, const char *a, const char *b)
{
    mkg_view line = mkg__first_line(head);
    return has_field(line, a) && has_field(line, b);
}
