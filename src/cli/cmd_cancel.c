#include "cli/cli.h"

#include "newsletter/service/issues.h"

static enum nl_status cancel_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    const struct nl_office office = cli_office(cli);
    struct nl_issue_change change = {0};
    enum nl_status status =
        nl_office_issue_control(&office, issue->id, NL_ISSUE_CANCEL, &change, err);
    if (status != NL_OK)
        return status;
    if (change.result != NL_ACTION_WITHDRAWN && change.result != NL_ACTION_DONE)
        return cli_refused(issue, change.result, change.found, err);
    if (cli_print_change(cli, issue, "cancelled",
                         json_pack("{s:I}", "will_not_get_it", (json_int_t)change.skipped)))
        return NL_OK;
    if (change.result == NL_ACTION_WITHDRAWN)
        printf("issue %s is cancelled; it was not sent to anybody\n", issue->slug);
    else
        printf("issue %s is cancelled: %lld people will not get it\n", issue->slug,
               (long long)change.skipped);
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
