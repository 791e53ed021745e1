/* The rate of a step, how far a gradient may go, and the direction of a matrix. */
#include "base/blas.h"
#include "lm/train_internal.h"

#include <math.h>
#include <string.h>

double mkg__clip_factor(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

double mkg__rate_at(size_t step, size_t warmup, size_t steps, double end)
{
    if (step < warmup) return (double)(step + 1) / (double)warmup;
    if (step >= steps || steps <= warmup) return end;
    double done = (double)(step - warmup) / (double)(steps - warmup);
    return end + (1 - end) * 0.5 * (1 + cos(done * acos(-1.0)));
}

/* A step of the iteration on x (n, m), n <= m: x = a x + (b x x^T + c (x x^T)^2) x. */
static void iterate(float *x, size_t n, size_t m, float *gram, float *poly, float *next)
{
    const float a = 3.4445f, b = -4.7750f, c = 2.0315f;
    mkg__sgemm(MKG_PLAIN, MKG_TRANSPOSED, n, n, m, 1, x, m, x, m, 0, gram, n);
    memcpy(poly, gram, n * n * sizeof *poly);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, n, n, c, gram, n, gram, n, b, poly, n);
    memcpy(next, x, n * m * sizeof *next);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, n, m, n, 1, poly, n, x, m, a, next, m);
    memcpy(x, next, n * m * sizeof *x);
}

size_t mkg__orthogonal_scratch(size_t rows, size_t cols)
{
    size_t n = rows < cols ? rows : cols;
    return 2 * rows * cols + 2 * n * n;
}

void mkg__orthogonal(const float *g, size_t rows, size_t cols, float *scratch,
                     float *out)
{
    bool tall = rows > cols;
    size_t n = tall ? cols : rows, m = tall ? rows : cols;
    float *x = scratch, *next = x + n * m, *gram = next + n * m, *poly = gram + n * n;
    double sum = 0;
    for (size_t i = 0; i < n * m; i++)
        sum += (double)g[i] * (double)g[i];
    float unit = (float)(1 / (sqrt(sum) + 1e-7));
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            x[tall ? c * m + r : r * m + c] = g[r * cols + c] * unit;
    for (int i = 0; i < 5; i++)
        iterate(x, n, m, gram, poly, next);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            out[r * cols + c] = x[tall ? c * m + r : r * m + c];
}
