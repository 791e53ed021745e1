/* The words of a name without regard to their order and form: "Klippel Feil syndrome",
 * "diabetes mellitus, type 2" and "type II diabetes mellitus", "haemophilias". */
#ifndef MKG_NAME_WORDS_INTERNAL_H
#define MKG_NAME_WORDS_INTERNAL_H

#include "base/text.h"

/* A word of a text in the form of names. Letters and digits; what else stands between
 * two of them is no part of one, but for an apostrophe. */
typedef struct mkg__token {
    size_t start, end; /* bytes */
    uint64_t hash;     /* of its form; 0: it says nothing ("of", "type") */
    bool broken;       /* what stands before it parts names: a full stop, Han */
} mkg__token;

/* The words of text[0..n); at most `cap`, how many. */
size_t mkg__tokens_of(const char *text, size_t n, mkg__token *out, size_t cap);

/* The form of a word, of at most `cap` bytes: without the ending of the plural or the
 * possessive, in American spelling, letters without accents, Roman numerals as numbers.
 * How many bytes; 0 for a word that says nothing or is too long. */
size_t mkg__word_form(mkg_view word, char *out, size_t cap);

/* The sum of the hashes of the words of a name: equal for names of the same words. 0
 * where there is nothing to compare by: Han characters, no word, too many. */
uint64_t mkg__word_key(mkg_view name);

#endif
