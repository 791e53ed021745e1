/* What training leaves behind: a state to go on from, and a model. Both are GGUF. */
#include "base/blas.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "lm/quant.h"
#include "lm/train.h"
#include "lm/trainer.h"

#include <stdio.h>
#include <string.h>

/* ---- the state ---- */

static void put_state_keys(const mkg_trainer *t, mkg_gguf_writer *w)
{
    mkg_gguf_put_string(w, "general.architecture", (mkg_view){"medkg-training", 14});
    mkg_gguf_put_u64(w, "training.step", t->step);
    mkg_gguf_put_u64(w, "training.epoch", t->epoch);
    mkg_gguf_put_u64(w, "training.next", t->next);
    mkg_gguf_put_u64(w, "training.texts", t->ntexts);
    mkg_gguf_put_u64(w, "training.tokens", t->ntokens);
    mkg_gguf_put_u64(w, "training.seed", t->opts.seed);
    mkg_gguf_put_u64(w, "training.lanes", t->opts.lanes);
    mkg_gguf_put_u64(w, "training.batch", t->opts.batch);
    mkg_gguf_put_u64(w, "training.rank", t->net.rank);
    mkg_gguf_put_u64(w, "training.muon", t->opts.muon);
}

mkg_status mkg_trainer_save(const mkg_trainer *t, const char *path, mkg_err *err)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    uint64_t n = t->net.n - t->net.frozen, steps = t->step;
    if (!w) return mkg__nomem(err);
    put_state_keys(t, w);
    mkg_gguf_put_tensor(w, "value", MKG_F32, 1, &n, t->net.value + t->net.frozen);
    mkg_gguf_put_tensor(w, "moment1", MKG_F32, 1, &n, t->moment1);
    mkg_gguf_put_tensor(w, "moment2", MKG_F32, 1, &n, t->moment2);
    if (steps) mkg_gguf_put_tensor(w, "losses", MKG_F32, 1, &steps, t->losses);
    mkg_status st = mkg_gguf_writer_save(w, path, NULL, NULL, err);
    mkg_gguf_writer_free(w);
    return st;
}

static mkg_status get_number(const mkg_gguf *g, const char *key, uint64_t most,
                             uint64_t *out, mkg_err *err)
{
    mkg_status st = mkg_gguf_get_u64(g, key, out, err);
    if (st < 0) return st;
    if (st == MKG_NOTFOUND || *out > most)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "%s is missing or too large: this is no state of training",
                            key);
    return MKG_OK;
}

/* A key that must be what this trainer has. */
static mkg_status expect(const mkg_gguf *g, const char *key, uint64_t want,
                         mkg_err *err)
{
    uint64_t is;
    mkg_status st = get_number(g, key, UINT64_MAX, &is, err);
    if (st >= 0 && is != want)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "%s is %llu there and %llu here", key,
                            (unsigned long long)is, (unsigned long long)want);
    return st;
}

static mkg_status find_floats(const mkg_gguf *g, const char *name, uint64_t n,
                              const float **out, mkg_err *err)
{
    const mkg_gguf_tensor *t = mkg_gguf_tensor_find(g, name);
    if (!t || t->n != n || t->type->type != MKG_F32)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "'%s' should be %llu numbers: the state is of another "
                            "model",
                            name, (unsigned long long)n);
    *out = t->data;
    return MKG_OK;
}

mkg_status mkg_trainer_load(mkg_trainer *t, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_gguf *g = NULL;
    uint64_t step, epoch, next, texts, tokens, n = t->net.n - t->net.frozen;
    const float *value, *m1, *m2, *losses = NULL;

    if (!mkg__file_exists(path)) return MKG_NOTFOUND;
    MKG_GO(mkg_gguf_open(path, &g, err));
    MKG_GO(get_number(g, "training.step", t->opts.steps, &step, err));
    MKG_GO(get_number(g, "training.epoch", UINT32_MAX, &epoch, err));
    MKG_GO(get_number(g, "training.texts", UINT32_MAX, &texts, err));
    MKG_GO(get_number(g, "training.next", texts, &next, err));
    MKG_GO(get_number(g, "training.tokens", UINT64_MAX, &tokens, err));
    MKG_GO(expect(g, "training.seed", t->opts.seed, err));
    MKG_GO(expect(g, "training.lanes", t->opts.lanes, err));
    MKG_GO(expect(g, "training.batch", t->opts.batch, err));
    MKG_GO(expect(g, "training.rank", t->net.rank, err));
    MKG_GO(expect(g, "training.muon", t->opts.muon, err));
    MKG_GO(find_floats(g, "value", n, &value, err));
    MKG_GO(find_floats(g, "moment1", n, &m1, err));
    MKG_GO(find_floats(g, "moment2", n, &m2, err));
    if (step) MKG_GO(find_floats(g, "losses", step, &losses, err));
    memcpy(t->net.value + t->net.frozen, value, n * sizeof *value);
    memcpy(t->moment1, m1, n * sizeof *m1);
    memcpy(t->moment2, m2, n * sizeof *m2);
    if (step) memcpy(t->losses, losses, step * sizeof *losses);
    t->step = (size_t)step;
    t->epoch = (size_t)epoch;
    t->next = (size_t)next;
    t->ntexts = (size_t)texts;
    t->ntokens = (size_t)tokens;
    mkg__free(t->order);
    mkg__free(t->batch);
    t->order = t->batch = NULL;
    st = MKG_OK;
out:
    mkg_gguf_close(g);
    return st;
}

