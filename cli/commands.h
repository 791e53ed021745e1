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

/* Commands that can look at an earlier version; cli_open() sees to it. */
#define AS_OF                                                                          \
    {                                                                                  \
        .name = "as-of", .kind = CLI_COUNT, .arg = "V", .min = 1, .max = INT64_MAX,    \
        .help = "look at the graph as it was at this version ('medkg log' lists them)" \
    }

#endif
