/* What evidence can be said with, and which of it stands in a sentence. */
#include "lm/claims.h"

#include "base/err.h"
#include "base/hash.h"
#include "lm/claim_rules.h"
#include "lm/compact.h"

#include <stdlib.h>
#include <string.h>

/* ---- terms ---- */

/* The number of a term, made if it is new; UINT32_MAX when out of memory. 0 for "". */
static mkg_status put_term(mkg__claims *c, mkg_view text, unsigned flags, uint32_t *out,
                           mkg_err *err)
{
    mkg__plain p = {0};
    mkg_status st = mkg__plain_put(&p, text, err);
    *out = 0;
    if (st >= 0 && p.s.len) {
        mkg_id *id = mkg__map_put(&c->by_text, p.s.ptr, p.s.len);
        bool ok = id != NULL;
        if (ok && *id == MKG_ID_NONE) {
            const char *s = mkg__arena_dup(&c->arena, p.s.ptr, p.s.len);
            ok = s && mkg__grow(&c->terms, &c->cap, c->n + 1, sizeof *c->terms);
            if (ok) {
                *id = (mkg_id)c->n;
                c->terms[c->n++] =
                    (mkg__term){.s = mkg__view(s, p.s.len),
                                .chars = (uint32_t)mkg__utf8_count(s, p.s.len)};
            }
        }
        if (ok) {
            c->terms[*id].flags |= flags;
            *out = *id;
        } else {
            st = mkg__nomem(err);
        }
    }
    mkg__plain_clear(&p);
    return st;
}

static mkg_status put_list(mkg__term_list *l, uint32_t term, mkg_err *err)
{
    if (!term) return MKG_OK;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i] == term) return MKG_OK;
    if (!mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at)) return mkg__nomem(err);
    l->at[l->n++] = term;
    return MKG_OK;
}

static mkg_status put_name(mkg__claims *c, mkg__term_list *l, const char *text,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t term;
    mkg__buf short_form = {0};
    if (!text[0]) return MKG_OK;
    MKG_GO(put_term(c, mkg__view(text, strlen(text)), MKG__TERM_NAME, &term, err));
    MKG_GO(put_list(l, term, err));
    /* As the built-in model writes it. */
    mkg__compact_name(&short_form, text, c->e->lang);
    const char *s = mkg__buf_cstr(&short_form);
    if (!s) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(put_term(c, mkg__view(s, short_form.len), MKG__TERM_NAME, &term, err));
    st = put_list(l, term, err);
out:
    mkg__buf_clear(&short_form);
    return st;
}

typedef struct cue_adder {
    mkg__claims *c;
    mkg__term_list *l; /* may be NULL */
    unsigned flags;
} cue_adder;

static mkg_status add_cue(void *ctx, mkg_view word, mkg_err *err)
{
    cue_adder *a = ctx;
    uint32_t term;
    mkg_status st = put_term(a->c, word, a->flags, &term, err);
    return st < 0 || !a->l ? st : put_list(a->l, term, err);
}

static mkg_status find_relation(mkg__claims *c, const mkg_piece *p, mkg__told **out,
                                mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < c->n_told; i++)
        if (strcmp(c->told[i].name, p->relation) == 0) {
            *out = &c->told[i];
            return MKG_OK;
        }
    if (!mkg__grow(&c->told, &c->cap_told, c->n_told + 1, sizeof *c->told))
        return mkg__nomem(err);
    mkg__told *t = &c->told[c->n_told++];
    *t = (mkg__told){.name = p->relation, .against = mkg__speaks_against(p->relation)};
    *out = t;
    cue_adder a = {c, &t->cues, MKG__TERM_CUE};
    MKG_GO(mkg__relation_words(p->relation, add_cue, &a, err));
out:
    return st;
}

/* The words of the piece's own labels and pattern: the vocabulary may be another one
 * than ours. */
static mkg_status put_labels(mkg__claims *c, const mkg_piece *p, mkg__told *t,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *const texts[] = {p->label, p->inverse_label, p->sentence};
    cue_adder a = {c, &t->cues, MKG__TERM_CUE};
    for (size_t i = 0; i < 3; i++) {
        mkg_view v = mkg__view(texts[i], strlen(texts[i]));
        if (i < 2 && strchr(texts[i], '{')) continue; /* no sentence has it */
        if (i < 2 && v.len) MKG_GO(add_cue(&a, v, err));
        MKG_GO(mkg__pattern_words(v, add_cue, &a, err));
    }
out:
    return st;
}

