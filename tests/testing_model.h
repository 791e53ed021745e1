/* Small random models, and the transformer as one would write it on paper. */
#ifndef MKG_TESTING_MODEL_H
#define MKG_TESTING_MODEL_H

#include "testing.h"
#include "testing_lm.h"

#include "base/hash.h"
#include "base/rng.h"
#include "lm/gguf.h"
#include "lm/quant.h"

#include <math.h>

typedef struct tiny {
    const char *arch;
    uint32_t type;
    uint32_t layers, dim, heads, kv_heads, head_dim, ff, vocab;
    const char *scaling; /* of rope: "linear", "yarn", or NULL */
    bool factors;        /* rope_freqs.weight */
    bool tied;
    uint32_t rope_dims; /* 0: all of a head */
    const char *skip;   /* a tensor that is left out */
    bool words;         /* with a tokenizer of TINY_WORDS tokens, turns as chatml */
    uint32_t context;   /* 0: 256 */
} tiny;

enum { TINY_WORDS = 256 + N_OF(sample_merges) + SPECIALS };

#define TINY                                                                           \
    {                                                                                  \
        .arch = "llama", .type = MKG_F32, .layers = 2, .dim = 64, .heads = 4,          \
        .kv_heads = 2, .head_dim = 16, .ff = 96, .vocab = 40                           \
    }

static inline void tiny_key(mkg_gguf_writer *w, const tiny *t, const char *name,
                            double v, bool real)
{
    char key[96];
    snprintf(key, sizeof key, "%s.%s", t->arch, name);
    if (real)
        mkg_gguf_put_float(w, key, (float)v);
    else
        mkg_gguf_put_u32(w, key, (uint32_t)v);
}

/* Noise around `mean`, as the type stores it. Rows that the type's blocks do not fit
 * are F32. The bytes live in the arena. */
static inline void tiny_tensor(mkg_gguf_writer *w, const tiny *t, mkg__arena *arena,
                               const char *name, uint32_t type, uint64_t cols,
                               uint64_t rows, float mean, float size)
{
    mkg__rng r = mkg__rng_new(11, mkg__hash64(name, strlen(name), 0), 0);
    size_t n = (size_t)(cols * rows);
    const mkg_type_info *info = mkg_type_get(type);
    if (cols % info->block) info = mkg_type_get(MKG_F32);
    char *p = mkg__arena_alloc(arena, n / info->block * info->bytes);
    float *x = malloc(n * sizeof *x);
    assert_non_null(p);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = mean + size * (mkg__rng_float(&r) + mkg__rng_float(&r) - 1);
    if (mkg__quantize(info->type, x, n, p) == false) { /* K types: any bytes */
        for (size_t i = 0; i < n / info->block * info->bytes; i++)
            p[i] = (char)mkg__rng_below(&r, 256);
        for (size_t at = 0; at < n / 256 * info->bytes; at += info->bytes) {
            uint16_t d = mkg__f16_put(size / (info->type == MKG_Q6_K ? 20000 : 1000)),
                     m = mkg__f16_put(size / 100);
            memcpy(p + at + (info->type == MKG_Q6_K ? 208 : 0), &d, 2);
            if (info->type != MKG_Q6_K) memcpy(p + at + 2, &m, 2);
        }
    }
    free(x);
    uint64_t ne[2] = {cols, rows};
    if (!t->skip || strcmp(t->skip, name) != 0)
        mkg_gguf_put_tensor(w, name, info->type, rows > 1 ? 2 : 1, ne, p);
}

