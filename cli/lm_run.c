/* medkg lm logits, generate, bench, quantize: a model by itself. */
#include "cli/cmd_lm.h"

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "lm/bench.h"
#include "lm/generate.h"
#include "lm/quantize.h"
#include "lm/template.h"

#include <errno.h>
#include <string.h>

static mkg_tensor_type cache_type(const cli *c)
{
    const char *name = cli_opt_text(c, "cache");
    const mkg_type_info *t = name ? mkg_type_find(name) : NULL;
    return t ? (mkg_tensor_type)t->type : MKG_F16;
}

static bool with_floats(const cli *c, bool otherwise)
{
    const char *how = cli_opt_text(c, "activations");
    return how ? strcmp(how, "float") == 0 : otherwise;
}

/* ---- logits ---- */

/* "1,2,3" */
static mkg_status read_tokens(cli *c, mkg_tokens *out)
{
    const char *list = cli_opt_text(c, "tokens");
    if (!list) return mkg__fail(&c->err, MKG_EARG, "lm logits needs --tokens: 1,2,3");
    size_t n = 1;
    for (const char *p = list; *p; p++)
        n += *p == ',';
    if (!mkg__grow(&out->id, &out->cap, n, sizeof *out->id)) return mkg__nomem(&c->err);
    for (const char *p = list;; p++) {
        size_t len = strcspn(p, ",");
        uint64_t v;
        if (!mkg__parse_u64(mkg__trim(mkg__view(p, len)), &v) || v > UINT32_MAX)
            return mkg__fail(&c->err, MKG_EARG,
                             "--tokens: '%.*s' is not a token's number",
                             mkg__clip(mkg__view(p, len), 40), p);
        out->id[out->n++] = (uint32_t)v;
        p += len;
        if (!*p) return MKG_OK;
    }
}

typedef struct logits_job {
    cli *c;
    mkg_session *s;
    const mkg_tokens *ids;
    FILE *f;
    bool failed;
} logits_job;

static int write_row(void *ctx, size_t i, const float *logits)
{
    logits_job *j = ctx;
    j->failed = fwrite(logits, sizeof *logits, mkg_session_vocab(j->s), j->f) !=
                mkg_session_vocab(j->s);
    return j->failed || cli_on_progress(j->c, "lm logits", i + 1, j->ids->n) != 0;
}

static mkg_status write_rows(void *ctx, FILE *f, mkg_err *err)
{
    logits_job *j = ctx;
    j->f = f;
    errno = 0;
    mkg_status st =
        mkg_session_eval_all(j->s, j->ids->id, j->ids->n, write_row, j, err);
    return j->failed ? mkg__fail_errno(err, "write", cli_opt_text(j->c, "output")) : st;
}

mkg_status cli_lm_logits(cli *c)
{
    mkg_status st;
    mkg_model *m = NULL;
    mkg_session *s = NULL;
    mkg_tokens ids = {0};
    const char *path = cli_opt_text(c, "output");
    double t0 = mkg__now();

    if (!path) return mkg__fail(&c->err, MKG_EARG, "lm logits needs -o FILE");
    MKG_GO(read_tokens(c, &ids));
    MKG_GO(mkg_model_open(c->args[1], &m, &c->err));
    mkg_session_opts o = {.context = ids.n,
                          .threads = (unsigned)cli_opt_count(c, "threads"),
                          .cache = cache_type(c),
                          .exact = with_floats(c, true)};
    MKG_GO(mkg_session_new(m, &o, &s, &c->err));
    logits_job j = {.c = c, .s = s, .ids = &ids};
    MKG_GO(mkg__file_write(path, write_rows, &j, &c->err));
    cli_progress_clear(c);
    size_t vocab = mkg_session_vocab(s);
    if (c->json)
        st = cli_json(c, json_pack("{s:s, s:I, s:I, s:s, s:f}", "file", path, "tokens",
                                   (json_int_t)ids.n, "vocabulary", (json_int_t)vocab,
                                   "activations", o.exact ? "float" : "8bit", "seconds",
                                   mkg__now() - t0));
    else
        cli_print(c, "%s: %zu rows of %zu logits, float32\n", path, ids.n, vocab);
out:
    cli_progress_clear(c);
    mkg_tokens_clear(&ids);
    mkg_session_free(s);
    mkg_model_free(m);
    return st;
}

