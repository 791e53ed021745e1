/* MeSH: descriptors, qualifiers and supplementary records in XML, with their concepts,
 * terms and tree numbers. Source: https://www.nlm.nih.gov/mesh/xml_data_elements.html
 */
#include "import/tables_internal.h"
#include "import/xml_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef struct reader {
    mkg__import *im;
    mkg__concepts *c;
    mkg_id self;
    mkg__keys tree; /* tree numbers */
    mkg__arena arena;
    mkg__buf text, id;
} reader;

static mkg_status complain(reader *r, uint64_t line, const char *what, mkg_err *err)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, line, 0, "%s", what);
    return mkg__import_skip(r->im, &e, err);
}

static mkg_status concept(reader *r, mkg_view ui, mkg_id *out, mkg_err *err)
{
    if (ui.len && ui.ptr[0] == '*') ui = mkg__view(ui.ptr + 1, ui.len - 1);
    r->id.len = 0;
    mkg__buf_str(&r->id, "MESH:");
    mkg__buf_put(&r->id, ui.ptr, ui.len);
    if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
    return mkg__concepts_id(r->c, mkg__view(r->id.ptr, r->id.len), out, err);
}

/* "<String>…</String>" within, as names have it. */
static mkg_status name_of(reader *r, const mkg__element *e, mkg_view *out, mkg_err *err)
{
    return mkg__element_text(mkg__element_child(e, "String"), &r->text, out, err);
}

static mkg_status say(reader *r, mkg__saying_kind kind, mkg_view text, uint64_t line,
                      mkg_err *err)
{
    mkg__saying s = {.kind = kind,
                     .lang = kind == MKG_SAY_CODE ? MKG_LANG_NONE : MKG_LANG_EN,
                     .subject = r->self,
                     .text = text,
                     .line = line};
    return mkg__concepts_say(r->c, &s, err);
}

static mkg_status say_text(reader *r, const char *relation, mkg_view text,
                           uint64_t line, mkg_err *err)
{
    if (text.len == 0) return MKG_OK;
    return mkg__concepts_state(r->c, r->self, mkg__view(relation, strlen(relation)), 0,
                               text, MKG_LANG_EN, line, err);
}

/* ---- parts of a record ---- */

/* A thing that another record describes, and what it is called here. */
static mkg_status link_to(reader *r, const char *relation, const mkg__element *referred,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id object;
    mkg_view ui, name, none = {"", 0};
    MKG_GO(mkg__element_text(mkg__element_child(referred, "DescriptorUI"), &r->text,
                             &ui, err));
    if (ui.len == 0) goto out;
    MKG_GO(concept(r, ui, &object, err));
    MKG_GO(name_of(r, mkg__element_child(referred, "DescriptorName"), &name, err));
    MKG_GO(mkg__concepts_hint(r->c, object, name, err));
    st = mkg__concepts_state(r->c, r->self, mkg__view(relation, strlen(relation)),
                             object, none, MKG_LANG_NONE, referred->line, err);
out:
    return st;
}

static mkg_status add_links(reader *r, const mkg__element *record, const char *list,
                            const char *item, const char *relation, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__element *e = mkg__element_child(mkg__element_child(record, list), item);
    for (; e; e = mkg__element_next(e->next, item)) {
        const mkg__element *referred = mkg__element_child(e, "DescriptorReferredTo");
        if (referred) MKG_GO(link_to(r, relation, referred, err));
    }
out:
    return st;
}

/* "C04.588": the record's place, and through its number what is above it. */
static mkg_status add_tree(reader *r, const mkg__element *record, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view number;
    const mkg__element *e =
        mkg__element_child(mkg__element_child(record, "TreeNumberList"), "TreeNumber");
    for (; e; e = mkg__element_next(e->next, "TreeNumber")) {
        MKG_GO(mkg__element_text(e, &r->text, &number, err));
        if (number.len == 0) continue;
        MKG_GO(say_text(r, "tree_number", number, e->line, err));
        const char *p = mkg__arena_dup(&r->arena, number.ptr, number.len);
        if (!p ||
            !mkg__grow(&r->tree.at, &r->tree.cap, r->tree.n + 1, sizeof *r->tree.at))
            return mkg__nomem(err);
        r->tree.at[r->tree.n++] =
            (mkg__keyed){mkg__view(p, number.len), r->self, e->line};
    }
out:
    return st;
}

