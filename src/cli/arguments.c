#include "cli/cli.h"
#include "cli/hint.h"

#include <stdarg.h>
#include <string.h>

const struct cli_option cli_global_options[] = {
    CLI_PATH("config", struct cli, config_path),
    CLI_TEXT("db", struct cli, database),
    CLI_PATH("password-file", struct cli, password_file),
    CLI_FLAG("trace", struct cli, trace),
    CLI_FLAG("json", struct cli, json),
    CLI_FLAG("help", struct cli, help),
    CLI_FLAG("version", struct cli, version),
    {0},
};

/* An option as it was found: its table entry, and the struct that its value goes into. */
struct found {
    const struct cli_option *option;
    char *target;
};

/* Where options come from: those of a command, if there is one, and those that always hold. */
struct source {
    struct cli *cli;
    const struct cli_command *command; /* NULL before the command */
    void *options;
};

enum nl_status cli_usage_error(const struct cli *cli, struct nl_error *err, const char *format,
                               ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (cli->command == NULL)
        return nl_error_set(err, NL_USAGE, "%s (see 'newsletter --help')", text);
    return nl_error_set(err, NL_USAGE, "%s (see 'newsletter %s --help')", text, cli->command->name);
}

bool cli_takes_value(const struct cli_option *option) {
    return option->type != CLI_TYPE_FLAG && option->type != CLI_TYPE_SET;
}

/* ---- which option ---- */

/* Options whose name begins with the `len` bytes at `name`; a whole name stands for itself alone.
 */
struct lookup {
    const char *name;
    size_t len;
    struct found found;
    size_t count;
    bool exact;
    struct cli_suggestion near;
    struct cli_suggestion matches; /* filled here, by the beginning alone */
};

static void look_in(struct lookup *lookup, const struct cli_option *options, void *target) {
    for (; options != NULL && options->name != NULL && !lookup->exact; options++) {
        cli_suggest(&lookup->near, options->name);
        if (strncmp(options->name, lookup->name, lookup->len) != 0)
            continue;
        lookup->exact = options->name[lookup->len] == '\0';
        if (lookup->matches.count < CLI_SUGGESTIONS)
            lookup->matches.words[lookup->matches.count++] = options->name;
        lookup->count = lookup->exact ? 1 : lookup->count + 1;
        lookup->found = (struct found){options, target};
    }
}

/* Finds "--NAME", which a '=' may end. */
static enum nl_status find_option(const struct source *source, const char *word,
                                  struct found *found, struct nl_error *err) {
    char name[64];
    char hint[CLI_HINT_LEN];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    struct lookup lookup = {.name = name, .len = strlen(name), .near = {.wanted = name}};
    if (source->command != NULL)
        look_in(&lookup, source->command->options, source->options);
    look_in(&lookup, cli_global_options, source->cli);
    *found = lookup.found;
    if (lookup.count == 1)
        return NL_OK;
    cli_suggestion_text(lookup.count == 0 ? &lookup.near : &lookup.matches, "--", hint);
    return cli_usage_error(
        source->cli, err,
        lookup.count == 0 ? "unknown option '--%s'%s" : "option '--%s' is ambiguous%s", name, hint);
}

/* ---- its value ---- */

static enum nl_status set_choice(const struct source *source, const struct found *found,
                                 const char *value, struct nl_error *err) {
    const struct cli_option *option = found->option;
    struct cli_suggestion near = {.wanted = value};
    char hint[CLI_HINT_LEN];
    struct nl_buf all = {0};
    for (unsigned i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            nl_buf_free(&all);
            memcpy(found->target + option->offset, &i, sizeof i);
            return NL_OK;
        }
        cli_suggest(&near, option->choices[i]);
        nl_buf_addf(&all, "%s%s", i > 0 ? ", " : "", option->choices[i]);
    }
    cli_suggestion_text(&near, "", hint);
    enum nl_status status =
        near.count > 0 ? cli_usage_error(source->cli, err, "--%s '%s'%s", option->name, value, hint)
                       : cli_usage_error(source->cli, err, "--%s '%s': it can be %s", option->name,
                                         value, nl_buf_text(&all));
    nl_buf_free(&all);
    return status;
}

