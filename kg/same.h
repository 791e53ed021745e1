/* Which nodes are one thing. Sources name the same thing in their own ways, and some
 * say so: a fact `same_as` (or what a vocabulary calls by another name,
 * skos:exactMatch) joins two nodes. Nothing is rewritten for it: each fact stays with
 * the node that its source names, and what joins goes with the source that says so. All
 * commands ask here what belongs together. */
#ifndef MKG_SAME_H
#define MKG_SAME_H

#include "kg/kg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The relation that joins, in the words of data/relations.tsv. */
#define MKG_SAME_AS "same_as"

/* More nodes than that are not one thing: something is wrong with the sources. */
enum { MKG_SAME_MAX = 256 };

/* The nodes that are the same thing as `node`, over any number of facts that are not
 * denied: itself first, then the others in the order of their ids. Appended; at most
 * MKG_SAME_MAX. */
MKG_API mkg_status mkg_kg_same(mkg_kg *kg, mkg_id node, mkg_ids *out, mkg_err *err);

/* Leave those ids out that are the same thing as one before them. */
MKG_API mkg_status mkg_kg_distinct(mkg_kg *kg, mkg_ids *ids, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
