/* After writing: which sentences does the evidence support? */
#include "base/err.h"
#include "lm/claims.h"
#include "lm/lm_internal.h"

#include <string.h>

enum { CITES_MAX = 256 };

/* ---- citation marks: [1], [1][2], [1,2], [1-3], 【1】 ---- */

static size_t open_mark(const char *p, size_t n)
{
    if (n && p[0] == '[') return 1;
    return n >= 3 && memcmp(p, "【", 3) == 0 ? 3 : 0;
}

static size_t close_mark(const char *p, size_t n)
{
    if (n && p[0] == ']') return 1;
    return n >= 3 && memcmp(p, "】", 3) == 0 ? 3 : 0;
}

/* Separators between numbers: comma, full-width comma, 、, blank; `range` for a dash.
 */
static size_t separator(const char *p, size_t n, bool *range)
{
    static const char *const signs[] = {",", " ", ";", "，", "、",
                                        "-", "–", "—", "~",  "～"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t k = strlen(signs[i]);
        if (n >= k && memcmp(p, signs[i], k) == 0) {
            if (i >= 5) *range = true;
            return k;
        }
    }
    return 0;
}

typedef struct cites {
    size_t at[CITES_MAX];
    size_t n;
    bool wild; /* a number that is no citation: 0, too large, or too many */
} cites;

static void add_cite(cites *c, size_t number)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i] == number) return;
    if (c->n < CITES_MAX)
        c->at[c->n++] = number;
    else
        c->wild = true;
}

static void add_range(cites *c, size_t from, size_t to)
{
    if (from > to || to - from >= CITES_MAX) {
        c->wild = true;
        return;
    }
    for (size_t i = from; i <= to; i++)
        add_cite(c, i);
}

/* A mark at p: its length, 0 if there is none. The numbers go to c (may be NULL). */
static size_t read_mark(const char *p, size_t n, cites *c)
{
    size_t i = open_mark(p, n), last = 0, k;
    bool range = false, any = false;
    if (i == 0) return 0;
    while (i < n && !(k = close_mark(p + i, n - i))) {
        if (p[i] >= '0' && p[i] <= '9') {
            size_t number = 0;
            for (; i < n && p[i] >= '0' && p[i] <= '9'; i++)
                number = number > 99999 ? number : number * 10 + (size_t)(p[i] - '0');
            if (c && range)
                add_range(c, last, number);
            else if (c)
                add_cite(c, number);
            last = number;
            range = false;
            any = true;
        } else if (!(k = separator(p + i, n - i, &range))) {
            return 0;
        } else {
            i += k;
        }
    }
    return i < n && any ? i + close_mark(p + i, n - i) : 0;
}

/* ---- sentences ---- */

/* Length of the sign at p that ends a sentence, 0 if none does. */
static size_t sentence_end(const char *text, size_t i, size_t n)
{
    static const char *const wide[] = {"。", "！", "？", "；"};
    const char *p = text + i;
    for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
        if (n - i >= 3 && memcmp(p, wide[k], 3) == 0) return 3;
    if (*p == '\n') return 1;
    if (*p != '.' && *p != '!' && *p != '?') return 0;
    if (i + 1 < n && p[1] != ' ' && p[1] != '\n' && !open_mark(p + 1, n - i - 1))
        return 0;
    if (*p != '.') return 1;
    /* "1." of a list, "St.", "e.g." and other short words do not end a sentence unless
     * something new begins behind them. */
    size_t word = i;
    while (word > 0 && mkg__is_word((unsigned char)text[word - 1]))
        word--;
    bool number = word < i && text[word] >= '0' && text[word] <= '9';
    if (number && (word == 0 || text[word - 1] == '\n')) return 0;
    if (word < i && i - word <= 2 && !number && i + 2 < n && p[1] == ' ') return 0;
    if (i + 2 < n && p[1] == ' ' && p[2] >= 'a' && p[2] <= 'z') return 0;
    return 1;
}

