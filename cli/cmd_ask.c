/* medkg ask: a question, its evidence, an answer with citations. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>

enum { QUESTION_MAX = 64 << 10 };

/* The question as it is, "-" being standard input. */
static mkg_status read_question(cli *c, const char *arg, mkg__buf *out)
{
    mkg_status st = MKG_OK;
    if (strcmp(arg, "-") == 0) {
        st = mkg__file_read("-", QUESTION_MAX, out, &c->err);
        if (st == MKG_EPARSE && !c->err.line)
            st = mkg__fail(&c->err, MKG_EARG, "the question is longer than %d KiB",
                           QUESTION_MAX >> 10);
        if (st < 0) return st;
        mkg_view v = mkg__trim(mkg__view(out->ptr ? out->ptr : "", out->len));
        if (v.len) memmove(out->ptr, v.ptr, v.len);
        out->len = v.len;
        if (out->len && memchr(out->ptr, '\0', out->len))
            return mkg__fail(&c->err, MKG_EARG, "the question holds a NUL byte");
    } else {
        mkg__buf_str(out, arg);
    }
    const char *text = mkg__buf_cstr(out);
    return text ? cli_check_text(c, "the question", text) : mkg__nomem(&c->err);
}

/* ---- the model ---- */

/* What the user chose; NULL where that is left to us. */
static const char *chosen_model(const cli *c)
{
    const char *given = cli_opt_text(c, "lm"), *env = getenv("MEDKG_LM");
    return given ? given : env && *env ? env : NULL;
}

typedef struct asking {
    cli *c;
    mkg_lm_opts opts;
    char *data; /* folder of the tables and the built-in model */
    mkg_lm *lm;
    bool ours;       /* the built-in model, as nothing was chosen */
    mkg_err missing; /* why it cannot be used */
} asking;

/* The evidence as it is, as the built-in model cannot be used: says so once. */
static mkg_status do_without(asking *a)
{
    a->missing = a->c->err;
    a->c->err = (mkg_err){0};
    a->ours = false;
    mkg_lm_free(a->lm);
    a->lm = NULL;
    cli_note(a->c, "medkg: %s; the evidence is set out as it is (--lm none)",
             a->missing.msg);
    return mkg_lm_open("none", &a->opts, &a->lm, &a->c->err);
}

/* Nothing but a model that cannot be used is done without. */
static bool can_do_without(const asking *a, mkg_status st)
{
    return a->ours && st == MKG_ELM;
}

static mkg_status open_model(asking *a)
{
    cli *c = a->c;
    const char *spec = chosen_model(c);
    a->ours = !spec;
    if (!spec) spec = "builtin";
    if (strcmp(spec, "builtin") == 0) {
        mkg_status st = cli_data_folder(c, &a->data);
        if (st < 0) return st;
        a->opts.data = a->data;
    }
    if (a->ours && !mkg_lm_has_builtin(a->data)) {
        mkg__fail(&c->err, MKG_ELM, "there is no built-in model in %s", a->data);
        return do_without(a);
    }
    mkg_status st = mkg_lm_open(spec, &a->opts, &a->lm, &c->err);
    return can_do_without(a, st) ? do_without(a) : st;
}

/* In the evidence's warnings, where --json shows it. */
static mkg_status warn(cli *c, mkg_evidence *e, const mkg_err *why)
{
    mkg__buf b = {0};
    const char **list = mkg__arena_alloc(&e->arena, (e->nwarnings + 1) * sizeof *list);
    mkg__buf_printf(&b, "%s; the evidence is set out as it is", why->msg);
    const char *s = mkg__buf_cstr(&b), *kept = NULL;
    if (s) kept = mkg__arena_dup(&e->arena, s, b.len);
    mkg__buf_clear(&b);
    if (!list || !kept) return mkg__nomem(&c->err);
    if (e->nwarnings) memcpy(list, e->warnings, e->nwarnings * sizeof *list);
    list[e->nwarnings++] = kept;
    e->warnings = list;
    return MKG_OK;
}

/* ---- the answer ---- */

typedef struct streamer {
    cli *c;
    bool any;
} streamer;

static int on_token(void *ctx, const char *text, size_t n)
{
    streamer *s = ctx;
    s->any = true;
    cli_put(s->c, text, n);
    fflush(stdout);
    return s->c->write_errno != 0;
}

static mkg_status print(cli *c, const mkg_evidence *e, const mkg_answer *a,
                        bool streamed)
{
    if (c->json) return cli_json(c, cli_answer_json(e, a));
    if (streamed) cli_print(c, "\n\n");
    return cli_answer_print(c, e, a, streamed);
}

static mkg_status answer(asking *q, mkg_evidence *e, streamer *s, mkg_answer **a)
{
    cli *c = q->c;
    /* Only a model writes word by word; what is set out of the evidence is there at
     * once. */
    bool stream = c->screen && !c->json && !cli_opt_given(c, "no-stream");
    mkg_status st = mkg_lm_answer(q->lm, e, stream ? on_token : NULL, s, a, &c->err);
    if (can_do_without(q, st) && !s->any) {
        st = do_without(q);
        if (st >= 0) st = mkg_lm_answer(q->lm, e, NULL, NULL, a, &c->err);
    }
    if (st >= 0 && q->missing.msg[0] && c->json) st = warn(c, e, &q->missing);
    return st;
}

mkg_status cli_cmd_ask(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_retriever *r = NULL;
    mkg_evidence *e = NULL;
    mkg_answer *a = NULL;
    mkg__buf question = {0};
    streamer s = {.c = c};
    asking q = {.c = c, .opts = MKG_LM_OPTS_INIT};
    mkg_retrieve_opts ro = {.limit = (size_t)cli_opt_count(c, "facts")};

    q.opts.idle_ms = (unsigned)cli_opt_count(c, "timeout") * 1000;
    q.opts.threads = (unsigned)cli_opt_count(c, "threads");
    if (cli_opt_given(c, "patient"))
        return mkg__fail(&c->err, MKG_EARG, "--patient is not in this version");
    MKG_GO(read_question(c, c->args[0], &question));
    MKG_GO(open_model(&q));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_retriever(c, kg, &r));
    MKG_GO(mkg_retrieve(r, question.ptr, &ro, &e, &c->err));
    MKG_GO(answer(&q, e, &s, &a));
    MKG_GO(print(c, e, a, s.any));
    st = e->status == MKG_NO_EVIDENCE ? MKG_NOTFOUND : MKG_OK;
    c->err.msg[0] = '\0'; /* the answer has said what was not found */
out:
    mkg_answer_free(a);
    mkg_evidence_free(e);
    mkg_retriever_free(r);
    mkg_kg_close(kg);
    mkg_lm_free(q.lm);
    mkg__free(q.data);
    mkg__buf_clear(&question);
    return st;
}
