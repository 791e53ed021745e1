/* What the files of the transformer share. */
#ifndef MKG_MODEL_INTERNAL_H
#define MKG_MODEL_INTERNAL_H

#include "base/mem.h"
#include "base/team.h"
#include "lm/kernels.h"
#include "lm/model.h"

/* How an architecture differs from llama. */
typedef struct mkg__arch {
    const char *name;
    bool rope_halves; /* turns (i, i + half) together, not (2 i, 2 i + 1) */
    bool qkv_bias;
    bool qk_norm; /* RMS norm of each head of q and k */
} mkg__arch;

/* NULL if there is none of that name. */
const mkg__arch *mkg__arch_find(mkg_view name);
const char *mkg__arch_names(void);

/* Rotary positions (Su et al., arXiv:2104.09864): pair i of a head turns by
 * position * freq[i], then is scaled. Linear and YaRN scaling (Peng et al.,
 * arXiv:2309.00071) and llama 3's are in freq and scale. */
typedef struct mkg__rope {
    double *freq; /* (dims / 2) */
    float scale;
    size_t dims; /* of a head that turn: the first ones, an even number */
    bool halves;
} mkg__rope;

/* Read the keys `arch`.rope.*; m->info is filled. */
mkg_status mkg__rope_load(mkg_model *m, mkg_err *err);
/* cos and sin, (dims / 2) each, of a position. */
void mkg__rope_at(const mkg__rope *r, size_t position, float *cos_sin);
/* Turn one head in place. */
void mkg__rope_turn(const mkg__rope *r, const float *cos_sin, float *head);

typedef struct mkg__layer {
    const float *attn_norm, *ffn_norm;              /* (dim) */
    const float *q_norm, *k_norm;                   /* (head_dim) or NULL */
    const float *q_bias, *k_bias, *v_bias, *o_bias; /* or NULL */
    mkg__mat q, k, v, o, gate, up, down;
} mkg__layer;

struct mkg_model {
    mkg_gguf *gguf;
    const mkg__arch *arch;
    mkg_model_info info;
    float eps;
    mkg__rope rope;
    mkg__mat embed, output;
    const float *output_norm;
    mkg__layer *layers;
    mkg__arena arena; /* layers, frequencies, vectors that are not F32 in the file */
};

/* ---- products of matrices ---- */

/* out[t * stride + r] = row r of w times row t of the input. */
typedef struct mkg__product {
    const mkg__mat *w;
    float *out;
    size_t stride;
} mkg__product;

/* What the threads need to multiply; `floats`: with the activations as they are. */
typedef struct mkg__matmul {
    const mkg__kernels *k;
    mkg__team *team;
    bool floats;
    size_t most_tokens, most_cols;
    char *scratch; /* for each thread */
    size_t scratch_bytes;
} mkg__matmul;

mkg_status mkg__matmul_init(mkg__matmul *m, const mkg__kernels *k, mkg__team *team,
                            bool floats, size_t most_tokens, size_t most_cols,
                            mkg_err *err);
void mkg__matmul_clear(mkg__matmul *m);

/* Up to 3 products of one input. `a` is rounded where any of them needs it. */
void mkg__matmul_run(const mkg__matmul *m, const mkg__product *list, size_t n,
                     const mkg__acts *a);
/* Does a product with w read the rounded activations? */
bool mkg__matmul_rounds(const mkg__matmul *m, const mkg__mat *w);

#endif
