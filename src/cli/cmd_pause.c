#include "cli/cli.h"

#include <string.h>

static enum nl_status pause_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                  struct nl_error *err) {
    (void)ctx;
    bool changed = false;
    if (strcmp(issue->state, "sending") != 0)
        return cli_already(issue, err);
    enum nl_status status =
        nl_issue_set_state(cli->store, issue->id, "paused", "by hand", &changed, err);
    if (status == NL_OK && !changed)
        return nl_error_set(err, NL_EXISTS, "issue %s has just ended", issue->slug);
    if (status == NL_OK)
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
