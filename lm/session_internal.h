/* The inside of a session. */
#ifndef MKG_SESSION_INTERNAL_H
#define MKG_SESSION_INTERNAL_H

#include "lm/model_internal.h"
#include "lm/session.h"

/* Keys and values of the tokens so far. A block holds 32 positions of one head of one
 * layer: keys (dim, 32), so that scores come out side by side, then values (32, dim);
 * Q8_0: keys, values, then scales (dim / 32, 32) and (32, dim / 32) as half floats.
 * Blocks of a head follow one another; heads, then layers. `dim` is the length of a
 * head rounded up to 16; what is too much is zero. */
typedef struct mkg__cache {
    mkg_tensor_type type;
    size_t layers, heads, head_dim, dim;
    size_t blocks; /* of each head */
    size_t block_bytes;
    size_t bytes;
    char *data, *base; /* data is aligned within base */
} mkg__cache;

mkg_status mkg__cache_init(mkg__cache *c, const mkg_model_info *info,
                           mkg_tensor_type type, size_t context, mkg_err *err);
void mkg__cache_clear(mkg__cache *c);
char *mkg__cache_block(const mkg__cache *c, size_t layer, size_t head, size_t block);
/* Keep key and value (head_dim each) of a position. */
void mkg__cache_put(const mkg__cache *c, const mkg__kernels *k, size_t layer,
                    size_t head, size_t position, const float *key, const float *value);
/* A block as floats: keys (dim, 32) and values (32, dim), either within the cache or in
 * `room` (2 * 32 * dim). */
void mkg__cache_get(const mkg__cache *c, const mkg__kernels *k, size_t layer,
                    size_t head, size_t block, float *room, const float **keys,
                    const float **values);
/* Forget what stands in the last block behind the first n positions. */
void mkg__cache_cut(const mkg__cache *c, size_t n);

/* Attention of n tokens from `position` on, whose keys and values are in the cache.
 * q    (kv head, token, head of its group, dim), scaled by 1 / sqrt(head_dim)
 * out  (n, heads * head_dim) */
typedef struct mkg__attention {
    const mkg__cache *cache;
    const mkg__kernels *k;
    mkg__team *team;
    size_t layer, position, n, group; /* group: heads that share a key-value head */
    const float *q;
    float *out;
    char *scratch;
    size_t scratch_bytes; /* of a thread */
} mkg__attention;

size_t mkg__attention_scratch(const mkg__cache *c);
void mkg__attention_run(const mkg__attention *a);

struct mkg_session {
    const mkg_model *model;
    const mkg__kernels *k;
    mkg__team *team;
    mkg__matmul matmul;
    mkg__cache cache;
    size_t context, batch;
    bool exact;
    uint32_t *tokens;
    size_t n;

    /* of a batch */
    float *x;              /* (batch, dim) the stream */
    float *h;              /* (batch, dim) normalised, or what is added to the stream */
    float *q, *k_rows, *v; /* (batch, heads or kv_heads * head_dim) */
    float *q_heads;        /* as attention wants it */
    float *att;            /* (batch, heads * head_dim) */
    float *gate, *up;      /* (batch, ff) */
    float *turns;          /* (batch, rope dims) cos and sin */
    float *logits;         /* (vocab) */
    mkg__acts acts;        /* room for the widest input */
    char *att_scratch;
};

/* Tokens [at, at + n) of the session's list, n <= batch. Logits: of each token to fn,
 * or of the last one to `logits`; both may be NULL. */
mkg_status mkg__forward(mkg_session *s, size_t at, size_t n, float *logits,
                        mkg_logits_fn fn, void *ctx, size_t first, mkg_err *err);

#endif
