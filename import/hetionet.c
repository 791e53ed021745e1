/* Hetionet and DRKG, which has its form: nodes as TSV (id, name, kind), edges as SIF
 * (source, metaedge, target), or both as JSON. Source:
 * https://github.com/hetio/hetionet, doi:10.7554/eLife.26726 */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    uint64_t line;
    mkg__buf id;
} reader;

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

/* A node of a kind: "Disease", "DOID:14227" is the latter; of "Gene", "9021" the kind
 * is the code system, and the table has its name. */
static mkg_status node(reader *r, mkg_view kind, mkg_view local, mkg_id *out,
                       mkg_err *err)
{
    mkg_status st = MKG_OK;
    r->id.len = 0;
    if (!memchr(local.ptr, ':', local.len)) {
        mkg__buf_put(&r->id, kind.ptr, kind.len);
        mkg__buf_byte(&r->id, ':');
    }
    mkg__buf_put(&r->id, local.ptr, local.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    MKG_GO(mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err));
    MKG_GO(mkg__concepts_class(r->c, *out, kind, err));
out:
    return st;
}

/* "Gene::9021"; false if it is not of that form. */
static bool cut_id(mkg_view id, mkg_view *kind, mkg_view *local)
{
    for (size_t i = 1; i + 2 < id.len; i++)
        if (id.ptr[i] == ':' && id.ptr[i + 1] == ':') {
            *kind = mkg__view(id.ptr, i);
            *local = mkg__view(id.ptr + i + 2, id.len - i - 2);
            return true;
        }
    return false;
}

/* ---- tables ---- */

