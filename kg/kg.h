/* The knowledge graph, for reading: nodes, names, codes, facts, sources, relations.
 *
 * A handle holds one LMDB read transaction: it sees the graph as it was when the handle
 * was opened or last renewed, whatever a writer does meanwhile. Every view that these
 * functions hand out points into the store and is valid until mkg_kg_renew() or
 * mkg_kg_close(). A handle belongs to one thread at a time. */
#ifndef MKG_KG_H
#define MKG_KG_H

#include "base/base.h"
#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_kg mkg_kg;

enum { MKG_SCHEMA = 2 };

/* Open the store in folder `path` for reading.
 * MKG_NOTFOUND if there is none or none yet (err filled), MKG_ESTORE for a newer schema
 * or a damaged file, MKG_EIO otherwise. Stale readers left by killed processes are
 * cleared.
 */
MKG_API mkg_status mkg_kg_open(const char *path, mkg_kg **out, mkg_err *err);

/* Open for writing, and make the folder and an empty store where there is none. One
 * writer at a time: MKG_EBUSY, naming the process, if there is another. Needed by
 * mkg_writer_new(); reads see the last commit. */
MKG_API mkg_status mkg_kg_open_write(const char *path, mkg_kg **out, mkg_err *err);
MKG_API void mkg_kg_close(mkg_kg *kg);

/* See the newest commit. */
MKG_API mkg_status mkg_kg_renew(mkg_kg *kg, mkg_err *err);

MKG_API const char *mkg_kg_path(const mkg_kg *kg);

/* Room for what another part keeps as long as the handle lives, such as an index that
 * it mapped: `free` is called with `ptr` at mkg_kg_close(). A slot belongs to the part
 * that is named with it. */
typedef struct mkg_kg_guest {
    void *ptr;
    void (*free)(void *ptr);
} mkg_kg_guest;
enum { MKG_GUEST_LINKING, MKG_GUEST_RETRIEVAL, MKG_GUESTS };
MKG_API mkg_kg_guest *mkg_kg_guest_at(mkg_kg *kg, unsigned slot);

/* Does the handle look at an earlier version than the newest one? */
MKG_API bool mkg_kg_looks_back(const mkg_kg *kg);

/* ---- nodes ------------------------------------------------------------------------
 */

/* What sources say of a node, one statement after the other. A name or code that two
 * sources give stands there twice, so that one of them can be taken out again. */
typedef enum mkg_entry_kind {
    MKG_ENTRY_TYPE = 0,
    MKG_ENTRY_NAME = 1,  /* the preferred name in a language */
    MKG_ENTRY_ALIAS = 2, /* another name */
    MKG_ENTRY_CODE = 3   /* "SYSTEM:code" */
} mkg_entry_kind;

typedef struct mkg_entry {
    mkg_entry_kind kind;
    mkg_lang lang;
    mkg_id source;
    mkg_view text;
} mkg_entry;

struct mkg__seen; /* the sources that count; NULL: all */

typedef struct mkg_node {
    mkg_id id;
    mkg_view type;   /* of the first source that gave one */
    mkg_view record; /* for mkg_node_next() */
    const struct mkg__seen *seen;
} mkg_node;

/* MKG_NOTFOUND if there is no node with this id. */
MKG_API mkg_status mkg_kg_node(mkg_kg *kg, mkg_id id, mkg_node *out, mkg_err *err);

/* Next entry of a node; *pos starts at 0. False at the end. */
MKG_API bool mkg_node_next(const mkg_node *n, size_t *pos, mkg_entry *out);

/* The name to show: preferred in `lang`, else an alias in `lang`, else a preferred name
 * in any language, else an alias, else a code. Never empty. */
MKG_API mkg_view mkg_node_name(const mkg_node *n, mkg_lang lang);

/* Walk over all nodes in the order of ids: *id is the one before (0 to start). MKG_END
 * at the end. */
MKG_API mkg_status mkg_kg_next_node(mkg_kg *kg, mkg_id *id, mkg_node *out,
                                    mkg_err *err);

/* Ids in a growing array. Zero-initialise; mkg_ids_clear() at the end. */
typedef struct mkg_ids {
    mkg_id *ids;
    size_t n, cap;
} mkg_ids;
MKG_API void mkg_ids_clear(mkg_ids *v);

