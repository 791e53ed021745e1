/* Turtle, N-Triples, N-Quads, TriG. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import("rdf", false, fuzz_open(data, size));
}
