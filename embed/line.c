#include "embed/line.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "embed/sgns.h"
#include "embed/tall.h"
#include "embed/walk.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { BLOCK = MKG_WALKS_TOGETHER, BLOCKS_AT_ONCE = 64, NEGATIVE_MAX = 64 };
enum { STREAM_START = 31, STREAM_EDGE = 33 };

typedef struct job {
    const mkg_line_opts *o;
    const mkg_graph *g;
    mkg__walker *walker;
    mkg__slot *source; /* (n) rows by the weight that leaves them */
    mkg__sgns sgns;
    uint64_t samples;
    unsigned part; /* 0: first order, 1: second */
    atomic_ullong done;
} job;

static mkg_status check(const mkg_graph *g, const mkg_line_opts *o, mkg_err *err)
{
    const char *wrong = NULL;
    if (g->n == 0 || g->m == 0)
        wrong = "the graph has no edges to draw";
    else if (o->dim < (o->order == MKG_LINE_BOTH ? 2u : 1u) || o->dim > 4096)
        wrong = "dim is between 1 and 4096, and 2 at least for both orders";
    else if (g->directed && o->order != MKG_LINE_SECOND)
        wrong = "a directed view has a second order only";
    else if (o->negative < 1 || o->negative > NEGATIVE_MAX)
        wrong = "negative is between 1 and 64";
    else if (!(o->alpha > 0 && o->alpha <= 1))
        wrong = "alpha is between 0 and 1";
    return wrong ? mkg__fail(err, MKG_EARG, "%s", wrong) : MKG_OK;
}

/* Sources by weight, negatives by weight ^ 0.75 of what leads to them. */
static mkg_status build_draws(job *j, mkg_err *err)
{
    const mkg_graph *g = j->g;
    mkg_status st = MKG_OK;
    float *weight = mkg__calloc(g->n, sizeof *weight);
    double *in = mkg__calloc(g->n, sizeof *in), most = 0;
    uint32_t *stack = mkg__calloc(g->n, sizeof *stack);
    j->source = mkg__calloc(g->n, sizeof *j->source);
    j->sgns.noise = mkg__calloc(g->n, sizeof *j->sgns.noise);
    if (!weight || !in || !stack || !j->source || !j->sgns.noise) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t u = 0; u < g->n; u++)
        if (mkg__weight_out(g, u) > most) most = mkg__weight_out(g, u);
    for (size_t u = 0; u < g->n; u++) {
        weight[u] = (float)(mkg__weight_out(g, u) / most);
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++)
            in[g->to[k]] += (g->weight ? (double)g->weight[k] : 1) / most;
    }
    mkg__alias_build(weight, g->n, j->source, stack);
    for (size_t u = 0; u < g->n; u++)
        weight[u] = (float)pow(in[u], 0.75);
    mkg__alias_build(weight, g->n, j->sgns.noise, stack);
out:
    mkg__free(weight);
    mkg__free(in);
    mkg__free(stack);
    return st;
}

/* One edge: u's vector against v's, or v's context, and the negatives. */
MKG_RACES static void train_edge(const mkg__sgns *s, uint32_t u, uint32_t v,
                                 mkg__sgns_block *b, mkg__rng *r)
{
    b->in[0] = s->in + (size_t)u * s->stride;
    b->m = 1;
    b->out[0] = s->out + (size_t)v * s->stride;
    b->t = 1;
    b->positive = true;
    for (unsigned i = 0; i < s->negative; i++) {
        uint32_t x = mkg__alias_draw(s->noise, (uint32_t)s->n, r);
        if (x != v && !(x == u && s->in == s->out))
            b->out[b->t++] = s->out + (size_t)x * s->stride;
        if (b->t == MKG_SGNS_TARGETS) {
            s->kernel(b);
            b->t = 0;
            b->positive = false;
        }
    }
    if (b->t) s->kernel(b);
}

