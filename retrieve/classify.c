/* A trained classifier of intents: its file, and what it says of a question.
 *
 * The file (docs/formats.md): header, names of the classes, biases, keys of the
 * features in ascending order, where the weights of each begin, weights as (class,
 * value) pairs of two bytes. All of it is read and checked at once; a question then
 * costs one search a feature. */
#include "retrieve/classify_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct header {
    char magic[8];
    uint32_t version, nclasses, nkeys, nweights;
    uint32_t name_bytes; /* of the names, each ended by '\n', padded to 4 */
    float slope, shift, threshold, unit; /* of a weight */
    uint32_t zero;
    uint64_t vocabulary;
    uint64_t checksum; /* XXH3 of all that follows, seeded with what stands before */
} header;

static const char magic[8] = "MKGINTEN";
enum { VERSION = 1, FILE_MAX = 16 << 20 };

typedef struct weight {
    uint8_t class;
    int8_t value;
} weight;

struct mkg__classifier {
    mkg_kg *kg;
    mkg__buf file;
    const header *h;
    const float *bias;     /* (nclasses) */
    const uint32_t *keys;  /* (nkeys) ascending */
    uint32_t *from;        /* (nkeys + 1) into weights */
    const weight *weights; /* (nweights) */
    uint32_t first[257];   /* keys whose upper byte is b begin at first[b] */
    const mkg_relation *classes[MKG_CLASSES_MAX];
};

/* ---- reading ---- */

static uint64_t checksum(const char *file, size_t n)
{
    const size_t before = offsetof(header, checksum);
    return mkg__hash64(file + sizeof(header), n - sizeof(header),
                       mkg__hash64(file, before, 0));
}

static bool sizes_fit(const header *h, size_t n)
{
    uint64_t want = sizeof *h + (uint64_t)h->name_bytes + 4u * (uint64_t)h->nclasses +
                    5u * (uint64_t)h->nkeys + 2u * (uint64_t)h->nweights;
    return h->nclasses > 0 && h->nclasses <= MKG_CLASSES_MAX &&
           h->name_bytes % 4 == 0 && h->nkeys < FILE_MAX && h->nweights < FILE_MAX &&
           want == n;
}

static bool tables_fit(const mkg__classifier *c)
{
    const header *h = c->h;
    for (uint32_t i = 1; i < h->nkeys; i++)
        if (c->keys[i - 1] >= c->keys[i]) return false;
    if (c->from[h->nkeys] != h->nweights) return false;
    for (uint32_t i = 0; i < h->nweights; i++)
        if (c->weights[i].class >= h->nclasses) return false;
    for (uint32_t i = 0; i < h->nclasses; i++)
        if (!isfinite(c->bias[i])) return false;
    return isfinite(h->slope) && isfinite(h->shift) && isfinite(h->unit) &&
           h->threshold >= 0 && h->threshold <= 1;
}

/* The graph's classes, which must be those of the file, in its order. */
static bool take_classes(mkg__classifier *c, const mkg__classes *ours, const char *p)
{
    size_t left = c->h->name_bytes;
    if (mkg__classes_hash(ours) != c->h->vocabulary || ours->n != c->h->nclasses)
        return false;
    for (size_t i = 0; i < ours->n; i++) {
        const char *end = memchr(p, '\n', left);
        if (!end || !mkg__view_eq(mkg__view(p, (size_t)(end - p)), ours->at[i]->name))
            return false;
        left -= (size_t)(end + 1 - p);
        p = end + 1;
        c->classes[i] = ours->at[i];
    }
    return true;
}

static void find_firsts(mkg__classifier *c)
{
    uint32_t at = 0;
    for (uint32_t b = 0; b <= 256; b++) {
        while (at < c->h->nkeys && c->keys[at] >> 24 < b)
            at++;
        c->first[b] = at;
    }
}

/* Not by mkg__file_read(): its SHA-256 takes longer than all the rest. */
static mkg_status read_whole(const char *path, mkg__buf *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char tmp[1 << 14];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f) return errno == ENOENT ? MKG_NOTFOUND : mkg__fail_errno(err, "read", path);
    while (out->len < FILE_MAX && (n = fread(tmp, 1, sizeof tmp, f)) > 0)
        mkg__buf_put(out, tmp, n);
    if (ferror(f))
        st = mkg__fail_errno(err, "read", path);
    else if (out->failed)
        st = mkg__nomem(err);
    fclose(f);
    return st;
}

