/* What the files of kg/ share: the handle, the records, the vocabulary. */
#ifndef MKG_KG_INTERNAL_H
#define MKG_KG_INTERNAL_H

#include "base/hash.h"
#include "kg/history.h"
#include "kg/kg.h"
#include "kg/store_internal.h"

#include <string.h>

/* Counters and marks in `meta`, by name; the values are big-endian. */
#define MKG_META_SCHEMA     "schema"    /* u64 */
#define MKG_META_VERSION    "version"   /* u64 */
#define MKG_META_HASH       "hash"      /* 16 bytes: hi, lo */
#define MKG_META_NODE       "next:node" /* u64, first id that is free */
#define MKG_META_FACT       "next:fact"
#define MKG_META_SOURCE     "next:source"
#define MKG_META_RELATION   "next:relation"
#define MKG_META_HORIZON    "horizon"    /* u64, oldest version that is whole */
#define MKG_META_KEEP       "keep"       /* u64, days + 1 */
#define MKG_META_VOCABULARY "vocabulary" /* SHA-256 of the file loaded last */
#define MKG_META_TYPE       "type:"      /* + type: u64 nodes */
#define MKG_META_RELFACTS   "relfacts:"  /* + relation id, 4 bytes: u64 facts */

/* Relations of the store, both directions, and the folded names that lead to them. */
typedef struct mkg__vocabulary {
    mkg_relation **at; /* in the arena: addresses stay as the list grows */
    size_t n, cap;
    mkg__map names; /* folded name -> index + 1 */
    mkg__arena arena;
} mkg__vocabulary;

/* Sources by id: which of them are part of the graph at the version that is looked at.
 */
typedef struct mkg__seen {
    unsigned char *bits;
    mkg_id n;
    bool all; /* none that the store has is hidden */
} mkg__seen;

static inline bool mkg__sees(const mkg__seen *s, mkg_id source)
{
    return !s || (source < s->n && s->bits[source / 8] >> source % 8 & 1);
}

struct mkg_kg {
    mkg__store *store;
    mkg__txn *read;
    char *path;
    bool writable, created, writing;
    uint64_t version; /* that is looked at */
    uint64_t newest;
    mkg__u128 hash;
    mkg__vocabulary vocabulary;
    mkg__seen seen;
    uint64_t *relation_facts; /* by relation, where they had to be counted; else NULL */
    mkg_kg_guest guests[MKG_GUESTS];
};

static inline void mkg__kg_forget_counts(mkg_kg *kg)
{
    mkg__free(kg->relation_facts);
    kg->relation_facts = NULL;
}

/* For filters: NULL where nothing is hidden, which costs nothing. */
static inline const mkg__seen *mkg__kg_seen(const mkg_kg *kg)
{
    return kg->seen.all ? NULL : &kg->seen;
}

/* ---- meta ---- */
mkg_status mkg__meta_get_u64(mkg__txn *t, const char *name, size_t n, uint64_t *out,
                             mkg_err *err); /* 0 if not there */
mkg_status mkg__meta_put_u64(mkg__txn *t, const char *name, size_t n, uint64_t v,
                             mkg_err *err);

static inline mkg_view mkg__str(const char *s)
{
    return mkg__view(s, strlen(s));
}

/* The key of a record that has a number. */
static inline mkg_view mkg__id_key(unsigned char bytes[4], mkg_id id)
{
    mkg__be32(bytes, id);
    return mkg__view((char *)bytes, 4);
}

/* ---- records (bytes in docs/formats.md) ---- */
void mkg__entry_put(mkg__buf *b, const mkg_entry *e);
/* The node of a record; false if no source that counts speaks of it. */
bool mkg__node_of(mkg_id id, mkg_view record, const mkg__seen *seen, mkg_node *out);
/* MKG_NOTFOUND if no source that counts states it. */
mkg_status mkg__fact_decode(mkg_id id, mkg_view record, const mkg__seen *seen,
                            mkg_fact *out, mkg_err *err);
/* Everything of a fact but its attributions. */
void mkg__fact_put(mkg__buf *b, const mkg_fact *f);
void mkg__attribution_put(mkg__buf *b, const mkg_attribution *a);
void mkg__source_put(mkg__buf *b, const mkg_source *s);
mkg_status mkg__source_decode(mkg_id id, mkg_view record, mkg_source *out,
                              mkg_err *err);

/* The hash of the graph is the sum of its records' hashes: order does not matter, and a
 * change costs as much as what it changes. */
void mkg__hash_add(mkg__u128 *sum, mkg__db db, mkg_id id, mkg_view record);
void mkg__hash_sub(mkg__u128 *sum, mkg__db db, mkg_id id, mkg_view record);

/* Codes are compared in ASCII upper case. Appended. */
void mkg__code_key(mkg__buf *b, mkg_view code);
bool mkg__same_code(mkg_view a, mkg_view b);

/* The key of a name or code in its index, to *key, which is emptied first; *db says
 * which index. MKG_NOTFOUND for an entry that has none. */
mkg_status mkg__entry_key(const mkg_entry *e, mkg__db *db, mkg__buf *key, mkg_err *err);

/* Key of a folded name: itself, or its beginning and hash where it is too long.
 * Appended. */
void mkg__name_key(mkg__buf *b, mkg_view folded);

/* ---- history ---- */

/* Write what version `v->version` was. */
mkg_status mkg__history_put(mkg__txn *t, const mkg_version *v, mkg_err *err);
/* The sources that are part of the graph at `version` (0: now). Clear it with
 * mkg__seen_clear(). */
mkg_status mkg__history_replay(mkg__txn *t, uint64_t version, mkg__seen *out,
                               mkg_err *err);
void mkg__seen_clear(mkg__seen *s);
/* Sources that some version from `horizon` on has. */
mkg_status mkg__history_since(mkg__txn *t, uint64_t horizon, mkg__seen *out,
                              mkg_err *err);

/* ---- vocabulary ---- */
void mkg__vocabulary_clear(mkg__vocabulary *v);
mkg_status mkg__vocabulary_load(mkg__vocabulary *v, mkg__txn *t, mkg_err *err);
/* Add a relation without an inverse, called `name`. */
mkg_status mkg__vocabulary_add(mkg__vocabulary *v, mkg_id id, mkg_view name,
                               bool literal, const mkg_relation **out, mkg_err *err);
const mkg_relation *mkg__vocabulary_find(const mkg__vocabulary *v, mkg_view name);
const mkg_relation *mkg__vocabulary_get(const mkg__vocabulary *v, mkg_id id,
                                        bool inverse);
/* Write both directions of relation `id`. */
mkg_status mkg__vocabulary_put(const mkg__vocabulary *v, mkg__txn *t, mkg_id id,
                               mkg_err *err);

#endif
