#include "cli/cli.h"

#include "cli/sample.h"
#include "newsletter/base/address.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPT_LIST = 1,
    OPT_TEST,
    OPT_DRY_RUN,
    OPT_YES,
    OPT_RESEND,
    OPT_WHERE,
    OPT_SEGMENT,
    OPT_AT,
    OPT_ZONE,
    OPT_LOCAL,
    OPT_SAMPLE,
    OPT_WAIT,
    OPT_RULE,
    OPT_WORKER
};

struct call {
    const char *path;
    const char *list_name;
    const char *test;
    const char *where, *segment_name;
    struct nl_segment *segment;
    const char *at, *zone;
    bool local;
    const char *sample, *wait, *rule;
    bool dry_run, yes, resend_unknown, worker;
    struct nl_list list;
    struct nl_bulletin bulletin;
    struct nl_issue known; /* as the store has it, if it does */
    bool found;
    int64_t people;
};

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"test", required_argument, NULL, OPT_TEST},
                                             {"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                             {"yes", no_argument, NULL, OPT_YES},
                                             {"resend-unknown", no_argument, NULL, OPT_RESEND},
                                             {"where", required_argument, NULL, OPT_WHERE},
                                             {"segment", required_argument, NULL, OPT_SEGMENT},
                                             {"at", required_argument, NULL, OPT_AT},
                                             {"timezone", required_argument, NULL, OPT_ZONE},
                                             {"local-time", no_argument, NULL, OPT_LOCAL},
                                             {"sample", required_argument, NULL, OPT_SAMPLE},
                                             {"decide-after", required_argument, NULL, OPT_WAIT},
                                             {"winner", required_argument, NULL, OPT_RULE},
                                             {"worker", no_argument, NULL, OPT_WORKER},
                                             {0}};

static enum nl_status parse(struct call *call, int argc, char **argv, struct nl_error *err) {
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == OPT_LIST)
            call->list_name = optarg;
        else if (option == OPT_TEST)
            call->test = optarg;
        else if (option == OPT_WHERE)
            call->where = optarg;
        else if (option == OPT_AT)
            call->at = optarg;
        else if (option == OPT_ZONE)
            call->zone = optarg;
        else if (option == OPT_SAMPLE)
            call->sample = optarg;
        else if (option == OPT_WAIT)
            call->wait = optarg;
        else if (option == OPT_RULE)
            call->rule = optarg;
        else if (option == OPT_LOCAL)
            call->local = true;
        else if (option == OPT_SEGMENT)
            call->segment_name = optarg;
        else if (option == OPT_DRY_RUN)
            call->dry_run = true;
        else if (option == OPT_YES)
            call->yes = true;
        else if (option == OPT_WORKER)
            call->worker = true;
        else if (option == OPT_RESEND)
            call->resend_unknown = true;
        else
            return NL_USAGE;
    }
    call->path = argv[optind];
    if (call->worker)
        return argc == 2 ? NL_OK
                         : nl_error_set(err, NL_USAGE,
                                        "--worker stands alone: it sends whatever there is to "
                                        "send");
    return cli_words(argc, 1, "ISSUE.md", err);
}

/* When it is to go out: with --local-time, when the first clocks on Earth show the hour. */
static enum nl_status read_time(struct cli *cli, struct call *call, struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    int64_t now = nl_env_now(nl_store_env(cli->store));
    if (call->at == NULL)
        return call->zone == NULL && !call->local
                   ? NL_OK
                   : nl_error_set(err, NL_USAGE, "--timezone and --local-time go with --at");
    if (call->zone != NULL && call->local)
        return nl_error_set(err, NL_USAGE, "--timezone or --local-time: give one");
    if (nl_zone_read(call->at, call->local ? "UTC" : call->zone, &issue->scheduled_at, err) !=
        NL_OK) {
        err->status = NL_USAGE;
        return nl_error_context(err, "--at");
    }
    if (call->local) {
        issue->scheduled_at -= (int64_t)NL_ZONE_FIRST * 3600;
        issue->local_time = strdup(call->at);
        if (issue->local_time == NULL)
            return nl_error_nomem(err);
    }
    return issue->scheduled_at > now
               ? NL_OK
               : nl_error_set(err, NL_USAGE, "--at '%s' is past%s", call->at,
                              call->local ? " somewhere on Earth, or will be at once" : "");
}

