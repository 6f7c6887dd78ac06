#include "cli/cli.h"

#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/open_files.h"
#include "newsletter/base/standard_files.h"
#include "newsletter/service/conversion.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistr.h>

static int exit_status(enum nl_status status) {
    static const int statuses[] = {
        [NL_OK] = EX_OK,
        [NL_USAGE] = EX_USAGE,
        [NL_DATA] = EX_DATAERR,
        [NL_NOINPUT] = EX_NOINPUT,
        [NL_NOTFOUND] = EX_NOUSER,
        [NL_EXISTS] = EX_DATAERR,
        [NL_EXPIRED] = EX_UNAVAILABLE,
        [NL_USED] = EX_NOPERM,
        [NL_UNAVAILABLE] = EX_UNAVAILABLE,
        [NL_BUSY] = EX_TEMPFAIL,
        [NL_TEMPFAIL] = EX_TEMPFAIL,
        [NL_PROTOCOL] = EX_PROTOCOL,
        [NL_CONFIG] = EX_CONFIG,
        [NL_NOPERM] = EX_NOPERM,
        [NL_CANTCREATE] = EX_CANTCREAT,
        [NL_IO] = EX_IOERR,
        [NL_OS] = EX_OSERR,
        [NL_INTERNAL] = EX_SOFTWARE,
    };
    return statuses[status];
}

static bool wants(int argc, char **argv, const char *option) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

static bool wants_help(int argc, char **argv) {
    return wants(argc, argv, "--help") || wants(argc, argv, "-h");
}

/* A result quotes the words of its command line, and JSON is UTF-8. */
static enum nl_status check_words(int argc, char **argv, struct nl_error *err) {
    for (int i = 1; i < argc; i++)
        if (u8_check((const uint8_t *)argv[i], strlen(argv[i])) != NULL)
            return nl_error_set(err, NL_USAGE,
                                "word %d of the command line is not UTF-8, as JSON has to be: "
                                "write it in UTF-8, or leave --json out",
                                i);
    return NL_OK;
}

static enum nl_status run_command(struct cli *cli, const struct cli_command *command, int argc,
                                  char **argv, struct nl_error *err) {
    cli_run *run = NULL;
    void *options = nl_calloc(1, command->size + 1);
    if (command->defaults != NULL)
        memcpy(options, command->defaults, command->size);
    enum nl_status status = cli_read_arguments(cli, command, argc, argv, options, &run, err);
    if (status == NL_OK && cli->version)
        puts("newsletter " NL_VERSION);
    else if (status == NL_OK)
        status = run(cli, options, err);
    free(options);
    return status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    int first = argc;
    enum nl_status status = cli_read_global(cli, argc, argv, &first, err);
    if (status != NL_OK)
        return status;
    if (cli->version) {
        puts("newsletter " NL_VERSION);
        return NL_OK;
    }
    if (first == argc) {
        cli_print_usage(cli->help ? stdout : stderr);
        return cli->help ? NL_OK : nl_error_set(err, NL_USAGE, "which command?");
    }
    const struct cli_command *command = cli_find_command(argv[first], err);
    if (command == NULL)
        return err->status;
    if (cli->help || wants_help(argc - first, argv + first)) {
        fputs(cli_help_text(command->name), stdout);
        return NL_OK;
    }
    return run_command(cli, command, argc - first - 1, argv + first + 1, err);
}

int main(int argc, char **argv) {
    struct cli cli = {0};
    struct nl_error err = {0};
    /* A command line that cannot be read fails before its --json is. */
    bool json = wants(argc, argv, "--json");
    if (!nl_standard_files_hold())
        return EX_OSERR;
    json_set_alloc_funcs(nl_malloc, free);
    nl_open_files_raise();
    if (argc == 2 && strcmp(argv[1], nl_conversion_word) == 0)
        nl_conversion_main();
    nl_conversion_offer();
    enum nl_status status = json ? check_words(argc, argv, &err) : NL_OK;
    if (status == NL_OK)
        status = run(&cli, argc, argv, &err);
    cli.json = cli.json || json;
    if (fflush(stdout) != 0 && status == NL_OK)
        status = nl_error_set(&err, NL_IO, "cannot write to standard output");
    if (status != NL_OK && err.text != NULL) {
        cli_print_json_error(&cli, &err, exit_status(status));
        nl_log(NL_LOG_ERROR, NULL, "%s", err.text);
    }
    nl_relay_free(cli.relay);
    cli_close_store(&cli);
    nl_config_free(&cli.config);
    nl_error_free(&err);
    return exit_status(status);
}
