/* Only user of iconv.h. */
#include "base/recode.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

struct mkg__recode {
    iconv_t cd;
    size_t unit; /* bytes that are left out where they are no character */
};

/* Bytes of the GB18030 character at p, 0 if there is none, SIZE_MAX if it is cut.
 * *common: is it one of GB 2312? Source: GB 18030-2005, table 1. */
static size_t gb_char(const unsigned char *p, size_t n, bool *common)
{
    *common = false;
    if (p[0] < 0x80) return 1;
    if (p[0] == 0x80 || p[0] == 0xff) return 0;
    if (n < 2) return SIZE_MAX;
    if (p[1] >= '0' && p[1] <= '9') {
        if (n < 4) return SIZE_MAX;
        return p[2] >= 0x81 && p[2] <= 0xfe && p[3] >= '0' && p[3] <= '9' ? 4 : 0;
    }
    if (p[1] < 0x40 || p[1] == 0x7f || p[1] == 0xff) return 0;
    *common = p[1] >= 0xa1 &&
              ((p[0] >= 0xa1 && p[0] <= 0xa9) || (p[0] >= 0xb0 && p[0] <= 0xf7));
    return 2;
}

static bool looks_like_gb(mkg_view head)
{
    const unsigned char *p = (const unsigned char *)head.ptr;
    size_t wide = 0, usual = 0;
    for (size_t i = 0, k; i < head.len; i += k) {
        bool common;
        k = gb_char(p + i, head.len - i, &common);
        if (k == 0) return false;
        if (k == SIZE_MAX) break;
        wide += k > 1;
        usual += common;
    }
    return wide > 0 && usual * 4 >= wide * 3;
}

mkg__encoding mkg__encoding_guess(mkg_view head)
{
    size_t good = 0, bad = 0;
    if (head.len >= 2 &&
        (memcmp(head.ptr, "\xff\xfe", 2) == 0 || memcmp(head.ptr, "\xfe\xff", 2) == 0))
        /* UTF-32 begins in the same way. */
        return head.len >= 4 && head.ptr[2] == 0 && head.ptr[3] == 0 ? MKG_UNKNOWN
                                                                     : MKG_UTF16;
    for (size_t i = 0, k; i < head.len; i += k) {
        k = 1;
        if (!((unsigned char)head.ptr[i] & 0x80)) continue;
        uint32_t c = mkg__utf8_decode(head.ptr + i, head.len - i, &k);
        if (k > 1 || c != 0xfffd)
            good++;
        else if (head.len - i >= 4) /* not a character that the head cuts */
            bad++;
    }
    if (bad == 0) return MKG_UTF8;
    if (bad > good && looks_like_gb(head)) return MKG_GB18030;
    return bad > good ? MKG_UNKNOWN : MKG_UTF8;
}

mkg_status mkg__recode_new(mkg__encoding from, mkg__recode **out, mkg_err *err)
{
    mkg__recode *r = mkg__calloc(1, sizeof *r);
    *out = NULL;
    if (!r) return mkg__nomem(err);
    const char *name = from == MKG_UTF16 ? "UTF-16" : "GB18030";
    r->unit = from == MKG_UTF16 ? 2 : 1;
    r->cd = iconv_open("UTF-8", name);
    if (r->cd == (iconv_t)-1) {
        mkg__free(r);
        return mkg__fail(err, MKG_EIO,
                         "this system cannot read %s (iconv does not know it)", name);
    }
    *out = r;
    return MKG_OK;
}

void mkg__recode_free(mkg__recode *r)
{
    if (!r) return;
    iconv_close(r->cd);
    mkg__free(r);
}

void mkg__recode_run(mkg__recode *r, mkg_view in, bool last, size_t *used, char *dst,
                     size_t cap, size_t *n)
{
    char *from = (char *)(uintptr_t)in.ptr, *to = dst;
    size_t left = in.len, room = cap;

    while (left && room) {
        if (iconv(r->cd, &from, &left, &to, &room) != (size_t)-1 || errno == E2BIG)
            break;
        if (errno == EINVAL && !last) break;
        if (room == 0) break;
        size_t skip = left < r->unit ? left : r->unit;
        from += skip;
        left -= skip;
        *to++ = (char)0xff;
        room--;
    }
    *used = in.len - left;
    *n = cap - room;
}
