/* Names that are misspelt in a question, where no name covers it. Precision comes
 * first: another organ or "non-" before a name is another disease, so what counts as a
 * slip is narrow. Chinese: characters that sound alike, two that changed places, one
 * written twice. Latin: a letter too many, too few, another one or two that changed
 * places, the more the longer the word; endings of the plural before that. */
#include "retrieve/fuzzy_internal.h"

#include "retrieve/phrases_internal.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 12, STRETCH_MAX = 96, CHARS_MAX = 64, WORDS_MAX = 4, TOKENS = 32 };

typedef struct text {
    uint32_t c[CHARS_MAX];
    uint32_t at[CHARS_MAX + 1]; /* byte of each, and the end */
    size_t n;
} text;

static void decode(const char *p, size_t from, size_t to, text *out)
{
    size_t len;
    out->n = 0;
    for (size_t i = from; i < to && out->n < CHARS_MAX; i += len) {
        out->c[out->n] = mkg__utf8_decode(p + i, to - i, &len);
        out->at[out->n++] = (uint32_t)i;
        out->at[out->n] = (uint32_t)(i + len);
    }
}

static bool is_name(const mkg__names *x, uint32_t surface)
{
    return mkg__names_entry(x, surface, 0).kind <= MKG__NAME_ALIAS;
}

static void keep_better(mkg__slip *best, mkg__slip s)
{
    if (s.cost < best->cost ||
        (s.cost <= best->cost && s.end - s.start > best->end - best->start))
        *best = s;
}

/* ---- Chinese ---- */

/* How far q[at..] is from the name when read aloud; the characters it takes go to
 * *used. More than `most`: not at all. */
static float han_cost(const text *q, size_t at, const text *name, float most,
                      size_t *used)
{
    float cost = 0;
    size_t i = at, k = 0, same = 0;
    while (k < name->n && cost <= most) {
        if (i >= q->n) return most + 1;
        if (q->c[i] == name->c[k]) {
            same++;
            i++;
            k++;
        } else if (k + 1 < name->n && i + 1 < q->n && q->c[i] == name->c[k + 1] &&
                   q->c[i + 1] == name->c[k]) {
            cost += 0.3f;
            same++;
            i += 2;
            k += 2;
        } else if (i > at && q->c[i] == q->c[i - 1]) {
            cost += 0.3f;
            i++;
        } else {
            float d = mkg__han_distance(q->c[i], name->c[k]);
            if (d > 0.5f) return most + 1;
            cost += d;
            i++;
            k++;
        }
    }
    *used = i - at;
    /* Most of it has to be as it is written. */
    return 2 * same >= name->n && same + 2 >= name->n ? cost : most + 1;
}

static mkg_status han_slip(mkg__names *x, const char *p, size_t from, size_t to,
                           mkg__slip *best, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__weighted w;
    text q, name;
    uint32_t near[2 * CANDIDATES];
    size_t n, used = 0;

    decode(p, from, to, &q);
    if (q.n < 3) return MKG_OK;
    mkg__names_weigh(x, mkg__view(p + from, to - from), &w);
    MKG_GO(mkg__names_similar(x, &w, CANDIDATES, near, &n, err));
    for (size_t k = 0; k < n; k++) {
        mkg_view v = mkg__names_text(x, near[k]);
        decode(v.ptr, 0, v.len, &name);
        if (name.n < 3 || name.n > q.n + 1 || !is_name(x, near[k])) continue;
        float most = 0.1f * (float)name.n;
        /* Three characters may be the end of a longer word that is no name. */
        for (size_t at = 0; at + 2 < q.n && (at == 0 || name.n > 3); at++) {
            float cost = han_cost(&q, at, &name, most, &used);
            if (cost <= most && cost > 0)
                keep_better(best, (mkg__slip){q.at[at], q.at[at + used], near[k],
                                              cost / (float)name.n});
        }
    }
out:
    return st;
}

/* ---- words ---- */

/* The singular that the word may be the plural of, or what the possessive is of; 0
 * where there is none. Appended; how many. */
static size_t without_ending(mkg_view w, char out[3][STRETCH_MAX], size_t len[3])
{
    static const struct {
        const char *end, *by;
    } endings[] = {{"'s", ""}, {"ies", "y"}, {"es", ""},
                   {"s", ""},  {"ic", "es"}, {"ics", "es"}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings && n < 3; i++) {
        size_t e = strlen(endings[i].end), b = strlen(endings[i].by);
        if (w.len < e + 4 || w.len + b >= STRETCH_MAX ||
            memcmp(w.ptr + w.len - e, endings[i].end, e) != 0)
            continue;
        memcpy(out[n], w.ptr, w.len - e);
        memcpy(out[n] + w.len - e, endings[i].by, b);
        len[n++] = w.len - e + b;
    }
    return n;
}

/* Slips that are allowed in so many letters. */
static size_t letters_limit(size_t n)
{
    return n < 5 ? 0 : n < 10 ? 1 : 2;
}

/* The name that the words become when an ending is taken off. */
static bool ending_slip(const mkg__names *x, const char *p, size_t from, size_t to,
                        mkg__slip *best)
{
    char forms[3][STRETCH_MAX];
    size_t len[3], n = without_ending(mkg__view(p + from, to - from), forms, len);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t s = mkg__names_find(x, forms[i], len[i]);
        if (s == MKG_NAMES_NONE) continue;
        keep_better(best, (mkg__slip){from, to, s, 0.01f * (float)(i + 1)});
        any = true;
    }
    return any;
}

