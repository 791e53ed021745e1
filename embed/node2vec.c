/* Walks streamed into training: nothing of a walk is kept. */
#include "embed/node2vec.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "embed/embed_internal.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS_MAX = 256, BLOCK = 32, LENGTH_MAX = 10000 };

/* Streams of random numbers for the parts of a training. */
enum { STREAM_START = 1, STREAM_ORDER = 2, STREAM_WALK = 3 };

typedef struct job {
    const mkg_node2vec_opts *o;
    const mkg_graph *g;
    mkg_walker *walker;
    mkg__sgns sgns;
    uint32_t *order; /* (n) rows, shuffled */
    size_t walks;    /* of all epochs */
    atomic_size_t done;
    uint32_t *walk[THREADS_MAX];
    float *scratch[THREADS_MAX];
} job;

static mkg_status check(const mkg_graph *g, const mkg_node2vec_opts *o, mkg_err *err)
{
    const char *wrong = NULL;
    if (g->n == 0)
        wrong = "the graph has no nodes to embed";
    else if (o->dim < 1 || o->dim > 4096)
        wrong = "dim is between 1 and 4096";
    else if (o->walks < 1 || o->walks > 10000)
        wrong = "walks is between 1 and 10000";
    else if (o->length < 2 || o->length > LENGTH_MAX)
        wrong = "length is between 2 and 10000";
    else if (o->window < 1 || o->window > LENGTH_MAX)
        wrong = "window is between 1 and 10000";
    else if (o->negative < 1 || o->negative > 64)
        wrong = "negative is between 1 and 64";
    else if (o->epochs < 1 || o->epochs > 10000)
        wrong = "epochs is between 1 and 10000";
    else if (!(o->alpha > 0 && o->alpha <= 1))
        wrong = "alpha is between 0 and 1";
    else if (o->threads > THREADS_MAX)
        wrong = "threads is at most 256";
    return wrong ? mkg__fail(err, MKG_EARG, "%s", wrong) : MKG_OK;
}

/* How often walks come by grows with a node's degree (exactly so in the long run of an
 * undirected first-order walk), so the noise is drawn from degree ^ 0.75 instead of
 * from counts that would need a pass of their own. Directed: by what leads to the node.
 */
static mkg_status build_noise(job *j, mkg_err *err)
{
    const mkg_graph *g = j->g;
    float *weight = mkg__calloc(g->n, sizeof *weight);
    uint32_t *stack = mkg__calloc(g->n, sizeof *stack);
    mkg__alias *noise = &j->sgns.noise;
    mkg_status st = MKG_OK;

    noise->keep = mkg__calloc(g->n, sizeof *noise->keep);
    noise->other = mkg__calloc(g->n, sizeof *noise->other);
    if (!weight || !stack || !noise->keep || !noise->other) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t k = 0; k < g->m; k++)
        weight[g->to[k]] += g->weight ? g->weight[k] : 1;
    for (size_t i = 0; i < g->n; i++) {
        /* A walk from each node visits it at least; huge weights stay finite. */
        double w = weight[i] > 1e30f ? 1e30 : (double)weight[i];
        weight[i] = (float)pow(w < 1 ? 1 : w, 0.75);
    }
    mkg__alias_build(weight, g->n, noise->keep, noise->other, stack);
out:
    mkg__free(weight);
    mkg__free(stack);
    return st;
}

