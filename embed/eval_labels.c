/* Node classification and agreement of groups. */
#include "embed/eval_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "embed/kmeans.h"
#include "embed/logistic.h"
#include "embed/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- labels ---- */

typedef struct job {
    const mkg_eval_labels_opts *o;
    const mkg__label_file *l;
    size_t dim, train, test;
    float *x;              /* (n, dim) of all nodes */
    float *part;           /* (n, dim) in the order of a shuffle: train, then test */
    uint8_t *y;            /* (n, labels) in that order */
    float *score;          /* (test, labels) */
    uint32_t *order;       /* (n) */
    double *micro, *macro; /* (repeats) */
} job;

static void *cells(size_t a, size_t b, size_t size)
{
    size_t n;
    return mkg__mul(a, b, &n) ? mkg__calloc(n ? n : 1, size) : NULL;
}

static mkg_status check(const mkg_eval_labels_opts *o, mkg_err *err)
{
    if (!(o->train > 0 && o->train < 1))
        return mkg__fail(err, MKG_EARG, "the part to learn from is between 0 and 1");
    if (o->repeats < 1 || o->repeats > 10000)
        return mkg__fail(err, MKG_EARG, "repeats is between 1 and 10000");
    return MKG_OK;
}

static mkg_status make(job *j, const mkg_vectors *v, mkg_eval_labels_result *out,
                       mkg_err *err)
{
    size_t n = j->l->n;
    j->dim = mkg_vectors_get_info(v)->dim;
    j->x = cells(n, j->dim, sizeof *j->x);
    j->part = cells(n, j->dim, sizeof *j->part);
    j->y = cells(n, j->l->labels, 1);
    j->score = cells(n, j->l->labels, sizeof *j->score);
    j->order = cells(n, 1, sizeof *j->order);
    j->micro = cells(j->o->repeats, 1, sizeof *j->micro);
    j->macro = cells(j->o->repeats, 1, sizeof *j->macro);
    if (!j->x || !j->part || !j->y || !j->score || !j->order || !j->micro || !j->macro)
        return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        const float *row = mkg_vectors_row(v, j->l->node[i]);
        out->missing += row == NULL;
        if (row && j->o->normalize)
            mkg__unit(row, j->dim, j->x + i * j->dim);
        else if (row)
            memcpy(j->x + i * j->dim, row, j->dim * sizeof *row);
    }
    out->nodes = n;
    out->labels = j->l->labels;
    if (out->missing == n)
        return mkg__fail(err, MKG_NOTFOUND, "no node of the file has a vector");
    /* Ties go to the even number, as Python rounds. */
    j->train = (size_t)nearbyint(j->o->train * (double)n);
    j->test = n - j->train;
    if (j->train == 0 || j->test == 0)
        return mkg__fail(err, MKG_EARG, "%zu nodes are too few for two parts", n);
    return MKG_OK;
}

static mkg_status one_shuffle(job *j, unsigned r, mkg_err *err)
{
    size_t labels = j->l->labels;
    mkg_logistic m = {0};
    mkg_logistic_opts lo = MKG_LOGISTIC_OPTS_INIT;
    mkg_status st;

    mkg__permutation(j->o->seed + r, j->l->n, j->order);
    for (size_t i = 0; i < j->l->n; i++) {
        size_t from = j->order[i];
        memcpy(j->part + i * j->dim, j->x + from * j->dim, j->dim * sizeof *j->x);
        memcpy(j->y + i * labels, j->l->y + from * labels, labels);
    }
    lo.c = j->o->c;
    lo.threads = j->o->threads;
    MKG_GO(mkg_logistic_fit(j->part, j->train, j->dim, j->y, labels, &lo, &m, err));
    MKG_GO(mkg_logistic_score(&m, j->part + j->train * j->dim, j->test, j->score, err));
    st = mkg_f1_top(j->score, j->y + j->train * labels, j->test, labels, &j->micro[r],
                    &j->macro[r], err);
out:
    mkg_logistic_clear(&m);
    return st;
}

static void mean_and_deviation(const double *x, size_t n, double *mean, double *sd)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *sd = sqrt(squares / (double)n);
}

