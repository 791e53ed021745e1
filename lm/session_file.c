/* A session on the disk: docs/formats.md, "A saved prompt". */
#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "lm/session_internal.h"

#include <errno.h>
#include <sys/stat.h>

static const char magic[8] = "MKGKV1\0";

typedef struct header {
    char magic[8];
    uint32_t order; /* 0x01020304 in the order of the writer's bytes */
    uint32_t mode;  /* type of the cache, + 256 where activations were not rounded */
    uint64_t model; /* mkg__model_mark() */
    uint64_t tokens;
    uint64_t bytes; /* behind the header */
    uint64_t sum;   /* of the header with 0 here, then of all behind it */
} header;

/* What tells one model from another without reading all of it: its metadata, and three
 * pieces of each tensor. */
static uint64_t model_mark(const mkg_model *m)
{
    enum { PIECE = 512 };
    uint64_t h = mkg_gguf_bytes(m->gguf);
    for (size_t i = 0; i < mkg_gguf_meta_count(m->gguf); i++) {
        const mkg_gguf_meta *meta = mkg_gguf_meta_at(m->gguf, i);
        h = mkg__hash64(meta->key.ptr, meta->key.len, h);
        h = mkg__hash64(meta->raw.ptr, meta->raw.len, h);
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(m->gguf); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(m->gguf, i);
        const char *p = t->data;
        size_t n = t->bytes < PIECE ? t->bytes : PIECE;
        h = mkg__hash64(t->name.ptr, t->name.len, h + t->type->type);
        h = mkg__hash64(p, n, h);
        h = mkg__hash64(p + (t->bytes - n) / 2, n, h);
        h = mkg__hash64(p + t->bytes - n, n, h);
    }
    return h;
}

static size_t used_blocks(size_t tokens)
{
    return (tokens + MKG_KEYS - 1) / MKG_KEYS;
}

static header make_header(const mkg_session *s, size_t tokens)
{
    const mkg__cache *c = &s->cache;
    header h = {.order = 0x01020304,
                .mode = (uint32_t)c->type + (s->exact ? 256 : 0),
                .model = model_mark(s->model),
                .tokens = tokens};
    memcpy(h.magic, magic, sizeof magic);
    h.bytes = tokens * sizeof *s->tokens +
              c->layers * c->heads * used_blocks(tokens) * c->block_bytes;
    return h;
}

/* The parts behind the header, one after the other. */
typedef bool (*part_fn)(void *ctx, void *p, size_t n);

static bool each_part(const mkg_session *s, size_t tokens, part_fn fn, void *ctx)
{
    const mkg__cache *c = &s->cache;
    bool ok = fn(ctx, s->tokens, tokens * sizeof *s->tokens);
    for (size_t layer = 0; layer < c->layers; layer++)
        for (size_t head = 0; ok && head < c->heads; head++)
            ok = fn(ctx, mkg__cache_block(c, layer, head, 0),
                    used_blocks(tokens) * c->block_bytes);
    return ok;
}

static bool add_to_sum(void *ctx, void *p, size_t n)
{
    uint64_t *sum = ctx;
    *sum = mkg__hash64(p, n, *sum);
    return true;
}

static uint64_t sum_of(const mkg_session *s, header h)
{
    h.sum = 0;
    uint64_t sum = mkg__hash64(&h, sizeof h, 0);
    each_part(s, (size_t)h.tokens, add_to_sum, &sum);
    return sum;
}

/* ---- writing ---- */

static bool write_part(void *ctx, void *p, size_t n)
{
    return fwrite(p, 1, n, ctx) == n;
}

static mkg_status write_all(void *ctx, FILE *f, mkg_err *err)
{
    const mkg_session *s = ctx;
    header h = make_header(s, s->n);
    h.sum = sum_of(s, h);
    errno = 0;
    if (fwrite(&h, sizeof h, 1, f) != 1 || !each_part(s, s->n, write_part, f))
        return mkg__fail_errno(err, "write", "the saved prompt");
    return MKG_OK;
}

mkg_status mkg_session_save(const mkg_session *s, const char *path, mkg_err *err)
{
    if (s->n == 0) return mkg__fail(err, MKG_EARG, "the session holds no token");
    mkg__cache_cut(&s->cache, s->n); /* nothing of a longer text goes along */
    return mkg__file_replace(path, 0600, write_all, (void *)(uintptr_t)s, err);
}

/* ---- reading ---- */

static bool read_part(void *ctx, void *p, size_t n)
{
    return fread(p, 1, n, ctx) == n;
}

static mkg_status damaged(const char *path, mkg_err *err)
{
    return mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "the saved prompt is damaged");
}

static mkg_status read_all(mkg_session *s, FILE *f, const char *path, mkg_err *err)
{
    header h, mine;
    struct stat sb;
    if (fread(&h, sizeof h, 1, f) != 1 || memcmp(h.magic, magic, sizeof magic) != 0 ||
        fstat(fileno(f), &sb) != 0)
        return damaged(path, err);
    if (h.tokens == 0 || h.tokens > s->context) return MKG_NOTFOUND;
    mine = make_header(s, (size_t)h.tokens);
    mine.sum = h.sum;
    if (h.order != mine.order || h.mode != mine.mode || h.model != mine.model)
        return MKG_NOTFOUND;
    if (memcmp(&h, &mine, sizeof h) != 0 ||
        (uint64_t)sb.st_size != sizeof h + (uint64_t)h.bytes ||
        !each_part(s, (size_t)h.tokens, read_part, f) || sum_of(s, h) != h.sum)
        return damaged(path, err);
    for (size_t i = 0; i < h.tokens; i++)
        if (s->tokens[i] >= s->model->info.vocab) return damaged(path, err);
    s->n = (size_t)h.tokens;
    return MKG_OK;
}

mkg_status mkg_session_load(mkg_session *s, const char *path, mkg_err *err)
{
    s->n = 0;
    FILE *f = fopen(path, "rb");
    if (!f && errno == ENOENT) return MKG_NOTFOUND;
    if (!f) return mkg__fail_errno(err, "read", path);
    mkg_status st = read_all(s, f, path, err);
    fclose(f);
    return st;
}
