/* Vectors of names: making, comparing, their file. */
#include "retrieve/name_vectors_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void mkg__name_vectors_clear(mkg__name_vectors *v)
{
    const char *from = v->map, *row = (const char *)v->rows;
    if (v->rows && !(from && row >= from && row < from + v->bytes)) mkg__free(v->rows);
    if (v->map)
        munmap(v->map, v->bytes);
    else
        mkg__free(v->table);
    memset(v, 0, sizeof *v);
}

bool mkg__name_vector(const mkg__name_vectors *v, const mkg__weighted *w, float *out)
{
    double norm = 0;
    memset(out, 0, v->dim * sizeof *out);
    for (size_t i = 0; i < w->grams.n; i++) {
        uint64_t bucket = mkg__hash64(&w->grams.at[i], 8, 7) % MKG__VECTOR_BUCKETS;
        const float *e = v->table + (size_t)bucket * v->dim;
        float weight = w->idf[i];
        for (size_t d = 0; d < v->dim; d++)
            out[d] += weight * e[d];
    }
    for (size_t d = 0; d < v->dim; d++)
        norm += (double)out[d] * (double)out[d];
    if (!(norm > 0) || !isfinite(norm)) {
        memset(out, 0, v->dim * sizeof *out);
        return false;
    }
    float scale = (float)(1 / sqrt(norm));
    for (size_t d = 0; d < v->dim; d++)
        out[d] *= scale;
    return true;
}

