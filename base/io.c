#define _XOPEN_SOURCE 700 /* realpath() */
#include "base/io.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mkg__lines {
    mkg__stream *s;
    char *block; /* bytes read, not yet given out: block[at .. end) */
    size_t at, end, cap;
    uint64_t number;
    bool eof;
};

mkg_status mkg__lines_new(mkg__stream *s, mkg__lines **out, mkg_err *err)
{
    mkg__lines *l = mkg__calloc(1, sizeof *l);
    *out = NULL;
    if (!l || !mkg__grow(&l->block, &l->cap, 64 << 10, 1)) {
        mkg__free(l);
        return mkg__nomem(err);
    }
    l->s = s;
    *out = l;
    return MKG_OK;
}

void mkg__lines_free(mkg__lines *l)
{
    if (!l) return;
    mkg__free(l->block);
    mkg__free(l);
}

/* Read more behind block[at .. end), moving it to the front first. */
static mkg_status more(mkg__lines *l, mkg_err *err)
{
    size_t n;
    if (l->at) {
        memmove(l->block, l->block + l->at, l->end - l->at);
        l->end -= l->at;
        l->at = 0;
    }
    if (l->cap - l->end < 4096 && !mkg__grow(&l->block, &l->cap, l->cap * 2, 1))
        return mkg__nomem(err);
    mkg_status st = mkg__stream_read(l->s, l->block + l->end, l->cap - l->end, &n, err);
    l->end += n;
    l->eof = n == 0;
    return st;
}

mkg_status mkg__lines_next(mkg__lines *l, mkg_view *line, uint64_t *number,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t seen = 0; /* bytes after `at` known to hold no line end */
    bool too_long = false;

    for (;;) {
        char *nl = l->end - l->at > seen
                       ? memchr(l->block + l->at + seen, '\n', l->end - l->at - seen)
                       : NULL;
        if (nl || l->eof) {
            if (!nl && l->at == l->end && !too_long) return MKG_END;
            size_t len = nl ? (size_t)(nl - (l->block + l->at)) : l->end - l->at;
            *line = mkg__view(l->block + l->at, len);
            l->at += len + (nl != NULL);
            break;
        }
        seen = l->end - l->at;
        if (seen > MKG_LINE_MAX) { /* forget it, but find its end */
            too_long = true;
            l->at = l->end;
            seen = 0;
        }
        MKG_GO(more(l, err));
    }
    *number = ++l->number;
    if (too_long || line->len > MKG_LINE_MAX)
        return mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(l->s), *number, 0,
                            "the line is longer than %d MiB", MKG_LINE_MAX >> 20);
    if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
    if (*number == 1 && line->len >= 3 && memcmp(line->ptr, "\xef\xbb\xbf", 3) == 0) {
        line->ptr += 3;
        line->len -= 3;
    }
out:
    return st;
}

mkg_status mkg__file_read(const char *path, size_t limit, mkg__buf *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    char tmp[16384];
    size_t n;

    MKG_GO(mkg__stream_open(path, &s, err));
    for (;;) {
        MKG_GO(mkg__stream_read(s, tmp, sizeof tmp, &n, err));
        if (n == 0) break;
        if (n > limit - (out->len < limit ? out->len : limit)) {
            st = mkg__fail_at(err, MKG_EPARSE, path, 0, 0,
                              "the file is larger than %zu bytes", limit);
            goto out;
        }
        mkg__buf_put(out, tmp, n);
    }
    if (!mkg__buf_cstr(out)) st = mkg__nomem(err);
out:
    mkg__stream_close(s);
    return st;
}

/* "dir/" of a path, "." without one; mkg__free() it. */
static char *folder_of(const char *path)
{
    size_t n = (size_t)(mkg__path_base(path) - path);
    return n ? mkg__viewdup(mkg__view(path, n)) : mkg__strdup(".");
}

static mkg_status sync_dir(const char *dir, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        /* Some file systems cannot sync a directory; that loses nothing but time. */
        if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
            st = mkg__fail_errno(err, "write", dir);
        close(fd);
    }
    return st;
}

