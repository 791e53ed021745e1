/* MeSH. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("mesh", false, fuzz_open(data, size));
}
