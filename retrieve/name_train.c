/* Training the n-gram table: in-batch softmax in both directions, hard negatives from
 * the n-gram index, AdaGrad (Duchi et al., JMLR 2011). */
#include "retrieve/link_internal.h"
#include "retrieve/name_vectors_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { BATCH = 128, HARD = 4 };
static const float temperature = 0.07f, rate = 0.1f;

typedef struct trainer {
    mkg__names *x;
    const mkg__name_pair *pairs;
    size_t n, dim;
    uint32_t (
        *hard)[HARD]; /* surfaces like the phrase that are not the term, or NONE */
    uint32_t *order;
    float *squares;       /* (buckets) of gradients */
    float *vec, *grad;    /* (3 BATCH, dim): phrases, terms, hard negatives */
    float *raw;           /* (3 BATCH) 1 / length before it was made 1 */
    mkg__weighted *texts; /* (3 BATCH) */
    uint32_t surface[3 * BATCH];
    mkg__name_vectors *v;
} trainer;

static void clear(trainer *t)
{
    mkg__free(t->hard);
    mkg__free(t->order);
    mkg__free(t->squares);
    mkg__free(t->vec);
    mkg__free(t->grad);
    mkg__free(t->raw);
    mkg__free(t->texts);
}

static mkg_status mine_hard(trainer *t, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__weighted w;
    uint32_t like[4 * HARD];
    size_t n;

    for (size_t i = 0; i < t->n; i++) {
        size_t kept = 0;
        mkg__names_weigh(t->x, t->pairs[i].phrase, &w);
        MKG_GO(mkg__names_similar(t->x, &w, 2 * HARD, like, &n, err));
        for (size_t k = 0; k < n && kept < HARD; k++)
            if (!mkg__same_node(t->x, like[k], t->pairs[i].surface))
                t->hard[i][kept++] = like[k];
        while (kept < HARD)
            t->hard[i][kept++] = MKG_NAMES_NONE;
    }
out:
    return st;
}

static mkg_status prepare(trainer *t, uint64_t seed, mkg_err *err)
{
    size_t table = (size_t)MKG__VECTOR_BUCKETS * t->dim;
    t->hard = mkg__calloc(t->n + 1, sizeof *t->hard);
    t->order = mkg__calloc(t->n + 1, sizeof *t->order);
    t->squares = mkg__calloc(MKG__VECTOR_BUCKETS, sizeof *t->squares);
    t->vec = mkg__calloc(3 * BATCH * t->dim, sizeof *t->vec);
    t->grad = mkg__calloc(3 * BATCH * t->dim, sizeof *t->grad);
    t->raw = mkg__calloc(3 * BATCH, sizeof *t->raw);
    t->texts = mkg__calloc(3 * BATCH, sizeof *t->texts);
    t->v->dim = t->dim;
    t->v->table = mkg__aligned(table * sizeof *t->v->table);
    if (!t->hard || !t->order || !t->squares || !t->vec || !t->grad || !t->raw ||
        !t->texts || !t->v->table)
        return mkg__nomem(err);
    for (size_t b = 0; b < MKG__VECTOR_BUCKETS; b++) {
        mkg__rng r = mkg__rng_new(seed, 1, b);
        for (size_t d = 0; d < t->dim; d++) /* nearly normal: a sum of uniforms */
            t->v->table[b * t->dim + d] =
                mkg__rng_float(&r) + mkg__rng_float(&r) + mkg__rng_float(&r) - 1.5f;
    }
    for (size_t i = 0; i < t->n; i++)
        t->order[i] = (uint32_t)i;
    return mine_hard(t, err);
}

static void embed(trainer *t, size_t at, mkg_view text)
{
    float *v = t->vec + at * t->dim;
    double norm = 0;
    mkg__names_weigh(t->x, text, &t->texts[at]);
    const mkg__weighted *w = &t->texts[at];
    memset(v, 0, t->dim * sizeof *v);
    for (size_t i = 0; i < w->grams.n; i++) {
        size_t b = (size_t)(mkg__hash64(&w->grams.at[i], 8, 7) % MKG__VECTOR_BUCKETS);
        for (size_t d = 0; d < t->dim; d++)
            v[d] += w->idf[i] * t->v->table[b * t->dim + d];
    }
    for (size_t d = 0; d < t->dim; d++)
        norm += (double)v[d] * (double)v[d];
    t->raw[at] = norm > 0 ? (float)(1 / sqrt(norm)) : 0;
    for (size_t d = 0; d < t->dim; d++)
        v[d] *= t->raw[at];
}

/* Softmax over columns [from, to) for row `i`, whose answer is column `gold`; adds the
 * gradients of row and columns. Columns of the same node say nothing and are left out.
 */