/* Nodes that have `name` (as written: it is folded here) as name or alias, appended in
 * the order of ids. MKG_NOTFOUND if there is none. */
MKG_API mkg_status mkg_kg_find_name(mkg_kg *kg, mkg_view name, mkg_ids *out,
                                    mkg_err *err);

/* Nodes that have the code `SYSTEM:code`, compared without regard to ASCII case. */
MKG_API mkg_status mkg_kg_find_code(mkg_kg *kg, mkg_view code, mkg_ids *out,
                                    mkg_err *err);

/* Names that are prefixes of text[0..n) (a folded key): their lengths in bytes, longest
 * first, at most `cap` of them. Names too long for a key (see MKG_NAME_MAX) are not
 * found this way. */
MKG_API mkg_status mkg_kg_name_prefixes(mkg_kg *kg, const char *text, size_t n,
                                        size_t *lengths, size_t cap, size_t *found,
                                        mkg_err *err);
enum { MKG_NAME_MAX = 480 };

/* Walk over folded names in byte order, from the first that is >= `from`. `fn` returns
 * false to stop. A name too long for a key is given cut, followed by its hash. */
typedef bool (*mkg_name_fn)(void *ctx, mkg_view key, mkg_id node);
MKG_API mkg_status mkg_kg_each_name(mkg_kg *kg, mkg_view from, mkg_name_fn fn,
                                    void *ctx, mkg_err *err);

/* ---- relations --------------------------------------------------------------------
 */

/* One direction of a relation. Facts are stored in the forward direction alone; the
 * inverse has a name and labels of its own ("treats" / "treated_by"). The views belong
 * to the handle. */
typedef struct mkg_relation {
    mkg_id id;                          /* shared by both directions */
    bool inverse;                       /* this is the inverse direction */
    bool symmetric;                     /* the relation is its own inverse */
    bool literal;                       /* its objects are texts or values, not nodes */
    bool alias;                         /* its objects are other names of the subject:
                                           what files say with it becomes an alias */
    mkg_view name;                      /* "symptom" */
    mkg_view subject_type, object_type; /* "" if any; in this direction */
    mkg_view label_zh, label_en;        /* never empty: the name if nothing better */
    mkg_view sentence_zh, sentence_en;  /* a fact as a sentence: "{s}" stands for the
                                           subject, "{o}" for one or more objects;
                                           "" if there is none */
    mkg_view phrases_zh, phrases_en;    /* ';'-separated, folded, how people ask;
                                        '*': up to some characters in between */
    mkg_view aliases;                   /* ';'-separated, what files call it */
} mkg_relation;

/* Number of directions, and each of them, in the vocabulary's order. */
MKG_API size_t mkg_kg_relation_count(const mkg_kg *kg);
MKG_API const mkg_relation *mkg_kg_relation_at(const mkg_kg *kg, size_t i);

/* By id and direction; NULL if there is none. A symmetric relation, and one without an
 * inverse, has its forward direction alone. */
MKG_API const mkg_relation *mkg_kg_relation(const mkg_kg *kg, mkg_id id, bool inverse);

/* By name, label or alias, folded; NULL if there is none. */
MKG_API const mkg_relation *mkg_kg_find_relation(const mkg_kg *kg, mkg_view name);

MKG_API mkg_view mkg_relation_label(const mkg_relation *r, mkg_lang lang);
MKG_API mkg_view mkg_relation_sentence(const mkg_relation *r, mkg_lang lang);

/* ---- facts ------------------------------------------------------------------------
 */

typedef struct mkg_fact {
    mkg_id id, subject, relation;
    mkg_id object;    /* MKG_ID_NONE: the object is the literal */
    mkg_view literal; /* text of the object */
    mkg_lang literal_lang;
    bool denied;         /* the source states that it is not so */
    size_t attributions; /* by how many sources, the first of them: */
    mkg_id source;
    float weight;               /* 1 if the source gives none */
    mkg_view locator;           /* as written by the reader: see mkg_kg_locator() */
    mkg_view grade, population; /* "" if the source gives none */
    mkg_view record;            /* for mkg_fact_attribution() */
    const struct mkg__seen *seen;
} mkg_fact;

MKG_API mkg_status mkg_kg_fact(mkg_kg *kg, mkg_id id, mkg_fact *out, mkg_err *err);

