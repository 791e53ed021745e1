/* Graphviz DOT, https://graphviz.org/doc/info/lang.html: a node and what is around it,
 * as a picture that a person can read. */
#include "kg/export_internal.h"

#include "base/hash.h"

#include <string.h>

enum { LABEL = 36, FACTS_READ = 2000 }; /* columns of a label */

/* Fills that tell types apart and keep dark text readable; other types take one by
 * their name. */
static const struct {
    const char *type, *fill;
} fills[] = {{"disease", "#f9d5d0"},   {"symptom", "#fdebc8"},
             {"drug", "#cfe3f7"},      {"test", "#ddd6f3"},
             {"procedure", "#cdebdd"}, {"department", "#e3e3e3"},
             {"food", "#e2f0c4"},      {"gene", "#f3d3ea"},
             {"body_site", "#f0dcc8"}, {"pathogen", "#d8e6e6"}};
static const char *const others[] = {"#eef0f4", "#f4eee6", "#e8f1f2", "#f1eaf4"};

typedef struct picture {
    mkg__map rows;        /* node id, 4 bytes -> index + 1 in nodes */
    mkg_id *nodes;        /* in the order in which they were reached */
    size_t n, cap, inner; /* the first `inner` nodes: those whose facts are drawn */
    mkg_edges edges;      /* of one node */
} picture;

static mkg_id *row_of(picture *p, mkg_id id)
{
    return mkg__map_put(&p->rows, &id, sizeof id);
}

/* A label without what DOT would take as an escape or SVG as an entity, cut where it is
 * long. */
static void put_label(mkg__buf *b, mkg_view v)
{
    size_t len, columns = 0;
    bool cut = mkg__utf8_width(v.ptr, v.len) > LABEL + 1;
    for (size_t i = 0; i < v.len; i += len) {
        uint32_t c = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        columns += mkg__utf8_width(v.ptr + i, len);
        if (cut && columns > LABEL) {
            mkg__buf_str(b, "\xe2\x80\xa6");
            return;
        }
        if (c == '"' || c == '\\')
            mkg__buf_printf(b, "\\%c", (char)c);
        else if (c == '&')
            mkg__buf_str(b, "&amp;");
        else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff)
            mkg__buf_byte(b, ' '); /* XML has no such characters */
        else
            mkg__buf_put(b, v.ptr + i, len);
    }
}

static const char *fill_of(mkg_view type)
{
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++)
        if (mkg__view_is(type, fills[i].type)) return fills[i].fill;
    return others[mkg__hash64(type.ptr, type.len, 0) %
                  (sizeof others / sizeof *others)];
}

/* ---- what is around the node ---- */

static mkg_status reach(mkg__export *x, picture *p, mkg_id id, mkg_err *err)
{
    mkg_id *row = row_of(p, id);
    if (!row) return mkg__nomem(err);
    if (*row) return MKG_OK;
    if (p->n >= x->opts->limit) {
        *row = UINT32_MAX; /* counted once */
        x->result->more++;
        return MKG_OK;
    }
    if (!mkg__grow(&p->nodes, &p->cap, p->n + 1, sizeof *p->nodes))
        return mkg__nomem(err);
    p->nodes[p->n++] = id;
    *row = (mkg_id)p->n;
    return MKG_OK;
}

/* Neighbours of the i-th node, one of each relation in turn: where not all have room,
 * each relation has some. */
static mkg_status reach_around(mkg__export *x, picture *p, mkg_id id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    p->edges.n = 0;
    MKG_GO(mkg_kg_edges(x->kg, id, 0, false, FACTS_READ, &p->edges, err));
    MKG_GO(mkg_kg_edges(x->kg, id, 0, true, FACTS_READ, &p->edges, err));
    for (size_t round = 0, left = 1; left; round++) {
        left = 0;
        for (size_t i = 0, at = 0; i < p->edges.n; i++) {
            const mkg_edge *e = &p->edges.edges[i];
            bool starts = i == 0 || e->relation != p->edges.edges[i - 1].relation ||
                          e->inverse != p->edges.edges[i - 1].inverse;
            at = starts ? 0 : at + 1;
            left += at > round;
            if (at != round || e->other == MKG_ID_NONE ||
                !mkg__export_asked(x, e->relation, e->other))
                continue;
            MKG_GO(reach(x, p, e->other, err));
        }
    }
out:
    return st;
}

