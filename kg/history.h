/* Versions of the graph: each import, replacement and removal is one. What a source
 * brought stays on the disk when the source is taken out, so that an earlier version
 * can be looked at and the last change undone, until mkg_kg_compact() clears it away.
 */
#ifndef MKG_HISTORY_H
#define MKG_HISTORY_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkg_change {
    MKG_CHANGE_IMPORT = 1, /* `added` came */
    MKG_CHANGE_REPLACE,    /* `added` came in the place of `removed` */
    MKG_CHANGE_REMOVE,     /* `removed` went */
    MKG_CHANGE_UNDO        /* version `undone` was taken back */
} mkg_change;

typedef struct mkg_version {
    uint64_t version; /* that the change made */
    mkg_change change;
    uint64_t time; /* seconds since 1970, UTC */
    mkg_id added, removed;
    uint64_t undone;
    /* Facts that came, went, and that have another weight, grade, population. */
    uint64_t facts_added, facts_removed, facts_changed;
} mkg_version;

MKG_API const char *mkg_change_name(mkg_change c); /* "import", … */

/* Walk over the versions, oldest first: *version is the one before (0 to start).
 * MKG_END at the end. */
MKG_API mkg_status mkg_kg_next_version(mkg_kg *kg, uint64_t *version, mkg_version *out,
                                       mkg_err *err);

/* Look at the graph as it was at `version` (0: the newest): nodes, names, facts and
 * sources that were not part of it are not found. Views handed out before are no longer
 * valid. mkg_kg_renew() goes back to the newest.
 * MKG_NOTFOUND: there is no such version, or it has been compacted. */
MKG_API mkg_status mkg_kg_as_of(mkg_kg *kg, uint64_t version, mkg_err *err);

/* Name and file of a source that may have been taken out; MKG_NOTFOUND once compacted.
 */
MKG_API mkg_status mkg_kg_any_source(mkg_kg *kg, mkg_id id, mkg_source *out,
                                     mkg_err *err);

/* Take out all that a source brought; what another source states, too, stays. `kg` is
 * open for writing. MKG_NOTFOUND if the source is not part of the graph. */
MKG_API mkg_status mkg_kg_remove(mkg_kg *kg, mkg_id source, mkg_version *out,
                                 mkg_err *err);

/* Take back the last change that has not been taken back. MKG_NOTFOUND if there is
 * none, or if what it needs has been compacted. */
MKG_API mkg_status mkg_kg_undo(mkg_kg *kg, mkg_version *out, mkg_err *err);

/* Clear away what sources brought that were taken out before `time` (seconds since
 * 1970, UTC). Versions before that can no longer be looked at, nor undone. */
typedef struct mkg_compacted {
    uint64_t sources, facts, nodes;
} mkg_compacted;
MKG_API mkg_status mkg_kg_compact(mkg_kg *kg, uint64_t time, mkg_compacted *out,
                                  mkg_err *err);

/* How long what was taken out is kept, as a setting of the store: days, MKG_KEEP_UNSET
 * if nobody set any. With it, mkg_kg_tidy() does after a change what the setting says.
 */
#define MKG_KEEP_UNSET UINT64_MAX
enum { MKG_KEEP_MAX = 100000 };
MKG_API mkg_status mkg_kg_keep(mkg_kg *kg, uint64_t *days, mkg_err *err);
/* MKG_EARG for more than MKG_KEEP_MAX days. MKG_KEEP_UNSET takes the setting away. */
MKG_API mkg_status mkg_kg_set_keep(mkg_kg *kg, uint64_t days, mkg_err *err);
/* Compact as the setting says; nothing, without one. */
MKG_API mkg_status mkg_kg_tidy(mkg_kg *kg, mkg_compacted *out, mkg_err *err);

/* ---- what differs between two sources ---- */

typedef enum mkg_difference {
    MKG_DIFF_ADDED,
    MKG_DIFF_REMOVED,
    MKG_DIFF_CHANGED
} mkg_difference;

/* A fact that one source states and the other does not, or states otherwise. `before`
 * and `after` are the two attributions, NULL where there is none. Return non-zero to
 * stop. */
typedef int (*mkg_diff_fn)(void *ctx, mkg_kg *kg, mkg_difference what,
                           const mkg_fact *f, const mkg_attribution *before,
                           const mkg_attribution *after);

typedef struct mkg_diff_counts {
    uint64_t added, removed, changed, same;
} mkg_diff_counts;

/* Compare what two sources state, fact by fact: statements by their nodes, so that both
 * must have been part of the graph at one time (a replacement and what it replaced
 * are). `fn` may be NULL. MKG_ECANCEL if it stopped. */
MKG_API mkg_status mkg_kg_diff(mkg_kg *kg, mkg_id before, mkg_id after, mkg_diff_fn fn,
                               void *ctx, mkg_diff_counts *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
