/* CSV for neo4j-admin: nodes and relationships whose headers say what the columns are.
 * Source: Neo4j operations manual, "Import", "CSV header format". medkg's own export
 * comes back whole. */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

typedef enum role {
    PROPERTY,
    ID,
    LABEL,
    START,
    END,
    TYPE,
    NAME,
    ALIAS,
    CODE,
    WEIGHT,
    NEGATED,
    IGNORED
} role;

typedef struct column {
    role role;
    mkg_view name;  /* of the property */
    mkg_view space; /* of ids */
    mkg_lang lang;
    bool list;
} column;

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__table t;
    column *columns;
    bool edges;
    mkg__arena arena;
    mkg__buf id;
} reader;

/* ---- the header ---- */

static bool same(mkg_view v, const char *word)
{
    return v.len == strlen(word) && strncasecmp(v.ptr, word, v.len) == 0;
}

static const struct {
    const char *word;
    role role;
} fields[] = {{"ID", ID},      {"LABEL", LABEL}, {"START_ID", START},
              {"END_ID", END}, {"TYPE", TYPE},   {"IGNORE", IGNORED}};

/* Properties that say what a thing is called. */
static const struct {
    const char *word;
    role role;
    mkg_lang lang;
} properties[] = {{"name", NAME, MKG_LANG_NONE},      {"label", NAME, MKG_LANG_NONE},
                  {"title", NAME, MKG_LANG_NONE},     {"名称", NAME, MKG_LANG_ZH},
                  {"name_zh", NAME, MKG_LANG_ZH},     {"name_en", NAME, MKG_LANG_EN},
                  {"aliases", ALIAS, MKG_LANG_NONE},  {"alias", ALIAS, MKG_LANG_NONE},
                  {"synonyms", ALIAS, MKG_LANG_NONE}, {"synonym", ALIAS, MKG_LANG_NONE},
                  {"别名", ALIAS, MKG_LANG_ZH},       {"codes", CODE, MKG_LANG_NONE},
                  {"xrefs", CODE, MKG_LANG_NONE},     {"xref", CODE, MKG_LANG_NONE}};

