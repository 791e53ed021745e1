#include "base/err.h"
#include "lm/lm_internal.h"

#include <string.h>

static mkg_status dispatch(mkg__sse *s, mkg__sse_fn fn, void *ctx, mkg_err *err)
{
    if (!s->has_data) return MKG_OK;
    mkg_status st =
        fn(ctx, mkg__view(s->data.ptr ? s->data.ptr : "", s->data.len), err);
    s->data.len = 0;
    s->has_data = false;
    return st;
}

/* A whole line is in s->line. */
static mkg_status take_line(mkg__sse *s, mkg__sse_fn fn, void *ctx, mkg_err *err)
{
    mkg_view line = {s->line.ptr ? s->line.ptr : "", s->line.len};
    s->line.len = 0;
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    if (line.len == 0) return dispatch(s, fn, ctx, err);
    if (line.len < 5 || memcmp(line.ptr, "data:", 5) != 0) return MKG_OK;
    line = mkg__view(line.ptr + 5, line.len - 5);
    if (line.len && line.ptr[0] == ' ') line = mkg__view(line.ptr + 1, line.len - 1);
    if (s->has_data) mkg__buf_byte(&s->data, '\n');
    s->has_data = true;
    mkg__buf_put(&s->data, line.ptr, line.len);
    if (s->data.failed) return mkg__nomem(err);
    if (s->data.len > MKG_SSE_EVENT_MAX)
        return mkg__fail(err, MKG_ELM, "the endpoint sent an event without an end");
    return MKG_OK;
}

mkg_status mkg__sse_feed(mkg__sse *s, const char *p, size_t n, mkg__sse_fn fn,
                         void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    while (n) {
        const char *nl = memchr(p, '\n', n);
        size_t k = nl ? (size_t)(nl - p) : n;
        mkg__buf_put(&s->line, p, k);
        if (s->line.failed) return mkg__nomem(err);
        if (s->line.len > MKG_SSE_EVENT_MAX)
            return mkg__fail(err, MKG_ELM, "the endpoint sent a line without an end");
        if (!nl) break;
        MKG_GO(take_line(s, fn, ctx, err));
        p += k + 1;
        n -= k + 1;
    }
out:
    return st;
}

mkg_status mkg__sse_end(mkg__sse *s, mkg__sse_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (s->line.len) MKG_GO(take_line(s, fn, ctx, err));
    st = dispatch(s, fn, ctx, err);
out:
    return st;
}

void mkg__sse_clear(mkg__sse *s)
{
    mkg__buf_clear(&s->line);
    mkg__buf_clear(&s->data);
    s->has_data = false;
}
