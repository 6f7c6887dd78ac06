#include "cli/cli.h"

#include "newsletter/base/log.h"

#include <string.h>
#include <sysexits.h>

const struct command *const cli_commands[] = {
    &cmd_init,     &cmd_list,    &cmd_subscribe,     &cmd_confirm,   &cmd_unsubscribe,
    &cmd_suppress, &cmd_preview, &cmd_check,         &cmd_send,      &cmd_retry,
    &cmd_pause,    &cmd_resume,  &cmd_cancel,        &cmd_status,    &cmd_bounce,
    &cmd_dkim,     &cmd_doctor,  &cmd_serve,         &cmd_archive,   &cmd_staff,
    &cmd_import,   &cmd_export,  &cmd_erase,         &cmd_segment,   &cmd_report,
    &cmd_backup,   &cmd_prune,   &cmd_completion,    &cmd_reconfirm, &cmd_digest,
    &cmd_decide,   &cmd_replies, &cmd_migrate_store,
};

const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

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

static void print_usage(FILE *out) {
    fputs("Usage: newsletter [--config FILE] [--db FILE] [--password-file FILE] COMMAND ...\n"
          "\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fputs("\n'newsletter COMMAND --help' tells more, as does newsletter(1).\n", out);
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

enum { OPT_CONFIG = 1, OPT_DB, OPT_PASSWORD, OPT_HELP, OPT_VERSION };

/* Reads the options before the command; *done when there is nothing left to do. */
static enum nl_status global_options(struct cli *cli, int argc, char **argv, bool *done,
                                     struct nl_error *err) {
    static const struct option options[] = {
        {"config", required_argument, NULL, OPT_CONFIG},
        {"db", required_argument, NULL, OPT_DB},
        {"password-file", required_argument, NULL, OPT_PASSWORD},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {0}};
    for (int option = 0; (option = cli_leading_option(argc, argv, options, err)) != -1;) {
        switch (option) {
        case OPT_CONFIG:
            cli->config_path = optarg;
            break;
        case OPT_DB:
            cli->database = optarg;
            break;
        case OPT_PASSWORD:
            cli->password_file = optarg;
            break;
        case OPT_HELP:
            print_usage(stdout);
            *done = true;
            return NL_OK;
        case OPT_VERSION:
            puts("newsletter " NL_VERSION);
            *done = true;
            return NL_OK;
        default:
            return NL_USAGE;
        }
    }
    return NL_OK;
}

static bool wants_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    bool done = false;
    enum nl_status status = global_options(cli, argc, argv, &done, err);
    if (status != NL_OK || done)
        return status;
    if (optind == argc) {
        print_usage(stderr);
        return nl_error_set(err, NL_USAGE, "which command?");
    }
    const struct command *command = find_command(argv[optind]);
    if (command == NULL)
        return nl_error_set(err, NL_USAGE, "unknown command '%s': see newsletter --help",
                            argv[optind]);
    int first = optind;
    optind = 0; /* glibc: scan a new argument list */
    if (wants_help(argc - first, argv + first)) {
        fputs(command->help, stdout);
        return NL_OK;
    }
    return command->run(cli, argc - first, argv + first, err);
}

int main(int argc, char **argv) {
    struct cli cli = {0};
    struct nl_error err = {0};
    enum nl_status status = run(&cli, argc, argv, &err);
    if (fflush(stdout) != 0 && status == NL_OK)
        status = nl_error_set(&err, NL_IO, "cannot write to standard output");
    if (status != NL_OK && err.text != NULL)
        nl_log(NL_LOG_ERROR, NULL, "%s", err.text);
    nl_relay_free(cli.relay);
    cli_close_store(&cli);
    nl_config_free(&cli.config);
    nl_error_free(&err);
    return exit_status(status);
}
