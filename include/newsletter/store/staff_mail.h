/* Mail to staff that waits to be sent, and who is told when an issue ends. */
#ifndef NEWSLETTER_STORE_STAFF_MAIL_H
#define NEWSLETTER_STORE_STAFF_MAIL_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"

#include <stdbool.h>

/* How often a mail is tried, and after how many seconds it is tried again. */
enum { NL_STAFF_MAIL_TRIES = 20, NL_STAFF_MAIL_WAIT = 300 };

/* The address of an account; NULL without one or without an account. The caller frees it. */
NL_CHECKED enum nl_status nl_staff_address(struct nl_store *store, const char *name, char **address,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Sets it; NULL or "" removes it. NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_staff_set_address(struct nl_store *store, const char *name,
                                               const char *address, const struct nl_actor *by,
                                               struct nl_error *err) NL_NONNULL(1, 2, 5);

/* Calls `each` for the accounts with an address, by name. */
NL_CHECKED enum nl_status nl_staff_addresses(struct nl_store *store,
                                             enum nl_status (*each)(const char *name,
                                                                    const char *address, void *ctx,
                                                                    struct nl_error *err),
                                             void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Queues a complete message. `about` names what it tells, such as "issue 3 done ann": where that is
 * told already, nothing happens. */
struct nl_staff_mail {
    int64_t id;
    const char *about, *sender, *address;
    const char *message;
    size_t len;
};
NL_CHECKED enum nl_status nl_staff_mail_add(struct nl_store *store,
                                            const struct nl_staff_mail *mail,
                                            struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_staff_mail_known(struct nl_store *store, const char *about,
                                              bool *known, struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for one mail after the other that is due; no other process gets it for
 * NL_STAFF_MAIL_WAIT seconds. *sent says that it is done with; otherwise it is tried again. */
NL_CHECKED enum nl_status
nl_staff_mail_each_due(struct nl_store *store,
                       enum nl_status (*each)(const struct nl_staff_mail *mail, bool *sent,
                                              void *ctx, struct nl_error *err),
                       void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Issues whose sender is to be told: those that are sent, and those that are paused, but not by
 * hand. */
struct nl_told_issue {
    int64_t id, list;
    char *title, *account, *address, *pause_note;
    bool done;
    int64_t since; /* nothing has gone out since then, though it should have; else 0 */
};
void nl_told_issue_free(struct nl_told_issue *issue);
NL_CHECKED enum nl_status nl_issues_to_tell(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_told_issue *issue, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* The same for one issue that has just failed to go on, where nothing of it has for
 * NL_STANDSTILL seconds. */
enum { NL_STANDSTILL = 3600 };
NL_CHECKED enum nl_status nl_issue_stands_still(
    struct nl_store *store, int64_t issue,
    enum nl_status (*each)(const struct nl_told_issue *issue, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

#endif
