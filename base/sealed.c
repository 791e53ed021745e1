#include "base/sealed.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENDIAN_MARK = 0x01020304, BLOCK = 4096 };

/* The content follows, then XXH3-64 of each of its blocks, seeded with the block's
 * number so that blocks that changed places are found. */
typedef struct header {
    mkg__seal seal;
    uint32_t endian, block;
    uint64_t content; /* bytes, a multiple of 8 */
    uint64_t reserved[5];
    uint64_t sums_hash;   /* XXH3-64 of the checksums */
    uint64_t header_hash; /* XXH3-64 of the header before this field */
} header;
_Static_assert(sizeof(header) == 128, "the file format");

static size_t blocks_of(uint64_t content)
{
    return (size_t)((content + BLOCK - 1) / BLOCK);
}

/* ---- reading ---- */

struct mkg__sealed {
    const char *base, *content, *sums;
    size_t bytes, size, blocks;
    unsigned char *sound; /* a bit for each block that was checked */
    bool damaged;
};

void mkg__sealed_close(mkg__sealed *s)
{
    if (!s) return;
    if (s->base) munmap((void *)(uintptr_t)s->base, s->bytes);
    mkg__free(s->sound);
    mkg__free(s);
}

static bool fits(mkg__sealed *s, const mkg__seal *seal)
{
    header h;
    if (s->bytes < sizeof h) return false;
    memcpy(&h, s->base, sizeof h);
    if (memcmp(&h.seal, seal, sizeof *seal) != 0 || h.endian != ENDIAN_MARK ||
        h.block != BLOCK || h.content % 8 != 0 || h.content > s->bytes - sizeof h ||
        h.header_hash != mkg__hash64(&h, offsetof(header, header_hash), 0))
        return false;
    s->size = (size_t)h.content;
    s->blocks = blocks_of(h.content);
    s->content = s->base + sizeof h;
    s->sums = s->content + s->size;
    return s->bytes == sizeof h + s->size + s->blocks * 8 &&
           h.sums_hash == mkg__hash64(s->sums, s->blocks * 8, 0);
}

mkg_status mkg__sealed_open(const char *path, const mkg__seal *seal, mkg__sealed **out,
                            mkg_err *err)
{
    mkg_status st = MKG_NOTFOUND;
    struct stat sb;
    mkg__sealed *s = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = NULL;
    if (fd < 0) return MKG_NOTFOUND;
    if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_size <= 0) goto out;
    if (!(s = mkg__calloc(1, sizeof *s))) {
        st = mkg__nomem(err);
        goto out;
    }
    s->bytes = (size_t)sb.st_size;
    void *p = mmap(NULL, s->bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) goto out;
    s->base = p;
    if (!fits(s, seal)) goto out;
    if (!(s->sound = mkg__calloc(s->blocks / 8 + 1, 1))) {
        st = mkg__nomem(err);
        goto out;
    }
    st = MKG_OK;
    *out = s;
    s = NULL;
out:
    mkg__sealed_close(s);
    close(fd);
    return st;
}

uint64_t mkg__sealed_size(const mkg__sealed *s)
{
    return s->size;
}

static bool check(mkg__sealed *s, size_t b)
{
    size_t from = b * BLOCK, n = s->size - from < BLOCK ? s->size - from : BLOCK;
    uint64_t want;
    memcpy(&want, s->sums + b * 8, sizeof want);
    if (mkg__hash64(s->content + from, n, b) != want) return false;
    s->sound[b / 8] |= (unsigned char)(1u << b % 8);
    return true;
}

const void *mkg__sealed_look(mkg__sealed *s, uint64_t at, size_t n)
{
    if (s->damaged || at > s->size || n > s->size - at) goto bad;
    for (size_t b = (size_t)at / BLOCK; n && b <= (at + n - 1) / BLOCK; b++)
        if (!(s->sound[b / 8] >> b % 8 & 1) && !check(s, b)) goto bad;
    return s->content + at;
bad:
    s->damaged = true;
    return NULL;
}

void mkg__sealed_spoil(mkg__sealed *s)
{
    s->damaged = true;
}

bool mkg__sealed_damaged(const mkg__sealed *s)
{
    return s->damaged;
}

/* ---- writing ---- */

enum { BUFFER = 64 * BLOCK };

struct mkg__sealer {
    header h;
    char *path, *tmp, *buf;
    size_t n; /* bytes in `buf` */
    int fd;   /* -1 once it was ended */
    uint64_t *sums;
    size_t nsums, cap;
};

