/* Templates of mapping files: texts with the columns of a row in them. */
#include "import/tables_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    mkg__filter filter;
} filters[] = {{"icd10", MKG_FILTER_ICD10},
               {"icd9", MKG_FILTER_ICD9},
               {"icd9proc", MKG_FILTER_ICD9PROC},
               {"pad7", MKG_FILTER_PAD7},
               {"length", MKG_FILTER_LENGTH}};

/* ---- reading ---- */

static mkg_status wrong(const mkg__recordmap *m, mkg_err *err, const char *key,
                        const char *what)
{
    return mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0, "\"%s\": %s", key, what);
}

/* "code" or "code:icd10". */
static mkg_status read_column(mkg__recordmap *m, mkg_view text, mkg__piece *out,
                              mkg_err *err)
{
    size_t colon = text.len;
    memset(out, 0, sizeof *out);
    out->at = SIZE_MAX;
    for (size_t i = text.len; i > 0 && colon == text.len; i--)
        if (text.ptr[i - 1] == ':') colon = i - 1;
    for (size_t i = 0; i < sizeof filters / sizeof *filters && colon < text.len; i++)
        if (mkg__view_is(mkg__view(text.ptr + colon + 1, text.len - colon - 1),
                         filters[i].name)) {
            out->filter = filters[i].filter;
            text.len = colon;
        }
    out->column = mkg__arena_dup(&m->arena, text.ptr, text.len);
    return out->column ? MKG_OK : mkg__nomem(err);
}

mkg_status mkg__piece_read(mkg__recordmap *m, const char *column, mkg__piece *out,
                           mkg_err *err)
{
    return read_column(m, mkg__view(column, strlen(column)), out, err);
}

static mkg_status read_text(mkg__recordmap *m, const char *key, const char *text,
                            bool column, mkg__template *out, mkg_err *err)
{
    size_t n = 1;
    for (const char *p = text; *p; p++)
        n += 2u * (*p == '{');
    out->pieces = mkg__arena_alloc(&m->arena, n * sizeof *out->pieces);
    if (!out->pieces) return mkg__nomem(err);
    memset(out->pieces, 0, n * sizeof *out->pieces);
    if (column && !strchr(text, '{')) {
        out->n = 1;
        return mkg__piece_read(m, text, out->pieces, err);
    }
    while (*text) {
        size_t len = strcspn(text, "{");
        if (len) out->pieces[out->n++].text = mkg__view(text, len);
        text += len;
        if (!*text) break;
        len = strcspn(text, "}");
        if (!text[len] || len < 2) return wrong(m, err, key, "a '{' without a '}'");
        mkg_status st =
            read_column(m, mkg__view(text + 1, len - 1), &out->pieces[out->n++], err);
        if (st < 0) return st;
        text += len + 1;
    }
    return MKG_OK;
}

static mkg_status new_template(mkg__recordmap *m, const char *key, const json_t *v,
                               mkg__template **out, mkg_err *err)
{
    *out = mkg__arena_alloc(&m->arena, sizeof **out);
    if (!*out) return mkg__nomem(err);
    memset(*out, 0, sizeof **out);
    if (!json_is_string(v)) return wrong(m, err, key, "a string is expected");
    return read_text(m, key, json_string_value(v), false, *out, err);
}

/* A text, or {"field": …, "values": {value: text}, "else": text}. Where `column`, a
 * text without braces is a column. */
mkg_status mkg__template_read(mkg__recordmap *m, const char *key, const json_t *v,
                              bool column, mkg__template *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *values = json_object_get(v, "values");
    const json_t *otherwise = json_object_get(v, "else");
    const char *name;
    json_t *then;

    memset(out, 0, sizeof *out);
    if (json_is_string(v))
        return read_text(m, key, json_string_value(v), column, out, err);
    const char *field = json_string_value(json_object_get(v, "field"));
    if (!field || (values && !json_is_object(values)))
        return wrong(m, err, key, "a text, or {\"field\": …, \"values\": {…}}");
    MKG_GO(read_text(m, key, field, true, out, err));
    if (!values) goto out;
    out->cases = mkg__arena_alloc(&m->arena,
                                  (json_object_size(values) + 1) * sizeof *out->cases);
    if (!out->cases) return mkg__nomem(err);
    json_object_foreach((json_t *)(uintptr_t)values, name, then)
    {
        struct mkg__case *c = &out->cases[out->ncases];
        MKG_GO(new_template(m, key, then, &c->then, err));
        c->value = name;
        out->ncases++;
    }
    if (otherwise) MKG_GO(new_template(m, key, otherwise, &out->otherwise, err));
out:
    return st;
}

