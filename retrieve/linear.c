/* Logistic regressions on sparse binary features, one a class, trained together. */
#include "retrieve/classify_internal.h"

#include "base/err.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

mkg_status mkg__samples_add(mkg__samples *s, const mkg__features *f,
                            const uint16_t *classes, size_t n, mkg_err *err)
{
    if (!mkg__grow(&s->at, &s->cap, s->n + 1, sizeof *s->at) ||
        !mkg__grow(&s->features, &s->features_cap, s->nfeatures + f->n + 1,
                   sizeof *s->features) ||
        !mkg__grow(&s->classes, &s->classes_cap, s->nclasses + n + 1,
                   sizeof *s->classes))
        return mkg__nomem(err);
    s->at[s->n++] = (struct mkg__sample){s->nfeatures, f->n, s->nclasses, n};
    if (f->n) memcpy(s->features + s->nfeatures, f->at, f->n * sizeof *f->at);
    if (n) memcpy(s->classes + s->nclasses, classes, n * sizeof *classes);
    s->nfeatures += f->n;
    s->nclasses += n;
    return MKG_OK;
}

void mkg__samples_clear(mkg__samples *s)
{
    mkg__free(s->at);
    mkg__free(s->features);
    mkg__free(s->classes);
    memset(s, 0, sizeof *s);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Features that stand in enough samples, ascending. */
static mkg_status find_keys(const mkg__samples *s, const uint32_t *rows, size_t n,
                            size_t min_count, mkg__linear *out, mkg_err *err)
{
    size_t total = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        total += s->at[rows[i]].nfeatures;
    uint32_t *all = mkg__malloc((total + 1) * sizeof *all);
    out->keys = all;
    out->counts = mkg__malloc((total + 1) * sizeof *out->counts);
    if (!all || !out->counts) return mkg__nomem(err);
    total = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mkg__sample *a = &s->at[rows[i]];
        if (a->nfeatures)
            memcpy(all + total, s->features + a->feature, a->nfeatures * sizeof *all);
        total += a->nfeatures;
    }
    qsort(all, total, sizeof *all, by_value);
    for (size_t i = 0, j; i < total; i = j) {
        for (j = i; j < total && all[j] == all[i]; j++)
            ;
        if (j - i < min_count) continue;
        out->counts[kept] = (uint32_t)(j - i);
        all[kept++] = all[i];
    }
    out->nfeatures = kept;
    return MKG_OK;
}

static mkg_status take_keys(const mkg__linear_opts *o, mkg__linear *out, mkg_err *err)
{
    out->keys = mkg__malloc((o->nkeys + 1) * sizeof *out->keys);
    if (!out->keys) return mkg__nomem(err);
    if (o->nkeys) memcpy(out->keys, o->keys, o->nkeys * sizeof *out->keys);
    out->nfeatures = o->nkeys;
    return MKG_OK;
}

/* Place of the key, SIZE_MAX if it is none. */
static size_t find_key(const mkg__linear *m, uint32_t key)
{
    size_t lo = 0, hi = m->nfeatures;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->keys[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < m->nfeatures && m->keys[lo] == key ? lo : SIZE_MAX;
}

/* The samples again, features as places in the table; what is no key is left out. */
static mkg_status index_samples(const mkg__samples *s, const uint32_t *rows, size_t n,
                                const mkg__linear *m, uint32_t **index, size_t **from,
                                mkg_err *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += s->at[rows[i]].nfeatures;
    *index = mkg__malloc((total + 1) * sizeof **index);
    *from = mkg__malloc((n + 1) * sizeof **from);
    if (!*index || !*from) return mkg__nomem(err);
    total = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mkg__sample *a = &s->at[rows[i]];
        (*from)[i] = total;
        for (size_t k = 0; k < a->nfeatures; k++) {
            size_t at = find_key(m, s->features[a->feature + k]);
            if (at != SIZE_MAX) (*index)[total++] = (uint32_t)at;
        }
    }
    (*from)[n] = total;
    return MKG_OK;
}

