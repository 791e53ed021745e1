/* Streams: packed bytes -> bytes -> UTF-8. Only user of zlib. */
#include "base/err.h"
#include "base/io.h"
#include "base/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Tables of repeated text shrink to a hundredth; what unpacks to more than EXPANSION
 * times its size was made to fill a disk. The first EXPANSION_FREE bytes are free. */
enum { RAW = 256 << 10, PEEK = 64 << 10, EXPANSION = 200, EXPANSION_FREE = 16 << 20 };

struct mkg__stream {
    int fd;
    char *path;
    const char *name;
    mkg__sha256 *sha;
    uint64_t raw_done, raw_total;
    unsigned char *raw; /* bytes as read: raw[at .. end) */
    size_t at, end;
    bool eof, gzip, inflating, archive;
    bool broken; /* the packed data are damaged: there is no more to be had */
    z_stream z;
    mkg__unpack *unpack; /* other packings, from the first read on */
    uint64_t unpacked;   /* bytes that came out of the packed ones */
    mkg__recode *recode;
    mkg__buf coded; /* not yet recoded: coded.ptr[coded_at ..) */
    size_t coded_at;
    bool coded_end;
    mkg__buf head; /* peeked, not yet consumed: head.ptr[head_at ..) */
    size_t head_at;
};

static mkg_status fill(mkg__stream *s, mkg_err *err)
{
    if (s->eof || s->at < s->end) return MKG_OK;
    ssize_t k;
    do
        k = read(s->fd, s->raw, RAW);
    while (k < 0 && errno == EINTR);
    if (k < 0) return mkg__fail_errno(err, "read", s->path);
    s->at = 0;
    s->end = (size_t)k;
    s->eof = k == 0;
    s->raw_done += (uint64_t)k;
    mkg__sha256_add(s->sha, s->raw, (size_t)k);
    return MKG_OK;
}

/* The bytes that tell what it is: a pipe may hand over its first byte alone. */
static mkg_status fill_magic(mkg__stream *s, mkg_err *err)
{
    mkg_status st = fill(s, err);
    while (st >= 0 && s->end < MKG_UNPACK_MAGIC && !s->eof) {
        ssize_t k = read(s->fd, s->raw + s->end, RAW - s->end);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return mkg__fail_errno(err, "read", s->path);
        if (k == 0) break;
        mkg__sha256_add(s->sha, s->raw + s->end, (size_t)k);
        s->raw_done += (uint64_t)k;
        s->end += (size_t)k;
    }
    return st;
}

static mkg_status give_block(void *ctx, mkg_view *block, mkg_err *err)
{
    mkg__stream *s = ctx;
    mkg_status st = fill(s, err);
    if (st < 0) return st;
    *block = mkg__view((const char *)s->raw + s->at, s->end - s->at);
    s->at = s->end;
    return MKG_OK;
}

mkg_status mkg__stream_open(const char *path, mkg__stream **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    bool is_stdin = strcmp(path, "-") == 0;
    mkg__stream *s = mkg__calloc(1, sizeof *s);

    *out = NULL;
    if (!s) return mkg__nomem(err);
    s->fd = -1;
    s->path = mkg__strdup(is_stdin ? "stdin" : path);
    s->sha = mkg__sha256_new();
    s->raw = mkg__malloc(RAW);
    if (!s->path || !s->sha || !s->raw) {
        st = mkg__nomem(err);
        goto out;
    }
    s->name = mkg__path_base(s->path);
    s->fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &sb) != 0) {
        st = mkg__fail_errno(err, "open", s->path);
        goto out;
    }
    if (S_ISDIR(sb.st_mode)) {
        st = mkg__fail(err, MKG_EIO, "cannot read %s: it is a directory, not a file",
                       path);
        goto out;
    }
    if (S_ISREG(sb.st_mode)) s->raw_total = (uint64_t)sb.st_size;
    MKG_GO(fill_magic(s, err));
    s->gzip = s->end >= 2 && s->raw[0] == 0x1f && s->raw[1] == 0x8b;
    if (s->gzip) {
        if (inflateInit2(&s->z, 15 + 16) != Z_OK) {
            st = mkg__nomem(err);
            goto out;
        }
        s->inflating = true;
    }
    s->archive = !s->gzip && mkg__unpack_knows(s->raw, s->end);
    *out = s;
    s = NULL;
