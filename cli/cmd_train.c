/* medkg lm train: texts in, a model out. */
#include "cli/cli.h"

#include "base/blas.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "lm/train.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct training {
    cli *c;
    char *start, *state; /* files beside the output */
    mkg_model *model;
    mkg_tok *tok;
    mkg_texts *texts, *valid;
    mkg_trainer *trainer;
    mkg_train_step last;
    mkg_train_score score;
    double (*scores)[2];
    size_t nscores, scores_cap;
    double tokens, flops, seconds; /* of this run's steps */
} training;

static void end_training(training *t)
{
    mkg_trainer_free(t->trainer);
    mkg_texts_free(t->texts);
    mkg_texts_free(t->valid);
    mkg_tok_free(t->tok);
    mkg_model_free(t->model);
    mkg__free(t->start);
    mkg__free(t->state);
    mkg__free(t->scores);
}

static char *beside(const char *path, const char *suffix)
{
    mkg__buf b = {0};
    mkg__buf_printf(&b, "%s%s", path, suffix);
    char *out = b.failed ? NULL : mkg__strdup(mkg__buf_cstr(&b));
    mkg__buf_clear(&b);
    return out;
}

/* The model to begin with: --init, or one of random weights, which is kept beside the
 * state until all is done. */
static mkg_status open_model(training *t)
{
    cli *c = t->c;
    mkg_status st = MKG_OK;
    const char *init = cli_opt_text(c, "init"), *vocab = cli_opt_text(c, "vocab");
    size_t heads = (size_t)cli_opt_count(c, "heads"),
           longest = (size_t)cli_opt_count(c, "longest");
    mkg_shape shape = {(size_t)cli_opt_count(c, "layers"),
                       (size_t)cli_opt_count(c, "width"),
                       heads,
                       heads,
                       (size_t)cli_opt_count(c, "feed-forward"),
                       longest > 2048 ? longest : 2048};
    if (!init == !vocab)
        return mkg__fail(&c->err, MKG_EARG,
                         "lm train needs one of --init FILE.gguf, a model to begin "
                         "with, and --vocab FILE.gguf, a vocabulary for a new one");
    if (!init && !mkg__file_exists(t->state))
        st = mkg_model_make(t->start, vocab, &shape, cli_opt_count(c, "seed"), &c->err);
    if (st >= 0) st = mkg_model_open(init ? init : t->start, &t->model, &c->err);
    if (st >= 0) st = mkg_tok_load(mkg_model_gguf(t->model), &t->tok, &c->err);
    return st;
}

static mkg_status read_texts(training *t)
{
    cli *c = t->c;
    const char *valid = cli_opt_text(c, "valid");
    size_t longest = (size_t)cli_opt_count(c, "longest");
    mkg_status st = mkg_texts_load(c->args[0], t->tok, longest, cli_on_progress, c,
                                   &t->texts, &c->err);
    if (st >= 0 && valid)
        st = mkg_texts_load(valid, t->tok, longest, cli_on_progress, c, &t->valid,
                            &c->err);
    cli_progress_clear(c);
    if (st >= 0 && mkg_texts_left_out(t->texts))
        cli_note(c, "medkg: %zu texts of more than %zu tokens are left out",
                 mkg_texts_left_out(t->texts), longest);
    return st;
}

static mkg_status make_trainer(training *t)
{
    cli *c = t->c;
    mkg_train_opts o = MKG_TRAIN_OPTS_INIT;
    o.steps = (size_t)cli_opt_count(c, "steps");
    o.warmup = (size_t)cli_opt_count(c, "warmup");
    o.batch = (size_t)cli_opt_count(c, "batch");
    o.longest = (size_t)cli_opt_count(c, "longest");
    o.lanes = (unsigned)cli_opt_count(c, "lanes");
    o.threads = (unsigned)cli_opt_count(c, "threads");
    o.rate = cli_opt_real(c, "rate");
    o.seed = cli_opt_count(c, "seed");
    o.muon = strcmp(cli_opt_text(c, "optimizer"), "muon") == 0;
    o.rank = (size_t)cli_opt_count(c, "lora");
    mkg_status st = mkg_trainer_new(t->model, &o, &t->trainer, &c->err);
    if (st < 0) return st;
    st = mkg_trainer_load(t->trainer, t->state, &c->err);
    if (st == MKG_OK) {
        mkg_trainer_losses(t->trainer, &t->last.step);
        cli_note(c, "medkg: goes on behind step %zu", t->last.step);
    }
    return st;
}

static mkg_status score(training *t)
{
    cli *c = t->c;
    if (!t->valid) return MKG_OK;
    mkg_status st = mkg_trainer_score(t->trainer, t->valid, &t->score, &c->err);
    if (st < 0) return st;
    if (!mkg__grow(&t->scores, &t->scores_cap, t->nscores + 1, sizeof *t->scores))
        return mkg__nomem(&c->err);
    t->scores[t->nscores][0] = (double)t->last.step;
    t->scores[t->nscores++][1] = t->score.loss;
    return MKG_OK;
}

/* The state, the picture, and a line on how it stands. */
static mkg_status note_down(training *t)
{
    cli *c = t->c;
    mkg_status st = score(t);
    const char *plot = cli_opt_text(c, "plot");
    if (st >= 0) st = mkg_trainer_save(t->trainer, t->state, &c->err);
    if (st >= 0 && plot)
        st = mkg_trainer_plot(t->trainer, plot, (const double(*)[2])t->scores,
                              t->nscores, &c->err);
    cli_progress_clear(c);
    if (st < 0 || !t->seconds) return st;
    if (t->valid)
        cli_note(c,
                 "step %zu  loss %.4f  others %.4f, tokens right %.2f %%, texts %.2f %%"
                 "  %.0f tokens/s",
                 t->last.step, t->last.loss, t->score.loss, 100 * t->score.tokens,
                 100 * t->score.texts, t->tokens / t->seconds);
    else
        cli_note(c, "step %zu  loss %.4f  %.0f tokens/s", t->last.step, t->last.loss,
                 t->tokens / t->seconds);
    return st;
}

