/* Exports: files of subscriptions, made in the background. */
#ifndef NEWSLETTER_SERVICE_EXPORTS_H
#define NEWSLETTER_SERVICE_EXPORTS_H

#include "newsletter/service/office.h"

#include <stdio.h>

/* Begins an export. Options are a JSON object with the members list, state, segment, where, format
 * ("csv", "json" or "jsonl") and for_spreadsheet, which mean what the options of `newsletter
 * export` mean. It goes from "waiting" to "running", and "done", "failed" or "cancelled";
 * nl_office_tasks_pass (service/tasks.h) does it. Its file ends a day after that. NL_DATA for
 * options, NL_NOTFOUND for a list or segment, NL_EXISTS where too many have not ended. */
NL_CHECKED enum nl_status nl_office_export_start(const struct nl_office *office,
                                                 const json_t *options, int64_t *id,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Ends it, or removes its file. */
NL_CHECKED enum nl_status nl_office_export_cancel(const struct nl_office *office, int64_t id,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* One export, or several, the newest first, with numbers below `before` (0: all). The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_export_read(const struct nl_office *office, int64_t id,
                                                json_t **out, struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_exports(const struct nl_office *office, int64_t before,
                                            int64_t limit, json_t **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The name of the list that an export is of; *list is NULL for all of them, or without an export.
 * The caller frees it. */
NL_CHECKED enum nl_status nl_office_export_list(const struct nl_office *office, int64_t id,
                                                char **list, struct nl_error *err) NL_ALL_NONNULL;

/* Opens its file, which the caller closes, and which lives as long as the connection to the
 * database. NL_NOTFOUND unless it is done, and its file has not ended. */
NL_CHECKED enum nl_status nl_office_export_file(const struct nl_office *office, int64_t id,
                                                FILE **out, struct nl_error *err) NL_ALL_NONNULL;

#endif
