#include "newsletter/service/draft_send.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/genuine.h"
#include "newsletter/bulletin/sample.h"
#include "newsletter/service/send_outlook.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/store/approval.h"
#include "newsletter/store/canary.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/relay_note.h"
#include "service/draft_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LENGTH = 76 };

void nl_draft_plan_free(struct nl_draft_plan *plan) {
    nl_draft_composed_free(&plan->composed);
    nl_error_free(&plan->obstacle);
    free(plan->segment);
    json_decref(plan->readers);
    json_decref(plan->languages);
    json_decref(plan->zones);
    json_decref(plan->holds);
    *plan = (struct nl_draft_plan){0};
}

static enum nl_status read_time(const struct nl_office *office,
                                const struct nl_draft_schedule *schedule, int64_t *at,
                                struct nl_error *err) {
    bool given = schedule->zone != NULL && schedule->zone[0] != '\0';
    const char *zone = schedule->local ? "UTC" : given ? schedule->zone : NULL;
    *at = 0;
    if (schedule->at == NULL || schedule->at[0] == '\0')
        return NL_OK;
    enum nl_status status = nl_zone_read(schedule->at, zone, at, err);
    if (schedule->local) /* when the first clocks on Earth show the hour */
        *at -= (int64_t)NL_ZONE_FIRST * 3600;
    return status == NL_OK && *at <= nl_store_now(office->store)
               ? nl_error_set(err, NL_DATA,
                              schedule->local
                                  ? NL_TEXT("%s is past somewhere on Earth: choose a later time")
                                  : NL_TEXT("%s is past: choose a later time"),
                              schedule->at)
               : status;
}

/* The first thing that keeps a draft from being sent. */
static enum nl_status find_obstacle(const struct nl_office *office, int64_t id,
                                    const struct nl_draft_plan *plan, struct nl_error *why,
                                    struct nl_error *err) {
    int64_t needed = nl_config_approvals(office->config, plan->composed.list.name);
    bool approved = needed == 0;
    struct nl_issue known = {0};
    bool found = false;
    const struct nl_issue *issue = &plan->composed.bulletin.issue;
    if (plan->composed.errors > 0)
        nl_error_set(why, NL_DATA, NL_TEXT("there are errors: correct them first"));
    if (!plan->composed.whole)
        return NL_OK;
    enum nl_status status =
        nl_issue_find(office->store, plan->composed.list.id, issue->slug, &found, &known, err);
    if (status == NL_OK && needed > 0)
        status = nl_approval_holds(office->store, id, &plan->seal, needed, &approved, err);
    if (found && why->text == NULL)
        nl_error_set(
            why, NL_DATA,
            NL_TEXT("there is an issue '%s' of this list already: give this one another number "
                    "or title"),
            issue->slug);
    if (status == NL_OK && !approved && why->text == NULL)
        nl_error_set(why, NL_DATA, NL_TEXT("this version is not approved yet: ask for it first"));
    if (plan->people == 0 && plan->at == 0 && why->text == NULL)
        nl_error_set(
            why, NL_DATA,
            plan->segment != NULL
                ? NL_TEXT("list %s has no active subscription in this segment: nobody would get it")
                : NL_TEXT("list %s has no active subscription: nobody would get it"),
            plan->composed.list.name);
    nl_issue_free(&known);
    return status;
}

/* How long it takes at the pace that was found with the relay. */
static enum nl_status add_duration(const struct nl_office *office, struct nl_draft_plan *plan,
                                   struct nl_error *err) {
    struct nl_relay_pace pace = {0};
    struct nl_buf name = {0};
    size_t count = 0;
    nl_relay_add_name(nl_config_relays(office->config, &count), &name);
    enum nl_status status = nl_relay_pace_read(office->store, nl_buf_text(&name), &pace, err);
    int64_t limit = office->config->limits.per_second;
    plan->per_second = limit > 0 && pace.per_second > limit ? limit : pace.per_second;
    if (plan->per_second > 0)
        plan->seconds = (plan->people + plan->per_second - 1) / plan->per_second;
    nl_buf_free(&name);
    return status;
}

/* The languages that can be chosen: those of the audience as it is without such a choice. *count
 * is how many people have told each, to be freed; in large lists that takes long to count. */
