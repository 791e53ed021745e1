/* A stream of JSON values: JSON Lines a line at a time, so that a bad line costs that
 * line alone; arrays and values over several lines an element at a time. Memory is
 * bounded by the largest value. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

struct mkg__values {
    mkg__stream *s;
    mkg__lines *lines; /* NULL: element by element */
    bool in_array, ended;
    char block[16384];
    size_t at, end;
    uint64_t line;
    mkg__buf text;
    /* mkg__values_of(): a document */
    const char *const *through, *const *wanted;
    char open[8]; /* what is open: 'o'bject, 'a'rray, 'w'anted array */
    size_t depth;
    const char *name; /* of the wanted array */
};

/* Does a value that opens on the first line of the head also close on it? */
static bool one_line_values(mkg_view head)
{
    size_t depth = 0;
    bool string = false;
    for (size_t i = 0; i < head.len; i++) {
        char c = head.ptr[i];
        if (c == '\n') {
            /* Cut off there, or goes on? A line that opens an object is a new one. */
            return depth == 0 || string ||
                   (head.ptr[0] == '{' && i + 1 < head.len && head.ptr[i + 1] == '{');
        }
        if (string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                string = false;
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true; /* one long line, or the only one */
}

mkg_status mkg__values_new(mkg__stream *s, mkg__values **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    mkg__values *v = mkg__calloc(1, sizeof *v);

    *out = NULL;
    if (!v) return mkg__nomem(err);
    v->s = s;
    v->line = 1;
    MKG_GO(mkg__stream_peek(s, &head, err));
    if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0)
        head = mkg__view(head.ptr + 3, head.len - 3);
    head = mkg__trim(head);
    bool lines = head.len == 0 || one_line_values(head);
    /* An array of everything on one line is not a line of JSON Lines: [[…],[…]] or
     * [{…},{…}]; a line that is a triple ["a","b","c"] is. */
    if (lines && head.len && head.ptr[0] == '[') {
        mkg_view inner = mkg__trim(mkg__view(head.ptr + 1, head.len - 1));
        lines = inner.len && inner.ptr[0] != '[' && inner.ptr[0] != '{';
    }
    if (lines) MKG_GO(mkg__lines_new(s, &v->lines, err));
    *out = v;
    v = NULL;
out:
    mkg__values_free(v);
    return st;
}

void mkg__values_free(mkg__values *v)
{
    if (!v) return;
    mkg__lines_free(v->lines);
    mkg__buf_clear(&v->text);
    mkg__free(v);
}

/* Next byte, or -1 at the end. */
static mkg_status get(mkg__values *v, int *c, mkg_err *err)
{
    if (v->at == v->end) {
        mkg_status st = mkg__stream_read(v->s, v->block, sizeof v->block, &v->end, err);
        v->at = 0;
        if (st < 0) {
            v->end = 0;
            v->ended = true; /* damaged gzip fails again and again */
            return st;
        }
        if (v->end == 0) {
            *c = -1;
            return MKG_OK;
        }
    }
    *c = (unsigned char)v->block[v->at++];
    if (*c == '\n') v->line++;
    return MKG_OK;
}

/* The bytes of one element into v->text, up to where its brackets close. */
static mkg_status collect(mkg__values *v, int c, uint64_t start, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t depth = 0;
    bool string = false;

    v->text.len = 0;
    for (;;) {
        if (c < 0) {
            v->ended = true;
            return mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(v->s), start, 0,
                                "the value that starts here is cut off");
        }
        if (v->text.len < MKG_LINE_MAX) mkg__buf_byte(&v->text, (unsigned char)c);
        if (v->text.failed) return mkg__nomem(err);
        if (string) {
            if (c == '\\') {
                MKG_GO(get(v, &c, err));
                if (c >= 0 && v->text.len < MKG_LINE_MAX)
                    mkg__buf_byte(&v->text, (unsigned char)c);
            } else if (c == '"') {
                string = false;
            }
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            break;
        }
        MKG_GO(get(v, &c, err));
    }
    if (v->text.len >= MKG_LINE_MAX)
        st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(v->s), start, 0,
                          "the value is longer than %d MiB", MKG_LINE_MAX >> 20);
out:
    return st;
}

static mkg_status next_element(mkg__values *v, uint64_t *line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int c;

    *line = v->line;
    while (!v->ended) {
        MKG_GO(get(v, &c, err));
        if (c < 0) {
            v->ended = true;
            if (v->in_array)
                st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(v->s), v->line, 0,
                                  "the file ends before its array is closed");
            else
                st = MKG_END;
            *line = v->line;
            return st;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == 0xef ||
            c == 0xbb || c == 0xbf)
            continue;
        if (c == '[' && !v->in_array) {
            v->in_array = true;
            continue;
        }
        if (c == ']' && v->in_array) {
            v->in_array = false;
            continue;
        }
        *line = v->line;
        if (c != '{' && c != '[') {
            v->ended = true;
            return mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(v->s), v->line, 0,
                                "an object or an array is expected here");
        }
        return collect(v, c, *line, err);
    }
    st = MKG_END;
out:
    return st;
}

/* ---- arrays in a document ---- */

mkg_status mkg__values_of(mkg__stream *s, const char *const *through,
                          const char *const *wanted, mkg__values **out, mkg_err *err)
{
    mkg__values *v = mkg__calloc(1, sizeof *v);
    *out = v;
    if (!v) return mkg__nomem(err);
    v->s = s;
    v->line = 1;
    v->through = through;
    v->wanted = wanted;
    return MKG_OK;
}

