#include "cli/cli.h"

#include <string.h>

/* "--config --db --help": those that hold without a command. */
static void print_global_options(void) {
    for (const struct cli_option *option = cli_global_options; option->name != NULL; option++)
        printf("%s--%s", option > cli_global_options ? " " : "", option->name);
}

/* "--list --json --help", of a command. */
static void print_options(const struct cli_command *command) {
    for (const struct cli_option *option = command->options; option != NULL && option->name != NULL;
         option++)
        printf("--%s ", option->name);
    fputs("--help", stdout);
}

/* "add edit show": the words that may come first. */
static void print_words(const struct cli_command *command) {
    const struct cli_action *first = command->actions;
    for (const struct cli_action *action = first; action != NULL && action->name != NULL; action++)
        printf("%s%s", action > first ? " " : "", action->name);
    if (command->values != NULL)
        fputs(command->values, stdout);
}

static bool has_words(const struct cli_command *command) {
    return command->actions != NULL || command->values != NULL;
}

/* Writes the name and the summary of a command; a summary has no quotation marks (a test says so).
 */
static void print_summary(const char *before, const char *between, const char *after,
                          const struct cli_command *command) {
    int len = 0;
    const char *summary = cli_help_summary(command->name, &len);
    printf("%s%s%s%.*s%s", before, command->name, between, len, summary, after);
}

/* ---- bash ---- */

static void print_bash(void) {
    fputs("# bash completion for newsletter\n"
          "_newsletter() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} command= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        --config|--db|--password-file) ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *) command=${COMP_WORDS[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    local words= options=\n"
          "    case $command in\n",
          stdout);
    fputs("    '') options='", stdout);
    print_global_options();
    fputs("' words='", stdout);
    for (size_t i = 0; i < cli_command_count; i++)
        printf("%s%s", i > 0 ? " " : "", cli_commands[i].command->name);
    puts("' ;;");
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = cli_commands[i].command;
        printf("    %s) words='", command->name);
        print_words(command);
        fputs("' options='", stdout);
        print_options(command);
        puts("' ;;");
    }
    fputs("    esac\n"
          "    [ -n \"$command\" ] && [ $((COMP_CWORD - i)) -gt 1 ] && words=\n"
          "    case $current in\n"
          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
          "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
          "    esac\n"
          "}\n"
          "complete -o default -F _newsletter newsletter\n",
          stdout);
}

/* ---- zsh ---- */

static void print_zsh(void) {
    fputs("#compdef newsletter\n"
          "_newsletter() {\n"
          "    local -a commands\n"
          "    commands=(\n",
          stdout);
    for (size_t i = 0; i < cli_command_count; i++)
        print_summary("        '", ":", "'\n", cli_commands[i].command);
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n"
          "        compadd -- ",
          stdout);
    print_global_options();
    fputs("\n"
          "        return\n"
          "    fi\n"
          "    case $words[2] in\n",
          stdout);
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = cli_commands[i].command;
        printf("    %s) (( CURRENT == 3 )) && compadd -- ", command->name);
        print_words(command);
        fputs("\n        compadd -- ", stdout);
        print_options(command);
        puts(" ;;");
    }
    fputs("    esac\n"
          "    _files\n"
          "}\n"
          "_newsletter \"$@\"\n",
          stdout);
}

/* ---- fish ---- */

/* "complete -c newsletter CONDITION -l NAME": -r where a value follows, -F where it is a file. */
static void print_fish_option(const char *condition, const struct cli_option *option) {
    printf("complete -c newsletter -n '%s' -l %s%s%s\n", condition, option->name,
           cli_takes_value(option) ? " -r" : "", option->type == CLI_TYPE_PATH ? " -F" : "");
}

static void print_fish_command(const struct cli_command *command) {
    char condition[80];
    snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", command->name);
    if (has_words(command)) {
        printf("complete -c newsletter -n '%s' -f -a '", condition);
        print_words(command);
        puts("'");
    }
    for (const struct cli_option *option = command->options; option != NULL && option->name != NULL;
         option++)
        print_fish_option(condition, option);
    printf("complete -c newsletter -n '%s' -l help\n", condition);
}

static void print_fish(void) {
    puts("# fish completion for newsletter");
    for (const struct cli_option *option = cli_global_options; option->name != NULL; option++)
        print_fish_option("__fish_use_subcommand", option);
    for (size_t i = 0; i < cli_command_count; i++) {
        print_summary("complete -c newsletter -n __fish_use_subcommand -f -a ", " -d '", "'\n",
                      cli_commands[i].command);
        print_fish_command(cli_commands[i].command);
    }
}

static enum nl_status completion_run(struct cli *cli, void *options, struct nl_error *err) {
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    (void)options;
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].shell, cli->words[0]) != 0)
            continue;
        shells[i].print();
        return NL_OK;
    }
    return cli_usage_error(cli, err, "'%s': expected bash, zsh or fish", cli->words[0]);
}

const struct cli_command cmd_completion = {
    .name = "completion",
    .run = completion_run,
    .words = {1, 1, "bash, zsh or fish"},
    .values = "bash zsh fish",
};
