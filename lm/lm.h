/* Making an answer out of evidence. One interface, several ways behind it: the evidence
 * set out as it is ("none"), a model file that the user has (GGUF), or a remote
 * OpenAI-compatible endpoint, or the built-in model. */
#ifndef MKG_LM_H
#define MKG_LM_H

#include "base/base.h"
#include "retrieve/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_lm mkg_lm;

typedef struct mkg_lm_opts {
    const char *model;   /* remote: model name; NULL: $MEDKG_LM_MODEL, else "default" */
    unsigned connect_ms; /* remote: time to connect, 0: 10,000 */
    unsigned idle_ms;    /* remote: longest silence, 0: 120,000 */
    unsigned retries;    /* remote: further tries after 429, 5xx or a lost connection
                            before the first word, not after silence; back-off doubles from
                            500 ms */
    unsigned backoff_ms; /* first wait, 0: 500 */
    bool allow_phi;      /* remote: evidence from patients' records may be sent */
    unsigned max_tokens; /* 0: 1024 */
    unsigned threads;    /* gguf, builtin: 0: one for each core */
    double temperature;  /* 0: greedy */
    const char *data;    /* builtin: the folder with its files, borrowed for the call of
                            mkg_lm_open() */
    bool free_form;      /* gguf, builtin: do not hold decoding to the evidence; for
                            comparing */
} mkg_lm_opts;
#define MKG_LM_OPTS_INIT                                                               \
    {                                                                                  \
        .retries = 3                                                                   \
    }

/* The built-in model within the data folder, and whether it is there. */
#define MKG_LM_BUILTIN "models/medkg.gguf"
MKG_API bool mkg_lm_has_builtin(const char *data);

/* `spec` is what stands after --lm: "none", "builtin", a FILE.gguf, or a URL. MKG_ELM
 * for a model file that is missing or cannot be used. mkg_lm_free() it. */
MKG_API mkg_status mkg_lm_open(const char *spec, const mkg_lm_opts *opts, mkg_lm **out,
                               mkg_err *err);
MKG_API void mkg_lm_free(mkg_lm *lm);

/* A piece of the answer as it is written; return non-zero to stop. */
typedef int (*mkg_lm_token_fn)(void *ctx, const char *text, size_t n);

typedef struct mkg_sentence {
    const char *text;
    const size_t *cites; /* numbers of the evidence, from 1 */
    size_t ncites;
    bool supported; /* the facts that it cites say so, or it says that there are none */
} mkg_sentence;

typedef struct mkg_answer {
    const char *text;        /* what is left after verification */
    const char *draft;       /* what a model wrote; NULL where none did */
    mkg_sentence *sentences; /* of the text */
    size_t nsentences;
    const char **removed; /* sentences that were not supported */
    const char **reasons; /* … and why, static: see docs/generator.md */
    size_t nremoved;
    const char *backend, *model;  /* "none", "builtin", "gguf", "remote" */
    size_t prompt_tokens, tokens; /* 0 where unknown */
    double ms;
    mkg__arena arena;
} mkg_answer;

/* Answer the question of `e` from its pieces. `on_token` may be NULL; what it gets is
 * unverified and only what `out->text` holds is the answer. With no evidence the answer
 * says so, and no model is asked.
 * MKG_ELM for the endpoint's failures, MKG_EPOLICY if evidence may not leave the
 * machine. mkg_answer_free() it. */
MKG_API mkg_status mkg_lm_answer(mkg_lm *lm, const mkg_evidence *e,
                                 mkg_lm_token_fn on_token, void *ctx, mkg_answer **out,
                                 mkg_err *err);
MKG_API void mkg_answer_free(mkg_answer *a);

#ifdef __cplusplus
}
#endif
#endif
