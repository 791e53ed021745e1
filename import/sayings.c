/* Sayings in memory, and beyond that in a file without a name. */
#include "import/concepts_internal.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LANG_SHIFT = 3, DENIED = 1 << 5, WEIGHT = 1 << 6, WINDOW = 1 << 20 };

static mkg_status open_file(mkg__sayings *s, mkg_err *err)
{
    char *name = mkg__path_join(s->folder, ".import-XXXXXX");
    if (!name) return mkg__nomem(err);
    s->fd = mkstemp(name);
    mkg_status st = s->fd < 0
                        ? mkg__fail_errno(err, "make a temporary file in", s->folder)
                        : MKG_OK;
    if (s->fd >= 0) unlink(name);
    mkg__free(name);
    return st;
}

static mkg_status file_away(mkg__sayings *s, mkg_err *err)
{
    mkg_status st = s->fd < 0 ? open_file(s, err) : MKG_OK;
    for (size_t done = 0; st >= 0 && done < s->buf.len;) {
        ssize_t k = pwrite(s->fd, s->buf.ptr + done, s->buf.len - done,
                           (off_t)(s->filed + done));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return mkg__fail_errno(err, "write a temporary file in", s->folder);
        done += (size_t)k;
    }
    if (st < 0) return st;
    s->filed += s->buf.len;
    s->buf.len = 0;
    return MKG_OK;
}

mkg_status mkg__sayings_put(mkg__sayings *s, const mkg__saying *what, mkg_err *err)
{
    mkg__buf *b = &s->buf;
    unsigned char flags =
        (unsigned char)(what->kind | (unsigned)what->lang << LANG_SHIFT |
                        (what->denied ? DENIED : 0u) |
                        (what->weight > 0 ? WEIGHT : 0u));
    mkg__buf_byte(b, flags);
    mkg__buf_varint(b, what->line);
    mkg__buf_varint(b, what->subject);
    if (what->kind >= MKG_SAY_FACT) mkg__buf_varint(b, what->relation);
    if (what->weight > 0) mkg__buf_put(b, &what->weight, sizeof what->weight);
    if (what->kind == MKG_SAY_FACT) {
        mkg__buf_varint(b, what->object);
    } else {
        mkg__buf_varint(b, what->text.len);
        mkg__buf_put(b, what->text.ptr, what->text.len);
    }
    if (b->failed) return mkg__nomem(err);
    return b->len > s->memory ? file_away(s, err) : MKG_OK;
}

void mkg__sayings_rewind(mkg__sayings *s)
{
    s->at = 0;
    s->window.len = s->window_at = 0;
}

/* Put more of the file behind what is left of the window. */
static mkg_status slide(mkg__sayings *s, size_t need, mkg_err *err)
{
    char tmp[64 << 10];
    size_t left = s->window.len - s->window_at;
    if (left) memmove(s->window.ptr, s->window.ptr + s->window_at, left);
    s->window.len = left;
    s->window_at = 0;
    while (s->window.len < need && s->at < s->filed) {
        uint64_t most = s->filed - s->at;
        ssize_t k = pread(s->fd, tmp, most < sizeof tmp ? (size_t)most : sizeof tmp,
                          (off_t)s->at);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return mkg__fail_errno(err, "read a temporary file in", s->folder);
        mkg__buf_put(&s->window, tmp, (size_t)k);
        if (s->window.failed) return mkg__nomem(err);
        s->at += (uint64_t)k;
    }
    return MKG_OK;
}

/* The bytes from where reading is, at least `need` of them if there are so many. */
static mkg_status ahead(mkg__sayings *s, size_t need, mkg_view *out, mkg_err *err)
{
    if (s->window.len - s->window_at < need && s->at < s->filed) {
        mkg_status st = slide(s, need < WINDOW ? WINDOW : need, err);
        if (st < 0) return st;
    }
    if (s->window.len > s->window_at) {
        *out = mkg__view(s->window.ptr + s->window_at, s->window.len - s->window_at);
    } else {
        size_t from = (size_t)(s->at - s->filed);
        *out = mkg__view(s->buf.ptr ? s->buf.ptr + from : "", s->buf.len - from);
    }
    return MKG_OK;
}

static void consume(mkg__sayings *s, size_t n)
{
    if (s->window.len > s->window_at)
        s->window_at += n;
    else
        s->at += n;
}

static uint64_t number(const char **p, const char *end)
{
    uint64_t v = 0;
    mkg__get_varint(p, end, &v); /* written by us */
    return v;
}

mkg_status mkg__sayings_next(mkg__sayings *s, mkg__saying *out, mkg_err *err)
{
    enum { HEAD = 1 + 10 * 4 + sizeof(float) };
    mkg_view v;
    mkg_status st = ahead(s, HEAD, &v, err);
    if (st < 0) return st;
    if (v.len == 0) return MKG_END;
    const char *p = v.ptr + 1, *end = v.ptr + v.len;
    unsigned char flags = (unsigned char)v.ptr[0];
    memset(out, 0, sizeof *out);
    out->kind = flags & 7;
    out->lang = flags >> LANG_SHIFT & 3;
    out->denied = flags & DENIED;
    out->line = number(&p, end);
    out->subject = (mkg_id)number(&p, end);
    if (out->kind >= MKG_SAY_FACT) out->relation = (mkg_id)number(&p, end);
    if (flags & WEIGHT) {
        memcpy(&out->weight, p, sizeof out->weight);
        p += sizeof out->weight;
    }
    if (out->kind == MKG_SAY_FACT) {
        out->object = (mkg_id)number(&p, end);
        out->text = mkg__view("", 0);
        consume(s, (size_t)(p - v.ptr));
        return MKG_OK;
    }
    size_t len = (size_t)number(&p, end), head = (size_t)(p - v.ptr);
    st = ahead(s, head + len, &v, err);
    if (st < 0) return st;
    out->text = mkg__view(v.ptr + head, len);
    consume(s, head + len);
    return MKG_OK;
}

void mkg__sayings_clear(mkg__sayings *s)
{
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    mkg__buf_clear(&s->buf);
    mkg__buf_clear(&s->window);
}
