#include "lm/eval_case.h"

#include "base/err.h"
#include "lm/claims_internal.h"
#include "lm/compact.h"

#include <string.h>

typedef struct reader {
    mkg__case *c;
    const char *file;
    uint64_t number;
    mkg_err *err;
} reader;

static mkg_status wrong(const reader *r, const char *what)
{
    return mkg__fail_at(r->err, MKG_EPARSE, r->file, r->number, 0, "%s", what);
}

static const char *string_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static mkg_status read_piece(reader *r, const json_t *v, size_t i, mkg_piece *p)
{
    *p = (mkg_piece){.fact = (mkg_id)i + 1,
                     .subject = string_of(v, "subject"),
                     .relation = string_of(v, "relation"),
                     .object = string_of(v, "object"),
                     .label = string_of(v, "label"),
                     .subject_node = (mkg_id)(2 * i + 1),
                     .object_node = (mkg_id)(2 * i + 2),
                     .from_object = json_is_true(json_object_get(v, "from_object")),
                     .inverse_label = string_of(v, "inverse_label"),
                     .sentence = string_of(v, "sentence"),
                     .denied = json_is_true(json_object_get(v, "denied")),
                     .source = string_of(v, "source"),
                     .source_version = "",
                     .locator = "",
                     .grade = string_of(v, "grade"),
                     .population = string_of(v, "population"),
                     .weight = 1,
                     .score = 1,
                     .why = "intent"};
    if (mkg__relation_is_text(p->relation)) p->object_node = MKG_ID_NONE;
    if (!p->subject[0] || !p->object[0])
        return wrong(r, "a piece of \"evidence\" needs \"subject\" and \"object\"");
    return MKG_OK;
}

static mkg_status read_evidence(reader *r, const json_t *list)
{
    mkg_status st = MKG_OK;
    mkg_evidence *e = &r->c->e;
    size_t n = json_array_size(list);
    if (!json_is_array(list)) return wrong(r, "\"evidence\" is a list");
    e->pieces = mkg__arena_alloc(&e->arena, (n + 1) * sizeof *e->pieces);
    if (!e->pieces) return mkg__nomem(r->err);
    for (; e->npieces < n; e->npieces++)
        MKG_GO(read_piece(r, json_array_get(list, e->npieces), e->npieces,
                          &e->pieces[e->npieces]));
out:
    return st;
}

static mkg_status read_gold(reader *r, const json_t *list)
{
    mkg__case *c = r->c;
    size_t n = json_array_size(list);
    if (!json_is_array(list)) return wrong(r, "\"gold\" is a list of numbers");
    c->gold = mkg__arena_alloc(&c->e.arena, (n + 1) * sizeof *c->gold);
    if (!c->gold) return mkg__nomem(r->err);
    for (size_t i = 0; i < n; i++) {
        json_int_t k = json_integer_value(json_array_get(list, i));
        if (k < 1 || (size_t)k > c->e.npieces)
            return wrong(r, "\"gold\" has a number that no piece has");
        c->gold[c->ngold++] = (size_t)k;
    }
    return MKG_OK;
}

static mkg_verdict verdict_of(const char *name)
{
    for (int v = MKG_VERDICT_YES; v <= MKG_VERDICT_DISPUTED; v++)
        if (strcmp(name, mkg_verdict_name((mkg_verdict)v)) == 0) return (mkg_verdict)v;
    return MKG_VERDICT_NONE;
}

/* What was asked and is not there stands in the prompt alone. */
static mkg_status read_missing(reader *r, const char *prompt)
{
    mkg_evidence *e = &r->c->e;
    const char *mark = mkg__mark_name(MKG__MARK_MISSING), *p = strstr(prompt, mark);
    if (!p) return MKG_OK;
    p += strlen(mark);
    mkg_view what = mkg__trim(mkg__view(p, strcspn(p, "<")));
    e->missing = mkg__arena_alloc(&e->arena, sizeof *e->missing);
    const char *copy = mkg__arena_dup(&e->arena, what.ptr, what.len);
    if (!e->missing || !copy) return mkg__nomem(r->err);
    e->missing[e->nmissing++] = (mkg_missing){copy, "", "no_such_relation"};
    return MKG_OK;
}

/* Two gold facts of a disputed question are what speaks against each other. */
static mkg_status read_conflict(reader *r)
{
    mkg__case *c = r->c;
    mkg_evidence *e = &c->e;
    if (e->verdict != MKG_VERDICT_DISPUTED || c->ngold != 2) return MKG_OK;
    e->conflicts = mkg__arena_alloc(&e->arena, sizeof *e->conflicts);
    if (!e->conflicts) return mkg__nomem(r->err);
    e->conflicts[e->nconflicts++] = (mkg_conflict){c->gold[0] - 1, c->gold[1] - 1};
    return MKG_OK;
}

mkg_status mkg__case_read(mkg_view line, const char *file, uint64_t number,
                          mkg__case *out, mkg_err *err)
{
    mkg_status st;
    reader r = {out, file, number, err};

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__json_parse(line, file, number, &out->json, err));
    const char *question = string_of(out->json, "question");
    if (!question[0]) {
        st = wrong(&r, "the case has no \"question\"");
        goto out;
    }
    out->e.question = question;
    mkg_view lang = mkg__json_view(json_object_get(out->json, "lang"));
    out->e.lang = lang.ptr ? mkg__lang_parse(lang.ptr, lang.len) : MKG_LANG_NONE;
    if (out->e.lang == MKG_LANG_NONE)
        out->e.lang = mkg__lang_guess(question, strlen(question));
    out->e.verdict = verdict_of(string_of(out->json, "verdict"));
    out->kind = string_of(out->json, "kind");
    out->answer = string_of(out->json, "answer");
    MKG_GO(read_evidence(&r, json_object_get(out->json, "evidence")));
    MKG_GO(read_gold(&r, json_object_get(out->json, "gold")));
    MKG_GO(read_missing(&r, string_of(out->json, "prompt")));
    MKG_GO(read_conflict(&r));
    out->e.status = out->e.npieces ? MKG_ANSWERED : MKG_NO_EVIDENCE;
out:
    return st < 0 ? st : MKG_OK;
}

void mkg__case_clear(mkg__case *c)
{
    mkg__arena_clear(&c->e.arena);
    json_decref(c->json);
    memset(c, 0, sizeof *c);
}
