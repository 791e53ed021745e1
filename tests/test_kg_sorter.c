/* Sorting and keeping more than memory holds: against qsort, with budgets that force
 * many runs, on a disk that is full, within the memory that was given. */
#include "testing.h"

#include "base/rng.h"
#include "kg/sorter_internal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static mkg_err err;

static int setup(void **state)
{
    *state = new_folder();
    return 0;
}

static int teardown(void **state)
{
    remove_folder(*state);
    return 0;
}

static size_t record_size;

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, record_size);
}

/* n records of few or many values, so that some agree in most bytes. */
static unsigned char *made_up(size_t n, size_t size, unsigned seed)
{
    mkg__rng r = mkg__rng_new(seed, n, size);
    unsigned char *p = malloc(n * size + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < size; k++) {
            uint64_t x = mkg__rng_u64(&r);
            p[i * size + k] = (unsigned char)(x % 4 ? x >> 62 : x >> 56);
        }
    return p;
}

static uint64_t check_sorted(const char *folder, size_t n, size_t size, size_t memory)
{
    mkg__sorter *s;
    const unsigned char *got;
    unsigned char *want = made_up(n, size, (unsigned)memory);

    assert_mkg_ok(mkg__sorter_new(folder, size, memory, &s, &err));
    for (size_t i = 0; i < n; i++)
        assert_mkg_ok(mkg__sorter_add(s, want + i * size, &err));
    record_size = size;
    if (n) qsort(want, n, size, by_bytes);
    for (int round = 0; round < 2; round++) {
        assert_mkg_ok(mkg__sorter_rewind(s, &err));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(mkg__sorter_next(s, &got, &err), MKG_OK);
            assert_memory_equal(got, want + i * size, size);
        }
        assert_int_equal(mkg__sorter_next(s, &got, &err), MKG_END);
    }
    assert_int_equal(mkg__sorter_count(s), n);
    uint64_t spilled = mkg__sorter_spilled(s);
    mkg__sorter_free(s);
    free(want);
    return spilled;
}

static void test_against_qsort(void **state)
{
    static const size_t sizes[] = {1, 3, 8, 16, 28, 64};
    static const size_t counts[] = {0, 1, 2, 24, 25, 1000, 20011};
    static const size_t budgets[] = {1, 20000, 100000, 1 << 26};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
                uint64_t spilled =
                    check_sorted(*state, counts[k], sizes[i], budgets[b]);
                if (budgets[b] == 1 << 26) assert_int_equal(spilled, 0);
                if (budgets[b] == 1 && counts[k] > 20000)
                    assert_int_equal(spilled, counts[k] * sizes[i]);
            }
}

/* Records that are in order, that are all the same, that come backwards. */
static void test_shapes(void **state)
{
    enum { N = 50000 };
    unsigned char record[8] = {0};
    for (int shape = 0; shape < 3; shape++) {
        mkg__sorter *s;
        const unsigned char *got;
        assert_mkg_ok(mkg__sorter_new(*state, 8, 100000, &s, &err));
        for (uint32_t i = 0; i < N; i++) {
            uint32_t v = shape == 0 ? i : shape == 1 ? 7 : N - i;
            for (int k = 0; k < 4; k++)
                record[4 + k] = (unsigned char)(v >> (24 - 8 * k));
            assert_mkg_ok(mkg__sorter_add(s, record, &err));
        }
        assert_mkg_ok(mkg__sorter_rewind(s, &err));
        size_t n = 0;
        unsigned char last[8] = {0};
        while (mkg__sorter_next(s, &got, &err) == MKG_OK) {
            assert_true(memcmp(last, got, 8) <= 0);
            memcpy(last, got, 8);
            n++;
        }
        assert_int_equal(n, N);
        mkg__sorter_free(s);
    }
}

/* Freed at any moment, with the second thread at work too. */
static void test_given_up(void **state)
{
    unsigned char *p = made_up(30000, 28, 5);
    for (size_t n = 0; n < 30000; n += 1777) {
        mkg__sorter *s;
        assert_mkg_ok(mkg__sorter_new(*state, 28, 60000, &s, &err));
        for (size_t i = 0; i < n; i++)
            assert_mkg_ok(mkg__sorter_add(s, p + i * 28, &err));
        mkg__sorter_free(s);
    }
    free(p);
}

