/* The tables of data/ that linking knows: sounds and forms of Han characters, phrases,
 * function words. Read once, at first use. */
#include "retrieve/phrases_internal.h"

#include "base/err.h"
#include "retrieve/data_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines of a table ---- */

/* The next line that is no remark; false at the end. */
static bool next_line(mkg_view *rest, mkg_view *line)
{
    while (rest->len > 0) {
        const char *end = memchr(rest->ptr, '\n', rest->len);
        size_t n = end ? (size_t)(end - rest->ptr) : rest->len;
        *line = mkg__view(rest->ptr, n);
        n += end != NULL;
        *rest = mkg__view(rest->ptr + n, rest->len - n);
        if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
        if (line->len && line->ptr[0] != '#') return true;
    }
    return false;
}

/* Take what stands before `mark` off the front; all of it where there is no mark. */
static mkg_view take(mkg_view *rest, char mark)
{
    const char *end = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
    mkg_view v = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
    size_t n = v.len + (end != NULL);
    *rest = mkg__view(rest->ptr + n, rest->len - n);
    return v;
}

static mkg_view bytes(const unsigned char *p, size_t n)
{
    return mkg__view((const char *)p, n);
}

/* ---- Han characters ---- */

enum { HAN_FIRST = 0x4e00, HAN_LAST = 0x9fff, SOUNDS_MAX = 512, PARTS_MAX = 64 };

typedef struct sound {
    char initial[3], final[6];
} sound;

static uint16_t sound_of[HAN_LAST - HAN_FIRST + 1];  /* 0: not known */
static uint16_t simple_of[HAN_LAST - HAN_FIRST + 1]; /* 0: itself */
static sound sounds[SOUNDS_MAX];
static pthread_once_t han_read = PTHREAD_ONCE_INIT;

static bool in_table(uint32_t c)
{
    return c >= HAN_FIRST && c <= HAN_LAST;
}

static void split_sound(mkg_view s, sound *out)
{
    size_t n = s.len && strchr("bpmfdtnlgkhjqxzcsryw", s.ptr[0]) ? 1 : 0;
    if (n && s.len > 1 && s.ptr[1] == 'h') n = 2;
    memset(out, 0, sizeof *out);
    memcpy(out->initial, s.ptr, n);
    size_t rest = s.len - n < sizeof out->final ? s.len - n : sizeof out->final - 1;
    memcpy(out->final, s.ptr + n, rest);
}

static void read_han(void)
{
    mkg_view rest = bytes(mkg__data_han, mkg__data_han_size), line;
    uint16_t n = 0;
    while (next_line(&rest, &line)) {
        mkg_view chars = line, key = take(&chars, '\t');
        bool pairs = mkg__view_is(key, "*");
        uint32_t before = 0;
        if (!pairs && n + 1 < SOUNDS_MAX) split_sound(key, &sounds[++n]);
        for (size_t i = 0, len; i < chars.len; i += len) {
            uint32_t c = mkg__utf8_decode(chars.ptr + i, chars.len - i, &len);
            if (!in_table(c)) continue;
            if (!pairs) {
                sound_of[c - HAN_FIRST] = n;
            } else if (before) {
                simple_of[before - HAN_FIRST] = (uint16_t)c;
                before = 0;
            } else {
                before = c;
            }
        }
    }
}

void mkg__simplify(char *text, size_t n)
{
    pthread_once(&han_read, read_han);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(text + i, n - i, &len);
        if (len != 3 || !in_table(c) || !simple_of[c - HAN_FIRST]) continue;
        c = simple_of[c - HAN_FIRST]; /* of the same plane: three bytes, too */
        text[i] = (char)(0xe0 | c >> 12);
        text[i + 1] = (char)(0x80 | (c >> 6 & 0x3f));
        text[i + 2] = (char)(0x80 | (c & 0x3f));
    }
}

unsigned mkg__han_sound(uint32_t c)
{
    pthread_once(&han_read, read_han);
    return in_table(c) ? sound_of[c - HAN_FIRST] : 0;
}

