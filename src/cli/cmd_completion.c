#include "cli/cli.h"

#include "newsletter/service/issues.h"
#include "newsletter/service/lists.h"
#include "newsletter/service/segments.h"

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
    fputs(command->no_json == NULL ? "--json --help" : "--help", stdout);
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

/* ---- names from the database, which the scripts ask this command for ---- */

static const char lists[] = "lists";
static const char segments[] = "segments";
static const char issues[] = "issues";

/* The names that the words of a command or an action are of, by what their error calls them; NULL
 * for other words. */
static const char *names_of(const char *command, const struct cli_words *words) {
    const char *expected = words->expected != NULL ? words->expected : "";
    if (strstr(expected, "ISSUE") != NULL)
        return strstr(expected, "ISSUE.md") == NULL ? issues : NULL;
    if (strstr(expected, "NAME") == NULL)
        return NULL;
    return strcmp(command, "list") == 0 ? lists : strcmp(command, "segment") == 0 ? segments : NULL;
}

/* The names that the value of an option is one of; NULL for others. */
static const char *names_of_option(const struct cli_option *option) {
    return strcmp(option->name, "list") == 0      ? lists
           : strcmp(option->name, "segment") == 0 ? segments
                                                  : NULL;
}

/* Prints the actions that a known name follows, with a space after each; returns its kind, NULL
 * where there are none. A name that is added is a new one. */
static const char *print_named_actions(const struct cli_command *command, bool print) {
    const char *kind = NULL;
    for (const struct cli_action *action = command->actions; action != NULL && action->name != NULL;
         action++) {
        const char *names = names_of(command->name, &action->words);
        if (names == NULL || strcmp(action->name, "add") == 0)
            continue;
        kind = names;
        if (print)
            printf("%s ", action->name);
    }
    return kind;
}

/* Prints the word of that name of each object. */
static void print_each(const json_t *array, const char *name) {
    for (size_t i = 0; i < json_array_size(array); i++)
        puts(json_string_value(json_object_get(json_array_get(array, i), name)));
}

static enum nl_status print_issues(const struct nl_office *office, struct nl_error *err) {
    json_t *names = NULL;
    enum nl_status status = nl_office_issue_names(office, &names, err);
    for (size_t i = 0; i < json_array_size(names); i++)
        puts(json_string_value(json_array_get(names, i)));
    json_decref(names);
    return status;
}

static enum nl_status print_names(struct cli *cli, const char *kind, struct nl_error *err) {
    json_t *found = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK && kind == issues)
        return print_issues(&office, err);
    if (status == NL_OK && kind == lists)
        status = nl_office_list_names(&office, &found, err);
    else if (status == NL_OK)
        status = nl_office_segments(&office, &found, err);
    print_each(found, "name");
    json_decref(found);
    return status;
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

/* Goes on within the quotation marks of the options: the kind of names, and the actions that they
 * follow, none for the command itself. */
static void print_bash_names(const struct cli_command *command) {
    const char *direct = command->actions == NULL ? names_of(command->name, &command->words) : NULL;
    const char *kind = direct != NULL ? direct : print_named_actions(command, false);
    if (kind == NULL)
        return;
    printf("' names=%s named='", kind);
    print_named_actions(command, true);
}