/* A number of CAS, an enzyme, or a UNII. */
static mkg_status add_registry(reader *r, const mkg__element *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view number;
    mkg__buf code = {0};
    MKG_GO(mkg__element_text(e, &r->text, &number, err));
    if (number.len < 4) goto out; /* "0": none */
    bool enzyme = memcmp(number.ptr, "EC ", 3) == 0;
    bool cas = memchr(number.ptr, '-', number.len) != NULL;
    if (enzyme) number = mkg__view(number.ptr + 3, number.len - 3);
    if (!enzyme && !cas && number.len != 10) goto out;
    mkg__buf_str(&code, enzyme ? "EC:" : cas ? "CAS:" : "UNII:");
    mkg__buf_put(&code, number.ptr, number.len);
    st = mkg__buf_cstr(&code)
             ? say(r, MKG_SAY_CODE, mkg__view(code.ptr, code.len), e->line, err)
             : mkg__nomem(err);
out:
    mkg__buf_clear(&code);
    return st;
}

/* Of the semantic types one that the table knows, else the first. */
static mkg_status set_type(reader *r, const mkg__element *of, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view type;
    const mkg__element *e =
        mkg__element_child(mkg__element_child(of, "SemanticTypeList"), "SemanticType");
    for (; e; e = mkg__element_next(e->next, "SemanticType")) {
        MKG_GO(mkg__element_text(mkg__element_child(e, "SemanticTypeName"), &r->text,
                                 &type, err));
        if (type.len == 0) continue;
        bool known = mkg__ontologies_class(mkg__concepts_table(r->c), type).len > 0;
        if (known || mkg__concepts_type_of(r->c, r->self).len == 0)
            MKG_GO(mkg__concepts_class(r->c, r->self, type, err));
        if (known) break;
    }
out:
    return st;
}

/* Where no semantic type is told (since 2025) the first tree tells it: "MeSH tree C".
 */
static mkg_status set_type_by_tree(reader *r, const mkg__element *record, mkg_err *err)
{
    char tree[] = "MeSH tree ?";
    mkg_view number;
    const mkg__element *e =
        mkg__element_child(mkg__element_child(record, "TreeNumberList"), "TreeNumber");
    if (!e || mkg__concepts_type_of(r->c, r->self).len) return MKG_OK;
    mkg_status st = mkg__element_text(e, &r->text, &number, err);
    if (st < 0 || number.len == 0) return st;
    tree[sizeof tree - 2] = number.ptr[0];
    mkg_view class = mkg__view(tree, sizeof tree - 1);
    return mkg__ontologies_class(mkg__concepts_table(r->c), class).len
               ? mkg__concepts_class(r->c, r->self, class, err)
               : MKG_OK;
}

static mkg_status add_terms(reader *r, const mkg__element *of, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view text;
    const mkg__element *e =
        mkg__element_child(mkg__element_child(of, "TermList"), "Term");
    for (; e; e = mkg__element_next(e->next, "Term")) {
        if (mkg__view_is(mkg__element_attribute(e, "IsPermutedTermYN"), "Y")) continue;
        MKG_GO(name_of(r, e, &text, err));
        MKG_GO(say(r, MKG_SAY_ALIAS, text, e->line, err));
    }
out:
    return st;
}

/* Other concepts of a record are narrower, broader or related ones; their terms are its
 * entry terms all the same. */
static mkg_status add_concept(reader *r, const mkg__element *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view text;
    bool preferred = mkg__view_is(mkg__element_attribute(e, "PreferredConceptYN"), "Y");
    MKG_GO(mkg__element_text(mkg__element_child(e, "ConceptUI"), &r->text, &text, err));
    if (text.len) {
        r->id.len = 0;
        mkg__buf_printf(&r->id, "MESH:%.*s", mkg__clip(text, 40), text.ptr);
        if (!mkg__buf_cstr(&r->id)) return mkg__nomem(err);
        MKG_GO(say(r, MKG_SAY_CODE, mkg__view(r->id.ptr, r->id.len), e->line, err));
    }
    MKG_GO(add_terms(r, e, err));
    MKG_GO(add_registry(r, mkg__element_child(e, "RegistryNumber"), err));
    if (preferred) {
        MKG_GO(mkg__element_text(mkg__element_child(e, "ScopeNote"), &r->text, &text,
                                 err));
        MKG_GO(say_text(r, "description", text, e->line, err));
        MKG_GO(set_type(r, e, err));
    }
out:
    return st;
}

