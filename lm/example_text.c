/* How an example asks and how it answers. */
#include "lm/example_internal.h"

#include "base/hash.h"
#include "lm/lm_internal.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 48 };

static bool is_zh(const mkg__example *x)
{
    return x->lang != MKG_LANG_EN;
}

/* ---- wordings ---- */

static bool of_question(mkg__wording_kind kind)
{
    return kind == MKG__W_FRAME || kind == MKG__W_SAY || kind == MKG__W_COMMON ||
           kind == MKG__W_PATIENT ||
           (kind >= MKG__W_ASK && kind <= MKG__W_MAY && kind != MKG__W_VERB);
}

const mkg__wording *mkg__ex_wording(mkg__example *x, mkg__wording_kind kind,
                                    const char *relation, bool own_only)
{
    const struct mkg__wording_list *l = &x->g->w.lists[kind][mkg__ex_lang(x)];
    const mkg__wording *found = NULL;
    size_t seen = 0;
    bool own = false;
    for (size_t i = 0; i < l->n; i++) {
        const mkg__wording *w = &l->at[i];
        bool named = relation && mkg__wording_names(w->of, relation);
        if (!named && (w->of.len > 0 || own_only)) continue;
        if (of_question(kind) && mkg__split_of(w->hash) != x->g->o->split) continue;
        /* What is said of the relation itself is better than what fits any. */
        if (named && !own) {
            own = true;
            seen = 0;
        }
        if (own && !named) continue;
        if (mkg__ex_below(x, ++seen) == 0) found = w;
    }
    return found;
}

static const char *keep(mkg__example *x, mkg__buf *b)
{
    const char *p = mkg__buf_cstr(b);
    const char *copy = mkg__ex_keep(x, p, b->len);
    mkg__buf_clear(b);
    return copy;
}

const char *mkg__ex_expand(mkg__example *x, mkg_view text, const mkg__fills *fills)
{
    mkg__buf b = {0};
    mkg__wording_expand(text, fills, &x->rng, &b);
    return keep(x, &b);
}

/* ---- questions ---- */

const char *mkg__ex_shown_label(mkg__example *x, uint32_t direction)
{
    bool both = x->g->c->relations[direction / 2].symmetric;
    return mkg__ex_label(x, both ? direction & ~1u : direction);
}

const char *mkg__ex_shown_name(mkg__example *x, const char *name)
{
    mkg__buf b = {0};
    mkg__compact_name(&b, name, x->lang);
    return keep(x, &b);
}

/* "symptom" -> "symptoms", "food to avoid" -> "foods to avoid". */
const char *mkg__ex_plural(mkg__example *x, uint32_t direction)
{
    const char *label = mkg__ex_shown_label(x, direction);
    mkg__buf b = {0};
    const char *to = strstr(label, " to ");
    size_t n = to ? (size_t)(to - label) : strlen(label);
    if (is_zh(x) || x->g->c->relations[direction / 2].literal || n == 0) return label;
    mkg__buf_put(&b, label, n);
    if (label[n - 1] == 'y' && n > 1 && !strchr("aeiou", label[n - 2])) {
        b.len -= b.failed ? 0 : 1;
        mkg__buf_str(&b, "ies");
    } else if (label[n - 1] != 's') {
        mkg__buf_str(&b, "s");
    }
    mkg__buf_str(&b, label + n);
    return keep(x, &b);
}

/* Two names in it: that is another kind of question. */
static bool names_two(mkg_view t)
{
    size_t n = 0;
    for (size_t i = 0; i + 2 < t.len; i++)
        n += memcmp(t.ptr + i, "{e}", 3) == 0;
    return n != 1;
}

/* One of the relation's phrases, NULL if it has none that can stand alone. */
static const char *draw_phrase(mkg__example *x, const char *list)
{
    const char *found = NULL;
    size_t len = 0, seen = 0;
    for (size_t n; *list; list += n + (list[n] == ';')) {
        n = strcspn(list, ";");
        if (n == 0 || strchr("&~", *list) || memchr(list, '*', n)) continue;
        if (mkg__ex_below(x, ++seen) == 0) {
            found = list;
            len = n;
        }
    }
    return found ? mkg__ex_keep(x, found, len) : NULL;
}

static bool ask_everyday(mkg__example *x, const char *relation, mkg__fills *fills)
{
    for (size_t i = 0; i < TRIES; i++) {
        const mkg__wording *w = mkg__ex_wording(x, MKG__W_SAY, relation, true);
        if (!w) return false;
        if (names_two(w->text)) continue;
        x->question = mkg__ex_expand(x, w->text, fills);
        return true;
    }
    return false;
}

/* A frame and a phrase of the vocabulary; which of the pairs are of the split is drawn
 * by both. */
