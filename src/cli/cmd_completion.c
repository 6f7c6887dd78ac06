#include "cli/cli.h"

#include <string.h>

static const struct option long_options[] = {{0}};

static const char *const global_options = "--config --db --password-file --help --version";

/* "--list --json --help", of a command. */
static void print_options(const struct command *command) {
    for (const struct option *option = command->options; option->name != NULL; option++)
        printf("--%s ", option->name);
    fputs("--help", stdout);
}

static const char *words_of(const struct command *command) {
    return command->words != NULL ? command->words : "";
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
    printf("    '') options='%s' words='", global_options);
    for (size_t i = 0; i < cli_command_count; i++)
        printf("%s%s", i > 0 ? " " : "", cli_commands[i]->name);
    puts("' ;;");
    for (size_t i = 0; i < cli_command_count; i++) {
        printf("    %s) words='%s' options='", cli_commands[i]->name, words_of(cli_commands[i]));
        print_options(cli_commands[i]);
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
        printf("        '%s:%s'\n", cli_commands[i]->name, cli_commands[i]->summary);
    printf("    )\n"
           "    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n"
           "        compadd -- %s\n"
           "        return\n"
           "    fi\n"
           "    case $words[2] in\n",
           global_options);
    for (size_t i = 0; i < cli_command_count; i++) {
        printf("    %s) (( CURRENT == 3 )) && compadd -- %s\n        compadd -- ",
               cli_commands[i]->name, words_of(cli_commands[i]));
        print_options(cli_commands[i]);
        puts(" ;;");
    }
    fputs("    esac\n"
          "    _files\n"
          "}\n"
          "_newsletter \"$@\"\n",
          stdout);
}

/* ---- fish ---- */

static void print_fish_options(const struct command *command) {
    for (const struct option *option = command->options; option->name != NULL; option++)
        printf("complete -c newsletter -n '__fish_seen_subcommand_from %s' -l %s%s\n",
               command->name, option->name, option->has_arg == required_argument ? " -r" : "");
    printf("complete -c newsletter -n '__fish_seen_subcommand_from %s' -l help\n", command->name);
}

static void print_fish(void) {
    fputs("# fish completion for newsletter\n"
          "complete -c newsletter -n __fish_use_subcommand -l config -r\n"
          "complete -c newsletter -n __fish_use_subcommand -l db -r\n"
          "complete -c newsletter -n __fish_use_subcommand -l password-file -r\n"
          "complete -c newsletter -n __fish_use_subcommand -l help\n"
          "complete -c newsletter -n __fish_use_subcommand -l version\n",
          stdout);
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct command *command = cli_commands[i];
        printf("complete -c newsletter -n __fish_use_subcommand -f -a %s -d '%s'\n", command->name,
               command->summary);
        if (command->words != NULL)
            printf("complete -c newsletter -n '__fish_seen_subcommand_from %s' -f -a '%s'\n",
                   command->name, command->words);
        print_fish_options(command);
    }
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    (void)cli;
    if (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    enum nl_status status = cli_words(argc, 1, "bash, zsh or fish", err);
    for (size_t i = 0; status == NL_OK && i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].shell, argv[optind]) != 0)
            continue;
        shells[i].print();
        return NL_OK;
    }
    return status == NL_OK
               ? nl_error_set(err, NL_USAGE, "'%s'? there are bash, zsh and fish", argv[optind])
               : status;
}

const struct command cmd_completion = {
    "completion",
    "print what makes a shell complete our commands",
    "Usage: newsletter completion bash|zsh|fish\n"
    "\n"
    "Made from the options that each command knows. 'meson install' puts them where the shells "
    "look.\n"
    "\n"
    "Example: newsletter completion bash > /usr/share/bash-completion/completions/newsletter\n",
    run,
    long_options,
    "bash zsh fish"};