static enum nl_status set_number(const struct source *source, const struct found *found,
                                 const char *value, struct nl_error *err) {
    const struct cli_option *option = found->option;
    int64_t number = 0;
    if (!nl_text_integer(value, &number) || number < option->least || number > option->most)
        return option->most == INT64_MAX
                   ? cli_usage_error(source->cli, err, "--%s '%s': give a number from %lld on",
                                     option->name, value, (long long)option->least)
                   : cli_usage_error(source->cli, err, "--%s '%s': give a number from %lld to %lld",
                                     option->name, value, (long long)option->least,
                                     (long long)option->most);
    memcpy(found->target + option->offset, &number, sizeof number);
    return NL_OK;
}

static enum nl_status set_duration(const struct source *source, const struct found *found,
                                   const char *value, struct nl_error *err) {
    int64_t seconds = 0;
    if (!nl_text_duration(value, &seconds))
        return cli_usage_error(source->cli, err, "--%s '%s': give a time such as 90m or 4h",
                               found->option->name, value);
    memcpy(found->target + found->option->offset, &seconds, sizeof seconds);
    return NL_OK;
}

/* One of several options that exclude each other; their names are those with the same target. */
static enum nl_status set_mode(const struct source *source, const struct found *found,
                               struct nl_error *err) {
    const struct cli_option *option = found->option;
    unsigned before = 0;
    const unsigned value = (unsigned)option->least;
    memcpy(&before, found->target + option->offset, sizeof before);
    for (const struct cli_option *other = source->command->options; other->name != NULL; other++)
        if (before != 0 && before != value && other->type == CLI_TYPE_SET &&
            other->offset == option->offset && (unsigned)other->least == before)
            return cli_usage_error(source->cli, err, "--%s and --%s exclude each other",
                                   other->name, option->name);
    memcpy(found->target + option->offset, &value, sizeof value);
    return NL_OK;
}

static enum nl_status add_text(const struct source *source, const struct found *found,
                               const char *value, struct nl_error *err) {
    struct cli_texts *texts = (void *)(found->target + found->option->offset);
    if (texts->count == CLI_TEXTS_LIMIT)
        return cli_usage_error(source->cli, err, "--%s can be given %d times at most",
                               found->option->name, CLI_TEXTS_LIMIT);
    texts->items[texts->count++] = value;
    return NL_OK;
}

static enum nl_status set_value(const struct source *source, const struct found *found,
                                const char *value, struct nl_error *err) {
    char *member = found->target + found->option->offset;
    switch (found->option->type) {
    case CLI_TYPE_FLAG:
        memcpy(member, &(const bool){true}, sizeof(bool));
        return NL_OK;
    case CLI_TYPE_SET:
        return set_mode(source, found, err);
    case CLI_TYPE_TEXT:
    case CLI_TYPE_PATH:
        memcpy(member, &value, sizeof value);
        return NL_OK;
    case CLI_TYPE_NUMBER:
        return set_number(source, found, value, err);
    case CLI_TYPE_DURATION:
        return set_duration(source, found, value, err);
    case CLI_TYPE_CHOICE:
        return set_choice(source, found, value, err);
    case CLI_TYPE_REPEATED:
        return add_text(source, found, value, err);
    }
    return nl_error_set(err, NL_INTERNAL, "--%s has no type", found->option->name);
}

/* Reads the option at argv[*at], and moves *at to the last word that belongs to it. */
static enum nl_status read_option(const struct source *source, int argc, char **argv, int *at,
                                  struct nl_error *err) {
    const char *word = argv[*at];
    struct found found = {0};
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (word[1] != '-')
        return cli_usage_error(source->cli, err, "unknown option '%s'", word);
    enum nl_status status = find_option(source, word, &found, err);
    if (status != NL_OK)
        return status;
    if (found.target != (char *)source->cli)
        source->cli->option_count++;
    const char *value = strchr(word, '=');
    if (!cli_takes_value(found.option))
        return value == NULL
                   ? set_value(source, &found, NULL, err)
                   : cli_usage_error(source->cli, err, "--%s takes no value", found.option->name);
    if (value == NULL && *at + 1 == argc)
        return cli_usage_error(source->cli, err, "--%s needs a value", found.option->name);
    return set_value(source, &found, value != NULL ? value + 1 : argv[++*at], err);
}

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
}

