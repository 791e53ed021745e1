/* Tables of any kind, through a mapping file that says what the columns of a row are:
 * things with ids, types and names, and facts between them. */
#include "import/tables_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* The things that a row is about, by one of the rules. */
typedef struct things {
    mkg_id *at;
    size_t n, cap;
} things;

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    const mkg__recordmap *map;
    mkg__tablemap *table;
    mkg__table t;
    mkg_view *fields;     /* of the row, with those that were cut off behind */
    const char **virtual; /* names of the latter */
    size_t n, nvirtual;
    bool *named; /* does the mapping name the column? */
    mkg__row row;
    things *things; /* one for each rule of a node */
    mkg__keys *keys;
    mkg__arena arena;
    mkg__buf id, text, other;
    uint64_t itself; /* facts of a thing with itself */
} reader;

/* ---- columns ---- */

static void find_column(void *ctx, mkg__piece *p)
{
    reader *r = ctx;
    p->at = SIZE_MAX;
    for (size_t i = 0; i < r->nvirtual; i++)
        if (mkg__column_is(p->column, mkg__view(r->virtual[i], strlen(r->virtual[i]))))
            p->at = r->t.n + i;
    for (size_t i = r->t.n; i > 0; i--)
        if (mkg__column_is(p->column, r->t.names[i - 1])) p->at = i - 1;
    if (p->at == SIZE_MAX)
        mkg__import_remark(r->im, 1, "the table has no column '%.60s' of the mapping",
                           p->column);
    else if (p->at < r->t.n)
        r->named[p->at] = true;
}

static void find_conditions(reader *r, mkg__conditions *c)
{
    for (size_t i = 0; i < c->n; i++)
        find_column(r, &c->at[i].column);
}

static void find_node_columns(reader *r, mkg__node_rule *n)
{
    mkg__template_columns(&n->id, find_column, r);
    mkg__template_columns(&n->type, find_column, r);
    mkg__template_columns(&n->above_key, find_column, r);
    if (n->split.column) find_column(r, &n->split);
    for (size_t i = 0; i < n->nnames; i++)
        for (size_t k = 0; k < n->names[i].n; k++)
            mkg__template_columns(&n->names[i].texts[k], find_column, r);
    for (size_t i = 0; i < n->ncodes; i++)
        mkg__template_columns(&n->codes[i], find_column, r);
    find_conditions(r, &n->when);
    find_conditions(r, &n->obsolete);
}

static void find_fact_columns(reader *r, mkg__fact_rule *f)
{
    mkg__template_columns(&f->relation, find_column, r);
    mkg__template_columns(&f->text, find_column, r);
    mkg__template_columns(&f->weight, find_column, r);
    find_conditions(r, &f->when);
    find_conditions(r, &f->denied);
}

/* What nobody asked for is told of once. */
static void tell_unknown(const reader *r)
{
    for (size_t i = 0; i < r->t.n; i++) {
        bool known = r->named[i] || r->t.names[i].len == 0;
        for (size_t k = 0; k < r->table->ignore.n && !known; k++)
            known = mkg__column_is(r->table->ignore.at[k], r->t.names[i]);
        if (!known)
            mkg__import_remark(
                r->im, 1,
                "the mapping says nothing of the column '%.*s': it is left out",
                mkg__clip(r->t.names[i], 60), r->t.names[i].ptr);
    }
}

static mkg_status find_columns(reader *r, mkg_err *err)
{
    mkg__tablemap *t = r->table;
    r->nvirtual = 2 * t->ncuts;
    r->n = r->t.n + r->nvirtual;
    r->fields = mkg__arena_alloc(&r->arena, (r->n + 1) * sizeof *r->fields);
    r->virtual = mkg__arena_alloc(&r->arena, (r->nvirtual + 1) * sizeof *r->virtual);
    r->named = mkg__arena_alloc(&r->arena, r->t.n + 1);
    r->things = mkg__calloc(t->nnodes + 1, sizeof *r->things);
    r->keys = mkg__calloc(t->nnodes + 1, sizeof *r->keys);
    if (!r->fields || !r->virtual || !r->named || !r->things || !r->keys)
        return mkg__nomem(err);
    memset(r->named, 0, r->t.n + 1);
    r->row = (mkg__row){r->fields, r->n};
    for (size_t i = 0; i < t->ncuts; i++) {
        r->virtual[2 * i] = t->cuts[i].before;
        r->virtual[2 * i + 1] = t->cuts[i].behind;
    }
    for (size_t i = 0; i < t->ncuts; i++)
        find_column(r, &t->cuts[i].column);
    for (size_t i = 0; i < t->nnodes; i++)
        find_node_columns(r, &t->nodes[i]);
    for (size_t i = 0; i < t->nfacts; i++)
        find_fact_columns(r, &t->facts[i]);
    tell_unknown(r);
    return MKG_OK;
}

