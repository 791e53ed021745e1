/* The prompt of the built-in model. */
#include "lm/compact.h"

#include "base/err.h"
#include "lm/lm_internal.h"

#include <string.h>

/* Room of a text in thirds of a Han character, which a Latin letter takes. */
enum { ROOM = 180, HAN = 3, ALL_BYTES = 8 << 10 };

const char *mkg__mark_name(mkg__mark m)
{
    static const char *const names[MKG__MARKS] = {
        "<|zh|>",      "<|en|>",      "<|question|>", "<|fact|>",    "<|rel|>",
        "<|not|>",     "<|obj|>",     "<|source|>",   "<|missing|>", "<|more|>",
        "<|yes|>",     "<|no|>",      "<|disputed|>", "<|answer|>",  "<|spare_1|>",
        "<|spare_2|>", "<|spare_3|>", "<|spare_4|>"};
    return names[m];
}

static void put_mark(mkg__buf *out, mkg__mark m)
{
    mkg__buf_str(out, mkg__mark_name(m));
}

/* ---- texts ---- */

/* How well a text can be cut in front of the character at p: 3 a sentence ends, 2 a
 * clause, 1 a word, 0 not at all. */
static int cut_at(const char *p)
{
    static const char *const sentence[] = {"。", "！", "？", "；", ". ", "; "};
    static const char *const clause[] = {"，", "、", "：", ", ", " ("};
    for (size_t i = 0; i < sizeof sentence / sizeof *sentence; i++)
        if (strncmp(p, sentence[i], strlen(sentence[i])) == 0) return 3;
    for (size_t i = 0; i < sizeof clause / sizeof *clause; i++)
        if (strncmp(p, clause[i], strlen(clause[i])) == 0) return 2;
    return *p == ' ' ? 1 : 0;
}

/* Bytes of a clean text that are told; *open: what follows belongs to it. */
static size_t told_length(const char *text, bool *open)
{
    size_t n = strlen(text), i = 0, len, at[4] = {0};
    unsigned room = ROOM;
    *open = false;
    while (i < n) {
        uint32_t c = mkg__utf8_decode(text + i, n - i, &len);
        unsigned need = mkg__is_han(c) || c >= 0x3000 ? HAN : 1;
        if (need > room) break;
        room -= need;
        if (room < ROOM * 2 / 3) at[cut_at(text + i)] = i;
        i += len;
    }
    if (i == n) return n;
    if (at[3]) return at[3];
    *open = true;
    return at[2] ? at[2] : at[1] ? at[1] : i;
}

static bool ends_with(mkg_view v, const char *sign)
{
    size_t n = strlen(sign);
    return v.len >= n && memcmp(v.ptr + v.len - n, sign, n) == 0;
}

void mkg__compact_name(mkg__buf *out, const char *text, mkg_lang lang)
{
    mkg__buf clean = {0};
    bool open;
    mkg__put_data(&clean, text, SIZE_MAX);
    const char *p = mkg__buf_cstr(&clean);
    if (!p) {
        out->failed = true;
    } else {
        while (*p == ' ')
            p++;
        mkg_view v = mkg__trim(mkg__view(p, told_length(p, &open)));
        /* The sentence that tells it brings its own. */
        if (ends_with(v, "。")) v.len -= strlen("。");
        if (lang == MKG_LANG_EN && ends_with(v, ".")) v.len--;
        mkg__buf_put(out, v.ptr, v.len);
        if (open) mkg__buf_str(out, "…");
    }
    mkg__buf_clear(&clean);
}

void mkg__compact_item(mkg__buf *out, const mkg_piece *p, mkg_lang lang)
{
    bool zh = lang == MKG_LANG_ZH;
    mkg__compact_name(out, mkg__read_piece(p).item, lang);
    if (p->population[0]) {
        mkg__buf_str(out, zh ? "（人群：" : " (in ");
        mkg__compact_name(out, p->population, lang);
        mkg__buf_str(out, zh ? "）" : ")");
    }
    if (p->grade[0]) {
        mkg__buf_str(out, zh ? "（证据等级" : " (grade ");
        mkg__compact_name(out, p->grade, lang);
        mkg__buf_str(out, zh ? "）" : ")");
    }
}

/* ---- the prompt ---- */

