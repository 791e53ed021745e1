/* Everything that is printed: cleaned text, JSON, tables, remarks and errors. */
#include "cli/cli.h"

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* ---- the sinks ---- */

static void write_out(cli *c, const char *p, size_t n)
{
    if (n == 0 || c->write_errno) return;
    errno = 0;
    if (fwrite(p, 1, n, stdout) != n) c->write_errno = errno ? errno : EIO;
}

/* Characters by which imported text could steer a terminal or turn a line around. */
static bool is_control(uint32_t c)
{
    return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void cli_clean(mkg__buf *out, const char *p, size_t n)
{
    size_t len;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(p + i, n - i, &len);
        bool wrong = c == 0xfffd && len == 1;
        if (c == '\t')
            mkg__buf_byte(out, ' ');
        else if (wrong || is_control(c))
            mkg__buf_str(out, "\xef\xbf\xbd");
        else
            mkg__buf_put(out, p + i, len);
    }
}

void cli_put(cli *c, const char *p, size_t n)
{
    mkg__buf b = {0};
    cli_clean(&b, p, n);
    if (b.failed && !c->write_errno) c->write_errno = ENOMEM;
    write_out(c, b.ptr, b.len);
    mkg__buf_clear(&b);
}

void cli_print(cli *c, const char *fmt, ...)
{
    va_list ap;
    char small[512], *p = small;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof small) {
        p = mkg__malloc((size_t)n + 1);
        if (!p) {
            if (!c->write_errno) c->write_errno = ENOMEM;
            return;
        }
        va_start(ap, fmt);
        vsnprintf(p, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    if (n > 0) cli_put(c, p, (size_t)n);
    if (p != small) mkg__free(p);
}

void cli_set_style(cli *c, cli_style style)
{
    static const char *const codes[] = {"\x1b[0m", "\x1b[1m", "\x1b[2m"};
    if (c->colour) write_out(c, codes[style], 4);
}

static int write_json(const char *p, size_t n, void *ctx)
{
    write_out(ctx, p, n);
    return 0; /* what went wrong is kept in write_errno */
}

mkg_status cli_json(cli *c, json_t *v)
{
    /* Six digits: scores and times are not known better, and 0.97 stays 0.97. */
    int failed = !v || json_dump_callback(v, write_json, c,
                                          JSON_COMPACT | JSON_REAL_PRECISION(6)) != 0;
    json_decref(v);
    if (failed) return mkg__nomem(&c->err);
    write_out(c, "\n", 1);
    return MKG_OK;
}

/* ---- stderr ---- */

static void say(cli *c, const char *text)
{
    mkg__buf b = {0};
    cli_progress_clear(c);
    cli_clean(&b, text, strlen(text));
    const char *cleaned = mkg__buf_cstr(&b);
    fputs(cleaned ? cleaned : "out of memory", stderr);
    fputc('\n', stderr);
    mkg__buf_clear(&b);
}

void cli_note(cli *c, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (c->quiet) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    say(c, text);
}

void cli_report(cli *c, const mkg_err *err)
{
    char text[1024];
    if (!err->file[0])
        snprintf(text, sizeof text, "medkg: %s", err->msg);
    else if (!err->line)
        snprintf(text, sizeof text, "%s: %s", err->file, err->msg);
    else if (!err->col)
        snprintf(text, sizeof text, "%s:%llu: %s", err->file,
                 (unsigned long long)err->line, err->msg);
    else
        snprintf(text, sizeof text, "%s:%llu:%lu: %s", err->file,
                 (unsigned long long)err->line, (unsigned long)err->col, err->msg);
    say(c, text);
}

/* ---- tables ---- */

static void add_cell(cli_table *t, const char *text, size_t n)
{
    mkg__buf b = {0};
    cli_clean(&b, text, n);
    const char *cleaned = mkg__buf_cstr(&b);
    char *cell = cleaned ? mkg__arena_dup(&t->arena, cleaned, b.len) : NULL;
    mkg__buf_clear(&b);
    if (!cell || !mkg__grow(&t->cells, &t->cap, t->n + 1, sizeof *t->cells)) {
        t->failed = true;
        return;
    }
    for (char *p = cell; *p; p++)
        if (*p == '\n') *p = ' ';
    t->cells[t->n++] = cell;
}

void cli_cell(cli_table *t, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add_cell(t, text, strlen(text));
}

void cli_cell_view(cli_table *t, mkg_view v)
{
    add_cell(t, v.ptr, v.len);
}

void cli_heads(cli_table *t, const char *const *names)
{
    for (; *names; names++)
        cli_cell(t, "%s", *names);
}

void cli_table_clear(cli_table *t)
{
    mkg__arena_clear(&t->arena);
    mkg__free(t->cells);
    t->cells = NULL;
    t->n = t->cap = 0;
    t->failed = false;
}

enum { COLUMNS_MAX = 12, GAP = 2, NARROWEST = 8 };

static size_t cell_width(const char *s)
{
    return mkg__utf8_width(s, strlen(s));
}

static void fit_columns(const cli_table *t, size_t columns, size_t *width)
{
    size_t total = GAP * (columns - 1);
    for (size_t k = 0; k < columns; k++)
        width[k] = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t w = cell_width(t->cells[i]), *col = &width[i % columns];
        if (w > *col) *col = w;
    }
    for (size_t k = 0; k < columns; k++)
        total += width[k];
    while (total > CLI_WIDTH) {
        size_t widest = columns;
        for (size_t k = 0; k < columns; k++)
            if (t->align[k] == 'l' && width[k] > NARROWEST &&
                (widest == columns || width[k] > width[widest]))
                widest = k;
        if (widest == columns) break;
        width[widest]--;
        total--;
    }
}

