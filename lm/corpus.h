/* What examples are made from: things, relations and facts of a graph, copied from a
 * store by whoever has one (cli/lm_corpus.c), so that lm/ needs none. */
#ifndef MKG_CORPUS_H
#define MKG_CORPUS_H

#include "base/base.h"
#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_corpus mkg_corpus;

enum { MKG_CORPUS_LANGS = 2 }; /* 0 Chinese, 1 English */

/* One direction of a relation in each language; "" where there is nothing. */
typedef struct mkg_corpus_direction {
    const char *name;
    const char *label[MKG_CORPUS_LANGS], *sentence[MKG_CORPUS_LANGS],
        *phrases[MKG_CORPUS_LANGS]; /* as in mkg_relation */
} mkg_corpus_direction;

typedef struct mkg_corpus_relation {
    mkg_corpus_direction forward, back; /* back.name "": it has no inverse */
    bool symmetric, literal;
} mkg_corpus_relation;

#define MKG_CORPUS_NONE UINT32_MAX

typedef struct mkg_corpus_fact {
    uint32_t subject, relation, object; /* object MKG_CORPUS_NONE: the literal */
    const char *literal;
    mkg_lang literal_lang;
    bool denied;
    const char *source, *grade, *population; /* "" if there is none */
} mkg_corpus_fact;

MKG_API mkg_corpus *mkg_corpus_new(void); /* NULL when out of memory */
MKG_API void mkg_corpus_free(mkg_corpus *c);

/* Strings are copied. A thing's names: "" in a language in which it has none. Numbers
 * of things and relations count from 0. After a put that ran out of memory
 * mkg_corpus_finish() says so. */
MKG_API uint32_t mkg_corpus_put_thing(mkg_corpus *c, const char *type, const char *zh,
                                      const char *en);
MKG_API void mkg_corpus_put_alias(mkg_corpus *c, uint32_t thing, mkg_lang lang,
                                  const char *alias);
MKG_API uint32_t mkg_corpus_put_relation(mkg_corpus *c, const mkg_corpus_relation *r);
MKG_API void mkg_corpus_put_fact(mkg_corpus *c, const mkg_corpus_fact *f);
/* Sort; nothing can be put afterwards. MKG_EARG for a fact whose thing or relation does
 * not exist. */
MKG_API mkg_status mkg_corpus_finish(mkg_corpus *c, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