/* "personId:ID(Person)", "name:string[]", ":LABEL" */
static column read_column(mkg_view text, bool edges)
{
    column c = {.role = PROPERTY, .name = text, .space = {"", 0}};
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    mkg_view type = {"", 0};
    if (colon) {
        c.name = mkg__view(text.ptr, (size_t)(colon - text.ptr));
        type = mkg__view(colon + 1, text.len - c.name.len - 1);
        const char *bracket = type.len ? memchr(type.ptr, '(', type.len) : NULL;
        if (bracket && type.ptr[type.len - 1] == ')') {
            c.space =
                mkg__view(bracket + 1, type.len - (size_t)(bracket - type.ptr) - 2);
            type.len = (size_t)(bracket - type.ptr);
        }
        c.list = type.len > 2 && memcmp(type.ptr + type.len - 2, "[]", 2) == 0;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (same(type, fields[i].word)) {
            c.role = fields[i].role;
            return c;
        }
    if (edges) {
        c.role = same(c.name, "weight") || same(c.name, "score")     ? WEIGHT
                 : same(c.name, "negated") || same(c.name, "denied") ? NEGATED
                                                                     : IGNORED;
        return c;
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (same(c.name, properties[i].word)) {
            c.role = properties[i].role;
            c.lang = properties[i].lang;
        }
    return c;
}

static const column *of_role(const reader *r, role what)
{
    for (size_t i = 0; i < r->t.n; i++)
        if (r->columns[i].role == what) return &r->columns[i];
    return NULL;
}

static mkg_view value(const reader *r, const column *c)
{
    return c ? mkg__table_field(&r->t, (size_t)(c - r->columns)) : mkg__view("", 0);
}

static mkg_status read_header(reader *r, mkg_err *err)
{
    r->columns = mkg__arena_alloc(&r->arena, (r->t.n + 1) * sizeof *r->columns);
    if (!r->columns) return mkg__nomem(err);
    for (size_t i = 0; i < r->t.n && !r->edges; i++)
        r->edges = read_column(r->t.names[i], true).role == START;
    for (size_t i = 0; i < r->t.n; i++)
        r->columns[i] = read_column(r->t.names[i], r->edges);
    if (r->edges ? of_role(r, END) && of_role(r, TYPE) : of_role(r, ID) != NULL)
        return MKG_OK;
    return mkg__fail_at(err, MKG_EPARSE, r->im->file, 1, 0,
                        r->edges ? "the header has no :END_ID or no :TYPE"
                                 : "the header has no :ID");
}

/* ---- rows ---- */

/* Ids mean something in their space alone; those that are codes are codes. */
static mkg_status thing(reader *r, const column *c, mkg_id *out, mkg_err *err)
{
    mkg_view id = value(r, c);
    const char *colon = id.len ? memchr(id.ptr, ':', id.len) : NULL;
    bool code = colon && colon > id.ptr && !memchr(id.ptr, ' ', id.len);
    *out = 0;
    if (id.len == 0) return MKG_OK;
    r->id.len = 0;
    if (!code) {
        mkg__buf_put(&r->id, c->space.ptr, c->space.len);
        mkg__buf_byte(&r->id, '\t');
    }
    mkg__buf_put(&r->id, id.ptr, id.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    mkg_status st = mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err);
    if (st >= 0 && !code) mkg__concepts_local(r->c, *out);
    return st;
}

/* The next item of a list; false behind the last one. */
static bool next_item(mkg_view *list, bool whole, mkg_view *item)
{
    if (list->len == 0) return false;
    const char *stop = whole ? NULL : memchr(list->ptr, ';', list->len);
    size_t n = stop ? (size_t)(stop - list->ptr) : list->len, used = n + (stop != NULL);
    *item = mkg__trim(mkg__view(list->ptr, n));
    *list = mkg__view(list->ptr + used, list->len - used);
    return true;
}

/* Of several labels the first that the table knows, else the first. */
static mkg_status set_label(reader *r, mkg_id id, mkg_view list, mkg_err *err)
{
    mkg_view item, best = {"", 0};
    bool known = false;
    while (!known && next_item(&list, false, &item)) {
        known = mkg__ontologies_class(mkg__concepts_table(r->c), item).len > 0;
        if (known || best.len == 0) best = item;
    }
    return best.len ? mkg__concepts_class(r->c, id, best, err) : MKG_OK;
}

static mkg_status say(reader *r, mkg_id id, const column *c, mkg_view item,
                      mkg_err *err)
{
    mkg__saying s = {.subject = id, .lang = c->lang, .text = item, .line = r->t.line};
    if (c->role == PROPERTY)
        return item.len ? mkg__concepts_state(r->c, id, c->name, 0, item, MKG_LANG_NONE,
                                              r->t.line, err)
                        : MKG_OK;
    s.kind = c->role == NAME    ? MKG_SAY_NAME
             : c->role == ALIAS ? MKG_SAY_ALIAS
                                : MKG_SAY_CODE;
    return mkg__concepts_say(r->c, &s, err);
}

static mkg_status add_node(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    mkg_view list, item;
    MKG_GO(thing(r, of_role(r, ID), &id, err));
    if (!id) return mkg__table_skip(&r->t, err, "the node has no id");
    mkg_view label = value(r, of_role(r, LABEL));
    MKG_GO(set_label(r, id, label, err));
    if (mkg__view_is(label, "text")) { /* medkg's export makes nodes of texts */
        MKG_GO(mkg__concepts_hint(r->c, id, value(r, of_role(r, NAME)), err));
        goto out;
    }
    MKG_GO(mkg__concepts_describe(r->c, id, r->t.line, err));
    for (size_t i = 0; i < r->t.n; i++) {
        const column *c = &r->columns[i];
        bool said = c->role == PROPERTY || c->role == NAME || c->role == ALIAS ||
                    c->role == CODE;
        list = said ? value(r, c) : mkg__view("", 0);
        bool whole = !c->list && c->role != CODE && c->role != ALIAS;
        while (next_item(&list, whole, &item))
            MKG_GO(say(r, id, c, item, err));
    }
out:
    return st;
}

static bool is_true(mkg_view v)
{
    return same(v, "true") || mkg__view_is(v, "1");
}

static mkg_status add_edge(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s = {.kind = MKG_SAY_FACT, .line = r->t.line, .text = {"", 0}};
    mkg_view type = value(r, of_role(r, TYPE));
    mkg_view weight = value(r, of_role(r, WEIGHT));
    double number = 1;
    MKG_GO(thing(r, of_role(r, START), &s.subject, err));
    MKG_GO(thing(r, of_role(r, END), &s.object, err));
    if (!s.subject || !s.object || type.len == 0)
        return mkg__table_skip(&r->t, err, "the edge has no start, end or type");
    if (weight.len &&
        (!mkg__parse_double(weight, &number) || number > 3e38 || (float)number <= 0))
        return mkg__table_skip(&r->t, err, "the weight '%.*s' is no positive number",
                               mkg__clip(weight, 40), weight.ptr);
    s.weight = number == 1 ? 0 : (float)number;
    s.denied = is_true(value(r, of_role(r, NEGATED)));
    if (s.denied && type.len > 4 && memcmp(type.ptr, "NOT_", 4) == 0)
        type = mkg__view(type.ptr + 4, type.len - 4);
    if (mkg__view_is(mkg__concepts_type_of(r->c, s.object), "text")) {
        s.kind = MKG_SAY_TEXT;
        s.text = mkg__concepts_hinted(r->c, s.object);
        s.object = 0;
    }
    r->im->read++;
    MKG_GO(mkg__concepts_relation(r->c, type, &s.relation, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

static mkg_status read_neo4j(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__table_open(&r.t, im, 0, err));
    MKG_GO(read_header(&r, err));
    while ((st = mkg__table_next(&r.t, err)) == MKG_OK)
        MKG_GO(r.edges ? add_edge(&r, err) : add_node(&r, err));
    if (st == MKG_END) st = mkg__concepts_end(r.c, err);
out:
    mkg__table_close(&r.t);
    mkg__concepts_free(r.c);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    mkg_view line = mkg__first_line(head);
    (void)im;
    if (mkg__is_json(head)) return 0;
    if (mkg__contains(line, ":START_ID") && mkg__contains(line, ":END_ID")) return 95;
    return mkg__contains(line, ":ID") &&
                   (mkg__contains(line, ":LABEL") || mkg__contains(line, ":ID("))
               ? 94
               : 0;
}

const mkg__format mkg__format_neo4j = {
    .name = "neo4j", .recognise = recognise, .read = read_neo4j, .folders = true};