/* The cell in `width` columns, cut with an ellipsis if it must be. */
static void put_cell(mkg__buf *out, const char *s, size_t width, char align, bool last)
{
    size_t have = cell_width(s), n = strlen(s), len;
    if (have > width) {
        size_t columns = 0, i = 0;
        while (i < n) {
            mkg__utf8_decode(s + i, n - i, &len);
            size_t w = mkg__utf8_width(s + i, len);
            if (columns + w + 1 > width) break;
            columns += w;
            i += len;
        }
        mkg__buf_put(out, s, i);
        mkg__buf_str(out, "…");
        have = columns + 1;
    } else {
        if (align == 'r') cli_blanks(out, width - have);
        mkg__buf_put(out, s, n);
        if (align == 'r') return;
    }
    if (!last) cli_blanks(out, width - have);
}

mkg_status cli_table_print(cli *c, cli_table *t, size_t heads)
{
    size_t columns = strlen(t->align), width[COLUMNS_MAX];
    mkg__buf line = {0};
    mkg_status st = MKG_OK;

    fit_columns(t, columns, width);
    for (size_t i = 0; i + columns <= t->n && !t->failed; i += columns) {
        line.len = 0;
        for (size_t k = 0; k < columns; k++) {
            if (k) cli_blanks(&line, GAP);
            put_cell(&line, t->cells[i + k], width[k], t->align[k], k + 1 == columns);
        }
        while (line.len && line.ptr[line.len - 1] == ' ')
            line.len--;
        mkg__buf_byte(&line, '\n');
        if (line.failed) break;
        bool head = i / columns < heads;
        if (head) cli_set_style(c, CLI_BOLD);
        cli_put(c, line.ptr, line.len);
        if (head) cli_set_style(c, CLI_PLAIN);
    }
    if (t->failed || line.failed) st = mkg__nomem(&c->err);
    mkg__buf_clear(&line);
    cli_table_clear(t);
    return st;
}

int cli_write_to(const char *p, size_t n, void *ctx)
{
    return fwrite(p, 1, n, ctx) == n ? 0 : -1;
}
