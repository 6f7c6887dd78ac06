#include "web/desk.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/kept_error.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/draft_send.h"
#include "newsletter/template/data.h"
#include "web/copy_worker.h"
#include "web/draft_copies.h"
#include "web/staff_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTES_MOST = 43200, /* 30 days, as subject_test.wait */ ZONES_SHOWN = 12 };

static const char *field(const struct nl_desk *desk, const char *name) {
    return nl_site_field(desk->call->request, name);
}

static void set_number(json_t *data, const char *name, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    nl_data_set(data, name, text);
}

/* The moments of a hold become texts, and it says of each other kind that it is none. */
static void word_hold(json_t *hold, json_t *facts, const char *const kinds[]) {
    static const char *const moments[] = {"until", "at"};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        char when[NL_ZONE_TEXT_LEN];
        const json_t *moment = json_object_get(facts, moments[i]);
        if (!json_is_integer(moment))
            continue;
        nl_zone_text(json_integer_value(moment), "UTC", when);
        nl_data_set(facts, "moment", when);
    }
    for (size_t i = 0; kinds[i] != NULL; i++)
        if (json_object_get(hold, kinds[i]) == NULL)
            json_object_set_new(hold, kinds[i], json_false());
}

/* The words of a finding of doctor in the language of the page. */
static void word_finding(const struct nl_desk *desk, json_t *facts) {
    const char *text = json_string_value(json_object_get(facts, "text"));
    const json_t *parts = json_object_get(facts, NL_FINDING_PARTS);
    char *said = nl_catalog_kept(desk->call->theme->catalog, parts, text);
    nl_data_set(facts, "said", said != NULL ? said : text);
    json_object_set_new(facts, "english", json_boolean(said == NULL || strcmp(said, text) == 0));
    free(said);
}

/* Adds what holds it back, the weightiest first; the administrator's part stands at the end. */
static void add_holds(const struct nl_desk *desk, const struct nl_draft_plan *plan, json_t *data) {
    static const char *const kinds[] = {
        "stopped", "approval",   "replies",     "paused", "quiet",   "embargo",
        "warm_up", "rate",       "domains",     "ahead",  "earlier", "later",
        "retry",   "suppressed", "unconfirmed", "doctor", NULL};
    json_t *holds = json_array();
    for (size_t i = 0; kinds[i] != NULL; i++) {
        json_t *hold = NULL;
        size_t at = 0;
        json_array_foreach(plan->holds, at, hold) {
            json_t *facts = json_object_get(hold, kinds[i]);
            if (!json_is_object(facts))
                continue;
            word_hold(hold, facts, kinds);
            if (strcmp(kinds[i], "doctor") == 0)
                word_finding(desk, facts);
            json_array_append(holds, hold);
        }
    }
    json_object_set_new(data, "held", json_boolean(json_array_size(holds) > 0));
    json_object_set_new(data, "holds", holds);
}

/* How its subjects are tried, and how the public sees it. */
static void add_options(const struct nl_desk *desk, const struct nl_draft_plan *plan,
                        json_t *data) {
    const struct nl_issue *issue = &plan->composed.bulletin.issue;
    const struct nl_subject_plan *test = &desk->office.config->subject_test;
    const char *archive = plan->composed.whole && issue->archive != NULL ? issue->archive : "";
    const char *other = plan->composed.whole && issue->alternative_subject != NULL
                            ? issue->alternative_subject
                            : "";
    nl_data_set(data, "other_subject", other);
    set_number(data, "share", test->share);
    set_number(data, "wait", (test->wait + 59) / 60);
    json_object_set_new(data, "by_replies", json_boolean(test->rule == NL_BY_REPLIES));
    nl_data_set(data, "archive_said", archive);
}

static void add_groups(const struct nl_desk *desk, json_t *data) {
    const struct nl_proof_group *groups = desk->office.config->proof_groups;
    json_t *names = json_array();
    for (size_t i = 0; i < NL_PROOF_GROUPS && groups[i].name != NULL; i++)
        json_array_append_new(names, json_string(groups[i].name));
    json_object_set_new(data, "any_groups", json_boolean(json_array_size(names) > 0));
    json_object_set_new(data, "groups", names);
}

