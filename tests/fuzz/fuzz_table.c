/* Tables through the mapping files of data/maps. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("table", false, fuzz_open(data, size));
}
