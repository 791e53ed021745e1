/* Making the vocabulary of the built-in model from examples that mkg_examples_write()
 * wrote: byte-pair encoding with byte fallback, in the form that SentencePiece gives it
 * (tokenizer.ggml.model "llama").
 *
 * Pieces never join a Han character with anything else, a digit with anything, the name
 * of a thing with what stands beside it in a sentence; a blank belongs to the word
 * behind it. So a name is cut the same way in the evidence and in the answer.
 *
 * Source: Sennrich et al., ACL 2016; ties and the order of joining as lm/tok_spm.c
 * encodes, so that a word is cut as it was when the pieces were learnt. */
#ifndef MKG_VOCAB_H
#define MKG_VOCAB_H

#include "lm/gguf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_vocab_opts {
    size_t size;   /* tokens in all, those with fixed ids too */
    uint64_t seen; /* a character becomes a token if it is seen so often */
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_vocab_opts;
#define MKG_VOCAB_OPTS_INIT                                                            \
    {                                                                                  \
        .size = 6144, .seen = 20                                                       \
    }

typedef struct mkg_vocab_info {
    size_t lines, size;          /* read; tokens written */
    size_t fixed, chars, pieces; /* of them: with fixed ids, characters, joined ones */
    size_t left_out;             /* characters that fall to bytes */
} mkg_vocab_info;

/* Learn from the lines of n files ({"prompt", "answer", "evidence"} of each) and write
 * the vocabulary as a GGUF file without tensors. Ids: 0 unknown, 1 <s>, 2 </s>, then
 * 256 bytes, the control tokens of lm/compact.h, the citation marks "[1]" … "[64]",
 * then characters and pieces. The same lines and options give the same bytes. MKG_EARG
 * if `size` does not hold what is fixed, MKG_EPARSE for a line that is no example. */
MKG_API mkg_status mkg_vocab_train(const char *const *files, size_t n,
                                   const mkg_vocab_opts *o, const char *path,
                                   mkg_vocab_info *info, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
