/* Names that are longer than what was found in them. "新冠肺炎" in a graph that knows
 * 肺炎 alone is not 肺炎: the reader has to be told. */
#include "retrieve/form.h"

#include "retrieve/name_words_internal.h"
#include "retrieve/phrases_internal.h"

#include <string.h>

enum { WORDS_BEFORE = 4, HAN_BEFORE = 6, HAN_LEAST = 2 };

static mkg_view of(const mkg__question *q, size_t from, size_t to)
{
    return mkg__view(q->folded.ptr + from, to - from);
}

static bool is_open(const mkg__form *f, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (f->by[i] != MKG__BY_NOTHING) return false;
    return from < to;
}

/* The character that ends at `at`; its first byte to *start. */
static uint32_t char_before(const mkg__question *q, size_t at, size_t *start)
{
    size_t len;
    for (*start = at - 1;
         *start && ((unsigned char)q->folded.ptr[*start] & 0xc0) == 0x80;)
        --*start;
    return mkg__utf8_decode(q->folded.ptr + *start, at - *start, &len);
}

/* Han characters before the name that nothing explains, without what qualifies it. */
static size_t han_before(const mkg__words *w, const mkg__question *q,
                         const mkg__form *f, size_t start)
{
    const mkg__word_list *qualifiers = &w->kind[MKG__QUALIFIER];
    size_t from = start, at, chars = 0;
    while (from && chars <= HAN_BEFORE && mkg__is_han(char_before(q, from, &at)) &&
           is_open(f, at, from)) {
        if (mkg__word_before(q, qualifiers, from)) break;
        from = at;
        chars++;
    }
    return chars >= HAN_LEAST && chars <= HAN_BEFORE ? from : start;
}

static bool is_said(const mkg__words *w, mkg_view word)
{
    return mkg__is_function_word(word) ||
           mkg__word_listed(&w->kind[MKG__QUALIFIER], word) ||
           mkg__word_listed(&w->kind[MKG__FILLER], word);
}

static bool beside(const mkg__question *q, size_t a, size_t b)
{
    return b == a + 1 && (q->folded.ptr[a] == ' ' || q->folded.ptr[a] == '-');
}

static bool may_belong(const mkg__form *f, size_t from, size_t to, bool generic)
{
    if (is_open(f, from, to)) return true;
    for (size_t i = from; i < to; i++)
        if (f->by[i] != MKG__BY_NAME) return false;
    return generic;
}

/* Words before the name, one blank or hyphen between them, that nothing explains;
 * before "syndrome", which is no name by itself, also other names. */
static void words_before(const mkg__words *w, const mkg__question *q,
                         const mkg__form *f, const mkg__token *t, size_t first,
                         mkg__span *m)
{
    bool generic = mkg__word_listed(&w->kind[MKG__GENERIC], of(q, m->start, m->end));
    for (size_t k = first, n = 0; k-- > 0 && n < WORDS_BEFORE; n++) {
        if (!beside(q, t[k].end, m->whole) ||
            !may_belong(f, t[k].start, t[k].end, generic) ||
            is_said(w, of(q, t[k].start, t[k].end)))
            break;
        m->whole = t[k].start;
    }
}

static bool is_small_number(const mkg__question *q, const mkg__token *t)
{
    for (size_t i = t->start; i < t->end; i++)
        if (q->folded.ptr[i] < '0' || q->folded.ptr[i] > '9') return false;
    return t->end - t->start <= 2;
}

/* "Type 4", or a small number that counts nothing, or what a hyphen joins to it. */
static void words_behind(const mkg__question *q, const mkg__form *f,
                         const mkg__token *t, size_t n, size_t k, mkg__span *m)
{
    for (; k < n && beside(q, m->whole_end, t[k].start); k++) {
        bool more = k + 1 < n && beside(q, t[k].end, t[k + 1].start);
        if (q->folded.ptr[m->whole_end] == '-' && is_open(f, t[k].start, t[k].end)) {
            m->whole_end = t[k].end;
            continue;
        }
        if (mkg__view_is(of(q, t[k].start, t[k].end), "type") && more &&
            t[k + 1].end - t[k + 1].start <= 3)
            m->whole_end = t[k + 1].end;
        else if (is_small_number(q, &t[k]) &&
                 !(more && is_open(f, t[k + 1].start, t[k + 1].end)))
            m->whole_end = t[k].end;
        break;
    }
}

static void words_around(const mkg__words *w, const mkg__question *q,
                         const mkg__form *f, const mkg__token *t, size_t n,
                         mkg__span *m)
{
    size_t first = 0, last = n;
    while (first < n && t[first].end <= m->start)
        first++;
    while (last > 0 && t[last - 1].start >= m->end)
        last--;
    words_before(w, q, f, t, first, m);
    words_behind(q, f, t, n, last, m);
}

void mkg__form_whole(const mkg__words *w, const mkg__question *q, const mkg__form *f,
                     mkg__spans *spans)
{
    enum { TOKENS = 96 };
    mkg__token t[TOKENS];
    size_t n = mkg__tokens_of(q->folded.ptr, q->folded.len, t, TOKENS), len;

    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        m->whole = m->start;
        m->whole_end = m->end;
        if (m->phrase) continue;
        if (mkg__is_han(
                mkg__utf8_decode(q->folded.ptr + m->start, m->end - m->start, &len)))
            m->whole = han_before(w, q, f, m->start);
        else
            words_around(w, q, f, t, n, m);
    }
}
