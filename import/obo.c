/* OBO flat files, formats 1.2 and 1.4. Source:
 * https://owlcollab.github.io/oboformat/doc/obo-syntax.html */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef enum frame { HEADER, TERM, TYPEDEF, INSTANCE, OTHER } frame;

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg__map unknown; /* tags that were told of */
    frame frame;
    uint64_t frame_line;
    bool no_id;      /* the frame's lack of an id was told */
    mkg_id self;     /* concept of the frame, 0 until its id is read */
    mkg_id relation; /* of a Typedef */
    uint64_t line;
    mkg__buf joined, text, id; /* line with its continuations; unescaped parts */
} reader;

static mkg_status complain(reader *r, mkg_err *err, const char *what)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

/* ---- parts of a line ---- */

/* Undo the escapes of section 1.4 of the format. */
static mkg_view unescape(mkg_view v, mkg__buf *out)
{
    out->len = 0;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];
        if (c == '\\' && i + 1 < v.len) {
            c = v.ptr[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'W' ? ' ' : c;
        }
        mkg__buf_byte(out, (unsigned char)c);
    }
    return mkg__view(out->ptr ? out->ptr : "", out->len);
}

/* The text in quotes at the start of *v, which moves behind it. False if there is none
 * or it does not end. */
static bool quoted(mkg_view *v, mkg_view *out)
{
    if (v->len == 0 || v->ptr[0] != '"') return false;
    for (size_t i = 1; i < v->len; i++) {
        if (v->ptr[i] == '\\')
            i++;
        else if (v->ptr[i] == '"') {
            *out = mkg__view(v->ptr + 1, i - 1);
            *v = mkg__trim(mkg__view(v->ptr + i + 1, v->len - i - 1));
            return true;
        }
    }
    return false;
}

/* The next word of *v, which moves behind it; empty at the end. A comment and trailing
 * modifiers are the end. */
static mkg_view word(mkg_view *v)
{
    size_t n = 0;
    if (v->len == 0 || v->ptr[0] == '!' || v->ptr[0] == '{')
        return mkg__view(v->ptr, 0);
    while (n < v->len && v->ptr[n] != ' ' && v->ptr[n] != '\t')
        n += v->ptr[n] == '\\' && n + 1 < v->len ? 2u : 1u;
    mkg_view w = {v->ptr, n};
    *v = mkg__trim(mkg__view(v->ptr + n, v->len - n));
    return w;
}

/* What stands behind "!": people write the name there. */
static mkg_view comment(mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] == '!') return mkg__trim(mkg__view(v.ptr + i + 1, v.len - i - 1));
    return mkg__view("", 0);
}

/* Free text without trailing modifiers, `{source="…"}`. */
static mkg_view plain(mkg_view v)
{
    if (v.len == 0 || v.ptr[v.len - 1] != '}') return v;
    for (size_t i = v.len - 1; i > 0; i--)
        if (v.ptr[i] == '{' && v.ptr[i - 1] == ' ' && memchr(v.ptr + i, '=', v.len - i))
            return mkg__trim(mkg__view(v.ptr, i));
    return v;
}

static mkg_status concept(reader *r, mkg_view id, mkg_view name, mkg_id *out,
                          mkg_err *err)
{
    mkg_status st = mkg__concepts_id(r->c, unescape(id, &r->id), out, err);
    return st < 0 ? st : mkg__concepts_hint(r->c, *out, name, err);
}

/* ---- tags ---- */

typedef mkg_status (*tag_fn)(reader *r, const char *arg, mkg_view value, mkg_err *err);

static mkg_status say_text(reader *r, mkg__saying_kind kind, const char *relation,
                           mkg_view text, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__saying s = {.kind = kind, .subject = r->self, .text = text, .line = r->line};
    if (relation)
        MKG_GO(mkg__concepts_relation(r->c, mkg__view(relation, strlen(relation)),
                                      &s.relation, err));
    st = mkg__concepts_say(r->c, &s, err);
out:
    return st;
}

static mkg_status on_name(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    (void)arg;
    mkg_view name = unescape(plain(value), &r->text);
    if (r->frame == TYPEDEF)
        return mkg__concepts_relation_label(r->c, r->relation, name, err);
    return say_text(r, MKG_SAY_NAME, NULL, name, err);
}

