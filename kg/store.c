#include "kg/store_internal.h"

#include "base/err.h"
#include "base/io.h"
#include "kg/pages_internal.h"
#include "kg/tree_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned flags;
} databases[MKG_DB_COUNT] = {
    [MKG_DB_META] = {"meta", 0},
    [MKG_DB_NODE] = {"node", 0},
    [MKG_DB_NAME] = {"name", MDB_DUPSORT | MDB_DUPFIXED},
    [MKG_DB_CODE] = {"code", MDB_DUPSORT | MDB_DUPFIXED},
    [MKG_DB_RELATION] = {"relation", 0},
    [MKG_DB_FACT] = {"fact", 0},
    [MKG_DB_OUT] = {"out", MDB_DUPSORT | MDB_DUPFIXED},
    [MKG_DB_IN] = {"in", MDB_DUPSORT | MDB_DUPFIXED},
    [MKG_DB_SOURCE] = {"source", 0},
    [MKG_DB_SOURCE_FACT] = {"source_fact", MDB_DUPSORT | MDB_DUPFIXED},
    [MKG_DB_HISTORY] = {"history", 0},
};

struct mkg__store {
    MDB_env *env;
    MDB_dbi dbi[MKG_DB_COUNT];
    char *path;
    int lock_fd;
    bool write;
};

/* A transaction that reads has LMDB hold its snapshot, and reads it by itself, from
 * pages that are verified before they are looked at (kg/tree.c). One that writes goes
 * through LMDB alone, after all pages were verified (kg/sums.c). */
struct mkg__txn {
    mkg__store *store;
    MDB_txn *txn;
    mkg__pages *pages; /* NULL if it writes */
    mkg__tree trees[MKG_DB_COUNT];
    mkg__sums *sums; /* NULL if it reads */
};

struct mkg__cursor {
    MDB_cursor *cursor; /* NULL if the transaction reads */
    mkg__tcursor *read;
};

static mkg_status fail(mkg_err *err, int rc, const char *path)
{
    switch (rc) {
    case ENOMEM:
        return mkg__nomem(err);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_PANIC:
        return mkg__fail(err, MKG_ESTORE,
                         "the store %s is damaged or is not a store: %s", path,
                         mdb_strerror(rc));
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return mkg__fail(err, MKG_EIO,
                         "no space left for the store %s; it is as it was before",
                         path);
    default:
        return mkg__fail(err, MKG_EIO, "store %s: %s", path, mdb_strerror(rc));
    }
}

/* A failed import takes the store that it made away again, and the lock with it: who
 * waited holds the lock of a file that has no name any more. */
static bool still_there(int fd, const char *file)
{
    struct stat mine, now;
    return fstat(fd, &mine) == 0 && stat(file, &now) == 0 &&
           mine.st_dev == now.st_dev && mine.st_ino == now.st_ino;
}

/* One writer at a time. flock() goes with the process, so a killed writer leaves no
 * lock behind; the number in the file is for the message alone. */
static mkg_status take_lock(mkg__store *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *file = mkg__path_join(s->path, "writer.lock");
    char pid[32] = "";

    if (!file) return mkg__nomem(err);
    s->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_fd < 0) {
        st = mkg__fail_errno(err, "write to the store: open", file);
    } else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t k = read(s->lock_fd, pid, sizeof pid - 1);
        pid[k > 0 ? strcspn(pid, "\n") : 0] = '\0';
        st = mkg__fail(err, MKG_EBUSY,
                       "the store %s is being written by process %s; try again when it "
                       "is done",
                       s->path, pid[0] ? pid : "(unknown)");
    } else if (!still_there(s->lock_fd, file)) {
        st = mkg__fail(err, MKG_EBUSY,
                       "the store %s has just been taken away; try again", s->path);
    } else {
        int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
        if (ftruncate(s->lock_fd, 0) != 0 || write(s->lock_fd, pid, (size_t)n) != n)
            st = mkg__fail_errno(err, "write to the store: write", file);
    }
    mkg__free(file);
    return st;
}

