#include "cli/link_answer.h"

static enum nl_status confirm_run(struct cli *cli, void *options, struct nl_error *err) {
    struct link_call call = {.options = *(const struct link_options *)options};
    struct nl_token_result result = {0};
    enum nl_status status = cli_read_token(
        cli, &call, "'newsletter subscribe ADDRESS' sends the mail with its token again", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    const struct nl_office office = cli_office(cli);
    int64_t wording = 0;
    status = cli_read_wording(cli, call.options.wording, call.options.language, &wording, err);
    if (status != NL_OK)
        return status;
    status = nl_office_confirm(&office, call.token, wording, &result, err);
    return cli_answer_link(cli, &call, status,
                           result.already ? NL_ANSWER_SUBSCRIBED : NL_ANSWER_CONFIRMED, &result,
                           err);
}

static const struct cli_option confirm_table[] = {
    CLI_FLAG("verbose", struct link_options, verbose),
    CLI_FLAG("html", struct link_options, html),
    CLI_TEXT("language", struct link_options, language),
    CLI_PATH("wording", struct link_options, wording),
    {0},
};

const struct cli_command cmd_confirm = {
    .name = "confirm",
    .options = confirm_table,
    .size = sizeof(struct link_options),
    .run = confirm_run,
    .words = {1, 1, "one TOKEN, or -"},
    .heedless_of_imports = true,
};
