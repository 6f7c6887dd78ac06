#include "cli/cli.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/bulletin/compilation.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPT_TITLE = 1, OPT_DATE, OPT_NUMBER, OPT_SERIES };

static const struct option long_options[] = {{"title", required_argument, NULL, OPT_TITLE},
                                             {"date", required_argument, NULL, OPT_DATE},
                                             {"number", required_argument, NULL, OPT_NUMBER},
                                             {"series", required_argument, NULL, OPT_SERIES},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct nl_compilation compilation = {0};
    char today[16] = "";
    char *path = NULL;
    size_t count = 0;
    time_t now = (time_t)nl_env_now(&nl_env_system);
    struct tm tm = {0};
    (void)cli;
    if (localtime_r(&now, &tm) != NULL)
        strftime(today, sizeof today, "%Y-%m-%d", &tm);
    compilation.date = today;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_TITLE)
            compilation.title = optarg;
        else if (option == OPT_DATE)
            compilation.date = optarg;
        else if (option == OPT_NUMBER)
            compilation.number = optarg;
        else
            compilation.series = optarg;
    }
    enum nl_status status = cli_words(argc, 1, "the FOLDER of the items", err);
    if (status == NL_OK && compilation.title == NULL)
        status = nl_error_set(err, NL_USAGE, "give --title TEXT, that of the issue");
    if (status == NL_OK && !nl_datetime_is_day(compilation.date))
        status = nl_error_set(err, NL_USAGE, "--date '%s' is not a day like 2026-08-25",
                              compilation.date);
    compilation.folder = argv[optind];
    if (status == NL_OK)
        status = nl_compilation_write(&compilation, &path, &count, err);
    if (status == NL_OK)
        puts(path);
    free(path);
    return status;
}

const struct command cmd_digest = {
    "digest",
    "make one issue of several short items",
    "Usage: newsletter digest FOLDER --title TEXT [--number TEXT] [--series TEXT] [--date DAY]\n"
    "\n"
    "The items are files like issues, each with title and date, also in several languages. They "
    "become\n"
    "the sections of FOLDER/digest-DAY.md, in the order of their dates, with their events and\n"
    "attachments, and go to FOLDER/used. It prints the name of that file, to be looked at and "
    "sent.\n"
    "Without items the exit status is 66.\n"
    "\n"
    "Example: newsletter send \"$(newsletter digest items --title 'This week')\" --yes\n",
    run,
    long_options,
    NULL};
