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

static const char *model_spec(const cli *c)
{
    const char *given = cli_opt_text(c, "lm"), *env = getenv("MEDKG_LM");
    return given ? given : env && *env ? env : "none";
}

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

mkg_status cli_cmd_ask(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_retriever *r = NULL;
    mkg_lm *lm = NULL;
    mkg_evidence *e = NULL;
    mkg_answer *a = NULL;
    mkg__buf question = {0};
    streamer s = {.c = c};
    mkg_lm_opts lo = MKG_LM_OPTS_INIT;
    mkg_retrieve_opts ro = {.limit = (size_t)cli_opt_count(c, "facts")};
    const char *spec = model_spec(c);

    lo.idle_ms = (unsigned)cli_opt_count(c, "timeout") * 1000;
    lo.threads = (unsigned)cli_opt_count(c, "threads");
    if (cli_opt_given(c, "patient"))
        return mkg__fail(&c->err, MKG_EARG, "--patient is not in this version");
    MKG_GO(read_question(c, c->args[0], &question));
    MKG_GO(mkg_lm_open(spec, &lo, &lm, &c->err));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_retriever(c, kg, &r));
    MKG_GO(mkg_retrieve(r, question.ptr, &ro, &e, &c->err));
    /* Only a model writes word by word; what is set out of the evidence is there at
     * once. */
    bool stream = c->screen && !c->json && !cli_opt_given(c, "no-stream") &&
                  strcmp(spec, "none") != 0;
    MKG_GO(mkg_lm_answer(lm, e, stream ? on_token : NULL, &s, &a, &c->err));
    MKG_GO(print(c, e, a, s.any));
    st = e->status == MKG_NO_EVIDENCE ? MKG_NOTFOUND : MKG_OK;
    c->err.msg[0] = '\0'; /* the answer has said what was not found */
out:
    mkg_answer_free(a);
    mkg_evidence_free(e);
    mkg_retriever_free(r);
    mkg_kg_close(kg);
    mkg_lm_free(lm);
    mkg__buf_clear(&question);
    return st;
}