static inline void tiny_layer(mkg_gguf_writer *w, const tiny *t, mkg__arena *a,
                              unsigned l)
{
    uint32_t q = t->heads * t->head_dim, kv = t->kv_heads * t->head_dim;
    const struct {
        const char *name;
        uint32_t cols, rows;
    } mats[] = {{"attn_q", t->dim, q},       {"attn_k", t->dim, kv},
                {"attn_v", t->dim, kv},      {"attn_output", q, t->dim},
                {"ffn_gate", t->dim, t->ff}, {"ffn_up", t->dim, t->ff},
                {"ffn_down", t->ff, t->dim}};
    char name[64];
    for (size_t i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "blk.%u.%s.weight", l, mats[i].name);
        tiny_tensor(w, t, a, name, t->type, mats[i].cols, mats[i].rows, 0, 0.4f);
        snprintf(name, sizeof name, "blk.%u.%s.bias", l, mats[i].name);
        if (i < 3 && strcmp(t->arch, "qwen2") == 0)
            tiny_tensor(w, t, a, name, MKG_F32, mats[i].rows, 1, 0, 0.5f);
    }
    static const char *const norms[] = {"attn_norm", "ffn_norm", "attn_q_norm",
                                        "attn_k_norm"};
    for (size_t i = 0; i < (strcmp(t->arch, "qwen3") == 0 ? 4u : 2u); i++) {
        snprintf(name, sizeof name, "blk.%u.%s.weight", l, norms[i]);
        tiny_tensor(w, t, a, name, MKG_F32, i < 2 ? t->dim : t->head_dim, 1, 1, 0.3f);
    }
}

/* Write the model to folder/tiny.gguf; free() the path. */
static inline char *tiny_file(const char *folder, const tiny *t)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    mkg__arena a = {0};
    mkg_err err = {0};
    char *path = in_folder(folder, "tiny.gguf");

    mkg_gguf_put_string(w, "general.architecture", V(t->arch));
    tiny_key(w, t, "block_count", t->layers, false);
    tiny_key(w, t, "context_length", t->context ? t->context : 256, false);
    tiny_key(w, t, "embedding_length", t->dim, false);
    tiny_key(w, t, "feed_forward_length", t->ff, false);
    tiny_key(w, t, "attention.head_count", t->heads, false);
    tiny_key(w, t, "attention.head_count_kv", t->kv_heads, false);
    tiny_key(w, t, "attention.key_length", t->head_dim, false);
    tiny_key(w, t, "attention.value_length", t->head_dim, false);
    tiny_key(w, t, "attention.layer_norm_rms_epsilon", 1e-5, true);
    tiny_key(w, t, "rope.freq_base", 5000, true);
    if (t->rope_dims) tiny_key(w, t, "rope.dimension_count", t->rope_dims, false);
    if (t->scaling) {
        char key[96];
        snprintf(key, sizeof key, "%s.rope.scaling.type", t->arch);
        mkg_gguf_put_string(w, key, V(t->scaling));
        tiny_key(w, t, "rope.scaling.factor", 4, true);
        tiny_key(w, t, "rope.scaling.original_context_length", 64, false);
    }
    if (t->words) {
        put_bpe(w, "qwen2", sample_merges, N_OF(sample_merges));
        mkg_gguf_put_string(w, "tokenizer.chat_template", V("<|im_start|>"));
    }
    tiny_tensor(w, t, &a, "token_embd.weight", t->type, t->dim, t->vocab, 0, 1);
    if (!t->tied)
        tiny_tensor(w, t, &a, "output.weight", t->type, t->dim, t->vocab, 0, 0.5f);
    tiny_tensor(w, t, &a, "output_norm.weight", MKG_F32, t->dim, 1, 1, 0.3f);
    if (t->factors)
        tiny_tensor(w, t, &a, "rope_freqs.weight", MKG_F32, t->head_dim / 2, 1, 4, 3);
    for (unsigned l = 0; l < t->layers; l++)
        tiny_layer(w, t, &a, l);
    assert_mkg_ok(mkg_gguf_writer_save(w, path, NULL, NULL, &err));
    mkg_gguf_writer_free(w);
    mkg__arena_clear(&a);
    return path;
}

/* ---- on paper ---- */

typedef struct paper {
    const tiny *t;
    const mkg_gguf *g;
    size_t n; /* tokens */
} paper;

