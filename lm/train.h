/* Training a model of the llama family: from the start, on from a file, or low-rank
 * adapters for one (LoRA, Hu et al., arXiv:2106.09685). Float32 on the processor;
 * products by OpenBLAS.
 *
 * A text is a prompt and what is to be written behind it; only the second part counts.
 * AdamW (Loshchilov and Hutter, arXiv:1711.05101), for the matrices between layers
 * optionally Muon (Jordan et al., 2024; scaled as Liu et al., arXiv:2502.16982, so that
 * the same rate serves both), gradients clipped by their norm, a rate that rises and
 * then falls as a cosine. The same files, options and seed give the same weights on any
 * number of threads. */
#ifndef MKG_TRAIN_H
#define MKG_TRAIN_H

#include "lm/model.h"
#include "lm/tokenizer.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a model to begin with ---- */

typedef struct mkg_shape {
    size_t layers, dim, heads, kv_heads, ff, context;
} mkg_shape;

/* Write a llama model of random weights with the vocabulary of `vocab` (a GGUF file,
 * with or without tensors) to `path`, F32, the output tied to the embedding. Matrices
 * are normal with deviation 0.02, those that add to the stream divided by the root of
 * twice the layers (GPT-2). MKG_EARG for a shape that makes no sense. */
MKG_API mkg_status mkg_model_make(const char *path, const char *vocab,
                                  const mkg_shape *shape, uint64_t seed, mkg_err *err);

/* ---- texts ---- */

typedef struct mkg_texts mkg_texts;

/* Read JSON Lines with the members "prompt" and "answer" (others are passed over).
 * Control tokens stand by name in a prompt; an answer is followed by the token that
 * ends a text. Texts of more than `longest` tokens are counted and left out. MKG_EPARSE
 * with file and line for what is no such line; MKG_ECANCEL. mkg_texts_free() it. */
MKG_API mkg_status mkg_texts_load(const char *path, const mkg_tok *tok, size_t longest,
                                  mkg_progress_fn progress, void *ctx, mkg_texts **out,
                                  mkg_err *err);
MKG_API void mkg_texts_free(mkg_texts *t);
MKG_API size_t mkg_texts_count(const mkg_texts *t);
MKG_API size_t mkg_texts_tokens(const mkg_texts *t); /* of all texts */
MKG_API size_t mkg_texts_left_out(const mkg_texts *t);

/* ---- training ---- */

typedef struct mkg_train_opts {
    size_t steps;          /* in all; the rate falls towards the last */
    size_t warmup;         /* steps in which the rate rises */
    size_t batch;          /* tokens of a step, about */
    size_t shard;          /* tokens that are computed together; bounds the memory */
    size_t longest;        /* tokens of a text */
    unsigned lanes;        /* parts of a batch that can be worked on at once: the result
                              depends on it, not on the threads */
    unsigned threads;      /* 0: one for each core; not above lanes */
    double rate, rate_end; /* highest; and the last one as a share of it */
    double beta1, beta2, decay, clip;
    bool muon; /* for matrices between layers */
    uint64_t seed;
    size_t rank;  /* of adapters; 0: all weights are trained */
    double alpha; /* of adapters; 0: twice the rank */
} mkg_train_opts;
#define MKG_TRAIN_OPTS_INIT                                                            \
    {                                                                                  \
        .steps = 1000, .warmup = 100, .batch = 8192, .shard = 2048, .longest = 512,    \
        .lanes = 2, .rate = 1e-3, .rate_end = 0.05, .beta1 = 0.9, .beta2 = 0.98,       \
        .decay = 0.1, .clip = 1, .seed = 1                                             \
    }

typedef struct mkg_trainer mkg_trainer;

/* The model is borrowed until mkg_trainer_free() and not changed. MKG_EARG for options
 * that make no sense; MKG_EIO without OpenBLAS. */
MKG_API mkg_status mkg_trainer_new(const mkg_model *m, const mkg_train_opts *opts,
                                   mkg_trainer **out, mkg_err *err);
MKG_API void mkg_trainer_free(mkg_trainer *t);

typedef struct mkg_train_step {
    size_t step;  /* steps done */
    size_t epoch; /* times that all texts were seen */
    double loss;  /* mean cross-entropy of a token of this step's answers, in nats */
    double norm;  /* of the gradient, before it is clipped */
    double rate;
    size_t tokens;  /* of this step */
    double seconds; /* of this step */
    double flops;   /* of its products of matrices */
} mkg_train_step;

/* One step over the next texts, which are drawn without repeating until all were seen.
 * MKG_END when all steps are done; MKG_ELM when the loss is no longer finite: nothing
 * was changed. */
MKG_API mkg_status mkg_trainer_step(mkg_trainer *t, const mkg_texts *texts,
                                    mkg_train_step *out, mkg_err *err);

typedef struct mkg_train_score {
    double loss;   /* mean cross-entropy of a token */
    double tokens; /* share of tokens of which the likeliest one is right */
    double texts;  /* share of texts of which all tokens are */
} mkg_train_score;

/* Score on texts that are not trained on. */
MKG_API mkg_status mkg_trainer_score(mkg_trainer *t, const mkg_texts *texts,
                                     mkg_train_score *out, mkg_err *err);

MKG_API size_t mkg_trainer_trained(const mkg_trainer *t); /* values that change */

/* Losses so far, one a step; borrowed until the next step. */
MKG_API const float *mkg_trainer_losses(const mkg_trainer *t, size_t *n);

/* All that training needs to go on, as a GGUF file, and back into a trainer of the same
 * model, options (steps may differ) and texts: what follows is the same as without a
 * break. MKG_NOTFOUND if there is no such file; MKG_EPARSE if it does not fit. */
MKG_API mkg_status mkg_trainer_save(const mkg_trainer *t, const char *path,
                                    mkg_err *err);
MKG_API mkg_status mkg_trainer_load(mkg_trainer *t, const char *path, mkg_err *err);

/* Write the model, adapters merged, its matrices as `type`: MKG_F32, MKG_F16,
 * MKG_BF16, MKG_Q8_0 or MKG_Q4_0 (rows that are no whole number of blocks: F16). `name`
 * is general.name, NULL for that of the model it began with. */
MKG_API mkg_status mkg_trainer_export(const mkg_trainer *t, const char *path,
                                      uint32_t type, const char *name, mkg_err *err);

/* A picture of the losses, SVG: each step as a point, a running mean as a line, scores
 * on other texts as marks (step, loss), n of them. */
MKG_API mkg_status mkg_trainer_plot(const mkg_trainer *t, const char *path,
                                    const double (*scores)[2], size_t n, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