/* Is the name what bytes [from, to) should have been? */
static void letter_slip(mkg_view name, uint32_t surface, const char *p, size_t from,
                        size_t to, mkg__slip *best)
{
    mkg_view v = {p + from, to - from};
    size_t limit = letters_limit(v.len);
    size_t gap = v.len > name.len ? v.len - name.len : name.len - v.len;
    if (limit == 0 || v.len > STRETCH_MAX || gap > limit || name.ptr[0] != v.ptr[0])
        return;
    size_t d = mkg__edit_distance(v, name, limit);
    /* Short words differ by another letter from words that are no names at all. */
    if (d == 0 || d > limit ||
        (v.len < 8 && name.len == v.len &&
         mkg__utf8_count(name.ptr, name.len) == v.len && !mkg__letters_moved(v, name)))
        return;
    keep_better(best, (mkg__slip){from, to, surface, (float)d / (float)v.len});
}

/* The same letters in another order? */
bool mkg__letters_moved(mkg_view a, mkg_view b)
{
    int count[256] = {0};
    for (size_t i = 0; i < a.len; i++)
        count[(unsigned char)a.ptr[i]]++;
    for (size_t i = 0; i < b.len; i++)
        count[(unsigned char)b.ptr[i]]--;
    for (size_t i = 0; i < 256; i++)
        if (count[i]) return false;
    return true;
}

typedef struct words {
    size_t start[TOKENS], end[TOKENS], n;
    bool function[TOKENS];
} words;

static void read_words(const char *p, size_t from, size_t to, words *w)
{
    size_t len;
    w->n = 0;
    for (size_t i = from; i < to && w->n < TOKENS; i += len) {
        uint32_t c = mkg__utf8_decode(p + i, to - i, &len);
        bool word = mkg__is_word(c) || c == '\'' || c == '-';
        if (!word) continue;
        if (w->n && w->end[w->n - 1] == i)
            w->end[w->n - 1] = i + len;
        else if (mkg__is_word(c)) {
            w->start[w->n] = i;
            w->end[w->n++] = i + len;
        }
    }
    for (size_t i = 0; i < w->n; i++)
        w->function[i] =
            mkg__is_function_word(mkg__view(p + w->start[i], w->end[i] - w->start[i]));
}

/* Names like words [i, to) of the text, held against each window of up to four of them
 * that begins before `next`. */
static mkg_status chunk_slip(mkg__names *x, const char *p, const words *w, size_t i,
                             size_t next, size_t to, mkg__slip *best, mkg_err *err)
{
    uint32_t near[2 * CANDIDATES];
    size_t n;
    mkg__weighted grams;
    mkg__names_weigh(x, mkg__view(p + w->start[i], w->end[to - 1] - w->start[i]),
                     &grams);
    mkg_status st = mkg__names_similar(x, &grams, CANDIDATES, near, &n, err);
    for (size_t c = 0; st >= 0 && c < n; c++) {
        mkg_view name = mkg__names_text(x, near[c]);
        if (name.len < 5) continue;
        for (size_t a = i; a < next; a++)
            for (size_t b = a; b < to && b < a + WORDS_MAX && !w->function[a]; b++)
                if (!w->function[b])
                    letter_slip(name, near[c], p, w->start[a], w->end[b], best);
    }
    return st;
}

/* Windows of up to four words; the one that is nearest to a name wins. */
static mkg_status words_slip(mkg__names *x, const char *p, size_t from, size_t to,
                             mkg__slip *best, mkg_err *err)
{
    enum { STEP = 2 };
    mkg_status st = MKG_OK;
    words w;
    bool settled = false;

    read_words(p, from, to, &w);
    for (size_t i = 0; i < w.n; i++)
        for (size_t k = i; k < w.n && k < i + WORDS_MAX && !w.function[i]; k++)
            if (!w.function[k])
                settled |= ending_slip(x, p, w.start[i], w.end[k], best);
    /* One look at the index does for the windows that begin at STEP words. */
    for (size_t i = 0; i < w.n && !settled; i += STEP) {
        while (i < w.n && w.function[i])
            i++;
        if (i == w.n) break;
        size_t next = i + STEP < w.n ? i + STEP : w.n;
        size_t end = next + WORDS_MAX - 1 < w.n ? next + WORDS_MAX - 1 : w.n;
        MKG_GO(chunk_slip(x, p, &w, i, next, end, best, err));
    }
out:
    return st;
}

mkg_status mkg__find_slip(mkg__names *x, const char *p, size_t from, size_t to,
                          mkg__slip *out, mkg_err *err)
{
    *out = (mkg__slip){0, 0, MKG_NAMES_NONE, 1};
    if (to - from > 4 * CHARS_MAX)
        for (to = from + 4 * CHARS_MAX; ((unsigned char)p[to] & 0xc0) == 0x80;)
            to--;
    mkg_lang lang = mkg__lang_guess(p + from, to - from);
    if (lang == MKG_LANG_ZH) return han_slip(x, p, from, to, out, err);
    return lang == MKG_LANG_EN ? words_slip(x, p, from, to, out, err) : MKG_OK;
}
