/* Files into the graph. A reader turns one outside format into calls of kg/writer.h;
 * this chooses the reader, counts what could not be read, and commits or forgets. */
#ifndef MKG_IMPORT_H
#define MKG_IMPORT_H

#include "kg/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Something that the person should know: a line or record that was skipped
 * (err->status < 0), or a remark on what was read (MKG_OK). `err` holds file, line and
 * what there is to say. */
typedef void (*mkg_skip_fn)(void *ctx, const mkg_err *err);

typedef struct mkg_import_opts {
    const char *format; /* one of mkg_import_formats(); NULL: recognised by content */
    const char *map;  /* mapping file; NULL: for records, the one in `maps` that fits */
    const char *maps; /* folder of mapping files to choose from; may be NULL */
    const char *source;            /* name of the source; NULL: the file's base name */
    const char *licence, *version; /* NULL: not stated */
    bool dry_run;                  /* read and count, write nothing */
    bool merge_xref;    /* what it refers to is the thing itself: see kg/writer.h */
    bool keep_both;     /* a source of the same name and format stays beside this one */
    mkg_id new_sources; /* sources from this id on are not replaced, 0: all may be */
    mkg_id compare;     /* compare with this source instead of importing */
    mkg_diff_fn on_difference;
    void *difference_ctx;
    size_t memory;       /* bytes that may be used: see kg/writer.h; 0: its default */
    bool strict;         /* the first line that cannot be read fails the import */
    mkg_skip_fn on_skip; /* NULL: only counted */
    void *skip_ctx;
    mkg_progress_fn progress; /* done and total in bytes of the file */
    void *progress_ctx;
} mkg_import_opts;

/* What was told, of one kind: the message without what differs from line to line
 * ("'…'" for what it quotes, "N" for a number). */
typedef struct mkg_import_kind {
    char what[192];
    bool remark; /* nothing was skipped for it */
    uint64_t n;
    char file[128]; /* where it was first */
    uint64_t line;
} mkg_import_kind;

enum { MKG_IMPORT_KINDS = 32 }; /* the last one counts all further ones */

typedef struct mkg_import_result {
    mkg_id source;
    char name[256];  /* of the source */
    char format[32]; /* the reader that was used */
    uint64_t nodes, names, facts, new_nodes, new_facts, new_relations, skipped;
    mkg_id replaced;      /* source whose place it took, MKG_ID_NONE if none */
    mkg_diff_counts diff; /* from that source to this one */
    double seconds;
    mkg_import_kind kinds[MKG_IMPORT_KINDS]; /* in the order of their first */
    size_t nkinds;
} mkg_import_result;

/* Import one file ("-": standard input), or a folder of files of one format, as one
 * source, in the place of the source that
 * has the same name and format if there is one. `kg` is open for writing. MKG_EXISTS:
 * this very file is in the graph already (result->source, name), nothing was changed.
 * MKG_EPARSE: nothing in the file could be read, or a bad line under `strict`, or a
 * fault in the mapping file; MKG_EIO; in every failure the store is as it was. */
MKG_API mkg_status mkg_import_file(mkg_kg *kg, const char *path,
                                   const mkg_import_opts *opts,
                                   mkg_import_result *result, mkg_err *err);

/* Names of the formats, NULL-terminated, static storage. */
MKG_API const char *const *mkg_import_formats(void);

#ifdef __cplusplus
}
#endif
#endif