/* ---- a row ---- */

/* "a@@b" at the last separator: "a", "b"; without one, all is the first part. */
static void cut_field(const mkg__cut *c, mkg_view v, mkg_view parts[2])
{
    size_t n = strlen(c->at);
    parts[0] = v;
    parts[1] = mkg__view("", 0);
    for (size_t i = v.len; i >= n; i--)
        if (memcmp(v.ptr + i - n, c->at, n) == 0) {
            parts[0] = mkg__trim(mkg__view(v.ptr, i - n));
            parts[1] = mkg__trim(mkg__view(v.ptr + i, v.len - i));
            return;
        }
}

static void take_fields(reader *r)
{
    const mkg__tablemap *t = r->table;
    for (size_t i = 0; i < r->t.n; i++)
        r->fields[i] = mkg__trim(r->t.fields[i]);
    for (size_t i = 0; i < t->ncuts; i++) {
        size_t at = t->cuts[i].column.at;
        mkg_view v = at < r->n ? r->fields[at] : mkg__view("", 0);
        cut_field(&t->cuts[i], v, &r->fields[r->t.n + 2 * i]);
    }
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < t->empty.n; k++)
            if (mkg__view_is(r->fields[i], t->empty.at[k])) r->fields[i].len = 0;
}

static bool holds(const reader *r, const mkg__condition *c)
{
    mkg_view v = c->column.at < r->n ? r->fields[c->column.at] : mkg__view("", 0);
    bool found = false;
    for (size_t i = 0; i < c->values.n && !found; i++)
        found = mkg__view_is(v, c->values.at[i]);
    return found != c->unless;
}

static bool all_hold(const reader *r, const mkg__conditions *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!holds(r, &c->at[i])) return false;
    return true;
}

static mkg_status text_of(reader *r, const mkg__template *t, mkg__buf *b, mkg_view *out,
                          mkg_err *err)
{
    mkg_status st = mkg__template_text(t, &r->row, b, out, err);
    *out = mkg__trim(*out);
    return st;
}

/* The first text of a rule that says something. */
static mkg_status first_text(reader *r, const mkg__name_rule *n, mkg_view *out,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    *out = mkg__view("", 0);
    for (size_t i = 0; i < n->n && out->len == 0 && st >= 0; i++)
        st = text_of(r, &n->texts[i], &r->text, out, err);
    return st;
}

/* ---- things ---- */

/* The number of the thing that the row names; 0 if it names none. What has no id is its
 * type and name. */
static mkg_status identify(reader *r, const mkg__node_rule *n, mkg_id *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view id, name = {"", 0}, type;
    *out = 0;
    MKG_GO(text_of(r, &n->id, &r->id, &id, err));
    if (id.len) {
        st = mkg__concepts_id(r->c, id, out, err);
        goto out;
    }
    if (n->id.n && !n->optional_id) goto out;
    for (size_t i = 0; i < n->nnames && name.len == 0; i++)
        if (!n->names[i].alias) MKG_GO(first_text(r, &n->names[i], &name, err));
    if (name.len == 0) goto out;
    MKG_GO(text_of(r, &n->type, &r->id, &type, err));
    r->other.len = 0;
    mkg__buf_put(&r->other, name.ptr, name.len);
    mkg__buf_byte(&r->other, '\t');
    mkg__buf_put(&r->other, type.ptr, type.len);
    if (!mkg__buf_cstr(&r->other)) return mkg__nomem(err);
    MKG_GO(mkg__concepts_id(r->c, mkg__view(r->other.ptr, r->other.len), out, err));
    mkg__concepts_local(r->c, *out);
out:
    return st;
}

