/* The calendar of the issues that went out and those that will. */
#ifndef NEWSLETTER_SERVICE_PLANNER_H
#define NEWSLETTER_SERVICE_PLANNER_H

#include "newsletter/service/office.h"
#include "newsletter/store/issue_calendar.h"

/* The issues from one moment up to another (Unix seconds), as an array of {id, list, title, state,
 * at (seconds), local_time (or null)} that the caller frees. */
NL_CHECKED enum nl_status nl_office_calendar(const struct nl_office *office, int64_t from,
                                             int64_t to, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Another time for an issue that is scheduled. */
struct nl_calendar_move {
    int64_t issue;
    int64_t from;     /* where it was seen; 0: wherever it is */
    const char *at;   /* "2026-12-01T09:00" */
    const char *zone; /* of `at`; NULL: that of this machine, "": UTC. Not used for an issue by each
                         reader's own clock */
};

/* *at is its new time. What was approved stays approved; where approvals are needed and missing,
 * nothing moves. NL_NOTFOUND, NL_DATA for an invalid time or one in the past, NL_EXISTS where it
 * has moved or begun meanwhile. */
NL_CHECKED enum nl_status nl_office_calendar_move(const struct nl_office *office,
                                                  const struct nl_calendar_move *move, int64_t *at,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
