#include "cli/cli.h"
#include "newsletter/service/issues.h"

struct resume_options {
    bool overrule;
};

/* The others no longer wait for the canary. A process that waits for it goes on by itself. */
static enum nl_status overrule(struct cli *cli, const struct nl_issue *issue,
                               struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_issue_change change = {0};
    enum nl_status status =
        nl_office_issue_control(&office, issue->id, NL_ISSUE_OVERRULE, &change, err);
    if (status == NL_OK && change.result == NL_ACTION_REFUSED)
        return nl_error_set(err, NL_EXISTS, "issue %s does not wait for a canary", issue->slug);
    return status;
}

/* The run itself changes the state. */
static enum nl_status resume_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    const struct resume_options *chosen = ctx;
    int64_t left = 0;
    int64_t unknown = 0;
    enum nl_action_result result = nl_issue_allows(issue->state, NL_ISSUE_RESUME);
    if (result != NL_ACTION_DONE && result != NL_ACTION_UNCHANGED)
        return cli_refused(issue, result, issue->state, err);
    enum nl_status status = chosen->overrule ? overrule(cli, issue, err) : NL_OK;
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status == NL_OK)
        status = nl_issue_left(cli->store, issue->id, &left, &unknown, err);
    if (status != NL_OK)
        return status;
    status = cli_send_issue(cli, issue, left, NULL, err);
    if (status != NL_BUSY || !chosen->overrule)
        return status;
    nl_error_free(err);
    if (!cli_print_change(cli, issue, "sending", NULL))
        puts("The process that was waiting sends it to the others now.");
    return NL_OK;
}

static enum nl_status resume_run(struct cli *cli, void *options, struct nl_error *err) {
    return cli_on_issue(cli, cli->words[0], resume_issue, options, err);
}

static const struct cli_option resume_table[] = {
    CLI_FLAG("overrule", struct resume_options, overrule),
    {0},
};

const struct cli_command cmd_resume = {
    .name = "resume",
    .options = resume_table,
    .size = sizeof(struct resume_options),
    .run = resume_run,
    .words = {1, 1, "one ISSUE"},
};
