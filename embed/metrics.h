/* Measures of rankings, classifications and groupings. All are plain functions of their
 * arguments and safe from many threads at once. */
#ifndef MKG_METRICS_H
#define MKG_METRICS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Area under the ROC curve: the chance that a positive scores above a negative, ties
 * counting half (Mann & Whitney). `positive` (n) is 0 or 1. *out is NaN where one of
 * the two is missing. O(n log n). MKG_ENOMEM. */
MKG_API mkg_status mkg_auroc(const float *score, const uint8_t *positive, size_t n,
                             double *out, mkg_err *err);

/* Area under the precision-recall curve as average precision: the sum over thresholds
 * of the gain in recall times the precision there, equal scores being one threshold (as
 * scikit-learn has it; Davis & Goadrich, ICML 2006, on why not by trapezoids). NaN
 * without a positive. */
MKG_API mkg_status mkg_auprc(const float *score, const uint8_t *positive, size_t n,
                             double *out, mkg_err *err);

/* Rank, from 1, of a score among `n` others: the mean of the best and the worst that
 * ties allow. */
MKG_API double mkg_rank(float score, const float *others, size_t n);

/* Micro and macro F1 where for each row the labels with the highest scores are
 * predicted, as many as it truly has (ties to the first). A label that no row has and
 * for which nothing is predicted counts 0 in the macro mean.
 *
 * score  (n, labels)  truth  (n, labels) 0 or 1
 *
 * The protocol of Tang & Liu, KDD 2009, and of DeepWalk and node2vec. MKG_ENOMEM. */
MKG_API mkg_status mkg_f1_top(const float *score, const uint8_t *truth, size_t n,
                              size_t labels, double *micro, double *macro,
                              mkg_err *err);

/* Normalised mutual information of two groupings, each (n) with groups numbered from 0:
 * 2 I(a; b) / (H(a) + H(b)); 1 where both have one group (as scikit-learn has it).
 * MKG_EARG for n = 0, MKG_ENOMEM. */
MKG_API mkg_status mkg_nmi(const uint32_t *a, const uint32_t *b, size_t n, double *out,
                           mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
