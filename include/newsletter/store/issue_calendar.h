/* When issues went out or will, and moving one to another time. */
#ifndef NEWSLETTER_STORE_ISSUE_CALENDAR_H
#define NEWSLETTER_STORE_ISSUE_CALENDAR_H

#include "newsletter/store/audit.h"
#include "newsletter/store/issue.h"

/* One issue. Borrowed for the time of a call. */
struct nl_planned_issue {
    int64_t id;
    const char *list_name, *title;
    enum nl_issue_state state;
    int64_t at;             /* when it is to go out, or began to */
    const char *local_time; /* it comes to each reader at this hour of their own; NULL: at `at` */
};

/* Calls `each` for the issues from `from` up to `to`, in the order of time; 1000 at most. */
NL_CHECKED enum nl_status nl_issue_planned(struct nl_store *store, int64_t from, int64_t to,
                                           enum nl_status (*each)(const struct nl_planned_issue *,
                                                                  void *ctx, struct nl_error *err),
                                           void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Moves a scheduled issue. */
struct nl_issue_move {
    int64_t issue;
    int64_t from;           /* where somebody has seen it */
    int64_t at;             /* where it goes */
    const char *local_time; /* as of nl_issue; NULL: at `at` */
    int64_t approvals;      /* that its draft must still have; 0: none */
    const struct nl_actor *by;
};

/* NL_EXISTS where it is not scheduled for `from` any more, NL_DATA where approvals are missing. It
 * is noted in the audit log. */
NL_CHECKED enum nl_status nl_issue_reschedule(struct nl_store *store,
                                              const struct nl_issue_move *move,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
