/* Lines of mixed Chinese and English text for a screen of fixed width. */
#include "cli/cli.h"

#include <string.h>

/* Punctuation that may not begin a line. */
static bool closes(uint32_t c)
{
    switch (c) {
    case ')':
    case ']':
    case '}':
    case ',':
    case '.':
    case ';':
    case ':':
    case '?':
    case '!':
    case '%':
    case 0xb0:
    case 0xb7:
    case 0x2019:
    case 0x201d:
    case 0x2026:
    case 0x2030:
    case 0x2103:
    case 0x3001:
    case 0x3002:
    case 0x3009:
    case 0x300b:
    case 0x300d:
    case 0x300f:
    case 0x3011:
    case 0x3015:
    case 0xff01:
    case 0xff05:
    case 0xff09:
    case 0xff0c:
    case 0xff0e:
    case 0xff1a:
    case 0xff1b:
    case 0xff1f:
        return true;
    default:
        return false;
    }
}

/* Punctuation that may not end one. */
static bool opens(uint32_t c)
{
    switch (c) {
    case '(':
    case '[':
    case '{':
    case 0x2018:
    case 0x201c:
    case 0x3008:
    case 0x300a:
    case 0x300c:
    case 0x300e:
    case 0x3010:
    case 0x3014:
    case 0xff08:
        return true;
    default:
        return false;
    }
}

static bool is_wide(mkg_view c)
{
    return mkg__utf8_width(c.ptr, c.len) == 2;
}

/* May a line end between two characters, `rest` being the text from the second on? */
static bool may_break(mkg_view a, mkg_view rest)
{
    size_t la, lb;
    uint32_t ca = mkg__utf8_decode(a.ptr, a.len, &la);
    uint32_t cb = mkg__utf8_decode(rest.ptr, rest.len, &lb);
    mkg_view b = {rest.ptr, lb};

    if (!is_wide(a) && !is_wide(b)) {
        /* "头痛[1]、[2]": citations of one sentence may part from each other only where
         * something stands between them. */
        return false;
    }
    if (mkg__utf8_width(b.ptr, b.len) == 0) return false; /* belongs to what it marks */
    if (opens(ca) || closes(cb)) return false;
    bool citation =
        cb == '[' && rest.len > 1 && rest.ptr[1] >= '0' && rest.ptr[1] <= '9';
    return !citation;
}

typedef struct wrapper {
    mkg__buf *out;
    size_t column, indent, width;
} wrapper;

void cli_blanks(mkg__buf *out, size_t n)
{
    while (n-- > 0)
        mkg__buf_byte(out, ' ');
}

static void new_line(wrapper *w)
{
    mkg__buf_byte(w->out, '\n');
    cli_blanks(w->out, w->indent);
    w->column = w->indent;
}

/* Bytes of the unit at the start of `text`: as far as no line may end. */
static size_t unit_length(mkg_view text)
{
    size_t i = 0, len;
    while (i < text.len) {
        uint32_t c = mkg__utf8_decode(text.ptr + i, text.len - i, &len);
        if (mkg__is_space(c)) break;
        mkg_view here = {text.ptr + i, len};
        i += len;
        if (i == text.len) break;
        if (may_break(here, mkg__view(text.ptr + i, text.len - i))) break;
    }
    return i;
}

/* A unit longer than a line is cut where the line ends. */
static void put_cut(wrapper *w, mkg_view unit)
{
    size_t len;
    for (size_t i = 0; i < unit.len; i += len) {
        mkg__utf8_decode(unit.ptr + i, unit.len - i, &len);
        size_t columns = mkg__utf8_width(unit.ptr + i, len);
        if (w->column + columns > w->width && w->column > w->indent) new_line(w);
        mkg__buf_put(w->out, unit.ptr + i, len);
        w->column += columns;
    }
}

static void put_unit(wrapper *w, mkg_view unit, size_t blanks)
{
    size_t columns = mkg__utf8_width(unit.ptr, unit.len);
    if (w->column == w->indent) blanks = 0;
    bool cut = columns > w->width - w->indent; /* on whatever line it begins */
    if (w->column + blanks + columns > w->width && w->column > w->indent &&
        (!cut || w->column + blanks >= w->width)) {
        new_line(w);
        blanks = 0;
    }
    cli_blanks(w->out, blanks);
    w->column += blanks;
    put_cut(w, unit);
}

static void put_text(wrapper *w, mkg_view text)
{
    size_t i = 0, len, blanks = 0;

    while (i < text.len) {
        uint32_t c = mkg__utf8_decode(text.ptr + i, text.len - i, &len);
        if (c == '\n') {
            new_line(w);
            blanks = 0;
            i += len;
        } else if (mkg__is_space(c)) {
            blanks = 1; /* runs of blanks are of no use to a reader */
            i += len;
        } else {
            size_t n = unit_length(mkg__view(text.ptr + i, text.len - i));
            put_unit(w, mkg__view(text.ptr + i, n), blanks);
            blanks = 0;
            i += n;
        }
    }
}

size_t cli_wrap(mkg__buf *out, mkg_view text, size_t column, size_t indent,
                size_t width)
{
    wrapper w = {out, column, indent, width > indent + 2 ? width : indent + 2};
    mkg__buf cleaned = {0}; /* before measuring: what replaces a byte takes a column */

    cli_clean(&cleaned, text.ptr, text.len);
    put_text(&w, mkg__view(cleaned.ptr ? cleaned.ptr : "", cleaned.len));
    out->failed |= cleaned.failed;
    mkg__buf_clear(&cleaned);
    return w.column;
}

void cli_wrap_right(mkg__buf *out, mkg_view text, size_t column, size_t indent,
                    mkg_view right)
{
    size_t end = cli_wrap(out, text, column, indent, CLI_WIDTH);
    size_t columns = mkg__utf8_width(right.ptr, right.len);
    if (columns == 0) return;
    if (end + 2 + columns > CLI_WIDTH) {
        mkg__buf_byte(out, '\n');
        end = 0;
    }
    cli_blanks(out, columns < CLI_WIDTH - end ? CLI_WIDTH - end - columns : indent);
    mkg__buf_put(out, right.ptr, right.len);
}
