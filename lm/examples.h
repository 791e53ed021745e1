/* Question, evidence, answer: examples that the graph writes itself, for training the
 * built-in model and for tuning others. Formats in docs/generator.md. */
#ifndef MKG_EXAMPLES_H
#define MKG_EXAMPLES_H

#include "lm/corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Examples of different splits ask about different things, in different words. */
typedef enum mkg_split { MKG_SPLIT_TRAIN, MKG_SPLIT_VALID, MKG_SPLIT_TEST } mkg_split;
MKG_API const char *mkg_split_name(mkg_split s); /* "train", "valid", "test" */

typedef enum mkg_examples_format {
    MKG_EXAMPLES_JSONL, /* all there is; what medkg lm train reads */
    MKG_EXAMPLES_ALPACA,
    MKG_EXAMPLES_CHATML
} mkg_examples_format;

typedef struct mkg_examples_opts {
    const char *data; /* folder with question_frames.tsv and answer_frames.tsv */
    size_t count;
    uint64_t seed;
    mkg_split split;
    mkg_lang lang; /* MKG_LANG_NONE: both */
    mkg_examples_format format;
    mkg_progress_fn progress;
    void *progress_ctx;
} mkg_examples_opts;

/* Write `count` examples to `path`, one a line. The same corpus, lines of wordings and
 * options give the same bytes. MKG_EARG for a corpus without facts that can be asked
 * for. */
MKG_API mkg_status mkg_examples_write(const mkg_corpus *c, const mkg_examples_opts *o,
                                      const char *path, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
