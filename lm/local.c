/* A user's model file: GGUF, run by this program. */
#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "lm/ground.h"
#include "lm/local_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CONTEXT = 8192, PREFIX_MAX = 64 << 20 };

void mkg__local_free(struct mkg__local *l)
{
    if (!l) return;
    if (l->frames) mkg__wordings_clear(l->frames);
    mkg__free(l->frames);
    mkg_lexicon_free(l->lexicon);
    mkg_session_free(l->session);
    mkg_tok_free(l->tok);
    mkg_model_free(l->model);
    mkg__free(l);
}

mkg_status mkg__local_open(mkg_lm *lm, const char *path, size_t context, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_session_opts o = MKG_SESSION_OPTS_INIT;
    struct mkg__local *l = mkg__calloc(1, sizeof *l);

    if (!l) return mkg__nomem(err);
    lm->local = l;
    lm->model = mkg__strdup(mkg__path_base(path));
    if (!lm->model) return mkg__nomem(err);
    MKG_GO(mkg_model_open(path, &l->model, err));
    MKG_GO(mkg_tok_load(mkg_model_gguf(l->model), &l->tok, err));
    l->template = mkg_template_detect(mkg_model_gguf(l->model), l->tok);
    size_t trained = mkg_model_get_info(l->model)->context;
    o.context = trained < context ? trained : context;
    o.threads = lm->opts.threads;
    st = mkg_session_new(l->model, &o, &l->session, err);
out:
    /* A model that cannot be used is no fault of the data that are asked about. */
    if ((st == MKG_EPARSE || st == MKG_EIO) && err) err->status = MKG_ELM;
    return st == MKG_EPARSE || st == MKG_EIO ? MKG_ELM : st;
}

mkg_status mkg__local_setup(mkg_lm *lm, const char *path, mkg_err *err)
{
    return mkg__local_open(lm, path, CONTEXT, err);
}

mkg_status mkg__local_lexicon(struct mkg__local *l, const mkg_lexicon **out,
                              mkg_err *err)
{
    mkg_status st = l->lexicon ? MKG_OK : mkg_lexicon_new(l->tok, &l->lexicon, err);
    *out = l->lexicon;
    return st;
}

/* ---- the prompt ---- */

static mkg_status put_turns(const struct mkg__local *l, const json_t *messages,
                            size_t n, unsigned flags, mkg_tokens *out, mkg_err *err)
{
    mkg_turn turns[2];
    for (size_t i = 0; i < n; i++)
        turns[i] = (mkg_turn){
            i == 0 ? MKG_SYSTEM : MKG_USER,
            mkg__json_view(json_object_get(json_array_get(messages, i), "content"))};
    return mkg_template_apply(l->template, l->tok, turns, n, flags, out, err);
}

/* Tokens of rules, evidence and question; of `rules` tokens at the beginning, which are
 * the same for every question. So much of the evidence as leaves room for an answer. */
static mkg_status make_prompt(const struct mkg__local *l, const mkg_evidence *e,
                              size_t answer, mkg_tokens *out, size_t *rules,
                              size_t *pieces, mkg_err *err)
{
    mkg_status st = MKG_OK;
    json_t *messages = NULL;
    mkg_tokens alone = {0};
    size_t context = mkg_session_context(l->session), most = e->npieces;

    if (answer > context / 2) answer = context / 2;
    for (;;) {
        json_decref(messages);
        messages = NULL;
        out->n = alone.n = 0;
        MKG_GO(mkg__prompt_messages(e, most, &messages, pieces, err));
        MKG_GO(put_turns(l, messages, 2, MKG_TEMPLATE_ANSWER | MKG_TEMPLATE_NO_THINK,
                         out, err));
        if (out->n + answer <= context) break;
        if (*pieces <= 1) {
            st = mkg__fail(err, MKG_ELM,
                           "the question does not fit into the model's context of %zu "
                           "tokens",
                           context);
            goto out;
        }
        most = *pieces / 2;
    }
    MKG_GO(put_turns(l, messages, 1, 0, &alone, err));
    *rules = 0;
    while (*rules < alone.n && *rules < out->n && alone.id[*rules] == out->id[*rules])
        ++*rules;
out:
    json_decref(messages);
    mkg_tokens_clear(&alone);
    return st;
}

/* ---- the rules, computed once ---- */

/* $MEDKG_CACHE, else $XDG_CACHE_HOME/medkg, else ~/.cache/medkg; NULL where there is
 * none, or it is switched off with an empty name. mkg__free() it. */