/* ---- the model ---- */

typedef struct export
{
    const mkg_trainer *t;
    const mkg_type_info **types; /* of each tensor of the file */
    float *merged;
    size_t merged_cap;
    char *packed;
    size_t packed_cap;
}
export;

/* The values of a tensor, its adapter added. */
static mkg_status merge(export *x, const mkg__tensor *t, const float **out,
                        mkg_err *err)
{
    const mkg__net *net = &x->t->net;
    char name[128];
    snprintf(name, sizeof name, "%s.lora_a", t->name);
    const mkg__tensor *a = net->rank ? mkg__net_find(net, name) : NULL;
    *out = net->value + t->at;
    if (!a) return MKG_OK;
    snprintf(name, sizeof name, "%s.lora_b", t->name);
    const mkg__tensor *b = mkg__net_find(net, name);
    size_t n = t->rows * t->cols;
    if (!mkg__grow(&x->merged, &x->merged_cap, n, sizeof *x->merged))
        return mkg__nomem(err);
    memcpy(x->merged, *out, n * sizeof *x->merged);
    mkg__sgemm(MKG_PLAIN, MKG_PLAIN, t->rows, t->cols, net->rank, net->scale,
               net->value + b->at, net->rank, net->value + a->at, t->cols, 1, x->merged,
               t->cols);
    *out = x->merged;
    return MKG_OK;
}

static mkg_status fill(void *ctx, size_t i, const void **data, mkg_err *err)
{
    export *x = ctx;
    const mkg_gguf *g = x->t->net.m->gguf;
    const mkg_gguf_tensor *from = mkg_gguf_tensor_at(g, i);
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)from->name.len, from->name.ptr);
    const mkg__tensor *t = mkg__net_find(&x->t->net, name);
    const float *values;
    *data = from->data;
    if (!t) return MKG_OK;
    mkg_status st = merge(x, t, &values, err);
    if (st < 0) return st;
    const mkg_type_info *to = x->types[i];
    size_t row = t->cols / to->block * to->bytes;
    if (!mkg__grow(&x->packed, &x->packed_cap, row * t->rows, 1))
        return mkg__nomem(err);
    for (size_t r = 0; r < t->rows; r++)
        mkg__quantize(to->type, values + r * t->cols, t->cols, x->packed + r * row);
    *data = x->packed;
    return MKG_OK;
}

static const mkg_type_info *type_for(const mkg__tensor *t, const mkg_gguf_tensor *from,
                                     uint32_t type)
{
    const mkg_type_info *want = mkg_type_get(type);
    if (!t) return from->type;
    if (t->rows == 1) return mkg_type_get(MKG_F32);
    return t->cols % want->block ? mkg_type_get(MKG_F16) : want;
}

static mkg_status put_head(export *x, uint32_t type, const char *model,
                           mkg_gguf_writer *w, mkg_err *err)
{
    static const uint32_t kinds[][2] = {
        {MKG_F32, 0}, {MKG_F16, 1}, {MKG_Q4_0, 2}, {MKG_Q8_0, 7}, {MKG_BF16, 32}};
    const mkg_gguf *g = x->t->net.m->gguf;
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(g, i);
        if (!mkg__view_is(m->key, "general.file_type") &&
            !(model && mkg__view_is(m->key, "general.name")))
            mkg_gguf_put_meta(w, m);
    }
    if (model) mkg_gguf_put_string(w, "general.name", mkg__view(model, strlen(model)));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i][0] == type) {
            mkg_gguf_put_u32(w, "general.file_type", kinds[i][1]);
            return MKG_OK;
        }
    return mkg__fail(err, MKG_EARG, "models are written as f32, f16, bf16, q8_0, q4_0");
}

mkg_status mkg_trainer_export(const mkg_trainer *t, const char *path, uint32_t type,
                              const char *name, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_gguf *g = t->net.m->gguf;
    size_t n = mkg_gguf_tensor_count(g);
    export x = {.t = t};
    mkg_gguf_writer *w = mkg_gguf_writer_new();

    x.types = mkg__calloc(n + 1, sizeof *x.types);
    if (!w || !x.types) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(put_head(&x, type, name, w, err));
    for (size_t i = 0; i < n; i++) {
        const mkg_gguf_tensor *from = mkg_gguf_tensor_at(g, i);
        char full[256];
        snprintf(full, sizeof full, "%.*s", (int)from->name.len, from->name.ptr);
        x.types[i] = type_for(mkg__net_find(&t->net, full), from, type);
        mkg_gguf_put_tensor(w, full, x.types[i]->type, from->n_dims, from->ne, NULL);
    }
    st = mkg_gguf_writer_save(w, path, fill, &x, err);
out:
    mkg_gguf_writer_free(w);
    mkg__free(x.types);
    mkg__free(x.merged);
    mkg__free(x.packed);
    return st;
}
