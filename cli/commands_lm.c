/* The command that runs a language model by itself, and its options. */
#include "cli/commands.h"

static const char *const *activations(void)
{
    static const char *const names[] = {"float", "8bit", NULL};
    return names;
}

static const char *const *cache_types(void)
{
    static const char *const names[] = {"f16", "f32", "q8_0", NULL};
    return names;
}

static const char *const *packed_types(void)
{
    static const char *const names[] = {"q8_0", "q4_0", NULL};
    return names;
}

static const char *const *templates(void)
{
    static const char *const names[] = {"chatml", "llama2", "llama3", "none", NULL};
    return names;
}

/* Each says of which sub-command it is. */
static const cli_option lm_options[] = {
    {.name = "all", .help = "info: every key of the metadata and every tensor too"},
    {.name = "bos",
     .help =
         "tokenize: put the tokens that begin and end a text where the file asks for "
         "them"},
    {.name = "special",
     .help = "tokenize: names of control tokens in TEXT become those tokens"},
    {.name = "tokens",
     .kind = CLI_TEXT,
     .arg = "1,2,3",
     .help = "logits: numbers of the tokens that go in"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .help =
         "logits: "
         "write float32 numbers here, a row of the vocabulary's size for each token"},
    {.name = "activations",
     .kind = CLI_CHOICE,
     .arg = "HOW",
     .choices = activations,
     .help = "logits, generate: packed weights are multiplied with numbers as they are "
             "(float), or rounded to 8 bits, which is many times faster; if not given, "
             "float for logits, 8bit for generate"},
    {.name = "cache",
     .kind = CLI_CHOICE,
     .arg = "TYPE",
     .choices = cache_types,
     .initial = "f16",
     .help = "logits, generate, bench: type of the key-value cache; always f32 where "
             "activations are float"},
    {.name = "threads",
     .letter = 't',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .max = 256,
     .help = "logits, generate, bench: 0 is one for each core; the result is the same"},
    {.name = "n",
     .letter = 'n',
     .kind = CLI_COUNT,
     .arg = "N",
     .max = 1000000,
     .unit = "tokens",
     .help =
         "generate: most tokens to write, 256 if not given; bench: tokens that come "
         "one by one, 64 if not given"},
    {.name = "prompt",
     .letter = 'p',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "128",
     .max = 1000000,
     .unit = "tokens",
     .help = "bench: tokens that come in one piece"},
    {.name = "context",
     .letter = 'c',
     .kind = CLI_COUNT,
     .arg = "N",
     .min = 1,
     .max = 16777216,
     .unit = "tokens",
     .help =
         "generate: room for prompt and text; if not given, what they need, at most "
         "what the model was trained for"},
    {.name = "system",
     .kind = CLI_TEXT,
     .arg = "TEXT",
     .help = "generate: instructions that stand before PROMPT"},
    {.name = "template",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = templates,
     .help = "generate: chat template; the file's if not given"},
    {.name = "raw",
     .help = "generate: PROMPT is the beginning of the text, not a turn "
             "of a conversation"},
    {.name = "temperature",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .help =
         "generate: draw tokens by chance, the wilder the higher; if not given, the "
         "likeliest token is taken"},
    {.name = "top-k",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "40",
     .max = 1000000,
     .help = "generate: draw from the N likeliest tokens; 0 is all"},
    {.name = "top-p",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.95",
     .help =
         "generate: draw from the likeliest tokens that make up this much; 1 is all"},
    {.name = "min-p",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.05",
     .help = "generate: leave out tokens less likely than this part of the likeliest"},
    {.name = "repeat-penalty",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "1",
     .help = "generate: above 1, tokens among the last 64 become less likely"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .max = UINT32_MAX,
     .help = "generate: of the draws; the same seed writes the same text"},
    {.name = "grammar",
     .kind = CLI_FILE,
     .arg = "FILE",
     .help = "generate: write only what this grammar (GBNF) allows"},
    {.name = "session",
     .kind = CLI_FILE,
     .arg = "FILE",
     .help = "generate: keep the computed prompt here; the next run computes only what "
             "its prompt has not in common with it"},
    {.name = "type",
     .kind = CLI_CHOICE,
     .arg = "TYPE",
     .choices = packed_types,
     .help = "quantize: type of the matrices"},
};

const cli_command cli_lm_commands[] = {
    {.name = "lm",
     .run = cli_cmd_lm,
     .args = "info|tokenize|logits|generate|bench|quantize FILE...",
     .min_args = 1,
     .max_args = 3,
     .brief = "look at a language model's file, use it by itself",
     .about =
         "FILE is a language model in the format GGUF. info: its architecture, sizes, "
         "types of weights, tokenizer and chat template. tokenize: TEXT ('-' reads it "
         "from standard input) as tokens, one a line, with the number and what it "
         "stands "
         "for; a byte that is no character by itself is shown as <0xE7>. With --json, "
         "tokenize prints {\"count\": 2, \"ids\": [838, 1241], \"pieces\": [\"...\", "
         "\"...\"]}. logits: what the model gives for --tokens, for comparing. "
         "generate: "
         "FILE PROMPT: write on; with --json {\"text\", \"prompt_tokens\", \"kept\", "
         "\"tokens\", \"ended\", \"prompt_seconds\", \"seconds\"}. bench: tokens a "
         "second, the bytes of weights that are read meanwhile, and how fast they "
         "could be "
         "read at best. quantize: IN OUT: a smaller copy of a file of F32, F16 or "
         "BF16.",
     .options = lm_options,
     .noptions = COUNT(lm_options),
     .example = "medkg lm info model.gguf\n  medkg lm tokenize model.gguf "
                "'高血压吃什么药？' --json\n"
                "  medkg lm logits model.gguf --tokens 838,1241 -o logits.f32\n"
                "  medkg lm generate model.gguf '高血压是什么？' -n 100\n"
                "  medkg lm bench model.gguf -p 128 -n 64 -t 2\n"
                "  medkg lm quantize model-f16.gguf model-q8.gguf --type q8_0",
     .shape =
         "{\"file\": \"model.gguf\", \"bytes\": 1798944, \"gguf\": 3, \"name\": "
         "\"...\", "
         "\"architecture\": \"qwen2\", \"parameters\": 1671936, \"tensors\": 26, "
         "\"context\": 512, \"layers\": 2, \"embedding\": 256, \"feed_forward\": 512, "
         "\"heads\": 8, \"kv_heads\": 2, \"types\": [{\"type\": \"Q8_0\", \"tensors\": "
         "15, "
         "\"values\": 1668608, \"bytes\": 1772896, \"computes\": true}], "
         "\"tokenizer\": "
         "{\"model\": \"gpt2\", \"pre\": \"qwen2\", \"tokens\": 1965, \"bos\": 1956, "
         "\"eos\": 1958, \"add_bos\": false, \"add_eos\": false}, \"template\": "
         "\"chatml\"}",
     .exits = "02345"},
    {.name = NULL},
};
