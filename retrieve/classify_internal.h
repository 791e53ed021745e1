/* Intents that are learnt: which relations a question asks for where none of its words
 * stands in the vocabulary. A linear classifier on hashed n-grams, one logistic
 * regression a class. */
#ifndef MKG_CLASSIFY_INTERNAL_H
#define MKG_CLASSIFY_INTERNAL_H

#include "retrieve/retrieve_internal.h"

/* ---- features.c: a question as a set of hashed n-grams ----------------------------
 */

/* A stretch of a folded text that counts as its type, not as its letters. */
typedef struct mkg__mark {
    size_t start, end; /* bytes */
    mkg_view type;
} mkg__mark;

typedef struct mkg__marks {
    mkg__mark *at;
    size_t n, cap;
} mkg__marks;

/* Types of the mentions; a mention that is made of question words is none. */
mkg_status mkg__marks_of(mkg_kg *kg, const mkg__spans *spans, mkg__marks *out,
                         mkg_err *err);

typedef struct mkg__features {
    uint32_t *at; /* ascending, each once */
    size_t n, cap;
} mkg__features;

/* The n-grams of `text` (folded), n from 1 to 4, appended and sorted. Their units are
 * Han characters, words of other scripts, numbers (all the same), punctuation, marks
 * (by type; in the order of the text), and the two ends. */
mkg_status mkg__features_of(mkg_view text, const mkg__mark *marks, size_t nmarks,
                            mkg__features *out, mkg_err *err);
void mkg__features_clear(mkg__features *f);

/* ---- linear.c: the regression ------------------------------------------------------
 */

enum { MKG_CLASSES_MAX = 255 };

/* Rows of features, each with its classes (none: a negative for all of them). */
typedef struct mkg__samples {
    size_t n, cap;
    struct mkg__sample {
        size_t feature, nfeatures; /* in `features` */
        size_t class, nclasses;    /* in `classes` */
    } * at;
    uint32_t *features;
    size_t nfeatures, features_cap;
    uint16_t *classes;
    size_t nclasses, classes_cap;
} mkg__samples;

mkg_status mkg__samples_add(mkg__samples *s, const mkg__features *f,
                            const uint16_t *classes, size_t n, mkg_err *err);
void mkg__samples_clear(mkg__samples *s);

typedef struct mkg__linear_opts {
    size_t classes;
    unsigned epochs;
    float rate, l2;
    size_t min_count;     /* samples that a feature must stand in */
    const uint32_t *keys; /* the only features to use, ascending; NULL: all */
    size_t nkeys;
    const float *mask; /* (nkeys, classes) 0: the weight stays 0, 1: it is learnt */
    uint64_t seed;
} mkg__linear_opts;

typedef struct mkg__linear {
    size_t nclasses, nfeatures;
    uint32_t *keys;              /* (nfeatures) ascending */
    uint32_t *counts;            /* (nfeatures) samples that have it; NULL if given */
    float *weights;              /* (nfeatures, nclasses) */
    float bias[MKG_CLASSES_MAX]; /* (nclasses) */
} mkg__linear;

/* Train on the samples whose numbers are in `rows`. One logistic regression a class,
 * all of them in one pass: a sample is the mean of its features' weights by the square
 * root of their number. AdaGrad (Duchi, Hazan & Singer, JMLR 2011) with L2. The same
 * samples and seed give the same weights. */
mkg_status mkg__linear_train(const mkg__samples *s, const uint32_t *rows, size_t n,
                             const mkg__linear_opts *o, mkg__linear *out, mkg_err *err);
void mkg__linear_clear(mkg__linear *m);

/* Log odds of each class, (nclasses). Features that training did not see say nothing.
 */
void mkg__linear_score(const mkg__linear *m, const uint32_t *features, size_t n,
                       float *out);

/* ---- frames.c: data/question_frames.tsv ---------------------------------------------
 */

