/* Walks streamed into training through a ring of blocks: nothing of a walk is kept. */
#include "embed/node2vec.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "embed/ring.h"
#include "embed/sgns.h"
#include "embed/tall.h"
#include "embed/walk.h"

#include <math.h>
#include <stdatomic.h>

enum { THREADS_MAX = 256, LENGTH_MAX = 10000, BLOCK = MKG_WALKS_TOGETHER };

/* Streams of random numbers for the parts of a training. */
enum { STREAM_START = 1, STREAM_ORDER = 2, STREAM_WALK = 3, STREAM_COUNT = 4 };

/* A block of walks, in a slot of the ring. */
typedef struct walks {
    uint32_t *row; /* (BLOCK, length) */
    uint32_t reached[BLOCK];
    mkg__rng rng[BLOCK];
} walks;

typedef struct job {
    const mkg_node2vec_opts *o;
    const mkg_graph *g;
    mkg__walker *walker;
    mkg__sgns sgns;
    uint32_t *spare;
    uint32_t *order; /* (starts) rows that walks begin at, shuffled */
    size_t starts;
    size_t walks; /* of all epochs */
    size_t nslots;
    walks *slot;
    uint32_t *rows;
    atomic_uint *count; /* (n) how often a row comes up in a sample of walks */
    atomic_size_t done;
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
    else if (!(o->sample >= 0 && o->sample <= 1))
        wrong = "sample is between 0 and 1";
    else if (o->threads > THREADS_MAX)
        wrong = "threads is at most 256";
    return wrong ? mkg__fail(err, MKG_EARG, "%s", wrong) : MKG_OK;
}

/* ---- how often nodes come up ---- */

static size_t walks_of(size_t block, size_t all)
{
    return all - block * BLOCK < BLOCK ? all - block * BLOCK : BLOCK;
}

static void walk_block(job *j, walks *w, size_t first, size_t count, uint64_t stream)
{
    for (size_t i = 0; i < count; i++) {
        w->rng[i] = mkg__rng_new(j->o->seed, stream, first + i);
        w->row[i * j->o->length] = j->order[(first + i) % j->starts];
    }
    mkg__walker_walk(j->walker, count, j->o->length, w->rng, w->row, w->reached);
}

static mkg_status make_count(void *ctx, size_t block, size_t slot, unsigned thread,
                             mkg_err *err)
{
    job *j = ctx;
    (void)thread;
    (void)err;
    walk_block(j, &j->slot[slot], block * BLOCK, walks_of(block, j->starts),
               STREAM_COUNT);
    return MKG_OK;
}

static mkg_status use_count(void *ctx, size_t block, size_t slot, unsigned thread,
                            mkg_err *err)
{
    job *j = ctx;
    const walks *w = &j->slot[slot];
    (void)thread;
    (void)err;
    for (size_t i = 0; i < walks_of(block, j->starts); i++)
        for (size_t k = 0; k < w->reached[i]; k++)
            atomic_fetch_add_explicit(&j->count[w->row[i * j->o->length + k]], 1,
                                      memory_order_relaxed);
    return MKG_OK;
}

/* One walk from each node tells how often nodes come up, whatever the weights, the
 * directions, p and q are. */
static mkg_status count_nodes(job *j, unsigned threads, mkg_err *err)
{
    const mkg__ring_work work = {.blocks = (j->starts + BLOCK - 1) / BLOCK,
                                 .slots = j->nslots,
                                 .make = make_count,
                                 .use = use_count,
                                 .ctx = j};
    j->count = mkg__calloc(j->g->n, sizeof *j->count);
    if (!j->count) return mkg__nomem(err);
    return mkg__ring_run(threads, &work, err);
}

/* Negatives by frequency ^ 0.75, and the share of a frequent node that is kept:
 * sqrt(t / f) + t / f, as in word2vec. */
static mkg_status build_noise(job *j, mkg_err *err)
{
    size_t n = j->g->n;
    float *weight = mkg__calloc(n, sizeof *weight);
    uint32_t *stack = mkg__calloc(n, sizeof *stack);
    double all = 0;
    mkg_status st = MKG_OK;

    j->sgns.noise = mkg__calloc(n, sizeof *j->sgns.noise);
    j->spare = mkg__calloc(n, sizeof *j->spare);
    if (!weight || !stack || !j->sgns.noise || !j->spare) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        all += atomic_load(&j->count[i]);
    for (size_t i = 0; i < n; i++) {
        double count = atomic_load(&j->count[i]), t = j->o->sample * all / count;
        double keep = sqrt(t) + t;
        weight[i] = (float)pow(count, 0.75);
        j->spare[i] = keep < 1 ? (uint32_t)(keep * UINT32_MAX) : UINT32_MAX;
    }
    mkg__alias_build(weight, n, j->sgns.noise, stack);
    if (j->o->sample > 0) j->sgns.spare = j->spare;
out:
    mkg__free(weight);
    mkg__free(stack);
    return st;
}

/* ---- training ---- */

static mkg_status start_vectors(job *j, mkg_err *err)
{
    mkg__sgns *s = &j->sgns;
    s->in = mkg__tall_new(s->n, s->stride);
    s->out = mkg__tall_new(s->n, s->stride);
    if (!s->in || !s->out) return mkg__nomem(err);
    /* Vectors that begin at 1/sqrt(6) of length 1, whatever the dimension. word2vec's
     * are a sixteenth of it for 128 numbers, and a graph's one epoch is over before
     * they have grown: a start at zero is a saddle. */
    float scale = sqrtf(2 / (float)j->o->dim);
    for (size_t i = 0; i < s->n; i++) {
        mkg__rng r = mkg__rng_new(j->o->seed, STREAM_START, i);
        for (size_t k = 0; k < j->o->dim; k++)
            s->in[i * s->stride + k] = (mkg__rng_float(&r) - 0.5f) * scale;
    }
    return MKG_OK;
}

