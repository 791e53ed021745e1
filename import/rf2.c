/* SNOMED CT in Release Format 2: concepts, descriptions and text definitions,
 * relationships, maps and associations. Source: SNOMED CT Release File Specifications,
 * https://confluence.ihtsdotools.org/display/DOCRELFMT */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* Columns that all files have; the rest is found by the header. */
enum { ID, TIME, ACTIVE };

/* The row of a component that counts: that of the latest effectiveTime. */
typedef struct row {
    mkg_view text; /* in the arena */
    mkg_view time; /* in text */
    uint64_t line;
} row;

/* What language refsets say of descriptions, from one file to the next. */
typedef struct acceptability {
    mkg__map of; /* description -> bits */
    bool american;
} acceptability;

enum { PREFERRED_US = 1, PREFERRED = 2 };

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__plain t;
    acceptability *language;
    mkg__map ids;
    row *rows; /* from 1, in the order of their first versions */
    size_t n, cap;
    mkg__arena arena;
    size_t columns;
    mkg_view f[MKG_PLAIN_COLUMNS]; /* of the row that is worked on */
    uint64_t line;
    mkg__buf id;
} reader;

static const char FSN[] = "900000000000003001", DEFINITION[] = "900000000000550004",
                  SYNONYM[] = "900000000000013009",
                  IS_PREFERRED[] = "900000000000548007",
                  US_ENGLISH[] = "900000000000509007";

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

static bool is_sctid(mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] < '0' || v.ptr[i] > '9') return false;
    return v.len >= 6 && v.len <= 18;
}

/* "PREFIX:code", until the next call; NULL when out of memory. */
static const char *curie(reader *r, mkg_view prefix, mkg_view code, mkg_view *out)
{
    r->id.len = 0;
    mkg__buf_put(&r->id, prefix.ptr, prefix.len);
    mkg__buf_byte(&r->id, ':');
    mkg__buf_put(&r->id, code.ptr, code.len);
    const char *text = mkg__buf_cstr(&r->id);
    *out = mkg__view(text, r->id.len);
    return text;
}

static mkg_status concept(reader *r, mkg_view sctid, mkg_id *out, mkg_err *err)
{
    mkg_view id;
    if (!curie(r, mkg__view("SNOMEDCT", 8), sctid, &id)) return mkg__nomem(err);
    return mkg__concepts_id(r->c, id, out, err);
}

/* ---- rows ---- */

/* What is inactive has the type "obsolete", if anything else is said of it. */
static mkg_status add_concept(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    MKG_GO(concept(r, r->f[ID], &id, err));
    if (mkg__view_is(r->f[ACTIVE], "1"))
        mkg__concepts_mention(r->c, id, r->line);
    else
        st = mkg__concepts_type(r->c, id, mkg__view("obsolete", 8), err);
out:
    return st;
}

/* "Fever (finding)" is named "Fever" and is a finding. */
static mkg_view cut_tag(mkg_view term, mkg_view *tag)
{
    *tag = mkg__view("", 0);
    if (term.len < 4 || term.ptr[term.len - 1] != ')') return term;
    size_t i = term.len - 1;
    while (i > 0 && term.ptr[i] != '(')
        i--;
    mkg_view name = mkg__trim(mkg__view(term.ptr, i));
    if (i == 0 || name.len == 0) return term;
    *tag = mkg__view(term.ptr + i + 1, term.len - i - 2);
    return name;
}

/* Where a language refset says which synonym is preferred, that is the name. */
static bool has_language(const reader *r)
{
    return r->language->of.n > 0;
}

static bool preferred(const reader *r, mkg_view description, mkg_lang lang)
{
    const mkg_id *bits =
        mkg__map_get(&r->language->of, description.ptr, description.len);
    mkg_id want =
        lang == MKG_LANG_EN && r->language->american ? PREFERRED_US : PREFERRED;
    return bits && (*bits & want);
}

/* refsetId referencedComponentId acceptabilityId */
static mkg_status add_acceptability(reader *r, mkg_err *err)
{
    bool us = mkg__view_is(r->f[4], US_ENGLISH);
    r->im->read++;
    if (!is_sctid(r->f[5]))
        return complain(r, err, "the referencedComponentId is no SCTID");
    r->language->american |= us;
    if (!mkg__view_is(r->f[6], IS_PREFERRED)) return MKG_OK;
    mkg_id *bits = mkg__map_put(&r->language->of, r->f[5].ptr, r->f[5].len);
    if (!bits) return mkg__nomem(err);
    *bits |= us ? PREFERRED_US | PREFERRED : PREFERRED;
    return MKG_OK;
}

