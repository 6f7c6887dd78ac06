#include "cli/command.h"

#include "cli/hint.h"

#include <string.h>

#define COMMAND(name, group) extern const struct cli_command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

const struct cli_entry cli_commands[] = {
#define COMMAND(name, group) {&cmd_##name, CLI_##group},
#include "cli/commands.def"
#undef COMMAND
};

const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

const char *const cli_group_titles[CLI_GROUPS] = {
    [CLI_SET_UP] = "Set up",
    [CLI_WRITE] = "Write an issue",
    [CLI_SEND] = "Send it and see what became of it",
    [CLI_PEOPLE] = "Subscribers",
    [CLI_LOOK_AFTER] = "Look after the installation",
};

const struct cli_command *cli_find_command(const char *name, struct nl_error *err) {
    struct cli_suggestion suggestion = {.wanted = name};
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = cli_commands[i].command;
        if (strcmp(command->name, name) == 0)
            return command;
        cli_suggest(&suggestion, command->name);
    }
    char hint[CLI_HINT_LEN];
    cli_suggestion_text(&suggestion, "", hint);
    nl_error_set(err, NL_USAGE, "there is no command '%s'%s", name,
                 hint[0] != '\0' ? hint : ": 'newsletter --help' lists them");
    return NULL;
}
