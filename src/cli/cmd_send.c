#include "cli/cli.h"

#include "cli/sample.h"
#include "newsletter/base/address.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/check.h"

#include <stdlib.h>
#include <string.h>

struct send_options {
    const char *list, *test, *where, *segment;
    const char *at, *timezone;
    bool local_time;
    int64_t sample, wait; /* percent, 0 for the configuration's; seconds, -1 likewise */
    int rule;             /* enum nl_subject_rule; -1 likewise */
    bool dry_run, yes, resend_unknown, worker;
};

struct send_call {
    const struct send_options *chosen;
    const char *path;
    struct nl_segment *segment;
    struct nl_list list;
    struct nl_bulletin bulletin;
    struct nl_issue known; /* as the store has it, if it does */
    bool found;
    int64_t people;
};

/* When it is to go out: with --local-time, when the first clocks on Earth show the hour. */
static enum nl_status read_time(struct cli *cli, struct send_call *call, struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    int64_t now = nl_env_now(nl_store_env(cli->store));
    if (call->chosen->at == NULL)
        return call->chosen->timezone == NULL && !call->chosen->local_time
                   ? NL_OK
                   : nl_error_set(err, NL_USAGE, "--timezone and --local-time go with --at");
    if (call->chosen->timezone != NULL && call->chosen->local_time)
        return nl_error_set(err, NL_USAGE, "--timezone or --local-time: give one");
    if (nl_zone_read(call->chosen->at, call->chosen->local_time ? "UTC" : call->chosen->timezone,
                     &issue->scheduled_at, err) != NL_OK) {
        err->status = NL_USAGE;
        return nl_error_context(err, "--at");
    }
    if (call->chosen->local_time) {
        issue->scheduled_at -= (int64_t)NL_ZONE_FIRST * 3600;
        issue->local_time = strdup(call->chosen->at);
        if (issue->local_time == NULL)
            return nl_error_nomem(err);
    }
    return issue->scheduled_at > now
               ? NL_OK
               : nl_error_set(err, NL_USAGE, "--at '%s' is past%s", call->chosen->at,
                              call->chosen->local_time ? " somewhere on Earth, or will be at once"
                                                       : "");
}

/* How an alternative subject is tried: as the configuration says, or the options. */
static enum nl_status read_subject_plan(struct cli *cli, struct send_call *call,
                                        struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    const struct send_options *chosen = call->chosen;
    issue->test = cli->config.subject_test;
    if (issue->alternative_subject == NULL)
        return chosen->sample == 0 && chosen->wait < 0 && chosen->rule < 0
                   ? NL_OK
                   : cli_usage_error(cli, err,
                                     "%s has no alternative_subject: --sample, --decide-after and "
                                     "--winner do not go with it",
                                     call->path);
    if (chosen->local_time)
        return cli_usage_error(cli, err,
                               "%s: subjects are tried on a sample before the rest: --local-time "
                               "does not go with it",
                               call->path);
    if (chosen->sample > 0)
        issue->test.share = chosen->sample;
    if (chosen->wait >= 0)
        issue->test.wait = chosen->wait;
    if (chosen->rule >= 0)
        issue->test.rule = chosen->rule;
    return NL_OK;
}

/* One mail in each language to look at, outside all records. */
static enum nl_status send_test(struct cli *cli, const struct send_call *call,
                                struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_address from = {0};
    struct nl_buf message = {0};
    char *name = NULL;
    enum nl_status status = nl_address_parse(call->chosen->test, &to, err);
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

/* Looks for the issue in the store; also under the slug that an earlier version gave it, if it has
 * the same title there: else an issue that was begun before an upgrade would go out twice. */
static enum nl_status find_known(struct cli *cli, struct send_call *call, struct nl_error *err) {
    const struct nl_issue *issue = &call->bulletin.issue;
    enum nl_status status =
        nl_issue_find(cli->store, call->list.id, issue->slug, &call->found, &call->known, err);
    if (status != NL_OK || call->found || call->bulletin.former_slug == NULL ||
        strcmp(call->bulletin.former_slug, issue->slug) == 0)
        return status;
    status = nl_issue_find(cli->store, call->list.id, call->bulletin.former_slug, &call->found,
                           &call->known, err);
    if (status == NL_OK && call->found && strcmp(call->known.title, issue->title) != 0) {
        nl_issue_free(&call->known);
        call->known = (struct nl_issue){0};
        call->found = false;
    }
    return status;
}

static enum nl_status refuse_other_content(const struct send_call *call, const char *when,
                                           struct nl_error *err) {
    char at[32];
    const char *slug = call->known.slug;
    cli_format_time(call->known.scheduled_at, at);
    if (strcmp(call->known.state, "scheduled") == 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is scheduled for %s with other content: to send this "
                            "text in its place, run 'newsletter cancel %s' and send it again",
                            call->path, slug, at, slug);
    if (strcmp(call->known.state, "cancelled") == 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' was cancelled, with other content: give this one "
                            "another number or slug",
                            call->path, slug);
    if (strcmp(call->known.state, "sent") != 0)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is %s since %s with other content: give this one "
                            "another number or slug, or undo the changes to go on with it",
                            call->path, slug, call->known.state, when);
    return nl_error_set(err, NL_EXISTS,
                        "%s: issue '%s' was sent on %s with other content: give this one another "
                        "number or slug",
                        call->path, slug, when);
}

