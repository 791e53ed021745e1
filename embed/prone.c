#include "embed/prone.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "embed/tall.h"

#include <math.h>
#include <string.h>

/* Columns beyond `dim` of the random sketch, and its power iterations. */
enum { EXTRA = 10, POWER = 5, STREAM_SKETCH = 11 };

typedef struct job {
    const mkg_prone_opts *o;
    const mkg_graph *g;
    size_t n, stride;
    size_t k;              /* columns of the sketch */
    float *degree, *noise; /* (n) minus their logarithms */
    float *x, *y;          /* (n, stride) */
    unsigned done, all;
} job;

static mkg_status check(const mkg_graph *g, const mkg_prone_opts *o, mkg_err *err)
{
    const char *wrong = NULL;
    if (g->n == 0)
        wrong = "the graph has no nodes to embed";
    else if (g->directed)
        wrong = "prone takes an undirected view";
    else if (o->dim < 1 || o->dim > 4096)
        wrong = "dim is between 1 and 4096";
    else if (o->steps < 1 || o->steps > 100)
        wrong = "steps is between 1 and 100";
    else if (!(o->mu >= -10 && o->mu <= 10) || !(o->theta > 0 && o->theta <= 10))
        wrong = "mu is between -10 and 10, theta between 0 and 10";
    return wrong ? mkg__fail(err, MKG_EARG, "%s", wrong) : MKG_OK;
}

static mkg_status step_done(job *j, mkg_err *err)
{
    const mkg_prone_opts *o = j->o;
    j->done++;
    if (o->progress &&
        o->progress(o->progress_ctx, "factorising", j->done, j->all) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; no vectors were written");
    return MKG_OK;
}

/* ---- the matrix: log(p_ij) - log(noise_j), eq. 3 with lambda 1 ---- */

static mkg_status build_entries(job *j, mkg_err *err)
{
    const mkg_graph *g = j->g;
    double all = 0, *degree = mkg__calloc(j->n, sizeof *degree);
    if (!degree) return mkg__nomem(err);
    for (size_t u = 0; u < j->n; u++)
        degree[u] = mkg__weight_out(g, u);
    /* How often one step from a random node ends here. */
    for (size_t v = 0; v < j->n; v++) {
        double sum = 0;
        for (uint64_t k = g->start[v]; k < g->start[v + 1]; k++)
            sum += (g->weight ? (double)g->weight[k] : 1) / degree[g->to[k]];
        sum = pow(sum, 0.75);
        j->noise[v] = (float)sum;
        all += sum;
    }
    for (size_t u = 0; u < j->n; u++) {
        double share = (double)j->noise[u] / all;
        j->noise[u] = share > 0 ? (float)-log(share) : 0;
        j->degree[u] = degree[u] > 0 ? (float)-log(degree[u]) : 0;
    }
    mkg__free(degree);
    return MKG_OK;
}

/* y = F x, or FT x; then they change places, and x is made orthonormal. */
static mkg_status multiply(job *j, bool transposed, bool orthonormal, mkg_err *err)
{
    const mkg__spmm p = {.s = {.g = j->g,
                               .row = transposed ? j->noise : j->degree,
                               .column = transposed ? j->degree : j->noise},
                         .x = j->x,
                         .y = j->y,
                         .stride = j->stride};
    mkg_status st = MKG_OK;
    MKG_GO(mkg__spmm_run(&p, j->o->threads, err));
    float *t = j->x;
    j->x = j->y;
    j->y = t;
    if (orthonormal)
        MKG_GO(mkg__tall_orthonormal(j->x, j->n, j->stride, j->k, j->o->threads, err));
    MKG_GO(step_done(j, err));
out:
    return st;
}

static void sketch(job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        mkg__rng r = mkg__rng_new(j->o->seed, STREAM_SKETCH, i);
        uint64_t bits = 0;
        for (size_t k = 0; k < j->k; k++, bits >>= 1) {
            if (k % 64 == 0) bits = mkg__rng_u64(&r);
            j->x[i * j->stride + k] = bits & 1 ? 1 : -1;
        }
    }
}

/* x = U sqrt(S) of F, by a randomised decomposition (Halko, Martinsson & Tropp, SIAM
 * Rev. 53(2), 2011, alg. 4.4 and 5.1). */
static mkg_status factorise(job *j, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t d = j->o->dim < j->k ? j->o->dim : j->k;
    sketch(j);
    MKG_GO(multiply(j, false, true, err));
    for (int i = 0; i < POWER; i++) {
        MKG_GO(multiply(j, true, true, err));
        MKG_GO(multiply(j, false, true, err));
    }
    /* Once more, for what rounding left. */
    MKG_GO(mkg__tall_orthonormal(j->x, j->n, j->stride, j->k, j->o->threads, err));
    MKG_GO(multiply(j, true, false, err)); /* x = FT Q, y = Q */
    MKG_GO(mkg__tall_factor(j->y, j->n, j->stride, j->k, d, j->x, j->o->threads, err));
out:
    return st;
}

/* ---- smoothing: section 3.2, a Gaussian filter in Chebyshev polynomials ---- */

/* Modified Bessel function of the first kind. */
static double bessel(unsigned order, double x)
{
    double term = 1, sum = 0;
    for (unsigned i = 1; i <= order; i++)
        term *= x / 2 / i;
    for (unsigned m = 1; m <= 60; m++) {
        sum += term;
        term *= x / 2 * (x / 2) / ((double)m * (m + order));
    }
    return sum;
}

typedef struct filter {
    float *a[2], *t, *sum; /* (n, stride) */
    float *scale;          /* (n) -1 / (1 + degree) */
} filter;

