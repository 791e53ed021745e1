/* Which facts an example has, and what its things are called. */
#include "lm/example_internal.h"

#include "lm/lm_internal.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 24 };

mkg_split mkg__split_of(uint64_t hash)
{
    unsigned part = (unsigned)((hash >> 20) % 20);
    return part == 0 ? MKG_SPLIT_TEST : part == 1 ? MKG_SPLIT_VALID : MKG_SPLIT_TRAIN;
}

const char *mkg__ex_keep(mkg__example *x, const char *p, size_t n)
{
    const char *copy = p ? mkg__arena_dup(&x->arena, p, n) : NULL;
    if (!copy) x->failed = true;
    return copy ? copy : "";
}

static const char *keep_scratch(mkg__example *x)
{
    const char *p = mkg__buf_cstr(&x->scratch);
    return mkg__ex_keep(x, p, x->scratch.len);
}

/* ---- names ---- */

static bool taken(const mkg__example *x, const char *name)
{
    for (size_t i = 0; i < x->nnames; i++)
        if (strcmp(x->names[i].text, name) == 0) return true;
    return false;
}

static const char *true_name(const mkg__example *x, uint32_t thing)
{
    return x->g->c->things[thing].name[mkg__ex_lang(x)];
}

/* The name of another thing of the type and of the split, "" if none is found soon. */
static const char *swapped_name(mkg__example *x, uint32_t thing)
{
    const mkg__generator *g = x->g;
    size_t from = g->type_start[g->type_of[thing]];
    size_t n = g->type_start[g->type_of[thing] + 1] - from;
    for (size_t i = 0; i < TRIES && n; i++) {
        uint32_t other = g->by_type[from + mkg__ex_below(x, n)];
        const char *name = true_name(x, other);
        if (name[0] && !taken(x, name)) return name;
    }
    return "";
}

static const char *invented_name(mkg__example *x, uint32_t thing)
{
    do {
        x->scratch.len = 0;
        mkg__invent_name(&x->g->inventor, x->lang, x->g->c->things[thing].type, &x->rng,
                         &x->scratch);
        const char *p = mkg__buf_cstr(&x->scratch);
        if (!p || !taken(x, p)) break;
    } while (true);
    return keep_scratch(x);
}

const char *mkg__ex_name(mkg__example *x, uint32_t thing)
{
    const char *name = "";
    for (size_t i = 0; i < x->nnames; i++)
        if (x->names[i].thing == thing) return x->names[i].text;
    if (x->naming == MKG__NAMES_TRUE ||
        (x->naming == MKG__NAMES_INVENTED && mkg__ex_chance(x, 12)))
        name = true_name(x, thing);
    else if (x->naming == MKG__NAMES_SWAPPED)
        name = swapped_name(x, thing);
    if (!name[0] || taken(x, name)) name = invented_name(x, thing);
    if (x->nnames < MKG__EX_NAMES) {
        x->names[x->nnames].thing = thing;
        x->names[x->nnames++].text = name;
    } else {
        x->failed = true; /* never: an example has fewer facts */
    }
    return name;
}

const char *mkg__ex_label(mkg__example *x, uint32_t direction)
{
    if (!x->invent_labels)
        return mkg__direction(x->g->c, direction)->label[mkg__ex_lang(x)];
    for (size_t i = 0; i < x->nlabels; i++)
        if (x->labels[i].direction == direction) return x->labels[i].text;
    if (x->nlabels == sizeof x->labels / sizeof *x->labels) return x->labels[0].text;
    x->scratch.len = 0;
    mkg__invent_label(&x->g->inventor, x->lang, &x->rng, &x->scratch);
    x->labels[x->nlabels].direction = direction;
    x->labels[x->nlabels].text = keep_scratch(x);
    return x->labels[x->nlabels++].text;
}

const char *mkg__ex_source(mkg__example *x)
{
    x->scratch.len = 0;
    mkg__invent_source(&x->g->inventor, x->lang, &x->rng, &x->scratch);
    return keep_scratch(x);
}

/* ---- groups ---- */

static bool usable(const mkg__example *x, const mkg__group *g)
{
    const mkg_corpus *c = x->g->c;
    const mkg_corpus_fact *f = &c->facts[c->order[g->first]];
    if (mkg__direction(c, g->direction)->label[mkg__ex_lang(x)][0] == '\0')
        return false;
    if (mkg__split_of(c->things[g->thing].hash) != x->g->o->split) return false;
    /* A text is told in its own language. */
    if (f->object == MKG_CORPUS_NONE) {
        for (size_t i = 0; i < g->n; i++) {
            const mkg_corpus_fact *k = &c->facts[c->order[g->first + i]];
            if (k->literal_lang == x->lang || k->literal_lang == MKG_LANG_NONE)
                return true;
        }
        return false;
    }
    return x->naming == MKG__NAMES_INVENTED || true_name(x, g->thing)[0];
}

