#include "lm/session.h"

#include "base/err.h"
#include "lm/session_internal.h"

enum { CONTEXT_DEFAULT = 4096, BATCH_DEFAULT = 128, BATCH_MAX = 1024 };

static mkg_status floats(size_t rows, size_t cols, float **out, mkg_err *err)
{
    size_t n;
    if (!mkg__mul(rows, cols, &n) || !mkg__mul(n, sizeof **out, &n))
        return mkg__nomem(err);
    *out = mkg__aligned(n);
    return *out ? MKG_OK : mkg__nomem(err);
}

static mkg_status make_acts(mkg_session *s, size_t widest, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__acts *a = &s->acts;
    size_t groups = (widest + 31) / 32;
    float *q = NULL;
    MKG_GO(floats(s->batch, groups * 8, &q, err)); /* 32 bytes a group */
    a->q = (int8_t *)q;
    MKG_GO(floats(s->batch, groups, &a->d, err));
    MKG_GO(floats(s->batch, groups, &a->sum32, err));
    MKG_GO(floats(s->batch, groups * 2, &a->sum16, err));
out:
    return st;
}

static mkg_status make_room(mkg_session *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_model_info *i = &s->model->info;
    size_t q = i->heads * i->head_dim, kv = i->kv_heads * i->head_dim, n = s->batch;
    size_t widest = i->dim > i->ff ? i->dim : i->ff;
    if (q > widest) widest = q;

    MKG_GO(floats(n, i->dim, &s->x, err));
    MKG_GO(floats(n, i->dim, &s->h, err));
    MKG_GO(floats(n, q, &s->q, err));
    MKG_GO(floats(n, kv, &s->k_rows, err));
    MKG_GO(floats(n, kv, &s->v, err));
    MKG_GO(floats(n, i->heads * s->cache.dim, &s->q_heads, err));
    MKG_GO(floats(n, q, &s->att, err));
    MKG_GO(floats(n, i->ff, &s->gate, err));
    MKG_GO(floats(n, i->ff, &s->up, err));
    MKG_GO(floats(n, s->model->rope.dims, &s->turns, err));
    MKG_GO(floats(1, i->vocab, &s->logits, err));
    MKG_GO(make_acts(s, widest, err));
    s->att_scratch =
        mkg__aligned(mkg__attention_scratch(&s->cache) * mkg__team_threads(s->team));
    if (!s->att_scratch) return mkg__nomem(err);
    st = mkg__matmul_init(&s->matmul, s->k, s->team, s->exact, n, widest, err);
out:
    return st;
}

static mkg_status check(const mkg_session_opts *o, mkg_err *err)
{
    if (o->cache != MKG_F32 && o->cache != MKG_F16 && o->cache != MKG_Q8_0)
        return mkg__fail(err, MKG_EARG, "the cache is F32, F16 or Q8_0");
    if (o->batch > BATCH_MAX)
        return mkg__fail(err, MKG_EARG, "at most %d tokens are computed together",
                         BATCH_MAX);
    if (o->context > UINT32_MAX) return mkg__fail(err, MKG_EARG, "such a context");
    return MKG_OK;
}

mkg_status mkg_session_new(const mkg_model *m, const mkg_session_opts *opts,
                           mkg_session **out, mkg_err *err)
{
    static const mkg_session_opts defaults = MKG_SESSION_OPTS_INIT;
    const mkg_session_opts *o = opts ? opts : &defaults;
    mkg_status st = MKG_OK;
    mkg_session *s = NULL;
    size_t trained = m->info.context;

    *out = NULL;
    MKG_GO(check(o, err));
    s = mkg__calloc(1, sizeof *s);
    if (!s) return mkg__nomem(err);
    s->model = m;
    s->k = mkg__kernels_best();
    s->exact = o->exact;
    s->context = o->context                  ? o->context
                 : trained < CONTEXT_DEFAULT ? trained
                                             : CONTEXT_DEFAULT;
    s->batch = o->batch ? o->batch : BATCH_DEFAULT;
    if (s->batch > s->context) s->batch = s->context;
    MKG_GO(mkg__cache_init(&s->cache, &m->info, o->exact ? MKG_F32 : o->cache,
                           s->context, err));
    s->tokens = mkg__calloc(s->context, sizeof *s->tokens);
    if (!s->tokens) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__team_new(o->threads, &s->team, err));
    MKG_GO(make_room(s, err));
    *out = s;
    s = NULL;
