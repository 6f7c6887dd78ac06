#include "cli/link_answer.h"

#include "newsletter/service/subscribers.h"

static enum nl_status by_address(struct cli *cli, const char *address, const char *list,
                                 struct nl_error *err) {
    const struct nl_who who = {.address = address};
    const struct nl_office office = cli_office(cli);
    enum nl_status status = nl_office_subscriber_unsubscribe(&office, &who, list, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s?, s:s}", "address", address, "list", list, "result",
                           "unsubscribed"),
                 "%s is unsubscribed from %s", address, list != NULL ? list : "all lists");
    return status;
}

static enum nl_status unsubscribe_run(struct cli *cli, void *options, struct nl_error *err) {
    struct link_call call = {.options = *(const struct link_options *)options};
    struct nl_token_result result = {0};
    const char *address = call.options.address;
    if (address != NULL && cli->word_count > 0)
        return cli_usage_error(cli, err, "unexpected '%s': --address takes the place of a token",
                               cli->words[0]);
    if (address == NULL && cli->word_count == 0)
        return cli_usage_error(cli, err, "expected a TOKEN, or - to read it, or --address");
    if (address == NULL && call.options.list != NULL)
        return cli_usage_error(cli, err, "--list goes with --address: a token knows its list");
    enum nl_status status =
        address == NULL ? cli_read_token(cli, &call, "give it with --address", err) : NL_OK;
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (address != NULL)
        return by_address(cli, address, call.options.list, err);
    const struct nl_office office = cli_office(cli);
    status = nl_office_leave(&office, call.token, &result, err);
    return cli_answer_link(cli, &call, status, NL_ANSWER_LEFT, &result, err);
}

static const struct cli_option unsubscribe_table[] = {
    CLI_TEXT("address", struct link_options, address),
    CLI_TEXT("list", struct link_options, list),
    CLI_FLAG("verbose", struct link_options, verbose),
    CLI_FLAG("html", struct link_options, html),
    CLI_TEXT("language", struct link_options, language),
    {0},
};

const struct cli_command cmd_unsubscribe = {
    .name = "unsubscribe",
    .options = unsubscribe_table,
    .size = sizeof(struct link_options),
    .run = unsubscribe_run,
    .words = {0, 1, "one TOKEN"},
    .heedless_of_imports = true,
};
