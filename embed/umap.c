/* UMAP: the neighbourhoods of rows as a fuzzy graph, and a layout of it in the plane by
 * stochastic gradient descent. Letters as in the paper (arXiv:1802.03426), algorithms 2
 * to 5. One thread, so that the picture is the same for the same seed. */
#include "embed/map_internal.h"

#include "base/err.h"
#include "base/rng.h"
#include "embed/eval_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEGATIVE = 5, STREAM_START = 31, STREAM_DESCENT = 32 };

typedef struct link {
    uint32_t from, to;
    float weight, next; /* the epoch at which it is drawn again */
} link;

typedef struct job {
    const mkg_map_opts *o;
    size_t n, dim, k;
    float *unit;     /* (n, dim) */
    uint32_t *near;  /* (n, k) */
    float *distance; /* (n, k) 1 - cosine */
    link *link;
    size_t nlinks;
    float *y; /* (n, 2) */
    double a, b;
} job;

/* ---- the fuzzy graph ---- */

/* Algorithm 3: sigma such that the memberships sum to log2(k). */
static double smooth(const float *d, size_t k, double rho)
{
    double lo = 0, hi = INFINITY, sigma = 1, want = log2((double)k);
    for (unsigned i = 0; i < 64; i++) {
        double sum = 0;
        for (size_t q = 0; q < k; q++) {
            double over = (double)d[q] - rho;
            sum += over > 0 ? exp(-over / sigma) : 1;
        }
        if (fabs(sum - want) < 1e-5) break;
        if (sum > want) {
            hi = sigma;
            sigma = (lo + hi) / 2;
        } else {
            lo = sigma;
            sigma = isinf(hi) ? sigma * 2 : (lo + hi) / 2;
        }
    }
    return sigma > 1e-6 ? sigma : 1e-6;
}

static int by_ends(const void *x, const void *y)
{
    const link *a = x, *b = y;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

/* Memberships of both directions, joined: w + v - w v. */
static mkg_status fuzzy_graph(job *j, mkg_err *err)
{
    size_t have = 0;
    j->link = mkg__calloc(j->n * j->k, sizeof *j->link);
    if (!j->link) return mkg__nomem(err);
    for (size_t i = 0; i < j->n; i++) {
        const float *d = j->distance + i * j->k;
        double rho = d[0] > 0 ? (double)d[0] : 0, sigma = smooth(d, j->k, rho);
        for (size_t q = 0; q < j->k; q++) {
            uint32_t to = j->near[i * j->k + q];
            double over = (double)d[q] - rho;
            float w = (float)(over > 0 ? exp(-over / sigma) : 1);
            j->link[have++] =
                i < to ? (link){(uint32_t)i, to, w, 0} : (link){to, (uint32_t)i, w, 0};
        }
    }
    qsort(j->link, have, sizeof *j->link, by_ends);
    for (size_t i = 0; i < have; i++) {
        link *last = j->nlinks ? &j->link[j->nlinks - 1] : NULL;
        if (last && by_ends(last, &j->link[i]) == 0)
            last->weight += j->link[i].weight - last->weight * j->link[i].weight;
        else
            j->link[j->nlinks++] = j->link[i];
    }
    return MKG_OK;
}

/* ---- the start ---- */

/* A principal component of the rows by power iteration, orthogonal to `other` (may be
 * NULL); the rows' means are taken off. */
static void component(const job *j, const double *mean, const double *other, double *v,
                      double *next, mkg__rng *r)
{
    enum { ROUNDS = 30 };
    for (size_t d = 0; d < j->dim; d++)
        v[d] = mkg__rng_double(r) - 0.5;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double along = 0, length = 0;
        memset(next, 0, j->dim * sizeof *next);
        for (size_t i = 0; i < j->n; i++) {
            const float *x = j->unit + i * j->dim;
            double p = 0;
            for (size_t d = 0; d < j->dim; d++)
                p += ((double)x[d] - mean[d]) * v[d];
            for (size_t d = 0; d < j->dim; d++)
                next[d] += p * ((double)x[d] - mean[d]);
        }
        for (size_t d = 0; other && d < j->dim; d++)
            along += next[d] * other[d];
        for (size_t d = 0; d < j->dim; d++) {
            if (other) next[d] -= along * other[d];
            length += next[d] * next[d];
        }
        if (!(length > 0)) return; /* the rows have no such direction */
        for (size_t d = 0; d < j->dim; d++)
            v[d] = next[d] / sqrt(length);
    }
}

