/* The words that give a question its form: "…吗", "without", "both". A table of data,
 * data/question_words.tsv, which a user may extend (docs/retrieval.md). */
#ifndef MKG_WORDS_H
#define MKG_WORDS_H

#include "retrieve/retrieve_internal.h"

typedef enum mkg__word_kind {
    MKG__YES_NO,     /* asks whether it is so */
    MKG__OPEN,       /* asks what, which, how */
    MKG__NOT_BEFORE, /* the name that follows must not be there */
    MKG__NOT_AFTER,  /* the name before it must not be there */
    MKG__DENIED,     /* the statement is put in the negative */
    MKG__JOINT,      /* what all names have in common */
    MKG__RELATED,    /* what there is between the names */
    MKG__OPPOSITE,   /* "treats|contraindicated_in" */
    MKG__MAY,        /* asks whether it is allowed */
    MKG__MAY_NOT,    /* … unless one of these is there */
    MKG__FORBIDS,    /* relations whose facts say that it is not */
    MKG__ALIKE,      /* "complication|adverse_effect": one answers for the other */
    MKG__INSTEAD,    /* "treatment|treated_by": the second where the first is not */
    MKG__TRANSITIVE, /* relations of which two steps in a row are one, too */
    MKG__SYMBOL,     /* types whose names of letters are names only in capitals */
    MKG__GENERIC,    /* a name that is nothing without the words before it */
    MKG__QUALIFIER,  /* stands before a name and is no part of one */
    MKG__FILLER,     /* says nothing about what is asked */
    MKG__WORD_KINDS
} mkg__word_kind;

typedef struct mkg__word {
    mkg_view text; /* folded, NUL-terminated */
    size_t chars;
    bool first; /* counts only at the beginning of the question */
} mkg__word;

typedef struct mkg__word_list {
    mkg__word *at;
    size_t n, cap;
} mkg__word_list;

typedef struct mkg__words {
    mkg__word_list kind[MKG__WORD_KINDS];
    mkg__arena arena;
} mkg__words;

/* Read the table; MKG_EPARSE with file and line. mkg__words_clear() it even then. */
mkg_status mkg__words_read(mkg__words *w, const char *path, mkg_err *err);
void mkg__words_clear(mkg__words *w);

/* Does the folded question hold the word at `at`? A Latin word stands alone. */
bool mkg__word_at(const mkg__question *q, mkg_view word, size_t at);
/* Is the folded text a word of the list? */
bool mkg__word_listed(const mkg__word_list *list, mkg_view text);
/* Bytes of the longest word of the list that begins at `at`, or that ends at `end`; 0
 * if none does. */
size_t mkg__word_longest(const mkg__question *q, const mkg__word_list *list, size_t at);
size_t mkg__word_before(const mkg__question *q, const mkg__word_list *list, size_t end);

#endif
