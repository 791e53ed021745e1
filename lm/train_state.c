/* The memory of training: the network's values, and what a lane needs for a pass. */
#include "base/err.h"
#include "lm/train_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROPE_MOST = 2048 };

/* ---- the network ---- */

typedef struct layout {
    mkg__net *net;
    size_t cap;
    mkg_status st;
    mkg_err *err;
} layout;

/* Room for a tensor; where it begins. */
static size_t add_tensor(layout *y, const char *name, size_t rows, size_t cols)
{
    mkg__net *net = y->net;
    if (y->st < 0) return 0;
    if (!mkg__grow(&net->tensors, &y->cap, net->ntensors + 1, sizeof *net->tensors)) {
        y->st = mkg__nomem(y->err);
        return 0;
    }
    mkg__tensor *t = &net->tensors[net->ntensors++];
    *t = (mkg__tensor){.rows = rows,
                       .cols = cols,
                       .at = net->n,
                       .decays = rows > 1,
                       .inner = rows > 1 && strncmp(name, "blk.", 4) == 0};
    snprintf(t->name, sizeof t->name, "%s", name);
    net->n += rows * cols;
    return t->at;
}

/* A tensor of the file, if it is there. */
static size_t add_from(layout *y, const char *name)
{
    const mkg_gguf_tensor *t = mkg_gguf_tensor_find(y->net->m->gguf, name);
    return t ? add_tensor(y, name, (size_t)t->ne[1], (size_t)t->ne[0]) : MKG__NO_WEIGHT;
}

static size_t add_of_layer(layout *y, size_t layer, const char *name, const char *kind)
{
    char full[96];
    snprintf(full, sizeof full, "blk.%zu.%s.%s", layer, name, kind);
    return add_from(y, full);
}

static mkg__linear add_linear(layout *y, size_t layer, const char *name,
                              const mkg__mat *w)
{
    mkg__linear l = {.in = w->cols, .out = w->rows};
    l.w = add_of_layer(y, layer, name, "weight");
    l.bias = add_of_layer(y, layer, name, "bias");
    l.a = l.b = MKG__NO_WEIGHT;
    return l;
}

static void add_adapter(layout *y, size_t layer, const char *name, mkg__linear *l)
{
    char full[96];
    size_t r = y->net->rank;
    snprintf(full, sizeof full, "blk.%zu.%s.weight.lora_a", layer, name);
    l->a = add_tensor(y, full, r, l->in);
    snprintf(full, sizeof full, "blk.%zu.%s.weight.lora_b", layer, name);
    l->b = add_tensor(y, full, l->out, r);
}

static void lay_out(layout *y)
{
    mkg__net *net = y->net;
    const mkg_model *m = net->m;
    net->embed = add_from(y, "token_embd.weight");
    net->output = add_from(y, "output.weight");
    if (net->output == MKG__NO_WEIGHT) net->output = net->embed;
    net->output_norm = add_from(y, "output_norm.weight");
    for (size_t i = 0; i < m->info.layers; i++) {
        const mkg__layer *from = &m->layers[i];
        mkg__train_layer *l = &net->layers[i];
        l->attn_norm = add_of_layer(y, i, "attn_norm", "weight");
        l->ffn_norm = add_of_layer(y, i, "ffn_norm", "weight");
        l->q_norm = add_of_layer(y, i, "attn_q_norm", "weight");
        l->k_norm = add_of_layer(y, i, "attn_k_norm", "weight");
        l->q = add_linear(y, i, "attn_q", &from->q);
        l->k = add_linear(y, i, "attn_k", &from->k);
        l->v = add_linear(y, i, "attn_v", &from->v);
        l->o = add_linear(y, i, "attn_output", &from->o);
        l->gate = add_linear(y, i, "ffn_gate", &from->gate);
        l->up = add_linear(y, i, "ffn_up", &from->up);
        l->down = add_linear(y, i, "ffn_down", &from->down);
    }
    if (!net->rank) return;
    net->frozen = net->n;
    for (size_t i = 0; i < m->info.layers; i++) {
        mkg__train_layer *l = &net->layers[i];
        add_adapter(y, i, "attn_q", &l->q);
        add_adapter(y, i, "attn_k", &l->k);
        add_adapter(y, i, "attn_v", &l->v);
        add_adapter(y, i, "attn_output", &l->o);
        add_adapter(y, i, "ffn_gate", &l->gate);
        add_adapter(y, i, "ffn_up", &l->up);
        add_adapter(y, i, "ffn_down", &l->down);
    }
}

