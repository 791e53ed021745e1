/* The values of a GGUF file's metadata, by kind. */
#include "lm/gguf.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

static const char *kind_name(mkg_gguf_kind kind)
{
    static const char *const names[] = {
        "an integer", "an integer", "an integer",    "an integer", "an integer",
        "an integer", "a float",    "a truth value", "a string",   "an array",
        "an integer", "an integer", "a float"};
    return names[kind];
}

static mkg_status wrong_kind(const mkg_gguf *g, const mkg_gguf_meta *m,
                             const char *want, mkg_err *err)
{
    return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                        "metadata '%.*s' is %s, not %s", (int)m->key.len, m->key.ptr,
                        kind_name(m->kind), want);
}

#define READ(type)                                                                     \
    do {                                                                               \
        type x_;                                                                       \
        memcpy(&x_, p, sizeof x_);                                                     \
        return (int64_t)x_;                                                            \
    } while (0)

/* A float that is out of range gives the nearest end, NaN 0. */
static int64_t cut(double x)
{
    if (!(x == x)) return 0;
    if (x >= 0x1p63) return INT64_MAX;
    return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

static double read_float(mkg_gguf_kind kind, const char *p)
{
    float f;
    double d;
    if (kind == MKG_GGUF_F64) {
        memcpy(&d, p, sizeof d);
        return d;
    }
    memcpy(&f, p, sizeof f);
    return (double)f;
}

static int64_t read_int(mkg_gguf_kind kind, const char *p)
{
    uint64_t u;
    switch (kind) {
    case MKG_GGUF_U8:
    case MKG_GGUF_BOOL:
        READ(uint8_t);
    case MKG_GGUF_I8:
        READ(int8_t);
    case MKG_GGUF_U16:
        READ(uint16_t);
    case MKG_GGUF_I16:
        READ(int16_t);
    case MKG_GGUF_U32:
        READ(uint32_t);
    case MKG_GGUF_I32:
        READ(int32_t);
    case MKG_GGUF_I64:
        READ(int64_t);
    case MKG_GGUF_U64:
        memcpy(&u, p, sizeof u);
        return u > INT64_MAX ? INT64_MAX : (int64_t)u;
    case MKG_GGUF_F32:
    case MKG_GGUF_F64:
        return cut(read_float(kind, p));
    case MKG_GGUF_STRING:
    case MKG_GGUF_ARRAY:
        break;
    }
    return 0;
}
#undef READ

static size_t number_size(mkg_gguf_kind kind)
{
    switch (kind) {
    case MKG_GGUF_U8:
    case MKG_GGUF_I8:
    case MKG_GGUF_BOOL:
        return 1;
    case MKG_GGUF_U16:
    case MKG_GGUF_I16:
        return 2;
    case MKG_GGUF_U32:
    case MKG_GGUF_I32:
    case MKG_GGUF_F32:
        return 4;
    case MKG_GGUF_U64:
    case MKG_GGUF_I64:
    case MKG_GGUF_F64:
        return 8;
    case MKG_GGUF_STRING:
    case MKG_GGUF_ARRAY:
        break;
    }
    return 0;
}

static bool is_float(mkg_gguf_kind kind)
{
    return kind == MKG_GGUF_F32 || kind == MKG_GGUF_F64;
}

static bool is_int(mkg_gguf_kind kind)
{
    return kind != MKG_GGUF_BOOL && number_size(kind) && !is_float(kind);
}

int64_t mkg_gguf_int_at(const mkg_gguf_meta *m, size_t i)
{
    return read_int(m->of, m->raw.ptr + i * number_size(m->of));
}

double mkg_gguf_float_at(const mkg_gguf_meta *m, size_t i)
{
    if (!is_float(m->of)) return (double)mkg_gguf_int_at(m, i);
    return read_float(m->of, m->raw.ptr + i * number_size(m->of));
}

bool mkg_gguf_string_next(const mkg_gguf_meta *m, size_t *at, mkg_view *out)
{
    uint64_t n;
    if (m->kind != MKG_GGUF_ARRAY || m->of != MKG_GGUF_STRING || *at >= m->raw.len)
        return false;
    memcpy(&n, m->raw.ptr + *at, sizeof n);
    *out = mkg__view(m->raw.ptr + *at + sizeof n, (size_t)n);
    *at += sizeof n + (size_t)n;
    return true;
}

mkg_status mkg_gguf_get_u64(const mkg_gguf *g, const char *key, uint64_t *out,
                            mkg_err *err)
{
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    if (!m) return MKG_NOTFOUND;
    if (!is_int(m->kind)) return wrong_kind(g, m, "an integer", err);
    int64_t v = mkg_gguf_int_at(m, 0);
    if (m->kind == MKG_GGUF_U64)
        memcpy(out, m->raw.ptr, sizeof *out);
    else if (v < 0)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "metadata '%s' is %lld, below 0", key, (long long)v);
    else
        *out = (uint64_t)v;
    return MKG_OK;
}

mkg_status mkg_gguf_get_u32(const mkg_gguf *g, const char *key, uint32_t *out,
                            mkg_err *err)
{
    uint64_t v;
    mkg_status st = mkg_gguf_get_u64(g, key, &v, err);
    if (st != MKG_OK) return st;
    if (v > UINT32_MAX)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "metadata '%s' is %llu, too large", key,
                            (unsigned long long)v);
    *out = (uint32_t)v;
    return MKG_OK;
}

mkg_status mkg_gguf_get_float(const mkg_gguf *g, const char *key, double *out,
                              mkg_err *err)
{
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    if (!m) return MKG_NOTFOUND;
    if (!is_int(m->kind) && !is_float(m->kind)) return wrong_kind(g, m, "a float", err);
    double v = mkg_gguf_float_at(m, 0);
    if (!isfinite(v))
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "metadata '%s' is not finite", key);
    *out = v;
    return MKG_OK;
}

mkg_status mkg_gguf_get_bool(const mkg_gguf *g, const char *key, bool *out,
                             mkg_err *err)
{
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    if (!m) return MKG_NOTFOUND;
    if (m->kind != MKG_GGUF_BOOL) return wrong_kind(g, m, "a truth value", err);
    *out = mkg_gguf_int_at(m, 0) != 0;
    return MKG_OK;
}

mkg_status mkg_gguf_get_string(const mkg_gguf *g, const char *key, mkg_view *out,
                               mkg_err *err)
{
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    if (!m) return MKG_NOTFOUND;
    if (m->kind != MKG_GGUF_STRING) return wrong_kind(g, m, "a string", err);
    *out = m->raw;
    return MKG_OK;
}

mkg_status mkg_gguf_get_array(const mkg_gguf *g, const char *key, mkg_gguf_kind of,
                              const mkg_gguf_meta **out, mkg_err *err)
{
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    if (!m) return MKG_NOTFOUND;
    if (m->kind != MKG_GGUF_ARRAY) return wrong_kind(g, m, "an array", err);
    bool fits = m->of == of || (of == MKG_GGUF_I64 && is_int(m->of)) ||
                (of == MKG_GGUF_F64 && is_float(m->of));
    if (!fits)
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "metadata '%s': each element is %s, not %s", key,
                            kind_name(m->of), kind_name(of));
    *out = m;
    return MKG_OK;
}
