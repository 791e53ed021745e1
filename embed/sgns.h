/* Skip-gram with negative sampling (Mikolov et al., NIPS 2013, eq. 4) in small matrix
 * products: the vectors of a window against its centre and the negatives that the
 * window shares (Ji et al., Parallelizing Word2Vec in Shared and Distributed Memory,
 * 2016). Internal to embed/. */
#ifndef MKG_SGNS_H
#define MKG_SGNS_H

#include "embed/alias.h"

/* Rows are padded with zeros to whole registers: they stay zero. */
enum { MKG_SGNS_LANES = 16, MKG_SGNS_INPUTS = 8, MKG_SGNS_TARGETS = 6 };

/* The threads update the same vectors without locks: that loses an update now and then
 * and is what makes it fast (Hogwild, Niu et al., NIPS 2011). The race is wanted, so
 * the thread sanitizer is told not to look at the functions that train. */
#if defined(__SANITIZE_THREAD__)
#define MKG_RACES __attribute__((no_sanitize("thread")))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MKG_RACES __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef MKG_RACES
#define MKG_RACES
#endif

/* One step of gradient descent for all pairs of m inputs and t targets, from the values
 * that they have at its begin. With s = in . out and label 1 for the first target if
 * `positive`, else 0:
 *
 *   g = alpha (label - sigma(s)),   in += sum over targets of g out,   out likewise
 *
 * in   (m)  rows of `stride` floats, 64-byte aligned, 1 <= m <= MKG_SGNS_INPUTS
 * out  (t)  the same, 1 <= t <= MKG_SGNS_TARGETS
 * A row may come up several times; each time adds its step. `stride` is a multiple of
 * MKG_SGNS_LANES. Never fails. */
typedef struct mkg__sgns_block {
    float *in[MKG_SGNS_INPUTS + 1]; /* one more for the kernels' use */
    float *out[MKG_SGNS_TARGETS];
    size_t m, t, stride;
    float alpha;
    bool positive;
} mkg__sgns_block;
typedef void mkg__sgns_kernel(mkg__sgns_block *b);

mkg__sgns_kernel mkg__sgns_ref;
/* The kernel called "ref", "avx2" or "avx512"; NULL where the processor has it not. */
mkg__sgns_kernel *mkg__sgns_kernel_named(const char *name);
/* The fastest, or the one that the environment names in MEDKG_KERNELS. */
mkg__sgns_kernel *mkg__sgns_kernel_best(void);

typedef struct mkg__sgns {
    float *in, *out; /* (n, stride), updated in place by any number of threads */
    size_t n, stride;
    unsigned window, negative;
    mkg__slot *noise;      /* (n) alias table of the negatives */
    const uint32_t *spare; /* (n) a node is dropped from a walk where 32 random bits
                              are above this; NULL: none is */
    mkg__sgns_kernel *kernel;
} mkg__sgns;

/* Train on one walk, which is shortened in place by what is dropped. */
void mkg__sgns_walk(const mkg__sgns *s, uint32_t *walk, size_t length, float alpha,
                    mkg__rng *r);

#endif
