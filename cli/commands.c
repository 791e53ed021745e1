/* The commands and their options: what is parsed, checked and told by help. */
#include "cli/cli.h"

#include "import/import.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *const *languages(void)
{
    static const char *const names[] = {"zh", "en", NULL};
    return names;
}

/* Commands that write wait for each other; cli_open_write() sees to it. */
#define NO_WAIT                                                                        \
    {                                                                                  \
        .name = "no-wait",                                                             \
        .help = "fail if another process is writing, instead of waiting for it"        \
    }

static const cli_option import_options[] = {
    {.name = "format",
     .kind = CLI_CHOICE,
     .arg = "F",
     .choices = mkg_import_formats,
     .help = "read as this format; recognised by content if not given"},
    {.name = "map",
     .kind = CLI_FILE,
     .arg = "M.json",
     .help = "mapping file for records; if not given, the one that fits in the data "
             "folder"},
    {.name = "source",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "name of the source; the file's name if not given"},
    {.name = "licence", .kind = CLI_TEXT, .arg = "L", .help = "licence of the source"},
    {.name = "version", .kind = CLI_TEXT, .arg = "V", .help = "version of the source"},
    {.name = "keep-both",
     .help =
         "keep a source of the same name beside this one; if not given, this one takes "
         "its place"},
    {.name = "memory",
     .kind = CLI_SIZE,
     .arg = "SIZE",
     .initial = "1G",
     .min = 16 << 20,
     .max = (uint64_t)1 << 44,
     .unit = "bytes, or with K, M, G behind it",
     .help = "most memory to use; beyond it facts are sorted in temporary files in the "
             "store's folder"},
    {.name = "merge-xref",
     .help =
         "take what the source refers to (xref) for the same thing: kept as same_as, "
         "and gone with the source"},
    {.name = "dry-run", .help = "read and count, write nothing"},
    {.name = "strict", .help = "fail at the first line that cannot be read"},
    NO_WAIT,
};

/* Of remove and undo. */
static const cli_option change_options[] = {
    NO_WAIT,
};

