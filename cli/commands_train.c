/* The command that trains a model, and its options. */
#include "cli/commands.h"

static const char *const *model_types(void)
{
    static const char *const names[] = {"q8_0", "q4_0", "f16", "bf16", "f32", NULL};
    return names;
}

static const char *const *optimizers(void)
{
    static const char *const names[] = {"adamw", "muon", NULL};
    return names;
}

static const cli_option train_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "MODEL.gguf",
     .help = "write the model here; MODEL.gguf.state beside it is what training needs "
             "to go on"},
    {.name = "init",
     .kind = CLI_FILE,
     .arg = "FILE.gguf",
     .help = "begin with this model; if not given, with random weights"},
    {.name = "vocab",
     .kind = CLI_FILE,
     .arg = "FILE.gguf",
     .help = "vocabulary of a model of random weights, as 'medkg lm vocab' makes it"},
    {.name = "layers",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "6",
     .min = 1,
     .max = 256,
     .help = "random weights: layers"},
    {.name = "width",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "256",
     .min = 2,
     .max = 16384,
     .help = "random weights: width of the stream between the layers"},
    {.name = "heads",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "4",
     .min = 1,
     .max = 256,
     .help = "random weights: heads of attention"},
    {.name = "feed-forward",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "704",
     .min = 1,
     .max = 65536,
     .help = "random weights: width of the feed-forward part"},
    {.name = "lora",
     .kind = CLI_COUNT,
     .arg = "RANK",
     .initial = "0",
     .max = 1024,
     .help = "train adapters of this rank only, merged into the model at the end; 0 "
             "trains all weights"},
    {.name = "steps",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1000",
     .min = 1,
     .max = 100000000,
     .help = "steps in all, those of earlier runs included"},
    {.name = "stop-after",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .max = 1000000,
     .unit = "minutes",
     .help = "write the state and stop after this time; the same command goes on. 0 "
             "does not stop"},
    {.name = "batch",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "8192",
     .min = 1,
     .max = 1 << 28,
     .unit = "tokens",
     .help = "about so much goes into a step"},
    {.name = "longest",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "512",
     .min = 2,
     .max = 1 << 20,
     .unit = "tokens",
     .help = "texts that are longer are left out"},
    {.name = "rate",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.001",
     .help = "highest learning rate; it rises for --warmup steps, then falls as a "
             "cosine to a twentieth"},
    {.name = "optimizer",
     .kind = CLI_CHOICE,
     .arg = "NAME",
     .choices = optimizers,
     .initial = "adamw",
     .help = "muon needs fewer steps and a little more time for each: for the matrices "
             "between layers, adamw for the rest"},
    {.name = "warmup",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "100",
     .max = 1000000,
     .unit = "steps",
     .help = "in which the rate rises"},
    {.name = "lanes",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "2",
     .min = 1,
     .max = 256,
     .help = "parts of a batch that are worked on at once; the result depends on it"},
    {.name = "threads",
     .letter = 't',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .max = 256,
     .help = "0 is one for each core; the result is the same"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .max = UINT32_MAX,
     .help = "of the random weights and of the order of the texts"},
    {.name = "valid",
     .kind = CLI_FILE,
     .arg = "FILE.jsonl",
     .help = "texts that are not trained on: their loss is told now and then"},
    {.name = "every",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "100",
     .min = 1,
     .max = 1000000,
     .unit = "steps",
     .help = "how often that is, and the state written"},
    {.name = "type",
     .kind = CLI_CHOICE,
     .arg = "TYPE",
     .choices = model_types,
     .initial = "q8_0",
     .help = "type of the matrices of the model that is written"},
    {.name = "model-name",
     .kind = CLI_TEXT,
     .arg = "TEXT",
     .help = "what the model calls itself"},
    {.name = "plot",
     .kind = CLI_FILE,
     .arg = "FILE.svg",
     .help = "draw the losses here, each time that the state is written"},
};

const cli_command cli_train_commands[] = {
    {.name = "lm train",
     .run = cli_cmd_train,
     .args = "FILE.jsonl",
     .min_args = 1,
     .max_args = 1,
     .brief = "train a language model, or adapt one",
     .about =
         "FILE.jsonl has a text a line, {\"prompt\": \"...\", \"answer\": \"...\"}, as "
         "'medkg lm data' writes them; the model learns to write the answer behind the "
         "prompt. It runs on the processor, in float32. The same files, options and "
         "seed "
         "give the same model, whatever the number of threads. What is broken off, by "
         "Ctrl-C or --stop-after, goes on with the same command. The JSON object's "
         "flops_per_second counts the arithmetic of the matrix products; peak is what "
         "OpenBLAS reaches on two large matrices meanwhile.",
     .options = train_options,
     .noptions = COUNT(train_options),
     .example = "medkg lm train train.jsonl --vocab vocab.gguf -o model.gguf "
                "--steps 4000\n"
                "  medkg lm train train.jsonl --init model.gguf --lora 8 -o mine.gguf",
     .shape =
         "{\"file\": \"model.gguf\", \"parameters\": 6400000, \"trained\": 6400000, "
         "\"texts\": 100000, \"left_out\": 0, \"steps\": 4000, \"done\": true, "
         "\"loss\": 0.05, \"valid\": {\"loss\": 0.06, \"tokens\": 0.99, \"texts\": "
         "0.9}, \"tokens_per_second\": 1500.0, \"flops_per_second\": 6e10, "
         "\"peak\": 1.8e11, \"seconds\": 3000.0}",
     .exits = "02345"},
    {.name = NULL},
};
