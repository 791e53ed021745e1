/* N-Triples, https://www.w3.org/TR/n-triples/. What a source denies is an
 * owl:NegativePropertyAssertion: it never stands there as the triple itself. */
#include "kg/export_internal.h"

#include <string.h>

#define RDF  "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define SKOS "http://www.w3.org/2004/02/skos/core#"
#define OWL  "http://www.w3.org/2002/07/owl#"
#define PROV "http://www.w3.org/ns/prov#"
#define DCT  "http://purl.org/dc/terms/"
#define XSD  "http://www.w3.org/2001/XMLSchema#"
#define OURS "urn:medkg:"

static void put_literal(mkg__buf *b, mkg_view v)
{
    mkg__buf_byte(b, '"');
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        static const char plain[] = "\t\b\n\r\f\"\\", escaped[] = "tbnrf\"\\";
        const char *p = c ? strchr(plain, c) : NULL;
        if (p)
            mkg__buf_printf(b, "\\%c", escaped[p - plain]);
        else if (c < 0x20 || c == 0x7f)
            mkg__buf_printf(b, "\\u%04X", c);
        else
            mkg__buf_byte(b, c);
    }
    mkg__buf_byte(b, '"');
}

static void put_text(mkg__buf *b, mkg_view v, mkg_lang lang)
{
    put_literal(b, v);
    if (lang != MKG_LANG_NONE) mkg__buf_printf(b, "@%s", mkg_lang_name(lang));
}

/* <subject> <predicate> "text"@lang . */
static void say_text(mkg__buf *b, const char *subject, const char *predicate,
                     mkg_view v, mkg_lang lang)
{
    if (v.len == 0) return;
    mkg__buf_printf(b, "%s <%s> ", subject, predicate);
    put_text(b, v, lang);
    mkg__buf_str(b, " .\n");
}

static void say(mkg__buf *b, const char *subject, const char *predicate,
                const char *object)
{
    mkg__buf_printf(b, "%s <%s> %s .\n", subject, predicate, object);
}

/* "<urn:medkg:KIND:NAME>" */
static void put_urn(mkg__buf *b, const char *kind, mkg_view name)
{
    mkg__buf_printf(b, "<" OURS "%s:", kind);
    mkg__export_percent(b, name);
    mkg__buf_byte(b, '>');
}

/* The IRI of a node into `t`. */
static mkg_status node_term(mkg__export *x, mkg_id id, mkg__buf *t, mkg_err *err)
{
    mkg__ref ref;
    size_t from = x->out.len;
    mkg_status st = mkg__export_ref(x, id, &ref, err);
    if (st >= 0) st = mkg__export_urn(x, &ref, err);
    if (st < 0) return st;
    t->len = 0;
    mkg__buf_str(t, "<" OURS);
    mkg__buf_put(t, x->out.ptr + from, x->out.len - from);
    mkg__buf_byte(t, '>');
    x->out.len = from;
    return mkg__buf_cstr(t) ? MKG_OK : mkg__nomem(err);
}

static mkg_status put_node(mkg__export *x, const mkg_node *node, mkg__labels *l,
                           mkg__buf *t, mkg_err *err)
{
    mkg_status st;
    mkg__buf *b = &x->out;

    MKG_GO(node_term(x, node->id, t, err));
    const char *self = t->ptr;
    mkg__buf_printf(b, "%s <" RDF "type> ", self);
    put_urn(b, "type", node->type);
    mkg__buf_str(b, " .\n");
    MKG_GO(mkg__export_labels(node, l, err));
    for (size_t i = 0; i < l->n; i++)
        say_text(b, self,
                 l->at[i].kind == MKG_ENTRY_NAME ? RDFS "label" : SKOS "altLabel",
                 l->at[i].text, l->at[i].lang);
    for (size_t i = 0; i < l->ncodes; i++)
        say_text(b, self, SKOS "notation", l->codes[i], MKG_LANG_NONE);
    x->result->nodes++;
out:
    return st;
}

static mkg_status put_nodes(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg__labels l = {0};
    mkg__buf t = {0};
    mkg_id id = 0;

    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK)
        MKG_GO(put_node(x, &node, &l, &t, err));
out:
    mkg__labels_clear(&l);
    mkg__buf_clear(&t);
    return st;
}

