/* The LMDB environment: named databases, transactions, cursors. store.c is the only
 * user of lmdb.h; the rest of kg/ speaks in views. */
#ifndef MKG_STORE_INTERNAL_H
#define MKG_STORE_INTERNAL_H

#include "base/base.h"
#include "base/mem.h"

typedef enum mkg__db {
    MKG_DB_META,
    MKG_DB_NODE,
    MKG_DB_NAME, /* dupsort, fixed size */
    MKG_DB_CODE, /* dupsort, fixed size */
    MKG_DB_RELATION,
    MKG_DB_FACT,
    MKG_DB_OUT, /* dupsort, fixed size */
    MKG_DB_IN,  /* dupsort, fixed size */
    MKG_DB_SOURCE,
    MKG_DB_SOURCE_FACT, /* dupsort, fixed size */
    MKG_DB_HISTORY,
    MKG_DB_COUNT
} mkg__db;

typedef struct mkg__store mkg__store;
typedef struct mkg__txn mkg__txn;
typedef struct mkg__cursor mkg__cursor;

/* Open the environment in folder `path`. Writing takes the writer's lock, makes what is
 * not there, and sets *created if it made the store. */
mkg_status mkg__store_open(const char *path, bool write, mkg__store **out,
                           bool *created, mkg_err *err);
void mkg__store_close(mkg__store *s);
/* Take an empty store that mkg__store_open() made off the disk again; closes it. */
void mkg__store_discard(mkg__store *s);
uint64_t mkg__store_bytes(const mkg__store *s);
/* Bytes that a commit can still write: free on the disk, and free pages within the
 * file. UINT64_MAX if nobody knows. */
uint64_t mkg__store_room(mkg__store *s, mkg__txn *read);
/* MKG_EIO "needs about 2.1 GB, 1.3 GB are free" if need > room. */
mkg_status mkg__store_check_room(uint64_t need, uint64_t room, mkg_err *err);

/* Write `data.mdb` as of the newest commit to `fd`, without free pages. */
mkg_status mkg__store_copy(mkg__store *s, int fd, mkg_err *err);
/* Readers in other processes, and how many commits the oldest is behind. */
mkg_status mkg__store_readers(mkg__store *s, uint64_t *readers, uint64_t *lag,
                              long *process, mkg_err *err);

/* Look at every page of the snapshot of a transaction that reads. MKG_ESTORE. */
mkg_status mkg__txn_verify(mkg__txn *t, mkg_err *err);

mkg_status mkg__txn_begin(mkg__store *s, bool write, mkg__txn **out, mkg_err *err);
mkg_status mkg__txn_commit(mkg__txn *t, mkg_err *err); /* ends it even on failure */
void mkg__txn_abort(mkg__txn *t);

/* MKG_NOTFOUND if there is none. The value is borrowed until the transaction ends or
 * the database changes. */
mkg_status mkg__db_get(mkg__txn *t, mkg__db db, mkg_view key, mkg_view *value,
                       mkg_err *err);
/* Replace or add; in a dupsort database add (no error if the pair is there). */
mkg_status mkg__db_put(mkg__txn *t, mkg__db db, mkg_view key, mkg_view value,
                       mkg_err *err);
/* Take a pair out; the whole key where `value` is NULL. MKG_NOTFOUND if it is not
 * there. */
mkg_status mkg__db_del(mkg__txn *t, mkg__db db, mkg_view key, const mkg_view *value,
                       mkg_err *err);
mkg_status mkg__db_entries(mkg__txn *t, mkg__db db, uint64_t *n, mkg_err *err);

mkg_status mkg__cursor_open(mkg__txn *t, mkg__db db, mkg__cursor **out, mkg_err *err);
void mkg__cursor_close(mkg__cursor *c);
/* First pair with key >= *key; the last pair if `key` is NULL. MKG_END if none. */
mkg_status mkg__cursor_seek(mkg__cursor *c, const mkg_view *key, mkg_view *k,
                            mkg_view *v, mkg_err *err);
/* First value >= `value` of exactly this key (dupsort). MKG_END if none. */
mkg_status mkg__cursor_seek_dup(mkg__cursor *c, mkg_view key, mkg_view value,
                                mkg_view *v, mkg_err *err);
mkg_status mkg__cursor_next(mkg__cursor *c, mkg_view *k, mkg_view *v, mkg_err *err);
mkg_status mkg__cursor_prev_key(mkg__cursor *c, mkg_view *k, mkg_view *v, mkg_err *err);
mkg_status mkg__cursor_next_dup(mkg__cursor *c, mkg_view *v, mkg_err *err);
/* Number of values of the key the cursor stands on (dupsort). */
mkg_status mkg__cursor_count(mkg__cursor *c, size_t *n, mkg_err *err);
/* Put through the cursor: quicker than mkg__db_put() for keys in ascending order. */
mkg_status mkg__cursor_put(mkg__cursor *c, mkg_view key, mkg_view value, mkg_err *err);
/* The pair comes behind all others, and has the key of the last one or a greater one.
 */
mkg_status mkg__cursor_append(mkg__cursor *c, mkg_view key, mkg_view value,
                              bool same_key, mkg_err *err);

/* Big-endian numbers: their bytes sort as they do. */
static inline void mkg__be32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

static inline uint32_t mkg__get_be32(const void *q)
{
    const unsigned char *p = q;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void mkg__be64(unsigned char *p, uint64_t v)
{
    mkg__be32(p, (uint32_t)(v >> 32));
    mkg__be32(p + 4, (uint32_t)v);
}

static inline uint64_t mkg__get_be64(const void *q)
{
    const unsigned char *p = q;
    return (uint64_t)mkg__get_be32(p) << 32 | mkg__get_be32(p + 4);
}

#endif
