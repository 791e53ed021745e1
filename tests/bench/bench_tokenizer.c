/* How long a large vocabulary takes to load, and how fast text becomes tokens.
 *   bench_tokenizer N TEXT
 * N merges (at most) are made from pieces of the file TEXT; then the file is encoded
 * with them, as byte-level BPE with qwen2's pre-tokenizer. */
#include "base/io.h"
#include "base/pool.h"
#include "base/rng.h"
#include "lm/constrain.h"
#include "lm/sample.h"
#include "lm/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct vocab {
    mkg__buf tokens, merges; /* strings one behind the other */
    size_t *token_end, *merge_end;
    size_t n, n_merges;
    mkg__map seen;
} vocab;

/* The character of byte-level BPE's alphabet for a byte. */
static void put_byte(mkg__buf *b, unsigned char c)
{
    unsigned u = c;
    if (c <= 0x20)
        u = 0x100u + c;
    else if (c >= 0x7f && c <= 0xa0)
        u = 0x121u + c - 0x7f;
    else if (c == 0xad)
        u = 0x143;
    if (u >= 0x80) mkg__buf_byte(b, (unsigned char)(0xc0 | u >> 6));
    mkg__buf_byte(b, (unsigned char)(u < 0x80 ? u : 0x80 | (u & 0x3f)));
}

static void put_bytes(mkg__buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_byte(b, (unsigned char)s[i]);
}

static int add(vocab *v, const char *s, size_t n)
{
    mkg_id *id = mkg__map_put(&v->seen, s, n);
    if (!id) exit(4);
    if (*id != MKG_ID_NONE) return 0;
    *id = 1;
    put_bytes(&v->tokens, s, n);
    v->token_end[v->n++] = v->tokens.len;
    return 1;
}

/* Pieces of the text, each grown byte by byte. */
static void make(vocab *v, const char *text, size_t len, size_t n)
{
    mkg__rng r = mkg__rng_new(1, 0, 0);
    for (unsigned c = 0; c < 256; c++) {
        char s = (char)c;
        add(v, &s, 1);
    }
    for (size_t tries = 0; v->n_merges < n && tries < 20 * n; tries++) {
        const char *p = text + mkg__rng_below(&r, (uint32_t)(len - 16));
        size_t most = 2 + mkg__rng_below(&r, 14);
        for (size_t k = 2; k <= most && v->n_merges < n; k++) {
            if (!add(v, p, k)) continue;
            put_bytes(&v->merges, p, k - 1);
            mkg__buf_byte(&v->merges, ' ');
            put_bytes(&v->merges, p + k - 1, 1);
            v->merge_end[v->n_merges++] = v->merges.len;
        }
    }
}

static void put_strings(mkg_gguf_writer *w, const char *key, const mkg__buf *b,
                        const size_t *end, size_t n)
{
    mkg_view *views = malloc((n + 1) * sizeof *views);
    if (!views) exit(4);
    for (size_t i = 0; i < n; i++) {
        size_t from = i ? end[i - 1] : 0;
        views[i] = mkg__view(b->ptr + from, end[i] - from);
    }
    mkg_gguf_put_strings(w, key, views, n);
    free(views);
}

static void fail(const mkg_err *err)
{
    fprintf(stderr, "bench_tokenizer: %s\n", err->msg);
    exit(4);
}