/* What the question calls a node names it, too. */
static mkg_status put_mentions(mkg__claims *c, const mkg_piece *p, mkg__fact *f,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < c->e->nmentions; i++) {
        const mkg_mention *m = &c->e->mentions[i];
        if (m->node == MKG_ID_NONE) continue;
        if (m->node == p->subject_node) MKG_GO(put_name(c, &f->subject, m->text, err));
        if (m->node == p->object_node) MKG_GO(put_name(c, &f->object, m->text, err));
    }
out:
    return st;
}

static mkg_status put_fact(mkg__claims *c, size_t i, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_piece *p = &c->e->pieces[i];
    mkg__fact *f = &c->facts[i];
    mkg__told *t;

    f->piece = p;
    MKG_GO(put_name(c, &f->subject, p->subject, err));
    MKG_GO(put_name(c, &f->object, p->object, err));
    MKG_GO(put_name(c, &f->limits, p->population, err));
    MKG_GO(put_name(c, &f->limits, p->grade, err));
    MKG_GO(put_name(c, &f->limits, p->source, err));
    MKG_GO(put_mentions(c, p, f, err));
    MKG_GO(find_relation(c, p, &t, err));
    f->told = (size_t)(t - c->told);
    MKG_GO(put_labels(c, p, t, err));
out:
    return st;
}

static int by_length(const void *a, const void *b)
{
    const mkg__order *x = a, *y = b;
    if (x->len != y->len) return x->len > y->len ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term;
}

static mkg_status put_order(mkg__claims *c, mkg_err *err)
{
    c->order = mkg__malloc((c->n + 1) * sizeof *c->order);
    c->named = mkg__calloc(c->n + 1, 1);
    c->carried = mkg__calloc(c->n + 1, 1);
    if (!c->order || !c->named || !c->carried) return mkg__nomem(err);
    for (uint32_t i = 1; i < c->n; i++)
        c->order[i - 1] = (mkg__order){c->terms[i].s.len, i};
    if (c->n > 2) qsort(c->order, c->n - 1, sizeof *c->order, by_length);
    return MKG_OK;
}

/* ---- what stands in a text ---- */

static mkg_status take(mkg__claims *c, uint32_t term, mkg_err *err)
{
    const mkg__term *t = &c->terms[term];
    bool stem = t->flags & MKG__TERM_CUE;
    for (size_t i = 0; (i = mkg__plain_find(&c->text, t->s, i, stem)) != SIZE_MAX;
         i++) {
        size_t end = i + t->s.len, k = i;
        while (k < end && !c->taken.ptr[k])
            k++;
        if (k < end) continue;
        memset(c->taken.ptr + i, 1, t->s.len);
        if (!mkg__grow(&c->spans, &c->cap_spans, c->n_spans + 1, sizeof *c->spans))
            return mkg__nomem(err);
        c->spans[c->n_spans++] = (mkg__span){i, end, term};
        c->named[term] = 1;
    }
    return MKG_OK;
}

