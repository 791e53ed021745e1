/* The graph as files for other tools: one format a call, streamed in the order of ids.
 * What each format can carry, and what it leaves out, stands in docs/export.md. */
#ifndef MKG_EXPORT_H
#define MKG_EXPORT_H

#include "kg/kg.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_export_opts {
    const char *format;    /* one of mkg_export_formats() */
    mkg_lang lang;         /* of the names shown; MKG_LANG_NONE: the one given first */
    const mkg_view *types; /* only nodes of these types; NULL: all */
    size_t ntypes;
    const mkg_id *relations; /* only facts of these relations, and nodes that have one;
                                NULL: all */
    size_t nrelations;
    bool sources;        /* nt: also say where each fact comes from */
    mkg_id node;         /* dot: in the middle of the picture; must be given */
    unsigned hops;       /* dot: as far as this from it */
    size_t limit;        /* dot: most nodes */
    const char *biolink; /* kgx: the table data/biolink.tsv; NULL: none */
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_export_opts;

#define MKG_EXPORT_OPTS_INIT                                                           \
    {                                                                                  \
        .format = "triples", .hops = 1, .limit = 60                                    \
    }

typedef struct mkg_export_result {
    uint64_t nodes, edges;  /* nodes and facts written */
    uint64_t same_name;     /* triples: nodes that a type and a name do not tell from
                               another one; read back, they become one */
    uint64_t denied, texts; /* denied facts, and facts about texts, that the format has
                               no place for and that were left out */
    uint64_t more;          /* dot: nodes left out by the limit */
    char files[2][4096];    /* that were written; "" if there is no second one */
} mkg_export_result;

/* Write the graph to `output`: the file; for formats of two files (kgx, neo4j) their
 * folder, if it is one or ends in '/', else the beginning of their names. A file that
 * is there is replaced when the new one is complete; a failure leaves the old one.
 *
 * MKG_NOTFOUND: no node is of this kind (nothing is written). MKG_EARG: no such format,
 * or dot without a node. MKG_EIO, MKG_ESTORE, MKG_ECANCEL, MKG_ENOMEM. */
MKG_API mkg_status mkg_export_graph(mkg_kg *kg, const char *output,
                                    const mkg_export_opts *opts,
                                    mkg_export_result *result, mkg_err *err);

/* The same into an open stream, which stays open. MKG_EARG for formats of two files. */
MKG_API mkg_status mkg_export_graph_to(mkg_kg *kg, FILE *f, const mkg_export_opts *opts,
                                       mkg_export_result *result, mkg_err *err);

/* Names of the formats, NULL-terminated, static storage. */
MKG_API const char *const *mkg_export_formats(void);

#ifdef __cplusplus
}
#endif
#endif
