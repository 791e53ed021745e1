/* Questions made from the vocabulary, its phrases and the frames of
 * data/question_frames.tsv: what a classifier of intents learns from. */
#include "retrieve/classify_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/rng.h"

#include <string.h>

/* A name stands in a made question as one private character, U+E000 and the number of
 * its type; folding keeps it. */
enum { MARK = 0xE000, TYPES_MAX = 64, NAMES = 4096, LABELS_MAX = 32 };

typedef struct maker {
    mkg_kg *kg;
    const mkg__classes *classes;
    const mkg__frames *frames;
    mkg__generated *out;
    mkg__rng rng;
    mkg_view types[TYPES_MAX];
    size_t ntypes;
    mkg_view names[2][NAMES]; /* of the graph, by language */
    size_t nnames[2];
    mkg__arena arena;
    mkg__buf text, folded; /* scratch */
    mkg__marks marks;
    mkg__features features;
    uint16_t labels[LABELS_MAX];
    size_t nlabels;
} maker;

/* ---- the vocabulary ---- */

/* The next phrase of a list, without the marks in front; false at the end. */
static bool next_phrase(mkg_view *list, mkg_view *out)
{
    while (list->len) {
        const char *semi = memchr(list->ptr, ';', list->len);
        size_t n = semi ? (size_t)(semi - list->ptr) : list->len;
        *out = mkg__trim(mkg__view(list->ptr, n));
        n += semi != NULL;
        *list = mkg__view(list->ptr + n, list->len - n);
        while (out->len && (out->ptr[0] == '~' || out->ptr[0] == '&'))
            *out = mkg__view(out->ptr + 1, out->len - 1);
        if (out->len) return true;
    }
    return false;
}

static mkg_view phrases(const mkg_relation *r, mkg_lang lang)
{
    return lang == MKG_LANG_ZH ? r->phrases_zh : r->phrases_en;
}

mkg_status mkg__classes_of(mkg_kg *kg, mkg__classes *out, mkg_err *err)
{
    out->n = 0;
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        if (r->phrases_zh.len == 0 && r->phrases_en.len == 0) continue;
        if (out->n == MKG_CLASSES_MAX)
            return mkg__fail(err, MKG_EARG,
                             "more than %d relations of the vocabulary have phrases",
                             MKG_CLASSES_MAX);
        out->at[out->n++] = r;
    }
    return MKG_OK;
}

uint64_t mkg__classes_hash(const mkg__classes *c)
{
    uint64_t h = c->n;
    for (size_t i = 0; i < c->n; i++) {
        const mkg_relation *r = c->at[i];
        const mkg_view parts[] = {r->name, r->subject_type, r->object_type,
                                  r->phrases_zh, r->phrases_en};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            h = mkg__hash64(parts[k].ptr, parts[k].len, h + k);
    }
    return h;
}

static void add_label(maker *m, size_t class)
{
    for (size_t i = 0; i < m->nlabels; i++)
        if (m->labels[i] == class) return;
    if (m->nlabels < LABELS_MAX) m->labels[m->nlabels++] = (uint16_t) class;
}

/* All classes that have this phrase and can be asked of the same type. */
static void label_phrase(maker *m, mkg_view phrase, mkg_lang lang, mkg_view type)
{
    for (size_t i = 0; i < m->classes->n; i++) {
        const mkg_relation *r = m->classes->at[i];
        mkg_view list = phrases(r, lang), p;
        if (r->subject_type.len && type.len && !mkg__view_eq(r->subject_type, type))
            continue;
        while (next_phrase(&list, &p))
            if (mkg__view_eq(p, phrase)) add_label(m, i);
    }
}

/* Is the relation one of the ';'-separated names? */
static bool named(mkg_view names, mkg_view name)
{
    mkg_view one;
    while (next_phrase(&names, &one))
        if (mkg__view_eq(one, name)) return true;
    return false;
}

static void label_named(maker *m, mkg_view names)
{
    for (size_t i = 0; i < m->classes->n; i++)
        if (named(names, m->classes->at[i]->name)) add_label(m, i);
}

/* ---- words ---- */

