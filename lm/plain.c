/* The evidence as sentences: what belongs together in one, in the order of the
 * evidence. */
#include "base/err.h"
#include "lm/lm_internal.h"

#include <string.h>

enum { TEXT_CHARS = 200, TEXT_SLACK = 60 };

static bool ends_sentence(const char *p)
{
    return strncmp(p, "。", 3) == 0 || strncmp(p, "；", 3) == 0 ||
           strncmp(p, "！", 3) == 0 || *p == '\n' ||
           (*p == '.' && (p[1] == ' ' || p[1] == '\0'));
}

/* Bytes of a text that go into a short answer: up to a sentence's end near TEXT_CHARS.
 */
static size_t short_length(const char *text, bool *cut)
{
    size_t i = 0, chars = 0, len, n = strlen(text), best = 0;
    for (; i < n && chars < TEXT_CHARS + TEXT_SLACK; i += len, chars++) {
        mkg__utf8_decode(text + i, n - i, &len);
        if (chars >= 20 && chars <= TEXT_CHARS + TEXT_SLACK && ends_sentence(text + i))
            best = i;
    }
    *cut = i < n;
    if (!*cut) return n;
    return best ? best : i;
}

/* The text on one line, without the mark that ends it: the sentence brings its own. */
static void put_text(mkg__buf *b, const char *text, bool zh)
{
    bool cut;
    mkg_view v = mkg__trim(mkg__view(text, short_length(text, &cut)));
    if (!cut && v.len >= 3 && strncmp(v.ptr + v.len - 3, "。", 3) == 0) v.len -= 3;
    if (!cut && v.len >= 1 && v.ptr[v.len - 1] == '.') v.len -= 1;
    bool blank = false;
    for (size_t i = 0; i < v.len; i++) {
        bool line_end = v.ptr[i] == '\n' || v.ptr[i] == '\r';
        bool space = v.ptr[i] == ' ' || v.ptr[i] == '\t' || line_end;
        if (space && !blank && !zh) mkg__buf_byte(b, ' ');
        if (space && !blank && zh && !line_end) mkg__buf_byte(b, ' ');
        if (!space) mkg__buf_byte(b, (unsigned char)v.ptr[i]);
        blank = space;
    }
    if (cut) mkg__buf_str(b, "…");
}

/* "{s} – label: {o}" where the vocabulary has no better pattern. */
static const char *pattern_of(const mkg__reading *r, bool zh, mkg__buf *scratch)
{
    if (r->sentence[0]) return r->sentence;
    if (strchr(r->label, '{'))
        return zh ? "{s}：{o}" : "{s}: {o}"; /* not ours to read */
    mkg__buf_printf(scratch, zh ? "{s}的%s：{o}" : "{s} – %s: {o}", r->label);
    return mkg__buf_cstr(scratch);
}

/* What stands before the mark `next`, which follows; *pattern moves behind it. */
static void put_until(mkg__buf *b, const char **pattern, const char *next)
{
    const char *stop = strstr(*pattern, next);
    size_t n = stop ? (size_t)(stop - *pattern) : strlen(*pattern);
    mkg__buf_put(b, *pattern, n);
    *pattern += n + (stop ? strlen(next) : 0);
}

/* English sentences begin with a capital; "pH" and "eGFR" are left alone. */
static void capitalise(char *p)
{
    char *end = p;
    while (*end >= 'a' && *end <= 'z')
        end++;
    if (end > p && (*end == ' ' || *end == ',' || *end == '-' || *end == ':'))
        *p = (char)(*p - 'a' + 'A');
}

/* For whom it holds, and how sure the source is. */
static void put_limits(mkg__buf *b, const mkg_piece *p, bool zh)
{
    if (p->population[0])
        mkg__buf_printf(b, zh ? "（人群：%s）" : " (in %s)", p->population);
    if (p->grade[0])
        mkg__buf_printf(b, zh ? "（证据等级 %s）" : " (grade %s)", p->grade);
}

/* The items of the sentence that starts with piece `first`, each with its citation;
 * marks them in `done`. */
static void put_items(mkg__buf *b, const mkg_evidence *e, size_t first, char *done,
                      size_t *cites, size_t *ncites)
{
    bool zh = e->lang == MKG_LANG_ZH;
    mkg__reading head = mkg__read_piece(&e->pieces[first]);
    size_t last = first;
    for (size_t i = first + 1; i < e->npieces; i++) {
        mkg__reading r = mkg__read_piece(&e->pieces[i]);
        if (!done[i] && mkg__read_together(&head, &r)) last = i;
    }
    for (size_t i = first; i <= last; i++) {
        mkg__reading r = mkg__read_piece(&e->pieces[i]);
        if (done[i] || (i != first && !mkg__read_together(&head, &r))) continue;
        if (*ncites) mkg__buf_str(b, zh ? "、" : i == last ? " and " : ", ");
        put_text(b, r.item, zh);
        put_limits(b, &e->pieces[i], zh);
        mkg__buf_printf(b, zh ? "[%zu]" : " [%zu]", i + 1);
        cites[(*ncites)++] = i + 1;
        done[i] = 1;
    }
}

