/* Names that are misspelt in a text. */
#ifndef MKG_FUZZY_INTERNAL_H
#define MKG_FUZZY_INTERNAL_H

#include "retrieve/name_index_internal.h"

typedef struct mkg__slip {
    size_t start, end; /* bytes of the text */
    uint32_t surface;  /* MKG_NAMES_NONE: nothing is near */
    float cost;        /* 0 … 1, of the length */
} mkg__slip;

/* The name that is nearest to being written within bytes [from, to) of a text in the
 * form of names. */
mkg_status mkg__find_slip(mkg__names *x, const char *text, size_t from, size_t to,
                          mkg__slip *out, mkg_err *err);

bool mkg__letters_moved(mkg_view a, mkg_view b);

#endif
