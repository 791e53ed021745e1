/* Question -> numbered evidence: mentions by longest match over all names and aliases,
 * the relations that are asked for, and the facts that hold for them. */
#ifndef MKG_RETRIEVE_H
#define MKG_RETRIEVE_H

#include "kg/kg.h"
#include "retrieve/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ways by which a fact becomes evidence. */
typedef enum mkg_channel {
    MKG_CHANNEL_DIRECT,   /* between two names of the question */
    MKG_CHANNEL_INTENT,   /* along a relation that is asked for */
    MKG_CHANNEL_ENTITY,   /* the view of a name of which nothing particular is asked */
    MKG_CHANNEL_PATH,     /* on a way of up to three facts between two names */
    MKG_CHANNEL_PAGERANK, /* about what is near the names in the graph */
    MKG_CHANNEL_VECTOR,   /* about what is near the names in a vector set */
    MKG_CHANNEL_TEXT,     /* a text with the words of the question */
    MKG_CHANNEL_LEARNT,   /* not of facts: relations that the classifier hears where no
                             phrase asks for one */
    MKG_CHANNELS
} mkg_channel;
enum {
    MKG_CHANNELS_DEFAULT = 1 << MKG_CHANNEL_DIRECT | 1 << MKG_CHANNEL_INTENT |
                           1 << MKG_CHANNEL_ENTITY | 1 << MKG_CHANNEL_PATH |
                           1 << MKG_CHANNEL_LEARNT
};
/* "direct", "intent", …; static. */
MKG_API const char *mkg_channel_name(mkg_channel c);

/* A graph with all that answering needs: tables of words, indexes, vectors. */
typedef struct mkg_retriever mkg_retriever;

typedef struct mkg_retriever_opts {
    const char *data; /* folder of the tables (docs/retrieval.md); NULL: without them */
} mkg_retriever_opts;

/* The handle borrows `kg` for its life. Tables that are not there are left out;
 * MKG_EPARSE with file and line for one that is wrong. Not safe from several threads at
 * once. mkg_retriever_free() it before the graph is closed. */
MKG_API mkg_status mkg_retriever_new(mkg_kg *kg, const mkg_retriever_opts *opts,
                                     mkg_retriever **out, mkg_err *err);
MKG_API void mkg_retriever_free(mkg_retriever *r);

typedef struct mkg_retrieve_opts {
    size_t limit;      /* most pieces of evidence, 0: 20 */
    unsigned channels; /* 1 << mkg_channel, …; 0: MKG_CHANNELS_DEFAULT, those that help
                          (docs/retrieval.md) */
    bool exact;        /* names to the letter alone: no typos, no everyday words */
} mkg_retrieve_opts;

/* MKG_OK also when nothing was found: see out->status and out->missing. The question is
 * UTF-8 of at most 64 KiB (MKG_EARG). mkg_evidence_free() the result. */
MKG_API mkg_status mkg_retrieve(mkg_retriever *r, const char *question,
                                const mkg_retrieve_opts *opts, mkg_evidence **out,
                                mkg_err *err);

/* Make DB/names.idx, the index of all names that looking up needs, if it is not there
 * or of another version of the graph. What looks up makes it itself where it is
 * missing; after an import it is better done at once. */
MKG_API mkg_status mkg_names_prepare(mkg_kg *kg, mkg_err *err);

/* Colloquial phrases of the user's own, a file beside the store in the format of
 * data/colloquial.tsv. */
#define MKG_PAIRS_FILE "colloquial.tsv"

/* Learn to link colloquial texts: substitutions, vectors of n-grams and how much each
 * sign of likeness counts, from the graph's aliases, the shipped table and pairs that
 * the user gives. Files beside the store: linking.json, names.vec, and, with `pairs`,
 * colloquial.tsv. Deterministic. MKG_NOTFOUND where there is nothing to learn from. */