static mkg_status start(job *j, mkg_err *err)
{
    double *room = mkg__calloc(4 * j->dim, sizeof *room), most = 0;
    mkg__rng r = mkg__rng_new(j->o->seed, STREAM_START, 0);
    if (!room) return mkg__nomem(err);
    double *mean = room, *first = room + j->dim, *second = first + j->dim,
           *next = second + j->dim;
    for (size_t i = 0; i < j->n; i++)
        for (size_t d = 0; d < j->dim; d++)
            mean[d] += (double)j->unit[i * j->dim + d] / (double)j->n;
    component(j, mean, NULL, first, next, &r);
    component(j, mean, first, second, next, &r);
    for (size_t i = 0; i < j->n; i++) {
        double p = 0, q = 0;
        for (size_t d = 0; d < j->dim; d++) {
            double x = (double)j->unit[i * j->dim + d] - mean[d];
            p += x * first[d];
            q += x * second[d];
        }
        j->y[2 * i] = (float)p;
        j->y[2 * i + 1] = (float)q;
        if (fabs(p) > most) most = fabs(p);
        if (fabs(q) > most) most = fabs(q);
    }
    for (size_t i = 0; i < 2 * j->n; i++)
        j->y[i] = (most > 0 ? (float)(10 * (double)j->y[i] / most) : 0) +
                  0.01f * (mkg__rng_float(&r) - 0.5f);
    mkg__free(room);
    return MKG_OK;
}

/* ---- descent ---- */

/* a and b of 1 / (1 + a d^2b), fitted to 1 below min_distance and exp(-(d - min))
 * above: Gauss-Newton on 300 points of [0, 3], as the reference program's curve_fit. */
static void fit_curve(double min_distance, double *out_a, double *out_b)
{
    enum { POINTS = 300, ROUNDS = 100 };
    double a = 1.5, b = 0.9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double jaa = 1e-9, jab = 0, jbb = 1e-9, ga = 0, gb = 0;
        for (unsigned i = 1; i < POINTS; i++) {
            double d = 3.0 * i / (POINTS - 1), p = pow(d, 2 * b), f = 1 / (1 + a * p);
            double want = d <= min_distance ? 1 : exp(-(d - min_distance));
            double da = -p * f * f, db = -a * p * 2 * log(d) * f * f, miss = want - f;
            jaa += da * da;
            jab += da * db;
            jbb += db * db;
            ga += da * miss;
            gb += db * miss;
        }
        double det = jaa * jbb - jab * jab;
        if (!(fabs(det) > 1e-12)) break;
        double step_a = (jbb * ga - jab * gb) / det,
               step_b = (jaa * gb - jab * ga) / det;
        a += 0.5 * step_a;
        b += 0.5 * step_b;
        if (!(a > 0.01)) a = 0.01;
        if (!(b > 0.1)) b = 0.1;
    }
    *out_a = a;
    *out_b = b;
}

static float clip(double g)
{
    return (float)(g > 4 ? 4 : g < -4 ? -4 : g);
}

static void attract(job *j, const link *l, float alpha)
{
    float *p = j->y + 2 * (size_t)l->from, *q = j->y + 2 * (size_t)l->to;
    double x = (double)(p[0] - q[0]), y = (double)(p[1] - q[1]), d2 = x * x + y * y;
    if (!(d2 > 0)) return;
    double w = pow(d2, j->b), g = -2 * j->a * j->b * w / (d2 * (1 + j->a * w));
    for (unsigned k = 0; k < 2; k++) {
        float step = alpha * clip(g * (k ? y : x));
        p[k] += step;
        q[k] -= step;
    }
}

