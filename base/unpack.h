/* bzip2, xz, zstd and zip undone while they are read, by libarchive. */
#ifndef MKG_UNPACK_H
#define MKG_UNPACK_H

#include "base/base.h"

#include <stdbool.h>

/* Do the bytes begin as one of these formats does? MKG_UNPACK_MAGIC bytes are enough.
 */
enum { MKG_UNPACK_MAGIC = 10 };
bool mkg__unpack_knows(const unsigned char *p, size_t n);

/* The next packed bytes, borrowed until the next call; an empty view at the end. */
typedef mkg_status (*mkg__block_fn)(void *ctx, mkg_view *block, mkg_err *err);

typedef struct mkg__unpack mkg__unpack;

/* `name` is for messages, borrowed. MKG_EIO where libarchive is not installed;
 * MKG_EPARSE for damaged data, with the name. */
mkg_status mkg__unpack_new(const char *name, mkg__block_fn fn, void *ctx,
                           mkg__unpack **out, mkg_err *err);
void mkg__unpack_free(mkg__unpack *u);

/* Up to `cap` bytes into `dst`; *n = 0 at the end. Of a zip the one file in it is read;
 * folders and what macOS and Windows put beside it (__MACOSX, .DS_Store, Thumbs.db) do
 * not count. MKG_EPARSE for damaged data, a zip of several files, an encrypted one. */
mkg_status mkg__unpack_read(mkg__unpack *u, void *dst, size_t cap, size_t *n,
                            mkg_err *err);

#endif