mkg_status mkg_eval_labels(mkg_kg *kg, const mkg_vectors *v, const char *file,
                           const mkg_eval_labels_opts *opts,
                           mkg_eval_labels_result *out, mkg_err *err)
{
    mkg_status st;
    mkg__label_file l = {0};
    job j = {.o = opts, .l = &l};

    memset(out, 0, sizeof *out);
    MKG_GO(check(opts, err));
    MKG_GO(mkg__label_file_read(kg, v, file, &l, err));
    st = make(&j, v, out, err);
    if (st != MKG_OK) goto out;
    for (unsigned r = 0; r < opts->repeats; r++) {
        if (opts->progress &&
            opts->progress(opts->progress_ctx, "shuffles", r, opts->repeats) != 0) {
            st = mkg__fail(err, MKG_ECANCEL, "stopped");
            goto out;
        }
        MKG_GO(one_shuffle(&j, r, err));
    }
    mean_and_deviation(j.micro, opts->repeats, &out->micro, &out->micro_sd);
    mean_and_deviation(j.macro, opts->repeats, &out->macro, &out->macro_sd);
out:
    mkg__label_file_clear(&l);
    mkg__free(j.x);
    mkg__free(j.part);
    mkg__free(j.y);
    mkg__free(j.score);
    mkg__free(j.order);
    mkg__free(j.micro);
    mkg__free(j.macro);
    return st;
}

/* ---- groups ---- */

typedef struct grouping {
    size_t n, groups, left_out;
    uint32_t *truth; /* (n) */
    mkg_id *node;    /* (n) */
} grouping;

static mkg_status group_by_label(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                 grouping *g, mkg_err *err)
{
    mkg__label_file l;
    mkg_status st = mkg__label_file_read(kg, v, file, &l, err);
    if (st < 0) return st;
    g->truth = cells(l.n, 1, sizeof *g->truth);
    g->node = cells(l.n, 1, sizeof *g->node);
    if (!g->truth || !g->node) st = mkg__nomem(err);
    for (size_t i = 0; st >= 0 && i < l.n; i++) {
        size_t have = 0;
        uint32_t which = 0;
        for (size_t k = 0; k < l.labels; k++) {
            if (!l.y[i * l.labels + k]) continue;
            have++;
            which = (uint32_t)k;
        }
        if (have != 1 || !mkg_vectors_row(v, l.node[i])) {
            g->left_out++;
            continue;
        }
        g->truth[g->n] = which;
        g->node[g->n++] = l.node[i];
    }
    mkg__label_file_clear(&l);
    return st;
}

static mkg_status group_by_type(mkg_kg *kg, const mkg_vectors *v, grouping *g,
                                mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_id *ids = mkg_vectors_nodes(v);
    mkg__map types = {0};
    mkg_status st = MKG_OK;
    uint32_t known = 0;

    g->truth = cells(info->n, 1, sizeof *g->truth);
    g->node = cells(info->n, 1, sizeof *g->node);
    if (!g->truth || !g->node) st = mkg__nomem(err);
    for (size_t i = 0; st >= 0 && i < info->n; i++) {
        mkg_node node;
        st = mkg_kg_node(kg, ids[i], &node, err);
        if (st != MKG_OK) {
            g->left_out++;
            continue;
        }
        mkg_id *number = mkg__map_put(&types, node.type.ptr, node.type.len);
        if (!number) {
            st = mkg__nomem(err);
            break;
        }
        if (!*number) *number = ++known;
        g->truth[g->n] = *number;
        g->node[g->n++] = ids[i];
    }
    mkg__map_clear(&types);
    return st < 0 ? st : MKG_OK;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t count_groups(const grouping *g, uint32_t *room)
{
    size_t n = 0;
    memcpy(room, g->truth, g->n * sizeof *room);
    qsort(room, g->n, sizeof *room, by_number);
    for (size_t i = 0; i < g->n; i++)
        n += i == 0 || room[i] != room[i - 1];
    return n;
}

mkg_status mkg_eval_groups(mkg_kg *kg, const mkg_vectors *v, const char *file,
                           uint64_t seed, unsigned threads, mkg_eval_groups_result *out,
                           mkg_err *err)
{
    enum { STARTS = 10 };
    mkg_status st;
    grouping g = {0};
    size_t dim = mkg_vectors_get_info(v)->dim;
    float *x = NULL;
    uint32_t *part = NULL;

    memset(out, 0, sizeof *out);
    MKG_GO(file ? group_by_label(kg, v, file, &g, err) : group_by_type(kg, v, &g, err));
    if (g.n == 0) {
        st = mkg__fail(err, MKG_NOTFOUND, "no node with a vector has one group");
        goto out;
    }
    x = cells(g.n, dim, sizeof *x);
    part = cells(g.n, 1, sizeof *part);
    if (!x || !part) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < g.n; i++)
        mkg__unit(mkg_vectors_row(v, g.node[i]), dim, x + i * dim);
    out->nodes = g.n;
    out->left_out = g.left_out;
    out->groups = count_groups(&g, part);
    MKG_GO(mkg_kmeans(x, g.n, dim, out->groups, STARTS, seed, threads, part,
                      &out->inertia, err));
    st = mkg_nmi(g.truth, part, g.n, &out->nmi, err);
out:
    mkg__free(g.truth);
    mkg__free(g.node);
    mkg__free(x);
    mkg__free(part);
    return st;
}
