/* What triples of RDF, RDFS, SKOS and OWL say of things. Source for class expressions:
 * OWL 2 Mapping to RDF Graphs, https://www.w3.org/TR/owl2-mapping-to-rdf/ */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Predicates that have a meaning of their own, in this order in mkg__rdf.own. */
enum {
    TYPE,
    SUBCLASS,
    EQUIVALENT,
    ON_PROPERTY,
    SOME_VALUES,
    HAS_VALUE,
    INTERSECTION,
    UNION,
    FIRST,
    REST,
    LICENCE,
    OWN
};
static const char *const own_names[OWN] = {
    "rdf:type",           "rdfs:subClassOf", "owl:equivalentClass", "owl:onProperty",
    "owl:someValuesFrom", "owl:hasValue",    "owl:intersectionOf",  "owl:unionOf",
    "rdf:first",          "rdf:rest",        "dcterms:license"};

/* A part of a class expression. */
typedef struct part {
    mkg_id subject, object;
    int what;
    uint64_t line;
} part;

struct mkg__rdf {
    mkg__import *im;
    mkg__concepts *c;
    mkg_id own[OWN], is_a, intersection_of, union_of, nil;
    mkg__map classes; /* id of a class that says what kind a thing is -> KIND */
    bool *blank;      /* by number of the thing */
    size_t blanks_cap;
    part *parts; /* of blank nodes */
    size_t nparts, parts_cap;
    part *pending; /* subclass or equivalent of a blank node */
    size_t npending, pending_cap;
    uint64_t not_read; /* expressions */
    mkg__buf label;
};

/* What is NOT_A_THING is about the file: like a predicate it becomes no node. */
enum { THING = 1, PROPERTY, NOT_A_THING };

static const struct {
    const char *id;
    mkg_id kind;
} classes[] = {{"owl:Class", THING},
               {"rdfs:Class", THING},
               {"owl:NamedIndividual", THING},
               {"skos:Concept", THING},
               {"owl:ObjectProperty", PROPERTY},
               {"owl:DatatypeProperty", PROPERTY},
               {"owl:AnnotationProperty", PROPERTY},
               {"owl:TransitiveProperty", PROPERTY},
               {"owl:SymmetricProperty", PROPERTY},
               {"owl:FunctionalProperty", PROPERTY},
               {"owl:InverseFunctionalProperty", PROPERTY},
               {"owl:OntologyProperty", PROPERTY},
               {"rdf:Property", PROPERTY},
               {"owl:Ontology", NOT_A_THING},
               {"skos:ConceptScheme", NOT_A_THING},
               {"owl:Axiom", NOT_A_THING},
               {"owl:Restriction", NOT_A_THING},
               {"owl:AllDisjointClasses", NOT_A_THING},
               {"rdfs:Datatype", NOT_A_THING},
               {"rdf:List", NOT_A_THING}};

mkg_status mkg__rdf_new(mkg__import *im, mkg__rdf **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__rdf *r = mkg__calloc(1, sizeof *r);

    *out = NULL;
    if (!r) return mkg__nomem(err);
    r->im = im;
    MKG_GO(mkg__concepts_new(im, &r->c, err));
    for (size_t i = 0; i < OWN; i++)
        MKG_GO(mkg__concepts_relation(
            r->c, mkg__view(own_names[i], strlen(own_names[i])), &r->own[i], err));
    MKG_GO(mkg__concepts_relation(r->c, mkg__view("is_a", 4), &r->is_a, err));
    MKG_GO(mkg__concepts_relation(r->c, mkg__view("intersection_of", 15),
                                  &r->intersection_of, err));
    MKG_GO(mkg__concepts_relation(r->c, mkg__view("union_of", 8), &r->union_of, err));
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        mkg_id *slot = mkg__map_put(&r->classes, classes[i].id, strlen(classes[i].id));
        if (!slot) {
            st = mkg__nomem(err);
            goto out;
        }
        *slot = classes[i].kind;
    }
    *out = r;
    r = NULL;
out:
    mkg__rdf_free(r);
    return st;
}

void mkg__rdf_free(mkg__rdf *r)
{
    if (!r) return;
    mkg__concepts_free(r->c);
    mkg__map_clear(&r->classes);
    mkg__free(r->blank);
    mkg__free(r->parts);
    mkg__free(r->pending);
    mkg__buf_clear(&r->label);
    mkg__free(r);
}