static mkg_status write_all(int fd, const void *from, size_t n, uint64_t at,
                            const char *path, mkg_err *err)
{
    const char *p = from;
    while (n > 0) {
        ssize_t k = pwrite(fd, p, n, (off_t)at);
        if (k < 0 && errno == EINTR) continue;
        if (k == 0) errno = ENOSPC;
        if (k <= 0) return mkg__fail_errno(err, "write", path);
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return MKG_OK;
}

mkg_status mkg__sealer_new(const char *path, const mkg__seal *seal, mkg__sealer **out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf tmp = {0};
    mkg__sealer *w = mkg__calloc(1, sizeof *w);

    *out = NULL;
    if (!w) return mkg__nomem(err);
    w->fd = -1;
    w->h.seal = *seal;
    w->h.endian = ENDIAN_MARK;
    w->h.block = BLOCK;
    mkg__buf_printf(&tmp, "%s.tmp.%ld", path, (long)getpid());
    if (!mkg__buf_cstr(&tmp) || !(w->path = mkg__strdup(path)) ||
        !(w->buf = mkg__malloc(BUFFER))) {
        st = mkg__nomem(err);
        goto out;
    }
    w->fd = open(tmp.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        st = mkg__fail_errno(err, "write", path);
        goto out;
    }
    w->tmp = tmp.ptr;
    memset(&tmp, 0, sizeof tmp);
    *out = w;
    w = NULL;
out:
    mkg__buf_clear(&tmp);
    mkg__sealer_free(w);
    return st;
}

/* The buffer begins with a block, so it is summed as blocks. */
static mkg_status flush(mkg__sealer *w, mkg_err *err)
{
    size_t blocks = blocks_of(w->n);
    if (!mkg__grow(&w->sums, &w->cap, w->nsums + blocks, sizeof *w->sums))
        return mkg__nomem(err);
    for (size_t from = 0; from < w->n; from += BLOCK) {
        size_t n = w->n - from < BLOCK ? w->n - from : BLOCK;
        w->sums[w->nsums] = mkg__hash64(w->buf + from, n, w->nsums);
        w->nsums++;
    }
    mkg_status st =
        write_all(w->fd, w->buf, w->n, sizeof w->h + w->h.content, w->path, err);
    w->h.content += w->n;
    w->n = 0;
    return st;
}

mkg_status mkg__sealer_put(mkg__sealer *w, const void *p, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *from = p;
    while (n > 0) {
        size_t room = BUFFER - w->n, k = n < room ? n : room;
        memcpy(w->buf + w->n, from, k);
        w->n += k;
        from += k;
        n -= k;
        if (w->n == BUFFER) MKG_GO(flush(w, err));
    }
out:
    return st;
}

uint64_t mkg__sealer_size(const mkg__sealer *w)
{
    return w->h.content + w->n;
}

mkg_status mkg__sealer_align(mkg__sealer *w, mkg_err *err)
{
    static const char zeros[8];
    return mkg__sealer_put(w, zeros, (size_t)(-mkg__sealer_size(w) % 8), err);
}

mkg_status mkg__sealer_end(mkg__sealer *w, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int fd;

    MKG_GO(mkg__sealer_align(w, err));
    MKG_GO(flush(w, err));
    MKG_GO(write_all(w->fd, w->sums, w->nsums * 8, sizeof w->h + w->h.content, w->path,
                     err));
    w->h.sums_hash = mkg__hash64(w->sums, w->nsums * 8, 0);
    w->h.header_hash = mkg__hash64(&w->h, offsetof(header, header_hash), 0);
    MKG_GO(write_all(w->fd, &w->h, sizeof w->h, 0, w->path, err));
    fd = w->fd;
    w->fd = -1;
    if (close(fd) != 0 || rename(w->tmp, w->path) != 0) {
        st = mkg__fail_errno(err, "write", w->path);
        unlink(w->tmp);
    }
out:
    return st;
}

void mkg__sealer_free(mkg__sealer *w)
{
    if (!w) return;
    if (w->fd >= 0) {
        close(w->fd);
        unlink(w->tmp);
    }
    mkg__free(w->path);
    mkg__free(w->tmp);
    mkg__free(w->buf);
    mkg__free(w->sums);
    mkg__free(w);
}

void mkg__derived_write(const char *path, const void *bytes, size_t n)
{
    const char *p = bytes;
    size_t left = n;
    mkg__buf tmp = {0};

    mkg__buf_printf(&tmp, "%s.tmp.%ld", path, (long)getpid());
    int fd = mkg__buf_cstr(&tmp)
                 ? open(tmp.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                 : -1;
    if (fd >= 0) {
        ssize_t done;
        while (left > 0 &&
               ((done = write(fd, p, left)) > 0 || (done < 0 && errno == EINTR))) {
            if (done < 0) continue;
            p += done;
            left -= (size_t)done;
        }
        if (close(fd) != 0 || left > 0 || rename(tmp.ptr, path) != 0) unlink(tmp.ptr);
    }
    mkg__buf_clear(&tmp);
}
