#include "lm/quantize.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "lm/quant.h"

#include <math.h>

typedef struct job {
    const mkg_gguf *in;
    uint32_t type;
    const mkg_type_info **types; /* of each tensor, in the new file */
    float *row;
    size_t row_cap;
    char *data;
    size_t data_cap;
    mkg_progress_fn progress;
    void *ctx;
} job;

static bool is_plain(uint32_t type)
{
    return type == MKG_F32 || type == MKG_F16 || type == MKG_BF16;
}

/* The matrix that gives the logits. */
static bool is_output(const job *j, mkg_view name)
{
    bool tied = !mkg_gguf_tensor_find(j->in, "output.weight");
    return mkg__view_is(name, tied ? "token_embd.weight" : "output.weight");
}

static mkg_status choose(job *j, size_t i, mkg_quantize_result *r, mkg_err *err)
{
    const mkg_gguf_tensor *t = mkg_gguf_tensor_at(j->in, i);
    bool matrix = t->n_dims == 2 && t->ne[1] > 1;
    j->types[i] = t->type;
    r->tensors++;
    r->bytes_in += t->bytes;
    if (matrix && !is_plain(t->type->type))
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(j->in), 0, 0,
                            "%.*s is %s already: begin with a file of F32, F16 or BF16",
                            mkg__clip(t->name, 80), t->name.ptr, t->type->name);
    if (matrix && t->ne[0] % 32 == 0) {
        j->types[i] = mkg_type_get(is_output(j, t->name) ? MKG_Q8_0 : j->type);
        r->changed++;
    }
    r->bytes_out += t->n / j->types[i]->block * j->types[i]->bytes;
    return MKG_OK;
}

static mkg_status fill(void *ctx, size_t i, const void **data, mkg_err *err)
{
    job *j = ctx;
    const mkg_gguf_tensor *t = mkg_gguf_tensor_at(j->in, i);
    const mkg_type_info *to = j->types[i];
    size_t cols = (size_t)t->ne[0], rows = (size_t)(t->n / t->ne[0]);
    size_t from_row = t->bytes / rows, to_row = cols / to->block * to->bytes;

    if (j->progress &&
        j->progress(j->ctx, "quantize", i, mkg_gguf_tensor_count(j->in)) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled");
    *data = t->data;
    if (to == t->type) return MKG_OK;
    if (!mkg__grow(&j->row, &j->row_cap, cols, sizeof *j->row) ||
        !mkg__grow(&j->data, &j->data_cap, rows * to_row, 1))
        return mkg__nomem(err);
    for (size_t r = 0; r < rows; r++) {
        const char *from = (const char *)t->data + r * from_row;
        mkg__dequantize(t->type->type, from, cols, j->row);
        for (size_t k = 0; k < cols; k++)
            if (!isfinite(j->row[k]))
                return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(j->in), 0, 0,
                                    "%.*s holds a number that is not finite",
                                    mkg__clip(t->name, 80), t->name.ptr);
        mkg__quantize(to->type, j->row, cols, j->data + r * to_row);
    }
    *data = j->data;
    return MKG_OK;
}

static mkg_status copy_head(const job *j, mkg_gguf_writer *w)
{
    mkg__arena names = {0};
    for (size_t i = 0; i < mkg_gguf_meta_count(j->in); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(j->in, i);
        if (!mkg__view_is(m->key, "general.file_type") &&
            !mkg__view_is(m->key, "general.quantization_version"))
            mkg_gguf_put_meta(w, m);
    }
    mkg_gguf_put_u32(w, "general.file_type", j->type == MKG_Q8_0 ? 7 : 2);
    mkg_gguf_put_u32(w, "general.quantization_version", 2);
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < mkg_gguf_tensor_count(j->in) && st >= 0; i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(j->in, i);
        char *name = mkg__arena_dup(&names, t->name.ptr, t->name.len);
        if (name)
            mkg_gguf_put_tensor(w, name, j->types[i]->type, t->n_dims, t->ne, NULL);
        else
            st = MKG_ENOMEM;
    }
    mkg__arena_clear(&names);
    return st;
}

mkg_status mkg_quantize(const char *in, const char *out, uint32_t type,
                        mkg_progress_fn progress, void *ctx,
                        mkg_quantize_result *result, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_gguf *g = NULL;
    mkg_gguf_writer *w = NULL;
    job j = {.type = type, .progress = progress, .ctx = ctx};

    memset(result, 0, sizeof *result);
    if (type != MKG_Q8_0 && type != MKG_Q4_0)
        return mkg__fail(err, MKG_EARG, "models are packed as Q8_0 or Q4_0");
    MKG_GO(mkg_gguf_open(in, &g, err));
    j.in = g;
    w = mkg_gguf_writer_new();
    j.types = mkg__calloc(mkg_gguf_tensor_count(g) + 1, sizeof *j.types);
    if (!w || !j.types) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++)
        MKG_GO(choose(&j, i, result, err));
    st = copy_head(&j, w);
    if (st < 0) st = mkg__nomem(err);
    if (st >= 0) st = mkg_gguf_writer_save(w, out, fill, &j, err);
out:
    mkg_gguf_writer_free(w);
    mkg__free(j.types);
    mkg__free(j.row);
    mkg__free(j.data);
    mkg_gguf_close(g);
    return st;
}
