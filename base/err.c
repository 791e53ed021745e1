#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(mkg_err *err, mkg_status st, const char *file, uint64_t line,
                uint32_t col, const char *fmt, va_list ap)
{
    if (!err) return;
    err->status = st;
    err->line = line;
    err->col = col;
    err->file[0] = '\0';
    if (file) {
        size_t n = strlen(file);
        const char *from = file;
        /* The end of a long path tells more than its beginning. */
        if (n >= sizeof err->file) from += n - sizeof err->file + 1;
        memcpy(err->file, from, strlen(from) + 1);
    }
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    for (char *p = err->msg; *p; p++)
        if (*p == '\n' || *p == '\r') *p = ' ';
}

mkg_status mkg__fail(mkg_err *err, mkg_status st, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(err, st, NULL, 0, 0, fmt, ap);
    va_end(ap);
    return st;
}

mkg_status mkg__fail_at(mkg_err *err, mkg_status st, const char *file, uint64_t line,
                        uint32_t col, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(err, st, file, line, col, fmt, ap);
    va_end(ap);
    return st;
}

mkg_status mkg__fail_errno(mkg_err *err, const char *what, const char *path)
{
    int e = errno;
    return mkg__fail(err, MKG_EIO, "cannot %s %s: %s", what, path, strerror(e));
}

mkg_status mkg__nomem(mkg_err *err)
{
    return mkg__fail(err, MKG_ENOMEM, "out of memory");
}

const char *mkg_status_name(mkg_status st)
{
    switch (st) {
    case MKG_OK:
        return "ok";
    case MKG_NOTFOUND:
        return "not found";
    case MKG_END:
        return "end";
    case MKG_EXISTS:
        return "already there";
    case MKG_EARG:
        return "wrong argument";
    case MKG_ENOMEM:
        return "out of memory";
    case MKG_EIO:
        return "system error";
    case MKG_EPARSE:
        return "bad input";
    case MKG_ESTORE:
        return "store error";
    case MKG_ECANCEL:
        return "cancelled";
    case MKG_ELM:
        return "language model error";
    case MKG_EPOLICY:
        return "refused by policy";
    case MKG_EBUSY:
        return "busy";
    }
    return "unknown status";
}
