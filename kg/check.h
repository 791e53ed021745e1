/* Looking for what is wrong with a graph: mkg_kg_check() for what sources said that
 * cannot all be meant, mkg_kg_check_deep() for a store whose parts do not agree. */
#ifndef MKG_CHECK_H
#define MKG_CHECK_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkg_finding_kind {
    MKG_FINDING_NAME,       /* a name means several nodes of one type */
    MKG_FINDING_CODE,       /* a code stands on several nodes */
    MKG_FINDING_CYCLE,      /* nodes that are subtypes of themselves by `is_a` */
    MKG_FINDING_CONFLICT,   /* a drug treats what it is contraindicated in */
    MKG_FINDING_DENIED,     /* a statement is both stated and denied */
    MKG_FINDING_ORPHAN,     /* a node has no fact */
    MKG_FINDING_LABEL,      /* a relation with facts has no label in a language */
    MKG_FINDING_NAME_TYPES, /* information: a name means nodes of several types */
    MKG_FINDING_FACT_TYPE,  /* information: a fact's subject or object is not of the
                               type that the vocabulary expects */
    MKG_FINDING_COUNT
} mkg_finding_kind;

/* Is it only information? Such findings are how medicine is, not what is wrong. */
MKG_API bool mkg_finding_is_info(mkg_finding_kind kind);

/* "name", "code", "cycle", …: stable, for JSON. Static storage. */
MKG_API const char *mkg_finding_name(mkg_finding_kind kind);

/* One finding, borrowed until the callback returns. What a kind does not need is empty.
 *
 * text      NAME, NAME_TYPES: the folded name, cut at MKG_NAME_MAX; CODE: the code
 * nodes     the nodes concerned. CYCLE: each is_a the next, the last is_a the first;
 *           CONFLICT: drug, disease; FACT_TYPE, DENIED: subject, object
 * facts     CONFLICT: treats, contraindicated_in; DENIED: stated, denied; FACT_TYPE
 * relation  DENIED, FACT_TYPE; LABEL: the direction that lacks it, `text` being the
 *           language */
typedef struct mkg_finding {
    mkg_finding_kind kind;
    mkg_view text;
    const mkg_id *nodes;
    size_t nnodes;
    mkg_id facts[2];
    const mkg_relation *relation;
} mkg_finding;

typedef struct mkg_check_opts {
    size_t limit; /* at most so many findings of a kind are given to on_finding */
    void (*on_finding)(void *ctx, const mkg_finding *f); /* NULL: count only */
    void *ctx;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_check_opts;

typedef struct mkg_check_counts {
    uint64_t n[MKG_FINDING_COUNT];
} mkg_check_counts;

/* Look at all nodes, names, codes, relations and facts. A cycle is counted once for
 * each set of nodes that are all subtypes of each other.
 *
 * Memory: 2 bytes a node, 16 bytes a fact of `is_a`, `treats`, `contraindicated_in` and
 * a denied fact; nothing for the other facts. MKG_ECANCEL, MKG_ENOMEM, MKG_ESTORE. */
MKG_API mkg_status mkg_kg_check(mkg_kg *kg, const mkg_check_opts *opts,
                                mkg_check_counts *counts, mkg_err *err);

/* ---- damage -----------------------------------------------------------------------
 */

typedef struct mkg_damage {
    const char *where; /* the database: "name", "out", "meta" */
    const char *what;  /* one sentence */
} mkg_damage;

typedef struct mkg_deep_opts {
    size_t limit; /* at most so many are given to on_damage, of each database */
    void (*on_damage)(void *ctx, const mkg_damage *d);
    void *ctx;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_deep_opts;

typedef struct mkg_deep_counts {
    uint64_t nodes, names, codes, facts, sources, relations; /* looked at */
    uint64_t damage;
} mkg_deep_counts;

/* Hold every record and every index against the others, as the handle sees them: each
 * name and code of a node leads to it and none leads elsewhere; each fact stands in
 * `out`, `in` and `source_fact` and nothing else does; nodes, relations and sources
 * that are named exist; ids are below the counters; the counts and the hash in `meta`
 * are those of the records. Works for stores whose records cannot be read, too: MKG_OK
 * with counts->damage > 0. MKG_ESTORE where even the pages cannot be walked.
 *
 * Memory: a bit for each node id. */
MKG_API mkg_status mkg_kg_check_deep(mkg_kg *kg, const mkg_deep_opts *opts,
                                     mkg_deep_counts *counts, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