/* The sentence at the start of the text: up to its end sign and the marks behind it.
 * `whole` marks bytes of names, within which no sentence ends. */
static size_t sentence_length(const char *text, size_t n, const char *whole)
{
    size_t i = 0, k;
    while (i < n) {
        if (whole[i]) {
            i++;
            continue;
        }
        /* Signs within a citation end nothing. */
        if ((k = read_mark(text + i, n - i, NULL))) {
            i += k;
            continue;
        }
        k = sentence_end(text, i, n);
        i += k ? k : 1;
        if (!k) continue;
        size_t j = i;
        while (j < n && text[j] == ' ')
            j++;
        while (j < n && (k = read_mark(text + j, n - j, NULL))) {
            i = j += k;
            while (j < n && text[j] == ' ')
                j++;
        }
        break;
    }
    return i;
}

/* ---- support ---- */

static mkg_status remove_sentence(mkg_answer *a, const char *text, const char *why,
                                  mkg_err *err)
{
    /* The list doubles, as that of mkg__answer_add(). */
    if ((a->nremoved & (a->nremoved - 1)) == 0) {
        size_t cap = a->nremoved ? a->nremoved * 2 : 1;
        const char **more = mkg__arena_alloc(&a->arena, cap * sizeof *more);
        const char **reasons = mkg__arena_alloc(&a->arena, cap * sizeof *reasons);
        if (!more || !reasons) return mkg__nomem(err);
        if (a->nremoved) {
            memcpy(more, a->removed, a->nremoved * sizeof *more);
            memcpy(reasons, a->reasons, a->nremoved * sizeof *reasons);
        }
        a->removed = more;
        a->reasons = reasons;
    }
    a->reasons[a->nremoved] = why;
    a->removed[a->nremoved++] = text;
    return MKG_OK;
}

/* The citations of a sentence, and its text with blanks in their place. */
static mkg_status read_cites(mkg_view sentence, cites *c, mkg__buf *text, mkg_err *err)
{
    for (size_t i = 0; i < sentence.len;) {
        size_t k = read_mark(sentence.ptr + i, sentence.len - i, NULL);
        if (k) read_mark(sentence.ptr + i, k, c); /* only what is whole counts */
        mkg__buf_byte(text, k ? ' ' : (unsigned char)sentence.ptr[i]);
        i += k ? k : 1;
    }
    return text->failed ? mkg__nomem(err) : MKG_OK;
}

/* Each run of marks stands behind what it cites: "A[1]、B[2]", not "A[2]、B[1]". */
static mkg_status in_place(mkg__claims *claims, mkg_view s, bool *yes, mkg_err *err)
{
    size_t from = 0, k;
    *yes = true;
    for (size_t i = 0; i < s.len && *yes;) {
        cites run = {.n = 0};
        size_t end = i, next = i;
        while ((k = read_mark(s.ptr + next, s.len - next, NULL))) {
            bool range = false;
            read_mark(s.ptr + next, k, &run);
            next = end = next + k;
            while (next < s.len && (k = separator(s.ptr + next, s.len - next, &range)))
                next += k;
        }
        if (end == i) {
            i++;
            continue;
        }
        mkg_status st = mkg__claims_near(claims, mkg__view(s.ptr + from, i - from),
                                         run.at, run.n, yes, err);
        if (st < 0) return st;
        from = i = end;
    }
    return MKG_OK;
}

static mkg_status is_supported(mkg__claims *claims, size_t pieces, mkg_view sentence,
                               cites *c, const char **why, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf text = {0};

    MKG_GO(read_cites(sentence, c, &text, err));
    *why = c->wild ? "no such fact" : NULL;
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i] < 1 || c->at[i] > pieces) *why = "no such fact";
    if (*why) goto out;
    bool placed;
    MKG_GO(in_place(claims, sentence, &placed, err));
    MKG_GO(mkg__claims_check(claims, mkg__view(text.ptr, text.len), c->at, c->n, placed,
                             why, err));
out:
    mkg__buf_clear(&text);
    return st;
}

