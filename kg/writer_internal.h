/* What a source has said so far: writer.c collects it in memory, commit.c writes it. */
#ifndef MKG_WRITER_INTERNAL_H
#define MKG_WRITER_INTERNAL_H

#include "kg/kg_internal.h"
#include "kg/writer.h"

/* A node that the source speaks of. */
typedef struct mkg__pnode {
    mkg_id id;
    bool existing;        /* it is in the store */
    bool has_name[3];     /* somebody gave a preferred name in this language */
    mkg_view type;        /* effective so far */
    mkg_view old_type;    /* existing: what it was before */
    uint32_t first_entry; /* list of entries, newest first; UINT32_MAX ends it */
} mkg__pnode;

typedef struct mkg__pentry {
    uint32_t node; /* index of the pnode */
    uint32_t next;
    mkg_entry_kind kind;
    mkg_lang lang;
    mkg_view text;
} mkg__pentry;

/* A row of `name` or `code` to be: key in the arena. */
typedef struct mkg__pkey {
    mkg_view key;
    mkg_id node;
} mkg__pkey;

typedef struct mkg__pfact {
    mkg_id subject, relation, object;
    mkg_id id; /* set at commit */
    uint32_t seq;
    bool denied;
    bool existing; /* set at commit: `id` is in the store */
    mkg_lang literal_lang;
    float weight;
    mkg_view literal, grade, population, locator;
} mkg__pfact;

struct mkg_writer {
    mkg_kg *kg;
    mkg_source info; /* views into the arena */
    mkg_id replaces; /* a source that this one takes the place of */
    mkg__arena arena;
    mkg__map by_name; /* type, 0, folded name (type "": any) -> id of the node */
    mkg__map by_code;
    mkg__map stated;       /* node id, kind of key, folded text: this source said so */
    mkg__map by_id;        /* node id -> index + 1 of the pnode */
    mkg__vocabulary extra; /* relations that the source brought */
    mkg__pnode *nodes;
    size_t nnodes, nodes_cap;
    mkg__pentry *entries;
    size_t nentries, entries_cap;
    mkg__pkey *names, *codes;
    size_t nnames, names_cap, ncodes, codes_cap;
    mkg__pfact *facts;
    size_t nfacts, facts_cap;
    mkg_id first_new_node, next_node, first_new_fact, next_fact, next_relation;
    mkg__buf folded, key; /* scratch */
};

/* Sort the facts, drop repeats, and find those that the store has: `facts` holds each
 * once afterwards, in the order of the source. */
mkg_status mkg__writer_settle_facts(mkg_writer *w, mkg_err *err);

/* Entries of a node in the order in which they were stated, into a list of indices. */
static inline mkg_view mkg__writer_keep(mkg_writer *w, mkg_view v)
{
    return mkg__view(mkg__arena_dup(&w->arena, v.ptr, v.len), v.len);
}

#endif