/* How an alternative subject is tried: as the configuration says, or the options. */
static enum nl_status read_subject_plan(struct cli *cli, struct call *call, struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    issue->test = cli->config.subject_test;
    if (issue->alternative_subject == NULL)
        return call->sample == NULL && call->wait == NULL && call->rule == NULL
                   ? NL_OK
                   : nl_error_set(err, NL_USAGE,
                                  "%s: --sample, --decide-after and --winner are for issues with "
                                  "an alternative_subject",
                                  call->path);
    if (call->local)
        return nl_error_set(err, NL_USAGE,
                            "%s: subjects are tried on a sample before the rest: --local-time does "
                            "not go with it",
                            call->path);
    if (call->sample != NULL && (!nl_text_integer(call->sample, &issue->test.share) ||
                                 issue->test.share < 1 || issue->test.share > 100))
        return nl_error_set(err, NL_USAGE, "--sample '%s': give a percentage, 1 to 100",
                            call->sample);
    if (call->wait != NULL && !nl_text_duration(call->wait, &issue->test.wait))
        return nl_error_set(err, NL_USAGE, "--decide-after '%s': give a time such as 90m or 4h",
                            call->wait);
    return call->rule == NULL || nl_subject_rule_parse(call->rule, &issue->test.rule)
               ? NL_OK
               : nl_error_set(err, NL_USAGE, "--winner '%s': unsubscribes or replies", call->rule);
}

/* One mail in each language to look at, outside all records. */
static enum nl_status send_test(struct cli *cli, const struct call *call, struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_address from = {0};
    struct nl_buf message = {0};
    char *name = NULL;
    enum nl_status status = nl_address_parse(call->test, &to, err);
    if (status == NL_OK)
        status = nl_mailbox_parse(call->list.sender, &name, &from, err);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    for (size_t i = 0; status == NL_OK && i < call->bulletin.view_count; i++) {
        const struct nl_edition edition = nl_bulletin_edition(&call->bulletin, i);
        status = sample_fill(edition.message, edition.message_len, to.envelope, &message, err);
        if (status == NL_OK)
            status = nl_send_test(&cli->config, cli->relay, from.envelope, &to, &message, err);
        if (status == NL_OK)
            printf("sent a test to %s (%s); its unsubscribe link belongs to nobody\n", to.text,
                   edition.language);
    }
    free(name);
    nl_address_free(&to);
    nl_address_free(&from);
    nl_buf_free(&message);
    return status;
}

/* The same issue twice is refused, unless it is the same content and there is something left. */
static enum nl_status check_known(struct cli *cli, struct call *call, struct nl_error *err) {
    char when[32];
    int64_t unknown = 0;
    enum nl_status status = nl_issue_find(cli->store, call->list.id, call->bulletin.issue.slug,
                                          &call->found, &call->known, err);
    if (status != NL_OK || !call->found)
        return status;
    cli_format_time(call->known.created_at, when);
    if (strcmp(call->known.digest, call->bulletin.issue.digest) != 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' was sent on %s with other content: give this one "
                            "another number or slug",
                            call->path, call->known.slug, when);
    status = nl_issue_left(cli->store, call->known.id, &call->people, &unknown, err);
    if (status != NL_OK)
        return status;
    if (strcmp(call->known.state, "scheduled") == 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is scheduled: 'newsletter cancel' withdraws it",
                            call->path, call->known.slug);
    if (strcmp(call->known.state, "cancelled") == 0)
        return nl_error_set(err, NL_EXISTS, "%s: issue '%s' was cancelled", call->path,
                            call->known.slug);
    if (strcmp(call->known.state, "sent") == 0 && !(call->resend_unknown && unknown > 0))
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' was sent on %s: nothing is left to send (see "
                            "'newsletter status %s')",
                            call->path, call->known.slug, when, call->known.slug);
    if (call->resend_unknown)
        call->people += unknown;
    return NL_OK;
}

