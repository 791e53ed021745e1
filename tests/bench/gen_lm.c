/* A GGUF model with random weights, for measuring: gen_lm TYPE OUT [SHAPE]. TYPE is
 * f32, f16, q8_0, q4_0, q4_k, q5_k or q6_k. SHAPE is qwen2.5-0.5b (the default), or
 * small. The weights are noise of the size that trained ones have; norms are 1. */
#include "base/mem.h"
#include "base/rng.h"
#include "lm/gguf.h"
#include "lm/quant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape {
    const char *name;
    uint32_t layers, dim, heads, kv_heads, ff, vocab;
} shape;

static const shape shapes[] = {
    {"qwen2.5-0.5b", 24, 896, 14, 2, 4864, 151936},
    {"small", 2, 256, 4, 2, 512, 2000},
};

typedef struct tensor {
    uint32_t type;
    size_t bytes, n;
} tensor;

typedef struct maker {
    mkg_gguf_writer *w;
    tensor *tensors;
    size_t n;
    char *buffer;
    size_t cap;
    float *noise; /* values of small blocks are drawn from these */
} maker;

enum { NOISE = 1 << 16 };

static void add(maker *m, const char *name, uint32_t type, uint64_t cols, uint64_t rows)
{
    const mkg_type_info *t = mkg_type_get(type);
    /* K types need rows of 256: what is not goes into Q8_0, as other writers do. */
    if (cols % t->block) t = mkg_type_get(MKG_Q8_0);
    uint64_t ne[2] = {cols, rows};
    mkg_gguf_put_tensor(m->w, name, t->type, rows > 1 ? 2 : 1, ne, NULL);
    m->tensors[m->n++] = (tensor){t->type, (size_t)(cols / t->block * t->bytes * rows),
                                  (size_t)(cols * rows)};
}

/* Blocks of random bytes; their scales, half floats, so that values are about 0.02. */
static void fill_blocks(const tensor *t, char *p, mkg__rng *r)
{
    const mkg_type_info *info = mkg_type_get(t->type);
    for (size_t i = 0; i + 8 <= t->bytes; i += 8) {
        uint64_t v = mkg__rng_u64(r);
        memcpy(p + i, &v, 8);
    }
    for (size_t at = 0; at < t->bytes; at += info->bytes) {
        float size = t->type == MKG_Q8_0   ? 0.00027f
                     : t->type == MKG_Q4_0 ? 0.004f
                                           : 7e-5f;
        uint16_t d = mkg__f16_put(size * (0.5f + mkg__rng_float(r)));
        uint16_t dmin = mkg__f16_put(size * (t->type == MKG_Q5_K ? 15.5f : 7.5f));
        if (t->type == MKG_Q6_K) {
            d = mkg__f16_put(1.5e-5f * (0.5f + mkg__rng_float(r)));
            memcpy(p + at + 208, &d, 2);
        } else {
            memcpy(p + at, &d, 2);
            if (info->block == 256) memcpy(p + at + 2, &dmin, 2);
        }
    }
}

static mkg_status fill(void *ctx, size_t i, const void **data, mkg_err *err)
{
    maker *m = ctx;
    const tensor *t = &m->tensors[i];
    mkg__rng r = mkg__rng_new(1, i, 0);
    (void)err;
    if (!mkg__grow(&m->buffer, &m->cap, t->bytes, 1)) return MKG_ENOMEM;
    if (mkg__quant_group(t->type)) {
        fill_blocks(t, m->buffer, &r);
    } else {
        size_t size = mkg_type_get(t->type)->bytes;
        for (size_t k = 0; k < t->n; k++) {
            float x = m->noise[mkg__rng_below(&r, NOISE)];
            if (t->n < 20000) x = 1; /* a norm */
            mkg__quantize(t->type, &x, 1, m->buffer + k * size);
        }
    }
    *data = m->buffer;
    return MKG_OK;
}

