/* Blocks filled ahead: in their order, each once, whoever is quicker. */
#include "testing.h"

#include "base/relay.h"

#include <pthread.h>
#include <time.h>

enum { SLOTS = 3 };

typedef struct world {
    unsigned blocks[SLOTS];
    unsigned next, last; /* number of the next block; of the last one */
    bool slow;
    pthread_t filler;
} world;

static void pause_a_little(void)
{
    const struct timespec t = {0, 200000};
    nanosleep(&t, NULL);
}

static bool fill(void *ctx, size_t slot)
{
    world *w = ctx;
    if (w->slow) pause_a_little();
    w->filler = pthread_self();
    w->blocks[slot] = w->next;
    return w->next++ < w->last;
}

static void test_order(void **state)
{
    (void)state;
    mkg_err err;
    for (int who = 0; who < 3; who++) { /* who is slow: nobody, the filler, we */
        world w = {.last = 200, .slow = who == 1};
        mkg__relay *r;
        unsigned n = 0;
        size_t slot;
        assert_mkg_ok(mkg__relay_new(SLOTS, fill, &w, &r, &err));
        for (; mkg__relay_next(r, &slot); n++) {
            if (who == 2) pause_a_little();
            assert_true(slot < SLOTS);
            assert_int_equal(w.blocks[slot], n); /* nobody has written over it */
        }
        assert_int_equal(n, 201);
        assert_false(mkg__relay_next(r, &slot));
        assert_false(mkg__relay_next(r, &slot));
        assert_false(pthread_equal(w.filler, pthread_self()));
        mkg__relay_free(r);
    }
}

static void test_one_block_needs_no_thread(void **state)
{
    (void)state;
    mkg_err err;
    world w = {.last = 0};
    mkg__relay *r;
    size_t slot;
    assert_mkg_ok(mkg__relay_new(SLOTS, fill, &w, &r, &err));
    assert_true(mkg__relay_next(r, &slot));
    assert_true(pthread_equal(w.filler, pthread_self()));
    assert_false(mkg__relay_next(r, &slot));
    mkg__relay_free(r);
}

/* Left at any place, also before the first. */
static void test_leaving_early(void **state)
{
    (void)state;
    mkg_err err;
    for (unsigned n = 0; n < 12; n++) {
        world w = {.last = 1000000, .slow = n % 2};
        mkg__relay *r;
        size_t slot;
        assert_mkg_ok(mkg__relay_new(SLOTS, fill, &w, &r, &err));
        for (unsigned i = 0; i < n; i++)
            assert_true(mkg__relay_next(r, &slot));
        mkg__relay_free(r);
        assert_true(w.next <= n + SLOTS); /* bounded */
    }
    mkg__relay_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_one_block_needs_no_thread),
                                       cmocka_unit_test(test_leaving_early)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
