/* The commands that answer and measure, and their options. */
#include "cli/commands.h"

static const cli_option ask_options[] = {
    AS_OF,
    {.name = "lm",
     .kind = CLI_FILE,
     .arg = "LM",
     .help =
         "what writes the answer: builtin (the model that comes with medkg, which can "
         "write nothing but what the evidence says), none (the evidence set out as it "
         "is), a FILE.gguf with a language model (llama, qwen2, qwen3), which runs "
         "here, or the URL of an OpenAI-compatible endpoint; if not given, $MEDKG_LM, "
         "else builtin, and where that is missing none"},
    {.name = "facts",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "20",
     .min = 1,
     .max = 10000,
     .help = "most pieces of evidence"},
    {.name = "timeout",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "120",
     .min = 1,
     .max = 86400,
     .unit = "seconds",
     .help = "longest silence of an endpoint"},
    {.name = "full", .help = "show long texts of the evidence whole"},
    {.name = "explain",
     .help = "why each fact was chosen, scores, and how long it took"},
    {.name = "no-stream", .help = "do not show a model's words as they come"},
    {.name = "threads",
     .letter = 't',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .max = 256,
     .help = "of builtin and of a FILE.gguf; 0 is one for each core"},
    {.name = "patient", .kind = CLI_TEXT, .arg = "ID", .help = "not in this version"},
};

static const cli_option learn_options[] = {
    {.name = "pairs",
     .kind = CLI_FILE,
     .arg = "FILE",
     .help = "pairs of your own; kept in the store, in place of those given before"},
    {.name = "dim",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "64",
     .min = 1,
     .max = 512,
     .help = "size of a vector",
     .unit = "numbers"},
    {.name = "epochs",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "10",
     .min = 1,
     .max = 10000,
     .help = "rounds over the pairs"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .min = 0,
     .max = INT64_MAX,
     .help = "of the random numbers"},
};

static const cli_option eval_options[] = {
    {.name = "map",
     .kind = CLI_FILE,
     .arg = "TSV",
     .help = "intent: which relations each label stands for, a label a line, a tab, "
             "relations with ';' between them"},
    {.name = "folds",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "5",
     .min = 2,
     .max = 100,
     .help = "intent: parts for cross-validation"},
    {.name = "channels",
     .kind = CLI_TEXT,
     .arg = "A,B",
     .help = "retrieval: use these ways alone: direct, intent, learnt, entity, path, "
             "pagerank, vector, text; if not given, those that help"},
    {.name = "exact",
     .help = "retrieval: names to the letter alone, no typos and no everyday words"},
    {.name = "misses",
     .kind = CLI_FILE,
     .arg = "OUT",
     .help = "write the missed cases, and what was found instead, to this file (JSON "
             "Lines)"},
    {.name = "method",
     .kind = CLI_CHOICE,
     .arg = "M",
     .initial = "full",
     .choices = mkg_linking_methods,
     .help = "linking: equal names, edit distance, n-grams, or everything there is"},
    {.name = "lm",
     .kind = CLI_FILE,
     .arg = "LM",
     .help = "answers: what writes them, as for ask; builtin if not given; gold "
             "measures those that FILE has"},
    {.name = "no-ground",
     .help = "answers: do not hold the model's words to the evidence while it writes"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .max = INT64_MAX,
     .help = "answers: the first N cases; 0 is all"},
    {.name = "labels",
     .kind = CLI_FILE,
     .arg = "FILE",
     .help =
         "vectors: tell these labels from the vectors; lines of a node, a tab and a "
         "label"},
    {.name = "links",
     .help = "vectors: find edges that were held out; trains anew without them, as the "
             "set was"},
    {.name = "analogy",
     .kind = CLI_FILE,
     .arg = "FILE",
     .help = "vectors: a is to b as c is to d; lines of four nodes between tabs"},
    {.name = "clusters",
     .help = "vectors: do they group as the types of the nodes do, or as --labels"},
    {.name = "train",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.5",
     .help = "labels: part of the nodes to learn from"},
    {.name = "repeats",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "5",
     .min = 1,
     .max = 10000,
     .help = "labels: shuffles"},
    {.name = "normalize", .help = "labels: scale each vector to length 1 first"},
    {.name = "held-out",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.1",
     .help = "links: part of the edges"},
    {.name = "relation",
     .kind = CLI_TEXT,
     .arg = "R",
     .help = "links: hold out facts of this relation alone"},
    {.name = "rankings",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "500",
     .min = 1,
     .max = 1000000,
     .help = "links: held-out facts to rank among all nodes of the type"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .min = 0,
     .max = INT32_MAX,
     .help = "vectors: of the shuffles and of what is held out"},
};

