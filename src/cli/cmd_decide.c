#include "cli/cli.h"

#include "newsletter/base/text.h"
#include "newsletter/store/subject_test.h"

#include <jansson.h>

struct decide_options {
    int64_t choice; /* 0: only show */
};

static void show_json(struct cli *cli, const struct nl_issue *issue,
                      const struct nl_subject_test *test) {
    json_t *subjects = json_array();
    for (size_t i = 0; i < NL_SUBJECTS; i++) {
        const struct nl_subject_score *score = &test->scores[i];
        json_array_append_new(
            subjects, json_pack("{s:s, s:I, s:I, s:I, s:I}", "subject", test->subjects[i], "people",
                                (json_int_t)score->people, "sent", (json_int_t)score->sent, "left",
                                (json_int_t)score->left, "replied", (json_int_t)score->replied));
    }
    json_t *all = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "issue", issue->slug, "rule",
                            nl_subject_rules[test->plan.rule], "decide_at",
                            cli_json_time(test->decide_at), "winner", (json_int_t)test->winner,
                            "leading", (json_int_t)nl_subject_test_better(test), "waiting",
                            (json_int_t)test->waiting, "subjects", subjects);
    cli_print_json(cli, all);
}

static void show_text(const struct nl_subject_test *test) {
    char when[CLI_TIME_LEN];
    for (size_t i = 0; i < NL_SUBJECTS; i++)
        printf("%zu: %s\n   %lld people, %lld sent; %lld left, %lld answered\n", i + 1,
               test->subjects[i], (long long)test->scores[i].people,
               (long long)test->scores[i].sent, (long long)test->scores[i].left,
               (long long)test->scores[i].replied);
    if (test->winner != 0) {
        printf("Chosen: %lld\n", (long long)test->winner);
    } else if (test->decide_at == 0) {
        puts("The issue has not begun to go out.");
    } else {
        cli_format_time(test->decide_at, when);
        printf("Leading by %s: %lld; %lld people wait for the decision at %s\n",
               nl_subject_rules[test->plan.rule], (long long)nl_subject_test_better(test),
               (long long)test->waiting, when);
    }
}

static enum nl_status decide(struct cli *cli, const struct nl_issue *issue, void *ctx,
                             struct nl_error *err) {
    const struct decide_options *call = ctx;
    struct nl_store *store = cli->store;
    struct nl_subject_test test = {0};
    bool found = false;
    bool decided = false;
    enum nl_status status = NL_OK;
    if (call->choice != 0)
        status = nl_subject_test_decide(store, issue->id, call->choice, &decided, err);
    if (status == NL_OK)
        status = nl_subject_test_read(store, issue->id, &found, &test, err);
    if (status == NL_OK && !found)
        status = nl_error_set(err, NL_NOTFOUND,
                              "issue %s has one subject: there is nothing to decide", issue->slug);
    if (status == NL_OK && call->choice != 0 && !decided)
        status = nl_error_set(err, NL_EXISTS,
                              test.winner != 0 ? "issue %s: it has been decided already"
                                               : "issue %s: it has not begun to go out",
                              issue->slug);
    if (status == NL_OK && cli->json)
        show_json(cli, issue, &test);
    else if (status == NL_OK)
        show_text(&test);
    if (decided && !cli->json)
        puts("Those who wait are queued: 'newsletter retry' (cron) sends to them.");
    nl_subject_test_free(&test);
    return status;
}

static enum nl_status decide_run(struct cli *cli, void *options, struct nl_error *err) {
    return cli_on_issue(cli, cli->words[0], decide, options, err);
}

static const struct cli_option decide_table[] = {
    CLI_NUMBER("choose", struct decide_options, choice, 1, NL_SUBJECTS),
    {0},
};

const struct cli_command cmd_decide = {
    .name = "decide",
    .options = decide_table,
    .size = sizeof(struct decide_options),
    .run = decide_run,
    .words = {1, 1, "one ISSUE"},
};
