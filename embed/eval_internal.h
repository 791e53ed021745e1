/* What the evaluations share. */
#ifndef MKG_EVAL_INTERNAL_H
#define MKG_EVAL_INTERNAL_H

#include "base/mem.h"
#include "embed/eval.h"

/* The node that a file means by `text`: #id, a name or a code; of several the one that
 * has a vector. MKG_NOTFOUND if there is none, MKG_EXISTS if several have one. */
mkg_status mkg__eval_find(mkg_kg *kg, const mkg_vectors *v, mkg_view text, mkg_id *id,
                          mkg_err *err);

/* A file of labels. Nodes and labels are in the order of their bytes. */
typedef struct mkg__label_file {
    mkg__arena arena;
    size_t n, labels;
    mkg_view *name; /* (n) as written */
    mkg_id *node;   /* (n) MKG_ID_NONE: not in the graph */
    uint8_t *y;     /* (n, labels) */
} mkg__label_file;

mkg_status mkg__label_file_read(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                mkg__label_file *out, mkg_err *err);
void mkg__label_file_clear(mkg__label_file *l);

/* The permutation of 0 … n - 1 that numpy.random.RandomState(seed).permutation(n) is:
 * MT19937 (Matsumoto & Nishimura, TOMACS 1998), Fisher-Yates from the end, each place
 * drawn under a mask until it fits. */
void mkg__permutation(uint32_t seed, size_t n, uint32_t *out);

/* Row of x (dim) scaled to length 1 into `out`; zeros stay zeros. */
void mkg__unit(const float *x, size_t dim, float *out);

#endif
