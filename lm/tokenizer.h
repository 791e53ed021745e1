/* Text to the tokens of a model and back, with the tokenizer that its GGUF file holds:
 * byte-level BPE (model "gpt2") or SentencePiece BPE with byte fallback ("llama").
 *
 * Sources: Sennrich et al., ACL 2016 (BPE); Kudo & Richardson, EMNLP 2018
 * (SentencePiece); the pre-tokenizers' expressions as OpenAI (GPT-2), Meta (Llama 3)
 * and Alibaba (Qwen 2) publish them. Token ids agree with llama.cpp's. */
#ifndef MKG_TOKENIZER_H
#define MKG_TOKENIZER_H

#include "base/mem.h"
#include "lm/gguf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Read-only after loading: safe from many threads at once. */
typedef struct mkg_tok mkg_tok;

#define MKG_TOKEN_NONE UINT32_MAX

/* As the file numbers them. */
typedef enum mkg_token_type {
    MKG_TOKEN_NORMAL = 1,
    MKG_TOKEN_UNKNOWN = 2,
    MKG_TOKEN_CONTROL = 3, /* found in text only where that is asked for */
    MKG_TOKEN_USER = 4,    /* found in text always, before all else */
    MKG_TOKEN_UNUSED = 5,
    MKG_TOKEN_BYTE = 6 /* SentencePiece's <0x41> */
} mkg_token_type;

typedef struct mkg_tok_info {
    const char *model; /* "gpt2" or "llama" */
    const char *pre;   /* pre-tokenizer: "gpt2", "llama-bpe", "qwen2"; "" for llama */
    uint32_t n;        /* tokens */
    uint32_t bos, eos; /* begin and end of a text; MKG_TOKEN_NONE where there is none */
    uint32_t unk, pad; /* the same */
    bool add_bos;      /* the model wants its texts to begin with bos */
    bool add_eos;      /* … and to end with eos */
    bool space_prefix; /* llama: a blank is put in front of a text */
} mkg_tok_info;

/* Build the tokenizer of an open file, which may be closed afterwards. MKG_EPARSE, with
 * the reason, if its arrays are missing or do not fit together, or the tokenizer is
 * of another kind. mkg_tok_free() it. */
MKG_API mkg_status mkg_tok_load(const mkg_gguf *g, mkg_tok **out, mkg_err *err);
MKG_API void mkg_tok_free(mkg_tok *t);

MKG_API const mkg_tok_info *mkg_tok_get_info(const mkg_tok *t);
MKG_API mkg_token_type mkg_tok_type(const mkg_tok *t, uint32_t id); /* id < n */
/* The bytes that a token stands for in a text: none for control tokens and the unknown
 * one; not always whole characters. Borrowed until free; id < n. */
MKG_API mkg_view mkg_tok_piece(const mkg_tok *t, uint32_t id);
/* The same, but a control token by its name: "<|im_end|>". For showing. */
MKG_API mkg_view mkg_tok_text(const mkg_tok *t, uint32_t id);
/* The control or user-defined token of this name; MKG_TOKEN_NONE if there is none. */
MKG_API uint32_t mkg_tok_find(const mkg_tok *t, const char *name);
/* Does the model end its text, or its turn, with this token? eos, eot, eom and tokens
 * known by their names ("<|im_end|>", "<|eot_id|>", …). */
MKG_API bool mkg_tok_is_end(const mkg_tok *t, uint32_t id);

/* Growing list of ids. Zero-initialise; mkg_tokens_clear() it. */
typedef struct mkg_tokens {
    uint32_t *id;
    size_t n, cap;
} mkg_tokens;
MKG_API void mkg_tokens_clear(mkg_tokens *ids);

enum {
    MKG_ENCODE_EDGES = 1,  /* bos in front and eos behind, where the file asks for it */
    MKG_ENCODE_SPECIAL = 2 /* names of control tokens in the text become those tokens:
                              never for text that a user wrote */
};

/* Append the tokens of a text of at most 1 GiB. Any bytes: what is not UTF-8 becomes
 * byte tokens. Time is O(n log n). MKG_ELM if the vocabulary has no token for a byte,
 * nor an unknown one. */
MKG_API mkg_status mkg_tok_encode(const mkg_tok *t, mkg_view text, unsigned flags,
                                  mkg_tokens *out, mkg_err *err);

/* Append the bytes of n tokens; with `special` the names of control tokens too. The
 * blank that a llama tokenizer puts in front is taken off again, so that without
 * control tokens decode(encode(text)) is the text. MKG_EARG for an id that is not in
 * the vocabulary. */
MKG_API mkg_status mkg_tok_decode(const mkg_tok *t, const uint32_t *ids, size_t n,
                                  bool special, mkg__buf *out, mkg_err *err);

/* Decoding as tokens come: what is given out is always valid UTF-8. A character whose
 * bytes come in several tokens is held back until it is whole; bytes that can no longer
 * become one are given as U+FFFD. Zero-initialise for each text. */
typedef struct mkg_tok_stream {
    char held[4];
    unsigned n;   /* bytes held */
    bool started; /* something was given out: the blank in front is past */
} mkg_tok_stream;
MKG_API mkg_status mkg_tok_stream_put(mkg_tok_stream *s, const mkg_tok *t, uint32_t id,
                                      mkg__buf *out, mkg_err *err);
/* What is still held, as U+FFFD. */
MKG_API void mkg_tok_stream_end(mkg_tok_stream *s, mkg__buf *out);

#ifdef __cplusplus
}
#endif
#endif
