/* The built-in model: a small transformer that sets out evidence, in sentences of known
 * forms (lm/ground.h). */
#include "base/err.h"
#include "base/io.h"
#include "lm/compact.h"
#include "lm/ground.h"
#include "lm/local_internal.h"
#include "lm/pattern.h"

#include <string.h>

enum { CONTEXT = 4096 };

static char *model_path(const char *data)
{
    return data ? mkg__path_join(data, MKG_LM_BUILTIN) : NULL;
}

bool mkg_lm_has_builtin(const char *data)
{
    char *path = model_path(data);
    bool there = path && mkg__file_exists(path);
    mkg__free(path);
    return there;
}

/* Without the wordings it knows the sentences of the relations alone. */
static mkg_status read_frames(struct mkg__local *l, const char *data, mkg_err *err)
{
    mkg_err why;
    l->frames = mkg__calloc(1, sizeof *l->frames);
    if (!l->frames) return mkg__nomem(err);
    mkg_status st = mkg__wordings_read(data, l->frames, &why);
    if (st >= 0) return MKG_OK;
    mkg__free(l->frames);
    l->frames = NULL;
    if (st == MKG_EIO) return MKG_OK;
    if (err) *err = why;
    return st;
}

mkg_status mkg__builtin_setup(mkg_lm *lm, const char *data, mkg_err *err)
{
    mkg_status st;
    char *path = model_path(data);

    if (!data)
        return mkg__fail(err, MKG_ELM,
                         "the built-in model is a file, and no folder was given");
    if (!path) return mkg__nomem(err);
    if (!mkg__file_exists(path)) {
        st = mkg__fail(err, MKG_ELM,
                       "there is no built-in model: %s is missing; use --lm none, a "
                       "FILE.gguf, or a URL",
                       path);
        goto out;
    }
    MKG_GO(mkg__local_open(lm, path, CONTEXT, err));
    st = read_frames(lm->local, data, err);
out:
    mkg__free(path);
    return st;
}

/* So much of the evidence as leaves room for telling it. */
static mkg_status make_prompt(const struct mkg__local *l, const mkg_evidence *e,
                              size_t answer, mkg_tokens *out, size_t *pieces,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t context = mkg_session_context(l->session), most = e->npieces;
    mkg__buf text = {0};

    if (most > MKG__PATTERN_ITEMS) most = MKG__PATTERN_ITEMS;
    for (;; most = *pieces / 2) {
        text.len = out->n = 0;
        MKG_GO(mkg__compact_prompt(e, most, &text, pieces, err));
        MKG_GO(mkg_tok_encode(l->tok, mkg__view(text.ptr, text.len),
                              MKG_ENCODE_SPECIAL | MKG_ENCODE_EDGES, out, err));
        /* What is told of the evidence is not much longer than the evidence. */
        size_t room = out->n + out->n / 2 < answer ? out->n + out->n / 2 : answer;
        if (out->n + room <= context || (out->n < context && *pieces <= 1)) break;
        if (*pieces <= 1) {
            st = mkg__fail(err, MKG_ELM,
                           "the question does not fit into the model's context of %zu "
                           "tokens",
                           context);
            break;
        }
    }
out:
    mkg__buf_clear(&text);
    return st;
}

/* ---- names that were cut ---- */

/* Put `with` in the place of each `what`. */
static void replace(mkg__buf *text, mkg_view what, mkg_view with)
{
    mkg__buf out = {0};
    bool any = false;
    for (size_t i = 0; i < text->len;) {
        bool here =
            text->len - i >= what.len && memcmp(text->ptr + i, what.ptr, what.len) == 0;
        if (here)
            mkg__buf_put(&out, with.ptr, with.len);
        else
            mkg__buf_byte(&out, (unsigned char)text->ptr[i]);
        any = any || here;
        i += here ? what.len : 1;
    }
    if (out.failed) text->failed = true;
    if (any && !out.failed) {
        mkg__buf spare = *text;
        *text = out;
        out = spare;
    }
    mkg__buf_clear(&out);
}

/* The model reads and writes a long name by its beginning. In the answer it is whole.
 */
static void complete_name(mkg__buf *text, const char *name, mkg_lang lang)
{
    mkg__buf cut = {0}, whole = {0};
    static const char more[] = "…";
    size_t n = sizeof more - 1;
    mkg__compact_name(&cut, name, lang);
    mkg__put_data(&whole, name, SIZE_MAX);
    if (cut.failed || whole.failed)
        text->failed = true;
    else if (cut.len > n && memcmp(cut.ptr + cut.len - n, more, n) == 0)
        replace(text, mkg__view(cut.ptr, cut.len), mkg__view(whole.ptr, whole.len));
    mkg__buf_clear(&cut);
    mkg__buf_clear(&whole);
}

static mkg_status complete_names(mkg__buf *text, const mkg_evidence *e, size_t pieces,
                                 mkg_err *err)
{
    for (size_t i = 0; i < pieces; i++) {
        const mkg_piece *p = &e->pieces[i];
        complete_name(text, p->subject, e->lang);
        if (p->object_node != MKG_ID_NONE) complete_name(text, p->object, e->lang);
    }
    return text->failed ? mkg__nomem(err) : MKG_OK;
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
    size_t answer = lm->opts.max_tokens ? lm->opts.max_tokens : MKG__ANSWER_TOKENS;

    MKG_GO(make_prompt(l, e, answer, &prompt, &out->pieces, err));
    if (!lm->opts.free_form) {
        MKG_GO(mkg__local_lexicon(l, &lex, err));
        MKG_GO(mkg__ground_closed(lex, e, out->pieces, l->frames, &c, err));
    }
    MKG_GO(mkg__local_write(lm, &prompt, c, on_token, ctx, out, err));
    st = complete_names(&out->text, e, out->pieces, err);
out:
    mkg_constraint_free(c);
    mkg_tokens_clear(&prompt);
    return st;
}

const mkg__backend mkg__backend_builtin = {"builtin", write_answer};
