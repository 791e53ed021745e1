#include "base/dylib.h"

#include "base/err.h"

#include <dlfcn.h>
#include <string.h>

mkg_status mkg__dylib_load(const char *soname, const char *package,
                           const mkg__symbol *symbols, size_t n, mkg_err *err)
{
    void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        return mkg__fail(err, MKG_EIO, "cannot load %s (Debian package %s): %s", soname,
                         package, dlerror());
    for (size_t i = 0; i < n; i++) {
        void *p = dlsym(lib, symbols[i].name);
        if (!p)
            return mkg__fail(err, MKG_EIO, "%s has no function %s", soname,
                             symbols[i].name);
        memcpy(symbols[i].slot, &p, sizeof p); /* ISO C has no such cast */
    }
    return MKG_OK;
}
