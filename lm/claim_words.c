/* Words that say a relation, turn a sentence round, or begin an answer. */
#include "base/text.h"
#include "lm/claims_internal.h"
#include "lm/data_internal.h"

#include <string.h>

/* Columns of the two tables. */
enum { KIND, OF, WORDS_ZH, WORDS_EN, WORD_COLUMNS };
enum {
    NAME,
    INVERSE,
    OBJECTS,
    LABEL_ZH = 5,
    LABEL_EN,
    SENTENCE_ZH,
    SENTENCE_EN,
    ALIASES = 11,
    RELATION_COLUMNS
};

/* The next line of a table that is neither a comment nor empty, in columns; those that
 * are missing are "". */
static bool next_row(mkg_view *rest, mkg_view *columns, size_t n)
{
    while (rest->len) {
        const char *end = memchr(rest->ptr, '\n', rest->len);
        size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
        mkg_view line = mkg__view(rest->ptr, len);
        len += end != NULL;
        *rest = mkg__view(rest->ptr + len, rest->len - len);
        if (line.len == 0 || line.ptr[0] == '#') continue;
        for (size_t i = 0; i < n; i++) {
            const char *tab = memchr(line.ptr, '\t', line.len);
            size_t k = tab ? (size_t)(tab - line.ptr) : line.len;
            columns[i] = mkg__view(line.ptr, k);
            k += tab != NULL;
            line = mkg__view(line.ptr + k, line.len - k);
        }
        return true;
    }
    return false;
}

static mkg_view words_table(void)
{
    return mkg__view((const char *)mkg__data_claim_words, mkg__data_claim_words_size);
}

static mkg_status each(mkg_view list, mkg__word_fn fn, void *ctx, mkg_err *err)
{
    while (list.len) {
        const char *end = memchr(list.ptr, ';', list.len);
        size_t n = end ? (size_t)(end - list.ptr) : list.len;
        mkg_view word = mkg__trim(mkg__view(list.ptr, n));
        mkg_status st = word.len ? fn(ctx, word, err) : MKG_OK;
        if (st < 0) return st;
        n += end != NULL;
        list = mkg__view(list.ptr + n, list.len - n);
    }
    return MKG_OK;
}

static mkg_status each_of(const char *kind, mkg_view of, mkg__word_fn fn, void *ctx,
                          mkg_err *err)
{
    mkg_view rest = words_table(), c[WORD_COLUMNS];
    while (next_row(&rest, c, WORD_COLUMNS)) {
        if (!mkg__view_is(c[KIND], kind) || !mkg__view_eq(c[OF], of)) continue;
        mkg_status st = each(c[WORDS_ZH], fn, ctx, err);
        if (st >= 0) st = each(c[WORDS_EN], fn, ctx, err);
        if (st < 0) return st;
    }
    return MKG_OK;
}

mkg_status mkg__claim_words(mkg__word_kind kind, mkg__word_fn fn, void *ctx,
                            mkg_err *err)
{
    static const char *const names[] = {"negation", "no_negation", "yes",
                                        "no",       "disputed",    "absent"};
    return each_of(names[kind], mkg__view("-", 1), fn, ctx, err);
}

bool mkg__speaks_against(const char *relation)
{
    mkg_view rest = words_table(), c[WORD_COLUMNS];
    while (next_row(&rest, c, WORD_COLUMNS))
        if (mkg__view_is(c[KIND], "against") && mkg__view_is(c[OF], relation))
            return true;
    return false;
}

/* ---- patterns ---- */

static bool cut(mkg_view *v, const char *sign, bool front)
{
    size_t n = strlen(sign);
    const char *at = front ? v->ptr : v->ptr + v->len - n;
    if (v->len <= n || memcmp(at, sign, n) != 0) return false;
    if (front) v->ptr += n;
    v->len -= n;
    return true;
}

