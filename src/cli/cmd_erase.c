#include "cli/cli.h"

#include "newsletter/store/person.h"

enum { OPT_YES = 1 };

static const struct option long_options[] = {{"yes", no_argument, NULL, OPT_YES}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct nl_address address = {0};
    int64_t subscriber = 0;
    bool yes = false;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option != OPT_YES)
            return NL_USAGE;
        yes = true;
    }
    enum nl_status status = cli_words(argc, 1, "one ADDRESS", err);
    if (status == NL_OK)
        status = nl_address_parse(argv[optind], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_person_find(cli->store, &address, &subscriber, err);
    if (status == NL_OK && !yes && !cli_ask("Erase all that is known of this person?"))
        status = nl_error_set(err, NL_USAGE, "nothing is erased: say --yes");
    if (status == NL_OK)
        status = nl_person_erase(cli->store, subscriber, err);
    if (status == NL_OK)
        puts("erased");
    nl_address_free(&address);
    return status;
}

const struct command cmd_erase = {"erase",
                                  "forget a person",
                                  "Usage: newsletter erase ADDRESS [--yes]\n"
                                  "\n"
                                  "Ends all their subscriptions and removes name, address and "
                                  "every other text that tells who it\n"
                                  "was. What was sent stays counted; a keyed digest of the address "
                                  "stays, so that no import brings\n"
                                  "them back; a suppression stays. They may join again by "
                                  "themselves. Backups keep what they have.\n"
                                  "\n"
                                  "Example: newsletter erase ann@example.org\n",
                                  run,
                                  long_options,
                                  NULL};
