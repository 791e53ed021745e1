/* Things that a file describes piece by piece and in any order, by their ids: what
 * readers of ontologies, code systems and graphs fill. */
#ifndef MKG_CONCEPTS_INTERNAL_H
#define MKG_CONCEPTS_INTERNAL_H

#include "base/hash.h"
#include "import/import_internal.h"

/* ---- the table of prefixes and predicates: maps/ontologies.tsv, docs/formats.md ----
 */

typedef struct mkg__ontologies mkg__ontologies;

/* An empty table where the folder is NULL or has none. MKG_EPARSE with file and line.
 */
mkg_status mkg__ontologies_load(const char *maps, mkg__ontologies **out, mkg_err *err);
void mkg__ontologies_free(mkg__ontologies *o);

/* Node type of an id by its prefix, "" if the table says nothing. */
mkg_view mkg__ontologies_type(const mkg__ontologies *o, mkg_view id);
/* Node type of the things of a class, "" if the table has no row for it. */
mkg_view mkg__ontologies_class(const mkg__ontologies *o, mkg_view id);
/* May things of any type have the id as a code, whatever type it stands for? */
bool mkg__ontologies_shared(const mkg__ontologies *o, mkg_view id);
/* The relation that a predicate is, or "@name", "@alias", "@code", "@ignore" …; "" if
 * the table says nothing. */
mkg_view mkg__ontologies_predicate(const mkg__ontologies *o, mkg_view predicate);
/* The id without its long forms: an IRI of a known namespace as PREFIX:code, the name
 * of a code system as we write it, without the date of its release. Into `out`, which
 * is emptied first. */
mkg_status mkg__ontologies_id(const mkg__ontologies *o, mkg_view id, mkg__buf *out,
                              mkg_err *err);

/* ---- sayings: one statement of a file on one thing ---- */

typedef enum mkg__saying_kind {
    MKG_SAY_NAME,  /* text is the preferred name in lang */
    MKG_SAY_ALIAS, /* text is another name */
    MKG_SAY_CODE,  /* text is a code */
    MKG_SAY_FACT,  /* relation, object */
    MKG_SAY_TEXT   /* relation, text in lang */
} mkg__saying_kind;

typedef struct mkg__saying {
    mkg__saying_kind kind;
    mkg_lang lang;
    bool denied;
    mkg_id subject, relation, object; /* as mkg__concepts_id(), _relation() gave them */
    float weight;                     /* 0: none */
    mkg_view text;
    uint64_t line;
} mkg__saying;

/* They are kept in memory up to `memory` bytes, beyond it in a file without a name in
 * `folder`, both borrowed. */
typedef struct mkg__sayings {
    const char *folder;
    size_t memory;
    mkg__buf buf; /* not yet in the file */
    int fd;       /* -1: none */
    uint64_t filed;
    uint64_t at; /* reading */
    mkg__buf window;
    size_t window_at;
} mkg__sayings;

mkg_status mkg__sayings_put(mkg__sayings *s, const mkg__saying *what, mkg_err *err);
/* From the beginning; nothing may be put any more. */
void mkg__sayings_rewind(mkg__sayings *s);
/* MKG_END; the text is borrowed until the next call. */
mkg_status mkg__sayings_next(mkg__sayings *s, mkg__saying *out, mkg_err *err);
void mkg__sayings_clear(mkg__sayings *s);

/* ---- rings ---- */

typedef struct mkg__link {
    mkg_id from, to;
    uint64_t line;
} mkg__link;

typedef struct mkg__links {
    mkg__link *at;
    size_t n, cap;
} mkg__links;

mkg_status mkg__links_add(mkg__links *l, mkg_id from, mkg_id to, uint64_t line,
                          mkg_err *err);
void mkg__links_clear(mkg__links *l);

/* Tell of each link that closes a ring; ids go from 1 to `nodes`. Sorts the links. */
typedef void (*mkg__ring_fn)(void *ctx, const mkg__link *closing);
mkg_status mkg__links_rings(mkg__links *l, size_t nodes, mkg__ring_fn fn, void *ctx,
                            mkg_err *err);

/* ---- concepts ---- */

typedef struct mkg__concepts mkg__concepts;

mkg_status mkg__concepts_new(mkg__import *im, mkg__concepts **out, mkg_err *err);
void mkg__concepts_free(mkg__concepts *c);
const mkg__ontologies *mkg__concepts_table(const mkg__concepts *c);

/* The number of the thing that the file calls `id`, a CURIE, an IRI or a word of its
 * own: from 1, in the order of first use. */
mkg_status mkg__concepts_id(mkg__concepts *c, mkg_view id, mkg_id *out, mkg_err *err);

/* The file describes the thing here: it is no stub. A remark if it did before. */
mkg_status mkg__concepts_describe(mkg__concepts *c, mkg_id id, uint64_t line,
                                  mkg_err *err);
/* The same where a file says something of one thing in several places. */
void mkg__concepts_mention(mkg__concepts *c, mkg_id id, uint64_t line);
/* Its node type; without one the table's for its id, or "concept". */
mkg_status mkg__concepts_type(mkg__concepts *c, mkg_id id, mkg_view type, mkg_err *err);
/* The same from the class or kind that the file says it is of, "biolink:Disease",
 * "Side Effect": the table's type for it; without a row, that of the table for the id,
 * else a type of its own, "side_effect". */
mkg_status mkg__concepts_class(mkg__concepts *c, mkg_id id, mkg_view kind,
                               mkg_err *err);
