#include "cli/cli.h"

#include "newsletter/archive/build.h"

#include <string.h>

static const struct option long_options[] = {{0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    int64_t files = 0;
    while (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    enum nl_status status = cli_words(argc, 2, "build FOLDER", err);
    if (status == NL_OK && strcmp(argv[optind], "build") != 0)
        status = nl_error_set(err, NL_USAGE, "archive %s? there is build", argv[optind]);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_archive_build(cli->store, &cli->config, argv[optind + 1], &files, err);
    if (status == NL_OK)
        printf("wrote %lld files to %s\n", (long long)files, argv[optind + 1]);
    return status;
}

const struct command cmd_archive = {
    "archive",
    "write the public archive as files",
    "Usage: newsletter archive build FOLDER\n"
    "\n"
    "Writes what 'serve' shows below /archive/ as files for any web server: for each list that is "
    "not\n"
    "private its issues, by date, category, series and author, events with an iCalendar file, and "
    "an\n"
    "Atom feed. The feed needs to know where it will be: the list's --archive-url, or serve.url.\n"
    "Again brings the files up to date; none is removed.\n"
    "\n"
    "Example: newsletter archive build /var/www/bulletin\n",
    run,
    long_options,
    "build"};
