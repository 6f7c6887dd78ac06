#include "cli/cli.h"

/* The run itself changes the state. */
static enum nl_status resume_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    int64_t left = 0;
    int64_t unknown = 0;
    enum nl_action_result result = nl_issue_allows(issue->state, NL_ISSUE_RESUME);
    if (result != NL_ACTION_DONE && result != NL_ACTION_UNCHANGED)
        return cli_refused(issue, result, issue->state, err);
    enum nl_status status = cli_connect(cli, err);
    if (status == NL_OK)
        status = nl_issue_left(cli->store, issue->id, &left, &unknown, err);
    if (status != NL_OK)
        return status;
    return cli_send_issue(cli, issue, left, NULL, err);
}

static enum nl_status resume_run(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return cli_on_issue(cli, cli->words[0], resume_issue, NULL, err);
}

const struct cli_command cmd_resume = {
    .name = "resume",
    .run = resume_run,
    .words = {1, 1, "one ISSUE"},
};
