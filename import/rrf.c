/* UMLS and RxNorm in Rich Release Format: concepts (MRCONSO), relations (MRREL),
 * semantic types (MRSTY), definitions (MRDEF). Source: UMLS Reference Manual, chapter
 * 3, https://www.ncbi.nlm.nih.gov/books/NBK9685/ */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* Columns by their numbers; each line ends in a '|', so that one empty field more
 * follows. */
enum {
    CONSO_CUI,
    LAT,
    TS,
    STT = 4,
    ISPREF = 6,
    SAB = 11,
    TTY,
    CODE,
    STR,
    SUPPRESS = 16
};
enum { REL_CUI1, REL = 3, CUI2, RELA = 7, REL_SUPPRESS = 14 };
enum { STY_CUI, TUI, STY = 3 };
enum { DEF_CUI, DEF = 5, DEF_SUPPRESS };

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__plain t;
    mkg__buf id;
    uint64_t suppressed;
} reader;

static mkg_view field(const reader *r, size_t column)
{
    return mkg__trim(r->t.fields[column]);
}

static bool digits(mkg_view v, size_t from)
{
    for (size_t i = from; i < v.len; i++)
        if (v.ptr[i] < '0' || v.ptr[i] > '9') return false;
    return v.len > from && v.len < 20;
}

/* "C0001175" of UMLS, "2665428" of RxNorm. */
static bool is_cui(mkg_view v)
{
    return (v.len == 8 && v.ptr[0] == 'C' && digits(v, 1)) || digits(v, 0);
}

/* The concept of a column; 0 if it has none. */
static mkg_status concept(reader *r, size_t column, mkg_id *out, mkg_err *err)
{
    mkg_view cui = field(r, column);
    *out = 0;
    if (!is_cui(cui)) return MKG_OK;
    r->id.len = 0;
    mkg__buf_str(&r->id, cui.ptr[0] == 'C' ? "UMLS:" : "RXNORM:");
    mkg__buf_put(&r->id, cui.ptr, cui.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    return mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err);
}

/* What is not to be suppressed, or has no mark. */
static bool current(reader *r, size_t column)
{
    mkg_view mark = field(r, column);
    if (mark.len == 0 || mark.ptr[0] == 'N') return true;
    r->suppressed++;
    return false;
}

/* ---- rows ---- */

