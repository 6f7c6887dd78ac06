#include "cli/cli.h"

#include "newsletter/service/subscribers.h"

struct erase_options {
    bool yes;
};

static enum nl_status erase_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct erase_options *chosen = options;
    const struct nl_who who = {.address = cli->words[0]};
    struct nl_subscriber found = {0};
    bool agreed = false;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_subscriber_read(&office, &who, &found, err);
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