static void show_editions(const struct nl_bulletin *bulletin) {
    printf("Languages:  %s for everybody else", bulletin->issue.language);
    for (size_t i = 1; i < bulletin->view_count; i++)
        printf(", %s (%s)", nl_bulletin_edition(bulletin, i).language, bulletin->views[i].path);
    putchar('\n');
}

static void show_subject_plan(const struct nl_issue *issue) {
    printf("Or:         %s\n", issue->alternative_subject);
    printf("Tried on:   %lld%% for %lld minutes; the rest gets the one with %s\n",
           (long long)issue->test.share, (long long)(issue->test.wait / 60),
           issue->test.rule == NL_BY_REPLIES ? "more answers" : "fewer unsubscribes");
}

/* What 'newsletter check' would say, in short. Whoever sends decides. */
static enum nl_status show_findings(struct cli *cli, const struct call *call,
                                    struct nl_error *err) {
    struct nl_findings findings = {0};
    enum nl_status status =
        nl_bulletin_check(&call->bulletin, &call->list, &cli->config, &findings, err);
    size_t warnings = nl_findings_count(&findings, NL_LEVEL_WARNING);
    for (size_t i = 0; status == NL_OK && i < findings.count; i++)
        if (findings.items[i].level == NL_LEVEL_ERROR)
            printf("To mend:    %s\n", findings.items[i].text);
    if (status == NL_OK && warnings > 0)
        printf("Check:      %zu to consider: see newsletter check %s\n", warnings, call->path);
    nl_findings_free(&findings);
    return status;
}

static enum nl_status show_plan(struct cli *cli, struct call *call, struct nl_error *err) {
    struct nl_buf sample = {0};
    char when[32];
    enum nl_status status = sample_fill(call->bulletin.issue.message,
                                        call->bulletin.issue.message_len, NULL, &sample, err);
    if (status == NL_OK && !call->found)
        status = nl_issue_audience(cli->store, call->list.id, call->segment, &call->people, err);
    if (status == NL_OK) {
        printf("Issue:      %s%s\n", call->bulletin.issue.slug,
               call->found ? " (goes on where it stopped)" : "");
        printf("Subject:    %s\n", call->bulletin.issue.subject);
        if (call->bulletin.issue.alternative_subject != NULL && !call->found)
            show_subject_plan(&call->bulletin.issue);
        if (call->bulletin.view_count > 1)
            show_editions(&call->bulletin);
        printf("From:       %s\n", call->list.sender);
        printf("List:       %s <%s>\n", call->list.name, call->list.list_id);
        if (call->bulletin.issue.segment != NULL && !call->found)
            printf("Segment:    %s\n", call->bulletin.issue.segment);
        if (call->at != NULL) {
            cli_format_time(call->bulletin.issue.scheduled_at, when);
            printf("Goes out:   %s%s\n", when,
                   call->local ? ", and on: to each at that hour of theirs" : "");
        }
        printf("Recipients: %lld%s\n", (long long)call->people,
               call->at != NULL ? " as of now" : "");
        printf("Size:       %zu bytes each\n", sample.len);
    }
    if (status == NL_OK)
        status = show_findings(cli, call, err);
    nl_buf_free(&sample);
    return status;
}

static bool confirmed(const struct call *call) {
    char question[64];
    snprintf(question, sizeof question, "%s it to %lld people?",
             call->at != NULL ? "Schedule" : "Send", (long long)call->people);
    return call->yes || !cli_is_interactive() || cli_ask(question);
}