/* The 256 bytes as GPT-2 writes them, then made-up words. */
static void put_vocabulary(maker *m, uint32_t n)
{
    mkg_view *words = calloc(n, sizeof *words);
    int32_t *types = calloc(n, sizeof *types);
    char *text = malloc((size_t)n * 16);
    uint32_t next = 256;
    for (uint32_t i = 0; i < n; i++) {
        char *p = text + (size_t)i * 16;
        bool plain = (i >= 33 && i <= 126) || (i >= 161 && i <= 172) || (i >= 174);
        uint32_t c = plain ? i : i < 256 ? next++ : 0;
        if (i >= 256)
            snprintf(p, 16, i + 2 >= n ? "<|e%u|>" : "w%u", i);
        else if (c < 128)
            snprintf(p, 16, "%c", (int)c);
        else
            snprintf(p, 16, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
        words[i] = (mkg_view){p, strlen(p)};
        types[i] = i + 2 >= n ? 3 : 1;
    }
    mkg_view merge = {"w 1", 3};
    mkg_gguf_put_string(m->w, "tokenizer.ggml.model", (mkg_view){"gpt2", 4});
    mkg_gguf_put_string(m->w, "tokenizer.ggml.pre", (mkg_view){"qwen2", 5});
    mkg_gguf_put_strings(m->w, "tokenizer.ggml.tokens", words, n);
    mkg_gguf_put_array(m->w, "tokenizer.ggml.token_type", MKG_GGUF_I32, types, n);
    mkg_gguf_put_strings(m->w, "tokenizer.ggml.merges", &merge, 1);
    mkg_gguf_put_u32(m->w, "tokenizer.ggml.eos_token_id", n - 1);
    free(words);
    free(types);
    free(text);
}

static void put_keys(maker *m, const shape *s)
{
    mkg_gguf_put_string(m->w, "general.architecture", (mkg_view){"qwen2", 5});
    mkg_gguf_put_string(m->w, "general.name", (mkg_view){"random", 6});
    mkg_gguf_put_u32(m->w, "qwen2.block_count", s->layers);
    mkg_gguf_put_u32(m->w, "qwen2.context_length", 32768);
    mkg_gguf_put_u32(m->w, "qwen2.embedding_length", s->dim);
    mkg_gguf_put_u32(m->w, "qwen2.feed_forward_length", s->ff);
    mkg_gguf_put_u32(m->w, "qwen2.attention.head_count", s->heads);
    mkg_gguf_put_u32(m->w, "qwen2.attention.head_count_kv", s->kv_heads);
    mkg_gguf_put_float(m->w, "qwen2.rope.freq_base", 1000000);
    mkg_gguf_put_float(m->w, "qwen2.attention.layer_norm_rms_epsilon", 1e-6f);
    put_vocabulary(m, s->vocab);
}

static void put_tensors(maker *m, const shape *s, uint32_t type)
{
    static const char *const names[] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                        "ffn_gate", "ffn_up", "ffn_down"};
    uint32_t kv = s->dim / s->heads * s->kv_heads;
    uint32_t cols[] = {s->dim, s->dim, s->dim, s->dim, s->dim, s->dim, s->ff};
    uint32_t rows[] = {s->dim, kv, kv, s->dim, s->ff, s->ff, s->dim};
    char name[64];

    add(m, "token_embd.weight", type, s->dim, s->vocab);
    add(m, "output_norm.weight", MKG_F32, s->dim, 1);
    for (uint32_t l = 0; l < s->layers; l++) {
        for (size_t i = 0; i < 7; i++) {
            snprintf(name, sizeof name, "blk.%u.%s.weight", l, names[i]);
            add(m, name, type, cols[i], rows[i]);
            snprintf(name, sizeof name, "blk.%u.%s.bias", l, names[i]);
            if (i < 3) add(m, name, MKG_F32, rows[i], 1);
        }
        snprintf(name, sizeof name, "blk.%u.attn_norm.weight", l);
        add(m, name, MKG_F32, s->dim, 1);
        snprintf(name, sizeof name, "blk.%u.ffn_norm.weight", l);
        add(m, name, MKG_F32, s->dim, 1);
    }
}

int main(int argc, char **argv)
{
    const mkg_type_info *t = argc > 2 ? mkg_type_find(argv[1]) : NULL;
    const shape *s = &shapes[0];
    mkg_err err = {0};
    for (size_t i = 0; argc > 3 && i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].name, argv[3]) == 0) s = &shapes[i];
    if (!t || !t->computes) {
        fprintf(stderr, "usage: gen_lm TYPE OUT [SHAPE]\n");
        return 2;
    }
    maker m = {.w = mkg_gguf_writer_new(),
               .tensors = calloc(s->layers * 16 + 8, sizeof(tensor)),
               .noise = malloc(NOISE * sizeof(float))};
    mkg__rng r = mkg__rng_new(7, 0, 0);
    for (size_t i = 0; i < NOISE; i++)
        m.noise[i] = 0.035f * (mkg__rng_float(&r) + mkg__rng_float(&r) - 1);
    put_keys(&m, s);
    put_tensors(&m, s, t->type);
    mkg_status st = mkg_gguf_writer_save(m.w, argv[2], fill, &m, &err);
    if (st < 0) fprintf(stderr, "gen_lm: %s\n", err.msg);
    mkg_gguf_writer_free(m.w);
    mkg__free(m.buffer);
    free(m.tensors);
    free(m.noise);
    return st < 0;
}