static void fill_values(mkg__net *net, uint64_t seed)
{
    for (size_t i = 0; i < net->ntensors; i++) {
        const mkg__tensor *t = &net->tensors[i];
        const mkg_gguf_tensor *from = mkg_gguf_tensor_find(net->m->gguf, t->name);
        float *to = net->value + t->at;
        size_t n = t->rows * t->cols;
        if (from) {
            for (size_t r = 0; r < t->rows; r++)
                mkg__dequantize(from->type->type,
                                (const char *)from->data + r * (from->bytes / t->rows),
                                t->cols, to + r * t->cols);
        } else if (strstr(t->name, ".lora_a")) {
            mkg__rng rng = mkg__rng_new(seed, i, 0);
            float size = sqrtf(3.0f / (float)t->cols); /* uniform, variance 1 / in */
            for (size_t k = 0; k < n; k++)
                to[k] = size * (2 * mkg__rng_float(&rng) - 1);
        } else {
            memset(to, 0, n * sizeof *to);
        }
    }
}

mkg_status mkg__net_new(const mkg_model *m, size_t rank, double alpha, uint64_t seed,
                        mkg__net *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t bytes;
    memset(out, 0, sizeof *out);
    out->m = m;
    out->rank = rank;
    out->scale = rank ? (float)(alpha / (double)rank) : 0;
    if (m->rope.dims > ROPE_MOST)
        return mkg__fail(err, MKG_EARG, "heads of %zu are too large to be trained",
                         m->rope.dims);
    out->layers = mkg__calloc(m->info.layers, sizeof *out->layers);
    if (!out->layers) return mkg__nomem(err);
    layout y = {.net = out, .err = err};
    lay_out(&y);
    MKG_GO(y.st);
    if (!mkg__mul(out->n, sizeof(float), &bytes) || !(out->value = mkg__large(bytes)))
        st = mkg__nomem(err);
    else
        fill_values(out, seed);
out:
    if (st < 0) mkg__net_clear(out);
    return st;
}

void mkg__net_clear(mkg__net *net)
{
    mkg__free(net->tensors);
    mkg__free(net->layers);
    mkg__free(net->value);
    memset(net, 0, sizeof *net);
}

const mkg__tensor *mkg__net_find(const mkg__net *net, const char *name)
{
    for (size_t i = 0; i < net->ntensors; i++)
        if (strcmp(net->tensors[i].name, name) == 0) return &net->tensors[i];
    return NULL;
}

/* ---- a lane ---- */

/* (rows, cols) floats in one block of the lane's; NULL once memory has run out. */
static float *floats(mkg__lane *lane, bool *failed, size_t rows, size_t cols)
{
    size_t n, bytes;
    if (*failed || rows * cols == 0) return NULL;
    if (!mkg__mul(rows, cols, &n) || !mkg__mul(n, sizeof(float), &bytes) ||
        lane->nmemory == sizeof lane->memory / sizeof *lane->memory ||
        !(lane->memory[lane->nmemory] = mkg__large(bytes))) {
        *failed = true;
        return NULL;
    }
    return lane->memory[lane->nmemory++];
}

/* The next part of a block that holds the like of every layer. */
static float *part(float *block, size_t layer, size_t n)
{
    return block ? block + layer * n : NULL;
}