typedef enum mkg__frame_kind {
    MKG_FRAME,   /* puts a name and a phrase together */
    MKG_SAY,     /* everyday words for some relations */
    MKG_NOTHING, /* asks for nothing of the vocabulary */
    MKG_OPEN,
    MKG_CLOSE,
    MKG_ASIDE,
    MKG_THING, /* stands for a name of a type */
    MKG_FRAME_KINDS
} mkg__frame_kind;

typedef struct mkg__frame {
    mkg_lang lang;
    mkg_view of, text; /* of: relations, or a type; "" if it is "-" */
} mkg__frame;

typedef struct mkg__frames {
    mkg__buf file; /* the views point into it */
    struct mkg__frame_list {
        mkg__frame *at;
        size_t n, cap;
    } kinds[MKG_FRAME_KINDS];
} mkg__frames;

mkg_status mkg__frames_read(const char *path, mkg__frames *out, mkg_err *err);
void mkg__frames_clear(mkg__frames *f);

/* ---- generate.c: questions from the vocabulary --------------------------------------
 */

/* A relation's direction that can be asked for is a class. */
typedef struct mkg__classes {
    const mkg_relation *at[MKG_CLASSES_MAX];
    size_t n;
} mkg__classes;

/* Directions with a phrase, in the order of the vocabulary. MKG_EARG if there are more
 * than MKG_CLASSES_MAX. */
mkg_status mkg__classes_of(mkg_kg *kg, mkg__classes *out, mkg_err *err);
/* Depends on the names, types and phrases of the classes, on nothing else. */
uint64_t mkg__classes_hash(const mkg__classes *c);

typedef struct mkg__generated {
    mkg__samples samples;
    uint64_t *wording; /* (samples.n) which phrase or line a sample was made from */
    size_t cap;
} mkg__generated;

/* `each` questions a class, half as many a language, and a fifth more that ask for
 * nothing. Names are drawn from the graph. */
mkg_status mkg__generate(mkg_kg *kg, const mkg__classes *c, const mkg__frames *f,
                         size_t each, uint64_t seed, mkg__generated *out, mkg_err *err);
void mkg__generated_clear(mkg__generated *g);

/* ---- classify.c: the trained model
 * --------------------------------------------------- */

typedef struct mkg__classifier mkg__classifier;

/* Read a model that `medkg embed intents` wrote. MKG_NOTFOUND if there is no such file
 * or it was trained with another vocabulary than the graph has; MKG_ESTORE if it is
 * damaged. The graph is borrowed. */
mkg_status mkg__classifier_open(mkg_kg *kg, const char *path, mkg__classifier **out,
                                mkg_err *err);
void mkg__classifier_free(mkg__classifier *c);

typedef struct mkg__class_score {
    const mkg_relation *relation;
    float p; /* that the question asks for it, 0 … 1 */
} mkg__class_score;

/* Classes of the question that reach `at_least` (see mkg__classifier_threshold()), most
 * probable first, at most *n, which becomes their number. None: the question asks for
 * nothing that the vocabulary has, or the model cannot tell. */
mkg_status mkg__classify(const mkg__classifier *c, const mkg__question *q,
                         const mkg__spans *spans, float at_least, mkg__class_score *out,
                         size_t *n, mkg_err *err);
/* Where precision and recall were in balance on wordings that training did not see. */
float mkg__classifier_threshold(const mkg__classifier *c);
size_t mkg__classifier_size(const mkg__classifier *c); /* number of classes */

/* What goes into the file. */
typedef struct mkg__model {
    uint64_t vocabulary;
    float slope, shift, threshold; /* p = logistic(slope * score + shift) */
    const mkg__classes *classes;
    mkg__linear linear;
} mkg__model;
enum { MKG_MODEL_BYTES = 300 << 10 }; /* weights that say little are left out */
size_t mkg__model_bytes(size_t classes, size_t keys, size_t weights); /* at most */
mkg_status mkg__model_write(const char *path, const mkg__model *m, size_t *bytes,
                            mkg_err *err);

#endif