static enum nl_status add_readers(const struct nl_office *office,
                                  const struct nl_draft_schedule *schedule,
                                  struct nl_draft_plan *plan, json_t **count,
                                  struct nl_error *err) {
    const struct nl_audience all = {schedule->audience.segment, schedule->audience.where, NULL};
    struct nl_segment *segment = NULL;
    char *text = NULL;
    enum nl_status status = nl_office_audience(office, &all, &segment, &text, err);
    if (status == NL_OK)
        status = nl_office_audience_count(office, &plan->composed.list, segment, count, err);
    if (status == NL_OK)
        plan->readers = nl_audience_languages_read(&plan->composed.list, *count);
    nl_segment_free(segment);
    free(text);
    return status;
}

/* Counts again where a language was chosen. */
static enum nl_status read_audience(const struct nl_office *office,
                                    const struct nl_audience *audience, struct nl_draft_plan *plan,
                                    struct nl_segment **segment, json_t **count,
                                    struct nl_error *err) {
    enum nl_status status = nl_office_audience(office, audience, segment, &plan->segment, err);
    if (status != NL_OK || audience->language == NULL || audience->language[0] == '\0')
        return status;
    json_decref(*count);
    return nl_office_audience_count(office, &plan->composed.list, *segment, count, err);
}

static enum nl_status measure(const struct nl_office *office, int64_t id,
                              const struct nl_draft_schedule *schedule, struct nl_draft_plan *plan,
                              struct nl_error *err) {
    const struct nl_issue *issue = &plan->composed.bulletin.issue;
    struct nl_segment *segment = NULL;
    struct nl_buf sample = {0};
    json_t *count = NULL;
    enum nl_status status = add_readers(office, schedule, plan, &count, err);
    if (status == NL_OK)
        status = read_audience(office, &schedule->audience, plan, &segment, &count, err);
    if (status == NL_OK)
        status =
            nl_issue_audience(office->store, plan->composed.list.id, segment, &plan->people, err);
    if (status == NL_OK)
        status = add_duration(office, plan, err);
    if (status == NL_OK)
        status = nl_send_outlook(office, id, segment, count, plan, err);
    if (status == NL_OK && plan->composed.whole)
        status = nl_sample_fill(issue->message, issue->message_len, NULL, &sample, err);
    plan->size = sample.len;
    json_decref(count);
    nl_segment_free(segment);
    nl_buf_free(&sample);
    return status;
}

enum nl_status nl_office_draft_plan(const struct nl_office *office, int64_t id,
                                    const struct nl_draft_schedule *schedule,
                                    struct nl_draft_plan *out, struct nl_error *err) {
    *out = (struct nl_draft_plan){0};
    enum nl_status status = read_time(office, schedule, &out->at, err);
    if (status == NL_OK) /* before it is composed: a change after this is noticed */
        status = nl_draft_seal(office->store, id, &out->seal, err);
    if (status == NL_OK)
        status = nl_office_draft_compose(office, id, &out->composed, err);
    if (status == NL_OK)
        status = measure(office, id, schedule, out, err);
    if (status == NL_OK)
        status = find_obstacle(office, id, out, &out->obstacle, err);
    if (status != NL_OK)
        nl_draft_plan_free(out);
    return status;
}

/* How its subjects are tried, and how the public sees it. */
static enum nl_status set_options(const struct nl_office *office,
                                  const struct nl_draft_schedule *schedule, struct nl_issue *issue,
                                  struct nl_error *err) {
    static const char *const kinds[] = {"public", "unlisted", "never"};
    const char *archive = schedule->archive != NULL ? schedule->archive : "";
    const char *from = schedule->public_from != NULL ? schedule->public_from : "";
    const char *zone = schedule->zone != NULL && schedule->zone[0] != '\0' ? schedule->zone : "UTC";
    size_t kind = 0;
    issue->test = office->config->subject_test;
    if (schedule->share > 0)
        issue->test.share = schedule->share;
    if (schedule->wait > 0)
        issue->test.wait = schedule->wait;
    if (schedule->rule != NULL && schedule->rule[0] != '\0' &&
        !nl_subject_rule_parse(schedule->rule, &issue->test.rule))
        return nl_error_set(err, NL_DATA, "'%s' is not a rule for subjects", schedule->rule);
    const char *canary = schedule->canary != NULL ? schedule->canary : "";
    if (canary[0] != '\0' && !nl_canary_parse(canary, &issue->canary))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the canary is a share such as 1%% or a number of people"));
    if (issue->test.share > 100)
        return nl_error_set(err, NL_DATA, "the sample is at most 100 percent");
    while (kind < sizeof kinds / sizeof kinds[0] && strcmp(kinds[kind], archive) != 0)
        kind++;
    if (archive[0] != '\0' && kind == sizeof kinds / sizeof kinds[0])
        return nl_error_set(err, NL_DATA, "'%s' is not a way to show an issue in the archive",
                            archive);
    if (archive[0] != '\0') {
        free(issue->archive);
        issue->archive = nl_strdup(archive);
    }
    return from[0] != '\0' ? nl_zone_read(from, zone, &issue->public_from, err) : NL_OK;
}