/* "的症状有" without "的" and "有". */
static mkg_view core_zh(mkg_view v)
{
    static const char *const front[] = {"的", "可", "会", "与", "由", "含"};
    static const char *const back[] = {"有", "是", "为", "：", "药物"};
    for (size_t i = 0; i < sizeof front / sizeof *front; i++)
        if (v.len > 6) cut(&v, front[i], true);
    for (size_t i = 0; i < sizeof back / sizeof *back; i++)
        if (v.len > 6) cut(&v, back[i], false);
    return v;
}

/* Words that say nothing of the relation. */
static bool is_little(mkg_view w)
{
    static const char *const words[] = {"include", "includes", "used", "with",
                                        "that",    "from",     "have", "mainly",
                                        "same",    "kind",     "which"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mkg__view_is(w, words[i])) return true;
    return w.len < 4;
}

static bool is_latin(mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.ptr[i] >= 0x80) return false;
    return true;
}

static mkg_status literal_words(mkg_view v, mkg__word_fn fn, void *ctx, mkg_err *err)
{
    v = mkg__trim(v);
    if (v.len == 0) return MKG_OK;
    if (!is_latin(v)) return fn(ctx, core_zh(v), err);
    for (size_t i = 0, k; i < v.len; i = k + 1) {
        for (k = i; k < v.len && v.ptr[k] != ' ' && v.ptr[k] != ':';)
            k++;
        mkg_view w = mkg__view(v.ptr + i, k - i);
        if (is_little(w)) continue;
        if (w.len > 4 && w.ptr[w.len - 1] == 's') w.len--;
        mkg_status st = fn(ctx, w, err);
        if (st < 0) return st;
    }
    return MKG_OK;
}

mkg_status mkg__pattern_words(mkg_view p, mkg__word_fn fn, void *ctx, mkg_err *err)
{
    size_t from = 0;
    for (size_t i = 0; i <= p.len; i++) {
        bool slot = i + 3 <= p.len && p.ptr[i] == '{' && p.ptr[i + 2] == '}';
        if (!slot && i < p.len) continue;
        mkg_status st = literal_words(mkg__view(p.ptr + from, i - from), fn, ctx, err);
        if (st < 0) return st;
        from = i + 3;
        if (slot) i += 2;
    }
    return MKG_OK;
}

static mkg_status row_words(const mkg_view *c, mkg__word_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = LABEL_ZH; i <= SENTENCE_EN && st >= 0; i++)
        st = mkg__pattern_words(c[i], fn, ctx, err);
    return st < 0 ? st : each(c[ALIASES], fn, ctx, err);
}

mkg_status mkg__relation_words(const char *relation, mkg__word_fn fn, void *ctx,
                               mkg_err *err)
{
    mkg_view rest =
        mkg__view((const char *)mkg__data_relations, mkg__data_relations_size);
    mkg_view c[RELATION_COLUMNS];
    while (next_row(&rest, c, RELATION_COLUMNS)) {
        if (!mkg__view_is(c[NAME], relation) && !mkg__view_is(c[INVERSE], relation))
            continue;
        mkg_status st = row_words(c, fn, ctx, err);
        if (st >= 0) st = each_of("cue", c[NAME], fn, ctx, err);
        if (st < 0) return st;
    }
    return MKG_OK;
}

static bool find_relation(const char *relation, mkg_view c[RELATION_COLUMNS])
{
    mkg_view rest =
        mkg__view((const char *)mkg__data_relations, mkg__data_relations_size);
    while (next_row(&rest, c, RELATION_COLUMNS))
        if (mkg__view_is(c[NAME], relation)) return true;
    return false;
}

mkg_view mkg__relation_inverse(const char *relation)
{
    mkg_view c[RELATION_COLUMNS];
    return find_relation(relation, c) ? c[INVERSE] : mkg__view("", 0);
}

bool mkg__relation_is_text(const char *relation)
{
    mkg_view c[RELATION_COLUMNS];
    return find_relation(relation, c) && mkg__view_is(c[OBJECTS], "literal");
}
