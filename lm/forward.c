/* One pass of the transformer over a batch of tokens. */
#include "base/err.h"
#include "lm/session_internal.h"

#include <math.h>

typedef struct pass {
    mkg_session *s;
    const mkg__layer *l;
    size_t layer, at, n; /* tokens [at, at + n) */
} pass;

/* Work on each token: by the team where there are many. */
static void each_token(pass *p, mkg__team_fn fn)
{
    if (p->n < 4)
        fn(p, 0, p->n, 0);
    else
        mkg__team_run(p->s->team, p->n, 4, fn, p);
}

static void embed_tokens(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    const mkg_model *m = p->s->model;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        const uint8_t *row = m->embed.data + p->s->tokens[p->at + i] * m->embed.stride;
        p->s->k->dequantize(m->embed.type, row, m->info.dim, p->s->x + i * m->info.dim);
        mkg__rope_at(&m->rope, p->at + i, p->s->turns + i * m->rope.dims);
    }
}

/* The input of the next products: rounded where one of them needs it. */
static mkg__acts *input(mkg_session *s, const float *x, size_t n, size_t cols)
{
    s->acts.x = x;
    s->acts.n = n;
    s->acts.cols = cols;
    return &s->acts;
}

static void round_rows(void *ctx, size_t from, size_t to, unsigned thread)
{
    const mkg_session *s = ctx;
    (void)thread;
    for (size_t i = from; i < to; i++)
        s->k->round_acts(&s->acts, i);
}

static void multiply(mkg_session *s, const float *x, size_t n, const mkg__product *list,
                     size_t count)
{
    mkg__acts *a = input(s, x, n, list[0].w->cols);
    bool rounds = false;
    for (size_t i = 0; i < count; i++)
        rounds = rounds || mkg__matmul_rounds(&s->matmul, list[i].w);
    if (rounds && n < 4)
        round_rows(s, 0, n, 0);
    else if (rounds)
        mkg__team_run(s->team, n, 4, round_rows, s);
    mkg__matmul_run(&s->matmul, list, count, a);
}

static void norm_attn(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    const mkg_model *m = p->s->model;
    size_t dim = m->info.dim;
    (void)thread;
    for (size_t i = from; i < to; i++)
        p->s->k->rms_norm(p->s->x + i * dim, p->l->attn_norm, dim, m->eps,
                          p->s->h + i * dim);
}

/* Norm, turn and scale the queries of a token, and lay them out for attention. */
static void place_queries(const pass *p, size_t i)
{
    const mkg_session *s = p->s;
    const mkg_model *m = s->model;
    size_t hd = m->info.head_dim, dim = s->cache.dim;
    size_t group = m->info.heads / m->info.kv_heads;
    float scale = 1 / sqrtf((float)hd);
    for (size_t h = 0; h < m->info.heads; h++) {
        float *q = s->q + (i * m->info.heads + h) * hd;
        if (p->l->q_norm) s->k->rms_norm(q, p->l->q_norm, hd, m->eps, q);
        mkg__rope_turn(&m->rope, s->turns + i * m->rope.dims, q);
        float *to = s->q_heads + ((h / group * p->n + i) * group + h % group) * dim;
        for (size_t d = 0; d < hd; d++)
            to[d] = q[d] * scale;
    }
}

static void place_keys(const pass *p, size_t i)
{
    const mkg_session *s = p->s;
    const mkg_model *m = s->model;
    size_t hd = m->info.head_dim;
    for (size_t h = 0; h < m->info.kv_heads; h++) {
        float *key = s->k_rows + (i * m->info.kv_heads + h) * hd;
        const float *value = s->v + (i * m->info.kv_heads + h) * hd;
        if (p->l->k_norm) s->k->rms_norm(key, p->l->k_norm, hd, m->eps, key);
        mkg__rope_turn(&m->rope, s->turns + i * m->rope.dims, key);
        mkg__cache_put(&s->cache, s->k, p->layer, h, p->at + i, key, value);
    }
}

static void place_heads(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    const mkg_session *s = p->s;
    size_t q = p->l->q.rows, kv = p->l->k.rows;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        if (p->l->q_bias) s->k->add(s->q + i * q, p->l->q_bias, q);
        if (p->l->k_bias) s->k->add(s->k_rows + i * kv, p->l->k_bias, kv);
        if (p->l->v_bias) s->k->add(s->v + i * kv, p->l->v_bias, kv);
        place_queries(p, i);
        place_keys(p, i);
    }
}

