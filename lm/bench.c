#include "lm/bench.h"

#include "base/err.h"
#include "base/pool.h"
#include "lm/session_internal.h"

enum { PIECE = 1 << 20, READ_EVERY = 4 };

/* ---- reading ---- */

typedef struct reading {
    const char *p;
    size_t bytes;
    struct {
        _Alignas(64) uint64_t sum;
    } thread[256];
} reading;

static void read_piece(void *ctx, size_t from, size_t to, unsigned thread)
{
    enum { STEP = 32 }; /* words: four lines of the cache */
    reading *r = ctx;
    uint64_t sum[STEP] = {0};
    for (size_t i = from; i < to; i++) {
        const char *p = r->p + i * PIECE;
        size_t n = r->bytes - i * PIECE < PIECE ? r->bytes - i * PIECE : PIECE;
        for (size_t k = 0; k + STEP * 8 <= n; k += STEP * 8) {
            uint64_t word[STEP];
            memcpy(word, p + k, sizeof word);
#pragma omp simd
            for (size_t j = 0; j < STEP; j++)
                sum[j] ^= word[j];
        }
    }
    for (size_t j = 0; j < STEP; j++)
        r->thread[thread % 256].sum ^= sum[j];
}

/* Seconds to read all weights once. */
static double read_weights(const mkg_session *s, reading *r)
{
    double t0 = mkg__now();
    size_t pieces = (r->bytes + PIECE - 1) / PIECE;
    mkg__team_run(s->team, pieces, 1, read_piece, r);
    return mkg__now() - t0;
}

/* ---- running ---- */

typedef struct bench {
    const mkg_bench_opts *o;
    mkg_session *s;
    reading read;
    uint32_t *tokens;
    double prompt, generate, reading; /* least seconds */
} bench;

static double least(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

static mkg_status run_once(bench *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_bench_opts *o = b->o;

    mkg_session_rewind(b->s, 0);
    double t0 = mkg__now();
    MKG_GO(mkg_session_eval(b->s, b->tokens, o->prompt, b->s->logits, err));
    double generate = 0, reads = 0;
    size_t passes = 0;
    if (o->prompt) b->prompt = least(b->prompt, mkg__now() - t0);
    for (size_t i = 0; i < o->generate; i++) {
        t0 = mkg__now();
        MKG_GO(mkg_session_eval(b->s, b->tokens + o->prompt + i, 1, b->s->logits, err));
        generate += mkg__now() - t0;
        if (i % READ_EVERY) continue; /* in turns: what slows one slows the other */
        reads += read_weights(b->s, &b->read);
        passes++;
    }
    if (o->generate) b->generate = least(b->generate, generate);
    if (passes) b->reading = least(b->reading, reads / (double)passes);
out:
    return st;
}

/* The tensors lie one after the other. */
static void find_weights(const mkg_gguf *g, reading *r)
{
    const char *low = NULL, *high = NULL;
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(g, i);
        const char *p = t->data;
        if (!low || p < low) low = p;
        if (!high || p + t->bytes > high) high = p + t->bytes;
    }
    r->p = low;
    r->bytes = low ? (size_t)(high - low) : 0;
}

static void put_result(const bench *b, double seconds, mkg_bench *out)
{
    const mkg_bench_opts *o = b->o;
    double token_bytes = (double)b->s->model->info.token_bytes;
    out->threads = mkg__team_threads(b->s->team);
    out->cache_bytes = mkg_session_bytes(b->s);
    out->seconds = seconds;
    if (o->prompt) out->prompt_rate = (double)o->prompt / b->prompt;
    if (o->generate) {
        out->generate_rate = (double)o->generate / b->generate;
        out->generate_bytes = out->generate_rate * token_bytes;
    }
    if (b->reading > 0) out->read_bytes = (double)b->read.bytes / b->reading;
}

mkg_status mkg_bench_run(const mkg_model *m, const mkg_bench_opts *opts,
                         mkg_progress_fn progress, void *ctx, mkg_bench *out,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = opts->prompt + opts->generate;
    mkg_session_opts so = {
        .context = n, .threads = opts->threads, .cache = opts->cache};
    bench b = {.o = opts};
    double t0 = mkg__now();
    unsigned repeat = opts->repeat ? opts->repeat : 3;

    memset(out, 0, sizeof *out);
    if (n == 0) return mkg__fail(err, MKG_EARG, "there is nothing to measure");
    MKG_GO(mkg_session_new(m, &so, &b.s, err));
    b.tokens = mkg__calloc(n, sizeof *b.tokens);
    if (!b.tokens) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        b.tokens[i] = (uint32_t)(i * 7919 % m->info.vocab);
    find_weights(m->gguf, &b.read);
    for (unsigned i = 0; i < repeat; i++) {
        if (progress && progress(ctx, "bench", i, repeat) != 0) {
            st = mkg__fail(err, MKG_ECANCEL, "cancelled");
            goto out;
        }
        MKG_GO(run_once(&b, err));
    }
    put_result(&b, mkg__now() - t0, out);
out:
    mkg__free(b.tokens);
    mkg_session_free(b.s);
    return st;
}
