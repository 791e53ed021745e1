/* Records: one JSON object a node, read through a mapping file. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* A reference to a node that may be one of several types: settled at the end of the
 * file, when all records are known. */
typedef struct reference {
    mkg_id subject;
    const mkg__rule *rule;
    mkg_view name, locator;
    uint64_t line;
} reference;

typedef struct reader {
    mkg__import *im;
    const mkg__recordmap *map;
    mkg__map own;     /* type, 0, folded name of the records of this file -> 1 */
    mkg__map unknown; /* fields without a rule that were told of */
    reference *later;
    size_t nlater, later_cap;
    mkg__arena arena;
    mkg__buf scratch, key;
} reader;

/* One record under way. */
typedef struct record {
    reader *r;
    mkg_id node;
    uint64_t line;
    mkg_view locator;
    mkg_view field; /* for messages */
} record;

static mkg_status fault(record *rec, mkg_status st, mkg_err *e, mkg_err *err)
{
    if (st == MKG_EPARSE && e->line == 0 && rec->field.len) {
        char why[sizeof e->msg];
        memcpy(why, e->msg, sizeof why);
        mkg__fail(e, st, "field \"%.*s\": %.400s", mkg__clip(rec->field, 60),
                  rec->field.ptr, why);
    }
    return mkg__import_fault(rec->r->im, st, e, rec->line, err);
}

static mkg_status complain(record *rec, const char *what, mkg_err *err)
{
    mkg_err e = {0};
    mkg__fail(&e, MKG_EPARSE, "%s", what);
    return fault(rec, MKG_EPARSE, &e, err);
}

/* ---- items of a field ---- */

static bool ends_with(mkg_view v, const char *suffix)
{
    size_t n = strlen(suffix);
    return v.len >= n && memcmp(v.ptr + v.len - n, suffix, n) == 0;
}

static bool says_nothing(const mkg__rule *rule, mkg_view item)
{
    if (item.len == 0) return true;
    for (size_t i = 0; i < rule->drop.n; i++)
        if (mkg__view_is(item, rule->drop.at[i])) return true;
    for (size_t i = 0; i < rule->drop_suffix.n; i++)
        if (ends_with(item, rule->drop_suffix.at[i])) return true;
    return false;
}

typedef mkg_status (*item_fn)(record *rec, const mkg__rule *rule, mkg_view item,
                              mkg_err *err);

/* Length of the separator that stands at p, 0 if none does. */
static size_t separator_at(const mkg__rule *rule, mkg_view v)
{
    for (size_t i = 0; i < rule->split.n; i++) {
        size_t n = strlen(rule->split.at[i]);
        if (v.len >= n && memcmp(v.ptr, rule->split.at[i], n) == 0) return n;
    }
    return 0;
}

static mkg_status each_part(record *rec, const mkg__rule *rule, mkg_view text,
                            item_fn fn, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        size_t n = i == text.len
                       ? 1
                       : separator_at(rule, mkg__view(text.ptr + i, text.len - i));
        if (n == 0) continue;
        mkg_view item = mkg__trim(mkg__view(text.ptr + from, i - from));
        if (!says_nothing(rule, item)) MKG_GO(fn(rec, rule, item, err));
        from = i + n;
        i += n - 1;
    }
out:
    return st;
}

/* Strings and numbers of a value or of a list of them. */
static mkg_status each_item(record *rec, const mkg__rule *rule, const json_t *v,
                            item_fn fn, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char number[40];
    int n = 0;

    if (!v || json_is_null(v)) return MKG_OK;
    if (json_is_string(v)) return each_part(rec, rule, mkg__json_view(v), fn, err);
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            const json_t *item = json_array_get(v, i);
            if (json_is_array(item)) return complain(rec, "a list within a list", err);
            MKG_GO(each_item(rec, rule, item, fn, err));
        }
        return MKG_OK;
    }
    if (json_is_integer(v))
        n = snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                     json_integer_value(v));
    else if (json_is_real(v))
        n = snprintf(number, sizeof number, "%.12g", json_real_value(v));
    else
        return complain(rec, "a string, a number or a list of them is expected", err);
    st = each_part(rec, rule, mkg__view(number, (size_t)n), fn, err);
out:
    return st;
}

/* ---- what is done with an item ---- */

static mkg_status add_name(record *rec, const mkg__rule *rule, mkg_view item,
                           mkg_err *err)
{
    mkg_err e = {0};
    mkg_status st =
        mkg_writer_name(rec->r->im->w, rec->node,
                        rule->kind == MKG_RULE_NAME ? MKG_ENTRY_NAME : MKG_ENTRY_ALIAS,
                        rule->lang, item, &e);
    return st < 0 ? fault(rec, st, &e, err) : MKG_OK;
}

