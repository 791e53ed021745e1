/* A transformer of the llama family, its weights as they lie in a GGUF file. Running it
 * is lm/session.h.
 *
 * Architectures are rows of a table (lm/arch.c): llama (Touvron et al.,
 * arXiv:2302.13971), qwen2 (arXiv:2407.10671), qwen3 (arXiv:2505.09388). */
#ifndef MKG_MODEL_H
#define MKG_MODEL_H

#include "lm/gguf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_model mkg_model;

typedef struct mkg_model_info {
    const char *arch; /* "llama", "qwen2", "qwen3" */
    size_t layers;
    size_t dim;             /* of the stream between the layers */
    size_t heads, kv_heads; /* of attention; heads is a multiple of kv_heads */
    size_t head_dim;
    size_t ff;           /* width of the feed-forward part */
    size_t vocab;        /* rows of the output: logits of a token */
    size_t context;      /* positions that it was trained for */
    size_t weight_bytes; /* of its tensors */
    size_t token_bytes;  /* of the weights that are read to generate one token */
    size_t parameters;
} mkg_model_info;

/* Map a file and find the weights in it. MKG_EPARSE where hyperparameters or shapes do
 * not fit together, a tensor is missing, or the architecture is another.
 * mkg_model_free() it. Read-only: any number of sessions may use it at once. */
MKG_API mkg_status mkg_model_open(const char *path, mkg_model **out, mkg_err *err);
/* The same of a file that is open, which the model takes over, also on failure. */
MKG_API mkg_status mkg_model_take(mkg_gguf *g, mkg_model **out, mkg_err *err);
MKG_API void mkg_model_free(mkg_model *m);

MKG_API const mkg_model_info *mkg_model_get_info(const mkg_model *m);
/* The file that it lies in, for the tokenizer; borrowed. */
MKG_API const mkg_gguf *mkg_model_gguf(const mkg_model *m);

#ifdef __cplusplus
}
#endif
#endif
