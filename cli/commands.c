/* All commands, in the order in which help tells them. */
#include "cli/commands.h"

static const cli_command other_commands[] = {
    {.name = "help",
     .run = cli_cmd_help,
     .args = "[COMMAND]",
     .max_args = 2,
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

const char *const *cli_languages(void)
{
    static const char *const names[] = {"zh", "en", NULL};
    return names;
}

const cli_command *cli_command_at(size_t i)
{
    static const cli_command *const groups[] = {
        cli_store_commands, cli_graph_commands, cli_answers_commands, cli_lm_commands,
        cli_data_commands,  cli_train_commands, other_commands};
    for (size_t g = 0; g < COUNT(groups); g++)
        for (const cli_command *k = groups[g]; k->name; k++, i--)
            if (i == 0) return k;
    return NULL;
}
