/* The first byte chooses format and strictness; the rest is the file. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {NULL, "triples", "records", NULL};
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    return fuzz_import(formats[how & 3], how & 4, in);
}