mkg_status mkg__classifier_open(mkg_kg *kg, const char *path, mkg__classifier **out,
                                mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__classes ours;
    mkg__classifier *c = mkg__calloc(1, sizeof *c);

    *out = NULL;
    if (!c) return mkg__nomem(err);
    c->kg = kg;
    MKG_GO(read_whole(path, &c->file, err));
    if (st == MKG_NOTFOUND) goto out;
    c->h = (const header *)(const void *)c->file.ptr;
    if (c->file.len < sizeof *c->h || memcmp(c->h->magic, magic, sizeof magic) != 0 ||
        c->h->version != VERSION || !sizes_fit(c->h, c->file.len) ||
        checksum(c->file.ptr, c->file.len) != c->h->checksum) {
        st = mkg__fail_at(err, MKG_ESTORE, path, 0, 0,
                          "no model of intents of this version, or damaged");
        goto out;
    }
    const char *p = c->file.ptr + sizeof *c->h, *names = p;
    c->bias = (const float *)(const void *)(p += c->h->name_bytes);
    c->keys = (const uint32_t *)(const void *)(p += 4 * c->h->nclasses);
    c->weights = (const weight *)(const void *)(p += 4 * c->h->nkeys);
    const uint8_t *counts = (const uint8_t *)(c->weights + c->h->nweights);
    c->from = mkg__malloc(((size_t)c->h->nkeys + 1) * sizeof *c->from);
    if (!c->from) {
        st = mkg__nomem(err);
        goto out;
    }
    c->from[0] = 0;
    for (uint32_t i = 0; i < c->h->nkeys; i++)
        c->from[i + 1] = c->from[i] + counts[i];
    if (!tables_fit(c)) {
        st = mkg__fail_at(err, MKG_ESTORE, path, 0, 0, "the tables are damaged");
        goto out;
    }
    MKG_GO(mkg__classes_of(kg, &ours, err));
    if (!take_classes(c, &ours, names)) {
        st = MKG_NOTFOUND;
        goto out;
    }
    find_firsts(c);
    st = MKG_OK;
    *out = c;
    c = NULL;
out:
    mkg__classifier_free(c);
    return st;
}

void mkg__classifier_free(mkg__classifier *c)
{
    if (!c) return;
    mkg__buf_clear(&c->file);
    mkg__free(c->from);
    mkg__free(c);
}

float mkg__classifier_threshold(const mkg__classifier *c)
{
    return c->h->threshold;
}

size_t mkg__classifier_size(const mkg__classifier *c)
{
    return c->h->nclasses;
}

/* ---- a question ---- */

