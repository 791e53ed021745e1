#include "lm/model.h"

#include "base/err.h"
#include "base/text.h"
#include "lm/model_internal.h"

#include <math.h>
#include <stdio.h>

/* Beyond any model of these families; keeps products of two of them far from overflow.
 */
enum { LAYERS_MAX = 1024, DIM_MAX = 1 << 20, VOCAB_MAX = 1 << 24 };

/* ---- hyperparameters ---- */

static mkg_status get_size(const mkg_model *m, const char *name, bool needed,
                           uint64_t most, size_t *out, mkg_err *err)
{
    char key[96];
    uint64_t v = *out;
    snprintf(key, sizeof key, "%s.%s", m->arch->name, name);
    mkg_status st = mkg_gguf_get_u64(m->gguf, key, &v, err);
    if (st < 0) return st;
    if (st == MKG_NOTFOUND && needed)
        return mkg__fail(err, MKG_EPARSE, "the key %s is missing", key);
    if (v == 0 || v > most)
        return mkg__fail(err, MKG_EPARSE, "%s is %llu: not from 1 to %llu", key,
                         (unsigned long long)v, (unsigned long long)most);
    *out = (size_t)v;
    return MKG_OK;
}

static mkg_status read_sizes(mkg_model *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_model_info *i = &m->info;
    char key[96];
    double eps = 1e-5;
    size_t value_dim, experts = 1;

    MKG_GO(get_size(m, "block_count", true, LAYERS_MAX, &i->layers, err));
    MKG_GO(get_size(m, "embedding_length", true, DIM_MAX, &i->dim, err));
    MKG_GO(get_size(m, "feed_forward_length", true, DIM_MAX, &i->ff, err));
    MKG_GO(get_size(m, "attention.head_count", true, DIM_MAX, &i->heads, err));
    i->kv_heads = i->heads;
    MKG_GO(get_size(m, "attention.head_count_kv", false, DIM_MAX, &i->kv_heads, err));
    i->head_dim = i->dim / i->heads ? i->dim / i->heads : 1;
    MKG_GO(get_size(m, "attention.key_length", false, 4096, &i->head_dim, err));
    value_dim = i->head_dim;
    MKG_GO(get_size(m, "attention.value_length", false, 4096, &value_dim, err));
    i->context = 2048;
    MKG_GO(get_size(m, "context_length", false, UINT32_MAX, &i->context, err));
    MKG_GO(get_size(m, "expert_count", false, UINT32_MAX, &experts, NULL));
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", m->arch->name);
    MKG_GO(mkg_gguf_get_float(m->gguf, key, &eps, err));
    m->eps = (float)eps;
    st = MKG_OK;
    if (!(eps >= 0) || eps > 1)
        st = mkg__fail(err, MKG_EPARSE, "%s makes no sense", key);
    else if (experts > 1)
        st = mkg__fail(err, MKG_EPARSE, "models with experts are not supported");
    else if (i->heads % i->kv_heads)
        st = mkg__fail(err, MKG_EPARSE,
                       "%zu heads do not share %zu key-value heads evenly", i->heads,
                       i->kv_heads);
    else if (value_dim != i->head_dim)
        st = mkg__fail(err, MKG_EPARSE,
                       "heads of keys (%zu) and of values (%zu) differ in length",
                       i->head_dim, value_dim);
    else if (i->heads * i->head_dim > DIM_MAX)
        st = mkg__fail(err, MKG_EPARSE, "the attention is too wide");
out:
    return st;
}

/* ---- tensors ---- */

static const mkg_gguf_tensor *find(const mkg_model *m, int layer, const char *name,
                                   const char *kind, char full[96])
{
    if (layer < 0)
        snprintf(full, 96, "%s.%s", name, kind);
    else
        snprintf(full, 96, "blk.%d.%s.%s", layer, name, kind);
    return mkg_gguf_tensor_find(m->gguf, full);
}

