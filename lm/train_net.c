/* One pass through the network, forward and back. */
#include "base/blas.h"
#include "lm/train_internal.h"

#include <string.h>

static const float *val(const mkg__net *net, size_t at)
{
    return net->value + at;
}

/* Where the gradient of a weight is summed; NULL for one that stays as it is. */
static float *grad(const mkg__lane *lane, size_t at)
{
    return at >= lane->net->frozen ? lane->grad + (at - lane->net->frozen) : NULL;
}

/* ---- linear layers ---- */

static void linear(mkg__lane *lane, const mkg__linear *l, const float *x, size_t n,
                   float *y)
{
    const mkg__net *net = lane->net;
    size_t r = net->rank;
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, l->out, l->in, 1, x, l->in, val(net, l->w),
               l->in, 0, y, l->out);
    lane->flops += 2.0 * (double)(n * l->out * l->in);
    if (l->bias != MKG__NO_WEIGHT)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < l->out; k++)
                y[i * l->out + k] += net->value[l->bias + k];
    if (l->a == MKG__NO_WEIGHT) return;
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, r, l->in, 1, x, l->in, val(net, l->a),
               l->in, 0, lane->low, r);
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, l->out, r, net->scale, lane->low, r,
               val(net, l->b), r, 1, y, l->out);
}

/* Gradients of the adapters; dx += what comes through them. */
static void adapter_back(mkg__lane *lane, const mkg__linear *l, const float *x,
                         const float *dy, size_t n, float *dx)
{
    const mkg__net *net = lane->net;
    size_t r = net->rank;
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, r, l->in, 1, x, l->in, val(net, l->a),
               l->in, 0, lane->low, r);
    mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, l->out, r, n, net->scale, dy, l->out,
               lane->low, r, 1, grad(lane, l->b), r);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, r, l->out, net->scale, dy, l->out,
               val(net, l->b), r, 0, lane->dlow, r);
    mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, r, l->in, n, 1, lane->dlow, r, x, l->in, 1,
               grad(lane, l->a), l->in);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, l->in, r, 1, lane->dlow, r, val(net, l->a),
               l->in, 1, dx, l->in);
}

/* dx = dy W, or dx += dy W; gradients of what is trained are added. */
static void linear_back(mkg__lane *lane, const mkg__linear *l, const float *x,
                        const float *dy, size_t n, bool add, float *dx)
{
    float *dw = grad(lane, l->w);
    float *db = l->bias == MKG__NO_WEIGHT ? NULL : grad(lane, l->bias);
    if (dw) {
        mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, l->out, l->in, n, 1, dy, l->out, x, l->in,
                   1, dw, l->in);
        lane->flops += 2.0 * (double)(n * l->out * l->in);
    }
    if (db)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < l->out; k++)
                db[k] += dy[i * l->out + k];
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, l->in, l->out, 1, dy, l->out,
               val(lane->net, l->w), l->in, add ? 1 : 0, dx, l->in);
    lane->flops += 2.0 * (double)(n * l->out * l->in);
    if (l->a != MKG__NO_WEIGHT) adapter_back(lane, l, x, dy, n, dx);
}

/* ---- rotary positions and norms of heads ---- */

static void turn_heads(const mkg__lane *lane, const mkg__shard *shard, size_t heads,
                       bool back, float *rows)
{
    const mkg_model *m = lane->net->m;
    size_t dims = m->rope.dims, hd = m->info.head_dim;
    float turned[2 * 1024];
    for (size_t i = 0; i < shard->n; i++) {
        const float *turn = lane->turns + i * dims;
        if (back && dims <= sizeof turned / sizeof *turned) {
            memcpy(turned, turn, dims * sizeof *turned);
            for (size_t k = dims / 2; k < dims; k++)
                turned[k] = -turned[k];
            turn = turned;
        }
        for (size_t h = 0; h < heads; h++)
            mkg__rope_turn(&m->rope, turn, rows + (i * heads + h) * hd);
    }
}

static void place_tokens(mkg__lane *lane, const mkg__shard *shard)
{
    const mkg_model *m = lane->net->m;
    size_t dim = m->info.dim;
    for (size_t t = 0; t < shard->ntexts; t++)
        for (size_t i = shard->start[t]; i < shard->start[t + 1]; i++) {
            memcpy(lane->x + i * dim,
                   val(lane->net, lane->net->embed + shard->tokens[i] * dim),
                   dim * sizeof(float));
            mkg__rope_at(&m->rope, i - shard->start[t], lane->turns + i * m->rope.dims);
        }
}

