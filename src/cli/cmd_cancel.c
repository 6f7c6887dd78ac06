#include "cli/cli.h"

#include <string.h>

static enum nl_status cancel_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    int64_t skipped = 0;
    if (strcmp(issue->state, "scheduled") == 0) {
        enum nl_status withdrawn = nl_issue_withdraw(cli->store, issue->id, err);
        if (withdrawn == NL_OK)
            printf("issue %s is cancelled; it was not sent to anybody\n", issue->slug);
        return withdrawn;
    }
    if (strcmp(issue->state, "sent") == 0 || strcmp(issue->state, "cancelled") == 0)
        return cli_already(issue, err);
    enum nl_status status = nl_issue_cancel(cli->store, issue->id, &skipped, err);
    if (status == NL_OK)
        printf("issue %s is cancelled: %lld people will not get it\n", issue->slug,
               (long long)skipped);
    return status;
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
