/* Exact nearest neighbours by cosine. */
#include "base/err.h"
#include "base/mem.h"
#include "embed/vectors.h"

#include <math.h>

/* a . b and b . b of two rows, summed in double over blocks of float. */
static void dot2(const float *restrict a, const float *restrict b, size_t n, double *ab,
                 double *bb)
{
    double x = 0, y = 0;
#pragma omp simd reduction(+ : x, y)
    for (size_t i = 0; i < n; i++) {
        x += (double)a[i] * (double)b[i];
        y += (double)b[i] * (double)b[i];
    }
    *ab = x;
    *bb = y;
}

/* Is a worse than b? Ties go to the smaller id. */
static bool worse(const mkg_neighbour *a, const mkg_neighbour *b)
{
    if (a->score < b->score) return true;
    if (a->score > b->score) return false;
    return a->node > b->node;
}

static void sift_down(mkg_neighbour *heap, size_t n, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) return;
        if (child + 1 < n && worse(&heap[child + 1], &heap[child])) child++;
        if (!worse(&heap[child], &heap[i])) return;
        mkg_neighbour t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
        i = child;
    }
}

static void sift_up(mkg_neighbour *heap, size_t i)
{
    while (i > 0 && worse(&heap[i], &heap[(i - 1) / 2])) {
        mkg_neighbour t = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
}

mkg_status mkg_vectors_nearest(const mkg_vectors *v, const float *q, size_t k,
                               mkg_keep_fn keep, void *ctx, mkg_neighbour *out,
                               size_t *n, mkg_err *err)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_id *node = mkg_vectors_nodes(v);
    const float *x = mkg_vectors_row(v, node[0]);
    double qq, rr, qr;

    *n = 0;
    if (k == 0) return MKG_OK;
    dot2(q, q, info->dim, &qr, &qq);
    if (!isfinite(qq)) return mkg__fail(err, MKG_EARG, "the vector is not finite");
    /* out[] is a heap with its worst on top until all rows are seen. */
    for (size_t i = 0; i < info->n; i++) {
        if (keep && !keep(ctx, node[i])) continue;
        dot2(q, x + i * info->dim, info->dim, &qr, &rr);
        double norm = sqrt(qq) * sqrt(rr);
        double cosine = norm > 0 && isfinite(norm) ? qr / norm : 0;
        mkg_neighbour c = {node[i], (float)(cosine > 1    ? 1
                                            : cosine < -1 ? -1
                                                          : cosine)};
        if (*n < k) {
            out[*n] = c;
            sift_up(out, (*n)++);
        } else if (worse(&out[0], &c)) {
            out[0] = c;
            sift_down(out, k, 0);
        }
    }
    for (size_t left = *n; left > 1; left--) {
        mkg_neighbour t = out[0];
        out[0] = out[left - 1];
        out[left - 1] = t;
        sift_down(out, left - 1, 0);
    }
    return MKG_OK;
}
