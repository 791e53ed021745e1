/* Texts to train on: JSON Lines, kept as tokens. */
#include "lm/train_texts.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

void mkg_texts_free(mkg_texts *t)
{
    if (!t) return;
    mkg__free(t->texts);
    mkg__free(t->tokens);
    mkg__free(t);
}

size_t mkg_texts_count(const mkg_texts *t)
{
    return t->n;
}

size_t mkg_texts_tokens(const mkg_texts *t)
{
    return t->ntokens;
}

size_t mkg_texts_left_out(const mkg_texts *t)
{
    return t->left_out;
}

static mkg_status keep(mkg_texts *t, const mkg_tokens *ids, size_t prompt,
                       size_t longest, mkg_err *err)
{
    if (ids->n > longest) {
        t->left_out++;
        return MKG_OK;
    }
    if (!mkg__grow(&t->texts, &t->cap, t->n + 1, sizeof *t->texts) ||
        !mkg__grow(&t->tokens, &t->tokens_cap, t->ntokens + ids->n, sizeof *t->tokens))
        return mkg__nomem(err);
    memcpy(t->tokens + t->ntokens, ids->id, ids->n * sizeof *ids->id);
    t->texts[t->n++] = (mkg__text){t->ntokens, (uint32_t)ids->n, (uint32_t)prompt};
    t->ntokens += ids->n;
    return MKG_OK;
}

static mkg_status read_text(mkg_texts *t, const mkg_tok *tok, mkg_view line,
                            const char *file, uint64_t number, size_t longest,
                            mkg_tokens *ids, mkg_err *err)
{
    mkg_status st = MKG_OK;
    json_t *v = NULL;
    MKG_GO(mkg__json_parse(line, file, number, &v, err));
    mkg_view prompt = mkg__json_view(json_object_get(v, "prompt"));
    mkg_view answer = mkg__json_view(json_object_get(v, "answer"));
    if (!prompt.len || !answer.len) {
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "a text has a \"prompt\" and an \"answer\", neither of them "
                          "empty");
        goto out;
    }
    ids->n = 0;
    MKG_GO(mkg_tok_encode(tok, prompt, MKG_ENCODE_SPECIAL, ids, err));
    size_t n = ids->n;
    MKG_GO(mkg_tok_encode(tok, answer, 0, ids, err));
    if (ids->n == n || n == 0) goto out;
    if (!mkg__grow(&ids->id, &ids->cap, ids->n + 1, sizeof *ids->id)) {
        st = mkg__nomem(err);
        goto out;
    }
    ids->id[ids->n++] = mkg_tok_get_info(tok)->eos;
    st = keep(t, ids, n, longest, err);
out:
    json_decref(v);
    return st;
}

mkg_status mkg_texts_load(const char *path, const mkg_tok *tok, size_t longest,
                          mkg_progress_fn progress, void *ctx, mkg_texts **out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *lines = NULL;
    mkg_tokens ids = {0};
    mkg_view line;
    uint64_t number = 0, done, total;
    mkg_texts *t = mkg__calloc(1, sizeof *t);

    *out = NULL;
    if (!t) return mkg__nomem(err);
    if (mkg_tok_get_info(tok)->eos == MKG_TOKEN_NONE) {
        st = mkg__fail(err, MKG_EARG, "the vocabulary has no token that ends a text");
        goto out;
    }
    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &lines, err));
    for (;;) {
        MKG_GO(mkg__lines_next(lines, &line, &number, err));
        if (st == MKG_END) break;
        if (mkg__trim(line).len == 0) continue;
        MKG_GO(read_text(t, tok, line, path, number, longest, &ids, err));
        if (progress && number % 1000 == 0) {
            mkg__stream_progress(s, &done, &total);
            if (progress(ctx, "read texts", done, total) != 0) {
                st = mkg__fail(err, MKG_ECANCEL, "cancelled");
                goto out;
            }
        }
    }
    st = MKG_OK;
    if (t->n == 0) {
        st = mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "there is no text to train on");
        goto out;
    }
    *out = t;
    t = NULL;
out:
    mkg_tokens_clear(&ids);
    mkg__lines_free(lines);
    mkg__stream_close(s);
    mkg_texts_free(t);
    return st;
}

void mkg__texts_shuffle(uint32_t *order, size_t n, uint64_t seed, size_t epoch)
{
    mkg__rng r = mkg__rng_new(seed, 0x7e87, epoch);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t k = mkg__rng_below(&r, (uint32_t)i);
        uint32_t x = order[i - 1];
        order[i - 1] = order[k];
        order[k] = x;
    }
}

void mkg__shard_add(mkg__shard *s, const mkg_texts *t, size_t text)
{
    const mkg__text *x = &t->texts[text];
    const uint32_t *from = t->tokens + x->at;
    /* The last token is only written, never read. */
    memcpy(s->tokens + s->n, from, (x->n - 1) * sizeof *from);
    for (size_t i = x->prompt; i < x->n; i++) {
        s->row[s->nwanted] = s->n + i - 1;
        s->want[s->nwanted++] = from[i];
    }
    s->n += x->n - 1;
    s->start[++s->ntexts] = s->n;
}

mkg_status mkg__shard_new(size_t most, mkg__shard *out, mkg_err *err)
{
    memset(out, 0, sizeof *out);
    out->tokens = mkg__malloc(most * sizeof *out->tokens);
    out->start = mkg__malloc((most + 1) * sizeof *out->start);
    out->row = mkg__malloc(most * sizeof *out->row);
    out->want = mkg__malloc(most * sizeof *out->want);
    if (!out->tokens || !out->start || !out->row || !out->want) {
        mkg__shard_clear(out);
        return mkg__nomem(err);
    }
    mkg__shard_empty(out);
    return MKG_OK;
}

void mkg__shard_empty(mkg__shard *s)
{
    s->n = s->ntexts = s->nwanted = 0;
    s->start[0] = 0;
}

void mkg__shard_clear(mkg__shard *s)
{
    mkg__free(s->tokens);
    mkg__free(s->start);
    mkg__free(s->row);
    mkg__free(s->want);
    memset(s, 0, sizeof *s);
}