const char *mkg__values_name(const mkg__values *v)
{
    return v->name;
}

static mkg_status wrong(mkg__values *v, const char *what, mkg_err *err)
{
    v->ended = true;
    return mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(v->s), v->line, 0, "%s",
                        what);
}

static mkg_status get_char(mkg__values *v, int *c, mkg_err *err)
{
    mkg_status st;
    do
        st = get(v, c, err);
    while (st >= 0 && (*c == ' ' || *c == '\t' || *c == '\r' || *c == '\n'));
    if (st >= 0 && *c < 0) return wrong(v, "the file ends before its value does", err);
    return st;
}

/* Behind the quote that opens a string: its bytes into v->text. */
static mkg_status get_string(mkg__values *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int c;
    v->text.len = 0;
    for (;;) {
        MKG_GO(get(v, &c, err));
        if (c < 0) return wrong(v, "the file ends within a string", err);
        if (c == '"') return mkg__buf_cstr(&v->text) ? MKG_OK : mkg__nomem(err);
        if (c == '\\') MKG_GO(get(v, &c, err));
        if (v->text.len < 1024) mkg__buf_byte(&v->text, (unsigned char)c);
    }
out:
    return st;
}

/* Go behind the value that begins with c. */
static mkg_status pass_by(mkg__values *v, int c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t depth = 0;
    for (;;) {
        if (c == '"') {
            MKG_GO(get_string(v, err));
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) { /* of what is around a number */
                v->at--;
                break;
            }
            depth--;
        } else if (depth == 0 && c == ',') {
            break;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) break;
        MKG_GO(get_char(v, &c, err));
    }
out:
    return st;
}

static const char *among(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0) return *names;
    return NULL;
}

/* Behind the quote that opens a key. */
static mkg_status on_key(mkg__values *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int c;
    MKG_GO(get_string(v, err));
    const char *wanted = among(v->wanted, v->text.ptr);
    bool through = among(v->through, v->text.ptr) != NULL;
    MKG_GO(get_char(v, &c, err));
    if (c != ':') return wrong(v, "a colon is expected behind the key", err);
    MKG_GO(get_char(v, &c, err));
    if (v->depth == sizeof v->open) wanted = NULL, through = false;
    if (wanted && c == '[') {
        v->name = wanted;
        v->open[v->depth++] = 'w';
    } else if (through && (c == '[' || c == '{')) {
        v->open[v->depth++] = c == '[' ? 'a' : 'o';
    } else {
        st = pass_by(v, c, err);
    }
out:
    return st;
}

static mkg_status next_member(mkg__values *v, uint64_t *line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int c;
    *line = v->line;
    while (!v->ended) {
        MKG_GO(get(v, &c, err));
        char in = v->depth ? v->open[v->depth - 1] : '\0';
        if (c < 0) {
            v->ended = true;
            *line = v->line;
            return in ? wrong(v, "the file ends before its value does", err) : MKG_END;
        }
        if (strchr(" \t\r\n,\xef\xbb\xbf", c)) continue;
        *line = v->line;
        if (in && c == (in == 'o' ? '}' : ']')) {
            v->depth--;
        } else if (in == 'w') {
            if (c == '{') return collect(v, c, *line, err);
            MKG_GO(pass_by(v, c, err));
        } else if (c == '{' && in != 'o') {
            if (v->depth == sizeof v->open) return wrong(v, "too deep", err);
            v->open[v->depth++] = 'o';
        } else if (in == 'o' && c == '"') {
            MKG_GO(on_key(v, err));
        } else if (in == 'a') {
            MKG_GO(pass_by(v, c, err));
        } else {
            return wrong(
                v, in ? "a key is expected here" : "an object is expected here", err);
        }
    }
    st = MKG_END;
out:
    return st;
}

mkg_status mkg__values_next(mkg__values *v, json_t **out, uint64_t *line, mkg_err *err)
{
    mkg_status st;
    mkg_view text;
    const char *file = mkg__stream_name(v->s);
    size_t bad;

    *out = NULL;
    do {
        if (v->lines) {
            st = mkg__lines_next(v->lines, &text, line, err);
        } else {
            st = v->wanted ? next_member(v, line, err) : next_element(v, line, err);
            text = mkg__view(v->text.ptr ? v->text.ptr : "", v->text.len);
        }
        if (st != MKG_OK) return st;
    } while (mkg__trim(text).len == 0);
    if (!mkg__utf8_valid(text.ptr, text.len, &bad))
        return mkg__fail_at(err, MKG_EPARSE, file, *line, (uint32_t)bad + 1,
                            text.ptr[bad] == '\0' ? "a NUL byte" : "not valid UTF-8");
    return mkg__json_parse(text, file, *line, out, err);
}

mkg_status mkg__values_each(mkg__values *v, mkg__import *im, mkg__value_fn fn,
                            void *ctx, mkg_err *err)
{
    for (;;) {
        mkg_err e = {0};
        json_t *value;
        uint64_t line = 0;
        mkg_status st = mkg__values_next(v, &value, &line, &e);
        if (st == MKG_END) return MKG_OK;
        if (st == MKG_EPARSE && v->ended) {
            if (err) *err = e;
            return st;
        }
        if (st < 0) {
            st = mkg__import_fault(im, st, &e, line, err);
        } else {
            st = fn(ctx, v->name, value, line, err);
            json_decref(value);
            if (st >= 0) st = mkg__import_tick(im, err);
        }
        if (st < 0) return st;
    }
}