/* The map is address space, not memory or disk: a writer reserves a lot of it and asks
 * for less where the machine limits it (ulimit -v, valgrind). */
static mkg_status open_env(mkg__store *s, uint64_t file_size, unsigned flags,
                           mkg_err *err)
{
    uint64_t size = s->write ? (uint64_t)1 << 40 : file_size + (64u << 20);
    int rc;

    for (;; size /= 4) {
        if ((rc = mdb_env_create(&s->env)) != 0) return fail(err, rc, s->path);
        mdb_env_set_maxdbs(s->env, 32);
        mdb_env_set_maxreaders(s->env, 1024);
        if ((rc = mdb_env_set_mapsize(s->env, (size_t)(size & ~(uint64_t)0xffff))) == 0)
            rc = mdb_env_open(s->env, s->path, flags, 0666);
        if (rc == 0) break;
        mdb_env_close(s->env);
        s->env = NULL;
        /* EINVAL is what valgrind says of a map that it cannot hold. */
        if ((rc != ENOMEM && rc != EINVAL) || !s->write ||
            size / 4 < file_size * 2 + (256u << 20))
            return fail(err, rc, s->path);
    }
    int dead = 0;
    if (!(flags & MDB_NOLOCK)) mdb_reader_check(s->env, &dead);
    return MKG_OK;
}

/* Before LMDB maps the file: would it find there what medkg left? *missing: some
 * database is still to be made. */
static mkg_status look_before(const mkg__store *s, bool *missing, mkg_err *err)
{
    mkg_status st = MKG_END;
    mkg__pages *p = NULL;
    mkg__tree t;

    *missing = false;
    for (int patience = MKG_PAGES_PATIENCE; st == MKG_END; patience--)
        MKG_GO(mkg__pages_open(s->path, MKG_NEWEST, patience, &p, err));
    for (size_t i = 0; i < MKG_DB_COUNT; i++) {
        MKG_GO(mkg__tree_named(p, databases[i].name, &t, err));
        if (st == MKG_NOTFOUND) *missing = true;
        if (st == MKG_NOTFOUND && i == MKG_DB_META && !s->write) {
            /* Has another process made the file and nothing in it yet? */
            st =
                mkg__pages_main(p).entries == 0
                    ? mkg__fail(err, MKG_NOTFOUND, "the store %s is being made",
                                s->path)
                    : mkg__fail(err, MKG_ESTORE, "%s is not a store of medkg", s->path);
            goto out;
        }
    }
    st = MKG_OK;
out:
    mkg__pages_close(p);
    return st;
}

/* "name.tmp.1234" of a process that is no more; a run of a sorter (kg/spool.c) that was
 * killed before its file had lost its name. */
static bool is_left_behind(const char *name)
{
    if (strncmp(name, "spill-", 6) == 0) return true;
    const char *tmp = strstr(name, ".tmp.");
    if (!tmp) return false;
    char *end;
    long pid = strtol(tmp + 5, &end, 10);
    return *end == '\0' && pid > 0 &&
           (pid == (long)getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH));
}

/* What killed processes left in the folder; for who holds the writer's lock. */
static void clear_away(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char *file =
            is_left_behind(e->d_name) ? mkg__path_join(folder, e->d_name) : NULL;
        if (file) unlink(file);
        mkg__free(file);
    }
    if (d) closedir(d);
}

/* For a writer; a reader does not need LMDB's handles. */
static mkg_status open_databases(mkg__store *s, bool missing, mkg_err *err)
{
    mkg__txn *t;
    mkg_status st = mkg__txn_begin(s, missing, &t, err);
    if (st < 0) return st;
    for (size_t i = 0; i < MKG_DB_COUNT; i++) {
        int rc = mdb_dbi_open(t->txn, databases[i].name,
                              databases[i].flags | (missing ? (unsigned)MDB_CREATE : 0),
                              &s->dbi[i]);
        if (rc != 0) {
            mkg__txn_abort(t);
            return fail(err, rc, s->path);
        }
    }
    return mkg__txn_commit(t, err); /* a reader's, too: else the handles go with it */
}

