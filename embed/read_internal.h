/* Readers of files of vectors: row by row, whatever the format. */
#ifndef MKG_READ_INTERNAL_H
#define MKG_READ_INTERNAL_H

#include "base/io.h"

enum { MKG__DIM_MAX = 65536, MKG__TOKEN_MAX = 4096 };

typedef struct mkg__rows {
    mkg__stream *s;
    const char *file; /* name for messages */
    size_t rows, dim; /* as the file says */
    size_t done;      /* rows read */
    mkg__buf token;   /* of the row read last; empty for npy */
    float *x;         /* (dim) of the row read last */
    char *block;      /* what was read of the stream and not yet used */
    size_t at, end;
    bool text, npy, wide; /* wide: float64 */
} mkg__rows;

/* `format` as in embed/import.h. Reads the header. Clear it in any case. */
mkg_status mkg__rows_open(mkg__rows *r, const char *file, const char *format,
                          mkg_err *err);
void mkg__rows_close(mkg__rows *r);

/* The next row; MKG_END behind the last, where the file has to end too. */
mkg_status mkg__rows_next(mkg__rows *r, mkg_err *err);

/* Where the row read last stands: the line of a text, else the row. */
uint64_t mkg__rows_line(const mkg__rows *r);

#endif