static mkg_status reach_all(mkg__export *x, picture *p, mkg_err *err)
{
    mkg_status st;
    size_t from = 0;

    MKG_GO(reach(x, p, x->opts->node, err));
    for (unsigned hop = 0; hop < x->opts->hops; hop++) {
        size_t to = p->n;
        for (; from < to; from++)
            MKG_GO(reach_around(x, p, p->nodes[from], err));
        p->inner = to;
    }
out:
    return st;
}

/* ---- the picture ---- */

static mkg_status put_node(mkg__export *x, mkg_id id, mkg_err *err)
{
    mkg__buf *b = &x->out;
    mkg_node node;
    mkg_status st = mkg_kg_node(x->kg, id, &node, err);
    if (st != MKG_OK) return st;
    mkg__buf_printf(b, "  n%u [label=\"", id);
    put_label(b, mkg_node_name(&node, x->opts->lang));
    mkg__buf_str(b, "\", tooltip=\"");
    put_label(b, node.type);
    mkg__buf_printf(b, "\", fillcolor=\"%s\"%s];\n", fill_of(node.type),
                    id == x->opts->node ? ", penwidth=2.5, fontsize=14" : "");
    x->result->nodes++;
    return MKG_OK;
}

static void put_edge(mkg__export *x, const mkg_fact *f, const mkg_relation *r)
{
    mkg__buf *b = &x->out;
    bool zh = x->opts->lang == MKG_LANG_ZH;
    mkg__buf_printf(b, "  n%u -> n%u [label=\"", f->subject, f->object);
    if (f->denied) mkg__buf_str(b, zh ? "\xe9\x9d\x9e " : "NOT ");
    put_label(b, mkg_relation_label(r, x->opts->lang));
    mkg__buf_printf(b, "\"%s%s];\n", r->symmetric ? ", dir=none" : "",
                    f->denied ? ", style=dashed, color=\"#c0392b\", "
                                "fontcolor=\"#c0392b\", arrowhead=tee"
                              : "");
    x->result->edges++;
}

/* Facts of the i-th node whose object is in the picture too. Those among the outermost
 * nodes are further away than was asked, and would hide the others. */
static mkg_status put_edges_of(mkg__export *x, picture *p, size_t i, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;
    mkg_id id = p->nodes[i];
    bool outer = i >= p->inner;

    p->edges.n = 0;
    MKG_GO(mkg_kg_edges(x->kg, id, 0, false, 0, &p->edges, err));
    for (size_t k = 0; k < p->edges.n; k++) {
        const mkg_edge *e = &p->edges.edges[k];
        const mkg_id *row =
            e->other ? mkg__map_get(&p->rows, &e->other, sizeof e->other) : NULL;
        const mkg_relation *r = mkg_kg_relation(x->kg, e->relation, false);
        if (!row || *row == MKG_ID_NONE || *row == UINT32_MAX || !r ||
            (outer && *row > p->inner) || !mkg__export_asked(x, e->relation, e->other))
            continue;
        MKG_GO(mkg_kg_fact(x->kg, e->fact, &f, err));
        put_edge(x, &f, r);
    }
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status write(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    picture p = {0};

    if (x->opts->node == MKG_ID_NONE)
        return mkg__fail(err, MKG_EARG,
                         "a picture needs the node that stands in its middle");
    MKG_GO(reach_all(x, &p, err));
    /* A star is a wheel with its middle in the middle; more is drawn in rows. */
    mkg__buf_printf(&x->out,
                    "digraph medkg {\n"
                    "  graph [layout=%s, root=n%u, overlap=false, splines=true, "
                    "ranksep=%s, rankdir=LR, charset=\"UTF-8\"];\n"
                    "  node [shape=box, style=\"rounded,filled\", color=\"#5f6b7a\", "
                    "fontname=\"Noto Sans CJK SC,sans-serif\", fontsize=11, "
                    "margin=\"0.12,0.06\"];\n"
                    "  edge [color=\"#8a94a3\", fontcolor=\"#4a5462\", "
                    "fontname=\"Noto Sans CJK SC,sans-serif\", fontsize=9, "
                    "arrowsize=0.6];\n",
                    x->opts->hops <= 1 ? "twopi" : "dot", x->opts->node,
                    x->opts->hops <= 1 ? "2" : "0.9");
    for (size_t i = 0; i < p.n; i++)
        MKG_GO(put_node(x, p.nodes[i], err));
    for (size_t i = 0; i < p.n; i++)
        MKG_GO(put_edges_of(x, &p, i, err));
    mkg__buf_str(&x->out, "}\n");
out:
    mkg__map_clear(&p.rows);
    mkg__free(p.nodes);
    mkg_edges_clear(&p.edges);
    return st;
}

const mkg__export_format mkg__export_dot = {.name = "dot", .write = {write}};
