/* A smaller copy of a model file. */
#ifndef MKG_LM_QUANTIZE_H
#define MKG_LM_QUANTIZE_H

#include "lm/gguf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_quantize_result {
    size_t tensors, changed;      /* of them, written in another type */
    uint64_t bytes_in, bytes_out; /* of the tensors */
} mkg_quantize_result;

/* Write the model in `in` to `out` with its matrices (F32, F16 or BF16) as `type`,
 * which is MKG_Q8_0 or MKG_Q4_0. Vectors stay as they are, and so do matrices whose
 * rows are no whole number of 32 values. With Q4_0 the output matrix (the embedding,
 * where that is the output) becomes Q8_0, as llama.cpp spares it too: it takes most
 * harm.
 *
 * One tensor at a time is in memory. MKG_EARG for another type; MKG_EPARSE for a file
 * that is packed already, or a weight that is not finite; MKG_ECANCEL. */
MKG_API mkg_status mkg_quantize(const char *in, const char *out, uint32_t type,
                                mkg_progress_fn progress, void *ctx,
                                mkg_quantize_result *result, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
