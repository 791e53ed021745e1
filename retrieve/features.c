/* A question as hashed n-grams, names replaced by their types. */
#include "retrieve/classify_internal.h"

#include "base/err.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NGRAM = 4 };

mkg_status mkg__marks_of(mkg_kg *kg, const mkg__spans *spans, mkg__marks *out,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;

    for (size_t i = 0; i < spans->n; i++) {
        const mkg__span *m = &spans->at[i];
        if (m->phrase || m->nodes.n == 0) continue;
        MKG_GO(mkg_kg_node(kg, m->nodes.ids[0], &node, err));
        if (st == MKG_NOTFOUND) continue;
        if (!mkg__grow(&out->at, &out->cap, out->n + 1, sizeof *out->at))
            return mkg__nomem(err);
        out->at[out->n++] = (mkg__mark){m->start, m->end, node.type};
    }
    st = MKG_OK;
out:
    return st;
}

static uint32_t hash_of(const void *p, size_t n, uint64_t seed)
{
    return (uint32_t)(mkg__hash64(p, n, seed) >> 32);
}

enum { SEED_CHAR = 1, SEED_WORD, SEED_TYPE, SEED_GRAM, SEED_LAST };

/* The unit at *at, which moves behind it. 0: nothing there (a blank). */
static uint32_t next_unit(mkg_view text, size_t *at)
{
    size_t len, from = *at;
    uint32_t c = mkg__utf8_decode(text.ptr + from, text.len - from, &len);
    bool number = true;

    *at += len;
    if (mkg__is_space(c)) return 0;
    if (!mkg__is_word(c)) return hash_of(text.ptr + from, len, SEED_CHAR);
    for (;;) {
        number &= c >= '0' && c <= '9';
        if (*at == text.len) break;
        c = mkg__utf8_decode(text.ptr + *at, text.len - *at, &len);
        if (!mkg__is_word(c)) break;
        *at += len;
    }
    return number ? hash_of("0", 1, SEED_WORD)
                  : hash_of(text.ptr + from, *at - from, SEED_WORD);
}

/* All n-grams that end with the newest unit; last[0] is the newest. */
static bool add_grams(mkg__features *f, const uint32_t *last, size_t n, uint64_t seed)
{
    if (!mkg__grow(&f->at, &f->cap, f->n + NGRAM, sizeof *f->at)) return false;
    for (size_t len = 1; len <= n && len <= NGRAM; len++)
        f->at[f->n++] = hash_of(last, len * sizeof *last, seed);
    return true;
}

/* Where the last clause begins: what is asked stands there more often than not. */
static size_t last_clause(mkg_view text)
{
    size_t cut = 0, len;
    bool ended = false;
    for (size_t i = 0; i < text.len; i += len) {
        uint32_t c = mkg__utf8_decode(text.ptr + i, text.len - i, &len);
        if (c == ',' || c == '.' || c == '?' || c == '!' || c == ';' || c == 0x3002)
            ended = true;
        else if (ended && !mkg__is_space(c)) {
            ended = false;
            cut = i;
        }
    }
    return cut;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

mkg_status mkg__features_of(mkg_view text, const mkg__mark *marks, size_t nmarks,
                            mkg__features *out, mkg_err *err)
{
    static const uint32_t begin = 1, end = 2;
    uint32_t last[NGRAM] = {begin};
    size_t seen = 1, m = 0, first = out->n, kept, cut = last_clause(text), since = 0;

    for (size_t at = 0; at <= text.len;) {
        uint32_t unit;
        bool late = at >= cut;
        if (at == text.len) {
            unit = end;
            at++;
        } else if (m < nmarks && marks[m].start <= at && marks[m].end > at) {
            unit = hash_of(marks[m].type.ptr, marks[m].type.len, SEED_TYPE);
            at = marks[m++].end;
        } else {
            /* A word that runs into a mark ends there. */
            unit = next_unit(
                mkg__view(text.ptr, m < nmarks ? marks[m].start : text.len), &at);
        }
        while (m < nmarks && marks[m].end <= at)
            m++;
        if (unit == 0) continue;
        memmove(last + 1, last, sizeof last - sizeof *last);
        last[0] = unit;
        since += late;
        if (!add_grams(out, last, ++seen, SEED_GRAM) ||
            (late && !add_grams(out, last, since, SEED_LAST)))
            return mkg__nomem(err);
    }
    if (out->n > first)
        qsort(out->at + first, out->n - first, sizeof *out->at, by_value);
    kept = first;
    for (size_t i = first; i < out->n; i++)
        if (kept == first || out->at[kept - 1] != out->at[i])
            out->at[kept++] = out->at[i];
    out->n = kept;
    return MKG_OK;
}

void mkg__features_clear(mkg__features *f)
{
    mkg__free(f->at);
    memset(f, 0, sizeof *f);
}
