/* One example: its kind, its facts, its question, its answer. */
#include "lm/example_internal.h"

#include "lm/lm_internal.h"

#include <stdio.h>
#include <string.h>

const char *mkg__example_kind_name(mkg__example_kind k)
{
    static const char *const names[MKG__EX_KINDS] = {
        "list", "text",    "both",   "compare", "common",  "all",     "whether",
        "may",  "patient", "unsure", "none",    "partial", "conflict"};
    return names[k];
}

/* How often, in hundredths. */
static const unsigned char shares[MKG__EX_KINDS] = {27, 8, 9, 6, 5, 6, 13,
                                                    7,  3, 5, 5, 3, 3};

static const char *name_of_direction(const mkg__example *x, uint32_t direction)
{
    return mkg__direction(x->g->c, direction)->name;
}

/* The thing as the question names it: by another of its names now and then, where the
 * evidence is on nothing else. */
static const char *asked_name(mkg__example *x, uint32_t thing)
{
    const mkg__thing *t = &x->g->c->things[thing];
    size_t l = mkg__ex_lang(x);
    const char *name = mkg__ex_name(x, thing);
    for (size_t i = 0; i < x->nfacts; i++)
        if (x->facts[i].of != thing) return name;
    if (x->naming != MKG__NAMES_TRUE || t->naliases[l] == 0 || mkg__ex_chance(x, 70))
        return name;
    return t->aliases[l][mkg__ex_below(x, t->naliases[l])];
}

static bool is_text(const mkg__example *x, const mkg__group *g)
{
    return x->g->c->relations[g->direction / 2].literal;
}

/* ---- kinds ---- */

static bool make_list(mkg__example *x)
{
    bool text = x->kind == MKG__EX_TEXT;
    const mkg__group *g = NULL;
    for (size_t i = 0; i < 64 && !g; i++) {
        g = mkg__ex_draw_group(x);
        if (g && is_text(x, g) != text) g = NULL;
    }
    if (!g || mkg__ex_add(x, g, mkg__ex_draw_length(x), 1) == 0) return false;
    uint32_t direction = g->direction;
    if (x->naming == MKG__NAMES_INVENTED && mkg__ex_chance(x, text ? 60 : 12)) {
        direction = mkg__ex_borrow(x, text);
        if (direction == MKG_CORPUS_NONE) direction = g->direction;
    } else if (!text && mkg__ex_chance(x, 3)) {
        for (size_t i = 0; i < x->nfacts; i++)
            x->facts[i].denied = true;
    }
    if (!text && x->nfacts > 2 && mkg__ex_chance(x, 12))
        x->e.more = 1 + mkg__ex_below(x, 40);
    mkg__ex_distract(x, g);
    if (mkg__ex_chance(x, 5)) mkg__ex_limit(x);
    mkg__ex_make_pieces(x);
    if (!mkg__ex_ask(x, direction, asked_name(x, g->thing))) return false;
    mkg__ex_answer(x, mkg__ex_tell(x, 1));
    return true;
}