static mkg_view with_system(record *rec, const mkg__rule *rule, mkg_view item)
{
    mkg__buf *b = &rec->r->scratch;
    if (!rule->system[0]) return item;
    if (strncmp(rule->system, "ICD10", 5) == 0) item = mkg__icd10_code(item);
    b->len = 0;
    mkg__buf_printf(b, "%s:%.*s", rule->system, (int)item.len, item.ptr);
    return mkg__view(mkg__buf_cstr(b), b->len);
}

static mkg_status add_code(record *rec, const mkg__rule *rule, mkg_view item,
                           mkg_err *err)
{
    mkg_err e = {0};
    mkg_view code = with_system(rec, rule, item);
    if (!code.ptr) return mkg__nomem(err);
    mkg_status st = mkg_writer_code(rec->r->im->w, rec->node, code, &e);
    return st < 0 ? fault(rec, st, &e, err) : MKG_OK;
}

static mkg_status state(record *rec, const mkg__rule *rule, mkg_id object,
                        mkg_view literal, mkg_err *err)
{
    mkg_err e = {0};
    mkg_view none = {"", 0};
    const mkg_relation *relation;
    mkg_writer *w = rec->r->im->w;
    mkg_status st = mkg__import_relation(
        rec->r->im, mkg__view(rule->relation, strlen(rule->relation)), rec->line,
        &relation, &e);
    if (st >= 0) {
        mkg_fact_in f = {.subject = rec->node,
                         .relation = relation,
                         .object = object,
                         .literal = literal,
                         .literal_lang = rule->lang,
                         .grade = none,
                         .population = none,
                         .line = rec->line,
                         .locator = rec->locator};
        st = mkg_writer_fact(w, &f, &e);
    }
    return st < 0 ? fault(rec, st, &e, err) : MKG_OK;
}

static mkg_status add_relation(record *rec, const mkg__rule *rule, mkg_view item,
                               mkg_err *err)
{
    reader *r = rec->r;
    mkg_err e = {0};
    mkg_id object;
    mkg_view none = {"", 0};

    if (rule->types.n > 1) {
        if (!mkg__grow(&r->later, &r->later_cap, r->nlater + 1, sizeof *r->later))
            return mkg__nomem(err);
        reference *ref = &r->later[r->nlater];
        *ref = (reference){rec->node, rule, item, rec->locator, rec->line};
        ref->name.ptr = mkg__arena_dup(&r->arena, item.ptr, item.len);
        ref->locator.ptr =
            mkg__arena_dup(&r->arena, rec->locator.ptr, rec->locator.len);
        if (!ref->name.ptr || !ref->locator.ptr) return mkg__nomem(err);
        r->nlater++;
        return MKG_OK;
    }
    mkg_view type =
        rule->types.n ? mkg__view(rule->types.at[0], strlen(rule->types.at[0])) : none;
    mkg_status st = mkg_writer_node(r->im->w, type, item, rule->lang, &object, &e);
    if (st < 0) return fault(rec, st, &e, err);
    return state(rec, rule, object, none, err);
}

static mkg_status join_item(record *rec, const mkg__rule *rule, mkg_view item,
                            mkg_err *err)
{
    mkg__buf *b = &rec->r->scratch;
    if (b->len) mkg__buf_str(b, rule->join);
    mkg__buf_put(b, item.ptr, item.len);
    return b->failed ? mkg__nomem(err) : MKG_OK;
}

/* CR LF and CR become LF: the locator points at the file, the text is for people. */
static mkg_status add_literal(record *rec, const mkg__rule *rule, mkg_view item,
                              mkg_err *err)
{
    mkg__buf b = {0};
    for (size_t i = 0; i < item.len; i++) {
        if (item.ptr[i] != '\r')
            mkg__buf_byte(&b, (unsigned char)item.ptr[i]);
        else if (i + 1 == item.len || item.ptr[i + 1] != '\n')
            mkg__buf_byte(&b, '\n');
    }
    const char *text = mkg__buf_cstr(&b);
    mkg_status st = text ? state(rec, rule, MKG_ID_NONE, mkg__view(text, b.len), err)
                         : mkg__nomem(err);
    mkg__buf_clear(&b);
    return st;
}