/* A tensor's value, from its name; 0 rows of a missing one. */
static inline double *paper_get(const paper *p, const char *fmt, unsigned l)
{
    char name[64];
    snprintf(name, sizeof name, fmt, l);
    const mkg_gguf_tensor *t = mkg_gguf_tensor_find(p->g, name);
    if (!t) return NULL;
    float *f = malloc((size_t)t->n * sizeof *f);
    double *d = malloc((size_t)t->n * sizeof *d);
    mkg__dequantize(t->type->type, t->data, (size_t)t->n, f);
    for (size_t i = 0; i < t->n; i++)
        d[i] = (double)f[i];
    free(f);
    return d;
}

/* y (n, rows) = x (n, cols) times w (rows, cols), and bias. */
static inline double *paper_mul(const paper *p, const double *x, size_t cols,
                                size_t rows, const char *fmt, unsigned l)
{
    char bias[64];
    double *y = calloc(p->n * rows, sizeof *y), *w = paper_get(p, fmt, l);
    snprintf(bias, sizeof bias, "%.*sbias", (int)(strlen(fmt) - 6), fmt);
    double *b = paper_get(p, bias, l);
    for (size_t i = 0; i < p->n; i++)
        for (size_t r = 0; r < rows; r++) {
            double sum = b ? b[r] : 0;
            for (size_t c = 0; c < cols; c++)
                sum += w[r * cols + c] * x[i * cols + c];
            y[i * rows + r] = sum;
        }
    free(w);
    free(b);
    return y;
}

static inline double *paper_norm(const paper *p, const double *x, size_t n, size_t rows,
                                 const char *fmt, unsigned l)
{
    double *y = malloc(n * rows * sizeof *y), *w = paper_get(p, fmt, l);
    for (size_t i = 0; i < rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += x[i * n + k] * x[i * n + k];
        for (size_t k = 0; k < n; k++)
            y[i * n + k] = x[i * n + k] / sqrt(sum / (double)n + 1e-5) * (w ? w[k] : 1);
    }
    free(w);
    return y;
}

/* The angle of pair i at a position, and what the pair is multiplied with. */
static inline double paper_angle(const paper *p, size_t position, size_t i, size_t dims,
                                 double *scale)
{
    double f = pow(5000, -2.0 * (double)i / (double)dims);
    *scale = 1;
    if (p->t->factors) {
        double *w = paper_get(p, "rope_freqs.weight", 0);
        f /= w[i];
        free(w);
    }
    if (p->t->scaling && strcmp(p->t->scaling, "linear") == 0) f /= 4;
    if (p->t->scaling && strcmp(p->t->scaling, "yarn") == 0) {
        /* pairs by how often they turn within the 64 positions of old */
        double pi = acos(-1), d = (double)dims, low, high;
        low = floor(d * log(64 / (32 * 2 * pi)) / (2 * log(5000)));
        high = ceil(d * log(64 / (1 * 2 * pi)) / (2 * log(5000)));
        low = low < 0 ? 0 : low;
        high = high > d - 1 ? d - 1 : high;
        double ramp = ((double)i - low) / fmax(0.001, high - low);
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        f = f / 4 * ramp + f * (1 - ramp);
        *scale = 0.1 * log(4) + 1;
    }
    return (double)position * f;
}

static inline void paper_rope(const paper *p, double *x, size_t heads)
{
    size_t hd = p->t->head_dim, dims = p->t->rope_dims ? p->t->rope_dims : hd;
    bool halves = strcmp(p->t->arch, "llama") != 0;
    for (size_t i = 0; i < p->n; i++)
        for (size_t h = 0; h < heads; h++)
            for (size_t k = 0; k < dims / 2; k++) {
                double scale, a = paper_angle(p, i, k, dims, &scale);
                double *v = x + (i * heads + h) * hd;
                double *u = v + (halves ? k : 2 * k);
                v = halves ? u + dims / 2 : u + 1;
                double c = cos(a) * scale, s = sin(a) * scale, u0 = *u, v0 = *v;
                *u = u0 * c - v0 * s;
                *v = u0 * s + v0 * c;
            }
}

