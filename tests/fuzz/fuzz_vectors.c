/* Vector sets: the bytes as a file, with or without the right checksums, and the bytes
 * as numbers that are saved and opened again. */
#include "fuzz.h"

#include "base/hash.h"
#include "embed/vectors.h"

#include <math.h>

enum { HEADER = 672, N_AT = 16, DATA_HASH_AT = 656, HEADER_HASH_AT = 664 };

/* Put the checksums right, so that what lies behind them is tested too. */
static void repair(char *p, size_t size)
{
    uint64_t n, hash;
    if (size < HEADER) return;
    memcpy(&n, p + N_AT, sizeof n);
    size_t matrix = n < size ? (HEADER + (size_t)n * 4 + 63) / 64 * 64 : size;
    if (matrix > size) matrix = size;
    hash = mkg__hash64(p + HEADER, matrix - HEADER, 0);
    hash = mkg__hash64(p + matrix, size - matrix, hash);
    memcpy(p + DATA_HASH_AT, &hash, sizeof hash);
    hash = mkg__hash64(p, HEADER_HASH_AT, 0);
    memcpy(p + HEADER_HASH_AT, &hash, sizeof hash);
}

static void check_nearest(const mkg_vectors *v, const float *q)
{
    enum { MOST = 5 };
    mkg_neighbour near[MOST];
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    double norm = 0;
    size_t n;

    for (size_t i = 0; i < info->dim; i++)
        norm += (double)q[i] * (double)q[i];
    for (size_t k = 0; k <= MOST; k++) {
        mkg_status st = mkg_vectors_nearest(v, q, k, NULL, NULL, near, &n, &fuzz_err);
        if (st == MKG_EARG && !isfinite(norm)) continue;
        CHECK(st == MKG_OK && n == (k < info->n ? k : info->n));
        for (size_t i = 0; i < n; i++) {
            CHECK(near[i].score >= -1 && near[i].score <= 1);
            CHECK(mkg_vectors_row(v, near[i].node));
            if (i) CHECK(near[i - 1].score >= near[i].score);
        }
        if (n && norm > 0) CHECK(near[0].score > 0.999f); /* q is one of the rows */
    }
}

static void check_set(const mkg_vectors *v)
{
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_id *node = mkg_vectors_nodes(v);
    const float *x = mkg_vectors_row(v, node[0]);

    CHECK(info->n > 0 && info->dim > 0 && memchr(info->name, 0, sizeof info->name));
    for (size_t i = 0; i < info->n; i++) {
        CHECK(mkg_vectors_row(v, node[i]) == x + i * info->dim);
        bool gap = i + 1 == info->n || node[i + 1] != node[i] + 1;
        if (gap && node[i] < UINT32_MAX) CHECK(!mkg_vectors_row(v, node[i] + 1));
        if (i < 4) check_nearest(v, x + i * info->dim);
    }
}

static void check_list(const mkg_vectors_info *want)
{
    mkg_vectors_info *list;
    size_t n;
    CHECK_OK(mkg_vectors_list(fuzz_path("."), &list, &n, &fuzz_err));
    CHECK(n == 1);
    if (want) CHECK(memcmp(list, want, sizeof *want) == 0);
    mkg_vectors_list_free(list);
}

static void save(fuzz_input in, size_t dim)
{
    mkg_vectors_info info = {.name = "set", .method = "m", .params = "{}", .dim = dim};
    mkg_vectors *v;
    bool finite = true;

    info.n = in.n / sizeof(float) / dim;
    if (info.n == 0) return;
    float *x = malloc(info.n * dim * sizeof *x);
    mkg_id *node = malloc(info.n * sizeof *node);
    CHECK(x && node);
    memcpy(x, in.p, info.n * dim * sizeof *x);
    for (size_t i = 0; i < info.n * dim; i++)
        finite = finite && isfinite(x[i]);
    for (size_t i = 0; i < info.n; i++)
        node[i] = (mkg_id)(i + i / 3 + 1);
    mkg_status st = mkg_vectors_save(fuzz_path("."), &info, node, x, &fuzz_err);
    CHECK(st == (finite ? MKG_OK : MKG_EARG));
    if (finite) {
        CHECK_OK(mkg_vectors_open(fuzz_path("."), "set", &v, &fuzz_err));
        CHECK(memcmp(mkg_vectors_get_info(v), &info, sizeof info) == 0);
        CHECK(memcmp(mkg_vectors_nodes(v), node, info.n * sizeof *node) == 0);
        CHECK(memcmp(mkg_vectors_row(v, 1), x, info.n * dim * sizeof *x) == 0);
        check_set(v);
        check_list(&info);
        mkg_vectors_close(v);
    }
    free(x);
    free(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    mkg_vectors *v;

    if (how & 2) {
        save(in, 1 + (how >> 2) % 8);
        return 0;
    }
    char *bytes = fuzz_text(in);
    if (how & 1) repair(bytes, in.n);
    mkdir(fuzz_path("vectors"), 0777);
    fuzz_file("vectors/set.vec", bytes, in.n);
    mkg_status st = mkg_vectors_open(fuzz_path("."), "set", &v, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_ESTORE && !v && fuzz_err.msg[0]));
    if (st == MKG_OK) check_set(v);
    check_list(st == MKG_OK ? mkg_vectors_get_info(v) : NULL);
    mkg_vectors_close(v);
    free(bytes);
    return 0;
}
