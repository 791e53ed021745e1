/* Names of nothing: strings that a model cannot recall and so has to copy. */
#ifndef MKG_INVENT_H
#define MKG_INVENT_H

#include "base/mem.h"
#include "base/rng.h"
#include "lm/corpus_internal.h"

/* The characters that invented names are of. */
typedef struct mkg__inventor {
    uint32_t
        *own; /* Han characters of the corpus's names, as often as they stand there */
    size_t nown, cap;
    uint32_t *common; /* the 3,755 of GB 2312, level 1 */
    size_t ncommon;
} mkg__inventor;

mkg_status mkg__inventor_new(const mkg_corpus *c, mkg__inventor *out, mkg_err *err);
void mkg__inventor_clear(mkg__inventor *v);

/* Append a name in the language, the like of a thing of the type. */
void mkg__invent_name(const mkg__inventor *v, mkg_lang lang, const char *type,
                      mkg__rng *rng, mkg__buf *out);
/* The same for a relation's label, a source, and a dose with its unit and how often. */
void mkg__invent_label(const mkg__inventor *v, mkg_lang lang, mkg__rng *rng,
                       mkg__buf *out);
void mkg__invent_source(const mkg__inventor *v, mkg_lang lang, mkg__rng *rng,
                        mkg__buf *out);
/* A rate, a period, a price, a measured value. */
void mkg__invent_value(mkg_lang lang, mkg__rng *rng, mkg__buf *out);
void mkg__invent_dose(mkg_lang lang, mkg__rng *rng, mkg__buf *out);

#endif
