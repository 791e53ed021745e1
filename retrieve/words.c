/* data/question_words.tsv: the words that give a question its form. */
#include "retrieve/words.h"

#include "base/err.h"
#include "base/io.h"

#include <string.h>

static const char *const kind_names[MKG__WORD_KINDS] = {
    "yes_no",  "open",       "not_before", "not_after", "denied",    "joint",
    "related", "opposite",   "may",        "may_not",   "forbids",   "alike",
    "instead", "transitive", "symbol",     "generic",   "qualifier", "filler"};

static int kind_of(mkg_view name)
{
    for (int i = 0; i < MKG__WORD_KINDS; i++)
        if (mkg__view_is(name, kind_names[i])) return i;
    return -1;
}

static mkg_status add(mkg__words *w, mkg__word_list *list, mkg_view text, mkg_err *err)
{
    mkg__buf folded = {0};
    bool first = text.len && text.ptr[0] == '^';
    if (first) text = mkg__view(text.ptr + 1, text.len - 1);
    mkg_status st = mkg__fold(text.ptr, text.len, &folded, NULL, err);
    if (st < 0 || folded.len == 0) goto out;
    if (!mkg__grow(&list->at, &list->cap, list->n + 1, sizeof *list->at)) {
        st = mkg__nomem(err);
        goto out;
    }
    const char *kept = mkg__arena_dup(&w->arena, folded.ptr, folded.len);
    if (!kept) {
        st = mkg__nomem(err);
        goto out;
    }
    list->at[list->n++] =
        (mkg__word){{kept, folded.len}, mkg__utf8_count(kept, folded.len), first};
    st = MKG_OK;
out:
    mkg__buf_clear(&folded);
    return st;
}

static mkg_status read_line(mkg__words *w, mkg_view line, const char *file,
                            uint64_t number, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *tab = memchr(line.ptr, '\t', line.len);
    if (!tab)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                            "a line holds a kind, a tab and words");
    mkg_view name = {line.ptr, (size_t)(tab - line.ptr)};
    int kind = kind_of(name);
    if (kind < 0)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 1,
                            "'%.*s' is no kind of word", mkg__clip(name, 40), name.ptr);
    mkg_view rest = {tab + 1, line.len - name.len - 1};
    while (rest.len) {
        const char *semi = memchr(rest.ptr, ';', rest.len);
        size_t n = semi ? (size_t)(semi - rest.ptr) : rest.len;
        MKG_GO(add(w, &w->kind[kind], mkg__trim(mkg__view(rest.ptr, n)), err));
        n += semi != NULL;
        rest = mkg__view(rest.ptr + n, rest.len - n);
    }
out:
    return st;
}

mkg_status mkg__words_read(mkg__words *w, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    size_t bad;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK) {
        line = mkg__trim(line);
        if (line.len == 0 || line.ptr[0] == '#') continue;
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, path, number, (uint32_t)bad + 1,
                              "not valid UTF-8");
            goto out;
        }
        MKG_GO(read_line(w, line, path, number, err));
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}

void mkg__words_clear(mkg__words *w)
{
    for (size_t i = 0; i < MKG__WORD_KINDS; i++)
        mkg__free(w->kind[i].at);
    mkg__arena_clear(&w->arena);
    memset(w, 0, sizeof *w);
}

bool mkg__word_at(const mkg__question *q, mkg_view word, size_t at)
{
    size_t len, end = at + word.len;
    if (word.len == 0 || end > q->folded.len ||
        memcmp(q->folded.ptr + at, word.ptr, word.len) != 0)
        return false;
    uint32_t first = mkg__utf8_decode(word.ptr, word.len, &len);
    if (!mkg__is_word(first)) return true;
    if (at && mkg__is_word((unsigned char)q->folded.ptr[at - 1])) return false;
    return end == q->folded.len || !mkg__is_word((unsigned char)q->folded.ptr[end]);
}

size_t mkg__word_longest(const mkg__question *q, const mkg__word_list *list, size_t at)
{
    size_t best = 0;
    for (size_t i = 0; i < list->n; i++) {
        const mkg__word *w = &list->at[i];
        if (w->text.len > best && (!w->first || at == 0) &&
            mkg__word_at(q, w->text, at))
            best = w->text.len;
    }
    return best;
}

size_t mkg__word_before(const mkg__question *q, const mkg__word_list *list, size_t end)
{
    size_t best = 0;
    for (size_t i = 0; i < list->n; i++) {
        size_t n = list->at[i].text.len;
        if (n > best && n <= end && mkg__word_at(q, list->at[i].text, end - n))
            best = n;
    }
    return best;
}

bool mkg__word_listed(const mkg__word_list *list, mkg_view text)
{
    for (size_t i = 0; i < list->n; i++)
        if (mkg__view_eq(list->at[i].text, text)) return true;
    return false;
}
