#include "cli/cli.h"

#include "newsletter/store/reconfirmation.h"

enum { OPT_LIST = 1, OPT_WHERE, OPT_SEGMENT, OPT_YES, OPT_DRY_RUN };

struct call {
    const char *list, *where, *segment;
    bool yes, dry_run;
};

static enum nl_status ask(struct cli *cli, const struct call *call,
                          const struct nl_reconfirmation *reconfirmation, struct nl_error *err) {
    char by[32];
    char question[160];
    int64_t count = 0;
    enum nl_status status = nl_reconfirmation_ask(cli->store, reconfirmation, true, &count, err);
    if (status != NL_OK)
        return status;
    cli_format_time(reconfirmation->by, by);
    if (count == 0 || call->dry_run) {
        printf("%lld people would be asked\n", (long long)count);
        return NL_OK;
    }
    snprintf(question, sizeof question,
             "Ask %lld people whether they still want our mails, and unsubscribe who has not "
             "answered by %s?",
             (long long)count, by);
    if (!call->yes && !cli_ask(question))
        return nl_error_set(err, NL_USAGE, "nobody is asked: say --yes");
    status = nl_reconfirmation_ask(cli->store, reconfirmation, false, &count, err);
    if (status == NL_OK)
        printf("%lld people are asked, until %s: 'newsletter retry' (cron) sends the mails\n",
               (long long)count, by);
    return status;
}

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"where", required_argument, NULL, OPT_WHERE},
                                             {"segment", required_argument, NULL, OPT_SEGMENT},
                                             {"yes", no_argument, NULL, OPT_YES},
                                             {"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    struct nl_reconfirmation reconfirmation = {0};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_LIST)
            call.list = optarg;
        else if (option == OPT_WHERE)
            call.where = optarg;
        else if (option == OPT_SEGMENT)
            call.segment = optarg;
        else if (option == OPT_YES)
            call.yes = true;
        else
            call.dry_run = true;
    }
    enum nl_status status = cli_words(argc, 0, "no words", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, call.list, &list, err);
    if (status == NL_OK)
        status = cli_segment(cli, call.where, call.segment, &segment, NULL, err);
    if (status == NL_OK) {
        reconfirmation.list = list.id;
        reconfirmation.segment = segment;
        reconfirmation.by =
            nl_env_now(nl_store_env(cli->store)) + cli->config.reconfirmation.expires;
        status = ask(cli, &call, &reconfirmation, err);
    }
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

const struct command cmd_reconfirm = {
    "reconfirm",
    "ask subscribers whether they still want our mails",
    "Usage: newsletter reconfirm [--list NAME] [--segment NAME] [--where EXPRESSION] [--dry-run] "
    "[--yes]\n"
    "\n"
    "For lists of old: a mail to each active subscriber with a link. Who has not opened it within\n"
    "reconfirmation.expires (30 days) is unsubscribed by 'newsletter retry'. With sunset.after in "
    "the\n"
    "configuration, retry asks who has been subscribed for so long, by itself.\n"
    "\n"
    "Example: newsletter reconfirm --list bulletin --where 'joined < \"3 years ago\"'\n",
    run,
    long_options,
    NULL};