static inline double *paper_attend(const paper *p, const double *q, const double *k,
                                   const double *v)
{
    size_t hd = p->t->head_dim, heads = p->t->heads, kv = p->t->kv_heads;
    double *out = calloc(p->n * heads * hd, sizeof *out), w[256];
    for (size_t i = 0; i < p->n; i++)
        for (size_t h = 0; h < heads; h++) {
            size_t g = h / (heads / kv);
            double sum = 0;
            for (size_t j = 0; j <= i; j++) {
                double dot = 0;
                for (size_t d = 0; d < hd; d++)
                    dot += q[(i * heads + h) * hd + d] * k[(j * kv + g) * hd + d];
                sum += w[j] = exp(dot / sqrt((double)hd));
            }
            for (size_t j = 0; j <= i; j++)
                for (size_t d = 0; d < hd; d++)
                    out[(i * heads + h) * hd + d] +=
                        w[j] / sum * v[(j * kv + g) * hd + d];
        }
    return out;
}

static inline void paper_add(double *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
    free(y);
}

static inline void paper_layer(const paper *p, double *x, unsigned l)
{
    const tiny *t = p->t;
    size_t qn = (size_t)t->heads * t->head_dim, kn = (size_t)t->kv_heads * t->head_dim;
    double *h = paper_norm(p, x, t->dim, p->n, "blk.%u.attn_norm.weight", l);
    double *q = paper_mul(p, h, t->dim, qn, "blk.%u.attn_q.weight", l);
    double *k = paper_mul(p, h, t->dim, kn, "blk.%u.attn_k.weight", l);
    double *v = paper_mul(p, h, t->dim, kn, "blk.%u.attn_v.weight", l);
    free(h);
    if (strcmp(t->arch, "qwen3") == 0) {
        double *q0 = q, *k0 = k;
        q = paper_norm(p, q, t->head_dim, p->n * t->heads, "blk.%u.attn_q_norm.weight",
                       l);
        k = paper_norm(p, k, t->head_dim, p->n * t->kv_heads,
                       "blk.%u.attn_k_norm.weight", l);
        free(q0);
        free(k0);
    }
    paper_rope(p, q, t->heads);
    paper_rope(p, k, t->kv_heads);
    double *a = paper_attend(p, q, k, v);
    paper_add(x, paper_mul(p, a, qn, t->dim, "blk.%u.attn_output.weight", l),
              p->n * t->dim);
    free(a);
    free(q);
    free(k);
    free(v);
    h = paper_norm(p, x, t->dim, p->n, "blk.%u.ffn_norm.weight", l);
    double *gate = paper_mul(p, h, t->dim, t->ff, "blk.%u.ffn_gate.weight", l);
    double *up = paper_mul(p, h, t->dim, t->ff, "blk.%u.ffn_up.weight", l);
    for (size_t i = 0; i < p->n * t->ff; i++)
        gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
    paper_add(x, paper_mul(p, gate, t->ff, t->dim, "blk.%u.ffn_down.weight", l),
              p->n * t->dim);
    free(h);
    free(gate);
    free(up);
}

/* Logits (n, vocab) of n tokens; free() them. */
static inline double *paper_logits(const tiny *t, const mkg_gguf *g,
                                   const uint32_t *ids, size_t n)
{
    paper p = {t, g, n};
    double *embed = paper_get(&p, "token_embd.weight", 0);
    double *x = malloc(n * t->dim * sizeof *x);
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * t->dim, embed + ids[i] * t->dim, t->dim * sizeof *x);
    for (unsigned l = 0; l < t->layers; l++)
        paper_layer(&p, x, l);
    double *h = paper_norm(&p, x, t->dim, n, "output_norm.weight", 0);
    double *y = paper_mul(&p, h, t->dim, t->vocab,
                          t->tied ? "token_embd.weight" : "output.weight", 0);
    free(embed);
    free(x);
    free(h);
    return y;
}

#endif
