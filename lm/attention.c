/* Attention in blocks of 32 positions, without the matrix of all scores. */
#include "lm/session_internal.h"

#include <math.h>

enum { ROWS = 32 }; /* most queries that share a block brought into the first cache */

typedef struct scratch {
    size_t seen[ROWS];
    float max[ROWS], sum[ROWS];
    /* then acc (ROWS, dim), and a block as floats */
} scratch;

size_t mkg__attention_scratch(const mkg__cache *c)
{
    size_t bytes = sizeof(scratch) + (ROWS + 2 * MKG_KEYS) * c->dim * sizeof(float);
    return (bytes + 63) / 64 * 64;
}

/* Queries are in the order of tokens, `group` for each; these are [first, first + n) of
 * one key-value head. */
static void run_rows(const mkg__attention *a, size_t head, size_t first, size_t n,
                     scratch *s)
{
    const mkg__cache *c = a->cache;
    size_t dim = c->dim, heads = c->heads * a->group;
    float *acc = (float *)(s + 1), *room = acc + ROWS * dim;
    const float *q = a->q + (head * a->n * a->group + first) * dim;
    size_t last = a->position + (first + n - 1) / a->group;

    memset(acc, 0, n * dim * sizeof *acc);
    for (size_t i = 0; i < n; i++) {
        s->max[i] = -INFINITY;
        s->sum[i] = 0;
    }
    for (size_t b = 0; b <= last / MKG_KEYS; b++) {
        mkg__attend job = {.dim = dim, .max = s->max, .sum = s->sum};
        mkg__cache_get(c, a->k, a->layer, head, b, room, &job.keys, &job.values);
        size_t skip = 0; /* those that see nothing of this block come first */
        for (size_t i = 0; i < n; i++) {
            size_t end = a->position + (first + i) / a->group + 1, at = b * MKG_KEYS;
            s->seen[i] = end <= at ? 0 : end - at < MKG_KEYS ? end - at : MKG_KEYS;
            skip += s->seen[i] == 0;
        }
        job.n = n - skip;
        job.q = q + skip * dim;
        job.seen = s->seen + skip;
        job.acc = acc + skip * dim;
        job.max += skip;
        job.sum += skip;
        a->k->attend(&job);
    }
    for (size_t i = 0; i < n; i++) {
        size_t token = (first + i) / a->group;
        size_t h = head * a->group + (first + i) % a->group;
        float *out = a->out + (token * heads + h) * c->head_dim;
        for (size_t d = 0; d < c->head_dim; d++)
            out[d] = acc[i * dim + d] / s->sum[i];
    }
}

typedef struct job {
    const mkg__attention *a;
    size_t rows; /* of a piece */
    size_t pieces;
} job;

static void run_pieces(void *ctx, size_t from, size_t to, unsigned thread)
{
    const job *j = ctx;
    const mkg__attention *a = j->a;
    scratch *s = (scratch *)(void *)(a->scratch + thread * a->scratch_bytes);
    size_t all = a->n * a->group;
    for (size_t i = from; i < to; i++) {
        size_t first = i % j->pieces * j->rows;
        size_t n = all - first < j->rows ? all - first : j->rows;
        run_rows(a, i / j->pieces, first, n, s);
    }
}

void mkg__attention_run(const mkg__attention *a)
{
    job j = {.a = a, .rows = a->n == 1 ? 4 : ROWS};
    size_t all = a->n * a->group;
    j.pieces = (all + j.rows - 1) / j.rows;
    mkg__team_run(a->team, a->cache->heads * j.pieces, 1, run_pieces, &j);
}
