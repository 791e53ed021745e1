/* An answer as a screen for people. */
#include "cli/cli.h"

#include "base/err.h"

#include <string.h>

enum { TEXT_LINES = 3, TEXT_SLACK = 40 };

typedef struct screen {
    cli *c;
    const mkg_evidence *e;
    const mkg_answer *a;
    mkg__buf line, piece; /* scratch */
    bool failed;
} screen;

static bool in_chinese(const screen *s)
{
    return s->e->lang == MKG_LANG_ZH;
}

/* The program's own words, in the language of the question. */
static const char *say(const screen *s, const char *zh, const char *en)
{
    return in_chinese(s) ? zh : en;
}

static void flush(screen *s)
{
    if (s->line.failed || s->piece.failed) s->failed = true;
    if (!s->failed) cli_put(s->c, s->line.ptr, s->line.len);
    s->line.len = 0;
}

static void heading(screen *s, const char *zh, const char *en)
{
    cli_print(s->c, "\n");
    cli_set_style(s->c, CLI_BOLD);
    cli_print(s->c, "%s\n", say(s, zh, en));
    cli_set_style(s->c, CLI_PLAIN);
}

/* s->piece as a paragraph. */
static void paragraph(screen *s, size_t indent)
{
    cli_blanks(&s->line, indent);
    cli_wrap(&s->line, mkg__view(s->piece.ptr, s->piece.len), indent, indent,
             CLI_WIDTH);
    mkg__buf_byte(&s->line, '\n');
    flush(s);
    s->piece.len = 0;
}

/* ---- the answer ---- */

static void put_answer(screen *s, bool streamed)
{
    const mkg_answer *a = s->a;
    if (streamed && a->nremoved == 0) {
        mkg__buf_str(&s->piece, say(s, "（已核对：每句话都引用了下列依据）",
                                    "(checked: every sentence cites evidence below)"));
        paragraph(s, 0);
        return;
    }
    if (streamed) {
        mkg__buf_printf(
            &s->piece,
            say(s, "（已核对：删去 %zu 句没有依据的话；余下的是：）",
                "(checked: %zu sentences without evidence were removed; what "
                "is left:)"),
            a->nremoved);
        paragraph(s, 0);
    }
    mkg__buf_str(&s->piece, a->text);
    paragraph(s, 0);
    if (a->nremoved && !streamed) {
        mkg__buf_printf(
            &s->piece,
            say(s, "（删去了模型的 %zu 句没有依据的话）",
                "(%zu sentences of the model without evidence were removed)"),
            a->nremoved);
        paragraph(s, 0);
    }
}

/* ---- the evidence ---- */

/* "感冒 —症状→ 头痛"; backwards where the question's entity is the object. */
static void put_fact(screen *s, const mkg_piece *p)
{
    bool back = p->from_object && p->inverse_label[0];
    const char *left = back ? p->object : p->subject;
    const char *right = back ? p->subject : p->object;
    const char *label = back ? p->inverse_label : p->label;

    mkg__buf_printf(&s->piece, "%s —%s%s→ %s", left,
                    p->denied ? say(s, "否认：", "not: ") : "", label, right);
    if (p->grade[0])
        mkg__buf_printf(&s->piece, say(s, "（证据等级 %s）", " (grade %s)"), p->grade);
    if (p->population[0])
        mkg__buf_printf(&s->piece, say(s, "（人群：%s）", " (in %s)"), p->population);
}

static void put_reason(screen *s, const mkg_piece *p)
{
    const char *why = p->why;
    if (strcmp(why, "intent") == 0)
        why = say(s, "问题所问的关系", "the relation asked for");
    else if (strcmp(why, "entity") == 0)
        why = say(s, "关于问题中的实体", "about the entity of the question");
    else if (strcmp(why, "direct") == 0)
        why = say(s, "问题中两个实体之间", "between two entities of the question");
    mkg__buf_printf(&s->piece,
                    say(s, "得分 %.3f（%s），权重 %g，事实 %u，来源 %s %s",
                        "score %.3f (%s), weight %g, fact %u, source %s %s"),
                    p->score, why, p->weight, p->fact, p->source, p->source_version);
    paragraph(s, 4);
}

static bool same_source(const mkg_piece *a, const mkg_piece *b)
{
    return strcmp(a->source, b->source) == 0 &&
           strcmp(a->source_version, b->source_version) == 0;
}

/* Where a fact stands: its locator, and the source if there is more than one. */
static void put_place(const screen *s, const mkg_piece *p, mkg__buf *out)
{
    const mkg_piece *first = &s->e->pieces[0];
    bool several = false;
    for (size_t i = 1; i < s->e->npieces && !several; i++)
        several = !same_source(first, &s->e->pieces[i]);
    if (several && strncmp(p->locator, p->source, strlen(p->source)) != 0)
        mkg__buf_printf(out, "%s%s%s, ", p->source, p->source_version[0] ? " " : "",
                        p->source_version);
    mkg__buf_str(out, p->locator);
    if (p->more_sources) mkg__buf_printf(out, " +%zu", p->more_sources);
}

