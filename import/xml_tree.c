/* XML a record at a time: the elements of some names, each as a tree that lives for one
 * call. Memory is bounded by the largest record. */
#include "import/xml_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

enum { DEPTH_MAX = 64, RECORD_MAX = 256 << 20 };

typedef struct reader {
    const char *const *names;
    mkg__record_fn fn;
    void *ctx;
    const char *file;
    uint64_t line;
    mkg__arena arena; /* of the record */
    mkg__element *open[DEPTH_MAX];
    mkg__element **tail[DEPTH_MAX]; /* where the next child goes */
    size_t depth; /* of what is open in the record, 0: between records */
    mkg__buf text;
} reader;

static bool among(const char *const *names, mkg_view name)
{
    for (; *names; names++)
        if (mkg__view_is(name, *names)) return true;
    return false;
}

static mkg_view keep(mkg__arena *a, mkg_view v)
{
    const char *p = mkg__arena_dup(a, v.ptr, v.len);
    return mkg__view(p, p ? v.len : 0);
}

static mkg_status fits(const reader *r, mkg_err *err)
{
    if (r->depth < DEPTH_MAX && r->arena.bytes < RECORD_MAX) return MKG_OK;
    return mkg__fail_at(err, MKG_EPARSE, r->file, r->line, 0,
                        r->depth == DEPTH_MAX ? "elements are nested more than 64 deep"
                                              : "one record takes more than 256 MiB");
}

static mkg_status add(reader *r, mkg__element *e)
{
    if (r->depth) {
        *r->tail[r->depth - 1] = e;
        r->tail[r->depth - 1] = &e->next;
    }
    return MKG_OK;
}

/* The text so far is a child without a name. */
static mkg_status flush(reader *r, mkg_err *err)
{
    if (r->depth == 0 || r->text.len == 0) return MKG_OK;
    mkg__element *e = mkg__arena_alloc(&r->arena, sizeof *e);
    if (!e || r->text.failed) return mkg__nomem(err);
    memset(e, 0, sizeof *e);
    e->name = mkg__view("", 0);
    e->line = r->line;
    e->text = keep(&r->arena, mkg__view(r->text.ptr, r->text.len));
    r->text.len = 0;
    return e->text.ptr ? add(r, e) : mkg__nomem(err);
}

static mkg_status on_start(void *ctx, mkg_view ns, mkg_view name,
                           const mkg__attribute *attributes, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    reader *r = ctx;
    (void)ns;
    if (r->depth == 0 && !among(r->names, name)) return MKG_OK;
    MKG_GO(fits(r, err));
    MKG_GO(flush(r, err));
    mkg__element *e = mkg__arena_alloc(&r->arena, sizeof *e);
    if (!e) return mkg__nomem(err);
    memset(e, 0, sizeof *e);
    e->line = r->line;
    e->name = keep(&r->arena, name);
    e->text = mkg__view("", 0);
    e->attributes = mkg__arena_alloc(&r->arena, (n + 1) * sizeof *e->attributes);
    if (!e->name.ptr || !e->attributes) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        e->attributes[i].name = keep(&r->arena, attributes[i].name);
        e->attributes[i].ns = keep(&r->arena, attributes[i].ns);
        e->attributes[i].value = keep(&r->arena, attributes[i].value);
        if (!e->attributes[i].name.ptr || !e->attributes[i].ns.ptr ||
            !e->attributes[i].value.ptr)
            return mkg__nomem(err);
    }
    e->nattributes = n;
    MKG_GO(add(r, e));
    r->open[r->depth] = e;
    r->tail[r->depth++] = &e->first;
out:
    return st;
}

static mkg_status on_end(void *ctx, mkg_err *err)
{
    reader *r = ctx;
    if (r->depth == 0) return MKG_OK;
    mkg_status st = flush(r, err);
    if (st < 0 || --r->depth > 0) return st;
    st = r->fn(r->ctx, r->open[0], err);
    mkg__arena_clear(&r->arena);
    return st;
}

static mkg_status on_text(void *ctx, mkg_view text, mkg_err *err)
{
    reader *r = ctx;
    if (r->depth == 0) return MKG_OK;
    mkg__buf_put(&r->text, text.ptr, text.len);
    if (r->text.len > RECORD_MAX) return fits(r, err);
    return r->text.failed ? mkg__nomem(err) : MKG_OK;
}

mkg_status mkg__xml_records(mkg__import *im, const char *const *names,
                            mkg__record_fn fn, void *ctx, mkg_err *err)
{
    static const mkg__xml_handler handler = {on_start, on_end, on_text};
    reader r = {.names = names, .fn = fn, .ctx = ctx, .file = im->file};
    mkg_status st = mkg__xml_read(im, &handler, &r, &r.line, err);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.text);
    return st;
}

const mkg__element *mkg__element_next(const mkg__element *e, const char *name)
{
    for (; e; e = e->next)
        if (name ? mkg__view_is(e->name, name) : e->name.len > 0) return e;
    return NULL;
}

const mkg__element *mkg__element_child(const mkg__element *e, const char *name)
{
    return e ? mkg__element_next(e->first, name) : NULL;
}

mkg_view mkg__element_attribute(const mkg__element *e, const char *name)
{
    for (size_t i = 0; i < e->nattributes; i++)
        if (mkg__view_is(e->attributes[i].name, name))
            return mkg__trim(e->attributes[i].value);
    return mkg__view("", 0);
}

static void put_texts(const mkg__element *e, mkg__buf *out)
{
    for (; e; e = e->next) {
        if (e->name.len) {
            put_texts(e->first, out);
            continue;
        }
        for (size_t i = 0; i < e->text.len; i++) {
            char c = e->text.ptr[i];
            bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
            if (!blank)
                mkg__buf_byte(out, (unsigned char)c);
            else if (out->len && out->ptr[out->len - 1] != ' ')
                mkg__buf_byte(out, ' ');
        }
    }
}

mkg_status mkg__element_text(const mkg__element *e, mkg__buf *out, mkg_view *text,
                             mkg_err *err)
{
    out->len = 0;
    if (e) put_texts(e->first, out);
    const char *p = mkg__buf_cstr(out);
    *text = p ? mkg__trim(mkg__view(p, out->len)) : mkg__view("", 0);
    return p ? MKG_OK : mkg__nomem(err);
}
