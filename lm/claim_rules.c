/* The rules by which a sentence is held against the facts that it cites. */
#include "lm/claim_rules.h"

#include "base/err.h"
#include "base/text.h"
#include "lm/lm_internal.h"

#include <string.h>

typedef struct checker {
    mkg__claims *c;
    const size_t *cites;
    size_t n;
} checker;

static const mkg__fact *cited(const checker *k, size_t i)
{
    return &k->c->facts[k->cites[i] - 1];
}

static bool holds(const mkg__term_list *l, uint32_t term)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i] == term) return true;
    return false;
}

static bool any_of(const mkg__term_list *l, const char *flags)
{
    for (size_t i = 0; i < l->n; i++)
        if (flags[l->at[i]]) return true;
    return false;
}

static mkg_view plain_view(const mkg__plain *p)
{
    return mkg__view(p->s.ptr ? p->s.ptr : "", p->s.len);
}

/* ---- names ---- */

/* A name of one character is part of too many words. */
static const char *other_name(const checker *k)
{
    const mkg__claims *c = k->c;
    for (size_t i = 0; i < c->n_spans; i++) {
        uint32_t t = c->spans[i].term;
        bool known = c->terms[t].flags != MKG__TERM_NAME || c->terms[t].chars < 2;
        for (size_t f = 0; f < k->n && !known; f++) {
            const mkg__fact *x = cited(k, f);
            known =
                holds(&x->subject, t) || holds(&x->object, t) || holds(&x->limits, t);
        }
        if (!known) return "other name";
    }
    return NULL;
}

/* How much of what the sentence says beside names and cues stands in the text of the
 * fact: pairs of Han characters, fours of others. */
static mkg_status overlap(const checker *k, const char *text, double *out, mkg_err *err)
{
    const mkg__claims *c = k->c;
    mkg__plain fact = {0};
    size_t all = 0, found = 0, len;
    mkg_status st = mkg__plain_put(&fact, mkg__view(text, strlen(text)), err);
    mkg_view s = plain_view(&c->text), f = plain_view(&fact);

    for (size_t i = 0; st >= 0 && i < s.len; i += len) {
        uint32_t ch = mkg__utf8_decode(s.ptr + i, s.len - i, &len);
        size_t n = mkg__is_han(ch) ? 2 : 4, end = i, k2;
        for (; n > 0 && end < s.len && !c->taken.ptr[end]; n--, end += k2) {
            ch = mkg__utf8_decode(s.ptr + end, s.len - end, &k2);
            if (!mkg__is_han(ch) && !mkg__is_word(ch)) break;
        }
        if (n > 0) continue;
        all++;
        for (size_t at = 0; at + (end - i) <= f.len; at++)
            if (memcmp(f.ptr + at, s.ptr + i, end - i) == 0) {
                found++;
                break;
            }
    }
    mkg__plain_clear(&fact);
    *out = all ? (double)found / (double)all : 0;
    return st;
}

static bool is_literal(const mkg__fact *f)
{
    return f->piece->object_node == MKG_ID_NONE;
}

/* Both ends of each cited fact are named, one of them in this very sentence. */
static mkg_status ends(const checker *k, const char **why, mkg_err *err)
{
    const mkg__claims *c = k->c;
    for (size_t i = 0; i < k->n; i++) {
        const mkg__fact *f = cited(k, i);
        bool s = any_of(&f->subject, c->named), o = any_of(&f->object, c->named);
        if (!o && is_literal(f)) {
            double part;
            mkg_status st = overlap(k, f->piece->object, &part, err);
            if (st < 0) return st;
            o = part >= 0.6;
        }
        if (!o && (!s || !any_of(&f->object, c->carried) || is_literal(f)))
            *why = "object";
        else if (!s && !any_of(&f->subject, c->carried))
            *why = "subject";
    }
    return MKG_OK;
}

/* ---- relation ---- */

static bool is_content(const mkg__claims *c, size_t i, size_t *len)
{
    mkg_view s = plain_view(&c->text);
    uint32_t ch = mkg__utf8_decode(s.ptr + i, s.len - i, len);
    return !c->taken.ptr[i] && (mkg__is_han(ch) || mkg__is_letter(ch));
}

/* Does the sentence add little to the names that it lists? */
static bool is_thin(const mkg__claims *c)
{
    size_t cost = 0, len;
    for (size_t i = 0; i < c->text.s.len; i += len)
        if (is_content(c, i, &len)) cost += len > 1 ? 3 : 1;
    return cost <= 15; /* five Han characters, three short words */
}

static bool negated(const mkg__claims *c);

