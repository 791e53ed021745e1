/* Triples as a table of tabs, which `medkg import` reads back. Names and codes are rows
 * too, with relations of SKOS, and come first: a name that is an alias of one node and
 * the preferred name of another must lead to the other. */
#include "kg/export_internal.h"

#include <string.h>

typedef struct row {
    mkg_view subject, relation, object, subject_type, object_type, locator, grade,
        population;
    float weight; /* 0: none */
    bool denied;
    mkg_lang lang;
} row;

static mkg_view word(const char *s)
{
    return mkg__view(s, strlen(s));
}

/* RFC 4180: quoted where the field would end or be taken for a quoted one. */
static void put_field(mkg__buf *b, mkg_view v)
{
    bool quote = v.len && v.ptr[0] == '"';
    for (size_t i = 0; i < v.len; i++)
        quote |= v.ptr[i] == '\t' || v.ptr[i] == '\n' || v.ptr[i] == '\r';
    if (!quote) {
        mkg__buf_view(b, v);
        return;
    }
    mkg__buf_byte(b, '"');
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] == '"') mkg__buf_byte(b, '"');
        mkg__buf_byte(b, (unsigned char)v.ptr[i]);
    }
    mkg__buf_byte(b, '"');
}

static void put_row(mkg__buf *b, const row *r)
{
    const mkg_view front[] = {r->subject, r->relation, r->object, r->subject_type,
                              r->object_type};
    for (size_t i = 0; i < sizeof front / sizeof *front; i++) {
        put_field(b, front[i]);
        mkg__buf_byte(b, '\t');
    }
    if (r->weight != 0) mkg__export_number(b, (double)r->weight);
    mkg__buf_byte(b, '\t');
    put_field(b, r->locator);
    mkg__buf_str(b, r->denied ? "\t-\t" : "\t+\t");
    put_field(b, r->grade);
    mkg__buf_byte(b, '\t');
    put_field(b, r->population);
    mkg__buf_printf(b, "\t%s\n", mkg_lang_name(r->lang));
}

static void put_saying(mkg__export *x, const mkg__ref *ref, const char *relation,
                       mkg_view what, mkg_lang lang)
{
    row r = {.subject = ref->name,
             .subject_type = ref->type,
             .relation = word(relation),
             .object = what,
             .lang = lang};
    put_row(&x->out, &r);
}

/* Nodes whose type nobody knows come last: read before, they would be taken for the
 * nodes of a known type that have their name. */
static mkg_status put_nodes(mkg__export *x, bool concepts, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg__ref ref;
    mkg_id id = 0;

    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK) {
        if (mkg__view_is(node.type, "concept") != concepts) continue;
        MKG_GO(mkg__export_ref(x, id, &ref, err));
        put_saying(x, &ref, "skos:prefLabel", ref.name, ref.lang);
        x->result->nodes++;
        x->result->same_name += ref.clash;
    }
out:
    return st;
}

static mkg_status put_labels(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg__ref ref;
    mkg__labels l = {0};
    mkg_id id = 0;

    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK) {
        MKG_GO(mkg__export_ref(x, id, &ref, err));
        MKG_GO(mkg__export_labels(&node, &l, err));
        for (size_t i = 0; i < l.n; i++)
            if (l.at[i].text.ptr != ref.name.ptr)
                put_saying(x, &ref,
                           l.at[i].kind == MKG_ENTRY_NAME ? "skos:prefLabel"
                                                          : "skos:altLabel",
                           l.at[i].text, l.at[i].lang);
        for (size_t i = 0; i < l.ncodes; i++)
            put_saying(x, &ref, "skos:notation", l.codes[i], MKG_LANG_NONE);
    }
out:
    mkg__labels_clear(&l);
    return st;
}

static mkg_status put_fact(mkg__export *x, const mkg_fact *f, mkg__buf *place,
                           mkg_err *err)
{
    mkg_status st;
    mkg__ref s, o = {0};
    const mkg_relation *relation = mkg_kg_relation(x->kg, f->relation, false);

    if (!relation)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: no relation %u",
                         f->relation);
    MKG_GO(mkg__export_ref(x, f->subject, &s, err));
    if (f->object) MKG_GO(mkg__export_ref(x, f->object, &o, err));
    place->len = 0;
    MKG_GO(mkg_kg_locator(x->kg, f->source, f->locator, place, err));
    row r = {.subject = s.name,
             .subject_type = s.type,
             .relation = relation->name,
             .object = f->object ? o.name : f->literal,
             .object_type = f->object ? o.type : word("xsd:string"),
             .weight = f->weight,
             .locator = mkg__view(place->ptr, place->len),
             .denied = f->denied,
             .grade = f->grade,
             .population = f->population,
             .lang = f->literal_lang};
    put_row(&x->out, &r);
    x->result->edges++;
out:
    return st;
}

static mkg_status put_facts(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg__buf place = {0};
    mkg_id id = 0;

    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK)
        MKG_GO(put_fact(x, &f, &place, err));
out:
    mkg__buf_clear(&place);
    return st;
}

static mkg_status write(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg__buf_str(&x->out,
                 "subject\trelation\tobject\tsubject_type\tobject_type\tweight\t"
                 "locator\tpolarity\tgrade\tpopulation\tlang\n");
    MKG_GO(put_nodes(x, false, err));
    MKG_GO(put_nodes(x, true, err));
    MKG_GO(put_labels(x, err));
    MKG_GO(put_facts(x, err));
out:
    return st;
}

const mkg__export_format mkg__export_triples = {.name = "triples",
                                                .write = {write},
                                                .lang_refs = true,
                                                .node_passes = 3,
                                                .fact_passes = 1};
