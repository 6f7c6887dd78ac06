#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/inbound/intake.h"
#include "newsletter/inbound/mailbox.h"

enum { PIPE_LIMIT = 256 << 20 };

struct replies_call {
    struct nl_intake *intake;
    int64_t total, counted;
};

static enum nl_status take_reply(const char *data, size_t len, bool *understood, void *ctx,
                                 struct nl_error *err) {
    struct replies_call *call = ctx;
    enum nl_status status = nl_intake_reply(call->intake, data, len, understood, err);
    call->total += status == NL_OK;
    call->counted += *understood;
    return status;
}

static enum nl_status take_pipe(struct replies_call *call, struct nl_error *err) {
    struct nl_buf text = {0};
    bool counted = false;
    cli_say_reading("a message");
    enum nl_status status = nl_file_read("/dev/stdin", PIPE_LIMIT, &text, err);
    if (status == NL_OK)
        status = take_reply(nl_buf_text(&text), text.len, &counted, call, err);
    nl_buf_free(&text);
    return status;
}

static enum nl_status replies_run(struct cli *cli, void *options, struct nl_error *err) {
    struct replies_call call = {0};
    const struct nl_visitor visitor = {take_reply, NULL, &call, true, &cli_stop};
    bool pipe = cli->word_count == 0;
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_intake_new(cli->store, &cli->config, &call.intake, err);
    cli_catch_signals();
    if (status == NL_OK && pipe)
        status = take_pipe(&call, err);
    for (char **path = cli->words; status == NL_OK && *path != NULL && !cli_stop; path++)
        status = nl_mailbox_path(*path, &visitor, err);
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_pack("{s:I, s:I}", "messages", (json_int_t)call.total, "answers",
                                      (json_int_t)call.counted));
    else if (status == NL_OK && !pipe)
        printf("%lld message%s, %lld of them answers to ours\n", (long long)call.total,
               call.total == 1 ? "" : "s", (long long)call.counted);
    nl_intake_free(call.intake);
    if (status != NL_OK && pipe)
        err->status = status = NL_TEMPFAIL; /* the mail system keeps the message */
    return status;
}

const struct cli_command cmd_replies = {
    .name = "replies",
    .run = replies_run,
    .words = {0, CLI_ANY, NULL},
    .heedless_of_imports = true,
};