static uint32_t find_key(const mkg__classifier *c, uint32_t key)
{
    uint32_t lo = c->first[key >> 24], hi = c->first[(key >> 24) + 1];
    const uint32_t end = hi;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (c->keys[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && c->keys[lo] == key ? lo : UINT32_MAX;
}

static void score(const mkg__classifier *c, const mkg__features *f, float *out)
{
    int32_t sum[MKG_CLASSES_MAX] = {0};
    uint32_t known = 0;
    for (size_t i = 0; i < f->n; i++) {
        uint32_t at = find_key(c, f->at[i]);
        if (at == UINT32_MAX) continue;
        known++;
        for (uint32_t k = c->from[at]; k < c->from[at + 1]; k++)
            sum[c->weights[k].class] += c->weights[k].value;
    }
    float x = known ? c->h->unit / sqrtf((float)known) : 0;
    for (uint32_t k = 0; k < c->h->nclasses; k++) {
        float z = (float)sum[k] * x + c->bias[k];
        out[k] = 1 / (1 + expf(-(c->h->slope * z + c->h->shift)));
    }
}

/* Put a class among the best so far, of which there are *n of at most `max`. */
static void insert(mkg__class_score *out, size_t *n, size_t max, mkg__class_score s)
{
    size_t at = *n < max ? (*n)++ : max;
    for (; at > 0 && out[at - 1].p < s.p; at--)
        if (at < max) out[at] = out[at - 1];
    if (at < max) out[at] = s;
}

mkg_status mkg__classify(const mkg__classifier *c, const mkg__question *q,
                         const mkg__spans *spans, float at_least, mkg__class_score *out,
                         size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__marks marks = {0};
    mkg__features f = {0};
    float p[MKG_CLASSES_MAX];
    size_t max = *n;

    *n = 0;
    MKG_GO(mkg__marks_of(c->kg, spans, &marks, err));
    MKG_GO(mkg__features_of(mkg__view(q->folded.ptr, q->folded.len), marks.at, marks.n,
                            &f, err));
    score(c, &f, p);
    for (uint32_t k = 0; k < c->h->nclasses; k++)
        if (p[k] >= at_least)
            insert(out, n, max, (mkg__class_score){c->classes[k], p[k]});
    st = MKG_OK;
out:
    mkg__free(marks.at);
    mkg__features_clear(&f);
    return st;
}

/* ---- writing ---- */

enum { NAMES_MAX = 8 << 10 };

size_t mkg__model_bytes(size_t classes, size_t keys, size_t weights)
{
    return sizeof(header) + NAMES_MAX + 4 * classes + 5 * keys + 2 * weights;
}

static float largest(const mkg__linear *m)
{
    float most = 1e-6f;
    for (size_t i = 0; i < m->nfeatures * m->nclasses; i++)
        if (fabsf(m->weights[i]) > most) most = fabsf(m->weights[i]);
    return most;
}

/* The tables of keys, weights and their numbers. A feature whose weights all became 0
 * is kept: it still counts as known. */
static void put_tables(const mkg__linear *m, header *h, mkg__buf *out, mkg__buf *counts)
{
    size_t k = m->nclasses;
    h->unit = largest(m) / 127;
    h->nkeys = (uint32_t)m->nfeatures;
    mkg__buf_put(out, m->keys, 4 * m->nfeatures);
    for (size_t i = 0; i < m->nfeatures; i++) {
        unsigned char n = 0;
        for (size_t c = 0; c < k; c++) {
            long v = lrintf(m->weights[i * k + c] / h->unit);
            if (v == 0) continue;
            const weight w = {(uint8_t)c, (int8_t)v};
            mkg__buf_put(out, &w, sizeof w);
            n++;
        }
        h->nweights += n;
        mkg__buf_byte(counts, n);
    }
}

static void put_names(const mkg__classes *classes, header *h, mkg__buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; i < classes->n; i++) {
        mkg__buf_put(out, classes->at[i]->name.ptr, classes->at[i]->name.len);
        mkg__buf_byte(out, '\n');
    }
    while ((out->len - before) % 4)
        mkg__buf_byte(out, '\n');
    h->name_bytes = (uint32_t)(out->len - before);
}

static mkg_status write_file(void *ctx, FILE *f, mkg_err *err)
{
    const mkg__buf *b = ctx;
    if (fwrite(b->ptr, 1, b->len, f) != b->len)
        return mkg__fail_errno(err, "write", "the model of intents");
    return MKG_OK;
}

mkg_status mkg__model_write(const char *path, const mkg__model *m, size_t *bytes,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf file = {0}, counts = {0};
    const mkg__linear *l = &m->linear;
    header h = {.version = VERSION,
                .nclasses = (uint32_t)l->nclasses,
                .slope = m->slope,
                .shift = m->shift,
                .threshold = m->threshold,
                .vocabulary = m->vocabulary};

    memcpy(h.magic, magic, sizeof magic);
    mkg__buf_put(&file, &h, sizeof h);
    put_names(m->classes, &h, &file);
    mkg__buf_put(&file, l->bias, 4 * l->nclasses);
    put_tables(l, &h, &file, &counts);
    mkg__buf_put(&file, counts.ptr, counts.len);
    if (file.failed || counts.failed) {
        st = mkg__nomem(err);
        goto out;
    }
    memcpy(file.ptr, &h, sizeof h);
    h.checksum = checksum(file.ptr, file.len);
    memcpy(file.ptr, &h, sizeof h);
    MKG_GO(mkg__file_replace(path, 0644, write_file, &file, err));
    *bytes = file.len;
out:
    mkg__buf_clear(&file);
    mkg__buf_clear(&counts);
    return st;
}
