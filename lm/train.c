/* The trainer: batches cut into lanes, and the update. */
#include "lm/train.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/pool.h"
#include "lm/train_texts.h"
#include "lm/trainer.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 1 << 16 };
static const float MOMENTUM = 0.95f;

/* ---- making one ---- */

static mkg_status check(const mkg_train_opts *o, mkg_err *err)
{
    if (o->steps == 0 || o->batch == 0 || o->shard == 0 || o->longest < 2)
        return mkg__fail(err, MKG_EARG,
                         "steps, batch, shard and the longest text are at least 1 (2)");
    if (o->steps > UINT32_MAX || o->batch > 1 << 28 || o->shard > 1 << 24 ||
        o->longest > 1 << 20)
        return mkg__fail(err, MKG_EARG, "steps, batch, shard or texts are too large");
    if (o->lanes == 0 || o->lanes > 256)
        return mkg__fail(err, MKG_EARG, "lanes are 1 to 256");
    if (!(o->rate > 0) || !(o->rate < 10) || !(o->rate_end >= 0) || o->rate_end > 1)
        return mkg__fail(err, MKG_EARG, "the rate is no rate");
    if (!(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1) ||
        !(o->decay >= 0) || !(o->clip >= 0))
        return mkg__fail(err, MKG_EARG, "beta, decay or clip is out of its range");
    if (o->rank > 1024 || !(o->alpha >= 0))
        return mkg__fail(err, MKG_EARG, "the rank is 1 to 1024, alpha not below 0");
    return MKG_OK;
}

static mkg_status make_chunks(mkg_trainer *t, mkg_err *err)
{
    size_t cap = 0;
    for (size_t i = 0; i < t->net.ntensors; i++) {
        const mkg__tensor *x = &t->net.tensors[i];
        size_t n = x->rows * x->cols;
        if (x->at < t->net.frozen) continue;
        for (size_t from = 0; from < n; from += CHUNK) {
            if (!mkg__grow(&t->chunks, &cap, t->nchunks + 1, sizeof *t->chunks))
                return mkg__nomem(err);
            size_t left = n - from;
            t->chunks[t->nchunks++] =
                (mkg__chunk_of_values){.at = x->at - t->net.frozen + from,
                                       .n = left < CHUNK ? left : CHUNK,
                                       .decays = x->decays,
                                       .muon = t->opts.muon && x->inner};
        }
    }
    return MKG_OK;
}

/* The matrices that Muon updates, and room for that in each thread. */
static mkg_status make_matrices(mkg_trainer *t, mkg_err *err)
{
    size_t most = 0, threads = mkg__team_threads(t->team);
    if (!t->opts.muon) return MKG_OK;
    t->matrices = mkg__calloc(t->net.ntensors, sizeof *t->matrices);
    t->scratch = mkg__calloc(threads, sizeof *t->scratch);
    if (!t->matrices || !t->scratch) return mkg__nomem(err);
    for (size_t i = 0; i < t->net.ntensors; i++) {
        const mkg__tensor *x = &t->net.tensors[i];
        if (x->at < t->net.frozen || !x->inner) continue;
        size_t need = mkg__orthogonal_scratch(x->rows, x->cols) + x->rows * x->cols;
        if (need > most) most = need;
        t->matrices[t->nmatrices++] = x;
    }
    for (size_t i = 0; i < threads; i++) {
        t->scratch[i] = mkg__large(most * sizeof(float));
        if (!t->scratch[i]) return mkg__nomem(err);
    }
    return MKG_OK;
}

static mkg_status make_lanes(mkg_trainer *t, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t most = t->opts.shard > t->opts.longest ? t->opts.shard : t->opts.longest;
    t->lanes = mkg__calloc(t->opts.lanes, sizeof *t->lanes);
    if (!t->lanes) return mkg__nomem(err);
    for (unsigned i = 0; i < t->opts.lanes; i++) {
        MKG_GO(mkg__lane_new(&t->net, most, t->opts.longest, &t->lanes[i].lane, err));
        MKG_GO(mkg__shard_new(most, &t->lanes[i].shard, err));
    }
out:
    return st;
}

