/* The program `medkg`: what its files share. The command line is tables (commands and
 * their options); parsing, checking and help all read the same ones. */
#ifndef CLI_H
#define CLI_H

#include "base/base.h"
#include "base/json.h"
#include "base/text.h"
#include "kg/kg.h"
#include "lm/lm.h"
#include "retrieve/retrieve.h"

#include <stdbool.h>
#include <stdio.h>

/* ---- options ----------------------------------------------------------------------
 */

typedef enum cli_kind {
    CLI_FLAG,
    CLI_TEXT,     /* valid UTF-8, not empty */
    CLI_FILE,     /* any bytes, not empty */
    CLI_COUNT,    /* whole number, min … max */
    CLI_POSITIVE, /* decimal number > 0 */
    CLI_SIZE,     /* bytes: whole number with K, M, G or T behind it, min … max */
    CLI_CHOICE    /* one of choices() */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without the dashes */
    char letter;      /* of the short form, 0 if it has none */
    cli_kind kind;
    const char *arg;     /* what help calls the value */
    const char *initial; /* the value if not given, as one would type it; NULL: none */
    uint64_t min, max;   /* CLI_COUNT, CLI_SIZE */
    const char *unit;    /* NULL if it has none */
    const char *const *(*choices)(void); /* NULL-terminated */
    const char *help;
} cli_option;

typedef struct cli_value {
    bool given;
    const char *text; /* NULL: not given and no default */
    uint64_t number;
    double real;
} cli_value;

/* ---- commands ---------------------------------------------------------------------
 */

struct cli;

typedef struct cli_command {
    const char *name;
    mkg_status (*run)(struct cli *c);
    const char *args; /* for usage: "FILE…" */
    size_t min_args, max_args;
    const char *brief; /* one line, for the list of commands */
    const char *about; /* paragraphs, wrapped by help */
    const cli_option *options;
    size_t noptions;
    const char *example;
    const char *shape; /* an object that it prints with --json, as an example */
    const char *exits; /* exit codes besides 0 that it gives, as digits: "124" */
    const char *one;   /* what 1 means, if not that nothing was found */
} cli_command;

enum { CLI_OPTIONS_MAX = 32, CLI_GLOBALS_MAX = 8, CLI_WIDTH = 80, CLI_TOP_MAX = 1000 };

/* The commands in the order in which help tells them; NULL behind the last. */
const cli_command *cli_command_at(size_t i);

typedef struct cli_progress {
    double began;       /* mkg__now() at the start of the command */
    double shown;       /* when the line was last written */
    double stage_began; /* of `what`, for the rate */
    const char *unit;   /* "B" for bytes, else a word */
    char what[64];
    bool terminal; /* stderr is one */
    bool visible;
} cli_progress;

typedef struct cli {
    const cli_command *command;
    cli_value values[CLI_OPTIONS_MAX];
    cli_value globals[CLI_GLOBALS_MAX];
    const char **args; /* in argv */
    size_t nargs;
    const char *db;
    bool json, quiet, verbose;
    bool colour;     /* stdout is a terminal that wants it */
    bool screen;     /* stdout is a terminal */
    int write_errno; /* first failure on stdout */
    cli_progress progress;
    mkg_err err;
} cli;

/* ---- opt.c ------------------------------------------------------------------------
 */

extern const cli_option cli_globals[];
extern const size_t cli_nglobals;

/* Sort argv into c->command, values and args. MKG_EARG with a message. c->command stays
 * NULL when only global options were given. */
mkg_status cli_parse(cli *c, int argc, char **argv);

/* The command called `word`; MKG_EARG with "did you mean" if there is none. */
mkg_status cli_take_command(cli *c, const char *word, const cli_command **out);
/* A row named "command word" takes the command's place: "lm train". */
bool cli_take_part(const char *word, const cli_command **command);

/* Value of an option of the command; the name must be in its table. */
const char *cli_opt_text(const cli *c, const char *name); /* NULL: not given */
uint64_t cli_opt_count(const cli *c, const char *name);
double cli_opt_real(const cli *c, const char *name);
bool cli_opt_given(const cli *c, const char *name);
bool cli_global_flag(const cli *c, const char *name);

/* The name nearest to `word`, NULL if none is near. */
const char *cli_nearest(const char *word, const char *const *names, size_t n);

/* MKG_EARG: "<what> '<word>' <problem>; did you mean '<near>'?", the last part only
 * where a name is near; else the names are listed if they are few. */
mkg_status cli_unknown(cli *c, const char *what, const char *word, const char *problem,
                       const char *const *names, size_t n);

/* MKG_EARG unless `text` is valid UTF-8 with something in it. */
mkg_status cli_check_text(cli *c, const char *what, const char *text);

/* Items of a ','-separated list, trimmed, empty ones left out; views into `list`. At
 * most `cap` are written, the number there are is returned. */
size_t cli_split(const char *list, mkg_view *out, size_t cap);

/* ---- help.c -----------------------------------------------------------------------
 */

void cli_usage(FILE *to);
void cli_help(cli *c, const cli_command *of);

