/* The model behind link prediction and suggestions, and what it is compared with. */
#ifndef MKG_LINKS_INTERNAL_H
#define MKG_LINKS_INTERNAL_H

#include "base/mem.h"
#include "base/rng.h"
#include "embed/links.h"

/* A fact between two rows. */
typedef struct mkg__pair {
    uint32_t u, v; /* subject, object */
} mkg__pair;

/* Rows by type, for drawing nodes like another one. */
typedef struct mkg__pools {
    uint32_t *type;  /* (n) */
    uint32_t *row;   /* (n) rows, type by type */
    uint32_t *start; /* (types + 1) */
    size_t types;
} mkg__pools;
mkg_status mkg__pools_make(mkg_kg *kg, const mkg_id *node, size_t n, mkg__pools *out,
                           mkg_err *err);
void mkg__pools_clear(mkg__pools *p);

/* A pair like `fact` that is none: one end in place by a row of its type. `is_fact`
 * says what must not come out. False if none was found in a hundred draws. */
typedef bool (*mkg__is_fact_fn)(const void *ctx, uint32_t u, uint32_t v);
bool mkg__corrupt(const mkg__pools *p, mkg__pair fact, mkg__is_fact_fn is_fact,
                  const void *ctx, mkg__rng *r, mkg__pair *out);

/* What of the graph the model looks at. Rows are those of the vectors. */
typedef struct mkg__pair_world {
    const float *x;     /* (n, dim) */
    const float *scale; /* (n) 1 / length, 0 for a row of zeros */
    size_t n, dim;
    const uint32_t *degree; /* (n) */
    const mkg__pools *pools;
    mkg__is_fact_fn is_fact; /* of what may be known */
    const void *fact_ctx;
} mkg__pair_world;

enum { MKG__PAIR_FEATURES = 10 };

/* For one relation. Features of a pair (u, v):
 *   0  cosine of v with the sum of what u has by the relation (vectors of length 1)
 *   1  cosine of u with the sum of those that have v
 *   2…5  log(1 + number of facts of u, v), log(1 + degree of u, v)
 *   6, 7  1 where u, v have no fact of the relation
 *   8, 9  0 times 2, 1 times 3
 * A fact that is known does not count for itself: it is taken out of the sums first. So
 * what is learnt from known facts holds for unknown ones. */
typedef struct mkg__pair_model {
    const mkg__pair_world *w;
    bool symmetric;
    uint32_t *slot[2];  /* (n) of a row as subject, object; UINT32_MAX: none */
    float *sum[2];      /* (slots, dim) */
    double *square[2];  /* (slots) |sum|^2 */
    uint32_t *count[2]; /* (slots) */
    float with[MKG__PAIR_FEATURES + 1], without[MKG__PAIR_FEATURES + 1];
    double mean[MKG__PAIR_FEATURES], spread[MKG__PAIR_FEATURES];
} mkg__pair_model;

/* Fit on facts of the relation and as many corrupted ones. mkg__pair_model_clear() it,
 * in any case. */
mkg_status mkg__pair_model_fit(mkg__pair_model *m, const mkg__pair_world *w,
                               const mkg__pair *fact, size_t n, bool symmetric,
                               uint64_t seed, mkg_err *err);
void mkg__pair_model_clear(mkg__pair_model *m);

/* Log of the odds of a pair that is not known; *without (may be NULL): from degrees
 * alone. */
float mkg__pair_model_score(const mkg__pair_model *m, uint32_t u, uint32_t v,
                            float *without);
/* Facts of a row as subject (0) or object (1). */
uint32_t mkg__pair_model_count(const mkg__pair_model *m, unsigned end, uint32_t row);

/* ---- what needs no vectors ---- */

/* Scores of one row `source` with others, by what lies around it in the view. */
typedef struct mkg__around {
    const mkg_graph *g;
    uint32_t source;
    float *common, *adamic, *third; /* (n); `third`: weight of paths of two edges */
    uint32_t *touched;              /* rows that are not 0 */
    size_t ntouched;
} mkg__around;
mkg_status mkg__around_make(mkg__around *a, const mkg_graph *g, mkg_err *err);
void mkg__around_clear(mkg__around *a);
void mkg__around_set(mkg__around *a, uint32_t source);
float mkg__around_paths(const mkg__around *a, uint32_t other);

#endif
