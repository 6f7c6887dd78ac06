#include "cli/cli.h"

#include "newsletter/store/person.h"

struct erase_options {
    bool yes;
};

static enum nl_status erase_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct erase_options *chosen = options;
    struct nl_address address = {0};
    int64_t subscriber = 0;
    enum nl_status status = nl_address_parse(cli->words[0], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_person_find(cli->store, &address, &subscriber, err);
    if (status == NL_OK && !chosen->yes && !cli_ask("Erase all that is known of this person?"))
        status = nl_error_set(err, NL_USAGE, "nothing is erased: say --yes");
    if (status == NL_OK)
        status = nl_person_erase(cli->store, subscriber, err);
    if (status == NL_OK)
        puts("erased");
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
};
