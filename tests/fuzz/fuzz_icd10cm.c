/* ICD-10-CM. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("icd10cm", false, fuzz_open(data, size));
}