out:
    mkg__stream_close(s);
    return st;
}

void mkg__stream_close(mkg__stream *s)
{
    if (!s) return;
    if (s->inflating) inflateEnd(&s->z);
    mkg__unpack_free(s->unpack);
    mkg__recode_free(s->recode);
    mkg__buf_clear(&s->coded);
    if (s->fd >= 0) close(s->fd);
    mkg__sha256_free(s->sha);
    mkg__buf_clear(&s->head);
    mkg__free(s->raw);
    mkg__free(s->path);
    mkg__free(s);
}

static mkg_status inflate_some(mkg__stream *s, void *dst, size_t cap, size_t *n,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;

    s->z.next_out = dst;
    s->z.avail_out = (uInt)(cap > UINT32_MAX ? UINT32_MAX : cap);
    uInt room = s->z.avail_out;
    while (s->z.avail_out == room) {
        MKG_GO(fill(s, err));
        if (s->at == s->end) {
            st = mkg__fail_at(err, MKG_EPARSE, s->name, 0, 0,
                              "the gzip data end too soon");
            goto out;
        }
        s->z.next_in = s->raw + s->at;
        s->z.avail_in = (uInt)(s->end - s->at);
        int z = inflate(&s->z, Z_NO_FLUSH);
        s->at = s->end - s->z.avail_in;
        if (z == Z_STREAM_END) {
            MKG_GO(fill(s, err));
            if (s->at == s->end) { /* the last member */
                inflateEnd(&s->z);
                s->inflating = false;
                break;
            }
            inflateReset(&s->z);
        } else if (z != Z_OK && z != Z_BUF_ERROR) {
            st = z == Z_MEM_ERROR ? mkg__nomem(err)
                                  : mkg__fail_at(err, MKG_EPARSE, s->name, 0, 0,
                                                 "the gzip data are damaged");
            goto out;
        }
    }
out:
    *n = room - s->z.avail_out;
    return st;
}

static mkg_status read_packed(mkg__stream *s, void *dst, size_t cap, size_t *n,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (s->broken)
        return mkg__fail_at(err, MKG_EPARSE, s->name, 0, 0,
                            "the packed data are damaged");
    if (s->archive && !s->unpack)
        st = mkg__unpack_new(s->name, give_block, s, &s->unpack, err);
    if (s->unpack)
        st = mkg__unpack_read(s->unpack, dst, cap, n, err);
    else if (s->inflating)
        st = inflate_some(s, dst, cap, n, err);
    s->unpacked += *n;
    if (st >= 0 && s->unpacked > EXPANSION_FREE &&
        s->unpacked / EXPANSION > s->raw_done)
        st =
            mkg__fail_at(err, MKG_EPARSE, s->name, 0, 0,
                         "the packed data are more than %d times larger when unpacked: "
                         "if that is right, unpack the file first",
                         EXPANSION);
    s->broken |= st < 0;
    return st;
}

static mkg_status read_bytes(mkg__stream *s, void *dst, size_t cap, size_t *n,
                             mkg_err *err)
{
    *n = 0;
    if (mkg__stream_packed(s)) return read_packed(s, dst, cap, n, err);
    mkg_status st = fill(s, err);
    if (st < 0) return st;
    *n = s->end - s->at < cap ? s->end - s->at : cap;
    memcpy(dst, s->raw + s->at, *n);
    s->at += *n;
    return MKG_OK;
}

/* Read more of what is to be recoded. */
static mkg_status more_coded(mkg__stream *s, mkg_err *err)
{
    char tmp[16 << 10];
    size_t n, left = s->coded.len - s->coded_at;
    mkg_status st = read_bytes(s, tmp, sizeof tmp, &n, err);
    if (st < 0) return st;
    s->coded_end = n == 0;
    if (left) memmove(s->coded.ptr, s->coded.ptr + s->coded_at, left);
    s->coded.len = left;
    s->coded_at = 0;
    mkg__buf_put(&s->coded, tmp, n);
    return s->coded.failed ? mkg__nomem(err) : MKG_OK;
}

