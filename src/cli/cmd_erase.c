#include "cli/cli.h"

#include "newsletter/service/messages.h"
#include "newsletter/service/subscribers.h"

struct erase_options {
    bool yes;
};

/* Somebody who is not a subscriber may have got transactional messages. */
static enum nl_status erase_stranger(struct cli *cli, bool yes, struct nl_error *unknown,
                                     struct nl_error *err) {
    const struct nl_message_query query = {.address = cli->words[0], .limit = 1};
    const struct nl_office office = cli_office(cli);
    json_t *messages = NULL;
    int64_t count = 0;
    bool agreed = false;
    enum nl_status status = nl_office_messages(&office, &query, &messages, err);
    bool any = json_array_size(messages) > 0;
    json_decref(messages);
    if (status == NL_OK && !any) {
        *err = *unknown;
        *unknown = (struct nl_error){0};
        return err->status;
    }
    if (status == NL_OK)
        status = cli_confirm(cli, yes, "Erase the messages to this address?", &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_office_messages_erase(&office, cli->words[0], &count, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s}", "address", cli->words[0], "result",
                           agreed ? "erased" : "declined"),
                 "%s", agreed ? "erased" : "Nothing was erased.");
    return status;
}

static enum nl_status erase_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct erase_options *chosen = options;
    const struct nl_who who = {.address = cli->words[0]};
    struct nl_subscriber found = {0};
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_subscriber_read(&office, &who, &found, err);
    if (status == NL_NOTFOUND) {
        struct nl_error unknown = *err;
        *err = (struct nl_error){0};
        status = erase_stranger(cli, chosen->yes, &unknown, err);
        nl_error_free(&unknown);
        return status;
    }
    if (status == NL_OK)
        status = cli_confirm(cli, chosen->yes, "Erase all that is known about this person?",
                             &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_office_subscriber_erase(&office, &who, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s}", "address", cli->words[0], "result",
                           agreed ? "erased" : "declined"),
                 "%s", agreed ? "erased" : "Nothing was erased.");
    nl_subscriber_free(&found);
    return status;
}

static const struct cli_option erase_table[] = {
    CLI_FLAG("yes", struct erase_options, yes),
    {0},
};

const struct cli_command cmd_erase = {
    .name = "erase",
    .options = erase_table,
    .size = sizeof(struct erase_options),
    .run = erase_run,
    .words = {1, 1, "one ADDRESS"},
    .heedless_of_imports = true,
};
