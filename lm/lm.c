#include "lm/lm.h"

#include "base/err.h"
#include "base/pool.h"
#include "lm/lm_internal.h"

#include <string.h>

const mkg__backend mkg__backend_none = {"none", NULL};

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n >= k && strcmp(s + n - k, suffix) == 0;
}

mkg_status mkg_lm_open(const char *spec, const mkg_lm_opts *opts, mkg_lm **out,
                       mkg_err *err)
{
    static const mkg_lm_opts defaults = MKG_LM_OPTS_INIT;
    mkg_status st = MKG_OK;
    mkg_lm *lm = mkg__calloc(1, sizeof *lm);

    *out = NULL;
    if (!lm) return mkg__nomem(err);
    lm->opts = opts ? *opts : defaults;
    if (strcmp(spec, "none") == 0) {
        lm->backend = &mkg__backend_none;
    } else if (strncmp(spec, "http://", 7) == 0 || strncmp(spec, "https://", 8) == 0) {
        lm->backend = &mkg__backend_remote;
        MKG_GO(mkg__remote_setup(lm, spec, err));
    } else if (strcmp(spec, "builtin") == 0) {
        lm->backend = &mkg__backend_builtin;
        MKG_GO(mkg__builtin_setup(lm, lm->opts.data, err));
    } else if (ends_with(spec, ".gguf")) {
        lm->backend = &mkg__backend_gguf;
        MKG_GO(mkg__local_setup(lm, spec, err));
    } else {
        st = mkg__fail(err, MKG_EARG,
                       "'%.100s' is no language model: none, builtin, a "
                       "FILE.gguf, or the URL of an endpoint",
                       spec);
    }
    if (st < 0) goto out;
    lm->opts.data = NULL; /* ours no longer */
    *out = lm;
    lm = NULL;
out:
    mkg_lm_free(lm);
    return st;
}

static void forget(char *secret)
{
    if (!secret) return;
    volatile char *p = secret; /* a plain memset before free() may be left out */
    while (*p)
        *p++ = '\0';
    mkg__free(secret);
}

void mkg_lm_free(mkg_lm *lm)
{
    if (!lm) return;
    mkg__free(lm->model);
    mkg__free(lm->url);
    forget(lm->key);
    mkg__local_free(lm->local);
    mkg__free(lm);
}

mkg_status mkg__answer_add(mkg_answer *a, const char *text, const size_t *cites,
                           size_t ncites, bool supported, mkg_err *err)
{
    /* The list doubles within the arena; there are few sentences. */
    if ((a->nsentences & (a->nsentences - 1)) == 0) {
        size_t cap = a->nsentences ? a->nsentences * 2 : 1;
        mkg_sentence *more = mkg__arena_alloc(&a->arena, cap * sizeof *more);
        if (!more) return mkg__nomem(err);
        if (a->nsentences) memcpy(more, a->sentences, a->nsentences * sizeof *more);
        a->sentences = more;
    }
    a->sentences[a->nsentences++] = (mkg_sentence){text, cites, ncites, supported};
    return MKG_OK;
}

/* What the model wrote, checked. If nothing of it holds, the evidence is the answer. */
static mkg_status generate(mkg_lm *lm, const mkg_evidence *e, mkg_lm_token_fn on_token,
                           void *ctx, mkg_answer *a, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__draft draft = {0};

    MKG_GO(lm->backend->write(lm, e, on_token, ctx, &draft, err));
    a->prompt_tokens = draft.prompt_tokens;
    a->tokens = draft.tokens;
    const char *text = mkg__buf_cstr(&draft.text);
    if (!text) {
        st = mkg__nomem(err);
        goto out;
    }
    a->draft = mkg__answer_keep(a, mkg__view(text, draft.text.len));
    if (!a->draft) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__cite_check(e, draft.pieces, mkg__view(text, draft.text.len), draft.cut,
                           a, err));
    if (a->nsentences == 0) st = mkg__plain_answer(e, a, err);
out:
    mkg__buf_clear(&draft.text);
    return st;
}

mkg_status mkg_lm_answer(mkg_lm *lm, const mkg_evidence *e, mkg_lm_token_fn on_token,
                         void *ctx, mkg_answer **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    double t0 = mkg__now();
    mkg_answer *a = mkg__calloc(1, sizeof *a);

    *out = NULL;
    if (!a) return mkg__nomem(err);
    a->backend = lm->backend->name;
    a->model = mkg__answer_keep(a, lm->model ? mkg__view(lm->model, strlen(lm->model))
                                             : mkg__view("", 0));
    if (!a->model) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!lm->backend->write || e->npieces == 0)
        MKG_GO(mkg__plain_answer(e, a, err));
    else
        MKG_GO(generate(lm, e, on_token, ctx, a, err));
    a->ms = (mkg__now() - t0) * 1e3;
    *out = a;
    a = NULL;
out:
    mkg_answer_free(a);
    return st;
}

void mkg_answer_free(mkg_answer *a)
{
    if (!a) return;
    mkg__arena_clear(&a->arena);
    mkg__free(a);
}
