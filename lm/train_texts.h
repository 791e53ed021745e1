/* Texts as tokens, and how they are put together for a pass. */
#ifndef MKG_TRAIN_TEXTS_H
#define MKG_TRAIN_TEXTS_H

#include "lm/train_internal.h"

typedef struct mkg__text {
    size_t at;       /* first token */
    uint32_t n;      /* tokens, the end included */
    uint32_t prompt; /* of them: what is given */
} mkg__text;

struct mkg_texts {
    mkg__text *texts;
    size_t n, cap;
    uint32_t *tokens;
    size_t ntokens, tokens_cap;
    size_t left_out;
};

/* The order in which n texts are seen in an epoch. */
void mkg__texts_shuffle(uint32_t *order, size_t n, uint64_t seed, size_t epoch);

/* Room for shards of up to `most` tokens. */
mkg_status mkg__shard_new(size_t most, mkg__shard *out, mkg_err *err);
void mkg__shard_clear(mkg__shard *s);
void mkg__shard_empty(mkg__shard *s);
/* Add a text; there is room for it. */
void mkg__shard_add(mkg__shard *s, const mkg_texts *t, size_t text);

#endif
