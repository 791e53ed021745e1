/* ICD-10-CM as CMS and NCHS publish it: the order file (fixed columns, all codes with
 * titles) and the tabular list in XML (chapters, sections, notes). Source:
 * https://www.cms.gov/medicare/coding-billing/icd-10-codes, "icd10OrderFiles.pdf" */
#include "import/tables_internal.h"
#include "import/xml_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__keys codes; /* of the order file */
    mkg__arena arena;
    mkg__buf text, id;
} reader;

static mkg_status complain(reader *r, uint64_t line, const char *what, mkg_err *err)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

/* "A0100" and "A01.00" are ICD10CM:A01.00; "A00-A09" stays. */
static mkg_status concept(reader *r, mkg_view code, mkg_id *out, mkg_err *err)
{
    bool dotted = code.len <= 3 || memchr(code.ptr, '.', code.len) ||
                  memchr(code.ptr, '-', code.len);
    r->id.len = 0;
    mkg__buf_str(&r->id, "ICD10CM:");
    mkg__buf_put(&r->id, code.ptr, dotted ? code.len : 3);
    if (!dotted) {
        mkg__buf_byte(&r->id, '.');
        mkg__buf_put(&r->id, code.ptr + 3, code.len - 3);
    }
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    return mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err);
}

/* ---- the order file ---- */

/* Columns from 0: order number 0-4, code 6-12, 1 if it is valid for bills 14, short
 * title 16-75, long title from 77 on. */
enum { CODE = 6, CODE_END = 13, FLAG = 14, SHORT = 16, SHORT_END = 76, LONG = 77 };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_order_line(mkg_view v)
{
    if (v.len <= LONG || v.ptr[5] != ' ' || v.ptr[CODE_END] != ' ' ||
        v.ptr[FLAG + 1] != ' ' || (v.ptr[FLAG] != '0' && v.ptr[FLAG] != '1'))
        return false;
    for (int i = 0; i < 5; i++)
        if (!digit(v.ptr[i])) return false;
    return v.ptr[CODE] >= 'A' && v.ptr[CODE] <= 'Z' && digit(v.ptr[CODE + 1]);
}

static mkg_status add_line(reader *r, mkg_view v, uint64_t line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t bad;
    mkg__saying s = {.kind = MKG_SAY_NAME, .lang = MKG_LANG_EN, .line = line};
    if (!mkg__utf8_valid(v.ptr, v.len, &bad))
        return complain(r, line, "the line is not valid UTF-8", err);
    if (!is_order_line(v))
        return complain(r, line,
                        "the line has not the columns of an order file: number, code, "
                        "0 or 1, short title, long title",
                        err);
    mkg_view code = mkg__trim(mkg__view(v.ptr + CODE, CODE_END - CODE));
    MKG_GO(concept(r, code, &s.subject, err));
    MKG_GO(mkg__concepts_describe(r->c, s.subject, line, err));
    s.text = mkg__trim(mkg__view(v.ptr + LONG, v.len - LONG));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    s.kind = MKG_SAY_ALIAS;
    s.text = mkg__trim(mkg__view(v.ptr + SHORT, SHORT_END - SHORT));
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    const char *p = mkg__arena_dup(&r->arena, code.ptr, code.len);
    if (!p ||
        !mkg__grow(&r->codes.at, &r->codes.cap, r->codes.n + 1, sizeof *r->codes.at))
        return mkg__nomem(err);
    r->codes.at[r->codes.n++] = (mkg__keyed){mkg__view(p, code.len), s.subject, line};
out:
    return st;
}

static mkg_status read_order(reader *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__lines *lines = NULL;
    MKG_GO(mkg__lines_new(r->im->s, &lines, err));
    for (;;) {
        mkg_err e = {0};
        mkg_view v;
        uint64_t line;
        st = mkg__lines_next(lines, &v, &line, &e);
        if (st == MKG_END) break;
        if (st < 0)
            MKG_GO(mkg__import_fault(r->im, st, &e, line, err));
        else if (mkg__trim(v).len)
            MKG_GO(add_line(r, v, line, err));
        MKG_GO(mkg__import_tick(r->im, err));
    }
    st = mkg__keys_state(&r->codes, MKG_ABOVE_PREFIX, r->c, err);
out:
    mkg__lines_free(lines);
    return st;
}

