/* A stream of JSON values. Those that were read, written as one array, are read again
 * as the same values. */
#include "fuzz.h"

#include "import/import_internal.h"

/* The objects and arrays of a file, appended to `all`; returns the number of faults. */
static size_t read_all(const char *path, json_t *all)
{
    mkg__stream *s;
    mkg__values *values;
    json_t *v;
    size_t faults = 0, calls = 0;
    uint64_t line = 0, last = 0;
    bool whole;
    size_t size = fuzz_unpacked(path, &whole);

    CHECK_OK(mkg__stream_open(path, &s, &fuzz_err));
    mkg_status st = mkg__values_new(s, &values, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && !whole && !values));
    if (st < 0) goto out;
    while ((st = mkg__values_next(values, &v, &line, &fuzz_err)) != MKG_END) {
        CHECK(calls++ <= size + 2);
        CHECK(line >= last && (line >= 1 || !whole) && line <= size + 1);
        last = line;
        CHECK((v != NULL) == (st == MKG_OK));
        if (st < 0) {
            CHECK(st == MKG_EPARSE && fuzz_err.status == st && fuzz_err.msg[0]);
            CHECK(fuzz_err.line >= line || !whole);
            CHECK(strcmp(fuzz_err.file, "in") == 0);
            faults++;
        } else if (json_is_object(v) || json_is_array(v)) {
            CHECK(json_array_append(all, v) == 0);
        }
        json_decref(v);
    }
    CHECK(mkg__values_next(values, &v, &line, &fuzz_err) == MKG_END);
    mkg__values_free(values);
out:
    mkg__stream_close(s);
    return faults;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    json_t *first = json_array(), *second = json_array();
    mkg__buf b = {0};

    CHECK(first && second);
    read_all(fuzz_file("in", in.p, in.n), first);
    if (json_array_size(first)) { /* an empty array is itself a value */
        CHECK_OK(mkg__json_dump(first, &b, &fuzz_err));
        CHECK(read_all(fuzz_file("in", b.ptr, b.len), second) == 0);
        CHECK(json_equal(first, second));
    }
    mkg__buf_clear(&b);
    json_decref(first);
    json_decref(second);
    return 0;
}