/* A type that the mapping names, not a class that the file names. */
static bool is_own_type(const mkg__node_rule *n, mkg_view type)
{
    bool own = n->own_type || n->type.otherwise;
    for (size_t i = 0; i < n->type.ncases && !own; i++) {
        const mkg__template *then = n->type.cases[i].then;
        own = then->n == 1 && mkg__view_eq(then->pieces[0].text, type);
    }
    return own;
}

static mkg_status set_type(reader *r, const mkg__node_rule *n, mkg_id id, mkg_err *err)
{
    mkg_view type;
    if (n->obsolete.n && all_hold(r, &n->obsolete))
        return mkg__concepts_type(r->c, id, mkg__view("obsolete", 8), err);
    mkg_status st = text_of(r, &n->type, &r->text, &type, err);
    if (st < 0 || type.len == 0) return st;
    return is_own_type(n, type) ? mkg__concepts_type(r->c, id, type, err)
                                : mkg__concepts_class(r->c, id, type, err);
}

/* A name once more says nothing; another one for the same id is told of. */
static mkg_status set_name(reader *r, const mkg__name_rule *n, mkg_id id, mkg_err *err)
{
    mkg__saying s = {
        .kind = MKG_SAY_NAME, .lang = n->lang, .subject = id, .line = r->t.line};
    mkg_lang lang;
    mkg_status st = first_text(r, n, &s.text, err);
    if (st < 0 || s.text.len == 0) return st;
    mkg_view known = mkg__concepts_called(r->c, id, &lang);
    if (known.len && lang == n->lang) {
        if (mkg__view_eq(known, s.text)) return MKG_OK;
        mkg__import_remark(r->im, r->t.line,
                           "'%.*s' is called '%.*s' elsewhere and '%.*s' here",
                           mkg__clip(mkg__concepts_name_of(r->c, id), 60),
                           mkg__concepts_name_of(r->c, id).ptr, mkg__clip(known, 60),
                           known.ptr, mkg__clip(s.text, 60), s.text.ptr);
    }
    return mkg__concepts_say(r->c, &s, err);
}

static size_t separator_at(const mkg__strings *separators, mkg_view v)
{
    for (size_t i = 0; i < separators->n; i++) {
        size_t n = strlen(separators->at[i]);
        if (v.len >= n && memcmp(v.ptr, separators->at[i], n) == 0) return n;
    }
    return 0;
}

/* The next item of a list, trimmed; false behind the last. */
static bool next_item(mkg_view *list, const mkg__strings *separators, mkg_view *item)
{
    size_t i = 0, n = 0;
    if (list->len == 0) return false;
    while (i < list->len &&
           !(n = separator_at(separators, mkg__view(list->ptr + i, list->len - i))))
        i++;
    *item = mkg__trim(mkg__view(list->ptr, i));
    *list = mkg__view(list->ptr + i + n, list->len - i - n);
    return true;
}

static mkg_status add_aliases(reader *r, const mkg__node_rule *n,
                              const mkg__name_rule *names, mkg_id id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view list, item;
    for (size_t i = 0; i < names->n; i++) {
        MKG_GO(text_of(r, &names->texts[i], &r->text, &list, err));
        while (next_item(&list, &n->alias_split, &item)) {
            mkg__saying s = {.kind = MKG_SAY_ALIAS,
                             .lang = names->lang,
                             .subject = id,
                             .text = item,
                             .line = r->t.line};
            MKG_GO(mkg__concepts_say(r->c, &s, err));
        }
    }
out:
    return st;
}

static mkg_status note_key(reader *r, const mkg__node_rule *n, mkg__keys *keys,
                           mkg_id id, mkg_err *err)
{
    mkg_view key;
    mkg_status st = text_of(r, &n->above_key, &r->text, &key, err);
    if (st < 0 || key.len == 0) return st;
    if (keys->n && keys->at[keys->n - 1].id == id &&
        mkg__view_eq(keys->at[keys->n - 1].key, key))
        return MKG_OK; /* a code once more, for another dose */
    if (!mkg__grow(&keys->at, &keys->cap, keys->n + 1, sizeof *keys->at))
        return mkg__nomem(err);
    const char *p = mkg__arena_dup(&r->arena, key.ptr, key.len);
    if (!p) return mkg__nomem(err);
    keys->at[keys->n++] = (mkg__keyed){mkg__view(p, key.len), id, r->t.line};
    return MKG_OK;
}

