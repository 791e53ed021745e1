/* Ranges of characters as ranges of bytes. */
#include "lm/grammar_internal.h"

unsigned mkg__char_bytes(uint32_t c, unsigned char out[4])
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    unsigned n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (unsigned i = n; i-- > 1; c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 0x3f));
    out[0] = (unsigned char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

static bool put_sequence(mkg__program *p, uint32_t rule, uint32_t from, uint32_t to)
{
    unsigned char lo[4], hi[4];
    unsigned n = mkg__char_bytes(from, lo);
    mkg__char_bytes(to, hi);
    if (!mkg__program_alt(p, rule)) return false;
    for (unsigned i = 0; i < n; i++)
        if (!mkg__program_elem(
                p, (mkg__elem){.kind = MKG__ELEM_BYTES, .lo = lo[i], .hi = hi[i]}))
            return false;
    return mkg__program_elem(p, (mkg__elem){.kind = MKG__ELEM_END});
}

/* The largest end of from .. end whose characters are one sequence of byte ranges: all
 * bytes behind the first that differs run through their whole range. */
static uint32_t cut(uint32_t from, uint32_t end)
{
    unsigned bits = 6;
    while (from >= 0x80 && bits <= 18) {
        uint32_t low = (1u << bits) - 1;
        bits += 6;
        if ((from & ~low) == (end & ~low)) continue;
        if (from & low)
            end = from | low;
        else if ((end & low) != low)
            end = (end & ~low) - 1;
        else
            continue;
        bits = 6; /* a new end: look again */
    }
    return end;
}

bool mkg__program_chars(mkg__program *p, uint32_t rule, uint32_t from, uint32_t to)
{
    /* The last characters of each length of the code; surrogates are none. */
    static const uint32_t last[] = {0x7f, 0x7ff, 0xd7ff, 0xdfff, 0xffff, 0x10ffff};
    while (from <= to) {
        uint32_t end = to;
        for (size_t i = 0; i < sizeof last / sizeof *last; i++)
            if (from <= last[i]) {
                if (end > last[i]) end = last[i];
                break;
            }
        bool surrogates = from >= 0xd800 && from <= 0xdfff;
        if (!surrogates) {
            end = cut(from, end);
            if (!put_sequence(p, rule, from, end)) return false;
        }
        from = end + 1;
    }
    return true;
}
