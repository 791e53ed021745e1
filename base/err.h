/* Raising and passing on errors. Internal to the library. */
#ifndef MKG_ERR_H
#define MKG_ERR_H

#include "base/base.h"

/* Jump to `out:` on failure; expected answers (> 0) go on in `st`. */
#define MKG_GO(call)                                                                   \
    do {                                                                               \
        st = (call);                                                                   \
        if (st < 0) goto out;                                                          \
    } while (0)

/* Fill *err (if not NULL) with a message and return `st`. */
mkg_status mkg__fail(mkg_err *err, mkg_status st, const char *fmt, ...)
    MKG_PRINTF(3, 4);

/* The same with a place in an input file; line and col may be 0. */
mkg_status mkg__fail_at(mkg_err *err, mkg_status st, const char *file, uint64_t line,
                        uint32_t col, const char *fmt, ...) MKG_PRINTF(6, 7);

/* MKG_EIO with strerror(errno). */
mkg_status mkg__fail_errno(mkg_err *err, const char *what, const char *path);

mkg_status mkg__nomem(mkg_err *err);

#endif
