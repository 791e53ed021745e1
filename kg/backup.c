/* A copy of the folder of a store: the graph through LMDB, the rest file by file. */
#include "kg/backup.h"

#include "base/err.h"
#include "base/io.h"
#include "kg/kg_internal.h"
#include "kg/pages_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The graph's file until the copy is whole: nothing opens a folder with such a file. */
static const char unfinished[] = "data.partial";

enum { CHUNK = 1 << 20, DEPTH_MAX = 8 };

typedef struct backup {
    mkg_kg *kg;
    mkg_progress_fn progress;
    void *progress_ctx;
    char *temp; /* the folder that is written */
    struct stat temp_stat;
    char *chunk;
    uint64_t bytes, done, total;
} backup;

mkg_status mkg_kg_readers(mkg_kg *kg, mkg_readers *out, mkg_err *err)
{
    return mkg__store_readers(kg->store, &out->n, &out->lag, &out->process, err);
}

static mkg_status step(backup *b, size_t n, mkg_err *err)
{
    b->bytes += n;
    b->done += n;
    if (b->progress && b->progress(b->progress_ctx, "copying", b->done, b->total) != 0)
        return mkg__fail(err, MKG_ECANCEL, "stopped; there is no backup");
    return MKG_OK;
}

/* ---- files ---- */

static mkg_status sync_folder(const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) st = mkg__fail_errno(err, "write", path);
    if (fd >= 0) close(fd);
    return st;
}

static mkg_status write_whole(int fd, const char *p, size_t n, const char *path,
                              mkg_err *err)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return mkg__fail_errno(err, "write", path);
        p += k;
        n -= (size_t)k;
    }
    return MKG_OK;
}

/* All that can be read from `from` into a new file, flushed to the disk. */
static mkg_status fill(backup *b, int from, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return mkg__fail_errno(err, "make", path);
    for (;;) {
        ssize_t n = read(from, b->chunk, CHUNK);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            st = mkg__fail_errno(err, "read for", path);
            goto out;
        }
        if (n == 0) break;
        MKG_GO(write_whole(fd, b->chunk, (size_t)n, path, err));
        MKG_GO(step(b, (size_t)n, err));
    }
    if (fsync(fd) != 0) st = mkg__fail_errno(err, "write", path);
out:
    if (close(fd) != 0 && st >= 0) st = mkg__fail_errno(err, "write", path);
    return st;
}

static mkg_status copy_file(backup *b, const char *from, const char *to, mkg_err *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    /* A file that was replaced or removed meanwhile: the new one has its own name. */
    if (fd < 0 && errno == ENOENT) return MKG_OK;
    if (fd < 0) return mkg__fail_errno(err, "read", from);
    mkg_status st = fill(b, fd, to, err);
    close(fd);
    return st;
}

static bool is_left_out(const char *name, unsigned depth)
{
    /* pages.sum is of the pages of this data.mdb; those of the copy lie elsewhere. */
    static const char *const own[] = {"data.mdb", "lock.mdb", "writer.lock",
                                      "pages.sum"};
    for (size_t i = 0; depth == 0 && i < sizeof own / sizeof *own; i++)
        if (strcmp(name, own[i]) == 0) return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strstr(name, ".tmp.") != NULL; /* being written */
}

static mkg_status copy_folder(backup *b, const char *from, const char *to,
                              unsigned depth, mkg_err *err);

static mkg_status copy_entry(backup *b, const char *folder, const char *to_folder,
                             const char *name, unsigned depth, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    char *from = mkg__path_join(folder, name), *to = mkg__path_join(to_folder, name);

    if (!from || !to) {
        st = mkg__nomem(err);
        goto out;
    }
    if (lstat(from, &sb) != 0) goto out; /* gone meanwhile */
    if (S_ISREG(sb.st_mode)) {
        st = copy_file(b, from, to, err);
    } else if (S_ISDIR(sb.st_mode) && depth < DEPTH_MAX &&
               (sb.st_dev != b->temp_stat.st_dev || sb.st_ino != b->temp_stat.st_ino)) {
        if (mkdir(to, 0777) != 0)
            st = mkg__fail_errno(err, "make", to);
        else
            st = copy_folder(b, from, to, depth + 1, err);
    }
out:
    mkg__free(from);
    mkg__free(to);
    return st;
}

static mkg_status copy_folder(backup *b, const char *from, const char *to,
                              unsigned depth, mkg_err *err)
{
    mkg_status st = MKG_OK;
    DIR *d = opendir(from);
    struct dirent *e;

    if (!d) return mkg__fail_errno(err, "read", from);
    while ((e = readdir(d)))
        if (!is_left_out(e->d_name, depth))
            MKG_GO(copy_entry(b, from, to, e->d_name, depth, err));
    st = sync_folder(to, err);
out:
    closedir(d);
    return st;
}

/* Take away what this backup wrote. */
static void remove_folder(const char *path, unsigned depth)
{
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char *file = mkg__path_join(path, e->d_name);
        bool self = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        if (file && !self && unlink(file) != 0 && depth <= DEPTH_MAX)
            remove_folder(file, depth + 1);
        mkg__free(file);
    }
    if (d) closedir(d);
    rmdir(path);
}

/* ---- the graph ---- */

typedef struct copier {
    mkg__store *store;
    int fd;
    mkg_status st;
    mkg_err err;
} copier;

