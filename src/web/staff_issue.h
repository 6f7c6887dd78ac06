/* The pages of one issue that is sent, or will be. */
#ifndef NL_WEB_STAFF_ISSUE_H
#define NL_WEB_STAFF_ISSUE_H

#include "newsletter/service/issue_progress.h"
#include "web/staff_common.h"

/* A page about one issue. */
struct nl_issue_page {
    struct nl_staff_call *call;
    struct nl_office office;
    int64_t id;
    json_t *issue;    /* as nl_facts_issues has it; owned */
    const char *list; /* its name */
    int64_t draft;    /* that it was made of; 0: none */
    bool may_send;
    struct nl_response *response;
    struct nl_error *err;
};

/* staff_issue_act.c. After an action that may have queued messages: wakes the sender, and goes to
 * the issue. */
enum nl_status nl_issue_go_on(struct nl_issue_page *page);

/* An action was not possible: puts the reason on the page, if there is one, and sets the status of
 * the answer. */
void nl_issue_refuse(struct nl_issue_page *page, enum nl_status status);

/* staff_progress.c: adds what staff-progress.html and staff-issue-buttons.html show. */
void nl_progress_add(const struct nl_theme *theme, const struct nl_issue_progress *progress,
                     bool may_send, int64_t draft, json_t *data);

/* staff_canary.c: adds what staff-canary.html shows, where there is one. After nl_progress_add: it
 * takes over buttons of the issue. */
enum nl_status nl_canary_add_facts(const struct nl_theme *theme, const struct nl_office *office,
                                   const struct nl_issue_progress *progress, bool may_send,
                                   json_t *data, struct nl_error *err);

/* staff_rest_page.c: sending it to people who have not got it. */
enum nl_status nl_rest_page(struct nl_issue_page *page);
enum nl_status nl_rest_act(struct nl_issue_page *page);

/* staff_resend_page.c: sending it again to people whom it has not reached. */
enum nl_status nl_resend_page(struct nl_issue_page *page);
enum nl_status nl_resend_act(struct nl_issue_page *page);

/* staff_subjects.c: adds what staff-subjects.html shows, where there are two; chooses one. */
enum nl_status nl_subjects_add(struct nl_issue_page *page);
enum nl_status nl_subjects_decide(struct nl_issue_page *page);

/* staff_report_page.c: its figures next to those of the issues before it. */
enum nl_status nl_report_page(struct nl_issue_page *page);
enum nl_status nl_report_csv(struct nl_issue_page *page);
enum nl_status nl_report_pdf(struct nl_issue_page *page);

/* Answers with what is new, as long as the session lasts. */
enum nl_status nl_progress_stream(struct nl_issue_page *page);

#endif
