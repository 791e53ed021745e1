/* Products of the weights with one token or many, cut into panels of 16 rows for the
 * threads. */
#include "base/err.h"
#include "lm/model_internal.h"

typedef struct scratch {
    mkg__tile tile;
    /* then acc (most_tokens, 16), or rows of weights (16, most_cols) as floats */
} scratch;

mkg_status mkg__matmul_init(mkg__matmul *m, const mkg__kernels *k, mkg__team *team,
                            bool floats, size_t most_tokens, size_t most_cols,
                            mkg_err *err)
{
    size_t bytes, all, longest = most_tokens > most_cols ? most_tokens : most_cols;
    *m = (mkg__matmul){k, team, floats, most_tokens, most_cols, NULL, 0};
    if (!mkg__mul(longest, MKG_PANEL * sizeof(float), &bytes)) return mkg__nomem(err);
    m->scratch_bytes = (sizeof(scratch) + bytes + 63) / 64 * 64;
    if (!mkg__mul(m->scratch_bytes, mkg__team_threads(team), &all))
        return mkg__nomem(err);
    m->scratch = mkg__aligned(all);
    return m->scratch ? MKG_OK : mkg__nomem(err);
}

void mkg__matmul_clear(mkg__matmul *m)
{
    mkg__free(m->scratch);
    m->scratch = NULL;
}

bool mkg__matmul_rounds(const mkg__matmul *m, const mkg__mat *w)
{
    return !m->floats && mkg__quant_group(w->type) != 0;
}

typedef struct job {
    const mkg__matmul *m;
    const mkg__product *list;
    size_t n;
    const mkg__acts *a;
} job;

static void floats_panel(const mkg__matmul *m, const mkg__product *p, size_t row,
                         size_t rows, const mkg__acts *a, float *buffer)
{
    const mkg__mat *w = p->w;
    const float *f = buffer;
    if (w->type == MKG_F32) {
        f = (const float *)(const void *)(w->data + row * w->stride);
    } else {
        for (size_t r = 0; r < rows; r++)
            m->k->dequantize(w->type, w->data + (row + r) * w->stride, w->cols,
                             buffer + r * w->cols);
    }
    m->k->dot_floats(f, rows, a->x, a->n, w->cols, p->out + row, p->stride);
}

static void packed_panel(const mkg__matmul *m, const mkg__product *p, size_t row,
                         size_t rows, const mkg__acts *a, scratch *s)
{
    const mkg__mat *w = p->w;
    float *acc = (float *)(s + 1);
    if (a->n == 1) {
        m->k->dot_panel(w, row, a, acc);
    } else {
        memset(acc, 0, a->n * MKG_PANEL * sizeof *acc);
        for (size_t k = 0; k < w->cols; k += MKG_TILE_K) {
            size_t n = w->cols - k < MKG_TILE_K ? w->cols - k : MKG_TILE_K;
            m->k->fill_tile(w, row, k, n, &s->tile);
            m->k->mul_tile(&s->tile, k, a, 0, a->n, acc);
        }
    }
    for (size_t t = 0; t < a->n; t++)
        memcpy(p->out + t * p->stride + row, acc + t * MKG_PANEL, rows * sizeof *acc);
}

static size_t panels(const mkg__mat *w)
{
    return (w->rows + MKG_PANEL - 1) / MKG_PANEL;
}

static void run_panels(void *ctx, size_t from, size_t to, unsigned thread)
{
    const job *j = ctx;
    scratch *s = (scratch *)(void *)(j->m->scratch + thread * j->m->scratch_bytes);
    const mkg__product *p = j->list;
    size_t first = 0; /* panel of the list where p begins */

    for (size_t i = from; i < to; i++) {
        while (i - first >= panels(p->w)) {
            first += panels(p->w);
            p++;
        }
        size_t row = (i - first) * MKG_PANEL, left = p->w->rows - row;
        size_t rows = left < MKG_PANEL ? left : MKG_PANEL;
        if (mkg__matmul_rounds(j->m, p->w))
            packed_panel(j->m, p, row, rows, j->a, s);
        else
            floats_panel(j->m, p, row, rows, j->a, (float *)(s + 1));
    }
}

void mkg__matmul_run(const mkg__matmul *m, const mkg__product *list, size_t n,
                     const mkg__acts *a)
{
    job j = {m, list, n, a};
    size_t all = 0, block = 1;
    for (size_t i = 0; i < n; i++)
        all += panels(list[i].w);
    if (a->n == 1) { /* long pieces of memory, two for each thread */
        block = (all + mkg__team_threads(m->team) * 2 - 1) /
                (mkg__team_threads(m->team) * 2);
    }
    mkg__team_run(m->team, all, block, run_panels, &j);
}
