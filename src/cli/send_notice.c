#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/* A notice that cannot be sent stays queued, and 'newsletter retry' sends it. *reason tells; the
 * public must not hear of it, since that would say that there was a mail to be sent. */
static void send_notice(struct cli *cli, int64_t notice, struct nl_error *reason) {
    const struct nl_run_options options = {.stop = &cli_stop};
    struct nl_run_summary summary = {0};
    enum nl_status status = cli_open(cli, reason);
    if (status == NL_OK)
        status = cli_connect(cli, reason);
    if (status == NL_OK)
        status = nl_send_notice(cli->store, &cli->config, cli->relay, notice, &options, &summary,
                                reason);
    if (status == NL_OK && summary.problem.status != NL_OK)
        nl_error_set(reason, summary.problem.status, "%s", nl_error_text(&summary.problem));
    else if (status == NL_OK && summary.counts.sent == 0)
        nl_error_set(reason, NL_TEMPFAIL, "the mail server did not take it");
    nl_error_free(&summary.problem);
}

/* Leaves the caller behind, so that its answer takes as long with a mail to send as without one. A
 * child is made in either case. */
static void send_in_background(struct cli *cli, int64_t notice) {
    struct nl_error ignored = {0};
    cli_close_store(cli);
    fflush(stdout);
    if (fork() != 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(0);
    if (notice != 0)
        send_notice(cli, notice, &ignored);
    nl_error_free(&ignored);
    cli_close_store(cli);
    _exit(0);
}

void cli_send_notice(struct cli *cli, int64_t notice, bool wait) {
    struct nl_error reason = {0};
    if (!wait) {
        send_in_background(cli, notice);
        return;
    }
    if (notice != 0)
        send_notice(cli, notice, &reason);
    if (reason.status != NL_OK && cli_is_interactive())
        fprintf(stderr, "The mail could not be sent yet: %s. 'newsletter retry' tries again.\n",
                nl_error_text(&reason));
    nl_error_free(&reason);
}

enum nl_status cli_answer(struct cli *cli, enum nl_answer answer, const char *language,
                          const struct nl_list *list, bool html, struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status =
        nl_answer_compose(answer, language, list, &cli->config, html, &text, err);
    if (status == NL_OK)
        fputs(nl_buf_text(&text), stdout);
    nl_buf_free(&text);
    return status;
}
