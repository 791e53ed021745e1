#include "embed/fastrp.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "embed/tall.h"

#include <math.h>

enum { STREAM_PROJECTION = 21 };

static mkg_status check(const mkg_graph *g, const mkg_fastrp_opts *o, mkg_err *err)
{
    const char *wrong = NULL;
    if (g->n == 0)
        wrong = "the graph has no nodes to embed";
    else if (o->dim < 1 || o->dim > 4096)
        wrong = "dim is between 1 and 4096";
    else if (o->steps < 1 || o->steps > MKG_FASTRP_STEPS)
        wrong = "steps is between 1 and 8";
    else if (!(o->beta >= -10 && o->beta <= 10))
        wrong = "beta is between -10 and 10";
    for (unsigned i = 0; !wrong && i < o->steps; i++)
        if (!isfinite(o->weight[i])) wrong = "weights are finite numbers";
    return wrong ? mkg__fail(err, MKG_EARG, "%s", wrong) : MKG_OK;
}

/* Very sparse signs (Li, Hastie & Church, KDD 2006, with s = 3), times the share of the
 * node; scale[u] = 1 / degree. */
static void project(const mkg_graph *g, const mkg_fastrp_opts *o, float *x,
                    size_t stride, float *scale)
{
    double all = 0;
    for (size_t u = 0; u < g->n; u++)
        all += mkg__weight_out(g, u);
    for (size_t u = 0; u < g->n; u++) {
        double degree = mkg__weight_out(g, u);
        float share = degree > 0 ? (float)pow(degree / all, o->beta) : 1;
        mkg__rng r = mkg__rng_new(o->seed, STREAM_PROJECTION, u);
        if (!(share <= 1e18f)) share = 1e18f;
        scale[u] = degree > 0 ? (float)(1 / degree) : 0;
        for (size_t k = 0; k < o->dim; k++) {
            uint32_t dice = mkg__rng_below(&r, 6);
            x[u * stride + k] = dice == 0 ? share : dice == 1 ? -share : 0;
        }
    }
}

mkg_status mkg_fastrp(const mkg_graph *g, const mkg_fastrp_opts *o, float **out,
                      mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t stride = mkg__tall_stride(o->dim);
    float *x = NULL, *y = NULL, *sum = NULL, *scale = NULL;

    *out = NULL;
    MKG_GO(check(g, o, err));
    x = mkg__tall_new(g->n, stride);
    y = mkg__tall_new(g->n, stride);
    sum = mkg__tall_new(g->n, stride);
    scale = mkg__calloc(g->n, sizeof *scale);
    if (!x || !y || !sum || !scale) {
        st = mkg__nomem(err);
        goto out;
    }
    project(g, o, x, stride, scale);
    for (unsigned i = 0; i < o->steps; i++) {
        const mkg__spmm p = {
            .s = {.g = g, .scale = scale}, .x = x, .y = y, .stride = stride};
        MKG_GO(mkg__spmm_run(&p, o->threads, err));
        float *t = x;
        x = y;
        y = t;
        mkg__tall_normalise(x, g->n, stride);
        for (size_t k = 0; k < g->n * stride; k++)
            sum[k] += (float)o->weight[i] * x[k];
    }
    mkg__tall_normalise(sum, g->n, stride);
    mkg__tall_pack(sum, g->n, stride, o->dim);
    *out = sum;
    sum = NULL;
out:
    mkg__free(x);
    mkg__free(y);
    mkg__free(sum);
    mkg__free(scale);
    return st;
}
