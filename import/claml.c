/* ClaML, the classification markup language in which WHO gives ICD-10 and others
 * theirs. Source: CEN/TS 14463:2007, and the files of WHO's ICD-10 download. */
#include "import/xml_internal.h"

#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* A class that a modifier divides, or one of the modifier's values. */
typedef struct division {
    mkg_view code, modifier, name; /* in the arena; of a value, name and code of it */
    mkg_id id;                     /* of the class */
    mkg_lang lang;
    uint64_t line;
} division;

typedef struct divisions {
    division *at;
    size_t n, cap;
} divisions;

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__buf system, text, id;
    divisions classes, values;
    mkg__arena arena;
    mkg_id self;
} reader;

static mkg_status complain(reader *r, uint64_t line, const char *what, mkg_err *err)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

static mkg_status concept(reader *r, mkg_view code, mkg_view rest, mkg_id *out,
                          mkg_err *err)
{
    r->id.len = 0;
    mkg__buf_put(&r->id, r->system.ptr, r->system.len);
    mkg__buf_byte(&r->id, ':');
    mkg__buf_put(&r->id, code.ptr, code.len);
    mkg__buf_put(&r->id, rest.ptr, rest.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    return mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err);
}

static mkg_view keep(reader *r, mkg_view v)
{
    const char *p = mkg__arena_dup(&r->arena, v.ptr, v.len);
    return mkg__view(p, p ? v.len : 0);
}

/* "ICD-10-GM" of the title is the code system ICD10GM, unless the table says another.
 */
static mkg_status on_title(reader *r, const mkg__element *e, mkg_err *err)
{
    mkg_view name = mkg__element_attribute(e, "name");
    if (r->system.len || name.len == 0) return MKG_OK;
    for (size_t i = 0; i < name.len && i < 64; i++) {
        char c = name.ptr[i];
        if (c >= 'a' && c <= 'z') c = (char)(c - 32);
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            mkg__buf_byte(&r->system, (unsigned char)c);
    }
    return mkg__buf_cstr(&r->system) ? MKG_OK : mkg__nomem(err);
}

/* ---- rubrics ---- */

static mkg_lang lang_of(const mkg__element *label)
{
    mkg_view lang = mkg__element_attribute(label, "lang");
    return mkg__lang_parse(lang.ptr, lang.len);
}

/* Included terms are searched by; other rubrics are texts. */
static const struct {
    const char *kind, *relation;
    bool alias;
} rubrics[] = {
    {"inclusion", "inclusion", true},     {"exclusion", "exclusion", false},
    {"definition", "description", false}, {"coding-hint", "coding_hint", false},
    {"introduction", "comment", false},   {"text", "comment", false},
    {"note", "comment", false},           {"footnote", "comment", false}};

static mkg_status add_rubric(reader *r, const mkg__element *rubric, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view kind = mkg__element_attribute(rubric, "kind");
    const mkg__element *label = mkg__element_child(rubric, "Label");
    for (; label; label = mkg__element_next(label->next, "Label")) {
        mkg__saying s = {
            .subject = r->self, .lang = lang_of(label), .line = label->line};
        const char *relation = NULL;
        bool alias = false;
        MKG_GO(mkg__element_text(label, &r->text, &s.text, err));
        s.kind = mkg__view_is(kind, "preferred") ? MKG_SAY_NAME : MKG_SAY_ALIAS;
        if (s.kind == MKG_SAY_NAME || mkg__view_is(kind, "preferredLong")) {
            MKG_GO(mkg__concepts_say(r->c, &s, err));
            continue;
        }
        for (size_t i = 0; i < sizeof rubrics / sizeof *rubrics; i++)
            if (mkg__view_is(kind, rubrics[i].kind)) {
                relation = rubrics[i].relation;
                alias = rubrics[i].alias;
            }
        if (alias) MKG_GO(mkg__concepts_say(r->c, &s, err));
        if (s.text.len == 0 || mkg__view_is(kind, "modifierlink")) continue;
        mkg_view name = relation ? mkg__view(relation, strlen(relation)) : kind;
        if (name.len)
            MKG_GO(mkg__concepts_state(r->c, r->self, name, 0, s.text, s.lang, s.line,
                                       err));
    }
out:
    return st;
}

/* The preferred label, for the classes that a modifier makes. */
static mkg_status preferred(reader *r, const mkg__element *e, division *d, mkg_err *err)
{
    mkg_view text;
    const mkg__element *rubric = mkg__element_child(e, "Rubric");
    for (; rubric; rubric = mkg__element_next(rubric->next, "Rubric")) {
        if (!mkg__view_is(mkg__element_attribute(rubric, "kind"), "preferred"))
            continue;
        const mkg__element *label = mkg__element_child(rubric, "Label");
        if (!label) continue;
        mkg_status st = mkg__element_text(label, &r->text, &text, err);
        if (st < 0) return st;
        d->name = keep(r, text);
        d->lang = lang_of(label);
        return d->name.ptr ? MKG_OK : mkg__nomem(err);
    }
    d->name = mkg__view("", 0);
    return MKG_OK;
}