static mkg_status add_joined(record *rec, const mkg__rule *rule, const json_t *v,
                             mkg_err *err)
{
    mkg__buf *b = &rec->r->scratch;
    b->len = 0;
    mkg_status st = each_item(rec, rule, v, join_item, err);
    if (st < 0 || b->len == 0) return st;
    return add_literal(rec, rule, mkg__view(b->ptr, b->len), err);
}

/* ---- a record ---- */

static const mkg__rule *rule_of(const mkg__recordmap *m, mkg__rule_kind kind, size_t *i)
{
    while (*i < m->nrules)
        if (m->rules[(*i)++].kind == kind) return &m->rules[*i - 1];
    return NULL;
}

static mkg_view string_field(const json_t *v, const mkg__rule *rule)
{
    mkg_view text = mkg__json_view(rule ? json_object_get(v, rule->field) : NULL);
    return text.ptr ? mkg__trim(text) : mkg__view("", 0);
}

static mkg_status type_of(record *rec, const json_t *v, mkg_view *type, mkg_err *err)
{
    const mkg__recordmap *m = rec->r->map;
    size_t i = 0;
    if (m->type) {
        *type = mkg__view(m->type, strlen(m->type));
        return MKG_OK;
    }
    const mkg__rule *rule = rule_of(m, MKG_RULE_TYPE, &i);
    *type = string_field(v, rule);
    if (type->len == 0)
        return mkg__fail(err, MKG_EPARSE, "the record has no type (field \"%s\")",
                         rule->field);
    if (rule->values) {
        mkg_view mapped =
            mkg__json_view(json_object_getn(rule->values, type->ptr, type->len));
        if (!mapped.ptr)
            return mkg__fail(err, MKG_EPARSE, "the type '%.*s' is not in the mapping",
                             mkg__clip(*type, 60), type->ptr);
        *type = mapped;
    }
    return MKG_OK;
}

/* Note that the file has a record of this type and name. */
static mkg_status own(reader *r, mkg_view type, mkg_view name, bool put, bool *has,
                      mkg_err *err)
{
    r->key.len = 0;
    mkg__buf_put(&r->key, type.ptr, type.len);
    mkg__buf_byte(&r->key, 0);
    mkg_status st = mkg__fold(name.ptr, name.len, &r->key, NULL, err);
    if (st < 0) return st;
    if (put) {
        mkg_id *slot = mkg__map_put(&r->own, r->key.ptr, r->key.len);
        if (!slot) return mkg__nomem(err);
        *slot = 1;
        return MKG_OK;
    }
    *has = mkg__map_get(&r->own, r->key.ptr, r->key.len) != NULL;
    return MKG_OK;
}

/* The node of the record: by its first code if it has one (and codes identify), and its
 * first name. */
static mkg_status make_node(record *rec, const json_t *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__recordmap *m = rec->r->map;
    const mkg__rule *rule, *found = NULL;
    mkg_view type, name = {"", 0}, code = {"", 0};

    MKG_GO(type_of(rec, v, &type, err));
    for (size_t i = 0; name.len == 0 && (rule = rule_of(m, MKG_RULE_NAME, &i));) {
        name = string_field(v, rule);
        found = rule;
    }
    if (name.len == 0) {
        size_t i = 0;
        st = mkg__fail(err, MKG_EPARSE, "the record has no name (field \"%s\")",
                       rule_of(m, MKG_RULE_NAME, &i)->field);
        goto out;
    }
    for (size_t i = 0;
         !m->by_name && code.len == 0 && (rule = rule_of(m, MKG_RULE_CODE, &i));) {
        const json_t *c = json_object_get(v, rule->field);
        mkg_view text = mkg__json_view(json_is_array(c) ? json_array_get(c, 0) : c);
        if (text.ptr) text = mkg__trim(text);
        if (text.len) code = with_system(rec, rule, text);
    }
    if (code.len && memchr(code.ptr, ':', code.len))
        MKG_GO(mkg_writer_node_coded(rec->r->im->w, type, name, found->lang, code,
                                     &rec->node, err));
    else
        MKG_GO(
            mkg_writer_node(rec->r->im->w, type, name, found->lang, &rec->node, err));
    st = own(rec->r, type, name, true, NULL, err);
out:
    return st;
}

/* A field that the mapping does not name is told of once, and left out. */
static mkg_status tell_unknown(record *rec, const char *field, mkg_err *err)
{
    const mkg__import *im = rec->r->im;
    mkg_id *slot = mkg__map_put(&rec->r->unknown, field, strlen(field));
    if (!slot) return mkg__nomem(err);
    if (*slot != MKG_ID_NONE) return MKG_OK;
    *slot = 1;
    mkg__import_remark(
        im, rec->line,
        "the mapping says nothing of the field \"%.60s\": it is left out", field);
    return MKG_OK;
}

