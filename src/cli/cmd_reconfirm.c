#include "cli/cli.h"

#include "newsletter/service/reconfirming.h"

struct reconfirm_options {
    const char *list, *where, *segment;
    bool yes, dry_run;
};

static void tell_json(struct cli *cli, int64_t people, bool asked, int64_t by) {
    cli_print_json(cli, json_pack("{s:I, s:b, s:o}", "people", (json_int_t)people, "asked", asked,
                                  "answer_by", cli_json_time(by)));
}

static void tell(struct cli *cli, const struct nl_reconfirmed *counted, bool asked,
                 const char *by) {
    if (cli->json)
        tell_json(cli, counted->people, asked, counted->by);
    else if (asked)
        printf("%lld people are asked, until %s: 'newsletter retry' (cron) sends the mails\n",
               (long long)counted->people, by);
    else
        printf("%lld people would be asked\n", (long long)counted->people);
}

static enum nl_status ask(struct cli *cli, struct nl_reconfirming *wanted,
                          const struct nl_reconfirmed *counted, bool yes, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    struct nl_reconfirmed asked = {0};
    char by[CLI_TIME_LEN];
    char question[160];
    bool agreed = false;
    cli_format_time(counted->by, by);
    snprintf(
        question, sizeof question,
        "Ask %lld people whether they still want our mails, and unsubscribe those who have not "
        "answered by %s?",
        (long long)counted->people, by);
    enum nl_status status = cli_confirm(cli, yes, question, &agreed, err);
    if (status == NL_OK && !agreed && cli->json)
        tell_json(cli, counted->people, false, counted->by);
    else if (status == NL_OK && !agreed)
        puts("Nobody was asked.");
    if (status != NL_OK || !agreed)
        return status;
    wanted->count_only = false;
    status = nl_office_reconfirm(&office, wanted, &asked, err);
    if (status == NL_OK)
        tell(cli, &asked, true, by);
    return status;
}

static enum nl_status reconfirm_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct reconfirm_options *chosen = options;
    struct nl_reconfirming wanted = {.list = chosen->list,
                                     .where = chosen->where,
                                     .segment = chosen->segment,
                                     .count_only = true};
    struct nl_reconfirmed counted = {0};
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    const struct nl_office office = cli_office(cli);
    status = nl_office_reconfirm(&office, &wanted, &counted, err);
    if (status != NL_OK)
        return status;
    if (counted.people > 0 && !chosen->dry_run)
        return ask(cli, &wanted, &counted, chosen->yes, err);
    tell(cli, &counted, false, "");
    return NL_OK;
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