mkg_status mkg__store_open(const char *path, bool write, mkg__store **out,
                           bool *created, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    unsigned flags = MDB_NOTLS;
    char *data = NULL, *lock = NULL, *sums = NULL;
    bool made_folder = false, missing = true;
    mkg__store *s = mkg__calloc(1, sizeof *s);

    *out = NULL;
    *created = false;
    if (!s) return mkg__nomem(err);
    s->lock_fd = -1;
    s->write = write;
    s->path = mkg__strdup(path);
    data = mkg__path_join(path, "data.mdb");
    lock = mkg__path_join(path, "lock.mdb");
    sums = mkg__path_join(path, "pages.sum");
    if (!s->path || !data || !lock || !sums) {
        st = mkg__nomem(err);
        goto out;
    }
    if (write) {
        made_folder = mkdir(path, 0777) == 0;
        if (!made_folder && errno != EEXIST) {
            st = mkg__fail_errno(err, "make the store", path);
            goto out;
        }
        MKG_GO(take_lock(s, err));
        clear_away(path);
    }
    if (stat(data, &sb) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            st = mkg__fail_errno(err, "open the store", path);
            goto out;
        }
        if (!write) {
            st = mkg__fail(err, MKG_NOTFOUND,
                           "there is no store at %s; `medkg import` makes one", path);
            goto out;
        }
        *created = true;
        sb.st_size = 0;
        unlink(sums); /* of a file that somebody took away */
    } else if (write) {
        /* Nothing was ever in it: a writer was killed that had just made it. */
        *created = sb.st_size == 0 && !mkg__file_exists(sums);
    } else {
        if (access(data, R_OK) != 0) {
            st = mkg__fail_errno(err, "open the store", path);
            goto out;
        }
        flags |= MDB_RDONLY;
        /* On a read-only medium there is no writer to be protected from. */
        if (access(lock, W_OK) != 0 &&
            (errno == EROFS || errno == EACCES || errno == ENOENT) &&
            access(path, W_OK) != 0)
            flags |= MDB_NOLOCK;
    }
    if (!write && sb.st_size == 0 && !mkg__file_exists(sums)) {
        st = mkg__fail(err, MKG_NOTFOUND, "the store %s is being made", path);
        goto out;
    }
    if (!*created) MKG_GO(look_before(s, &missing, err));
    if (st == MKG_NOTFOUND) goto out;
    MKG_GO(open_env(s, (uint64_t)sb.st_size, flags, err));
    if (write) MKG_GO(open_databases(s, missing, err));
    *out = s;
    s = NULL;
out:
    if (s && *created) {
        mkg__store_discard(s);
    } else {
        mkg__store_close(s);
        if (made_folder && st < 0) rmdir(path);
    }
    mkg__free(data);
    mkg__free(lock);
    mkg__free(sums);
    return st;
}

void mkg__store_close(mkg__store *s)
{
    if (!s) return;
    if (s->env) mdb_env_close(s->env);
    if (s->lock_fd >= 0) close(s->lock_fd);
    mkg__free(s->path);
    mkg__free(s);
}

void mkg__store_discard(mkg__store *s)
{
    static const char *const files[] = {"data.mdb", "pages.sum", "lock.mdb",
                                        "writer.lock"};
    if (s->env) mdb_env_close(s->env);
    s->env = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *file = mkg__path_join(s->path, files[i]);
        if (file) unlink(file);
        mkg__free(file);
    }
    rmdir(s->path); /* stays if somebody put something else there */
    mkg__store_close(s);
}

uint64_t mkg__store_bytes(const mkg__store *s)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(s->env, &info) != 0 || mdb_env_stat(s->env, &stat) != 0) return 0;
    return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

static int begin(mkg__store *s, bool write, MDB_txn **out)
{
    unsigned flags = write ? 0 : MDB_RDONLY;
    int rc = mdb_txn_begin(s->env, NULL, flags, out);
    if (rc == MDB_MAP_RESIZED) { /* another process made it grow */
        rc = mdb_env_set_mapsize(s->env, 0);
        if (rc == 0) rc = mdb_txn_begin(s->env, NULL, flags, out);
    }
    return rc;
}