static mkg_status add_record(reader *r, json_t *v, uint64_t line, const record *parent,
                             const mkg__rule *child_of, mkg_err *err);

/* Records within a record: each is one of its own, and what its parent is to it. */
static mkg_status add_children(record *rec, const mkg__rule *rule, const json_t *v,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (v && !json_is_array(v))
        return complain(rec, "a list of records is expected", err);
    for (size_t i = 0; i < json_array_size(v); i++)
        MKG_GO(add_record(rec->r, json_array_get(v, i), rec->line, rec, rule, err));
out:
    return st;
}

static mkg_status add_field(record *rec, const mkg__rule *rule, const json_t *v,
                            mkg_err *err)
{
    rec->field = mkg__view(rule->field, strlen(rule->field));
    switch (rule->kind) {
    case MKG_RULE_NAME:
    case MKG_RULE_ALIAS:
        return each_item(rec, rule, v, add_name, err);
    case MKG_RULE_CODE:
        return each_item(rec, rule, v, add_code, err);
    case MKG_RULE_RELATION:
        return each_item(rec, rule, v, add_relation, err);
    case MKG_RULE_LITERAL:
        return rule->join && json_is_array(v)
                   ? add_joined(rec, rule, v, err)
                   : each_item(rec, rule, v, add_literal, err);
    case MKG_RULE_CHILDREN:
        return add_children(rec, rule, v, err);
    case MKG_RULE_TYPE:
    case MKG_RULE_LOCATOR:
    case MKG_RULE_IGNORE:
        break;
    }
    return MKG_OK;
}

static mkg_status add_record(reader *r, json_t *v, uint64_t line, const record *parent,
                             const mkg__rule *child_of, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_err e = {0};
    record rec = {.r = r, .line = line, .locator = {"", 0}, .field = {"", 0}};
    const mkg__rule *rule;
    const char *field;
    json_t *value;
    size_t i = 0;

    if (!json_is_object(v)) return complain(&rec, "a record is an object", err);
    if ((rule = rule_of(r->map, MKG_RULE_LOCATOR, &i)))
        rec.locator = string_field(v, rule);
    st = make_node(&rec, v, &e);
    if (st < 0) return fault(&rec, st, &e, err);
    if (parent) MKG_GO(state(&rec, child_of, parent->node, mkg__view("", 0), err));
    /* In the order of the map, so that a record's order of keys does not matter. */
    for (i = 0; i < r->map->nrules; i++)
        MKG_GO(add_field(&rec, &r->map->rules[i],
                         json_object_get(v, r->map->rules[i].field), err));
    json_object_foreach(v, field, value) if (!mkg__map_rule(r->map, field))
        MKG_GO(tell_unknown(&rec, field, err));
    r->im->read++;
out:
    return st;
}

/* ---- references that may be of several types ---- */

static mkg_status stored_with_type(reader *r, mkg_view name, mkg_view type, bool *out,
                                   mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids ids = {0};
    mkg_node node;
    *out = false;
    MKG_GO(mkg_kg_find_name(r->im->kg, name, &ids, err));
    for (size_t i = 0; i < ids.n && !*out; i++) {
        MKG_GO(mkg_kg_node(r->im->kg, ids.ids[i], &node, err));
        *out = mkg__view_eq(node.type, type);
    }
    st = MKG_OK;
out:
    mkg_ids_clear(&ids);
    return st;
}

static mkg_status settle(reader *r, const reference *ref, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_err e = {0};
    mkg_view type = {NULL, 0}, none = {"", 0};
    const mkg__strings *types = &ref->rule->types;
    record rec = {.r = r,
                  .node = ref->subject,
                  .line = ref->line,
                  .locator = ref->locator,
                  .field = {ref->rule->field, strlen(ref->rule->field)}};
    mkg_id object;
    bool has = false;

    for (int pass = 0; pass < 2 && !type.ptr && st >= 0; pass++)
        for (size_t i = 0; i < types->n && !type.ptr && st >= 0; i++) {
            mkg_view t = {types->at[i], strlen(types->at[i])};
            st = pass ? stored_with_type(r, ref->name, t, &has, &e)
                      : own(r, t, ref->name, false, &has, &e);
            if (has) type = t;
        }
    if (!type.ptr) type = mkg__view(types->at[0], strlen(types->at[0]));
    if (st >= 0)
        st = mkg_writer_node(r->im->w, type, ref->name, ref->rule->lang, &object, &e);
    if (st < 0) return fault(&rec, st, &e, err);
    return state(&rec, ref->rule, object, none, err);
}

