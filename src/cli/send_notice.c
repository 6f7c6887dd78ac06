#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/* What fails here stays queued, and 'newsletter retry' sends it; saying so would tell the public
 * that there was a mail to be sent. */
static void send_notice(struct cli *cli, int64_t notice) {
    const struct nl_run_options options = {.stop = &cli_stop};
    struct nl_run_summary summary = {0};
    struct nl_error ignored = {0};
    enum nl_status status = cli_open(cli, &ignored);
    if (status == NL_OK)
        status = cli_connect(cli, &ignored);
    if (status == NL_OK)
        status = nl_send_notice(cli->store, &cli->config, cli->relay, notice, &options, &summary,
                                &ignored);
    if (status != NL_OK)
        nl_error_free(&ignored);
    nl_error_free(&summary.problem);
    nl_error_free(&ignored);
}

/* Leaves the caller behind, so that its answer takes as long with a mail to send as without one. A
 * child is made in either case. */
static void send_in_background(struct cli *cli, int64_t notice) {
    cli_close_store(cli);
    fflush(stdout);
    if (fork() != 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(0);
    if (notice != 0)
        send_notice(cli, notice);
    cli_close_store(cli);
    _exit(0);
}

void cli_send_notice(struct cli *cli, int64_t notice, bool wait) {
    if (!wait)
        send_in_background(cli, notice);
    else if (notice != 0)
        send_notice(cli, notice);
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