static mkg_status begin_reading(mkg__txn *t, mkg_err *err)
{
    mkg_status st = MKG_END;
    for (int patience = MKG_PAGES_PATIENCE; st == MKG_END; patience--) {
        if (t->txn) mdb_txn_abort(t->txn);
        t->txn = NULL;
        int rc = begin(t->store, false, &t->txn);
        if (rc != 0) return fail(err, rc, t->store->path);
        MKG_GO(mkg__pages_open(t->store->path, mdb_txn_id(t->txn), patience, &t->pages,
                               err));
    }
    for (size_t i = 0; i < MKG_DB_COUNT; i++)
        MKG_GO(mkg__tree_named(t->pages, databases[i].name, &t->trees[i], err));
    st = MKG_OK;
out:
    return st;
}

/* Pages that earlier commits let go of: lists of them are the values of LMDB's own
 * first database, each with its length in front. */
static uint64_t free_pages(MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    if (mdb_cursor_open(txn, 0, &cursor) != 0) return 0;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        size_t n;
        if (value.mv_size < sizeof n) continue;
        memcpy(&n, value.mv_data, sizeof n);
        pages += n;
    }
    mdb_cursor_close(cursor);
    return pages;
}

uint64_t mkg__store_room(mkg__store *s, mkg__txn *read)
{
    struct statvfs fs;
    MDB_stat stat;
    if (statvfs(s->path, &fs) != 0 || mdb_env_stat(s->env, &stat) != 0)
        return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize + free_pages(read->txn) * stat.ms_psize;
}

mkg_status mkg__store_check_room(uint64_t need, uint64_t room, mkg_err *err)
{
    if (need <= room) return MKG_OK;
    return mkg__fail(
        err, MKG_EIO,
        "the disk of the store is too full: the import needs about %.1f GB, "
        "%.1f GB are free; the store is as it was before",
        (double)need / 1e9, (double)room / 1e9);
}

mkg_status mkg__txn_begin(mkg__store *s, bool write, mkg__txn **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__txn *t = mkg__calloc(1, sizeof *t);

    *out = NULL;
    if (!t) return mkg__nomem(err);
    t->store = s;
    if (write) {
        MKG_GO(mkg__sums_begin(s->path, &t->sums, err));
        int rc = begin(s, true, &t->txn);
        if (rc != 0) {
            st = fail(err, rc, s->path);
            goto out;
        }
    } else {
        MKG_GO(begin_reading(t, err));
    }
    *out = t;
    t = NULL;
out:
    mkg__txn_abort(t);
    return st;
}

static void txn_free(mkg__txn *t)
{
    mkg__sums_end(t->sums);
    mkg__pages_close(t->pages);
    mkg__free(t);
}

mkg_status mkg__txn_commit(mkg__txn *t, mkg_err *err)
{
    int rc = mdb_txn_commit(t->txn);
    mkg_status st = rc ? fail(err, rc, t->store->path) : MKG_OK;
    txn_free(t);
    return st;
}

void mkg__txn_abort(mkg__txn *t)
{
    if (!t) return;
    if (t->txn) mdb_txn_abort(t->txn);
    txn_free(t);
}

mkg_status mkg__txn_verify(mkg__txn *t, mkg_err *err)
{
    unsigned char *used = mkg__calloc((size_t)(mkg__pages_count(t->pages) / 8 + 1), 1);
    mkg_status st = used ? mkg__tree_walk(t->pages, used, err) : mkg__nomem(err);
    mkg__free(used);
    return st;
}

static MDB_val val(mkg_view v)
{
    MDB_val m = {v.len, (void *)(uintptr_t)v.ptr}; /* LMDB does not write through it */
    return m;
}

static mkg_view view(MDB_val m)
{
    return mkg__view(m.mv_data, m.mv_size);
}