static const cli_option check_options[] = {
    {.name = "deep",
     .help = "hold every record and every index against the others first"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "5",
     .min = 0,
     .max = 1000000,
     .help = "most examples of a finding"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of the names shown; that of the locale if not given"},
};

/* Commands that can look at an earlier version; cli_open() sees to it. */
#define AS_OF                                                                          \
    {                                                                                  \
        .name = "as-of", .kind = CLI_COUNT, .arg = "V", .min = 1, .max = INT64_MAX,    \
        .help = "look at the graph as it was at this version ('medkg log' lists them)" \
    }

static const cli_option search_options[] = {
    AS_OF,
    {.name = "k",
     .letter = 'k',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "10",
     .min = 1,
     .max = CLI_TOP_MAX,
     .help = "most results"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of the names shown; that of TEXT if not given"},
};

static const cli_option show_options[] = {
    AS_OF,
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of names and labels; that of NODE if not given"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "20",
     .min = 0,
     .max = 1000000,
     .help = "most facts of a relation, 0 for all; with --json all if not given"},
};

static const cli_option sources_options[] = {AS_OF};

static const cli_option diff_options[] = {
    {.name = "format",
     .kind = CLI_CHOICE,
     .arg = "F",
     .choices = mkg_import_formats,
     .help = "read the file B as this format"},
    {.name = "map",
     .kind = CLI_FILE,
     .arg = "M.json",
     .help = "mapping file for the file B"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "FILE",
     .help = "write all differences to this file, tab-separated"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "20",
     .min = 0,
     .max = 1000000,
     .help = "most differences shown, 0 for all"},
    NO_WAIT,
};

static const cli_option compact_options[] = {
    {.name = "keep",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "30",
     .min = 0,
     .max = 100000,
     .unit = "days",
     .help = "keep what was taken out in the last days; if not given, as many as the "
             "store is set to"},
    {.name = "set",
     .help =
         "set the store to it: from now on each import, remove and undo clears away "
         "by itself what went before"},
    {.name = "unset", .help = "nothing is cleared away any more but by this command"},
    NO_WAIT,
};

static const cli_option path_options[] = {
    AS_OF,
    {.name = "k",
     .letter = 'k',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "3",
     .min = 1,
     .max = CLI_TOP_MAX,
     .help = "most paths"},
    {.name = "max-length",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "4",
     .min = 1,
     .max = 16,
     .help = "longest path",
     .unit = "steps"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of names and labels; that of A if not given"},
};

static const cli_option stats_options[] = {
    AS_OF,
    {.name = "graph",
     .help =
         "its shape as well: components, communities, the nodes with the most links "
         "and the highest PageRank"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of the names; that of the locale if not given"},
};

static const cli_option similar_options[] = {
    {.name = "set",
     .kind = CLI_TEXT,
     .arg = "SET",
     .help = "the vector set; if not given, the only one, or node2vec"},
    {.name = "type", .kind = CLI_TEXT, .arg = "T", .help = "only nodes of this type"},
    {.name = "k",
     .letter = 'k',
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "10",
     .min = 1,
     .max = CLI_TOP_MAX,
     .help = "most results"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of the names shown; that of NODE if not given"},
};

static const cli_option embed_options[] = {
    {.name = "name",
     .kind = CLI_TEXT,
     .arg = "SET",
     .help = "name of the set; the method's if not given"},
    {.name = "dim",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "128",
     .min = 1,
     .max = 4096,
     .help = "size of a vector",
     .unit = "numbers"},
    {.name = "walks",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "10",
     .min = 1,
     .max = 10000,
     .help = "walks from each node, an epoch"},
    {.name = "length",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "80",
     .min = 2,
     .max = 10000,
     .help = "length of a walk",
     .unit = "nodes"},
    {.name = "window",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "10",
     .min = 1,
     .max = 1000,
     .help = "context on each side",
     .unit = "nodes"},
    {.name = "negative",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "5",
     .min = 1,
     .max = 64,
     .help = "negative samples for each pair"},
    {.name = "epochs",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .min = 1,
     .max = 10000,
     .help = "rounds of walks"},
    {.name = "p",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "1",
     .help = "return parameter, 1e-6 to 1e6: large keeps walks from going back"},
    {.name = "q",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "1",
     .help =
         "in-out parameter, 1e-6 to 1e6: large keeps walks near, small sends them far"},
    {.name = "types",
     .kind = CLI_TEXT,
     .arg = "A,B",
     .help = "only nodes of these types"},
    {.name = "relations",
     .kind = CLI_TEXT,
     .arg = "R,S",
     .help = "only facts of these relations"},
    {.name = "threads",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "0",
     .min = 0,
     .max = 256,
     .help = "threads, 0 for one on each core"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .min = 0,
     .max = INT64_MAX,
     .help = "of the random numbers"},
    {.name = "deterministic",
     .help = "the same bytes for the same seed on any number of threads; slower"},
};

static const cli_option export_options[] = {
    AS_OF,
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .arg = "OUT",
     .help =
         "file to write, '-' for standard output; a folder, or the beginning of the "
         "names, for formats of two files"},
    {.name = "format",
     .kind = CLI_TEXT,
     .arg = "F",
     .help = "of a graph: nt, triples, graphml, kgx, neo4j, dot (triples if not "
             "given); of vectors: word2vec, word2vec-bin, npy, projector (word2vec if "
             "not given)"},
    {.name = "types",
     .kind = CLI_TEXT,
     .arg = "A,B",
     .help = "only nodes of these types"},
    {.name = "relations",
     .kind = CLI_TEXT,
     .arg = "R,S",
     .help = "only facts of these relations, and nodes that have one"},
    {.name = "lang",
     .kind = CLI_CHOICE,
     .arg = "LANG",
     .choices = languages,
     .help = "language of the names and labels; if not given, each node's first name, "
             "for dot the language of NODE"},
    {.name = "sources",
     .help = "nt: also say which source states each fact, and where"},
    {.name = "node",
     .kind = CLI_TEXT,
     .arg = "NODE",
     .help = "dot: the node in the middle of the picture"},
    {.name = "hops",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .min = 1,
     .max = 10,
     .help = "dot: as far as this from NODE",
     .unit = "facts"},
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "40",
     .min = 1,
     .max = 10000,
     .help = "dot: most nodes in the picture"},
};

static const cli_option ask_options[] = {
    AS_OF,
    {.name = "lm",
     .kind = CLI_FILE,
     .arg = "LM",
     .help =
         "what writes the answer: none (the evidence set out as it is), or the URL of "
         "an OpenAI-compatible endpoint, or a FILE.gguf with a language model (llama, "
         "qwen2, qwen3), which runs here; builtin is not in this version; if not "
         "given, $MEDKG_LM, else none"},
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
     .help = "of a FILE.gguf; 0 is one for each core"},
    {.name = "patient", .kind = CLI_TEXT, .arg = "ID", .help = "not in this version"},
};

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
};

