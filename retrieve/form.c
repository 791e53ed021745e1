/* The form of a question, by the words of data/question_words.tsv. */
#include "retrieve/form.h"

#include "base/err.h"

#include <string.h>

enum {
    NOTHING = MKG__BY_NOTHING,
    NAME = MKG__BY_NAME,
    PHRASE = MKG__BY_PHRASE,
    WORD = MKG__BY_WORD
};

enum { SHORT = 12 }; /* characters of a question without asides */

static void mark(char *by, size_t start, size_t end, char what)
{
    for (size_t i = start; i < end; i++)
        if (by[i] == NOTHING) by[i] = what;
}

static bool any(const char *by, size_t start, size_t end, char what)
{
    return end > start && memchr(by + start, what, end - start) != NULL;
}

static size_t step(const mkg__question *q, size_t at)
{
    size_t len;
    mkg__utf8_decode(q->folded.ptr + at, q->folded.len - at, &len);
    return len;
}

/* Is a word of the list there, outside the names? */
static bool has(const mkg__words *w, mkg__word_kind kind, const mkg__question *q,
                const char *by)
{
    for (size_t i = 0; i < q->folded.len; i += step(q, i)) {
        size_t n = mkg__word_longest(q, &w->kind[kind], i);
        if (n == 0 || any(by, i, i + n, NAME)) continue;
        return true;
    }
    return false;
}

static bool is_blank(const mkg__question *q, size_t at)
{
    return q->folded.ptr[at] == ' ' || q->folded.ptr[at] == ',';
}

/* The same where it is neither in a stretch that is `taken` nor a part of what asks
 * whether ("能不能", "isn't …?"). */
static bool has_beside(const mkg__words *w, mkg__word_kind kind, const mkg__question *q,
                       const char *by, char taken)
{
    size_t n;
    for (size_t i = 0; i < q->folded.len; i += n ? n : step(q, i)) {
        n = mkg__word_longest(q, &w->kind[MKG__YES_NO], i);
        if (n == 0 && by[i] != NAME && by[i] != taken &&
            mkg__word_longest(q, &w->kind[kind], i))
            return true;
    }
    return false;
}

/* "Without" before the name, or "excluded" after it. What asks whether ("有没有") ends
 * in the same words and says nothing of the kind. */
static bool is_negated(const mkg__words *w, const mkg__question *q, mkg__span *m)
{
    size_t end = m->start, from = m->end;
    while (end && is_blank(q, end - 1))
        end--;
    while (from < q->folded.len && is_blank(q, from))
        from++;
    size_t n = mkg__word_before(q, &w->kind[MKG__NOT_BEFORE], end);
    m->denied_from = m->start;
    if (n && mkg__word_before(q, &w->kind[MKG__YES_NO], end) < n) {
        m->denied_from = end - n;
        return true;
    }
    return from < q->folded.len &&
           mkg__word_longest(q, &w->kind[MKG__NOT_AFTER], from) > 0;
}

/* Names that stand side by side after "without" are all meant: "no fever or cough". */
static bool joins(const mkg__question *q, const mkg__span *a, const mkg__span *b)
{
    static const char *const words[] = {" or ", " nor ", "或", "或者",
                                        "、",   "和",    "及"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (b->start - a->end == n && memcmp(q->folded.ptr + a->end, words[i], n) == 0)
            return true;
    }
    return false;
}

/* Only beside a name that is wanted does another one that is not make sense. */
static bool mark_negated(const mkg__words *w, const mkg__question *q, mkg__spans *spans)
{
    size_t named = 0, negated = 0;
    for (size_t i = 0; i < spans->n; i++) {
        mkg__span *m = &spans->at[i];
        if (m->phrase) continue;
        named++;
        m->negated = is_negated(w, q, m);
        if (!m->negated && i && spans->at[i - 1].negated &&
            joins(q, &spans->at[i - 1], m)) {
            m->negated = true;
            m->denied_from = spans->at[i - 1].denied_from;
        }
        negated += m->negated;
    }
    for (size_t i = 0; named == negated && i < spans->n; i++)
        spans->at[i].negated = false;
    return negated && negated < named;
}

/* Of the characters that say something, those that nothing explains. */
static void measure(const mkg__question *q, const char *by, mkg__form *f)
{
    size_t len;
    for (size_t i = 0; i < q->folded.len; i += len) {
        uint32_t c = mkg__utf8_decode(q->folded.ptr + i, q->folded.len - i, &len);
        bool digit = c >= '0' && c <= '9';
        if (digit || (!mkg__is_han(c) && !mkg__is_word(c))) continue;
        double weight = mkg__is_han(c) ? 1 : 1.0 / 3;
        f->content += weight;
        if (by[i] == NOTHING) f->unexplained += weight;
    }
}

