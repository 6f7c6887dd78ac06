#include "cli/cli.h"

#include "newsletter/store/person.h"

struct erase_options {
    bool yes;
};

static enum nl_status erase_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct erase_options *chosen = options;
    struct nl_address address = {0};
    int64_t subscriber = 0;
    bool agreed = false;
    enum nl_status status = nl_address_parse(cli->words[0], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_person_find(cli->store, &address, &subscriber, err);
    if (status == NL_OK)
        status = cli_confirm(cli, chosen->yes, "Erase all that is known about this person?",
                             &agreed, err);
    if (status == NL_OK && agreed)
        status = nl_person_erase(cli->store, subscriber, err);
    if (status == NL_OK)
        puts(agreed ? "erased" : "Nothing was erased.");
    nl_address_free(&address);
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
