/* Measuring answers on cases with known facts, as `medkg lm data --split test` writes
 * them. */
#ifndef MKG_EVAL_ANSWERS_H
#define MKG_EVAL_ANSWERS_H

#include "lm/lm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a model wrote, before anything was removed. Shares are of what stands in
 * brackets; NaN where there is none. */
typedef struct mkg_answers_part {
    char name[32]; /* kind of the cases, "all" */
    size_t cases;
    double exact;     /* cited facts whose name stands in front of the citation, to the
                         letter (citations) */
    double complete;  /* all gold facts told and cited (cases that have some) */
    double precision; /* cited facts that their sentence tells (citations); Gao et al.,
                         EMNLP 2023, checked against the facts instead of by a model */
    double recall;    /* sentences that the facts which they cite support (sentences) */
    double refused;   /* cites nothing (cases without gold facts) */
    double kept_quiet; /* cites nothing (cases with gold facts): should be 0 */
    double extra;      /* cited facts that are not gold (citations) */
    size_t foreign;    /* names of other cases that neither evidence nor question has */
    size_t removed;    /* sentences that were taken out */
    size_t in_form;    /* answers that the closed constraint allows */
} mkg_answers_part;

enum { MKG_ANSWERS_PARTS = 16 };
typedef struct mkg_answers_score {
    mkg_answers_part all, parts[MKG_ANSWERS_PARTS];
    size_t nparts;
    size_t fallbacks; /* nothing was left: the evidence itself was the answer */
    size_t tokens;
    double seconds, p50, p95; /* of answering; of one answer */
} mkg_answers_score;

typedef struct mkg_answers_opts {
    const char *data; /* folder with the wordings, for `in_form`; NULL: not looked at */
    size_t limit;     /* cases, 0: all */
    bool gold;        /* measure the file's own answers; `lm` is not asked */
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_answers_opts;

/* Called for each case that is not perfect. */
typedef void (*mkg_answers_fn)(void *ctx, const char *json_case, const mkg_evidence *e,
                               const mkg_answer *a);

/* MKG_EPARSE with the line for what is no case. */
MKG_API mkg_status mkg_eval_answers(mkg_lm *lm, const char *path,
                                    const mkg_answers_opts *o, mkg_answers_fn fn,
                                    void *ctx, mkg_answers_score *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
