/* Lines for a screen: nothing is lost, no line is too wide. */
#include "fuzz.h"

#include "cli/cli.h"

/* Without white space, appended. */
static void squeeze(mkg__buf *out, mkg_view v)
{
    size_t len;
    for (size_t i = 0; i < v.len; i += len) {
        uint32_t c = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        if (!mkg__is_space(c)) mkg__buf_put(out, v.ptr + i, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    size_t width = 4 + fuzz_byte(&in) % 80, indent = fuzz_byte(&in) % (width - 2);
    size_t column = indent + fuzz_byte(&in) % (width - indent + 1);
    mkg_view text = {in.p, in.n};
    mkg__buf cleaned = {0}, out = {0}, before = {0}, after = {0};

    cli_clean(&cleaned, text.ptr, text.len);
    size_t end = cli_wrap(&out, text, column, indent, width);
    mkg_view v = {out.ptr ? out.ptr : "", out.len};
    CHECK(fuzz_valid(v) || !fuzz_valid(text));
    squeeze(&before, mkg__view(cleaned.ptr ? cleaned.ptr : "", cleaned.len));
    squeeze(&after, v);
    CHECK(mkg__view_eq(mkg__view(before.ptr, before.len),
                       mkg__view(after.ptr, after.len)));
    for (size_t start = column; v.len; start = 0) {
        const char *nl = memchr(v.ptr, '\n', v.len);
        size_t n = nl ? (size_t)(nl - v.ptr) : v.len;
        size_t columns = start + mkg__utf8_width(v.ptr, n);
        CHECK(columns <= width);
        if (!nl) CHECK(columns == end);
        if (start == 0) CHECK(n >= indent && mkg__utf8_width(v.ptr, indent) == indent);
        n += nl != NULL;
        v = mkg__view(v.ptr + n, v.len - n);
    }
    mkg__buf_clear(&cleaned);
    mkg__buf_clear(&out);
    mkg__buf_clear(&before);
    mkg__buf_clear(&after);
    return 0;
}