const mkg__group *mkg__ex_draw_group(mkg__example *x)
{
    const mkg__generator *g = x->g;
    size_t n = 2 * g->c->nrelations;
    for (size_t i = 0; i < TRIES; i++) {
        double at = mkg__rng_double(&x->rng) * g->weight[n - 1];
        size_t d = 0;
        while (d + 1 < n && g->weight[d] <= at)
            d++;
        size_t from = g->start[d], count = g->start[d + 1] - from;
        if (count == 0) continue;
        const mkg__group *found =
            &g->c->groups[g->by_direction[from + mkg__ex_below(x, count)]];
        if (usable(x, found)) return found;
    }
    return NULL;
}

const mkg__group *mkg__ex_other_group(mkg__example *x, const mkg__group *g)
{
    const mkg__thing *t = &x->g->c->things[g->thing];
    const mkg__group *found = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < t->ngroups; i++) {
        const mkg__group *k = &x->g->c->groups[t->first_group + i];
        if (k->direction != g->direction && usable(x, k) &&
            mkg__ex_below(x, ++seen) == 0)
            found = k;
    }
    return found;
}

const mkg__group *mkg__ex_group_beside(mkg__example *x, const mkg__group *g)
{
    const mkg__generator *m = x->g;
    size_t from = m->start[g->direction], n = m->start[g->direction + 1] - from;
    for (size_t i = 0; i < TRIES && n; i++) {
        const mkg__group *k =
            &m->c->groups[m->by_direction[from + mkg__ex_below(x, n)]];
        if (k->thing != g->thing && usable(x, k)) return k;
    }
    return NULL;
}

/* ---- facts ---- */

static bool has_fact(const mkg__example *x, uint32_t of, uint32_t direction,
                     uint32_t item)
{
    for (size_t i = 0; i < x->nfacts; i++)
        if (x->facts[i].of == of && x->facts[i].item == item &&
            x->facts[i].direction == direction)
            return true;
    return false;
}

/* A text; with names that are not true that of another thing, or a dose. */
static const char *draw_text(mkg__example *x, const mkg_corpus_fact *f)
{
    const mkg_corpus *c = x->g->c;
    const char *name = c->relations[f->relation].forward.name;
    if (strcmp(name, "dosage") == 0 && x->naming != MKG__NAMES_TRUE) {
        x->scratch.len = 0;
        mkg__invent_dose(x->lang, &x->rng, &x->scratch);
        return keep_scratch(x);
    }
    if (x->naming == MKG__NAMES_TRUE) return f->literal;
    const size_t *start = x->g->start + 2 * f->relation;
    for (size_t i = 0; i < TRIES; i++) {
        const mkg__group *g =
            &c->groups[x->g->by_direction[start[0] +
                                          mkg__ex_below(x, start[1] - start[0])]];
        const mkg_corpus_fact *k =
            &c->facts[c->order[g->first + mkg__ex_below(x, g->n)]];
        if (k->literal_lang == f->literal_lang) return k->literal;
    }
    return f->literal;
}

static void add_fact(mkg__example *x, const mkg__group *g, const mkg_corpus_fact *f,
                     uint8_t gold)
{
    bool back = g->direction % 2;
    mkg__draft_fact *d = &x->facts[x->nfacts];
    *d = (mkg__draft_fact){.direction = g->direction,
                           .of = g->thing,
                           .item = back ? f->subject : f->object,
                           .source = f->source,
                           .grade = f->grade,
                           .population = f->population,
                           .denied = f->denied,
                           .group = gold};
    if (d->item != MKG_CORPUS_NONE && has_fact(x, d->of, d->direction, d->item)) return;
    if (d->item == MKG_CORPUS_NONE) d->text = draw_text(x, f);
    x->nfacts++;
}

size_t mkg__ex_draw_length(mkg__example *x)
{
    size_t dice = mkg__ex_below(x, 100);
    if (dice < 18) return 1;
    if (dice < 64) return 2 + mkg__ex_below(x, 4);
    if (dice < 92) return 6 + mkg__ex_below(x, 6);
    return 12 + mkg__ex_below(x, 19);
}

