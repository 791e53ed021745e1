/* Names in the question: longest match through the trie of all names. */
#include "retrieve/retrieve_internal.h"

#include "base/err.h"
#include "retrieve/fuzzy_internal.h"
#include "retrieve/name_words_internal.h"
#include "retrieve/phrases_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Short English words that are somebody's abbreviation ("ALL", "AS"): names only where
 * they are written in capitals. */
static const char *const common_words[] = {
    "a",     "all",  "am",   "an",   "and",   "any",  "are",  "as",   "at",  "be",
    "by",    "can",  "do",   "for",  "from",  "had",  "has",  "have", "he",  "her",
    "him",   "his",  "how",  "i",    "if",    "in",   "is",   "it",   "its", "may",
    "me",    "my",   "no",   "not",  "of",    "on",   "or",   "our",  "out", "she",
    "so",    "some", "that", "the",  "them",  "they", "this", "to",   "up",  "us",
    "was",   "we",   "what", "when", "who",   "why",  "will", "with", "you", "your",
    "which", "does", "get",  "take", "should"};

static bool is_common(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof common_words / sizeof *common_words; i++)
        if (strlen(common_words[i]) == n && memcmp(common_words[i], p, n) == 0)
            return true;
    return false;
}

/* Two letters are an abbreviation or nothing. */
static bool is_short_latin(const char *p, size_t n)
{
    return n <= 2 && p[0] >= 'a' && p[0] <= 'z' && p[n - 1] >= 'a' && p[n - 1] <= 'z';
}

static bool in_capitals(const mkg__question *q, size_t start, size_t end)
{
    bool lower_elsewhere = false;
    size_t from = q->map[start], to = q->map[end];
    for (size_t i = 0; i < q->len; i++) {
        bool lower = q->text[i] >= 'a' && q->text[i] <= 'z';
        if (i >= from && i < to && lower) return false;
        if (lower) lower_elsewhere = true;
    }
    return lower_elsewhere || to - from == q->len;
}

static uint32_t char_before(const mkg__question *q, size_t at)
{
    size_t len;
    if (at == 0) return 0;
    do
        at--;
    while (at && ((unsigned char)q->folded.ptr[at] & 0xc0) == 0x80);
    return mkg__utf8_decode(q->folded.ptr + at, q->folded.len - at, &len);
}

static uint32_t char_at(const mkg__question *q, size_t at)
{
    size_t len;
    if (at >= q->folded.len) return 0;
    return mkg__utf8_decode(q->folded.ptr + at, q->folded.len - at, &len);
}

/* A name in Latin script does not start or end within a word. */
static bool at_word_edges(const mkg__question *q, size_t start, size_t end)
{
    if (mkg__is_word(char_at(q, start)) && mkg__is_word(char_before(q, start)))
        return false;
    if (mkg__is_word(char_before(q, end)) && mkg__is_word(char_at(q, end)))
        return false;
    return true;
}

static bool acceptable(const mkg__question *q, size_t start, size_t end)
{
    const char *p = q->folded.ptr + start;
    size_t n = end - start, chars = mkg__utf8_count(p, n);
    /* One character says too little, unless it is all there is. */
    if (chars < 2 && n != q->folded.len) return false;
    if (!at_word_edges(q, start, end)) return false;
    /* Nor does it within one character that folds to several ("㏂" to "a.m."). */
    if (q->map[end] == q->map[end - 1] || (start && q->map[start] == q->map[start - 1]))
        return false;
    double number;
    if (mkg__parse_double(mkg__view(p, n), &number)) return false;
    return (!is_common(p, n) && !is_short_latin(p, n)) || in_capitals(q, start, end);
}

static mkg__name_kind best_kind(const mkg__names *x, uint32_t surface)
{
    mkg__name_kind best = MKG__NAME_KINDS;
    for (size_t i = 0, n = mkg__names_entries(x, surface); i < n; i++) {
        mkg__name_kind kind = mkg__names_entry(x, surface, i).kind;
        if (kind < best) best = kind;
    }
    return best;
}