/* The source vocabulary's code, unless the atom is a translation of another one's. */
static mkg_status add_code(reader *r, mkg__saying s, mkg_err *err)
{
    mkg_view sab = field(r, SAB), code = field(r, CODE);
    if (code.len == 0 || sab.len == 0 || mkg__view_is(code, "NOCODE") ||
        mkg__view_is(sab, "MTH") || !mkg__view_is(field(r, LAT), "ENG"))
        return MKG_OK;
    r->id.len = 0;
    if (!memchr(code.ptr, ':', code.len)) {
        mkg__buf_put(&r->id, sab.ptr, sab.len);
        mkg__buf_byte(&r->id, ':');
    }
    mkg__buf_put(&r->id, code.ptr, code.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    s.kind = MKG_SAY_CODE;
    s.lang = MKG_LANG_NONE;
    s.text = mkg__view(r->id.ptr, r->id.len);
    return mkg__concepts_say(r->c, &s, err);
}

/* UMLS marks the preferred form of the preferred term; RxNorm leaves those columns
 * empty, there the term type says it. */
static bool preferred(const reader *r)
{
    static const char *const synonyms[] = {"SY", "TMSY", "PSN", "ET"};
    mkg_view type = field(r, TTY);
    if (field(r, TS).len)
        return mkg__view_is(field(r, TS), "P") && mkg__view_is(field(r, STT), "PF") &&
               mkg__view_is(field(r, ISPREF), "Y");
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        if (mkg__view_is(type, synonyms[i])) return false;
    return mkg__view_is(field(r, SAB), "RXNORM");
}

static mkg_status add_atom(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view lat = field(r, LAT);
    mkg__saying s = {.text = field(r, STR), .line = r->t.line};
    if (!current(r, SUPPRESS)) return MKG_OK;
    MKG_GO(concept(r, CONSO_CUI, &s.subject, err));
    if (!s.subject)
        return mkg__plain_skip(&r->t, err, "the first column is no CUI and no RXCUI");
    mkg__concepts_mention(r->c, s.subject, r->t.line);
    s.lang = mkg__view_is(lat, "ENG")   ? MKG_LANG_EN
             : mkg__view_is(lat, "CHI") ? MKG_LANG_ZH
                                        : MKG_LANG_NONE;
    s.kind = s.lang && preferred(r) ? MKG_SAY_NAME : MKG_SAY_ALIAS;
    MKG_GO(mkg__concepts_hint(r->c, s.subject, s.text, err));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    st = add_code(r, s, err);
out:
    return st;
}

/* A row says what the second concept is to the first: CUI2 RELA CUI1. */
static mkg_status add_relation(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id subject, object;
    mkg_view none = {"", 0}, relation = field(r, RELA);
    mkg__buf rel = {0};
    if (!current(r, REL_SUPPRESS)) return MKG_OK;
    MKG_GO(concept(r, REL_CUI1, &object, err));
    MKG_GO(concept(r, CUI2, &subject, err));
    if (!object || !subject) { /* RxNorm has rows between atoms alone */
        if (field(r, REL_CUI1).len || field(r, CUI2).len)
            st = mkg__plain_skip(&r->t, err, "a concept is no CUI and no RXCUI");
        goto out;
    }
    if (subject == object) goto out; /* between two atoms of one concept */
    if (relation.len == 0) {
        mkg__buf_printf(&rel, "REL:%.*s", mkg__clip(field(r, REL), 40),
                        field(r, REL).ptr);
        if (!mkg__buf_cstr(&rel)) {
            st = mkg__nomem(err);
            goto out;
        }
        relation = mkg__view(rel.ptr, rel.len);
    }
    r->im->read++;
    st = mkg__concepts_state(r->c, subject, relation, object, none, MKG_LANG_NONE,
                             r->t.line, err);
out:
    mkg__buf_clear(&rel);
    return st;
}

/* Of several semantic types one that the table knows. */
static mkg_status add_type(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    mkg_view type = field(r, STY);
    MKG_GO(concept(r, STY_CUI, &id, err));
    if (!id)
        return mkg__plain_skip(&r->t, err, "the first column is no CUI and no RXCUI");
    r->im->read++;
    if (mkg__ontologies_class(mkg__concepts_table(r->c), type).len ||
        mkg__concepts_type_of(r->c, id).len == 0)
        st = mkg__concepts_class(r->c, id, type, err);
out:
    return st;
}

static mkg_status add_definition(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    if (!current(r, DEF_SUPPRESS)) return MKG_OK;
    MKG_GO(concept(r, DEF_CUI, &id, err));
    if (!id) return mkg__plain_skip(&r->t, err, "the first column is no CUI");
    r->im->read++;
    st = mkg__concepts_state(r->c, id, mkg__view("description", 11), 0, field(r, DEF),
                             MKG_LANG_NONE, r->t.line, err);
out:
    return st;
}

/* ---- files ---- */

static const struct {
    size_t columns; /* with the empty one at the end */
    mkg_status (*add)(reader *r, mkg_err *err);
} kinds[] = {{19, add_atom}, {17, add_relation}, {7, add_type}, {9, add_definition}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool starts(mkg_view v, char c)
{
    return v.len > 1 && v.ptr[0] == c;
}

/* Which of the files it is, by its first line; KINDS if it is none. */
static size_t kind_of(mkg_view line)
{
    mkg_view f[20];
    line = mkg__trim(line);
    size_t n = mkg__plain_split(line, '|', f, 20);
    for (size_t i = 0; i < KINDS; i++) {
        if (n != kinds[i].columns || f[n - 1].len) continue;
        if (kinds[i].add == add_relation && f[REL_CUI1].len == 0 && f[REL].len == 2)
            return i; /* between atoms of RxNorm */
        if (!is_cui(f[0])) continue;
        if (kinds[i].add == add_atom && f[LAT].len != 3) continue;
        if (kinds[i].add == add_type && !(starts(f[TUI], 'T') && digits(f[TUI], 1)))
            continue;
        if (kinds[i].add == add_definition && !starts(f[1], 'A')) continue;
        return i;
    }
    return KINDS;
}

static mkg_status read_rows(reader *r, size_t kind, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool ok;
    while ((st = mkg__plain_next(&r->t, err)) == MKG_OK) {
        MKG_GO(mkg__plain_columns(&r->t, kinds[kind].columns, &ok, err));
        if (ok) MKG_GO(kinds[kind].add(r, err));
    }
    if (st == MKG_END) st = MKG_OK;
    if (r->suppressed)
        mkg__import_remark(r->im, 0,
                           "%llu row%s marked as suppressed or obsolete: left "
                           "out",
                           (unsigned long long)r->suppressed,
                           r->suppressed == 1 ? "" : "s");
out:
    return st;
}

static mkg_status read_rrf(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kind;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__plain_begin(&r.t, im, '|', kind_of, KINDS,
                            "the first line is none of MRCONSO, MRREL, MRSTY, MRDEF, "
                            "nor of their like in RxNorm",
                            &kind, err));
    MKG_GO(read_rows(&r, kind, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__plain_close(&r.t);
    mkg__concepts_free(r.c);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return kind_of(mkg__first_line(head)) < KINDS ? 90 : 0;
}

const mkg__format mkg__format_rrf = {
    .name = "rrf", .recognise = recognise, .read = read_rrf, .folders = true};