/* Words of all kinds, the longest first at each place. */
static void mark_words(const mkg__words *w, const mkg__question *q, char *by)
{
    size_t best;
    for (size_t i = 0; i < q->folded.len; i += best ? best : step(q, i)) {
        best = 0;
        for (size_t k = 0; k < MKG__WORD_KINDS; k++) {
            if (k == MKG__OPPOSITE || (k >= MKG__FORBIDS && k < MKG__FILLER)) continue;
            size_t n = mkg__word_longest(q, &w->kind[k], i);
            if (n > best) best = n;
        }
        mark(by, i, i + best, WORD);
    }
}

mkg_status mkg__form_read(const mkg__words *w, const mkg__question *q,
                          mkg__spans *spans, const mkg__asks *asks, mkg__form *f,
                          mkg_err *err)
{

    char *by = mkg__calloc(q->folded.len + 1, 1);

    memset(f, 0, sizeof *f);
    if (!by) return mkg__nomem(err);
    f->by = by;
    for (size_t i = 0; i < spans->n; i++)
        if (!spans->at[i].phrase) mark(by, spans->at[i].start, spans->at[i].end, NAME);
    f->open = has(w, MKG__OPEN, q, by);
    f->yes_no = !f->open && has(w, MKG__YES_NO, q, by);
    f->joint = has(w, MKG__JOINT, q, by);
    f->related = has(w, MKG__RELATED, q, by);
    f->may = f->yes_no && has(w, MKG__MAY, q, by) &&
             !has_beside(w, MKG__MAY_NOT, q, by, NAME);
    /* "A 不会引起 B 吗" is about B; "which has A but not B" is not. */
    f->negatives = f->open && mark_negated(w, q, spans);
    for (size_t i = 0; i < asks->n; i++) {
        const mkg__ask *a = &asks->at[i];
        f->joint |= a->joint;
        mark(by, a->start, a->gap, PHRASE);
        mark(by, a->gap_end, a->end, PHRASE);
    }
    f->denied = has_beside(w, MKG__DENIED, q, by, PHRASE);
    for (size_t i = 0; i < spans->n; i++)
        if (spans->at[i].phrase) mark(by, spans->at[i].start, spans->at[i].end, NAME);
    mark_words(w, q, by);
    measure(q, by, f);
    return MKG_OK;
}

void mkg__form_clear(mkg__form *f)
{
    mkg__free(f->by);
    f->by = NULL;
}

/* The first stretch between the two places that nothing explains and that is long
 * enough to be a name. */
static bool find_unknown(const mkg__form *f, const mkg__question *q, size_t start,
                         size_t end, size_t *from, size_t *to)
{
    for (size_t i = start, j; i < end; i = j + 1) {
        size_t len;
        for (j = i; j < end && f->by[j] == NOTHING && !is_blank(q, j); j++)
            ;
        if (j == i) continue;
        uint32_t c = mkg__utf8_decode(q->folded.ptr + i, j - i, &len);
        size_t chars = mkg__utf8_count(q->folded.ptr + i, j - i);
        if (chars < (mkg__is_han(c) ? 2 : 4)) continue;
        *from = i;
        *to = j;
        return true;
    }
    return false;
}

bool mkg__form_unknown(const mkg__form *f, const mkg__question *q,
                       const mkg__asks *asks, size_t names, size_t *start, size_t *end)
{
    for (size_t i = 0; f->yes_no && i < asks->n; i++) {
        const mkg__ask *a = &asks->at[i];
        if (!a->relation->literal && find_unknown(f, q, a->gap, a->gap_end, start, end))
            return true;
    }
    /* What the question begins with is what it is about: "阿司匹林能治感冒吗". */
    if (!f->yes_no || asks->n == 0 || names != 1 || f->by[0] != NOTHING ||
        f->content > SHORT)
        return false;
    size_t stop = 0;
    while (stop < q->folded.len && f->by[stop] == NOTHING && !is_blank(q, stop))
        stop++;
    *start = 0;
    *end = stop;
    return mkg__utf8_count(q->folded.ptr, stop) >= 3;
}

/* 1 if the list has "a|b", -1 if it has "b|a", else 0. */
static int find_pair(const mkg__word_list *list, mkg_view a, mkg_view b)
{
    for (size_t i = 0; i < list->n; i++) {
        mkg_view pair = list->at[i].text;
        const char *bar = memchr(pair.ptr, '|', pair.len);
        if (!bar) continue;
        mkg_view x = {pair.ptr, (size_t)(bar - pair.ptr)};
        mkg_view y = {bar + 1, pair.len - x.len - 1};
        if (mkg__view_eq(a, x) && mkg__view_eq(b, y)) return 1;
        if (mkg__view_eq(a, y) && mkg__view_eq(b, x)) return -1;
    }
    return 0;
}

int mkg__words_opposite(const mkg__words *w, mkg_view a, mkg_view b)
{
    return find_pair(&w->kind[MKG__OPPOSITE], a, b);
}

bool mkg__words_alike(const mkg__words *w, mkg_view a, mkg_view b)
{
    return find_pair(&w->kind[MKG__ALIKE], a, b) != 0;
}

bool mkg__words_instead(const mkg__words *w, mkg_view asked, mkg_view other)
{
    return find_pair(&w->kind[MKG__INSTEAD], asked, other) > 0;
}
