/* A team: every item once, whoever takes it; thousands of short jobs. */
#include "testing.h"

#include "base/team.h"

#include <stdatomic.h>

enum { MOST = 500 };

typedef struct job {
    atomic_uint seen[MOST];
    unsigned threads;
    size_t block;
    atomic_bool wrong;
} job;

static void mark(void *ctx, size_t from, size_t to, unsigned thread)
{
    job *j = ctx;
    if (thread >= j->threads || from >= to || to > MOST) atomic_store(&j->wrong, true);
    for (size_t i = from; i < to; i++)
        atomic_fetch_add(&j->seen[i], 1);
}

static void every_item_once(void **state)
{
    mkg_err err;
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        mkg__team *t;
        assert_mkg_ok(mkg__team_new(threads, &t, &err));
        assert_int_equal(mkg__team_threads(t), threads);
        for (size_t turn = 0; turn < 600; turn++) {
            job j = {.threads = threads, .block = turn % 7};
            size_t n = turn * 13 % MOST;
            mkg__team_run(t, n, j.block, mark, &j);
            assert_false(atomic_load(&j.wrong));
            for (size_t i = 0; i < MOST; i++)
                assert_int_equal(atomic_load(&j.seen[i]), i < n);
        }
        mkg__team_free(t);
    }
    mkg__team_free(NULL);
}

static void no_memory(void **state)
{
    mkg__team *t;
    mkg_err err;
    (void)state;
    for (long n = 1; n <= 2; n++) {
        mkg__alloc_fail_after(n);
        assert_int_equal(mkg__team_new(2, &t, &err), MKG_ENOMEM);
        mkg__alloc_fail_after(0);
        assert_null(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
