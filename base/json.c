#include "base/json.h"

#include "base/err.h"
#include "base/io.h"

#include <string.h>

mkg_status mkg__json_parse(mkg_view text, const char *file, uint64_t line, json_t **out,
                           mkg_err *err)
{
    json_error_t je;
    *out =
        json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
    if (*out) return MKG_OK;
    if (json_error_code(&je) == json_error_out_of_memory) return mkg__nomem(err);
    uint64_t at = line + (je.line > 1 ? (uint64_t)je.line - 1 : 0);
    size_t end = je.position > 0 ? (size_t)je.position : 0, col;
    if (end > text.len) end = text.len;
    for (col = 0; col < end && text.ptr[end - 1 - col] != '\n'; col++)
        ; /* bytes of the line, where jansson counts characters */
    if (json_error_code(&je) == json_error_null_character)
        return mkg__fail_at(err, MKG_EPARSE, file, at, (uint32_t)col,
                            "not valid JSON here: the character \\u0000");
    return mkg__fail_at(err, MKG_EPARSE, file, at, (uint32_t)col, "not valid JSON: %s",
                        je.text);
}

mkg_status mkg__json_load(const char *path, size_t limit, json_t **out, mkg_err *err)
{
    mkg__buf b = {0};
    *out = NULL;
    mkg_status st = mkg__file_read(path, limit, &b, err);
    if (st >= 0)
        st = mkg__json_parse(mkg__view(b.ptr ? b.ptr : "", b.len), path, 1, out, err);
    mkg__buf_clear(&b);
    return st;
}

mkg_view mkg__json_view(const json_t *v)
{
    if (!json_is_string(v)) return mkg__view(NULL, 0);
    return mkg__view(json_string_value(v), json_string_length(v));
}

static int append(const char *p, size_t n, void *ctx)
{
    mkg__buf *b = ctx;
    mkg__buf_put(b, p, n);
    return b->failed ? -1 : 0;
}

mkg_status mkg__json_dump(const json_t *v, mkg__buf *out, mkg_err *err)
{
    if (json_dump_callback(v, append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return mkg__nomem(err);
    return MKG_OK;
}