typedef struct job {
    const mkg_evidence *e;
    size_t pieces;
    bool cut;
    mkg__claims *claims;
    mkg_answer *a;
    mkg__buf kept;
} job;

/* Does it end with a sign, or with the marks behind one? */
static bool is_ended(mkg_view sentence)
{
    for (size_t i = 0; i < sentence.len;) {
        size_t k = read_mark(sentence.ptr + i, sentence.len - i, NULL);
        size_t end = k ? 0 : sentence_end(sentence.ptr, i, sentence.len);
        i += k ? k : end ? end : 1;
        if (!end) continue;
        while (i < sentence.len &&
               (sentence.ptr[i] == ' ' ||
                (k = read_mark(sentence.ptr + i, sentence.len - i, NULL))))
            i += sentence.ptr[i] == ' ' ? 1 : k;
        if (i == sentence.len) return true;
    }
    return false;
}

static mkg_status check_one(job *j, mkg_view sentence, bool broken, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_answer *a = j->a;
    cites c = {.n = 0};
    const char *why, *text = mkg__answer_keep(a, sentence);

    if (!text) return mkg__nomem(err);
    MKG_GO(is_supported(j->claims, j->pieces, sentence, &c, &why, err));
    if (broken) why = "unfinished";
    if (why) return remove_sentence(a, text, why, err);
    size_t *cited = mkg__arena_alloc(&a->arena, (c.n + 1) * sizeof *cited);
    if (!cited) return mkg__nomem(err);
    memcpy(cited, c.at, c.n * sizeof *cited);
    if (j->kept.len && j->e->lang != MKG_LANG_ZH) mkg__buf_byte(&j->kept, ' ');
    mkg__buf_put(&j->kept, sentence.ptr, sentence.len);
    st = mkg__answer_add(a, text, cited, c.n, true, err);
out:
    return st;
}

static mkg_status check_all(job *j, mkg_view text, const char *whole, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool first = true;
    while (text.len) {
        size_t n = sentence_length(text.ptr, text.len, whole);
        /* "Yes." by itself has nothing to cite. */
        if (first && n < text.len &&
            mkg__claims_only_verdict(j->claims, mkg__view(text.ptr, n)))
            n += sentence_length(text.ptr + n, text.len - n, whole + n);
        mkg_view sentence = mkg__trim(mkg__view(text.ptr, n));
        text = mkg__view(text.ptr + n, text.len - n);
        whole += n;
        first = first && !sentence.len;
        bool broken = j->cut && !text.len && !is_ended(sentence);
        if (sentence.len) MKG_GO(check_one(j, sentence, broken, err));
    }
out:
    return st;
}

mkg_status mkg__cite_check(const mkg_evidence *e, size_t pieces, mkg_view text,
                           bool cut, mkg_answer *a, mkg_err *err)
{
    mkg_status st = MKG_OK;
    job j = {.e = e, .pieces = pieces, .cut = cut, .a = a};
    char *whole = mkg__malloc(text.len + 1);

    if (!whole) return mkg__nomem(err);
    MKG_GO(mkg__claims_new(e, pieces, &j.claims, err));
    mkg__claims_whole(j.claims, text, whole);
    MKG_GO(check_all(&j, text, whole, err));
    const char *p = mkg__buf_cstr(&j.kept);
    a->text = p ? mkg__answer_keep(a, mkg__view(p, j.kept.len)) : NULL;
    if (!a->text) st = mkg__nomem(err);
out:
    mkg__free(whole);
    mkg__claims_free(j.claims);
    mkg__buf_clear(&j.kept);
    return st;
}

size_t mkg__cite_numbers(mkg_view text, size_t *out, size_t cap)
{
    cites c = {.n = 0};
    mkg__buf rest = {0};
    size_t n = 0;
    mkg_status st = read_cites(text, &c, &rest, NULL);
    mkg__buf_clear(&rest);
    for (; st >= 0 && n < c.n && n < cap; n++)
        out[n] = c.at[n];
    return c.wild ? SIZE_MAX : n;
}
