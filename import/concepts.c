/* Things by their ids: collected while a file is read, written at its end, when it is
 * known how each is called. */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/io.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

typedef struct concept {
    mkg_view id, name, hint; /* in the arena */
    mkg_view type;           /* in the arena or the table; "" if none was given */
    mkg_lang lang;           /* of name */
    bool local, property, used;
    uint64_t line; /* where it is described, 0: nowhere */
    mkg_id node;
}
concept;

/* What a predicate says, where it is no relation of its own. */
typedef enum meaning {
    A_RELATION,
    A_NAME,
    AN_ALIAS,
    A_CODE,
    AN_XREF,
    IDENTITY, /* the same as what a text names is a code */
    OBSOLETE,
    RELATED, /* a related synonym */
    SUBSET,  /* of the ontology, by its name */
    NOTHING
} meaning;

typedef struct relation {
    mkg_view name, label, other_id; /* in the arena */
    meaning is;
    const mkg_relation *known;
} relation;

struct mkg__concepts {
    mkg__import *im;
    mkg__ontologies *table;
    mkg__map ids, relation_names, types;
    concept *at; /* from 1 */
    size_t n, cap;
    relation *relations; /* from 1 */
    size_t nrelations, relations_cap;
    mkg__sayings sayings;
    mkg__links hierarchy; /* of is_a */
    mkg__arena arena;
    mkg__buf key, locator;
    void *kept;
    void (*clear_kept)(void *);
    uint64_t nameless; /* local things that nothing can be called by */
};

enum { SAYINGS_MEMORY = 64 << 20 };

mkg_status mkg__concepts_new(mkg__import *im, mkg__concepts **out, mkg_err *err)
{
    *out = im->shared;
    if (im->shared) return MKG_OK;
    mkg__concepts *c = mkg__calloc(1, sizeof *c);
    if (!c) return mkg__nomem(err);
    c->im = im;
    c->sayings.fd = -1;
    c->sayings.folder = mkg_kg_path(im->kg);
    c->sayings.memory = SAYINGS_MEMORY;
    mkg_status st = mkg__ontologies_load(im->opts->maps, &c->table, err);
    if (st < 0) {
        mkg__concepts_free(c);
        return st;
    }
    *out = c;
    if (im->parts.n) im->shared = c;
    return MKG_OK;
}

void mkg__concepts_free(mkg__concepts *c)
{
    if (!c || c == c->im->shared) return;
    if (c->kept) c->clear_kept(c->kept);
    mkg__free(c->kept);
    mkg__ontologies_free(c->table);
    mkg__map_clear(&c->ids);
    mkg__map_clear(&c->relation_names);
    mkg__map_clear(&c->types);
    mkg__free(c->at);
    mkg__free(c->relations);
    mkg__sayings_clear(&c->sayings);
    mkg__links_clear(&c->hierarchy);
    mkg__arena_clear(&c->arena);
    mkg__buf_clear(&c->key);
    mkg__buf_clear(&c->locator);
    mkg__free(c);
}

void *mkg__concepts_keep(mkg__concepts *c, size_t size, void (*clear)(void *))
{
    if (!c->kept) c->kept = mkg__calloc(1, size);
    c->clear_kept = clear;
    return c->kept;
}

const mkg__ontologies *mkg__concepts_table(const mkg__concepts *c)
{
    return c->table;
}

static mkg_status keep(mkg__concepts *c, mkg_view v, mkg_view *out, mkg_err *err)
{
    const char *p = mkg__arena_dup(&c->arena, v.ptr, v.len);
    if (!p) return mkg__nomem(err);
    *out = mkg__view(p, v.len);
    return MKG_OK;
}

/* ---- places ---- */

/* Of a folder, the number of the file stands in the upper bits of a line. */
enum { PART_SHIFT = 48 };

static uint64_t place(const mkg__concepts *c, uint64_t line)
{
    return line | (uint64_t)c->im->part << PART_SHIFT;
}

/* The line in its file, which from now on is the one that is spoken of. */
static uint64_t line_at(mkg__concepts *c, uint64_t at)
{
    size_t part = (size_t)(at >> PART_SHIFT);
    if (part < c->im->parts.n) c->im->file = mkg__path_base(c->im->parts.at[part]);
    return at & (((uint64_t)1 << PART_SHIFT) - 1);
}

/* ---- filling ---- */

