/* Writing one source into the graph. All or nothing: until mkg_writer_commit() returns
 * MKG_OK the store on disk is what it was. */
#ifndef MKG_WRITER_H
#define MKG_WRITER_H

#include "kg/history.h"
#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_writer mkg_writer;

typedef struct mkg_source_info {
    const char *name;    /* how people call it; the file's base name if NULL */
    const char *file;    /* base name of the file, for locators */
    const char *format;  /* the reader: "triples", "records" */
    const char *version; /* NULL if not stated */
    const char *licence; /* NULL if not stated */
    size_t memory;       /* bytes that may be used for it; 0: MKG_WRITER_MEMORY */
    bool merge_xref;     /* a fact `xref` between nodes is kept as `same_as`: what the
                            source refers to is the thing itself (kg/same.h) */
} mkg_source_info;

/* The budget if none is given: 1 GiB. Half of it, 512 MiB at most, is left to LMDB for
 * pages that it has not written yet; of the rest, facts have ten parts of sixteen
 * (beyond them they go into temporary files in the store's folder) and nodes and names
 * six. These cannot go to disk: a node with one name of n bytes takes about 90 + n
 * bytes, so a budget of 1 GiB is kept up to some 1.5 million nodes; more nodes use
 * more. */
#define MKG_WRITER_MEMORY ((size_t)1 << 30)

/* Begin a source. `kg` must come from mkg_kg_open_write(); one writer on it at a time.
 */
MKG_API mkg_status mkg_writer_new(mkg_kg *kg, const mkg_source_info *info,
                                  mkg_writer **out, mkg_err *err);

/* Name and licence of the source, where they were not known at its beginning. NULL
 * leaves what is there. */
MKG_API mkg_status mkg_writer_describe(mkg_writer *w, const char *name,
                                       const char *licence, mkg_err *err);

/* Forget everything since mkg_writer_new(). NULL is a no-op. */
MKG_API void mkg_writer_free(mkg_writer *w);

/* Has a source with this SHA-256 (hex) been imported? Its id, or MKG_NOTFOUND. */
MKG_API mkg_status mkg_writer_find_sha256(mkg_writer *w, const char *sha256,
                                          mkg_id *source, mkg_err *err);
/* Is there a source whose file has this size? A cheap question before the other. */
MKG_API mkg_status mkg_writer_find_size(mkg_writer *w, uint64_t size, mkg_err *err);

/* The node of `type` with name or alias `name`, made if there is none, with `name` as
 * its preferred name in `lang` (guessed from the script if MKG_LANG_NONE) unless it has
 * one. An empty type means "any": a node of any type with that name, else one of type
 * "concept". White space around the name is removed.
 * MKG_EPARSE: name empty, or not UTF-8; the message has no place, the reader adds it.
 */
MKG_API mkg_status mkg_writer_node(mkg_writer *w, mkg_view type, mkg_view name,
                                   mkg_lang lang, mkg_id *out, mkg_err *err);

/* Tell that mkg_writer_node() will be asked for `name` soon, within the next few names:
 * what that reads is fetched meanwhile. Changes nothing but the time it takes. */
MKG_API void mkg_writer_expect(mkg_writer *w, mkg_view name);

/* The same, but nodes are one if they share a code ("SYSTEM:code"): looked for by code,
 * then by name; the code is added. An existing node found by name that already has
 * another code of the same system is another thing: a new node is made. */
MKG_API mkg_status mkg_writer_node_coded(mkg_writer *w, mkg_view type, mkg_view name,
                                         mkg_lang lang, mkg_view code, mkg_id *out,
                                         mkg_err *err);

/* Another name of a node, as alias or as preferred name. Names that the source gave
 * already are left alone; a second preferred name in a language becomes an alias. */
MKG_API mkg_status mkg_writer_name(mkg_writer *w, mkg_id node, mkg_entry_kind kind,
                                   mkg_lang lang, mkg_view name, mkg_err *err);
MKG_API mkg_status mkg_writer_code(mkg_writer *w, mkg_id node, mkg_view code,
                                   mkg_err *err);

/* How many relations the source has brought so far that no vocabulary had. */
MKG_API size_t mkg_writer_new_relations(const mkg_writer *w);

/* The relation called `name` (a name, label or alias of the vocabulary, either
 * direction); a new one with that name if it is unknown. Borrowed from the writer until
 * it ends. */
MKG_API mkg_status mkg_writer_relation(mkg_writer *w, mkg_view name,
                                       const mkg_relation **out, mkg_err *err);

typedef struct mkg_fact_in {
    mkg_id subject;
    const mkg_relation *relation; /* either direction: stored in the forward one */
    mkg_id object;                /* or MKG_ID_NONE and a literal: */
    mkg_view literal;
    mkg_lang literal_lang;
    bool denied;
    float weight; /* 0: the source gives none, 1 is stored */
    mkg_view grade, population;
    uint64_t line;    /* the locator is "file:line" … */
    mkg_view locator; /* … unless this is not empty: taken as it is */
} mkg_fact_in;

/* A fact given twice by one source is kept once, with its first place.
 * MKG_EARG: no subject, neither object nor literal, or a literal for the inverse
 * direction of a relation. MKG_EPARSE: the literal is not UTF-8. */
MKG_API mkg_status mkg_writer_fact(mkg_writer *w, const mkg_fact_in *f, mkg_err *err);

typedef struct mkg_writer_counts {
    mkg_id source;
    uint64_t nodes, names, facts;  /* this source states them, each counted once */
    uint64_t new_nodes, new_facts; /* of these, not in the graph before */
    uint64_t new_relations;        /* that no vocabulary had */
    mkg_id replaced;               /* source that went, MKG_ID_NONE if none did */
    mkg_diff_counts diff;          /* from that to this one */
} mkg_writer_counts;

/* Write it all, in one transaction, and wait for the disk. `sha256` (hex) and `size` of
 * the file; `skipped` lines. MKG_EIO, before anything is written, if the disk has not
 * the room. After MKG_OK only mkg_writer_free() is allowed. */
MKG_API mkg_status mkg_writer_commit(mkg_writer *w, const char *sha256, uint64_t size,
                                     uint64_t skipped, mkg_progress_fn progress,
                                     void *progress_ctx, mkg_writer_counts *counts,
                                     mkg_err *err);

/* At the commit this source takes the place of `source`, which must be part of the
 * graph: one version, in which what both state stays. */
MKG_API void mkg_writer_replace(mkg_writer *w, mkg_id source);

/* Compare with a source of the graph as if this one took its place: nothing is written,
 * and only mkg_writer_free() is allowed afterwards. See mkg_kg_diff(). */
MKG_API mkg_status mkg_writer_compare(mkg_writer *w, mkg_id source, mkg_diff_fn fn,
                                      void *ctx, mkg_diff_counts *out, mkg_err *err);

/* What a commit would count, without writing (for --dry-run). */
MKG_API mkg_status mkg_writer_preview(mkg_writer *w, mkg_writer_counts *counts,
                                      mkg_err *err);

/* Load the relation vocabulary (data/relations.tsv, see docs/formats.md) into the
 * store: relations are added and their labels, phrases and aliases brought up to date;
 * none is removed. Does nothing if this very file was loaded last. MKG_EPARSE with file
 * and line. */
MKG_API mkg_status mkg_kg_load_relations(mkg_kg *kg, const char *path, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