static enum nl_status make_issue(const struct nl_office *office, int64_t id,
                                 const struct nl_draft_schedule *schedule,
                                 struct nl_draft_plan *plan, struct nl_error *err) {
    struct nl_issue *issue = &plan->composed.bulletin.issue;
    const struct nl_draft_issue request = {
        id, &plan->seal, issue, nl_config_approvals(office->config, plan->composed.list.name),
        office->by};
    issue->scheduled_at =
        plan->at != 0 ? plan->at : nl_store_now(office->store) + office->config->send.grace;
    issue->state = NL_ISSUE_SCHEDULED;
    issue->segment = plan->segment;
    plan->segment = NULL;
    enum nl_status status = set_options(office, schedule, issue, err);
    if (status != NL_OK)
        return status;
    if (schedule->local && plan->at != 0)
        issue->local_time = nl_strdup(schedule->at);
    if (issue->local_time != NULL && issue->alternative_subject != NULL)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("subjects are tested on a sample first: that cannot be "
                                    "combined with each reader's local time"));
    status = nl_bulletin_sign(&plan->composed.bulletin, &plan->composed.list, office->config,
                              nl_store_now(office->store), err);
    return status == NL_OK ? nl_draft_make_issue(office->store, &request, err) : status;
}

enum nl_status nl_office_draft_send(const struct nl_office *office, int64_t id,
                                    const struct nl_draft_schedule *schedule, const char *digest,
                                    int64_t *issue, int64_t *at, struct nl_error *err) {
    struct nl_draft_plan plan = {0};
    *issue = *at = 0;
    enum nl_status status = nl_draft_may_change(office, id, err);
    if (status == NL_OK)
        status = nl_office_draft_plan(office, id, schedule, &plan, err);
    if (status == NL_OK && plan.obstacle.text != NULL)
        status = nl_error_take(err, NL_DATA, &plan.obstacle);
    if (status == NL_OK && strcmp(plan.seal.text, digest) != 0)
        status = nl_error_set(err, NL_EXISTS,
                              NL_TEXT("the issue has changed since you looked at it: look again"));
    if (status == NL_OK)
        status = make_issue(office, id, schedule, &plan, err);
    if (status == NL_OK) {
        *issue = plan.composed.bulletin.issue.id;
        *at = plan.composed.bulletin.issue.scheduled_at;
    }
    nl_draft_plan_free(&plan);
    return status;
}

/* ---- a copy to look at ---- */

/* Marks the subject, since a copy that lies among other mail is taken for the issue. A line that
 * becomes too long is folded (RFC 5322 section 2.2.3). */
static void mark_subject(struct nl_buf *message) {
    static const char field[] = "\r\nSubject: ";
    const char *found = strstr(nl_buf_text(message), field);
    if (found == NULL)
        return;
    struct nl_buf marked = {0};
    const char *value = found + sizeof field - 1;
    bool fits = strcspn(value, "\r") + sizeof "Subject: [Test]" <= LINE_LENGTH;
    nl_buf_add(&marked, message->data, (size_t)(value - message->data));
    nl_buf_adds(&marked, fits ? "[Test] " : "[Test]\r\n ");
    nl_buf_add(&marked, value, message->len - (size_t)(value - message->data));
    nl_buf_free(message);
    *message = marked;
}

enum nl_status nl_draft_test_copy(const struct nl_bulletin *bulletin, size_t edition,
                                  const char *address, struct nl_buf *out, struct nl_error *err) {
    const struct nl_edition one = nl_bulletin_edition(bulletin, edition);
    enum nl_status status = nl_sample_fill(one.message, one.message_len, address, out, err);
    if (status == NL_OK)
        mark_subject(out);
    return status;
}
