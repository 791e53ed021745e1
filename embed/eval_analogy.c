/* a is to b as c is to d. */
#include "embed/eval_internal.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/io.h"

#include <string.h>

enum { PLACES = 4, BLOCK = 4096 };

typedef struct job {
    const mkg_vectors *v;
    size_t n, dim;
    float *unit;          /* (n, dim) rows of length 1 */
    float *query, *score; /* (dim), (BLOCK) */
} job;

static mkg_status split(mkg_view line, mkg_view part[PLACES], const char *file,
                        uint64_t number, mkg_err *err)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    for (size_t i = 0; i < PLACES; i++) {
        const char *tab = i + 1 < PLACES ? memchr(p, '\t', (size_t)(end - p)) : end;
        if (tab) part[i] = mkg__trim(mkg__view(p, (size_t)(tab - p)));
        if (!tab || part[i].len == 0 ||
            (tab == end && memchr(p, '\t', (size_t)(end - p))))
            return mkg__fail_at(err, MKG_EPARSE, file, number, 1,
                                "a line is four nodes with tabs between them");
        p = tab + (tab < end);
    }
    return MKG_OK;
}

static size_t row_of(const job *j, mkg_id id)
{
    const float *row = mkg_vectors_row(j->v, id);
    return row ? (size_t)(row - mkg_vectors_row(j->v, mkg_vectors_nodes(j->v)[0])) /
                     j->dim
               : SIZE_MAX;
}

/* Rank of row d for the query, rows a, b and c left out. */
static double rank(const job *j, const size_t at[PLACES])
{
    float truth;
    size_t above = 0, equal = 0;
    mkg__sgemv(MKG_PLAIN, 1, j->dim, 1, j->unit + at[3] * j->dim, j->dim, j->query, 0,
               &truth);
    for (size_t i = 0; i < j->n; i += BLOCK) {
        size_t rows = j->n - i < BLOCK ? j->n - i : BLOCK;
        mkg__sgemv(MKG_PLAIN, rows, j->dim, 1, j->unit + i * j->dim, j->dim, j->query,
                   0, j->score);
        for (size_t k = 0; k < rows; k++) {
            size_t r = i + k;
            if (r == at[0] || r == at[1] || r == at[2] || r == at[3]) continue;
            above += j->score[k] > truth;
            equal += j->score[k] >= truth && j->score[k] <= truth;
        }
    }
    return 1 + (double)above + (double)equal / 2;
}

static mkg_status one_case(job *j, mkg_kg *kg, const mkg_view part[PLACES],
                           mkg_eval_analogy_result *out, mkg_err *err)
{
    size_t at[PLACES];
    for (size_t i = 0; i < PLACES; i++) {
        mkg_id id;
        mkg_status st = mkg__eval_find(kg, j->v, part[i], &id, err);
        if (st < 0) return st;
        at[i] = st == MKG_NOTFOUND ? SIZE_MAX : row_of(j, id);
        if (at[i] == SIZE_MAX) {
            out->skipped++;
            return MKG_OK;
        }
    }
    const float *a = j->unit + at[0] * j->dim, *b = j->unit + at[1] * j->dim,
                *c = j->unit + at[2] * j->dim;
    for (size_t i = 0; i < j->dim; i++)
        j->query[i] = b[i] - a[i] + c[i];
    double r = rank(j, at);
    out->cases++;
    out->hits1 += r <= 1;
    out->hits10 += r <= 10;
    out->mrr += 1 / r;
    return MKG_OK;
}

static mkg_status make(job *j, mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(j->v);
    const float *x = mkg_vectors_row(j->v, mkg_vectors_nodes(j->v)[0]);
    j->n = info->n;
    j->dim = info->dim;
    j->unit = mkg__calloc(j->n * j->dim, sizeof *j->unit);
    j->query = mkg__calloc(j->dim, sizeof *j->query);
    j->score = mkg__calloc(BLOCK, sizeof *j->score);
    if (!j->unit || !j->query || !j->score) return mkg__nomem(err);
    for (size_t i = 0; i < j->n; i++)
        mkg__unit(x + i * j->dim, j->dim, j->unit + i * j->dim);
    return mkg__blas_open(err);
}

mkg_status mkg_eval_analogy(mkg_kg *kg, const mkg_vectors *v, const char *file,
                            mkg_eval_analogy_result *out, mkg_err *err)
{
    mkg_status st;
    mkg__stream *s = NULL;
    mkg__lines *lines = NULL;
    mkg_view line, part[PLACES];
    uint64_t number;
    job j = {.v = v};

    memset(out, 0, sizeof *out);
    MKG_GO(make(&j, err));
    MKG_GO(mkg__stream_open(file, &s, err));
    MKG_GO(mkg__lines_new(s, &lines, err));
    while ((st = mkg__lines_next(lines, &line, &number, err)) == MKG_OK) {
        size_t bad;
        if (mkg__trim(line).len == 0 || line.ptr[0] == ':') continue;
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(s), number,
                              (uint32_t)bad + 1, "bytes that are not UTF-8");
            goto out;
        }
        MKG_GO(split(line, part, mkg__stream_name(s), number, err));
        MKG_GO(one_case(&j, kg, part, out, err));
    }
    if (st < 0) goto out;
    st = MKG_OK;
    if (out->cases == 0) {
        st = mkg__fail(err, MKG_NOTFOUND, "no line has four nodes with vectors");
        goto out;
    }
    out->hits1 /= (double)out->cases;
    out->hits10 /= (double)out->cases;
    out->mrr /= (double)out->cases;
out:
    mkg__lines_free(lines);
    mkg__stream_close(s);
    mkg__free(j.unit);
    mkg__free(j.query);
    mkg__free(j.score);
    return st;
}