/* Whose clocks they are, for the largest zones. */
static void add_zones(const struct nl_draft_plan *plan, json_t *data) {
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(plan->zones) && i < ZONES_SHOWN; i++)
        json_array_append(out, json_array_get(plan->zones, i));
    json_object_set_new(data, "more_zones",
                        json_boolean(json_array_size(plan->zones) > ZONES_SHOWN));
    json_object_set_new(data, "zones", out);
}

static void describe(const struct nl_desk *desk, const struct nl_draft_plan *plan, json_t *data) {
    const struct nl_bulletin *bulletin = &plan->composed.bulletin;
    struct nl_buf languages = {0};
    for (size_t i = 0; i < bulletin->view_count; i++)
        nl_buf_addf(&languages, "%s%s", i > 0 ? ", " : "",
                    nl_bulletin_edition(bulletin, i).language);
    bool whole = plan->composed.whole;
    bool ready = plan->obstacle.text == NULL;
    nl_data_set(data, "subject", whole ? bulletin->issue.subject : "");
    nl_data_set(data, "digest", plan->seal.text);
    nl_data_set(data, "from", plan->composed.list.sender);
    nl_data_set(data, "list_title", plan->composed.list.title);
    nl_data_set(data, "languages", nl_buf_text(&languages));
    set_number(data, "people", plan->people);
    set_number(data, "without_zone", plan->without_zone);
    add_zones(plan, data);
    json_object_set(data, "by_language", plan->languages);
    json_object_set_new(data, "several", json_boolean(json_array_size(plan->languages) > 1));
    add_holds(desk, plan, data);
    add_options(desk, plan, data);
    add_groups(desk, data);
    nl_data_set(data, "segment_text", plan->segment != NULL ? plan->segment : "");
    nl_data_set(data, "duration", "");
    if (plan->seconds > 0)
        set_number(data, "duration", (plan->seconds + 59) / 60);
    if (plan->per_second > 0)
        set_number(data, "pace", plan->per_second * 60);
    set_number(data, "grace", desk->office.config->send.grace);
    set_number(data, "size", (int64_t)(plan->size + 1023) / 1024);
    set_number(data, "warnings", (int64_t)plan->composed.warnings);
    nl_data_set(data, "obstacle", "");
    if (!ready)
        nl_staff_explain(desk->call, "obstacle", &plan->obstacle);
    json_object_set_new(data, "sample", json_boolean(whole && desk->call->staff->copies != NULL));
    json_object_set_new(
        data, "approval",
        json_boolean(nl_config_approvals(desk->office.config, plan->composed.list.name) > 0));
    json_object_set_new(data, "ready", json_boolean(ready));
    nl_buf_free(&languages);
}

static void add_test_result(const struct nl_desk *desk, json_t *data) {
    struct nl_buf told = {0};
    if (desk->call->staff->copies != NULL)
        nl_copies_tell(desk->call->staff->copies, desk->call->session->name,
                       desk->call->theme->catalog, &told);
    if (told.len > 0) {
        struct nl_buf text = {0};
        nl_buf_addf(&text, "%s %s", nl_staff_text(desk->call, NL_TEXT("The last test mail:")),
                    nl_buf_text(&told));
        nl_data_set(data, "done", nl_buf_text(&text));
        nl_buf_free(&text);
    }
    nl_buf_free(&told);
}

enum nl_status nl_desk_send_page(struct nl_desk *desk) {
    const struct nl_draft_schedule now = {.audience = nl_choice_of_audience(desk->call->request)};
    struct nl_draft_plan plan = {0};
    json_t *data = desk->call->data;
    if (json_is_integer(json_object_get(desk->draft, "issue")))
        return nl_desk_go(desk, "");
    enum nl_status status = nl_office_draft_plan(&desk->office, desk->id, &now, &plan, desk->err);
    bool chosen = now.audience.segment[0] != '\0' || now.audience.language[0] != '\0';
    if (chosen && (status == NL_NOTFOUND || status == NL_DATA)) { /* such as a removed segment */
        nl_error_free(desk->err);
        return nl_desk_go(desk, "/send");
    }
    if (status == NL_OK)
        status = nl_choose_audience(&desk->office, &now.audience, plan.readers, data, desk->err);
    if (status == NL_OK) {
        describe(desk, &plan, data);
        add_test_result(desk, data);
        set_number(data, "draft", desk->id);
        nl_data_set(data, "heading", nl_staff_text(desk->call, NL_TEXT("Test and send")));
        nl_data_set(data, "title", json_string_value(json_object_get(desk->draft, "title")));
        nl_data_set(data, "text", desk->text);
        nl_data_set(data, "desk", "desk");
        nl_data_set(data, "canary", field(desk, "canary"));
        nl_data_set(data, "at", field(desk, "at"));
        nl_data_set(data, "zone", field(desk, "zone"));
        json_object_set_new(data, "local", json_boolean(strcmp(field(desk, "when"), "local") == 0));
        json_object_set_new(data, "later", json_boolean(strcmp(field(desk, "when"), "later") == 0));
        status = nl_staff_render(desk->call->staff, desk->call->theme, "staff-send.html",
                                 json_incref(data), desk->response, desk->err);
    }
    nl_draft_plan_free(&plan);
    return status;
}

