/* Reading lines of wordings, and making text of them. */
#include "lm/wording.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"

#include <string.h>

enum { FILE_MAX = 4 << 20, COLUMNS = 4 };

typedef struct kinds {
    const char *file;
    const char *const *names;
    size_t n;
    mkg__wording_kind first;
} kinds;

static const char *const asked[] = {"frame", "say",   "none", "open",
                                    "close", "aside", "thing"};
static const char *const answered[] = {
    "ask",          "verb",       "all",      "both",    "compare", "whether",
    "may",          "tell",       "yes",      "no",      "mayyes",  "mayno",
    "mayyesdenied", "denied",     "disputed", "opposed", "unsure",  "none",
    "nonemissing",  "butmissing", "while",    "common",  "shared",  "patient"};
static const kinds files[] = {
    {"question_frames.tsv", asked, sizeof asked / sizeof *asked, MKG__W_FRAME},
    {"answer_frames.tsv", answered, sizeof answered / sizeof *answered, MKG__W_ASK}};

static size_t split_columns(mkg_view line, mkg_view column[COLUMNS])
{
    size_t n = 0;
    for (const char *tab; n < COLUMNS; n++) {
        tab = n + 1 < COLUMNS ? memchr(line.ptr, '\t', line.len) : NULL;
        if (!tab) {
            column[n++] = line;
            return n;
        }
        column[n] = mkg__view(line.ptr, (size_t)(tab - line.ptr));
        line = mkg__view(tab + 1, line.len - column[n].len - 1);
    }
    return n;
}

static mkg_status read_line(mkg__wordings *w, const kinds *k, mkg_view line,
                            uint64_t number, mkg_err *err)
{
    mkg_view c[COLUMNS];
    size_t kind = 0;
    if (split_columns(line, c) != COLUMNS)
        return mkg__fail_at(err, MKG_EPARSE, k->file, number, 0,
                            "a line has %d columns", COLUMNS);
    while (kind < k->n && !mkg__view_is(c[0], k->names[kind]))
        kind++;
    if (kind == k->n)
        return mkg__fail_at(err, MKG_EPARSE, k->file, number, 1,
                            "'%.*s' is no kind of line", mkg__clip(c[0], 40), c[0].ptr);
    mkg_lang lang = mkg__lang_parse(c[1].ptr, c[1].len);
    if (lang == MKG_LANG_NONE || c[3].len == 0)
        return mkg__fail_at(err, MKG_EPARSE, k->file, number, 0,
                            "a line needs a language (zh, en) and a text");
    if (mkg__view_is(c[2], "-")) c[2].len = 0;
    struct mkg__wording_list *l = &w->lists[k->first + kind][lang == MKG_LANG_EN];
    if (!mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at)) return mkg__nomem(err);
    l->at[l->n++] = (mkg__wording){c[2], c[3], mkg__hash64(c[3].ptr, c[3].len, 0)};
    return MKG_OK;
}

static mkg_status read_file(mkg__wordings *w, size_t which, const char *folder,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    const kinds *k = &files[which];
    mkg__buf *b = &w->file[which];
    char *path = mkg__path_join(folder, k->file);
    size_t bad, at = 0;
    bool head = true;

    if (!path) return mkg__nomem(err);
    MKG_GO(mkg__file_read(path, FILE_MAX, b, err));
    if (!mkg__utf8_valid(b->ptr, b->len, &bad)) {
        st = mkg__fail_at(err, MKG_EPARSE, k->file, 0, 0, "not valid UTF-8 at byte %zu",
                          bad + 1);
        goto out;
    }
    for (uint64_t number = 1; at < b->len; number++) {
        const char *p = b->ptr + at, *end = memchr(p, '\n', b->len - at);
        mkg_view line = {p, end ? (size_t)(end - p) : b->len - at};
        at += line.len + 1;
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len == 0 || line.ptr[0] == '#') continue;
        if (!head) MKG_GO(read_line(w, k, line, number, err));
        head = false;
    }
out:
    mkg__free(path);
    return st;
}

mkg_status mkg__wordings_read(const char *folder, mkg__wordings *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < 2; i++)
        MKG_GO(read_file(out, i, folder, err));
out:
    if (st < 0) mkg__wordings_clear(out);
    return st;
}

void mkg__wordings_clear(mkg__wordings *w)
{
    for (size_t i = 0; i < MKG__W_KINDS; i++)
        for (size_t l = 0; l < 2; l++)
            mkg__free(w->lists[i][l].at);
    mkg__buf_clear(&w->file[0]);
    mkg__buf_clear(&w->file[1]);
    memset(w, 0, sizeof *w);
}

bool mkg__wording_names(mkg_view of, const char *relation)
{
    size_t n = strlen(relation);
    while (of.len) {
        const char *semi = memchr(of.ptr, ';', of.len);
        size_t k = semi ? (size_t)(semi - of.ptr) : of.len;
        if (k == n && memcmp(of.ptr, relation, n) == 0) return true;
        k += semi != NULL;
        of = mkg__view(of.ptr + k, of.len - k);
    }
    return false;
}

/* Where the group that begins behind `at` ends, and how many parts it has. */
static size_t group_end(mkg_view t, size_t at, size_t *parts)
{
    size_t depth = 0;
    for (*parts = 1; at < t.len; at++) {
        if (t.ptr[at] == '(') depth++;
        if (t.ptr[at] == ')' && depth-- == 0) break;
        *parts += t.ptr[at] == '|' && depth == 0;
    }
    return at;
}

/* Part `take` of the group t[at .. end). */
static mkg_view group_part(mkg_view t, size_t at, size_t end, size_t take)
{
    size_t depth = 0, from = at;
    for (; at < end; at++) {
        if (t.ptr[at] == '(') depth++;
        if (t.ptr[at] == ')') depth--;
        if (t.ptr[at] != '|' || depth > 0) continue;
        if (take-- == 0) break;
        from = at + 1;
    }
    return mkg__view(t.ptr + from, at - from);
}

void mkg__wording_expand(mkg_view t, const mkg__fills *fills, mkg__rng *rng,
                         mkg__buf *out)
{
    for (size_t i = 0, parts; i < t.len; i++) {
        unsigned char c = (unsigned char)t.ptr[i];
        if (c == '(') {
            size_t end = group_end(t, i + 1, &parts);
            size_t take = mkg__rng_below(rng, (uint32_t)parts);
            mkg__wording_expand(group_part(t, i + 1, end, take), fills, rng, out);
            i = end;
        } else if (c == '{' && i + 2 < t.len && t.ptr[i + 2] == '}') {
            const char *fill = fills->at[(unsigned char)t.ptr[i + 1] & 0x7f];
            if (fill) mkg__buf_str(out, fill);
            i += 2;
        } else {
            mkg__buf_byte(out, c);
        }
    }
}
