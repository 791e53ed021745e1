/* A writer's side of pages.sum (kg/pages_internal.h, docs/formats.md). */
#include "kg/pages_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "kg/store_internal.h"
#include "kg/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mkg__sums {
    char *folder, *data, *file;
    mkg__pages *before;  /* the snapshot that the transaction starts from */
    unsigned char *used; /* a bit for each of its pages */
};

static bool is_used(const mkg__sums *s, uint64_t page)
{
    return page < mkg__pages_count(s->before) && s->used[page / 8] >> (page % 8) & 1;
}

/* ---- writing the file ---- */

enum { WINDOW = 256 << 10 };

typedef struct job {
    mkg__sums *s;
    mkg__pages *now;
    unsigned char state;
    unsigned mode; /* as that of data.mdb: who may read one may read the other */
    int fd;        /* data.mdb */
    unsigned char *window; /* pages [from, from + n) of it */
    uint64_t from, n, want;
} job;

/* Nearly all pages of a bulk load are new: to read them costs less than to map them. */
static mkg_status read_page(job *j, uint64_t page, const unsigned char **out,
                            mkg_err *err)
{
    uint64_t size = mkg__pages_size(j->now), left = mkg__pages_count(j->now) - page;
    if (page < j->from || page >= j->from + j->n) {
        /* Those that follow, too, if it has gone on like that. */
        bool on = page == j->from + j->n;
        j->want = on && j->want * 2 * size <= WINDOW ? j->want * 2 : on ? j->want : 1;
        if (j->want == 0) j->want = 1;
        j->from = page;
        j->n = j->want < left ? j->want : left;
        for (uint64_t at = 0, end = j->n * size; at < end;) {
            ssize_t k = pread(j->fd, j->window + at, (size_t)(end - at),
                              (off_t)(page * size + at));
            if (k < 0 && errno == EINTR) continue;
            if (k <= 0) {
                j->n = 0;
                return k < 0 ? mkg__fail_errno(err, "read", j->s->data)
                             : mkg__fail(err, MKG_EIO, "%s has become shorter",
                                         j->s->data);
            }
            at += (uint64_t)k;
        }
    }
    *out = j->window + (page - j->from) * size;
    return MKG_OK;
}

/* A commit does not touch what the snapshot before it uses. These sums are kept, not
 * taken anew: a page that went bad meanwhile must not look as if it had been meant. */
static mkg_status sum_of(job *j, uint64_t page, uint64_t *out, mkg_err *err)
{
    mkg__pages *before = j->s->before;
    if (page >= 2 && mkg__pages_verified(before) && is_used(j->s, page))
        return mkg__pages_sum(before, page, out, err);
    const unsigned char *p = NULL;
    mkg_status st = read_page(j, page, &p, err);
    if (st >= 0) *out = mkg__hash64(p, mkg__pages_size(j->now), page);
    return st;
}

static mkg_status write_sums(void *ctx, FILE *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    job *j = ctx;
    unsigned char head[MKG_SUMS_HEADER] = MKG_SUMS_MAGIC;
    unsigned char block[MKG_SUMS_BLOCK * 8];
    uint64_t n = mkg__pages_count(j->now), sum;

    if (fchmod(fileno(f), (mode_t)j->mode) != 0) /* where it cannot, umask decides */
        j->mode = 0;
    mkg__be32(head + 8, MKG_SUMS_VERSION);
    mkg__be32(head + 12, mkg__pages_size(j->now));
    mkg__be64(head + 16, mkg__pages_txnid(j->now));
    mkg__be64(head + 24, n);
    mkg__be64(head + MKG_SUMS_CHECKED, mkg__hash64(head, MKG_SUMS_CHECKED, 0));
    head[MKG_SUMS_STATE] = j->state;
    fwrite(head, 1, sizeof head, f);
    for (uint64_t page = 0, b = 0; page < n; b++) {
        memset(block, 0, sizeof block);
        for (size_t i = 1; i < MKG_SUMS_BLOCK && page < n; i++, page++) {
            MKG_GO(sum_of(j, page, &sum, err));
            mkg__be64(block + i * 8, sum);
        }
        mkg__be64(block, mkg__hash64(block + 8, sizeof block - 8, b));
        fwrite(block, 1, sizeof block, f); /* errors: mkg__file_replace() looks */
    }
out:
    return st;
}

static mkg_status replace(mkg__sums *s, mkg__pages *now, unsigned char state,
                          mkg_err *err)
{
    mkg_status st;
    struct stat sb;
    job j = {.s = s, .now = now, .state = state};
    j.fd = open(s->data, O_RDONLY | O_CLOEXEC);
    if (j.fd < 0 || fstat(j.fd, &sb) != 0) {
        st = mkg__fail_errno(err, "read", s->data);
        goto out;
    }
    j.mode = sb.st_mode & 0666;
    j.window = mkg__malloc(WINDOW);
    st = j.window ? mkg__file_replace(s->file, j.mode, write_sums, &j, err)
                  : mkg__nomem(err);
out:
    if (j.fd >= 0) close(j.fd);
    mkg__free(j.window);
    return st;
}

/* One byte, so that there is no half of it. */
static mkg_status mark_dirty(const mkg__sums *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const unsigned char state = MKG_SUMS_DIRTY;
    int fd = open(s->file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &state, 1, MKG_SUMS_STATE) != 1 || fdatasync(fd) != 0)
        st = mkg__fail_errno(err, "write", s->file);
    if (fd >= 0) close(fd);
    return st;
}

/* ---- around a transaction ---- */

static void sums_free(mkg__sums *s)
{
    if (!s) return;
    mkg__pages_close(s->before);
    mkg__free(s->used);
    mkg__free(s->folder);
    mkg__free(s->data);
    mkg__free(s->file);
    mkg__free(s);
}

mkg_status mkg__sums_begin(const char *folder, mkg__sums **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__sums *s = mkg__calloc(1, sizeof *s);

    *out = NULL;
    if (!s) return mkg__nomem(err);
    s->folder = mkg__strdup(folder);
    s->data = mkg__path_join(folder, "data.mdb");
    s->file = mkg__path_join(folder, "pages.sum");
    if (!s->folder || !s->data || !s->file) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__pages_open(folder, MKG_NEWEST, 0, &s->before, err));
    s->used = mkg__calloc((size_t)(mkg__pages_count(s->before) / 8 + 1), 1);
    if (!s->used) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__tree_walk(s->before, s->used, err));
    if (mkg__pages_verified(s->before)) {
        MKG_GO(mark_dirty(s, err));
    } else { /* new, or left behind by a writer that was killed: take it as it is */
        MKG_GO(replace(s, s->before, MKG_SUMS_DIRTY, err));
        mkg__pages_close(s->before);
        s->before = NULL;
        MKG_GO(mkg__pages_open(folder, MKG_NEWEST, 0, &s->before, err));
    }
    *out = s;
    s = NULL;
out:
    sums_free(s);
    return st;
}

void mkg__sums_end(mkg__sums *s)
{
    mkg__pages *now = NULL;
    if (!s) return;
    if (mkg__pages_open(s->folder, MKG_NEWEST, 0, &now, NULL) == MKG_OK)
        (void)replace(s, now, MKG_SUMS_CLEAN, NULL);
    mkg__pages_close(now);
    sums_free(s);
}
