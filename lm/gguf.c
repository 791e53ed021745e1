/* The GGUF reader: one pass over the head of the mapped file checks all of it. */
#define _DEFAULT_SOURCE /* madvise */
#include "lm/gguf.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEFAULT_ALIGNMENT = 32,
    LEAST_ALIGNMENT = 8, /* the widest number that is read in place */
    MOST_ALIGNMENT = 1 << 16,
    KEY_MAX = 65535,
    NAME_MAX_BYTES = 255,
    NESTING_MAX = 4 /* arrays in arrays: the format sets no limit */
};

struct mkg_gguf {
    char *path;
    const char *base;
    size_t bytes;
    void *map; /* NULL: the bytes are the caller's */
    uint32_t version;
    size_t alignment;
    mkg_gguf_meta *meta;
    size_t n_meta, cap_meta;
    mkg_gguf_tensor *tensors;
    size_t n_tensors, cap_tensors;
    mkg__map by_key, by_name; /* index + 1 */
};

/* ---- a reader that never leaves the file ---- */

typedef struct reader {
    const char *base, *p, *end, *path;
    const char *what; /* "metadata" or "tensor", for messages */
    mkg_view name;    /* its name, once it is known */
    uint64_t index;   /* its number, until then */
    mkg_err *err;
} reader;

static mkg_status bad(const reader *r, const char *at, const char *what)
{
    mkg__buf where = {0};
    if (r->name.len)
        mkg__buf_printf(&where, "%s '%.*s'", r->what, mkg__clip(r->name, 80),
                        r->name.ptr);
    else if (r->what)
        mkg__buf_printf(&where, "%s %llu", r->what, (unsigned long long)r->index);
    const char *s = mkg__buf_cstr(&where);
    mkg_status st =
        mkg__fail_at(r->err, MKG_EPARSE, r->path, 0, 0, "byte %zu: %s%s%s",
                     (size_t)(at - r->base), s ? s : "", s && *s ? ": " : "", what);
    mkg__buf_clear(&where);
    return st;
}

static size_t left(const reader *r)
{
    return (size_t)(r->end - r->p);
}

static mkg_status take(reader *r, void *out, size_t n)
{
    if (left(r) < n) return bad(r, r->p, "the file ends here");
    memcpy(out, r->p, n);
    r->p += n;
    return MKG_OK;
}

static mkg_status take_string(reader *r, uint64_t most, mkg_view *out)
{
    const char *at = r->p;
    char why[120];
    uint64_t n = 0;
    mkg_status st = take(r, &n, sizeof n);
    if (st < 0) return st;
    if (n > left(r)) {
        snprintf(why, sizeof why,
                 "a string of %llu bytes does not fit into the %zu that are left",
                 (unsigned long long)n, left(r));
        return bad(r, at, why);
    }
    if (n > most) {
        snprintf(why, sizeof why, "a name of %llu bytes, at most %llu are allowed",
                 (unsigned long long)n, (unsigned long long)most);
        return bad(r, at, why);
    }
    *out = mkg__view(r->p, (size_t)n);
    r->p += n;
    return MKG_OK;
}

static mkg_status take_name(reader *r, uint64_t most, mkg_view *out)
{
    const char *at = r->p;
    size_t wrong;
    mkg_status st = take_string(r, most, out);
    if (st < 0) return st;
    if (out->len == 0) return bad(r, at, "the name is empty");
    if (!mkg__utf8_valid(out->ptr, out->len, &wrong))
        return bad(r, at, "the name is not valid UTF-8");
    return MKG_OK;
}

/* Bytes of a kind of fixed size; 0 for strings, arrays and unknown kinds. */
static size_t kind_size(uint32_t kind)
{
    static const size_t size[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return kind < sizeof size / sizeof *size ? size[kind] : 0;
}

static mkg_status take_kind(reader *r, mkg_gguf_kind *out)
{
    const char *at = r->p;
    char why[80];
    uint32_t kind = 0;
    mkg_status st = take(r, &kind, sizeof kind);
    if (st < 0) return st;
    if (kind > MKG_GGUF_F64) {
        snprintf(why, sizeof why, "a value of the unknown type %lu",
                 (unsigned long)kind);
        return bad(r, at, why);
    }
    *out = (mkg_gguf_kind)kind;
    return MKG_OK;
}

static mkg_status check_bools(const reader *r, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.ptr[i] > 1)
            return bad(r, v.ptr + i, "a truth value that is neither 0 nor 1");
    return MKG_OK;
}