/* The fully specified name says the type, and is the name without it. */
static mkg_status add_fsn(reader *r, mkg__saying s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view tag, full = s.text, id;
    mkg_id relation;
    s.text = cut_tag(full, &tag);
    s.kind = s.lang && !has_language(r) ? MKG_SAY_NAME : MKG_SAY_ALIAS;
    MKG_GO(mkg__concepts_hint(r->c, s.subject, s.text, err));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    if (tag.len == 0) goto out;
    if (!mkg__view_is(mkg__concepts_type_of(r->c, s.subject), "obsolete"))
        MKG_GO(mkg__concepts_class(r->c, s.subject, tag, err));
    if (mkg__view_is(tag, "attribute")) { /* a relation is called like this */
        if (!curie(r, mkg__view("SNOMEDCT", 8), r->f[4], &id)) return mkg__nomem(err);
        MKG_GO(mkg__concepts_relation(r->c, id, &relation, err));
        MKG_GO(mkg__concepts_relation_label(r->c, relation, s.text, err));
    }
    s.kind = MKG_SAY_ALIAS;
    s.text = full;
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

/* conceptId languageCode typeId term */
static mkg_status add_description(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view language = r->f[5], type = r->f[6];
    mkg__saying s = {.kind = MKG_SAY_ALIAS, .text = r->f[7], .line = r->line};
    s.lang = mkg__lang_parse(language.ptr, language.len);
    if (!is_sctid(r->f[4]) || s.text.len == 0)
        return complain(r, err, "the conceptId is no SCTID, or the term is empty");
    MKG_GO(concept(r, r->f[4], &s.subject, err));
    mkg__concepts_mention(r->c, s.subject, r->line);
    if (mkg__view_is(type, DEFINITION))
        return mkg__concepts_state(r->c, s.subject, mkg__view("description", 11), 0,
                                   s.text, s.lang, r->line, err);
    if (mkg__view_is(type, FSN)) return add_fsn(r, s, err);
    if (s.lang && mkg__view_is(type, SYNONYM) && preferred(r, r->f[ID], s.lang))
        s.kind = MKG_SAY_NAME;
    if (!has_language(r)) MKG_GO(mkg__concepts_hint(r->c, s.subject, s.text, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

/* A fact whose relation is a concept of its own. */
static mkg_status fact(reader *r, mkg_view subject, mkg_view type, mkg_id object,
                       mkg_view text, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id from, relation;
    mkg_view id;
    MKG_GO(concept(r, subject, &from, err));
    if (!curie(r, mkg__view("SNOMEDCT", 8), type, &id)) return mkg__nomem(err);
    MKG_GO(mkg__concepts_relation(r->c, id, &relation, err));
    r->im->read++;
    st = mkg__concepts_say_by(r->c, from, relation, object, text, MKG_LANG_NONE,
                              r->line, err);
out:
    return st;
}

/* sourceId destinationId relationshipGroup typeId */
static mkg_status add_relationship(reader *r, mkg_err *err)
{
    mkg_id object;
    mkg_view none = {"", 0};
    if (!is_sctid(r->f[4]) || !is_sctid(r->f[5]) || !is_sctid(r->f[7]))
        return complain(r, err, "a source, destination or type is no SCTID");
    mkg_status st = concept(r, r->f[5], &object, err);
    return st < 0 ? st : fact(r, r->f[4], r->f[7], object, none, err);
}

/* sourceId value relationshipGroup typeId: "#500" is a number, "\"x\"" a text */
static mkg_status add_value(reader *r, mkg_err *err)
{
    mkg_view value = r->f[5];
    if (!is_sctid(r->f[4]) || !is_sctid(r->f[7]) || value.len < 2)
        return complain(r, err, "a source or type is no SCTID, or the value is empty");
    if (value.ptr[0] == '#')
        value = mkg__view(value.ptr + 1, value.len - 1);
    else if (value.len > 2 && value.ptr[0] == '"')
        value = mkg__view(value.ptr + 1, value.len - 2);
    return fact(r, r->f[4], r->f[7], 0, value, err);
}

/* refsetId referencedComponentId …: a map is no identity, so the target is a thing of
 * its own. */
static mkg_status add_target(reader *r, mkg_view target, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id from, to;
    mkg_view id, none = {"", 0};
    if (target.len == 0) return MKG_OK; /* it cannot be classified */
    if (!is_sctid(r->f[5]))
        return complain(r, err, "the referencedComponentId is no SCTID");
    MKG_GO(concept(r, r->f[5], &from, err));
    if (!curie(r, r->f[4], target, &id)) return mkg__nomem(err);
    MKG_GO(mkg__concepts_id(r->c, id, &to, err));
    r->im->read++;
    st = mkg__concepts_state(r->c, from, mkg__view("maps_to", 7), to, none,
                             MKG_LANG_NONE, r->line, err);
out:
    return st;
}

static mkg_status add_map(reader *r, mkg_err *err)
{
    return add_target(r, r->f[6], err);
}

/* mapGroup mapPriority mapRule mapAdvice mapTarget …: a rule that does not always hold
 * is kept as a text beside the map. */
static mkg_status add_extended_map(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view rule = r->f[8], target = r->f[10];
    mkg_id from;
    mkg__buf text = {0};
    MKG_GO(add_target(r, target, err));
    if (target.len == 0 || rule.len == 0 || mkg__view_is(rule, "TRUE") ||
        mkg__view_is(rule, "OTHERWISE TRUE") || !is_sctid(r->f[5]))
        goto out;
    MKG_GO(concept(r, r->f[5], &from, err));
    mkg__buf_put(&text, target.ptr, target.len);
    mkg__buf_str(&text, ": ");
    mkg__buf_put(&text, rule.ptr, rule.len);
    if (!mkg__buf_cstr(&text)) {
        st = mkg__nomem(err);
        goto out;
    }
    st = mkg__concepts_state(r->c, from, mkg__view("map_rule", 8), 0,
                             mkg__view(text.ptr, text.len), MKG_LANG_EN, r->line, err);
out:
    mkg__buf_clear(&text);
    return st;
}

/* Why a concept is no more in use, and what to use: the refset is the relation. */
static mkg_status add_association(reader *r, mkg_err *err)
{
    mkg_id object;
    mkg_view none = {"", 0};
    if (!is_sctid(r->f[4]) || !is_sctid(r->f[5]) || !is_sctid(r->f[6]))
        return complain(r, err, "a refset, component or target is no SCTID");
    mkg_status st = concept(r, r->f[6], &object, err);
    return st < 0 ? st : fact(r, r->f[5], r->f[4], object, none, err);
}

/* ---- files ---- */

static const struct {
    const char *columns; /* behind id, effectiveTime, active, moduleId */
    mkg_status (*add)(reader *r, mkg_err *err);
    bool inactive; /* are inactive rows looked at, too? */
} kinds[] = {
    {"definitionStatusId", add_concept, true},
    {"conceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId", add_description,
     false},
    {"sourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\t"
     "modifierId",
     add_relationship, false},
    {"sourceId\tvalue\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
     add_value, false},
    {"refsetId\treferencedComponentId\tmapTarget", add_map, false},
    {"refsetId\treferencedComponentId\tmapGroup\tmapPriority\tmapRule\tmapAdvice\t"
     "mapTarget\tcorrelationId\tmapCategoryId",
     add_extended_map, false},
    {"refsetId\treferencedComponentId\tmapGroup\tmapPriority\tmapRule\tmapAdvice\t"
     "mapTarget\tcorrelationId",
     add_extended_map, false}, /* the complex map, which the extended one replaced */
    {"refsetId\treferencedComponentId\tacceptabilityId", add_acceptability, false},
    {"refsetId\treferencedComponentId\ttargetComponentId", add_association, false}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Which of the files it is, by its header; KINDS if it is none. */
static size_t kind_of(mkg_view line)
{
    static const char shared[] = "id\teffectiveTime\tactive\tmoduleId\t";
    size_t n = sizeof shared - 1;
    if (line.len <= n || memcmp(line.ptr, shared, n) != 0) return KINDS;
    line = mkg__view(line.ptr + n, line.len - n);
    for (size_t i = 0; i < KINDS; i++)
        if (mkg__view_is(line, kinds[i].columns)) return i;
    return KINDS;
}

/* Work on the fields in r->f, of the row that counts. */
static mkg_status take_row(reader *r, size_t kind, uint64_t line, mkg_err *err)
{
    for (size_t k = 0; k < r->columns; k++)
        r->f[k] = mkg__trim(r->f[k]);
    r->line = line;
    if (!mkg__view_is(r->f[ACTIVE], "1") && !kinds[kind].inactive) return MKG_OK;
    return kinds[kind].add(r, err);
}

/* Keep the row if no later one of its id is known. The fields of a row lie one behind
 * the other in its line. */
static mkg_status keep_row(reader *r, mkg_id *slot, mkg_err *err)
{
    mkg_view id = r->t.fields[ID], time = r->t.fields[TIME];
    mkg_view last = r->t.fields[r->columns - 1];
    size_t len = (size_t)(last.ptr + last.len - id.ptr);
    if (!mkg__grow(&r->rows, &r->cap, r->n + 2, sizeof *r->rows))
        return mkg__nomem(err);
    if (*slot == MKG_ID_NONE) {
        *slot = (mkg_id)++r->n;
    } else if (memcmp(time.ptr, r->rows[*slot].time.ptr, 8) < 0) {
        return MKG_OK; /* the one that is known is later */
    }
    const char *text = mkg__arena_dup(&r->arena, id.ptr, len);
    if (!text) {
        r->rows[*slot] = (row){{"", 0}, {"00000000", 8}, 0};
        return mkg__nomem(err);
    }
    r->rows[*slot] = (row){mkg__view(text, len),
                           mkg__view(text + (time.ptr - id.ptr), 8), r->t.line};
    return MKG_OK;
}

/* In a snapshot each id has one row, which needs not wait for a later one. */
static mkg_status on_row(reader *r, size_t kind, bool snapshot, mkg_err *err)
{
    mkg_view id = r->t.fields[ID];
    if (id.len == 0 || r->t.fields[TIME].len != 8)
        return mkg__plain_skip(&r->t, err, "the id or the effectiveTime is missing");
    mkg_id *slot = mkg__map_put(&r->ids, id.ptr, id.len);
    if (!slot) return mkg__nomem(err);
    if (!snapshot) return keep_row(r, slot, err);
    if (*slot != MKG_ID_NONE)
        return mkg__plain_skip(&r->t, err, "a second row of an id in a snapshot");
    *slot = 1;
    memcpy(r->f, r->t.fields, r->columns * sizeof *r->f);
    return take_row(r, kind, r->t.line, err);
}

static mkg_status read_rows(reader *r, size_t kind, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool ok, snapshot = strstr(r->im->file, "Snapshot") != NULL;
    MKG_GO(mkg__plain_next(&r->t, err)); /* the header */
    r->columns = r->t.n;
    while (st == MKG_OK && (st = mkg__plain_next(&r->t, err)) == MKG_OK) {
        MKG_GO(mkg__plain_columns(&r->t, r->columns, &ok, err));
        if (ok) MKG_GO(on_row(r, kind, snapshot, err));
    }
    if (st < 0) goto out;
    for (size_t i = 1; i <= r->n; i++) {
        mkg__plain_split(r->rows[i].text, '\t', r->f, MKG_PLAIN_COLUMNS);
        MKG_GO(take_row(r, kind, r->rows[i].line, err));
    }
    st = MKG_OK;
out:
    return st;
}

static void clear_language(void *ctx)
{
    acceptability *a = ctx;
    mkg__map_clear(&a->of);
}

static mkg_status read_rf2(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kind;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    r.language = mkg__concepts_keep(r.c, sizeof *r.language, clear_language);
    if (!r.language) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__plain_begin(&r.t, im, '\t', kind_of, KINDS,
                            "the header is not that of a file of RF2 that is read",
                            &kind, err));
    MKG_GO(read_rows(&r, kind, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__plain_close(&r.t);
    mkg__concepts_free(r.c);
    mkg__map_clear(&r.ids);
    mkg__free(r.rows);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return kind_of(mkg__first_line(head)) < KINDS ? 95 : 0;
}

const mkg__format mkg__format_rf2 = {
    .name = "rf2", .recognise = recognise, .read = read_rf2, .folders = true};