/* ---- the tabular list ---- */

/* Notes of a chapter, a section or a code, each with one text or more in <note>. */
static const struct {
    const char *name, *relation;
    bool alias; /* people search by it */
} notes[] = {{"inclusionTerm", "inclusion", true},
             {"includes", "inclusion", false},
             {"excludes1", "excludes1", false},
             {"excludes2", "excludes2", false},
             {"useAdditionalCode", "use_additional_code", false},
             {"codeFirst", "code_first", false},
             {"codeAlso", "code_also", false},
             {"notes", "comment", false},
             {"sevenChrNote", "seventh_character", false}};

static mkg_status add_note(reader *r, mkg_id self, size_t kind,
                           const mkg__element *note, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s = {.kind = MKG_SAY_ALIAS,
                     .subject = self,
                     .lang = MKG_LANG_EN,
                     .line = note->line};
    MKG_GO(mkg__element_text(note, &r->text, &s.text, err));
    if (s.text.len == 0) goto out;
    if (notes[kind].alias) MKG_GO(mkg__concepts_say(r->c, &s, err));
    st = mkg__concepts_state(
        r->c, self, mkg__view(notes[kind].relation, strlen(notes[kind].relation)), 0,
        s.text, MKG_LANG_EN, note->line, err);
out:
    return st;
}

/* "A: initial encounter" */
static mkg_status add_extensions(reader *r, mkg_id self, const mkg__element *def,
                                 mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view text;
    mkg__buf both = {0};
    const mkg__element *e = mkg__element_child(def, "extension");
    for (; e; e = mkg__element_next(e->next, "extension")) {
        mkg_view c = mkg__element_attribute(e, "char");
        MKG_GO(mkg__element_text(e, &r->text, &text, err));
        both.len = 0;
        mkg__buf_put(&both, c.ptr, c.len);
        mkg__buf_str(&both, ": ");
        mkg__buf_put(&both, text.ptr, text.len);
        if (!mkg__buf_cstr(&both)) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(mkg__concepts_state(r->c, self, mkg__view("seventh_character", 17), 0,
                                   mkg__view(both.ptr, both.len), MKG_LANG_EN, e->line,
                                   err));
    }
out:
    mkg__buf_clear(&both);
    return st;
}

static mkg_status add_notes(reader *r, mkg_id self, const mkg__element *of,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (const mkg__element *e = mkg__element_child(of, NULL); e;
         e = mkg__element_next(e->next, NULL)) {
        if (mkg__view_is(e->name, "sevenChrDef"))
            MKG_GO(add_extensions(r, self, e, err));
        for (size_t k = 0; k < sizeof notes / sizeof *notes; k++) {
            if (!mkg__view_is(e->name, notes[k].name)) continue;
            const mkg__element *note = mkg__element_child(e, "note");
            for (; note; note = mkg__element_next(note->next, "note"))
                MKG_GO(add_note(r, self, k, note, err));
        }
    }
out:
    return st;
}

/* The range in "Intestinal infectious diseases (A00-A09)"; the text without it. */
static mkg_view cut_range(mkg_view *title)
{
    mkg_view none = {"", 0};
    if (title->len < 9 || title->ptr[title->len - 1] != ')') return none;
    size_t i = title->len - 1;
    while (i > 0 && title->ptr[i - 1] != '(')
        i--;
    if (i < 2 || !digit(title->ptr[i + 1])) return none;
    mkg_view range = {title->ptr + i, title->len - 1 - i};
    *title = mkg__trim(mkg__view(title->ptr, i - 1));
    return range;
}

