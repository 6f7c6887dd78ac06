#include "cli/cli.h"

static enum nl_status cancel_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    struct nl_issue_change change = {0};
    enum nl_status status =
        nl_issue_control(cli->store, issue->id, NL_ISSUE_CANCEL, NULL, &change, err);
    if (status != NL_OK)
        return status;
    if (change.result == NL_ACTION_WITHDRAWN)
        printf("issue %s is cancelled; it was not sent to anybody\n", issue->slug);
    else if (change.result == NL_ACTION_DONE)
        printf("issue %s is cancelled: %lld people will not get it\n", issue->slug,
               (long long)change.skipped);
    else
        return cli_refused(issue, change.result, change.found, err);
    return NL_OK;
}

static enum nl_status cancel_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return cli_on_issue(cli, cli->words[0], cancel_issue, NULL, err);
}

const struct cli_command cmd_cancel = {
    .name = "cancel",
    .run = cancel_run,
    .words = {1, 1, "one ISSUE"},
};