/* ---- the file ---- */

/* A relation to nodes cannot take texts, nor the other way round. */
static mkg_status check_relations(const reader *r, mkg_err *err)
{
    for (size_t i = 0; i < r->map->nrules; i++) {
        const mkg__rule *rule = &r->map->rules[i];
        if (!rule->relation) continue;
        const mkg_relation *known = mkg_kg_find_relation(
            r->im->kg, mkg__view(rule->relation, strlen(rule->relation)));
        const char *belongs = !known           ? NULL
                              : known->alias   ? "alias"
                              : known->literal ? "literals"
                                               : "relations";
        const char *stands = rule->kind == MKG_RULE_LITERAL ? "literals" : "relations";
        if (belongs && strcmp(belongs, stands) != 0)
            return mkg__fail_at(err, MKG_EPARSE, r->map->path, 0, 0,
                                "\"%s\": the relation \"%s\" belongs under \"%s\"",
                                rule->field, rule->relation, belongs);
    }
    return MKG_OK;
}

static mkg_status find_map(reader *r, const json_t *first, mkg_err *err)
{
    mkg__import *im = r->im;
    mkg_status st = im->map ? MKG_OK : mkg__maps_load(im, err);
    if (st < 0) return st;
    r->map = im->map ? im->map : mkg__maps_of_record(im, first);
    if (r->map) return MKG_OK;
    return mkg__fail_at(err, MKG_EPARSE, im->file, 0, 0,
                        "none of the mapping files in %s fits these records; name one "
                        "with --map",
                        im->opts->maps ? im->opts->maps : "(no folder)");
}

/* The map, and what it states of the source where the caller states nothing. */
static mkg_status choose_map(reader *r, const json_t *first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__import *im = r->im;
    MKG_GO(find_map(r, first, err));
    MKG_GO(check_relations(r, err));
    const char *name = im->opts->source ? NULL : r->map->source;
    if (name) snprintf(im->name, sizeof im->name, "%s", name);
    st = mkg_writer_describe(im->w, name, im->opts->licence ? NULL : r->map->licence,
                             err);
out:
    return st;
}

static mkg_status on_value(void *ctx, const char *array, json_t *v, uint64_t line,
                           mkg_err *err)
{
    reader *r = ctx;
    (void)array;
    mkg_status st = r->map ? MKG_OK : choose_map(r, v, err);
    return st < 0 ? st : add_record(r, v, line, NULL, NULL, err);
}

static mkg_status read_values(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__values *values = NULL;
    MKG_GO(mkg__values_new(r->im->s, &values, err));
    st = mkg__values_each(values, r->im, on_value, r, err);
out:
    mkg__values_free(values);
    return st;
}

/* A table with a header: each row is a record of its columns. */
static mkg_status read_table(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__table t = {0};
    json_t *v = NULL;
    MKG_GO(mkg__table_open(&t, r->im, 0, err));
    while ((st = mkg__table_next(&t, err)) == MKG_OK) {
        v = json_object();
        for (size_t i = 0; v && i < t.n; i++) {
            mkg_view f = mkg__table_field(&t, i);
            json_object_setn_new(v, t.names[i].ptr, t.names[i].len,
                                 json_stringn(f.ptr, f.len));
        }
        if (!v) return mkg__nomem(err);
        MKG_GO(on_value(r, NULL, v, t.line, err));
        json_decref(v);
        v = NULL;
    }
    if (st == MKG_END) st = MKG_OK;
out:
    json_decref(v);
    mkg__table_close(&t);
    return st;
}

static mkg_status read_records(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    reader r = {.im = im};

    MKG_GO(mkg__stream_peek(im->s, &head, err));
    if (im->map) MKG_GO(choose_map(&r, NULL, err));
    MKG_GO(mkg__is_json(head) ? read_values(&r, err) : read_table(&r, err));
    for (size_t i = 0; i < r.nlater; i++)
        MKG_GO(settle(&r, &r.later[i], err));
out:
    mkg__map_clear(&r.own);
    mkg__map_clear(&r.unknown);
    mkg__free(r.later);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.scratch);
    mkg__buf_clear(&r.key);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    const struct mkg__tablemap *table;
    size_t how;
    if (mkg__is_json(head)) return 50;
    const mkg__recordmap *m = mkg__maps_of_head(im, head, &table, &how);
    return m && !table ? 80 + (int)(how < 8 ? how : 8) : 0;
}

const mkg__format mkg__format_records = {
    .name = "records", .recognise = recognise, .read = read_records};
