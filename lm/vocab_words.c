/* Cutting text into the words within which pieces are learnt. */
#include "lm/vocab_internal.h"

#include "base/text.h"

#include <string.h>

bool mkg__word_counts_add(mkg__word_counts *w, mkg_view text, uint64_t n)
{
    mkg_id *id = mkg__map_put(&w->index, text.ptr, text.len);
    if (!id) return false;
    if (*id == MKG_ID_NONE) {
        char *copy = mkg__arena_dup(&w->arena, text.ptr, text.len);
        if (!copy || !mkg__grow(&w->at, &w->cap, w->n + 1, sizeof *w->at)) return false;
        w->at[w->n++] = (mkg__word_count){mkg__view(copy, text.len), 0};
        *id = (mkg_id)w->n;
    }
    w->at[*id - 1].n += n;
    return true;
}

void mkg__word_counts_clear(mkg__word_counts *w)
{
    mkg__map_clear(&w->index);
    mkg__free(w->at);
    mkg__arena_clear(&w->arena);
    memset(w, 0, sizeof *w);
}

static bool is_latin(uint32_t c)
{
    return mkg__is_word(c) && !mkg__is_number(c) && !mkg__is_han(c);
}

/* Bytes of the control token or the citation at p, 0 if there is none. */
static size_t fixed_length(const char *p, size_t n)
{
    if (n > 2 && p[0] == '<' && p[1] == '|') {
        const char *end = memchr(p, '>', n);
        return end ? (size_t)(end - p) + 1 : 0;
    }
    if (n < 3 || p[0] != '[') return 0;
    size_t i = 1;
    while (i < n && p[i] >= '0' && p[i] <= '9')
        i++;
    return i > 1 && i < n && p[i] == ']' ? i + 1 : 0;
}

static size_t run_length(const char *p, size_t n, bool (*is)(uint32_t c))
{
    size_t i = 0, len;
    while (i < n && is(mkg__utf8_decode(p + i, n - i, &len)))
        i += len;
    return i;
}

/* The word at the start: a run of Han characters; letters with the blank in front of
 * them; anything else by itself. */
static size_t word_length(const char *p, size_t n)
{
    size_t len, k;
    uint32_t c = mkg__utf8_decode(p, n, &len);
    if (c == ' ') {
        k = run_length(p + 1, n - 1, is_latin);
        return 1 + k;
    }
    if (mkg__is_han(c)) return run_length(p, n, mkg__is_han);
    k = run_length(p, n, is_latin);
    return k ? k : len;
}

static bool put_words(mkg_view text, mkg__word_counts *out)
{
    for (size_t i = 0, k; i < text.len; i += k) {
        k = word_length(text.ptr + i, text.len - i);
        if (!mkg__word_counts_add(out, mkg__view(text.ptr + i, k), 1)) return false;
    }
    return true;
}

/* The longest name at p, with the blank in front of it. */
static size_t name_length(const char *p, size_t n, const mkg_view *names, size_t count)
{
    size_t blank = n && *p == ' ';
    for (size_t i = 0; i < count; i++)
        if (names[i].len && names[i].len + blank <= n &&
            memcmp(p + blank, names[i].ptr, names[i].len) == 0)
            return names[i].len + blank;
    return 0;
}

bool mkg__vocab_words(mkg_view text, const mkg_view *names, size_t n,
                      mkg__word_counts *out)
{
    size_t from = 0, at = 0, len;
    while (at < text.len) {
        const char *p = text.ptr + at;
        size_t fixed = fixed_length(p, text.len - at);
        size_t k = fixed ? fixed : name_length(p, text.len - at, names, n);
        if (k == 0) {
            mkg__utf8_decode(p, text.len - at, &len);
            at += len;
            continue;
        }
        if (!put_words(mkg__view(text.ptr + from, at - from), out)) return false;
        if (!fixed && !put_words(mkg__view(p, k), out)) return false;
        at += k;
        from = at;
    }
    return put_words(mkg__view(text.ptr + from, at - from), out);
}
