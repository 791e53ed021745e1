/* Outside text as data in a prompt. */
#include "lm/lm_internal.h"

#include <string.h>

static bool invisible(uint32_t c)
{
    return c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == 0x200e ||
           c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x061c;
}

/* What a character with a meaning in prompts is written as; NULL for others. */
static const char *harmless(uint32_t c)
{
    switch (c) {
    case '[':
    case 0x3010:
        return "［";
    case ']':
    case 0x3011:
        return "］";
    case '<':
        return "＜";
    case '>':
        return "＞";
    default:
        return NULL;
    }
}

void mkg__put_data(mkg__buf *b, const char *text, size_t most)
{
    size_t n = strlen(text), len, chars = 0;
    bool blank = false;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(text + i, n - i, &len);
        if (chars++ == most) {
            mkg__buf_str(b, "…");
            return;
        }
        if (invisible(c) || mkg__is_space(c)) {
            blank = blank || c == '\n' || c == '\t' || mkg__is_space(c);
            continue;
        }
        if (blank) mkg__buf_byte(b, ' ');
        blank = false;
        const char *other = harmless(c);
        if (other)
            mkg__buf_str(b, other);
        else
            mkg__buf_put(b, text + i, len);
    }
}
