/* What the writers of maps draw. */
#ifndef MKG_MAP_INTERNAL_H
#define MKG_MAP_INTERNAL_H

#include "base/mem.h"
#include "embed/map.h"

#include <stdio.h>

typedef struct mkg__dot {
    mkg_id node;
    float x, y; /* in the unit square, y down */
    uint32_t type, degree;
    mkg_view name;
} mkg__dot;

typedef struct mkg__map_type {
    mkg_view name;
    size_t nodes;
} mkg__map_type;

typedef struct mkg__picture {
    const mkg_vectors_info *set;
    mkg__dot *dot; /* most edges first */
    size_t n;
    mkg__map_type *type; /* most nodes first */
    size_t ntypes;
    size_t labels;
    mkg_lang lang;
} mkg__picture;

/* Appended to `out`; *drawn is the number of names. */
mkg_status mkg__map_svg(const mkg__picture *p, mkg__buf *out, size_t *drawn,
                        mkg_err *err);
mkg_status mkg__map_html(const mkg__picture *p, mkg__buf *out, mkg_err *err);

/* The k nearest rows of each row of length 1 by their product, best first, itself left
 * out. near, product (n, k). Exact, in blocks, ties by row. */
mkg_status mkg__knn(const float *unit, size_t n, size_t dim, size_t k, unsigned threads,
                    uint32_t *near, float *product, mkg_err *err);

/* Colour of a type, as "#rrggbb". */
const char *mkg__map_colour(size_t type);

#endif
