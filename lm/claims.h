/* Does evidence support what a sentence claims? Internal; docs/generator.md tells the
 * rules. Works on any text, whoever wrote it. */
#ifndef MKG_CLAIMS_H
#define MKG_CLAIMS_H

#include "base/mem.h"
#include "retrieve/evidence.h"

typedef struct mkg__claims mkg__claims;

/* For answers from the first `pieces` of the evidence, which is borrowed. */
mkg_status mkg__claims_new(const mkg_evidence *e, size_t pieces, mkg__claims **out,
                           mkg_err *err);
void mkg__claims_free(mkg__claims *c);

/* Check a sentence, its citation marks replaced by blanks, that cites `n` pieces
 * (numbers from 1 to `pieces`). Sentences come in their order: what one names that is
 * kept, the next one need not. *why is NULL if the facts support it, else a static
 * string: "verdict", "other name", "subject", "object", "relation", "direction",
 * "negation" or "number", by what differs, or "place" if nothing does and the citations
 * are not `placed`, behind what they cite. With n = 0 it is supported only if it says
 * that something is missing that is, else "no citation". */
mkg_status mkg__claims_check(mkg__claims *c, mkg_view sentence, const size_t *cites,
                             size_t n, bool placed, const char **why, mkg_err *err);

/* Does the text in front of some citations name an end of each fact that they cite?
 * Numbers from 1 to `pieces`. */
mkg_status mkg__claims_near(mkg__claims *c, mkg_view text, const size_t *cites,
                            size_t n, bool *yes, mkg_err *err);

/* Is the sentence nothing but the beginning of an answer that says the evidence's
 * verdict, "Yes."? Then it belongs to the next one. */
bool mkg__claims_only_verdict(mkg__claims *c, mkg_view sentence);

/* For each of n bytes of a text: is it within a name of the evidence that holds a sign
 * at which sentences end? out (n). */
void mkg__claims_whole(const mkg__claims *c, mkg_view text, char *out);

#endif
