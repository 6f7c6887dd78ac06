#include "cli/cli.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/compilation.h"

#include <stdlib.h>

struct digest_options {
    const char *title, *date, *number, *series;
};

static enum nl_status digest_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct digest_options *chosen = options;
    char today[NL_DAY_LEN + 1] = "";
    char *path = NULL;
    size_t count = 0;
    nl_zone_today(nl_env_now(&nl_env_system), today);
    const struct nl_compilation compilation = {
        .folder = cli->words[0],
        .title = chosen->title,
        .date = chosen->date != NULL ? chosen->date : today,
        .number = chosen->number,
        .series = chosen->series,
    };
    if (compilation.title == NULL)
        return cli_usage_error(cli, err, "give the issue's title with --title");
    if (!nl_datetime_is_day(compilation.date))
        return cli_usage_error(cli, err, "--date '%s' is not a day like 2026-08-25",
                               compilation.date);
    enum nl_status status = nl_compilation_write(&compilation, &path, &count, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:I}", "file", path, "items", (json_int_t)count), "%s",
                 path);
    free(path);
    return status;
}

static const struct cli_option digest_table[] = {
    CLI_TEXT("title", struct digest_options, title),
    CLI_TEXT("date", struct digest_options, date),
    CLI_TEXT("number", struct digest_options, number),
    CLI_TEXT("series", struct digest_options, series),
    {0},
};

const struct cli_command cmd_digest = {
    .name = "digest",
    .options = digest_table,
    .size = sizeof(struct digest_options),
    .run = digest_run,
    .words = {1, 1, "the FOLDER of the items"},
};
