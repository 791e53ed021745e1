/* Which relations are asked for: the phrases of the vocabulary that stand in the
 * question, outside the names that it mentions. */
#include "retrieve/retrieve_internal.h"

#include "base/err.h"
#include "retrieve/words.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 8 }; /* characters that a '*' in a phrase may stand for */

static bool inside_mention(const mkg__spans *spans, size_t start, size_t end)
{
    for (size_t i = 0; i < spans->n; i++) {
        const mkg__span *m = &spans->at[i];
        if (!m->phrase && start < m->end && m->start < end) return true;
    }
    return false;
}

/* Match the parts of a phrase (between '*') from `at` on; the end, or 0. *last is where
 * the last part starts. */
static size_t match_parts(const mkg__question *q, mkg_view phrase, size_t at,
                          const mkg__spans *spans, size_t *last)
{
    const char *star = memchr(phrase.ptr, '*', phrase.len);
    mkg_view part = mkg__trim(
        mkg__view(phrase.ptr, star ? (size_t)(star - phrase.ptr) : phrase.len));
    if (!mkg__word_at(q, part, at) || inside_mention(spans, at, at + part.len))
        return 0;
    size_t end = at + part.len, len;
    *last = at;
    if (!star) return end;
    mkg_view rest = {star + 1, phrase.len - (size_t)(star + 1 - phrase.ptr)};
    /* A gap in English is counted in words' worth of characters. */
    size_t gap = mkg__is_word((unsigned char)part.ptr[0]) ? GAP * 5 : GAP;
    for (size_t i = end, k = 0; i <= q->folded.len && k <= gap; k++) {
        size_t stop = match_parts(q, rest, i, spans, last);
        if (stop) return stop;
        if (i == q->folded.len) break;
        mkg__utf8_decode(q->folded.ptr + i, q->folded.len - i, &len);
        i += len;
    }
    return 0;
}

/* "~what is" is asked only where nothing else is; "&which disease" asks for what all
 * the names have in common. Takes the marks off. */
static void read_marks(mkg_view *phrase, bool *weak, bool *joint)
{
    for (*weak = *joint = false; phrase->len; phrase->ptr++, phrase->len--) {
        if (phrase->ptr[0] == '~')
            *weak = true;
        else if (phrase->ptr[0] == '&')
            *joint = true;
        else
            break;
    }
}

static size_t phrase_chars(mkg_view phrase)
{
    size_t n = mkg__utf8_count(phrase.ptr, phrase.len);
    for (size_t i = 0; i < phrase.len; i++)
        if (phrase.ptr[i] == '*' || phrase.ptr[i] == ' ') n--;
    return n;
}

static mkg_status find_phrase(const mkg__question *q, const mkg_relation *r,
                              mkg_view phrase, mkg__spans *spans, mkg__asks *out,
                              mkg_err *err)
{
    size_t len, last;
    bool weak, joint;
    read_marks(&phrase, &weak, &joint);
    const char *star = memchr(phrase.ptr, '*', phrase.len);
    if (phrase_chars(phrase) == 0) return MKG_OK; /* "*" says nothing */
    mkg_view first = mkg__trim(
        mkg__view(phrase.ptr, star ? (size_t)(star - phrase.ptr) : phrase.len));
    for (size_t i = 0; i < q->folded.len; i += len) {
        mkg__utf8_decode(q->folded.ptr + i, q->folded.len - i, &len);
        /* Nearly no place begins like the phrase. */
        if (q->folded.ptr[i] != phrase.ptr[0]) continue;
        size_t end = match_parts(q, phrase, i, spans, &last);
        if (end == 0) continue;
        if (!mkg__grow(&out->at, &out->cap, out->n + 1, sizeof *out->at))
            return mkg__nomem(err);
        mkg__ask *a = &out->at[out->n++];
        *a = (mkg__ask){.relation = r,
                        .weak = weak,
                        .joint = joint,
                        .start = i,
                        .end = end,
                        .gap = i + first.len,
                        .gap_end = star ? last : i + first.len,
                        .chars = phrase_chars(phrase)};
        /* A Latin letter says a third of what a Chinese character says. */
        if ((unsigned char)phrase.ptr[0] < 0x80) a->chars = (a->chars + 2) / 3;
    }
    return MKG_OK;
}

/* Call `fn` for each phrase of the vocabulary. */
typedef mkg_status (*phrase_fn)(const mkg__question *q, const mkg_relation *r,
                                mkg_view phrase, mkg__spans *spans, mkg__asks *out,
                                mkg_err *err);

static mkg_status each_phrase(mkg_kg *kg, phrase_fn fn, const mkg__question *q,
                              mkg__spans *spans, mkg__asks *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        const mkg_view lists[] = {r->phrases_zh, r->phrases_en};
        for (size_t k = 0; k < 2; k++) {
            mkg_view list = lists[k];
            while (list.len) {
                const char *semi = memchr(list.ptr, ';', list.len);
                size_t n = semi ? (size_t)(semi - list.ptr) : list.len;
                mkg_view phrase = mkg__trim(mkg__view(list.ptr, n));
                if (phrase.len) MKG_GO(fn(q, r, phrase, spans, out, err));
                n += semi != NULL;
                list = mkg__view(list.ptr + n, list.len - n);
            }
        }
    }
out:
    return st;
}