static mkg_status note_blank(mkg__rdf *r, mkg_id id, bool blank, mkg_err *err)
{
    size_t had = r->blanks_cap;
    if (id >= had) {
        if (!mkg__grow(&r->blank, &r->blanks_cap, id + 1u, sizeof *r->blank))
            return mkg__nomem(err);
        memset(r->blank + had, 0, (r->blanks_cap - had) * sizeof *r->blank);
    }
    r->blank[id] = blank;
    return MKG_OK;
}

mkg_status mkg__rdf_node(mkg__rdf *r, mkg_view iri, mkg_id *out, mkg_err *err)
{
    mkg_status st = mkg__concepts_id(r->c, iri, out, err);
    return st < 0 ? st : note_blank(r, *out, false, err);
}

mkg_status mkg__rdf_blank(mkg__rdf *r, mkg_view label, mkg_id *out, mkg_err *err)
{
    r->label.len = 0;
    mkg__buf_str(&r->label, "_:");
    mkg__buf_put(&r->label, label.ptr, label.len);
    if (r->label.failed) return mkg__nomem(err);
    mkg_status st =
        mkg__concepts_id(r->c, mkg__view(r->label.ptr, r->label.len), out, err);
    if (st < 0) return st;
    mkg__concepts_local(r->c, *out);
    return note_blank(r, *out, true, err);
}

mkg_status mkg__rdf_predicate(mkg__rdf *r, mkg_view iri, mkg_id *out, mkg_err *err)
{
    return mkg__concepts_relation(r->c, iri, out, err);
}

static mkg_status add_part(part **at, size_t *n, size_t *cap, part p, mkg_err *err)
{
    if (!mkg__grow(at, cap, *n + 1, sizeof **at)) return mkg__nomem(err);
    (*at)[(*n)++] = p;
    return MKG_OK;
}

/* "A is of class B": a thing, a predicate, or something about the file. */
static mkg_status on_type(mkg__rdf *r, mkg_id subject, mkg_id object, uint64_t line,
                          mkg_err *err)
{
    mkg_view name = mkg__concepts_name_of(r->c, object), none = {"", 0};
    const mkg_id *kind = mkg__map_get(&r->classes, name.ptr, name.len);
    if (kind && *kind != THING) mkg__concepts_property(r->c, subject);
    if (kind) mkg__concepts_property(r->c, object); /* "owl:Class" is no thing itself */
    if (kind && *kind != THING) return MKG_OK;
    mkg__concepts_mention(r->c, subject, line);
    if (kind) return MKG_OK;
    mkg_view type = mkg__ontologies_class(mkg__concepts_table(r->c), name);
    if (type.len) return mkg__concepts_type(r->c, subject, type, err);
    return mkg__concepts_say_by(r->c, subject, r->own[TYPE], object, none,
                                MKG_LANG_NONE, line, err);
}

static mkg_status on_own(mkg__rdf *r, int what, mkg_id subject, mkg_id object,
                         uint64_t line, bool *done, mkg_err *err)
{
    part p = {subject, object, what, line};
    *done = true;
    switch (what) {
    case TYPE:
        return on_type(r, subject, object, line, err);
    case SUBCLASS:
    case EQUIVALENT:
        if (r->blank[object] && !r->blank[subject])
            return add_part(&r->pending, &r->npending, &r->pending_cap, p, err);
        break;
    case INTERSECTION:
    case UNION: /* said of a class itself: as if of a class that it equals */
        if (!r->blank[subject]) {
            mkg_status st =
                add_part(&r->pending, &r->npending, &r->pending_cap, p, err);
            return st;
        }
        return add_part(&r->parts, &r->nparts, &r->parts_cap, p, err);
    case ON_PROPERTY:
    case SOME_VALUES:
    case HAS_VALUE:
    case FIRST:
    case REST:
        if (r->blank[subject])
            return add_part(&r->parts, &r->nparts, &r->parts_cap, p, err);
        break;
    default:
        break;
    }
    *done = false;
    return MKG_OK;
}

/* The licence of the ontology is the source's. */
static mkg_status on_licence(mkg__rdf *r, mkg_id object, mkg_view text, mkg_err *err)
{
    if (object) text = mkg__concepts_name_of(r->c, object);
    if (r->im->opts->licence || text.len == 0 || text.len > 400) return MKG_OK;
    char *licence = mkg__viewdup(text);
    mkg_status st =
        licence ? mkg_writer_describe(r->im->w, NULL, licence, err) : mkg__nomem(err);
    mkg__free(licence);
    return st;
}