static const char *relation(const checker *k)
{
    const mkg__claims *c = k->c;
    bool thin = is_thin(c), others = false;
    for (size_t i = 0; i < c->n_told && !others; i++) {
        bool ours = false;
        for (size_t f = 0; f < k->n && !ours; f++)
            ours = cited(k, f)->told == i;
        others = !ours && any_of(&c->told[i].cues, c->named);
    }
    for (size_t f = 0; f < k->n; f++) {
        const mkg__told *t = &c->told[cited(k, f)->told];
        bool said =
            t->cues.n == 0 || any_of(&t->cues, c->named) || (t->against && negated(c));
        bool carried = thin && !others && any_of(&t->cues, c->carried);
        if (!said && !carried && !is_literal(cited(k, f))) return "relation";
    }
    return NULL;
}

/* ---- direction ---- */

static const mkg__span *name_at(const mkg__claims *c, size_t at, bool ends_there)
{
    for (size_t i = 0; i < c->n_spans; i++) {
        const mkg__span *s = &c->spans[i];
        if ((ends_there ? s->end : s->start) == at &&
            c->terms[s->term].flags & MKG__TERM_NAME)
            return s;
    }
    return NULL;
}

/* Of a pattern "{s} … {o}": what stands between, folded. */
static mkg_status between(const char *pattern, mkg__plain *out, bool *s_first,
                          mkg_err *err)
{
    const char *s = strstr(pattern, "{s}"), *o = strstr(pattern, "{o}");
    out->s.len = out->edge.len = 0;
    if (!s || !o) return MKG_OK;
    *s_first = s < o;
    const char *from = (s < o ? s : o) + 3, *to = s < o ? o : s;
    if (from >= to) return MKG_OK;
    return mkg__plain_put(out, mkg__view(from, (size_t)(to - from)), err);
}

/* Is left and right of the pattern's words what the other way round would be a fact? */
static bool turned(const checker *k, const mkg__span *left, const mkg__span *right,
                   bool s_first, const char *pattern)
{
    bool straight = false, other = false;
    for (size_t i = 0; i < k->n; i++) {
        const mkg__fact *f = cited(k, i);
        if (strcmp(f->piece->sentence, pattern) != 0) continue;
        bool back = f->piece->from_object && f->piece->inverse_label[0];
        const mkg__term_list *of = back ? &f->object : &f->subject,
                             *item = back ? &f->subject : &f->object;
        const mkg__span *s = s_first ? left : right, *o = s_first ? right : left;
        straight = straight || (holds(of, s->term) && holds(item, o->term));
        other = other || (holds(of, o->term) && holds(item, s->term));
    }
    return other && !straight;
}

static mkg_status direction(const checker *k, const char **why, mkg_err *err)
{
    const mkg__claims *c = k->c;
    mkg_status st = MKG_OK;
    mkg__plain middle = {0};
    mkg_view text = plain_view(&c->text);
    for (size_t i = 0; i < k->n && !*why; i++) {
        const mkg_piece *p = cited(k, i)->piece;
        bool s_first = true;
        if (strcmp(p->label, p->inverse_label) == 0) continue; /* the same both ways */
        MKG_GO(between(p->sentence, &middle, &s_first, err));
        mkg_view m = plain_view(&middle);
        for (size_t at = 0; m.len && at + m.len <= text.len && !*why; at++) {
            if (memcmp(text.ptr + at, m.ptr, m.len) != 0) continue;
            const mkg__span *left = name_at(c, at, true),
                            *right = name_at(c, at + m.len, false);
            if (left && right && turned(k, left, right, s_first, p->sentence))
                *why = "direction";
        }
    }
out:
    mkg__plain_clear(&middle);
    return st;
}

/* ---- negation ---- */

static bool negated(const mkg__claims *c)
{
    for (size_t i = 0; i < c->n_spans; i++)
        if (c->terms[c->spans[i].term].flags == MKG__TERM_NEGATION) return true;
    return false;
}

/* "not contraindicated", "并非禁忌": a negation right in front of a cue. */
static bool negated_cue(const mkg__claims *c, const mkg__told *t)
{
    for (size_t i = 0; i + 1 < c->n_spans; i++) {
        const mkg__span *a = &c->spans[i], *b = &c->spans[i + 1];
        if (c->terms[a->term].flags == MKG__TERM_NEGATION && a->end == b->start &&
            holds(&t->cues, b->term))
            return true;
    }
    return false;
}