/* Sentences one behind the other. */
static const char *then(mkg__example *x, const char *a, const char *b)
{
    bool en = x->lang == MKG_LANG_EN;
    x->scratch.len = 0;
    mkg__buf_printf(&x->scratch, en ? "%s. " : "%s。", a);
    size_t at = x->scratch.len;
    mkg__buf_str(&x->scratch, b);
    char *p = mkg__buf_cstr(&x->scratch) ? x->scratch.ptr + at : NULL;
    if (en && p && *p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
    return mkg__ex_keep(x, x->scratch.ptr, x->scratch.len);
}

/* Two side by side, with what joins them. */
static const char *two(mkg__example *x, const char *a, const char *b)
{
    mkg__fills f = {{NULL}};
    f.at['T'] = a;
    f.at['U'] = b;
    if (mkg__ex_chance(x, 40)) return then(x, a, b);
    return mkg__ex_say(x, MKG__W_WHILE, NULL, &f);
}

static bool noun(const mkg__example *x, uint32_t direction)
{
    const struct mkg__wording_list *l = &x->g->w.lists[MKG__W_VERB][mkg__ex_lang(x)];
    for (size_t i = 0; i < l->n; i++)
        if (mkg__wording_names(l->at[i].of, name_of_direction(x, direction)))
            return false;
    return true;
}

/* Fill {l} {L} {m} {M}; English has the plural of labels that are nouns. */
static void fill_labels(mkg__example *x, mkg__fills *f, uint32_t a, uint32_t b)
{
    f->at['l'] = mkg__ex_shown_label(x, a);
    f->at['m'] = mkg__ex_shown_label(x, b);
    f->at['L'] = mkg__ex_plural(x, a);
    f->at['M'] = mkg__ex_plural(x, b);
}

/* One question for two relations of a thing: in one breath where both labels are nouns,
 * else one behind the other. */
static bool ask_both(mkg__example *x, const mkg__group *g, const mkg__group *k)
{
    const char *s = asked_name(x, g->thing);
    mkg__fills f = {{NULL}};
    if (x->invent_labels ||
        (noun(x, g->direction) && noun(x, k->direction) && mkg__ex_chance(x, 80))) {
        f.at['s'] = s;
        fill_labels(x, &f, g->direction, k->direction);
        return mkg__ex_ask_with(x, MKG__W_BOTH, NULL, &f);
    }
    if (!mkg__ex_ask(x, g->direction, s)) return false;
    const char *first = x->question;
    if (!mkg__ex_ask(x, k->direction, s)) return false;
    x->scratch.len = 0;
    mkg__buf_printf(&x->scratch, x->lang == MKG_LANG_EN ? "%s, and %s" : "%s，%s",
                    first, x->question);
    const char *p = mkg__buf_cstr(&x->scratch);
    x->question = mkg__ex_keep(x, p, x->scratch.len);
    return true;
}

static bool make_both(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    const mkg__group *k = g ? mkg__ex_other_group(x, g) : NULL;
    if (!k) return false;
    if (mkg__ex_add(x, g, 1 + mkg__ex_below(x, 6), 1) == 0 ||
        mkg__ex_add(x, k, 1 + mkg__ex_below(x, 6), 2) == 0)
        return false;
    x->in_turn = true;
    mkg__ex_distract(x, g);
    if (mkg__ex_chance(x, 4)) mkg__ex_limit(x);
    mkg__ex_make_pieces(x);
    if (!ask_both(x, g, k)) return false;
    mkg__ex_answer(x, two(x, mkg__ex_tell(x, 1), mkg__ex_tell(x, 2)));
    return true;
}

static void set_missing(mkg__example *x, const char *what, const char *reason)
{
    x->missing = (mkg_missing){.what = what, .searched = "", .reason = reason};
    x->e.missing = &x->missing;
    x->e.nmissing = 1;
}

static bool make_partial(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    const mkg__group *k = g ? mkg__ex_other_group(x, g) : NULL;
    mkg__fills f = {{NULL}};
    if (!k || mkg__ex_add(x, g, mkg__ex_draw_length(x), 1) == 0) return false;
    mkg__ex_make_pieces(x);
    if (!ask_both(x, g, k)) return false;
    f.at['T'] = mkg__ex_tell(x, 1);
    f.at['m'] = mkg__ex_shown_label(x, k->direction);
    set_missing(x, f.at['m'], "no_such_relation");
    x->e.status = MKG_PARTIAL;
    mkg__ex_answer(x, mkg__ex_say(x, MKG__W_BUTMISSING, NULL, &f));
    return true;
}

/* Two things that have the relation, and a question for both. */
static bool make_compare(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    const mkg__group *k = g ? mkg__ex_group_beside(x, g) : NULL;
    bool alone = mkg__ex_chance(x, 12); /* there is nothing on the second */
    mkg__fills f = {{NULL}};
    if (!k || is_text(x, g)) return false;
    if (!x->invent_labels && !noun(x, g->direction)) return false;
    if (mkg__ex_add(x, g, 1 + mkg__ex_below(x, 7), 1) == 0 ||
        (!alone && mkg__ex_add(x, k, 1 + mkg__ex_below(x, 7), 2) == 0))
        return false;
    x->in_turn = true;
    if (!alone && mkg__ex_chance(x, 30)) mkg__ex_distract(x, g);
    mkg__ex_make_pieces(x);
    f.at['s'] = mkg__ex_name(x, g->thing);
    f.at['t'] = mkg__ex_name(x, k->thing);
    fill_labels(x, &f, g->direction, g->direction);
    if (!mkg__ex_ask_with(x, MKG__W_COMPARE, NULL, &f)) return false;
    if (alone && mkg__ex_chance(x, 60)) set_missing(x, f.at['t'], "no_such_relation");
    const char *first = mkg__ex_tell(x, 1);
    if (alone && x->e.nmissing) {
        f.at['T'] = first;
        f.at['m'] = mkg__ex_shown_name(x, f.at['t']);
        mkg__ex_answer(x, mkg__ex_say(x, MKG__W_BUTMISSING, NULL, &f));
        return true;
    }
    if (alone) {
        mkg__ex_answer(x, first);
        return true;
    }
    /* In the order of the evidence. */
    bool turned = x->e.npieces && x->group[0] == 2;
    const char *second = mkg__ex_tell(x, 2);
    mkg__ex_answer(x, turned ? two(x, second, first) : two(x, first, second));
    return true;
}

/* The places of the pieces that state `item` of both. */
static bool both_state(mkg__example *x, size_t first, size_t *second)
{
    for (size_t i = first + 1; i < x->e.npieces; i++)
        if (x->group[i] && x->facts[i].item == x->facts[first].item) {
            *second = i;
            return true;
        }
    return false;
}

/* "A[1][5]、B[2][4]" */
static const char *list_common(mkg__example *x)
{
    mkg__buf b = {0};
    bool en = x->lang == MKG_LANG_EN;
    size_t second, n = 0, all = 0;
    for (size_t i = 0; i < x->e.npieces; i++)
        all += x->group[i] && both_state(x, i, &second);
    for (size_t i = 0; i < x->e.npieces; i++) {
        if (!x->group[i] || !both_state(x, i, &second)) continue;
        bool last = ++n == all;
        if (n > 1) mkg__buf_str(&b, en ? (last ? " and " : ", ") : last ? "和" : "、");
        mkg__compact_item(&b, &x->pieces[i], x->lang);
        mkg__buf_printf(&b, en ? " [%zu][%zu]" : "[%zu][%zu]", i + 1, second + 1);
    }
    const char *p = mkg__buf_cstr(&b);
    const char *copy = mkg__ex_keep(x, p, b.len);
    mkg__buf_clear(&b);
    return copy;
}

static bool make_common(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    const mkg__group *k = g ? mkg__ex_group_beside(x, g) : NULL;
    mkg__fills f = {{NULL}};
    if (!k || is_text(x, g)) return false;
    x->invent_labels = false;
    const char *name = name_of_direction(x, g->direction);
    if (!mkg__ex_wording(x, MKG__W_SHARED, name, !noun(x, g->direction))) return false;
    size_t n = mkg__ex_add(x, g, 1 + mkg__ex_below(x, 8), 1);
    for (size_t i = 0; i < n; i++)
        if (!mkg__ex_add_fact(x, k, x->facts[i].item, 1)) return false;
    if (n == 0) return false;
    if (mkg__ex_chance(x, 50)) { /* and some that only one of them has */
        mkg__ex_add(x, g, mkg__ex_below(x, 4), 0);
        mkg__ex_add(x, k, mkg__ex_below(x, 4), 0);
    }
    mkg__ex_make_pieces(x);
    f.at['s'] = mkg__ex_name(x, g->thing);
    f.at['t'] = mkg__ex_name(x, k->thing);
    fill_labels(x, &f, g->direction, g->direction);
    if (!mkg__ex_ask_with(x, MKG__W_COMMON, name, &f)) return false;
    f.at['s'] = mkg__ex_shown_name(x, f.at['s']);
    f.at['t'] = mkg__ex_shown_name(x, f.at['t']);
    f.at['o'] = list_common(x);
    mkg__ex_answer(x, mkg__ex_say(x, MKG__W_SHARED, name, &f));
    return true;
}

static bool make_all(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    size_t groups = 1 + mkg__ex_below(x, mkg__ex_chance(x, 30) ? MKG__EX_GROUPS : 4);
    size_t n = 0, each = groups > 4 ? 3 : 4;
    mkg__fills f = {{NULL}};
    uint32_t used[MKG__EX_GROUPS];
    for (size_t i = 0; g && i < groups; i++) {
        const mkg__group *k = i ? mkg__ex_other_group(x, g) : g;
        bool again = !k;
        for (size_t j = 0; j < n; j++)
            again |= k && used[j] == k->direction;
        if (again ||
            mkg__ex_add(x, k, 1 + mkg__ex_below(x, each), (uint8_t)(n + 1)) == 0)
            continue;
        used[n++] = k->direction;
    }
    if (n == 0) return false;
    x->in_turn = true;
    mkg__ex_make_pieces(x);
    f.at['s'] = asked_name(x, g->thing);
    if (!mkg__ex_ask_with(x, MKG__W_ALL, NULL, &f)) return false;
    /* In the order of the evidence. */
    const char *text = NULL;
    for (size_t i = 0, told = 0; i < x->e.npieces; i++) {
        uint8_t group = x->group[i];
        if (told >> group & 1) continue;
        told |= (size_t)1 << group;
        const char *t = mkg__ex_tell(x, group);
        text = !text ? t : n > 2 ? then(x, text, t) : two(x, text, t);
    }
    mkg__ex_answer(x, text ? text : "");
    return true;
}

/* ---- whether ---- */

/* A fact between two things, of a relation that the wordings of the kind know, and
 * others of its group; returns the place of the fact, SIZE_MAX if none was found. */
static size_t draw_claim(mkg__example *x, mkg__wording_kind kind, size_t beside)
{
    for (size_t i = 0; i < 64; i++) {
        const mkg__group *g = mkg__ex_draw_group(x);
        if (!g || is_text(x, g)) continue;
        const char *name = name_of_direction(x, g->direction & ~1u);
        if (!mkg__ex_wording(x, kind, name, true)) continue;
        size_t n = mkg__ex_add(x, g, 1 + beside, 0);
        if (n == 0) continue;
        mkg__ex_distract(x, g);
        return mkg__ex_below(x, n);
    }
    return SIZE_MAX;
}

/* {s} and {o} as the fact has them, whichever way it is read. */
static void fill_pair(mkg__example *x, mkg__fills *f, const mkg__draft_fact *d)
{
    bool back = d->direction % 2;
    f->at['s'] = mkg__ex_name(x, back ? d->item : d->of);
    f->at['o'] = mkg__ex_name(x, back ? d->of : d->item);
}

static bool make_whether(mkg__example *x)
{
    bool may = x->kind == MKG__EX_MAY;
    mkg__wording_kind kind = may ? MKG__W_MAY : MKG__W_WHETHER;
    size_t at = draw_claim(x, kind, mkg__ex_chance(x, 60) ? 0 : mkg__ex_below(x, 5));
    mkg__fills f = {{NULL}};
    if (at == SIZE_MAX) return false;
    mkg__draft_fact *d = &x->facts[at];
    const char *name = name_of_direction(x, d->direction & ~1u);
    if (!may || strcmp(name, "contraindicated_in") == 0)
        d->denied = mkg__ex_chance(x, 15);
    d->group = 1;
    fill_pair(x, &f, d);
    bool denied = d->denied, forbids = may && strcmp(name, "recommended_food") != 0;
    mkg__ex_make_pieces(x);
    if (!mkg__ex_ask_with(x, kind, name, &f)) return false;
    x->e.verdict = denied != forbids ? MKG_VERDICT_NO : MKG_VERDICT_YES;
    f.at['T'] = f.at['D'] = mkg__ex_tell(x, 1);
    mkg__ex_answer(x, mkg__ex_say(x,
                                  !may       ? (denied ? MKG__W_NO : MKG__W_YES)
                                  : !forbids ? MKG__W_MAYYES
                                  : denied   ? MKG__W_MAYYESDENIED
                                             : MKG__W_MAYNO,
                                  name, &f));
    return true;
}

static bool make_unsure(mkg__example *x)
{
    const mkg_corpus *c = x->g->c;
    size_t at = draw_claim(x, MKG__W_WHETHER, mkg__ex_below(x, 6));
    mkg__fills f = {{NULL}};
    if (at == SIZE_MAX) return false;
    mkg__draft_fact d = x->facts[at];
    const char *name = name_of_direction(x, d.direction & ~1u);
    for (size_t i = 0; i < x->nfacts; i++) {
        bool same = x->facts[i].of == d.of && x->facts[i].direction == d.direction;
        x->facts[i].group = same;
    }
    /* Something else of the item's type that no fact names. */
    uint32_t other = MKG_CORPUS_NONE;
    for (size_t i = 0; i < 200 && other == MKG_CORPUS_NONE; i++) {
        uint32_t t = (uint32_t)mkg__ex_below(x, c->nthings);
        bool there =
            t == d.of || strcmp(c->things[t].type, c->things[d.item].type) != 0;
        for (size_t k = 0; k < x->nfacts; k++)
            there |= x->facts[k].item == t || x->facts[k].of == t;
        if (!there) other = t;
    }
    if (other == MKG_CORPUS_NONE) return false;
    mkg__ex_make_pieces(x);
    d.item = other;
    fill_pair(x, &f, &d);
    if (!mkg__ex_ask_with(x, MKG__W_WHETHER, name, &f)) return false;
    f.at['T'] = mkg__ex_tell(x, 1);
    mkg__ex_answer(x, mkg__ex_say(x, MKG__W_UNSURE, NULL, &f));
    return true;
}

/* ---- what is not there, and what is disputed ---- */

/* The first group of the evidence that is on the thing becomes gold group 1. */
static bool choose_near(mkg__example *x, uint32_t thing)
{
    const mkg__draft_fact *first = NULL;
    for (size_t i = 0; i < x->nfacts; i++) {
        mkg__draft_fact *d = &x->facts[i];
        if (d->of != thing) continue;
        if (!first) first = d;
        if (d->direction == first->direction) x->group[i] = 1;
    }
    return first != NULL;
}

/* The evidence has not what is asked. If that is said in it, so is the answer; if it
 * has something else on the thing, that is told; else there is nothing to tell. */
static bool make_none(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    mkg__fills f = {{NULL}};
    if (!g) return false;
    if (mkg__ex_chance(x, 85)) mkg__ex_distract(x, g);
    for (size_t i = 0; i < x->nfacts; i++)
        if (x->facts[i].of == g->thing && x->facts[i].direction == g->direction)
            return false;
    mkg__ex_make_pieces(x);
    /* In words that can mean nothing but this relation. */
    const char *s = mkg__ex_name(x, g->thing);
    if (!mkg__ex_ask_label(x, g->direction, s)) return false;
    if (mkg__ex_chance(x, 40)) {
        bool entity = x->nfacts == 0 && mkg__ex_chance(x, 50);
        if (entity)
            set_missing(x, s, "unknown_entity");
        else
            set_missing(x, mkg__ex_shown_label(x, g->direction), "no_such_relation");
        f.at['m'] = mkg__ex_shown_name(x, x->missing.what);
    } else if (choose_near(x, g->thing)) {
        f.at['T'] = mkg__ex_tell(x, 1);
    }
    x->e.status = MKG_NO_EVIDENCE;
    mkg__ex_answer(x, mkg__ex_say(x,
                                  f.at['m']   ? MKG__W_NONEMISSING
                                  : f.at['T'] ? MKG__W_UNSURE
                                              : MKG__W_NOTHING,
                                  NULL, &f));
    return true;
}

/* ---- somebody ---- */

/* A group of the thing in the direction of a forward relation of this name. */
static const mkg__group *group_named(mkg__example *x, uint32_t thing, const char *name)
{
    const mkg__thing *t = &x->g->c->things[thing];
    for (size_t i = 0; i < t->ngroups; i++) {
        const mkg__group *k = &x->g->c->groups[t->first_group + i];
        if (k->direction % 2 == 0 &&
            strcmp(name_of_direction(x, k->direction), name) == 0)
            return k;
    }
    return NULL;
}

/* A drug, what somebody has and what he takes: the evidence warns of one or of both. */
static bool make_patient(mkg__example *x)
{
    static const char *const warns[] = {"contraindicated_in", "interacts_with"};
    const mkg__group *g = NULL, *k[2] = {NULL, NULL};
    mkg__fills f = {{NULL}};
    char age[8];
    for (size_t i = 0; i < 64 && !(k[0] && k[1]); i++) {
        g = mkg__ex_draw_group(x);
        for (size_t w = 0; g && w < 2; w++)
            k[w] = group_named(x, g->thing, warns[w]);
    }
    if (!k[0] || !k[1]) return false;
    size_t which =
        1 + mkg__ex_below(x, 3); /* bit 0: the first warns, bit 1: the other */
    uint32_t item[2];
    for (size_t w = 0; w < 2; w++) {
        if (mkg__ex_add(x, k[w], 1, which >> w & 1 ? (uint8_t)(w + 1) : 0) == 0)
            return false;
        item[w] = x->facts[x->nfacts - 1].item;
        if (!(which >> w & 1)) x->nfacts--;
    }
    /* "has pregnant women" is nothing that anybody says. */
    if (strcmp(x->g->c->things[item[0]].type, "population") == 0) return false;
    mkg__ex_distract(x, g);
    for (size_t i = 0; i < x->nfacts; i++) /* it may have come back by chance */
        for (size_t w = 0; w < 2; w++) {
            mkg__draft_fact *d = &x->facts[i];
            if (d->of != g->thing || d->direction != k[w]->direction ||
                d->item != item[w])
                continue;
            d->group = (uint8_t)(w + 1);
            which |= (size_t)1 << w;
        }
    mkg__ex_make_pieces(x);
    snprintf(age, sizeof age, "%zu", 18 + mkg__ex_below(x, 75));
    f.at['n'] = age;
    f.at['s'] = mkg__ex_name(x, g->thing);
    f.at['o'] = mkg__ex_name(x, item[0]);
    f.at['t'] = mkg__ex_name(x, item[1]);
    if (!mkg__ex_ask_with(x, MKG__W_PATIENT, NULL, &f)) return false;
    f.at['T'] = mkg__ex_tell(x, which & 1 ? 1 : 2);
    if (which == 3) f.at['T'] = two(x, f.at['T'], mkg__ex_tell(x, 2));
    x->e.verdict = MKG_VERDICT_NO;
    mkg__ex_answer(x, mkg__ex_say(x, MKG__W_MAYNO, warns[which & 1 ? 0 : 1], &f));
    return true;
}
/* The relation that speaks against this one, its number; MKG_CORPUS_NONE if none. */
static uint32_t opposite(const mkg__example *x, const char *name)
{
    static const char *const pairs[][2] = {{"recommended_food", "avoided_food"},
                                           {"treats", "contraindicated_in"}};
    const mkg_corpus *c = x->g->c;
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(name, pairs[i / 2][i % 2]) != 0) continue;
        for (uint32_t r = 0; r < c->nrelations; r++)
            if (strcmp(c->relations[r].forward.name, pairs[i / 2][1 - i % 2]) == 0)
                return r;
    }
    return MKG_CORPUS_NONE;
}

