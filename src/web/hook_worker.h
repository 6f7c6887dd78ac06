/* The reports of mail providers on their way from the server to the thread that takes them in. */
#ifndef NL_WEB_HOOK_WORKER_H
#define NL_WEB_HOOK_WORKER_H

#include "newsletter/base/buf.h"
#include "newsletter/inbound/hook.h"
#include "newsletter/web/hooks.h"

/* A report that was handed over. */
struct nl_hook_job;

/* The hook of that name, or NULL. */
struct nl_hook *nl_hooks_find(const struct nl_hooks *hooks, const char *name);

/* Hands a report over. Takes the body, copies the rest. NULL if there is no room for it now. */
struct nl_hook_job *nl_hooks_submit(struct nl_hooks *hooks, struct nl_hook *hook,
                                    struct nl_buf *body, const struct nl_hook_report *fields);

/* Whether it has been taken in or refused, and the answer. */
bool nl_hook_job_done(struct nl_hook_job *job, enum nl_hook_answer *answer);

/* Ends the interest in it; `job` is a struct nl_hook_job. What waits still is not taken in. */
void nl_hook_job_drop(void *job);

#endif