static mkg_status get_mat(mkg_model *m, int layer, const char *name, size_t rows,
                          size_t cols, mkg__mat *out, mkg_err *err)
{
    char full[96];
    const mkg_gguf_tensor *t = find(m, layer, name, "weight", full);
    if (!t) return mkg__fail(err, MKG_EPARSE, "the tensor %s is missing", full);
    if (!t->type->computes)
        return mkg__fail(err, MKG_EPARSE, "%s is of type %s; this program computes %s",
                         full, t->type->name, mkg_type_computed_names());
    if (t->ne[0] != cols || t->ne[1] != rows || t->ne[2] != 1 || t->ne[3] != 1)
        return mkg__fail(err, MKG_EPARSE, "%s is %llu x %llu and should be %zu x %zu",
                         full, (unsigned long long)t->ne[0],
                         (unsigned long long)t->ne[1], cols, rows);
    *out = (mkg__mat){t->data, rows, cols, t->bytes / rows, t->type->type};
    m->info.token_bytes += t->bytes;
    return MKG_OK;
}

/* A vector as float32; NULL into *out if it is not there and not needed. */
static mkg_status get_vector(mkg_model *m, int layer, const char *name,
                             const char *kind, bool needed, size_t n, const float **out,
                             mkg_err *err)
{
    char full[96];
    const mkg_gguf_tensor *t = find(m, layer, name, kind, full);
    *out = NULL;
    if (!t && !needed) return MKG_OK;
    if (!t) return mkg__fail(err, MKG_EPARSE, "the tensor %s is missing", full);
    if (t->n != n || t->ne[0] != n || !t->type->computes)
        return mkg__fail(err, MKG_EPARSE, "%s should be %zu numbers", full, n);
    m->info.token_bytes += t->bytes;
    if (t->type->type == MKG_F32) {
        *out = t->data;
        return MKG_OK;
    }
    float *copy = mkg__arena_alloc(&m->arena, n * sizeof *copy);
    if (!copy) return mkg__nomem(err);
    mkg__dequantize(t->type->type, t->data, n, copy);
    *out = copy;
    return MKG_OK;
}

static mkg_status get_layer(mkg_model *m, int i, mkg__layer *l, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_model_info *n = &m->info;
    const mkg__arch *a = m->arch;
    size_t q = n->heads * n->head_dim, kv = n->kv_heads * n->head_dim, hd = n->head_dim;

    MKG_GO(get_vector(m, i, "attn_norm", "weight", true, n->dim, &l->attn_norm, err));
    MKG_GO(get_vector(m, i, "ffn_norm", "weight", true, n->dim, &l->ffn_norm, err));
    MKG_GO(get_mat(m, i, "attn_q", q, n->dim, &l->q, err));
    MKG_GO(get_mat(m, i, "attn_k", kv, n->dim, &l->k, err));
    MKG_GO(get_mat(m, i, "attn_v", kv, n->dim, &l->v, err));
    MKG_GO(get_mat(m, i, "attn_output", n->dim, q, &l->o, err));
    MKG_GO(get_mat(m, i, "ffn_gate", n->ff, n->dim, &l->gate, err));
    MKG_GO(get_mat(m, i, "ffn_up", n->ff, n->dim, &l->up, err));
    MKG_GO(get_mat(m, i, "ffn_down", n->dim, n->ff, &l->down, err));
    MKG_GO(get_vector(m, i, "attn_q", "bias", a->qkv_bias, q, &l->q_bias, err));
    MKG_GO(get_vector(m, i, "attn_k", "bias", a->qkv_bias, kv, &l->k_bias, err));
    MKG_GO(get_vector(m, i, "attn_v", "bias", a->qkv_bias, kv, &l->v_bias, err));
    MKG_GO(get_vector(m, i, "attn_output", "bias", false, n->dim, &l->o_bias, err));
    if (a->qk_norm) {
        MKG_GO(get_vector(m, i, "attn_q_norm", "weight", true, hd, &l->q_norm, err));
        MKG_GO(get_vector(m, i, "attn_k_norm", "weight", true, hd, &l->k_norm, err));
    }
out:
    return st;
}