static mkg_status on_text(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    return say_text(r, MKG_SAY_TEXT, arg, unescape(plain(value), &r->text), err);
}

static mkg_status on_def(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    mkg_view text;
    if (!quoted(&value, &text))
        return complain(r, err, "the text is not in quotes, or they do not end");
    return say_text(r, MKG_SAY_TEXT, arg, unescape(text, &r->text), err);
}

/* `"text" SCOPE TYPE [xrefs]`; arg is the scope where the tag says it. What is not
 * exact is a fact with its scope; what is related is a name besides, as people search
 * by it. */
static mkg_status on_synonym(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    static const char *const scopes[][2] = {{"BROAD", "broad_synonym"},
                                            {"NARROW", "narrow_synonym"},
                                            {"RELATED", "related_synonym"}};
    mkg_view text;
    if (!quoted(&value, &text))
        return complain(r, err, "the synonym is not in quotes, or they do not end");
    mkg_view scope = arg ? mkg__view(arg, strlen(arg)) : word(&value);
    const char *relation = NULL;
    for (size_t i = 0; i < 3; i++)
        if (mkg__view_is(scope, scopes[i][0])) relation = scopes[i][1];
    if (!relation && !mkg__view_is(scope, "EXACT"))
        relation = "related_synonym"; /* no scope: section 2.2 */
    return mkg__concepts_synonym(r->c, r->self, relation, unescape(text, &r->text),
                                 MKG_LANG_NONE, r->line, err);
}

static mkg_status on_alt_id(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    (void)arg;
    return say_text(r, MKG_SAY_CODE, NULL, unescape(word(&value), &r->text), err);
}

/* Codes with blanks in them are seen in the wild: the description stands in quotes. */
static mkg_status on_xref(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    (void)arg;
    size_t n = 0;
    while (n < value.len && value.ptr[n] != '"' && value.ptr[n] != '!' &&
           value.ptr[n] != '{')
        n += value.ptr[n] == '\\' && n + 1 < value.len ? 2u : 1u;
    mkg_view id = unescape(mkg__trim(mkg__view(value.ptr, n)), &r->text);
    if (r->frame == TYPEDEF)
        return mkg__concepts_relation_is(r->c, r->relation, id, err);
    return mkg__concepts_xref(r->c, r->self, id, r->line, err);
}

static mkg_status fact(reader *r, mkg_view relation, mkg_view id, mkg_view name,
                       mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id object;
    mkg_view none = {"", 0};
    if (id.len == 0) return complain(r, err, "an id is missing");
    MKG_GO(concept(r, id, name, &object, err));
    relation = unescape(relation, &r->text);
    st = mkg__concepts_state(r->c, r->self, relation, object, none, MKG_LANG_NONE,
                             r->line, err);
out:
    return st;
}

static mkg_status on_link(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    mkg_view id = word(&value);
    return fact(r, mkg__view(arg, strlen(arg)), id, comment(value), err);
}

static mkg_status on_relationship(reader *r, const char *arg, mkg_view value,
                                  mkg_err *err)
{
    (void)arg;
    mkg_view relation = word(&value), id = word(&value);
    return fact(r, relation, id, comment(value), err);
}

/* "A = B and (r some C)" is two facts: A intersection_of B, A r C. */
static mkg_status on_intersection(reader *r, const char *arg, mkg_view value,
                                  mkg_err *err)
{
    mkg_view first = word(&value), second = word(&value);
    if (second.len) return fact(r, first, second, comment(value), err);
    return fact(r, mkg__view(arg, strlen(arg)), first, comment(value), err);
}

static mkg_status on_property(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    (void)arg;
    mkg_view relation = word(&value), text;
    if (!quoted(&value, &text))
        return fact(r, relation, word(&value), comment(value), err);
    relation = unescape(relation, &r->id);
    return mkg__concepts_state(r->c, r->self, relation, 0, unescape(text, &r->text),
                               MKG_LANG_NONE, r->line, err);
}

