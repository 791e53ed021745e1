#include "lm/gguf_types.h"

#include <strings.h>

static const mkg_type_info types[] = {
    {"F32", 0, 1, 4, true},          {"F16", 1, 1, 2, true},
    {"Q4_0", 2, 32, 18, true},       {"Q4_1", 3, 32, 20, false},
    {"Q5_0", 6, 32, 22, false},      {"Q5_1", 7, 32, 24, false},
    {"Q8_0", 8, 32, 34, true},       {"Q8_1", 9, 32, 36, false},
    {"Q2_K", 10, 256, 84, false},    {"Q3_K", 11, 256, 110, false},
    {"Q4_K", 12, 256, 144, true},    {"Q5_K", 13, 256, 176, true},
    {"Q6_K", 14, 256, 210, true},    {"Q8_K", 15, 256, 292, false},
    {"IQ2_XXS", 16, 256, 66, false}, {"IQ2_XS", 17, 256, 74, false},
    {"IQ3_XXS", 18, 256, 98, false}, {"IQ1_S", 19, 256, 50, false},
    {"IQ4_NL", 20, 32, 18, false},   {"IQ3_S", 21, 256, 110, false},
    {"IQ2_S", 22, 256, 82, false},   {"IQ4_XS", 23, 256, 136, false},
    {"I8", 24, 1, 1, false},         {"I16", 25, 1, 2, false},
    {"I32", 26, 1, 4, false},        {"I64", 27, 1, 8, false},
    {"F64", 28, 1, 8, false},        {"IQ1_M", 29, 256, 56, false},
    {"BF16", 30, 1, 2, true},        {"TQ1_0", 34, 256, 54, false},
    {"TQ2_0", 35, 256, 66, false},   {"MXFP4", 39, 32, 17, false},
};
enum { N_TYPES = sizeof types / sizeof *types };

const mkg_type_info *mkg_type_get(uint32_t type)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].type == type) return &types[i];
    return NULL;
}

const mkg_type_info *mkg_type_find(const char *name)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (strcasecmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const char *mkg_type_computed_names(void)
{
    return "F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q5_K, Q6_K";
}
