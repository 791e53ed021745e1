/* RDF/XML, the form in which OWL ontologies are published. Source:
 * https://www.w3.org/TR/rdf-syntax-grammar/ */
#include "import/concepts_internal.h"
#include "import/xml_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define XML "http://www.w3.org/XML/1998/namespace"

typedef enum kind {
    ROOT,
    NODE,       /* of a thing */
    PROPERTY,   /* of a thing, with a text or another thing in it */
    COLLECTION, /* a property with a list of things in it */
    MARKUP      /* XML that is a text: section 2.8 */
} kind;

typedef struct frame {
    kind kind;
    mkg_id subject, predicate;
    mkg_id tail; /* of the list */
    bool done;   /* the property has its object */
    uint64_t line, members;
    char lang[16];
} frame;

typedef struct reader {
    mkg__import *im;
    mkg__rdf *rdf;
    mkg__map nodes, predicates; /* IRI -> number */
    frame *open;
    size_t depth, cap;
    mkg_id type, first, rest, nil;
    uint64_t line, blanks;
    mkg__buf base, iri, text;
} reader;

/* ---- IRIs ---- */

static mkg_status predicate(reader *r, mkg_view iri, mkg_id *out, mkg_err *err)
{
    mkg_id *slot = mkg__map_put(&r->predicates, iri.ptr, iri.len);
    if (!slot) return mkg__nomem(err);
    mkg_status st = MKG_OK;
    if (*slot == MKG_ID_NONE) st = mkg__rdf_predicate(r->rdf, iri, slot, err);
    *out = *slot;
    return st;
}

static mkg_status node(reader *r, mkg_view iri, mkg_id *out, mkg_err *err)
{
    mkg_id *slot = mkg__map_put(&r->nodes, iri.ptr, iri.len);
    if (!slot) return mkg__nomem(err);
    mkg_status st = MKG_OK;
    if (*slot == MKG_ID_NONE) st = mkg__rdf_node(r->rdf, iri, slot, err);
    *out = *slot;
    return st;
}

/* Name of an element or attribute as an IRI, borrowed until the next call. */
static mkg_view whole_name(reader *r, mkg_view ns, mkg_view name)
{
    r->iri.len = 0;
    mkg__buf_put(&r->iri, ns.ptr, ns.len);
    mkg__buf_put(&r->iri, name.ptr, name.len);
    return mkg__view(r->iri.ptr ? r->iri.ptr : "", r->iri.len);
}

static bool is_absolute(mkg_view iri)
{
    for (size_t i = 0; i < iri.len; i++) {
        if (iri.ptr[i] == ':') return i > 0;
        if (strchr("/?#", iri.ptr[i])) return false;
    }
    return false;
}

/* Against the base: what begins with '#' belongs to it, all else to its folder. */
static mkg_view resolve(reader *r, const char *in_front, mkg_view iri)
{
    if (!*in_front && is_absolute(iri)) return iri;
    size_t n = r->base.len;
    bool own = *in_front || iri.len == 0 || iri.ptr[0] == '#';
    while (!own && n > 0 && r->base.ptr[n - 1] != '/')
        n--;
    r->iri.len = 0;
    mkg__buf_put(&r->iri, r->base.ptr, n);
    mkg__buf_str(&r->iri, in_front);
    mkg__buf_put(&r->iri, iri.ptr, iri.len);
    return mkg__view(r->iri.ptr ? r->iri.ptr : "", r->iri.len);
}

static mkg_status new_blank(reader *r, mkg_id *out, mkg_err *err)
{
    char label[32];
    int n = snprintf(label, sizeof label, "g%llu", (unsigned long long)++r->blanks);
    return mkg__rdf_blank(r->rdf, mkg__view(label, (size_t)n), out, err);
}

static mkg_status named_blank(reader *r, mkg_view label, mkg_id *out, mkg_err *err)
{
    r->iri.len = 0;
    mkg__buf_str(&r->iri, "n"); /* never the label of a new one */
    mkg__buf_put(&r->iri, label.ptr, label.len);
    return mkg__rdf_blank(r->rdf, mkg__view(r->iri.ptr, r->iri.len), out, err);
}

static mkg_status link_to(reader *r, mkg_id s, mkg_id p, mkg_id o, mkg_err *err)
{
    mkg_view none = {"", 0};
    return mkg__rdf_triple(r->rdf, s, p, o, none, none, r->line, err);
}

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

/* ---- elements ---- */

static mkg_status push(reader *r, kind k, mkg_id subject, mkg_err *err)
{
    if (!mkg__grow(&r->open, &r->cap, r->depth + 1, sizeof *r->open))
        return mkg__nomem(err);
    frame *f = &r->open[r->depth++];
    memset(f, 0, sizeof *f);
    f->kind = k;
    f->subject = subject;
    f->line = r->line;
    if (r->depth > 1) memcpy(f->lang, f[-1].lang, sizeof f->lang);
    return MKG_OK;
}