/* ---- out.c ------------------------------------------------------------------------
 */

/* Text to stdout. Outside text may carry anything: control characters other than the
 * newline, and bytes that are not UTF-8, come out as U+FFFD. */
void cli_put(cli *c, const char *p, size_t n);
void cli_print(cli *c, const char *fmt, ...) MKG_PRINTF(2, 3);

/* The same cleaning, appended to a buffer. */
void cli_clean(mkg__buf *out, const char *p, size_t n);

typedef enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_FAINT } cli_style;
void cli_set_style(cli *c, cli_style style); /* nothing without colour */

/* One value on one line; takes the reference. NULL gives MKG_ENOMEM. */
mkg_status cli_json(cli *c, json_t *v);

/* To stderr: a remark (not with --quiet), an error. */
void cli_note(cli *c, const char *fmt, ...) MKG_PRINTF(2, 3);
void cli_report(cli *c, const mkg_err *err);

/* Columns aligned by display width; 'l' or 'r' for each. Cells are copied. The widest
 * left column is cut where a row would be wider than the screen. */
typedef struct cli_table {
    const char *align;
    char **cells;
    size_t n, cap;
    mkg__arena arena;
    bool failed;
} cli_table;
void cli_cell(cli_table *t, const char *fmt, ...) MKG_PRINTF(2, 3);
void cli_cell_view(cli_table *t, mkg_view v);
/* The first `heads` rows are headings. Clears the table. */
mkg_status cli_table_print(cli *c, cli_table *t, size_t heads);
void cli_table_clear(cli_table *t);
/* A row of headings; the list ends with NULL. */
void cli_heads(cli_table *t, const char *const *names);

/* A mkg_progress_fn; ctx is the cli. Non-zero after SIGINT or SIGTERM, if
 * cli_catch_signals() was called. */
int cli_on_progress(void *ctx, const char *what, uint64_t done, uint64_t total);
void cli_progress_clear(cli *c);
void cli_catch_signals(void);
bool cli_stop_asked(void); /* has such a signal come? */

/* ---- wrap.c -----------------------------------------------------------------------
 */

/* Append `text`, broken into lines of at most `width` columns. `column` columns of the
 * first line are taken already; further lines begin with `indent` blanks. Breaks at
 * blanks and between Han characters, never before closing or after opening punctuation,
 * never between a word and its citation "[1]". Returns the column where it ends. */
size_t cli_wrap(mkg__buf *out, mkg_view text, size_t column, size_t indent,
                size_t width);

/* The same, then `right` at the right edge: on the last line if there is room, else on
 * a line of its own. */
void cli_wrap_right(mkg__buf *out, mkg_view text, size_t column, size_t indent,
                    mkg_view right);

void cli_blanks(mkg__buf *out, size_t n);

/* ---- shared by commands (lookup.c) ------------------------------------------------
 */

/* Open c->db for reading. No store there is MKG_ESTORE. */
mkg_status cli_open(cli *c, mkg_kg **out);

/* Open the store in folder `path` for writing. While another process writes, says so
 * once and waits for it; with `wait` false that is MKG_EBUSY. */
mkg_status cli_open_write(cli *c, const char *path, bool wait, mkg_kg **out);
/* After a change: clear away what the store is set to keep no longer, and say so. */
mkg_status cli_tidy(cli *c, mkg_kg *kg);

/* The folder with relations.tsv; mkg__free() it. */
mkg_status cli_data_folder(cli *c, char **out);
/* The graph with the tables of the data folder; mkg_retriever_free() it first. */
mkg_status cli_retriever(cli *c, mkg_kg *kg, mkg_retriever **out);

/* The language to show things in: --lang, else that of the text, else (the text being
 * an id or a code) that of the locale. */
mkg_lang cli_language(const cli *c, const char *text);

/* What `ref` names. Where it means several nodes, they are listed as the result and *id
 * is MKG_ID_NONE. MKG_NOTFOUND if there is none. */
mkg_status cli_resolve(cli *c, mkg_kg *kg, const char *ref, mkg_lang lang, mkg_id *id);
/* Open the store and do `fn` with the node that the first argument names, in the
 * argument's language; nothing more where it names several. */
typedef mkg_status (*cli_node_fn)(cli *c, mkg_kg *kg, mkg_id id, mkg_lang lang);
mkg_status cli_with_node(cli *c, cli_node_fn fn);

/* {"node","name","type","codes"} of a node. NULL when out of memory. */
json_t *cli_node_json(const mkg_node *n, mkg_lang lang);
/* Up to three codes as text, for tables. */
void cli_node_codes(const mkg_node *n, mkg__buf *out);

/* The source that `ref` names: an id ("3", "#3") or a name. MKG_NOTFOUND if there is
 * none, MKG_EARG with the ids if several have the name. */
mkg_status cli_resolve_source(cli *c, mkg_kg *kg, const char *ref, mkg_id *id);

/* A source's name as text; "" once it has been compacted. mkg__free() it. */
char *cli_source_name(mkg_kg *kg, mkg_id id);

