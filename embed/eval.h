/* How good vectors are: node classification, link prediction, analogies, groups. The
 * protocols and file formats are told in docs/vectors.md. */
#ifndef MKG_EVAL_H
#define MKG_EVAL_H

#include "embed/vectors.h"
#include "kg/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- labels ---- */

typedef struct mkg_eval_labels_opts {
    double train;     /* part of the labelled nodes to learn from, between 0 and 1 */
    unsigned repeats; /* shuffles, with the seeds seed, seed + 1, … */
    uint32_t seed;
    double c;         /* of the logistic regression */
    bool normalize;   /* scale each vector to length 1 first */
    unsigned threads; /* 0: one for each core */
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_eval_labels_opts;
#define MKG_EVAL_LABELS_OPTS_INIT                                                      \
    {                                                                                  \
        .train = 0.5, .repeats = 5, .c = 1                                             \
    }

typedef struct mkg_eval_labels_result {
    size_t nodes, labels;
    size_t missing; /* nodes of the file without a vector: they count with zeros */
    double micro, macro, micro_sd,
        macro_sd; /* F1: means and deviations over shuffles */
} mkg_eval_labels_result;

/* F1 of telling labels from vectors: one-vs-rest logistic regression, for each test
 * node as many labels as it has (mkg_f1_top()). The shuffles are those of NumPy's
 * RandomState, over the nodes in the order of their names as bytes, so that results can
 * be compared number by number with scikit-learn on the same vectors.
 *
 * `file`: lines of a node (a name, a code or #id), a tab and a label; a node may have
 * several lines. MKG_EPARSE with the line for one that has no tab, or whose name
 * several nodes with a vector have. MKG_NOTFOUND: no node of the file has a vector.
 * MKG_EARG, MKG_EIO, MKG_ENOMEM, MKG_ECANCEL. */
MKG_API mkg_status mkg_eval_labels(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                   const mkg_eval_labels_opts *opts,
                                   mkg_eval_labels_result *out, mkg_err *err);

/* ---- groups ---- */

typedef struct mkg_eval_groups_result {
    size_t nodes, groups;
    size_t left_out; /* nodes without a vector, or with several labels */
    double nmi, inertia;
} mkg_eval_groups_result;

/* Do vectors, scaled to length 1, group by themselves as the types of their nodes do,
 * or as the labels of `file` if it is not NULL? k-means with as many groups, the best
 * of 10 starts, against them: normalised mutual information. */
MKG_API mkg_status mkg_eval_groups(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                   uint64_t seed, unsigned threads,
                                   mkg_eval_groups_result *out, mkg_err *err);

/* ---- analogies ---- */

typedef struct mkg_eval_analogy_result {
    size_t cases;
    size_t skipped; /* a node is not there, or has no vector */
    double hits1, hits10, mrr;
} mkg_eval_analogy_result;

/* a is to b as c is to d: the rank of d by cosine with b - a + c, all of length 1,
 * among all rows but a, b and c (Mikolov, Yih & Zweig, NAACL 2013, "3CosAdd").
 *
 * `file`: lines of four nodes between tabs; a line that begins with ':' is a heading.
 */
MKG_API mkg_status mkg_eval_analogy(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                    mkg_eval_analogy_result *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