typedef struct writer {
    const mkg_evidence *e;
    mkg__buf *out;
    size_t n;   /* pieces that go in */
    char *done; /* (n) */
} writer;

static void put_name(writer *w, mkg__mark m, const char *text)
{
    put_mark(w->out, m);
    if (w->e->lang == MKG_LANG_EN) mkg__buf_byte(w->out, ' ');
    mkg__compact_name(w->out, text, w->e->lang);
}

static bool in_conflict(const mkg_evidence *e, size_t i)
{
    for (size_t k = 0; k < e->nconflicts; k++)
        if (e->conflicts[k].a == i || e->conflicts[k].b == i) return true;
    return false;
}

static void put_object(writer *w, size_t i)
{
    const mkg_piece *p = &w->e->pieces[i];
    bool en = w->e->lang == MKG_LANG_EN;
    put_mark(w->out, MKG__MARK_OBJ);
    if (en) mkg__buf_byte(w->out, ' ');
    mkg__compact_item(w->out, p, w->e->lang);
    mkg__buf_printf(w->out, en ? " [%zu]" : "[%zu]", i + 1);
    if (in_conflict(w->e, i)) put_name(w, MKG__MARK_SOURCE, p->source);
    w->done[i] = 1;
}

/* The group that begins with piece `first`. */
static void put_fact(writer *w, size_t first)
{
    mkg__reading head = mkg__read_piece(&w->e->pieces[first]);
    put_name(w, MKG__MARK_FACT, head.of);
    put_name(w, MKG__MARK_REL, head.label);
    if (head.denied) put_mark(w->out, MKG__MARK_NOT);
    put_object(w, first);
    for (size_t i = first + 1; i < w->n; i++) {
        mkg__reading r = mkg__read_piece(&w->e->pieces[i]);
        if (!w->done[i] && mkg__read_together(&head, &r)) put_object(w, i);
    }
}

static void put_question(writer *w)
{
    mkg__buf clean = {0};
    mkg__put_data(&clean, w->e->question, MKG_COMPACT_QUESTION);
    const char *p = mkg__buf_cstr(&clean);
    put_mark(w->out, w->e->lang == MKG_LANG_EN ? MKG__MARK_EN : MKG__MARK_ZH);
    put_mark(w->out, MKG__MARK_QUESTION);
    if (p)
        mkg__buf_put(w->out, p, clean.len);
    else
        w->out->failed = true;
    mkg__buf_clear(&clean);
}

static void put_verdict(writer *w)
{
    static const mkg__mark marks[] = {[MKG_VERDICT_YES] = MKG__MARK_YES,
                                      [MKG_VERDICT_NO] = MKG__MARK_NO,
                                      [MKG_VERDICT_DISPUTED] = MKG__MARK_DISPUTED};
    if (w->e->verdict != MKG_VERDICT_NONE) put_mark(w->out, marks[w->e->verdict]);
}

/* So many pieces that their text stays within bounds. */
static size_t count_pieces(const mkg_evidence *e, size_t most)
{
    size_t bytes = 0, n = 0;
    while (n < e->npieces && n < most && n < MKG_MARKS && bytes < ALL_BYTES) {
        const mkg_piece *p = &e->pieces[n++];
        size_t text = strlen(p->subject) + strlen(p->label) + strlen(p->object);
        bytes += text < 2 * ROOM ? text : 2 * ROOM;
    }
    return n;
}

mkg_status mkg__compact_prompt(const mkg_evidence *e, size_t most, mkg__buf *out,
                               size_t *used, mkg_err *err)
{
    writer w = {.e = e, .out = out, .n = count_pieces(e, most)};

    w.done = mkg__calloc(w.n + 1, 1);
    if (!w.done) return mkg__nomem(err);
    *used = w.n;
    put_question(&w);
    for (size_t i = 0; i < w.n; i++)
        if (!w.done[i]) put_fact(&w, i);
    for (size_t i = 0; i < e->nmissing; i++) /* the question itself stands there */
        if (strcmp(e->missing[i].what, e->question) != 0)
            put_name(&w, MKG__MARK_MISSING, e->missing[i].what);
    if (e->more || w.n < e->npieces) put_mark(out, MKG__MARK_MORE);
    put_verdict(&w);
    put_mark(out, MKG__MARK_ANSWER);
    mkg__free(w.done);
    return out->failed ? mkg__nomem(err) : MKG_OK;
}
