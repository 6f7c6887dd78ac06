#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/planner.h"

struct reschedule_options {
    const char *timezone;
};

struct wish {
    const char *at, *zone;
};

static enum nl_status move_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                 struct nl_error *err) {
    const struct wish *wish = ctx;
    const struct nl_office office = cli_office(cli);
    const struct nl_calendar_move move = {.issue = issue->id, .at = wish->at, .zone = wish->zone};
    int64_t at = 0;
    enum nl_status status = nl_office_calendar_move(&office, &move, &at, err);
    if (status != NL_OK)
        return status;
    json_t *time = nl_facts_time(at);
    if (!cli_print_change(cli, issue, "rescheduled", json_pack("{s:O}", "at", time)))
        printf("issue %s goes out at %s\n", issue->slug, json_string_value(time));
    json_decref(time);
    return NL_OK;
}

static enum nl_status reschedule_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct reschedule_options *chosen = options;
    struct wish wish = {cli->words[1], chosen->timezone};
    return cli_on_issue(cli, cli->words[0], move_issue, &wish, err);
}

static const struct cli_option reschedule_table[] = {
    CLI_TEXT("timezone", struct reschedule_options, timezone),
    {0},
};

const struct cli_command cmd_reschedule = {
    .name = "reschedule",
    .options = reschedule_table,
    .size = sizeof(struct reschedule_options),
    .run = reschedule_run,
    .words = {2, 2, "one ISSUE and a TIME"},
};
