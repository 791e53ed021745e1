/* All names of the graph in one file beside the store, DB/names.idx: a trie for the
 * names that stand in a text, n-gram postings for those that are like it.
 *
 * A surface is a distinct key: a name, an alias or a colloquial phrase, folded and in
 * simplified characters (mkg__simplify()). It leads to nodes. The file is mapped and
 * costs nothing to open; each block of it is held against its checksum when it is first
 * looked at, and every number in it is checked before it is followed. Bytes in
 * docs/formats.md. */
#ifndef MKG_NAME_INDEX_INTERNAL_H
#define MKG_NAME_INDEX_INTERNAL_H

#include "base/mem.h"
#include "kg/kg.h"

typedef struct mkg__names mkg__names;

#define MKG_NAMES_NONE UINT32_MAX

/* How a surface leads to a node; the smaller, the better. */
typedef enum mkg__name_kind {
    MKG__NAME_PREFERRED,
    MKG__NAME_ALIAS,
    MKG__NAME_COLLOQUIAL, /* the shipped table */
    MKG__NAME_GIVEN,      /* pairs that the user gave */
    MKG__NAME_KINDS
} mkg__name_kind;
const char *
mkg__name_kind_how(mkg__name_kind kind); /* "exact", "alias", "colloquial" */

typedef struct mkg__name_entry {
    mkg_id node;
    mkg__name_kind kind;
} mkg__name_entry;

/* The index of the graph that `kg` sees, kept with the handle. Where there is no file
 * that fits it is made: in the store's folder if that can be written, in memory anyway.
 */
mkg_status mkg__names_get(mkg_kg *kg, mkg__names **out, mkg_err *err);

/* Open the file at `path` for graph version, hash and tables as given; NULL if it does
 * not fit. Make an image in memory. For mkg__names_get() and tests. */
typedef struct mkg__names_key {
    uint64_t version, tables;
    char hash[32];
} mkg__names_key;
mkg__names *mkg__names_map(const char *path, const mkg__names_key *key);
mkg_status mkg__names_build(mkg_kg *kg, const mkg__names_key *key, mkg_view pairs,
                            mkg__names **out, mkg_err *err);
void mkg__names_write(const mkg__names *x, const char *path); /* as well as it can */
void mkg__names_free(mkg__names *x);
/* Was anything found that does not agree with its checksum, or leads nowhere? What was
 * read since then is not to be used. */
bool mkg__names_damaged(const mkg__names *x);

size_t mkg__names_count(const mkg__names *x); /* surfaces; their ids are below it */
mkg_view mkg__names_text(const mkg__names *x, uint32_t surface);
size_t mkg__names_entries(const mkg__names *x, uint32_t surface);
mkg__name_entry mkg__names_entry(const mkg__names *x, uint32_t surface, size_t i);

/* What the index knows of a node: facts on both sides, and its type. */
uint32_t mkg__names_degree(const mkg__names *x, mkg_id node);
uint32_t mkg__names_type(const mkg__names *x, mkg_id node); /* < types, or NONE */
size_t mkg__names_types(const mkg__names *x);
mkg_view mkg__names_type_name(const mkg__names *x, uint32_t type);

/* Surfaces that are a prefix of text[0..n), shortest first, at most `cap`. */
typedef struct mkg__name_match {
    uint32_t surface;
    uint32_t len;
} mkg__name_match;
size_t mkg__names_prefixes(const mkg__names *x, const char *text, size_t n,
                           mkg__name_match *out, size_t cap);
/* The surface that is the text; MKG_NAMES_NONE if there is none. */
uint32_t mkg__names_find(const mkg__names *x, const char *text, size_t n);
/* The best surface of the same words in any order and form (mkg__word_key()); none for
 * the key 0. */
uint32_t mkg__names_same_words(const mkg__names *x, uint64_t key);
/* Surfaces that begin with the text are neighbours: [*from, *to). */
void mkg__names_range(const mkg__names *x, const char *text, size_t n, uint32_t *from,
                      uint32_t *to);

/* ---- n-grams ----------------------------------------------------------------------
 */

/* Distinct n-grams of a text, ascending: characters and pairs of them where they are
 * Han, trigrams of words with their edges elsewhere. */
enum { MKG_GRAMS_MAX = 192 };
typedef struct mkg__grams {
    uint64_t at[MKG_GRAMS_MAX];
    size_t n;
} mkg__grams;
void mkg__grams_of(mkg_view text, mkg__grams *g);
static inline bool mkg__gram_is_single(uint64_t gram)
{
    return gram >> 62 == 1;
}

/* The text's grams with their weight in this index: log(1 + (N - df + 0.5) / (df +
 * 0.5)), Robertson & Zaragoza, The Probabilistic Relevance Framework (2009), eq. 3.3;
 * a gram that no name has weighs as much as one that half a name had. */
typedef struct mkg__weighted {
    mkg__grams grams;
    float idf[MKG_GRAMS_MAX];
    uint32_t place[MKG_GRAMS_MAX]; /* of the gram in the index, or NONE */
    float sum[2], norm[2];         /* of single characters; of the others */
} mkg__weighted;
void mkg__names_weigh(const mkg__names *x, mkg_view text, mkg__weighted *out);

/* Cosine and coverage of two texts by single characters [0] and by longer grams [1]. */
typedef struct mkg__overlap {
    float cosine[2], of_query[2], of_name[2];
} mkg__overlap;
void mkg__names_overlap(const mkg__names *x, const mkg__weighted *q, uint32_t surface,
                        mkg__overlap *out);

/* The `k` surfaces that are most like the text by cosine of n-grams, best first, and
 * then `k` more by how much of the name is in it, without repeats: out has room for 2
 * k. Frequent grams are left out where rare ones decide. Scratch space belongs to the
 * index: one thread at a time. */
mkg_status mkg__names_similar(mkg__names *x, const mkg__weighted *q, size_t k,
                              uint32_t *out, size_t *n, mkg_err *err);

#endif
