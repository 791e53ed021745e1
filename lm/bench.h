/* How fast a model runs here, and how fast the machine could read its weights. */
#ifndef MKG_LM_BENCH_H
#define MKG_LM_BENCH_H

#include "lm/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_bench_opts {
    size_t prompt;    /* tokens that come in one piece; 0: leave out */
    size_t generate;  /* tokens that come one by one, after the prompt; 0: leave out */
    unsigned threads; /* 0: one for each core */
    unsigned repeat;  /* times that all is done; the best one counts. 0: 3 */
    mkg_tensor_type cache;
} mkg_bench_opts;

typedef struct mkg_bench {
    unsigned threads;
    double prompt_rate, generate_rate; /* tokens a second */
    /* Bytes a second: weights read while generating (the bytes of a token times the
     * rate), and the weights read from end to end by as many threads that do nothing
     * else, in turns with the former; both 0 without `generate`. */
    double generate_bytes, read_bytes;
    size_t cache_bytes; /* of the key-value cache */
    double seconds;     /* all in all */
} mkg_bench;

/* MKG_ECANCEL when the callback (may be NULL) says stop. */
MKG_API mkg_status mkg_bench_run(const mkg_model *m, const mkg_bench_opts *opts,
                                 mkg_progress_fn progress, void *ctx, mkg_bench *out,
                                 mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
