#define _DEFAULT_SOURCE /* madvise() */

#include "kg/pages_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "kg/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Where things stand in a meta page of LMDB, data version 1, 64 bits. Numbers are in
 * the machine's order. */
enum {
    META_FLAGS = 10,
    META_MAGIC = 16,
    META_VERSION = 20,
    META_PAGE_SIZE = 40, /* in the record of the list of free pages */
    META_FREE = 40,
    META_MAIN = 88,
    META_TXNID = 144,
    META_BYTES = 152,
    P_META = 8,
    PAGE_MAX = 65536,
    RESIDENT = 16 << 20
};
#define LMDB_MAGIC 0xBEEFC0DEu

typedef struct meta {
    bool sound;   /* looks like one */
    bool as_left; /* agrees with pages.sum */
    uint64_t txnid;
    mkg__tree free_list, main;
} meta;

struct mkg__pages {
    char *folder;
    const unsigned char *map;
    size_t map_size;
    uint32_t page_size;
    uint64_t count;
    meta at;
    bool verified;
    unsigned char *seen; /* a bit a page: agreed with its sum */
    uint64_t hashed;

    const unsigned char *sums; /* pages.sum, NULL if there is none */
    size_t sums_size;
    uint64_t sums_txnid, sums_count;
    bool dirty;
    unsigned char *block_seen; /* a bit a block of sums */
};

