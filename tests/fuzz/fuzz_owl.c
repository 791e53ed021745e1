/* RDF/XML. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("owl", false, fuzz_open(data, size));
}
