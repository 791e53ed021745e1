/* One example: its kind, its facts, its question, its answer. */
#include "lm/example_internal.h"

#include "lm/lm_internal.h"

#include <stdio.h>
#include <string.h>

const char *mkg__example_kind_name(mkg__example_kind k)
{
    static const char *const names[MKG__EX_KINDS] = {
        "list", "text",   "both", "compare", "all",     "whether",
        "may",  "unsure", "none", "partial", "conflict"};
    return names[k];
}

/* How often, in hundredths. */
static const unsigned char shares[MKG__EX_KINDS] = {30, 7, 9, 7, 6, 14, 8, 5, 6, 4, 4};

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
    mkg__ex_distract(x, g);
    mkg__ex_make_pieces(x);
    if (!mkg__ex_ask(x, g->direction, asked_name(x, g->thing))) return false;
    mkg__ex_answer(x, mkg__ex_tell(x, 1));
    return true;
}

static const char *two(mkg__example *x, const char *a, const char *b)
{
    mkg__fills f = {{NULL}};
    const mkg__wording *w = mkg__ex_wording(x, MKG__W_WHILE, NULL, false);
    if (!w) return a;
    f.at['T'] = a;
    f.at['U'] = b;
    bool apart = false;
    for (size_t i = 0; i + 1 < w->text.len; i++)
        apart |= w->text.ptr[i] == '.' && w->text.ptr[i + 1] == ' ';
    if (apart && *b >= 'a' && *b <= 'z') {
        char *up = mkg__arena_dup(&x->arena, b, strlen(b));
        if (!up) {
            x->failed = true;
            return a;
        }
        *up = (char)(*up - 'a' + 'A');
        f.at['U'] = up;
    }
    return mkg__ex_expand(x, w->text, &f);
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
    mkg__ex_distract(x, g);
    mkg__ex_make_pieces(x);
    if (!ask_both(x, g, k)) return false;
    mkg__ex_answer(x, two(x, mkg__ex_tell(x, 1), mkg__ex_tell(x, 2)));
    return true;
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
    x->missing.what = f.at['m'] = mkg__ex_shown_label(x, k->direction);
    x->missing.searched = "";
    x->missing.reason = "no_such_relation";
    x->e.missing = &x->missing;
    x->e.nmissing = 1;
    x->e.status = MKG_PARTIAL;
    mkg__ex_answer(x, mkg__ex_say(x, MKG__W_BUTMISSING, NULL, &f));
    return true;
}

static bool make_compare(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    const mkg__group *k = g ? mkg__ex_group_beside(x, g) : NULL;
    mkg__fills f = {{NULL}};
    if (!k || is_text(x, g)) return false;
    if (!x->invent_labels && !noun(x, g->direction)) return false;
    if (mkg__ex_add(x, g, 1 + mkg__ex_below(x, 6), 1) == 0 ||
        mkg__ex_add(x, k, 1 + mkg__ex_below(x, 6), 2) == 0)
        return false;
    if (mkg__ex_chance(x, 40)) mkg__ex_distract(x, g);
    mkg__ex_make_pieces(x);
    f.at['s'] = mkg__ex_name(x, g->thing);
    f.at['t'] = mkg__ex_name(x, k->thing);
    fill_labels(x, &f, g->direction, g->direction);
    if (!mkg__ex_ask_with(x, MKG__W_COMPARE, NULL, &f)) return false;
    mkg__ex_answer(x, two(x, mkg__ex_tell(x, 1), mkg__ex_tell(x, 2)));
    return true;
}

static bool make_all(mkg__example *x)
{
    const mkg__group *g = mkg__ex_draw_group(x);
    size_t groups = 1 + mkg__ex_below(x, 4), n = 0;
    mkg__fills f = {{NULL}};
    uint32_t used[4];
    for (size_t i = 0; g && i < groups; i++) {
        const mkg__group *k = i ? mkg__ex_other_group(x, g) : g;
        bool again = !k;
        for (size_t j = 0; j < n; j++)
            again |= k && used[j] == k->direction;
        if (again || mkg__ex_add(x, k, 1 + mkg__ex_below(x, 4), (uint8_t)(n + 1)) == 0)
            continue;
        used[n++] = k->direction;
    }
    if (n == 0) return false;
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
        text = text ? two(x, text, t) : t;
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
    bool tells = mkg__ex_chance(x, 60);
    for (size_t i = 0; i < x->e.npieces && !tells; i++)
        x->group[i] = 0;
    mkg__ex_answer(x, mkg__ex_say(x, tells ? MKG__W_UNSURE : MKG__W_NOTHING, NULL, &f));
    return true;
}

/* ---- what is not there, and what is disputed ---- */

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
    if (!mkg__ex_ask_label(x, g->direction, mkg__ex_name(x, g->thing))) return false;
    if (mkg__ex_chance(x, 40)) {
        x->missing.what = f.at['m'] = mkg__ex_shown_label(x, g->direction);
        x->missing.searched = "";
        x->missing.reason = "no_such_relation";
        x->e.missing = &x->missing;
        x->e.nmissing = 1;
    }
    x->e.status = MKG_NO_EVIDENCE;
    mkg__ex_answer(
        x,
        mkg__ex_say(x, x->e.nmissing ? MKG__W_NONEMISSING : MKG__W_NOTHING, NULL, &f));
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
    x->failed = false;
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
        make_list,    make_list,   make_both, make_compare, make_all,     make_whether,
        make_whether, make_unsure, make_none, make_partial, make_conflict};
    set_up(x, index);
    if (!make[x->kind](x)) return false;
    mkg__ex_finish_question(x);
    return x->answer[0] != '\0';
}
