/* Running a model: tokens in, logits out. A session holds what the tokens before have
 * left in the key-value cache, so that a text costs one pass, and a common beginning of
 * several texts is computed once. */
#ifndef MKG_SESSION_H
#define MKG_SESSION_H

#include "lm/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_session mkg_session;

typedef struct mkg_session_opts {
    size_t context;   /* most tokens; 0: what the model was trained for, but 4,096 at
                         most */
    unsigned threads; /* 0: one for each core */
    /* Type of the key-value cache: MKG_F16, MKG_F32 or MKG_Q8_0 (8 bits, a scale for 32
     * values). MKG_F32 is meant where `exact` is set. */
    mkg_tensor_type cache;
    /* Products of packed weights with the activations as they are, not rounded to 8
     * bits: slower by far, for comparing with other programs. The cache is F32. */
    bool exact;
    size_t batch; /* most tokens that are computed together; 0: 128 */
} mkg_session_opts;
#define MKG_SESSION_OPTS_INIT                                                          \
    {                                                                                  \
        .cache = MKG_F16                                                               \
    }

/* The model is borrowed until mkg_session_free(). MKG_EARG for options that make no
 * sense, MKG_ENOMEM. One thread at a time may use a session. */
MKG_API mkg_status mkg_session_new(const mkg_model *m, const mkg_session_opts *opts,
                                   mkg_session **out, mkg_err *err);
MKG_API void mkg_session_free(mkg_session *s);

MKG_API size_t mkg_session_context(const mkg_session *s); /* most tokens */
MKG_API size_t mkg_session_vocab(const mkg_session *s);   /* logits of a token */
MKG_API size_t mkg_session_bytes(const mkg_session *s);   /* of the key-value cache */
/* Tokens in the cache, borrowed until the next call that changes them. */
MKG_API const uint32_t *mkg_session_tokens(const mkg_session *s, size_t *n);
/* Keep the first n tokens; n is not above their number. */
MKG_API void mkg_session_rewind(mkg_session *s, size_t n);

/* Called for each token of a batch with the logits (vocab) of what may follow it;
 * borrowed for the call. Non-zero stops, with MKG_ECANCEL. */
typedef int (*mkg_logits_fn)(void *ctx, size_t i, const float *logits);

/* Append n tokens. The logits of the last one go to `logits` (vocab), which may be
 * NULL. The result has the same bits for any number of threads, any instruction set,
 * and however the tokens are cut into calls and batches.
 *
 * MKG_EARG for a token that is not in the vocabulary, or when the context is full;
 * MKG_ELM where the weights lead to numbers that are not finite. After a failure the
 * tokens of the call are not in the session. Allocates nothing. */
MKG_API mkg_status mkg_session_eval(mkg_session *s, const uint32_t *tokens, size_t n,
                                    float *logits, mkg_err *err);
/* The same with the logits of each of the tokens. */
MKG_API mkg_status mkg_session_eval_all(mkg_session *s, const uint32_t *tokens,
                                        size_t n, mkg_logits_fn fn, void *ctx,
                                        mkg_err *err);

/* Make `tokens` the contents of the session: what it has in common with them from the
 * start is kept, the rest computed. *kept, if not NULL, is the number of tokens that
 * were there. n > 0; the last token is always computed, for its logits. */
MKG_API mkg_status mkg_session_set(mkg_session *s, const uint32_t *tokens, size_t n,
                                   float *logits, size_t *kept, mkg_err *err);

/* Write tokens and cache to a file (docs/formats.md), and read them back into a session
 * of the same model with the same kind of cache. MKG_NOTFOUND if there is no file, or
 * it belongs to another model, kind or version, or is longer than the context: the
 * session is then empty, and nothing is wrong. MKG_EPARSE if it is damaged. */
MKG_API mkg_status mkg_session_save(const mkg_session *s, const char *path,
                                    mkg_err *err);
MKG_API mkg_status mkg_session_load(mkg_session *s, const char *path, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