static mkg_status add_thing(reader *r, const mkg__element *e, mkg_view code,
                            mkg_view title, mkg_id above, mkg_id *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view none = {"", 0};
    mkg__saying s = {.kind = MKG_SAY_NAME, .lang = MKG_LANG_EN, .line = e->line};
    s.text = title;
    MKG_GO(concept(r, code, out, err));
    MKG_GO(mkg__concepts_describe(r->c, *out, e->line, err));
    s.subject = *out;
    MKG_GO(mkg__concepts_say(r->c, &s, err));
    if (above && above != *out)
        MKG_GO(mkg__concepts_state(r->c, *out, mkg__view("is_a", 4), above, none,
                                   MKG_LANG_NONE, e->line, err));
    st = add_notes(r, *out, e, err);
out:
    return st;
}

/* Codes stand within the code that they belong to; the depth is that of the tree. */
static mkg_status add_codes(reader *r, const mkg__element *in, mkg_id above,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id self;
    mkg_view code, title;
    mkg__buf name = {0};
    const mkg__element *e = mkg__element_child(in, "diag");
    for (; e; e = mkg__element_next(e->next, "diag")) {
        MKG_GO(mkg__element_text(mkg__element_child(e, "name"), &name, &code, err));
        MKG_GO(mkg__element_text(mkg__element_child(e, "desc"), &r->text, &title, err));
        if (code.len < 3) {
            MKG_GO(complain(r, e->line, "the code has no name", err));
            continue;
        }
        MKG_GO(add_thing(r, e, code, title, above, &self, err));
        MKG_GO(add_codes(r, e, self, err));
    }
out:
    mkg__buf_clear(&name);
    return st;
}

/* A chapter or a section: its code is its range. */
static mkg_status add_block(reader *r, const mkg__element *e, mkg_id above, mkg_id *out,
                            mkg_err *err)
{
    mkg_view title, code;
    mkg__buf id = {0};
    mkg_status st =
        mkg__element_text(mkg__element_child(e, "desc"), &r->text, &title, err);
    if (st < 0) return st;
    code = cut_range(&title);
    if (mkg__element_attribute(e, "id").len) code = mkg__element_attribute(e, "id");
    mkg__buf_put(&id, code.ptr, code.len);
    if (!mkg__buf_cstr(&id)) {
        st = mkg__nomem(err);
    } else if (code.len < 3) {
        *out = above;
        st = complain(r, e->line, "neither the title nor the id holds a range", err);
    } else {
        st = add_thing(r, e, mkg__view(id.ptr, id.len), title, above, out, err);
    }
    mkg__buf_clear(&id);
    return st;
}

static mkg_status on_chapter(void *ctx, const mkg__element *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    reader *r = ctx;
    mkg_id chapter = 0, section = 0;
    MKG_GO(add_block(r, e, 0, &chapter, err));
    for (const mkg__element *s = mkg__element_child(e, "section"); s;
         s = mkg__element_next(s->next, "section")) {
        MKG_GO(add_block(r, s, chapter, &section, err));
        MKG_GO(add_codes(r, s, section, err));
    }
    st = mkg__import_tick(r->im, err);
out:
    return st;
}

/* ---- the file ---- */

static mkg_status read_icd10cm(mkg__import *im, mkg_err *err)
{
    static const char *const names[] = {"chapter", NULL};
    mkg_status st = MKG_OK;
    mkg_view head;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__stream_peek(im->s, &head, err));
    head = mkg__skip_blank(head);
    if (head.len && head.ptr[0] == '<')
        MKG_GO(mkg__xml_records(im, names, on_chapter, &r, err));
    else
        MKG_GO(read_order(&r, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__concepts_free(r.c);
    mkg__free(r.codes.at);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.text);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return mkg__xml_begins(head, "ICD10CM.tabular") ||
                   is_order_line(mkg__first_line(head))
               ? 95
               : 0;
}

const mkg__format mkg__format_icd10cm = {
    .name = "icd10cm", .recognise = recognise, .read = read_icd10cm};
