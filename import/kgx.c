/* KGX, graphs in the Biolink model: nodes and edges as TSV or as JSON Lines. Source:
 * https://github.com/biolink/kgx/blob/master/specification/kgx-format.md */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What of a node or an edge is read; everything else is about how it was made. */
typedef enum field {
    ID,
    CATEGORY,
    NAME,
    DESCRIPTION,
    SYNONYM,
    EXACT_SYNONYM,
    XREF,
    SAME_AS,
    EQUIVALENT,
    TYPE,
    SUBJECT,
    PREDICATE,
    OBJECT,
    RELATION,
    ORIGINAL,
    NEGATED,
    WEIGHT,
    FIELDS
} field;

static const char *const words[FIELDS] = {[ID] = "id",
                                          [CATEGORY] = "category",
                                          [NAME] = "name",
                                          [DESCRIPTION] = "description",
                                          [SYNONYM] = "synonym",
                                          [EXACT_SYNONYM] = "exact_synonym",
                                          [XREF] = "xref",
                                          [SAME_AS] = "same_as",
                                          [EQUIVALENT] = "equivalent_identifiers",
                                          [TYPE] = "type",
                                          [SUBJECT] = "subject",
                                          [PREDICATE] = "predicate",
                                          [OBJECT] = "object",
                                          [RELATION] = "relation",
                                          [ORIGINAL] = "original_predicate",
                                          [NEGATED] = "negated",
                                          [WEIGHT] = "weight"};

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    uint64_t line;
    mkg_view value[FIELDS];  /* of the current node or edge, "" if it has none */
    mkg__buf joined[FIELDS]; /* lists of JSON, as TSV has them */
} reader;

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

/* The next item of a list, "a|b"; false behind the last one. */
static bool next_item(mkg_view *list, mkg_view *item)
{
    if (list->len == 0) return false;
    const char *bar = memchr(list->ptr, '|', list->len);
    size_t n = bar ? (size_t)(bar - list->ptr) : list->len, used = n + (bar != NULL);
    *item = mkg__trim(mkg__view(list->ptr, n));
    *list = mkg__view(list->ptr + used, list->len - used);
    return true;
}

/* ---- nodes ---- */

/* Of several categories the first that the table knows; "NamedThing" says nothing. */
static mkg_status set_category(reader *r, mkg_id id, mkg_err *err)
{
    mkg_view list = r->value[CATEGORY], item, best = {"", 0};
    bool known = false;
    if (r->value[TYPE].len) /* medkg's own column */
        return mkg__concepts_type(r->c, id, r->value[TYPE], err);
    while (!known && next_item(&list, &item)) {
        known = mkg__ontologies_class(mkg__concepts_table(r->c), item).len > 0;
        if (known || (best.len == 0 && !mkg__view_is(item, "biolink:NamedThing") &&
                      !mkg__view_is(item, "biolink:Entity")))
            best = item;
    }
    return best.len ? mkg__concepts_class(r->c, id, best, err) : MKG_OK;
}

static mkg_status add_list(reader *r, mkg_id id, field f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view list = r->value[f], item;
    while (next_item(&list, &item)) {
        if (f == SYNONYM || f == EXACT_SYNONYM)
            MKG_GO(mkg__concepts_synonym(r->c, id, NULL, item, MKG_LANG_NONE, r->line,
                                         err));
        else if (item.len)
            MKG_GO(mkg__concepts_xref(r->c, id, item, r->line, err));
    }
out:
    return st;
}

