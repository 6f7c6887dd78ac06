/* Webhooks: addresses of other programs that are told what happens. */
#ifndef NEWSLETTER_STORE_WEBHOOK_H
#define NEWSLETTER_STORE_WEBHOOK_H

#include "newsletter/db/handle.h"

#include <stdbool.h>

/* One target. Free with nl_webhook_free. */
struct nl_webhook {
    int64_t id;
    char *name;
    char *url;
    char *secret; /* "whsec_" and a key in base64 */
    char *kinds;  /* of the events that it is told of, with spaces; "": all */
    bool enabled;
    int64_t created_at;
    int64_t position;      /* the number of the last event that it was told of */
    int64_t attempts;      /* that have failed since then */
    int64_t next_at;       /* not before this time */
    int64_t failing_since; /* 0: it works */
    char *trouble;         /* the last failure, or why it is switched off; NULL: none */
};
void nl_webhook_free(struct nl_webhook *webhook);

/* Adds a target: name, url, secret and kinds count. It is told of what happens from now on.
 * NL_EXISTS. */
NL_CHECKED enum nl_status nl_webhook_add(struct nl_store *store, const struct nl_webhook *webhook,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_webhook_find(struct nl_store *store, const char *name,
                                          struct nl_webhook *out,
                                          struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_webhook_remove(struct nl_store *store, const char *name,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Switches a target on or off. One that is switched on again is told of what happens from now on.
 * NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_webhook_switch(struct nl_store *store, const char *name, bool on,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for every target, by name; it may write. */
NL_CHECKED enum nl_status nl_webhooks_each(struct nl_store *store,
                                           enum nl_status (*each)(const struct nl_webhook *webhook,
                                                                  void *ctx, struct nl_error *err),
                                           void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Writes how far a target is: position, attempts, next_at, failing_since, trouble and enabled.
 * Nothing happens where it was switched or removed meanwhile. */
NL_CHECKED enum nl_status nl_webhook_save(struct nl_store *store, const struct nl_webhook *webhook,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* One call of a target. Texts are valid during a call of `each`. */
struct nl_webhook_call {
    int64_t at;
    int64_t event; /* 0: a test */
    const char *kind;
    int64_t status;     /* of HTTP; 0: there was no answer */
    const char *detail; /* why it failed; NULL: it was taken */
};

/* Keeps a call in the log; the oldest of more than 200 are dropped. */
NL_CHECKED enum nl_status nl_webhook_note(struct nl_store *store, int64_t webhook,
                                          const struct nl_webhook_call *call,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for the calls of a target, the newest first. */
NL_CHECKED enum nl_status nl_webhook_log(struct nl_store *store, int64_t webhook,
                                         enum nl_status (*each)(const struct nl_webhook_call *call,
                                                                void *ctx, struct nl_error *err),
                                         void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

#endif