mkg_status mkg__concepts_id(mkg__concepts *c, mkg_view id, mkg_id *out, mkg_err *err)
{
    mkg_status st = mkg__ontologies_id(c->table, id, &c->key, err);
    if (st < 0) return st;
    mkg_id *slot = mkg__map_put(&c->ids, c->key.ptr, c->key.len);
    if (!slot || !mkg__grow(&c->at, &c->cap, c->n + 2, sizeof *c->at))
        return mkg__nomem(err);
    if (*slot == MKG_ID_NONE) {
        memset(&c->at[c->n + 1], 0, sizeof *c->at);
        st = keep(c, mkg__view(c->key.ptr, c->key.len), &c->at[c->n + 1].id, err);
        if (st < 0) return st;
        *slot = (mkg_id)++c->n;
    }
    *out = *slot;
    return MKG_OK;
}

mkg_status mkg__concepts_describe(mkg__concepts *c, mkg_id id, uint64_t line,
                                  mkg_err *err)
{
    concept *x = &c->at[id];
    bool here = x->line >> PART_SHIFT == c->im->part;
    (void)err;
    if (x->line && here && place(c, line) != x->line)
        mkg__import_remark(c->im, line,
                           "'%.*s' is described in line %llu already: what both say is "
                           "put together",
                           mkg__clip(x->id, 80), x->id.ptr,
                           (unsigned long long)line_at(c, x->line));
    if (!x->line) x->line = place(c, line);
    return MKG_OK;
}

void mkg__concepts_mention(mkg__concepts *c, mkg_id id, uint64_t line)
{
    if (!c->at[id].line) c->at[id].line = place(c, line);
}