static mkg_status read_recoded(mkg__stream *s, char *dst, size_t cap, size_t *n,
                               mkg_err *err)
{
    char small[8]; /* where the caller has no room for a whole character */
    size_t used, room = cap < sizeof small ? sizeof small : cap;
    char *to = cap < sizeof small ? small : dst;
    *n = 0;
    while (*n == 0) {
        mkg_view in = {s->coded.ptr + s->coded_at, s->coded.len - s->coded_at};
        if (in.len) {
            mkg__recode_run(s->recode, in, s->coded_end, &used, to, room, n);
            s->coded_at += used;
        }
        if (*n == 0) {
            if (s->coded_end) return MKG_OK;
            mkg_status st = more_coded(s, err);
            if (st < 0) return st;
        }
    }
    if (to == dst) return MKG_OK;
    /* What is left over goes in front of all that follows. */
    s->head.len = s->head_at = 0;
    mkg__buf_put(&s->head, small, *n);
    if (s->head.failed) return mkg__nomem(err);
    *n = *n < cap ? *n : cap;
    memcpy(dst, small, *n);
    s->head_at = *n;
    return MKG_OK;
}

static mkg_status read_through(mkg__stream *s, void *dst, size_t cap, size_t *n,
                               mkg_err *err)
{
    *n = 0;
    if (cap == 0) return MKG_OK;
    return s->recode ? read_recoded(s, dst, cap, n, err)
                     : read_bytes(s, dst, cap, n, err);
}

mkg_status mkg__stream_read(mkg__stream *s, void *dst, size_t cap, size_t *n,
                            mkg_err *err)
{
    size_t left = s->head.len - s->head_at;
    if (left == 0) return read_through(s, dst, cap, n, err);
    *n = left < cap ? left : cap;
    memcpy(dst, s->head.ptr + s->head_at, *n);
    s->head_at += *n;
    return MKG_OK;
}

bool mkg__stream_packed(const mkg__stream *s)
{
    return s->gzip || s->archive;
}

mkg_status mkg__stream_to_utf8(mkg__stream *s, mkg__encoding *found, mkg_err *err)
{
    mkg_view head;
    mkg_status st = mkg__stream_peek(s, &head, err);
    if (st < 0) return st;
    *found = mkg__encoding_guess(head);
    if (*found != MKG_GB18030 && *found != MKG_UTF16) return MKG_OK;
    st = mkg__recode_new(*found, &s->recode, err);
    if (st < 0) return st;
    s->coded = s->head; /* peeked, and not consumed */
    s->coded_at = s->head_at;
    memset(&s->head, 0, sizeof s->head);
    s->head_at = 0;
    return MKG_OK;
}

bool mkg__stream_broken(const mkg__stream *s)
{
    return s->broken;
}

mkg_status mkg__stream_peek(mkg__stream *s, mkg_view *head, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char tmp[4096];
    size_t n;

    while (s->head.len < PEEK) {
        MKG_GO(read_through(s, tmp, sizeof tmp, &n, err));
        if (n == 0) break;
        mkg__buf_put(&s->head, tmp, n);
        if (s->head.failed) {
            st = mkg__nomem(err);
            goto out;
        }
    }
out:
    *head = mkg__view(s->head.ptr ? s->head.ptr : "", s->head.len);
    return st;
}

void mkg__stream_progress(const mkg__stream *s, uint64_t *done, uint64_t *total)
{
    *done = s->raw_done - (s->end - s->at);
    *total = s->raw_total;
}

const char *mkg__stream_name(const mkg__stream *s)
{
    return s->name;
}

mkg_status mkg__stream_sha256(mkg__stream *s, unsigned char out[MKG_SHA256_BYTES],
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    while (!s->eof) {
        s->at = s->end;
        MKG_GO(fill(s, err));
    }
    mkg__sha256_end(s->sha, out);
out:
    return st;
}