static bool make_conflict(mkg__example *x)
{
    size_t at = draw_claim(x, MKG__W_WHETHER, 0), a = SIZE_MAX, b = SIZE_MAX;
    mkg__fills f = {{NULL}};
    if (at == SIZE_MAX || x->nfacts == MKG__EX_PIECES) return false;
    mkg__draft_fact *d = &x->facts[at];
    const char *name = name_of_direction(x, d->direction & ~1u);
    uint32_t against = mkg__ex_chance(x, 50) ? opposite(x, name) : MKG_CORPUS_NONE;
    d->denied = false;
    d->group = 1;
    d->source = mkg__ex_source(x);
    mkg__draft_fact *e = &x->facts[x->nfacts++];
    *e = *d;
    e->source = mkg__ex_source(x);
    e->group = 2;
    if (against == MKG_CORPUS_NONE)
        e->denied = true;
    else
        e->direction = 2 * against + d->direction % 2;
    fill_pair(x, &f, d);
    mkg__ex_make_pieces(x);
    if (!mkg__ex_ask_with(x, MKG__W_WHETHER, name, &f)) return false;
    for (size_t i = 0; i < x->e.npieces; i++) {
        if (x->group[i] == 1) a = i;
        if (x->group[i] == 2) b = i;
    }
    x->conflict = a < b ? (mkg_conflict){a, b} : (mkg_conflict){b, a};
    x->e.conflicts = &x->conflict;
    x->e.nconflicts = 1;
    x->e.verdict = MKG_VERDICT_DISPUTED;
    x->e.status = MKG_CONFLICT;
    f.at['a'] = mkg__ex_shown_name(x, x->pieces[a].source);
    f.at['b'] = mkg__ex_shown_name(x, x->pieces[b].source);
    f.at['T'] = mkg__ex_tell_piece(x, a);
    f.at['U'] = mkg__ex_tell_piece(x, b);
    mkg__ex_answer(
        x, mkg__ex_say(x, against == MKG_CORPUS_NONE ? MKG__W_DISPUTED : MKG__W_OPPOSED,
                       NULL, &f));
    return true;
}

