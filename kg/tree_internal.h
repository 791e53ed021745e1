/* LMDB's B-trees read from verified pages: what LMDB 0.9 writes (data version 1), and
 * the part of its cursors that medkg uses. Every byte that leads to an answer, also to
 * the answer that there is none, comes from mkg__pages_get(). */
#ifndef MKG_TREE_INTERNAL_H
#define MKG_TREE_INTERNAL_H

#include "kg/pages_internal.h"

/* The named database; *out is an empty tree, and the answer MKG_NOTFOUND, if there is
 * none of that name. */
mkg_status mkg__tree_named(mkg__pages *p, const char *name, mkg__tree *out,
                           mkg_err *err);

/* MKG_NOTFOUND if the key is not there. */
mkg_status mkg__tree_get(mkg__pages *p, const mkg__tree *t, mkg_view key,
                         mkg_view *value, mkg_err *err);

/* As in store_internal.h; MKG_END where nothing is. */
typedef struct mkg__tcursor mkg__tcursor;
mkg__tcursor *mkg__tcursor_new(mkg__pages *p, const mkg__tree *t); /* NULL: no memory */
void mkg__tcursor_free(mkg__tcursor *c);
mkg_status mkg__tcursor_seek(mkg__tcursor *c, const mkg_view *key, mkg_view *k,
                             mkg_view *v, mkg_err *err);
mkg_status mkg__tcursor_seek_dup(mkg__tcursor *c, mkg_view key, mkg_view value,
                                 mkg_view *v, mkg_err *err);
mkg_status mkg__tcursor_next(mkg__tcursor *c, mkg_view *k, mkg_view *v, mkg_err *err);
mkg_status mkg__tcursor_prev_key(mkg__tcursor *c, mkg_view *k, mkg_view *v,
                                 mkg_err *err);
mkg_status mkg__tcursor_next_dup(mkg__tcursor *c, mkg_view *v, mkg_err *err);
mkg_status mkg__tcursor_count(mkg__tcursor *c, size_t *n, mkg_err *err);

/* Read every page that the snapshot uses, the list of free pages' too, and set its bit
 * in `used` (mkg__pages_count() bits, zeroed). */
mkg_status mkg__tree_walk(mkg__pages *p, unsigned char *used, mkg_err *err);

#endif
