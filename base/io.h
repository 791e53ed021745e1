/* Files: streams that undo packing and hash what they read, lines, whole files, atomic
 * writes. */
#ifndef MKG_IO_H
#define MKG_IO_H

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/recode.h"

#include <stdbool.h>
#include <stdio.h>

/* A byte stream from a file, a FIFO or standard input ("-"). Packing is recognised by
 * content and undone: gzip (RFC 1952, several members too), bzip2, xz, zstd, and a zip
 * of one file. */
typedef struct mkg__stream mkg__stream;

/* MKG_EIO with a sentence for a missing file, a directory, no permission. */
mkg_status mkg__stream_open(const char *path, mkg__stream **out, mkg_err *err);
void mkg__stream_close(mkg__stream *s);

/* Up to `cap` bytes into `dst`; *n = 0 at the end. MKG_EPARSE for packed data
 * that are damaged, end too soon, or unpack to more than anybody packs. */
mkg_status mkg__stream_read(mkg__stream *s, void *dst, size_t cap, size_t *n,
                            mkg_err *err);
bool mkg__stream_packed(const mkg__stream *s);

/* Before the first read: what is GB18030 or UTF-16 comes as UTF-8 from now on. *found
 * is what the first bytes are; MKG_UNKNOWN and MKG_UTF8 change nothing. */
mkg_status mkg__stream_to_utf8(mkg__stream *s, mkg__encoding *found, mkg_err *err);

/* Has a read failed for damage of the whole stream, not of a record? What comes of it
 * must not be taken for the file. */
bool mkg__stream_broken(const mkg__stream *s);

/* The first bytes without consuming them, for recognising a format; at least 4096, or
 * the whole stream if it is shorter. Borrowed until the first read. */
mkg_status mkg__stream_peek(mkg__stream *s, mkg_view *head, mkg_err *err);

/* Raw (compressed) bytes read so far and the size of the file, 0 if unknown. */
void mkg__stream_progress(const mkg__stream *s, uint64_t *done, uint64_t *total);

/* Name for messages and for the source record: the base name, "stdin" for "-". */
const char *mkg__stream_name(const mkg__stream *s);

/* SHA-256 of all raw bytes; reads what is left of the stream first. */
mkg_status mkg__stream_sha256(mkg__stream *s, unsigned char out[MKG_SHA256_BYTES],
                              mkg_err *err);

/* Lines of a stream, numbered from 1, without their end (LF or CRLF). A UTF-8 byte
 * order mark at the start is skipped. */
typedef struct mkg__lines mkg__lines;
enum { MKG_LINE_MAX = 8 << 20 };

mkg_status mkg__lines_new(mkg__stream *s, mkg__lines **out, mkg_err *err);
void mkg__lines_free(mkg__lines *l); /* the stream stays open */

/* MKG_END at the end. A line longer than MKG_LINE_MAX is skipped and gives MKG_EPARSE
 * with its number; reading can go on. *line is borrowed until the next call. */
mkg_status mkg__lines_next(mkg__lines *l, mkg_view *line, uint64_t *number,
                           mkg_err *err);

/* The whole file, at most `limit` bytes, NUL-terminated, into `out`. */
mkg_status mkg__file_read(const char *path, size_t limit, mkg__buf *out, mkg_err *err);

/* Write beside `path` and rename over it when all is on the disk: readers see the old
 * file or the new one. mode as for open(2). `fn` writes; its failure keeps the old. */
typedef mkg_status (*mkg__write_fn)(void *ctx, FILE *f, mkg_err *err);
mkg_status mkg__file_replace(const char *path, unsigned mode, mkg__write_fn fn,
                             void *ctx, mkg_err *err);

/* The same for a file that a person names: a link is followed, and what is no regular
 * file (a device, a FIFO) is written straight into. */
mkg_status mkg__file_write(const char *path, mkg__write_fn fn, void *ctx, mkg_err *err);

/* SHA-256 of a regular file; *size its length. */
mkg_status mkg__file_sha256(const char *path, unsigned char out[MKG_SHA256_BYTES],
                            uint64_t *size, mkg_err *err);

/* "dir/name", mkg__free() it; NULL when out of memory. */
char *mkg__path_join(const char *dir, const char *name);
/* One of the files of an output of several: "output/name" where output is a folder or
 * ends in '/' (the folder is made if it is missing), else "output_name". */
mkg_status mkg__path_part(const char *output, const char *name, char **out,
                          mkg_err *err);
const char *mkg__path_base(const char *path);
bool mkg__file_exists(const char *path);

#endif