void cli_iso_time(uint64_t seconds, char out[32], const char *format);

/* {"results":[…]}, or a table. */
mkg_status cli_results(cli *c, mkg_kg *kg, const mkg_found *found, size_t n,
                       mkg_lang lang);

/* MKG_EARG with "did you mean" if no node has the type. */
mkg_status cli_check_type(cli *c, mkg_kg *kg, mkg_view type);

/* The part of the graph that --types and --relations of the command ask for; the views
 * point into the options. MKG_EARG with "did you mean" for what the graph has not. */
enum { CLI_PART_MAX = 64 };
typedef struct cli_part {
    mkg_view types[CLI_PART_MAX];
    mkg_id relations[CLI_PART_MAX];
    mkg_view relation_names[CLI_PART_MAX];
    size_t ntypes, nrelations;
} cli_part;
mkg_status cli_read_part(cli *c, mkg_kg *kg, cli_part *p);

/* The relation that `word` names, in the direction of the name (out may be NULL);
 * MKG_EARG with "did you mean" if there is none. */
mkg_status cli_take_relation(cli *c, mkg_kg *kg, const char *word, mkg_id *id,
                             const mkg_relation **out);

/* A json string that is null for "". */
json_t *cli_json_view(mkg_view v);

/* ---- answer.c ---------------------------------------------------------------------
 */

/* The one object of `ask --json`. NULL when out of memory. */
json_t *cli_answer_json(const mkg_evidence *e, const mkg_answer *a);

/* The screen of `ask`, in the language of the question. `streamed`: the words of a
 * model have been shown as they came. */
mkg_status cli_answer_print(cli *c, const mkg_evidence *e, const mkg_answer *a,
                            bool streamed);

/* ---- eval_linking.c ---------------------------------------------------------------
 */

mkg_status cli_eval_linking(cli *c, const char *file);

/* ---- eval_answers.c ---------------------------------------------------------------
 */

mkg_status cli_eval_answers(cli *c, const char *file);
/* ---- cmd_vectors.c ----------------------------------------------------------------
 */

struct mkg_vectors;
struct mkg_vectors_info;
/* The set of --set, else the only one, else the one called node2vec. */
mkg_status cli_open_set(cli *c, struct mkg_vectors **out);
/* Say so if the graph has gone on since the set was made. */
void cli_note_stale(cli *c, mkg_kg *kg, const struct mkg_vectors_info *set);

/* ---- eval_vectors.c, eval_links.c ---------------------------------------------------
 */

mkg_status cli_eval_vectors(cli *c, const char *set);
mkg_status cli_eval_links(cli *c, mkg_kg *kg, const struct mkg_vectors *v);

/* ---- export_map.c -----------------------------------------------------------------
 */

mkg_status cli_export_map(cli *c, const char *output);

/* ---- graph_stats.c ----------------------------------------------------------------
 */

/* Components, communities and the most linked nodes: as text, or as an object where
 * `out` is not NULL. */
mkg_status cli_graph_stats(cli *c, mkg_kg *kg, json_t **out);

/* ---- cmd_eval_intent.c ------------------------------------------------------------
 */

mkg_status cli_embed_intents(cli *c);
mkg_status cli_eval_intent(cli *c, const char *file);

/* ---- the commands -----------------------------------------------------------------
 */

mkg_status cli_cmd_import(cli *c);
mkg_status cli_cmd_sources(cli *c);
mkg_status cli_cmd_check(cli *c);
mkg_status cli_cmd_backup(cli *c);
mkg_status cli_cmd_stats(cli *c);
mkg_status cli_cmd_search(cli *c);
mkg_status cli_cmd_show(cli *c);
mkg_status cli_cmd_path(cli *c);
mkg_status cli_cmd_embed(cli *c);
mkg_status cli_cmd_similar(cli *c);
mkg_status cli_cmd_suggest(cli *c);
mkg_status cli_cmd_vectors(cli *c);
mkg_status cli_cmd_export(cli *c);
mkg_status cli_cmd_ask(cli *c);
mkg_status cli_cmd_eval(cli *c);
mkg_status cli_cmd_lm(cli *c);
mkg_status cli_cmd_data(cli *c);
mkg_status cli_cmd_vocab(cli *c);
mkg_status cli_cmd_train(cli *c);
mkg_status cli_cmd_learn(cli *c);
mkg_status cli_cmd_remove(cli *c);
mkg_status cli_cmd_diff(cli *c);
mkg_status cli_cmd_log(cli *c);
mkg_status cli_cmd_undo(cli *c);
mkg_status cli_cmd_compact(cli *c);
mkg_status cli_cmd_help(cli *c);
mkg_status cli_cmd_version(cli *c);

/* The cases that an evaluation missed, one on a line of a file that the user named. */
typedef struct cli_misses {
    FILE *f; /* NULL: they are not wanted */
    size_t n;
    bool failed; /* to write */
} cli_misses;

/* For json_dump_callback(): ctx is a FILE. */
int cli_write_to(const char *p, size_t n, void *ctx);

#endif