typedef struct mkg_names_opts {
    const char *pairs; /* JSON Lines ("text", "gold") or lines "term<TAB>phrase;phrase";
                          NULL: none new, those given before stay names */
    size_t dim;        /* of a vector, 1 … 512 */
    unsigned epochs;
    uint64_t seed;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_names_opts;
#define MKG_NAMES_OPTS_INIT                                                            \
    {                                                                                  \
        NULL, 64, 10, 1, NULL, NULL                                                    \
    }
typedef struct mkg_names_learnt {
    size_t aliases, shipped, given; /* pairs, by where they are from */
    size_t rules, names;            /* substitutions; names with a vector */
} mkg_names_learnt;
MKG_API mkg_status mkg_names_learn(mkg_kg *kg, const mkg_names_opts *o,
                                   mkg_names_learnt *out, mkg_err *err);

/* Names like `text`: equal first, then by prefix, then by shared character bigrams.
 * The best `k`, best first. */
typedef struct mkg_found {
    mkg_id node;
    double score;    /* 0 … 1 */
    const char *how; /* "exact", "alias", "code", "prefix", "similar"; static */
} mkg_found;
MKG_API mkg_status mkg_search(mkg_kg *kg, const char *text, size_t k, mkg_found *out,
                              size_t *n, mkg_err *err);

/* The one node that a person means by `ref`: "#17" or "17" (an id), a code
 * ("ICD10:E11"), or a name or alias. MKG_NOTFOUND with near names in err->msg. Where a
 * name belongs to several nodes, all of them are appended, most facts first. */
MKG_API mkg_status mkg_resolve(mkg_kg *kg, const char *ref, mkg_ids *out, mkg_err *err);

/* Cases that have something in common. */
typedef struct mkg_eval_part {
    const char *group; /* "kind", "relation": of the case; "how": the right node (where
                          it was not found, the first one) was found; static */
    char name[32];
    size_t cases;
    double hit[3]; /* among the first 1, 5, 10 */
    double mrr;
} mkg_eval_part;
enum { MKG_EVAL_PARTS = 32 };

/* Measure retrieval on a file of cases (JSON Lines, shared format in docs/retrieval.md:
 * "question", "gold": [...]). A case is a hit at k when a gold string equals (folded,
 * blanks removed; a gold of more than 12 characters by its first 40) the subject or
 * object of one of the first k pieces. */
typedef struct mkg_retrieval_score {
    size_t cases, skipped; /* skipped: no gold */
    double recall_any[3];  /* a gold in the first 1, 5, 10 */
    double all_in_20;      /* every gold in the first 20 */
    double mrr;
    size_t unanswerable, refused;  /* "answerable": false, and no evidence was given */
    double ms_p50, ms_p95, ms_p99; /* linking and retrieval of one question */
    /* By "relation" of the case, and by "how" the first name of the question was found.
     */
    mkg_eval_part parts[MKG_EVAL_PARTS];
    size_t nparts;
} mkg_retrieval_score;
typedef void (*mkg_case_fn)(void *ctx, const char *json_case, size_t rank,
                            const mkg_evidence *e); /* rank 0: missed */
MKG_API mkg_status mkg_eval_retrieval(mkg_retriever *r, const char *path,
                                      const mkg_retrieve_opts *opts, mkg_case_fn fn,
                                      void *ctx, mkg_retrieval_score *out,
                                      mkg_err *err);

/* Measure linking on a file of cases (JSON Lines, docs/linking.md): "text" or
 * "colloquial", a list "gold" (or "standard", or "in_medical_json"), and "kind". A case
 * is a hit at k when one of the first k distinct names is of a node that a gold term
 * names. */
typedef struct mkg_linking_score {
    size_t skipped; /* cases without a gold */
    mkg_eval_part all, parts[MKG_EVAL_PARTS];
    size_t nparts;
    double ms_p50, ms_p95, ms_p99;
} mkg_linking_score;
/* Called for cases whose gold is not the first. */
typedef void (*mkg_linking_fn)(void *ctx, const char *json_case, size_t rank,
                               const mkg_found *found, size_t n);
/* "exact", "edit", "ngram", "full"; ends with NULL. */
MKG_API const char *const *mkg_linking_methods(void);
MKG_API mkg_status mkg_eval_linking(mkg_kg *kg, const char *path, const char *method,
                                    mkg_linking_fn fn, void *ctx,
                                    mkg_linking_score *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
