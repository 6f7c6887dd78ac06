#include "cli/cli.h"

static enum nl_status version_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)cli;
    (void)options;
    (void)err;
    puts("newsletter " NL_VERSION);
    return NL_OK;
}

const struct cli_command cmd_version = {.name = "version", .run = version_run};