/* What a concept is to the preferred one: NRW narrower, BRD broader, REL related. */
static mkg_status add_scopes(reader *r, const mkg__element *concepts, mkg_err *err)
{
    static const char *const scopes[][2] = {{"NRW", "narrow_synonym"},
                                            {"BRD", "broad_synonym"}};
    mkg_status st = MKG_OK;
    mkg_view text;
    const mkg__element *e = mkg__element_child(concepts, "Concept");
    for (; e; e = mkg__element_next(e->next, "Concept")) {
        if (mkg__view_is(mkg__element_attribute(e, "PreferredConceptYN"), "Y"))
            continue;
        const mkg__element *relation = mkg__element_child(
            mkg__element_child(e, "ConceptRelationList"), "ConceptRelation");
        mkg_view kind = relation ? mkg__element_attribute(relation, "RelationName")
                                 : mkg__view("", 0);
        for (size_t i = 0; i < 2; i++) {
            if (!mkg__view_is(kind, scopes[i][0])) continue;
            MKG_GO(name_of(r, mkg__element_child(e, "ConceptName"), &text, err));
            MKG_GO(say_text(r, scopes[i][1], text, e->line, err));
        }
    }
out:
    return st;
}

/* ---- records ---- */

static const struct {
    const char *record, *ui, *name, *type;
} kinds[] = {
    {"DescriptorRecord", "DescriptorUI", "DescriptorName", NULL},
    {"QualifierRecord", "QualifierUI", "QualifierName", "concept"},
    {"SupplementalRecord", "SupplementalRecordUI", "SupplementalRecordName", NULL}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static mkg_status on_record(void *ctx, const mkg__element *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    reader *r = ctx;
    mkg_view text;
    size_t kind = 0;
    while (kind + 1 < KINDS && !mkg__view_is(e->name, kinds[kind].record))
        kind++;
    MKG_GO(
        mkg__element_text(mkg__element_child(e, kinds[kind].ui), &r->text, &text, err));
    if (text.len == 0) return complain(r, e->line, "the record has no UI", err);
    MKG_GO(concept(r, text, &r->self, err));
    MKG_GO(mkg__concepts_describe(r->c, r->self, e->line, err));
    MKG_GO(name_of(r, mkg__element_child(e, kinds[kind].name), &text, err));
    MKG_GO(say(r, MKG_SAY_NAME, text, e->line, err));
    if (kinds[kind].type)
        MKG_GO(mkg__concepts_type(
            r->c, r->self, mkg__view(kinds[kind].type, strlen(kinds[kind].type)), err));
    const mkg__element *concepts = mkg__element_child(e, "ConceptList");
    const mkg__element *c = mkg__element_child(concepts, "Concept");
    for (; c; c = mkg__element_next(c->next, "Concept"))
        MKG_GO(add_concept(r, c, err));
    MKG_GO(add_scopes(r, concepts, err));
    MKG_GO(set_type_by_tree(r, e, err));
    MKG_GO(add_tree(r, e, err));
    MKG_GO(add_links(r, e, "PharmacologicalActionList", "PharmacologicalAction",
                     "pharmacological_action", err));
    MKG_GO(
        add_links(r, e, "SeeRelatedList", "SeeRelatedDescriptor", "related_to", err));
    MKG_GO(add_links(r, e, "HeadingMappedToList", "HeadingMappedTo", "mapped_to", err));
    MKG_GO(mkg__element_text(mkg__element_child(e, "Note"), &r->text, &text, err));
    MKG_GO(say_text(r, "comment", text, e->line, err));
    st = mkg__import_tick(r->im, err);
out:
    return st;
}

static mkg_status read_mesh(mkg__import *im, mkg_err *err)
{
    static const char *const names[] = {"DescriptorRecord", "QualifierRecord",
                                        "SupplementalRecord", NULL};
    mkg_status st = MKG_OK;
    reader r = {.im = im};

    MKG_GO(mkg__concepts_new(im, &r.c, err));
    MKG_GO(mkg__xml_records(im, names, on_record, &r, err));
    MKG_GO(mkg__keys_state(&r.tree, MKG_ABOVE_PREFIX, r.c, err));
    st = mkg__concepts_end(r.c, err);
out:
    mkg__concepts_free(r.c);
    mkg__free(r.tree.at);
    mkg__arena_clear(&r.arena);
    mkg__buf_clear(&r.text);
    mkg__buf_clear(&r.id);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return mkg__xml_begins(head, "DescriptorRecordSet") ||
                   mkg__xml_begins(head, "QualifierRecordSet") ||
                   mkg__xml_begins(head, "SupplementalRecordSet")
               ? 95
               : 0;
}

const mkg__format mkg__format_mesh = {
    .name = "mesh", .recognise = recognise, .read = read_mesh, .folders = true};