/* *done: all steps are. */
static mkg_status run_steps(training *t, bool *done)
{
    cli *c = t->c;
    mkg_status st = MKG_OK;
    size_t every = (size_t)cli_opt_count(c, "every");
    uint64_t steps = cli_opt_count(c, "steps");
    double end = mkg__now() + 60 * (double)cli_opt_count(c, "stop-after");
    bool timed = cli_opt_count(c, "stop-after") > 0, noted = false;

    *done = false;
    while (!(timed && mkg__now() >= end) &&
           cli_on_progress(c, "train", t->last.step, steps) == 0) {
        MKG_GO(mkg_trainer_step(t->trainer, t->texts, &t->last, &c->err));
        *done = st == MKG_END;
        if (*done) break;
        t->tokens += (double)t->last.tokens;
        t->flops += t->last.flops;
        t->seconds += t->last.seconds;
        noted = t->last.step % every == 0;
        if (noted) MKG_GO(note_down(t));
    }
    st = MKG_OK;
    if (!noted) st = note_down(t);
    *done = *done || t->last.step >= steps;
out:
    return st;
}

/* Operations a second of one large product on each core at once. */
static mkg_status multiply(void *ctx, size_t from, size_t to, unsigned thread,
                           mkg_err *err)
{
    enum { N = 768 };
    (void)ctx;
    (void)thread;
    for (size_t i = from; i < to; i++) {
        float *m = mkg__aligned(3 * N * N * sizeof *m);
        if (!m) return mkg__nomem(err);
        for (int k = 0; k < 20; k++)
            mkg__sgemm(MKG_PLAIN, MKG_PLAIN, N, N, N, 1, m, N, m + N * N, N, 0,
                       m + 2 * N * N, N);
        mkg__free(m);
    }
    return MKG_OK;
}

static mkg_status measure_peak(cli *c, double *peak)
{
    unsigned threads = (unsigned)cli_opt_count(c, "threads"), lanes;
    lanes = (unsigned)cli_opt_count(c, "lanes");
    if (!threads) threads = mkg__cores();
    if (threads > lanes) threads = lanes;
    double t0 = mkg__now();
    mkg_status st = mkg__par_for(threads, threads, 1, multiply, NULL, &c->err);
    *peak = 20 * 2.0 * 768 * 768 * 768 * threads / (mkg__now() - t0);
    return st;
}

static json_t *score_json(const training *t)
{
    if (!t->valid) return json_null();
    return json_pack("{s:f, s:f, s:f}", "loss", t->score.loss, "tokens",
                     t->score.tokens, "texts", t->score.texts);
}

static mkg_status report(training *t, bool done, double peak)
{
    cli *c = t->c;
    size_t all = mkg_model_get_info(t->model)->parameters, n;
    double seconds = t->seconds > 0 ? t->seconds : 1;
    const float *losses = mkg_trainer_losses(t->trainer, &n);
    if (c->json)
        return cli_json(
            c,
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:f, s:o, s:f, s:f, s:f, "
                      "s:f}",
                      "file", cli_opt_text(c, "output"), "parameters", (json_int_t)all,
                      "trained", (json_int_t)mkg_trainer_trained(t->trainer), "texts",
                      (json_int_t)mkg_texts_count(t->texts), "left_out",
                      (json_int_t)mkg_texts_left_out(t->texts), "steps", (json_int_t)n,
                      "done", done, "loss", n ? (double)losses[n - 1] : 0.0, "valid",
                      score_json(t), "tokens_per_second", t->tokens / seconds,
                      "flops_per_second", t->flops / seconds, "peak", peak, "seconds",
                      t->seconds));
    cli_print(c, "%s: %zu parameters, %zu steps%s, loss %.4f\n",
              cli_opt_text(c, "output"), all, n, done ? "" : " so far",
              n ? (double)losses[n - 1] : 0.0);
    cli_print(c,
              "%.0f tokens/s, %.1f GFLOP/s in products: %.0f %% of the %.1f GFLOP/s "
              "that one large product reaches\n",
              t->tokens / seconds, t->flops / seconds / 1e9,
              100 * t->flops / seconds / peak, peak / 1e9);
    return MKG_OK;
}

mkg_status cli_cmd_train(cli *c)
{
    mkg_status st = MKG_OK;
    training t = {.c = c};
    const char *output = cli_opt_text(c, "output");
    bool done;
    double peak;

    if (!output) return mkg__fail(&c->err, MKG_EARG, "lm train needs -o MODEL.gguf");
    t.state = beside(output, ".state");
    t.start = beside(output, ".start");
    if (!t.state || !t.start) {
        st = mkg__nomem(&c->err);
        goto out;
    }
    cli_catch_signals();
    MKG_GO(open_model(&t));
    MKG_GO(read_texts(&t));
    MKG_GO(make_trainer(&t));
    MKG_GO(run_steps(&t, &done));
    MKG_GO(mkg_trainer_export(t.trainer, output,
                              mkg_type_find(cli_opt_text(c, "type"))->type,
                              cli_opt_text(c, "model-name"), &c->err));
    MKG_GO(measure_peak(c, &peak));
    st = report(&t, done, peak);
out:
    cli_progress_clear(c);
    end_training(&t);
    return st;
}
