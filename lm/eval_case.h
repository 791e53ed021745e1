/* A case for measuring answers, read from a line of JSON. Internal. */
#ifndef MKG_EVAL_CASE_H
#define MKG_EVAL_CASE_H

#include "base/json.h"
#include "retrieve/evidence.h"

typedef struct mkg__case {
    json_t *json; /* the strings of the evidence live in it and in the arena */
    mkg_evidence e;
    const char *kind, *answer; /* "" if there is none */
    size_t *gold;              /* numbers of pieces, from 1 */
    size_t ngold;
} mkg__case;

/* MKG_EPARSE with what is wrong. mkg__case_clear() it, also after a failure. */
mkg_status mkg__case_read(mkg_view line, const char *file, uint64_t number,
                          mkg__case *out, mkg_err *err);
void mkg__case_clear(mkg__case *c);

#endif
