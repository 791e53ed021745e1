/* Sorting more than memory holds, and keeping what is only read from front to back:
 * both use a given number of bytes and go on in a temporary file beyond it. The files
 * lie in the store's folder, so on the disk that the store will need anyway, and have
 * no name: they go with the process. */
#ifndef MKG_SORTER_INTERNAL_H
#define MKG_SORTER_INTERNAL_H

#include "base/base.h"

#include <stdbool.h>

/* Records of one size, in the order of memcmp() over the whole record: the key stands
 * in front, what follows it decides between equal keys. Runs are sorted, and written if
 * need be, on a second thread while the caller fills the next one. */
typedef struct mkg__sorter mkg__sorter;

/* `record` bytes each, 1 .. 64. `memory` is what the sorter allocates, 512 records at
 * least, and some hundred bytes for each run of an eighth of it; `folder` is borrowed.
 */
mkg_status mkg__sorter_new(const char *folder, size_t record, size_t memory,
                           mkg__sorter **out, mkg_err *err);
void mkg__sorter_free(mkg__sorter *s);

mkg_status mkg__sorter_add(mkg__sorter *s, const void *record, mkg_err *err);

/* From the first record, as often as wanted; nothing can be added after the first time.
 */
mkg_status mkg__sorter_rewind(mkg__sorter *s, mkg_err *err);
/* MKG_END behind the last. Borrowed until the next call. */
mkg_status mkg__sorter_next(mkg__sorter *s, const unsigned char **record, mkg_err *err);

uint64_t mkg__sorter_count(const mkg__sorter *s);
/* Bytes in temporary files; 0 if memory was enough. */
uint64_t mkg__sorter_spilled(const mkg__sorter *s);

/* Byte strings in the order in which they came. */
typedef struct mkg__spool mkg__spool;

mkg_status mkg__spool_new(const char *folder, size_t memory, mkg__spool **out,
                          mkg_err *err);
void mkg__spool_free(mkg__spool *s);
mkg_status mkg__spool_add(mkg__spool *s, mkg_view item, mkg_err *err);
mkg_status mkg__spool_rewind(mkg__spool *s, mkg_err *err);
mkg_status mkg__spool_next(mkg__spool *s, mkg_view *item, mkg_err *err);
uint64_t mkg__spool_bytes(const mkg__spool *s);
uint64_t mkg__spool_spilled(const mkg__spool *s);

/* A file without a name in `folder`, for both. */
mkg_status mkg__spill_open(const char *folder, int *fd, mkg_err *err);
mkg_status mkg__spill_write(int fd, const void *p, size_t n, uint64_t at, mkg_err *err);
mkg_status mkg__spill_read(int fd, void *p, size_t n, uint64_t at, mkg_err *err);

#endif
