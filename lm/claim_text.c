/* Text as it is compared: folded, without blanks, but with the borders of its words. */
#include "base/err.h"
#include "base/text.h"
#include "lm/claims_internal.h"

#include <string.h>

void mkg__plain_clear(mkg__plain *p)
{
    mkg__buf_clear(&p->s);
    mkg__buf_clear(&p->edge);
}

mkg_status mkg__plain_put(mkg__plain *p, mkg_view text, mkg_err *err)
{
    mkg__buf folded = {0};
    mkg_status st = mkg__fold(text.ptr, text.len, &folded, NULL, err);
    bool word = false; /* is what stands before a word's character? */
    for (size_t i = 0, len; st >= 0 && i < folded.len; i += len) {
        uint32_t c = mkg__utf8_decode(folded.ptr + i, folded.len - i, &len);
        if (c == ' ') {
            word = false;
            continue;
        }
        bool now = mkg__is_word(c);
        mkg__buf_byte(&p->edge, !(word && now));
        for (size_t k = 1; k < len; k++)
            mkg__buf_byte(&p->edge, 0);
        mkg__buf_put(&p->s, folded.ptr + i, len);
        word = now;
    }
    mkg__buf_clear(&folded);
    if (st >= 0 && (p->s.failed || p->edge.failed)) st = mkg__nomem(err);
    return st < 0 ? st : MKG_OK;
}

static bool edge_at(const mkg__plain *p, size_t i)
{
    return i >= p->s.len || p->edge.ptr[i];
}

static bool ends_word(const mkg__plain *p, size_t i)
{
    const char *s = p->s.ptr + i;
    size_t left = p->s.len - i;
    return edge_at(p, i) || (s[0] == 's' && edge_at(p, i + 1)) ||
           (left >= 2 && s[0] == 'e' && s[1] == 's' && edge_at(p, i + 2));
}

static bool is_character(const mkg__plain *p, size_t i)
{
    return i >= p->s.len || ((unsigned char)p->s.ptr[i] & 0xc0) != 0x80;
}

/* The next place of `term` from `from` on; NULL if there is none. */
static const char *next_place(const mkg__plain *p, mkg_view term, size_t from)
{
    const char *at = p->s.ptr + from, *end = p->s.ptr + p->s.len;
    while ((size_t)(end - at) >= term.len) {
        at = memchr(at, term.ptr[0], (size_t)(end - at) - term.len + 1);
        if (!at || memcmp(at, term.ptr, term.len) == 0) return at;
        at++;
    }
    return NULL;
}

size_t mkg__plain_find(const mkg__plain *p, mkg_view term, size_t from, bool stem)
{
    while (term.len && from + term.len <= p->s.len) {
        const char *at = next_place(p, term, from);
        if (!at) break;
        size_t i = (size_t)(at - p->s.ptr), end = i + term.len;
        bool begins = is_character(p, i) && edge_at(p, i);
        bool ends = is_character(p, end) && (stem || ends_word(p, end));
        if (begins && ends) return i;
        from = i + 1;
    }
    return SIZE_MAX;
}