static void test_memory_is_bounded(void **state)
{
    enum { BUDGET = 1 << 20 };
    unsigned char *p = made_up(400000, 28, 9); /* 11 MB */
    mkg__sorter *s;
    const unsigned char *got;
    mkg__alloc_count(true);
    assert_mkg_ok(mkg__sorter_new(*state, 28, BUDGET, &s, &err));
    for (size_t i = 0; i < 400000; i++)
        assert_mkg_ok(mkg__sorter_add(s, p + i * 28, &err));
    assert_mkg_ok(mkg__sorter_rewind(s, &err));
    while (mkg__sorter_next(s, &got, &err) == MKG_OK)
        ;
    mkg__sorter_free(s);
    size_t most = mkg__alloc_count(false);
    free(p);
    assert_in_range(most, BUDGET / 4, BUDGET + BUDGET / 8);
}

static void test_spool(void **state)
{
    static const size_t budgets[] = {0, 5000, 1 << 26};
    for (size_t b = 0; b < 3; b++) {
        mkg__rng r = mkg__rng_new(3, b, 0);
        mkg__spool *s;
        mkg_view item;
        static char text[40000];
        size_t lengths[600];
        assert_mkg_ok(mkg__spool_new(*state, budgets[b], &s, &err));
        for (size_t i = 0; i < 600; i++) {
            uint64_t x = mkg__rng_u64(&r);
            lengths[i] = x % 50 ? (size_t)(x >> 32) % 200 : (size_t)(x >> 32) % 40000;
            memset(text, 'a' + (int)(i % 26), lengths[i]);
            assert_mkg_ok(mkg__spool_add(s, mkg__view(text, lengths[i]), &err));
        }
        assert_int_equal(mkg__spool_spilled(s) == 0, budgets[b] > 10000);
        for (int round = 0; round < 2; round++) {
            assert_mkg_ok(mkg__spool_rewind(s, &err));
            for (size_t i = 0; i < 600; i++) {
                assert_int_equal(mkg__spool_next(s, &item, &err), MKG_OK);
                assert_int_equal(item.len, lengths[i]);
                for (size_t k = 0; k < item.len; k++)
                    assert_int_equal(item.ptr[k], 'a' + (int)(i % 26));
            }
            assert_int_equal(mkg__spool_next(s, &item, &err), MKG_END);
        }
        mkg__spool_free(s);
    }
}

/* All that is written before the disk is full is of no use: a clean status. */
static int fill_disk(const char *folder, rlim_t limit)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit r = {limit, limit};
        mkg_err e = {0};
        mkg__sorter *s;
        const unsigned char *got;
        unsigned char record[28] = {0};
        mkg_status st;
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &r) != 0) _exit(9);
        st = mkg__sorter_new(folder, sizeof record, 60000, &s, &e);
        for (int i = 0; i < 40000 && st >= 0; i++) {
            record[i % 28]++;
            st = mkg__sorter_add(s, record, &e);
        }
        if (st >= 0) st = mkg__sorter_rewind(s, &e);
        while (st >= 0 && (st = mkg__sorter_next(s, &got, &e)) == MKG_OK)
            ;
        mkg__sorter_free(s);
        _exit(st == MKG_END ? 0 : st == MKG_EIO && e.msg[0] ? 1 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_full_disk(void **state)
{
    for (rlim_t limit = 0; limit < 1000000; limit += 100000)
        assert_int_equal(fill_disk(*state, limit), 1);
    assert_int_equal(fill_disk(*state, 4000000), 0);
}

static void test_no_memory(void **state)
{
    unsigned char *p = made_up(6000, 28, 1);
    long n = 0;
    for (bool done = false; !done; n++) {
        mkg__sorter *s = NULL;
        const unsigned char *got;
        mkg__alloc_fail_after(n + 1);
        mkg_status st = mkg__sorter_new(*state, 28, 40000, &s, &err);
        for (size_t i = 0; i < 6000 && st >= 0; i++)
            st = mkg__sorter_add(s, p + i * 28, &err);
        if (st >= 0) st = mkg__sorter_rewind(s, &err);
        while (st >= 0 && st != MKG_END)
            st = mkg__sorter_next(s, &got, &err);
        mkg__alloc_fail_after(0);
        mkg__sorter_free(s);
        done = st >= 0;
        if (!done) assert_int_equal(st, MKG_ENOMEM);
    }
    assert_true(n > 8);
    free(p);
}

/* Nothing of it is left in the folder. */
static void test_no_names(void **state)
{
    check_sorted(*state, 20000, 28, 20000);
    assert_int_equal(rmdir(*state), 0);
    mkdir(*state, 0777);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_against_qsort), T(test_shapes),
                                       T(test_given_up),      T(test_memory_is_bounded),
                                       T(test_spool),         T(test_full_disk),
                                       T(test_no_memory),     T(test_no_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