static size_t below(maker *m, size_t n)
{
    return mkg__rng_below(&m->rng, (uint32_t)n);
}

static bool chance(maker *m, unsigned percent)
{
    return below(m, 100) < percent;
}

/* A line of the kind in the language (and, if given, for the type), NULL if none is. */
static const mkg__frame *pick(maker *m, mkg__frame_kind kind, mkg_lang lang,
                              const mkg_view *type)
{
    const struct mkg__frame_list *l = &m->frames->kinds[kind];
    const mkg__frame *found = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->at[i].lang != lang) continue;
        if (type && l->at[i].of.len && !mkg__view_eq(l->at[i].of, *type)) continue;
        if (below(m, ++seen) == 0) found = &l->at[i];
    }
    return found;
}

static size_t type_number(maker *m, mkg_view type)
{
    for (size_t i = 0; i < m->ntypes; i++)
        if (mkg__view_eq(m->types[i], type)) return i;
    if (m->ntypes < TYPES_MAX) m->types[m->ntypes++] = type;
    return m->ntypes - 1;
}

static void put_mark(maker *m, size_t type)
{
    const unsigned c = MARK + (unsigned)type;
    mkg__buf_byte(&m->text, (unsigned char)(0xe0 | c >> 12));
    mkg__buf_byte(&m->text, (unsigned char)(0x80 | (c >> 6 & 0x3f)));
    mkg__buf_byte(&m->text, (unsigned char)(0x80 | (c & 0x3f)));
}

/* A name of the type, as people and the linker give it: found mostly, not always, taken
 * for another type sometimes, or left to be understood. */
static void put_name(maker *m, mkg_lang lang, mkg_view type)
{
    size_t dice = below(m, 100), list = lang == MKG_LANG_EN;
    const mkg__frame *thing = pick(m, MKG_THING, lang, &type);

    if (type.len == 0) type = m->types[below(m, m->ntypes)];
    if (dice < 15 && m->nnames[list]) {
        mkg_view name = m->names[list][below(m, m->nnames[list])];
        mkg__buf_put(&m->text, name.ptr, name.len);
    } else if (dice < 25 && thing) {
        mkg__buf_put(&m->text, thing->text.ptr, thing->text.len);
    } else if (dice < 92) {
        put_mark(m, type_number(m, type));
    } else if (dice < 97) {
        put_mark(m, below(m, m->ntypes));
    }
}

/* The end of "(a|b)" whose "(" is before `at`; *parts how many there are. */
static size_t group_end(mkg_view t, size_t at, size_t *parts)
{
    for (*parts = 1; at < t.len && t.ptr[at] != ')'; at++)
        *parts += t.ptr[at] == '|';
    return at;
}

static void expand(maker *m, mkg_view t, mkg_lang lang, mkg_view phrase,
                   const mkg_view type[2], size_t *names);

static void expand_group(maker *m, mkg_view t, size_t at, size_t end, size_t parts,
                         mkg_lang lang, mkg_view phrase, const mkg_view type[2],
                         size_t *names)
{
    size_t take = below(m, parts), from = at;
    for (size_t part = 0; at <= end; at++) {
        if (at < end && t.ptr[at] != '|') continue;
        if (part++ == take)
            expand(m, mkg__view(t.ptr + from, at - from), lang, phrase, type, names);
        from = at + 1;
    }
}

/* Append the text with its "(a|b)", "{e}" and "{p}" replaced. The first name is of
 * type[0], the others of type[1]. */
static void expand(maker *m, mkg_view t, mkg_lang lang, mkg_view phrase,
                   const mkg_view type[2], size_t *names)
{
    for (size_t i = 0; i < t.len; i++) {
        size_t parts;
        if (t.ptr[i] == '(') {
            size_t end = group_end(t, i + 1, &parts);
            expand_group(m, t, i + 1, end, parts, lang, phrase, type, names);
            i = end;
        } else if (t.len - i >= 3 && memcmp(t.ptr + i, "{e}", 3) == 0) {
            put_name(m, lang, type[(*names)++ > 0]);
            i += 2;
        } else if (t.len - i >= 3 && memcmp(t.ptr + i, "{p}", 3) == 0) {
            for (size_t k = 0; k < phrase.len; k++)
                if (phrase.ptr[k] != '*')
                    mkg__buf_byte(&m->text, (unsigned char)phrase.ptr[k]);
            i += 2;
        } else {
            mkg__buf_byte(&m->text, (unsigned char)t.ptr[i]);
        }
    }
}