static mkg_status take_array_head(reader *r, mkg_gguf_kind *of, uint64_t *n)
{
    const char *at;
    char why[160];
    mkg_status st = take_kind(r, of);
    if (st < 0) return st;
    at = r->p;
    if ((st = take(r, n, sizeof *n)) < 0) return st;
    /* The least that an element takes: a string its length, an array its head. */
    size_t least = kind_size(*of);
    if (least == 0) least = *of == MKG_GGUF_STRING ? 8 : 12;
    if (*n > left(r) / least) {
        snprintf(why, sizeof why,
                 "an array of %llu elements does not fit into the %zu bytes that are "
                 "left",
                 (unsigned long long)*n, left(r));
        return bad(r, at, why);
    }
    return MKG_OK;
}

/* The elements of an array, those of fixed size at once; a scalar is one element. */
static mkg_status take_elements(reader *r, mkg_gguf_kind of, uint64_t n, unsigned depth)
{
    size_t size = kind_size(of);
    mkg_status st = MKG_OK;
    if (size) {
        mkg_view v = mkg__view(r->p, (size_t)n * size); /* fits: take_array_head() */
        r->p += v.len;
        return of == MKG_GGUF_BOOL ? check_bools(r, v) : MKG_OK;
    }
    if (of == MKG_GGUF_ARRAY && depth == 0)
        return bad(r, r->p, "arrays in arrays too deep");
    for (uint64_t i = 0; i < n && st >= 0; i++) {
        mkg_view s;
        mkg_gguf_kind inner;
        uint64_t count;
        if (of == MKG_GGUF_STRING)
            st = take_string(r, UINT64_MAX, &s);
        else if ((st = take_array_head(r, &inner, &count)) >= 0)
            st = take_elements(r, inner, count, depth - 1);
    }
    return st;
}

static mkg_status take_value(reader *r, mkg_gguf_meta *m)
{
    mkg_status st = take_kind(r, &m->kind);
    if (st < 0) return st;
    uint64_t n = 1;
    const char *at = r->p;
    m->of = m->kind;
    if (m->kind == MKG_GGUF_STRING) {
        st = take_string(r, UINT64_MAX, &m->raw);
    } else {
        if (m->kind == MKG_GGUF_ARRAY) {
            if ((st = take_array_head(r, &m->of, &n)) < 0) return st;
            at = r->p;
        } else if (left(r) < kind_size(m->kind)) {
            return bad(r, r->p, "the file ends here");
        }
        st = take_elements(r, m->of, n, NESTING_MAX);
        m->raw = mkg__view(at, (size_t)(r->p - at));
    }
    m->n = (size_t)n;
    return st;
}

/* ---- the parts of the file ---- */

static mkg_status read_head(mkg_gguf *g, reader *r, uint64_t *tensors, uint64_t *metas)
{
    char magic[4], why[120];
    mkg_status st;
    if (g->bytes < 24 || memcmp(g->base, "GGUF", 4) != 0)
        return bad(r, r->p,
                   g->bytes < 4 || memcmp(g->base, "GGUF", 4) != 0
                       ? "this is no GGUF file: it does not begin with 'GGUF'"
                       : "the file ends in its header");
    if ((st = take(r, magic, sizeof magic)) < 0) return st;
    if ((st = take(r, &g->version, sizeof g->version)) < 0) return st;
    if (g->version != 2 && g->version != 3) {
        bool swapped = (g->version & 0xffff) == 0 && g->version != 0;
        snprintf(why, sizeof why,
                 swapped ? "a big-endian GGUF file; only little-endian ones are read"
                         : "GGUF of version %lu; versions 2 and 3 are read",
                 (unsigned long)g->version);
        return bad(r, r->p - 4, why);
    }
    if ((st = take(r, tensors, sizeof *tensors)) < 0) return st;
    if ((st = take(r, metas, sizeof *metas)) < 0) return st;
    /* 14 bytes are the least of a pair, 33 of a tensor. */
    if (*metas > left(r) / 14 || *tensors > left(r) / 33) {
        snprintf(why, sizeof why,
                 "%llu tensors and %llu pairs of metadata do not fit into the file",
                 (unsigned long long)*tensors, (unsigned long long)*metas);
        return bad(r, g->base + 8, why);
    }
    return MKG_OK;
}

