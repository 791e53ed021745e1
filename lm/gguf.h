/* GGUF, the file format of language models: metadata and tensors, mapped to read
 * (versions 2 and 3, little-endian) and written (version 3).
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * The whole structure is checked when a file is opened: every count, length, shape,
 * offset and type, against the bytes that are there. What the getters give after that
 * can be read without a further check. Only the weights themselves carry no checksum.
 */
#ifndef MKG_GGUF_H
#define MKG_GGUF_H

#include "lm/gguf_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkg_gguf mkg_gguf;

/* Map a file. MKG_EIO if it cannot be read; MKG_EPARSE with the byte and what is wrong
 * there if it is not GGUF, damaged, big-endian or of another version. err->file is the
 * path. The file must not be cut short by others while it is mapped.
 *
 * An open file is only read: safe from many threads at once. */
MKG_API mkg_status mkg_gguf_open(const char *path, mkg_gguf **out, mkg_err *err);
/* The same for bytes in memory, borrowed until close. `p` is 64-byte aligned; `name`
 * is for messages. */
MKG_API mkg_status mkg_gguf_open_bytes(const void *p, size_t n, const char *name,
                                       mkg_gguf **out, mkg_err *err);
MKG_API void mkg_gguf_close(mkg_gguf *g);

MKG_API const char *mkg_gguf_path(const mkg_gguf *g); /* as opened; until close */
MKG_API uint32_t mkg_gguf_version(const mkg_gguf *g); /* 2 or 3 */
MKG_API size_t mkg_gguf_bytes(const mkg_gguf *g);     /* of the whole file */
MKG_API size_t mkg_gguf_alignment(const mkg_gguf *g); /* of tensors, 32 if not said */

/* ---- metadata ---- */

/* As the file numbers them. */
typedef enum mkg_gguf_kind {
    MKG_GGUF_U8 = 0,
    MKG_GGUF_I8 = 1,
    MKG_GGUF_U16 = 2,
    MKG_GGUF_I16 = 3,
    MKG_GGUF_U32 = 4,
    MKG_GGUF_I32 = 5,
    MKG_GGUF_F32 = 6,
    MKG_GGUF_BOOL = 7,
    MKG_GGUF_STRING = 8,
    MKG_GGUF_ARRAY = 9,
    MKG_GGUF_U64 = 10,
    MKG_GGUF_I64 = 11,
    MKG_GGUF_F64 = 12
} mkg_gguf_kind;

/* One key and its value, borrowed from the file until close. */
typedef struct mkg_gguf_meta {
    mkg_view key; /* valid UTF-8, at least one byte */
    mkg_gguf_kind kind;
    mkg_gguf_kind of; /* kind of the elements of an array */
    size_t n;         /* number of elements of an array; 1 otherwise */
    /* The value as it stands in the file, little-endian, not aligned: an array without
     * its head, a string without its length. */
    mkg_view raw;
} mkg_gguf_meta;

MKG_API size_t mkg_gguf_meta_count(const mkg_gguf *g);
MKG_API const mkg_gguf_meta *mkg_gguf_meta_at(const mkg_gguf *g, size_t i);
/* NULL if the key is not there. */
MKG_API const mkg_gguf_meta *mkg_gguf_find(const mkg_gguf *g, const char *key);

/* The value of a key. MKG_NOTFOUND, *out as it was, if the key is not there: set the
 * default first. MKG_EPARSE if it is of another kind. Integers of every width are taken
 * where the value fits; a float may be written as an integer. Floats are finite. */
MKG_API mkg_status mkg_gguf_get_u64(const mkg_gguf *g, const char *key, uint64_t *out,
                                    mkg_err *err);
MKG_API mkg_status mkg_gguf_get_u32(const mkg_gguf *g, const char *key, uint32_t *out,
                                    mkg_err *err);
MKG_API mkg_status mkg_gguf_get_float(const mkg_gguf *g, const char *key, double *out,
                                      mkg_err *err);
MKG_API mkg_status mkg_gguf_get_bool(const mkg_gguf *g, const char *key, bool *out,
                                     mkg_err *err);
/* Not NUL-terminated, any bytes; borrowed until close. */
MKG_API mkg_status mkg_gguf_get_string(const mkg_gguf *g, const char *key,
                                       mkg_view *out, mkg_err *err);
/* An array of `of` (of any number kind for `of` == MKG_GGUF_I64, of F32 or F64 for
 * MKG_GGUF_F64). */
