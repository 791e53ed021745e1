/* What the files of the vocabulary's training share. */
#ifndef MKG_VOCAB_INTERNAL_H
#define MKG_VOCAB_INTERNAL_H

#include "base/hash.h"
#include "base/mem.h"
#include "lm/vocab.h"

/* ---- words (vocab_words.c): what is never joined across is cut here ---- */

typedef struct mkg__word_count {
    mkg_view text; /* in the arena */
    uint64_t n;
} mkg__word_count;

typedef struct mkg__word_counts {
    mkg__map index;
    mkg__word_count *at;
    size_t n, cap;
    mkg__arena arena;
} mkg__word_counts;
bool mkg__word_counts_add(mkg__word_counts *w, mkg_view text, uint64_t n);
void mkg__word_counts_clear(mkg__word_counts *w);

/* Count the words of a text; those of `names` (n, longest first), wherever they stand,
 * are words by themselves. Control tokens and citations are passed over. */
bool mkg__vocab_words(mkg_view text, const mkg_view *names, size_t n,
                      mkg__word_counts *out);

/* ---- byte-pair encoding (vocab_pairs.c) ---- */

/* Learn `most` pieces from the words, the best first, appended to `out` as its words
 * with how often they were seen. Characters that `chars` has not are never joined. */
mkg_status mkg__vocab_join(const mkg__word_counts *words, const mkg__word_counts *chars,
                           size_t most, mkg__word_counts *out, const mkg_vocab_opts *o,
                           mkg_err *err);

#endif