static mkg_status shuffle(job *j, mkg_err *err)
{
    size_t n = j->g->n;
    mkg__rng r = mkg__rng_new(j->o->seed, STREAM_ORDER, 0);
    j->order = mkg__malloc(n * sizeof *j->order);
    if (!j->order) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!j->o->npath || j->o->type[i] == j->o->path[0])
            j->order[j->starts++] = (uint32_t)i;
    if (j->starts == 0)
        return mkg__fail(err, MKG_EARG, "no node has the meta-path's first type");
    for (size_t i = j->starts; i > 1; i--) {
        uint32_t k = mkg__rng_below(&r, (uint32_t)i), t = j->order[k];
        j->order[k] = j->order[i - 1];
        j->order[i - 1] = t;
    }
    return MKG_OK;
}

static mkg_status make_walks(void *ctx, size_t block, size_t slot, unsigned thread,
                             mkg_err *err)
{
    job *j = ctx;
    (void)thread;
    (void)err;
    walk_block(j, &j->slot[slot], block * BLOCK, walks_of(block, j->walks),
               STREAM_WALK);
    return MKG_OK;
}

static mkg_status train_walks(void *ctx, size_t block, size_t slot, unsigned thread,
                              mkg_err *err)
{
    job *j = ctx;
    walks *w = &j->slot[slot];
    const mkg_node2vec_opts *o = j->o;
    size_t count = walks_of(block, j->walks);

    for (size_t i = 0; i < count; i++) {
        double left = 1 - (double)(block * BLOCK + i) / (double)j->walks;
        float alpha = (float)(o->alpha * (left > 1e-4 ? left : 1e-4));
        mkg__sgns_walk(&j->sgns, w->row + i * o->length, w->reached[i], alpha,
                       &w->rng[i]);
    }
    size_t done = atomic_fetch_add(&j->done, count) + count;
    if (thread == 0 && o->progress &&
        o->progress(o->progress_ctx, "walking", done, j->walks) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; no vectors were written");
    return MKG_OK;
}

static mkg_status new_slots(job *j, unsigned threads, mkg_err *err)
{
    size_t block = (size_t)BLOCK * j->o->length, cells, bytes;
    j->nslots = 2 * (size_t)threads;
    j->slot = mkg__calloc(j->nslots, sizeof *j->slot);
    if (mkg__mul(j->nslots, block, &cells) && mkg__mul(cells, sizeof *j->rows, &bytes))
        j->rows = mkg__malloc(bytes);
    if (!j->slot || !j->rows) return mkg__nomem(err);
    for (size_t i = 0; i < j->nslots; i++)
        j->slot[i].row = j->rows + i * block;
    return MKG_OK;
}

/* In deterministic training the updates of a walk come after those of the walk before,
 * so one thread at a time trains; the others walk. */
static mkg_status train(job *j, unsigned threads, mkg_err *err)
{
    const mkg__ring_work work = {.blocks = (j->walks + BLOCK - 1) / BLOCK,
                                 .slots = j->nslots,
                                 .make = make_walks,
                                 .use = train_walks,
                                 .ctx = j,
                                 .ordered = j->o->deterministic};
    return mkg__ring_run(threads, &work, err);
}

mkg_status mkg_node2vec(const mkg_graph *g, const mkg_node2vec_opts *opts, float **out,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned threads = opts->threads ? opts->threads : mkg__cores();
    const mkg__walker_opts wo = {.p = opts->p,
                                 .q = opts->q,
                                 .type = opts->type,
                                 .path = opts->path,
                                 .npath = opts->npath};
    job *j = mkg__calloc(1, sizeof *j);

    *out = NULL;
    if (!j) return mkg__nomem(err);
    j->o = opts;
    j->g = g;
    MKG_GO(check(g, opts, err));
    j->sgns.n = g->n;
    j->sgns.stride = mkg__tall_stride(opts->dim);
    j->sgns.window = opts->window;
    j->sgns.negative = opts->negative;
    j->sgns.kernel = mkg__sgns_kernel_best();
    MKG_GO(mkg__walker_new(g, &wo, &j->walker, err));
    MKG_GO(shuffle(j, err));
    if (!mkg__mul(j->starts, (size_t)opts->walks * opts->epochs, &j->walks)) {
        st = mkg__fail(err, MKG_EARG, "too many walks");
        goto out;
    }
    MKG_GO(new_slots(j, threads, err));
    MKG_GO(count_nodes(j, threads, err));
    MKG_GO(build_noise(j, err));
    MKG_GO(start_vectors(j, err));
    MKG_GO(train(j, threads, err));
    mkg__tall_pack(j->sgns.in, g->n, j->sgns.stride, opts->dim);
    *out = j->sgns.in;
    j->sgns.in = NULL;
out:
    mkg__walker_free(j->walker);
    mkg__free(j->sgns.in);
    mkg__free(j->sgns.out);
    mkg__free(j->sgns.noise);
    mkg__free(j->spare);
    mkg__free(j->order);
    mkg__free(j->slot);
    mkg__free(j->rows);
    mkg__free(j->count);
    mkg__free(j);
    return st;
}

void mkg_floats_free(float *x)
{
    mkg__free(x);
}
