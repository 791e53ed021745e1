/* Logistic regression with an L2 penalty, one label against the rest, for as many
 * labels as there are: what evaluations of vectors and predictions are made with. */
#ifndef MKG_LOGISTIC_H
#define MKG_LOGISTIC_H

#include "base/base.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_logistic_opts {
    double c;            /* weight of the losses against the penalty, > 0; as in
                            liblinear and scikit-learn */
    bool free_intercept; /* the intercept is not penalised (scikit-learn's lbfgs);
                            else it is, as by liblinear */
    unsigned iterations; /* at most */
    double tolerance;    /* stop when the gradient's length is this part of what it was
                            at the start */
    unsigned threads;    /* over labels; 0: one for each core */
} mkg_logistic_opts;
#define MKG_LOGISTIC_OPTS_INIT                                                         \
    {                                                                                  \
        .c = 1, .iterations = 200, .tolerance = 1e-4                                   \
    }

typedef struct mkg_logistic {
    size_t dim, labels;
    float *w; /* (labels, dim + 1) row-major, the intercept last */
} mkg_logistic;

/* Fit  min over w of  |w|^2 / 2 + c sum_i log(1 + exp(-y_i (w . x_i + b)))  for each
 * label by itself.
 *
 * x  (n, dim)     row-major, finite, borrowed
 * y  (n, labels)  row-major, 1 where the row has the label, else 0
 *
 * A label that all rows have gets the intercept +inf and zeros, one that none has -inf.
 * The same bytes at any number of threads, on machines with the same vector
 * instructions. mkg_logistic_clear() it. MKG_EARG for c <= 0, no row, no column, no
 * label, or values that overflow; MKG_EIO without OpenBLAS; MKG_ENOMEM.
 *
 * L-BFGS (Nocedal & Wright, Numerical Optimization, Alg. 7.5) with a backtracking line
 * search; the objective is that of Fan et al., LIBLINEAR, JMLR 9 (2008), eq. 2. */
MKG_API mkg_status mkg_logistic_fit(const float *x, size_t n, size_t dim,
                                    const uint8_t *y, size_t labels,
                                    const mkg_logistic_opts *opts, mkg_logistic *out,
                                    mkg_err *err);
MKG_API void mkg_logistic_clear(mkg_logistic *m);

/* out (n, labels) = w . x + b: the log of the odds. */
MKG_API mkg_status mkg_logistic_score(const mkg_logistic *m, const float *x, size_t n,
                                      float *out, mkg_err *err);

/* 1 / (1 + exp(-score)) */
MKG_API double mkg_logistic_probability(double score);

#ifdef __cplusplus
}
#endif
#endif