mkg_status mkg_trainer_new(const mkg_model *m, const mkg_train_opts *opts,
                           mkg_trainer **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_trainer *t = NULL;

    *out = NULL;
    MKG_GO(check(opts, err));
    MKG_GO(mkg__blas_open(err));
    t = mkg__calloc(1, sizeof *t);
    if (!t) return mkg__nomem(err);
    t->opts = *opts;
    double alpha = opts->alpha > 0 ? opts->alpha : 2 * (double)opts->rank;
    MKG_GO(mkg__net_new(m, opts->rank, alpha, opts->seed, &t->net, err));
    size_t n = t->net.n - t->net.frozen;
    t->moment1 = mkg__aligned(n * sizeof *t->moment1);
    t->moment2 = mkg__aligned(n * sizeof *t->moment2);
    t->losses = mkg__calloc(opts->steps, sizeof *t->losses);
    if (!t->moment1 || !t->moment2 || !t->losses) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(make_chunks(t, err));
    MKG_GO(make_lanes(t, err));
    MKG_GO(mkg__team_new(opts->threads, &t->team, err));
    MKG_GO(make_matrices(t, err));
    *out = t;
    t = NULL;
out:
    mkg_trainer_free(t);
    return st;
}

void mkg_trainer_free(mkg_trainer *t)
{
    if (!t) return;
    for (unsigned i = 0; t->lanes && i < t->opts.lanes; i++) {
        mkg__lane_clear(&t->lanes[i].lane);
        mkg__shard_clear(&t->lanes[i].shard);
    }
    for (unsigned i = 0; t->scratch && i < mkg__team_threads(t->team); i++)
        mkg__free(t->scratch[i]);
    mkg__free(t->scratch);
    mkg__free(t->matrices);
    mkg__team_free(t->team);
    mkg__net_clear(&t->net);
    mkg__free(t->lanes);
    mkg__free(t->chunks);
    mkg__free(t->moment1);
    mkg__free(t->moment2);
    mkg__free(t->losses);
    mkg__free(t->order);
    mkg__free(t->batch);
    mkg__free(t);
}

/* ---- batches ---- */

static mkg_status meet_texts(mkg_trainer *t, const mkg_texts *texts, mkg_err *err)
{
    if (t->order && t->ntexts == texts->n && t->ntokens == texts->ntokens)
        return MKG_OK;
    if ((t->step || t->order) &&
        (t->ntexts != texts->n || t->ntokens != texts->ntokens))
        return mkg__fail(err, MKG_EARG,
                         "these are other texts than those that training began with");
    if (texts->n > UINT32_MAX)
        return mkg__fail(err, MKG_EARG, "there are too many texts");
    t->order = mkg__malloc(texts->n * sizeof *t->order);
    t->batch = mkg__malloc(texts->n * sizeof *t->batch);
    if (!t->order || !t->batch) return mkg__nomem(err);
    t->ntexts = texts->n;
    t->ntokens = texts->ntokens;
    mkg__texts_shuffle(t->order, t->ntexts, t->opts.seed, t->epoch);
    return MKG_OK;
}

/* The next texts into t->batch, about opts.batch tokens of them. A batch ends with its
 * epoch. */
static size_t draw(mkg_trainer *t, const mkg_texts *texts, size_t *tokens)
{
    size_t n = 0;
    *tokens = 0;
    while (t->next < t->ntexts && *tokens < t->opts.batch) {
        uint32_t text = t->order[t->next++];
        t->batch[n++] = text;
        *tokens += texts->texts[text].n - 1;
    }
    return n;
}

typedef struct job {
    mkg_trainer *t;
    const mkg_texts *texts;
    const uint32_t *list; /* (n), NULL: all texts in their order */
    size_t n, tokens;
    float weight;
} job;

static uint32_t text_at(const job *j, size_t i)
{
    return j->list ? j->list[i] : (uint32_t)i;
}

/* The texts of one lane: those whose tokens begin in its part of the whole. */
static void work_lane(void *ctx, size_t from, size_t to, unsigned thread)
{
    const job *j = ctx;
    mkg_trainer *t = j->t;
    (void)thread;
    for (size_t l = from; l < to; l++) {
        mkg__train_lane *lane = &t->lanes[l];
        size_t first = j->tokens * l / t->opts.lanes,
               last = j->tokens * (l + 1) / t->opts.lanes, at = 0;
        mkg__shard_empty(&lane->shard);
        for (size_t i = 0; i < j->n && at < last; i++) {
            uint32_t text = text_at(j, i);
            size_t n = j->texts->texts[text].n - 1;
            if (at >= first) {
                if (lane->shard.n && lane->shard.n + n > t->opts.shard) {
                    mkg__net_pass(&lane->lane, &lane->shard, j->weight, &lane->loss);
                    mkg__shard_empty(&lane->shard);
                }
                mkg__shard_add(&lane->shard, j->texts, text);
            }
            at += n;
        }
        if (lane->shard.n)
            mkg__net_pass(&lane->lane, &lane->shard, j->weight, &lane->loss);
    }
}

