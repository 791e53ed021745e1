/* Cases of an evaluation by a property of theirs. */
#ifndef MKG_EVAL_INTERNAL_H
#define MKG_EVAL_INTERNAL_H

#include "retrieve/retrieve.h"

/* The part of that name, made if there is room for it; NULL if not. `group` is static.
 */
mkg_eval_part *mkg__part(mkg_eval_part *parts, size_t *n, const char *group,
                         const char *name);
/* A case whose answer came at `rank`, 0 for never; NULL is nothing. */
void mkg__part_count(mkg_eval_part *p, size_t rank);
/* Sums become shares. */
void mkg__part_finish(mkg_eval_part *p);

#endif
