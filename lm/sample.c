#include "lm/sample.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECENT_MAX = 1 << 16, FIRST_LOOK = 128 };

typedef struct candidate {
    float x; /* logit */
    uint32_t id;
} candidate;

struct mkg_sampler {
    mkg_sample_opts opts;
    uint32_t n;
    mkg__rng rng;
    candidate *c;     /* (n) */
    uint32_t *recent; /* ring of opts.repeat_last */
    size_t n_recent, at;
    float *x; /* (n) logits after the penalty */
};

static bool within(float x, float from, float to)
{
    return x >= from && x <= to; /* false for NaN */
}

static mkg_status check(const mkg_sample_opts *o, uint32_t n, mkg_err *err)
{
    const char *what = !within(o->temperature, 0, 100)      ? "temperature: 0 to 100"
                       : !within(o->top_p, 0, 1)            ? "top-p: 0 to 1"
                       : !within(o->min_p, 0, 1)            ? "min-p: 0 to 1"
                       : !within(o->repeat_penalty, 1, 100) ? "repeat penalty: 1 to 100"
                       : o->repeat_last > RECENT_MAX        ? "repeat last: 0 to 65536"
                       : n == 0                             ? "vocabulary: 1 and more"
                                                            : NULL;
    return what ? mkg__fail(err, MKG_EARG, "sampling: out of range, %s", what) : MKG_OK;
}

mkg_status mkg_sampler_new(const mkg_sample_opts *opts, uint32_t n, mkg_sampler **out,
                           mkg_err *err)
{
    size_t bytes;
    *out = NULL;
    mkg_status st = check(opts, n, err);
    if (st < 0) return st;
    mkg_sampler *s = mkg__calloc(1, sizeof *s);
    if (!s || !mkg__mul(n, sizeof *s->c, &bytes)) {
        mkg__free(s);
        return mkg__nomem(err);
    }
    s->opts = *opts;
    s->n = n;
    s->c = mkg__malloc(bytes);
    s->x = mkg__malloc((size_t)n * sizeof *s->x);
    s->recent = mkg__malloc((opts->repeat_last + 1) * sizeof *s->recent);
    if (!s->c || !s->x || !s->recent) {
        mkg_sampler_free(s);
        return mkg__nomem(err);
    }
    mkg_sampler_reset(s);
    *out = s;
    return MKG_OK;
}

void mkg_sampler_free(mkg_sampler *s)
{
    if (!s) return;
    mkg__free(s->c);
    mkg__free(s->x);
    mkg__free(s->recent);
    mkg__free(s);
}

void mkg_sampler_reset(mkg_sampler *s)
{
    s->rng = mkg__rng_new(s->opts.seed, 0, 0);
    s->n_recent = s->at = 0;
}

void mkg_sampler_accept(mkg_sampler *s, uint32_t id)
{
    if (s->opts.repeat_last == 0 || id >= s->n) return;
    s->recent[s->at] = id;
    s->at = (s->at + 1) % s->opts.repeat_last;
    if (s->n_recent < s->opts.repeat_last) s->n_recent++;
}

/* The logits after the penalty; each recent token once, however often it came. */
static const float *penalised(mkg_sampler *s, const float *logits)
{
    float by = s->opts.repeat_penalty;
    if (by == 1 || s->n_recent == 0) return logits;
    memcpy(s->x, logits, s->n * sizeof *s->x);
    for (size_t i = 0; i < s->n_recent; i++) {
        float x = logits[s->recent[i]];
        s->x[s->recent[i]] = x > 0 ? x / by : x * by;
    }
    return s->x;
}

/* The tokens that may be chosen, into s->c; *best is the likeliest one's place. */
static mkg_status collect(mkg_sampler *s, const float *x, const uint64_t *allow,
                          size_t *count, size_t *best, mkg_err *err)
{
    size_t n = 0;
    *best = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (allow && !(allow[i / 64] >> (i % 64) & 1)) continue;
        if (!(x[i] > -INFINITY)) {
            if (isnan(x[i]))
                return mkg__fail(err, MKG_ELM, "the logit of token %lu is not a number",
                                 (unsigned long)i);
            continue;
        }
        s->c[n] = (candidate){x[i], i};
        if (x[i] > s->c[*best].x) *best = n;
        n++;
    }
    *count = n;
    return n ? MKG_OK : mkg__fail(err, MKG_ELM, "no token may come next");
}

static bool likelier(candidate a, candidate b)
{
    return a.x != b.x ? a.x > b.x : a.id < b.id;
}

static int by_likelihood(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return likelier(*x, *y) ? -1 : 1; /* never equal: ids differ */
}

/* Heap of the n likeliest so far, the least likely on top: put c[i] in its place. */
static void sift_down(candidate *c, size_t n, size_t i)
{
    candidate x = c[i];
    size_t child;
    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && likelier(c[child], c[child + 1])) child++;
        if (!likelier(x, c[child])) break;
        c[i] = c[child];
        i = child;
    }
    c[i] = x;
}

/* Bring the k likeliest of c (n) to its front, sorted. Few of many get past the top of
 * the heap, so that one look at each is nearly all. */
static void sort_top(candidate *c, size_t n, size_t k)
{
    for (size_t i = k / 2; k < n && i-- > 0;)
        sift_down(c, k, i);
    for (size_t i = k; i < n; i++) {
        if (!likelier(c[i], c[0])) continue;
        candidate out = c[0];
        c[0] = c[i];
        c[i] = out;
        sift_down(c, k, 0);
    }
    qsort(c, k, sizeof *c, by_likelihood);
}

/* How many of the likeliest make up top_p of all n; they are sorted to the front. */
static size_t nucleus(candidate *c, size_t n, float max, float top_p)
{
    double sum = 0, mass = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(c[i].x - max));
    for (size_t k = FIRST_LOOK, from = 0;; k *= 8) {
        if (k > n) k = n;
        sort_top(c, n, k);
        for (; from < k; from++) {
            mass += exp((double)(c[from].x - max));
            if (mass >= (double)top_p * sum) return from + 1;
        }
        if (k == n) return n;
    }
}

static uint32_t draw(mkg_sampler *s, size_t n, float max)
{
    double sum = 0, t = (double)s->opts.temperature;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(s->c[i].x - max) / t);
    double left = mkg__rng_double(&s->rng) * sum;
    size_t i = 0;
    for (; i + 1 < n; i++) {
        left -= exp((double)(s->c[i].x - max) / t);
        if (left < 0) break;
    }
    return s->c[i].id;
}

mkg_status mkg_sampler_pick(mkg_sampler *s, const float *logits, const uint64_t *allow,
                            uint32_t *out, mkg_err *err)
{
    const mkg_sample_opts *o = &s->opts;
    size_t n, best;
    mkg_status st = collect(s, penalised(s, logits), allow, &n, &best, err);
    if (st < 0) return st;
    float max = s->c[best].x;
    /* Infinity leaves nothing to weigh. */
    if (o->temperature == 0 || n == 1 || isinf(max)) {
        *out = s->c[best].id;
        return MKG_OK;
    }
    if (o->top_k > 0 && o->top_k < n) {
        sort_top(s->c, n, o->top_k);
        n = o->top_k;
    }
    if (o->top_p < 1) n = nucleus(s->c, n, max, o->top_p);
    if (o->min_p > 0) {
        double least = (double)max + log((double)o->min_p);
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if ((double)s->c[i].x >= least) s->c[k++] = s->c[i];
        n = k;
    }
    *out = draw(s, n, max);
    return MKG_OK;
}
