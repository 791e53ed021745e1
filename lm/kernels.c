#include "lm/kernels.h"

#include <stdlib.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__)
static bool has_dotprod(void)
{
    enum { ASIMDDP = 1 << 20 }; /* HWCAP_ASIMDDP of asm/hwcap.h */
    return (getauxval(AT_HWCAP) & ASIMDDP) != 0;
}
#endif

const mkg__kernels *mkg__kernels_named(const char *name)
{
    if (strcmp(name, "ref") == 0) return &mkg__kernels_ref;
#if defined(__x86_64__)
    if (strcmp(name, "avx2") == 0 && has_avx2()) return &mkg__kernels_avx2;
    if (strcmp(name, "avx512") == 0 && has_avx512()) return &mkg__kernels_avx512;
#elif defined(__aarch64__)
    if (strcmp(name, "neon") == 0) return &mkg__kernels_neon;
    if (strcmp(name, "dotprod") == 0 && has_dotprod()) return &mkg__kernels_dotprod;
#endif
    return NULL;
}

const mkg__kernels *mkg__kernels_best(void)
{
    static const char *const order[] = {"avx512", "avx2", "dotprod", "neon", "ref"};
    const char *wanted = getenv("MEDKG_KERNELS");
    const mkg__kernels *k = wanted ? mkg__kernels_named(wanted) : NULL;
    for (size_t i = 0; !k; i++)
        k = mkg__kernels_named(order[i]);
    return k;
}
