/* Chat templates: the words between the words that a model was taught to take turns by.
 * Three families are known; the Jinja program of a file is only looked at to tell which
 * of them it is. */
#ifndef MKG_TEMPLATE_H
#define MKG_TEMPLATE_H

#include "lm/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkg_template {
    MKG_TEMPLATE_NONE = 0, /* a model without turns, or of another family */
    /* <|im_start|>role\ntext<|im_end|>\n */
    MKG_TEMPLATE_CHATML,
    /* <s>[INST] <<SYS>>\nsystem\n<</SYS>>\n\nuser [/INST] assistant </s> */
    MKG_TEMPLATE_LLAMA2,
    /* <|start_header_id|>role<|end_header_id|>\n\ntext<|eot_id|> */
    MKG_TEMPLATE_LLAMA3
} mkg_template;

/* "none", "chatml", "llama2", "llama3". */
MKG_API const char *mkg_template_name(mkg_template kind);
/* By name, for a user who knows better; MKG_NOTFOUND if it is none of these. */
MKG_API mkg_status mkg_template_parse(const char *name, mkg_template *out);

/* Which family a file's template is of: by tokenizer.chat_template, or, where that is
 * missing, by the control tokens of the vocabulary. Only a family whose control tokens
 * the vocabulary has is given. */
MKG_API mkg_template mkg_template_detect(const mkg_gguf *g, const mkg_tok *t);

typedef enum mkg_role { MKG_SYSTEM, MKG_USER, MKG_ASSISTANT } mkg_role;

typedef struct mkg_turn {
    mkg_role role;
    mkg_view text;
} mkg_turn;

enum {
    MKG_TEMPLATE_ANSWER = 1,  /* open the assistant's turn at the end */
    MKG_TEMPLATE_NO_THINK = 2 /* chatml, where the vocabulary has <think>: an empty
                                 thought, so that the model answers at once */
};

/* Append the tokens of a conversation, the one that begins a text included where the
 * file asks for it. Control tokens are put in as tokens: a turn's text is never read
 * for them, so no text can end its turn or begin another. A system turn stands first
 * or nowhere. MKG_TEMPLATE_NONE sets the texts out one below the other.
 * MKG_EARG for a conversation that the family cannot express: a system turn in the
 * middle, or (llama2) two turns of one role in a row. */
MKG_API mkg_status mkg_template_apply(mkg_template kind, const mkg_tok *t,
                                      const mkg_turn *turns, size_t n, unsigned flags,
                                      mkg_tokens *out, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