static void repel(job *j, uint32_t at, uint32_t other, float alpha)
{
    float *p = j->y + 2 * (size_t)at;
    const float *q = j->y + 2 * (size_t)other;
    double x = (double)(p[0] - q[0]), y = (double)(p[1] - q[1]), d2 = x * x + y * y;
    if (at == other) return;
    double g = 2 * j->b / ((0.001 + d2) * (1 + j->a * pow(d2, j->b)));
    p[0] += alpha * (d2 > 0 ? clip(g * x) : 4);
    p[1] += alpha * (d2 > 0 ? clip(g * y) : 4);
}

/* Each link comes up as often as its weight says, ends pulled together, and some others
 * are pushed away from both. */
static mkg_status descend(job *j, unsigned epochs, mkg_err *err)
{
    mkg__rng r = mkg__rng_new(j->o->seed, STREAM_DESCENT, 0);
    float most = 0;
    for (size_t i = 0; i < j->nlinks; i++)
        if (j->link[i].weight > most) most = j->link[i].weight;
    for (size_t i = 0; i < j->nlinks; i++)
        j->link[i].next = most / j->link[i].weight;
    for (unsigned epoch = 1; epoch <= epochs; epoch++) {
        float alpha = 1 - (float)(epoch - 1) / (float)epochs;
        for (size_t i = 0; i < j->nlinks; i++) {
            link *l = &j->link[i];
            if (l->next > (float)epoch) continue;
            l->next += most / l->weight;
            attract(j, l, alpha);
            for (unsigned k = 0; k < NEGATIVE; k++) {
                repel(j, l->from, mkg__rng_below(&r, (uint32_t)j->n), alpha);
                repel(j, l->to, mkg__rng_below(&r, (uint32_t)j->n), alpha);
            }
        }
        if (j->o->progress && epoch % 5 == 0 &&
            j->o->progress(j->o->progress_ctx, "laying out", epoch, epochs) != 0)
            return mkg__fail(err, MKG_ECANCEL, "stopped; nothing was written");
    }
    return MKG_OK;
}

mkg_status mkg_umap(const float *x, size_t n, size_t dim, const mkg_map_opts *opts,
                    float *out, mkg_err *err)
{
    enum { LARGE = 10000, EPOCHS = 400, EPOCHS_LARGE = 200 };
    job j = {.o = opts, .n = n, .dim = dim, .k = opts->neighbours, .y = out};
    mkg_status st = MKG_OK;
    size_t cells;

    if (n < 3 || dim == 0 || j.k < 2 || j.k > 200 || n > UINT32_MAX)
        return mkg__fail(err, MKG_EARG,
                         "a map needs 3 rows, a column and 2 to 200 neighbours");
    if (j.k > n - 1) j.k = n - 1;
    if (!mkg__mul(n, dim, &cells)) return mkg__nomem(err);
    j.unit = mkg__aligned(cells * sizeof *j.unit);
    j.near = mkg__calloc(n * j.k, sizeof *j.near);
    j.distance = mkg__calloc(n * j.k, sizeof *j.distance);
    if (!j.unit || !j.near || !j.distance) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        mkg__unit(x + i * dim, dim, j.unit + i * dim);
    MKG_GO(mkg__knn(j.unit, n, dim, j.k, opts->threads, j.near, j.distance, err));
    for (size_t i = 0; i < n * j.k; i++)
        j.distance[i] = j.distance[i] < 1 ? 1 - j.distance[i] : 0;
    MKG_GO(fuzzy_graph(&j, err));
    MKG_GO(start(&j, err));
    fit_curve(opts->min_distance, &j.a, &j.b);
    st = descend(&j, n > LARGE ? EPOCHS_LARGE : EPOCHS, err);
out:
    mkg__free(j.unit);
    mkg__free(j.near);
    mkg__free(j.distance);
    mkg__free(j.link);
    return st;
}
