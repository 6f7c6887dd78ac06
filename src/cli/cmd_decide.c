#include "cli/cli.h"

#include "newsletter/service/subjects.h"

struct decide_options {
    int64_t choice; /* 0: only show */
};

enum { SUBJECTS = 2 };

static long long number_of(const json_t *facts, const char *name) {
    return json_integer_value(json_object_get(facts, name));
}

static const char *word_of(const json_t *facts, const char *name) {
    return json_string_value(json_object_get(facts, name));
}

static void show_json(struct cli *cli, const struct nl_issue *issue, json_t *facts) {
    json_object_set_new(facts, "issue", json_string(issue->slug));
    json_object_set_new(facts, "decide_at", cli_json_time(number_of(facts, "decide_at")));
    cli_print_json(cli, json_incref(facts));
}

static void show_text(const json_t *facts) {
    char when[CLI_TIME_LEN];
    size_t at = 0;
    const json_t *subject = NULL;
    json_array_foreach(json_object_get(facts, "subjects"), at, subject) {
        printf("%zu: %s\n   %lld people, %lld sent; %lld left, %lld answered\n", at + 1,
               word_of(subject, "subject"), number_of(subject, "people"),
               number_of(subject, "sent"), number_of(subject, "left"),
               number_of(subject, "replied"));
    }
    if (number_of(facts, "winner") != 0) {
        printf("Chosen: %lld\n", number_of(facts, "winner"));
    } else if (number_of(facts, "decide_at") == 0) {
        puts("The issue has not begun to go out.");
    } else {
        cli_format_time(number_of(facts, "decide_at"), when);
        printf("Leading by %s: %lld; %lld people wait for the decision at %s\n",
               word_of(facts, "rule"), number_of(facts, "leading"), number_of(facts, "waiting"),
               when);
    }
}

static enum nl_status decide(struct cli *cli, const struct nl_issue *issue, void *ctx,
                             struct nl_error *err) {
    const struct decide_options *call = ctx;
    const struct nl_office office = cli_office(cli);
    json_t *facts = NULL;
    enum nl_status status = NL_OK;
    if (call->choice != 0)
        status = nl_office_subject_decide(&office, issue->id, call->choice, err);
    if (status == NL_OK)
        status = nl_office_subjects_read(&office, issue->id, &facts, err);
    if (status != NL_OK)
        return nl_error_context(err, "%s", issue->slug);
    if (cli->json)
        show_json(cli, issue, facts);
    else
        show_text(facts);
    if (call->choice != 0 && !cli->json)
        puts("The others are queued: 'newsletter retry' (cron) sends it to them.");
    json_decref(facts);
    return NL_OK;
}

static enum nl_status decide_run(struct cli *cli, void *options, struct nl_error *err) {
    return cli_on_issue(cli, cli->words[0], decide, options, err);
}

static const struct cli_option decide_table[] = {
    CLI_NUMBER("choose", struct decide_options, choice, 1, SUBJECTS),
    {0},
};

const struct cli_command cmd_decide = {
    .name = "decide",
    .options = decide_table,
    .size = sizeof(struct decide_options),
    .run = decide_run,
    .words = {1, 1, "one ISSUE"},
};