mkg_status mkg__concepts_type(mkg__concepts *c, mkg_id id, mkg_view type, mkg_err *err)
{
    /* Types are few: one copy of each. */
    mkg_id *slot = mkg__map_put(&c->types, type.ptr, type.len);
    if (!slot) return mkg__nomem(err);
    if (*slot != MKG_ID_NONE) {
        c->at[id].type = c->at[*slot].type;
        if (mkg__view_eq(c->at[id].type, type)) return MKG_OK;
    }
    *slot = id;
    return keep(c, type, &c->at[id].type, err);
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* "biolink:MolecularActivity" and "Molecular activity" are "molecular_activity". */
static mkg_view class_word(mkg_view kind, mkg__buf *out)
{
    const char *colon = kind.len ? memchr(kind.ptr, ':', kind.len) : NULL;
    size_t from = colon ? (size_t)(colon - kind.ptr) + 1 : 0;
    out->len = 0;
    for (size_t i = from; i < kind.len; i++) {
        char c = kind.ptr[i];
        if (c >= 'A' && c <= 'Z') {
            if (i > from && is_lower(kind.ptr[i - 1])) mkg__buf_byte(out, '_');
            c = (char)(c + 32);
        }
        mkg__buf_byte(out, c == ' ' || c == '-' ? '_' : (unsigned char)c);
    }
    return mkg__view(mkg__buf_cstr(out), out->len);
}

mkg_status mkg__concepts_class(mkg__concepts *c, mkg_id id, mkg_view kind, mkg_err *err)
{
    mkg_view type = mkg__ontologies_class(c->table, kind);
    if (type.len == 0 && mkg__ontologies_type(c->table, c->at[id].id).len)
        return MKG_OK; /* the id says it */
    if (type.len == 0) type = class_word(kind, &c->key);
    if (!type.ptr) return mkg__nomem(err);
    return type.len ? mkg__concepts_type(c, id, type, err) : MKG_OK;
}

mkg_status mkg__concepts_hint(mkg__concepts *c, mkg_id id, mkg_view name, mkg_err *err)
{
    concept *x = &c->at[id];
    name = mkg__trim(name);
    if (x->hint.len || x->name.len || name.len == 0) return MKG_OK;
    return keep(c, name, &x->hint, err);
}

mkg_view mkg__concepts_name_of(const mkg__concepts *c, mkg_id id)
{
    return c->at[id].id;
}

mkg_view mkg__concepts_called(const mkg__concepts *c, mkg_id id, mkg_lang *lang)
{
    *lang = c->at[id].lang;
    return c->at[id].name;
}

mkg_view mkg__concepts_hinted(const mkg__concepts *c, mkg_id id)
{
    return c->at[id].hint;
}

void mkg__concepts_property(mkg__concepts *c, mkg_id id)
{
    c->at[id].property = true;
}

void mkg__concepts_local(mkg__concepts *c, mkg_id id)
{
    c->at[id].local = true;
}

mkg_view mkg__concepts_type_of(const mkg__concepts *c, mkg_id id)
{
    const concept *x = &c->at[id];
    return x->type.len ? x->type : mkg__ontologies_type(c->table, x->id);
}

static meaning meaning_of(mkg_view word)
{
    static const struct {
        const char *word;
        meaning is;
    } words[] = {
        {"@name", A_NAME},     {"@alias", AN_ALIAS},         {"@code", A_CODE},
        {"@xref", AN_XREF},    {"@obsolete", OBSOLETE},      {"@ignore", NOTHING},
        {"same_as", IDENTITY}, {"related_synonym", RELATED}, {"subset", SUBSET}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mkg__view_is(word, words[i].word)) return words[i].is;
    return A_RELATION;
}

mkg_status mkg__concepts_relation(mkg__concepts *c, mkg_view name, mkg_id *out,
                                  mkg_err *err)
{
    mkg_status st = mkg__ontologies_id(c->table, name, &c->key, err);
    if (st < 0) return st;
    name = mkg__view(c->key.ptr, c->key.len);
    mkg_id *slot = mkg__map_put(&c->relation_names, name.ptr, name.len);
    if (!slot || !mkg__grow(&c->relations, &c->relations_cap, c->nrelations + 2,
                            sizeof *c->relations))
        return mkg__nomem(err);
    if (*slot == MKG_ID_NONE) {
        relation *r = &c->relations[c->nrelations + 1];
        memset(r, 0, sizeof *r);
        st = keep(c, name, &r->name, err);
        if (st < 0) return st;
        r->is = meaning_of(mkg__ontologies_predicate(c->table, r->name));
        *slot = (mkg_id)++c->nrelations;
    }
    *out = *slot;
    return MKG_OK;
}

mkg_status mkg__concepts_relation_label(mkg__concepts *c, mkg_id id, mkg_view label,
                                        mkg_err *err)
{
    relation *r = &c->relations[id];
    return r->label.len || label.len == 0 ? MKG_OK : keep(c, label, &r->label, err);
}

mkg_status mkg__concepts_relation_is(mkg__concepts *c, mkg_id id, mkg_view other,
                                     mkg_err *err)
{
    relation *r = &c->relations[id];
    mkg_status st = mkg__ontologies_id(c->table, other, &c->key, err);
    if (st < 0 || r->other_id.len) return st;
    return keep(c, mkg__view(c->key.ptr, c->key.len), &r->other_id, err);
}

mkg_status mkg__concepts_say(mkg__concepts *c, const mkg__saying *what, mkg_err *err)
{
    mkg__saying s = *what;
    concept *x = &c->at[s.subject];
    size_t bad;

    /* Of predicates and axioms the name alone counts. */
    if (x->property && s.kind != MKG_SAY_NAME) return MKG_OK;
    if (s.kind != MKG_SAY_FACT) {
        s.text = mkg__trim(s.text);
        if (s.text.len == 0) return MKG_OK;
    } else {
        c->at[s.object].used = true;
    }
    x->used = true;
    if (s.kind == MKG_SAY_NAME && !x->name.len && s.text.len <= MKG_LINE_MAX &&
        mkg__utf8_valid(s.text.ptr, s.text.len, &bad)) {
        mkg_status st = keep(c, s.text, &x->name, err);
        if (st < 0) return st;
        x->lang = s.lang;
    }
    s.line = place(c, s.line);
    return mkg__sayings_put(&c->sayings, &s, err);
}

mkg_status mkg__concepts_xref(mkg__concepts *c, mkg_id id, mkg_view xref, uint64_t line,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s = {.subject = id, .kind = MKG_SAY_CODE, .line = line};
    mkg__buf code = {0};

    MKG_GO(mkg__ontologies_id(c->table, mkg__trim(xref), &code, err));
    s.text = mkg__view(code.ptr, code.len);
    const char *colon = code.len ? memchr(code.ptr, ':', code.len) : NULL;
    size_t system = colon ? (size_t)(colon - code.ptr) : 0;
    bool is_code = system > 0 && system + 1 < code.len && code.ptr[system + 1] != '/' &&
                   !memchr(code.ptr, ' ', system);
    mkg_view theirs = mkg__ontologies_type(c->table, s.text);
    mkg_view own = mkg__ontologies_type(c->table, c->at[id].id);
    bool other_thing = theirs.len && own.len && !mkg__view_eq(theirs, own) &&
                       !mkg__ontologies_shared(c->table, s.text);
    if (!is_code || other_thing) {
        s.kind = is_code ? MKG_SAY_FACT : MKG_SAY_TEXT;
        if (is_code) MKG_GO(mkg__concepts_id(c, s.text, &s.object, err));
        MKG_GO(mkg__concepts_relation(c, mkg__view("xref", 4), &s.relation, err));
    }
    st = mkg__concepts_say(c, &s, err);
out:
    mkg__buf_clear(&code);
    return st;
}

mkg_status mkg__concepts_synonym(mkg__concepts *c, mkg_id id, const char *scope,
                                 mkg_view text, mkg_lang lang, uint64_t line,
                                 mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s = {.subject = id, .text = text, .lang = lang, .line = line};
    if (scope) {
        s.kind = MKG_SAY_TEXT;
        MKG_GO(mkg__concepts_relation(c, mkg__view(scope, strlen(scope)), &s.relation,
                                      err));
        MKG_GO(mkg__concepts_say(c, &s, err));
    }
    if (scope && strcmp(scope, "related_synonym") != 0) return MKG_OK;
    s.kind = MKG_SAY_ALIAS;
    st = mkg__concepts_say(c, &s, err);
out:
    return st;
}

/* "treats" of "http://x.org/vocabulary#treats"; a CURIE stays as it is. */
static mkg_view local_name(mkg_view id)
{
    size_t i = id.len;
    if (!mkg__is_iri(id)) return id;
    while (i > 0 && id.ptr[i - 1] != '#' && id.ptr[i - 1] != '/')
        i--;
    return i < id.len ? mkg__view(id.ptr + i, id.len - i) : id;
}

mkg_status mkg__concepts_say_by(mkg__concepts *c, mkg_id subject, mkg_id predicate,
                                mkg_id object, mkg_view text, mkg_lang lang,
                                uint64_t line, mkg_err *err)
{
    mkg__saying s = {.kind = object ? MKG_SAY_FACT : MKG_SAY_TEXT,
                     .subject = subject,
                     .relation = predicate,
                     .object = object,
                     .text = text,
                     .lang = lang,
                     .line = line};
    bool coded = !object && text.len && memchr(text.ptr, ':', text.len) &&
                 !memchr(text.ptr, ' ', text.len);
    switch (c->relations[predicate].is) {
    case NOTHING:
        return MKG_OK;
    case OBSOLETE:
        return mkg__view_is(text, "true") || mkg__view_is(text, "1")
                   ? mkg__concepts_type(c, subject, mkg__view("obsolete", 8), err)
                   : MKG_OK;
    case AN_XREF:
        return mkg__concepts_xref(c, subject, object ? c->at[object].id : text, line,
                                  err);
    case IDENTITY:
        if (coded) return mkg__concepts_xref(c, subject, text, line, err);
        break;
    case RELATED:
        if (!object)
            return mkg__concepts_synonym(c, subject, "related_synonym", text, lang,
                                         line, err);
        break;
    case SUBSET:
        if (!object) break;
        s.kind = MKG_SAY_TEXT;
        s.text = local_name(c->at[object].id);
        break;
    case A_CODE:
        if (!coded) return MKG_OK; /* of which system? */
        s.kind = MKG_SAY_CODE;
        break;
    case A_NAME:
        if (!object) s.kind = MKG_SAY_NAME;
        break;
    case AN_ALIAS:
        if (!object) s.kind = MKG_SAY_ALIAS;
        break;
    case A_RELATION:
        break;
    }
    return mkg__concepts_say(c, &s, err);
}

mkg_status mkg__concepts_foreign(mkg__concepts *c, mkg_id subject, mkg_id predicate,
                                 mkg_view text, uint64_t line, mkg_err *err)
{
    mkg__saying s = {
        .kind = MKG_SAY_ALIAS, .subject = subject, .text = text, .line = line};
    if (c->relations[predicate].is != A_NAME)
        return mkg__concepts_say_by(c, subject, predicate, 0, text, MKG_LANG_NONE, line,
                                    err);
    mkg_status st = mkg__concepts_hint(c, subject, text, err);
    return st < 0 ? st : mkg__concepts_say(c, &s, err);
}

mkg_status mkg__concepts_state(mkg__concepts *c, mkg_id subject, mkg_view predicate,
                               mkg_id object, mkg_view text, mkg_lang lang,
                               uint64_t line, mkg_err *err)
{
    mkg_id id = 0;
    mkg_status st = mkg__concepts_relation(c, predicate, &id, err);
    return st < 0 ? st
                  : mkg__concepts_say_by(c, subject, id, object, text, lang, line, err);
}

/* ---- writing ---- */

static bool is_code(const concept *x)
{
    const char *colon = x->id.len ? memchr(x->id.ptr, ':', x->id.len) : NULL;
    return !x->local && colon && colon > x->id.ptr &&
           colon < x->id.ptr + x->id.len - 1 && x->id.len <= MKG_NAME_MAX;
}

/* What is said of a predicate is about a relation: it is no thing. */
static mkg_status name_property(mkg__concepts *c, const concept *x, mkg_err *err)
{
    const mkg_id *id = mkg__map_get(&c->relation_names, x->id.ptr, x->id.len);
    return id ? mkg__concepts_relation_label(c, *id, x->name, err) : MKG_OK;
}

static mkg_status make_node(mkg__concepts *c, mkg_id id, mkg_err *err)
{
    concept *x = &c->at[id];
    if (x->property) return name_property(c, x, err);
    if (!x->used && !x->line) return MKG_OK; /* nothing was said of it */
    if (x->local && x->name.len == 0 && x->hint.len == 0) {
        c->nameless += x->used;
        return MKG_OK;
    }
    mkg_view type = mkg__concepts_type_of(c, id);
    mkg_view name = x->name.len ? x->name : x->hint.len ? x->hint : x->id;
    mkg_err e = {0};
    mkg_status st;
    if (type.len == 0) type = mkg__view("concept", 7);
    if (is_code(x))
        st = mkg_writer_node_coded(c->im->w, type, name, x->lang, x->id, &x->node, &e);
    else
        st = mkg_writer_node(c->im->w, type, name, x->lang, &x->node, &e);
    if (st >= 0) return MKG_OK;
    x->node = MKG_ID_NONE;
    return mkg__import_fault(c->im, st, &e, line_at(c, x->line), err);
}

static mkg_status make_nodes(mkg__concepts *c, mkg_err *err)
{
    uint64_t stubs = 0;
    mkg_id first = 0;
    for (mkg_id i = 1; i <= c->n; i++) {
        mkg_status st = make_node(c, i, err);
        if (st < 0) return st;
        if (c->at[i].node == MKG_ID_NONE) continue;
        if (c->at[i].line) {
            c->im->read++;
        } else if (stubs++ == 0) {
            first = i;
        }
    }
    if (c->nameless)
        mkg__import_remark(
            c->im, 0, "%llu thing%s with neither an id nor a name: left out",
            (unsigned long long)c->nameless, c->nameless == 1 ? "" : "s");
    if (stubs)
        mkg__import_remark(c->im, 0,
                           "%llu thing%s that the file refers to and does not describe "
                           "('%.*s'%s): kept by name and code alone",
                           (unsigned long long)stubs, stubs == 1 ? "" : "s",
                           mkg__clip(c->at[first].id, 80), c->at[first].id.ptr,
                           stubs == 1 ? "" : " is the first");
    return MKG_OK;
}

/* The table knows it by its id, its other id or its name; the vocabulary by its name;
 * else it is new, under the label that the file gives it. */
static mkg_status resolve(mkg__concepts *c, mkg_id id, uint64_t line, mkg_err *err)
{
    relation *r = &c->relations[id];
    mkg_view name = mkg__ontologies_predicate(c->table, r->name);
    if (!name.len) name = mkg__ontologies_predicate(c->table, r->other_id);
    if (!name.len) name = mkg__ontologies_predicate(c->table, r->label);
    if (!name.len && mkg_kg_find_relation(c->im->kg, r->name)) name = r->name;
    if (!name.len) name = local_name(r->name);
    if (r->label.len && !mkg_kg_find_relation(c->im->kg, name)) name = r->label;
    return mkg__import_relation(c->im, name, line, &r->known, err);
}

static mkg_status write_fact(mkg__concepts *c, const mkg__saying *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    relation *r = &c->relations[s->relation];
    mkg_view none = {"", 0}, locator = none;
    uint64_t line = line_at(c, s->line);
    if (!r->known) MKG_GO(resolve(c, s->relation, line, err));
    if (c->im->parts.n) { /* of the folder, the file */
        c->locator.len = 0;
        mkg__buf_printf(&c->locator, "%s:%llu", c->im->file, (unsigned long long)line);
        if (!mkg__buf_cstr(&c->locator)) return mkg__nomem(err);
        locator = mkg__view(c->locator.ptr, c->locator.len);
    }
    mkg_fact_in f = {.subject = c->at[s->subject].node,
                     .relation = r->known,
                     .literal = s->text,
                     .literal_lang = s->lang,
                     .denied = s->denied,
                     .weight = s->weight,
                     .grade = none,
                     .population = none,
                     .locator = locator,
                     .line = line};
    if (s->kind == MKG_SAY_FACT) {
        const concept *o = &c->at[s->object];
        if (o->node == MKG_ID_NONE) return MKG_OK; /* it was put aside */
        if (r->known->literal || r->known->alias)
            f.literal = o->name.len ? o->name : o->hint.len ? o->hint : o->id;
        else
            f.object = o->node;
        if (f.object && mkg__view_is(r->known->name, "is_a"))
            MKG_GO(mkg__links_add(&c->hierarchy, s->subject, s->object, s->line, err));
    }
    if (r->known->alias)
        return mkg_writer_name(c->im->w, f.subject, MKG_ENTRY_ALIAS, s->lang, f.literal,
                               err);
    if (f.object == MKG_ID_NONE && r->known->inverse)
        return mkg__fail(err, MKG_EPARSE, "a text cannot be the subject of '%.*s'",
                         mkg__clip(r->known->name, 60), r->known->name.ptr);
    st = mkg_writer_fact(c->im->w, &f, err);
out:
    return st;
}

/* A code that is the id of another thing of the file would make the two one. */
static mkg_status write_code(mkg__concepts *c, const mkg__saying *s, mkg_err *err)
{
    mkg__saying link = *s;
    mkg_status st = mkg__ontologies_id(c->table, s->text, &c->key, err);
    if (st < 0) return st;
    const mkg_id *other = mkg__map_get(&c->ids, c->key.ptr, c->key.len);
    if (!other || *other == s->subject)
        return mkg_writer_code(c->im->w, c->at[s->subject].node,
                               mkg__view(c->key.ptr, c->key.len), err);
    link.kind = MKG_SAY_FACT;
    link.object = *other;
    st = mkg__concepts_relation(c, mkg__view("xref", 4), &link.relation, err);
    return st < 0 ? st : write_fact(c, &link, err);
}

static mkg_status write_saying(mkg__concepts *c, const mkg__saying *s, mkg_err *err)
{
    mkg_id node = c->at[s->subject].node;
    if (node == MKG_ID_NONE) return MKG_OK; /* it was put aside */
    switch (s->kind) {
    case MKG_SAY_NAME:
    case MKG_SAY_ALIAS:
        return mkg_writer_name(
            c->im->w, node, s->kind == MKG_SAY_NAME ? MKG_ENTRY_NAME : MKG_ENTRY_ALIAS,
            s->lang, s->text, err);
    case MKG_SAY_CODE:
        return write_code(c, s, err);
    case MKG_SAY_FACT:
    case MKG_SAY_TEXT:
        break;
    }
    return write_fact(c, s, err);
}

static void on_ring(void *ctx, const mkg__link *closing)
{
    mkg__concepts *c = ctx;
    const concept *a = &c->at[closing->from], *b = &c->at[closing->to];
    mkg__import_remark(
        c->im, line_at(c, closing->line),
        "'%.*s' is_a '%.*s' closes a ring: the first is above the second "
        "already",
        mkg__clip(a->id, 80), a->id.ptr, mkg__clip(b->id, 80), b->id.ptr);
}

mkg_status mkg__concepts_end(mkg__concepts *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s;

    if (c->im->part + 1 < c->im->parts.n) return MKG_OK; /* more to come */
    MKG_GO(make_nodes(c, err));
    mkg__sayings_rewind(&c->sayings);
    for (;;) {
        mkg_err e = {0};
        st = mkg__sayings_next(&c->sayings, &s, err);
        if (st < 0 || st == MKG_END) break;
        st = write_saying(c, &s, &e);
        if (st < 0) MKG_GO(mkg__import_fault(c->im, st, &e, line_at(c, s.line), err));
    }
    if (st == MKG_END) st = mkg__links_rings(&c->hierarchy, c->n, on_ring, c, err);
out:
    return st;
}