static bool ask_phrase(mkg__example *x, const mkg_corpus_direction *d,
                       mkg__fills *fills)
{
    const struct mkg__wording_list *l = &x->g->w.lists[MKG__W_FRAME][mkg__ex_lang(x)];
    for (size_t i = 0; i < TRIES && l->n; i++) {
        const mkg__wording *w = &l->at[mkg__ex_below(x, l->n)];
        const char *p = draw_phrase(x, d->phrases[mkg__ex_lang(x)]);
        if (!p) return false;
        if (names_two(w->text) ||
            mkg__split_of(mkg__hash64(p, strlen(p), w->hash)) != x->g->o->split)
            continue;
        fills->at['p'] = p;
        x->question = mkg__ex_expand(x, w->text, fills);
        return true;
    }
    return false;
}

static bool is_verb(mkg__example *x, const char *relation)
{
    const struct mkg__wording_list *l = &x->g->w.lists[MKG__W_VERB][mkg__ex_lang(x)];
    for (size_t i = 0; i < l->n; i++)
        if (mkg__wording_names(l->at[i].of, relation)) return true;
    return false;
}

bool mkg__ex_ask_with(mkg__example *x, mkg__wording_kind kind, const char *relation,
                      mkg__fills *fills)
{
    const mkg__wording *w = mkg__ex_wording(x, kind, relation, false);
    if (w) x->question = mkg__ex_expand(x, w->text, fills);
    return w != NULL;
}

/* Asking with the label, which everybody understands. */
static bool ask_label(mkg__example *x, const char *relation, mkg__fills *fills)
{
    const struct mkg__wording_list *l = &x->g->w.lists[MKG__W_ASK][mkg__ex_lang(x)];
    const mkg__wording *found = NULL;
    size_t seen = 0;
    if (!x->invent_labels && is_verb(x, relation)) {
        found = mkg__ex_wording(x, MKG__W_ASK, relation, true);
        if (found) x->question = mkg__ex_expand(x, found->text, fills);
        /* The one wording that there is belongs to training. */
        return found || (x->g->o->split == MKG_SPLIT_TRAIN &&
                         mkg__ex_ask_with(x, MKG__W_VERB, relation, fills));
    }
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].of.len == 0 && mkg__split_of(l->at[i].hash) == x->g->o->split &&
            mkg__ex_below(x, ++seen) == 0)
            found = &l->at[i];
    if (found) x->question = mkg__ex_expand(x, found->text, fills);
    return found != NULL;
}

static void fill_asked(mkg__example *x, uint32_t direction, const char *s,
                       mkg__fills *f)
{
    f->at['s'] = f->at['e'] = s;
    f->at['l'] = mkg__ex_shown_label(x, direction);
    f->at['L'] = mkg__ex_plural(x, direction);
}

bool mkg__ex_ask_label(mkg__example *x, uint32_t direction, const char *s)
{
    mkg__fills fills = {{NULL}};
    fill_asked(x, direction, s, &fills);
    return ask_label(x, mkg__direction(x->g->c, direction)->name, &fills);
}

bool mkg__ex_ask(mkg__example *x, uint32_t direction, const char *s)
{
    const mkg_corpus_direction *d = mkg__direction(x->g->c, direction);
    mkg__fills fills = {{NULL}};
    size_t dice = mkg__ex_below(x, 100);
    fill_asked(x, direction, s, &fills);
    if (x->invent_labels) return ask_label(x, d->name, &fills);
    const mkg__wording *own =
        dice < 35 ? mkg__ex_wording(x, MKG__W_ASK, d->name, true) : NULL;
    if (own) {
        x->question = mkg__ex_expand(x, own->text, &fills);
        return true;
    }
    if (dice < 60 && ask_everyday(x, d->name, &fills)) return true;
    if (dice < 75 && ask_phrase(x, d, &fills)) return true;
    return ask_label(x, d->name, &fills) || ask_everyday(x, d->name, &fills);
}

static void put_around(mkg__example *x, mkg__buf *b, mkg__wording_kind kind)
{
    mkg__fills fills = {{NULL}};
    const mkg__wording *w = mkg__ex_wording(x, kind, NULL, false);
    if (!w) return;
    size_t other = mkg__ex_below(x, x->g->c->nthings);
    if (strcmp(x->g->c->things[other].type, "disease") != 0) return;
    fills.at['e'] = mkg__ex_name(x, (uint32_t)other);
    mkg__wording_expand(w->text, &fills, &x->rng, b);
    if (!is_zh(x)) mkg__buf_byte(b, ' ');
}

/* Chinese writes its own comma, mostly. */
static void put_question(mkg__example *x, mkg__buf *b)
{
    bool wide = is_zh(x) && mkg__ex_chance(x, 75);
    for (const char *p = x->question; *p; p++)
        if (*p == ',' && wide)
            mkg__buf_str(b, "，");
        else
            mkg__buf_byte(b, (unsigned char)*p);
}