static mkg_status get_tensors(mkg_model *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_model_info *n = &m->info;
    char full[96];
    const mkg_gguf_tensor *embed = find(m, -1, "token_embd", "weight", full);

    if (!embed || embed->ne[1] > VOCAB_MAX)
        return mkg__fail(err, MKG_EPARSE, "the tensor token_embd.weight %s",
                         embed ? "is too large" : "is missing");
    n->vocab = (size_t)embed->ne[1];
    m->layers = mkg__arena_alloc(&m->arena, n->layers * sizeof *m->layers);
    if (!m->layers) return mkg__nomem(err);
    memset(m->layers, 0, n->layers * sizeof *m->layers);
    MKG_GO(get_mat(m, -1, "token_embd", n->vocab, n->dim, &m->embed, err));
    m->output = m->embed; /* tied, unless there is another */
    if (find(m, -1, "output", "weight", full)) {
        n->token_bytes = m->embed.stride; /* only a row of it is read */
        MKG_GO(get_mat(m, -1, "output", n->vocab, n->dim, &m->output, err));
    }
    MKG_GO(
        get_vector(m, -1, "output_norm", "weight", true, n->dim, &m->output_norm, err));
    for (size_t i = 0; i < n->layers; i++)
        MKG_GO(get_layer(m, (int)i, &m->layers[i], err));
    for (size_t i = 0; i < mkg_gguf_tensor_count(m->gguf); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(m->gguf, i);
        n->weight_bytes += t->bytes;
        n->parameters += (size_t)t->n;
    }
out:
    return st;
}

/* ---- open ---- */

static mkg_status find_arch(mkg_model *m, mkg_err *err)
{
    mkg_view name = {"", 0};
    mkg_status st = mkg_gguf_get_string(m->gguf, "general.architecture", &name, err);
    if (st < 0) return st;
    m->arch = mkg__arch_find(name);
    if (st == MKG_NOTFOUND)
        return mkg__fail(err, MKG_EPARSE, "the key general.architecture is missing");
    if (!m->arch)
        return mkg__fail(err, MKG_EPARSE,
                         "the architecture '%.*s' is not supported; there are: %s",
                         mkg__clip(name, 40), name.ptr, mkg__arch_names());
    m->info.arch = m->arch->name;
    return MKG_OK;
}

mkg_status mkg_model_take(mkg_gguf *g, mkg_model **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_model *m = mkg__calloc(1, sizeof *m);

    *out = NULL;
    if (!m) {
        mkg_gguf_close(g);
        return mkg__nomem(err);
    }
    m->gguf = g;
    MKG_GO(find_arch(m, err));
    MKG_GO(read_sizes(m, err));
    MKG_GO(mkg__rope_load(m, err));
    MKG_GO(get_tensors(m, err));
    *out = m;
    m = NULL;
out:
    if (st == MKG_EPARSE && err && !err->file[0])
        snprintf(err->file, sizeof err->file, "%s", mkg_gguf_path(g));
    mkg_model_free(m);
    return st;
}

mkg_status mkg_model_open(const char *path, mkg_model **out, mkg_err *err)
{
    mkg_gguf *g;
    mkg_status st = mkg_gguf_open(path, &g, err);
    *out = NULL;
    return st < 0 ? st : mkg_model_take(g, out, err);
}

void mkg_model_free(mkg_model *m)
{
    if (!m) return;
    mkg_gguf_close(m->gguf);
    mkg__arena_clear(&m->arena);
    mkg__free(m);
}

const mkg_model_info *mkg_model_get_info(const mkg_model *m)
{
    return &m->info;
}

const mkg_gguf *mkg_model_gguf(const mkg_model *m)
{
    return m->gguf;
}