/* A text of more than a few lines is shown by its beginning: it is in the source, at
 * the place beside it, and whole with --full. */
static void shorten_piece(screen *s)
{
    size_t i = 0, len, columns = 0, n = s->piece.len;
    if (cli_opt_given(s->c, "full") || s->piece.failed) return;
    for (; i < n && columns < TEXT_LINES * CLI_WIDTH; i += len) {
        mkg__utf8_decode(s->piece.ptr + i, n - i, &len);
        columns += mkg__utf8_width(s->piece.ptr + i, len);
        if (s->piece.ptr[i] == '\n') columns += CLI_WIDTH / 2; /* the rest of a line */
    }
    if (mkg__utf8_count(s->piece.ptr + i, n - i) < TEXT_SLACK) return;
    size_t chars = mkg__utf8_count(s->piece.ptr, n);
    s->piece.len = mkg__trim(mkg__view(s->piece.ptr, i)).len;
    mkg__buf_printf(&s->piece,
                    say(s, "…（共 %zu 字，--full 全文）", "… (%zu characters; --full)"),
                    chars);
}

static void put_evidence(screen *s, bool explain)
{
    const mkg_evidence *e = s->e;
    mkg__buf place = {0};
    char number[32];

    if (e->npieces) heading(s, "依据", "Evidence");
    for (size_t i = 0; i < e->npieces; i++) {
        const mkg_piece *p = &e->pieces[i];
        snprintf(number, sizeof number, "[%zu] ", i + 1);
        place.len = 0;
        put_place(s, p, &place);
        put_fact(s, p);
        shorten_piece(s);
        mkg__buf_str(&s->line, number);
        cli_wrap_right(&s->line, mkg__view(s->piece.ptr, s->piece.len), strlen(number),
                       4, mkg__view(place.ptr ? place.ptr : "", place.len));
        mkg__buf_byte(&s->line, '\n');
        s->piece.len = 0;
        flush(s);
        if (explain) put_reason(s, p);
    }
    s->failed |= place.failed;
    mkg__buf_clear(&place);
    if (e->more) {
        mkg__buf_printf(&s->piece,
                        say(s, "另有 %zu 条没有列出（--facts %zu 全部列出）",
                            "%zu more are not shown (--facts %zu shows all)"),
                        e->more, e->npieces + e->more);
        paragraph(s, 4);
    }
}

/* Sources of the evidence, once each. */
static void put_sources(screen *s)
{
    const mkg_evidence *e = s->e;
    for (size_t i = 0; i < e->npieces; i++) {
        const mkg_piece *p = &e->pieces[i];
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = same_source(&e->pieces[k], p);
        if (seen) continue;
        if (s->piece.len) mkg__buf_str(&s->piece, say(s, "；", "; "));
        mkg__buf_str(&s->piece, p->source);
        if (p->source_version[0]) mkg__buf_printf(&s->piece, " %s", p->source_version);
    }
    if (!s->piece.len) return;
    heading(s, "来源", "Sources");
    paragraph(s, 2);
}

/* ---- what was not found, and how the question was understood ---- */

static void put_missing(screen *s)
{
    const mkg_evidence *e = s->e;
    if (e->nmissing) heading(s, "没有找到", "Not found");
    for (size_t i = 0; i < e->nmissing; i++) {
        const mkg_missing *m = &e->missing[i];
        bool question = strcmp(m->what, e->question) == 0;
        if (strcmp(m->reason, "unknown_entity") == 0 && !question)
            mkg__buf_printf(
                &s->piece,
                say(s, "“%s”：图中没有这个名称", "'%s': the graph has no such name"),
                m->what);
        else if (question && strcmp(m->reason, "unknown_entity") == 0)
            mkg__buf_printf(
                &s->piece,
                say(s, "“%s”里没有图中的名称", "no name of the graph in '%s'"),
                m->what);
        else if (strcmp(m->reason, "no_such_relation") == 0)
            mkg__buf_printf(
                &s->piece,
                say(s, "“%s”：图中没有这种事实", "'%s': the graph has no such fact"),
                m->what);
        else
            mkg__buf_printf(
                &s->piece,
                say(s, "“%s”：没有足够相关的事实", "'%s': nothing relevant enough"),
                m->what);
        if (m->searched[0])
            mkg__buf_printf(&s->piece, say(s, "（查过 %s）", " (searched: %s)"),
                            m->searched);
        paragraph(s, 2);
    }
}

static const char *how_name(const screen *s, const char *how)
{
    if (!in_chinese(s)) return how;
    if (strcmp(how, "exact") == 0) return "名称";
    if (strcmp(how, "alias") == 0) return "别名";
    if (strcmp(how, "fuzzy") == 0) return "近似";
    if (strcmp(how, "colloquial") == 0) return "口语";
    return how;
}