/* Walk over all facts in the order of ids, as mkg_kg_next_node(). */
MKG_API mkg_status mkg_kg_next_fact(mkg_kg *kg, mkg_id *id, mkg_fact *out,
                                    mkg_err *err);

/* Source, weight and locator of attribution i (0 is the one in mkg_fact). */
typedef struct mkg_attribution {
    mkg_id source;
    float weight;
    mkg_view locator, grade, population;
} mkg_attribution;
MKG_API bool mkg_fact_attribution(const mkg_fact *f, size_t i, mkg_attribution *out);

/* An edge as seen from a node. */
typedef struct mkg_edge {
    mkg_id relation;
    bool inverse; /* the node is the object of the fact */
    mkg_id other; /* MKG_ID_NONE for a literal */
    mkg_id fact;
} mkg_edge;

typedef struct mkg_edges {
    mkg_edge *edges;
    size_t n, cap;
} mkg_edges;
MKG_API void mkg_edges_clear(mkg_edges *v);

/* Facts of a node, appended: in one direction, of one relation (0: all), in the order
 * in which their sources gave them within a relation. At most `limit` (0: all). MKG_OK
 * also when there is none. */
MKG_API mkg_status mkg_kg_edges(mkg_kg *kg, mkg_id node, mkg_id relation, bool inverse,
                                size_t limit, mkg_edges *out, mkg_err *err);

/* How many facts the node has in one direction of one relation, counted without reading
 * them. */
MKG_API mkg_status mkg_kg_degree(mkg_kg *kg, mkg_id node, mkg_id relation, bool inverse,
                                 size_t *out, mkg_err *err);

/* ---- sources ----------------------------------------------------------------------
 */

typedef struct mkg_source {
    mkg_id id;
    mkg_view name, file, format, version, licence;
    char sha256[65];              /* of the file as it lies on disk, hex */
    uint64_t time;                /* seconds since 1970, UTC */
    uint64_t size;                /* bytes of the file */
    uint64_t nodes, names, facts; /* that it brought or confirmed */
    uint64_t skipped;             /* lines or records that could not be read */
} mkg_source;

MKG_API mkg_status mkg_kg_source(mkg_kg *kg, mkg_id id, mkg_source *out, mkg_err *err);
MKG_API mkg_status mkg_kg_next_source(mkg_kg *kg, mkg_id *id, mkg_source *out,
                                      mkg_err *err);

/* Walk over the facts that a source states, in the order of ids: *fact is the one
 * before (0 to start). MKG_END at the end. */
MKG_API mkg_status mkg_kg_next_source_fact(mkg_kg *kg, mkg_id source, mkg_id *fact,
                                           mkg_err *err);

/* The place that a fact comes from, for people: "medical.jsonl:812". Appended. */
MKG_API mkg_status mkg_kg_locator(mkg_kg *kg, mkg_id source, mkg_view locator,
                                  mkg__buf *out, mkg_err *err);

/* ---- the whole --------------------------------------------------------------------
 */

typedef struct mkg_type_count {
    mkg_view type;
    uint64_t nodes;
} mkg_type_count;

typedef struct mkg_stats {
    uint64_t nodes, names, codes, facts, relations, sources;
    uint64_t bytes;        /* of the file */
    mkg_type_count *types; /* most frequent first; mkg_stats_clear() */
    size_t ntypes;
} mkg_stats;

/* names: distinct (node, folded name) pairs. relations: those with a fact. */
MKG_API mkg_status mkg_kg_stats(mkg_kg *kg, mkg_stats *out, mkg_err *err);
MKG_API void mkg_stats_clear(mkg_stats *s);

/* Facts of each relation, by id; counted at every commit. */
MKG_API mkg_status mkg_kg_relation_facts(mkg_kg *kg, mkg_id relation, uint64_t *out,
                                         mkg_err *err);

/* Grows by one with every commit; 0 for an empty store. */
MKG_API uint64_t mkg_kg_version(const mkg_kg *kg);

/* 32 hexadecimal digits that depend on all nodes and facts and on nothing else: stores
 * with the same records have the same hash. */
MKG_API void mkg_kg_hash(const mkg_kg *kg, char out[33]);

#ifdef __cplusplus
}
#endif
#endif
