/* CSV and TSV as RFC 4180 has them, as a stream: quotes, doubled quotes, line ends
 * within quotes, CRLF, a byte order mark. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

struct mkg__delimited {
    mkg__stream *s;
    char *block; /* bytes read, not yet given out: block[at .. end) */
    size_t at, end, cap;
    uint64_t line; /* of block[at] */
    bool eof, started;
    char delimiter;
    mkg__buf text;  /* the fields' bytes, quotes undone */
    size_t *starts; /* (nfields + 1) offsets in text */
    size_t nfields, starts_cap;
    mkg_view *fields;
    size_t fields_cap;
};

mkg_status mkg__delimited_new(mkg__stream *s, char delimiter, mkg__delimited **out,
                              mkg_err *err)
{
    mkg__delimited *d = mkg__calloc(1, sizeof *d);
    *out = NULL;
    if (!d || !mkg__grow(&d->block, &d->cap, 64 << 10, 1)) {
        mkg__free(d);
        return mkg__nomem(err);
    }
    d->s = s;
    d->line = 1;
    d->delimiter = delimiter;
    *out = d;
    return MKG_OK;
}

void mkg__delimited_free(mkg__delimited *d)
{
    if (!d) return;
    mkg__free(d->block);
    mkg__free(d->starts);
    mkg__free(d->fields);
    mkg__buf_clear(&d->text);
    mkg__free(d);
}

static mkg_status more(mkg__delimited *d, mkg_err *err)
{
    size_t n;
    if (d->at) {
        memmove(d->block, d->block + d->at, d->end - d->at);
        d->end -= d->at;
        d->at = 0;
    }
    if (d->cap - d->end < 4096 && !mkg__grow(&d->block, &d->cap, d->cap * 2, 1))
        return mkg__nomem(err);
    mkg_status st = mkg__stream_read(d->s, d->block + d->end, d->cap - d->end, &n, err);
    d->end += n;
    d->eof = n == 0;
    return st;
}

/* Of the first record: what it has outside quotes. False if a quote stays open. */
static bool count_delimiters(const char *p, size_t n, bool quotes, size_t count[3])
{
    bool quoted = false;
    memset(count, 0, 3 * sizeof *count);
    for (size_t i = 0; i < n && (quoted || p[i] != '\n'); i++) {
        bool opens = i == 0 || p[i - 1] == '\t' || p[i - 1] == ',' || p[i - 1] == ';';
        if (quoted && p[i] == '"' && i + 1 < n && p[i + 1] == '"')
            i++; /* a quote within a quoted field */
        else if (quotes && p[i] == '"' && (quoted || opens))
            quoted = !quoted;
        if (quoted) continue;
        count[0] += p[i] == '\t';
        count[1] += p[i] == ',';
        count[2] += p[i] == ';';
    }
    return !quoted;
}

static char guess_delimiter(const char *p, size_t n)
{
    size_t count[3];
    if (!count_delimiters(p, n, true, count)) count_delimiters(p, n, false, count);
    if (count[0]) return '\t'; /* a tab is never part of a text by chance */
    return count[2] > count[1] ? ';' : ',';
}

static bool start_field(mkg__delimited *d)
{
    if (!mkg__grow(&d->starts, &d->starts_cap, d->nfields + 1, sizeof *d->starts))
        return false;
    d->starts[d->nfields++] = d->text.len;
    return true;
}

/* The end of the quoted field that opens at p[i]; what follows it must be a delimiter
 * or a line end. SIZE_MAX: not in these bytes; SIZE_MAX - 1: something else follows. */
static size_t quoted_end(const mkg__delimited *d, const char *p, size_t n, size_t i)
{
    for (i++; i < n; i++) {
        if (p[i] != '"') continue;
        if (i + 1 < n && p[i + 1] == '"') {
            i++;
            continue;
        }
        if (i + 1 == n) return d->eof ? i : SIZE_MAX;
        char c = p[i + 1];
        if (c == d->delimiter || c == '\n' ||
            (c == '\r' && (i + 2 == n || p[i + 2] == '\n')))
            return i;
        return SIZE_MAX - 1;
    }
    return SIZE_MAX;
}

typedef enum parsed { WHOLE, NEED_MORE, OPEN_QUOTE, TEXT_BEHIND_QUOTE } parsed;