/* Note which bytes of the mentions the phrase covers, in m->covered. */
static mkg_status cover(const mkg__question *q, const mkg_relation *r, mkg_view phrase,
                        mkg__spans *spans, mkg__asks *out, mkg_err *err)
{
    (void)r;
    (void)out;
    (void)err;
    bool weak, joint;
    read_marks(&phrase, &weak, &joint);
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        for (size_t at = m->start; at + phrase.len <= m->end; at++)
            if (memcmp(q->folded.ptr + at, phrase.ptr, phrase.len) == 0)
                memset(spans->covered + at, 1, phrase.len);
    }
    return MKG_OK;
}

/* A mention that is made of question words alone ("药物治疗", "diet") is rather a
 * question than a name: it does not hide the phrases in it. */
static mkg_status mark_phrases(mkg_kg *kg, const mkg__question *q, mkg__spans *spans,
                               mkg_err *err)
{
    spans->covered = mkg__calloc(q->folded.len, 1);
    if (!spans->covered) return mkg__nomem(err);
    mkg_status st = each_phrase(kg, cover, q, spans, NULL, err);
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        m->phrase = memchr(spans->covered + m->start, 0, m->end - m->start) == NULL;
    }
    return st;
}

mkg_status mkg__asks_find(mkg_kg *kg, const mkg__question *q, mkg__spans *spans,
                          mkg__asks *out, mkg_err *err)
{
    mkg_status st = mark_phrases(kg, q, spans, err);
    if (st >= 0) st = each_phrase(kg, find_phrase, q, spans, out, err);
    return st;
}

void mkg__asks_clear(mkg__asks *a)
{
    mkg__free(a->at);
    memset(a, 0, sizeof *a);
}

static int most_said_first(const void *p, const void *q)
{
    const mkg__ask *x = p, *y = q;
    if (x->weak != y->weak) return x->weak - y->weak;
    if (x->chars != y->chars) return x->chars > y->chars ? -1 : 1;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    if (x->relation->id != y->relation->id)
        return x->relation->id < y->relation->id ? -1 : 1;
    return x->relation->inverse - y->relation->inverse;
}

/* Do the words of the two overlap? What stands in a gap of one does not. */
static bool overlap(const mkg__ask *a, const mkg__ask *b)
{
    const size_t x[4] = {a->start, a->gap, a->gap_end, a->end};
    const size_t y[4] = {b->start, b->gap, b->gap_end, b->end};
    for (size_t i = 0; i < 4; i += 2)
        for (size_t k = 0; k < 4; k += 2)
            if (x[i] < y[k + 1] && y[k] < x[i + 1]) return true;
    return false;
}

static bool beaten(const mkg__ask *kept, size_t n, const mkg__ask *a)
{
    for (size_t i = 0; i < n; i++) {
        if (kept[i].relation == a->relation) return true;
        bool same_words = kept[i].start == a->start && kept[i].end == a->end;
        if (!same_words && overlap(&kept[i], a)) return true;
    }
    return false;
}

/* Is there the end of a clause between the two? "什么是X，怎么治": two questions. */
static bool apart(const mkg__question *q, const mkg__ask *a, const mkg__ask *b)
{
    static const char *const marks[] = {",",  ";",     "?",    "、",
                                        "。", " and ", "还有", "以及"};
    size_t from = a->end < b->end ? a->end : b->end;
    size_t to = a->start > b->start ? a->start : b->start;
    for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
        size_t n = strlen(marks[k]);
        for (size_t i = from; i + n <= to; i++)
            if (memcmp(q->folded.ptr + i, marks[k], n) == 0) return true;
    }
    return false;
}

/* Something else is asked in the clause where the weak phrase stands. */
static bool outdone(const mkg__question *q, const mkg__ask *kept, size_t n,
                    const mkg__ask *a)
{
    for (size_t i = 0; a->weak && i < n; i++)
        if (!kept[i].weak && !apart(q, &kept[i], a)) return true;
    return false;
}

void mkg__asks_settle(const mkg__question *q, mkg__asks *a)
{
    size_t kept = 0;
    if (a->n) qsort(a->at, a->n, sizeof *a->at, most_said_first);
    for (size_t i = 0; i < a->n; i++)
        if (!beaten(a->at, kept, &a->at[i]) && !outdone(q, a->at, kept, &a->at[i]))
            a->at[kept++] = a->at[i];
    a->n = kept;
}

/* Of `lost`, keep what says more than repeats of `a`: asks for something else in words
 * of their own. A weak one of `a` gives way to it. */
void mkg__asks_apart(const mkg__question *q, mkg__asks *a, mkg__asks *lost)
{
    size_t kept = 0;
    mkg__asks_settle(q, lost);
    for (size_t i = 0; i < lost->n; i++) {
        bool mine = !lost->at[i].weak;
        for (size_t k = 0; k < a->n && mine; k++)
            mine = a->at[k].relation->id != lost->at[i].relation->id &&
                   !overlap(&a->at[k], &lost->at[i]);
        if (mine) lost->at[kept++] = lost->at[i];
    }
    if (a->n) lost->n = kept;
    kept = 0;
    for (size_t i = 0; i < a->n; i++)
        if (!outdone(q, lost->at, lost->n, &a->at[i])) a->at[kept++] = a->at[i];
    a->n = kept;
}
