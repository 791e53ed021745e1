/* What the files of the trainer share: the network with its weights as float32, one
 * lane's memory for a pass forward and backward, and the update.
 *
 * Gradients are those of the mean cross-entropy of the tokens that are to be written;
 * each is tested against finite differences (tests/test_lm_train.c). */
#ifndef MKG_TRAIN_INTERNAL_H
#define MKG_TRAIN_INTERNAL_H

#include "base/mem.h"
#include "base/rng.h"
#include "lm/model_internal.h"
#include "lm/tokenizer.h"
#include "lm/train.h"

#define MKG__NO_WEIGHT SIZE_MAX

/* A tensor of the network; `at` counts floats from the start of all values. */
typedef struct mkg__tensor {
    char name[96];
    size_t rows, cols, at;
    bool decays; /* a matrix: weight decay applies */
    bool inner;  /* a matrix between layers: neither embedding nor output */
} mkg__tensor;

/* y = x W^T + bias (+ scale x A^T B^T: low-rank adaptation, Hu et al.,
 * arXiv:2106.09685). Each member is where it begins in the values, or MKG__NO_WEIGHT.
 */
typedef struct mkg__linear {
    size_t in, out;
    size_t w, bias;
    size_t a, b; /* (rank, in), (out, rank) */
} mkg__linear;

typedef struct mkg__train_layer {
    size_t attn_norm, ffn_norm, q_norm, k_norm;
    mkg__linear q, k, v, o, gate, up, down;
} mkg__train_layer;

/* The network: values [0, frozen) stay as they are, [frozen, n) are trained. */
typedef struct mkg__net {
    const mkg_model *m; /* sizes, architecture, rotary positions; borrowed */
    mkg__tensor *tensors;
    size_t ntensors;
    float *value;
    size_t n, frozen;
    mkg__train_layer *layers;
    size_t embed, output_norm, output; /* output == embed where they are tied */
    size_t rank;                       /* of adapters, 0: none */
    float scale;                       /* alpha / rank */
} mkg__net;

/* Copy the weights of a model, packed or not. rank > 0: they stay frozen, and the
 * products of attention and feed-forward get adapters; A is noise drawn from `seed`,
 * B is 0. */
mkg_status mkg__net_new(const mkg_model *m, size_t rank, double alpha, uint64_t seed,
                        mkg__net *out, mkg_err *err);
void mkg__net_clear(mkg__net *net);
/* NULL if there is no tensor of this name. */
const mkg__tensor *mkg__net_find(const mkg__net *net, const char *name);

/* Texts that are computed together, one behind the other: text s has tokens
 * [start[s], start[s + 1]), and attends to itself alone. */
typedef struct mkg__shard {
    size_t n, ntexts, nwanted;
    uint32_t *tokens; /* (n) */
    size_t *start;    /* (ntexts + 1) */
    size_t *row;      /* (nwanted) positions whose next token counts … */
    uint32_t *want;   /* (nwanted) … and what it is */
} mkg__shard;

/* What a pass leaves of a layer for the way back. */
typedef struct mkg__trace {
    float *x, *h1, *q, *k, *v, *o, *mid, *h2, *gate, *up;
    float *inv1, *inv2; /* (n) 1 / rms */
    float *lse;         /* (n, heads) log of the sum of exp */
    float *q_raw, *k_raw, *q_inv,
        *k_inv; /* before the norm of heads, if there is one */
} mkg__trace;

/* Memory of one thread at work. */
typedef struct mkg__lane {
    const mkg__net *net;
    float *grad; /* (net->n - net->frozen) */
    mkg__trace *layers;
    size_t most, longest;       /* tokens of a shard, of a text */
    float *x, *dx, *d1;         /* (most, dim) */
    float *ff1, *ff2;           /* (most, ff) */
    float *dq, *dk, *dv, *dout; /* (most, heads * head_dim), … */
    float *scores, *dscores;    /* (longest, longest) */
    float *turns;               /* (most, rope dims) cosine and sine */
    float *low, *dlow;          /* (most, rank) */
    float *head, *dhead;        /* (MKG__HEAD_ROWS, dim) rows that give logits */
    float *logits;              /* (MKG__HEAD_ROWS, vocab) */
    double flops;               /* of products since it was set to 0 */
    void *memory[64];
    size_t nmemory;
} mkg__lane;

enum { MKG__HEAD_ROWS = 256 };

mkg_status mkg__lane_new(const mkg__net *net, size_t most, size_t longest,
                         mkg__lane *out, mkg_err *err);
void mkg__lane_clear(mkg__lane *lane);

typedef struct mkg__loss {
    double sum;    /* of cross-entropy, in nats */
    size_t wanted; /* tokens */
    size_t hits;   /* of them, the likeliest one was right */
    size_t whole;  /* texts of which every token was */
    size_t texts;
} mkg__loss;

/* Forward; where `weight` is not 0 backward too: adds weight times the gradient of the
 * sum of cross-entropy to lane->grad. Adds to *loss. */
void mkg__net_pass(mkg__lane *lane, const mkg__shard *shard, float weight,
                   mkg__loss *loss);

/* ---- attention: train_attention.c ---- */

/* From t->q, k, v to t->o and t->lse. */
void mkg__train_attend(mkg__lane *lane, const mkg__trace *t, const mkg__shard *shard);
/* From lane->dout to lane->dq, dk, dv; probabilities are computed anew. */
void mkg__train_attend_back(mkg__lane *lane, const mkg__trace *t,
                            const mkg__shard *shard);

/* ---- rows: train_rows.c ---- */

/* h = x * inv * w; inv = 1 / rms(x), for each of n rows. */
void mkg__rms_rows(const float *x, const float *w, size_t n, size_t dim, float eps,
                   float *h, float *inv);
/* dx (+)= gradient through it, dw += (NULL: frozen). `add`: to what is there. */
void mkg__rms_rows_back(const float *x, const float *w, const float *inv,
                        const float *dh, size_t n, size_t dim, bool add, float *dx,
                        float *dw);
/* a = silu(gate) * up over n values. */
void mkg__swiglu(const float *gate, const float *up, size_t n, float *a);
/* da becomes the gradient of up, *dgate is filled. */
void mkg__swiglu_back(const float *gate, const float *up, size_t n, float *da,
                      float *dgate);
/* p = exp(s - max) over n values, 0 behind them up to `all`; gives max and sum. */
void mkg__exp_row(float *s, size_t n, size_t all, float *max, float *sum);
/* s = exp(s - shift), n values. */
void mkg__exp_shift(float *s, size_t n, float shift);
/* Cross-entropy of one row of logits, which become weight * (p - 1 at want). *hit: was
 * `want` the likeliest? */
double mkg__cross_entropy(float *logits, size_t n, uint32_t want, float weight,
                          bool *hit);

/* ---- update: train_update.c ---- */

/* Factor that brings a gradient of this norm to at most `clip`. */
double mkg__clip_factor(double norm, double clip);
/* The share of the highest rate at a step: rises over `warmup`, falls as a cosine to
 * `end`. */
double mkg__rate_at(size_t step, size_t warmup, size_t steps, double end);

/* A matrix near to g (rows, cols) whose singular values are all about 1, by five steps
 * of a Newton-Schulz iteration (Jordan et al., "Muon", 2024): the direction in which
 * every part of the gradient counts alike. `scratch` has so many floats as
 * mkg__orthogonal_scratch() says; out (rows, cols) may be g. */
void mkg__orthogonal(const float *g, size_t rows, size_t cols, float *scratch,
                     float *out);
size_t mkg__orthogonal_scratch(size_t rows, size_t cols);

#endif