mkg_status mkg__file_replace(const char *path, unsigned mode, mkg__write_fn fn,
                             void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf tmp = {0};
    FILE *f = NULL;
    int fd = -1;
    bool made = false;
    char *dir = folder_of(path); /* now: after the rename nothing may fail for memory */

    mkg__buf_printf(&tmp, "%s.tmp.%ld", path, (long)getpid());
    if (!dir || !mkg__buf_cstr(&tmp)) {
        st = mkg__nomem(err);
        goto out;
    }
    fd = open(tmp.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 || !(f = fdopen(fd, "wb"))) {
        st = mkg__fail_errno(err, "write", path);
        if (fd >= 0) close(fd);
        goto out;
    }
    made = true;
    MKG_GO(fn(ctx, f, err));
    if (fflush(f) != 0 || ferror(f) || fsync(fd) != 0) {
        st = mkg__fail_errno(err, "write", path);
        goto out;
    }
    int closed = fclose(f);
    f = NULL;
    if (closed != 0 || rename(tmp.ptr, path) != 0) {
        st = mkg__fail_errno(err, "write", path);
        goto out;
    }
    made = false;
    MKG_GO(sync_dir(dir, err));
out:
    if (f) fclose(f);
    if (made) unlink(tmp.ptr);
    mkg__free(dir);
    mkg__buf_clear(&tmp);
    return st;
}

static mkg_status write_into(const char *path, mkg__write_fn fn, void *ctx,
                             mkg_err *err)
{
    FILE *f = fopen(path, "wb");
    if (!f) return mkg__fail_errno(err, "write", path);
    mkg_status st = fn(ctx, f, err);
    bool failed = ferror(f) != 0;
    if ((fclose(f) != 0 || failed) && st >= 0) st = mkg__fail_errno(err, "write", path);
    return st;
}

mkg_status mkg__file_write(const char *path, mkg__write_fn fn, void *ctx, mkg_err *err)
{
    struct stat sb;
    if (stat(path, &sb) != 0) return mkg__file_replace(path, 0666, fn, ctx, err);
    if (!S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode))
        return write_into(path, fn, ctx, err);
    char *target = realpath(path, NULL);
    if (!target) return mkg__fail_errno(err, "write", path);
    mkg_status st =
        S_ISDIR(sb.st_mode)
            ? mkg__fail(err, MKG_EIO, "cannot write %s: it is a directory", path)
            : mkg__file_replace(target, sb.st_mode & 0777, fn, ctx, err);
    free(target); /* of the C library, not of ours */
    return st;
}

mkg_status mkg__file_sha256(const char *path, unsigned char out[MKG_SHA256_BYTES],
                            uint64_t *size, mkg_err *err)
{
    mkg__stream *s = NULL;
    uint64_t total;
    mkg_status st = mkg__stream_open(path, &s, err);
    if (st >= 0) st = mkg__stream_sha256(s, out, err);
    if (st >= 0) mkg__stream_progress(s, size, &total);
    mkg__stream_close(s);
    return st;
}

char *mkg__path_join(const char *dir, const char *name)
{
    mkg__buf b = {0};
    size_t n = strlen(dir);
    mkg__buf_printf(&b, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
    if (!mkg__buf_cstr(&b)) {
        mkg__buf_clear(&b);
        return NULL;
    }
    return b.ptr;
}

mkg_status mkg__path_part(const char *output, const char *name, char **out,
                          mkg_err *err)
{
    struct stat sb;
    mkg__buf b = {0};
    size_t n = strlen(output);
    bool named_folder = n && output[n - 1] == '/';

    *out = NULL;
    if (named_folder && mkdir(output, 0777) != 0 && errno != EEXIST)
        return mkg__fail_errno(err, "make the folder", output);
    if (named_folder || (stat(output, &sb) == 0 && S_ISDIR(sb.st_mode))) {
        *out = mkg__path_join(output, name);
    } else {
        mkg__buf_printf(&b, "%s_%s", output, name);
        if (mkg__buf_cstr(&b))
            *out = b.ptr;
        else
            mkg__buf_clear(&b);
    }
    return *out ? MKG_OK : mkg__nomem(err);
}

const char *mkg__path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool mkg__file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
