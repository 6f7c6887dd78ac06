#include "cli/cli.h"

static enum nl_status help_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    if (cli->word_count == 0) {
        cli_print_usage(stdout);
        return NL_OK;
    }
    const struct cli_command *command = cli_find_command(cli->words[0], err);
    if (command == NULL)
        return err->status;
    fputs(cli_help_text(command->name), stdout);
    return NL_OK;
}

const struct cli_command cmd_help = {
    .name = "help",
    .run = help_run,
    .words = {0, 1, "one COMMAND at most"},
    .no_json = "it prints a text for people",
};