/* A span with the nodes of a surface, the best way of each and of them those with
 * the most facts first. Colloquial phrases count where nothing better is called
 * so. */
static mkg_status add(const mkg__names *x, mkg__spans *s, size_t start, size_t end,
                      uint32_t surface, const char *text, mkg_err *err)
{
    mkg__name_kind best = best_kind(x, surface);
    mkg__span *m;

    if (!mkg__grow(&s->at, &s->cap, s->n + 1, sizeof *s->at)) return mkg__nomem(err);
    m = &s->at[s->n++];
    memset(m, 0, sizeof *m);
    m->start = start;
    m->end = end;
    m->chars = mkg__utf8_count(text + start, end - start);
    m->surface = surface;
    m->how = mkg__name_kind_how(best);
    m->score = best <= MKG__NAME_ALIAS ? 1 : 0.95;
    return MKG_OK;
}

static mkg_status fill_nodes(const mkg__names *x, mkg__span *m, mkg_err *err)
{
    size_t n = mkg__names_entries(x, m->surface);
    bool colloquial = best_kind(x, m->surface) >= MKG__NAME_COLLOQUIAL;
    size_t cap = 0;

    for (size_t i = 0; i < n; i++) {
        mkg__name_entry e = mkg__names_entry(x, m->surface, i);
        if (e.kind >= MKG__NAME_COLLOQUIAL && !colloquial) continue;
        float score = (float)m->score * (e.kind == MKG__NAME_ALIAS ? 0.98f : 1) -
                      0.02f / (1 + logf(1 + (float)mkg__names_degree(x, e.node)));
        if (!mkg__grow(&m->nodes.ids, &m->nodes.cap, m->nodes.n + 1,
                       sizeof *m->nodes.ids) ||
            !mkg__grow(&m->scores, &cap, m->nodes.n + 1, sizeof *m->scores))
            return mkg__nomem(err);
        size_t at = m->nodes.n++;
        for (; at > 0 && m->scores[at - 1] < score; at--) {
            m->scores[at] = m->scores[at - 1];
            m->nodes.ids[at] = m->nodes.ids[at - 1];
        }
        m->scores[at] = score;
        m->nodes.ids[at] = e.node;
    }
    return MKG_OK;
}