/* A text under a grammar, its tokens chosen at random: the first mask, and the rest. */
static void measure_grammar(const mkg_tok *t, const mkg_lexicon *lex, const char *name,
                            const char *grammar)
{
    uint32_t n = mkg_tok_get_info(t)->n, id;
    mkg_err err;
    mkg_constraint *c;
    mkg_sampler *s;
    mkg_sample_opts o = MKG_SAMPLE_OPTS_INIT;
    const uint64_t *allow;
    double first = 0, rest = 0, worst = 0;
    int steps = 0;
    float *x = calloc(n, sizeof *x);
    if (!x) exit(4);
    o.temperature = 1;
    o.top_k = 0;
    o.top_p = 1;
    o.min_p = 0;
    double t0 = mkg__now();
    if (mkg_constraint_grammar(lex, mkg__view(grammar, strlen(grammar)), &c, &err) <
            0 ||
        mkg_sampler_new(&o, n, &s, &err) < 0)
        fail(&err);
    for (; steps < 200; steps++) {
        if (mkg_constraint_mask(c, &allow, &err) < 0) fail(&err);
        double ms = (mkg__now() - t0) * 1e3;
        if (steps == 0)
            first = ms;
        else
            rest += ms;
        if (steps && ms > worst) worst = ms;
        if (mkg_sampler_pick(s, x, allow, &id, &err) < 0) break;
        if (mkg_constraint_accept(c, id, &err) < 0) fail(&err);
        t0 = mkg__now();
    }
    printf("%s: first mask %.2f ms; of %d more mean %.3f ms, longest %.2f ms\n", name,
           first, steps - 1, steps > 1 ? rest / (steps - 1) : 0, worst);
    mkg_constraint_free(c);
    mkg_sampler_free(s);
    free(x);
}

/* 300 names of 4 to 30 bytes, pieces of the text. */
static void measure_names(const mkg_lexicon *lex, mkg_view text)
{
    enum { NAMES = 300 };
    mkg_view names[NAMES];
    mkg__rng r = mkg__rng_new(2, 0, 0);
    mkg_constraint *c;
    mkg_err err;
    const uint64_t *allow;
    for (size_t i = 0; i < NAMES; i++)
        names[i] = mkg__view(text.ptr + mkg__rng_below(&r, (uint32_t)(text.len - 30)),
                             4 + mkg__rng_below(&r, 27));
    double t0 = mkg__now();
    if (mkg_constraint_strings(lex, names, NAMES, &c, &err) < 0 ||
        mkg_constraint_mask(c, &allow, &err) < 0)
        fail(&err);
    printf("300 names: trie and first mask %.2f ms\n", (mkg__now() - t0) * 1e3);
    mkg_constraint_free(c);
}

static void measure_sampler(uint32_t n, const char *name, mkg_sample_opts o)
{
    enum { PICKS = 100 };
    mkg__rng r = mkg__rng_new(3, 0, 0);
    mkg_sampler *s;
    mkg_err err;
    uint32_t id;
    float *x = malloc(n * sizeof *x);
    if (!x || mkg_sampler_new(&o, n, &s, &err) < 0) exit(4);
    /* Probabilities that fall with the rank to the power of 1.5. */
    for (uint32_t i = 0; i < n; i++)
        x[i] = (float)(-1.5 * log(1 - mkg__rng_double(&r)));
    double t0 = mkg__now();
    for (int i = 0; i < PICKS; i++)
        if (mkg_sampler_pick(s, x, NULL, &id, &err) < 0) fail(&err);
    printf("sampling, %s: %.2f ms a token\n", name, (mkg__now() - t0) * 1e3 / PICKS);
    mkg_sampler_free(s);
    free(x);
}

static void measure_choice(const mkg_tok *t, mkg_view text)
{
    static const char json[] =
        "root ::= value\nvalue ::= obj | arr | str | num | \"true\" | \"null\"\n"
        "obj ::= \"{\" (str \":\" value (\",\" str \":\" value)*)? \"}\"\n"
        "arr ::= \"[\" (value (\",\" value)*)? \"]\"\n"
        "str ::= \"\\\"\" ([^\\\"\\\\\\x01-\\x1f] | \"\\\\\" .)* \"\\\"\"\n"
        "num ::= \"-\"? [0-9]+ (\".\" [0-9]+)?\n";
    mkg_sample_opts greedy = MKG_SAMPLE_OPTS_INIT, usual = greedy, nucleus = greedy;
    mkg_lexicon *lex;
    mkg_err err;
    uint32_t n = mkg_tok_get_info(t)->n;
    double t0 = mkg__now();
    if (mkg_lexicon_new(t, &lex, &err) < 0) fail(&err);
    printf("lexicon: %.1f ms, once a model\n", (mkg__now() - t0) * 1e3);
    measure_grammar(t, lex, "grammar of lines", "root ::= ([^\\n]+ \"\\n\")+");
    measure_grammar(t, lex, "grammar of JSON", json);
    measure_names(lex, text);
    usual.temperature = nucleus.temperature = 0.8f;
    nucleus.top_k = 0;
    measure_sampler(n, "greedy", greedy);
    measure_sampler(n, "top-k 40, top-p 0.95, min-p 0.05", usual);
    measure_sampler(n, "top-p 0.95 of all", nucleus);
    mkg_lexicon_free(lex);
}