/* ---- generate ---- */

typedef struct generation {
    cli *c;
    mkg_model *m;
    mkg_tok *tok;
    mkg_session *s;
    mkg_lexicon *lex;
    mkg_constraint *constraint;
    mkg_tokens prompt;
    mkg__buf text, grammar;
} generation;

static void end_generation(generation *g)
{
    mkg_constraint_free(g->constraint);
    mkg_lexicon_free(g->lex);
    mkg_session_free(g->s);
    mkg_tok_free(g->tok);
    mkg_model_free(g->m);
    mkg_tokens_clear(&g->prompt);
    mkg__buf_clear(&g->text);
    mkg__buf_clear(&g->grammar);
}

static int on_text(void *ctx, const char *text, size_t n)
{
    generation *g = ctx;
    cli *c = g->c;
    if (c->json) {
        mkg__buf_put(&g->text, text, n);
    } else {
        cli_put(c, text, n);
        fflush(stdout);
    }
    return c->write_errno != 0 || cli_stop_asked();
}

/* The prompt's tokens: as a turn of a conversation, or as it stands. */
static mkg_status make_prompt(generation *g, const char *text)
{
    cli *c = g->c;
    const char *system = cli_opt_text(c, "system"), *name = cli_opt_text(c, "template");
    mkg_template kind = mkg_template_detect(mkg_model_gguf(g->m), g->tok);
    mkg_turn turns[2];
    size_t n = 0;

    if (name) mkg_template_parse(name, &kind);
    if (cli_opt_given(c, "raw")) {
        if (system)
            return mkg__fail(&c->err, MKG_EARG,
                             "--system has no place in a raw prompt");
        return mkg_tok_encode(g->tok, mkg__view(text, strlen(text)), MKG_ENCODE_EDGES,
                              &g->prompt, &c->err);
    }
    if (system) turns[n++] = (mkg_turn){MKG_SYSTEM, mkg__view(system, strlen(system))};
    turns[n++] = (mkg_turn){MKG_USER, mkg__view(text, strlen(text))};
    return mkg_template_apply(kind, g->tok, turns, n,
                              MKG_TEMPLATE_ANSWER | MKG_TEMPLATE_NO_THINK, &g->prompt,
                              &c->err);
}

static mkg_status make_constraint(generation *g, mkg_generate_opts *o)
{
    mkg_status st = MKG_OK;
    cli *c = g->c;
    const char *path = cli_opt_text(c, "grammar");
    if (!path) return MKG_OK;
    MKG_GO(mkg__file_read(path, 1 << 20, &g->grammar, &c->err));
    MKG_GO(mkg_lexicon_new(g->tok, &g->lex, &c->err));
    MKG_GO(mkg_constraint_grammar(g->lex, mkg__view(g->grammar.ptr, g->grammar.len),
                                  &g->constraint, &c->err));
    o->constraint = g->constraint;
out:
    return st;
}

static void read_sampling(const cli *c, mkg_sample_opts *s)
{
    if (cli_opt_given(c, "temperature"))
        s->temperature = (float)cli_opt_real(c, "temperature");
    if (cli_opt_given(c, "top-k")) s->top_k = (uint32_t)cli_opt_count(c, "top-k");
    if (cli_opt_given(c, "top-p")) s->top_p = (float)cli_opt_real(c, "top-p");
    if (cli_opt_given(c, "min-p")) s->min_p = (float)cli_opt_real(c, "min-p");
    if (cli_opt_given(c, "repeat-penalty"))
        s->repeat_penalty = (float)cli_opt_real(c, "repeat-penalty");
    s->seed = cli_opt_count(c, "seed");
}