static mkg_status start_vectors(job *j, mkg_err *err)
{
    mkg__sgns *s = &j->sgns;
    size_t count, bytes;
    if (!mkg__mul(s->n, s->dim, &count) || !mkg__mul(count, sizeof(float), &bytes))
        return mkg__nomem(err);
    s->in = mkg__aligned(bytes);
    s->out = mkg__aligned(bytes);
    j->order = mkg__malloc(s->n * sizeof *j->order);
    if (!s->in || !s->out || !j->order) return mkg__nomem(err);
    for (size_t i = 0; i < s->n; i++) {
        mkg__rng r = mkg__rng_new(j->o->seed, STREAM_START, i);
        for (size_t k = 0; k < s->dim; k++)
            s->in[i * s->dim + k] = (mkg__rng_float(&r) - 0.5f) / (float)s->dim;
        j->order[i] = (uint32_t)i;
    }
    mkg__rng r = mkg__rng_new(j->o->seed, STREAM_ORDER, 0);
    for (size_t i = s->n; i > 1; i--) {
        uint32_t k = mkg__rng_below(&r, (uint32_t)i), t = j->order[k];
        j->order[k] = j->order[i - 1];
        j->order[i - 1] = t;
    }
    return MKG_OK;
}

static mkg_status train_block(void *ctx, size_t from, size_t to, unsigned thread,
                              mkg_err *err)
{
    job *j = ctx;
    const mkg_node2vec_opts *o = j->o;

    for (size_t i = from; i < to; i++) {
        mkg__rng r = mkg__rng_new(o->seed, STREAM_WALK, i);
        double left = 1 - (double)i / (double)j->walks;
        float alpha = (float)(o->alpha * (left > 1e-4 ? left : 1e-4));
        size_t n = mkg_walker_walk(j->walker, j->order[i % j->g->n], o->length, &r,
                                   j->walk[thread]);
        mkg__sgns_walk(&j->sgns, j->walk[thread], n, alpha, &r, j->scratch[thread]);
    }
    size_t done = atomic_fetch_add(&j->done, to - from) + (to - from);
    if (thread == 0 && o->progress &&
        o->progress(o->progress_ctx, "walking", done, j->walks) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; no vectors were written");
    return MKG_OK;
}

static mkg_status train(job *j, unsigned threads, mkg_err *err)
{
    for (unsigned t = 0; t < threads; t++) {
        j->walk[t] = mkg__malloc(j->o->length * sizeof *j->walk[t]);
        j->scratch[t] = mkg__aligned(j->sgns.dim * sizeof(float));
        if (!j->walk[t] || !j->scratch[t]) return mkg__nomem(err);
    }
    return mkg__par_for(threads, j->walks, BLOCK, train_block, j, err);
}

mkg_status mkg_node2vec(const mkg_graph *g, const mkg_node2vec_opts *opts, float **out,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned threads = opts->threads ? opts->threads : mkg__cores();
    job *j = mkg__calloc(1, sizeof *j);

    *out = NULL;
    if (!j) return mkg__nomem(err);
    /* One thread applies the updates of a walk after those of the one before, whatever
     * the machine: the same bytes everywhere. */
    if (opts->deterministic) threads = 1;
    j->o = opts;
    j->g = g;
    MKG_GO(check(g, opts, err));
    j->sgns.n = g->n;
    j->sgns.dim = opts->dim;
    j->sgns.window = opts->window;
    j->sgns.negative = opts->negative;
    if (!mkg__mul(g->n, (size_t)opts->walks * opts->epochs, &j->walks)) {
        st = mkg__fail(err, MKG_EARG, "too many walks");
        goto out;
    }
    MKG_GO(mkg_walker_new(g, opts->p, opts->q, &j->walker, err));
    MKG_GO(build_noise(j, err));
    MKG_GO(start_vectors(j, err));
    MKG_GO(train(j, threads, err));
    *out = j->sgns.in;
    j->sgns.in = NULL;
out:
    mkg_walker_free(j->walker);
    mkg__free(j->sgns.in);
    mkg__free(j->sgns.out);
    mkg__free(j->sgns.noise.keep);
    mkg__free(j->sgns.noise.other);
    mkg__free(j->order);
    for (size_t t = 0; t < THREADS_MAX; t++) {
        mkg__free(j->walk[t]);
        mkg__free(j->scratch[t]);
    }
    mkg__free(j);
    return st;
}

void mkg_floats_free(float *x)
{
    mkg__free(x);
}