mkg_status mkg__db_get(mkg__txn *t, mkg__db db, mkg_view key, mkg_view *value,
                       mkg_err *err)
{
    MDB_val k = val(key), v;
    if (t->pages) return mkg__tree_get(t->pages, &t->trees[db], key, value, err);
    int rc = mdb_get(t->txn, t->store->dbi[db], &k, &v);
    if (rc == MDB_NOTFOUND) return MKG_NOTFOUND;
    if (rc != 0) return fail(err, rc, t->store->path);
    *value = view(v);
    return MKG_OK;
}

mkg_status mkg__db_put(mkg__txn *t, mkg__db db, mkg_view key, mkg_view value,
                       mkg_err *err)
{
    MDB_val k = val(key), v = val(value);
    int rc = mdb_put(t->txn, t->store->dbi[db], &k, &v, 0);
    return rc ? fail(err, rc, t->store->path) : MKG_OK;
}

mkg_status mkg__db_del(mkg__txn *t, mkg__db db, mkg_view key, const mkg_view *value,
                       mkg_err *err)
{
    MDB_val k = val(key), v;
    if (value) v = val(*value);
    int rc = mdb_del(t->txn, t->store->dbi[db], &k, value ? &v : NULL);
    if (rc == MDB_NOTFOUND) return MKG_NOTFOUND;
    return rc ? fail(err, rc, t->store->path) : MKG_OK;
}

mkg_status mkg__db_entries(mkg__txn *t, mkg__db db, uint64_t *n, mkg_err *err)
{
    MDB_stat stat;
    if (t->pages) {
        *n = t->trees[db].entries;
        return MKG_OK;
    }
    int rc = mdb_stat(t->txn, t->store->dbi[db], &stat);
    *n = rc ? 0 : stat.ms_entries;
    return rc ? fail(err, rc, t->store->path) : MKG_OK;
}

mkg_status mkg__cursor_open(mkg__txn *t, mkg__db db, mkg__cursor **out, mkg_err *err)
{
    mkg__cursor *c = mkg__calloc(1, sizeof *c);
    *out = NULL;
    if (!c) return mkg__nomem(err);
    int rc = 0;
    if (t->pages)
        rc = (c->read = mkg__tcursor_new(t->pages, &t->trees[db])) ? 0 : ENOMEM;
    else
        rc = mdb_cursor_open(t->txn, t->store->dbi[db], &c->cursor);
    if (rc != 0) {
        mkg__free(c);
        return fail(err, rc, t->store->path);
    }
    *out = c;
    return MKG_OK;
}

void mkg__cursor_close(mkg__cursor *c)
{
    if (!c) return;
    if (c->cursor) mdb_cursor_close(c->cursor);
    mkg__tcursor_free(c->read);
    mkg__free(c);
}

static mkg_status move(mkg__cursor *c, MDB_val *k, MDB_val *v, MDB_cursor_op op,
                       mkg_view *key, mkg_view *value, mkg_err *err)
{
    int rc = mdb_cursor_get(c->cursor, k, v, op);
    if (rc == MDB_NOTFOUND) return MKG_END;
    if (rc != 0)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: %s", mdb_strerror(rc));
    if (key) *key = view(*k);
    if (value) *value = view(*v);
    return MKG_OK;
}

mkg_status mkg__cursor_seek(mkg__cursor *c, const mkg_view *key, mkg_view *k,
                            mkg_view *v, mkg_err *err)
{
    MDB_val mk = {0, NULL}, mv = {0, NULL};
    if (c->read) return mkg__tcursor_seek(c->read, key, k, v, err);
    if (key) mk = val(*key);
    return move(c, &mk, &mv, key ? MDB_SET_RANGE : MDB_LAST, k, v, err);
}

mkg_status mkg__cursor_seek_dup(mkg__cursor *c, mkg_view key, mkg_view value,
                                mkg_view *v, mkg_err *err)
{
    MDB_val mk = val(key), mv = val(value);
    if (c->read) return mkg__tcursor_seek_dup(c->read, key, value, v, err);
    return move(c, &mk, &mv, MDB_GET_BOTH_RANGE, NULL, v, err);
}

