/* What a constraint is made of: a machine that reads a text byte by byte. Internal. */
#ifndef MKG_AUTOMATON_H
#define MKG_AUTOMATON_H

#include "base/base.h"
#include "lm/constrain.h"

#include <stdbool.h>

/* States are numbers, made as they are needed. From MKG__DEAD no byte leads on. */
enum { MKG__DEAD = 0 };
#define MKG__BROKEN UINT32_MAX /* out of memory, or too ambiguous */

typedef struct mkg__automaton mkg__automaton;
struct mkg__automaton {
    uint32_t start;
    uint32_t (*step)(mkg__automaton *a, uint32_t state, unsigned char byte);
    bool (*accepts)(const mkg__automaton *a, uint32_t state);
    /* Forget states that are not needed: returns `state` by its new number, which
     * changed if all others have. May be NULL. MKG__BROKEN when out of memory. */
    uint32_t (*compact)(mkg__automaton *a, uint32_t state);
    void (*free)(mkg__automaton *a);
};

mkg_status mkg__grammar_new(mkg_view text, mkg__automaton **out, mkg_err *err);

/* A constraint that the machine, taken also on failure, is behind. */
mkg_status mkg__constraint_take(const mkg_lexicon *lex, mkg__automaton *a,
                                mkg_constraint **out, mkg_err *err);

#endif
