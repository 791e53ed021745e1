/* How people say it: the tables of colloquial phrases, the form in which names are
 * compared, and what is no name at all. The tables are files of data/ that are compiled
 * in (cmake/embed.cmake); their format is told in docs/formats.md. */
#ifndef MKG_PHRASES_INTERNAL_H
#define MKG_PHRASES_INTERNAL_H

#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>

/* ---- the form of names ---- */

/* Fold, then simplified characters. Appended. */
mkg_status mkg__name_form(mkg_view text, mkg__buf *out, mkg_err *err);

/* Traditional characters become simplified ones, in place: as many bytes each. */
void mkg__simplify(char *text, size_t n);

/* The sound of a Han character without its tone, in the order of the table; 0 if it is
 * not known. */
unsigned mkg__han_sound(uint32_t c);
/* How unlike two characters sound, 0 (the same) … 1 (nothing in common): sounds that
 * speakers mix up (zh and z, n and l, ng and n) are near. */
float mkg__han_distance(uint32_t a, uint32_t b);

/* ---- tables of phrases ---- */

/* data/colloquial.tsv. */
mkg_view mkg__shipped_phrases(void);

/* Give each pair of phrase and term of a table, both in the form of names; the terms of
 * a line, which mean the same, are phrases for one another (`synonym`). Lines are terms
 * and phrases, ';' between them; what cannot be read is passed over. */
typedef mkg_status (*mkg__phrase_fn)(void *ctx, mkg_view phrase, mkg_view term,
                                     bool synonym);
mkg_status mkg__phrases_each(mkg_view table, mkg__phrase_fn fn, void *ctx,
                             mkg_err *err);

/* ---- words that are no names ---- */

/* Does the text consist of words of data/function_words.tsv alone? Take them away from
 * its ends: *v becomes what is left. */
void mkg__strip_function_words(mkg_view *v);
bool mkg__is_function_word(mkg_view v);

/* The parts of a text between punctuation and words that separate ("with", "待查"), in
 * their order, at most `cap`; one where there is nothing to separate. */
size_t mkg__text_parts(mkg_view text, mkg_view *out, size_t cap);

#endif
