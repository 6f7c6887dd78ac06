#include "cli/cli.h"

#include "newsletter/store/reconfirmation.h"

struct reconfirm_options {
    const char *list, *where, *segment;
    bool yes, dry_run;
};

static void tell_json(struct cli *cli, int64_t people, bool asked, int64_t by) {
    cli_print_json(cli, json_pack("{s:I, s:b, s:o}", "people", (json_int_t)people, "asked", asked,
                                  "answer_by", cli_json_time(by)));
}

static enum nl_status ask(struct cli *cli, const struct reconfirm_options *call,
                          const struct nl_reconfirmation *reconfirmation, struct nl_error *err) {
    char by[CLI_TIME_LEN];
    char question[160];
    int64_t count = 0;
    bool agreed = false;
    enum nl_status status = nl_reconfirmation_ask(cli->store, reconfirmation, true, &count, err);
    if (status != NL_OK)
        return status;
    cli_format_time(reconfirmation->by, by);
    if (count == 0 || call->dry_run) {
        if (cli->json)
            tell_json(cli, count, false, reconfirmation->by);
        else
            printf("%lld people would be asked\n", (long long)count);
        return NL_OK;
    }
    snprintf(
        question, sizeof question,
        "Ask %lld people whether they still want our mails, and unsubscribe those who have not "
        "answered by %s?",
        (long long)count, by);
    status = cli_confirm(cli, call->yes, question, &agreed, err);
    if (status == NL_OK && !agreed && cli->json)
        tell_json(cli, count, false, reconfirmation->by);
    else if (status == NL_OK && !agreed)
        puts("Nobody was asked.");
    if (status != NL_OK || !agreed)
        return status;
    status = nl_reconfirmation_ask(cli->store, reconfirmation, false, &count, err);
    if (status == NL_OK && cli->json)
        tell_json(cli, count, true, reconfirmation->by);
    else if (status == NL_OK)
        printf("%lld people are asked, until %s: 'newsletter retry' (cron) sends the mails\n",
               (long long)count, by);
    return status;
}

static enum nl_status reconfirm_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct reconfirm_options *chosen = options;
    struct nl_reconfirmation reconfirmation = {0};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_list_find(cli->store, chosen->list, &list, err);
    if (status == NL_OK)
        status = cli_segment(cli, chosen->where, chosen->segment, &segment, NULL, err);
    if (status == NL_OK) {
        reconfirmation.list = list.id;
        reconfirmation.segment = segment;
        reconfirmation.by =
            nl_env_now(nl_store_env(cli->store)) + cli->config.reconfirmation.expires;
        status = ask(cli, chosen, &reconfirmation, err);
    }
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

static const struct cli_option reconfirm_table[] = {
    CLI_TEXT("list", struct reconfirm_options, list),
    CLI_TEXT("where", struct reconfirm_options, where),
    CLI_TEXT("segment", struct reconfirm_options, segment),
    CLI_FLAG("yes", struct reconfirm_options, yes),
    CLI_FLAG("dry-run", struct reconfirm_options, dry_run),
    {0},
};

const struct cli_command cmd_reconfirm = {
    .name = "reconfirm",
    .options = reconfirm_table,
    .size = sizeof(struct reconfirm_options),
    .run = reconfirm_run,
};
