/* The commands that look after the store, and their options. */
#include "cli/commands.h"

#include "import/import.h"

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
    LANG("language of the names shown; that of the locale if not given"),
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

static const cli_option stats_options[] = {
    AS_OF,
    {.name = "graph",
     .help =
         "its shape as well: components, communities, the nodes with the most links "
         "and the highest PageRank"},
    LANG("language of the names; that of the locale if not given"),
};

const cli_command cli_store_commands[] = {
    {.name = "import",
     .run = cli_cmd_import,
     .args = "FILE...",
     .min_args = 1,
     .max_args = SIZE_MAX,
     .brief = "read files into the graph",
     .about =
         "Each FILE becomes one source, all of it or nothing; '-' is standard "
         "input, and "
         "gzip is undone. The store is made if there is none. Lines that cannot "
         "be read "
         "are skipped, counted by kind and told on stderr as FILE:LINE:COLUMN (the "
         "first 20; all "
         "with -v). A file that was imported before, to the byte, is left alone.",
     .options = import_options,
     .noptions = COUNT(import_options),
     .example =
         "medkg -d medkg.db import medical.jsonl --licence CC0 --version 2024-01",
     .shape =
         "{\"source\": 1, \"name\": \"medical.jsonl\", \"format\": \"records\", "
         "\"nodes\": 812, \"names\": 1204, \"facts\": 4211, \"skipped\": 0, "
         "\"seconds\": 0.3, \"new_nodes\": 812, \"new_facts\": 4211, "
         "\"new_relations\": 0, \"already\": "
         "false, \"dry_run\": false, \"replaced\": null, \"kinds\": [{\"what\": \"the "
         "weight '…' is not a number\", \"count\": 3, \"skipped\": true, "
         "\"file\": \"ward.csv\", \"line\": 4}]}",
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
    {.name = NULL},
};
