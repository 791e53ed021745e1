#include "lm/session.h"

#include "base/err.h"
#include "lm/session_internal.h"
mkg_status mkg_session_save(const mkg_session *s, const char *path, mkg_err *err)
{
    (void)s;
    (void)path;
    return mkg__fail(err, MKG_EARG, "not yet");
}
mkg_status mkg_session_load(mkg_session *s, const char *path, mkg_err *err)
{
    (void)s;
    (void)path;
    return mkg__fail(err, MKG_EARG, "not yet");
}
