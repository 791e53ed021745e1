/* A model that runs here: what the user's and the built-in one have in common. */
#ifndef MKG_LOCAL_INTERNAL_H
#define MKG_LOCAL_INTERNAL_H

#include "lm/generate.h"
#include "lm/lm_internal.h"
#include "lm/template.h"
#include "lm/wording.h"

struct mkg__local {
    mkg_model *model;
    mkg_tok *tok;
    mkg_template template;
    mkg_session *session;
    mkg_lexicon *lexicon;  /* made when it is needed */
    mkg__wordings *frames; /* builtin; NULL: the forms of the relations alone */
};

enum { MKG__ANSWER_TOKENS = 1024 };

/* Open a model file, with a context of at most so many tokens. */
mkg_status mkg__local_open(mkg_lm *lm, const char *path, size_t context, mkg_err *err);

/* Write on behind the prompt (n > 0 tokens), within the constraint if there is one. */
mkg_status mkg__local_write(mkg_lm *lm, const mkg_tokens *prompt, mkg_constraint *c,
                            mkg_lm_token_fn on_token, void *ctx, mkg__draft *out,
                            mkg_err *err);

/* The lexicon of the model's vocabulary, borrowed. */
mkg_status mkg__local_lexicon(struct mkg__local *l, const mkg_lexicon **out,
                              mkg_err *err);

#endif
