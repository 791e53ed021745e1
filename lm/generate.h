/* Writing on: token after token, each chosen from the logits that the ones before it
 * give. */
#ifndef MKG_GENERATE_H
#define MKG_GENERATE_H

#include "lm/constrain.h"
#include "lm/sample.h"
#include "lm/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_generate_opts {
    mkg_sample_opts sample;
    size_t max_tokens; /* cut off by the context too */
    /* What may be written; NULL: anything. Borrowed; begun anew by the caller. */
    mkg_constraint *constraint;
} mkg_generate_opts;
#define MKG_GENERATE_OPTS_INIT                                                         \
    {                                                                                  \
        .sample = MKG_SAMPLE_OPTS_INIT, .max_tokens = 256                              \
    }

typedef struct mkg_generated {
    size_t prompt;         /* tokens of it */
    size_t kept;           /* of these, so many were in the session already */
    size_t tokens;         /* written, the one that ends the text not counted */
    bool ended;            /* by such a token, not by a limit */
    double prompt_seconds; /* for the prompt */
    double seconds;        /* for the tokens */
} mkg_generated;

/* A piece of what is written, valid UTF-8, borrowed for the call; non-zero stops with
 * MKG_ECANCEL. */
typedef int (*mkg_text_fn)(void *ctx, const char *text, size_t n);

/* Make the session hold the prompt (n > 0 tokens) and write on, until a token ends the
 * text, or a limit is reached. The session holds all of it afterwards.
 * MKG_EARG for a prompt that does not fit, MKG_ELM if the tokenizer is not the model's,
 * or the model fails. */
MKG_API mkg_status mkg_generate(mkg_session *s, const mkg_tok *tok,
                                const uint32_t *prompt, size_t n,
                                const mkg_generate_opts *opts, mkg_text_fn on_text,
                                void *ctx, mkg_generated *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
