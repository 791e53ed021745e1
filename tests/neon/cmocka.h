/* As much of cmocka as tests/test_lm_kernels.c uses, for a machine that has none. */
#ifndef MKG_NEON_CMOCKA_H
#define MKG_NEON_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_true(c)                                                                 \
    do {                                                                               \
        if (!(c)) {                                                                    \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #c);                             \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)
#define assert_false(c)              assert_true(!(c))
#define assert_non_null(p)           assert_true((p) != NULL)
#define assert_int_equal(a, b)       assert_true((a) == (b))
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)
#define fail_msg(...)                (printf(__VA_ARGS__), exit(1))

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(f)                                                            \
    {                                                                                  \
#f, f                                                                          \
    }
#define cmocka_run_group_tests(list, before, after)                                    \
    run_tests(list, sizeof(list) / sizeof *(list))

static inline int run_tests(const struct CMUnitTest *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        list[i].run(NULL);
        printf("%s: passed\n", list[i].name);
    }
    return 0;
}

#endif
