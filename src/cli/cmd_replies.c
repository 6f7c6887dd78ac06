#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/inbound/intake.h"
#include "newsletter/inbound/mailbox.h"

enum { PIPE_LIMIT = 256 << 20 };

struct call {
    struct nl_intake *intake;
    int64_t total, counted;
};

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    struct call *call = ctx;
    enum nl_status status = nl_intake_reply(call->intake, data, len, understood, err);
    call->total += status == NL_OK;
    call->counted += *understood;
    return status;
}

static enum nl_status take_pipe(struct call *call, struct nl_error *err) {
    struct nl_buf text = {0};
    bool counted = false;
    enum nl_status status = nl_file_read("/dev/stdin", PIPE_LIMIT, &text, err);
    if (status == NL_OK)
        status = take(nl_buf_text(&text), text.len, &counted, call, err);
    nl_buf_free(&text);
    return status;
}

static const struct option long_options[] = {{0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    const struct nl_visitor visitor = {take, &call, true, &cli_stop};
    while (cli_option(argc, argv, long_options, err) != -1)
        return NL_USAGE;
    bool pipe = optind == argc;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_intake_new(cli->store, &cli->config, &call.intake, err);
    cli_catch_signals();
    if (status == NL_OK && pipe)
        status = take_pipe(&call, err);
    for (int i = optind; status == NL_OK && i < argc && !cli_stop; i++)
        status = nl_mailbox_path(argv[i], &visitor, err);
    if (status == NL_OK && !pipe)
        printf("%lld messages, %lld of them answers to ours\n", (long long)call.total,
               (long long)call.counted);
    nl_intake_free(call.intake);
    if (status != NL_OK && pipe)
        err->status = status = NL_TEMPFAIL; /* the mail system keeps the message */
    return status;
}

const struct command cmd_replies = {
    "replies",
    "count answers to an issue, to choose between two subjects",
    "Usage: newsletter replies [PATH...]\n"
    "\n"
    "For 'newsletter decide' by the rule 'replies'. Reads messages from standard input, or in "
    "PATH: a\n"
    "file, an mbox, a Maildir, a folder of files. Those that somebody wrote in answer to a "
    "message\n"
    "of ours (In-Reply-To, References) are counted, one for each person and issue. Automatic\n"
    "replies are not. Nothing of the text is kept, and the messages stay where they are. Who does\n"
    "not run it has no answers counted.\n"
    "\n"
    "Example, in /etc/aliases: press: press-office, \"|/usr/bin/newsletter --config "
    "/etc/newsletter.yaml replies\"\n",
    run,
    long_options,
    NULL};
