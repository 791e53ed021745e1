/* The corpus as the generator reads it. */
#ifndef MKG_CORPUS_INTERNAL_H
#define MKG_CORPUS_INTERNAL_H

#include "base/mem.h"
#include "lm/corpus.h"

typedef struct mkg__thing {
    const char *type, *name[MKG_CORPUS_LANGS];
    const char **aliases[MKG_CORPUS_LANGS];
    size_t naliases[MKG_CORPUS_LANGS], cap[MKG_CORPUS_LANGS];
    uint64_t hash; /* of its names: which split it belongs to */
    size_t first_group, ngroups;
} mkg__thing;

/* Facts of one thing in one direction of one relation: 2 * relation, + 1 read
 * backwards. */
typedef struct mkg__group {
    uint32_t thing, direction;
    size_t first, n; /* in corpus->order */
} mkg__group;

struct mkg_corpus {
    mkg__thing *things;
    mkg_corpus_relation *relations;
    mkg_corpus_fact *facts;
    mkg__group *groups; /* by thing, then direction */
    uint32_t *order;    /* facts of the groups */
    size_t nthings, nrelations, nfacts, ngroups;
    size_t cap_things, cap_relations, cap_facts, cap_groups;
    mkg__arena arena;
    bool failed;
};

/* The direction's names and labels. A symmetric relation has the same both ways. */
static inline const mkg_corpus_direction *mkg__direction(const mkg_corpus *c,
                                                         uint32_t direction)
{
    const mkg_corpus_relation *r = &c->relations[direction / 2];
    return direction % 2 && !r->symmetric ? &r->back : &r->forward;
}

static inline size_t mkg__lang_index(mkg_lang lang)
{
    return lang == MKG_LANG_EN;
}

#endif