static mkg_status on_obsolete(reader *r, const char *arg, mkg_view value, mkg_err *err)
{
    if (!mkg__view_is(word(&value), "true")) return MKG_OK;
    return mkg__concepts_type(r->c, r->self, mkg__view(arg, strlen(arg)), err);
}

static const struct {
    const char *tag;
    tag_fn fn; /* NULL: says nothing of medicine */
    const char *arg;
    bool of_relations; /* is read in a Typedef, too */
} tags[] = {{"name", on_name, NULL, true},
            {"def", on_def, "description", false},
            {"comment", on_text, "comment", false},
            {"synonym", on_synonym, NULL, false},
            {"exact_synonym", on_synonym, "EXACT", false},
            {"broad_synonym", on_synonym, "BROAD", false},
            {"narrow_synonym", on_synonym, "NARROW", false},
            {"related_synonym", on_synonym, "RELATED", false},
            {"alt_id", on_alt_id, NULL, false},
            {"xref", on_xref, NULL, true},
            {"xref_analog", on_xref, NULL, true},
            {"xref_unk", on_xref, NULL, true},
            {"is_a", on_link, "is_a", false},
            {"instance_of", on_link, "instance_of", false},
            {"relationship", on_relationship, NULL, false},
            {"intersection_of", on_intersection, "intersection_of", false},
            {"union_of", on_link, "union_of", false},
            {"equivalent_to", on_link, "equivalent_to", false},
            {"disjoint_from", on_link, "disjoint_from", false},
            {"replaced_by", on_link, "replaced_by", false},
            {"consider", on_link, "consider", false},
            {"subset", on_text, "subset", false},
            {"property_value", on_property, NULL, false},
            {"is_obsolete", on_obsolete, "obsolete", false},
            {"namespace", NULL, NULL, false},
            {"is_anonymous", NULL, NULL, false},
            {"builtin", NULL, NULL, false},
            {"created_by", NULL, NULL, false},
            {"creation_date", NULL, NULL, false}};

/* ---- frames ---- */

static mkg_status tell_unknown(reader *r, mkg_view tag, mkg_err *err)
{
    mkg_id *slot = mkg__map_put(&r->unknown, tag.ptr, tag.len);
    if (!slot) return mkg__nomem(err);
    if (*slot != MKG_ID_NONE) return MKG_OK;
    *slot = 1;
    mkg__import_remark(r->im, r->line, "the tag '%.*s' is not known: it is left out",
                       mkg__clip(tag, 60), tag.ptr);
    return MKG_OK;
}

static mkg_status on_id(reader *r, mkg_view value, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view id = unescape(word(&value), &r->id);
    if (id.len == 0 || r->self || r->relation)
        return complain(r, err,
                        id.len ? "a second id in one frame" : "the id is empty");
    if (r->frame == TYPEDEF) return mkg__concepts_relation(r->c, id, &r->relation, err);
    MKG_GO(mkg__concepts_id(r->c, id, &r->self, err));
    st = mkg__concepts_describe(r->c, r->self, r->line, err);
out:
    return st;
}

static mkg_status on_tag(reader *r, mkg_view tag, mkg_view value, mkg_err *err)
{
    if (r->frame == HEADER || r->frame == OTHER) return MKG_OK;
    if (mkg__view_is(tag, "id")) return on_id(r, value, err);
    if (!r->self && !r->relation) {
        if (r->no_id) return MKG_OK;
        r->no_id = true;
        return complain(r, err, "the frame does not begin with an id: it is left out");
    }
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (mkg__view_is(tag, tags[i].tag))
            return tags[i].fn && (r->frame != TYPEDEF || tags[i].of_relations)
                       ? tags[i].fn(r, tags[i].arg, value, err)
                       : MKG_OK;
    return r->frame == TYPEDEF ? MKG_OK : tell_unknown(r, tag, err);
}