/* The sentence that starts with piece `first`; marks what it took in `done`. */
static mkg_status add_sentence(const mkg_evidence *e, size_t first, char *done,
                               mkg_answer *a, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf b = {0}, scratch = {0};
    bool zh = e->lang == MKG_LANG_ZH;
    mkg__reading head = mkg__read_piece(&e->pieces[first]);
    const char *pattern = pattern_of(&head, zh, &scratch);
    size_t *cites = mkg__arena_alloc(&a->arena, (e->npieces - first) * sizeof *cites);
    size_t n = 0;

    if (!cites || !pattern) {
        st = mkg__nomem(err);
        goto out;
    }
    if (head.denied) mkg__buf_str(&b, zh ? "资料否认：" : "The source denies this: ");
    size_t start = b.len;
    bool items_first = strstr(pattern, "{o}") < strstr(pattern, "{s}");
    for (int turn = 0; turn < 2; turn++) {
        bool items = turn == (items_first ? 0 : 1);
        put_until(&b, &pattern, items ? "{o}" : "{s}");
        if (items)
            put_items(&b, e, first, done, cites, &n);
        else
            put_text(&b, head.of, zh);
    }
    mkg__buf_str(&b, pattern);
    mkg__buf_str(&b, zh ? "。" : ".");
    const char *text = mkg__buf_cstr(&b);
    if (text && !zh) capitalise(b.ptr + start);
    if (text) text = mkg__answer_keep(a, mkg__view(text, b.len));
    st = text ? mkg__answer_add(a, text, cites, n, true, err) : mkg__nomem(err);
out:
    mkg__buf_clear(&b);
    mkg__buf_clear(&scratch);
    return st;
}

static const char *reason_text(const char *reason, bool question, bool zh)
{
    if (strcmp(reason, "unknown_entity") == 0)
        return question ? (zh ? "图谱中没有问题里提到的名称"
                              : "the graph has none of the names in it")
                        : (zh ? "图谱中没有这个名称" : "the graph has no such name");
    if (strcmp(reason, "no_such_relation") == 0)
        return zh ? "图谱中没有这方面的记录" : "the graph states nothing of the kind";
    return zh ? "证据不足" : "the evidence is too weak";
}

static void put_nothing_found(mkg__buf *b, const mkg_evidence *e)
{
    bool zh = e->lang == MKG_LANG_ZH;
    mkg__buf_str(b, zh ? "没有找到证据" : "No evidence was found");
    for (size_t i = 0; i < e->nmissing; i++) {
        const mkg_missing *m = &e->missing[i];
        bool question = strcmp(m->what, e->question) == 0;
        mkg__buf_str(b, i ? (zh ? "；" : "; ") : (zh ? "：" : ": "));
        if (!question) mkg__buf_printf(b, zh ? "“%s”，" : "%s, ", m->what);
        mkg__buf_str(b, reason_text(m->reason, question, zh));
        if (m->searched[0])
            mkg__buf_printf(b, zh ? "（已查%s%s）" : " (searched%s%s)",
                            zh && (unsigned char)m->searched[0] >= 0x80 ? "" : " ",
                            m->searched);
    }
    mkg__buf_str(b, zh ? "。" : ".");
}

/* Asked whether it is so, what else holds is no answer: that comes first. */
static void put_not_said(mkg__buf *b, const mkg_evidence *e)
{
    bool zh = e->lang == MKG_LANG_ZH;
    if (!e->whether || e->verdict != MKG_VERDICT_NONE || e->nmissing == 0) return;
    mkg__buf_printf(b,
                    zh ? "图谱没有说明这一点（%s）。相关的记录："
                       : "The graph does not say so (%s). What it says beside it: ",
                    e->missing[0].what);
}

static mkg_status join(const mkg_evidence *e, mkg_answer *a, mkg_err *err)
{
    bool zh = e->lang == MKG_LANG_ZH;
    mkg__buf b = {0};
    put_not_said(&b, e);
    for (size_t i = 0; i < a->nsentences; i++) {
        if (i) mkg__buf_str(&b, zh ? "" : " ");
        mkg__buf_str(&b, a->sentences[i].text);
    }
    const char *text = mkg__buf_cstr(&b);
    a->text = text ? mkg__answer_keep(a, mkg__view(text, b.len)) : NULL;
    mkg__buf_clear(&b);
    return a->text ? MKG_OK : mkg__nomem(err);
}

mkg_status mkg__plain_answer(const mkg_evidence *e, mkg_answer *a, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf b = {0};
    char *done = mkg__calloc(e->npieces + 1, 1);

    if (!done) return mkg__nomem(err);
    if (e->npieces == 0) {
        put_nothing_found(&b, e);
        const char *text = mkg__buf_cstr(&b);
        a->text = text ? mkg__answer_keep(a, mkg__view(text, b.len)) : NULL;
        if (!a->text) st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < e->npieces; i++)
        if (!done[i]) MKG_GO(add_sentence(e, i, done, a, err));
    st = join(e, a, err);
out:
    mkg__free(done);
    mkg__buf_clear(&b);
    return st;
}
