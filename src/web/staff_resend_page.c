/* Sending an issue again to people whom it has not reached. */
#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/issues.h"
#include "newsletter/template/data.h"
#include "web/staff_issue.h"

#include <stdio.h>
#include <string.h>

static const char *const states[] = {"failed", "bounced", "unknown"};

static struct nl_issue_resend read_choice(const struct nl_issue_page *page) {
    const char *state = nl_site_asked(page->call->request, "state");
    const char *reply = nl_site_asked(page->call->request, "reply");
    return (struct nl_issue_resend){.issue = page->id,
                                    .state = *state != '\0' ? state : states[0],
                                    .reply = *reply != '\0' ? reply : NULL};
}

static void add_choice(const struct nl_issue_page *page, const struct nl_issue_resend *choice) {
    json_t *data = page->call->data;
    json_t *options = json_array();
    char id[24];
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        json_t *option = json_object();
        nl_data_set(option, "state", states[i]);
        nl_data_set(option, "label", nl_figures_state_label(page->call->theme->catalog, states[i]));
        json_object_set_new(option, "chosen", json_boolean(strcmp(states[i], choice->state) == 0));
        json_array_append_new(options, option);
    }
    json_object_set_new(data, "states", options);
    nl_data_set(data, "state", choice->state);
    json_object_set_new(data, "unknown", json_boolean(strcmp(choice->state, "unknown") == 0));
    nl_data_set(data, "reply", choice->reply != NULL ? choice->reply : "");
    snprintf(id, sizeof id, "%lld", (long long)page->id);
    nl_data_set(data, "id", id);
    nl_data_set(data, "desk", "desk");
    nl_data_set(data, "heading",
                nl_staff_text(page->call, NL_TEXT("Send it again to people it has not reached")));
    nl_data_set(data, "title", nl_facts_word(page->issue, "title"));
}

/* A state that is not a choice, from an address that somebody typed, counts as the first one. */
enum nl_status nl_resend_page(struct nl_issue_page *page) {
    json_t *data = page->call->data;
    struct nl_issue_resend choice = read_choice(page);
    struct nl_issue_resent counts = {0};
    choice.count_only = true;
    enum nl_status status = nl_office_issue_resend(&page->office, &choice, &counts, page->err);
    if (status == NL_DATA) {
        nl_error_free(page->err);
        choice.state = states[0];
        status = nl_office_issue_resend(&page->office, &choice, &counts, page->err);
    }
    if (status == NL_EXISTS) { /* cancelled */
        nl_staff_explain(page->call, "problem", page->err);
        nl_error_free(page->err);
        status = NL_OK;
    }
    if (status != NL_OK)
        return status;
    add_choice(page, &choice);
    json_object_set_new(data, "people", json_integer((json_int_t)counts.people));
    json_object_set_new(data, "anybody", json_boolean(counts.people > 0));
    json_object_set_new(data, "ended", json_integer((json_int_t)counts.ended));
    return nl_staff_render(page->call->staff, page->call->theme, "staff-resend.html",
                           json_incref(data), page->response, page->err);
}

enum nl_status nl_resend_act(struct nl_issue_page *page) {
    const struct nl_issue_resend choice = read_choice(page);
    struct nl_issue_resent counts = {0};
    enum nl_status status = NL_DATA;
    if (strcmp(nl_site_field(page->call->request, "sure"), "yes") != 0)
        nl_staff_say(page->call, "problem",
                     NL_TEXT("Nothing was sent. Tick the box first to confirm."));
    else
        status = nl_office_issue_resend(&page->office, &choice, &counts, page->err);
    if (status == NL_DATA || status == NL_EXISTS) {
        nl_issue_refuse(page, status);
        return nl_resend_page(page);
    }
    return status == NL_OK ? nl_issue_go_on(page) : status;
}