const cli_command cli_commands[] = {
    {.name = "import",
     .run = cli_cmd_import,
     .args = "FILE...",
     .min_args = 1,
     .max_args = SIZE_MAX,
     .brief = "read files into the graph",
     .about = "Each FILE becomes one source, all of it or nothing; '-' is standard "
              "input, and "
              "gzip is undone. The store is made if there is none. Lines that cannot "
              "be read "
              "are skipped, counted and told on stderr as FILE:LINE:COLUMN (the first "
              "20; all "
              "with -v). A file that was imported before, to the byte, is left alone.",
     .options = import_options,
     .noptions = COUNT(import_options),
     .example =
         "medkg -d medkg.db import medical.jsonl --licence CC0 --version 2024-01",
     .shape = "{\"source\": 1, \"name\": \"medical.jsonl\", \"format\": \"records\", "
              "\"nodes\": 812, \"names\": 1204, \"facts\": 4211, \"skipped\": 0, "
              "\"seconds\": 0.3, \"new_nodes\": 812, \"new_facts\": 4211, "
              "\"new_relations\": 0, \"already\": "
              "false, \"dry_run\": false, \"replaced\": null}",
     .exits = "0234"},
    {.name = "sources",
     .run = cli_cmd_sources,
     .args = "",
     .brief = "list what was imported",
     .about =
         "Each source with its reader, facts, skipped lines, date (UTC), version and "
         "licence; --json adds the SHA-256 of the file.",
     .example = "medkg -d medkg.db sources",
     .shape = "{\"sources\": [{\"source\": 1, \"name\": \"medical.jsonl\", \"file\": "
              "\"medical.jsonl\", \"format\": \"records\", \"version\": \"2024-01\", "
              "\"licence\": null, \"sha256\": \"9f86...\", \"time\": "
              "\"2024-01-31T08:00:00Z\", \"size\": 48213, \"nodes\": 812, \"names\": "
              "1204, \"facts\": 4211, \"skipped\": 0}]}",
     .options = sources_options,
     .noptions = COUNT(sources_options),
     .exits = "024"},
    {.name = "remove",
     .run = cli_cmd_remove,
     .args = "SOURCE",
     .min_args = 1,
     .max_args = 1,
     .brief = "take out what a source brought",
     .about = "SOURCE is an id or a name. What another source states, too, stays. The "
              "change "
              "is a version: 'medkg undo' takes it back, until 'medkg compact'.",
     .options = change_options,
     .noptions = COUNT(change_options),
     .example = "medkg -d medkg.db remove medical.jsonl",
     .shape =
         "{\"version\": 4, \"change\": \"remove\", \"time\": \"2024-01-31T08:00:00Z\", "
         "\"source\": null, \"removed\": {\"source\": 1, \"name\": \"medical.jsonl\"}, "
         "\"undone\": null, \"facts_added\": 0, \"facts_removed\": 4211, "
         "\"facts_changed\": 0}",
     .exits = "0124"},
    {.name = "diff",
     .run = cli_cmd_diff,
     .args = "A B",
     .min_args = 2,
     .max_args = 2,
     .brief = "tell what differs between two sources",
     .about =
         "A is a source, by id or name; B is a source, or a file that is read as if it "
         "took A's place, without writing anything. A fact counts as changed when its "
         "weight, grade or population differ. -o writes a table with the columns "
         "change, "
         "subject, relation, object, before, after.",
     .options = diff_options,
     .noptions = COUNT(diff_options),
     .example = "medkg -d medkg.db diff medical.jsonl new/medical.jsonl",
     .shape =
         "{\"added\": 12, \"removed\": 3, \"changed\": 1, \"same\": 4211, "
         "\"differences\": [{\"change\": \"added\", \"fact\": 4212, \"subject\": "
         "\"感冒\", \"relation\": \"symptom\", \"object\": \"头痛\", \"polarity\": "
         "\"+\", \"locator\": \"medical.jsonl:12\"}]}",
     .exits = "01234"},
    {.name = "log",
     .run = cli_cmd_log,
     .args = "",
     .brief = "list the versions of the graph",
     .about =
         "Each import, replacement, removal and undo makes a version; the newest comes "
         "first. 'search', 'show', 'ask', 'stats' and 'sources' look at an earlier one "
         "with --as-of.",
     .example = "medkg -d medkg.db log",
     .shape =
         "{\"versions\": [{\"version\": 1, \"change\": \"import\", \"time\": "
         "\"2024-01-31T08:00:00Z\", \"source\": {\"source\": 1, \"name\": "
         "\"medical.jsonl\"}, \"removed\": null, \"undone\": null, \"facts_added\": "
         "4211, \"facts_removed\": 0, \"facts_changed\": 0}], \"keep_days\": null}",
     .exits = "04"},
    {.name = "undo",
     .run = cli_cmd_undo,
     .args = "",
     .brief = "take back the last change",
     .about = "The last import, replacement or removal that has not been taken back. "
              "The undo "
              "is a version of its own. What was compacted cannot be taken back.",
     .options = change_options,
     .noptions = COUNT(change_options),
     .example = "medkg -d medkg.db undo",
     .shape =
         "{\"version\": 5, \"change\": \"undo\", \"time\": \"2024-01-31T08:00:00Z\", "
         "\"source\": {\"source\": 1, \"name\": \"medical.jsonl\"}, \"removed\": null, "
         "\"undone\": 4, \"facts_added\": 4211, \"facts_removed\": 0, "
         "\"facts_changed\": "
         "0}",
     .exits = "0124"},
    {.name = "compact",
     .run = cli_cmd_compact,
     .args = "",
     .brief = "clear away what was taken out long ago",
     .about =
         "What sources brought that were removed or replaced stays on the disk, for "
         "undo "
         "and --as-of. This clears away what went more than --keep days ago; versions "
         "before that can no longer be looked at. The file does not get smaller, the "
         "space is used again.",
     .options = compact_options,
     .noptions = COUNT(compact_options),
     .example = "medkg -d medkg.db compact --keep 90 --set",
     .shape = "{\"sources\": 1, \"facts\": 4211, \"nodes\": 812, \"keep_days\": 90}",
     .exits = "024"},
    {.name = "check",
     .run = cli_cmd_check,
     .args = "",
     .brief = "look for what is wrong with the graph",
     .about =
         "Names that mean several nodes of one type, codes that stand on several "
         "nodes, cycles in is_a, drugs that treat what they are contraindicated in, "
         "statements that are both stated and denied, nodes without a fact, relations "
         "without a label (kinds name, code, cycle, conflict, denied, orphan, label). "
         "For information: names that mean nodes of several types, "
         "and facts between other types than the vocabulary expects (name_types, "
         "fact_type). --deep looks for "
         "damage first: each record against each index, all counters, the hash. With "
         "--json, deep is null without --deep, and findings where there is damage.",
     .options = check_options,
     .noptions = COUNT(check_options),
     .example = "medkg check --deep --limit 20",
     .shape = "{\"version\": 1, \"findings\": [{\"kind\": \"name\", \"count\": 1, "
              "\"information\": false, \"examples\": [{\"text\": \"感冒\", "
              "\"relation\": null, \"nodes\": [{\"node\": 17, \"name\": \"感冒\", "
              "\"type\": \"disease\", \"codes\": []}], \"facts\": [4211]}]}], "
              "\"deep\": {\"damage\": 0, \"nodes\": 812, \"names\": 1204, \"codes\": "
              "290, \"facts\": 4211, \"relations\": 40, \"sources\": 1, \"examples\": "
              "[{\"where\": \"name\", \"what\": \"...\"}]}}",
     .exits = "0124",
     .one = "there are findings that are not only information"},
    {.name = "backup",
     .run = cli_cmd_backup,
     .args = "DIR",
     .min_args = 1,
     .max_args = 1,
     .brief = "copy the store into a new folder",
     .about = "DIR must not exist, or be empty. Others may read and one may write "
              "meanwhile: the copy is the graph as of its newest version, without free "
              "space, with the vector sets. It is a store like any other: use it with "
              "-d, or restore it by moving it to the place of the old one.",
     .example = "medkg -d medkg.db backup /backup/medkg-2024-01-31",
     .shape = "{\"folder\": \"/backup/medkg-2024-01-31\", \"bytes\": 1048576, "
              "\"version\": 1, \"hash\": \"8f58989ddc81ae00...\", \"seconds\": 0.1}",
     .exits = "024"},
    {.name = "stats",
     .run = cli_cmd_stats,
     .args = "",
     .brief = "count nodes, names, facts",
     .about =
         "The size of the graph, nodes by type and facts by relation. A process that "
         "goes on reading an old state of the store is told of, as it keeps the file "
         "from being used again. --graph adds "
         "its shape, for which links have no direction: components, communities "
         "(Leiden) and the ten nodes with the most links and the highest PageRank. "
         "With --json that is \"graph\": {\"edges\", \"components\", \"largest\", "
         "\"isolated\", \"communities\", \"modularity\", \"highest_degree\": [...], "
         "\"highest_pagerank\": [...]}.",
     .options = stats_options,
     .noptions = COUNT(stats_options),
     .example = "medkg -d medkg.db stats --json",
     .shape = "{\"nodes\": 812, \"names\": 1204, \"facts\": 4211, \"relations\": 14, "
              "\"sources\": 1, \"types\": {\"disease\": 301}, \"codes\": 290, "
              "\"facts_by_relation\": {\"symptom\": 1620}, \"bytes\": 1048576, "
              "\"version\": 1, \"hash\": \"8f58989ddc81ae00...\", \"readers\": 0, "
              "\"reader_lag\": 0, \"keep_days\": null}",
     .exits = "024"},
    {.name = "search",
     .run = cli_cmd_search,
     .args = "TEXT",
     .min_args = 1,
     .max_args = 1,
     .brief = "find nodes by name or code",
     .about =
         "Nodes whose name, alias or code is TEXT, then those whose name begins with "
         "it, then those with a similar name.",
     .options = search_options,
     .noptions = COUNT(search_options),
     .example = "medkg search 糖尿病 -k 5",
     .shape =
         "{\"results\": [{\"node\": 17, \"name\": \"糖尿病\", \"type\": \"disease\", "
         "\"codes\": [\"ICD10:E14\"], \"how\": \"exact\", \"score\": 1.0}]}",
     .exits = "0124"},
    {.name = "show",
     .run = cli_cmd_show,
     .args = "NODE",
     .min_args = 1,
     .max_args = 1,
     .brief = "show a node with its names, codes and facts",
     .about = "NODE is a name, a code (ICD10:E11) or an id (#17). Where a name belongs "
              "to several nodes they are listed, and the id chooses one. Each fact "
              "stands with the place that it comes from; '+1' counts further sources "
              "that state the same. With --json such a list is {\"query\", "
              "\"ambiguous\": true, \"results\"}.",
     .options = show_options,
     .noptions = COUNT(show_options),
     .example = "medkg show ICD10:E11 --lang en",
     .shape =
         "{\"node\": 17, \"name\": \"糖尿病\", \"type\": \"disease\", \"names\": "
         "[{\"lang\": \"zh\", \"kind\": \"name\", \"text\": \"糖尿病\", \"source\": "
         "\"medical.jsonl\"}], \"codes\": [\"ICD10:E14\"], \"facts\": [{\"fact\": "
         "4211, \"relation\": \"complication\", \"direction\": \"out\", \"subject\": "
         "\"糖尿病\", \"object\": \"糖尿病肾病\", \"source\": \"medical.jsonl\", "
         "\"locator\": \"medical.jsonl:812\", \"polarity\": \"+\", \"weight\": 1.0, "
         "\"label\": \"并发症\", \"subject_node\": 17, \"object_node\": 35, \"grade\": "
         "null, \"population\": null, \"more_sources\": 0}], "
         "\"same\": []}",
     .exits = "0124"},
    {.name = "path",
     .run = cli_cmd_path,
     .args = "A B",
     .min_args = 2,
     .max_args = 2,
     .brief = "show how two nodes are linked",
     .about = "A and B are names, codes or ids (#17). The shortest paths, in whatever "
              "direction facts lead; of the same length the one whose nodes have fewer "
              "links. Each step reads from left to right and stands with the place of "
              "its first fact; '+1' counts further sources of that fact. With --json "
              "\"direction\" is \"in\" where the step goes from object to subject, and "
              "\"more_facts\" counts other facts between the two nodes.",
     .options = path_options,
     .noptions = COUNT(path_options),
     .example = "medkg path 糖尿病 蛋白尿 --max-length 3",
     .shape = "{\"paths\": [[{\"subject\": \"糖尿病\", \"relation\": \"complication\", "
              "\"object\": \"糖尿病肾病\", \"fact\": 4211, \"direction\": \"out\", "
              "\"label\": \"并发症\", \"source\": \"medical.jsonl\", \"locator\": "
              "\"medical.jsonl:812\", \"subject_node\": 17, \"object_node\": 35, "
              "\"more_sources\": 0, \"more_facts\": 0}]]}",
     .exits = "0124"},
    {.name = "embed",
     .run = cli_cmd_embed,
     .args = "METHOD",
     .min_args = 1,
     .max_args = 1,
     .brief = "make a vector set from the graph",
     .about =
         "METHOD is node2vec (Grover and Leskovec, KDD 2016; with p = q = 1 it is "
         "DeepWalk). A set of the same name is replaced. Ctrl-C stops and leaves "
         "the old one.\n\n"
         "METHOD 'intents' makes no vectors: from the relations and phrases of the "
         "graph it writes questions and learns to tell which relation a question "
         "asks for (docs/intent.md). Run it after adding to relations.tsv.",
     .options = embed_options,
     .noptions = COUNT(embed_options),
     .example =
         "medkg embed node2vec --name disease64 --dim 64 --types disease,symptom",
     .shape =
         "{\"name\": \"node2vec\", \"method\": \"node2vec\", \"rows\": 812, \"dim\": "
         "128, \"seconds\": 4.2, \"edges\": 4100, \"seed\": 1, \"graph_version\": 1}",
     .exits = "0124"},
    {.name = "similar",
     .run = cli_cmd_similar,
     .args = "NODE",
     .min_args = 1,
     .max_args = 1,
     .brief = "nodes whose vectors are nearest",
     .about =
         "By cosine in a vector set made by 'medkg embed'. NODE is a name, a code or "
         "an id (#17). What is similar is a hint, not a fact.",
     .options = similar_options,
     .noptions = COUNT(similar_options),
     .example = "medkg similar 糖尿病 --type disease -k 5",
     .shape =
         "{\"results\": [{\"node\": 17, \"name\": \"糖尿病\", \"type\": \"disease\", "
         "\"codes\": [\"ICD10:E14\"], \"how\": \"vector\", \"score\": 0.83}]}",
     .exits = "0124"},
    {.name = "vectors",
     .run = cli_cmd_vectors,
     .args = "",
     .brief = "list the vector sets",
     .about = "Each set with its method, rows and dimensions. A set is stale when the "
              "graph has changed since it was made.",
     .example = "medkg vectors --json",
     .shape = "{\"vectors\": [{\"name\": \"node2vec\", \"method\": \"node2vec\", "
              "\"rows\": 812, \"dim\": 128, \"graph_version\": 1, \"stale\": false, "
              "\"seed\": 1, \"params\": {\"dim\": 128}}]}",
     .exits = "024"},
    {.name = "export",
     .run = cli_cmd_export,
     .args = "graph|vectors [SET]",
     .min_args = 1,
     .max_args = 2,
     .brief = "write the graph or vectors for other tools",
     .about = "'export graph' writes the graph, or the part that --types and "
              "--relations choose; 'export vectors SET' a vector set, with a table of "
              "names beside it. The triples come back whole with 'medkg import'. What "
              "the other formats carry is told in docs/export.md. A file that is there "
              "is replaced when the new one is complete.",
     .options = export_options,
     .noptions = COUNT(export_options),
     .example =
         "medkg export graph --format graphml --types disease,drug -o out.graphml",
     .shape = "{\"file\": \"out.graphml\", \"nodes\": 812, \"edges\": 4211, "
              "\"files\": [\"out.graphml\"], \"format\": \"graphml\", "
              "\"denied_left_out\": 0, \"texts_left_out\": 0, \"same_name\": 0, "
              "\"nodes_left_out\": 0, \"seconds\": 0.1}",
     .exits = "0124"},
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
         "\"how\": \"exact\", \"score\": 1.0}], \"relations\": [{\"relation\": "
         "\"complication\", \"score\": 1.0, \"label\": \"并发症\"}], \"evidence\": "
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
         "0.1}, \"more\": 0, \"verdict\": null}",
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
     .args = "retrieval|linking|intent FILE",
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
         "first 1, 5 and 10, by \"kind\" and by how it was found.",
     .options = eval_options,
     .noptions = COUNT(eval_options),
     .example = "medkg eval retrieval cases.jsonl --misses missed.jsonl",
     .shape = "{\"cases\": 974, \"skipped\": 0, \"recall_at_1\": 0.9, \"recall_at_5\": "
              "0.9, \"recall_at_10\": 0.9, \"all_in_20\": 0.8, \"mrr\": 0.9, \"ms\": "
              "{\"p50\": 0.5, \"p95\": 1.1, \"p99\": 2.0}, \"unanswerable\": 0, "
              "\"refused\": 0}",
     .exits = "0234"},
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
    {.name = "help",
     .run = cli_cmd_help,
     .args = "[COMMAND]",
     .max_args = 1,
     .brief = "tell how to use a command",
     .about =
         "Without COMMAND, the list of commands and the options of all of them. With "
         "--json, the tables of commands and options.",
     .example = "medkg help import",
     .shape =
         "{\"commands\": [{\"name\": \"version\", \"args\": \"\", \"brief\": \"...\", "
         "\"options\": [], \"shape\": \"{...}\"}], \"options\": [{\"name\": \"db\", "
         "\"letter\": \"d\", \"kind\": \"file\", \"default\": null, \"unit\": null, "
         "\"min\": null, \"max\": null, \"choices\": null, \"help\": \"...\"}]}",
     .exits = "02"},
    {.name = "version",
     .run = cli_cmd_version,
     .args = "",
     .brief = "the version of the program",
     .about = "The version of the program and of the store that it writes.",
     .example = "medkg version",
     .shape = "{\"version\": \"0.1.0\", \"schema\": 1}",
     .exits = "02"},
    {.name = NULL},
};
