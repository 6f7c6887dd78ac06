/* A command of the program: its name, its options and words, and the function that runs it. A new
 * command is cmd_NAME.c, help/NAME.txt and a line in commands.def. */
#ifndef NL_CLI_COMMAND_H
#define NL_CLI_COMMAND_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cli;

enum cli_option_type {
    CLI_TYPE_FLAG,     /* bool: true when given */
    CLI_TYPE_SET,      /* an enum: options that exclude each other set one of its values */
    CLI_TYPE_TEXT,     /* const char * */
    CLI_TYPE_PATH,     /* const char *, a file: shells complete its name */
    CLI_TYPE_NUMBER,   /* int64_t, from `least` to `most` */
    CLI_TYPE_DURATION, /* int64_t, in seconds, from "90m" or "4h" */
    CLI_TYPE_CHOICE,   /* an enum: the place of the word in `choices` */
    CLI_TYPE_REPEATED, /* struct cli_texts: may be given several times */
};

/* The values of a repeated option. */
enum { CLI_TEXTS_LIMIT = 64 };
struct cli_texts {
    const char *items[CLI_TEXTS_LIMIT];
    size_t count;
};

/* One option, and where in the command's struct its value goes. Use the macros below: they fail to
 * compile when the member has another type. */
struct cli_option {
    const char *name; /* without "--"; NULL ends a table */
    enum cli_option_type type;
    size_t offset;
    int64_t least, most;        /* a number's bounds; `least` is also the value of CLI_SET */
    const char *const *choices; /* ended by NULL */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses here. */
#define CLI_OFFSET(type, member, wanted)                                                           \
    _Generic(((type *)0)->member, wanted : offsetof(type, member))
/* NOLINTEND(bugprone-macro-parentheses) */
/* An enum is compatible with one of these two. */
#define CLI_ENUM_OFFSET(type, member)                                                              \
    _Generic(((type *)0)->member, unsigned : offsetof(type, member), int : offsetof(type, member))

#define CLI_FLAG(name, type, member)                                                               \
    { name, CLI_TYPE_FLAG, CLI_OFFSET(type, member, bool), 0, 0, NULL }
#define CLI_SET(name, type, member, value)                                                         \
    { name, CLI_TYPE_SET, CLI_ENUM_OFFSET(type, member), value, 0, NULL }
#define CLI_TEXT(name, type, member)                                                               \
    { name, CLI_TYPE_TEXT, CLI_OFFSET(type, member, const char *), 0, 0, NULL }
#define CLI_PATH(name, type, member)                                                               \
    { name, CLI_TYPE_PATH, CLI_OFFSET(type, member, const char *), 0, 0, NULL }
#define CLI_NUMBER(name, type, member, least, most)                                                \
    { name, CLI_TYPE_NUMBER, CLI_OFFSET(type, member, int64_t), least, most, NULL }
#define CLI_DURATION(name, type, member)                                                           \
    { name, CLI_TYPE_DURATION, CLI_OFFSET(type, member, int64_t), 0, 0, NULL }
#define CLI_CHOICE(name, type, member, choices)                                                    \
    { name, CLI_TYPE_CHOICE, CLI_ENUM_OFFSET(type, member), 0, 0, choices }
#define CLI_REPEATED(name, type, member)                                                           \
    { name, CLI_TYPE_REPEATED, CLI_OFFSET(type, member, struct cli_texts), 0, 0, NULL }

/* Runs a command: `options` is the struct that its options were read into, and the words are in
 * `cli`. */
typedef enum nl_status cli_run(struct cli *cli, void *options, struct nl_error *err);

/* The words that are not options: how many there may be, and how the help calls them. */
struct cli_words {
    int least, most; /* CLI_ANY for no upper bound */
    const char *expected;
};
enum { CLI_ANY = 1 << 20 };

/* One of the things that a command such as `list` does, by its first word. */
struct cli_action {
    const char *name; /* NULL ends a table */
    cli_run *run;
    struct cli_words words; /* after the action's name */
};

struct cli_command {
    const char *name;
    const struct cli_option *options; /* NULL for none */
    size_t size;                      /* of the struct that they are read into */
    const void *defaults;             /* its first values; NULL for zeros */
    const struct cli_action *actions; /* NULL for a command that does one thing */
    cli_run *run;             /* without actions, or without a word; NULL if one is needed */
    struct cli_words words;   /* without actions */
    const char *values;       /* of the first word, for shells: "bash zsh"; NULL for none */
    const char *no_json;      /* why it has no --json; NULL where it has */
    bool heedless_of_imports; /* it reads no list as a whole, so half an import does not matter */
};

/* The jobs at hand, in the order in which --help lists them. */
enum cli_group { CLI_SET_UP, CLI_WRITE, CLI_SEND, CLI_PEOPLE, CLI_LOOK_AFTER, CLI_GROUPS };

struct cli_entry {
    const struct cli_command *command;
    enum cli_group group;
};

/* commands.c: all commands, and the heading of each group. */
extern const struct cli_entry cli_commands[];
extern const size_t cli_command_count;
extern const char *const cli_group_titles[CLI_GROUPS];

/* The command of that name; NULL with `err` filled, which suggests one, if there is none. */
const struct cli_command *cli_find_command(const char *name, struct nl_error *err);

/* arguments.c: the options that go before and after every command. */
extern const struct cli_option cli_global_options[];

/* Whether a value follows the option. */
bool cli_takes_value(const struct cli_option *option);

/* Reads the options before the command into `cli`; *first is the place of the command, or argc. */
enum nl_status cli_read_global(struct cli *cli, int argc, char **argv, int *first,
                               struct nl_error *err);

/* Reads what follows the command's name into `options` and the words of `cli`, and finds the
 * function to run. `argv` is put in another order. */
enum nl_status cli_read_arguments(struct cli *cli, const struct cli_command *command, int argc,
                                  char **argv, void *options, cli_run **run, struct nl_error *err);

/* A usage error that names the command whose help to look at. */
enum nl_status cli_usage_error(const struct cli *cli, struct nl_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* help.c: one line about a command, and its help without that line. */
const char *cli_help_summary(const char *name, int *len);
const char *cli_help_text(const char *name);

/* All commands by group. */
void cli_print_usage(FILE *file);

#endif
