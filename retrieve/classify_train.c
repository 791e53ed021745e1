/* Training a classifier of intents on generated questions. */
#include "retrieve/classify_internal.h"
#include "retrieve/intents.h"

#include "base/err.h"
#include "base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Chosen on wordings that training did not see (docs/intent.md). */
enum { EACH = 600, HELD_OUT = 8 };
static const mkg__linear_opts options = {
    .epochs = 4, .rate = 0.15f, .l2 = 1e-3f, .min_count = 3};

/* ---- which weights ---- */

/* How many weights of the feature are worth at least `least`. A rare feature with a
 * large weight is worth less than it seems. */
static size_t worthy(const mkg__linear *m, size_t feature, float least)
{
    const float *w = m->weights + feature * m->nclasses;
    float at_least = least / (float)m->counts[feature];
    size_t n = 0;
    for (size_t c = 0; c < m->nclasses; c++)
        n += fabsf(w[c]) >= at_least;
    return n;
}

/* Bytes of the file if the weights that are worth at least `least` are kept. */
static size_t bytes_at(const mkg__linear *m, float least)
{
    size_t keys = 0, weights = 0;
    for (size_t i = 0; i < m->nfeatures; i++) {
        size_t n = worthy(m, i, least);
        weights += n;
        keys += n > 0;
    }
    return mkg__model_bytes(m->nclasses, keys, weights);
}

/* Keep as many weights as the file has room for: their features and a mask. */
static mkg_status choose(const mkg__linear *m, mkg__linear_opts *o, uint32_t **keys,
                         float **mask, mkg_err *err)
{
    size_t k = m->nclasses, cells;
    float low = 0, high = 1e6f;
    for (int i = 0; i < 40; i++) {
        float mid = (low + high) / 2;
        if (bytes_at(m, mid) > MKG_MODEL_BYTES)
            low = mid;
        else
            high = mid;
    }
    if (!mkg__mul(m->nfeatures + 1, k, &cells) ||
        !(*keys = mkg__malloc((m->nfeatures + 1) * sizeof **keys)) ||
        !(*mask = mkg__malloc(cells * sizeof **mask)))
        return mkg__nomem(err);
    o->nkeys = 0;
    for (size_t i = 0; i < m->nfeatures; i++) {
        float *row = *mask + o->nkeys * k, at_least = high / (float)m->counts[i];
        if (worthy(m, i, high) == 0) continue;
        for (size_t c = 0; c < k; c++)
            row[c] = fabsf(m->weights[i * k + c]) >= at_least;
        (*keys)[o->nkeys++] = m->keys[i];
    }
    o->keys = *keys;
    o->mask = *mask;
    return MKG_OK;
}

/* Train, choose the weights that are worth most, and train those again: what is left
 * out must not be missed by the weights that stay. */
static mkg_status train(const mkg__samples *s, const uint32_t *rows, size_t n,
                        size_t classes, uint64_t seed, mkg__linear *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__linear all = {0};
    uint32_t *keys = NULL;
    float *mask = NULL;
    mkg__linear_opts o = options;

    o.classes = classes;
    o.seed = seed;
    MKG_GO(mkg__linear_train(s, rows, n, &o, &all, err));
    MKG_GO(choose(&all, &o, &keys, &mask, err));
    o.epochs *= 2;
    MKG_GO(mkg__linear_train(s, rows, n, &o, out, err));
out:
    mkg__linear_clear(&all);
    mkg__free(keys);
    mkg__free(mask);
    return st;
}

/* ---- calibration on wordings that were kept out ---- */

typedef struct decisions {
    float *z;  /* (n, classes) log odds */
    bool *yes; /* (n, classes) is asked for */
    size_t n, classes;
} decisions;

/* Platt scaling: slope and shift that make the log odds most probable, by Newton's
 * method on two numbers (Platt 1999; Lin, Lin & Weng 2007). */
static void fit_scale(const decisions *d, float *slope, float *shift)
{
    double a = 1, b = 0;
    for (int step = 0; step < 20; step++) {
        double ga = 0, gb = 0, haa = 1e-6, hab = 0, hbb = 1e-6;
        for (size_t i = 0; i < d->n * d->classes; i++) {
            double z = (double)d->z[i], p = 1 / (1 + exp(-(a * z + b)));
            double e = p - d->yes[i], w = p * (1 - p);
            ga += e * z;
            gb += e;
            haa += w * z * z;
            hab += w * z;
            hbb += w;
        }
        double det = haa * hbb - hab * hab;
        if (fabs(det) < 1e-9) break;
        a -= (hbb * ga - hab * gb) / det;
        b -= (haa * gb - hab * ga) / det;
    }
    if (!isfinite(a) || !isfinite(b) || a <= 0) a = 1, b = 0;
    *slope = (float)a;
    *shift = (float)b;
}

