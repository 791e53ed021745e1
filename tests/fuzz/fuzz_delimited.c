/* CSV and TSV. What was read, written with every field in quotes, is read again as the
 * same records and without a fault. */
#include "fuzz.h"

#include "import/import_internal.h"

/* Each record with its fields in quotes, ',' between them; returns how many there are,
 * *faults those that could not be read. */
static size_t read_all(const char *path, char delimiter, mkg__buf *out, size_t *faults)
{
    mkg__stream *s;
    mkg__delimited *d;
    const mkg_view *fields;
    size_t n, records = 0, calls = 0;
    uint64_t line, last = 0;
    mkg_status st;
    bool whole;
    size_t size = fuzz_unpacked(path, &whole);

    *faults = 0;
    CHECK_OK(mkg__stream_open(path, &s, &fuzz_err));
    CHECK_OK(mkg__delimited_new(s, delimiter, &d, &fuzz_err));
    while ((st = mkg__delimited_next(d, &fields, &n, &line, &fuzz_err)) != MKG_END) {
        CHECK(calls++ <= size + 2);
        CHECK((line > last || !whole) && line >= last && line <= size + 1);
        last = line;
        if (st < 0) {
            CHECK(st == MKG_EPARSE && fuzz_err.status == st && fuzz_err.msg[0]);
            CHECK(fuzz_err.line == line || !whole);
            CHECK(strcmp(fuzz_err.file, "in") == 0);
            ++*faults;
            continue;
        }
        CHECK(n >= 1 && (n > 1 || fields[0].len > 0));
        for (size_t i = 0; i < n; i++) {
            CHECK(fuzz_valid(fields[i]));
            if (i) mkg__buf_byte(out, ',');
            mkg__buf_byte(out, '"');
            for (size_t k = 0; k < fields[i].len; k++) {
                if (fields[i].ptr[k] == '"') mkg__buf_byte(out, '"');
                mkg__buf_byte(out, (unsigned char)fields[i].ptr[k]);
            }
            mkg__buf_byte(out, '"');
        }
        mkg__buf_byte(out, '\n');
        records++;
    }
    CHECK(mkg__delimited_next(d, &fields, &n, &line, &fuzz_err) == MKG_END);
    mkg__delimited_free(d);
    mkg__stream_close(s);
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = {0, '\t', ',', ';'};
    fuzz_input in = fuzz_open(data, size);
    char delimiter = delimiters[fuzz_byte(&in) % 4];
    mkg__buf first = {0}, second = {0};
    size_t faults;

    size_t n = read_all(fuzz_file("in", in.p, in.n), delimiter, &first, &faults);
    const char *path = fuzz_file("in", first.ptr ? first.ptr : "", first.len);
    CHECK(read_all(path, ',', &second, &faults) == n && faults == 0);
    CHECK(mkg__view_eq(mkg__view(first.ptr, first.len),
                       mkg__view(second.ptr, second.len)));
    mkg__buf_clear(&first);
    mkg__buf_clear(&second);
    return 0;
}
