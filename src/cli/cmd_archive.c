#include "cli/cli.h"

#include "newsletter/archive/build.h"

static enum nl_status archive_build(struct cli *cli, void *options, struct nl_error *err) {
    const char *folder = cli->words[0];
    int64_t files = 0;
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_archive_build(cli->store, &cli->config, folder, &files, err);
    if (status == NL_OK)
        printf("wrote %lld files to %s\n", (long long)files, folder);
    return status;
}

static const struct cli_action archive_actions[] = {
    {"build", archive_build, {1, 1, "one FOLDER"}},
    {0},
};

const struct cli_command cmd_archive = {.name = "archive", .actions = archive_actions};
