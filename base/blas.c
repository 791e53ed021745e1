#include "base/blas.h"

#include "base/dylib.h"
#include "base/err.h"
#include "base/mem.h"

#include <cblas.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static struct {
    __typeof__(&cblas_sgemm) sgemm;
    __typeof__(&cblas_sgemv) sgemv;
    __typeof__(&openblas_set_num_threads) set_threads;
    /* LAPACK's, as Fortran calls it. */
    void (*dsyevd)(const char *job, const char *half, const blasint *n, double *a,
                   const blasint *lda, double *w, double *work, const blasint *lwork,
                   blasint *iwork, const blasint *liwork, blasint *info);
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static mkg_status load_status;
static mkg_err load_error;

/* OpenBLAS before 0.3.24 takes an AMD processor with AVX-512 for an older one, at half
 * the speed; it asks the environment first, once, when it is loaded. */
static bool name_core(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!getenv("OPENBLAS_CORETYPE") && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return setenv("OPENBLAS_CORETYPE", "SkylakeX", 1) == 0;
#endif
    return false;
}

static void load(void)
{
    bool named = name_core();
    const mkg__symbol symbols[] = {
        {"cblas_sgemm", &lib.sgemm},
        {"cblas_sgemv", &lib.sgemv},
        {"openblas_set_num_threads", &lib.set_threads},
        {"dsyevd_", &lib.dsyevd},
    };
    load_status = mkg__dylib_load("libopenblas.so.0", "libopenblas0", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
    if (named) unsetenv("OPENBLAS_CORETYPE");
    if (load_status >= 0) lib.set_threads(1);
}

mkg_status mkg__blas_open(mkg_err *err)
{
    pthread_once(&once, load);
    if (load_status < 0 && err) *err = load_error;
    return load_status;
}

static CBLAS_TRANSPOSE side(mkg__blas_side s)
{
    return s == MKG_TRANSPOSED ? CblasTrans : CblasNoTrans;
}

void mkg__sgemm(mkg__blas_side ta, mkg__blas_side tb, size_t m, size_t n, size_t k,
                float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                float beta, float *c, size_t ldc)
{
    lib.sgemm(CblasRowMajor, side(ta), side(tb), (blasint)m, (blasint)n, (blasint)k,
              alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

void mkg__sgemv(mkg__blas_side ta, size_t m, size_t n, float alpha, const float *a,
                size_t lda, const float *x, float beta, float *y)
{
    lib.sgemv(CblasRowMajor, side(ta), (blasint)m, (blasint)n, alpha, a, (blasint)lda,
              x, 1, beta, y, 1);
}

mkg_status mkg__eigen(size_t n, double *a, double *value, mkg_err *err)
{
    mkg_status st = MKG_OK;
    blasint size = (blasint)n, nwork = -1, niwork = -1, info = 0, isize;
    double wsize;
    double *work = NULL;
    blasint *iwork = NULL;

    lib.dsyevd("V", "U", &size, a, &size, value, &wsize, &nwork, &isize, &niwork,
               &info);
    nwork = (blasint)wsize;
    niwork = isize;
    work = mkg__calloc((size_t)nwork, sizeof *work);
    iwork = mkg__calloc((size_t)niwork, sizeof *iwork);
    if (!work || !iwork) {
        st = mkg__nomem(err);
        goto out;
    }
    lib.dsyevd("V", "U", &size, a, &size, value, work, &nwork, iwork, &niwork, &info);
    if (info != 0)
        st = mkg__fail(err, MKG_EARG, "eigenvalues did not converge (dsyevd: %d)",
                       (int)info);
out:
    mkg__free(work);
    mkg__free(iwork);
    return st;
}

void mkg__blas_threads(unsigned threads)
{
    lib.set_threads((int)threads);
}
