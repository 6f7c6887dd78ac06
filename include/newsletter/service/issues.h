/* Issues that exist: pause, resume, cancel, send again to those who did not get them. */
#ifndef NEWSLETTER_SERVICE_ISSUES_H
#define NEWSLETTER_SERVICE_ISSUES_H

#include "newsletter/service/office.h"
#include "newsletter/store/issue_control.h"

/* Which issues: NULL and 0 stand for all. */
struct nl_issue_query {
    int64_t id;
    const char *list;  /* its name */
    const char *state; /* the word for one */
    int64_t before;    /* an id: only those made earlier */
    int64_t limit;
};

/* Issues as report/facts.h has them, newest first, as an array that the caller frees. NL_DATA for a
 * word that is not a state. */
NL_CHECKED enum nl_status nl_office_issues(const struct nl_office *office,
                                           const struct nl_issue_query *query, json_t **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* The slugs of all issues, as an array that the caller frees. */
NL_CHECKED enum nl_status nl_office_issue_names(const struct nl_office *office, json_t **out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* The name of the list that an issue went to; *list is NULL where there is no such issue. The
 * caller frees it. */
NL_CHECKED enum nl_status nl_office_issue_list(const struct nl_office *office, int64_t issue,
                                               char **list, struct nl_error *err) NL_ALL_NONNULL;

/* The draft that an issue was made of; 0 for none. */
NL_CHECKED enum nl_status nl_office_issue_draft(const struct nl_office *office, int64_t issue,
                                                int64_t *draft,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Deliveries of an issue: of all, or of a state; after a subscription's number, at most `limit`.
 * The caller frees *out. NL_DATA for a word that is not a state. */
NL_CHECKED enum nl_status nl_office_issue_deliveries(const struct nl_office *office, int64_t issue,
                                                     const char *state, int64_t after,
                                                     int64_t limit, json_t **out,
                                                     struct nl_error *err) NL_NONNULL(1, 6, 7);

/* Carries out an action; out->result says what came of it. A pause is one by hand. */
NL_CHECKED enum nl_status nl_office_issue_control(const struct nl_office *office, int64_t issue,
                                                  enum nl_issue_action action,
                                                  struct nl_issue_change *out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Whom an issue is sent again. */
struct nl_issue_resend {
    int64_t issue;
    const char *state; /* "bounced", "failed" or "unknown" */
    const char *reply; /* words of the server's reply; '*' stands for anything; NULL: any */
    int64_t since;     /* only deliveries that reached their state then or later; 0: all */
    bool count_only;   /* changes nothing */
};
struct nl_issue_resent {
    int64_t people; /* who get it again */
    int64_t ended;  /* left out: their subscription has ended or their address is suppressed */
};

/* NL_DATA for another state, NL_NOTFOUND, NL_EXISTS for an issue that is cancelled. */
NL_CHECKED enum nl_status nl_office_issue_resend(const struct nl_office *office,
                                                 const struct nl_issue_resend *resend,
                                                 struct nl_issue_resent *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

#endif
