/* L-BFGS on one label at a time; labels are shared out to threads. */
#include "embed/logistic.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"

#include <math.h>
#include <string.h>

enum { MEMORY = 10, STEPS_MAX = 40, THREADS_MAX = 256 };

/* Room of one thread. Vectors have dim + 1 places, the intercept last. */
typedef struct room {
    float *z, *zp;              /* (n) x . w, x . p */
    float *r;                   /* (n) derivative of the loss by z */
    double *w, *g, *p, *last_g; /* (dim + 1) */
    double *s, *q;              /* (MEMORY, dim + 1) steps, changes of the gradient */
    double rho[MEMORY];
    float *narrow; /* (dim + 1) */
} room;

typedef struct job {
    const float *x;
    const uint8_t *y;
    size_t n, dim, labels;
    const mkg_logistic_opts *o;
    mkg_logistic *out;
    room rooms[THREADS_MAX];
} job;

static void room_clear(room *m)
{
    mkg__free(m->z);
    mkg__free(m->zp);
    mkg__free(m->r);
    mkg__free(m->w);
    mkg__free(m->g);
    mkg__free(m->p);
    mkg__free(m->last_g);
    mkg__free(m->s);
    mkg__free(m->q);
    mkg__free(m->narrow);
}

static bool room_make(room *m, size_t n, size_t dim)
{
    size_t d = dim + 1;
    m->z = mkg__calloc(n, sizeof *m->z);
    m->zp = mkg__calloc(n, sizeof *m->zp);
    m->r = mkg__calloc(n, sizeof *m->r);
    m->w = mkg__calloc(d, sizeof *m->w);
    m->g = mkg__calloc(d, sizeof *m->g);
    m->p = mkg__calloc(d, sizeof *m->p);
    m->last_g = mkg__calloc(d, sizeof *m->last_g);
    m->s = mkg__calloc(d, MEMORY * sizeof *m->s);
    m->q = mkg__calloc(d, MEMORY * sizeof *m->q);
    m->narrow = mkg__calloc(d, sizeof *m->narrow);
    return m->z && m->zp && m->r && m->w && m->g && m->p && m->last_g && m->s && m->q &&
           m->narrow;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

double mkg_logistic_probability(double score)
{
    return 1 / (1 + exp(-score));
}

/* z = x . v + v's intercept */
static void products(const job *j, room *m, const double *v, float *z)
{
    for (size_t i = 0; i <= j->dim; i++)
        m->narrow[i] = (float)v[i];
    mkg__sgemv(MKG_PLAIN, j->n, j->dim, 1, j->x, j->dim, m->narrow, 0, z);
    for (size_t i = 0; i < j->n; i++)
        z[i] += m->narrow[j->dim];
}

static bool has(const job *j, size_t i, size_t label)
{
    return j->y[i * j->labels + label] != 0;
}

/* log(1 + exp(-a)) without overflow. */
static double loss_of(double a)
{
    return a > 0 ? log1p(exp(-a)) : -a + log1p(exp(a));
}

/* The objective at w + t p, where z and zp are the products of w and p. */
static double objective(const job *j, const room *m, size_t label, double t)
{
    double sum = 0, norm = 0;
    size_t d = j->dim + (j->o->free_intercept ? 0 : 1);
    for (size_t i = 0; i < j->n; i++) {
        double a = (double)m->z[i] + t * (double)m->zp[i];
        sum += loss_of(has(j, i, label) ? a : -a);
    }
    for (size_t i = 0; i < d; i++) {
        double v = m->w[i] + t * m->p[i];
        norm += v * v;
    }
    return norm / 2 + j->o->c * sum;
}

/* g = w + c xT (sigma(z) - y) */
static void gradient(const job *j, room *m, size_t label)
{
    double sum = 0;
    for (size_t i = 0; i < j->n; i++) {
        double r =
            mkg_logistic_probability((double)m->z[i]) - (has(j, i, label) ? 1 : 0);
        m->r[i] = (float)r;
        sum += r;
    }
    mkg__sgemv(MKG_TRANSPOSED, j->n, j->dim, 1, j->x, j->dim, m->r, 0, m->narrow);
    for (size_t i = 0; i < j->dim; i++)
        m->g[i] = m->w[i] + j->o->c * (double)m->narrow[i];
    m->g[j->dim] = j->o->c * sum + (j->o->free_intercept ? 0 : m->w[j->dim]);
}

/* p = -H g by the last `kept` pairs, the newest at (count - 1) % MEMORY. */
static void direction(room *m, size_t d, size_t count)
{
    double alpha[MEMORY];
    size_t kept = count < MEMORY ? count : MEMORY;
    for (size_t i = 0; i < d; i++)
        m->p[i] = -m->g[i];
    for (size_t k = 0; k < kept; k++) {
        size_t at = (count - 1 - k) % MEMORY;
        alpha[at] = m->rho[at] * dot(m->s + at * d, m->p, d);
        for (size_t i = 0; i < d; i++)
            m->p[i] -= alpha[at] * m->q[at * d + i];
    }
    if (kept) {
        size_t at = (count - 1) % MEMORY;
        const double *q = m->q + at * d;
        double scale = 1 / (m->rho[at] * dot(q, q, d));
        for (size_t i = 0; i < d; i++)
            m->p[i] *= scale;
    }
    for (size_t k = kept; k-- > 0;) {
        size_t at = (count - 1 - k) % MEMORY;
        double beta = m->rho[at] * dot(m->q + at * d, m->p, d);
        for (size_t i = 0; i < d; i++)
            m->p[i] += (alpha[at] - beta) * m->s[at * d + i];
    }
}

/* Keep the pair if it has curvature; whether it was kept. */
static bool keep_pair(room *m, size_t d, size_t count, double t)
{
    size_t at = count % MEMORY;
    double *s = m->s + at * d, *q = m->q + at * d;
    for (size_t i = 0; i < d; i++) {
        s[i] = t * m->p[i];
        q[i] = m->g[i] - m->last_g[i];
    }
    double sq = dot(s, q, d);
    if (!(sq > 1e-12 * dot(q, q, d))) return false;
    m->rho[at] = 1 / sq;
    return true;
}

/* A step that lowers the objective as much as its slope promises (Armijo); 0 if there
 * is none, which at this precision means that the end is reached. */
static double line_search(const job *j, const room *m, size_t label, double t,
                          double slope, double *f)
{
    for (unsigned k = 0; k < STEPS_MAX; k++, t /= 2) {
        double next = objective(j, m, label, t);
        if (next <= *f + 1e-4 * t * slope) {
            *f = next;
            return t;
        }
    }
    return 0;
}

static mkg_status fit_label(const job *j, room *m, size_t label, mkg_err *err)
{
    size_t d = j->dim + 1, count = 0;
    memset(m->w, 0, d * sizeof *m->w);
    memset(m->p, 0, d * sizeof *m->p);
    memset(m->z, 0, j->n * sizeof *m->z);
    memset(m->zp, 0, j->n * sizeof *m->zp);
    double f = objective(j, m, label, 0);
    gradient(j, m, label);
    double first = sqrt(dot(m->g, m->g, d));
    for (unsigned it = 0; it < j->o->iterations; it++) {
        double norm = sqrt(dot(m->g, m->g, d));
        if (!isfinite(norm) || !isfinite(f))
            return mkg__fail(err, MKG_EARG,
                             "logistic regression: the values are too large");
        if (norm <= j->o->tolerance * first || norm == 0) break;
        direction(m, d, count);
        double slope = dot(m->g, m->p, d);
        if (!(slope < 0)) break;
        products(j, m, m->p, m->zp);
        double t = line_search(j, m, label, count ? 1 : 1 / norm, slope, &f);
        if (t == 0) break;
        memcpy(m->last_g, m->g, d * sizeof *m->g);
        for (size_t i = 0; i < d; i++)
            m->w[i] += t * m->p[i];
        products(j, m, m->w, m->z);
        gradient(j, m, label);
        count += keep_pair(m, d, count, t);
    }
    float *out = j->out->w + label * d;
    for (size_t i = 0; i < d; i++)
        out[i] = (float)m->w[i];
    return MKG_OK;
}

static mkg_status fit_block(void *ctx, size_t from, size_t to, unsigned thread,
                            mkg_err *err)
{
    job *j = ctx;
    for (size_t label = from; label < to; label++) {
        size_t have = 0;
        for (size_t i = 0; i < j->n; i++)
            have += has(j, i, label);
        if (have == 0 || have == j->n) {
            j->out->w[label * (j->dim + 1) + j->dim] = have ? INFINITY : -INFINITY;
            continue;
        }
        mkg_status st = fit_label(j, &j->rooms[thread], label, err);
        if (st < 0) return st;
    }
    return MKG_OK;
}

static mkg_status check(size_t n, size_t dim, size_t labels, const mkg_logistic_opts *o,
                        mkg_err *err)
{
    if (n == 0 || dim == 0 || labels == 0)
        return mkg__fail(err, MKG_EARG,
                         "logistic regression needs a row, a column and a label");
    if (!(o->c > 0 && isfinite(o->c)) || o->threads > THREADS_MAX)
        return mkg__fail(err, MKG_EARG,
                         "logistic regression: c is above 0, threads at most 256");
    return mkg__blas_open(err);
}

mkg_status mkg_logistic_fit(const float *x, size_t n, size_t dim, const uint8_t *y,
                            size_t labels, const mkg_logistic_opts *opts,
                            mkg_logistic *out, mkg_err *err)
{
    memset(out, 0, sizeof *out);
    mkg_status st = check(n, dim, labels, opts, err);
    if (st < 0) return st;
    unsigned threads = opts->threads ? opts->threads : mkg__cores();
    size_t cells;
    job *j = mkg__calloc(1, sizeof *j);
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    if (threads > labels) threads = (unsigned)labels;
    out->dim = dim;
    out->labels = labels;
    if (mkg__mul(labels, dim + 1, &cells)) out->w = mkg__calloc(cells, sizeof *out->w);
    if (!j || !out->w) {
        st = mkg__nomem(err);
        goto out;
    }
    j->x = x;
    j->y = y;
    j->n = n;
    j->dim = dim;
    j->labels = labels;
    j->o = opts;
    j->out = out;
    for (unsigned t = 0; t < threads; t++)
        if (!room_make(&j->rooms[t], n, dim)) {
            st = mkg__nomem(err);
            goto out;
        }
    st = mkg__par_for(threads, labels, 1, fit_block, j, err);
out:
    for (unsigned t = 0; j && t < threads; t++)
        room_clear(&j->rooms[t]);
    mkg__free(j);
    if (st < 0) mkg_logistic_clear(out);
    return st;
}

void mkg_logistic_clear(mkg_logistic *m)
{
    mkg__free(m->w);
    memset(m, 0, sizeof *m);
}

mkg_status mkg_logistic_score(const mkg_logistic *m, const float *x, size_t n,
                              float *out, mkg_err *err)
{
    enum { BLOCK = 4096 };
    size_t d = m->dim + 1;
    mkg_status st = mkg__blas_open(err);
    if (st < 0) return st;
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t k = n - i < BLOCK ? n - i : BLOCK;
        mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, k, m->labels, m->dim, 1, x + i * m->dim,
                   m->dim, m->w, d, 0, out + i * m->labels, m->labels);
        for (size_t r = i; r < i + k; r++)
            for (size_t label = 0; label < m->labels; label++)
                out[r * m->labels + label] += m->w[label * d + m->dim];
    }
    return MKG_OK;
}