/* Note the name; MKG_EPARSE if it is there already. */
static mkg_status index_name(reader *r, mkg__map *map, mkg_view name, size_t n)
{
    if (n >= UINT32_MAX) return bad(r, name.ptr, "too many names");
    mkg_id *id = mkg__map_put(map, name.ptr, name.len);
    if (!id) return mkg__nomem(r->err);
    if (*id != MKG_ID_NONE) return bad(r, name.ptr, "the name occurs twice");
    *id = (mkg_id)(n + 1);
    return MKG_OK;
}

static mkg_status read_meta(mkg_gguf *g, reader *r, uint64_t n)
{
    mkg_status st = MKG_OK;
    r->what = "metadata";
    for (r->index = 0; r->index < n; r->index++) {
        mkg_gguf_meta m = {0};
        r->name = mkg__view(NULL, 0);
        if ((st = take_name(r, KEY_MAX, &m.key)) < 0) return st;
        r->name = m.key;
        if ((st = take_value(r, &m)) < 0) return st;
        /* The array grows with what was read: a false count costs no memory. */
        if (!mkg__grow(&g->meta, &g->cap_meta, g->n_meta + 1, sizeof m))
            return mkg__nomem(r->err);
        if ((st = index_name(r, &g->by_key, m.key, g->n_meta)) < 0) return st;
        g->meta[g->n_meta++] = m;
    }
    r->name = mkg__view(NULL, 0);
    r->what = NULL;
    return MKG_OK;
}

static mkg_status read_alignment(mkg_gguf *g, reader *r)
{
    uint64_t a = DEFAULT_ALIGNMENT;
    char why[120];
    mkg_status st = mkg_gguf_get_u64(g, "general.alignment", &a, r->err);
    if (st < 0) return st;
    if (a < LEAST_ALIGNMENT || a > MOST_ALIGNMENT || (a & (a - 1))) {
        snprintf(why, sizeof why,
                 "general.alignment is %llu, not a power of two from %d to %d",
                 (unsigned long long)a, LEAST_ALIGNMENT, MOST_ALIGNMENT);
        return bad(r, mkg_gguf_find(g, "general.alignment")->raw.ptr, why);
    }
    g->alignment = (size_t)a;
    return MKG_OK;
}

static mkg_status read_shape(reader *r, mkg_gguf_tensor *t)
{
    const char *at = r->p;
    char why[120];
    mkg_status st = take(r, &t->n_dims, sizeof t->n_dims);
    if (st < 0) return st;
    if (t->n_dims < 1 || t->n_dims > MKG_GGUF_DIMS) {
        snprintf(why, sizeof why, "%lu dimensions, not 1 to %d",
                 (unsigned long)t->n_dims, MKG_GGUF_DIMS);
        return bad(r, at, why);
    }
    t->n = 1;
    for (uint32_t i = 0; i < MKG_GGUF_DIMS; i++)
        t->ne[i] = 1;
    for (uint32_t i = 0; i < t->n_dims; i++) {
        at = r->p;
        if ((st = take(r, &t->ne[i], sizeof t->ne[i])) < 0) return st;
        if (t->ne[i] == 0) return bad(r, at, "a dimension is 0");
        if (__builtin_mul_overflow(t->n, t->ne[i], &t->n) || t->n > INT64_MAX)
            return bad(r, at, "the shape is too large");
    }
    return MKG_OK;
}

