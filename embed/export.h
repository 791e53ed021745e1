/* Vector sets as files for other tools; the formats are told in docs/export.md. */
#ifndef MKG_EMBED_EXPORT_H
#define MKG_EMBED_EXPORT_H

#include "embed/vectors.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_vectors_export_opts {
    const char *format;    /* one of mkg_vectors_export_formats() */
    mkg_lang lang;         /* of the names; MKG_LANG_NONE: the one given first */
    const mkg_view *types; /* only nodes of these types; NULL: all */
    size_t ntypes;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_vectors_export_opts;

#define MKG_VECTORS_EXPORT_OPTS_INIT                                                   \
    {                                                                                  \
        .format = "word2vec"                                                           \
    }

typedef struct mkg_vectors_export_result {
    uint64_t rows;
    size_t dim;
    char files[2][4096]; /* the vectors, and the names of their rows */
} mkg_vectors_export_result;

/* Write a set, rows in the order of node ids, and a table of tabs that says what each
 * row is: row, token, node, type, name, codes. The vectors go to `output`, the table
 * beside it ("x.npy": "x.names.tsv"); the projector's pair to vectors.tsv and
 * metadata.tsv in the folder, or behind the prefix, that `output` is. Files are
 * replaced when the new ones are complete.
 *
 * MKG_NOTFOUND: no row is of these types. MKG_EARG: no such format. MKG_EIO,
 * MKG_ECANCEL, MKG_ENOMEM. */
MKG_API mkg_status mkg_vectors_export(mkg_kg *kg, const mkg_vectors *v,
                                      const char *output,
                                      const mkg_vectors_export_opts *opts,
                                      mkg_vectors_export_result *result, mkg_err *err);

/* The vectors alone, into an open stream; not for the projector's pair. */
MKG_API mkg_status mkg_vectors_export_to(mkg_kg *kg, const mkg_vectors *v, FILE *f,
                                         const mkg_vectors_export_opts *opts,
                                         mkg_vectors_export_result *result,
                                         mkg_err *err);

/* Names of the formats, NULL-terminated, static storage. */
MKG_API const char *const *mkg_vectors_export_formats(void);

#ifdef __cplusplus
}
#endif
#endif
