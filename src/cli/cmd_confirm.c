#include "cli/cli.h"

#include "newsletter/store/subscription.h"

#include <string.h>

enum { OPT_ADDRESS = 1, OPT_LIST, OPT_VERBOSE, OPT_HTML, OPT_LANGUAGE };

/* What both commands were asked. */
struct call {
    const char *address, *list_name; /* unsubscribe only */
    const char *language;
    bool verbose, html;
    bool wait; /* for the mail that tells; a hook's caller does not */
    char token[128];
};

/* The token, from the command line or, for "-", from standard input, where no process list shows
 * it. */
static enum nl_status read_token(struct call *call, int argc, char **argv, struct nl_error *err) {
    enum nl_status status = cli_words(argc, 1, "TOKEN", err);
    if (status != NL_OK)
        return status;
    call->wait = strcmp(argv[optind], "-") != 0;
    if (call->wait) {
        snprintf(call->token, sizeof call->token, "%s", argv[optind]);
    } else if (fgets(call->token, sizeof call->token, stdin) == NULL) {
        call->token[0] = '\0';
    }
    call->token[strcspn(call->token, "\r\n")] = '\0';
    return NL_OK;
}

/* Prints the outcome for the public; for the operator, --verbose adds the reason. */
static enum nl_status answer(struct cli *cli, const struct call *call, enum nl_status status,
                             enum nl_answer good, const struct nl_standing *standing,
                             struct nl_error *err) {
    struct nl_list list = {0};
    const char *language = call->language != NULL ? call->language : standing->language;
    struct nl_error ignored = {0};
    switch (status) {
    case NL_OK:
        status = nl_list_get(cli->store, standing->list, &list, err);
        if (status == NL_OK)
            status = cli_answer(cli, good, language, &list, call->html, err);
        if (status == NL_OK)
            cli_send_notice(cli, standing->notice, call->wait);
        break;
    case NL_DATA:
    case NL_NOTFOUND:
    case NL_EXPIRED:
    case NL_USED:
        /* The list whose language serves, if there is just one. */
        if (nl_list_find(cli->store, NULL, &list, &ignored) != NL_OK)
            list = (struct nl_list){0};
        (void)cli_answer(cli, NL_ANSWER_BAD_LINK, language, list.language ? &list : NULL,
                         call->html, &ignored);
        if (!call->verbose)
            nl_error_free(err);
        break;
    default:
        break;
    }
    nl_error_free(&ignored);
    nl_list_free(&list);
    return status;
}

static bool take_option(struct call *call, int option) {
    if (option == OPT_ADDRESS)
        call->address = optarg;
    else if (option == OPT_LIST)
        call->list_name = optarg;
    else if (option == OPT_LANGUAGE)
        call->language = optarg;
    else if (option == OPT_VERBOSE)
        call->verbose = true;
    else if (option == OPT_HTML)
        call->html = true;
    return option != '?';
}

static const struct option confirm_options[] = {{"verbose", no_argument, NULL, OPT_VERBOSE},
                                                {"html", no_argument, NULL, OPT_HTML},
                                                {"language", required_argument, NULL, OPT_LANGUAGE},
                                                {0}};

static enum nl_status run_confirm(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    struct nl_standing standing = {0};
    for (int option = 0; (option = cli_option(argc, argv, confirm_options, err)) != -1;)
        if (!take_option(&call, option))
            return NL_USAGE;
    enum nl_status status = read_token(&call, argc, argv, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    status = nl_confirm(cli->store, call.token, cli->config.notices.welcome, &standing, err);
    return answer(cli, &call, status, NL_ANSWER_CONFIRMED, &standing, err);
}

const struct command cmd_confirm = {
    "confirm",
    "use the token of a confirmation mail",
    "Usage: newsletter confirm TOKEN [--html] [--language TAG] [--verbose]\n"
    "       newsletter confirm - < TOKEN\n"
    "\n"
    "Makes a pending subscription active and sends the welcoming mail (notices.welcome), in the\n"
    "background with '-'. Prints a sentence to show to the public, the same for\n"
    "every link that does not work; the exit status tells the operator why: 65 malformed, 67\n"
    "unknown, 69 expired, 77 used before. --verbose says so on standard error. The sentence is in\n"
    "the subscriber's language or --language; with --html it is a whole web page.\n"
    "\n"
    "Example: newsletter confirm 7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55\n",
    run_confirm,
    confirm_options,
    NULL};

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

static const struct option leave_options[] = {{"address", required_argument, NULL, OPT_ADDRESS},
                                              {"list", required_argument, NULL, OPT_LIST},
                                              {"verbose", no_argument, NULL, OPT_VERBOSE},
                                              {"html", no_argument, NULL, OPT_HTML},
                                              {"language", required_argument, NULL, OPT_LANGUAGE},
                                              {0}};

static enum nl_status run_unsubscribe(struct cli *cli, int argc, char **argv,
                                      struct nl_error *err) {
    struct call call = {0};
    struct nl_standing standing = {0};
    for (int option = 0; (option = cli_option(argc, argv, leave_options, err)) != -1;)
        if (!take_option(&call, option))
            return NL_USAGE;
    enum nl_status status = call.address != NULL ? cli_words(argc, 0, "--address alone", err)
                                                 : read_token(&call, argc, argv, err);
    if (status == NL_OK && call.address == NULL && call.list_name != NULL)
        status = nl_error_set(err, NL_USAGE, "--list goes with --address: a token knows its list");
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (call.address != NULL)
        return by_address(cli, call.address, call.list_name, err);
    status =
        nl_unsubscribe_token(cli->store, call.token, cli->config.notices.goodbye, &standing, err);
    return answer(cli, &call, status, NL_ANSWER_LEFT, &standing, err);
}

const struct command cmd_unsubscribe = {
    "unsubscribe",
    "end a subscription by token or address",
    "Usage: newsletter unsubscribe TOKEN [--html] [--language TAG] [--verbose]\n"
    "       newsletter unsubscribe - < TOKEN\n"
    "       newsletter unsubscribe --address ADDRESS [--list NAME]\n"
    "\n"
    "TOKEN is what the List-Unsubscribe link of a mail holds; using it again is no error. By\n"
    "address, all lists are left unless --list names one. Takes effect at once, also on an issue\n"
    "that is being sent. With notices.goodbye a last mail confirms it. Exit status: 65 malformed,\n"
    "67 unknown.\n"
    "\n"
    "Example: newsletter unsubscribe --address ann@example.org\n",
    run_unsubscribe,
    leave_options,
    NULL};
