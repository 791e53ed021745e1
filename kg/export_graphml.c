/* GraphML, http://graphml.graphdrawing.org/specification.html, for igraph, NetworkX,
 * Gephi, Cytoscape: nodes and the facts between them. Facts about texts have no second
 * node, and an edge that says "not" would be counted as one by every algorithm: both
 * are left out and counted. */
#include "kg/export_internal.h"

#include <string.h>

/* XML 1.0 has no other characters below the blank, and neither U+FFFE nor U+FFFF. */
static void put_xml(mkg__buf *b, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (c == '&')
            mkg__buf_str(b, "&amp;");
        else if (c == '<')
            mkg__buf_str(b, "&lt;");
        else if (c == '>')
            mkg__buf_str(b, "&gt;");
        else if (c == '\r') /* a bare one would be read as a line feed */
            mkg__buf_str(b, "&#13;");
        else if (c == 0xef && i + 2 < v.len && (unsigned char)v.ptr[i + 1] == 0xbf &&
                 (unsigned char)v.ptr[i + 2] >= 0xbe)
            i += 2;
        else if (c >= 0x20 || c == '\t' || c == '\n')
            mkg__buf_byte(b, c);
    }
}

static void put_data(mkg__buf *b, const char *key, mkg_view v)
{
    if (v.len == 0) return;
    mkg__buf_printf(b, "<data key=\"%s\">", key);
    put_xml(b, v);
    mkg__buf_str(b, "</data>");
}

static void put_keys(mkg__buf *b)
{
    static const struct {
        const char *id, *of, *name, *type;
    } keys[] = {{"label", "node", "label", "string"},
                {"type", "node", "type", "string"},
                {"zh", "node", "name_zh", "string"},
                {"en", "node", "name_en", "string"},
                {"aliases", "node", "aliases", "string"},
                {"codes", "node", "codes", "string"},
                {"relation", "edge", "relation", "string"},
                {"elabel", "edge", "label", "string"},
                {"weight", "edge", "weight", "double"},
                {"grade", "edge", "grade", "string"},
                {"population", "edge", "population", "string"},
                {"locator", "edge", "locator", "string"}};
    mkg__buf_str(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" "
                    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                    "xsi:schemaLocation=\"http://graphml.graphdrawing.org/xmlns "
                    "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">\n");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        mkg__buf_printf(b,
                        "<key id=\"%s\" for=\"%s\" attr.name=\"%s\" "
                        "attr.type=\"%s\"/>\n",
                        keys[i].id, keys[i].of, keys[i].name, keys[i].type);
    mkg__buf_str(b, "<graph id=\"medkg\" edgedefault=\"directed\">\n");
}

/* Names or codes with "; " between them. */
static mkg_status put_list(mkg__export *x, const mkg__labels *l, bool codes,
                           mkg__buf *list, mkg_err *err)
{
    size_t n = codes ? l->ncodes : l->n;
    list->len = 0;
    for (size_t i = 0; i < n; i++) {
        if (!codes && l->at[i].kind != MKG_ENTRY_ALIAS) continue;
        if (list->len) mkg__buf_str(list, "; ");
        mkg__buf_view(list, codes ? l->codes[i] : l->at[i].text);
    }
    if (list->failed) return mkg__nomem(err);
    put_data(&x->out, codes ? "codes" : "aliases", mkg__view(list->ptr, list->len));
    return MKG_OK;
}

static mkg_status put_nodes(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg__labels l = {0};
    mkg__buf list = {0};
    mkg_id id = 0;

    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK) {
        MKG_GO(mkg__export_labels(&node, &l, err));
        mkg__buf_printf(&x->out, "<node id=\"n%u\">", id);
        put_data(&x->out, "label", mkg_node_name(&node, x->opts->lang));
        put_data(&x->out, "type", node.type);
        put_data(&x->out, "zh", mkg__labels_find(&l, MKG_ENTRY_NAME, MKG_LANG_ZH));
        put_data(&x->out, "en", mkg__labels_find(&l, MKG_ENTRY_NAME, MKG_LANG_EN));
        MKG_GO(put_list(x, &l, false, &list, err));
        MKG_GO(put_list(x, &l, true, &list, err));
        mkg__buf_str(&x->out, "</node>\n");
        x->result->nodes++;
    }
out:
    mkg__buf_clear(&list);
    mkg__labels_clear(&l);
    return st;
}

static mkg_status put_edge(mkg__export *x, const mkg_fact *f, mkg__buf *place,
                           mkg_err *err)
{
    mkg__buf *b = &x->out;
    const mkg_relation *r = mkg_kg_relation(x->kg, f->relation, false);

    if (!r)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: no relation %u",
                         f->relation);
    place->len = 0;
    mkg_status st = mkg_kg_locator(x->kg, f->source, f->locator, place, err);
    if (st < 0) return st;
    mkg__buf_printf(b, "<edge id=\"e%u\" source=\"n%u\" target=\"n%u\"%s>", f->id,
                    f->subject, f->object, r->symmetric ? " directed=\"false\"" : "");
    put_data(b, "relation", r->name);
    put_data(b, "elabel", mkg_relation_label(r, x->opts->lang));
    mkg__buf_str(b, "<data key=\"weight\">");
    mkg__export_number(b, (double)f->weight);
    mkg__buf_str(b, "</data>");
    put_data(b, "grade", f->grade);
    put_data(b, "population", f->population);
    put_data(b, "locator", mkg__view(place->ptr, place->len));
    mkg__buf_str(b, "</edge>\n");
    x->result->edges++;
    return MKG_OK;
}

static mkg_status write(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg__buf place = {0};
    mkg_id id = 0;

    put_keys(&x->out);
    MKG_GO(put_nodes(x, err));
    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK) {
        x->result->texts += f.object == MKG_ID_NONE;
        x->result->denied += f.object != MKG_ID_NONE && f.denied;
        if (f.object && !f.denied) MKG_GO(put_edge(x, &f, &place, err));
    }
    mkg__buf_str(&x->out, "</graph>\n</graphml>\n");
out:
    mkg__buf_clear(&place);
    return st;
}

const mkg__export_format mkg__export_graphml = {
    .name = "graphml", .write = {write}, .node_passes = 1, .fact_passes = 1};