/* The threshold with the best F1 over all decisions. */
static void fit_threshold(const decisions *d, mkg__model *m, mkg_intents_info *info)
{
    m->threshold = 0.5f;
    info->f1 = 0;
    for (int percent = 5; percent < 100; percent += 5) {
        size_t hit = 0, said = 0, asked = 0;
        for (size_t i = 0; i < d->n * d->classes; i++) {
            float p = 1 / (1 + expf(-(m->slope * d->z[i] + m->shift)));
            bool says = p * 100 >= (float)percent;
            hit += says && d->yes[i];
            said += says;
            asked += d->yes[i];
        }
        double f1 = said + asked ? 2.0 * (double)hit / (double)(said + asked) : 0;
        if (f1 > info->f1) {
            info->f1 = f1;
            m->threshold = (float)percent / 100;
        }
    }
}

static void count_right(const decisions *d, mkg_intents_info *info)
{
    size_t right = 0, asked = 0;
    for (size_t i = 0; i < d->n; i++) {
        const float *z = d->z + i * d->classes;
        const bool *yes = d->yes + i * d->classes;
        size_t best = 0;
        bool any = false;
        for (size_t c = 0; c < d->classes; c++) {
            if (z[c] > z[best]) best = c;
            any |= yes[c];
        }
        right += yes[best];
        asked += any;
    }
    info->unseen = d->n;
    info->right = asked ? (double)right / (double)asked : 0;
}

static mkg_status calibrate(const mkg__generated *g, uint64_t seed, mkg__model *m,
                            mkg_intents_info *info, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__samples *s = &g->samples;
    size_t classes = m->classes->n, n = 0, kept = 0, cells;
    decisions d = {.classes = classes};
    mkg__linear l = {0};
    uint32_t *rows = mkg__malloc((s->n + 1) * sizeof *rows);

    if (!rows) return mkg__nomem(err);
    for (size_t i = 0; i < s->n; i++)
        if (g->wording[i] % HELD_OUT)
            rows[n++] = (uint32_t)i;
        else
            rows[s->n - ++kept] = (uint32_t)i;
    if (!mkg__mul(kept + 1, classes, &cells) ||
        !(d.z = mkg__malloc(cells * sizeof *d.z)) ||
        !(d.yes = mkg__calloc(cells, sizeof *d.yes))) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(train(s, rows, n, classes, seed, &l, err));
    for (; d.n < kept; d.n++) {
        const struct mkg__sample *a = &s->at[rows[n + d.n]];
        mkg__linear_score(&l, s->features + a->feature, a->nfeatures,
                          d.z + d.n * classes);
        for (size_t c = 0; c < a->nclasses; c++)
            d.yes[d.n * classes + s->classes[a->class + c]] = true;
    }
    fit_scale(&d, &m->slope, &m->shift);
    fit_threshold(&d, m, info);
    count_right(&d, info);
out:
    mkg__linear_clear(&l);
    mkg__free(rows);
    mkg__free(d.z);
    mkg__free(d.yes);
    return st;
}

mkg_status mkg_intents_train(mkg_kg *kg, const char *frames, uint64_t seed,
                             const char *path, mkg_intents_info *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__frames f = {0};
    mkg__classes classes;
    mkg__generated g = {0};
    mkg__model m = {.classes = &classes};
    uint32_t *rows = NULL;

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__frames_read(frames, &f, err));
    MKG_GO(mkg__classes_of(kg, &classes, err));
    if (classes.n == 0) {
        st = mkg__fail(err, MKG_EARG, "no relation of the vocabulary has phrases");
        goto out;
    }
    MKG_GO(mkg__generate(kg, &classes, &f, EACH, seed, &g, err));
    MKG_GO(calibrate(&g, seed, &m, out, err));
    rows = mkg__malloc((g.samples.n + 1) * sizeof *rows);
    if (!rows) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < g.samples.n; i++)
        rows[i] = (uint32_t)i;
    MKG_GO(train(&g.samples, rows, g.samples.n, classes.n, seed, &m.linear, err));
    m.vocabulary = mkg__classes_hash(&classes);
    MKG_GO(mkg__model_write(path, &m, &out->bytes, err));
    out->classes = classes.n;
    out->questions = g.samples.n;
    out->features = m.linear.nfeatures;
    out->threshold = (double)m.threshold;
out:
    mkg__free(rows);
    mkg__linear_clear(&m.linear);
    mkg__generated_clear(&g);
    mkg__frames_clear(&f);
    return st;
}
