#include "cli/cli.h"

#include "newsletter/service/issues.h"

static enum nl_status pause_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                  struct nl_error *err) {
    (void)ctx;
    const struct nl_office office = cli_office(cli);
    struct nl_issue_change change = {0};
    enum nl_status status =
        nl_office_issue_control(&office, issue->id, NL_ISSUE_PAUSE, &change, err);
    if (status == NL_OK && change.result != NL_ACTION_DONE)
        return cli_refused(issue, change.result, change.found, err);
    if (status == NL_OK && !cli_print_change(cli, issue, "paused", NULL))
        printf("issue %s is paused: newsletter resume goes on with it\n", issue->slug);
    return status;
}

static enum nl_status pause_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return cli_on_issue(cli, cli->words[0], pause_issue, NULL, err);
}

const struct cli_command cmd_pause = {
    .name = "pause",
    .run = pause_run,
    .words = {1, 1, "one ISSUE"},
};