static void put_relations(mkg__export *x)
{
    static const char *const kinds[] = {OWL "ObjectProperty", OWL "DatatypeProperty"};
    mkg__buf self = {0};

    for (size_t i = 0; i < mkg_kg_relation_count(x->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(x->kg, i);
        uint64_t facts = 0;
        if (r->inverse || mkg_kg_relation_facts(x->kg, r->id, &facts, NULL) < 0 ||
            facts == 0)
            continue;
        self.len = 0;
        put_urn(&self, "relation", r->name);
        const char *name = mkg__buf_cstr(&self);
        if (!name) {
            x->out.failed = true;
            break;
        }
        mkg__buf_printf(&x->out, "%s <" RDF "type> <%s> .\n", name, kinds[r->literal]);
        say_text(&x->out, name, RDFS "label", r->label_zh, MKG_LANG_ZH);
        say_text(&x->out, name, RDFS "label", r->label_en, MKG_LANG_EN);
    }
    mkg__buf_clear(&self);
}

static void put_source_name(mkg__buf *b, const mkg_source *s)
{
    if (s->sha256[0])
        put_urn(b, "source", mkg__view(s->sha256, strlen(s->sha256)));
    else
        mkg__buf_printf(b, "<" OURS "source:id:%u>", s->id);
}

static mkg_status put_sources(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_source s;
    mkg_id id = 0;
    mkg__buf self = {0};

    while ((st = mkg_kg_next_source(x->kg, &id, &s, err)) == MKG_OK) {
        self.len = 0;
        put_source_name(&self, &s);
        const char *name = mkg__buf_cstr(&self);
        if (!name) {
            st = mkg__nomem(err);
            goto out;
        }
        say(&x->out, name, RDF "type", "<" PROV "Entity>");
        say_text(&x->out, name, RDFS "label", s.name, MKG_LANG_NONE);
        say_text(&x->out, name, DCT "license", s.licence, MKG_LANG_NONE);
        say_text(&x->out, name, DCT "hasVersion", s.version, MKG_LANG_NONE);
    }
out:
    mkg__buf_clear(&self);
    return st;
}

static mkg_status put_attribution(mkg__export *x, const char *self,
                                  const mkg_attribution *a, mkg__buf *place,
                                  mkg_err *err)
{
    mkg_source s;
    mkg__buf *b = &x->out;
    mkg_status st;

    MKG_GO(mkg_kg_source(x->kg, a->source, &s, err));
    if (st == MKG_NOTFOUND) {
        st = mkg__fail(err, MKG_ESTORE, "the store is damaged: source %u is missing",
                       a->source);
        goto out;
    }
    place->len = 0;
    MKG_GO(mkg_kg_locator(x->kg, a->source, a->locator, place, err));
    mkg__buf_printf(b, "%s <" PROV "wasDerivedFrom> ", self);
    put_source_name(b, &s);
    mkg__buf_str(b, " .\n");
    say_text(b, self, OURS "locator", mkg__view(place->ptr, place->len), MKG_LANG_NONE);
    say_text(b, self, OURS "grade", a->grade, MKG_LANG_NONE);
    say_text(b, self, OURS "population", a->population, MKG_LANG_NONE);
    mkg__buf_printf(b, "%s <" OURS "weight> \"", self);
    mkg__export_number(b, (double)a->weight);
    mkg__buf_str(b, "\"^^<" XSD "double> .\n");
out:
    return st;
}

/* The statement as a thing: what is denied always, what is stated where its sources are
 * asked for. */
static mkg_status put_reified(mkg__export *x, const mkg_fact *f, const char *subject,
                              const char *predicate, const char *object,
                              mkg__buf *place, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_attribution a;
    mkg__buf *b = &x->out;
    char self[24];

    snprintf(self, sizeof self, "_:f%u", f->id);
    if (f->denied) {
        say(b, self, RDF "type", "<" OWL "NegativePropertyAssertion>");
        say(b, self, OWL "sourceIndividual", subject);
        say(b, self, OWL "assertionProperty", predicate);
        say(b, self, f->object ? OWL "targetIndividual" : OWL "targetValue", object);
    } else if (x->opts->sources) {
        say(b, self, RDF "type", "<" RDF "Statement>");
        say(b, self, RDF "subject", subject);
        say(b, self, RDF "predicate", predicate);
        say(b, self, RDF "object", object);
    }
    for (size_t i = 0;
         x->opts->sources && i < f->attributions && mkg_fact_attribution(f, i, &a); i++)
        MKG_GO(put_attribution(x, self, &a, place, err));
out:
    return st;
}

typedef struct terms {
    mkg__buf subject, predicate, object, place;
} terms;

static mkg_status put_fact(mkg__export *x, const mkg_fact *f, terms *t, mkg_err *err)
{
    mkg_status st;
    const mkg_relation *r = mkg_kg_relation(x->kg, f->relation, false);

    if (!r)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: no relation %u",
                         f->relation);
    MKG_GO(node_term(x, f->subject, &t->subject, err));
    t->predicate.len = t->object.len = 0;
    put_urn(&t->predicate, "relation", r->name);
    if (f->object)
        MKG_GO(node_term(x, f->object, &t->object, err));
    else
        put_text(&t->object, f->literal, f->literal_lang);
    const char *predicate = mkg__buf_cstr(&t->predicate),
               *object = mkg__buf_cstr(&t->object);
    if (!predicate || !object) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!f->denied)
        mkg__buf_printf(&x->out, "%s %s %s .\n", t->subject.ptr, predicate, object);
    if (f->denied || x->opts->sources)
        MKG_GO(put_reified(x, f, t->subject.ptr, predicate, object, &t->place, err));
    x->result->edges++;
out:
    return st;
}

static mkg_status write(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg_id id = 0;
    terms t = {0};

    put_relations(x);
    if (x->opts->sources) MKG_GO(put_sources(x, err));
    MKG_GO(put_nodes(x, err));
    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK)
        MKG_GO(put_fact(x, &f, &t, err));
out:
    mkg__buf_clear(&t.subject);
    mkg__buf_clear(&t.predicate);
    mkg__buf_clear(&t.object);
    mkg__buf_clear(&t.place);
    return st;
}

const mkg__export_format mkg__export_nt = {
    .name = "nt", .write = {write}, .node_passes = 1, .fact_passes = 1};
