/* The audit log: who did what, when, by which door. It only grows: the database refuses to change
 * it. */
#ifndef NEWSLETTER_STORE_AUDIT_H
#define NEWSLETTER_STORE_AUDIT_H

#include "newsletter/db/handle.h"

/* The one who acts. Texts belong to the caller. */
struct nl_actor {
    const char *name;   /* of the account, the token or the system's user */
    const char *door;   /* "command", "browser" or "api" */
    const char *client; /* the address of the browser or program; NULL for a command */
    const char *token;  /* the token by which the account acts; NULL: by itself. A token that is
                         * nobody's stands in `name` */
};

/* Notes what an actor did. `action` is a word or two ("issue pause"), `object` what it was done to
 * ("issue 12"; never an address of a subscriber), `detail` the rest; both may be NULL. To be called
 * in the transaction of the action, so that neither is without the other. */
NL_CHECKED enum nl_status nl_audit_note(struct nl_store *store, const struct nl_actor *actor,
                                        const char *action, const char *object, const char *detail,
                                        struct nl_error *err) NL_NONNULL(1, 2, 3, 6);

/* One line of the log. Texts are valid during the call; `client`, `object` and `detail` may be
 * NULL. */
struct nl_audit_line {
    int64_t id, at;
    const char *actor, *door, *client, *action, *object, *detail;
};

/* A search; zero or NULL: everything. `text` is looked for in actor, action, object and
 * detail; the case of A to Z does not matter. `before` is an id: the page after the last line of a
 * page. */
struct nl_audit_filter {
    const char *text;
    int64_t before, since, until; /* times in Unix seconds */
    int64_t limit;
};

/* Calls `each` for every line that is looked for, the newest first. */
NL_CHECKED enum nl_status nl_audit_each(struct nl_store *store,
                                        const struct nl_audit_filter *filter,
                                        enum nl_status (*each)(const struct nl_audit_line *line,
                                                               void *ctx, struct nl_error *err),
                                        void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

#endif