static void print_bash(void) {
    fputs("# bash completion for newsletter\n"
          "_newsletter() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} command= i place=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        --config|--db) place+=(\"${COMP_WORDS[@]:i:2}\"); ((i++)) ;;\n"
          "        --password-file) ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *) command=${COMP_WORDS[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    local words= options= names= named=\n"
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
        print_bash_names(command);
        puts("' ;;");
    }
    fputs("    esac\n"
          "    case ${COMP_WORDS[COMP_CWORD - 1]} in\n"
          "    --list) names=lists named=. ;;\n"
          "    --segment) names=segments named=. ;;\n"
          "    *) [ $((COMP_CWORD - i)) = 2 ] && [[ \" $named \" == *\" ${COMP_WORDS[i + 1]} \"* "
          "]] &&"
          " named=.\n"
          "        [ $((COMP_CWORD - i)) = 1 ] && [ -z \"$named\" ] && named=. ;;\n"
          "    esac\n"
          "    if [ -n \"$names\" ] && [ \"$named\" = . ] && [[ $current != -* ]]; then\n"
          "        words=$(\"${COMP_WORDS[0]}\" \"${place[@]}\" completion $names 2>/dev/null)\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "        return\n"
          "    fi\n"
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

/* Conditions under which names are added. */
static void print_zsh_names(const struct cli_command *command) {
    const char *direct = command->actions == NULL ? names_of(command->name, &command->words) : NULL;
    const char *kind = direct != NULL ? direct : print_named_actions(command, false);
    if (kind == NULL)
        return;
    if (direct != NULL) {
        fputs("        (( CURRENT == 3 )) && ", stdout);
    } else {
        fputs("        (( CURRENT == 4 )) && [[ \" ", stdout);
        print_named_actions(command, true);
        fputs("\" == *\" $words[3] \"* ]] && ", stdout);
    }
    printf("compadd -- ${(f)\"$($words[1] completion %s 2>/dev/null)\"}\n", kind);
}

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
          "    case $words[CURRENT-1] in\n"
          "    --list) compadd -- ${(f)\"$($words[1] completion lists 2>/dev/null)\"}; return ;;\n"
          "    --segment) compadd -- ${(f)\"$($words[1] completion segments 2>/dev/null)\"}; "
          "return ;;\n"
          "    esac\n"
          "    case $words[2] in\n",
          stdout);
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = cli_commands[i].command;
        printf("    %s) (( CURRENT == 3 )) && compadd -- ", command->name);
        print_words(command);
        fputs("\n", stdout);
        print_zsh_names(command);
        fputs("        compadd -- ", stdout);
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
    const char *names = names_of_option(option);
    printf("complete -c newsletter -n '%s' -l %s%s%s", condition, option->name,
           cli_takes_value(option) ? " -r" : "", option->type == CLI_TYPE_PATH ? " -F" : "");
    if (names != NULL && cli_takes_value(option))
        printf(" -f -a '(newsletter completion %s 2>/dev/null)'", names);
    puts("");
}

static void print_fish_names(const struct cli_command *command) {
    const char *direct = command->actions == NULL ? names_of(command->name, &command->words) : NULL;
    const char *kind = direct != NULL ? direct : print_named_actions(command, false);
    if (kind == NULL)
        return;
    printf("complete -c newsletter -n '__fish_seen_subcommand_from %s", command->name);
    if (direct == NULL)
        fputs("; and __fish_seen_subcommand_from ", stdout);
    print_named_actions(command, true);
    printf("' -f -a '(newsletter completion %s 2>/dev/null)'\n", kind);
}

static void print_fish_command(const struct cli_command *command) {
    char condition[80];
    snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", command->name);
    print_fish_names(command);
    if (has_words(command)) {
        printf("complete -c newsletter -n '%s' -f -a '", condition);
        print_words(command);
        puts("'");
    }
    for (const struct cli_option *option = command->options; option != NULL && option->name != NULL;
         option++)
        print_fish_option(condition, option);
    if (command->no_json == NULL)
        printf("complete -c newsletter -n '%s' -l json\n", condition);
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
    static const char *const kinds[] = {lists, segments, issues};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i], cli->words[0]) == 0)
            return print_names(cli, kinds[i], err);
    return cli_usage_error(cli, err, "'%s': expected bash, zsh or fish", cli->words[0]);
}

const struct cli_command cmd_completion = {
    .name = "completion",
    .run = completion_run,
    .words = {1, 1, "bash, zsh or fish"},
    .values = "bash zsh fish",
    .no_json = "it prints a script for a shell",
    .heedless_of_imports = true,
};
