/* OBO Graphs, the JSON of OBO ontologies. Source:
 * https://github.com/geneontology/obographs */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg_id self;
    uint64_t line;
    mkg__buf scratch;
} reader;

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

static mkg_view text_of(const json_t *object, const char *key)
{
    mkg_view v = mkg__json_view(json_object_get(object, key));
    return v.ptr ? mkg__trim(v) : mkg__view("", 0);
}

/* A value may be a thing or a text: only an IRI is surely a thing. */
static mkg_status state(reader *r, mkg_view predicate, mkg_view value, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id object = 0;
    if (mkg__is_iri(value)) MKG_GO(mkg__concepts_id(r->c, value, &object, err));
    st = mkg__concepts_state(r->c, r->self, predicate, object, value, MKG_LANG_NONE,
                             r->line, err);
out:
    return st;
}

static mkg_status say(reader *r, const char *predicate, mkg_view text, mkg_err *err)
{
    return mkg__concepts_state(r->c, r->self, mkg__view(predicate, strlen(predicate)),
                               0, text, MKG_LANG_NONE, r->line, err);
}

/* "hasExactSynonym" is one of oboInOwl. */
static mkg_status add_synonym(reader *r, const json_t *v, mkg_err *err)
{
    mkg_view kind = text_of(v, "pred");
    r->scratch.len = 0;
    if (!memchr(kind.ptr, ':', kind.len)) mkg__buf_str(&r->scratch, "oboInOwl:");
    mkg__buf_put(&r->scratch, kind.ptr, kind.len);
    const char *predicate = mkg__buf_cstr(&r->scratch);
    return predicate ? say(r, predicate, text_of(v, "val"), err) : mkg__nomem(err);
}

/* "…/doid#DO_cancer_slim": the word behind the '#'. */
static mkg_status add_subset(reader *r, mkg_view iri, mkg_err *err)
{
    size_t i = iri.len;
    while (i > 0 && iri.ptr[i - 1] != '#')
        i--;
    return say(r, "subset", mkg__view(iri.ptr + i, iri.len - i), err);
}

static mkg_status add_meta(reader *r, const json_t *meta, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t i;
    const json_t *v;
    mkg_view text;

    MKG_GO(say(r, "description", text_of(json_object_get(meta, "definition"), "val"),
               err));
    json_array_foreach(json_object_get(meta, "comments"), i, v)
    {
        text = mkg__json_view(v);
        if (text.ptr) MKG_GO(say(r, "comment", text, err));
    }
    json_array_foreach(json_object_get(meta, "synonyms"), i, v)
        MKG_GO(add_synonym(r, v, err));
    json_array_foreach(json_object_get(meta, "xrefs"), i, v)
        MKG_GO(mkg__concepts_xref(r->c, r->self, text_of(v, "val"), r->line, err));
    json_array_foreach(json_object_get(meta, "subsets"), i, v)
    {
        text = mkg__json_view(v);
        if (text.ptr) MKG_GO(add_subset(r, text, err));
    }
    json_array_foreach(json_object_get(meta, "basicPropertyValues"), i, v)
        MKG_GO(state(r, text_of(v, "pred"), text_of(v, "val"), err));
    if (json_is_true(json_object_get(meta, "deprecated")))
        MKG_GO(say(r, "owl:deprecated", mkg__view("true", 4), err));
out:
    return st;
}

static mkg_status add_node(reader *r, const json_t *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view id = text_of(v, "id"), name = text_of(v, "lbl");
    if (id.len == 0) return complain(r, err, "a node without an id");
    if (mkg__view_is(text_of(v, "type"), "PROPERTY")) {
        mkg_id relation;
        MKG_GO(mkg__concepts_relation(r->c, id, &relation, err));
        st = mkg__concepts_relation_label(r->c, relation, name, err);
        goto out;
    }
    MKG_GO(mkg__concepts_id(r->c, id, &r->self, err));
    /* Graphs list what they only refer to as nodes, too, without a name. */
    if (name.len || json_object_get(v, "meta"))
        MKG_GO(mkg__concepts_describe(r->c, r->self, r->line, err));
    MKG_GO(say(r, "rdfs:label", name, err));
    st = add_meta(r, json_object_get(v, "meta"), err);
out:
    return st;
}

