#include "cli/send_call.h"

#include "newsletter/base/zone.h"
#include "newsletter/bulletin/check.h"
#include "newsletter/bulletin/sample.h"
#include "newsletter/service/issue_canary.h"

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

static size_t count_seeds(const struct cli *cli) {
    size_t count = 0;
    while (count < NL_SEEDS && cli->config.seeds[count].address != NULL)
        count++;
    return count;
}

static void show_canary(const struct cli *cli, const struct send_call *call) {
    struct nl_buf first = {0};
    size_t seeds = count_seeds(cli);
    nl_office_canary_say(&call->bulletin.issue, &first);
    printf("Canary:     first to %s%s and %zu seed%s; the others wait for it\n",
           nl_buf_text(&first),
           call->bulletin.issue.canary.share > 0 ? " of the people" : " people", seeds,
           seeds == 1 ? "" : "s");
    nl_buf_free(&first);
}

/* In short what 'newsletter check' finds. */
static void print_findings(const struct send_call *call, const struct nl_findings *findings) {
    size_t warnings = nl_findings_count(findings, NL_LEVEL_WARNING);
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].level == NL_LEVEL_ERROR)
            printf("Error:      %s\n", findings->items[i].text);
    if (warnings > 0)
        printf("Check:      %zu warning%s: see 'newsletter check %s'\n", warnings,
               warnings == 1 ? "" : "s", call->path);
}

static enum nl_status show_findings(struct cli *cli, struct send_call *call, struct nl_error *err) {
    struct nl_findings findings = {0};
    enum nl_status status =
        nl_bulletin_check(&call->bulletin, &call->list, &cli->config, &findings, err);
    if (status == NL_OK)
        status = nl_bulletin_check_attributes(&call->bulletin, cli->store, &findings, err);
    call->errors = nl_findings_count(&findings, NL_LEVEL_ERROR);
    if (status == NL_OK && call->plan != NULL)
        json_object_set_new(call->plan, "findings", cli_findings_facts(&findings));
    else if (status == NL_OK)
        print_findings(call, &findings);
    nl_findings_free(&findings);
    return status;
}

/* Whether the public will be able to read it. */
static void show_archive(const struct nl_issue *issue) {
    if (issue->archive != NULL)
        printf("Archive:    %s\n", issue->archive);
    else if (issue->segment != NULL)
        printf("Archive:    not before 'newsletter archive publish %s'\n", issue->slug);
}

/* ---- local times ---- */

enum { ZONES_NAMED = 3 };

struct zones_told {
    const char *local_time;
    int64_t none, unknown;
    size_t named;
    struct nl_buf names; /* of the first that are unknown */
};

static enum nl_status count_zone(const char *zone, int64_t people, void *ctx,
                                 struct nl_error *err) {
    struct zones_told *told = ctx;
    int64_t at = 0;
    (void)err;
    if (zone[0] == '\0') {
        told->none += people;
    } else if (!nl_zone_time(told->local_time, zone, &at)) {
        told->unknown += people;
        if (told->named++ < ZONES_NAMED)
            nl_buf_addf(&told->names, "%s'%s'", told->names.len > 0 ? ", " : "", zone);
    }
    return NL_OK;
}

/* Says for how many no hour of their own is known. */
static enum nl_status show_zones(struct cli *cli, const struct send_call *call,
                                 struct nl_error *err) {
    struct zones_told told = {.local_time = call->bulletin.issue.local_time};
    enum nl_status status =
        nl_issue_audience_zones(cli->store, call->list.id, call->segment, count_zone, &told, err);
    if (status == NL_OK && told.none + told.unknown > 0) {
        printf("Time zones: %lld of %lld get it by UTC: %lld have no timezone",
               (long long)(told.none + told.unknown), (long long)call->people,
               (long long)told.none);
        if (told.unknown > 0) {
            printf(", %lld an unknown one (", (long long)told.unknown);
            cli_print_safely(nl_buf_text(&told.names), told.names.len);
            fputs(told.named > ZONES_NAMED ? ", ...)" : ")", stdout);
        }
        putchar('\n');
    } else if (status == NL_OK) {
        puts("Time zones: known of everybody");
    }
    nl_buf_free(&told.names);
    return status;
}