/* Initials and finals that speakers of southern Mandarin and input methods confuse. */
static bool near(const char *a, const char *b)
{
    static const char *const pairs[][2] = {
        {"zh", "z"},     {"ch", "c"},   {"sh", "s"},   {"n", "l"},    {"f", "h"},
        {"r", "l"},      {"an", "ang"}, {"en", "eng"}, {"in", "ing"}, {"ian", "iang"},
        {"uan", "uang"}, {"b", "p"},    {"d", "t"},    {"g", "k"},    {"uo", "o"},
        {"on", "ong"},   {"e", "uo"},   {"ui", "ei"},  {"un", "en"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if ((strcmp(pairs[i][0], a) == 0 && strcmp(pairs[i][1], b) == 0) ||
            (strcmp(pairs[i][0], b) == 0 && strcmp(pairs[i][1], a) == 0))
            return true;
    return false;
}

float mkg__han_distance(uint32_t a, uint32_t b)
{
    unsigned x = mkg__han_sound(a), y = mkg__han_sound(b);
    if (a == b) return 0;
    if (!x || !y) return 1;
    if (x == y) return 0.2f;
    const sound *s = &sounds[x], *t = &sounds[y];
    bool initial = strcmp(s->initial, t->initial) == 0;
    bool final = strcmp(s->final, t->final) == 0;
    if (final && near(s->initial, t->initial)) return 0.4f;
    if (initial && near(s->final, t->final)) return 0.4f;
    if (near(s->initial, t->initial) && near(s->final, t->final)) return 0.6f;
    return 1;
}

mkg_status mkg__name_form(mkg_view text, mkg__buf *out, mkg_err *err)
{
    size_t from = out->len;
    mkg_status st = mkg__fold(text.ptr, text.len, out, NULL, err);
    if (st >= 0 && out->len > from) mkg__simplify(out->ptr + from, out->len - from);
    return st;
}

/* ---- phrases ---- */

mkg_view mkg__shipped_phrases(void)
{
    return bytes(mkg__data_colloquial, mkg__data_colloquial_size);
}

/* All of a ';'-separated list for one term. */
static mkg_status each_of(mkg_view list, mkg_view term, bool synonym, mkg__buf *phrase,
                          mkg__phrase_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    while (list.len > 0) {
        phrase->len = 0;
        MKG_GO(mkg__name_form(take(&list, ';'), phrase, err));
        mkg_view v = {phrase->ptr, phrase->len};
        if (v.len && !mkg__view_eq(v, term)) MKG_GO(fn(ctx, v, term, synonym));
    }
    st = MKG_OK;
out:
    return st;
}

mkg_status mkg__phrases_each(mkg_view table, mkg__phrase_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf term = {0}, phrase = {0};
    mkg_view line;
    size_t bad;

    while (next_line(&table, &line)) {
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) continue;
        mkg_view phrases = line, terms = take(&phrases, '\t');
        for (mkg_view rest = terms; rest.len > 0;) {
            term.len = 0;
            MKG_GO(mkg__name_form(take(&rest, ';'), &term, err));
            mkg_view t = {term.ptr, term.len};
            if (t.len == 0) continue;
            MKG_GO(each_of(phrases, t, false, &phrase, fn, ctx, err));
            MKG_GO(each_of(terms, t, true, &phrase, fn, ctx, err));
        }
    }
    st = MKG_OK;
out:
    mkg__buf_clear(&term);
    mkg__buf_clear(&phrase);
    return st;
}

/* ---- function words ---- */

enum { WORDS_MAX = 512 };
static mkg_view words[WORDS_MAX];      /* in byte order */
static mkg_view separators[WORDS_MAX]; /* the longest first */
static size_t nwords, nseparators;
static pthread_once_t words_read = PTHREAD_ONCE_INIT;

static int by_bytes(const void *a, const void *b)
{
    const mkg_view *x = a, *y = b;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int longest_first(const void *a, const void *b)
{
    const mkg_view *x = a, *y = b;
    return x->len != y->len ? (x->len > y->len ? -1 : 1) : by_bytes(a, b);
}

static void read_words(void)
{
    mkg_view rest = bytes(mkg__data_function_words, mkg__data_function_words_size),
             line;
    while (nwords < WORDS_MAX && nseparators < WORDS_MAX && next_line(&rest, &line))
        if (line.ptr[0] == '|')
            separators[nseparators++] = mkg__view(line.ptr + 1, line.len - 1);
        else
            words[nwords++] = line;
    qsort(words, nwords, sizeof *words, by_bytes);
    qsort(separators, nseparators, sizeof *separators, longest_first);
}

bool mkg__is_function_word(mkg_view v)
{
    pthread_once(&words_read, read_words);
    return bsearch(&v, words, nwords, sizeof *words, by_bytes);
}

/* Bytes of the longest function word at one end of the text; 0 if there is none. In
 * Latin script it does not end within a word. */
static size_t word_at(mkg_view v, bool front)
{
    const size_t most = 24;
    for (size_t n = v.len < most ? v.len : most; n > 0; n--) {
        size_t cut = front ? n : v.len - n, len;
        mkg_view w = {front ? v.ptr : v.ptr + cut, n};
        if (!mkg__is_function_word(w)) continue;
        if (cut > 0 && cut < v.len && mkg__is_word((unsigned char)v.ptr[cut - 1]) &&
            mkg__is_word(mkg__utf8_decode(v.ptr + cut, v.len - cut, &len)))
            continue;
        return n;
    }
    return 0;
}

static size_t idle_at(mkg_view v, bool front)
{
    size_t at = front ? 0 : v.len, len;
    if (v.len == 0) return 0;
    if (!front) do
            at--;
        while (at && ((unsigned char)v.ptr[at] & 0xc0) == 0x80);
    uint32_t c = mkg__utf8_decode(v.ptr + at, v.len - at, &len);
    return mkg__is_han(c) || mkg__is_word(c) ? 0 : len;
}

void mkg__strip_function_words(mkg_view *v)
{
    size_t n;
    while ((n = idle_at(*v, true)) > 0 || (n = word_at(*v, true)) > 0)
        *v = mkg__view(v->ptr + n, v->len - n);
    while ((n = idle_at(*v, false)) > 0 || (n = word_at(*v, false)) > 0)
        v->len -= n;
}

/* Bytes of what separates at the front of the text; 0 if nothing does. Signs within a
 * word ("X-ray", "2.5") do not. */
static size_t separator_at(mkg_view v, bool after_word)
{
    size_t len;
    uint32_t c = mkg__utf8_decode(v.ptr, v.len, &len);
    if (!mkg__is_han(c) && !mkg__is_word(c) && c != ' ') {
        size_t next;
        bool joins = after_word && len < v.len && strchr("-.'/", (int)c) && c < 0x80 &&
                     mkg__is_word(mkg__utf8_decode(v.ptr + len, v.len - len, &next));
        return joins ? 0 : len;
    }
    for (size_t i = 0; i < nseparators; i++) {
        mkg_view w = separators[i];
        if (w.len > v.len || memcmp(w.ptr, v.ptr, w.len) != 0) continue;
        if ((unsigned char)w.ptr[0] < 0x80 &&
            (after_word ||
             (w.len < v.len && mkg__is_word((unsigned char)v.ptr[w.len]))))
            continue;
        return w.len;
    }
    return 0;
}

size_t mkg__text_parts(mkg_view text, mkg_view *out, size_t cap)
{
    size_t n = 0, from = 0, len, cut;
    bool word = false;

    pthread_once(&words_read, read_words);
    for (size_t i = 0; i <= text.len && n < cap; i += len) {
        mkg_view rest = {text.ptr + i, text.len - i};
        cut = rest.len ? separator_at(rest, word) : 0;
        len = 1;
        if (rest.len == 0 || cut) {
            mkg_view part = mkg__trim(mkg__view(text.ptr + from, i - from));
            if (part.len) out[n++] = part;
            if (rest.len == 0) break;
            len = cut;
            from = i + cut;
            word = false;
            continue;
        }
        word = mkg__is_word(mkg__utf8_decode(rest.ptr, rest.len, &len));
    }
    return n;
}