static mkg_status train_blocks(void *ctx, size_t from, size_t to, unsigned thread,
                               mkg_err *err)
{
    job *j = ctx;
    const mkg_line_opts *o = j->o;
    uint32_t edge[BLOCK * 2], reached[BLOCK];
    mkg__rng r[BLOCK];
    mkg__sgns_block b = {.stride = j->sgns.stride};

    for (size_t block = from; block < to; block++) {
        double left = 1 - (double)block * BLOCK / (double)j->samples;
        b.alpha = (float)(o->alpha * (left > 1e-4 ? left : 1e-4));
        for (size_t i = 0; i < BLOCK; i++) {
            r[i] = mkg__rng_new(o->seed, STREAM_EDGE + j->part, block * BLOCK + i);
            edge[2 * i] = mkg__alias_draw(j->source, (uint32_t)j->g->n, &r[i]);
        }
        mkg__walker_walk(j->walker, BLOCK, 2, r, edge, reached);
        for (size_t i = 0; i < BLOCK; i++)
            if (reached[i] == 2)
                train_edge(&j->sgns, edge[2 * i], edge[2 * i + 1], &b, &r[i]);
    }
    uint64_t done = atomic_fetch_add(&j->done, (to - from) * BLOCK);
    if (thread == 0 && o->progress &&
        o->progress(o->progress_ctx, "drawing edges", done,
                    j->samples * (o->order == MKG_LINE_BOTH ? 2 : 1)) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; no vectors were written");
    return MKG_OK;
}

/* Train one order into *out (n, stride of dim). */
static mkg_status train(job *j, unsigned part, size_t dim, float **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__sgns *s = &j->sgns;
    float scale = sqrtf(2 / (float)dim), *context = NULL;
    size_t blocks = (size_t)(j->samples / BLOCK + 1);

    j->part = part;
    s->stride = mkg__tall_stride(dim);
    s->in = mkg__tall_new(s->n, s->stride);
    if (!s->in) return mkg__nomem(err);
    s->out = s->in;
    if (part == 1) {
        context = s->out = mkg__tall_new(s->n, s->stride);
        if (!context) {
            st = mkg__nomem(err);
            goto out;
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        mkg__rng r = mkg__rng_new(j->o->seed, STREAM_START + part, i);
        for (size_t k = 0; k < dim; k++)
            s->in[i * s->stride + k] = (mkg__rng_float(&r) - 0.5f) * scale;
    }
    MKG_GO(mkg__par_for(j->o->deterministic ? 1 : j->o->threads, blocks, BLOCKS_AT_ONCE,
                        train_blocks, j, err));
    *out = s->in;
    s->in = NULL;
out:
    mkg__free(s->in);
    mkg__free(context);
    s->in = s->out = NULL;
    return st;
}

static mkg_status train_both(job *j, float **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t dim[2] = {j->o->dim - j->o->dim / 2, j->o->dim / 2}, at = 0, n = j->g->n;
    float *x = NULL, *both = NULL;
    size_t bytes;

    if (mkg__mul(n, j->o->dim * sizeof *both, &bytes)) both = mkg__aligned(bytes);
    if (!both) return mkg__nomem(err);
    for (unsigned part = 0; part < 2; part++) {
        MKG_GO(train(j, part, dim[part], &x, err));
        mkg__tall_normalise(x, n, j->sgns.stride);
        for (size_t i = 0; i < n; i++)
            memcpy(both + i * j->o->dim + at, x + i * j->sgns.stride,
                   dim[part] * sizeof *x);
        at += dim[part];
        mkg__free(x);
        x = NULL;
    }
    *out = both;
    both = NULL;
out:
    mkg__free(both);
    return st;
}

mkg_status mkg_line(const mkg_graph *g, const mkg_line_opts *opts, float **out,
                    mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__walker_opts wo = {.p = 1, .q = 1};
    job j = {.o = opts, .g = g};

    *out = NULL;
    MKG_GO(check(g, opts, err));
    j.samples = opts->samples          ? opts->samples
                : g->m * 100 > 2000000 ? (uint64_t)g->m * 100
                                       : 2000000;
    j.sgns.n = g->n;
    j.sgns.negative = opts->negative;
    j.sgns.kernel = mkg__sgns_kernel_best();
    MKG_GO(mkg__walker_new(g, &wo, &j.walker, err));
    MKG_GO(build_draws(&j, err));
    if (opts->order == MKG_LINE_BOTH) {
        MKG_GO(train_both(&j, out, err));
    } else {
        MKG_GO(train(&j, opts->order == MKG_LINE_FIRST ? 0 : 1, opts->dim, out, err));
        mkg__tall_pack(*out, g->n, mkg__tall_stride(opts->dim), opts->dim);
    }
out:
    mkg__walker_free(j.walker);
    mkg__free(j.source);
    mkg__free(j.sgns.noise);
    return st;
}