/* With names that are not true a list can be longer than the graph has it. */
static void lengthen(mkg__example *x, const mkg__group *g, size_t n, uint8_t gold)
{
    const mkg_corpus *c = x->g->c;
    mkg__draft_fact d = x->facts[x->nfacts - 1];
    if (x->naming == MKG__NAMES_TRUE || d.item == MKG_CORPUS_NONE) return;
    for (size_t i = 0; i < 4 * n && n > 0 && x->nfacts < MKG__EX_PIECES; i++) {
        const mkg__group *k = mkg__ex_group_beside(x, g);
        if (!k) return;
        const mkg_corpus_fact *f =
            &c->facts[c->order[k->first + mkg__ex_below(x, k->n)]];
        d.item = g->direction % 2 ? f->subject : f->object;
        d.group = gold;
        if (d.item == MKG_CORPUS_NONE || has_fact(x, d.of, d.direction, d.item))
            continue;
        x->facts[x->nfacts++] = d;
        n--;
    }
}

size_t mkg__ex_add(mkg__example *x, const mkg__group *g, size_t most, uint8_t gold)
{
    const mkg_corpus *c = x->g->c;
    size_t before = x->nfacts, at = mkg__ex_below(x, g->n);
    bool text = c->facts[c->order[g->first]].object == MKG_CORPUS_NONE;
    if (text) most = 1;
    for (size_t i = 0; i < g->n && x->nfacts - before < most; i++) {
        const mkg_corpus_fact *f = &c->facts[c->order[g->first + (at + i) % g->n]];
        if (x->nfacts == MKG__EX_PIECES) break;
        if (text && f->literal_lang != x->lang && f->literal_lang != MKG_LANG_NONE)
            continue;
        if (!text && f->denied != c->facts[c->order[g->first + at]].denied) continue;
        add_fact(x, g, f, gold);
    }
    size_t n = x->nfacts - before;
    if (n && n < most) lengthen(x, g, most - n, gold);
    return x->nfacts - before;
}

/* Does any thing of the split have facts in this direction? */
static bool is_used(const mkg__example *x, uint32_t direction)
{
    const size_t *start = x->g->start;
    return start[direction + 1] > start[direction];
}

uint32_t mkg__ex_borrow(mkg__example *x, bool text)
{
    const mkg_corpus *c = x->g->c;
    uint32_t found = MKG_CORPUS_NONE;
    size_t seen = 0;
    for (uint32_t d = 0; d < 2 * c->nrelations; d++) {
        const mkg_corpus_relation *r = &c->relations[d / 2];
        if (r->literal != text || is_used(x, d) || (d % 2 && !r->back.name[0]) ||
            mkg__direction(c, d)->label[mkg__ex_lang(x)][0] == '\0')
            continue;
        if (mkg__ex_below(x, ++seen) == 0) found = d;
    }
    if (found == MKG_CORPUS_NONE) return found;
    const char *name = mkg__direction(c, found)->name;
    for (size_t i = 0; i < x->nfacts; i++) {
        mkg__draft_fact *d = &x->facts[i];
        if (d->group != 1) continue;
        d->direction = found;
        if (!text || (strcmp(name, "dosage") != 0 && mkg__ex_chance(x, 50))) continue;
        x->scratch.len = 0;
        if (strcmp(name, "dosage") == 0)
            mkg__invent_dose(x->lang, &x->rng, &x->scratch);
        else
            mkg__invent_value(x->lang, &x->rng, &x->scratch);
        d->text = keep_scratch(x);
    }
    return found;
}

bool mkg__ex_add_fact(mkg__example *x, const mkg__group *g, uint32_t item, uint8_t gold)
{
    if (x->nfacts == MKG__EX_PIECES || has_fact(x, g->thing, g->direction, item))
        return false;
    x->facts[x->nfacts++] = (mkg__draft_fact){.direction = g->direction,
                                              .of = g->thing,
                                              .item = item,
                                              .source = "",
                                              .grade = "",
                                              .population = "",
                                              .group = gold};
    return true;
}

void mkg__ex_limit(mkg__example *x)
{
    static const char *const whom[2][8] = {
        {"儿童", "孕妇", "老年人", "肾功能不全者", "18岁以上成人", "男性", "绝经后女性",
         "新生儿"},
        {"children", "pregnant women", "people over 65", "renal impairment",
         "adults from 18 years", "men", "postmenopausal women", "newborns"}};
    static const char *const grades[] = {"A", "B", "C", "1A", "2B", "IIa", "GRADE 2"};
    bool of_whom = mkg__ex_chance(x, 70);
    for (size_t i = 0; i < x->nfacts; i++) {
        if (mkg__ex_chance(x, 50)) continue;
        if (of_whom)
            x->facts[i].population = whom[mkg__ex_lang(x)][mkg__ex_below(x, 8)];
        else
            x->facts[i].grade = grades[mkg__ex_below(x, 7)];
    }
}