static float dot(const float *a, const float *b, size_t n)
{
    float s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        s[0] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

float mkg__name_vector_cosine(const mkg__name_vectors *v, const mkg__names *x,
                              const float *q, uint32_t surface)
{
    if (!v->rows) {
        float row[MKG__VECTOR_DIM_MAX];
        mkg__weighted w;
        mkg__names_weigh(x, mkg__names_text(x, surface), &w);
        mkg__name_vector(v, &w, row);
        return dot(q, row, v->dim);
    }
    if (surface >= v->surfaces) return 0;
    return dot(q, v->rows + (size_t)surface * v->dim, v->dim);
}

mkg_status mkg__name_vectors_fill(mkg__name_vectors *v, const mkg__names *x,
                                  mkg_err *err)
{
    size_t n = mkg__names_count(x), bytes;
    mkg__weighted w;
    float *rows;

    if (n > MKG__VECTOR_ROWS_MAX) return MKG_OK;
    if (!mkg__mul(n + 1, v->dim * sizeof *rows, &bytes) ||
        !(rows = mkg__aligned(bytes)))
        return mkg__nomem(err);
    for (size_t s = 0; s < n; s++) {
        mkg__names_weigh(x, mkg__names_text(x, (uint32_t)s), &w);
        mkg__name_vector(v, &w, rows + s * v->dim);
    }
    if (v->rows && !v->map) mkg__free(v->rows);
    v->rows = rows;
    v->surfaces = n;
    return MKG_OK;
}

/* ---- nearest ---- */

typedef struct hit {
    float score;
    uint32_t surface;
} hit;

static int best_first(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score > y->score ? -1 : 1;
    return (x->surface > y->surface) - (x->surface < y->surface);
}

/* Exact: one pass over the rows; the best k are kept in an array that is sorted when it
 * is twice full. */
mkg_status mkg__name_vectors_nearest(const mkg__name_vectors *v, const float *q,
                                     size_t k, uint32_t *out, size_t *n, mkg_err *err)
{
    hit *h;
    size_t kept = 0;
    float least = 0.05f;

    *n = 0;
    if (k == 0 || !v->rows) return MKG_OK;
    if (!(h = mkg__malloc(2 * k * sizeof *h))) return mkg__nomem(err);
    for (size_t s = 0; s < v->surfaces; s++) {
        float score = dot(q, v->rows + s * v->dim, v->dim);
        if (!(score > least)) continue;
        h[kept++] = (hit){score, (uint32_t)s};
        if (kept < 2 * k) continue;
        qsort(h, kept, sizeof *h, best_first);
        kept = k;
        least = h[k - 1].score;
    }
    qsort(h, kept, sizeof *h, best_first);
    for (size_t i = 0; i < kept && i < k; i++)
        out[(*n)++] = h[i].surface;
    mkg__free(h);
    return MKG_OK;
}

/* ---- the file ---- */

static const char magic[8] = "MKGNVC1";

typedef struct header {
    char magic[8];
    uint32_t endian, dim;
    mkg__names_key key;
    uint64_t buckets, surfaces;
    uint64_t data_hash;   /* XXH3-64 of all bytes behind the header */
    uint64_t header_hash; /* XXH3-64 of the bytes of the header before this field */
} header;
_Static_assert(sizeof(header) == 96, "the file format");

static bool finite_all(const float *x, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok &= fabsf(x[i]) < 1e6f;
    return ok;
}

static bool fits(const mkg__name_vectors *v, header *h)
{
    if (v->bytes < sizeof *h) return false;
    memcpy(h, v->map, sizeof *h);
    if (memcmp(h->magic, magic, sizeof magic) != 0 || h->endian != 0x01020304 ||
        h->header_hash != mkg__hash64(h, offsetof(header, header_hash), 0) ||
        h->dim == 0 || h->dim > MKG__VECTOR_DIM_MAX ||
        h->buckets != MKG__VECTOR_BUCKETS || h->surfaces > UINT32_MAX)
        return false;
    uint64_t want = sizeof *h + (h->buckets + h->surfaces) * h->dim * sizeof(float);
    const char *data = (const char *)v->map + sizeof *h;
    return want == v->bytes &&
           h->data_hash == mkg__hash64(data, v->bytes - sizeof *h, 0) &&
           finite_all((const float *)(const void *)data,
                      (v->bytes - sizeof *h) / sizeof(float));
}

mkg_status mkg__name_vectors_open(const char *path, const mkg__names_key *key,
                                  mkg__name_vectors *out, bool *stale)
{
    struct stat sb;
    header h;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *stale = false;
    memset(out, 0, sizeof *out);
    if (fd < 0) return MKG_NOTFOUND;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0) {
        out->bytes = (size_t)sb.st_size;
        out->map = mmap(NULL, out->bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (out->map == MAP_FAILED) out->map = NULL;
    }
    close(fd);
    if (!out->map || !fits(out, &h)) {
        mkg__name_vectors_clear(out);
        return MKG_NOTFOUND;
    }
    out->dim = h.dim;
    out->table = (float *)(void *)((char *)out->map + sizeof h);
    *stale = memcmp(&h.key, key, sizeof *key) != 0;
    if (!*stale && h.surfaces) {
        out->rows = out->table + (size_t)h.buckets * h.dim;
        out->surfaces = (size_t)h.surfaces;
    }
    return MKG_OK;
}

typedef struct written {
    const mkg__name_vectors *v;
    header h;
} written;

static mkg_status write_vectors(void *ctx, FILE *f, mkg_err *err)
{
    const written *w = ctx;
    size_t table = (size_t)w->h.buckets * w->v->dim, rows = w->v->surfaces * w->v->dim;
    if (fwrite(&w->h, sizeof w->h, 1, f) != 1 ||
        fwrite(w->v->table, sizeof(float), table, f) != table ||
        (rows && fwrite(w->v->rows, sizeof(float), rows, f) != rows))
        return mkg__fail_errno(err, "write", "names.vec");
    return MKG_OK;
}

mkg_status mkg__name_vectors_save(const char *path, const mkg__names_key *key,
                                  const mkg__name_vectors *v, mkg_err *err)
{
    written w = {v, {.endian = 0x01020304, .dim = (uint32_t)v->dim, .key = *key}};
    size_t table = MKG__VECTOR_BUCKETS * v->dim, rows = v->surfaces * v->dim, bytes;
    char *all;

    memcpy(w.h.magic, magic, sizeof magic);
    w.h.buckets = MKG__VECTOR_BUCKETS;
    w.h.surfaces = v->surfaces;
    if (!mkg__mul(table + rows, sizeof(float), &bytes) || !(all = mkg__malloc(bytes)))
        return mkg__nomem(err);
    memcpy(all, v->table, table * sizeof(float));
    if (rows) memcpy(all + table * sizeof(float), v->rows, rows * sizeof(float));
    w.h.data_hash = mkg__hash64(all, bytes, 0);
    w.h.header_hash = mkg__hash64(&w.h, offsetof(header, header_hash), 0);
    mkg__free(all);
    return mkg__file_replace(path, 0666, write_vectors, &w, err);
}
