/* The pages of data.mdb as one snapshot sees them. LMDB has no checksums of its own;
 * the file pages.sum beside it has one for each page (bytes in docs/formats.md), and no
 * page is handed out here before it agrees with its sum. */
#ifndef MKG_PAGES_INTERNAL_H
#define MKG_PAGES_INTERNAL_H

#include "base/base.h"
#include "base/mem.h"

/* pages.sum: a header, then blocks of one check and MKG_SUMS_BLOCK - 1 sums. */
#define MKG_SUMS_MAGIC "MKGPAGES"
enum {
    MKG_SUMS_VERSION = 1,
    MKG_SUMS_HEADER = 64,
    MKG_SUMS_CHECKED = 32, /* bytes of the header under its check */
    MKG_SUMS_STATE = 40,   /* where the state stands: one byte, so never half written */
    MKG_SUMS_CLEAN = 1,
    MKG_SUMS_DIRTY = 2, /* a commit may have followed */
    MKG_SUMS_BLOCK = 512
};

/* What LMDB keeps of a tree: of a named database, or of the values of one key. */
typedef struct mkg__tree {
    uint64_t root; /* page, MKG_NO_PAGE if the tree is empty */
    uint64_t entries;
} mkg__tree;
#define MKG_NO_PAGE UINT64_MAX

typedef struct mkg__pages mkg__pages;

/* The pages of snapshot `txnid`, which a reader of LMDB holds, or of the newest one.
 *
 * MKG_END: a writer was at work between; take a new snapshot and come again, with one
 * less for `patience`, at 0 this is never returned. MKG_ESTORE: what LMDB would parse
 * is damaged, or the file was cut off. A store without pages.sum, or with one that a
 * killed writer left behind its commit, opens unverified. Costs the same for any size.
 */
#define MKG_NEWEST UINT64_MAX
enum { MKG_PAGES_PATIENCE = 10 };
mkg_status mkg__pages_open(const char *folder, uint64_t txnid, int patience,
                           mkg__pages **out, mkg_err *err);
void mkg__pages_close(mkg__pages *p);

/* `count` pages in a row, verified. Borrowed until mkg__pages_close(). */
mkg_status mkg__pages_get(mkg__pages *p, uint64_t page, uint64_t count,
                          const unsigned char **out, mkg_err *err);

bool mkg__pages_verified(const mkg__pages *p);
uint64_t mkg__pages_txnid(const mkg__pages *p);
uint64_t mkg__pages_count(const mkg__pages *p); /* whole pages in the file */
uint32_t mkg__pages_size(const mkg__pages *p);  /* bytes of one */
mkg__tree mkg__pages_main(const mkg__pages *p); /* names of databases -> trees */
mkg__tree mkg__pages_free_list(const mkg__pages *p);
/* The sum that pages.sum holds; MKG_ESTORE if that is damaged itself. */
mkg_status mkg__pages_sum(mkg__pages *p, uint64_t page, uint64_t *out, mkg_err *err);
/* The sum of a page as it is now. */
uint64_t mkg__pages_hash(mkg__pages *p, uint64_t page);
/* MKG_ESTORE with a sentence. */
mkg_status mkg__pages_damaged(const mkg__pages *p, uint64_t page, const char *why,
                              mkg_err *err);

/* A writer's side, in sums.c: mkg__sums_begin() before a transaction that writes,
 * mkg__sums_end() after its commit or abort, also a failed one.
 *
 * begin verifies every page that the store uses, so that no damage is copied into fresh
 * pages with fresh sums, and marks pages.sum dirty; end brings it up to the new commit.
 * Only a failing begin is an error: when end fails, the commit stands, and the store is
 * unverified until the next one. */
typedef struct mkg__sums mkg__sums;
mkg_status mkg__sums_begin(const char *folder, mkg__sums **out, mkg_err *err);
void mkg__sums_end(mkg__sums *s);

#endif