static void scores(const mkg__linear *m, const uint32_t *at, size_t n, float *out)
{
    size_t k = m->nclasses;
    memset(out, 0, k * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const float *w = m->weights + (size_t)at[i] * k;
        for (size_t c = 0; c < k; c++)
            out[c] += w[c];
    }
    float x = n ? 1 / sqrtf((float)n) : 0;
    for (size_t c = 0; c < k; c++)
        out[c] = out[c] * x + m->bias[c];
}

typedef struct trainer {
    const mkg__linear_opts *o;
    mkg__linear *m;
    float *squares; /* of the gradients so far, (nfeatures + 1, nclasses); last: bias */
} trainer;

static void step(const mkg__linear_opts *o, float *restrict w, float *restrict sq,
                 const float *restrict g, const float *restrict mask, float x, float l2,
                 size_t k)
{
    for (size_t c = 0; c < k; c++) {
        float d = g[c] * x + l2 * w[c];
        if (mask) d *= mask[c];
        sq[c] += d * d;
        w[c] -= o->rate * d / (sqrtf(sq[c]) + 1e-6f);
    }
}

static void learn(trainer *t, const struct mkg__sample *a, const uint16_t *classes,
                  const uint32_t *at, size_t n)
{
    mkg__linear *m = t->m;
    size_t k = m->nclasses;
    float g[MKG_CLASSES_MAX], x = n ? 1 / sqrtf((float)n) : 0;

    scores(m, at, n, g);
    for (size_t c = 0; c < k; c++)
        g[c] = 1 / (1 + expf(-g[c]));
    for (size_t i = 0; i < a->nclasses; i++)
        g[classes[a->class + i]] -= 1;
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)at[i] * k;
        step(t->o, m->weights + row, t->squares + row, g,
             t->o->mask ? t->o->mask + row : NULL, x, t->o->l2, k);
    }
    step(t->o, m->bias, t->squares + m->nfeatures * k, g, NULL, 1, 0, k);
}

mkg_status mkg__linear_train(const mkg__samples *s, const uint32_t *rows, size_t n,
                             const mkg__linear_opts *o, mkg__linear *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t *index = NULL, *order = NULL;
    size_t *from = NULL, cells;
    trainer t = {.o = o, .m = out};

    memset(out, 0, sizeof *out);
    out->nclasses = o->classes;
    if (o->keys)
        MKG_GO(take_keys(o, out, err));
    else
        MKG_GO(find_keys(s, rows, n, o->min_count, out, err));
    MKG_GO(index_samples(s, rows, n, out, &index, &from, err));
    if (!mkg__mul(out->nfeatures + 1, o->classes, &cells) ||
        !(out->weights = mkg__calloc(cells, sizeof *out->weights)) ||
        !(t.squares = mkg__calloc(cells, sizeof *t.squares)) ||
        !(order = mkg__malloc((n + 1) * sizeof *order))) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (unsigned e = 0; e < o->epochs; e++) {
        mkg__rng r = mkg__rng_new(o->seed, e, 0);
        for (size_t i = n; i > 1; i--) {
            size_t j = mkg__rng_below(&r, (uint32_t)i);
            uint32_t swap = order[i - 1];
            order[i - 1] = order[j];
            order[j] = swap;
        }
        for (size_t i = 0; i < n; i++) {
            size_t row = order[i];
            learn(&t, &s->at[rows[row]], s->classes, index + from[row],
                  from[row + 1] - from[row]);
        }
    }
out:
    mkg__free(index);
    mkg__free(from);
    mkg__free(order);
    mkg__free(t.squares);
    if (st < 0) mkg__linear_clear(out);
    return st;
}

void mkg__linear_clear(mkg__linear *m)
{
    mkg__free(m->keys);
    mkg__free(m->counts);
    mkg__free(m->weights);
    memset(m, 0, sizeof *m);
}

void mkg__linear_score(const mkg__linear *m, const uint32_t *features, size_t n,
                       float *out)
{
    size_t known = 0, k = m->nclasses;
    memset(out, 0, k * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        size_t at = find_key(m, features[i]);
        if (at == SIZE_MAX) continue;
        known++;
        for (size_t c = 0; c < k; c++)
            out[c] += m->weights[at * k + c];
    }
    float x = known ? 1 / sqrtf((float)known) : 0;
    for (size_t c = 0; c < k; c++)
        out[c] = out[c] * x + m->bias[c];
}
