/* The tables of commands and their options: what is parsed, checked and told by help.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Each ends with a command without a name. */
extern const cli_command cli_store_commands[], cli_graph_commands[],
    cli_answers_commands[], cli_lm_commands[], cli_data_commands[],
    cli_train_commands[];

/* "zh" and "en". */
const char *const *cli_languages(void);

/* Options that several commands have. */
#define MOST(initially, what)                                                          \
    {                                                                                  \
        .name = "k", .letter = 'k', .kind = CLI_COUNT, .arg = "N",                     \
        .initial = (initially), .min = 1, .max = CLI_TOP_MAX, .help = (what)           \
    }
#define LANG(which)                                                                    \
    {                                                                                  \
        .name = "lang", .kind = CLI_CHOICE, .arg = "LANG", .choices = cli_languages,   \
        .help = (which)                                                                \
    }
#define WHICH_SET                                                                      \
    {                                                                                  \
        .name = "set", .kind = CLI_TEXT, .arg = "SET",                                 \
        .help = "the vector set; if not given, the only one, or node2vec"              \
    }

/* Commands that can look at an earlier version; cli_open() sees to it. */
#define AS_OF                                                                          \
    {                                                                                  \
        .name = "as-of", .kind = CLI_COUNT, .arg = "V", .min = 1, .max = INT64_MAX,    \
        .help = "look at the graph as it was at this version ('medkg log' lists them)" \
    }

#endif
