/* What `medkg embed names` learns: how much each sign of likeness counts, and words
 * that stand for one another. DB/linking.json, bytes that a person can read. Vectors of
 * n-grams have a file of their own (name_vectors_internal.h). */
#ifndef MKG_LINK_MODEL_INTERNAL_H
#define MKG_LINK_MODEL_INTERNAL_H

#include "base/mem.h"
#include "kg/kg.h"

typedef enum mkg__feature {
    MKG__F_COSINE_1,  /* of single characters */
    MKG__F_COSINE_2,  /* of longer n-grams */
    MKG__F_OF_TEXT_1, /* share of the text that the name has */
    MKG__F_OF_TEXT_2,
    MKG__F_OF_NAME_1, /* share of the name that the text has */
    MKG__F_OF_NAME_2,
    MKG__F_RUN_NAME, /* longest common run, of the name's length */
    MKG__F_RUN_TEXT,
    MKG__F_ORDER_NAME, /* longest common subsequence */
    MKG__F_ORDER_TEXT,
    MKG__F_IN_TEXT, /* the name stands in the text */
    MKG__F_IN_NAME, /* the text stands in the name */
    MKG__F_SAME_LAST,
    MKG__F_SAME_FIRST,
    MKG__F_SOUND,       /* 1 - edit distance by sound, of the longer one's length */
    MKG__F_DEGREE,      /* log of the facts of the best known node */
    MKG__F_LENGTH,      /* log of the characters of the name */
    MKG__F_EQUAL,       /* the name is the text */
    MKG__F_PHRASE,      /* the surface is a shipped phrase */
    MKG__F_VECTOR,      /* cosine of vectors */
    MKG__F_REPLACED,    /* cosine with the text after a substitution */
    MKG__F_PLACE,       /* of the name in the text: 1 at its beginning, 0 at its end */
    MKG__F_PART,        /* compared with a part of the text, not with all of it */
    MKG__F_PART_EQUAL,  /* the name is a part */
    MKG__F_PHRASE_LIKE, /* cosine, where the surface is a shipped phrase */
    MKG__F_GIVEN,       /* the surface is a phrase that the user gave */
    MKG__F_GIVEN_LIKE,
    MKG__FEATURES
} mkg__feature;

enum { MKG__MODEL_TYPES = 64, MKG__RULES_MAX = 4096 };

typedef struct mkg__link_weights {
    float feature[MKG__FEATURES];
    float slope, offset; /* score = 1 / (1 + exp(-(slope s + offset))) */
} mkg__link_weights;
extern const mkg__link_weights mkg__link_default;

/* `from` in a text may stand for `to` in a name. */
typedef struct mkg__rule {
    const char *from, *to; /* in the model's arena */
    size_t nfrom, nto;
    uint32_t support; /* terms that showed it */
} mkg__rule;

typedef struct mkg__link_model {
    mkg__link_weights weights;
    struct {
        char *name;
        float weight; /* of a node's type */
    } types[MKG__MODEL_TYPES];
    size_t ntypes;
    mkg__rule *rules;
    size_t nrules, rules_cap;
    mkg__arena arena;
} mkg__link_model;

/* The default weights and nothing else. */
void mkg__link_model_init(mkg__link_model *m);
void mkg__link_model_clear(mkg__link_model *m);

/* MKG_NOTFOUND where there is no file; MKG_EPARSE, saying what is wrong, where it is
 * none. */
mkg_status mkg__link_model_load(const char *path, mkg__link_model *m, mkg_err *err);
mkg_status mkg__link_model_save(const char *path, const mkg__link_model *m,
                                mkg_err *err);

/* Texts that `text` becomes by one rule each, those with the most support first, and by
 * all of them that do not overlap; at most `cap`, appended to `out` one after the
 * other, their ends in `ends`. */
mkg_status mkg__link_replace(const mkg__link_model *m, mkg_view text, mkg__buf *out,
                             size_t *ends, size_t cap, size_t *n, mkg_err *err);

/* Substitutions that the pairs show: what differs between phrase and term when what
 * they share at both ends is taken away, with one shared character for context where
 * one side would be empty. Those that at least two terms show. */
typedef struct mkg__name_pair {
    mkg_view phrase, term; /* in the form of names */
    uint32_t surface;      /* of the term */
} mkg__name_pair;
mkg_status mkg__link_mine(const mkg__name_pair *pairs, size_t n, mkg__link_model *m,
                          mkg_err *err);

#endif
