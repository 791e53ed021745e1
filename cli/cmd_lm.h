/* medkg lm: its sub-commands, one row each in cmd_lm.c. Include behind cli.h. */
#ifndef CLI_CMD_LM_H
#define CLI_CMD_LM_H

#include "cli/cli.h"
#include "lm/gguf.h"

typedef struct cli_lm_command {
    const char *name;
    const char *args; /* behind the name, for messages */
    size_t nargs;
    /* args[0] is the sub-command's name, args[1] its first argument. */
    mkg_status (*run)(cli *c);
} cli_lm_command;

mkg_status cli_lm_info(cli *c); /* lm_info.c */
mkg_status cli_lm_tokenize(cli *c);
mkg_status cli_lm_logits(cli *c); /* lm_run.c */
mkg_status cli_lm_generate(cli *c);
mkg_status cli_lm_bench(cli *c);
mkg_status cli_lm_quantize(cli *c);

#endif