static mkg__loss run_lanes(job *j, double *flops)
{
    mkg_trainer *t = j->t;
    mkg__loss all = {0};
    for (unsigned l = 0; l < t->opts.lanes; l++) {
        memset(&t->lanes[l].loss, 0, sizeof t->lanes[l].loss);
        t->lanes[l].lane.flops = 0;
    }
    mkg__team_run(t->team, t->opts.lanes, 1, work_lane, j);
    *flops = 0;
    for (unsigned l = 0; l < t->opts.lanes; l++) {
        const mkg__loss *x = &t->lanes[l].loss;
        all.sum += x->sum;
        all.wanted += x->wanted;
        all.hits += x->hits;
        all.whole += x->whole;
        all.texts += x->texts;
        *flops += t->lanes[l].lane.flops;
    }
    return all;
}

/* ---- the update ---- */

/* Sum the lanes' gradients into the first one's, and their squares. */
static void sum_chunks(void *ctx, size_t from, size_t to, unsigned thread)
{
    mkg_trainer *t = ctx;
    (void)thread;
    for (size_t c = from; c < to; c++) {
        mkg__chunk_of_values *x = &t->chunks[c];
        float *g = t->lanes[0].lane.grad + x->at;
        for (unsigned l = 1; l < t->opts.lanes; l++) {
            float *more = t->lanes[l].lane.grad + x->at;
            for (size_t i = 0; i < x->n; i++)
                g[i] += more[i];
            memset(more, 0, x->n * sizeof *more);
        }
        double sum[4] = {0};
        for (size_t i = 0; i < x->n; i++)
            sum[i & 3] += (double)g[i] * (double)g[i];
        x->squares = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

typedef struct update {
    mkg_trainer *t;
    float rate, clip, unbias1, unbias2;
} update;

/* AdamW; takes the gradient away. */
static void update_chunks(void *ctx, size_t from, size_t to, unsigned thread)
{
    const update *u = ctx;
    mkg_trainer *t = u->t;
    float b1 = (float)t->opts.beta1, b2 = (float)t->opts.beta2;
    (void)thread;
    for (size_t c = from; c < to; c++) {
        const mkg__chunk_of_values *x = &t->chunks[c];
        float *restrict g = t->lanes[0].lane.grad + x->at,
                        *restrict m = t->moment1 + x->at,
                        *restrict v = t->moment2 + x->at,
                        *restrict w = t->net.value + t->net.frozen + x->at;
        float keep = x->decays ? 1 - u->rate * (float)t->opts.decay : 1;
        if (x->muon) continue;
        for (size_t i = 0; i < x->n; i++) {
            float d = g[i] * u->clip;
            m[i] = b1 * m[i] + (1 - b1) * d;
            v[i] = b2 * v[i] + (1 - b2) * d * d;
            w[i] = w[i] * keep -
                   u->rate * (m[i] * u->unbias1) / (sqrtf(v[i] * u->unbias2) + 1e-8f);
            g[i] = 0;
        }
    }
}

/* Muon, with Nesterov's momentum; takes the gradient away. */
static void update_matrices(void *ctx, size_t from, size_t to, unsigned thread)
{
    const update *u = ctx;
    mkg_trainer *t = u->t;
    for (size_t k = from; k < to; k++) {
        const mkg__tensor *x = t->matrices[k];
        size_t n = x->rows * x->cols, at = x->at - t->net.frozen;
        float *g = t->lanes[0].lane.grad + at, *m = t->moment1 + at,
              *w = t->net.value + x->at, *way = t->scratch[thread];
        float large = (float)(x->rows > x->cols ? x->rows : x->cols);
        float step = u->rate * 0.2f * sqrtf(large);
        float keep = 1 - u->rate * (float)t->opts.decay;
        for (size_t i = 0; i < n; i++) {
            float d = g[i] * u->clip;
            m[i] = MOMENTUM * m[i] + d;
            way[i] = d + MOMENTUM * m[i];
            g[i] = 0;
        }
        mkg__orthogonal(way, x->rows, x->cols, way + n, way);
        for (size_t i = 0; i < n; i++)
            w[i] = w[i] * keep - step * way[i];
    }
}

static void forget_gradients(mkg_trainer *t)
{
    for (unsigned l = 0; l < t->opts.lanes; l++)
        memset(t->lanes[l].lane.grad, 0, (t->net.n - t->net.frozen) * sizeof(float));
}

static double apply(mkg_trainer *t, double rate)
{
    double squares = 0;
    mkg__team_run(t->team, t->nchunks, 1, sum_chunks, t);
    for (size_t i = 0; i < t->nchunks; i++)
        squares += t->chunks[i].squares;
    double norm = sqrt(squares);
    if (!isfinite(norm)) return norm;
    double n = (double)(t->step + 1);
    update u = {.t = t,
                .rate = (float)rate,
                .clip = (float)mkg__clip_factor(norm, t->opts.clip),
                .unbias1 = (float)(1 / (1 - pow(t->opts.beta1, n))),
                .unbias2 = (float)(1 / (1 - pow(t->opts.beta2, n)))};
    mkg__team_run(t->team, t->nchunks, 1, update_chunks, &u);
    if (t->nmatrices) mkg__team_run(t->team, t->nmatrices, 1, update_matrices, &u);
    return norm;
}

mkg_status mkg_trainer_step(mkg_trainer *t, const mkg_texts *texts, mkg_train_step *out,
                            mkg_err *err)
{
    double t0 = mkg__now();
    size_t tokens;
    if (t->step >= t->opts.steps) return MKG_END;
    mkg_status st = meet_texts(t, texts, err);
    if (st < 0) return st;
    if (t->next >= t->ntexts) {
        t->next = 0;
        mkg__texts_shuffle(t->order, t->ntexts, t->opts.seed, ++t->epoch);
    }
    size_t before = t->next, n = draw(t, texts, &tokens), wanted = 0;
    for (size_t i = 0; i < n; i++)
        wanted += texts->texts[t->batch[i]].n - texts->texts[t->batch[i]].prompt;
    job j = {t, texts, t->batch, n, tokens, 1 / (float)wanted};
    mkg__loss loss = run_lanes(&j, &out->flops);
    out->rate = t->opts.rate *
                mkg__rate_at(t->step, t->opts.warmup, t->opts.steps, t->opts.rate_end);
    out->loss = loss.sum / (double)loss.wanted;
    out->norm = isfinite(out->loss) ? apply(t, out->rate) : NAN;
    if (!isfinite(out->norm)) {
        forget_gradients(t);
        t->next = before;
        return mkg__fail(err, MKG_ELM,
                         "the loss of step %zu is not finite: try a lower rate",
                         t->step + 1);
    }
    t->losses[t->step++] = (float)out->loss;
    out->step = t->step;
    out->epoch = t->epoch;
    out->tokens = tokens;
    out->seconds = mkg__now() - t0;
    return MKG_OK;
}

mkg_status mkg_trainer_score(mkg_trainer *t, const mkg_texts *texts,
                             mkg_train_score *out, mkg_err *err)
{
    double flops;
    size_t tokens = 0;
    for (size_t i = 0; i < texts->n; i++) {
        if (texts->texts[i].n > t->opts.longest)
            return mkg__fail(err, MKG_EARG, "a text is longer than %zu tokens",
                             t->opts.longest);
        tokens += texts->texts[i].n - 1;
    }
    job j = {t, texts, NULL, texts->n, tokens, 0};
    mkg__loss loss = run_lanes(&j, &flops);
    out->loss = loss.sum / (double)loss.wanted;
    out->tokens = (double)loss.hits / (double)loss.wanted;
    out->texts = (double)loss.whole / (double)loss.texts;
    return MKG_OK;
}

size_t mkg_trainer_trained(const mkg_trainer *t)
{
    return t->net.n - t->net.frozen;
}

const float *mkg_trainer_losses(const mkg_trainer *t, size_t *n)
{
    *n = t->step;
    return t->losses;
}
