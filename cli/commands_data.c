/* The commands that make what the built-in model is trained on, and their options. */
#include "cli/commands.h"

static const char *const *splits(void)
{
    static const char *const names[] = {"train", "valid", "test", NULL};
    return names;
}

static const char *const *languages(void)
{
    static const char *const names[] = {"zh", "en", "both", NULL};
    return names;
}

static const char *const *formats(void)
{
    static const char *const names[] = {"jsonl", "alpaca", "chatml", NULL};
    return names;
}

static const cli_option data_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "OUT",
     .help = "a file that ends in .jsonl, or a folder for train.jsonl, valid.jsonl and "
             "test.jsonl"},
    {.name = "count",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "300000",
     .min = 1,
     .max = 100000000,
     .unit = "examples",
     .help = "how many; in a folder for training, and a hundredth each, but not below "
             "1000, for the other two"},
    {.name = "split",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = splits,
     .initial = "train",
     .help = "which of them go to a file: those of different splits ask about "
             "different things, in different words"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .initial = "both",
     .help = "language of the examples"},
    {.name = "format",
     .kind = CLI_CHOICE,
     .arg = "F",
     .choices = formats,
     .initial = "jsonl",
     .help = "jsonl has all there is and is what lm vocab and lm train read; alpaca "
             "and chatml are for other trainers"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .max = UINT32_MAX,
     .help = "of the draws"},
};

static const cli_option vocab_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE.gguf",
     .help = "the vocabulary"},
    {.name = "size",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "6144",
     .min = 1024,
     .max = 1048576,
     .unit = "tokens",
     .help = "of the vocabulary"},
};

const cli_command cli_data_commands[] = {
    {.name = "lm data",
     .run = cli_cmd_data,
     .args = "",
     .brief = "write examples to train a language model on",
     .about =
         "The graph becomes examples of question, evidence and answer: lists, texts, "
         "questions of whether, comparisons, what is missing and what is disputed, in "
         "Chinese and English. Names are often replaced by invented ones, so that a "
         "model learns to copy and not to recall. The same graph, options and seed "
         "write the same bytes. The format is in docs/generator.md.",
     .options = data_options,
     .noptions = COUNT(data_options),
     .example = "medkg lm data -o examples --count 300000\n"
                "  medkg lm data -o test.jsonl --split test --count 2000 --lang en\n"
                "  medkg lm data -o tune.jsonl --format chatml",
     .shape = "{\"file\": \"examples/train.jsonl\", \"split\": \"train\", "
              "\"examples\": 300000}",
     .exits = "0234"},
    {.name = "lm vocab",
     .run = cli_cmd_vocab,
     .args = "FILE.jsonl...",
     .min_args = 1,
     .max_args = 64,
     .brief = "learn a vocabulary from examples",
     .about = "The tokens that a language model reads and writes, learnt from what "
              "'medkg lm data' wrote: characters, pieces of words, and bytes for all "
              "else, so that any text can be written with them.",
     .options = vocab_options,
     .noptions = COUNT(vocab_options),
     .example = "medkg lm vocab examples/train.jsonl -o vocab.gguf",
     .shape = "{\"file\": \"vocab.gguf\", \"examples\": 300000, \"tokens\": 6144, "
              "\"characters\": 3989, \"pieces\": 1814, \"left_out\": 12354}",
     .exits = "0234"},
    {.name = NULL},
};
