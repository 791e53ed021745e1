/* Vectors made elsewhere as a set of the store; formats and rules in docs/vectors.md.
 */
#ifndef MKG_EMBED_IMPORT_H
#define MKG_EMBED_IMPORT_H

#include "embed/vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_vectors_import_opts {
    const char
        *format; /* one of mkg_vectors_import_formats(); NULL: as the file looks */
    const char *names; /* table that says what the rows are; NULL: "x.names.tsv" beside
                          "x.npy", and for word2vec none where that is missing */
    const char *name; /* of the set; NULL: the file's, without what is behind the dot */
    void (*unknown)(void *ctx, const mkg_err *where); /* a row that is no node */
    void *unknown_ctx;
    mkg_progress_fn progress; /* in rows */
    void *progress_ctx;
} mkg_vectors_import_opts;

typedef struct mkg_vectors_import_result {
    mkg_vectors_info info; /* of the set */
    size_t rows;           /* of the file */
    size_t unknown;        /* that are no node of the graph, or of several */
} mkg_vectors_import_result;

/* Read a file of vectors and write those of nodes of the graph as a set to the store.
 *
 * MKG_EPARSE with file and line (for binary formats the row) for a value that is not
 * finite, a row of another length, a name that comes twice or two rows that are the
 * same node, fewer or more rows than the file says; nothing is written then.
 * MKG_NOTFOUND: no row is a node. MKG_EARG: no such format, a bad name of a set.
 * MKG_EIO, MKG_ENOMEM, MKG_ECANCEL. */
MKG_API mkg_status mkg_vectors_import(mkg_kg *kg, const char *file,
                                      const mkg_vectors_import_opts *opts,
                                      mkg_vectors_import_result *out, mkg_err *err);

/* "word2vec", "word2vec-bin", "npy"; NULL-terminated, static storage. */
MKG_API const char *const *mkg_vectors_import_formats(void);

#ifdef __cplusplus
}
#endif
#endif
