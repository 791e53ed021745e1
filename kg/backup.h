/* Copies of a store, and who holds on to old states of it. */
#ifndef MKG_BACKUP_H
#define MKG_BACKUP_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_backup {
    uint64_t bytes;   /* of all files */
    uint64_t version; /* of the graph in the copy: the newest when it began */
    char hash[33];    /* as of mkg_kg_hash() */
} mkg_backup;

/* Copy the store into the folder `dir`, which must not exist or be empty: the graph
 * (without free pages), vector sets, and whatever else lies in the folder of the store.
 * Others may read and one may write meanwhile. The copy is a store like any other.
 *
 * Everything is written beside `dir` and flushed to the disk, and becomes a store with
 * the very last step; what is stopped before leaves nothing that can be opened, and
 * takes away what it wrote unless it was killed ("DIR.partial.PID").
 * Every page of the version that `kg` sees is held against its checksum first:
 * MKG_ESTORE if one is damaged. MKG_EIO: `dir` is not empty, no space, no permission;
 * MKG_ECANCEL. */
MKG_API mkg_status mkg_kg_backup(mkg_kg *kg, const char *dir, mkg_progress_fn progress,
                                 void *progress_ctx, mkg_backup *out, mkg_err *err);

/* Processes that read, other than this one. What a reader can see stays on the disk, so
 * that the file grows while an old one stands beside new commits. */
typedef struct mkg_readers {
    uint64_t n;
    uint64_t lag; /* commits that the oldest has not seen */
    long process; /* the oldest; 0 if there is none */
} mkg_readers;
MKG_API mkg_status mkg_kg_readers(mkg_kg *kg, mkg_readers *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