out:
    mkg_session_free(s);
    return st;
}

void mkg_session_free(mkg_session *s)
{
    if (!s) return;
    float *rooms[] = {s->x,       s->h,      s->q,          s->k_rows,    s->v,
                      s->q_heads, s->att,    s->gate,       s->up,        s->turns,
                      s->logits,  s->acts.d, s->acts.sum32, s->acts.sum16};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        mkg__free(rooms[i]);
    mkg__free(s->acts.q);
    mkg__free(s->att_scratch);
    mkg__free(s->tokens);
    mkg__matmul_clear(&s->matmul);
    mkg__cache_clear(&s->cache);
    mkg__team_free(s->team);
    mkg__free(s);
}

size_t mkg_session_context(const mkg_session *s)
{
    return s->context;
}

size_t mkg_session_vocab(const mkg_session *s)
{
    return s->model->info.vocab;
}

size_t mkg_session_bytes(const mkg_session *s)
{
    return s->cache.bytes;
}

const uint32_t *mkg_session_tokens(const mkg_session *s, size_t *n)
{
    *n = s->n;
    return s->tokens;
}

void mkg_session_rewind(mkg_session *s, size_t n)
{
    if (n < s->n) s->n = n;
}

/* ---- evaluation ---- */

static mkg_status check_tokens(const mkg_session *s, const uint32_t *tokens, size_t n,
                               mkg_err *err)
{
    if (n > s->context - s->n)
        return mkg__fail(err, MKG_EARG,
                         "%zu tokens and %zu more do not fit into a context of %zu",
                         s->n, n, s->context);
    for (size_t i = 0; i < n; i++)
        if (tokens[i] >= s->model->info.vocab)
            return mkg__fail(err, MKG_EARG,
                             "token %lu is not in the vocabulary of %zu tokens",
                             (unsigned long)tokens[i], s->model->info.vocab);
    return MKG_OK;
}

static mkg_status eval(mkg_session *s, const uint32_t *tokens, size_t n, float *logits,
                       mkg_logits_fn fn, void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t before = s->n;

    if (n == 0) return MKG_OK;
    MKG_GO(check_tokens(s, tokens, n, err));
    memcpy(s->tokens + s->n, tokens, n * sizeof *tokens);
    for (size_t i = 0; i < n;) {
        size_t m = n - i < s->batch ? n - i : s->batch;
        MKG_GO(mkg__forward(s, s->n, m, i + m == n ? logits : NULL, fn, ctx, i, err));
        s->n += m;
        i += m;
    }
out:
    if (st < 0) s->n = before;
    return st;
}

mkg_status mkg_session_eval(mkg_session *s, const uint32_t *tokens, size_t n,
                            float *logits, mkg_err *err)
{
    return eval(s, tokens, n, logits, NULL, NULL, err);
}

mkg_status mkg_session_eval_all(mkg_session *s, const uint32_t *tokens, size_t n,
                                mkg_logits_fn fn, void *ctx, mkg_err *err)
{
    return eval(s, tokens, n, NULL, fn, ctx, err);
}

mkg_status mkg_session_set(mkg_session *s, const uint32_t *tokens, size_t n,
                           float *logits, size_t *kept, mkg_err *err)
{
    size_t same = 0;
    if (n == 0) return mkg__fail(err, MKG_EARG, "a text has at least one token");
    while (same < n - 1 && same < s->n && s->tokens[same] == tokens[same])
        same++;
    mkg_session_rewind(s, same);
    if (kept) *kept = same;
    return mkg_session_eval(s, tokens + same, n - same, logits, err);
}