/* y = M x + b z, with M = L - mu and L = I - D^-1 (A + I). */
static mkg_status laplace(const job *j, const filter *f, const float *x, float *y,
                          float b, const float *z, mkg_err *err)
{
    const mkg__spmm p = {.s = {.g = j->g, .scale = f->scale},
                         .x = x,
                         .y = y,
                         .z = z,
                         .own = f->scale,
                         .stride = j->stride,
                         .a = (float)(1 - j->o->mu),
                         .b = b};
    return mkg__spmm_run(&p, j->o->threads, err);
}

/* out = b out + c x */
static void add(float *out, float b, const float *x, float c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = b * out[i] + c * x[i];
}

/* f->sum = the filter's answer to x: sum over i of +- 2 I_i(theta) T_i(x), where the
 * terms follow from the two before, T_i+1 = (M M - 2) T_i - T_i-1. x changes. */
static mkg_status expand(job *j, filter *f, float *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t cells = j->n * j->stride;
    float *l0 = x, *l1 = f->a[0], *l2 = f->a[1];
    double theta = j->o->theta;

    MKG_GO(laplace(j, f, l0, f->t, 0, NULL, err));
    MKG_GO(laplace(j, f, f->t, l1, 0, NULL, err));
    add(l1, 0.5f, l0, -1, cells);
    add(f->sum, 0, l0, (float)bessel(0, theta), cells);
    add(f->sum, 1, l1, (float)(-2 * bessel(1, theta)), cells);
    for (unsigned i = 2; i < j->o->steps; i++) {
        MKG_GO(laplace(j, f, l1, f->t, 0, NULL, err));
        MKG_GO(laplace(j, f, f->t, l2, -2, l1, err));
        add(l2, 1, l0, -1, cells);
        add(f->sum, 1, l2, (float)((i % 2 ? -2 : 2) * bessel(i, theta)), cells);
        float *oldest = l0;
        l0 = l1;
        l1 = l2;
        l2 = oldest;
        MKG_GO(step_done(j, err));
    }
out:
    return st;
}

/* j->y, smoothed, becomes j->x. */
static mkg_status smooth(job *j, mkg_err *err)
{
    mkg_status st = MKG_OK;
    filter f = {.scale = mkg__calloc(j->n, sizeof *f.scale)};
    float *one = mkg__calloc(j->n, sizeof *one);
    size_t cells = j->n * j->stride, d = j->o->dim < j->k ? j->o->dim : j->k;

    f.a[0] = mkg__tall_new(j->n, j->stride);
    f.a[1] = mkg__tall_new(j->n, j->stride);
    f.t = mkg__tall_new(j->n, j->stride);
    f.sum = mkg__tall_new(j->n, j->stride);
    if (!f.scale || !one || !f.a[0] || !f.a[1] || !f.t || !f.sum) {
        st = mkg__nomem(err);
        goto out;
    }
    /* The last product is with A + I over the largest weight: rows get the length 1
     * anyway, and huge weights stay finite. */
    float largest = 1;
    for (size_t k = 0; j->g->weight && k < j->g->m; k++)
        if (j->g->weight[k] > largest) largest = j->g->weight[k];
    for (size_t u = 0; u < j->n; u++) {
        f.scale[u] = (float)(-1 / (1 + mkg__weight_out(j->g, u)));
        one[u] = 1 / largest;
    }
    memcpy(j->x, j->y, cells * sizeof *j->x);
    MKG_GO(expand(j, &f, j->y, err));
    add(f.sum, -1, j->x, 1, cells);
    const mkg__spmm p = {.s = {.g = j->g, .scale = one},
                         .x = f.sum,
                         .y = j->x,
                         .stride = j->stride,
                         .a = 1 / largest};
    MKG_GO(mkg__spmm_run(&p, j->o->threads, err));
    MKG_GO(mkg__tall_factor(j->x, j->n, j->stride, d, d, NULL, j->o->threads, err));
out:
    for (int i = 0; i < 2; i++)
        mkg__free(f.a[i]);
    mkg__free(f.t);
    mkg__free(f.sum);
    mkg__free(f.scale);
    mkg__free(one);
    return st;
}

mkg_status mkg_prone(const mkg_graph *g, const mkg_prone_opts *opts, float **out,
                     mkg_err *err)
{
    job j = {.o = opts, .g = g, .n = g->n};
    mkg_status st = MKG_OK;

    *out = NULL;
    MKG_GO(check(g, opts, err));
    j.k = opts->dim + EXTRA < g->n ? opts->dim + EXTRA : g->n;
    j.stride = mkg__tall_stride(opts->dim + EXTRA);
    j.all = 2 * POWER + 2 + (opts->steps > 2 ? opts->steps - 2 : 0);
    j.degree = mkg__calloc(g->n, sizeof *j.degree);
    j.noise = mkg__calloc(g->n, sizeof *j.noise);
    j.x = mkg__tall_new(g->n, j.stride);
    j.y = mkg__tall_new(g->n, j.stride);
    if (!j.degree || !j.noise || !j.x || !j.y) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(build_entries(&j, err));
    MKG_GO(factorise(&j, err));
    if (opts->steps > 1) {
        MKG_GO(smooth(&j, err));
    } else {
        float *t = j.x;
        j.x = j.y;
        j.y = t;
    }
    mkg__tall_pack(j.x, j.n, j.stride, opts->dim);
    *out = j.x;
    j.x = NULL;
out:
    mkg__free(j.degree);
    mkg__free(j.noise);
    mkg__free(j.x);
    mkg__free(j.y);
    return st;
}
