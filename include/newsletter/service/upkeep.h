/* Tasks of now and then: deleting data past its retention period, and noting that cron is alive. */
#ifndef NEWSLETTER_SERVICE_UPKEEP_H
#define NEWSLETTER_SERVICE_UPKEEP_H

#include "newsletter/service/office.h"
#include "newsletter/store/last_run.h"
#include "newsletter/store/prune.h"

/* Deletes data past the periods of the configuration; with `dry_run` only counts. */
NL_CHECKED enum nl_status nl_office_prune(const struct nl_office *office, bool dry_run,
                                          struct nl_pruned *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* The same, once a day. */
NL_CHECKED enum nl_status nl_office_prune_daily(const struct nl_office *office,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Notes that work which something outside must start was done: NL_RAN_RETRY or NL_RAN_BOUNCES. */
NL_CHECKED enum nl_status nl_office_ran(const struct nl_office *office, const char *what,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