static mkg_status open_session(generation *g, size_t most)
{
    cli *c = g->c;
    size_t trained = mkg_model_get_info(g->m)->context, need = g->prompt.n + most;
    mkg_session_opts o = {.context = need < trained ? need : trained,
                          .threads = (unsigned)cli_opt_count(c, "threads"),
                          .cache = cache_type(c),
                          .exact = with_floats(c, false)};
    if (cli_opt_given(c, "context")) o.context = (size_t)cli_opt_count(c, "context");
    if (g->prompt.n > o.context)
        return mkg__fail(&c->err, MKG_EARG,
                         "the prompt has %zu tokens, the context has room for %zu",
                         g->prompt.n, o.context);
    mkg_status st = mkg_session_new(g->m, &o, &g->s, &c->err);
    const char *path = cli_opt_text(c, "session");
    if (st >= 0 && path) st = mkg_session_load(g->s, path, &c->err);
    return st;
}

static mkg_status generation_json(generation *g, const mkg_generated *r)
{
    const char *text = mkg__buf_cstr(&g->text);
    json_t *s = text ? json_stringn(text, g->text.len) : NULL;
    return cli_json(g->c,
                    json_pack("{s:o, s:I, s:I, s:I, s:b, s:f, s:f}", "text", s,
                              "prompt_tokens", (json_int_t)r->prompt, "kept",
                              (json_int_t)r->kept, "tokens", (json_int_t)r->tokens,
                              "ended", r->ended, "prompt_seconds", r->prompt_seconds,
                              "seconds", r->seconds));
}

mkg_status cli_lm_generate(cli *c)
{
    mkg_status st;
    generation g = {.c = c};
    mkg_generate_opts o = MKG_GENERATE_OPTS_INIT;
    mkg_generated r;
    const char *path = cli_opt_text(c, "session");

    if (cli_opt_given(c, "n")) o.max_tokens = (size_t)cli_opt_count(c, "n");
    read_sampling(c, &o.sample);
    MKG_GO(cli_check_text(c, "PROMPT", c->args[2]));
    MKG_GO(mkg_model_open(c->args[1], &g.m, &c->err));
    MKG_GO(mkg_tok_load(mkg_model_gguf(g.m), &g.tok, &c->err));
    MKG_GO(make_prompt(&g, c->args[2]));
    MKG_GO(make_constraint(&g, &o));
    MKG_GO(open_session(&g, o.max_tokens));
    cli_catch_signals();
    MKG_GO(mkg_generate(g.s, g.tok, g.prompt.id, g.prompt.n, &o, on_text, &g, &r,
                        &c->err));
    if (path) { /* the prompt alone: the next one that begins with it has it ready */
        mkg_session_rewind(g.s, g.prompt.n);
        MKG_GO(mkg_session_save(g.s, path, &c->err));
    }
    if (c->json) {
        st = generation_json(&g, &r);
    } else {
        cli_print(c, "\n");
        if (c->verbose)
            cli_note(c,
                     "medkg: prompt %zu tokens (%zu kept) in %.2f s; %zu tokens in "
                     "%.2f s",
                     r.prompt, r.kept, r.prompt_seconds, r.tokens, r.seconds);
    }
out:
    end_generation(&g);
    return st;
}

/* ---- bench ---- */

static mkg_status bench_json(cli *c, const mkg_model *m, const mkg_bench_opts *o,
                             const mkg_bench *b)
{
    const mkg_model_info *i = mkg_model_get_info(m);
    return cli_json(
        c, json_pack("{s:s, s:i, s:{s:I, s:f}, s:{s:I, s:f, s:f}, s:f, s:f, s:I, s:I}",
                     "file", c->args[1], "threads", (int)b->threads, "prompt", "tokens",
                     (json_int_t)o->prompt, "tokens_per_second", b->prompt_rate,
                     "generate", "tokens", (json_int_t)o->generate, "tokens_per_second",
                     b->generate_rate, "bytes_per_second", b->generate_bytes,
                     "read_bytes_per_second", b->read_bytes, "fraction",
                     b->read_bytes > 0 ? b->generate_bytes / b->read_bytes : 0.0,
                     "token_bytes", (json_int_t)i->token_bytes, "cache_bytes",
                     (json_int_t)b->cache_bytes));
}