static enum nl_status send(struct cli *cli, struct call *call, struct nl_error *err) {
    int64_t count = 0;
    const struct nl_issue *issue = &call->bulletin.issue;
    if (call->at != NULL) {
        enum nl_status scheduled =
            nl_issue_create(cli->store, &call->bulletin.issue, NULL, &count, err);
        if (scheduled == NL_OK)
            puts("Scheduled: 'newsletter retry' (cron) sends it when it is time.");
        return scheduled;
    }
    enum nl_status status = cli_connect(cli, err);
    if (status == NL_OK && !call->found) {
        status = nl_issue_create(cli->store, &call->bulletin.issue, call->segment, &count, err);
    } else if (status == NL_OK) {
        issue = &call->known; /* composed as it was when it began */
        if (call->resend_unknown)
            status = nl_delivery_resend_unknown(cli->store, issue->id, &count, err);
    }
    return status == NL_OK ? cli_send_issue(cli, issue, call->people, err) : status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {0};
    enum nl_status status = parse(&call, argc, argv, err);
    if (status == NL_OK && call.worker)
        return cli_work(cli, err);
    if (status == NL_OK)
        status = cli_compose(cli, call.path, call.list_name, &call.list, &call.bulletin, err);
    if (status == NL_OK)
        status = cli_segment(cli, call.where, call.segment_name, &call.segment,
                             &call.bulletin.issue.segment, err);
    if (status == NL_OK)
        status = read_time(cli, &call, err);
    if (status == NL_OK)
        status = read_subject_plan(cli, &call, err);
    if (status == NL_OK && call.test != NULL) {
        status = send_test(cli, &call, err);
    } else if (status == NL_OK) {
        call.bulletin.issue.state = strdup("sending");
        status =
            call.bulletin.issue.state != NULL ? check_known(cli, &call, err) : nl_error_nomem(err);
        if (status == NL_OK)
            status = show_plan(cli, &call, err);
        if (status == NL_OK && call.found && call.at != NULL)
            status = nl_error_set(err, NL_EXISTS, "%s: the issue goes out already", call.path);
        if (status == NL_OK && call.people == 0 && !call.found && call.at == NULL)
            status = nl_error_set(err, NL_DATA,
                                  "list %s has no active subscription%s: nobody to send "
                                  "it to",
                                  call.list.name, call.segment != NULL ? " in that segment" : "");
        else if (status == NL_OK && call.dry_run)
            puts("Nothing was sent (--dry-run).");
        else if (status == NL_OK && !confirmed(&call))
            puts("Nothing was sent.");
        else if (status == NL_OK)
            status = send(cli, &call, err);
    }
    nl_issue_free(&call.known);
    nl_bulletin_free(&call.bulletin);
    nl_list_free(&call.list);
    nl_segment_free(call.segment);
    return status;
}

const struct command cmd_send = {
    "send",
    "send an issue to a list",
    "Usage: newsletter send ISSUE.md [OPTIONS]\n"
    "       newsletter send --worker\n"
    "\n"
    "Shows what will happen, asks on a terminal, and sends. An interrupted run goes on when the\n"
    "same file is sent again; what was sent is not sent again. What the server defers is left to\n"
    "'newsletter retry'.\n"
    "\n"
    "  --list NAME       which list (may be left out where there is only one)\n"
    "  --test ADDRESS    send one copy to ADDRESS, outside all records\n"
    "  --segment NAME    only to who is in it ('newsletter segment'); --where EXPRESSION likewise\n"
    "  --at TIME         record it, to go out at '2026-12-01 09:00' of this machine's clock;\n"
    "                    --timezone ZONE of another, --local-time of each subscriber's (attribute\n"
    "                    timezone, else UTC)\n"
    "  --sample PERCENT  where the issue has an alternative_subject: on how many both are tried;\n"
    "                    --decide-after TIME until the rest gets the better one, --winner RULE by\n"
    "                    unsubscribes or replies (see 'newsletter decide'); subject_test in\n"
    "                    newsletter.yaml has the defaults\n"
    "  --dry-run         only show what would happen\n"
    "  --yes             do not ask\n"
    "  --resend-unknown  send again what an interrupted run left in doubt\n"
    "  --worker          without an issue: send whatever there is to send, until stopped, beside\n"
    "                    any number of others on a PostgreSQL database\n"
    "\n"
    "Example: newsletter send issue-11.md\n",
    run,
    long_options,
    NULL};