enum nl_status cli_read_global(struct cli *cli, int argc, char **argv, int *first,
                               struct nl_error *err) {
    const struct source source = {.cli = cli};
    enum nl_status status = NL_OK;
    int at = 1;
    for (; status == NL_OK && at < argc && is_option(argv[at]); at++)
        status = read_option(&source, argc, argv, &at, err);
    *first = at;
    return status;
}

/* ---- words ---- */

static enum nl_status count_words(const struct cli *cli, const struct cli_words *words,
                                  struct nl_error *err) {
    if (cli->word_count < words->least)
        return cli_usage_error(cli, err, "expected %s", words->expected);
    if (cli->word_count > words->most)
        return words->expected != NULL
                   ? cli_usage_error(cli, err, "unexpected '%s': expected %s",
                                     cli->words[words->most], words->expected)
                   : cli_usage_error(cli, err, "unexpected '%s'", cli->words[words->most]);
    return NL_OK;
}

static enum nl_status unknown_action(const struct cli *cli, struct nl_error *err) {
    const char *word = cli->word_count > 0 ? cli->words[0] : "";
    struct cli_suggestion near = {.wanted = word};
    char hint[CLI_HINT_LEN];
    struct nl_buf all = {0};
    for (const struct cli_action *action = cli->command->actions; action->name != NULL; action++) {
        cli_suggest(&near, action->name);
        nl_buf_addf(&all, "%s%s",
                    all.len == 0             ? ""
                    : action[1].name != NULL ? ", "
                                             : " or ",
                    action->name);
    }
    cli_suggestion_text(&near, "", hint);
    enum nl_status status =
        word[0] == '\0'  ? cli_usage_error(cli, err, "%s what? expected %s", cli->command->name,
                                           nl_buf_text(&all))
        : near.count > 0 ? cli_usage_error(cli, err, "%s '%s'%s", cli->command->name, word, hint)
                         : cli_usage_error(cli, err, "%s '%s': expected %s", cli->command->name,
                                           word, nl_buf_text(&all));
    nl_buf_free(&all);
    return status;
}

static enum nl_status find_action(struct cli *cli, cli_run **run, struct nl_error *err) {
    const struct cli_command *command = cli->command;
    *run = command->run;
    if (command->actions == NULL)
        return count_words(cli, &command->words, err);
    if (cli->word_count == 0 && command->run != NULL)
        return NL_OK;
    const struct cli_action *action = command->actions;
    while (action->name != NULL &&
           (cli->word_count == 0 || strcmp(action->name, cli->words[0]) != 0))
        action++;
    if (action->name == NULL)
        return unknown_action(cli, err);
    cli->words++;
    cli->word_count--;
    *run = action->run;
    enum nl_status status = count_words(cli, &action->words, err);
    return status == NL_OK ? NL_OK : nl_error_context(err, "%s %s", command->name, action->name);
}

enum nl_status cli_read_arguments(struct cli *cli, const struct cli_command *command, int argc,
                                  char **argv, void *options, cli_run **run, struct nl_error *err) {
    const struct source source = {cli, command, options};
    bool only_words = false;
    enum nl_status status = NL_OK;
    cli->command = command;
    cli->words = argv;
    cli->word_count = 0;
    for (int at = 0; status == NL_OK && at < argc; at++) {
        if (!only_words && strcmp(argv[at], "--") == 0)
            only_words = true;
        else if (!only_words && is_option(argv[at]))
            status = read_option(&source, argc, argv, &at, err);
        else
            argv[cli->word_count++] = argv[at];
    }
    argv[cli->word_count] = NULL;
    if (status == NL_OK && cli->json && command->no_json != NULL)
        status = cli_usage_error(cli, err, "--json cannot be used here: %s", command->no_json);
    return status == NL_OK ? find_action(cli, run, err) : status;
}
