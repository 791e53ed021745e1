/* base/blas.h against products by hand, for every way that the factors can lie. */
#include "testing.h"

#include "base/blas.h"
#include "base/rng.h"

#include <math.h>

enum { M = 7, N = 5, K = 9 };

static float at(const float *m, mkg__blas_side s, size_t ld, size_t row, size_t col)
{
    return s == MKG_PLAIN ? m[row * ld + col] : m[col * ld + row];
}

static void products_are_right(void **state)
{
    (void)state;
    mkg_err err;
    float a[16 * 16], b[16 * 16], c[16 * 16], want[16 * 16];
    mkg__rng r = mkg__rng_new(1, 2, 3);
    assert_int_equal(mkg__blas_open(&err), MKG_OK);
    for (int i = 0; i < 256; i++) {
        a[i] = mkg__rng_float(&r) - 0.5f;
        b[i] = mkg__rng_float(&r) - 0.5f;
    }
    for (int way = 0; way < 4; way++) {
        mkg__blas_side ta = way & 1 ? MKG_TRANSPOSED : MKG_PLAIN;
        mkg__blas_side tb = way & 2 ? MKG_TRANSPOSED : MKG_PLAIN;
        for (int i = 0; i < 256; i++)
            want[i] = c[i] = (float)i;
        for (size_t m = 0; m < M; m++)
            for (size_t n = 0; n < N; n++) {
                double sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += (double)at(a, ta, 16, m, k) * (double)at(b, tb, 16, k, n);
                want[m * 16 + n] = (float)(2 * sum + 0.5 * (double)c[m * 16 + n]);
            }
        mkg__sgemm(ta, tb, M, N, K, 2, a, 16, b, 16, 0.5f, c, 16);
        for (int i = 0; i < 256; i++)
            assert_true(fabsf(c[i] - want[i]) < 1e-4f);
    }
}

static void vectors_too(void **state)
{
    (void)state;
    mkg_err err;
    const float a[6] = {1, 2, 3, 4, 5, 6}, x[3] = {1, 10, 100};
    float y[3] = {1, 1, 1};
    assert_int_equal(mkg__blas_open(&err), MKG_OK);
    mkg__sgemv(MKG_PLAIN, 2, 3, 1, a, 3, x, 0, y);
    assert_true(y[0] == 321 && y[1] == 654 && y[2] == 1);
    mkg__sgemv(MKG_TRANSPOSED, 2, 3, 1, a, 3, x, 1, y);
    assert_true(y[0] == 321 + 41 && y[1] == 654 + 52 && y[2] == 1 + 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(vectors_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