static void show_recipients(const struct send_call *call) {
    const struct send_options *chosen = call->chosen;
    const struct nl_issue *issue = &call->bulletin.issue;
    char when[CLI_TIME_LEN];
    if (issue->segment != NULL && (!call->found || call->extends))
        printf("Segment:    %s\n", issue->segment);
    if (chosen->at != NULL) {
        nl_zone_text(issue->scheduled_at, chosen->timezone, when);
        printf("Goes out:   %s%s\n", when,
               chosen->local_time ? ", and later: to each at that hour of their own clock" : "");
    }
    if (call->extends)
        printf("Received:   %lld already\n", (long long)call->had_already);
    if (!call->found)
        show_archive(issue);
    printf("Recipients: %lld%s\n", (long long)call->people, chosen->at != NULL ? " as of now" : "");
}

static void fill_plan(const struct send_call *call, size_t size) {
    const struct nl_issue *issue = &call->bulletin.issue;
    json_t *languages = json_array();
    json_t *facts = json_pack(
        "{s:s, s:s, s:s?, s:s, s:s, s:s?, s:b, s:o, s:I, s:I, s:I, s:o}", "issue", issue->slug,
        "subject", issue->subject, "alternative_subject", issue->alternative_subject, "from",
        call->list.sender, "list", call->list.name, "segment", issue->segment, "goes_on",
        (int)call->found, "at", cli_json_time(call->chosen->at != NULL ? issue->scheduled_at : 0),
        "recipients", (json_int_t)call->people, "had_it_already", (json_int_t)call->had_already,
        "bytes_each", (json_int_t)size, "languages", languages);
    for (size_t i = 0; i < call->bulletin.view_count; i++)
        json_array_append_new(languages,
                              json_string(nl_bulletin_edition(&call->bulletin, i).language));
    json_object_update(call->plan, facts);
    json_object_set_new(call->plan, "canary",
                        call->chosen->canary != NULL ? json_string(call->chosen->canary)
                                                     : json_null());
    json_decref(facts);
}

static enum nl_status print_plan(struct cli *cli, const struct send_call *call, size_t size,
                                 struct nl_error *err) {
    const struct nl_issue *issue = &call->bulletin.issue;
    enum nl_status status = NL_OK;
    printf("Issue:      %s%s\n", issue->slug,
           call->extends ? " (goes on to further people)"
           : call->found ? " (goes on where it stopped)"
                         : "");
    printf("Subject:    %s\n", issue->subject);
    if (issue->alternative_subject != NULL && !call->found)
        show_subject_plan(issue);
    if (call->bulletin.view_count > 1)
        show_editions(&call->bulletin);
    printf("From:       %s\n", call->list.sender);
    printf("List:       %s <%s>\n", call->list.name, call->list.list_id);
    show_recipients(call);
    if (call->chosen->canary != NULL && (!call->found || call->extends))
        show_canary(cli, call);
    if (call->chosen->local_time)
        status = show_zones(cli, call, err);
    printf("Size:       %zu bytes each\n", size);
    return status;
}

enum nl_status cli_send_plan(struct cli *cli, struct send_call *call, struct nl_error *err) {
    const struct nl_issue *issue = &call->bulletin.issue;
    struct nl_buf sample = {0};
    enum nl_status status = nl_sample_fill(issue->message, issue->message_len, NULL, &sample, err);
    if (status == NL_OK && call->plan != NULL)
        fill_plan(call, sample.len);
    else if (status == NL_OK)
        status = print_plan(cli, call, sample.len, err);
    if (status == NL_OK)
        status = show_findings(cli, call, err);
    nl_buf_free(&sample);
    return status;
}