static mkg_status add_node(reader *r, mkg_view id, mkg_view name, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view kind, local;
    mkg__saying s = {.kind = MKG_SAY_NAME, .text = name, .line = r->line};
    if (!cut_id(id, &kind, &local))
        return complain(r, err, "the id is not of the form Kind::code");
    MKG_GO(node(r, kind, local, &s.subject, err));
    MKG_GO(mkg__concepts_describe(r->c, s.subject, r->line, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

static mkg_status add_edge(reader *r, mkg_view from, mkg_view edge, mkg_view to,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view none = {"", 0}, kinds[2], locals[2];
    mkg_id subject, object;
    if (edge.len == 0) return complain(r, err, "the metaedge is missing");
    if (!cut_id(from, &kinds[0], &locals[0]) || !cut_id(to, &kinds[1], &locals[1]))
        return complain(r, err, "an id is not of the form Kind::code");
    MKG_GO(node(r, kinds[0], locals[0], &subject, err));
    MKG_GO(node(r, kinds[1], locals[1], &object, err));
    r->im->read++; /* it may be a file of edges alone, which describes no thing */
    st = mkg__concepts_state(r->c, subject, edge, object, none, MKG_LANG_NONE, r->line,
                             err);
out:
    return st;
}

static mkg_status read_table(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__table t = {0};
    size_t id, name, edge, to;

    MKG_GO(mkg__table_open(&t, r->im, '\t', err));
    edge = mkg__table_column(&t, "metaedge");
    bool edges = edge != SIZE_MAX;
    MKG_GO(mkg__table_need(&t, edges ? "source" : "id", &id, err));
    MKG_GO(mkg__table_need(&t, edges ? "target" : "name", edges ? &to : &name, err));
    while ((st = mkg__table_next(&t, err)) == MKG_OK) {
        r->line = t.line;
        if (edges)
            MKG_GO(add_edge(r, mkg__table_field(&t, id), mkg__table_field(&t, edge),
                            mkg__table_field(&t, to), err));
        else
            MKG_GO(
                add_node(r, mkg__table_field(&t, id), mkg__table_field(&t, name), err));
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__table_close(&t);
    return st;
}

/* DRKG: edges in the same form, without a header. */
static mkg_status read_edges(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__plain t = {0};
    bool ok;
    MKG_GO(mkg__plain_open(&t, r->im, '\t', err));
    while ((st = mkg__plain_next(&t, err)) == MKG_OK) {
        MKG_GO(mkg__plain_columns(&t, 3, &ok, err));
        r->line = t.line;
        if (ok)
            MKG_GO(add_edge(r, mkg__trim(t.fields[0]), mkg__trim(t.fields[1]),
                            mkg__trim(t.fields[2]), err));
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__plain_close(&t);
    return st;
}

/* ---- JSON ---- */

/* An identifier is a text or a number. */
static mkg_view identifier(const json_t *v, char number[32])
{
    mkg_view text = mkg__json_view(v);
    if (text.ptr) return mkg__trim(text);
    if (!json_is_integer(v)) return mkg__view("", 0);
    int n = snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    return mkg__view(number, (size_t)n);
}

static mkg_view text_of(const json_t *object, const char *key)
{
    mkg_view v = mkg__json_view(json_object_get(object, key));
    return v.ptr ? mkg__trim(v) : mkg__view("", 0);
}

static mkg_status add_json_node(reader *r, const json_t *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char number[32];
    mkg_view kind = text_of(v, "kind");
    mkg_view local = identifier(json_object_get(v, "identifier"), number);
    mkg__saying s = {.kind = MKG_SAY_NAME, .text = text_of(v, "name"), .line = r->line};
    if (kind.len == 0 || local.len == 0)
        return complain(r, err, "the node has no kind or no identifier");
    MKG_GO(node(r, kind, local, &s.subject, err));
    MKG_GO(mkg__concepts_describe(r->c, s.subject, r->line, err));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    s.kind = MKG_SAY_TEXT;
    s.text = text_of(json_object_get(v, "data"), "description");
    MKG_GO(
        mkg__concepts_relation(r->c, mkg__view("description", 11), &s.relation, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

/* The metaedge in full, "Compound - treats - Disease": the table has both spellings. */
static mkg_status add_json_edge(reader *r, const json_t *v, mkg_err *err)
{
    static const char *const keys[] = {"source_id", "target_id"};
    mkg_status st = MKG_OK;
    mkg_view none = {"", 0}, kinds[2], kind = text_of(v, "kind");
    mkg_id ends[2];
    mkg__buf name = {0};

    for (int i = 0; i < 2; i++) {
        char number[32];
        const json_t *id = json_object_get(v, keys[i]);
        mkg_view local = identifier(json_array_get(id, 1), number);
        kinds[i] = mkg__json_view(json_array_get(id, 0));
        if (!kinds[i].ptr || kinds[i].len == 0 || local.len == 0 || kind.len == 0)
            return complain(r, err, "the edge has no kind, or an end is missing");
        MKG_GO(node(r, kinds[i], local, &ends[i], err));
    }
    mkg__buf_printf(&name, "%.*s - %.*s - %.*s", mkg__clip(kinds[0], 100), kinds[0].ptr,
                    mkg__clip(kind, 100), kind.ptr, mkg__clip(kinds[1], 100),
                    kinds[1].ptr);
    if (!mkg__buf_cstr(&name)) {
        st = mkg__nomem(err);
        goto out;
    }
    mkg_view full = {name.ptr, name.len};
    if (mkg__ontologies_predicate(mkg__concepts_table(r->c), full).len == 0)
        full = kind;
    st = mkg__concepts_state(r->c, ends[0], full, ends[1], none, MKG_LANG_NONE, r->line,
                             err);
out:
    mkg__buf_clear(&name);
    return st;
}

static mkg_status add_json(void *ctx, const char *array, json_t *v, uint64_t line,
                           mkg_err *err)
{
    reader *r = ctx;
    r->line = line;
    return strcmp(array, "nodes") == 0 ? add_json_node(r, v, err)
                                       : add_json_edge(r, v, err);
}

static mkg_status read_json(reader *r, mkg_err *err)
{
    static const char *const through[] = {NULL};
    static const char *const wanted[] = {"nodes", "edges", NULL};
    mkg_status st = MKG_OK;
    mkg__values *values = NULL;

    MKG_GO(mkg__values_of(r->im->s, through, wanted, &values, err));
    st = mkg__values_each(values, r->im, add_json, r, err);
out:
    mkg__values_free(values);
    return st;
}

static mkg_status read_hetionet(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__stream_peek(im->s, &head, err));
    if (mkg__is_json(head))
        MKG_GO(read_json(&r, err));
    else
        MKG_GO(read_table(&r, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__concepts_free(r.c);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    if (mkg__is_json(head))
        return mkg__contains(head, "\"metanode_kinds\"") ||
                       mkg__contains(head, "\"metaedge_tuples\"")
                   ? 95
                   : 0;
    if (!mkg__contains(head, "::")) return 0;
    if (mkg__table_has(head, "source", "metaedge")) return 95;
    return mkg__table_has(head, "id", "kind") ? 90 : 0;
}

const mkg__format mkg__format_hetionet = {
    .name = "hetionet", .recognise = recognise, .read = read_hetionet, .folders = true};

/* ---- DRKG ---- */

/* Three columns without a header: "Kind::id", relation, "Kind::id". */
static bool is_drkg(mkg_view head)
{
    mkg_view f[4], kind, local;
    return mkg__plain_split(mkg__first_line(head), '\t', f, 4) == 3 &&
           cut_id(f[0], &kind, &local) && cut_id(f[2], &kind, &local) &&
           mkg__contains(f[1], "::");
}

static mkg_status read_drkg(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    reader r = {.im = im};
    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(read_edges(&r, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__concepts_free(r.c);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise_drkg(mkg__import *im, mkg_view head)
{
    (void)im;
    return is_drkg(head) ? 92 : 0;
}

/* Drug Repurposing Knowledge Graph. Source: https://github.com/gnn4dr/DRKG */
const mkg__format mkg__format_drkg = {
    .name = "drkg", .recognise = recognise_drkg, .read = read_drkg};
