/* Choosing the next token from a model's logits. */
#ifndef MKG_SAMPLE_H
#define MKG_SAMPLE_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Applied in this order: what a constraint forbids is taken away; repetition penalty;
 * top-k; top-p; min-p; temperature; one draw. The three cuts look at the probabilities
 * before temperature, as llama.cpp's do. */
typedef struct mkg_sample_opts {
    float temperature;    /* 0: the likeliest token, and the cuts do not matter */
    uint32_t top_k;       /* the k likeliest, 0: all */
    float top_p;          /* the likeliest that make up this much, 1: all
                             (Holtzman et al., ICLR 2020) */
    float min_p;          /* at least this part of the likeliest one's, 0: all */
    float repeat_penalty; /* divides positive logits of recent tokens, multiplies
                             negative ones; 1: none (Keskar et al., 2019) */
    uint32_t repeat_last; /* how many tokens are recent */
    uint64_t seed;        /* the same seed and logits give the same tokens */
} mkg_sample_opts;
#define MKG_SAMPLE_OPTS_INIT                                                           \
    {                                                                                  \
        .temperature = 0, .top_k = 40, .top_p = 0.95f, .min_p = 0.05f,                 \
        .repeat_penalty = 1, .repeat_last = 64, .seed = 1                              \
    }

typedef struct mkg_sampler mkg_sampler;

/* For a vocabulary of n tokens. MKG_EARG for an option out of its range. Nothing is
 * allocated after this. mkg_sampler_free() it. */
MKG_API mkg_status mkg_sampler_new(const mkg_sample_opts *opts, uint32_t n,
                                   mkg_sampler **out, mkg_err *err);
MKG_API void mkg_sampler_free(mkg_sampler *s);

/* Choose from logits (n), borrowed. `allow` has bit i % 64 of word i / 64 set where
 * token i may be chosen (mkg_constraint_mask()); NULL: all. A logit of minus infinity
 * is never chosen. Of equal logits the lower id comes first. The token is not yet
 * counted as recent. MKG_ELM if a logit is not a number, or if no token may be chosen.
 */
MKG_API mkg_status mkg_sampler_pick(mkg_sampler *s, const float *logits,
                                    const uint64_t *allow, uint32_t *out, mkg_err *err);
/* Count a token (id < n) as recent. */
MKG_API void mkg_sampler_accept(mkg_sampler *s, uint32_t id);
/* Forget the recent tokens and begin the random numbers anew. */
MKG_API void mkg_sampler_reset(mkg_sampler *s);

#ifdef __cplusplus
}
#endif
#endif