const cli_command cli_answers_commands[] = {
    {.name = "ask",
     .run = cli_cmd_ask,
     .args = "QUESTION",
     .min_args = 1,
     .max_args = 1,
     .brief = "answer a question, with citations",
     .about =
         "QUESTION is in Chinese or English, in quotes; '-' reads it from standard "
         "input. The answer comes first, then the numbered facts that it cites, each "
         "with file and line, then what was not found and how the question was "
         "understood. Without evidence the answer is that there is none, and the exit "
         "code is 1. The status in --json is answered, partial, ambiguous, conflict or "
         "no_evidence; start and end are byte offsets in the question. The verdict is "
         "yes, no or "
         "disputed where the question asks whether it is so and facts say, else null.",
     .options = ask_options,
     .noptions = COUNT(ask_options),
     .example = "medkg ask '糖尿病有哪些并发症？' --facts 10",
     .shape =
         "{\"question\": \"糖尿病有哪些并发症？\", \"language\": \"zh\", \"status\": "
         "\"answered\", \"graph\": {\"version\": 1, \"hash\": "
         "\"8f58989ddc81ae00...\"}, \"mentions\": [{\"text\": \"糖尿病\", \"start\": "
         "0, \"end\": 9, \"node\": 17, \"name\": \"糖尿病\", \"type\": \"disease\", "
         "\"how\": \"exact\", \"score\": 1.0, \"negated\": false}], \"relations\": "
         "[{\"relation\": "
         "\"complication\", \"score\": 1.0, \"label\": \"并发症\", "
         "\"guessed\": false}], \"evidence\": "
         "[{\"n\": 1, \"fact\": 4211, \"subject\": \"糖尿病\", \"relation\": "
         "\"complication\", \"object\": \"糖尿病肾病\", \"source\": \"medical.jsonl\", "
         "\"locator\": \"medical.jsonl:812\", \"score\": 0.93, \"why\": \"intent\", "
         "\"polarity\": \"+\", \"grade\": null, \"population\": null, \"label\": "
         "\"并发症\", \"source_version\": null, \"weight\": 1.0, \"more_sources\": "
         "0}], \"answer\": \"...\", \"sentences\": [{\"text\": \"...\", \"cites\": "
         "[1], \"supported\": true}], \"removed\": [], \"conflicts\": [{\"evidence\": "
         "[1, 2]}], \"not_found\": [{\"what\": \"...\", \"searched\": \"...\", "
         "\"reason\": \"unknown_entity\"}], \"warnings\": [], \"hypotheses\": [], "
         "\"lm\": {\"backend\": \"none\", \"model\": null, \"prompt_tokens\": 0, "
         "\"tokens\": 0}, \"ms\": {\"link\": 0.2, \"retrieve\": 0.6, \"generate\": "
         "0.1}, \"more\": 0, \"verdict\": null, \"reasons\": []}",
     .exits = "0123456"},
    {.name = "learn",
     .run = cli_cmd_learn,
     .args = "",
     .brief = "learn how people say what the graph calls otherwise",
     .about = "From the graph's aliases, the shipped table of colloquial phrases and "
              "pairs of "
              "your own: which words stand for one another, vectors of n-grams, and "
              "how much "
              "each sign of likeness counts. 'search' and 'ask' use it from then on. "
              "FILE is "
              "JSON Lines with \"text\" and \"gold\" (a list of names), or lines of "
              "terms, a "
              "tab and phrases, with ';' between them.",
     .options = learn_options,
     .noptions = COUNT(learn_options),
     .example = "medkg learn --pairs ours.tsv",
     .shape = "{\"aliases\": 0, \"shipped\": 3900, \"given\": 6370, \"rules\": 410, "
              "\"names\": 26000, \"seconds\": 9.1}",
     .exits = "01234"},
    {.name = "eval",
     .run = cli_cmd_eval,
     .args = "retrieval|linking|intent|answers|vectors FILE|SET",
     .min_args = 2,
     .max_args = 2,
     .brief = "measure on a file of cases",
     .about =
         "retrieval: FILE is JSON Lines with \"question\" and \"gold\" (a list of "
         "names or texts). Prints how often a gold is among the first 1, 5 and 10 "
         "pieces of evidence, how often all are among the first 20, the mean "
         "reciprocal rank, and the time of linking and retrieval of one question.\n\n"
         "intent: FILE is JSON Lines with \"question\" and \"intent\" (a label). "
         "Prints F1 of each label: by the most frequent label, by the phrases of "
         "the vocabulary, by the model of 'medkg embed intents' (that of the store, "
         "else "
         "the one that comes with medkg), by phrases and, where there is none, the "
         "model (these three by way of --map), and by the same classifier trained on "
         "the other folds of FILE."
         "\n\n"
         "linking: FILE has \"text\" (or \"colloquial\") and \"gold\" (or "
         "\"standard\"; names). Prints how often a node of such a name is among the "
         "first 1, 5 and 10, by \"kind\" and by how it was found."
         "\n\n"
         "answers: FILE is what 'medkg lm data --split test' writes: questions, "
         "evidence and the numbers of the facts that answer them. Needs no store. "
         "Prints, of what the model wrote before anything is removed: how often the "
         "name of a cited fact stands there to the letter, how often all facts that "
         "answer are told, precision and recall of the citations, how often it "
         "refuses where nothing answers, names of other cases, and sentences that "
         "are removed."
         "\n\n"
         "vectors: SET is a vector set; --labels, --links, --analogy or --clusters "
         "says "
         "what to measure (docs/vectors.md).",
     .options = eval_options,
     .noptions = COUNT(eval_options),
     .example = "medkg eval retrieval cases.jsonl --misses missed.jsonl",
     .shape = "{\"cases\": 974, \"skipped\": 0, \"recall_at_1\": 0.9, \"recall_at_5\": "
              "0.9, \"recall_at_10\": 0.9, \"all_in_20\": 0.8, \"mrr\": 0.9, \"ms\": "
              "{\"p50\": 0.5, \"p95\": 1.1, \"p99\": 2.0}, \"unanswerable\": 0, "
              "\"refused\": 0, \"relation\": {\"symptom\": {\"cases\": 117, "
              "\"hit_at_1\": 0.9, \"hit_at_5\": 0.9, \"hit_at_10\": 0.9, \"mrr\": "
              "0.9}}, \"how\": {\"exact\": {\"cases\": 974, \"hit_at_1\": 0.9, "
              "\"hit_at_5\": 0.9, \"hit_at_10\": 0.9, \"mrr\": 0.9}}}",
     .exits = "0234"},
    {.name = NULL},
};
