/* What the files of the tokenizer share. Strings are "symbols": the tokens, and behind
 * them what merges pass through without its being a token. */
#ifndef MKG_TOK_INTERNAL_H
#define MKG_TOK_INTERNAL_H

#include "lm/tokenizer.h"

/* Bytes to number, open addressing; the bytes are those of the symbols. */
typedef struct mkg__strings {
    struct mkg__strings_slot *slots;
    size_t mask; /* slots - 1 */
    size_t used;
} mkg__strings;

typedef enum mkg__pre { MKG__PRE_GPT2, MKG__PRE_LLAMA3, MKG__PRE_QWEN2 } mkg__pre;

/* A pair of symbols that BPE joins. */
typedef struct mkg__pair {
    uint64_t key;  /* left << 32 | right */
    uint32_t rank; /* lower joins first */
    uint32_t id;   /* the symbol that comes of it; MKG_TOKEN_NONE: an empty slot */
} mkg__pair;

struct mkg_tok {
    mkg_tok_info info;
    bool spm;
    mkg__pre pre;
    bool whole_words; /* a pre-token that is a token is not merged (llama 3) */

    /* Symbol i is pool[at[i] .. at[i + 1]); tokens first. */
    char *pool;
    size_t pool_len, pool_cap;
    size_t *at;
    size_t n_symbols, cap_at;
    uint8_t *type; /* (info.n) mkg_token_type */
    size_t longest;

    mkg__strings symbols;  /* what text can become by merging */
    mkg__strings specials; /* control and user-defined tokens by name */
    uint32_t byte[256];    /* symbol of a single byte, MKG_TOKEN_NONE */
    uint32_t *lengths;     /* of the names of specials, longest first, each once */
    size_t n_lengths;
    bool special_first[256]; /* first bytes of their names */

    mkg__pair *pairs; /* BPE */
    size_t pair_mask;
    uint32_t *order; /* SentencePiece: (info.n) lower joins first */

    uint32_t *ends; /* tokens that end a text */
    size_t n_ends;
};

/* ---- symbols (tok_load.c) ---- */

static inline mkg_view mkg__symbol_bytes(const mkg_tok *t, uint32_t id)
{
    mkg_view v = {t->pool + t->at[id], t->at[id + 1] - t->at[id]};
    return v;
}

bool mkg__strings_init(mkg__strings *s, size_t n);
/* MKG_TOKEN_NONE if it is not there. */
uint32_t mkg__strings_get(const mkg__strings *s, const mkg_tok *t, const char *p,
                          size_t n);
uint32_t mkg__string_hash(const char *p, size_t n);
/* The string will be looked for soon: have the memory come. */
void mkg__strings_expect(const mkg__strings *s, uint32_t hash);
/* Number of the symbol with these bytes, made if need be; MKG_TOKEN_NONE when out of
 * memory. */
uint32_t mkg__symbol_put(mkg_tok *t, const char *p, size_t n, uint32_t hash);

/* The merges and the alphabet of byte-level BPE (tok_bpe.c). */
mkg_status mkg__bpe_load(mkg_tok *t, const mkg_gguf *g, mkg_err *err);
/* Bytes of a token's text in that alphabet into `out` (n bytes at least); false, with
 * the text copied as it is, if a character is not of the alphabet. */
bool mkg__bpe_bytes(const char *s, size_t n, char *out, size_t *len);

/* ---- encoding ---- */

/* A run of text that is one symbol as yet. */
typedef struct mkg__sym {
    uint32_t id;         /* MKG_TOKEN_NONE if these bytes are no symbol */
    uint32_t start, len; /* len 0: joined to the one before it */
    uint32_t prev, next; /* MKG_TOKEN_NONE at the ends */
} mkg__sym;

typedef struct mkg__merger {
    mkg__sym *sym;
    size_t n, cap;
    struct mkg__bigram *heap;
    size_t heap_n, heap_cap;
} mkg__merger;
void mkg__merger_clear(mkg__merger *m);

/* May the two be joined, how soon, into what? */
typedef bool (*mkg__join_fn)(const mkg_tok *t, const char *text, const mkg__sym *l,
                             const mkg__sym *r, uint32_t *key, uint32_t *id);
/* Join neighbours of m->sym (n) by the lowest key first, the leftmost of equals, until
 * nothing can be joined. False when out of memory. */
bool mkg__merge(mkg__merger *m, const mkg_tok *t, const char *text, mkg__join_fn join);
/* Add a symbol to the end of m->sym. */
bool mkg__merger_add(mkg__merger *m, uint32_t id, size_t start, size_t len);

bool mkg__tokens_add(mkg_tokens *out, uint32_t id);

/* Append the tokens of text without special tokens. */
mkg_status mkg__bpe_encode(const mkg_tok *t, mkg__merger *m, mkg_view text,
                           mkg_tokens *out, mkg_err *err);
/* `blank`: one in front of the text. */
mkg_status mkg__spm_encode(const mkg_tok *t, mkg__merger *m, mkg_view text, bool blank,
                           mkg_tokens *out, mkg_err *err);
/* Tokens of single bytes, for what is no token. */
mkg_status mkg__bytes_encode(const mkg_tok *t, const char *p, size_t n, mkg_tokens *out,
                             mkg_err *err);

/* ---- pre-tokenizers (tok_pre.c) ---- */

/* Where the pre-token that begins at `at` < n ends. */
size_t mkg__pre_next(mkg__pre pre, const char *s, size_t n, size_t at);
/* By the file's name of it; false if it is not one of ours. */
bool mkg__pre_find(mkg_view name, mkg__pre *out);
const char *mkg__pre_name(mkg__pre pre);

#endif
