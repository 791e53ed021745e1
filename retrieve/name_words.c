/* Names are compared word by word, as a bag: the hash of a bag is the sum of the hashes
 * of its words, so that each stretch of a question costs one addition. */
#include "retrieve/name_words_internal.h"

#include "base/hash.h"

#include <string.h>

enum { FORM_MAX = 48, NAME_WORDS = 16 };

/* ---- the form of a word ---- */

/* Letters with an accent, U+00E0 .. U+00FF, without it. */
static const char plain[] = "aaaaaaaceeeeiiiidnooooo/ouuuuyty";

static size_t without_accents(mkg_view w, char *out, size_t cap)
{
    size_t n = 0, len;
    for (size_t i = 0; i < w.len; i += len) {
        uint32_t c = mkg__utf8_decode(w.ptr + i, w.len - i, &len);
        if (n + len > cap) return 0;
        if (c >= 0xe0 && c <= 0xff && c != 0xf7) {
            out[n++] = plain[c - 0xe0];
        } else {
            memcpy(out + n, w.ptr + i, len);
            n += len;
        }
    }
    return n;
}

static bool ends(const char *p, size_t n, const char *with)
{
    size_t k = strlen(with);
    return n >= k && memcmp(p + n - k, with, k) == 0;
}

/* Two letters for one vowel: haemophilia, oedema. */
static size_t one_vowel(char *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool pair = n >= 5 && i + 1 < n && p[i + 1] == 'e' &&
                    (p[i] == 'a' || p[i] == 'o') && (i + 2 == n || p[i + 2] != 'i');
        if (!pair) p[kept++] = p[i];
    }
    return kept;
}

static size_t singular(char *p, size_t n)
{
    static const char *const sibilant[] = {"sses", "xes", "ches", "shes", "zes"};
    if (n < 4 || p[n - 1] != 's') return n;
    if (n > 4 && ends(p, n, "sis")) { /* as metastases will be */
        p[n - 2] = 'e';
        return n - 1;
    }
    if (n > 4 && ends(p, n, "ies")) {
        p[n - 3] = 'y';
        return n - 2;
    }
    for (size_t i = 0; i < sizeof sibilant / sizeof *sibilant; i++)
        if (n > 5 && ends(p, n, sibilant[i])) return n - 2;
    return ends(p, n, "ss") || ends(p, n, "us") || ends(p, n, "is") ? n : n - 1;
}

/* The value of a Roman numeral below forty; 0 if it is none. */
static unsigned roman(const char *p, size_t n)
{
    unsigned value = 0, last = 40;
    for (size_t i = 0; i < n; i++) {
        unsigned v = p[i] == 'i' ? 1 : p[i] == 'v' ? 5 : p[i] == 'x' ? 10 : 0;
        if (v == 0) return 0;
        if (v > last && (last != 1 || value % 5 != 1 || v > 10)) return 0;
        value += v > last ? v - 2 : v;
        last = v;
    }
    return value < 40 ? value : 0;
}

static size_t number_form(char *p, size_t n)
{
    size_t digits = n;
    if (n == 0 || n > 6) return n;
    unsigned v = roman(p, n);
    if (v == 0 && n > 2 && p[n - 1] >= 'a' && p[n - 1] <= 'd')
        v = roman(p, --digits); /* "iib" */
    if (v == 0) return n;
    char last = p[n - 1];
    size_t at = 0;
    if (v >= 10) p[at++] = (char)('0' + v / 10);
    p[at++] = (char)('0' + v % 10);
    if (digits < n) p[at++] = last;
    return at;
}

size_t mkg__word_form(mkg_view w, char *out, size_t cap)
{
    static const char *const empty[] = {"of", "the", "type"};
    size_t n = without_accents(w, out, cap);
    size_t end = n;
    n = number_form(out, n);
    if (n == 0 || n != end || (out[0] >= '0' && out[0] <= '9')) return n;
    n = singular(out, one_vowel(out, n));
    if (n > 5 && ends(out, n, "our")) {
        out[n - 2] = 'r';
        n--;
    }
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        if (n == strlen(empty[i]) && memcmp(out, empty[i], n) == 0) return 0;
    return n;
}

/* ---- words of a text ---- */

static bool is_apostrophe(uint32_t c)
{
    return c == '\'' || c == 0x2019;
}

/* What may stand between two words of a name. */
static bool joins(uint32_t c)
{
    return c == ' ' || c == '-' || c == ',' || c == '/' || c == '(' || c == ')' ||
           is_apostrophe(c) || (c >= 0x2010 && c <= 0x2015);
}

/* The end of the word that begins at `from`, and where the next may begin: the
 * possessive "'s", or "'" after an s, is no word. */
static size_t word_end(const char *text, size_t from, size_t n, size_t *next)
{
    size_t i = from, len;
    while (i < n && mkg__is_word(mkg__utf8_decode(text + i, n - i, &len)))
        i += len;
    *next = i;
    if (i == n || !is_apostrophe(mkg__utf8_decode(text + i, n - i, &len))) return i;
    size_t after = i + len, more;
    if (after < n && text[after] == 's')
        after++;
    else if (text[i - 1] != 's')
        return i;
    if (after == n || !mkg__is_word(mkg__utf8_decode(text + after, n - after, &more)))
        *next = after;
    return i;
}

size_t mkg__tokens_of(const char *text, size_t n, mkg__token *out, size_t cap)
{
    size_t found = 0, len;
    bool broken = true;
    char form[FORM_MAX];

    for (size_t i = 0; i < n && found < cap;) {
        uint32_t c = mkg__utf8_decode(text + i, n - i, &len);
        if (!mkg__is_word(c)) {
            broken |= !joins(c);
            i += len;
            continue;
        }
        size_t next, end = word_end(text, i, n, &next);
        size_t k = mkg__word_form(mkg__view(text + i, end - i), form, sizeof form);
        out[found++] = (mkg__token){i, next, k ? mkg__hash64(form, k, 0) : 0, broken};
        broken = false;
        i = next;
    }
    return found;
}

uint64_t mkg__word_key(mkg_view name)
{
    mkg__token t[NAME_WORDS];
    uint64_t key = 0;
    size_t len;

    for (size_t i = 0; i < name.len; i += len)
        if (mkg__is_han(mkg__utf8_decode(name.ptr + i, name.len - i, &len))) return 0;
    size_t n = mkg__tokens_of(name.ptr, name.len, t, NAME_WORDS);
    if (n == 0 || n == NAME_WORDS) return 0;
    for (size_t i = 0; i < n; i++)
        key += t[i].hash;
    return key;
}
