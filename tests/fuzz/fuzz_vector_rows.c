/* Files of vectors from elsewhere: word2vec text and binary, NumPy's arrays. Every row
 * that is read has the width that the header says and finite numbers, and the reader
 * ends by itself. */
#include "fuzz.h"

#include "embed/read_internal.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"word2vec", "word2vec-bin", "npy"};
    fuzz_input in = fuzz_open(data, size);
    unsigned format = fuzz_byte(&in) % 3;
    mkg__rows r;
    size_t rows = 0, bad;

    fuzz_file("in", in.p, in.n);
    mkg_status st = mkg__rows_open(&r, fuzz_path("in"), formats[format], &fuzz_err);
    CHECK(st == MKG_OK || (st < 0 && fuzz_err.status == st && fuzz_err.msg[0]));
    if (st == MKG_OK) {
        CHECK(r.rows > 0 && r.dim > 0 && r.dim <= MKG__DIM_MAX);
        while ((st = mkg__rows_next(&r, &fuzz_err)) == MKG_OK) {
            CHECK(++rows <= r.rows && r.done == rows);
            for (size_t i = 0; i < r.dim; i++)
                CHECK(isfinite(r.x[i]));
            if (format < 2)
                CHECK(r.token.len > 0 &&
                      mkg__utf8_valid(r.token.ptr, r.token.len, &bad));
        }
        CHECK(st == MKG_END ? rows == r.rows : st < 0 && fuzz_err.msg[0]);
    }
    mkg__rows_close(&r);
    return 0;
}