/* ---- one example ---- */

static mkg__example_kind draw_kind(mkg__example *x)
{
    size_t at = mkg__ex_below(x, 100), kind = 0;
    while (kind + 1 < MKG__EX_KINDS && at >= shares[kind])
        at -= shares[kind++];
    return (mkg__example_kind)kind;
}

static void set_up(mkg__example *x, uint64_t index)
{
    const mkg_examples_opts *o = x->g->o;
    x->rng = mkg__rng_new(o->seed, (uint64_t)o->split, index);
    mkg__arena_clear(&x->arena);
    x->nfacts = x->nnames = x->nlabels = 0;
    x->failed = x->in_turn = false;
    x->question = x->answer = "";
    memset(&x->e, 0, sizeof x->e);
    memset(x->group, 0, sizeof x->group);
    x->lang = o->lang != MKG_LANG_NONE ? o->lang
              : mkg__ex_chance(x, 50)  ? MKG_LANG_ZH
                                       : MKG_LANG_EN;
    size_t dice = mkg__ex_below(x, 100);
    x->naming = dice < 40   ? MKG__NAMES_TRUE
                : dice < 58 ? MKG__NAMES_SWAPPED
                            : MKG__NAMES_INVENTED;
    x->kind = draw_kind(x);
    x->invent_labels = x->naming == MKG__NAMES_INVENTED && x->kind <= MKG__EX_ALL &&
                       mkg__ex_chance(x, 12);
    x->e.lang = x->lang;
}

bool mkg__example_make(mkg__example *x, uint64_t index)
{
    bool (*const make[MKG__EX_KINDS])(mkg__example *) = {
        make_list, make_list,    make_both,    make_compare, make_common,
        make_all,  make_whether, make_whether, make_patient, make_unsure,
        make_none, make_partial, make_conflict};
    set_up(x, index);
    if (!make[x->kind](x)) return false;
    mkg__ex_finish_question(x);
    return x->answer[0] != '\0';
}
