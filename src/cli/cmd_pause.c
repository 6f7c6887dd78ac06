#include "cli/cli.h"

#include <string.h>

static const struct option long_options[] = {{0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, cli_issue_action *act,
                          struct nl_error *err) {
    while (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    enum nl_status status = cli_words(argc, 1, "ISSUE", err);
    return status == NL_OK ? cli_on_issue(cli, argv[optind], act, NULL, err) : status;
}

static enum nl_status already(const struct nl_issue *issue, struct nl_error *err) {
    return nl_error_set(err, NL_EXISTS, "issue %s is %s already", issue->slug, issue->state);
}

static enum nl_status pause_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                  struct nl_error *err) {
    (void)ctx;
    bool changed = false;
    if (strcmp(issue->state, "sending") != 0)
        return already(issue, err);
    enum nl_status status =
        nl_issue_set_state(cli->store, issue->id, "paused", "by hand", &changed, err);
    if (status == NL_OK && !changed)
        return nl_error_set(err, NL_EXISTS, "issue %s has just ended", issue->slug);
    if (status == NL_OK)
        printf("issue %s is paused: newsletter resume goes on with it\n", issue->slug);
    return status;
}

static enum nl_status cancel_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    int64_t skipped = 0;
    if (strcmp(issue->state, "scheduled") == 0) {
        enum nl_status withdrawn = nl_issue_withdraw(cli->store, issue->id, err);
        if (withdrawn == NL_OK)
            printf("issue %s is withdrawn: nobody has got it\n", issue->slug);
        return withdrawn;
    }
    if (strcmp(issue->state, "sent") == 0 || strcmp(issue->state, "cancelled") == 0)
        return already(issue, err);
    enum nl_status status = nl_issue_cancel(cli->store, issue->id, &skipped, err);
    if (status == NL_OK)
        printf("issue %s is cancelled: %lld people will not get it\n", issue->slug,
               (long long)skipped);
    return status;
}

static enum nl_status resume_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    (void)ctx;
    int64_t left = 0;
    int64_t unknown = 0;
    if (strcmp(issue->state, "paused") != 0 && strcmp(issue->state, "sending") != 0)
        return already(issue, err);
    enum nl_status status = cli_connect(cli, err);
    if (status == NL_OK)
        status = nl_issue_left(cli->store, issue->id, &left, &unknown, err);
    if (status != NL_OK)
        return status;
    return cli_send_issue(cli, issue, left, err);
}

static enum nl_status run_pause(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    return run(cli, argc, argv, pause_issue, err);
}

static enum nl_status run_resume(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    return run(cli, argc, argv, resume_issue, err);
}

static enum nl_status run_cancel(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    return run(cli, argc, argv, cancel_issue, err);
}

const struct command cmd_pause = {
    "pause",
    "stop sending an issue for now",
    "Usage: newsletter pause ISSUE\n"
    "\n"
    "A run in another terminal finishes what is in flight and stops; 'newsletter retry' leaves "
    "the\n"
    "issue alone until it is resumed. ISSUE is its slug, number or id.\n"
    "\n"
    "Example: newsletter pause 'Special Issue No 11'\n",
    run_pause,
    long_options,
    NULL};

const struct command cmd_resume = {
    "resume",
    "go on sending a paused issue",
    "Usage: newsletter resume ISSUE\n"
    "\n"
    "Goes on exactly where the issue stopped, as sending its file again would.\n"
    "\n"
    "Example: newsletter resume 'Special Issue No 11'\n",
    run_resume,
    long_options,
    NULL};

const struct command cmd_cancel = {
    "cancel",
    "stop sending an issue for good",
    "Usage: newsletter cancel ISSUE\n"
    "\n"
    "A run in another terminal finishes what is in flight and stops; who has not got the issue by\n"
    "then will not. There is no way back. A scheduled issue is withdrawn, and can be sent anew.\n"
    "\n"
    "Example: newsletter cancel 'Special Issue No 11'\n",
    run_cancel,
    long_options,
    NULL};