static mkg_status note_division(reader *r, divisions *all, const mkg__element *e,
                                mkg_view code, mkg_view modifier, mkg_err *err)
{
    if (!mkg__grow(&all->at, &all->cap, all->n + 1, sizeof *all->at))
        return mkg__nomem(err);
    division *d = &all->at[all->n];
    *d = (division){.code = keep(r, code),
                    .modifier = keep(r, modifier),
                    .id = r->self,
                    .line = e->line};
    if (!d->code.ptr || !d->modifier.ptr) return mkg__nomem(err);
    mkg_status st = preferred(r, e, d, err);
    if (st >= 0) all->n++;
    return st;
}

/* ---- classes ---- */

static mkg_status on_class(reader *r, const mkg__element *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id above;
    mkg_view code = mkg__element_attribute(e, "code"), none = {"", 0};
    if (code.len == 0) return complain(r, e->line, "the class has no code", err);
    MKG_GO(concept(r, code, none, &r->self, err));
    MKG_GO(mkg__concepts_describe(r->c, r->self, e->line, err));
    for (const mkg__element *x = mkg__element_child(e, NULL); x;
         x = mkg__element_next(x->next, NULL)) {
        mkg_view other = mkg__element_attribute(x, "code");
        if (mkg__view_is(x->name, "Rubric")) {
            MKG_GO(add_rubric(r, x, err));
        } else if (mkg__view_is(x->name, "SuperClass") && other.len) {
            MKG_GO(concept(r, other, none, &above, err));
            MKG_GO(mkg__concepts_state(r->c, r->self, mkg__view("is_a", 4), above, none,
                                       MKG_LANG_NONE, x->line, err));
        } else if (mkg__view_is(x->name, "ModifiedBy") && other.len) {
            MKG_GO(note_division(r, &r->classes, e, code, other, err));
        }
    }
    st = mkg__import_tick(r->im, err);
out:
    return st;
}

static mkg_status on_record(void *ctx, const mkg__element *e, mkg_err *err)
{
    reader *r = ctx;
    if (mkg__view_is(e->name, "Title")) return on_title(r, e, err);
    if (r->system.len == 0) mkg__buf_str(&r->system, "ICD10");
    if (mkg__view_is(e->name, "Class")) return on_class(r, e, err);
    mkg_view code = mkg__element_attribute(e, "code");
    mkg_view modifier = mkg__element_attribute(e, "modifier");
    if (code.len == 0 || modifier.len == 0)
        return complain(r, e->line, "the modifier's class has no code or no modifier",
                        err);
    return note_division(r, &r->values, e, code, modifier, err);
}

/* A class "E10" that is divided by ".0 With coma" has a class "E10.0" below it, unless
 * the file says it itself. */
static mkg_status divide(reader *r, const division *d, const division *value,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view none = {"", 0};
    mkg_lang lang;
    mkg__saying s = {.kind = MKG_SAY_NAME, .lang = d->lang, .line = value->line};
    MKG_GO(concept(r, d->code, value->code, &s.subject, err));
    if (mkg__concepts_called(r->c, s.subject, &lang).len) goto out;
    mkg__concepts_mention(r->c, s.subject, value->line);
    r->text.len = 0;
    mkg__buf_put(&r->text, d->name.ptr, d->name.len);
    mkg__buf_str(&r->text, ": ");
    mkg__buf_put(&r->text, value->name.ptr, value->name.len);
    if (!mkg__buf_cstr(&r->text)) return mkg__nomem(err);
    s.text = mkg__view(r->text.ptr, r->text.len);
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    st = mkg__concepts_state(r->c, s.subject, mkg__view("is_a", 4), d->id, none,
                             MKG_LANG_NONE, d->line, err);
out:
    return st;
}

static mkg_status divide_all(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__map heads = {0}; /* modifier -> its last value + 1 */
    mkg_id *before = mkg__calloc(r->values.n + 1, sizeof *before);
    if (!before) return mkg__nomem(err);
    for (size_t i = 0; i < r->values.n; i++) {
        mkg_view m = r->values.at[i].modifier;
        mkg_id *head = mkg__map_put(&heads, m.ptr, m.len);
        if (!head) {
            st = mkg__nomem(err);
            goto out;
        }
        before[i] = *head;
        *head = (mkg_id)i + 1;
    }
    for (size_t i = 0; i < r->classes.n; i++) {
        const division *d = &r->classes.at[i];
        const mkg_id *head = mkg__map_get(&heads, d->modifier.ptr, d->modifier.len);
        for (mkg_id v = head ? *head : 0; v; v = before[v - 1])
            MKG_GO(divide(r, d, &r->values.at[v - 1], err));
    }
out:
    mkg__map_clear(&heads);
    mkg__free(before);
    return st;
}

static mkg_status read_claml(mkg__import *im, mkg_err *err)
{
    static const char *const names[] = {"Title", "Class", "ModifierClass", NULL};
    mkg_status st = MKG_OK;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__xml_records(im, names, on_record, &r, err));
    MKG_GO(divide_all(&r, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__concepts_free(r.c);
    mkg__free(r.classes.at);
    mkg__free(r.values.at);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.system);
    mkg__buf_clear(&r.text);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return mkg__xml_begins(head, "ClaML") ? 95 : 0;
}

const mkg__format mkg__format_claml = {
    .name = "claml", .recognise = recognise, .read = read_claml};