static void one_row(trainer *t, size_t i, uint32_t own, size_t gold, size_t from,
                    size_t to, size_t skip)
{
    float p[2 * BATCH], most = -1e30f, sum = 0;
    const float *q = t->vec + i * t->dim;

    for (size_t j = from; j < to; j++) {
        const float *c = t->vec + j * t->dim;
        float s = 0;
        bool out = j != gold && (t->surface[j] == MKG_NAMES_NONE ||
                                 (j >= skip && t->surface[j] == own));
        for (size_t d = 0; !out && d < t->dim; d++)
            s += q[d] * c[d];
        p[j - from] = out ? -1e30f : s / temperature;
        if (p[j - from] > most) most = p[j - from];
    }
    for (size_t j = from; j < to; j++)
        sum += p[j - from] = p[j - from] < -1e29f ? 0 : expf(p[j - from] - most);
    for (size_t j = from; j < to; j++) {
        float g = (p[j - from] / sum - (j == gold)) / temperature;
        float *gc = t->grad + j * t->dim, *gq = t->grad + i * t->dim;
        const float *c = t->vec + j * t->dim;
        if (!(fabsf(g) > 1e-4f)) continue;
        for (size_t d = 0; d < t->dim; d++) {
            gq[d] += g * c[d];
            gc[d] += g * q[d];
        }
    }
}

/* Through the normalisation into the buckets. */
static void update(trainer *t, size_t at)
{
    const float *v = t->vec + at * t->dim;
    float *g = t->grad + at * t->dim, along = 0, size = 0;
    const mkg__weighted *w = &t->texts[at];

    for (size_t d = 0; d < t->dim; d++)
        along += g[d] * v[d];
    for (size_t d = 0; d < t->dim; d++) {
        g[d] = (g[d] - along * v[d]) * t->raw[at];
        size += g[d] * g[d];
    }
    for (size_t i = 0; i < w->grams.n; i++) {
        size_t b = (size_t)(mkg__hash64(&w->grams.at[i], 8, 7) % MKG__VECTOR_BUCKETS);
        t->squares[b] += w->idf[i] * w->idf[i] * size / (float)t->dim;
        float step = rate * w->idf[i] / (sqrtf(t->squares[b]) + 1e-6f);
        for (size_t d = 0; d < t->dim; d++)
            t->v->table[b * t->dim + d] -= step * g[d];
    }
}

static void one_batch(trainer *t, const uint32_t *which, size_t n, mkg__rng *r)
{
    for (size_t i = 0; i < n; i++) {
        const mkg__name_pair *p = &t->pairs[which[i]];
        uint32_t hard = t->hard[which[i]][mkg__rng_below(r, HARD)];
        t->surface[i] = t->surface[BATCH + i] = p->surface;
        t->surface[2 * BATCH + i] = hard;
        embed(t, i, p->phrase);
        embed(t, BATCH + i, p->term);
        embed(t, 2 * BATCH + i,
              hard == MKG_NAMES_NONE ? mkg__view("", 0) : mkg__names_text(t->x, hard));
    }
    for (size_t i = n; i < BATCH; i++) {
        t->surface[i] = t->surface[BATCH + i] = t->surface[2 * BATCH + i] =
            MKG_NAMES_NONE;
        t->texts[i].grams.n = t->texts[BATCH + i].grams.n =
            t->texts[2 * BATCH + i].grams.n = 0;
    }
    memset(t->grad, 0, 3 * BATCH * t->dim * sizeof *t->grad);
    for (size_t i = 0; i < n; i++) {
        one_row(t, i, t->surface[i], BATCH + i, BATCH, 3 * BATCH, 0);
        one_row(t, BATCH + i, t->surface[i], i, 0, BATCH, 0);
    }
    for (size_t i = 0; i < 3 * BATCH; i++)
        if (t->texts[i].grams.n) update(t, i);
}

mkg_status mkg__name_vectors_train(mkg__names *x, const mkg__name_pair *pairs, size_t n,
                                   const mkg__train_opts *o, mkg__name_vectors *out,
                                   mkg_err *err)
{
    mkg_status st = MKG_OK;
    trainer t = {.x = x, .pairs = pairs, .n = n, .dim = o->dim, .v = out};

    memset(out, 0, sizeof *out);
    MKG_GO(prepare(&t, o->seed, err));
    for (unsigned e = 0; e < o->epochs; e++) {
        mkg__rng r = mkg__rng_new(o->seed, 2, e);
        for (size_t i = n; i > 1; i--) {
            size_t k = mkg__rng_below(&r, (uint32_t)i);
            uint32_t swap = t.order[i - 1];
            t.order[i - 1] = t.order[k];
            t.order[k] = swap;
        }
        for (size_t i = 0; i < n; i += BATCH) {
            one_batch(&t, t.order + i, n - i < BATCH ? n - i : BATCH, &r);
            if (o->progress &&
                o->progress(o->progress_ctx, "training", e * n + i, o->epochs * n)) {
                st = mkg__fail(err, MKG_ECANCEL, "stopped");
                goto out;
            }
        }
    }
out:
    clear(&t);
    if (st < 0) mkg__name_vectors_clear(out);
    return st;
}
