/* Intents that are learnt: training the classifier on questions that the vocabulary
 * generates, and measuring it. See docs/intent.md. */
#ifndef MKG_INTENTS_H
#define MKG_INTENTS_H

#include "base/mem.h"
#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The file beside a store, or in the folder with relations.tsv, that holds a model. */
#define MKG_INTENTS_FILE "intents.model"

typedef struct mkg_intents_info {
    size_t classes;   /* directions of relations that can be asked for */
    size_t questions; /* generated */
    size_t features;
    size_t bytes; /* of the file */
    /* On questions whose wording (phrase or line) training did not see: */
    size_t unseen;
    double right;     /* those whose most probable class is one that is asked for */
    double f1;        /* of all decisions, at the threshold */
    double threshold; /* probability from which a class counts as asked for */
} mkg_intents_info;

/* Generate questions in Chinese and English from the relations and phrases of the graph
 * and the lines of `frames` (data/question_frames.tsv), learn from them and write the
 * model to `path`. The same vocabulary, names, frames and seed give the same bytes.
 * MKG_EARG if no relation has phrases, MKG_EPARSE for a bad line. */
MKG_API mkg_status mkg_intents_train(mkg_kg *kg, const char *frames, uint64_t seed,
                                     const char *path, mkg_intents_info *out,
                                     mkg_err *err);

/* ---- measuring on labelled questions ---- */

typedef enum mkg_intent_method {
    MKG_INTENT_MAJORITY,  /* the most frequent label */
    MKG_INTENT_PHRASES,   /* the phrases of the vocabulary alone */
    MKG_INTENT_GENERATED, /* the model that was trained on generated questions */
    MKG_INTENT_BOTH,      /* phrases; the model where there is none in the question */
    MKG_INTENT_CROSS,     /* the same classifier, cross-validated on the file */
    MKG_INTENT_METHODS
} mkg_intent_method;

typedef struct mkg_intent_class {
    const char *name;
    size_t cases;
    double precision[MKG_INTENT_METHODS], recall[MKG_INTENT_METHODS],
        f1[MKG_INTENT_METHODS];
} mkg_intent_class;

typedef struct mkg_intent_score {
    size_t cases, distinct;    /* questions, and without repeats */
    mkg_intent_class *classes; /* most frequent first */
    size_t nclasses;
    double accuracy[MKG_INTENT_METHODS], macro_f1[MKG_INTENT_METHODS];
    bool measured[MKG_INTENT_METHODS]; /* phrases and generated need a map */
    double open_ms;                    /* to read and check the model */
    double us_p50, us_p99;             /* to classify one question, microseconds */
    mkg__arena arena;
} mkg_intent_score;

typedef struct mkg_intent_eval_opts {
    const char *model; /* a file that mkg_intents_train() wrote; NULL: none */
    const char *map;   /* label and relations, tab-separated; NULL: none */
    size_t folds;      /* 0: 5 */
    uint64_t seed;
} mkg_intent_eval_opts;

/* One case and what each method says; NULL where a method was not measured. */
typedef void (*mkg_intent_case_fn)(void *ctx, const char *question, const char *label,
                                   const char *const said[MKG_INTENT_METHODS]);

/* `path` is JSON Lines with "question" and "intent". Equal questions (folded) are in
 * one fold. mkg_intent_score_clear() the result. */
MKG_API mkg_status mkg_eval_intent(mkg_kg *kg, const char *path,
                                   const mkg_intent_eval_opts *o, mkg_intent_case_fn fn,
                                   void *ctx, mkg_intent_score *out, mkg_err *err);
MKG_API void mkg_intent_score_clear(mkg_intent_score *s);

#ifdef __cplusplus
}
#endif
#endif