/* ---- one question ---- */

static void put_around(maker *m, mkg__frame_kind kind, mkg_lang lang, unsigned percent)
{
    static const mkg_view any[2] = {{"", 0}, {"", 0}};
    size_t names = 0;
    if (!chance(m, percent)) return;
    const mkg__frame *f = pick(m, kind, lang, NULL);
    if (!f) return;
    if (kind == MKG_CLOSE) mkg__buf_str(&m->text, ", ");
    expand(m, f->text, lang, mkg__view("", 0), any, &names);
    if (lang == MKG_LANG_EN) mkg__buf_byte(&m->text, ' ');
}

/* Asks for the class with a phrase of the vocabulary; false if it has none. */
static bool put_phrase(maker *m, const mkg_relation *r, mkg_lang lang,
                       uint64_t *wording)
{
    mkg_view list = phrases(r, lang), p, phrase = {0};
    const mkg_view type[2] = {r->subject_type, r->object_type};
    size_t seen = 0, names = 0;
    while (next_phrase(&list, &p))
        if (below(m, ++seen) == 0) phrase = p;
    const mkg__frame *f = pick(m, MKG_FRAME, lang, NULL);
    if (!phrase.len || !f) return false;
    expand(m, f->text, lang, phrase, type, &names);
    label_phrase(m, phrase, lang, r->subject_type);
    *wording = mkg__hash64(phrase.ptr, phrase.len, 0);
    return true;
}

/* Asks for it in everyday words; false if the frames have none. */
static bool put_say(maker *m, const mkg_relation *r, mkg_lang lang, uint64_t *wording)
{
    const struct mkg__frame_list *l = &m->frames->kinds[MKG_SAY];
    const mkg_view type[2] = {r->subject_type, r->object_type};
    const mkg__frame *f = NULL;
    size_t seen = 0, names = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].lang == lang && named(l->at[i].of, r->name) &&
            below(m, ++seen) == 0)
            f = &l->at[i];
    if (!f) return false;
    expand(m, f->text, lang, mkg__view("", 0), type, &names);
    label_named(m, f->of);
    *wording = mkg__hash64(f->text.ptr, f->text.len, 0);
    return true;
}

static void put_class(maker *m, size_t class, mkg_lang lang, uint64_t *wording)
{
    const mkg_relation *r = m->classes->at[class];
    bool say = chance(m, 60);
    if (say ? put_say(m, r, lang, wording) || put_phrase(m, r, lang, wording)
            : put_phrase(m, r, lang, wording) || put_say(m, r, lang, wording))
        return;
    /* Not in this language: the label is what there is. */
    mkg_view label = mkg_relation_label(r, lang);
    mkg__buf_put(&m->text, label.ptr, label.len);
    add_label(m, class);
}

static void put_nothing(maker *m, mkg_lang lang, uint64_t *wording)
{
    static const mkg_view any[2] = {{"", 0}, {"", 0}};
    size_t names = 0;
    const mkg__frame *f = pick(m, chance(m, 90) ? MKG_NOTHING : MKG_ASIDE, lang, NULL);
    if (!f) return;
    expand(m, f->text, lang, mkg__view("", 0), any, &names);
    *wording = mkg__hash64(f->text.ptr, f->text.len, 0);
}