/* A thing that the row says something of is described; one that it only refers to by an
 * id may be a stub. */
static mkg_status describe(reader *r, size_t rule, mkg_id id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__node_rule *n = &r->table->nodes[rule];
    MKG_GO(set_type(r, n, id, err));
    for (size_t i = 0; i < n->nnames; i++) {
        mkg__concepts_mention(r->c, id, r->t.line);
        if (n->names[i].alias)
            MKG_GO(add_aliases(r, n, &n->names[i], id, err));
        else
            MKG_GO(set_name(r, &n->names[i], id, err));
    }
    for (size_t i = 0; i < n->ncodes; i++) {
        mkg__saying s = {.kind = MKG_SAY_CODE, .subject = id, .line = r->t.line};
        MKG_GO(text_of(r, &n->codes[i], &r->text, &s.text, err));
        MKG_GO(mkg__concepts_say(r->c, &s, err));
    }
    if (n->above) MKG_GO(note_key(r, n, &r->keys[rule], id, err));
out:
    return st;
}

static mkg_status add_thing(reader *r, size_t rule, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    things *found = &r->things[rule];
    MKG_GO(identify(r, &r->table->nodes[rule], &id, err));
    if (!id) goto out;
    if (!mkg__grow(&found->at, &found->cap, found->n + 1, sizeof *found->at))
        return mkg__nomem(err);
    found->at[found->n++] = id;
    st = describe(r, rule, id, err);
out:
    return st;
}

static mkg_status add_things(reader *r, size_t rule, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__node_rule *n = &r->table->nodes[rule];
    size_t column = n->split.at;
    r->things[rule].n = 0;
    if (!all_hold(r, &n->when)) return MKG_OK;
    if (!n->split.column || column >= r->n) return add_thing(r, rule, err);
    mkg_view whole = r->fields[column], list = whole;
    while (next_item(&list, &n->separators, &r->fields[column]))
        MKG_GO(add_thing(r, rule, err));
out:
    r->fields[column] = whole;
    return st;
}

/* ---- facts ---- */

static mkg_status state(reader *r, const mkg__fact_rule *f, mkg__saying s,
                        mkg_view name, mkg_err *err)
{
    if (s.object && s.object == s.subject) {
        r->itself++;
        return MKG_OK;
    }
    r->im->read++;
    if (s.weight == 0 && !s.denied)
        return mkg__concepts_state(r->c, s.subject, name, s.object, s.text, f->lang,
                                   s.line, err);
    mkg_status st = mkg__concepts_relation(r->c, name, &s.relation, err);
    return st < 0 ? st : mkg__concepts_say(r->c, &s, err);
}

static mkg_status add_fact(reader *r, const mkg__fact_rule *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view name, weight;
    double number = 0;
    const things *from = &r->things[f->subject];
    bool is_text = f->object == SIZE_MAX;
    const things none = {0}, *to = is_text ? &none : &r->things[f->object];
    mkg__saying s = {.kind = is_text ? MKG_SAY_TEXT : MKG_SAY_FACT,
                     .lang = f->lang,
                     .line = r->t.line,
                     .text = {"", 0}};

    if (from->n == 0 || (!is_text && to->n == 0) || !all_hold(r, &f->when)) return st;
    MKG_GO(text_of(r, &f->relation, &r->id, &name, err));
    if (name.len == 0) goto out;
    if (is_text) {
        MKG_GO(text_of(r, &f->text, &r->text, &s.text, err));
        if (s.text.len == 0) goto out;
    }
    MKG_GO(text_of(r, &f->weight, &r->other, &weight, err));
    if (weight.len) {
        if (!mkg__parse_double(weight, &number) || number > 3e38 || (float)number <= 0)
            return mkg__table_skip(&r->t, err,
                                   "the weight '%.*s' is no positive number",
                                   mkg__clip(weight, 40), weight.ptr);
        s.weight = number == 1 ? 0 : (float)number;
    }
    s.denied = f->denied.n && all_hold(r, &f->denied);
    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; k < (is_text ? 1 : to->n); k++) {
            s.subject = from->at[i];
            s.object = is_text ? 0 : to->at[k];
            MKG_GO(state(r, f, s, name, err));
        }