void mkg__template_columns(mkg__template *t, mkg__piece_fn fn, void *ctx)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->pieces[i].column) fn(ctx, &t->pieces[i]);
    for (size_t i = 0; i < t->ncases; i++)
        mkg__template_columns(t->cases[i].then, fn, ctx);
    if (t->otherwise) mkg__template_columns(t->otherwise, fn, ctx);
}

bool mkg__column_is(const char *names, mkg_view name)
{
    for (;;) {
        size_t n = strcspn(names, "|");
        if (n == name.len && strncasecmp(names, name.ptr, n) == 0) return true;
        if (!names[n]) return false;
        names += n + 1;
    }
}

/* ---- writing ---- */

/* A dot behind the first `n` characters, unless it has one. */
static void put_dotted(mkg__buf *b, mkg_view v, size_t n)
{
    bool dotted = v.len <= n || memchr(v.ptr, '.', v.len);
    mkg__buf_put(b, v.ptr, dotted ? v.len : n);
    if (dotted) return;
    mkg__buf_byte(b, '.');
    mkg__buf_put(b, v.ptr + n, v.len - n);
}

/* Marks of what is looked for under two codes (dagger and asterisk) are no part of the
 * code. */
mkg_view mkg__icd10_code(mkg_view v)
{
    static const char dagger[] = "\xe2\x80\xa0";
    for (;;) {
        if (v.len && strchr("+*", v.ptr[v.len - 1]))
            v.len--;
        else if (v.len >= 3 && memcmp(v.ptr + v.len - 3, dagger, 3) == 0)
            v.len -= 3;
        else
            return v;
    }
}

static void put_piece(mkg__buf *b, mkg_view v, mkg__filter filter)
{
    switch (filter) {
    case MKG_FILTER_ICD10:
        put_dotted(b, mkg__icd10_code(v), 3);
        break;
    case MKG_FILTER_ICD9:
        put_dotted(b, v, v.ptr[0] == 'E' || v.ptr[0] == 'e' ? 4 : 3);
        break;
    case MKG_FILTER_ICD9PROC:
        put_dotted(b, v, 2);
        break;
    case MKG_FILTER_PAD7:
        for (size_t i = v.len; i < 7; i++)
            mkg__buf_byte(b, '0');
        mkg__buf_put(b, v.ptr, v.len);
        break;
    case MKG_FILTER_LENGTH:
        mkg__buf_printf(b, "%zu", mkg__utf8_count(v.ptr, v.len));
        break;
    case MKG_FILTER_NONE:
        mkg__buf_put(b, v.ptr, v.len);
    }
}

mkg_status mkg__template_text(const mkg__template *t, const mkg__row *row, mkg__buf *b,
                              mkg_view *text, mkg_err *err)
{
    b->len = 0;
    *text = mkg__view("", 0);
    for (size_t i = 0; i < t->n; i++) {
        const mkg__piece *p = &t->pieces[i];
        if (!p->column) {
            mkg__buf_put(b, p->text.ptr, p->text.len);
            continue;
        }
        mkg_view v = p->at < row->n ? row->fields[p->at] : mkg__view("", 0);
        if (v.len == 0 && !t->cases) return MKG_OK;
        if (v.len) put_piece(b, v, p->filter);
    }
    if (!mkg__buf_cstr(b)) return mkg__nomem(err);
    *text = mkg__view(b->ptr, b->len);
    for (size_t i = 0; i < t->ncases; i++)
        if (mkg__view_is(*text, t->cases[i].value))
            return mkg__template_text(t->cases[i].then, row, b, text, err);
    if (t->otherwise) return mkg__template_text(t->otherwise, row, b, text, err);
    return MKG_OK;
}