static const char *negation(const checker *k)
{
    const mkg__claims *c = k->c;
    bool no = negated(c), plain = false, against = false, denied = false;
    for (size_t i = 0; i < k->n; i++) {
        const mkg__fact *f = cited(k, i);
        const mkg__told *t = &c->told[f->told];
        if (f->piece->denied)
            denied = true;
        else if (t->against)
            against = true;
        else if (!is_literal(f) || any_of(&f->object, c->named))
            plain = true;
        else
            against = true; /* a text in other words: either may be */
        if (!f->piece->denied && t->against && negated_cue(c, t)) return "negation";
    }
    if (denied && !no) return "negation";
    if (plain && no && !denied && !against) return "negation";
    return NULL;
}

/* ---- numbers ---- */

typedef struct number {
    size_t start, end, unit_end;
} number;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number that begins at *at or behind it; false if there is none. */
static bool next_number(const mkg__plain *p, size_t *at, number *out)
{
    mkg_view s = plain_view(p);
    size_t i = *at, len;
    while (i < s.len && !is_digit(s.ptr[i]))
        i++;
    if (i == s.len) return false;
    out->start = i;
    while (i < s.len && (i == out->start || is_digit(s.ptr[i]) ||
                         ((s.ptr[i] == '.' || s.ptr[i] == ',') && i + 1 < s.len &&
                          is_digit(s.ptr[i + 1])))) {
        if (i > out->start && is_digit(s.ptr[i - 1]) && is_digit(s.ptr[i]) &&
            p->edge.ptr[i])
            break; /* two numbers beside each other */
        i++;
    }
    out->end = i;
    for (bool word = false; i < s.len; i += len, word = true) {
        uint32_t c = mkg__utf8_decode(s.ptr + i, s.len - i, &len);
        bool latin = mkg__is_word(c) && !is_digit(s.ptr[i]);
        if (word && (!latin || p->edge.ptr[i])) break;
        if (!latin && !mkg__is_han(c) && c != '%' && c != 0x2103 && c != 0xb0) break;
        if (!latin) {
            i += len;
            break;
        }
    }
    out->unit_end = i;
    *at = out->end;
    return true;
}

static bool same(const mkg__plain *a, size_t from, size_t to, const mkg__plain *b,
                 size_t b_from, size_t b_to)
{
    return to - from == b_to - b_from &&
           memcmp(a->s.ptr + from, b->s.ptr + b_from, to - from) == 0;
}

static bool has_number(const mkg__plain *facts, const mkg__plain *text, const number *n)
{
    number f;
    for (size_t at = 0; next_number(facts, &at, &f);) {
        if (!same(facts, f.start, f.end, text, n->start, n->end)) continue;
        if (n->unit_end == n->end || f.unit_end == f.end ||
            same(facts, f.end, f.unit_end, text, n->end, n->unit_end))
            return true;
    }
    return false;
}

/* "1." at the beginning counts the sentences. */
static bool counts(const mkg__plain *p, const number *n)
{
    const char *s = p->s.ptr;
    return n->start == 0 && n->end < p->s.len && n->end <= 2 &&
           (s[n->end] == '.' || s[n->end] == ')' || s[n->end] == ',' ||
            strncmp(s + n->end, "、", 3) == 0);
}

static mkg_status numbers(const checker *k, const char **why, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__claims *c = k->c;
    mkg__plain facts = {0};
    number n;
    for (size_t i = 0; i < k->n; i++) {
        const mkg_piece *p = cited(k, i)->piece;
        const char *const texts[] = {p->subject, p->object, p->population, p->grade,
                                     p->label};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            MKG_GO(mkg__plain_put(&facts, mkg__view(texts[t], strlen(texts[t])), err));
    }
    mkg__buf_cstr(&c->text.s);
    for (size_t at = 0; next_number(&c->text, &at, &n);)
        if (!c->taken.ptr[n.start] && !counts(&c->text, &n) &&
            !has_number(&facts, &c->text, &n))
            *why = "number";
out:
    mkg__plain_clear(&facts);
    return st;
}

/* ---- verdict ---- */

typedef struct beginning {
    const mkg__claims *c;
    size_t len; /* the longest that fits */
} beginning;

static mkg_status try_beginning(void *ctx, mkg_view word, mkg_err *err)
{
    beginning *b = ctx;
    mkg__plain p = {0};
    mkg_status st = mkg__plain_put(&p, word, err);
    mkg_view s = plain_view(&b->c->text), w = plain_view(&p);
    if (st >= 0 && w.len > b->len && s.len > w.len &&
        memcmp(s.ptr, w.ptr, w.len) == 0) {
        size_t len;
        uint32_t next = mkg__utf8_decode(s.ptr + w.len, s.len - w.len, &len);
        if (!mkg__is_letter(next) && !mkg__is_number(next)) b->len = w.len;
    }
    mkg__plain_clear(&p);
    return st;
}