/* ---- layers ---- */

static void queries(mkg__lane *lane, const mkg__train_layer *l, mkg__trace *t,
                    const mkg__shard *shard)
{
    const mkg_model *m = lane->net->m;
    const mkg_model_info *s = &m->info;
    bool norm = l->q_norm != MKG__NO_WEIGHT;
    linear(lane, &l->q, t->h1, shard->n, norm ? t->q_raw : t->q);
    linear(lane, &l->k, t->h1, shard->n, norm ? t->k_raw : t->k);
    linear(lane, &l->v, t->h1, shard->n, t->v);
    if (norm) {
        mkg__rms_rows(t->q_raw, val(lane->net, l->q_norm), shard->n * s->heads,
                      s->head_dim, m->eps, t->q, t->q_inv);
        mkg__rms_rows(t->k_raw, val(lane->net, l->k_norm), shard->n * s->kv_heads,
                      s->head_dim, m->eps, t->k, t->k_inv);
    }
    turn_heads(lane, shard, s->heads, false, t->q);
    turn_heads(lane, shard, s->kv_heads, false, t->k);
}

static void add_rows(float *restrict x, const float *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* lane->x goes in and comes out. */
static void layer_forward(mkg__lane *lane, const mkg__train_layer *l, mkg__trace *t,
                          const mkg__shard *shard)
{
    const mkg__net *net = lane->net;
    size_t n = shard->n, dim = net->m->info.dim, ff = net->m->info.ff;
    float eps = net->m->eps;

    memcpy(t->x, lane->x, n * dim * sizeof(float));
    mkg__rms_rows(t->x, val(net, l->attn_norm), n, dim, eps, t->h1, t->inv1);
    queries(lane, l, t, shard);
    mkg__train_attend(lane, t, shard);
    linear(lane, &l->o, t->o, n, t->mid);
    add_rows(t->mid, t->x, n * dim);
    mkg__rms_rows(t->mid, val(net, l->ffn_norm), n, dim, eps, t->h2, t->inv2);
    linear(lane, &l->gate, t->h2, n, t->gate);
    linear(lane, &l->up, t->h2, n, t->up);
    mkg__swiglu(t->gate, t->up, n * ff, lane->ff1);
    linear(lane, &l->down, lane->ff1, n, lane->x);
    add_rows(lane->x, t->mid, n * dim);
}

static void queries_back(mkg__lane *lane, const mkg__train_layer *l, mkg__trace *t,
                         const mkg__shard *shard)
{
    const mkg_model_info *s = &lane->net->m->info;
    turn_heads(lane, shard, s->heads, true, lane->dq);
    turn_heads(lane, shard, s->kv_heads, true, lane->dk);
    if (l->q_norm != MKG__NO_WEIGHT) {
        /* t->q and t->k are needed no more: they take what comes through the norms. */
        mkg__rms_rows_back(t->q_raw, val(lane->net, l->q_norm), t->q_inv, lane->dq,
                           shard->n * s->heads, s->head_dim, false, t->q,
                           grad(lane, l->q_norm));
        mkg__rms_rows_back(t->k_raw, val(lane->net, l->k_norm), t->k_inv, lane->dk,
                           shard->n * s->kv_heads, s->head_dim, false, t->k,
                           grad(lane, l->k_norm));
        memcpy(lane->dq, t->q, shard->n * s->heads * s->head_dim * sizeof(float));
        memcpy(lane->dk, t->k, shard->n * s->kv_heads * s->head_dim * sizeof(float));
    }
    linear_back(lane, &l->q, t->h1, lane->dq, shard->n, false, lane->d1);
    linear_back(lane, &l->k, t->h1, lane->dk, shard->n, true, lane->d1);
    linear_back(lane, &l->v, t->h1, lane->dv, shard->n, true, lane->d1);
}

/* lane->dx: the gradient of what the layer gives becomes that of what it got. */
static void layer_back(mkg__lane *lane, const mkg__train_layer *l, mkg__trace *t,
                       const mkg__shard *shard)
{
    const mkg__net *net = lane->net;
    size_t n = shard->n, dim = net->m->info.dim, ff = net->m->info.ff;

    mkg__swiglu(t->gate, t->up, n * ff, lane->ff1);
    linear_back(lane, &l->down, lane->ff1, lane->dx, n, false, lane->ff2);
    mkg__swiglu_back(t->gate, t->up, n * ff, lane->ff2, lane->ff1);
    linear_back(lane, &l->gate, t->h2, lane->ff1, n, false, lane->d1);
    linear_back(lane, &l->up, t->h2, lane->ff2, n, true, lane->d1);
    mkg__rms_rows_back(t->mid, val(net, l->ffn_norm), t->inv2, lane->d1, n, dim, true,
                       lane->dx, grad(lane, l->ffn_norm));
    linear_back(lane, &l->o, t->o, lane->dx, n, false, lane->dout);
    mkg__train_attend_back(lane, t, shard);
    queries_back(lane, l, t, shard);
    mkg__rms_rows_back(t->x, val(net, l->attn_norm), t->inv1, lane->d1, n, dim, true,
                       lane->dx, grad(lane, l->attn_norm));
}

/* ---- the output ---- */

/* Rows [from, to) of what is wanted: loss, and where `weight` is not 0 the gradient
 * into lane->dx. */
static void head_rows(mkg__lane *lane, const mkg__shard *s, size_t from, size_t to,
                      float weight, mkg__loss *loss, bool *right)
{
    const mkg__net *net = lane->net;
    size_t dim = net->m->info.dim, vocab = net->m->info.vocab, n = to - from;
    float inv[MKG__HEAD_ROWS], *raw = lane->dhead;
    const float *out = val(net, net->output), *norm = val(net, net->output_norm);
    float *dout = grad(lane, net->output);

    for (size_t i = 0; i < n; i++)
        memcpy(raw + i * dim, lane->x + s->row[from + i] * dim, dim * sizeof(float));
    mkg__rms_rows(raw, norm, n, dim, net->m->eps, lane->head, inv);
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, vocab, dim, 1, lane->head, dim, out, dim,
               0, lane->logits, vocab);
    lane->flops += 2.0 * (double)(n * vocab * dim);
    for (size_t i = 0; i < n; i++) {
        loss->sum += mkg__cross_entropy(lane->logits + i * vocab, vocab,
                                        s->want[from + i], weight, &right[i]);
        loss->hits += right[i];
    }
    loss->wanted += n;
    if (weight == 0) return;
    if (dout)
        mkg__sgemm(MKG_TRANSPOSED, MKG_PLAIN, vocab, dim, n, 1, lane->logits, vocab,
                   lane->head, dim, 1, dout, dim);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, dim, vocab, 1, lane->logits, vocab, out, dim, 0,
               lane->head, dim);
    lane->flops += (dout ? 4.0 : 2.0) * (double)(n * vocab * dim);
    mkg__rms_rows_back(raw, norm, inv, lane->head, n, dim, false, raw,
                       grad(lane, net->output_norm));
    for (size_t i = 0; i < n; i++)
        add_rows(lane->dx + s->row[from + i] * dim, raw + i * dim, dim);
}

