#include "cli/cli.h"

#include "newsletter/subscription.h"

#include <string.h>

enum { OPT_ADDRESS = 1, OPT_LIST, OPT_VERBOSE };

/* The public reads the same words whatever was wrong with a link; the exit status tells. */
static const char bad_link[] = "This link does not work or works no longer. To join, fill in the "
                               "form once more; to leave, use the link in the latest mail.\n";

/* The token, from the command line or, for "-", from standard input, where no process list shows
 * it. */
static enum nl_status read_token(int argc, char **argv, char token[128], struct nl_error *err) {
    enum nl_status status = cli_words(argc, 1, "TOKEN", err);
    if (status != NL_OK)
        return status;
    if (strcmp(argv[optind], "-") != 0) {
        snprintf(token, 128, "%s", argv[optind]);
    } else if (fgets(token, 128, stdin) == NULL) {
        token[0] = '\0';
    }
    token[strcspn(token, "\r\n")] = '\0';
    return NL_OK;
}

/* Prints the outcome for the public; for the operator, --verbose adds the reason. */
static enum nl_status answer(struct cli *cli, enum nl_status status, int64_t list_id,
                             const char *format, bool verbose, struct nl_error *err) {
    struct nl_list list = {0};
    switch (status) {
    case NL_OK:
        status = nl_list_get(cli->store, list_id, &list, err);
        if (status == NL_OK)
            printf(format, list.title);
        nl_list_free(&list);
        return status;
    case NL_DATA:
    case NL_NOTFOUND:
    case NL_EXPIRED:
    case NL_USED:
        fputs(bad_link, stdout);
        if (!verbose)
            nl_error_free(err);
        return status;
    default:
        return status;
    }
}

static enum nl_status run_confirm(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    static const struct option options[] = {{"verbose", no_argument, NULL, OPT_VERBOSE}, {0}};
    char token[128] = "";
    int64_t list = 0;
    bool verbose = false;
    for (int option = 0; (option = cli_option(argc, argv, options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        verbose = true;
    }
    enum nl_status status = read_token(argc, argv, token, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    status = nl_confirm(cli->store, token, &list, err);
    return answer(cli, status, list, "Your subscription to %s is confirmed. Welcome!\n", verbose,
                  err);
}

const struct command cmd_confirm = {
    "confirm", "use the token of a confirmation mail",
    "Usage: newsletter confirm TOKEN\n"
    "       newsletter confirm - < TOKEN\n"
    "\n"
    "Makes a pending subscription active. Prints a sentence to show to the public, the same for\n"
    "every link that does not work; the exit status tells the operator why: 65 malformed, 67\n"
    "unknown, 69 expired, 77 used before. --verbose says so on standard error.\n"
    "\n"
    "Example: newsletter confirm 7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55\n",
    run_confirm};

static enum nl_status by_address(struct cli *cli, const char *text, const char *list_name,
                                 struct nl_error *err) {
    struct nl_address address = {0};
    struct nl_list list = {0};
    enum nl_status status = nl_address_parse(text, &address, err);
    if (status == NL_OK && list_name != NULL)
        status = nl_list_find(cli->store, list_name, &list, err);
    if (status == NL_OK)
        status = nl_unsubscribe_address(cli->store, &address, list.id, err);
    if (status == NL_OK)
        printf("%s is unsubscribed from %s\n", address.text,
               list_name != NULL ? list_name : "all lists");
    nl_list_free(&list);
    nl_address_free(&address);
    return status;
}

static enum nl_status run_unsubscribe(struct cli *cli, int argc, char **argv,
                                      struct nl_error *err) {
    static const struct option options[] = {{"address", required_argument, NULL, OPT_ADDRESS},
                                            {"list", required_argument, NULL, OPT_LIST},
                                            {"verbose", no_argument, NULL, OPT_VERBOSE},
                                            {0}};
    const char *address = NULL;
    const char *list_name = NULL;
    char token[128] = "";
    int64_t list = 0;
    bool verbose = false;
    for (int option = 0; (option = cli_option(argc, argv, options, err)) != -1;) {
        if (option == OPT_ADDRESS)
            address = optarg;
        else if (option == OPT_LIST)
            list_name = optarg;
        else if (option == OPT_VERBOSE)
            verbose = true;
        else
            return NL_USAGE;
    }
    enum nl_status status = address != NULL ? cli_words(argc, 0, "--address alone", err)
                                            : read_token(argc, argv, token, err);
    if (status == NL_OK && address == NULL && list_name != NULL)
        status = nl_error_set(err, NL_USAGE, "--list goes with --address: a token knows its list");
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (address != NULL)
        return by_address(cli, address, list_name, err);
    status = nl_unsubscribe_token(cli->store, token, &list, err);
    return answer(cli, status, list,
                  "You are unsubscribed from %s. No further issue will reach "
                  "you.\n",
                  verbose, err);
}

const struct command cmd_unsubscribe = {
    "unsubscribe", "end a subscription by token or address",
    "Usage: newsletter unsubscribe TOKEN\n"
    "       newsletter unsubscribe - < TOKEN\n"
    "       newsletter unsubscribe --address ADDRESS [--list NAME]\n"
    "\n"
    "TOKEN is what the List-Unsubscribe link of a mail holds; using it again is no error. By\n"
    "address, all lists are left unless --list names one. Takes effect at once, also on an issue\n"
    "that is being sent. Exit status: 65 malformed, 67 unknown.\n"
    "\n"
    "Example: newsletter unsubscribe --address ann@example.org\n",
    run_unsubscribe};