void mkg__ex_finish_question(mkg__example *x)
{
    mkg__buf b = {0};
    size_t dice = mkg__ex_below(x, 100);
    if (mkg__ex_chance(x, 12)) put_around(x, &b, MKG__W_OPEN);
    if (mkg__ex_chance(x, 10)) put_around(x, &b, MKG__W_ASIDE);
    put_question(x, &b);
    if (dice < 75) mkg__buf_str(&b, is_zh(x) ? "？" : "?");
    if (dice >= 75 && dice < 82) mkg__buf_str(&b, is_zh(x) ? "?" : ".");
    if (mkg__ex_chance(x, 6)) {
        mkg__buf_str(&b, !is_zh(x) ? " " : dice < 82 ? "" : "，");
        put_around(x, &b, MKG__W_CLOSE);
    }
    while (!b.failed && b.len && b.ptr[b.len - 1] == ' ')
        b.len--;
    if (!is_zh(x) && !b.failed && b.len && mkg__ex_chance(x, 70) && b.ptr[0] >= 'a' &&
        b.ptr[0] <= 'z' && b.ptr[1] != '\0' && b.ptr[1] >= 'a')
        b.ptr[0] = (char)(b.ptr[0] - 'a' + 'A');
    x->e.question = x->question = keep(x, &b);
}

/* ---- answers ---- */

static void put_item(mkg__example *x, mkg__buf *b, size_t i)
{
    mkg__compact_item(b, &x->pieces[i], x->lang);
    mkg__buf_printf(b, is_zh(x) ? "[%zu]" : " [%zu]", i + 1);
}

/* "A[1]、B[2]和C[3]", of pieces at[0 .. n). */
static const char *list_items(mkg__example *x, const size_t *at, size_t n)
{
    static const char *const last_zh[] = {"和", "和", "和", "、", "以及"};
    static const char *const last_en[] = {" and ", " and ", ", and "};
    mkg__buf b = {0};
    const char *comma = is_zh(x) ? "、" : ", ";
    const char *last = is_zh(x) ? last_zh[mkg__ex_below(x, 5)]
                                : last_en[mkg__ex_below(x, n > 2 ? 3 : 2)];
    for (size_t i = 0; i < n; i++) {
        if (i) mkg__buf_str(&b, i + 1 == n ? last : comma);
        put_item(x, &b, at[i]);
    }
    return keep(x, &b);
}

/* The vocabulary's own pattern for the relation. */
static const char *tell_pattern(mkg__example *x, const char *pattern,
                                const mkg__fills *fills)
{
    mkg__buf b = {0};
    for (const char *p = pattern; *p; p++) {
        bool s = strncmp(p, "{s}", 3) == 0, o = strncmp(p, "{o}", 3) == 0;
        if (s || o)
            mkg__buf_str(&b, fills->at[s ? 's' : 'o']);
        else
            mkg__buf_byte(&b, (unsigned char)*p);
        p += s || o ? 2 : 0;
    }
    return keep(x, &b);
}

static const char *tell(mkg__example *x, const size_t *at, size_t n)
{
    const mkg_piece *p = &x->pieces[at[0]];
    mkg__reading r = mkg__read_piece(p);
    mkg__fills fills = {{NULL}};
    const char *relation = mkg__direction(x->g->c, x->facts[at[0]].direction)->name;
    fills.at['s'] = mkg__ex_shown_name(x, r.of);
    fills.at['o'] = list_items(x, at, n);
    fills.at['l'] = r.label;
    const mkg__wording *w =
        mkg__ex_wording(x, MKG__W_TELL, x->invent_labels ? NULL : relation, false);
    bool own = w && w->of.len > 0;
    /* English sentences do not begin with a name: its first letter would change. */
    bool fits = p->sentence[0] && (is_zh(x) || strncmp(p->sentence, "{s}", 3) != 0);
    if (fits && (!own || mkg__ex_chance(x, 15)))
        return tell_pattern(x, p->sentence, &fills);
    return w ? mkg__ex_expand(x, w->text, &fills) : "";
}

const char *mkg__ex_tell(mkg__example *x, uint8_t group)
{
    size_t at[MKG__EX_PIECES], n = 0;
    for (size_t i = 0; i < x->e.npieces; i++)
        if (x->group[i] == group) at[n++] = i;
    if (n == 0) return "";
    const char *text = tell(x, at, n);
    if (!x->pieces[at[0]].denied) return text;
    mkg__fills fills = {{NULL}};
    fills.at['T'] = text;
    return mkg__ex_say(x, MKG__W_DENIED, NULL, &fills);
}

const char *mkg__ex_tell_piece(mkg__example *x, size_t i)
{
    return tell(x, &i, 1);
}

const char *mkg__ex_say(mkg__example *x, mkg__wording_kind kind, const char *relation,
                        const mkg__fills *fills)
{
    const mkg__wording *w = mkg__ex_wording(x, kind, relation, false);
    return w ? mkg__ex_expand(x, w->text, fills) : "";
}

static void capitalise(char *p)
{
    if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
}

void mkg__ex_answer(mkg__example *x, const char *text)
{
    mkg__buf b = {0};
    mkg__buf_str(&b, text);
    mkg__buf_str(&b, is_zh(x) ? "。" : ".");
    if (!is_zh(x) && !b.failed) capitalise(b.ptr);
    x->answer = keep(x, &b);
}
