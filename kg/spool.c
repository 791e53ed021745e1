/* Temporary files, and byte strings kept in order: in memory, or in such a file. */
#include "kg/sorter_internal.h"

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

mkg_status mkg__spill_open(const char *folder, int *fd, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *name = mkg__path_join(folder, "spill-XXXXXX");
    if (!name) return mkg__nomem(err);
    *fd = mkstemp(name);
    if (*fd < 0 || unlink(name) != 0 || fcntl(*fd, F_SETFD, FD_CLOEXEC) != 0)
        st = mkg__fail_errno(err, "make a temporary file", folder);
    if (st < 0 && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    mkg__free(name);
    return st;
}

mkg_status mkg__spill_write(int fd, const void *p, size_t n, uint64_t at, mkg_err *err)
{
    const char *from = p;
    while (n) {
        ssize_t k = pwrite(fd, from, n, (off_t)at);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            return mkg__fail(err, MKG_EIO,
                             "cannot write a temporary file in the store's folder: %s; "
                             "the store is as it was before",
                             k < 0 ? strerror(errno) : "no space left");
        from += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return MKG_OK;
}

mkg_status mkg__spill_read(int fd, void *p, size_t n, uint64_t at, mkg_err *err)
{
    char *to = p;
    while (n) {
        ssize_t k = pread(fd, to, n, (off_t)at);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            return mkg__fail(err, MKG_EIO, "cannot read a temporary file back: %s",
                             k < 0 ? strerror(errno) : "it is too short");
        to += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return MKG_OK;
}

enum { BLOCK = 1 << 20 };

/* Adding: bytes [written, written + n) of the whole are in `buf`, the rest in the file.
 * Reading: bytes [from, from + n) are, `at` is the next of them. */
struct mkg__spool {
    const char *folder;
    size_t memory;
    int fd;
    char *buf;
    size_t n, cap, at;
    uint64_t written, total, from;
    bool reading;
};

mkg_status mkg__spool_new(const char *folder, size_t memory, mkg__spool **out,
                          mkg_err *err)
{
    *out = mkg__calloc(1, sizeof **out);
    if (!*out) return mkg__nomem(err);
    (*out)->folder = folder;
    (*out)->memory = memory;
    (*out)->fd = -1;
    return MKG_OK;
}

void mkg__spool_free(mkg__spool *s)
{
    if (!s) return;
    if (s->fd >= 0) close(s->fd);
    mkg__free(s->buf);
    mkg__free(s);
}

uint64_t mkg__spool_bytes(const mkg__spool *s)
{
    return s->total;
}

uint64_t mkg__spool_spilled(const mkg__spool *s)
{
    return s->written;
}

static mkg_status write_out(mkg__spool *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (s->fd < 0) MKG_GO(mkg__spill_open(s->folder, &s->fd, err));
    MKG_GO(mkg__spill_write(s->fd, s->buf, s->n, s->written, err));
    s->written += s->n;
    s->n = 0;
    if (s->cap > BLOCK) { /* from now on it is written in blocks */
        mkg__free(s->buf);
        s->buf = NULL;
        s->cap = 0;
    }
out:
    return st;
}

/* Room for n more bytes at the end of the buffer. */
static mkg_status make_room(mkg__spool *s, size_t n, mkg_err *err)
{
    size_t limit = s->fd >= 0 && s->memory > BLOCK ? BLOCK : s->memory;
    if (s->n + n <= s->cap) return MKG_OK;
    if (s->n && s->n + n > limit) {
        mkg_status st = write_out(s, err);
        if (st < 0) return st;
    }
    size_t cap = s->cap < 4096 ? 4096 : s->cap;
    while (cap < s->n + n)
        cap *= 2;
    if (cap > limit && s->n + n <= limit) cap = limit;
    if (cap <= s->cap) return MKG_OK;
    char *p = mkg__realloc(s->buf, cap);
    if (!p) return mkg__nomem(err);
    s->buf = p;
    s->cap = cap;
    return MKG_OK;
}

mkg_status mkg__spool_add(mkg__spool *s, mkg_view item, mkg_err *err)
{
    unsigned char head[10];
    size_t n = 0;
    uint64_t v = item.len;
    for (; v >= 0x80; v >>= 7)
        head[n++] = (unsigned char)(v | 0x80);
    head[n++] = (unsigned char)v;
    mkg_status st = make_room(s, n + item.len, err);
    if (st < 0) return st;
    memcpy(s->buf + s->n, head, n);
    if (item.len) memcpy(s->buf + s->n + n, item.ptr, item.len);
    s->n += n + item.len;
    s->total += n + item.len;
    return MKG_OK;
}

mkg_status mkg__spool_rewind(mkg__spool *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (!s->reading && s->written && s->n) MKG_GO(write_out(s, err));
    s->reading = true;
    s->at = 0;
    s->from = 0;
    if (s->written) s->n = 0;
out:
    return st;
}

/* At least n bytes from `at` on, or all that is left. */
static mkg_status want(mkg__spool *s, size_t n, mkg_err *err)
{
    size_t have = s->n - s->at;
    if (have >= n || s->written == 0) return MKG_OK;
    uint64_t behind = s->from + s->n;
    if (behind == s->total) return MKG_OK;
    memmove(s->buf, s->buf + s->at, have);
    s->from += s->at;
    s->at = 0;
    s->n = have;
    size_t cap = n < BLOCK ? BLOCK : n;
    if (cap > s->memory && n <= s->memory) cap = s->memory;
    if (cap > s->cap) {
        char *p = mkg__realloc(s->buf, cap);
        if (!p) return mkg__nomem(err);
        s->buf = p;
        s->cap = cap;
    }
    size_t more = s->cap - have;
    if (more > s->total - behind) more = (size_t)(s->total - behind);
    mkg_status st = mkg__spill_read(s->fd, s->buf + have, more, behind, err);
    if (st >= 0) s->n += more;
    return st;
}

mkg_status mkg__spool_next(mkg__spool *s, mkg_view *item, mkg_err *err)
{
    uint64_t len;
    mkg_status st = want(s, 10, err);
    if (st < 0) return st;
    if (s->at == s->n) return MKG_END;
    const char *p = s->buf + s->at;
    if (!mkg__get_varint(&p, s->buf + s->n, &len))
        return mkg__fail(err, MKG_EIO, "a temporary file is damaged");
    size_t head = (size_t)(p - (s->buf + s->at));
    if (len > s->total || (st = want(s, head + (size_t)len, err)) < 0)
        return st < 0 ? st : mkg__fail(err, MKG_EIO, "a temporary file is damaged");
    if (s->n - s->at < head + (size_t)len)
        return mkg__fail(err, MKG_EIO, "a temporary file is damaged");
    *item = mkg__view(s->buf + s->at + head, (size_t)len);
    s->at += head + (size_t)len;
    return MKG_OK;
}
