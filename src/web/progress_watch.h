/* Watching the progress of issues: one thread reads it for all who look on, however many they are.
 */
#ifndef NL_WEB_PROGRESS_WATCH_H
#define NL_WEB_PROGRESS_WATCH_H

#include "newsletter/service/issue_progress.h"

struct nl_progress_watch;

/* Starts the thread, which opens a connection of its own once somebody looks on. `config` must
 * outlive it. Free with nl_progress_watch_free. */
NL_CHECKED enum nl_status nl_progress_watch_new(const struct nl_config *config,
                                                struct nl_progress_watch **out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* The progress of an issue as it was a second ago or so; and asks for it to be read on for a few
 * seconds. False while it is not known yet, or where too many others are watched. For any thread.
 */
bool nl_progress_watch_read(struct nl_progress_watch *watch, int64_t issue,
                            struct nl_issue_progress *out) NL_ALL_NONNULL;

/* Ends the thread. NULL is harmless. */
void nl_progress_watch_free(struct nl_progress_watch *watch);

#endif
