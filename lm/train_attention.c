/* Causal attention of texts that lie one behind the other, forward and backward. Scores
 * are kept for one text and head at a time; on the way back they are computed anew from
 * queries, keys and the logarithm of the sum (Dao et al., arXiv:2205.14135, Alg. 4). */
#include "base/blas.h"
#include "lm/train_internal.h"

#include <math.h>

typedef struct place {
    size_t at, n;       /* tokens of the text */
    size_t q, kv;       /* floats of a row of queries, of keys */
    size_t qcol, kvcol; /* where the head begins in them */
    size_t dim, heads, head;
    float scale;
} place;

static place place_of(const mkg__lane *lane, const mkg__shard *shard, size_t text,
                      size_t head)
{
    const mkg_model_info *i = &lane->net->m->info;
    size_t group = i->heads / i->kv_heads;
    return (place){.at = shard->start[text],
                   .n = shard->start[text + 1] - shard->start[text],
                   .q = i->heads * i->head_dim,
                   .kv = i->kv_heads * i->head_dim,
                   .qcol = head * i->head_dim,
                   .kvcol = head / group * i->head_dim,
                   .dim = i->head_dim,
                   .heads = i->heads,
                   .head = head,
                   .scale = 1 / sqrtf((float)i->head_dim)};
}

static void score(mkg__lane *lane, const mkg__trace *t, const place *p)
{
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, p->n, p->n, p->dim, p->scale,
               t->q + p->at * p->q + p->qcol, p->q, t->k + p->at * p->kv + p->kvcol,
               p->kv, 0, lane->scores, p->n);
    lane->flops += 2.0 * (double)(p->n * p->n * p->dim);
}

void mkg__train_attend(mkg__lane *lane, const mkg__trace *t, const mkg__shard *shard)
{
    for (size_t text = 0; text < shard->ntexts; text++)
        for (size_t head = 0; head < lane->net->m->info.heads; head++) {
            place p = place_of(lane, shard, text, head);
            score(lane, t, &p);
            for (size_t i = 0; i < p.n; i++) {
                float max, sum, *row = lane->scores + i * p.n;
                mkg__exp_row(row, i + 1, p.n, &max, &sum);
                for (size_t k = 0; k <= i; k++)
                    row[k] /= sum;
                t->lse[(p.at + i) * p.heads + head] = max + logf(sum);
            }
            mkg__sgemm(MKG_PLAIN, MKG_PLAIN, p.n, p.dim, p.n, 1, lane->scores, p.n,
                       t->v + p.at * p.kv + p.kvcol, p.kv, 0,
                       t->o + p.at * p.q + p.qcol, p.q);
            lane->flops += 2.0 * (double)(p.n * p.n * p.dim);
        }
}

/* Probabilities into scores, their gradient into dscores, then through the softmax. */
static void through_softmax(mkg__lane *lane, const mkg__trace *t, const place *p)
{
    for (size_t i = 0; i < p->n; i++) {
        float *s = lane->scores + i * p->n, *ds = lane->dscores + i * p->n, sum = 0;
        mkg__exp_shift(s, i + 1, t->lse[(p->at + i) * p->heads + p->head]);
        for (size_t k = 0; k <= i; k++)
            sum += s[k] * ds[k];
        for (size_t k = 0; k <= i; k++)
            ds[k] = s[k] * (ds[k] - sum) * p->scale;
        for (size_t k = i + 1; k < p->n; k++)
            s[k] = ds[k] = 0;
    }
}

void mkg__train_attend_back(mkg__lane *lane, const mkg__trace *t,
                            const mkg__shard *shard)
{
    size_t heads = lane->net->m->info.heads,
           group = heads / lane->net->m->info.kv_heads;
    for (size_t text = 0; text < shard->ntexts; text++)
        for (size_t head = 0; head < heads; head++) {
            place p = place_of(lane, shard, text, head);
            size_t q = p.at * p.q + p.qcol, kv = p.at * p.kv + p.kvcol;
            float more = head % group ? 1 : 0; /* heads that share keys add up */
            score(lane, t, &p);
            mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, p.n, p.n, p.dim, 1, lane->dout + q,
                       p.q, t->v + kv, p.kv, 0, lane->dscores, p.n);
            through_softmax(lane, t, &p);
            mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, p.n, p.dim, p.n, 1, lane->scores, p.n,
                       lane->dout + q, p.q, more, lane->dv + kv, p.kv);
            mkg__sgemm(MKG_PLAIN, MKG_PLAIN, p.n, p.dim, p.n, 1, lane->dscores, p.n,
                       t->k + kv, p.kv, 0, lane->dq + q, p.q);
            mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, p.n, p.dim, p.n, 1, lane->dscores,
                       p.n, t->q + q, p.q, more, lane->dk + kv, p.kv);
            lane->flops += 8.0 * (double)(p.n * p.n * p.dim);
        }
}
