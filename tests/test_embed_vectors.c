/* Vector sets: written, mapped, listed, searched, damaged. */
#include "testing.h"

#include "base/rng.h"
#include "embed/vectors.h"

#include <math.h>

static mkg_err err;
static char *db;

static int setup(void **state)
{
    (void)state;
    db = new_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_folder(db);
    return 0;
}

static void save(const char *name, size_t n, size_t dim, const mkg_id *node,
                 const float *x)
{
    mkg_vectors_info info = {.method = "test",
                             .params = "{\"a\":1}",
                             .seed = 7,
                             .n = n,
                             .dim = dim,
                             .graph_version = 3};
    snprintf(info.name, sizeof info.name, "%s", name);
    assert_mkg_ok(mkg_vectors_save(db, &info, node, x, &err));
}

static void test_round_trip(void **state)
{
    (void)state;
    static const mkg_id node[] = {2, 5, 9};
    static const float x[] = {1, 0, 0, 1, 3, 4};
    mkg_vectors *v;
    save("set-1", 3, 2, node, x);
    assert_mkg_ok(mkg_vectors_open(db, "set-1", &v, &err));
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    assert_string_equal(info->name, "set-1");
    assert_string_equal(info->method, "test");
    assert_string_equal(info->params, "{\"a\":1}");
    assert_int_equal(info->seed, 7);
    assert_int_equal(info->graph_version, 3);
    assert_memory_equal(mkg_vectors_nodes(v), node, sizeof node);
    assert_memory_equal(mkg_vectors_row(v, 9), x + 4, 8);
    assert_null(mkg_vectors_row(v, 3));
    mkg_vectors_close(v);

    save("set-0", 1, 1, node, x);
    mkg_vectors_info *list;
    size_t n;
    assert_mkg_ok(mkg_vectors_list(db, &list, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "set-0");
    mkg_vectors_list_free(list);
    assert_int_equal(mkg_vectors_open(db, "none", &v, &err), MKG_NOTFOUND);
    assert_non_null(strstr(err.msg, "set-0, set-1"));
    assert_int_equal(mkg_vectors_open(db, "../x", &v, &err), MKG_NOTFOUND);
}

static void test_bad_input(void **state)
{
    (void)state;
    static const mkg_id node[] = {1};
    const float bad[] = {NAN}, good[] = {1};
    static const char *const names[] = {"", "a/b", ".hidden", "..", "a b", "糖"};
    mkg_vectors_info info = {.n = 1, .dim = 1};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(info.name, sizeof info.name, "%s", names[i]);
        assert_int_equal(mkg_vectors_save(db, &info, node, good, &err), MKG_EARG);
    }
    snprintf(info.name, sizeof info.name, "ok");
    assert_int_equal(mkg_vectors_save(db, &info, node, bad, &err), MKG_EARG);
    assert_non_null(strstr(err.msg, "row 1, column 1"));
    info.n = 0;
    assert_int_equal(mkg_vectors_save(db, &info, node, good, &err), MKG_EARG);
    mkg_vectors_info *list;
    size_t n;
    assert_mkg_ok(mkg_vectors_list(db, &list, &n, &err));
    assert_int_equal(n, 0);
    mkg_vectors_list_free(list);
}

/* Every byte changed, every length cut: refused, never read. */
static void test_damage(void **state)
{
    (void)state;
    static const mkg_id node[] = {2, 5, 9};
    static const float x[] = {1, 0, 0, 1, 3, 4};
    mkg_vectors *v;
    save("s", 3, 2, node, x);
    char *path = in_folder(db, "vectors/s.vec");
    FILE *f = fopen(path, "rb");
    char bytes[4096], copy[4096];
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(size > 600 && size < sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        memcpy(copy, bytes, size);
        copy[i] = (char)(copy[i] ^ (1 << (i % 8)));
        free(new_file(db, "vectors/s.vec", copy, size));
        assert_int_equal(mkg_vectors_open(db, "s", &v, &err), MKG_ESTORE);
    }
    for (size_t n = 0; n < size; n++) {
        free(new_file(db, "vectors/s.vec", bytes, n));
        assert_int_equal(mkg_vectors_open(db, "s", &v, &err), MKG_ESTORE);
    }
    mkg_vectors_info *list;
    size_t n;
    assert_mkg_ok(mkg_vectors_list(db, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].method, "damaged");
    mkg_vectors_list_free(list);
    free(path);
}

static bool even(void *ctx, mkg_id node)
{
    (void)ctx;
    return node % 2 == 0;
}

/* The k best agree with sorting everything. */
static void test_nearest(void **state)
{
    (void)state;
    enum { N = 300, DIM = 9 };
    static mkg_id node[N];
    static float x[N * DIM];
    mkg_vectors *v;
    mkg__rng r = mkg__rng_new(2, 0, 0);
    for (size_t i = 0; i < N; i++) {
        node[i] = (mkg_id)(3 * i + 1);
        for (size_t k = 0; k < DIM; k++) /* coarse values: there are ties */
            x[i * DIM + k] = (float)mkg__rng_below(&r, 3) - 1;
    }
    memset(x + 5 * DIM, 0, DIM * sizeof *x); /* a zero vector */
    save("near", N, DIM, node, x);
    assert_mkg_ok(mkg_vectors_open(db, "near", &v, &err));
    for (size_t t = 0; t < 40; t++) {
        const float *q = x + mkg__rng_below(&r, N) * DIM;
        size_t k = 1 + mkg__rng_below(&r, 20), n;
        mkg_keep_fn keep = t % 2 ? even : NULL;
        mkg_neighbour out[20];
        assert_mkg_ok(mkg_vectors_nearest(v, q, k, keep, NULL, out, &n, &err));
        assert_int_equal(n, k);
        bool used[N] = {false};
        for (size_t i = 0; i < n; i++) {
            size_t best = N;
            double best_score = -9;
            for (size_t j = 0; j < N; j++) {
                double ab = 0, aa = 0, bb = 0;
                if (used[j] || (keep && node[j] % 2)) continue;
                for (size_t d = 0; d < DIM; d++) {
                    ab += (double)q[d] * (double)x[j * DIM + d];
                    aa += (double)q[d] * (double)q[d];
                    bb += (double)x[j * DIM + d] * (double)x[j * DIM + d];
                }
                float s = (float)(aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : 0);
                if (s > (float)best_score) {
                    best = j;
                    best_score = (double)s;
                }
            }
            used[best] = true;
            assert_int_equal(out[i].node, node[best]);
            assert_true(fabs((double)out[i].score - best_score) < 1e-6);
        }
    }
    mkg_vectors_close(v);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_round_trip), T(test_bad_input),
                                       T(test_damage), T(test_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
