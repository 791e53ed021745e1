/* CSV for neo4j. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("neo4j", false, fuzz_open(data, size));
}