static mkg_view rdf_attribute(const mkg__attribute *a, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (mkg__view_is(a[i].ns, RDF) && mkg__view_is(a[i].name, name))
            return a[i].value;
    return mkg__view(NULL, 0);
}

/* xml:lang and xml:base, for the element that was just opened. */
static void settings(reader *r, const mkg__attribute *a, size_t n)
{
    frame *f = &r->open[r->depth - 1];
    for (size_t i = 0; i < n; i++) {
        if (!mkg__view_is(a[i].ns, XML)) continue;
        if (mkg__view_is(a[i].name, "lang"))
            snprintf(f->lang, sizeof f->lang, "%.*s", (int)a[i].value.len,
                     a[i].value.ptr);
        if (mkg__view_is(a[i].name, "base")) {
            const char *hash = memchr(a[i].value.ptr, '#', a[i].value.len);
            r->base.len = 0;
            mkg__buf_put(&r->base, a[i].value.ptr,
                         hash ? (size_t)(hash - a[i].value.ptr) : a[i].value.len);
        }
    }
}

/* Attributes that are properties with a text. */
static mkg_status attribute_properties(reader *r, mkg_id subject,
                                       const mkg__attribute *a, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *code = r->depth ? r->open[r->depth - 1].lang : "";
    mkg_id p, o;
    for (size_t i = 0; i < n; i++) {
        if (mkg__view_is(a[i].ns, RDF) && mkg__view_is(a[i].name, "type")) {
            MKG_GO(node(r, resolve(r, "", a[i].value), &o, err));
            MKG_GO(link_to(r, subject, r->type, o, err));
            continue;
        }
        if (mkg__view_is(a[i].ns, RDF) || mkg__view_is(a[i].ns, XML) || !a[i].ns.len)
            continue;
        MKG_GO(predicate(r, whole_name(r, a[i].ns, a[i].name), &p, err));
        MKG_GO(mkg__rdf_triple(r->rdf, subject, p, 0, a[i].value,
                               mkg__view(code, strlen(code)), r->line, err));
    }
out:
    return st;
}

/* Another member of the list of a collection. */
static mkg_status add_member(reader *r, frame *f, mkg_id member, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id cell;
    MKG_GO(new_blank(r, &cell, err));
    if (f->tail)
        MKG_GO(link_to(r, f->tail, r->rest, cell, err));
    else
        MKG_GO(link_to(r, f->subject, f->predicate, cell, err));
    f->tail = cell;
    st = link_to(r, cell, r->first, member, err);
out:
    return st;
}

static mkg_status start_node(reader *r, mkg_view ns, mkg_view name,
                             const mkg__attribute *a, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id subject, class;
    mkg_view about = rdf_attribute(a, n, "about"), id = rdf_attribute(a, n, "ID");
    mkg_view label = rdf_attribute(a, n, "nodeID");
    frame *up = r->depth ? &r->open[r->depth - 1] : NULL;

    if (about.ptr)
        MKG_GO(node(r, resolve(r, "", about), &subject, err));
    else if (id.ptr)
        MKG_GO(node(r, resolve(r, "#", id), &subject, err));
    else if (label.ptr)
        MKG_GO(named_blank(r, label, &subject, err));
    else
        MKG_GO(new_blank(r, &subject, err));
    if (up && up->kind == COLLECTION) MKG_GO(add_member(r, up, subject, err));
    if (up && up->kind == PROPERTY) {
        MKG_GO(link_to(r, up->subject, up->predicate, subject, err));
        up->done = true;
    }
    MKG_GO(push(r, NODE, subject, err));
    settings(r, a, n);
    if (!mkg__view_is(ns, RDF) || !mkg__view_is(name, "Description")) {
        MKG_GO(node(r, whole_name(r, ns, name), &class, err));
        MKG_GO(link_to(r, subject, r->type, class, err));
    }
    st = attribute_properties(r, subject, a, n, err);
out:
    return st;
}

static bool has_properties(const mkg__attribute *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].ns.len && !mkg__view_is(a[i].ns, RDF) && !mkg__view_is(a[i].ns, XML))
            return true;
    return false;
}

