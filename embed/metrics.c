#include "embed/metrics.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct item {
    float score;
    uint8_t positive;
} item;

static int by_score_down(const void *a, const void *b)
{
    float x = ((const item *)a)->score, y = ((const item *)b)->score;
    return (x < y) - (x > y);
}

static mkg_status sorted(const float *score, const uint8_t *positive, size_t n,
                         item **out, mkg_err *err)
{
    *out = mkg__calloc(n ? n : 1, sizeof **out);
    if (!*out) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (item){score[i], positive[i] != 0};
    qsort(*out, n, sizeof **out, by_score_down);
    return MKG_OK;
}

/* Past the items of the same score as item i; *positives grows by those that are. */
static size_t same_score(const item *x, size_t n, size_t i, size_t *positives)
{
    size_t k = i;
    for (; k < n && !(x[k].score < x[i].score); k++)
        *positives += x[k].positive;
    return k;
}

mkg_status mkg_auroc(const float *score, const uint8_t *positive, size_t n, double *out,
                     mkg_err *err)
{
    item *x;
    double pairs = 0; /* of a positive above a negative */
    size_t seen = 0;  /* positives with a higher score */
    mkg_status st = sorted(score, positive, n, &x, err);
    if (st < 0) return st;
    for (size_t i = 0, k; i < n; i = k) {
        size_t now = seen;
        k = same_score(x, n, i, &now);
        double mine = (double)(now - seen), others = (double)(k - i) - mine;
        pairs += others * ((double)seen + mine / 2);
        seen = now;
    }
    *out = seen && seen < n ? pairs / ((double)seen * (double)(n - seen)) : NAN;
    mkg__free(x);
    return MKG_OK;
}

mkg_status mkg_auprc(const float *score, const uint8_t *positive, size_t n, double *out,
                     mkg_err *err)
{
    item *x;
    double area = 0;
    size_t seen = 0;
    mkg_status st = sorted(score, positive, n, &x, err);
    if (st < 0) return st;
    for (size_t i = 0, k; i < n; i = k) {
        size_t now = seen;
        k = same_score(x, n, i, &now);
        area += (double)(now - seen) * (double)now / (double)k;
        seen = now;
    }
    *out = seen ? area / (double)seen : NAN;
    mkg__free(x);
    return MKG_OK;
}

double mkg_rank(float score, const float *others, size_t n)
{
    size_t above = 0, equal = 0;
    for (size_t i = 0; i < n; i++) {
        above += others[i] > score;
        equal += others[i] >= score && others[i] <= score;
    }
    return 1 + (double)above + (double)equal / 2;
}

/* ---- F1 ---- */

typedef struct scored {
    float score;
    uint32_t label;
} scored;

static int better_first(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score > y->score) return -1;
    if (x->score < y->score) return 1;
    return (x->label > y->label) - (x->label < y->label);
}

mkg_status mkg_f1_top(const float *score, const uint8_t *truth, size_t n, size_t labels,
                      double *micro, double *macro, mkg_err *err)
{
    size_t hits = 0, total = 0;
    double sum = 0;
    scored *order = mkg__calloc(labels + 1, sizeof *order);
    size_t *hit = mkg__calloc(labels + 1, sizeof *hit);
    size_t *named = mkg__calloc(labels + 1, sizeof *named); /* true + predicted */
    mkg_status st = order && hit && named ? MKG_OK : mkg__nomem(err);

    for (size_t i = 0; st >= 0 && i < n; i++) {
        const uint8_t *t = truth + i * labels;
        size_t k = 0;
        for (size_t l = 0; l < labels; l++) {
            order[l] = (scored){score[i * labels + l], (uint32_t)l};
            if (!t[l]) continue;
            k++;
            named[l]++;
        }
        if (k) qsort(order, labels, sizeof *order, better_first);
        for (size_t l = 0; l < k; l++) {
            named[order[l].label]++;
            hit[order[l].label] += t[order[l].label] != 0;
        }
    }
    for (size_t l = 0; st >= 0 && l < labels; l++) {
        hits += hit[l];
        total += named[l];
        if (named[l]) sum += 2 * (double)hit[l] / (double)named[l];
    }
    *micro = total ? 2 * (double)hits / (double)total : NAN;
    *macro = labels ? sum / (double)labels : NAN;
    mkg__free(order);
    mkg__free(hit);
    mkg__free(named);
    return st;
}

/* ---- groupings ---- */

typedef struct pair {
    uint32_t a, b;
} pair;

static int by_pair(const void *x, const void *y)
{
    const pair *p = x, *q = y;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

static int by_second(const void *x, const void *y)
{
    const pair *p = x, *q = y;
    return (p->b > q->b) - (p->b < q->b);
}

/* Entropy of the runs of a sorted list: by .a, by .b, or by both. */
static double entropy(const pair *x, size_t n, bool a, bool b)
{
    double h = 0;
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && (!a || x[k].a == x[i].a) && (!b || x[k].b == x[i].b);)
            k++;
        double p = (double)(k - i) / (double)n;
        h -= p * log(p);
    }
    return h;
}

mkg_status mkg_nmi(const uint32_t *a, const uint32_t *b, size_t n, double *out,
                   mkg_err *err)
{
    if (n == 0) return mkg__fail(err, MKG_EARG, "no groups to compare");
    pair *x = mkg__calloc(n, sizeof *x);
    if (!x) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        x[i] = (pair){a[i], b[i]};
    qsort(x, n, sizeof *x, by_pair);
    double ha = entropy(x, n, true, false), both = entropy(x, n, true, true);
    qsort(x, n, sizeof *x, by_second);
    double hb = entropy(x, n, false, true), shared = ha + hb - both;
    *out = ha + hb > 0 ? 2 * (shared > 0 ? shared : 0) / (ha + hb) : 1;
    mkg__free(x);
    return MKG_OK;
}