static void head_pass(mkg__lane *lane, const mkg__shard *s, float weight,
                      mkg__loss *loss)
{
    bool right[MKG__HEAD_ROWS], whole = true;
    size_t text = 0;
    for (size_t from = 0; from < s->nwanted; from += MKG__HEAD_ROWS) {
        size_t to = from + MKG__HEAD_ROWS;
        if (to > s->nwanted) to = s->nwanted;
        head_rows(lane, s, from, to, weight, loss, right);
        for (size_t i = from; i < to; i++) {
            while (s->row[i] >= s->start[text + 1]) {
                loss->whole += whole;
                whole = true;
                text++;
            }
            whole = whole && right[i - from];
        }
    }
    loss->whole += s->ntexts && whole;
    loss->texts += s->ntexts;
}

void mkg__net_pass(mkg__lane *lane, const mkg__shard *shard, float weight,
                   mkg__loss *loss)
{
    const mkg__net *net = lane->net;
    size_t dim = net->m->info.dim, layers = net->m->info.layers;

    place_tokens(lane, shard);
    for (size_t l = 0; l < layers; l++)
        layer_forward(lane, &net->layers[l], &lane->layers[l], shard);
    if (weight != 0) memset(lane->dx, 0, shard->n * dim * sizeof(float));
    head_pass(lane, shard, weight, loss);
    if (weight == 0) return;
    for (size_t l = layers; l-- > 0;)
        layer_back(lane, &net->layers[l], &lane->layers[l], shard);
    float *dembed = grad(lane, net->embed);
    if (dembed)
        for (size_t i = 0; i < shard->n; i++)
            add_rows(dembed + shard->tokens[i] * dim, lane->dx + i * dim, dim);
}
