/* The steps of the pipeline, in their order: mentions, intents, gathering. */
#ifndef MKG_RETRIEVE_INTERNAL_H
#define MKG_RETRIEVE_INTERNAL_H

#include "base/mem.h"
#include "kg/kg.h"
#include "retrieve/evidence.h"

/* The question in the two forms that the steps need. */
typedef struct mkg__question {
    const char *text;
    size_t len;
    mkg__buf folded;
    uint32_t *map; /* (folded.len + 1) byte of the folded form -> byte of the text */
    mkg_lang lang;
} mkg__question;

/* A stretch of the folded question that is the name of nodes. */
typedef struct mkg__span {
    size_t start, end; /* bytes of the folded question */
    size_t chars;
    mkg_ids nodes; /* the best first */
    bool phrase; /* made of words that ask for a relation: "检查" may be a node, too */
    bool negated;            /* "without fever": what must not be there */
    size_t denied_from;      /* … and where the words that say so begin */
    const char *how;         /* "exact", "alias", "fuzzy", "colloquial"; static */
    double score;            /* of the first node, 0 … 1 */
    uint32_t surface;        /* of the name index: the name that it was found by */
    float *scores;           /* of each node */
    bool rival;              /* overlaps a longer name that was taken */
    size_t whole, whole_end; /* the longer name that it is a part of and that nobody
                                knows: "新冠肺炎" of 肺炎; empty if there is none */
} mkg__span;

typedef struct mkg__spans {
    mkg__span *at;
    size_t n, cap;
    mkg__span *rivals; /* names that overlap one of them and stick out of it */
    size_t nrivals, rivals_cap;
    char *covered; /* bytes of the folded question that are question words */
} mkg__spans;

/* Longest match over all names, aliases and colloquial phrases; where matches overlap
 * the longer one wins, then the one further left. Then, for what is left between them,
 * names that are misspelt there. In the order of the question. */
mkg_status mkg__spans_find(mkg_kg *kg, const mkg__question *q, mkg__spans *out,
                           mkg_err *err);
/* Append the rivals to the spans: they are read like other names, after them. */
mkg_status mkg__spans_join_rivals(mkg__spans *s, mkg_err *err);
void mkg__spans_clear(mkg__spans *s);

/* A phrase of the vocabulary that stands in the question. */
typedef struct mkg__ask {
    const mkg_relation *relation;
    size_t start, end;   /* bytes of the folded question */
    size_t gap, gap_end; /* what a '*' stood for, between the first and the last part;
                            other phrases may stand there. Empty without a '*'. */
    size_t chars;        /* of the phrase, without gaps */
    bool weak;           /* counts where nothing else is asked */
    bool inner;          /* its words are a part of another's */
    bool guessed;        /* by the classifier: no words of the question */
    bool joint;          /* asks for what all the names have in common */
} mkg__ask;

typedef struct mkg__asks {
    mkg__ask *at;
    size_t n, cap;
} mkg__asks;

/* All phrases that match outside the mentions, overlapping ones too. */
mkg_status mkg__asks_find(mkg_kg *kg, const mkg__question *q, mkg__spans *spans,
                          mkg__asks *out, mkg_err *err);
void mkg__asks_clear(mkg__asks *a);
/* Of asks that overlap keep the longest, all of them if they are the same words; a weak
 * one only where nothing else is asked in its clause. Best first. */
void mkg__asks_settle(const mkg__question *q, mkg__asks *a);
/* `a` is settled, `lost` are asks that the graph has no facts for: keep of them those
 * that ask for something else than `a` does. */
void mkg__asks_apart(const mkg__question *q, mkg__asks *a, mkg__asks *lost);

/* Copy into the evidence's arena; NULL when out of memory. */
static inline const char *mkg__keep(mkg_evidence *e, mkg_view v)
{
    return mkg__arena_dup(&e->arena, v.ptr, v.len);
}

#endif