static mkg_status add_node(reader *r, mkg_err *err)
{
    static const field lists[] = {SYNONYM, EXACT_SYNONYM, XREF, SAME_AS, EQUIVALENT};
    mkg_status st = MKG_OK;
    mkg__saying s = {.kind = MKG_SAY_NAME, .text = r->value[NAME], .line = r->line};
    if (r->value[ID].len == 0) return complain(r, err, "the node has no id");
    MKG_GO(mkg__concepts_id(r->c, r->value[ID], &s.subject, err));
    MKG_GO(mkg__concepts_describe(r->c, s.subject, r->line, err));
    MKG_GO(set_category(r, s.subject, err));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        MKG_GO(add_list(r, s.subject, lists[i], err));
    s.kind = MKG_SAY_TEXT;
    s.text = r->value[DESCRIPTION];
    MKG_GO(
        mkg__concepts_relation(r->c, mkg__view("description", 11), &s.relation, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

/* ---- edges ---- */

/* What says most: the predicate, unless it is no more than that the two are related;
 * then what the source called it. */
static mkg_view predicate_of(const reader *r)
{
    static const char ours[] = "medkg:relation:";
    mkg_view said = r->value[ORIGINAL].len ? r->value[ORIGINAL] : r->value[RELATION];
    size_t n = sizeof ours - 1;
    if (said.len > n && memcmp(said.ptr, ours, n) == 0)
        return mkg__view(said.ptr + n, said.len - n);
    if (said.len && mkg__view_is(r->value[PREDICATE], "biolink:related_to"))
        return said;
    return r->value[PREDICATE];
}

/* A weight that is no number above 0 is as good as none. */
static float weight_of(mkg_view v)
{
    char text[32];
    if (v.len == 0 || v.len >= sizeof text) return 0;
    memcpy(text, v.ptr, v.len);
    text[v.len] = '\0';
    float w = strtof(text, NULL);
    return w > 0 && w < 1e30F ? w : 0;
}

static mkg_status add_edge(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view predicate = predicate_of(r), none = {"", 0};
    mkg__saying s = {.kind = MKG_SAY_FACT, .line = r->line};
    if (!r->value[SUBJECT].len || !r->value[OBJECT].len || !predicate.len)
        return complain(r, err, "the edge has no subject, predicate or object");
    MKG_GO(mkg__concepts_id(r->c, r->value[SUBJECT], &s.subject, err));
    MKG_GO(mkg__concepts_id(r->c, r->value[OBJECT], &s.object, err));
    r->im->read++; /* it may be a file of edges alone, which describes no thing */
    s.weight = weight_of(r->value[WEIGHT]);
    s.denied = mkg__view_is(r->value[NEGATED], "true") ||
               mkg__view_is(r->value[NEGATED], "True");
    if (s.weight == 0 && !s.denied)
        return mkg__concepts_state(r->c, s.subject, predicate, s.object, none,
                                   MKG_LANG_NONE, r->line, err);
    MKG_GO(mkg__concepts_relation(r->c, predicate, &s.relation, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

/* ---- TSV ---- */

static mkg_status read_table(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__table t = {0};
    size_t column[FIELDS];

    MKG_GO(mkg__table_open(&t, r->im, '\t', err));
    for (size_t i = 0; i < FIELDS; i++)
        column[i] = mkg__table_column(&t, words[i]);
    bool edges = column[SUBJECT] != SIZE_MAX;
    if (!edges)
        MKG_GO(mkg__table_need(&t, words[ID], &column[ID], err));
    else {
        MKG_GO(mkg__table_need(&t, words[PREDICATE], &column[PREDICATE], err));
        MKG_GO(mkg__table_need(&t, words[OBJECT], &column[OBJECT], err));
    }
    while ((st = mkg__table_next(&t, err)) == MKG_OK) {
        r->line = t.line;
        for (size_t i = 0; i < FIELDS; i++)
            r->value[i] = mkg__table_field(&t, column[i]);
        MKG_GO(edges ? add_edge(r, err) : add_node(r, err));
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__table_close(&t);
    return st;
}

/* ---- JSON Lines ---- */

static void put_value(mkg__buf *b, const json_t *v)
{
    mkg_view text = mkg__json_view(v);
    if (text.ptr)
        mkg__buf_put(b, text.ptr, text.len);
    else if (json_is_true(v))
        mkg__buf_str(b, "true");
    else if (json_is_number(v))
        mkg__buf_printf(b, "%.9g", json_number_value(v));
}

static mkg_status add_object(void *ctx, const char *array, json_t *object,
                             uint64_t line, mkg_err *err)
{
    reader *r = ctx;
    (void)array;
    r->line = line;
    if (!json_is_object(object)) return complain(r, err, "the line is no JSON object");
    for (size_t i = 0; i < FIELDS; i++) {
        mkg__buf *b = &r->joined[i];
        const json_t *v = json_object_get(object, words[i]);
        b->len = 0;
        for (size_t k = 0; k < json_array_size(v); k++) {
            if (k) mkg__buf_byte(b, '|');
            put_value(b, json_array_get(v, k));
        }
        put_value(b, v);
        if (!mkg__buf_cstr(b)) return mkg__nomem(err);
        r->value[i] = mkg__trim(mkg__view(b->ptr, b->len));
    }
    return r->value[SUBJECT].len || r->value[OBJECT].len ? add_edge(r, err)
                                                         : add_node(r, err);
}

static mkg_status read_json(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__values *values = NULL;

    MKG_GO(mkg__values_new(r->im->s, &values, err));
    st = mkg__values_each(values, r->im, add_object, r, err);
out:
    mkg__values_free(values);
    return st;
}

static mkg_status read_kgx(mkg__import *im, mkg_err *err)
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
    for (size_t i = 0; i < FIELDS; i++)
        mkg__buf_clear(&r.joined[i]);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    if (!mkg__contains(head, "biolink:")) return 0;
    if (mkg__is_json(head))
        return mkg__contains(head, "\"predicate\"") ||
                       mkg__contains(head, "\"category\"")
                   ? 90
                   : 0;
    return (mkg__table_has(head, "subject", "predicate") &&
            mkg__table_has(head, "subject", "object")) ||
                   mkg__table_has(head, "id", "category")
               ? 90
               : 0;
}

const mkg__format mkg__format_kgx = {
    .name = "kgx", .recognise = recognise, .read = read_kgx, .folders = true};