out:
    return st;
}

/* ---- the file ---- */

static mkg_status add_row(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__tablemap *t = r->table;
    take_fields(r);
    for (size_t i = 0; i < t->nnodes; i++)
        MKG_GO(add_things(r, i, err));
    if (r->things[0].n == 0 && all_hold(r, &t->nodes[0].when))
        return mkg__table_skip(&r->t, err, "the row names no '%s'", t->nodes[0].key);
    for (size_t i = 0; i < t->nfacts; i++)
        MKG_GO(add_fact(r, &t->facts[i], err));
out:
    return st;
}

static mkg_status read_rows(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    while ((st = mkg__table_next(&r->t, err)) == MKG_OK)
        MKG_GO(add_row(r, err));
    if (st < 0) goto out;
    for (size_t i = 0; i < r->table->nnodes; i++)
        if (r->keys[i].n)
            MKG_GO(mkg__keys_state(&r->keys[i], r->table->nodes[i].above, r->c, err));
    st = MKG_OK;
    if (r->itself)
        mkg__import_remark(r->im, 0, "%llu facts of a thing with itself: left out",
                           (unsigned long long)r->itself);
out:
    return st;
}

/* The table of the map that the file fits; of a map with one table, that. */
static mkg_status choose_table(reader *r, mkg_view head, mkg_err *err)
{
    const mkg__tablemap *found;
    size_t how;
    r->map = mkg__maps_of_head(r->im, head, &found, &how);
    if (!r->map && r->im->map && r->im->map->ntables == 1) {
        r->map = r->im->map;
        found = r->map->tables;
    }
    if (!r->map || !found)
        return mkg__fail_at(err, MKG_EPARSE, r->im->file, 1, 0,
                            "the columns fit none of the mapping files%s%s",
                            r->im->map ? ": " : "; name one with --map",
                            r->im->map ? r->im->map->path : "");
    r->table = &r->map->tables[found - r->map->tables];
    return MKG_OK;
}

static mkg_status open_table(reader *r, mkg_view head, mkg_err *err)
{
    const mkg__tablemap *t = r->table;
    char delimiter =
        t->delimiter ? t->delimiter : mkg__delimiter_of(mkg__first_line(head));
    bool plain = t->quotes == MKG_QUOTES_NO ||
                 (t->quotes == MKG_QUOTES_COMMA && delimiter == '\t');
    return mkg__table_open_as(&r->t, r->im, delimiter, plain, t->rest,
                              t->columns.n ? &t->columns : NULL, err);
}

static mkg_status describe_source(reader *r, mkg_err *err)
{
    mkg__import *im = r->im;
    const char *name = im->opts->source ? NULL : r->map->source;
    if (name) snprintf(im->name, sizeof im->name, "%s", name);
    return mkg_writer_describe(im->w, name, im->opts->licence ? NULL : r->map->licence,
                               err);
}

static mkg_status read_tables(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__stream_peek(im->s, &head, err));
    MKG_GO(choose_table(&r, head, err));
    MKG_GO(describe_source(&r, err));
    MKG_GO(open_table(&r, head, err));
    MKG_GO(find_columns(&r, err));
    MKG_GO(read_rows(&r, err));
    st = mkg__concepts_end(r.c, err);
out:
    for (size_t i = 0; r.things && i < r.table->nnodes; i++)
        mkg__free(r.things[i].at);
    for (size_t i = 0; r.keys && i < r.table->nnodes; i++)
        mkg__free(r.keys[i].at);
    mkg__free(r.things);
    mkg__free(r.keys);
    mkg__table_close(&r.t);
    mkg__concepts_free(r.c);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.id);
    mkg__buf_clear(&r.text);
    mkg__buf_clear(&r.other);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    const mkg__tablemap *table;
    size_t how;
    if (mkg__is_json(head)) return 0;
    const mkg__recordmap *m = mkg__maps_of_head(im, head, &table, &how);
    return m && table ? 80 + (int)(how < 8 ? how : 8) : 0;
}

const mkg__format mkg__format_table = {
    .name = "table", .recognise = recognise, .read = read_tables, .folders = true};