MKG_API mkg_status mkg_gguf_get_array(const mkg_gguf *g, const char *key,
                                      mkg_gguf_kind of, const mkg_gguf_meta **out,
                                      mkg_err *err);

/* Element i < n of an array of numbers or bools; a whole float is cut, a U64 above
 * INT64_MAX gives INT64_MAX. */
MKG_API int64_t mkg_gguf_int_at(const mkg_gguf_meta *m, size_t i);
MKG_API double mkg_gguf_float_at(const mkg_gguf_meta *m, size_t i);
/* Strings of an array in their order: `size_t at = 0; while (…_next(m, &at, &s))`. */
MKG_API bool mkg_gguf_string_next(const mkg_gguf_meta *m, size_t *at, mkg_view *out);

/* ---- tensors ---- */

enum { MKG_GGUF_DIMS = 4 };

typedef struct mkg_gguf_tensor {
    mkg_view name; /* valid UTF-8, 1 to 255 bytes */
    const mkg_type_info *type;
    uint32_t n_dims; /* 1 to 4 */
    /* ne[0] is the length of a row, which lies together; dimensions that are not there
     * are 1. ne[0] is a multiple of the type's block. None is 0. */
    uint64_t ne[MKG_GGUF_DIMS];
    uint64_t n;   /* values: the product of ne */
    size_t bytes; /* of data */
    /* Row-major, aligned to the file's alignment (at least 8), borrowed until close. */
    const void *data;
} mkg_gguf_tensor;

MKG_API size_t mkg_gguf_tensor_count(const mkg_gguf *g);
MKG_API const mkg_gguf_tensor *mkg_gguf_tensor_at(const mkg_gguf *g, size_t i);
/* NULL if there is none of that name. */
MKG_API const mkg_gguf_tensor *mkg_gguf_tensor_find(const mkg_gguf *g,
                                                    const char *name);

/* ---- writing ---- */

/* Collects metadata (copied) and tensors, then writes all at once. A failed put is
 * remembered and comes out of mkg_gguf_writer_save(): check once, at the end. */
typedef struct mkg_gguf_writer mkg_gguf_writer;

MKG_API mkg_gguf_writer *mkg_gguf_writer_new(void); /* NULL when out of memory */
MKG_API void mkg_gguf_writer_free(mkg_gguf_writer *w);

MKG_API void mkg_gguf_put_u32(mkg_gguf_writer *w, const char *key, uint32_t v);
MKG_API void mkg_gguf_put_u64(mkg_gguf_writer *w, const char *key, uint64_t v);
MKG_API void mkg_gguf_put_float(mkg_gguf_writer *w, const char *key, float v);
MKG_API void mkg_gguf_put_bool(mkg_gguf_writer *w, const char *key, bool v);
MKG_API void mkg_gguf_put_string(mkg_gguf_writer *w, const char *key, mkg_view v);
/* (n) numbers of 1, 4 or 8 bytes as `of` says. */
MKG_API void mkg_gguf_put_array(mkg_gguf_writer *w, const char *key, mkg_gguf_kind of,
                                const void *v, size_t n);
MKG_API void mkg_gguf_put_strings(mkg_gguf_writer *w, const char *key,
                                  const mkg_view *v, size_t n);
/* A pair of another file as it is. */
MKG_API void mkg_gguf_put_meta(mkg_gguf_writer *w, const mkg_gguf_meta *m);

/* Add a tensor: ne (n_dims) as in mkg_gguf_tensor. `data` is borrowed until the writer
 * is freed; NULL if the fill function gives it. */
MKG_API void mkg_gguf_put_tensor(mkg_gguf_writer *w, const char *name, uint32_t type,
                                 uint32_t n_dims, const uint64_t *ne, const void *data);

/* Gives the bytes of the i-th tensor put (those put with data NULL), in order, when
 * they are written: so that one tensor at a time is in memory. *data lives until the
 * next call. */
typedef mkg_status (*mkg_gguf_fill_fn)(void *ctx, size_t i, const void **data,
                                       mkg_err *err);

/* Write to `path` (at once: readers see the old file or the new one), aligned to
 * general.alignment if that was put, else to 32. `fill` may be NULL. MKG_EARG for a key
 * or a tensor put twice, an unknown type, a row that is no whole number of blocks, a
 * tensor without data. The writer can be saved again. */
MKG_API mkg_status mkg_gguf_writer_save(mkg_gguf_writer *w, const char *path,
                                        mkg_gguf_fill_fn fill, void *ctx, mkg_err *err);

#ifdef __cplusplus
}
#endif
#endif