static mkg_status begin_frame(reader *r, mkg_view line, mkg_err *err)
{
    static const struct {
        const char *line;
        frame frame;
    } known[] = {{"[Term]", TERM}, {"[Typedef]", TYPEDEF}, {"[Instance]", INSTANCE}};
    if (r->frame != HEADER && r->frame != OTHER && !r->self && !r->relation &&
        !r->no_id) {
        uint64_t here = r->line;
        r->line = r->frame_line;
        mkg_status st = complain(r, err, "the frame is empty");
        r->line = here;
        if (st < 0) return st;
    }
    r->frame = OTHER;
    for (size_t i = 0; i < 3; i++)
        if (mkg__view_is(line, known[i].line)) r->frame = known[i].frame;
    r->frame_line = r->line;
    r->no_id = false;
    r->self = r->relation = 0;
    return r->frame == OTHER
               ? complain(r, err, "a frame of a kind that OBO does not have")
               : MKG_OK;
}

static mkg_status on_line(reader *r, mkg_view line, mkg_err *err)
{
    size_t bad;
    if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
        mkg_err e;
        mkg__fail_at(&e, MKG_EPARSE, r->im->file, r->line, (uint32_t)bad + 1,
                     "the line is not valid UTF-8");
        return mkg__import_skip(r->im, &e, err);
    }
    line = mkg__trim(line);
    if (line.len == 0 || line.ptr[0] == '!') return MKG_OK;
    if (line.ptr[0] == '[') return begin_frame(r, line, err);
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon) return complain(r, err, "neither a tag nor a frame");
    size_t n = (size_t)(colon - line.ptr);
    return on_tag(r, mkg__view(line.ptr, n),
                  mkg__trim(mkg__view(colon + 1, line.len - n - 1)), err);
}

/* A line that ends in a backslash goes on in the next one. */
static bool goes_on(mkg_view line)
{
    size_t n = 0;
    while (n < line.len && line.ptr[line.len - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

static mkg_status read_lines(reader *r, mkg__lines *lines, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view line;
    uint64_t number;
    for (;;) {
        mkg_err e = {0};
        st = mkg__lines_next(lines, &line, &number, &e);
        if (st < 0) {
            MKG_GO(mkg__import_fault(r->im, st, &e, number, err));
            continue;
        }
        if (st == MKG_END) line = mkg__view("", 0);
        if (r->joined.len == 0) r->line = number;
        bool more = st != MKG_END && goes_on(line);
        if (more || r->joined.len) {
            mkg__buf_put(&r->joined, line.ptr, line.len - more);
            if (r->joined.failed || r->joined.len > MKG_LINE_MAX) {
                st = r->joined.failed
                         ? mkg__nomem(err)
                         : mkg__fail_at(err, MKG_EPARSE, r->im->file, number, 0,
                                        "the lines that belong together "
                                        "are too long");
                goto out;
            }
            if (more) continue;
            line = mkg__view(r->joined.ptr, r->joined.len);
        }
        bool end = st == MKG_END;
        MKG_GO(on_line(r, line, err));
        r->joined.len = 0;
        if (end) break;
        MKG_GO(mkg__import_tick(r->im, err));
    }
    st = MKG_OK;
out:
    return st;
}

static mkg_status read_obo(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__lines *lines = NULL;
    reader r = {.im = im, .frame = HEADER};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__lines_new(im->s, &lines, err));
    MKG_GO(read_lines(&r, lines, err));
    if (r.text.failed || r.id.failed) {
        st = mkg__nomem(err);
        goto out;
    }
    st = mkg__concepts_end(r.c, err);
out:
    mkg__lines_free(lines);
    mkg__concepts_free(r.c);
    mkg__map_clear(&r.unknown);
    mkg__buf_clear(&r.joined);
    mkg__buf_clear(&r.text);
    mkg__buf_clear(&r.id);
    return st;
}

/* A line that begins so, within the first kilobytes. */
static bool has_line(mkg_view head, const char *start)
{
    size_t n = strlen(start);
    for (size_t i = 0; i + n <= head.len;) {
        if (memcmp(head.ptr + i, start, n) == 0) return true;
        const char *nl = memchr(head.ptr + i, '\n', head.len - i);
        if (!nl) break;
        i = (size_t)(nl - head.ptr) + 1;
    }
    return false;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0)
        head = mkg__view(head.ptr + 3, head.len - 3);
    if (has_line(head, "[Term]") || has_line(head, "[Typedef]")) return 90;
    return has_line(head, "format-version:") ? 85 : 0;
}

const mkg__format mkg__format_obo = {
    .name = "obo", .recognise = recognise, .read = read_obo, .folders = true};