static mkg_status read_type(reader *r, mkg_gguf_tensor *t)
{
    const char *at = r->p;
    char why[120];
    uint32_t type = 0;
    mkg_status st = take(r, &type, sizeof type);
    if (st < 0) return st;
    t->type = mkg_type_get(type);
    if (!t->type) {
        snprintf(why, sizeof why, "values of the unknown type %lu",
                 (unsigned long)type);
        return bad(r, at, why);
    }
    if (t->ne[0] % t->type->block) {
        snprintf(why, sizeof why, "a row of %llu values is no multiple of %s's %lu",
                 (unsigned long long)t->ne[0], t->type->name,
                 (unsigned long)t->type->block);
        return bad(r, at, why);
    }
    uint64_t blocks = t->n / t->type->block;
    if (blocks > left(r) / t->type->bytes) {
        snprintf(why, sizeof why, "%llu values do not fit into the file",
                 (unsigned long long)t->n);
        return bad(r, at, why);
    }
    t->bytes = (size_t)blocks * t->type->bytes;
    return MKG_OK;
}

/* The table of tensors. Their data follow one another in its order, each padded to the
 * alignment, as every writer does; so that a count, a shape or an offset that is wrong
 * anywhere does not go unseen. *size is where the last one ends in the data. */
static mkg_status read_tensors(mkg_gguf *g, reader *r, uint64_t n, size_t *size)
{
    uint64_t offset = 0;
    char why[120];
    mkg_status st = MKG_OK;
    r->what = "tensor";
    *size = 0;
    for (r->index = 0; r->index < n; r->index++) {
        mkg_gguf_tensor t = {0};
        r->name = mkg__view(NULL, 0);
        if ((st = take_name(r, NAME_MAX_BYTES, &t.name)) < 0) return st;
        r->name = t.name;
        if ((st = read_shape(r, &t)) < 0) return st;
        if ((st = read_type(r, &t)) < 0) return st;
        const char *at = r->p;
        if ((st = take(r, &offset, sizeof offset)) < 0) return st;
        *size = (*size + g->alignment - 1) / g->alignment * g->alignment;
        if (offset != *size) {
            snprintf(why, sizeof why,
                     "its data begin at %llu, not behind the last at %zu",
                     (unsigned long long)offset, *size);
            return bad(r, at, why);
        }
        /* Both are at most the size of the file, so the sum does not overflow. */
        if (*size > g->bytes || t.bytes > g->bytes - *size)
            return bad(r, at, "its data end behind the end of the file");
        *size += t.bytes;
        if (!mkg__grow(&g->tensors, &g->cap_tensors, g->n_tensors + 1, sizeof t))
            return mkg__nomem(r->err);
        if ((st = index_name(r, &g->by_name, t.name, g->n_tensors)) < 0) return st;
        g->tensors[g->n_tensors++] = t;
    }
    r->name = mkg__view(NULL, 0);
    r->what = NULL;
    return MKG_OK;
}

/* Where the data begin is known now: give each tensor its place. */
static mkg_status place_data(mkg_gguf *g, reader *r, size_t size)
{
    char why[160];
    size_t a = g->alignment, begin, end;
    begin = ((size_t)(r->p - r->base) + a - 1) / a * a;
    if (g->n_tensors == 0) return MKG_OK;
    end = begin + size;
    if (end > g->bytes) {
        snprintf(why, sizeof why,
                 "the data end at byte %zu, but the file has only %zu: it is cut short",
                 end, g->bytes);
        return bad(r, r->p, why);
    }
    if (g->bytes - end >= a) {
        snprintf(why, sizeof why, "%zu bytes behind the last tensor", g->bytes - end);
        return bad(r, r->base + end, why);
    }
    for (size_t i = 0; i < g->n_tensors; i++) {
        mkg_gguf_tensor *t = &g->tensors[i];
        begin = (begin + a - 1) / a * a;
        t->data = g->base + begin;
        begin += t->bytes;
    }
    return MKG_OK;
}

static mkg_status read_all(mkg_gguf *g, mkg_err *err)
{
    reader r = {.base = g->base,
                .p = g->base,
                .end = g->base + g->bytes,
                .path = g->path,
                .err = err};
    uint64_t tensors = 0, metas = 0;
    size_t size;
    mkg_status st;
    if ((st = read_head(g, &r, &tensors, &metas)) < 0) return st;
    if ((st = read_meta(g, &r, metas)) < 0) return st;
    if ((st = read_alignment(g, &r)) < 0) return st;
    if ((st = read_tensors(g, &r, tensors, &size)) < 0) return st;
    return place_data(g, &r, size);
}