static void put_mention(screen *s, const mkg_mention *m, bool explain)
{
    mkg__buf_printf(&s->piece, say(s, "“%s”", "'%s'"), m->text);
    if (strcmp(m->text, m->name) != 0) mkg__buf_printf(&s->piece, " = %s", m->name);
    mkg__buf_printf(&s->piece, say(s, "（%s，#%u", " (%s, #%u"), m->type, m->node);
    if (explain)
        mkg__buf_printf(&s->piece, say(s, "，%s %.2f", ", %s %.2f"),
                        how_name(s, m->how), m->score);
    mkg__buf_str(&s->piece, say(s, "）", ")"));
}

static void put_understood(screen *s, bool explain)
{
    const mkg_evidence *e = s->e;
    if (e->nmentions + e->nintents == 0) return;
    heading(s, "问题的理解", "How the question was understood");
    for (size_t i = 0; i < e->nmentions; i++) {
        if (i) mkg__buf_str(&s->piece, say(s, "；", "; "));
        put_mention(s, &e->mentions[i], explain);
    }
    if (e->nmentions) paragraph(s, 2);
    if (!e->nintents) return;
    mkg__buf_str(&s->piece, say(s, "所问：", "asked for: "));
    for (size_t i = 0; i < e->nintents; i++) {
        mkg__buf_printf(&s->piece, "%s%s", i ? say(s, "、", ", ") : "",
                        e->intents[i].label);
        if (e->intents[i].guessed)
            mkg__buf_str(&s->piece,
                         say(s, "（由问法推测）", " (guessed from the wording)"));
        if (explain)
            mkg__buf_printf(&s->piece, say(s, "（%s %.2f）", " (%s %.2f)"),
                            e->intents[i].name, e->intents[i].score);
    }
    paragraph(s, 2);
}

/* What the status means for a reader, "" where it goes without saying. */
static const char *caution(const screen *s)
{
    if (s->e->status == MKG_AMBIGUOUS)
        return say(s, "一个名称指几个实体，依据分属其中几个。",
                   "One name means several things; the evidence is of more than one.");
    if (s->e->status == MKG_CONFLICT)
        return say(s, "依据互相矛盾：有的肯定，有的否认。",
                   "The evidence disagrees: some state what others deny.");
    return "";
}

static void put_warnings(screen *s)
{
    const char *status = caution(s);
    if (s->e->nwarnings || *status) heading(s, "注意", "Warnings");
    if (*status) {
        mkg__buf_str(&s->piece, status);
        paragraph(s, 2);
    }
    for (size_t i = 0; i < s->e->nwarnings; i++) {
        mkg__buf_str(&s->piece, s->e->warnings[i]);
        paragraph(s, 2);
    }
}

static const char *reason_name(const screen *s, const char *reason)
{
    static const char *const zh[][2] = {
        {"no citation", "没有引用"}, {"no such fact", "引用不存在"},
        {"verdict", "结论不符"},     {"other name", "另有未引用的名称"},
        {"subject", "主体不符"},     {"object", "客体不符"},
        {"relation", "关系不符"},    {"direction", "方向相反"},
        {"negation", "否定不符"},    {"number", "数字不符"},
        {"place", "引用的位置不符"}, {"unfinished", "没有写完"}};
    for (size_t i = 0; in_chinese(s) && i < sizeof zh / sizeof *zh; i++)
        if (strcmp(reason, zh[i][0]) == 0) return zh[i][1];
    return reason;
}

static void put_timing(screen *s)
{
    const mkg_evidence *e = s->e;
    const mkg_answer *a = s->a;
    heading(s, "过程", "Process");
    mkg__buf_printf(
        &s->piece,
        say(s, "图版本 %llu；链接 %.1f ms，检索 %.1f ms，生成 %.1f ms（%s%s%s）",
            "graph version %llu; linking %.1f ms, retrieval %.1f ms, "
            "generation %.1f ms (%s%s%s)"),
        (unsigned long long)e->graph_version, e->link_ms, e->retrieve_ms, a->ms,
        a->backend, a->model && a->model[0] ? " " : "", a->model ? a->model : "");
    paragraph(s, 2);
    for (size_t i = 0; i < a->nremoved; i++) {
        mkg__buf_printf(&s->piece, say(s, "删去（%s）：%s", "removed (%s): %s"),
                        reason_name(s, a->reasons[i]), a->removed[i]);
        paragraph(s, 2);
    }
}

mkg_status cli_answer_print(cli *c, const mkg_evidence *e, const mkg_answer *a,
                            bool streamed)
{
    screen s = {.c = c, .e = e, .a = a};
    bool explain = cli_opt_given(c, "explain");

    put_answer(&s, streamed);
    put_evidence(&s, explain);
    put_missing(&s);
    put_warnings(&s);
    put_understood(&s, explain);
    put_sources(&s);
    if (explain) put_timing(&s);
    mkg__buf_clear(&s.line);
    mkg__buf_clear(&s.piece);
    return s.failed ? mkg__nomem(&c->err) : MKG_OK;
}
