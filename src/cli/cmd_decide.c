#include "cli/cli.h"

#include "newsletter/base/text.h"
#include "newsletter/store/subject_test.h"

#include <jansson.h>

enum { OPT_CHOOSE = 1, OPT_JSON };

struct call {
    int64_t choice; /* 0: only show */
    bool json;
};

static void show_json(const struct nl_issue *issue, const struct nl_subject_test *test) {
    json_t *subjects = json_array();
    for (size_t i = 0; i < NL_SUBJECTS; i++) {
        const struct nl_subject_score *score = &test->scores[i];
        json_array_append_new(
            subjects, json_pack("{s:s, s:I, s:I, s:I, s:I}", "subject", test->subjects[i], "people",
                                (json_int_t)score->people, "sent", (json_int_t)score->sent, "left",
                                (json_int_t)score->left, "replied", (json_int_t)score->replied));
    }
    json_t *all = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "issue", issue->slug, "rule",
                            nl_subject_rules[test->plan.rule], "decide_at",
                            (json_int_t)test->decide_at, "winner", (json_int_t)test->winner,
                            "leading", (json_int_t)nl_subject_test_better(test), "waiting",
                            (json_int_t)test->waiting, "subjects", subjects);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static void show_text(const struct nl_subject_test *test) {
    char when[32];
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
    const struct call *call = ctx;
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
    if (status == NL_OK && call->json)
        show_json(issue, &test);
    else if (status == NL_OK)
        show_text(&test);
    if (decided && !call->json)
        puts("Those who wait are queued: 'newsletter retry' (cron) sends to them.");
    nl_subject_test_free(&test);
    return status;
}

static const struct option long_options[] = {
    {"choose", required_argument, NULL, OPT_CHOOSE}, {"json", no_argument, NULL, OPT_JSON}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_JSON)
            call.json = true;
        else if (!nl_text_integer(optarg, &call.choice) || call.choice < 1 ||
                 call.choice > NL_SUBJECTS)
            return nl_error_set(err, NL_USAGE, "--choose '%s': 1 or 2", optarg);
    }
    enum nl_status status = cli_words(argc, 1, "ISSUE", err);
    return status == NL_OK ? cli_on_issue(cli, argv[optind], decide, &call, err) : status;
}

const struct command cmd_decide = {
    "decide",
    "show how two subjects do, or choose one",
    "Usage: newsletter decide ISSUE [--choose 1|2] [--json]\n"
    "\n"
    "An issue with an alternative_subject goes to a sample first, half of it with each subject. "
    "When\n"
    "the time is over, 'newsletter retry' sends the better one to the rest: that with fewer\n"
    "unsubscribes (and complaints, in proportion), or, by the rule 'replies', with\n"
    "more answers, which 'newsletter replies' counts; then the first. Nothing is tracked for it.\n"
    "The rest need not wait for that: choose one yourself.\n"
    "\n"
    "Example: newsletter decide embassy-news-11 --choose 2\n",
    run,
    long_options,
    NULL};
