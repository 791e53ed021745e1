#include "base/text.h"
#include "lm/model_internal.h"

static const mkg__arch archs[] = {
    {.name = "llama"},
    {.name = "qwen2", .rope_halves = true, .qkv_bias = true},
    {.name = "qwen3", .rope_halves = true, .qk_norm = true},
};

const mkg__arch *mkg__arch_find(mkg_view name)
{
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (mkg__view_is(name, archs[i].name)) return &archs[i];
    return NULL;
}

const char *mkg__arch_names(void)
{
    return "llama, qwen2, qwen3";
}
