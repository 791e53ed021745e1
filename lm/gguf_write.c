/* The GGUF writer: version 3. */
#include "lm/gguf.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct tensor {
    char *name;
    uint32_t type, n_dims;
    uint64_t ne[MKG_GGUF_DIMS];
    const void *data;
    size_t bytes;
} tensor;

struct mkg_gguf_writer {
    mkg__buf meta; /* the pairs as they will stand in the file */
    uint64_t n_meta;
    tensor *tensors;
    size_t n, cap;
    size_t alignment;
    mkg__map keys, names; /* those put already */
    mkg_status st;        /* of the first put that failed */
    mkg_err why;
};

mkg_gguf_writer *mkg_gguf_writer_new(void)
{
    mkg_gguf_writer *w = mkg__calloc(1, sizeof *w);
    if (w) w->alignment = 32;
    return w;
}

void mkg_gguf_writer_free(mkg_gguf_writer *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->n; i++)
        mkg__free(w->tensors[i].name);
    mkg__free(w->tensors);
    mkg__buf_clear(&w->meta);
    mkg__map_clear(&w->keys);
    mkg__map_clear(&w->names);
    mkg__free(w);
}

static bool note_name(mkg_gguf_writer *w, mkg__map *map, const char *what,
                      mkg_view name)
{
    mkg_id *id = mkg__map_put(map, name.ptr, name.len);
    if (!id)
        w->st = mkg__nomem(&w->why);
    else if (*id != MKG_ID_NONE || name.len == 0)
        w->st = mkg__fail(&w->why, MKG_EARG, "%s '%.*s' %s", what, (int)name.len,
                          name.ptr, name.len ? "is put twice" : "is no name");
    else
        *id = 1;
    return w->st >= 0;
}

static void put_str(mkg__buf *b, mkg_view s)
{
    uint64_t n = s.len;
    mkg__buf_put(b, &n, sizeof n);
    mkg__buf_put(b, s.ptr, s.len);
}

static void put_kind(mkg__buf *b, mkg_gguf_kind kind)
{
    uint32_t k = (uint32_t)kind;
    mkg__buf_put(b, &k, sizeof k);
}

/* Begin a pair; false after a failure. */
static bool begin(mkg_gguf_writer *w, mkg_view key, mkg_gguf_kind kind)
{
    if (w->st < 0 || !note_name(w, &w->keys, "metadata", key)) return false;
    w->n_meta++;
    put_str(&w->meta, key);
    put_kind(&w->meta, kind);
    return true;
}

static void put_scalar(mkg_gguf_writer *w, const char *key, mkg_gguf_kind kind,
                       const void *v, size_t n)
{
    if (begin(w, mkg__view(key, strlen(key)), kind)) mkg__buf_put(&w->meta, v, n);
}

void mkg_gguf_put_u32(mkg_gguf_writer *w, const char *key, uint32_t v)
{
    put_scalar(w, key, MKG_GGUF_U32, &v, sizeof v);
    if (strcmp(key, "general.alignment") == 0) w->alignment = v;
}

void mkg_gguf_put_u64(mkg_gguf_writer *w, const char *key, uint64_t v)
{
    put_scalar(w, key, MKG_GGUF_U64, &v, sizeof v);
}

void mkg_gguf_put_float(mkg_gguf_writer *w, const char *key, float v)
{
    put_scalar(w, key, MKG_GGUF_F32, &v, sizeof v);
}

void mkg_gguf_put_bool(mkg_gguf_writer *w, const char *key, bool v)
{
    uint8_t b = v;
    put_scalar(w, key, MKG_GGUF_BOOL, &b, sizeof b);
}

void mkg_gguf_put_string(mkg_gguf_writer *w, const char *key, mkg_view v)
{
    if (begin(w, mkg__view(key, strlen(key)), MKG_GGUF_STRING)) put_str(&w->meta, v);
}

static void put_array_head(mkg_gguf_writer *w, mkg_gguf_kind of, size_t n)
{
    uint64_t count = n;
    put_kind(&w->meta, of);
    mkg__buf_put(&w->meta, &count, sizeof count);
}

