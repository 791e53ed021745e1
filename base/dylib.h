/* Large libraries that few commands need (libcurl, OpenBLAS, igraph) are opened on
 * first use: linked in the ordinary way they cost 30 ms at every start, more than a
 * whole `ask --lm none` may take. */
#ifndef MKG_DYLIB_H
#define MKG_DYLIB_H

#include "base/base.h"

/* Where the address of a function goes. */
typedef struct mkg__symbol {
    const char *name;
    void *slot; /* address of a function pointer */
} mkg__symbol;

/* Open `soname` for the life of the process and fill all slots. MKG_EIO with the
 * package to install when it is not there. Call under pthread_once. */
mkg_status mkg__dylib_load(const char *soname, const char *package,
                           const mkg__symbol *symbols, size_t n, mkg_err *err);

#endif
