/* Issues that exist: pause, resume, cancel, send again to those who did not get them. */
#ifndef NEWSLETTER_SERVICE_ISSUES_H
#define NEWSLETTER_SERVICE_ISSUES_H

#include "newsletter/service/office.h"
#include "newsletter/store/issue_control.h"

/* Carries out an action; out->result says what came of it. A pause notes `note` (NULL: "by hand").
 */
NL_CHECKED enum nl_status nl_office_issue_control(const struct nl_office *office, int64_t issue,
                                                  enum nl_issue_action action, const char *note,
                                                  struct nl_issue_change *out, struct nl_error *err)
    NL_NONNULL(1, 5, 6);

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
