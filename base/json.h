/* JSON by jansson: the one place that includes it. Reading keeps the position of an
 * error; objects keep the order in which keys were put. */
#ifndef MKG_JSON_H
#define MKG_JSON_H

#include "base/base.h"
#include "base/mem.h"

#include <jansson.h>

/* Parse one value. `file` and `line` say where the text starts, for messages: a
 * position inside the text is added to it. *out is owned by the caller (json_decref).
 */
mkg_status mkg__json_parse(mkg_view text, const char *file, uint64_t line, json_t **out,
                           mkg_err *err);

/* Parse a whole file of at most `limit` bytes. */
mkg_status mkg__json_load(const char *path, size_t limit, json_t **out, mkg_err *err);

/* The string value as a view, {NULL, 0} for any other type. Borrowed from the value. */
mkg_view mkg__json_view(const json_t *v);

/* Compact text of a value, appended. */
mkg_status mkg__json_dump(const json_t *v, mkg__buf *out, mkg_err *err);

#endif