/* ---- what its forms do ---- */

static enum nl_status send_test(struct nl_desk *desk) {
    struct nl_draft_composed composed = {0};
    enum nl_status status = nl_office_draft_compose(&desk->office, desk->id, &composed, desk->err);
    if (status == NL_OK)
        status = nl_draft_copies_send(desk->call->staff, &composed, desk->call->session->name,
                                      field(desk, "address"), desk->err);
    nl_draft_composed_free(&composed);
    return status;
}

/* A number of the form; 0 where it says nothing. */
static bool read_number(const struct nl_desk *desk, const char *name, int64_t most, int64_t *out) {
    const char *text = field(desk, name);
    *out = 0;
    return text[0] == '\0' || (nl_text_integer(text, out) && *out > 0 && *out <= most);
}

static enum nl_status send_issue(struct nl_desk *desk, int64_t *issue) {
    const char *when = field(desk, "when");
    bool local = strcmp(when, "local") == 0;
    bool later = local || strcmp(when, "later") == 0;
    const char *zone = field(desk, "zone");
    struct nl_draft_schedule schedule = {.at = later ? field(desk, "at") : NULL,
                                         .zone = zone[0] != '\0' ? zone : "UTC",
                                         .local = local,
                                         .audience = nl_choice_of_audience(desk->call->request),
                                         .rule = field(desk, "rule"),
                                         .canary = field(desk, "canary"),
                                         .archive = field(desk, "archive"),
                                         .public_from = field(desk, "public_from")};
    int64_t at = 0;
    if (!later && strcmp(when, "now") != 0)
        return nl_error_set(desk->err, NL_DATA, "%s",
                            nl_staff_text(desk->call, NL_TEXT("Choose when it is to go out.")));
    if (later && field(desk, "at")[0] == '\0')
        return nl_error_set(desk->err, NL_DATA, "%s",
                            nl_staff_text(desk->call, NL_TEXT("Choose when it is to go out.")));
    if (strcmp(field(desk, "sure"), "yes") != 0)
        return nl_error_set(
            desk->err, NL_DATA, "%s",
            nl_staff_text(desk->call, NL_TEXT("Nothing was sent. Tick the box first to "
                                              "confirm.")));
    if (!read_number(desk, "share", 100, &schedule.share) ||
        !read_number(desk, "wait", MINUTES_MOST, &schedule.wait))
        return nl_error_set(
            desk->err, NL_DATA,
            NL_TEXT("the sample is a percentage (1 to 100), the wait a number of minutes"));
    schedule.wait *= 60;
    enum nl_status status = nl_office_draft_send(&desk->office, desk->id, &schedule,
                                                 field(desk, "digest"), issue, &at, desk->err);
    if (status == NL_OK && desk->call->staff->sender != NULL)
        nl_mailer_wake_at(desk->call->staff->sender, at);
    return status;
}

enum nl_status nl_desk_send(struct nl_desk *desk) {
    int64_t issue = 0;
    char path[40];
    bool testing = strcmp(field(desk, "action"), "test") == 0;
    enum nl_status status = testing ? send_test(desk) : send_issue(desk, &issue);
    if (status == NL_OK && testing)
        return nl_desk_go(desk, "/send");
    if (status == NL_OK) {
        snprintf(path, sizeof path, "/issue/%lld", (long long)issue);
        return nl_staff_redirect(desk->call->staff, path, desk->response, desk->err);
    }
    if (status != NL_DATA && status != NL_EXISTS && status != NL_USAGE)
        return status;
    desk->response->status = status == NL_EXISTS ? 409 : 422;
    nl_staff_explain(desk->call, "problem", desk->err);
    nl_error_free(desk->err);
    return nl_desk_send_page(desk);
}