/* The same issue twice is refused, unless it is the same content and there is something left. */
static enum nl_status check_known(struct cli *cli, struct send_call *call, struct nl_error *err) {
    char when[32];
    int64_t unknown = 0;
    enum nl_status status = find_known(cli, call, err);
    if (status != NL_OK || !call->found)
        return status;
    cli_format_time(call->known.created_at, when);
    if (strcmp(call->known.digest, call->bulletin.issue.digest) != 0)
        return refuse_other_content(call, when, err);
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
    if (strcmp(call->known.state, "sent") == 0 && !(call->chosen->resend_unknown && unknown > 0))
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' was sent on %s: nothing is left to send (see "
                            "'newsletter status %s')",
                            call->path, call->known.slug, when, call->known.slug);
    if (call->chosen->resend_unknown)
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
static enum nl_status show_findings(struct cli *cli, const struct send_call *call,
                                    struct nl_error *err) {
    struct nl_findings findings = {0};
    enum nl_status status =
        nl_bulletin_check(&call->bulletin, &call->list, &cli->config, &findings, err);
    if (status == NL_OK)
        status = nl_bulletin_check_attributes(&call->bulletin, cli->store, &findings, err);
    size_t warnings = nl_findings_count(&findings, NL_LEVEL_WARNING);
    for (size_t i = 0; status == NL_OK && i < findings.count; i++)
        if (findings.items[i].level == NL_LEVEL_ERROR)
            printf("To mend:    %s\n", findings.items[i].text);
    if (status == NL_OK && warnings > 0)
        printf("Check:      %zu to consider: see newsletter check %s\n", warnings, call->path);
    nl_findings_free(&findings);
    return status;
}

static enum nl_status show_plan(struct cli *cli, struct send_call *call, struct nl_error *err) {
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
        if (call->chosen->at != NULL) {
            cli_format_time(call->bulletin.issue.scheduled_at, when);
            printf("Goes out:   %s%s\n", when,
                   call->chosen->local_time ? ", and on: to each at that hour of theirs" : "");
        }
        printf("Recipients: %lld%s\n", (long long)call->people,
               call->chosen->at != NULL ? " as of now" : "");
        printf("Size:       %zu bytes each\n", sample.len);
    }
    if (status == NL_OK)
        status = show_findings(cli, call, err);
    nl_buf_free(&sample);
    return status;
}

static bool confirmed(const struct send_call *call) {
    char question[64];
    snprintf(question, sizeof question, "%s it to %lld people?",
             call->chosen->at != NULL ? "Schedule" : "Send", (long long)call->people);
    return call->chosen->yes || !cli_is_interactive() || cli_ask(question);
}

static enum nl_status send(struct cli *cli, struct send_call *call, struct nl_error *err) {
    int64_t count = 0;
    const struct nl_issue *issue = &call->bulletin.issue;
    if (call->chosen->at != NULL) {
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
        if (call->chosen->resend_unknown)
            status = nl_delivery_resend_unknown(cli->store, issue->id, &count, err);
    }
    return status == NL_OK ? cli_send_issue(cli, issue, call->people, err) : status;
}

static const struct send_options no_options = {.wait = -1, .rule = -1};

static enum nl_status send_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct send_options *chosen = options;
    struct send_call call = {.chosen = chosen, .path = cli->words[0]};
    if (chosen->worker)
        return cli->word_count == 0 && cli->option_count == 1
                   ? cli_work(cli, err)
                   : cli_usage_error(cli, err,
                                     "--worker stands alone: it sends all that there is to send");
    if (call.path == NULL)
        return cli_usage_error(cli, err, "expected one ISSUE.md");
    enum nl_status status =
        cli_compose(cli, call.path, chosen->list, &call.list, &call.bulletin, err);
    if (status == NL_OK)
        status = cli_segment(cli, chosen->where, chosen->segment, &call.segment,
                             &call.bulletin.issue.segment, err);
    if (status == NL_OK)
        status = read_time(cli, &call, err);
    if (status == NL_OK)
        status = read_subject_plan(cli, &call, err);
    if (status == NL_OK && call.chosen->test != NULL) {
        status = send_test(cli, &call, err);
    } else if (status == NL_OK) {
        call.bulletin.issue.state = strdup("sending");
        status =
            call.bulletin.issue.state != NULL ? check_known(cli, &call, err) : nl_error_nomem(err);
        if (status == NL_OK)
            status = show_plan(cli, &call, err);
        if (status == NL_OK && call.found && call.chosen->at != NULL)
            status = nl_error_set(err, NL_EXISTS, "%s: the issue goes out already", call.path);
        if (status == NL_OK && call.people == 0 && !call.found && call.chosen->at == NULL)
            status = nl_error_set(err, NL_DATA,
                                  "list %s has no active subscription%s: nobody to send "
                                  "it to",
                                  call.list.name, call.segment != NULL ? " in that segment" : "");
        else if (status == NL_OK && call.chosen->dry_run)
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

static const struct cli_option send_table[] = {
    CLI_TEXT("list", struct send_options, list),
    CLI_TEXT("test", struct send_options, test),
    CLI_FLAG("dry-run", struct send_options, dry_run),
    CLI_FLAG("yes", struct send_options, yes),
    CLI_FLAG("resend-unknown", struct send_options, resend_unknown),
    CLI_TEXT("where", struct send_options, where),
    CLI_TEXT("segment", struct send_options, segment),
    CLI_TEXT("at", struct send_options, at),
    CLI_TEXT("timezone", struct send_options, timezone),
    CLI_FLAG("local-time", struct send_options, local_time),
    CLI_NUMBER("sample", struct send_options, sample, 1, 100),
    CLI_DURATION("decide-after", struct send_options, wait),
    CLI_CHOICE("winner", struct send_options, rule, nl_subject_rules),
    CLI_FLAG("worker", struct send_options, worker),
    {0},
};

const struct cli_command cmd_send = {
    .name = "send",
    .options = send_table,
    .size = sizeof(struct send_options),
    .defaults = &no_options,
    .run = send_run,
    .words = {0, 1, "one ISSUE.md"},
};
