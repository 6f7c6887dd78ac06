/* Imports and exports, which a thread does while the server runs (service/tasks.h). */
#ifndef NEWSLETTER_WEB_TASK_WORKER_H
#define NEWSLETTER_WEB_TASK_WORKER_H

#include "newsletter/config/config.h"

struct nl_task_worker;

/* Starts the thread, which begins with what an earlier process left. `config` must outlive it. Free
 * with nl_task_worker_free. */
NL_CHECKED enum nl_status nl_task_worker_new(const struct nl_config *config,
                                             struct nl_task_worker **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Tells it that there is something to do, and does not wait. */
void nl_task_worker_wake(struct nl_task_worker *worker) NL_ALL_NONNULL;

/* Ends the thread soon: what is not done then is done by the next one. NULL is harmless. */
void nl_task_worker_free(struct nl_task_worker *worker);

#endif
