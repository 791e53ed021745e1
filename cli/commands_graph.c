/* The commands that look into the graph and hand it on, and their options. */
#include "cli/commands.h"

#include "embed/import.h"

static const cli_option search_options[] = {
    AS_OF,
    MOST("10", "most results"),
    LANG("language of the names shown; that of TEXT if not given"),
};

static const cli_option show_options[] = {
    AS_OF,
    LANG("language of names and labels; that of NODE if not given"),
    {.name = "limit",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "20",
     .min = 0,
     .max = 1000000,
     .help = "most facts of a relation, 0 for all; with --json all if not given"},
};

static const cli_option path_options[] = {
    AS_OF,
    MOST("3", "most paths"),
    {.name = "max-length",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "4",
     .min = 1,
     .max = 16,
     .help = "longest path",
     .unit = "steps"},
    LANG("language of names and labels; that of A if not given"),
};

static const cli_option similar_options[] = {
    WHICH_SET,
    {.name = "type", .kind = CLI_TEXT, .arg = "T", .help = "only nodes of this type"},
    MOST("10", "most results"),
    LANG("language of the names shown; that of NODE if not given"),
};

static const cli_option suggest_options[] = {
    WHICH_SET,
    MOST("10", "most hypotheses"),
    LANG("language of the names shown; that of NODE if not given"),
};

static const cli_option vectors_options[] = {
    {.name = "name",
     .kind = CLI_TEXT,
     .arg = "SET",
     .help = "import: name of the set; if not given, the file's without its ending"},
    {.name = "format",
     .kind = CLI_CHOICE,
     .arg = "F",
     .choices = mkg_vectors_import_formats,
     .help = "import: read as this format; recognised by content if not given"},
    {.name = "names",
     .kind = CLI_FILE,
     .arg = "TSV",
     .help = "import: what the rows are: a table as 'export vectors' writes it, or a "
             "name a line; if not given, FILE.names.tsv beside FILE.npy"},
};

static const char *const *embed_orders(void)
{
    static const char *const orders[] = {"1", "2", "both", NULL};
    return orders;
}

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
     .help = "negative samples, shared by a window; for line, of an edge"},
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
    {.name = "sample",
     .kind = CLI_POSITIVE,
     .arg = "X",
     .initial = "0.001",
     .help = "nodes that make up more than this share of the walks are dropped now and "
             "then; 1: none is"},
    {.name = "metapath",
     .kind = CLI_TEXT,
     .arg = "A-B-A",
     .help = "walks go from type to type in this order, again and again"},
    {.name = "directed", .help = "follow facts from subject to object only"},
    {.name = "order",
     .kind = CLI_CHOICE,
     .arg = "N",
     .choices = embed_orders,
     .help = "of line: 1, 2 or both, which is the default"},
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
             "given); of vectors: word2vec, word2vec-bin, npy, projector, features "
             "(word2vec if "
             "not given); of a map: svg, html (by OUT's ending if not given)"},
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
     .choices = cli_languages,
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
     .max = 100000,
     .help = "dot, map: most nodes in the picture; of a map 20000 if not given"},
    {.name = "labels",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "120",
     .min = 0,
     .max = 10000,
     .help = "map: most names in an SVG"},
    {.name = "neighbours",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "15",
     .min = 2,
     .max = 200,
     .help = "map: of each node, that are kept near: few show small groups, many the "
             "whole"},
    {.name = "seed",
     .kind = CLI_COUNT,
     .arg = "N",
     .initial = "1",
     .min = 0,
     .max = INT64_MAX,
     .help = "map: of the random numbers"},
};

const cli_command cli_graph_commands[] = {
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
         "DeepWalk), line (Tang and others, WWW 2015), prone (Zhang and others, IJCAI "
         "2019) or fastrp (Chen and others, CIKM 2019); docs/embed.md says which one "
         "for what. A set of the same name is replaced. Ctrl-C stops and leaves the "
         "old "
         "one.\n\n"
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
    {.name = "suggest",
     .run = cli_cmd_suggest,
     .args = "NODE RELATION",
     .min_args = 2,
     .max_args = 2,
     .brief = "guess at facts that the graph has not",
     .about =
         "Which further nodes would NODE be linked to by RELATION (a name or label, in "
         "either direction: 'treats', 'treated_by'), going by the vectors of a set and "
         "the facts that there are? The guesses are hypotheses, which no source "
         "states: "
         "'ask' never uses or cites them. The probability is against a node drawn at "
         "random; 'medkg eval vectors SET --links --relation RELATION' tells how often "
         "such guesses hold.",
     .options = suggest_options,
     .noptions = COUNT(suggest_options),
     .example = "medkg suggest 百日咳 symptom -k 5",
     .shape = "{\"hypotheses\": [{\"node\": 17, \"name\": \"低热\", \"type\": "
              "\"symptom\", \"codes\": [\"HP:0001945\"], \"score\": 2.1, "
              "\"probability\": 0.89}], \"node\": 3, \"name\": \"百日咳\", "
              "\"relation\": \"symptom\", \"direction\": \"out\", \"set\": "
              "\"node2vec\", \"method\": \"node2vec\", \"learnt_from\": 57313, "
              "\"candidates\": 6164, \"known\": 9, \"stale\": false}",
     .exits = "0124"},
    {.name = "vectors",
     .run = cli_cmd_vectors,
     .args = "[import FILE]",
     .max_args = 2,
     .brief = "list the vector sets, or take one in",
     .about = "Each set with its method, rows and dimensions. A set is stale when the "
              "graph has changed since it was made.\n\n"
              "'vectors import FILE' makes a set of vectors from elsewhere: word2vec's "
              "text or binary, or NumPy's .npy with a table of names. Rows that are no "
              "node of the graph are left out and told; a value that is not finite, a "
              "row of another length or a name that comes twice is an error, and "
              "nothing is written (docs/vectors.md). With --json it prints the set in "
              "\"vectors\", \"rows\" and \"unknown\".",
     .options = vectors_options,
     .noptions = COUNT(vectors_options),
     .example = "medkg vectors --json",
     .shape = "{\"vectors\": [{\"name\": \"node2vec\", \"method\": \"node2vec\", "
              "\"rows\": 812, \"dim\": 128, \"graph_version\": 1, \"stale\": false, "
              "\"seed\": 1, \"params\": {\"dim\": 128}}]}",
     .exits = "01234"},
    {.name = "export",
     .run = cli_cmd_export,
     .args = "graph|vectors|features|map [SET]",
     .min_args = 1,
     .max_args = 2,
     .brief = "write the graph or vectors for other tools",
     .about = "'export graph' writes the graph, or the part that --types and "
              "--relations choose; 'export vectors SET' a vector set, with a table of "
              "names beside it; 'export features SET' the same as one table for "
              "statistics; 'export map SET' a picture of a set, as SVG for print "
              "or as a page to look around in. The triples come back whole with 'medkg "
              "import'. What "
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
    {.name = NULL},
};