static int longest_first(const void *a, const void *b)
{
    const mkg__span *x = a, *y = b;
    if (x->chars != y->chars) return x->chars > y->chars ? -1 : 1;
    if (x->score < y->score || x->score > y->score) return x->score > y->score ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

static int by_start(const void *a, const void *b)
{
    const mkg__span *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static bool overlaps_any(const mkg__span *kept, size_t n, const mkg__span *m)
{
    for (size_t i = 0; i < n; i++)
        if (m->start < kept[i].end && kept[i].start < m->end) return true;
    return false;
}

/* Is it a name to the letter that overlaps one of those kept, and only one, and has
 * letters outside of it? 内痔 where 痔出血 was taken from 内痔出血. */
static bool sticks_out(const mkg__span *kept, size_t n, const mkg__span *m)
{
    size_t over = 0;
    for (size_t i = 0; i < n; i++) {
        if (m->start >= kept[i].end || kept[i].start >= m->end) continue;
        if (m->start >= kept[i].start && m->end <= kept[i].end) return false;
        over++;
    }
    return over == 1 && m->score >= 1;
}

static mkg_status add_rival(const mkg__names *x, mkg__spans *s, const mkg__span *m,
                            mkg_err *err)
{
    if (!mkg__grow(&s->rivals, &s->rivals_cap, s->nrivals + 1, sizeof *s->rivals))
        return mkg__nomem(err);
    mkg__span *r = &s->rivals[s->nrivals++];
    *r = *m;
    r->rival = true;
    return fill_nodes(x, r, err);
}

mkg_status mkg__spans_join_rivals(mkg__spans *s, mkg_err *err)
{
    if (s->nrivals == 0) return MKG_OK;
    if (!mkg__grow(&s->at, &s->cap, s->n + s->nrivals, sizeof *s->at))
        return mkg__nomem(err);
    for (size_t i = 0; i < s->nrivals; i++) {
        s->rivals[i].whole = s->rivals[i].start;
        s->rivals[i].whole_end = s->rivals[i].end;
        s->at[s->n++] = s->rivals[i];
    }
    s->nrivals = 0;
    return MKG_OK;
}

/* Phrases that users give come from any text: short ones stand for too much. */
static bool says_enough(const mkg__names *x, const char *text, const mkg__name_match *m)
{
    return mkg__names_entry(x, m->surface, 0).kind != MKG__NAME_GIVEN ||
           mkg__utf8_count(text, m->len) >= 3;
}

/* ---- the same words in another order or form ---- */

enum { TOKENS = 96, WINDOW = 10, SHORT_FORM = 5 };

static bool is_edge(const char *text, const mkg__token *t)
{
    return t->hash &&
           !mkg__is_function_word(mkg__view(text + t->start, t->end - t->start));
}

/* A word alone is another form of a name only if it is long enough to be no accident.
 */
static bool is_too_short(const char *text, const mkg__token *t)
{
    char form[48];
    size_t n = mkg__word_form(mkg__view(text + t->start, t->end - t->start), form,
                              sizeof form);
    return n < SHORT_FORM;
}

/* The longest name that begins with word `i`: nothing new where it is a name to the
 * letter. */
static mkg_status find_variant(const mkg__names *x, const mkg__question *q,
                               const mkg__token *t, size_t n, size_t i, mkg__spans *out,
                               mkg_err *err)
{
    const char *text = q->folded.ptr;
    uint64_t sum[WINDOW];
    size_t words = 0;

    for (uint64_t key = 0; words < WINDOW && i + words < n; words++) {
        if (words && t[i + words].broken) break;
        sum[words] = key += t[i + words].hash;
    }
    while (words-- > 0) {
        const mkg__token *last = &t[i + words];
        bool type = words && t[i + words - 1].hash == 0;
        if ((!is_edge(text, last) && !type) || (words == 0 && is_too_short(text, last)))
            continue;
        uint32_t surface = mkg__names_same_words(x, sum[words]);
        if (surface == MKG_NAMES_NONE || !acceptable(q, t[i].start, last->end))
            continue;
        mkg_view name = mkg__names_text(x, surface);
        if (mkg__view_eq(name, mkg__view(text + t[i].start, last->end - t[i].start)))
            return MKG_OK;
        mkg_status st = add(x, out, t[i].start, last->end, surface, text, err);
        if (st < 0) return st;
        out->at[out->n - 1].how = "fuzzy";
        out->at[out->n - 1].score = 0.97;
        return MKG_OK;
    }
    return MKG_OK;
}

static mkg_status find_variants(const mkg__names *x, const mkg__question *q,
                                mkg__spans *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__token t[TOKENS];
    size_t n = mkg__tokens_of(q->folded.ptr, q->folded.len, t, TOKENS);
    for (size_t i = 0; i < n; i++)
        if (is_edge(q->folded.ptr, &t[i]))
            MKG_GO(find_variant(x, q, t, n, i, out, err));
out:
    return st;
}

static mkg_status find_spans(const mkg__names *x, const mkg__question *q,
                             mkg__spans *out, mkg_err *err)
{
    enum { LENGTHS = 64 };
    mkg_status st = MKG_OK;
    const char *text = q->folded.ptr;
    mkg__name_match match[LENGTHS];
    size_t len, kept = 0;

    MKG_GO(find_variants(x, q, out, err));
    for (size_t i = 0; i < q->folded.len; i += len) {
        mkg__utf8_decode(text + i, q->folded.len - i, &len);
        if (mkg__is_word(char_before(q, i)) && mkg__is_word(char_at(q, i))) continue;
        size_t n = mkg__names_prefixes(x, text + i, q->folded.len - i, match, LENGTHS);
        while (n-- > 0) {
            if (!acceptable(q, i, i + match[n].len) ||
                !says_enough(x, text + i, &match[n]))
                continue;
            MKG_GO(add(x, out, i, i + match[n].len, match[n].surface, text, err));
            break;
        }
    }
    if (out->n) qsort(out->at, out->n, sizeof *out->at, longest_first);
    for (size_t i = 0; i < out->n; i++) {
        mkg__span m = out->at[i];
        if (!overlaps_any(out->at, kept, &m))
            out->at[kept++] = m;
        else if (sticks_out(out->at, kept, &m))
            MKG_GO(add_rival(x, out, &m, err));
    }
    out->n = kept;
    if (kept) qsort(out->at, kept, sizeof *out->at, by_start);
    for (size_t i = 0; i < kept; i++)
        MKG_GO(fill_nodes(x, &out->at[i], err));
    st = MKG_OK;
out:
    return st;
}

/* What is left of bytes [from, to) when the words that name nothing are taken off. */
static bool worth_a_look(const char *text, size_t *from, size_t *to)
{
    mkg_view v = {text + *from, *to - *from};
    mkg__strip_function_words(&v);
    *from = (size_t)(v.ptr - text);
    *to = *from + v.len;
    return mkg__utf8_count(v.ptr, v.len) >= 3;
}

/* Misspelt names between the spans that were found. */
static mkg_status find_slips(mkg__names *x, const mkg__question *q, mkg__spans *out,
                             mkg_err *err)
{
    enum { SLIPS = 4 };
    mkg_status st = MKG_OK;
    const char *text = q->folded.ptr;
    size_t known = out->n, slips = 0;
    mkg__slip slip;

    for (size_t i = 0; i <= known && slips < SLIPS; i++) {
        size_t from = i ? out->at[i - 1].end : 0;
        size_t to = i < known ? out->at[i].start : q->folded.len;
        while (slips < SLIPS && worth_a_look(text, &from, &to)) {
            MKG_GO(mkg__find_slip(x, text, from, to, &slip, err));
            if (slip.surface == MKG_NAMES_NONE || !acceptable(q, slip.start, slip.end))
                break;
            MKG_GO(add(x, out, slip.start, slip.end, slip.surface, text, err));
            mkg__span *m = &out->at[out->n - 1];
            MKG_GO(fill_nodes(x, m, err));
            m->how = "fuzzy";
            m->score = 0.95 - (double)slip.cost;
            from = slip.end;
            slips++;
        }
    }
    if (out->n > known) qsort(out->at, out->n, sizeof *out->at, by_start);
    st = MKG_OK;
out:
    return st;
}

mkg_status mkg__spans_find(mkg_kg *kg, const mkg__question *q, mkg__spans *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__names *x;

    for (int turn = 0; turn < 2; turn++) {
        MKG_GO(mkg__names_get(kg, &x, err));
        MKG_GO(find_spans(x, q, out, err));
        MKG_GO(find_slips(x, q, out, err));
        if (!mkg__names_damaged(x)) break;
        mkg__spans_clear(out); /* mkg__names_get() makes the index anew */
    }
    st = MKG_OK;
out:
    return st;
}

void mkg__spans_clear(mkg__spans *s)
{
    for (size_t i = 0; i < s->n; i++) {
        mkg_ids_clear(&s->at[i].nodes);
        mkg__free(s->at[i].scores);
    }
    for (size_t i = 0; i < s->nrivals; i++) {
        mkg_ids_clear(&s->rivals[i].nodes);
        mkg__free(s->rivals[i].scores);
    }
    mkg__free(s->rivals);
    mkg__free(s->at);
    mkg__free(s->covered);
    memset(s, 0, sizeof *s);
}