static int by_start(const void *a, const void *b)
{
    const mkg__span *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

mkg_status mkg__claims_read(mkg__claims *c, mkg_view text, mkg_err *err)
{
    mkg_status st = MKG_OK;
    c->text.s.len = c->text.edge.len = c->taken.len = c->n_spans = 0;
    memset(c->named, 0, c->n + 1);
    MKG_GO(mkg__plain_put(&c->text, text, err));
    if (!mkg__buf_room(&c->taken, c->text.s.len)) {
        st = mkg__nomem(err);
        goto out;
    }
    c->taken.len = c->text.s.len;
    if (c->taken.len) memset(c->taken.ptr, 0, c->taken.len);
    /* The longest first, so that no name is seen within another one. */
    for (size_t i = 0; i + 1 < c->n; i++)
        MKG_GO(take(c, c->order[i].term, err));
    if (c->n_spans > 1) qsort(c->spans, c->n_spans, sizeof *c->spans, by_start);
out:
    return st;
}

void mkg__claims_carry(mkg__claims *c)
{
    for (size_t i = 1; i < c->n; i++)
        c->carried[i] |= c->named[i];
}

/* ---- the handle ---- */

static mkg_status put_all(mkg__claims *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    cue_adder negation = {c, NULL, MKG__TERM_NEGATION}, none = {c, NULL, 0};
    c->n = 1; /* [0] is no term */
    for (size_t i = 0; i < c->pieces; i++)
        MKG_GO(put_fact(c, i, err));
    MKG_GO(mkg__claim_words(MKG__WORD_NEGATION, add_cue, &negation, err));
    MKG_GO(mkg__claim_words(MKG__WORD_NO_NEGATION, add_cue, &none, err));
    /* "…, but the evidence has nothing on it" denies no fact. */
    MKG_GO(mkg__claim_words(MKG__WORD_ABSENT, add_cue, &none, err));
    for (size_t i = 0; i < c->e->nmissing; i++) {
        const char *what = c->e->missing[i].what;
        MKG_GO(add_cue(&none, mkg__view(what, strlen(what)), err));
    }
    MKG_GO(put_order(c, err));
    MKG_GO(mkg__claims_read(c, mkg__view(c->e->question, strlen(c->e->question)), err));
    mkg__claims_carry(c);
out:
    return st;
}

mkg_status mkg__claims_new(const mkg_evidence *e, size_t pieces, mkg__claims **out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__claims *c = mkg__calloc(1, sizeof *c);
    *out = NULL;
    if (!c) return mkg__nomem(err);
    c->e = e;
    c->pieces = pieces < e->npieces ? pieces : e->npieces;
    c->facts = mkg__calloc(c->pieces + 1, sizeof *c->facts);
    if (!c->facts || !mkg__grow(&c->terms, &c->cap, 1, sizeof *c->terms)) {
        st = mkg__nomem(err);
        goto out;
    }
    c->terms[0] = (mkg__term){.chars = 0};
    MKG_GO(put_all(c, err));
    *out = c;
    c = NULL;
out:
    mkg__claims_free(c);
    return st;
}

void mkg__claims_free(mkg__claims *c)
{
    if (!c) return;
    for (size_t i = 0; c->facts && i < c->pieces; i++) {
        mkg__free(c->facts[i].subject.at);
        mkg__free(c->facts[i].object.at);
        mkg__free(c->facts[i].limits.at);
    }
    for (size_t i = 0; i < c->n_told; i++)
        mkg__free(c->told[i].cues.at);
    mkg__free(c->facts);
    mkg__free(c->told);
    mkg__free(c->terms);
    mkg__free(c->order);
    mkg__free(c->named);
    mkg__free(c->carried);
    mkg__free(c->spans);
    mkg__map_clear(&c->by_text);
    mkg__plain_clear(&c->text);
    mkg__buf_clear(&c->taken);
    mkg__arena_clear(&c->arena);
    mkg__free(c);
}

/* ---- names that look like sentences ---- */

static bool holds_end(const char *s, size_t n)
{
    static const char *const signs[] = {"。", "！", "？", "；", ".", "!", "?", "\n"};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        const char *at = strstr(s, signs[k]);
        if (at && (size_t)(at - s) + strlen(signs[k]) < n) return true;
    }
    return false;
}

static void mark_whole(const char *name, mkg_view text, char *out)
{
    size_t n = strlen(name);
    if (n < 2 || !holds_end(name, n)) return;
    /* At the beginning of a sentence it may have got a capital. */
    char small = name[0], capital = small >= 'a' && small <= 'z' ? small - 32 : small;
    for (size_t i = 0; i + n <= text.len; i++)
        if ((text.ptr[i] == small || text.ptr[i] == capital) &&
            memcmp(text.ptr + i + 1, name + 1, n - 1) == 0)
            memset(out + i, 1, n - 1);
}

void mkg__claims_whole(const mkg__claims *c, mkg_view text, char *out)
{
    mkg__buf b = {0};
    memset(out, 0, text.len);
    for (size_t i = 0; i < c->pieces; i++) {
        const mkg_piece *p = &c->e->pieces[i];
        const char *const names[] = {p->subject, p->object, p->population, p->grade,
                                     p->source};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            mark_whole(names[k], text, out);
            b.len = 0;
            mkg__compact_name(&b, names[k], c->e->lang);
            const char *s = mkg__buf_cstr(&b);
            if (s) mark_whole(s, text, out);
        }
    }
    mkg__buf_clear(&b);
}