static void *run_copier(void *ctx)
{
    copier *c = ctx;
    sigset_t pipe;
    /* Who reads may give up; the write fails then, and that is enough. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    c->st = mkg__store_copy(c->store, c->fd, &c->err);
    close(c->fd);
    return NULL;
}

/* LMDB writes to a descriptor until it is done; through a pipe the copy can be stopped,
 * and its progress seen. */
static mkg_status copy_graph(backup *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    copier c = {.store = b->kg->store};
    pthread_t thread;
    int ends[2];
    char *file = mkg__path_join(b->temp, unfinished);

    if (!file) return mkg__nomem(err);
    if (pipe(ends) != 0) {
        st = mkg__fail_errno(err, "copy", b->kg->path);
        goto out;
    }
    c.fd = ends[1];
    if (pthread_create(&thread, NULL, run_copier, &c) != 0) {
        close(ends[0]);
        close(ends[1]);
        st = mkg__fail(err, MKG_EIO, "cannot start a thread");
        goto out;
    }
    st = fill(b, ends[0], file, err);
    close(ends[0]);
    pthread_join(thread, NULL);
    if (st >= 0 && c.st < 0) {
        if (err) *err = c.err;
        st = c.st;
    }
out:
    mkg__free(file);
    return st;
}

/* ---- the whole ---- */

static mkg_status check_target(const char *dir, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct dirent *e;
    DIR *d = opendir(dir);

    if (!d)
        return errno == ENOENT ? MKG_OK : mkg__fail_errno(err, "make a backup in", dir);
    while (st >= 0 && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = mkg__fail(err, MKG_EIO,
                           "the folder %s is not empty: a backup needs one of its own",
                           dir);
    closedir(d);
    return st;
}

static mkg_status make_temp(backup *b, const char *dir, mkg_err *err)
{
    mkg__buf path = {0};
    mkg__buf_printf(&path, "%s.partial.%ld", dir, (long)getpid());
    b->chunk = mkg__malloc(CHUNK);
    if (!mkg__buf_cstr(&path) || !b->chunk) {
        mkg__buf_clear(&path);
        return mkg__nomem(err);
    }
    if (mkdir(path.ptr, 0777) != 0 || stat(path.ptr, &b->temp_stat) != 0) {
        mkg_status st = mkg__fail_errno(err, "make", path.ptr);
        mkg__buf_clear(&path);
        return st;
    }
    b->temp = path.ptr;
    return MKG_OK;
}

/* The folder takes its name, and then the graph its own: with that it is a store. */
static mkg_status put_in_place(backup *b, const char *dir, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *from = mkg__path_join(dir, unfinished), *to = mkg__path_join(dir, "data.mdb");
    const char *slash = strrchr(dir, '/');
    size_t n = slash ? (size_t)(slash - dir) + 1 : 0;
    char *parent = mkg__viewdup(slash ? mkg__view(dir, n) : mkg__view(".", 1));
    mkg__sums *sums = NULL;

    if (!from || !to || !parent) {
        st = mkg__nomem(err);
        goto out;
    }
    if (rename(b->temp, dir) != 0) {
        st = mkg__fail_errno(err, "make the backup", dir);
        goto out;
    }
    mkg__free(b->temp);
    b->temp = mkg__strdup(dir); /* to be taken away from now on */
    if (!b->temp) {
        st = mkg__nomem(err);
        goto out;
    }
    if (rename(from, to) != 0) {
        st = mkg__fail_errno(err, "make the backup", dir);
        goto out;
    }
    MKG_GO(mkg__sums_begin(dir, &sums, err)); /* its pages lie elsewhere than here */
    mkg__sums_end(sums);
    MKG_GO(sync_folder(dir, err));
    st = sync_folder(parent, err);
out:
    mkg__free(from);
    mkg__free(to);
    mkg__free(parent);
    return st;
}

/* What is in the copy: the newest commit may be newer than what `kg` sees. */
static mkg_status look_at(const char *dir, mkg_backup *out, mkg_err *err)
{
    mkg_kg *kg = NULL;
    mkg_status st = mkg_kg_open(dir, &kg, err);
    if (st == MKG_NOTFOUND) return mkg__fail(err, MKG_EIO, "the backup has vanished");
    if (st < 0) return st;
    out->version = mkg_kg_version(kg);
    mkg_kg_hash(kg, out->hash);
    mkg_kg_close(kg);
    return MKG_OK;
}

mkg_status mkg_kg_backup(mkg_kg *kg, const char *dir, mkg_progress_fn progress,
                         void *progress_ctx, mkg_backup *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    backup b = {.kg = kg,
                .progress = progress,
                .progress_ctx = progress_ctx,
                .total = mkg__store_bytes(kg->store)};
    size_t n = strlen(dir);
    char *target = NULL;

    memset(out, 0, sizeof *out);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    target = mkg__viewdup(mkg__view(dir, n));
    if (!target) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(check_target(target, err));
    /* LMDB copies what it finds: a damaged page would have a sum of its own there. */
    MKG_GO(mkg__txn_verify(kg->read, err));
    MKG_GO(make_temp(&b, target, err));
    MKG_GO(copy_graph(&b, err));
    MKG_GO(copy_folder(&b, kg->path, b.temp, 0, err));
    MKG_GO(put_in_place(&b, target, err));
    MKG_GO(look_at(target, out, err));
    out->bytes = b.bytes;
out:
    if (st < 0 && b.temp) remove_folder(b.temp, 0);
    mkg__free(b.temp);
    mkg__free(b.chunk);
    mkg__free(target);
    return st;
}