/* The verdict with which the text that was read begins, and the bytes of it. */
static mkg_status spoken(const mkg__claims *c, mkg_verdict *out, size_t *len,
                         mkg_err *err)
{
    static const struct {
        mkg__word_kind kind;
        mkg_verdict verdict;
    } kinds[] = {{MKG__WORD_YES, MKG_VERDICT_YES},
                 {MKG__WORD_NO, MKG_VERDICT_NO},
                 {MKG__WORD_DISPUTED, MKG_VERDICT_DISPUTED}};
    mkg_status st = MKG_OK;
    *out = MKG_VERDICT_NONE;
    *len = 0;
    for (size_t i = 0; i < 3; i++) {
        beginning b = {c, 0};
        MKG_GO(mkg__claim_words(kinds[i].kind, try_beginning, &b, err));
        if (b.len <= *len) continue;
        *len = b.len;
        *out = kinds[i].verdict;
    }
out:
    return st;
}

/* What a verdict says is no claim of its own: its words are passed over. */
static mkg_status verdict(mkg__claims *c, const char **why, mkg_err *err)
{
    mkg_verdict said;
    size_t len, kept = 0;
    mkg_status st = spoken(c, &said, &len, err);
    if (st < 0 || said == MKG_VERDICT_NONE) return st;
    if (said != c->e->verdict) *why = "verdict";
    memset(c->taken.ptr, 1, len);
    for (size_t i = 0; i < c->n_spans; i++)
        if (c->spans[i].start >= len) c->spans[kept++] = c->spans[i];
    c->n_spans = kept;
    return MKG_OK;
}

bool mkg__claims_only_verdict(mkg__claims *c, mkg_view sentence)
{
    mkg_verdict said;
    size_t len, n;
    if (c->e->verdict == MKG_VERDICT_NONE || sentence.len > 256 ||
        mkg__claims_read(c, sentence, NULL) < 0 || spoken(c, &said, &len, NULL) < 0 ||
        said == MKG_VERDICT_NONE)
        return false;
    for (size_t i = len; i < c->text.s.len; i += n)
        if (is_content(c, i, &n)) return false;
    return true;
}

/* ---- nothing found ---- */

static mkg_status try_absent(void *ctx, mkg_view word, mkg_err *err)
{
    beginning *b = ctx;
    mkg__plain p = {0};
    mkg_status st = mkg__plain_put(&p, word, err);
    if (st >= 0 && mkg__plain_find(&b->c->text, plain_view(&p), 0, false) != SIZE_MAX)
        b->len = 1;
    mkg__plain_clear(&p);
    return st;
}

/* "Nothing was found on X": says that something is missing, and of what there is no
 * word. */
static mkg_status absence(const mkg__claims *c, bool *out, mkg_err *err)
{
    beginning b = {c, 0};
    *out = false;
    mkg_status st = mkg__claim_words(MKG__WORD_ABSENT, try_absent, &b, err);
    if (st < 0 || !b.len) return st;
    for (size_t i = 0; i < c->n_spans; i++) {
        uint32_t t = c->spans[i].term;
        if (c->terms[t].flags == MKG__TERM_NAME && !c->carried[t]) return MKG_OK;
    }
    *out = true;
    return MKG_OK;
}

/* ---- the place of a citation ---- */

mkg_status mkg__claims_near(mkg__claims *c, mkg_view text, const size_t *cites,
                            size_t n, bool *yes, mkg_err *err)
{
    checker k = {c, cites, n};
    *yes = true;
    mkg_status st = mkg__claims_read(c, text, err);
    for (size_t i = 0; st >= 0 && i < n; i++) {
        const mkg__fact *f = cited(&k, i);
        *yes = *yes && (is_literal(f) || any_of(&f->subject, c->named) ||
                        any_of(&f->object, c->named));
    }
    return st;
}

/* ---- all of them ---- */

mkg_status mkg__claims_check(mkg__claims *c, mkg_view sentence, const size_t *cites,
                             size_t n, bool placed, const char **why, mkg_err *err)
{
    mkg_status st = MKG_OK;
    checker k = {c, cites, n};

    *why = NULL;
    MKG_GO(mkg__claims_read(c, sentence, err));
    if (n == 0) {
        bool missing;
        MKG_GO(absence(c, &missing, err));
        if (!missing) *why = "no citation";
        goto out;
    }
    MKG_GO(verdict(c, why, err));
    if (!*why) *why = other_name(&k);
    if (!*why) MKG_GO(numbers(&k, why, err));
    if (!*why) MKG_GO(ends(&k, why, err));
    if (!*why) *why = relation(&k);
    if (!*why) MKG_GO(direction(&k, why, err));
    if (!*why) *why = negation(&k);
    if (!*why && !placed) *why = "place";
    if (!*why) mkg__claims_carry(c);
out:
    return st;
}