static mkg_status bench_print(cli *c, const mkg_bench_opts *o, const mkg_bench *b)
{
    cli_table t = {.align = "lr"};
    cli_cell(&t, "threads");
    cli_cell(&t, "%u", b->threads);
    if (o->prompt) {
        cli_cell(&t, "prompt of %zu, tokens/s", o->prompt);
        cli_cell(&t, "%.1f", b->prompt_rate);
    }
    if (o->generate) {
        cli_cell(&t, "%zu one by one, tokens/s", o->generate);
        cli_cell(&t, "%.1f", b->generate_rate);
        cli_cell(&t, "weights read meanwhile, GB/s");
        cli_cell(&t, "%.1f", b->generate_bytes / 1e9);
    }
    cli_cell(&t, "weights read at best, GB/s");
    cli_cell(&t, "%.1f", b->read_bytes / 1e9);
    if (o->generate && b->read_bytes > 0) {
        cli_cell(&t, "of that, generating uses");
        cli_cell(&t, "%.0f %%", 100 * b->generate_bytes / b->read_bytes);
    }
    cli_cell(&t, "key-value cache, MB");
    cli_cell(&t, "%.1f", (double)b->cache_bytes / 1e6);
    return cli_table_print(c, &t, 0);
}

mkg_status cli_lm_bench(cli *c)
{
    mkg_status st;
    mkg_model *m = NULL;
    mkg_bench b;
    mkg_bench_opts o = {.prompt = (size_t)cli_opt_count(c, "prompt"),
                        .generate = 64,
                        .threads = (unsigned)cli_opt_count(c, "threads"),
                        .cache = cache_type(c)};
    if (cli_opt_given(c, "n")) o.generate = (size_t)cli_opt_count(c, "n");
    MKG_GO(mkg_model_open(c->args[1], &m, &c->err));
    cli_catch_signals();
    MKG_GO(mkg_bench_run(m, &o, cli_on_progress, c, &b, &c->err));
    cli_progress_clear(c);
    st = c->json ? bench_json(c, m, &o, &b) : bench_print(c, &o, &b);
out:
    cli_progress_clear(c);
    mkg_model_free(m);
    return st;
}

/* ---- quantize ---- */

mkg_status cli_lm_quantize(cli *c)
{
    const char *name = cli_opt_text(c, "type");
    const mkg_type_info *t = name ? mkg_type_find(name) : NULL;
    mkg_quantize_result r;
    double t0 = mkg__now();

    if (!t)
        return mkg__fail(&c->err, MKG_EARG, "lm quantize needs --type: q8_0 or q4_0");
    cli_catch_signals();
    mkg_status st =
        mkg_quantize(c->args[1], c->args[2], t->type, cli_on_progress, c, &r, &c->err);
    cli_progress_clear(c);
    if (st < 0) return st;
    if (c->json)
        return cli_json(
            c, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f}", "file", c->args[2],
                         "type", t->name, "tensors", (json_int_t)r.tensors, "packed",
                         (json_int_t)r.changed, "bytes_in", (json_int_t)r.bytes_in,
                         "bytes_out", (json_int_t)r.bytes_out, "seconds",
                         mkg__now() - t0));
    cli_print(c, "%s: %zu of %zu tensors packed, %.1f MB of weights became %.1f MB\n",
              c->args[2], r.changed, r.tensors, (double)r.bytes_in / 1e6,
              (double)r.bytes_out / 1e6);
    return MKG_OK;
}
