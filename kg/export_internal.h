/* What the writers of formats share: the chosen part of the graph, the names of a node,
 * identifiers that do not depend on node ids, and the output. */
#ifndef MKG_EXPORT_INTERNAL_H
#define MKG_EXPORT_INTERNAL_H

#include "base/err.h"
#include "base/mem.h"
#include "kg/export.h"

/* A name of a node; names that fold to the same are one. */
typedef struct mkg__label {
    mkg_entry_kind kind; /* MKG_ENTRY_NAME or MKG_ENTRY_ALIAS */
    mkg_lang lang;
    mkg_view text;
    size_t key, nkey; /* the folded name, in mkg__labels.keys */
} mkg__label;

/* All names and codes of a node, each once: preferred names first, then aliases, in the
 * order in which sources gave them. */
typedef struct mkg__labels {
    mkg__label *at;
    size_t n, cap;
    mkg_view *codes;
    size_t ncodes, codes_cap;
    mkg__buf keys;
} mkg__labels;

/* What stands for a node where it is mentioned. The views belong to the store. */
typedef struct mkg__ref {
    mkg_id id;
    mkg_view type, name;
    mkg_lang lang; /* of the name */
    mkg_view code; /* of which this is the first node; "" if there is none */
    bool clash;    /* another node of the type goes by the same name */
} mkg__ref;

enum { MKG_EXPORT_FILES = 2, MKG_EXPORT_REFS = 1 << 14 };

typedef struct mkg__export {
    mkg_kg *kg;
    const mkg_export_opts *opts;
    mkg_export_result *result;
    FILE *f;
    mkg__buf out;          /* not yet in the file */
    unsigned char *chosen; /* a bit for each node id; NULL: all */
    size_t chosen_bytes;
    mkg_lang ref_lang; /* of the names in refs */
    mkg__ref *refs;    /* (MKG_EXPORT_REFS) direct-mapped cache */
    mkg__labels labels, other, third;
    mkg_ids ids;
    uint64_t done, total; /* for progress */
} mkg__export;

typedef struct mkg__export_format {
    const char *name;
    const char *files[MKG_EXPORT_FILES]; /* names in a folder; NULL: one file */
    mkg_status (*write[MKG_EXPORT_FILES])(mkg__export *x, mkg_err *err);
    bool lang_refs; /* nodes are called by their name in the language asked for */
    unsigned node_passes, fact_passes; /* for progress */
} mkg__export_format;

extern const mkg__export_format mkg__export_nt, mkg__export_triples,
    mkg__export_graphml, mkg__export_kgx, mkg__export_neo4j, mkg__export_dot;

/* The next chosen node or fact behind *id (0 to start); MKG_END. Reports progress and
 * empties `out` into the file when it is large. */
mkg_status mkg__export_next_node(mkg__export *x, mkg_id *id, mkg_node *node,
                                 mkg_err *err);
mkg_status mkg__export_next_fact(mkg__export *x, mkg_id *id, mkg_fact *fact,
                                 mkg_err *err);

/* Are facts of this relation with this node at their other end chosen? */
bool mkg__export_asked(const mkg__export *x, mkg_id relation, mkg_id other);

mkg_status mkg__export_labels(const mkg_node *node, mkg__labels *out, mkg_err *err);
void mkg__labels_clear(mkg__labels *l);
/* The first name in `lang` that is of this kind, "" if there is none. */
mkg_view mkg__labels_find(const mkg__labels *l, mkg_entry_kind kind, mkg_lang lang);

/* Copied from the cache. */
mkg_status mkg__export_ref(mkg__export *x, mkg_id id, mkg__ref *out, mkg_err *err);

/* "code:ICD10:J00", or "node:disease:…" by type and folded name, with the id behind it
 * where another node goes by the same name; as RFC 8141 has it, appended to x->out. */
mkg_status mkg__export_urn(mkg__export *x, const mkg__ref *ref, mkg_err *err);
/* Percent-encoded but for letters, digits and "-._~". */
void mkg__export_percent(mkg__buf *b, mkg_view v);

/* "%.9g" with a point, whatever the locale says. */
void mkg__export_number(mkg__buf *b, double v);

/* Text with line ends, tabs and other control characters as one blank each. */
void mkg__export_line(mkg__buf *b, mkg_view v);
/* The same as an item of a list: `separator` as `instead`. */
void mkg__export_item(mkg__buf *b, mkg_view v, char separator, const char *instead);

static inline void mkg__buf_view(mkg__buf *b, mkg_view v)
{
    mkg__buf_put(b, v.ptr, v.len);
}

#endif