/* The stream takes in what attention gave, and is normalised for the next part. */
static void add_and_norm(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    const mkg_session *s = p->s;
    size_t dim = s->model->info.dim;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        float *x = s->x + i * dim, *h = s->h + i * dim;
        if (p->l->o_bias) s->k->add(h, p->l->o_bias, dim);
        s->k->add(x, h, dim);
        s->k->rms_norm(x, p->l->ffn_norm, dim, s->model->eps, h);
    }
}

static void activate(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    size_t ff = p->s->model->info.ff;
    (void)thread;
    for (size_t i = from; i < to; i++)
        p->s->k->silu_mul(p->s->gate + i * ff, p->s->up + i * ff, ff);
}

static void add_ffn(void *ctx, size_t from, size_t to, unsigned thread)
{
    const pass *p = ctx;
    size_t dim = p->s->model->info.dim;
    (void)thread;
    for (size_t i = from; i < to; i++)
        p->s->k->add(p->s->x + i * dim, p->s->h + i * dim, dim);
}

static void attend(const pass *p)
{
    const mkg_session *s = p->s;
    mkg__attention a = {.cache = &s->cache,
                        .k = s->k,
                        .team = s->team,
                        .layer = p->layer,
                        .position = p->at,
                        .n = p->n,
                        .group = s->model->info.heads / s->model->info.kv_heads,
                        .q = s->q_heads,
                        .out = s->att,
                        .scratch = s->att_scratch,
                        .scratch_bytes = mkg__attention_scratch(&s->cache)};
    mkg__attention_run(&a);
}

static bool all_finite(const float *x, size_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i] * 0;
    return sum == 0;
}

static mkg_status run_layer(pass *p, mkg_err *err)
{
    mkg_session *s = p->s;
    const mkg__layer *l = p->l;
    size_t dim = s->model->info.dim, ff = s->model->info.ff;
    mkg__product qkv[] = {{&l->q, s->q, l->q.rows},
                          {&l->k, s->k_rows, l->k.rows},
                          {&l->v, s->v, l->v.rows}};
    mkg__product o = {&l->o, s->h, dim}, down = {&l->down, s->h, dim};
    mkg__product gate_up[] = {{&l->gate, s->gate, ff}, {&l->up, s->up, ff}};

    each_token(p, norm_attn);
    multiply(s, s->h, p->n, qkv, 3);
    each_token(p, place_heads);
    attend(p);
    multiply(s, s->att, p->n, &o, 1);
    each_token(p, add_and_norm);
    multiply(s, s->h, p->n, gate_up, 2);
    each_token(p, activate);
    multiply(s, s->gate, p->n, &down, 1);
    each_token(p, add_ffn);
    if (!all_finite(s->x, p->n * dim))
        return mkg__fail(err, MKG_ELM,
                         "layer %zu gives numbers that are not finite: the model file "
                         "may be damaged",
                         p->layer);
    return MKG_OK;
}

/* Logits of token i of the batch. */
static mkg_status output(const pass *p, size_t i, float *logits, mkg_err *err)
{
    mkg_session *s = p->s;
    const mkg_model *m = s->model;
    size_t dim = m->info.dim;
    mkg__product out = {&m->output, logits, m->info.vocab};
    s->k->rms_norm(s->x + i * dim, m->output_norm, dim, m->eps, s->h);
    multiply(s, s->h, 1, &out, 1);
    if (!all_finite(logits, m->info.vocab))
        return mkg__fail(err, MKG_ELM,
                         "the output gives numbers that are not finite: the model file "
                         "may be damaged");
    return MKG_OK;
}

mkg_status mkg__forward(mkg_session *s, size_t at, size_t n, float *logits,
                        mkg_logits_fn fn, void *ctx, size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_model *m = s->model;
    pass p = {.s = s, .at = at, .n = n};

    each_token(&p, embed_tokens);
    for (; p.layer < m->info.layers; p.layer++) {
        p.l = &m->layers[p.layer];
        MKG_GO(run_layer(&p, err));
    }
    for (size_t i = 0; fn && i < n; i++) {
        MKG_GO(output(&p, i, s->logits, err));
        if (fn(ctx, first + i, s->logits) != 0)
            return mkg__fail(err, MKG_ECANCEL, "cancelled");
    }
    if (logits) MKG_GO(output(&p, n - 1, logits, err));
out:
    return st;
}