/* What a file that does not describe it calls it in passing. */
mkg_status mkg__concepts_hint(mkg__concepts *c, mkg_id id, mkg_view name, mkg_err *err);
/* Its id is no code: a blank node, a word that means something in this file alone. */
void mkg__concepts_local(mkg__concepts *c, mkg_id id);
/* It is a predicate, no thing: what it is called names the relation. */
void mkg__concepts_property(mkg__concepts *c, mkg_id id);
mkg_view mkg__concepts_name_of(const mkg__concepts *c, mkg_id id); /* its id */
/* What it was called first, and in which language; "" if nothing was said yet. */
mkg_view mkg__concepts_called(const mkg__concepts *c, mkg_id id, mkg_lang *lang);
mkg_view mkg__concepts_hinted(const mkg__concepts *c, mkg_id id);
/* The node type that will be given, as far as it is known now. */
mkg_view mkg__concepts_type_of(const mkg__concepts *c, mkg_id id);

/* The number of a relation that the file calls `name`, and how the file names it for
 * people: that is its name if neither the table nor the vocabulary knows it. */
mkg_status mkg__concepts_relation(mkg__concepts *c, mkg_view name, mkg_id *out,
                                  mkg_err *err);
mkg_status mkg__concepts_relation_label(mkg__concepts *c, mkg_id relation,
                                        mkg_view label, mkg_err *err);
/* The relation is known elsewhere by this id, which the table may have. */
mkg_status mkg__concepts_relation_is(mkg__concepts *c, mkg_id relation, mkg_view id,
                                     mkg_err *err);

/* Text that is empty says nothing. Texts that cannot be a name, a code or UTF-8 are put
 * aside with their line at the end. */
mkg_status mkg__concepts_say(mkg__concepts *c, const mkg__saying *what, mkg_err *err);

/* A synonym: exact (`scope` NULL), a name; else a fact "broad_synonym" …, where
 * "related_synonym" is a name besides, as people search by it. */
mkg_status mkg__concepts_synonym(mkg__concepts *c, mkg_id id, const char *scope,
                                 mkg_view text, mkg_lang lang, uint64_t line,
                                 mkg_err *err);

/* Say what `predicate` (an id or a name) says of the thing: a fact with `object`, or
 * where that is 0 with `text`; a name, a code, nothing at all if the table has it so.
 */
mkg_status mkg__concepts_state(mkg__concepts *c, mkg_id subject, mkg_view predicate,
                               mkg_id object, mkg_view text, mkg_lang lang,
                               uint64_t line, mkg_err *err);

/* The same with the number of the predicate. */
mkg_status mkg__concepts_say_by(mkg__concepts *c, mkg_id subject, mkg_id predicate,
                                mkg_id object, mkg_view text, mkg_lang lang,
                                uint64_t line, mkg_err *err);

/* A text in a language that the store does not know: a name becomes an alias, and is
 * what the thing is called where it has no other. */
mkg_status mkg__concepts_foreign(mkg__concepts *c, mkg_id subject, mkg_id predicate,
                                 mkg_view text, uint64_t line, mkg_err *err);

/* What OBO calls xref: a code of the thing, or where the table gives that code another
 * type than the thing has, a fact "xref"; what is no code is a text. */
mkg_status mkg__concepts_xref(mkg__concepts *c, mkg_id id, mkg_view xref, uint64_t line,
                              mkg_err *err);

/* Something that a reader keeps from one file of a folder for the next: zeroed when it
 * is asked for first, cleared and freed with the concepts. NULL when out of memory. */
void *mkg__concepts_keep(mkg__concepts *c, size_t size, void (*clear)(void *));

/* Write it all. Things that are only referred to become stubs, which is told. */
mkg_status mkg__concepts_end(mkg__concepts *c, mkg_err *err);

/* ---- RDF: triples of whatever syntax ---- */

typedef struct mkg__rdf mkg__rdf;

mkg_status mkg__rdf_new(mkg__import *im, mkg__rdf **out, mkg_err *err);
void mkg__rdf_free(mkg__rdf *r);
/* The number of an IRI, or of a blank node by its label. */
mkg_status mkg__rdf_node(mkg__rdf *r, mkg_view iri, mkg_id *out, mkg_err *err);
mkg_status mkg__rdf_blank(mkg__rdf *r, mkg_view label, mkg_id *out, mkg_err *err);
mkg_status mkg__rdf_predicate(mkg__rdf *r, mkg_view iri, mkg_id *out, mkg_err *err);
/* One triple; `object` 0: a literal with `lang`, "" if it has none. */
mkg_status mkg__rdf_triple(mkg__rdf *r, mkg_id subject, mkg_id predicate, mkg_id object,
                           mkg_view text, mkg_view lang, uint64_t line, mkg_err *err);
/* Make facts of class expressions, and write it all. */
mkg_status mkg__rdf_end(mkg__rdf *r, mkg_err *err);

/* For reader: is `text` an IRI? */
bool mkg__is_iri(mkg_view text);

extern const mkg__format mkg__format_obo;
extern const mkg__format mkg__format_babelon;
extern const mkg__format mkg__format_obographs;
extern const mkg__format mkg__format_rdf;
extern const mkg__format mkg__format_owl;
extern const mkg__format mkg__format_hetionet;
extern const mkg__format mkg__format_kgx;
extern const mkg__format mkg__format_rrf;
extern const mkg__format mkg__format_rf2;
extern const mkg__format mkg__format_mesh;
extern const mkg__format mkg__format_claml;
extern const mkg__format mkg__format_icd10cm;
extern const mkg__format mkg__format_neo4j;
extern const mkg__format mkg__format_drkg;

#endif