static char *cache_folder(void)
{
    const char *own = getenv("MEDKG_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (own) return *own ? mkg__strdup(own) : NULL;
    if (xdg && *xdg) return mkg__path_join(xdg, "medkg");
    return home && *home ? mkg__path_join(home, ".cache/medkg") : NULL;
}

static char *prefix_path(const mkg_lm *lm, const uint32_t *tokens, size_t n)
{
    char name[64];
    char *folder = cache_folder(), *path = NULL;
    uint64_t h = mkg__hash64(tokens, n * sizeof *tokens, 0);
    h = mkg__hash64(lm->model, strlen(lm->model), h);
    snprintf(name, sizeof name, "prompt-%016llx.kv", (unsigned long long)h);
    if (folder && (mkdir(folder, 0700) == 0 || mkg__file_exists(folder)))
        path = mkg__path_join(folder, name);
    mkg__free(folder);
    return path;
}

/* Fill the session with the rules: from a file of an earlier run, else by computing
 * them and leaving such a file. That it cannot be read or written costs time, no more.
 */
static mkg_status begin_with_rules(const mkg_lm *lm, const uint32_t *tokens, size_t n,
                                   mkg_err *err)
{
    mkg_session *s = lm->local->session;
    size_t held;
    const uint32_t *now = mkg_session_tokens(s, &held);
    if (n < 16 || (held >= n && memcmp(now, tokens, n * sizeof *tokens) == 0))
        return MKG_OK;
    char *path = prefix_path(lm, tokens, n);
    if (!path) return MKG_OK;
    bool loaded = mkg_session_load(s, path, NULL) == MKG_OK;
    now = mkg_session_tokens(s, &held);
    mkg_status st = MKG_OK;
    if (!loaded || held != n || memcmp(now, tokens, n * sizeof *tokens) != 0) {
        st = mkg_session_set(s, tokens, n, NULL, NULL, err);
        size_t bytes = mkg_session_bytes(s) / mkg_session_context(s) * n;
        if (st >= 0 && bytes <= PREFIX_MAX) mkg_session_save(s, path, NULL);
    }
    mkg__free(path);
    return st;
}

/* ---- the answer ---- */

typedef struct taker {
    mkg__draft *out;
    mkg_lm_token_fn on_token;
    void *ctx;
} taker;

static int take(void *ctx, const char *text, size_t n)
{
    taker *t = ctx;
    mkg__buf_put(&t->out->text, text, n);
    return t->on_token ? t->on_token(t->ctx, text, n) : 0;
}

mkg_status mkg__local_write(mkg_lm *lm, const mkg_tokens *prompt, mkg_constraint *c,
                            mkg_lm_token_fn on_token, void *ctx, mkg__draft *out,
                            mkg_err *err)
{
    mkg_generate_opts o = MKG_GENERATE_OPTS_INIT;
    mkg_generated g;
    taker t = {out, on_token, ctx};

    o.max_tokens = lm->opts.max_tokens ? lm->opts.max_tokens : MKG__ANSWER_TOKENS;
    o.sample.temperature = (float)lm->opts.temperature;
    o.constraint = c;
    mkg_status st = mkg_generate(lm->local->session, lm->local->tok, prompt->id,
                                 prompt->n, &o, take, &t, &g, err);
    out->prompt_tokens = g.prompt;
    out->tokens = g.tokens;
    out->cut = !g.ended;
    return st;
}

static mkg_status write_answer(mkg_lm *lm, const mkg_evidence *e,
                               mkg_lm_token_fn on_token, void *ctx, mkg__draft *out,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct mkg__local *l = lm->local;
    mkg_tokens prompt = {0};
    mkg_constraint *c = NULL;
    const mkg_lexicon *lex;
    size_t rules = 0, most = lm->opts.max_tokens;

    if (!most) most = MKG__ANSWER_TOKENS;
    MKG_GO(make_prompt(l, e, most, &prompt, &rules, &out->pieces, err));
    MKG_GO(begin_with_rules(lm, prompt.id, rules, err));
    if (!lm->opts.free_form) {
        MKG_GO(mkg__local_lexicon(l, &lex, err));
        MKG_GO(mkg__ground_open(lex, e, out->pieces, &c, err));
    }
    st = mkg__local_write(lm, &prompt, c, on_token, ctx, out, err);
out:
    mkg_constraint_free(c);
    mkg_tokens_clear(&prompt);
    return st;
}

const mkg__backend mkg__backend_gguf = {"gguf", write_answer};