static bool add_traces(mkg__lane *lane)
{
    bool failed = false;
    const mkg_model_info *i = &lane->net->m->info;
    size_t n = lane->most, layers = i->layers, q = i->heads * i->head_dim,
           kv = i->kv_heads * i->head_dim;
    bool norm = lane->net->m->arch->qk_norm;
    float *x = floats(lane, &failed, layers, n * i->dim),
          *h1 = floats(lane, &failed, layers, n * i->dim),
          *mid = floats(lane, &failed, layers, n * i->dim),
          *h2 = floats(lane, &failed, layers, n * i->dim),
          *qs = floats(lane, &failed, layers, n * q),
          *ks = floats(lane, &failed, layers, n * kv),
          *vs = floats(lane, &failed, layers, n * kv),
          *os = floats(lane, &failed, layers, n * q),
          *gate = floats(lane, &failed, layers, n * i->ff),
          *up = floats(lane, &failed, layers, n * i->ff),
          *inv = floats(lane, &failed, layers, n * 2),
          *lse = floats(lane, &failed, layers, n * i->heads),
          *raw = floats(lane, &failed, norm ? layers : 0, n * (q + kv)),
          *raw_inv =
              floats(lane, &failed, norm ? layers : 0, n * (i->heads + i->kv_heads));
    if (failed) return false;
    for (size_t l = 0; l < layers; l++) {
        mkg__trace *t = &lane->layers[l];
        *t = (mkg__trace){.x = part(x, l, n * i->dim),
                          .h1 = part(h1, l, n * i->dim),
                          .mid = part(mid, l, n * i->dim),
                          .h2 = part(h2, l, n * i->dim),
                          .q = part(qs, l, n * q),
                          .k = part(ks, l, n * kv),
                          .v = part(vs, l, n * kv),
                          .o = part(os, l, n * q),
                          .gate = part(gate, l, n * i->ff),
                          .up = part(up, l, n * i->ff),
                          .inv1 = part(inv, l, n * 2),
                          .lse = part(lse, l, n * i->heads)};
        t->inv2 = t->inv1 + n;
        if (!norm) continue;
        t->q_raw = part(raw, l, n * (q + kv));
        t->k_raw = t->q_raw + n * q;
        t->q_inv = part(raw_inv, l, n * (i->heads + i->kv_heads));
        t->k_inv = t->q_inv + n * i->heads;
    }
    return true;
}

mkg_status mkg__lane_new(const mkg__net *net, size_t most, size_t longest,
                         mkg__lane *out, mkg_err *err)
{
    const mkg_model_info *i = &net->m->info;
    bool failed = false;
    size_t q = i->heads * i->head_dim, kv = i->kv_heads * i->head_dim;

    memset(out, 0, sizeof *out);
    out->net = net;
    out->most = most;
    out->longest = longest;
    out->layers = mkg__calloc(i->layers, sizeof *out->layers);
    out->grad = floats(out, &failed, 1, net->n - net->frozen);
    out->x = floats(out, &failed, most, i->dim);
    out->dx = floats(out, &failed, most, i->dim);
    out->d1 = floats(out, &failed, most, i->dim);
    out->ff1 = floats(out, &failed, most, i->ff);
    out->ff2 = floats(out, &failed, most, i->ff);
    out->dq = floats(out, &failed, most, q);
    out->dk = floats(out, &failed, most, kv);
    out->dv = floats(out, &failed, most, kv);
    out->dout = floats(out, &failed, most, q);
    out->scores = floats(out, &failed, longest, longest);
    out->dscores = floats(out, &failed, longest, longest);
    out->turns = floats(out, &failed, most, net->m->rope.dims);
    out->low = floats(out, &failed, most, net->rank);
    out->dlow = floats(out, &failed, most, net->rank);
    out->head = floats(out, &failed, MKG__HEAD_ROWS, i->dim);
    out->dhead = floats(out, &failed, MKG__HEAD_ROWS, i->dim);
    out->logits = floats(out, &failed, MKG__HEAD_ROWS, i->vocab);
    if (out->layers && !failed && add_traces(out)) {
        memset(out->grad, 0, (net->n - net->frozen) * sizeof(float));
        return MKG_OK;
    }
    mkg__lane_clear(out);
    return mkg__nomem(err);
}

void mkg__lane_clear(mkg__lane *lane)
{
    for (size_t i = 0; i < lane->nmemory; i++)
        mkg__free(lane->memory[i]);
    mkg__free(lane->layers);
    memset(lane, 0, sizeof *lane);
}
