#include "lm/generate.h"

#include "base/err.h"
#include "base/pool.h"

#include <string.h>

typedef struct writer {
    mkg_session *s;
    const mkg_tok *tok;
    const mkg_generate_opts *o;
    mkg_sampler *sampler;
    float *logits;
    mkg_tok_stream stream;
    mkg__buf text;
    mkg_text_fn on_text;
    void *ctx;
} writer;

static mkg_status give(writer *w, mkg_err *err)
{
    if (w->text.failed) return mkg__nomem(err);
    if (!w->text.len) return MKG_OK;
    bool stop = w->on_text && w->on_text(w->ctx, w->text.ptr, w->text.len) != 0;
    w->text.len = 0;
    return stop ? mkg__fail(err, MKG_ECANCEL, "cancelled") : MKG_OK;
}

static mkg_status choose(writer *w, uint32_t *id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const uint64_t *allow = NULL;
    if (w->o->constraint) MKG_GO(mkg_constraint_mask(w->o->constraint, &allow, err));
    st = mkg_sampler_pick(w->sampler, w->logits, allow, id, err);
out:
    return st;
}

static mkg_status write_on(writer *w, mkg_generated *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t held;
    mkg_session_tokens(w->s, &held);
    size_t room = mkg_session_context(w->s) - held;
    size_t most = w->o->max_tokens < room ? w->o->max_tokens : room;

    while (out->tokens < most) {
        uint32_t id;
        MKG_GO(choose(w, &id, err));
        if (mkg_tok_is_end(w->tok, id)) {
            out->ended = true;
            break;
        }
        if (w->o->constraint) MKG_GO(mkg_constraint_accept(w->o->constraint, id, err));
        mkg_sampler_accept(w->sampler, id);
        out->tokens++;
        MKG_GO(mkg_tok_stream_put(&w->stream, w->tok, id, &w->text, err));
        MKG_GO(give(w, err));
        MKG_GO(mkg_session_eval(w->s, &id, 1, w->logits, err));
    }
    mkg_tok_stream_end(&w->stream, &w->text);
    st = give(w, err);
out:
    return st;
}

mkg_status mkg_generate(mkg_session *s, const mkg_tok *tok, const uint32_t *prompt,
                        size_t n, const mkg_generate_opts *opts, mkg_text_fn on_text,
                        void *ctx, mkg_generated *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    writer w = {.s = s, .tok = tok, .o = opts, .on_text = on_text, .ctx = ctx};
    size_t vocab = mkg_session_vocab(s);
    uint32_t words = mkg_tok_get_info(tok)->n;
    double t0 = mkg__now(), t1;

    memset(out, 0, sizeof *out);
    out->prompt = n;
    if (words > vocab)
        return mkg__fail(err, MKG_ELM,
                         "the tokenizer has %lu tokens, the model gives logits for %zu",
                         (unsigned long)words, vocab);
    w.logits = mkg__malloc(vocab * sizeof *w.logits);
    if (!w.logits) return mkg__nomem(err);
    /* Rows of the output that belong to no token are never chosen: n ends before. */
    MKG_GO(mkg_sampler_new(&opts->sample, words, &w.sampler, err));
    for (size_t i = 0; i < n; i++)
        if (prompt[i] < words) mkg_sampler_accept(w.sampler, prompt[i]);
    MKG_GO(mkg_session_set(s, prompt, n, w.logits, &out->kept, err));
    t1 = mkg__now();
    out->prompt_seconds = t1 - t0;
    MKG_GO(write_on(&w, out, err));
    out->seconds = mkg__now() - t1;
out:
    mkg_sampler_free(w.sampler);
    mkg__free(w.logits);
    mkg__buf_clear(&w.text);
    return st;
}
