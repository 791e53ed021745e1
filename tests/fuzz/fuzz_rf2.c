/* SNOMED CT, RF2. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("rf2", false, fuzz_open(data, size));
}