static mkg_status start_property(reader *r, mkg_view ns, mkg_view name,
                                 const mkg__attribute *a, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    frame *up = &r->open[r->depth - 1];
    mkg_id subject = up->subject, p, object = 0;
    mkg_view resource = rdf_attribute(a, n, "resource");
    mkg_view label = rdf_attribute(a, n, "nodeID");
    mkg_view parse = rdf_attribute(a, n, "parseType");
    char member[32];

    if (mkg__view_is(ns, RDF) && mkg__view_is(name, "li")) {
        int k =
            snprintf(member, sizeof member, "_%llu", (unsigned long long)++up->members);
        name = mkg__view(member, (size_t)k);
    }
    MKG_GO(predicate(r, whole_name(r, ns, name), &p, err));
    if (resource.ptr)
        MKG_GO(node(r, resolve(r, "", resource), &object, err));
    else if (label.ptr)
        MKG_GO(named_blank(r, label, &object, err));
    else if (has_properties(a, n) || (parse.ptr && mkg__view_is(parse, "Resource")))
        MKG_GO(new_blank(r, &object, err));
    if (object) {
        MKG_GO(link_to(r, subject, p, object, err));
        MKG_GO(attribute_properties(r, object, a, n, err));
    }
    kind k = !parse.ptr                          ? PROPERTY
             : mkg__view_is(parse, "Resource")   ? NODE
             : mkg__view_is(parse, "Collection") ? COLLECTION
                                                 : MARKUP;
    MKG_GO(push(r, k, k == NODE ? object : subject, err));
    settings(r, a, n);
    r->open[r->depth - 1].predicate = p;
    r->open[r->depth - 1].done = object != 0;
    r->text.len = 0;
out:
    return st;
}

static mkg_status on_start(void *ctx, mkg_view ns, mkg_view name,
                           const mkg__attribute *a, size_t n, mkg_err *err)
{
    reader *r = ctx;
    mkg_status st = MKG_OK;
    const frame *up = r->depth ? &r->open[r->depth - 1] : NULL;
    if (up && up->kind == MARKUP) {
        MKG_GO(push(r, MARKUP, 0, err));
        r->open[r->depth - 1].done = true; /* of the text around it */
    } else if (up && up->kind == NODE) {
        if (ns.len == 0) {
            MKG_GO(complain(r, err, "a property without a namespace: left out"));
            MKG_GO(push(r, MARKUP, 0, err));
            r->open[r->depth - 1].done = true;
        } else {
            st = start_property(r, ns, name, a, n, err);
        }
    } else if (!up && mkg__view_is(ns, RDF) && mkg__view_is(name, "RDF")) {
        MKG_GO(push(r, ROOT, 0, err));
        settings(r, a, n);
    } else {
        st = start_node(r, ns, name, a, n, err);
    }
out:
    return st;
}

static mkg_status on_end(void *ctx, mkg_err *err)
{
    reader *r = ctx;
    const frame f = r->open[--r->depth];
    uint64_t line = r->line;
    mkg_status st = MKG_OK;
    r->line = f.line;
    if ((f.kind == PROPERTY || f.kind == MARKUP) && !f.done) {
        st = mkg__rdf_triple(r->rdf, f.subject, f.predicate, 0,
                             mkg__view(r->text.ptr ? r->text.ptr : "", r->text.len),
                             mkg__view(f.lang, strlen(f.lang)), f.line, err);
    } else if (f.kind == COLLECTION) {
        st = f.tail ? link_to(r, f.tail, r->rest, r->nil, err)
                    : link_to(r, f.subject, f.predicate, r->nil, err);
    }
    r->line = line;
    return st;
}

static mkg_status on_text(void *ctx, mkg_view text, mkg_err *err)
{
    reader *r = ctx;
    const frame *f = r->depth ? &r->open[r->depth - 1] : NULL;
    if (!f || (f->kind != PROPERTY && f->kind != MARKUP)) return MKG_OK;
    mkg__buf_put(&r->text, text.ptr, text.len);
    return r->text.failed ? mkg__nomem(err) : MKG_OK;
}

static mkg_status read_owl(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    static const mkg__xml_handler handler = {on_start, on_end, on_text};
    reader r = {.im = im};

    MKG_GO(mkg__rdf_new(im, &r.rdf, err));
    mkg__buf_str(&r.base, "file:///");
    MKG_GO(predicate(&r, mkg__view(RDF "type", sizeof RDF + 3), &r.type, err));
    MKG_GO(predicate(&r, mkg__view(RDF "first", sizeof RDF + 4), &r.first, err));
    MKG_GO(predicate(&r, mkg__view(RDF "rest", sizeof RDF + 3), &r.rest, err));
    MKG_GO(node(&r, mkg__view(RDF "nil", sizeof RDF + 2), &r.nil, err));
    MKG_GO(mkg__xml_read(im, &handler, &r, &r.line, err));
    if (r.iri.failed || r.base.failed) {
        st = mkg__nomem(err);
        goto out;
    }
    st = mkg__rdf_end(r.rdf, err);
out:
    mkg__rdf_free(r.rdf);
    mkg__map_clear(&r.nodes);
    mkg__map_clear(&r.predicates);
    mkg__free(r.open);
    mkg__buf_clear(&r.base);
    mkg__buf_clear(&r.iri);
    mkg__buf_clear(&r.text);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return mkg__xml_begins(head, "rdf:RDF") ? 92 : 0;
}

const mkg__format mkg__format_owl = {
    .name = "owl", .recognise = recognise, .read = read_owl};