/* One record from p[0 .. n): *used bytes with its line end. */
static parsed parse(mkg__delimited *d, const char *p, size_t n, size_t *used)
{
    size_t i = 0;
    d->text.len = 0;
    d->nfields = 0;
    for (;;) {
        if (!start_field(d)) {
            d->text.failed = true;
            return WHOLE;
        }
        size_t close = i < n && p[i] == '"' ? quoted_end(d, p, n, i) : 0;
        bool literal = false;
        if (close == SIZE_MAX && !d->eof && n <= MKG_RECORD_MAX) return NEED_MORE;
        if (close >= SIZE_MAX - 1) {
            /* Tables of tabs rarely quote: there such a quote is a character. */
            if (d->delimiter != '\t')
                return close == SIZE_MAX ? OPEN_QUOTE : TEXT_BEHIND_QUOTE;
            literal = true;
        }
        if (close && !literal) {
            for (i++; i < close; i++) {
                mkg__buf_byte(&d->text, (unsigned char)p[i]);
                if (p[i] == '"') i++; /* the second of a pair */
            }
            i = close + 1;
        } else {
            size_t from = i;
            while (i < n && p[i] != d->delimiter && p[i] != '\n')
                i++;
            if (i == n && !d->eof) return NEED_MORE;
            size_t to = i;
            if (to > from && p[to - 1] == '\r' && (i == n || p[i] == '\n')) to--;
            mkg__buf_put(&d->text, p + from, to - from);
        }
        if (i < n && p[i] == d->delimiter) {
            i++;
            continue;
        }
        if (i < n && p[i] == '\r') i++;
        if (i == n && !d->eof) return NEED_MORE;
        *used = i < n ? i + 1 : n;
        return WHOLE;
    }
}

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += p[i] == '\n';
    return lines;
}

/* Go on behind the line on which a bad record starts. */
static mkg_status skip_line(mkg__delimited *d, mkg_err *err)
{
    for (;;) {
        char *nl = memchr(d->block + d->at, '\n', d->end - d->at);
        if (nl) {
            d->at = (size_t)(nl - d->block) + 1;
            d->line++;
            return MKG_OK;
        }
        d->at = d->end;
        if (d->eof) return MKG_OK;
        mkg_status st = more(d, err);
        if (st < 0) return st;
    }
}

static mkg_status hand_out(mkg__delimited *d, const mkg_view **fields, size_t *n,
                           uint64_t line, mkg_err *err)
{
    size_t bad;
    const char *text = mkg__buf_cstr(&d->text);
    if (!text || !mkg__grow(&d->fields, &d->fields_cap, d->nfields, sizeof *d->fields))
        return mkg__nomem(err);
    for (size_t i = 0; i < d->nfields; i++) {
        size_t end = i + 1 < d->nfields ? d->starts[i + 1] : d->text.len;
        d->fields[i] = mkg__view(text + d->starts[i], end - d->starts[i]);
        if (!mkg__utf8_valid(d->fields[i].ptr, d->fields[i].len, &bad))
            return mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(d->s), line,
                                (uint32_t)(d->starts[i] + i + bad + 1),
                                d->fields[i].ptr[bad] == '\0'
                                    ? "a NUL byte in field %zu"
                                    : "field %zu is not valid UTF-8",
                                i + 1);
    }
    *fields = d->fields;
    *n = d->nfields;
    return MKG_OK;
}

/* The first line decides on the delimiter; a byte order mark in front of it is dropped.
 */
static mkg_status begin(mkg__delimited *d, mkg_err *err)
{
    mkg_status st = MKG_OK;
    d->started = true;
    do
        MKG_GO(more(d, err));
    while (!d->eof && d->end < MKG_RECORD_MAX && !memchr(d->block, '\n', d->end));
out:
    if (d->end >= 3 && memcmp(d->block, "\xef\xbb\xbf", 3) == 0) d->at = 3;
    if (!d->delimiter) d->delimiter = guess_delimiter(d->block + d->at, d->end - d->at);
    return st;
}

/* Report the record that starts here, and go on behind its first line. */
static mkg_status give_up(mkg__delimited *d, const char *why, uint64_t *line,
                          mkg_err *err)
{
    mkg_err what;
    *line = d->line;
    mkg__fail_at(&what, MKG_EPARSE, mkg__stream_name(d->s), d->line, 0, "%s", why);
    mkg_status st = skip_line(d, err);
    if (st < 0) return st;
    if (err) *err = what;
    return MKG_EPARSE;
}

mkg_status mkg__delimited_next(mkg__delimited *d, const mkg_view **fields, size_t *n,
                               uint64_t *line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t used = 0;

    *line = d->line;
    if (!d->started) MKG_GO(begin(d, err));
    for (;;) {
        *line = d->line;
        if (d->at == d->end) {
            if (d->eof) return MKG_END;
            MKG_GO(more(d, err));
            continue;
        }
        switch (parse(d, d->block + d->at, d->end - d->at, &used)) {
        case NEED_MORE:
            if (d->end - d->at > MKG_RECORD_MAX)
                return give_up(d, "the record is longer than 8 MiB", line, err);
            MKG_GO(more(d, err));
            continue;
        case OPEN_QUOTE:
            return give_up(d, "a quote is opened and never closed", line, err);
        case TEXT_BEHIND_QUOTE:
            return give_up(d, "text behind a closing quote", line, err);
        case WHOLE:
            break;
        }
        d->line += count_lines(d->block + d->at, used);
        d->at += used;
        if (d->nfields == 1 && d->text.len == 0) continue; /* an empty line */
        return hand_out(d, fields, n, *line, err);
    }
out:
    return st;
}
