/* Types of the tensors in a GGUF file: numbers and packed blocks of ggml.
 * Source: ggml's enum ggml_type and the block structures of ggml-common.h. */
#ifndef MKG_GGUF_TYPES_H
#define MKG_GGUF_TYPES_H

#include "base/base.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the file numbers them. Those without a name here are known to the table below. */
typedef enum mkg_tensor_type {
    MKG_F32 = 0,
    MKG_F16 = 1,
    MKG_Q4_0 = 2,
    MKG_Q8_0 = 8,
    MKG_Q4_K = 12,
    MKG_Q5_K = 13,
    MKG_Q6_K = 14,
    MKG_BF16 = 30
} mkg_tensor_type;

/* A row of n values is n / block blocks of `bytes` bytes each; n % block == 0. */
typedef struct mkg_type_info {
    const char *name; /* "Q4_K" */
    uint32_t type;    /* the file's number */
    uint32_t block;   /* values in a block, 1 for plain numbers */
    uint32_t bytes;   /* bytes of a block */
    bool computes;    /* the engine can multiply with it; false: it is only listed */
} mkg_type_info;

/* NULL for a number that no version of the format gives a meaning, or that has been
 * withdrawn. Static storage. */
MKG_API const mkg_type_info *mkg_type_get(uint32_t type);
/* By name, capitals or not: "q8_0"; NULL if there is none. */
MKG_API const mkg_type_info *mkg_type_find(const char *name);
/* Names of the types that the engine computes with, for messages. */
MKG_API const char *mkg_type_computed_names(void);

#ifdef __cplusplus
}
#endif
#endif