static int measure(const char *path, mkg_view text)
{
    mkg_gguf *g;
    mkg_tok *t;
    mkg_err err;
    mkg_tokens ids = {0};
    double open_ms = 1e9, load_ms = 1e9, encode_s = 1e9;
    for (int i = 0; i < 5; i++) {
        double t0 = mkg__now();
        if (mkg_gguf_open(path, &g, &err) < 0) return 1;
        double t1 = mkg__now();
        if (mkg_tok_load(g, &t, &err) < 0) return 1;
        double t2 = mkg__now();
        ids.n = 0;
        if (mkg_tok_encode(t, text, 0, &ids, &err) < 0) return 1;
        double t3 = mkg__now();
        if ((t1 - t0) * 1e3 < open_ms) open_ms = (t1 - t0) * 1e3;
        if ((t2 - t1) * 1e3 < load_ms) load_ms = (t2 - t1) * 1e3;
        if (t3 - t2 < encode_s) encode_s = t3 - t2;
        if (i == 4)
            printf("%lu tokens: open %.1f ms, load %.1f ms; %.1f MB to %zu tokens in "
                   "%.2f s, %.1f MB/s\n",
                   (unsigned long)mkg_tok_get_info(t)->n, open_ms, load_ms,
                   (double)text.len / 1e6, ids.n, encode_s,
                   (double)text.len / 1e6 / encode_s);
        if (i == 4) measure_choice(t, text);
        mkg_tok_free(t);
        mkg_gguf_close(g);
    }
    mkg_tokens_clear(&ids);
    return 0;
}

int main(int argc, char **argv)
{
    vocab v = {0};
    mkg__buf text = {0};
    mkg_err err;
    size_t n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    char path[] = "/tmp/bench-tokenizer-XXXXXX";
    if (n < 1 || n > 10000000) {
        fprintf(stderr, "usage: bench_tokenizer N TEXT\n");
        return 2;
    }
    if (mkg__file_read(argv[2], 1 << 30, &text, &err) < 0 || text.len < 1000) {
        fprintf(stderr, "bench_tokenizer: cannot use %s\n", argv[2]);
        return 3;
    }
    v.token_end = malloc((n + 256) * sizeof *v.token_end);
    v.merge_end = malloc(n * sizeof *v.merge_end);
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    int fd = mkstemp(path);
    if (!v.token_end || !v.merge_end || !w || fd < 0) return 4;
    make(&v, text.ptr, text.len, n);
    mkg_gguf_put_string(w, "tokenizer.ggml.model", mkg__view("gpt2", 4));
    mkg_gguf_put_string(w, "tokenizer.ggml.pre", mkg__view("qwen2", 5));
    put_strings(w, "tokenizer.ggml.tokens", &v.tokens, v.token_end, v.n);
    put_strings(w, "tokenizer.ggml.merges", &v.merges, v.merge_end, v.n_merges);
    int rc = mkg_gguf_writer_save(w, path, NULL, NULL, &err) < 0
                 ? 4
                 : measure(path, mkg__view(text.ptr, text.len));
    unlink(path);
    close(fd);
    mkg_gguf_writer_free(w);
    mkg__map_clear(&v.seen);
    mkg__buf_clear(&v.tokens);
    mkg__buf_clear(&v.merges);
    mkg__buf_clear(&text);
    free(v.token_end);
    free(v.merge_end);
    return rc;
}