void mkg__ex_distract(mkg__example *x, const mkg__group *g)
{
    size_t groups = mkg__ex_below(x, 100) < 45 ? 0 : 1 + mkg__ex_below(x, 3);
    for (size_t i = 0; i < groups && x->nfacts + 6 < MKG__EX_PIECES; i++) {
        size_t dice = mkg__ex_below(x, 100), n = 1 + mkg__ex_below(x, 4);
        const mkg__group *k = dice < 55   ? mkg__ex_other_group(x, g)
                              : dice < 80 ? mkg__ex_group_beside(x, g)
                                          : mkg__ex_draw_group(x);
        bool same = false;
        for (size_t j = 0; k && j < x->nfacts; j++)
            same |= x->facts[j].of == k->thing && x->facts[j].direction == k->direction;
        if (k && !same) mkg__ex_add(x, k, n, 0);
    }
}

/* ---- pieces ---- */

static void shuffle(mkg__example *x, size_t from, size_t to)
{
    for (size_t i = to; i > from + 1; i--) {
        size_t k = from + mkg__ex_below(x, i - from);
        mkg__draft_fact d = x->facts[i - 1];
        x->facts[i - 1] = x->facts[k];
        x->facts[k] = d;
    }
}

/* One fact of each group after the other, those of no group behind them. */
static void take_turns(mkg__example *x)
{
    mkg__draft_fact old[MKG__EX_PIECES];
    size_t n = 0;
    memcpy(old, x->facts, x->nfacts * sizeof *old);
    for (size_t turn = 0; turn < x->nfacts; turn++)
        for (uint8_t group = 1; group <= MKG__EX_GROUPS; group++) {
            size_t seen = 0;
            for (size_t i = 0; i < x->nfacts; i++)
                if (old[i].group == group && seen++ == turn) x->facts[n++] = old[i];
        }
    for (size_t i = 0; i < x->nfacts; i++)
        if (!old[i].group) x->facts[n++] = old[i];
}

/* Mostly what is asked comes first and together, or by turns, as retrieval gives it. */
static void arrange(mkg__example *x)
{
    size_t dice = mkg__ex_below(x, 100), gold = 0;
    if (x->in_turn && dice < 60) {
        take_turns(x);
    } else if (dice < 20) {
        shuffle(x, 0, x->nfacts);
    } else if (dice < 35) { /* distractors first */
        for (size_t i = 0; i < x->nfacts; i++) {
            mkg__draft_fact d = x->facts[i];
            if (d.group) continue;
            memmove(&x->facts[gold + 1], &x->facts[gold], (i - gold) * sizeof d);
            x->facts[gold++] = d;
        }
    }
}

static void make_piece(mkg__example *x, size_t i)
{
    const mkg_corpus *c = x->g->c;
    const mkg__draft_fact *d = &x->facts[i];
    size_t l = mkg__ex_lang(x);
    bool back = d->direction % 2, text = d->item == MKG_CORPUS_NONE;
    const mkg_corpus_relation *r = &c->relations[d->direction / 2];
    mkg_piece *p = &x->pieces[i];
    const char *of = mkg__ex_name(x, d->of);
    const char *item = text ? d->text : mkg__ex_name(x, d->item);
    *p = (mkg_piece){.fact = (mkg_id)(i + 1),
                     .relation = r->forward.name,
                     .from_object = back,
                     .subject = back ? item : of,
                     .object = back ? of : item,
                     .subject_node = 1 + (back ? d->item : d->of),
                     .object_node = text ? MKG_ID_NONE : 1 + (back ? d->of : d->item),
                     .denied = d->denied,
                     .source = d->source,
                     .source_version = "",
                     .locator = "",
                     .grade = d->grade,
                     .population = d->population,
                     .weight = 1,
                     .why = "intent"};
    p->label = mkg__ex_label(x, d->direction & ~1u);
    p->inverse_label = r->symmetric      ? p->label
                       : r->back.name[0] ? mkg__ex_label(x, d->direction | 1u)
                                         : "";
    p->sentence = x->invent_labels ? "" : mkg__direction(c, d->direction)->sentence[l];
    x->group[i] = d->group;
}

void mkg__ex_make_pieces(mkg__example *x)
{
    arrange(x);
    for (size_t i = 0; i < x->nfacts; i++)
        make_piece(x, i);
    x->e.pieces = x->pieces;
    x->e.npieces = x->nfacts;
}
