/* A text in parts, as a machine that reads it byte by byte: strings, choices, and items
 * of which each may be used once. Internal; what lm/ground.c is made of.
 *
 * Parts are made from the end of the text to its beginning, as each is told what
 * follows it. The machine follows all ways through the parts at once (Thompson, CACM
 * 1968), each with its own set of items that were used; what it meets is numbered and
 * remembered. */
#ifndef MKG_PATTERN_H
#define MKG_PATTERN_H

#include "base/mem.h"
#include "lm/automaton.h"

typedef struct mkg__pattern mkg__pattern;

enum { MKG__PATTERN_ITEMS = 64 };

mkg__pattern *mkg__pattern_new(void); /* NULL when out of memory */
void mkg__pattern_free(mkg__pattern *p);

/* Each gives the part's number, or 0 when out of memory; a part that follows 0 is 0
 * too, so that the last number alone need be looked at. */

/* The text may end here. */
uint32_t mkg__pattern_end(mkg__pattern *p);
/* These bytes (copied; may be none), then `next`. */
uint32_t mkg__pattern_text(mkg__pattern *p, mkg_view s, uint32_t next);
/* Any of the parts that mkg__pattern_also() adds; they may be made later. */
uint32_t mkg__pattern_choice(mkg__pattern *p);
bool mkg__pattern_also(mkg__pattern *p, uint32_t choice, uint32_t next);
/* Goes on only if item `i` (below MKG__PATTERN_ITEMS) was not used, and uses it. */
uint32_t mkg__pattern_use(mkg__pattern *p, unsigned i, uint32_t next);
/* Goes on only if one of these items, a bit each, was not used. */
uint32_t mkg__pattern_left(mkg__pattern *p, uint64_t items, uint32_t next);

/* The machine for the text that begins with part `start`. Takes `p`, also on failure.
 */
mkg_status mkg__pattern_automaton(mkg__pattern *p, uint32_t start, mkg__automaton **out,
                                  mkg_err *err);

#endif
