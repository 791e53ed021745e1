/* Text in GB18030 or UTF-16 as UTF-8, by iconv. */
#ifndef MKG_RECODE_H
#define MKG_RECODE_H

#include "base/base.h"

#include <stdbool.h>

typedef enum mkg__encoding {
    MKG_UTF8,    /* with or without a byte order mark, or with some wrong bytes */
    MKG_GB18030, /* Chinese text; GBK and GB 2312 are parts of it */
    MKG_UTF16,   /* with a byte order mark */
    MKG_UNKNOWN  /* none of these */
} mkg__encoding;

/* What the first bytes of a text say. A text is GB18030 if most of what is not ASCII
 * fits it, is common there, and does not fit UTF-8. */
mkg__encoding mkg__encoding_guess(mkg_view head);

typedef struct mkg__recode mkg__recode;

mkg_status mkg__recode_new(mkg__encoding from, mkg__recode **out, mkg_err *err);
void mkg__recode_free(mkg__recode *r);

/* As much of `in` as there is room for, into dst[0..cap), cap >= 8; *used bytes of
 * `in` and *n of `dst` are taken up. A character that `in` holds a part of is left
 * there, unless `last`: no more will come. A byte that is no part of a character
 * becomes 0xff, which UTF-8 does not have either: the reader tells of it, with its
 * place. Never fails. */
void mkg__recode_run(mkg__recode *r, mkg_view in, bool last, size_t *used, char *dst,
                     size_t cap, size_t *n);

#endif