/* Fold what was written and take the marks out of it again. */
static mkg_status keep(maker *m, uint64_t wording, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__samples *s = &m->out->samples;

    if (m->text.failed) return mkg__nomem(err);
    m->folded.len = 0;
    m->marks.n = 0;
    m->features.n = 0;
    MKG_GO(mkg__fold(m->text.ptr, m->text.len, &m->folded, NULL, err));
    for (size_t i = 0, len; i < m->folded.len; i += len) {
        uint32_t c = mkg__utf8_decode(m->folded.ptr + i, m->folded.len - i, &len);
        if (c < MARK || c >= MARK + TYPES_MAX) continue;
        if (!mkg__grow(&m->marks.at, &m->marks.cap, m->marks.n + 1,
                       sizeof *m->marks.at))
            return mkg__nomem(err);
        m->marks.at[m->marks.n++] = (mkg__mark){i, i + len, m->types[c - MARK]};
    }
    MKG_GO(mkg__features_of(mkg__view(m->folded.ptr, m->folded.len), m->marks.at,
                            m->marks.n, &m->features, err));
    if (!mkg__grow(&m->out->wording, &m->out->cap, s->n + 1, sizeof *m->out->wording))
        return mkg__nomem(err);
    m->out->wording[s->n] = wording;
    MKG_GO(mkg__samples_add(s, &m->features, m->labels, m->nlabels, err));
out:
    return st;
}

/* Classes: one of them, or SIZE_MAX for nothing. */
static mkg_status make(maker *m, size_t class, mkg_lang lang, mkg_err *err)
{
    uint64_t wording = 0, other;

    m->text.len = 0;
    m->nlabels = 0;
    put_around(m, MKG_OPEN, lang, 25);
    put_around(m, MKG_ASIDE, lang, 20);
    if (class == SIZE_MAX) {
        put_nothing(m, lang, &wording);
    } else {
        put_class(m, class, lang, &wording);
        if (chance(m, 5)) {
            mkg__buf_str(&m->text, lang == MKG_LANG_ZH ? ",还有" : " and ");
            put_class(m, below(m, m->classes->n), lang, &other);
        }
    }
    if (chance(m, 40)) mkg__buf_byte(&m->text, '?');
    put_around(m, MKG_CLOSE, lang, 12);
    return keep(m, wording, err);
}

/* ---- names of the graph ---- */

/* A random sample of the names, the same for the same graph and seed. */
static mkg_status draw_names(maker *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg_id id = 0;
    size_t seen[2] = {0};

    while ((st = mkg_kg_next_node(m->kg, &id, &node, err)) == MKG_OK)
        for (size_t l = 0; l < 2; l++) {
            mkg_view name = mkg_node_name(&node, l ? MKG_LANG_EN : MKG_LANG_ZH);
            size_t at = seen[l]++ < NAMES ? seen[l] - 1 : below(m, seen[l]);
            if (at >= NAMES) continue;
            char *copy = mkg__arena_dup(&m->arena, name.ptr, name.len);
            if (!copy) return mkg__nomem(err);
            m->names[l][at] = mkg__view(copy, name.len);
            if (m->nnames[l] < NAMES) m->nnames[l]++;
        }
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__generate(mkg_kg *kg, const mkg__classes *c, const mkg__frames *f,
                         size_t each, uint64_t seed, mkg__generated *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    maker *m = mkg__calloc(1, sizeof *m);

    if (!m) return mkg__nomem(err);
    *out = (mkg__generated){.wording = NULL};
    m->kg = kg;
    m->classes = c;
    m->frames = f;
    m->out = out;
    m->rng = mkg__rng_new(seed, 0, 0);
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i]->subject_type.len) type_number(m, c->at[i]->subject_type);
    if (m->ntypes == 0) type_number(m, mkg__view("", 0));
    MKG_GO(draw_names(m, err));
    for (size_t i = 0; i < c->n + c->n / 5; i++)
        for (size_t k = 0; k < each; k++)
            MKG_GO(make(m, i < c->n ? i : SIZE_MAX,
                        k % 3 == 2 ? MKG_LANG_EN : MKG_LANG_ZH, err));
out:
    mkg__arena_clear(&m->arena);
    mkg__buf_clear(&m->text);
    mkg__buf_clear(&m->folded);
    mkg__free(m->marks.at);
    mkg__features_clear(&m->features);
    mkg__free(m);
    if (st < 0) mkg__generated_clear(out);
    return st < 0 ? st : MKG_OK;
}

void mkg__generated_clear(mkg__generated *g)
{
    mkg__samples_clear(&g->samples);
    mkg__free(g->wording);
    memset(g, 0, sizeof *g);
}
