/* What `medkg embed names` learns: how much each sign of likeness counts, words that
 * stand for one another, and vectors of n-grams. One file beside the store. */
#ifndef MKG_LINK_MODEL_INTERNAL_H
#define MKG_LINK_MODEL_INTERNAL_H

#include "kg/kg.h"

enum { MKG__FEATURES = 22, MKG__MODEL_TYPES = 64 };

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
    MKG__F_SOUND,  /* 1 - edit distance by sound, of the longer one's length */
    MKG__F_DEGREE, /* log of the facts of the best known node */
    MKG__F_LENGTH, /* log of the characters of the name */
    MKG__F_EQUAL,
    MKG__F_PHRASE,   /* the surface is a colloquial phrase */
    MKG__F_VECTOR,   /* cosine of vectors */
    MKG__F_REPLACED, /* best cosine after one substitution */
    MKG__F_PLACE     /* of the name in the text: 1 at its beginning, 0 at its end */
} mkg__feature;

typedef struct mkg__link_weights {
    float feature[MKG__FEATURES];
    float slope, offset; /* score = 1 / (1 + exp(-(slope s + offset))) */
} mkg__link_weights;
extern const mkg__link_weights mkg__link_default;

typedef struct mkg__link_model mkg__link_model;

#endif
