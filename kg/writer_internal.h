/* What a source has said so far: writer.c collects it, settle.c finds what is new of
 * it, commit.c and commit_facts.c write it.
 *
 * Memory. Nodes and names stay in memory, since every line may speak of any of them; a
 * node with one name of n bytes costs about 90 + n bytes: 16 for itself, 12 for each of
 * its two entries, 20 + n for the name (n more if it is not written as it is folded),
 * 11 to 21 for the name's slot, and the slack of growing tables. A further name or code
 * costs 55 + n, the same name of a node of another type 40. Facts do not stay: each is
 * a record in a spool, in the order of the source, and a statement of 28 bytes in a
 * sorter; both go on in temporary files when their share of the budget is used up. */
#ifndef MKG_WRITER_INTERNAL_H
#define MKG_WRITER_INTERNAL_H

#include "kg/intern_internal.h"
#include "kg/kg_internal.h"
#include "kg/sorter_internal.h"
#include "kg/writer.h"

/* A node that the source speaks of. */
typedef struct mkg__pnode {
    mkg__ref first_entry; /* newest first, in `entries` */
    mkg__ref type;        /* effective so far, in `types` */
    mkg__ref said_type;   /* the first type that this source gave */
    uint8_t has_name[3];  /* somebody gave a preferred name in this language */
} mkg__pnode;

/* One that is in the store. */
typedef struct mkg__pold {
    mkg_id id;
    mkg__ref old_type;
    mkg__pnode node;
} mkg__pold;

/* What is said of a node, followed by its text if that is not the interned one. */
typedef struct mkg__pentry {
    mkg__ref next;
    mkg__ref what; /* name, code or type, by kind */
    uint8_t kind, lang;
    uint16_t own_text; /* a length (4 bytes) and the text follow */
} mkg__pentry;

/* Beside a folded name: the nodes that it leads to. (type, id) is the first pair, the
 * others are in `more_types`; `any` is the node where no type is asked for; `owner` the
 * first node of which this source said the name, the others are in `said`. */
typedef struct mkg__pname {
    mkg_id any;
    mkg__ref type;
    mkg_id id;
    mkg_id owner;
} mkg__pname;

/* Beside a code. */
typedef struct mkg__pcode {
    mkg_id id, owner;
} mkg__pcode;

/* A statement in the sorter: subject, relation, object, 12 bytes that tell apart what
 * agrees in these (denied or not, and the hash of a text), place in the source. */
enum { MKG_STATEMENT = 28, MKG_STATEMENT_KEY = 24, MKG_STATEMENT_TAIL = 12 };
void mkg__statement_tail(bool denied, mkg_view literal,
                         unsigned char out[MKG_STATEMENT_TAIL]);

/* The record of a fact in the spool: one byte, the statement and the attribution as the
 * store keeps them, and if the byte is 255 the length of the statement (4 bytes); else
 * the byte is that length. */
void mkg__fact_record(mkg_view item, mkg_view *whole, mkg_view *attribution);

/* One bit for each fact in the order of the source, and how many are set before it. */
typedef struct mkg__bits {
    uint64_t *words;
    uint32_t *before; /* of each word */
    size_t n;
} mkg__bits;

static inline bool mkg__bit(const mkg__bits *b, uint32_t i)
{
    return b->words[i / 64] >> (i % 64) & 1;
}

static inline uint32_t mkg__bit_rank(const mkg__bits *b, uint32_t i)
{
    uint64_t below = b->words[i / 64] & (((uint64_t)1 << (i % 64)) - 1);
    return b->before[i / 64] + (uint32_t)__builtin_popcountll(below);
}

enum { MKG_RELATION_CACHE = 64, MKG_RELATION_NAME = 56 };

/* The relation that a file's word leads to: files say few words many times. */
typedef struct mkg__known_relation {
    const mkg_relation *relation;
    uint8_t len;
    char name[MKG_RELATION_NAME];
} mkg__known_relation;

/* Names that will be asked for, oldest first: see mkg_writer_expect(). */
enum { MKG_EXPECTED = 32, MKG_EXPECTED_NAME = 96 };

typedef struct mkg__expected {
    char name[MKG_EXPECTED_NAME]; /* as it is written */
    uint32_t len, hash;           /* hash: of the folded name */
    mkg__buf folded;
} mkg__expected;

typedef struct mkg__expectations {
    mkg__expected at[MKG_EXPECTED];
    size_t first, n;
} mkg__expectations;

