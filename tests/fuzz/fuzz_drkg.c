/* DRKG. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("drkg", false, fuzz_open(data, size));
}