/* ---- opening ---- */

static mkg_status map_file(mkg_gguf *g, mkg_err *err)
{
    struct stat sb;
    mkg_status st = MKG_OK;
    int fd = open(g->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &sb) != 0) {
        st = mkg__fail_errno(err, "read", g->path);
    } else if (!S_ISREG(sb.st_mode)) {
        st = mkg__fail(err, MKG_EIO, "cannot read %s: it is not a regular file",
                       g->path);
    } else if (sb.st_size == 0) {
        st = mkg__fail_at(err, MKG_EPARSE, g->path, 0, 0, "the file is empty");
    } else {
        g->bytes = (size_t)sb.st_size;
        void *p = mmap(NULL, g->bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            st = mkg__fail_errno(err, "map", g->path);
        } else {
            g->map = p;
            g->base = p;
#ifdef MADV_HUGEPAGE
            /* Where the file system has large pages, what is read from the disk from
             * now on comes in huge ones. Where it has none, nothing changes. */
            madvise(p, g->bytes, MADV_HUGEPAGE);
#endif
        }
    }
    if (fd >= 0) close(fd);
    return st;
}

static mkg_status open_any(const char *path, const void *p, size_t n, mkg_gguf **out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    *out = NULL;
    mkg_gguf *g = mkg__calloc(1, sizeof *g);
    if (!g || !(g->path = mkg__strdup(path))) {
        st = mkg__nomem(err);
        goto out;
    }
    g->base = p;
    g->bytes = n;
    if (!p) MKG_GO(map_file(g, err));
    MKG_GO(read_all(g, err));
    *out = g;
    g = NULL;
out:
    mkg_gguf_close(g);
    return st;
}

mkg_status mkg_gguf_open(const char *path, mkg_gguf **out, mkg_err *err)
{
    return open_any(path, NULL, 0, out, err);
}

mkg_status mkg_gguf_open_bytes(const void *p, size_t n, const char *name,
                               mkg_gguf **out, mkg_err *err)
{
    *out = NULL;
    if (!p || (uintptr_t)p % 64)
        return mkg__fail(err, MKG_EARG, "%s: the bytes are not aligned to 64", name);
    return open_any(name, p, n, out, err);
}

void mkg_gguf_close(mkg_gguf *g)
{
    if (!g) return;
    if (g->map) munmap(g->map, g->bytes);
    mkg__map_clear(&g->by_key);
    mkg__map_clear(&g->by_name);
    mkg__free(g->meta);
    mkg__free(g->tensors);
    mkg__free(g->path);
    mkg__free(g);
}

const char *mkg_gguf_path(const mkg_gguf *g)
{
    return g->path;
}

uint32_t mkg_gguf_version(const mkg_gguf *g)
{
    return g->version;
}

size_t mkg_gguf_bytes(const mkg_gguf *g)
{
    return g->bytes;
}

size_t mkg_gguf_alignment(const mkg_gguf *g)
{
    return g->alignment;
}

size_t mkg_gguf_meta_count(const mkg_gguf *g)
{
    return g->n_meta;
}

const mkg_gguf_meta *mkg_gguf_meta_at(const mkg_gguf *g, size_t i)
{
    return &g->meta[i];
}

const mkg_gguf_meta *mkg_gguf_find(const mkg_gguf *g, const char *key)
{
    const mkg_id *id = mkg__map_get(&g->by_key, key, strlen(key));
    return id ? &g->meta[*id - 1] : NULL;
}

size_t mkg_gguf_tensor_count(const mkg_gguf *g)
{
    return g->n_tensors;
}

const mkg_gguf_tensor *mkg_gguf_tensor_at(const mkg_gguf *g, size_t i)
{
    return &g->tensors[i];
}

const mkg_gguf_tensor *mkg_gguf_tensor_find(const mkg_gguf *g, const char *name)
{
    const mkg_id *id = mkg__map_get(&g->by_name, name, strlen(name));
    return id ? &g->tensors[*id - 1] : NULL;
}