mkg_status mkg__cursor_next(mkg__cursor *c, mkg_view *k, mkg_view *v, mkg_err *err)
{
    MDB_val mk, mv;
    if (c->read) return mkg__tcursor_next(c->read, k, v, err);
    return move(c, &mk, &mv, MDB_NEXT, k, v, err);
}

mkg_status mkg__cursor_prev_key(mkg__cursor *c, mkg_view *k, mkg_view *v, mkg_err *err)
{
    MDB_val mk, mv;
    if (c->read) return mkg__tcursor_prev_key(c->read, k, v, err);
    return move(c, &mk, &mv, MDB_PREV_NODUP, k, v, err);
}

mkg_status mkg__cursor_next_dup(mkg__cursor *c, mkg_view *v, mkg_err *err)
{
    MDB_val mk, mv;
    if (c->read) return mkg__tcursor_next_dup(c->read, v, err);
    return move(c, &mk, &mv, MDB_NEXT_DUP, NULL, v, err);
}

mkg_status mkg__cursor_count(mkg__cursor *c, size_t *n, mkg_err *err)
{
    size_t count = 0;
    if (c->read) return mkg__tcursor_count(c->read, n, err);
    int rc = mdb_cursor_count(c->cursor, &count);
    *n = count;
    return rc ? mkg__fail(err, MKG_ESTORE, "the store is damaged: %s", mdb_strerror(rc))
              : MKG_OK;
}

static mkg_status put(mkg__cursor *c, mkg_view key, mkg_view value, unsigned flags,
                      mkg_err *err)
{
    MDB_val k = val(key), v = val(value);
    int rc = mdb_cursor_put(c->cursor, &k, &v, flags);
    if (rc == 0) return MKG_OK;
    if (rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT)
        return mkg__fail(err, MKG_EIO,
                         "no space left for the store; it is as it was before");
    return mkg__fail(err, rc == ENOMEM ? MKG_ENOMEM : MKG_EIO, "store: %s",
                     mdb_strerror(rc));
}

mkg_status mkg__cursor_put(mkg__cursor *c, mkg_view key, mkg_view value, mkg_err *err)
{
    return put(c, key, value, 0, err);
}

mkg_status mkg__cursor_append(mkg__cursor *c, mkg_view key, mkg_view value,
                              bool same_key, mkg_err *err)
{
    return put(c, key, value, same_key ? MDB_APPENDDUP : MDB_APPEND, err);
}

/* ---- looking after the store ---- */

mkg_status mkg__store_copy(mkg__store *s, int fd, mkg_err *err)
{
    int rc = mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT);
    return rc ? fail(err, rc, s->path) : MKG_OK;
}

typedef struct oldest {
    uint64_t readers, txn;
    long process;
} oldest;

/* LMDB tells of readers as lines of text: process, thread, transaction or "-". */
static int on_reader(const char *line, void *ctx)
{
    oldest *o = ctx;
    long process;
    unsigned long long txn;
    if (sscanf(line, "%ld %*x %llu", &process, &txn) != 2 || process == (long)getpid())
        return 0;
    if (o->readers++ == 0 || txn < o->txn) {
        o->txn = txn;
        o->process = process;
    }
    return 0;
}

mkg_status mkg__store_readers(mkg__store *s, uint64_t *readers, uint64_t *lag,
                              long *process, mkg_err *err)
{
    oldest o = {0};
    MDB_envinfo info;
    int rc = mdb_env_info(s->env, &info);
    if (rc != 0) return fail(err, rc, s->path);
    if (mdb_reader_list(s->env, on_reader, &o) < 0)
        return mkg__fail(err, MKG_EIO, "store %s: cannot list its readers", s->path);
    *readers = o.readers;
    *lag = o.readers && info.me_last_txnid > o.txn ? info.me_last_txnid - o.txn : 0;
    *process = o.process;
    return MKG_OK;
}