static bool bit(const unsigned char *bits, uint64_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static void set_bit(unsigned char *bits, uint64_t i)
{
    bits[i / 8] |= (unsigned char)(1u << (i % 8));
}

mkg_status mkg__pages_damaged(const mkg__pages *p, uint64_t page, const char *why,
                              mkg_err *err)
{
    return mkg__fail(err, MKG_ESTORE,
                     "the store %s is damaged: page %llu of data.mdb (%s); restore a "
                     "backup",
                     p->folder, (unsigned long long)page, why);
}

static mkg_status sums_damaged(const mkg__pages *p, mkg_err *err)
{
    return mkg__fail(err, MKG_ESTORE,
                     "the store %s is damaged: pages.sum; restore a backup, or delete "
                     "that file and have `medkg check --deep` look at the graph itself",
                     p->folder);
}

/* ---- pages.sum ---- */

static mkg_status map_file(const char *folder, const char *name,
                           const unsigned char **map, size_t *size, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    char *path = mkg__path_join(folder, name);
    if (!path) return mkg__nomem(err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        st = MKG_NOTFOUND;
    } else if (fd < 0 || fstat(fd, &sb) != 0) {
        st = mkg__fail_errno(err, "open the store", path);
    } else if ((*size = (size_t)sb.st_size) > 0) {
        void *p = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            st = mkg__fail_errno(err, "open the store", path);
        else
            *map = p;
    }
    if (fd >= 0) close(fd);
    mkg__free(path);
    return st;
}

static mkg_status open_sums(mkg__pages *p, mkg_err *err)
{
    mkg_status st = map_file(p->folder, "pages.sum", &p->sums, &p->sums_size, err);
    if (st != MKG_OK) return st < 0 ? st : MKG_OK;
    const unsigned char *h = p->sums;
    if (p->sums_size < MKG_SUMS_HEADER || memcmp(h, MKG_SUMS_MAGIC, 8) != 0 ||
        mkg__get_be64(h + MKG_SUMS_CHECKED) != mkg__hash64(h, MKG_SUMS_CHECKED, 0))
        return sums_damaged(p, err);
    if (mkg__get_be32(h + 8) != MKG_SUMS_VERSION)
        return mkg__fail(err, MKG_ESTORE,
                         "pages.sum of the store %s is of another version: use a newer "
                         "medkg",
                         p->folder);
    p->page_size = mkg__get_be32(h + 12);
    p->sums_txnid = mkg__get_be64(h + 16);
    p->sums_count = mkg__get_be64(h + 24);
    unsigned char state = h[MKG_SUMS_STATE];
    p->dirty = state == MKG_SUMS_DIRTY;
    uint64_t blocks = p->sums_count / (MKG_SUMS_BLOCK - 1) +
                      (p->sums_count % (MKG_SUMS_BLOCK - 1) != 0);
    if ((state != MKG_SUMS_CLEAN && state != MKG_SUMS_DIRTY) || p->page_size < 512 ||
        p->page_size > PAGE_MAX || p->sums_count < 2 ||
        (p->sums_size - MKG_SUMS_HEADER) % (MKG_SUMS_BLOCK * 8) != 0 ||
        (p->sums_size - MKG_SUMS_HEADER) / (MKG_SUMS_BLOCK * 8) != blocks)
        return sums_damaged(p, err);
    p->block_seen = mkg__calloc((size_t)(blocks / 8 + 1), 1);
    return p->block_seen ? MKG_OK : mkg__nomem(err);
}

mkg_status mkg__pages_sum(mkg__pages *p, uint64_t page, uint64_t *out, mkg_err *err)
{
    uint64_t block = page / (MKG_SUMS_BLOCK - 1);
    const unsigned char *b;
    if (page >= p->sums_count)
        return mkg__pages_damaged(p, page, "it is not in pages.sum", err);
    b = p->sums + MKG_SUMS_HEADER + block * MKG_SUMS_BLOCK * 8;
    if (!bit(p->block_seen, block)) {
        if (mkg__get_be64(b) != mkg__hash64(b + 8, (MKG_SUMS_BLOCK - 1) * 8, block))
            return sums_damaged(p, err);
        set_bit(p->block_seen, block);
    }
    *out = mkg__get_be64(b + 8 + page % (MKG_SUMS_BLOCK - 1) * 8);
    return MKG_OK;
}

/* The number is the seed: pages that changed places are damage, too. What was looked at
 * stays in the system's cache, and need not count as memory of this process. */
uint64_t mkg__pages_hash(mkg__pages *p, uint64_t page)
{
    if (++p->hashed % (RESIDENT / p->page_size) == 0)
        madvise((void *)(uintptr_t)p->map, p->map_size, MADV_DONTNEED);
    return mkg__hash64(p->map + page * p->page_size, p->page_size, page);
}

/* ---- which snapshot ---- */

static mkg__tree tree_at(const unsigned char *p)
{
    mkg__tree t;
    memcpy(&t.entries, p + 32, 8);
    memcpy(&t.root, p + 40, 8);
    return t;
}

/* A writer may be at work on the page: what is judged is a copy. */
static mkg_status read_meta(mkg__pages *p, uint64_t i, meta *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char page[PAGE_MAX];
    uint64_t number, sum;
    uint32_t magic, version, size;
    uint16_t flags;

    memcpy(page, p->map + i * p->page_size, p->page_size);
    memcpy(&number, page, 8);
    memcpy(&flags, page + META_FLAGS, 2);
    memcpy(&magic, page + META_MAGIC, 4);
    memcpy(&version, page + META_VERSION, 4);
    memcpy(&size, page + META_PAGE_SIZE, 4);
    memcpy(&m->txnid, page + META_TXNID, 8);
    m->sound = number == i && (flags & P_META) && magic == LMDB_MAGIC && version == 1 &&
               size == p->page_size;
    m->free_list = tree_at(page + META_FREE);
    m->main = tree_at(page + META_MAIN);
    m->as_left = false;
    if (p->sums) {
        MKG_GO(mkg__pages_sum(p, i, &sum, err));
        m->as_left = sum == mkg__hash64(page, p->page_size, i);
    }
out:
    return st;
}

static const char *const not_as_left = "it is not as medkg left it";

static mkg_status choose_unverified(mkg__pages *p, const meta m[2], uint64_t txnid,
                                    int patience, mkg_err *err)
{
    for (unsigned i = 0; i < 2; i++)
        if (!m[i].sound)
            return patience
                       ? MKG_END
                       : mkg__pages_damaged(p, i, "it is no beginning of a store", err);
    if (txnid == MKG_NEWEST)
        p->at = m[m[1].txnid > m[0].txnid];
    else
        p->at = m[txnid & 1];
    if (txnid != MKG_NEWEST && p->at.txnid != txnid)
        return patience ? MKG_END
                        : mkg__pages_damaged(p, txnid & 1, "of another commit", err);
    return MKG_OK;
}

/* Commit n writes meta page n & 1, and pages that neither commit n - 1 nor a reader
 * uses. So the sums of commit n hold for all pages of the snapshot n, and of older ones
 * that are still read, whatever a writer does meanwhile; and while pages.sum is of
 * commit n, only the other meta page may change, by commit n + 1, and only if it says
 * dirty. */
static mkg_status choose(mkg__pages *p, const meta m[2], uint64_t txnid, int patience,
                         mkg_err *err)
{
    uint64_t n = p->sums_txnid;
    const meta *own = &m[n & 1], *other = &m[!(n & 1)];
    bool newer = !other->as_left && other->sound && other->txnid == n + 1;

    if (!own->as_left)
        return patience ? MKG_END : mkg__pages_damaged(p, n & 1, not_as_left, err);
    if (!other->as_left && !(p->dirty && (newer || other->txnid < n)))
        return patience ? MKG_END : mkg__pages_damaged(p, !(n & 1), not_as_left, err);
    if (txnid == MKG_NEWEST) {
        txnid = newer ? n + 1 : n;
        patience = 0;
    }
    p->verified = txnid <= n;
    if (txnid == n) {
        p->at = *own;
    } else if (txnid + 1 == n && other->as_left) {
        p->at = *other;
    } else if (txnid == n + 1 && newer) {
        p->at = *other;
        return patience ? MKG_END : MKG_OK; /* the sums may be under way */
    } else {
        return patience ? MKG_END
                        : mkg__pages_damaged(p, txnid & 1, "of another commit", err);
    }
    return MKG_OK;
}

/* A commit makes the file longer before its meta page says so: a snapshot that was read
 * from a file that has grown since may have pages that are not mapped. */
static bool has_grown(const mkg__pages *p)
{
    struct stat sb;
    char *path = mkg__path_join(p->folder, "data.mdb");
    bool grown = path && stat(path, &sb) == 0 && (size_t)sb.st_size > p->map_size;
    mkg__free(path);
    return grown;
}

static mkg_status open_once(const char *folder, uint64_t txnid, int patience,
                            mkg__pages **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    meta m[2];
    mkg__pages *p = mkg__calloc(1, sizeof *p);

    *out = NULL;
    if (!p) return mkg__nomem(err);
    p->folder = mkg__strdup(folder);
    if (!p->folder) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(open_sums(p, err)); /* before the data: they are never behind their sums */
    MKG_GO(map_file(folder, "data.mdb", &p->map, &p->map_size, err));
    if (st == MKG_NOTFOUND || p->map_size < META_BYTES) {
        st = mkg__fail(err, MKG_ESTORE, "the store %s is damaged: data.mdb is empty",
                       folder);
        goto out;
    }
    if (!p->sums) memcpy(&p->page_size, p->map + META_PAGE_SIZE, 4);
    if (p->page_size < 512 || p->page_size > PAGE_MAX ||
        (p->page_size & (p->page_size - 1)) != 0) {
        st = mkg__fail(err, MKG_ESTORE, "the store %s is damaged or is not a store",
                       folder);
        goto out;
    }
    p->count = p->map_size / p->page_size;
    if (p->count < 2 || p->count < p->sums_count) {
        st =
            mkg__fail(err, MKG_ESTORE,
                      "the store %s is damaged: data.mdb was cut off after %llu bytes; "
                      "restore a backup",
                      folder, (unsigned long long)p->map_size);
        goto out;
    }
    p->seen = mkg__calloc((size_t)(p->count / 8 + 1), 1);
    if (!p->seen) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(read_meta(p, 0, &m[0], err));
    MKG_GO(read_meta(p, 1, &m[1], err));
    st = p->sums ? choose(p, m, txnid, patience, err)
                 : choose_unverified(p, m, txnid, patience, err);
    if (st == MKG_OK && patience && has_grown(p)) st = MKG_END;
    if (st != MKG_OK) goto out;
    *out = p;
    p = NULL;
out:
    mkg__pages_close(p);
    return st;
}

mkg_status mkg__pages_open(const char *folder, uint64_t txnid, int patience,
                           mkg__pages **out, mkg_err *err)
{
    const struct timespec wait = {0, 2000000};
    mkg_status st = open_once(folder, txnid, patience, out, err);
    if (st == MKG_END) nanosleep(&wait, NULL);
    return st;
}

void mkg__pages_close(mkg__pages *p)
{
    if (!p) return;
    if (p->map) munmap((void *)(uintptr_t)p->map, p->map_size);
    if (p->sums) munmap((void *)(uintptr_t)p->sums, p->sums_size);
    mkg__free(p->seen);
    mkg__free(p->block_seen);
    mkg__free(p->folder);
    mkg__free(p);
}

/* ---- pages ---- */

mkg_status mkg__pages_get(mkg__pages *p, uint64_t page, uint64_t count,
                          const unsigned char **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint64_t sum;

    if (page >= p->count || count > p->count - page)
        return mkg__pages_damaged(p, page, "it is beyond the end of the file", err);
    for (uint64_t i = page; i < page + count; i++) {
        if (!p->verified || bit(p->seen, i)) continue;
        MKG_GO(mkg__pages_sum(p, i, &sum, err));
        if (sum != mkg__pages_hash(p, i)) {
            st = mkg__pages_damaged(p, i, "its checksum is wrong", err);
            goto out;
        }
        set_bit(p->seen, i);
    }
    *out = p->map + page * p->page_size;
out:
    return st;
}

bool mkg__pages_verified(const mkg__pages *p)
{
    return p->verified;
}

uint64_t mkg__pages_txnid(const mkg__pages *p)
{
    return p->at.txnid;
}

uint64_t mkg__pages_count(const mkg__pages *p)
{
    return p->count;
}

uint32_t mkg__pages_size(const mkg__pages *p)
{
    return p->page_size;
}

mkg__tree mkg__pages_main(const mkg__pages *p)
{
    return p->at.main;
}

mkg__tree mkg__pages_free_list(const mkg__pages *p)
{
    return p->at.free_list;
}