mkg_status mkg__rdf_triple(mkg__rdf *r, mkg_id subject, mkg_id predicate, mkg_id object,
                           mkg_view text, mkg_view lang, uint64_t line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_lang code = lang.len ? mkg__lang_parse(lang.ptr, lang.len) : MKG_LANG_NONE;
    bool done = false;

    for (int i = 0; object && i < LICENCE && !done; i++)
        if (predicate == r->own[i])
            MKG_GO(on_own(r, i, subject, object, line, &done, err));
    if (done) goto out;
    if (predicate == r->own[LICENCE]) return on_licence(r, object, text, err);
    mkg__concepts_mention(r->c, subject, line);
    /* A name in a language that the store does not know is an alias. */
    if (lang.len && code == MKG_LANG_NONE)
        st = mkg__concepts_foreign(r->c, subject, predicate, text, line, err);
    else
        st = mkg__concepts_say_by(r->c, subject, predicate, object, text, code, line,
                                  err);
out:
    return st;
}

/* ---- class expressions ---- */

static int by_subject(const void *a, const void *b)
{
    const part *x = a, *y = b;
    if (x->subject != y->subject) return x->subject < y->subject ? -1 : 1;
    if (x->what != y->what) return x->what - y->what;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* The part `what` of a blank node; 0 if it has none. */
static mkg_id part_of(const mkg__rdf *r, mkg_id subject, int what)
{
    size_t lo = 0, hi = r->nparts;
    part key = {subject, 0, what, 0};
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (by_subject(&r->parts[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->nparts && r->parts[lo].subject == subject &&
                   r->parts[lo].what == what
               ? r->parts[lo].object
               : 0;
}

static mkg_status fact(mkg__rdf *r, mkg_id subject, mkg_id relation, mkg_id object,
                       uint64_t line, mkg_err *err)
{
    mkg__saying s = {.kind = MKG_SAY_FACT,
                     .subject = subject,
                     .relation = relation,
                     .object = object,
                     .line = line};
    mkg__concepts_mention(r->c, subject, line);
    return mkg__concepts_say(r->c, &s, err);
}

enum { LIST_MAX = 10000, DEPTH_MAX = 4 };

/* "A is within x": a class, `p some C`, or a list of such. */
static mkg_status express(mkg__rdf *r, mkg_id subject, mkg_id x, mkg_id relation,
                          uint64_t line, int depth, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (!r->blank[x]) return fact(r, subject, relation, x, line, err);
    mkg_id property = part_of(r, x, ON_PROPERTY);
    mkg_id value = part_of(r, x, SOME_VALUES);
    if (!value) value = part_of(r, x, HAS_VALUE);
    mkg_id list = part_of(r, x, INTERSECTION), either = part_of(r, x, UNION);
    if (property && value && !r->blank[property] && !r->blank[value]) {
        mkg_id p;
        mkg_view name = mkg__concepts_name_of(r->c, property);
        mkg__concepts_property(r->c, property);
        MKG_GO(mkg__concepts_relation(r->c, name, &p, err));
        st = fact(r, subject, p, value, line, err);
    } else if ((list || either) && depth < DEPTH_MAX) {
        mkg_id how = either                ? r->union_of
                     : relation == r->is_a ? r->is_a
                                           : r->intersection_of;
        mkg_id at = list ? list : either;
        for (int n = 0; at && r->blank[at] && n < LIST_MAX; n++) {
            mkg_id member = part_of(r, at, FIRST);
            if (member) MKG_GO(express(r, subject, member, how, line, depth + 1, err));
            at = part_of(r, at, REST);
        }
    } else {
        r->not_read++;
    }
out:
    return st;
}

mkg_status mkg__rdf_end(mkg__rdf *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (r->nparts) qsort(r->parts, r->nparts, sizeof *r->parts, by_subject);
    for (size_t i = 0; i < r->npending; i++) {
        const part p = r->pending[i];
        if (p.what == INTERSECTION || p.what == UNION) {
            mkg_id at = p.object;
            for (int n = 0; at && r->blank[at] && n < LIST_MAX; n++) {
                mkg_id member = part_of(r, at, FIRST);
                if (member)
                    MKG_GO(express(r, p.subject, member,
                                   p.what == UNION ? r->union_of : r->intersection_of,
                                   p.line, 0, err));
                at = part_of(r, at, REST);
            }
            continue;
        }
        MKG_GO(express(r, p.subject, p.object,
                       p.what == SUBCLASS ? r->is_a : r->intersection_of, p.line, 0,
                       err));
    }
    if (r->not_read)
        mkg__import_remark(
            r->im, 0,
            "%llu class expression%s that %s not of the form 'p some C': "
            "left out",
            (unsigned long long)r->not_read, r->not_read == 1 ? "" : "s",
            r->not_read == 1 ? "is" : "are");
    st = mkg__concepts_end(r->c, err);
out:
    return st;
}
