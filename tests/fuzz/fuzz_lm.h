/* The small tokenizers of the tests for fuzz targets: their checks end the process. */
#ifndef MKG_FUZZ_LM_H
#define MKG_FUZZ_LM_H

#include "fuzz.h"

#define assert_true(x)      CHECK(x)
#define assert_non_null(x)  CHECK((x) != NULL)
#define assert_mkg_ok(call) CHECK_OK(call)

static inline char *in_folder(const char *folder, const char *name)
{
    (void)folder;
    char *path = strdup(fuzz_path(name));
    CHECK(path);
    return path;
}

#include "../testing_lm.h"

enum { TOKENIZERS = 4 };

/* gpt2, llama-bpe, qwen2, SentencePiece; made once, kept to the end of the process. */
static inline mkg_tok *fuzz_tokenizer(unsigned i)
{
    static mkg_tok *all[TOKENIZERS];
    if (!all[0]) {
        all[0] = sample_bpe("", "gpt2");
        all[1] = sample_bpe("", "llama-bpe");
        all[2] = sample_bpe("", "qwen2");
        all[3] = sample_spm("");
    }
    return all[i % TOKENIZERS];
}

#endif
