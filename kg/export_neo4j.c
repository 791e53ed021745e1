/* CSV for neo4j-admin database import (Neo4j operations manual, "Import"): nodes.csv
 * and relationships.csv with typed headers. Texts become nodes with the label `text`.
 */
#include "kg/export_internal.h"

#include <string.h>

/* Always quoted, a quote doubled; a line end within would need --multiline-fields. */
static void put_field(mkg__buf *b, mkg_view v)
{
    if (v.len == 0) return; /* null, where "" would be an empty string */
    mkg__buf_byte(b, '"');
    mkg__export_item(b, v, '"', "\"\"");
    mkg__buf_byte(b, '"');
}

/* An array: ';' between its items, which cannot be escaped within them. */
static void put_item(mkg__buf *item, mkg__buf *list, mkg_view v)
{
    item->len = 0;
    mkg__export_item(item, v, ';', "\xef\xbc\x9b");
    if (list->len) mkg__buf_byte(list, ';');
    mkg__buf_put(list, item->ptr, item->len);
}

static mkg_status put_node(mkg__export *x, const mkg_node *node, mkg__labels *l,
                           mkg__buf *item, mkg__buf *list, mkg_err *err)
{
    mkg_status st;
    mkg__buf *b = &x->out;

    MKG_GO(mkg__export_labels(node, l, err));
    mkg__buf_printf(b, "n%u,", node->id);
    put_field(b, mkg_node_name(node, x->opts->lang));
    mkg__buf_byte(b, ',');
    put_field(b, mkg__labels_find(l, MKG_ENTRY_NAME, MKG_LANG_ZH));
    mkg__buf_byte(b, ',');
    put_field(b, mkg__labels_find(l, MKG_ENTRY_NAME, MKG_LANG_EN));
    mkg__buf_byte(b, ',');
    list->len = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].kind == MKG_ENTRY_ALIAS) put_item(item, list, l->at[i].text);
    put_field(b, mkg__view(list->ptr, list->len));
    mkg__buf_byte(b, ',');
    list->len = 0;
    for (size_t i = 0; i < l->ncodes; i++)
        put_item(item, list, l->codes[i]);
    put_field(b, mkg__view(list->ptr, list->len));
    mkg__buf_byte(b, ',');
    /* ';' separates labels too. */
    list->len = 0;
    put_item(item, list, node->type);
    put_field(b, mkg__view(list->ptr, list->len));
    mkg__buf_byte(b, '\n');
    if (list->failed || item->failed) st = mkg__nomem(err);
    x->result->nodes++;
out:
    return st;
}

static mkg_status put_texts(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg_id id = 0;
    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK) {
        if (f.object) continue;
        mkg__buf_printf(&x->out, "t%u,", f.id);
        put_field(&x->out, f.literal);
        mkg__buf_byte(&x->out, ',');
        if (f.literal_lang == MKG_LANG_ZH) put_field(&x->out, f.literal);
        mkg__buf_byte(&x->out, ',');
        if (f.literal_lang == MKG_LANG_EN) put_field(&x->out, f.literal);
        mkg__buf_str(&x->out, ",,,\"text\"\n");
    }
    return st;
}

static mkg_status write_nodes(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg__labels l = {0};
    mkg__buf item = {0}, list = {0};
    mkg_id id = 0;

    mkg__buf_str(&x->out,
                 "id:ID,name,name_zh,name_en,aliases:string[],codes:string[],:LABEL\n");
    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK)
        MKG_GO(put_node(x, &node, &l, &item, &list, err));
    if (st == MKG_END) st = put_texts(x, err);
out:
    mkg__buf_clear(&item);
    mkg__buf_clear(&list);
    mkg__labels_clear(&l);
    return st;
}

/* A query for TREATS must not find what a source denies: it has a type of its own. */
static void put_type(mkg__buf *b, const mkg_relation *r, bool denied)
{
    mkg__buf_str(b, denied ? "\"NOT_" : "\"");
    mkg__export_item(b, r->name, '"', "\"\"");
    mkg__buf_byte(b, '"');
}

static mkg_status put_fact(mkg__export *x, const mkg_fact *f, mkg__buf *place,
                           mkg_err *err)
{
    mkg_status st;
    mkg_source s;
    mkg__buf *b = &x->out;
    const mkg_relation *r = mkg_kg_relation(x->kg, f->relation, false);

    if (!r)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: no relation %u",
                         f->relation);
    MKG_GO(mkg_kg_source(x->kg, f->source, &s, err));
    if (st != MKG_OK) s.name = mkg__view("", 0);
    place->len = 0;
    MKG_GO(mkg_kg_locator(x->kg, f->source, f->locator, place, err));
    mkg__buf_printf(b, "n%u,%c%u,", f->subject, f->object ? 'n' : 't',
                    f->object ? f->object : f->id);
    put_type(b, r, f->denied);
    mkg__buf_byte(b, ',');
    mkg__export_number(b, (double)f->weight);
    mkg__buf_printf(b, ",%s,", f->denied ? "true" : "false");
    put_field(b, f->grade);
    mkg__buf_byte(b, ',');
    put_field(b, f->population);
    mkg__buf_byte(b, ',');
    put_field(b, s.name);
    mkg__buf_byte(b, ',');
    put_field(b, mkg__view(place->ptr, place->len));
    mkg__buf_byte(b, '\n');
    x->result->edges++;
out:
    return st;
}

static mkg_status write_edges(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg__buf place = {0};
    mkg_id id = 0;

    mkg__buf_str(&x->out, ":START_ID,:END_ID,:TYPE,weight:double,negated:boolean,grade,"
                          "population,source,locator\n");
    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK)
        MKG_GO(put_fact(x, &f, &place, err));
out:
    mkg__buf_clear(&place);
    return st;
}

const mkg__export_format mkg__export_neo4j = {
    .name = "neo4j",
    .files = {"nodes.csv", "relationships.csv"},
    .write = {write_nodes, write_edges},
    .node_passes = 1,
    .fact_passes = 2};
