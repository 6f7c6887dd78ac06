/* The sending service: whatever sends mail calls it, once (retry), in a loop (send --worker) or
 * when it is woken (serve). */
#ifndef NEWSLETTER_DELIVERY_SERVICE_H
#define NEWSLETTER_DELIVERY_SERVICE_H

#include "newsletter/base/attribute.h"
#include "newsletter/delivery/send.h"

enum nl_service_work {
    NL_SERVICE_NOTICES = 1,
    NL_SERVICE_ISSUES = 2, /* scheduled issues whose time has come, then those being sent */
    NL_SERVICE_ALL = NL_SERVICE_NOTICES | NL_SERVICE_ISSUES,
};

struct nl_service {
    struct nl_store *store;
    const struct nl_config *config;
    const struct nl_relay *relay;
    enum nl_service_work work;
    int64_t slice; /* seconds for each issue in one pass; 0: until nothing is left to do */
    const volatile sig_atomic_t *stop; /* non-zero: finish the messages in flight, then return */
    /* Called with the result of each run: of an issue, or of the notices (`issue` is NULL). */
    void (*report)(const struct nl_issue *issue, const struct nl_run_summary *summary, void *ctx);
    /* Called for an issue that another process is sending; `text` names that process. May be NULL.
     */
    void (*busy)(const struct nl_issue *issue, const char *text, void *ctx);
    void *ctx;
};

/* The work that a pass has left. */
struct nl_service_pass {
    bool more;       /* an issue has used its slice and is not finished */
    bool busy;       /* another process is sending an issue */
    int64_t next;    /* the earliest time at which a deferred message is due; 0: none is */
    int64_t look_at; /* when the mailboxes of a canary are looked into again; 0: none waits */
};

/* Sends notices, starts the scheduled issues whose time has come, and sends issues. An issue that
 * fails does not keep the others waiting: the first failure is returned at the end. A database that
 * is away (NL_TEMPFAIL) ends the pass at once. */
NL_CHECKED enum nl_status nl_service_run(const struct nl_service *service,
                                         struct nl_service_pass *pass,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Sends one notice. `delivery` comes from the function that queued it. */
NL_CHECKED enum nl_status nl_service_notice(const struct nl_service *service, int64_t delivery,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