static mkg_status link_to(reader *r, const char *predicate, const json_t *id,
                          mkg_err *err)
{
    mkg_view v = mkg__json_view(id);
    mkg_id object;
    mkg_view none = {"", 0};
    if (!v.ptr || v.len == 0) return MKG_OK;
    mkg_status st = mkg__concepts_id(r->c, v, &object, err);
    return st < 0 ? st
                  : mkg__concepts_state(r->c, r->self,
                                        mkg__view(predicate, strlen(predicate)), object,
                                        none, MKG_LANG_NONE, r->line, err);
}

static mkg_status add_edge(reader *r, const json_t *v, mkg_err *err)
{
    mkg_view subject = text_of(v, "sub"), predicate = text_of(v, "pred");
    if (!subject.len || !predicate.len || !text_of(v, "obj").len)
        return complain(r, err, "an edge without \"sub\", \"pred\" or \"obj\"");
    /* Between relations, not between things. */
    if (mkg__view_is(predicate, "subPropertyOf") ||
        mkg__view_is(predicate, "inverseOf"))
        return MKG_OK;
    mkg_status st = mkg__concepts_id(r->c, subject, &r->self, err);
    return st < 0 ? st
                  : link_to(r, json_string_value(json_object_get(v, "pred")),
                            json_object_get(v, "obj"), err);
}

/* A = B and (r some C): A intersection_of B, A r C. */
static mkg_status add_definition(reader *r, const json_t *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view id = text_of(v, "definedClassId");
    size_t i;
    const json_t *x;
    if (id.len == 0) return complain(r, err, "a definition without \"definedClassId\"");
    MKG_GO(mkg__concepts_id(r->c, id, &r->self, err));
    json_array_foreach(json_object_get(v, "genusIds"), i, x)
        MKG_GO(link_to(r, "intersection_of", x, err));
    json_array_foreach(json_object_get(v, "restrictions"), i, x)
    {
        const char *predicate = json_string_value(json_object_get(x, "propertyId"));
        if (predicate)
            MKG_GO(link_to(r, predicate, json_object_get(x, "fillerId"), err));
    }
out:
    return st;
}

static mkg_status add_equals(reader *r, const json_t *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *ids = json_object_get(v, "nodeIds"), *x;
    mkg_view first = mkg__json_view(json_array_get(ids, 0));
    size_t i;
    if (!first.ptr || !first.len) return MKG_OK;
    MKG_GO(mkg__concepts_id(r->c, first, &r->self, err));
    json_array_foreach(ids, i, x) if (i > 0) MKG_GO(link_to(r, "same_as", x, err));
out:
    return st;
}

static const char *const through[] = {"graphs", NULL};
static const char *const wanted[] = {"nodes", "edges", "logicalDefinitionAxioms",
                                     "equivalentNodesSets", NULL};

static mkg_status add_value(void *ctx, const char *array, json_t *v, uint64_t line,
                            mkg_err *err)
{
    reader *r = ctx;
    static mkg_status (*const fn[])(reader *, const json_t *, mkg_err *) = {
        add_node, add_edge, add_definition, add_equals};
    r->line = line;
    for (size_t i = 0; wanted[i]; i++)
        if (strcmp(wanted[i], array) == 0) return fn[i](r, v, err);
    return MKG_OK;
}

static mkg_status read_obographs(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__values *values = NULL;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__values_of(im->s, through, wanted, &values, err));
    MKG_GO(mkg__values_each(values, im, add_value, &r, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__values_free(values);
    mkg__concepts_free(r.c);
    mkg__buf_clear(&r.scratch);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    static const char key[] = "\"graphs\"";
    (void)im;
    for (size_t i = 0; i < head.len && i < 4096; i++) {
        if (!strchr("{ \t\r\n\xef\xbb\xbf", head.ptr[i]) || !head.ptr[i])
            return head.len - i >= sizeof key &&
                           memcmp(head.ptr + i, key, sizeof key - 1) == 0
                       ? 95
                       : 0;
    }
    return 0;
}

const mkg__format mkg__format_obographs = {.name = "obographs",
                                           .recognise = recognise,
                                           .read = read_obographs,
                                           .folders = true};