/* The folded form and hash of a name that was expected; NULL for any other. Borrowed
 * until the next call of mkg_writer_expect(). */
const mkg__expected *mkg__writer_expected(mkg_writer *w, mkg_view name);

struct mkg_writer {
    mkg_kg *kg;
    mkg_source info; /* views into the arena */
    mkg_id replaces; /* a source that this one takes the place of */
    bool merge_xref;
    mkg__arena arena;
    mkg__intern names; /* extra: mkg__pname */
    mkg__intern codes; /* extra: mkg__pcode */
    mkg__intern types; /* extra: change of the count, 8 bytes */
    mkg__ref concept_type;
    mkg__pairs more_types; /* name, type -> node */
    mkg__pairs said[4];    /* by kind of entry: node, what */
    mkg__pairs old_by_id;  /* node, 0 -> index + 1 in `olds` */
    mkg__vocabulary extra; /* relations that the source brought */
    mkg__known_relation *known_relations;
    mkg__expectations *expectations; /* NULL until somebody tells of one */
    mkg__heap entries;
    mkg__pnode *nodes; /* new ones: first_new_node + index */
    size_t nnodes, nodes_cap;
    mkg__pold *olds;
    size_t nolds, olds_cap;
    size_t nnames, ncodes; /* (node, name) and (node, code) that it said */
    size_t memory;
    mkg__spool *records;     /* facts in the order of the source */
    mkg__sorter *statements; /* MKG_STATEMENT */
    uint32_t nseen;          /* facts that were given, repeats too */
    mkg__buf record;         /* scratch */
    /* Set by mkg__writer_settle_facts(): */
    bool settled;
    mkg__bits fresh;    /* facts that the store does not have */
    mkg__sorter *known; /* (place, fact id) of those that it has */
    uint64_t nfacts;    /* without repeats */
    uint64_t nfresh;
    uint64_t nedges; /* distinct (subject, relation) among the fresh */
    mkg_id first_new_node, next_node, first_new_fact, next_fact, next_relation;
    mkg__buf folded, key; /* scratch */
};

/* Find repeats, and those facts that the store has. Once: what is said later counts no
 * more. */
mkg_status mkg__writer_settle_facts(mkg_writer *w, mkg_err *err);

/* What the writer has allocated for nodes, names and codes. */
size_t mkg__writer_bytes(const mkg_writer *w);

/* Shares of the budget. LMDB keeps up to 512 MiB of pages that are not written yet. */
size_t mkg__writer_share(const mkg_writer *w, unsigned sixteenths);

/* Text of an entry: as the file writes it. */
mkg_view mkg__writer_entry_text(const mkg_writer *w, const mkg__pentry *e);

static inline mkg_view mkg__writer_keep(mkg_writer *w, mkg_view v)
{
    return mkg__view(mkg__arena_dup(&w->arena, v.ptr, v.len), v.len);
}

/* ---- the commit ---- */

typedef struct mkg__commit {
    mkg_writer *w;
    mkg__txn *t;
    mkg__u128 hash;
    mkg__buf buf;
    mkg_progress_fn progress;
    void *progress_ctx;
    uint64_t done, total; /* rows */
} mkg__commit;

/* One row more; MKG_ECANCEL. */
mkg_status mkg__commit_step(mkg__commit *c, mkg_err *err);
mkg_status mkg__commit_facts(mkg__commit *c, mkg_err *err);
/* Change a counter of `meta`. */
mkg_status mkg__commit_count(mkg__commit *c, const char *key, size_t n, int64_t change,
                             mkg_err *err);

/* Rows in ascending order: appended from the first that comes behind all that the
 * database holds, which fills its pages and spares the search. */
typedef struct mkg__rows {
    mkg__cursor *cursor;
    bool append;
    unsigned char last[512]; /* key put last; before that, the database's last */
    size_t last_len;
} mkg__rows;

mkg_status mkg__rows_begin(mkg__rows *r, mkg__txn *t, mkg__db db, mkg_err *err);
mkg_status mkg__rows_put(mkg__rows *r, mkg_view key, mkg_view value, mkg_err *err);
/* One whose value may come before others of its key, or whose key is there. */
mkg_status mkg__rows_insert(mkg__rows *r, mkg_view key, mkg_view value, mkg_err *err);
void mkg__rows_end(mkg__rows *r);

#endif