void mkg_gguf_put_array(mkg_gguf_writer *w, const char *key, mkg_gguf_kind of,
                        const void *v, size_t n)
{
    static const size_t size[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    size_t bytes = 0;
    if (!begin(w, mkg__view(key, strlen(key)), MKG_GGUF_ARRAY)) return;
    if (of > MKG_GGUF_F64 || !size[of] || !mkg__mul(n, size[of], &bytes)) {
        w->st = mkg__fail(&w->why, MKG_EARG, "metadata '%s': no array of numbers", key);
        return;
    }
    put_array_head(w, of, n);
    mkg__buf_put(&w->meta, v, bytes);
}

void mkg_gguf_put_strings(mkg_gguf_writer *w, const char *key, const mkg_view *v,
                          size_t n)
{
    if (!begin(w, mkg__view(key, strlen(key)), MKG_GGUF_ARRAY)) return;
    put_array_head(w, MKG_GGUF_STRING, n);
    for (size_t i = 0; i < n; i++)
        put_str(&w->meta, v[i]);
}

void mkg_gguf_put_meta(mkg_gguf_writer *w, const mkg_gguf_meta *m)
{
    if (!begin(w, m->key, m->kind)) return;
    if (m->kind == MKG_GGUF_ARRAY) put_array_head(w, m->of, m->n);
    if (m->kind == MKG_GGUF_STRING)
        put_str(&w->meta, m->raw);
    else
        mkg__buf_put(&w->meta, m->raw.ptr, m->raw.len);
    static const char alignment[] = "general.alignment";
    if (m->key.len == sizeof alignment - 1 &&
        memcmp(m->key.ptr, alignment, m->key.len) == 0)
        w->alignment = (size_t)mkg_gguf_int_at(m, 0);
}

void mkg_gguf_put_tensor(mkg_gguf_writer *w, const char *name, uint32_t type,
                         uint32_t n_dims, const uint64_t *ne, const void *data)
{
    const mkg_type_info *info = mkg_type_get(type);
    size_t n = 1;
    if (w->st < 0 || !note_name(w, &w->names, "tensor", mkg__view(name, strlen(name))))
        return;
    bool fits =
        info && n_dims >= 1 && n_dims <= MKG_GGUF_DIMS && ne[0] % info->block == 0;
    for (uint32_t i = 0; fits && i < n_dims; i++)
        fits = ne[i] > 0 && mkg__mul(n, ne[i], &n);
    if (!fits || !mkg__mul(n / info->block, info->bytes, &n)) {
        w->st = mkg__fail(&w->why, MKG_EARG,
                          "tensor '%s': a shape or type that cannot be written", name);
        return;
    }
    if (!mkg__grow(&w->tensors, &w->cap, w->n + 1, sizeof *w->tensors)) {
        w->st = mkg__nomem(&w->why);
        return;
    }
    tensor t = {.type = type, .n_dims = n_dims, .data = data, .bytes = n};
    memcpy(t.ne, ne, n_dims * sizeof *ne);
    if (!(t.name = mkg__strdup(name)))
        w->st = mkg__nomem(&w->why);
    else
        w->tensors[w->n++] = t;
}

/* ---- the file ---- */

typedef struct job {
    mkg_gguf_writer *w;
    mkg__buf table; /* of the tensors */
    mkg_gguf_fill_fn fill;
    void *ctx;
} job;

static size_t padded(const mkg_gguf_writer *w, size_t n)
{
    return (n + w->alignment - 1) / w->alignment * w->alignment;
}

static void make_table(job *j)
{
    mkg_gguf_writer *w = j->w;
    uint64_t offset = 0;
    for (size_t i = 0; i < w->n; i++) {
        const tensor *t = &w->tensors[i];
        put_str(&j->table, mkg__view(t->name, strlen(t->name)));
        mkg__buf_put(&j->table, &t->n_dims, sizeof t->n_dims);
        mkg__buf_put(&j->table, t->ne, t->n_dims * sizeof *t->ne);
        mkg__buf_put(&j->table, &t->type, sizeof t->type);
        mkg__buf_put(&j->table, &offset, sizeof offset);
        offset += padded(w, t->bytes);
    }
}

static void pad(FILE *f, size_t n)
{
    while (n-- > 0)
        putc(0, f);
}

/* Failed writes show in ferror(), which mkg__file_write() asks. */
static mkg_status write_all(void *ctx, FILE *f, mkg_err *err)
{
    const job *j = ctx;
    const mkg_gguf_writer *w = j->w;
    const uint32_t version = 3;
    const uint64_t counts[2] = {w->n, w->n_meta};
    size_t head = 4 + sizeof version + sizeof counts + w->meta.len + j->table.len;

    fwrite("GGUF", 1, 4, f);
    fwrite(&version, sizeof version, 1, f);
    fwrite(counts, sizeof *counts, 2, f);
    if (w->meta.len) fwrite(w->meta.ptr, 1, w->meta.len, f);
    if (j->table.len) fwrite(j->table.ptr, 1, j->table.len, f);
    pad(f, padded(w, head) - head);
    for (size_t i = 0; i < w->n && !ferror(f); i++) {
        const tensor *t = &w->tensors[i];
        const void *data = t->data;
        mkg_status st = MKG_OK;
        if (!data && j->fill) st = j->fill(j->ctx, i, &data, err);
        if (st < 0) return st;
        if (!data) return mkg__fail(err, MKG_EARG, "tensor '%s' has no data", t->name);
        fwrite(data, 1, t->bytes, f);
        pad(f, padded(w, t->bytes) - t->bytes);
    }
    return MKG_OK;
}

mkg_status mkg_gguf_writer_save(mkg_gguf_writer *w, const char *path,
                                mkg_gguf_fill_fn fill, void *ctx, mkg_err *err)
{
    job j = {.w = w, .fill = fill, .ctx = ctx};
    mkg_status st = MKG_OK;
    if (w->st < 0) {
        if (err) *err = w->why;
        return w->st;
    }
    size_t a = w->alignment;
    if (a < 8 || a > 65536 || (a & (a - 1)))
        return mkg__fail(err, MKG_EARG,
                         "general.alignment is %zu, not a power of two from 8 to 65536",
                         a);
    make_table(&j);
    if (w->meta.failed || j.table.failed)
        st = mkg__nomem(err);
    else
        st = mkg__file_write(path, write_all, &j, err);
    mkg__buf_clear(&j.table);
    return st;
}
