/* A model of random weights to begin with. */
#include "base/err.h"
#include "lm/model.h"
#include "lm/train_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static mkg_status check_shape(const mkg_shape *s, mkg_err *err)
{
    if (!s->layers || !s->dim || !s->heads || !s->kv_heads || !s->ff || !s->context)
        return mkg__fail(err, MKG_EARG, "no size of a model is 0");
    if (s->layers > 256 || s->dim > 16384 || s->ff > 65536 || s->context > 1 << 20)
        return mkg__fail(err, MKG_EARG, "the model is too large to begin with");
    if (s->dim % s->heads || s->heads % s->kv_heads || s->dim / s->heads % 2)
        return mkg__fail(err, MKG_EARG,
                         "%zu heads do not share a width of %zu and %zu key-value "
                         "heads evenly, in an even number",
                         s->heads, s->dim, s->kv_heads);
    return MKG_OK;
}

static void put_keys(mkg_gguf_writer *w, const mkg_shape *s)
{
    mkg_gguf_put_string(w, "general.architecture", (mkg_view){"llama", 5});
    mkg_gguf_put_u32(w, "general.file_type", 0);
    mkg_gguf_put_u32(w, "llama.block_count", (uint32_t)s->layers);
    mkg_gguf_put_u32(w, "llama.context_length", (uint32_t)s->context);
    mkg_gguf_put_u32(w, "llama.embedding_length", (uint32_t)s->dim);
    mkg_gguf_put_u32(w, "llama.feed_forward_length", (uint32_t)s->ff);
    mkg_gguf_put_u32(w, "llama.attention.head_count", (uint32_t)s->heads);
    mkg_gguf_put_u32(w, "llama.attention.head_count_kv", (uint32_t)s->kv_heads);
    mkg_gguf_put_u32(w, "llama.rope.dimension_count", (uint32_t)(s->dim / s->heads));
    mkg_gguf_put_float(w, "llama.rope.freq_base", 10000);
    mkg_gguf_put_float(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
}

typedef struct maker {
    mkg_gguf_writer *w;
    uint64_t seed, tensors;
    mkg__arena arena;
    bool failed;
} maker;

/* Normal numbers by Box and Muller's method; deviation 0: all 1. */
static void add(maker *m, const char *name, size_t cols, size_t rows, double deviation)
{
    size_t n = cols * rows;
    float *p = mkg__arena_alloc(&m->arena, n * sizeof *p);
    mkg__rng r = mkg__rng_new(m->seed, m->tensors++, 1);
    uint64_t ne[2] = {cols, rows};
    if (!p) {
        m->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double u = 1 - mkg__rng_double(&r), v = mkg__rng_double(&r);
        double normal = sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
        p[i] = deviation > 0 ? (float)(deviation * normal) : 1;
    }
    mkg_gguf_put_tensor(m->w, name, MKG_F32, rows > 1 ? 2 : 1, ne, p);
}

static void add_layers(maker *m, const mkg_shape *s)
{
    const double usual = 0.02, last = usual / sqrt(2 * (double)s->layers);
    size_t kv = s->dim / s->heads * s->kv_heads;
    const struct {
        const char *name;
        size_t cols, rows;
        double deviation;
    } parts[] = {
        {"attn_norm", s->dim, 1, 0},           {"attn_q", s->dim, s->dim, usual},
        {"attn_k", s->dim, kv, usual},         {"attn_v", s->dim, kv, usual},
        {"attn_output", s->dim, s->dim, last}, {"ffn_norm", s->dim, 1, 0},
        {"ffn_gate", s->dim, s->ff, usual},    {"ffn_up", s->dim, s->ff, usual},
        {"ffn_down", s->ff, s->dim, last},
    };
    for (size_t l = 0; l < s->layers; l++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            char name[96];
            snprintf(name, sizeof name, "blk.%zu.%s.weight", l, parts[i].name);
            add(m, name, parts[i].cols, parts[i].rows, parts[i].deviation);
        }
}

mkg_status mkg_model_make(const char *path, const char *vocab, const mkg_shape *shape,
                          uint64_t seed, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_gguf *g = NULL;
    mkg_tok *tok = NULL;
    maker m = {.seed = seed};

    MKG_GO(check_shape(shape, err));
    MKG_GO(mkg_gguf_open(vocab, &g, err));
    MKG_GO(mkg_tok_load(g, &tok, err));
    m.w = mkg_gguf_writer_new();
    if (!m.w) {
        st = mkg__nomem(err);
        goto out;
    }
    put_keys(m.w, shape);
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++) {
        const mkg_gguf_meta *k = mkg_gguf_meta_at(g, i);
        if (k->key.len > 10 && memcmp(k->key.ptr, "tokenizer.", 10) == 0)
            mkg_gguf_put_meta(m.w, k);
    }
    add(&m, "token_embd.weight", shape->dim, mkg_tok_get_info(tok)->n, 0.02);
    add(&m, "output_norm.weight", shape->dim, 1, 0);
    add_layers(&m, shape);
    st = m.failed ? mkg__nomem(err) : mkg_gguf_writer_save(m.w, path, NULL, NULL, err);
out:
    mkg_gguf_writer_free(m.w);
    mkg__arena_clear(&m.arena);
    mkg_tok_free(tok);
    mkg_gguf_close(g);
    return st;
}
