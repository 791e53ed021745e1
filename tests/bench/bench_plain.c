/* How fast tables without quotes are cut into fields, before anything is made of them.
 *   bench_plain FILE DELIMITER [ROUNDS]
 * FILE is read into memory first, so that the disk does not count; "split" is the cut
 * alone, "rows" lines, UTF-8 check and cut through the stream, as the readers do it. */
#include "base/io.h"
#include "base/pool.h"
#include "import/import_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mkg_err err;

static size_t split_all(mkg_view text, char delimiter)
{
    mkg_view fields[MKG_PLAIN_COLUMNS];
    size_t n = 0;
    while (text.len) {
        const char *nl = memchr(text.ptr, '\n', text.len);
        size_t len = nl ? (size_t)(nl - text.ptr) : text.len, used = len + (nl != NULL);
        n += mkg__plain_split(mkg__view(text.ptr, len), delimiter, fields,
                              MKG_PLAIN_COLUMNS);
        text = mkg__view(text.ptr + used, text.len - used);
    }
    return n;
}

static size_t read_all(const char *path, char delimiter)
{
    mkg_import_opts opts = {0};
    mkg__import im = {.opts = &opts};
    mkg__plain t = {0};
    size_t n = 0;
    if (mkg__stream_open(path, &im.s, &err) < 0) return 0;
    im.file = mkg__stream_name(im.s);
    if (mkg__plain_open(&t, &im, delimiter, &err) == MKG_OK)
        while (mkg__plain_next(&t, &err) == MKG_OK)
            n += t.n;
    mkg__plain_close(&t);
    mkg__stream_close(im.s);
    return n;
}

static void show(const char *what, size_t bytes, double seconds, size_t fields)
{
    printf("%s: %zu fields, %.2f GB/s\n", what, fields, (double)bytes / seconds / 1e9);
}

int main(int argc, char **argv)
{
    mkg__buf text = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: bench_plain FILE DELIMITER [ROUNDS]\n");
        return 2;
    }
    char delimiter = strcmp(argv[2], "tab") == 0 ? '\t' : argv[2][0];
    int rounds = argc > 3 ? atoi(argv[3]) : 3;
    if (mkg__file_read(argv[1], (size_t)4 << 30, &text, &err) < 0) {
        fprintf(stderr, "bench_plain: %s\n", err.msg);
        return 4;
    }
    for (int i = 0; i < rounds; i++) {
        double t0 = mkg__now();
        size_t n = split_all(mkg__view(text.ptr, text.len), delimiter);
        double t1 = mkg__now();
        size_t m = read_all(argv[1], delimiter);
        double t2 = mkg__now();
        show("split", text.len, t1 - t0, n);
        show("rows", text.len, t2 - t1, m);
    }
    mkg__buf_clear(&text);
    return 0;
}
