/* Subscribers: find, read, add, correct, unsubscribe, suppress, erase. */
#ifndef NEWSLETTER_SERVICE_SUBSCRIBERS_H
#define NEWSLETTER_SERVICE_SUBSCRIBERS_H

#include "newsletter/service/office.h"

#include <stdbool.h>
#include <stddef.h>

/* One person: the number of a subscriber, or an address where it is 0. */
struct nl_who {
    int64_t id;
    const char *address;
};

/* ---- finding and reading ---- */

/* Which subscribers: NULL and 0 stand for all. */
struct nl_subscriber_query {
    const char *part;    /* of an address or a name; small and capital letters are the same */
    const char *address; /* exactly this one, however it is spelt */
    const char *list;    /* its name */
    const char *state;   /* of a subscription (to that list) */
    const char *after;   /* `next` of the page before */
    int64_t limit;       /* 1 to NL_SUBSCRIBERS_MOST */
};
enum { NL_SUBSCRIBERS_MOST = 1000 };

/* Zero-initialise; free with nl_subscriber_page_free. */
struct nl_subscriber_page {
    json_t *subscribers; /* objects as nl_office_subscriber_read has them, by address */
    char *next; /* nl_subscriber_query.after of the next page; NULL: this is the last one */
};
void nl_subscriber_page_free(struct nl_subscriber_page *page);

/* NL_DATA for an unknown state or an invalid address, NL_NOTFOUND for a list. */
NL_CHECKED enum nl_status nl_office_subscribers_find(const struct nl_office *office,
                                                     const struct nl_subscriber_query *query,
                                                     struct nl_subscriber_page *out,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* Zero-initialise; free with nl_subscriber_free. */
struct nl_subscriber {
    json_t *facts; /* id, address, name, language, attributes, subscriptions with their consent */
    struct nl_revision revision;
};
void nl_subscriber_free(struct nl_subscriber *subscriber);

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_subscriber_read(const struct nl_office *office,
                                                    const struct nl_who *who,
                                                    struct nl_subscriber *out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* Everything that is stored of a subscriber, as nl_office_subscriber_read and deliveries, mail that
 * came back, and the history: at most `limit` rows of each kind, the newest (0: all); "left_out"
 * names the kinds that have more. The caller frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_subscriber_history(const struct nl_office *office,
                                                       const struct nl_who *who, int64_t limit,
                                                       json_t **out,
                                                       struct nl_error *err) NL_ALL_NONNULL;

/* Each attempt to send something to a subscriber, in order, of one issue (its slug or number) or of
 * all (NULL): "at", "by" ("direct", or "relay", of which the last attempt alone is known), what it
 * was, its state, the server with its address, its TLS and policy, and the reply. The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_subscriber_trace(const struct nl_office *office,
                                                     const struct nl_who *who, const char *issue,
                                                     json_t **out, struct nl_error *err)
    NL_NONNULL(1, 2, 4, 5);

/* The same whole, for somebody who asks for their data: that it was given is noted. */
NL_CHECKED enum nl_status nl_office_subscriber_copy(const struct nl_office *office, int64_t id,
                                                    json_t **out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* ---- adding ---- */

/* Somebody to be added to a list. Optional members are NULL. */
struct nl_subscriber_join {
    const char *address, *name, *language;
    json_t *attributes;  /* an object */
    const char *list;    /* its name; NULL: the only list there is */
    const char *consent; /* where they agreed, on the caller's word: they are active at once. NULL:
                            they get a mail, and are pending until they confirm */
    const char *source;  /* without a stated consent: where the wish was told; NULL: "operator" */
    const char *ip;      /* from where */
    const char *wording; /* that the form showed */
};

enum nl_joined {
    NL_JOINED_ACTIVE,  /* added, with the consent that was stated */
    NL_JOINED_PENDING, /* added, or already pending: waits for the answer to the mail */
    NL_JOINED_ALREADY, /* is on the list */
    NL_JOINED_LEFT,    /* left the list before, so that a stated consent does not bring them back */
    NL_JOINED_SUPPRESSED, /* never mailed */
    NL_JOINED_ERASED,     /* asked to be forgotten */
    NL_JOINED_REFUSED,    /* in a batch: `reason` of its row says why */
};
/* "active", "pending", ... */
extern const char *const nl_joined_words[];

struct nl_subscriber_joined {
    enum nl_joined outcome;
    int64_t subscriber; /* 0 where there is none */
    int64_t notice;     /* the mail that was queued, for the sending service; or 0 */
};

NL_CHECKED enum nl_status nl_office_subscriber_join(const struct nl_office *office,
                                                    const struct nl_subscriber_join *join,
                                                    struct nl_subscriber_joined *out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* Many at once, in short transactions that give way to others. `each` is told what came of each
 * row, in order; `reason` is NULL unless it was refused. The first failure that is not a row's own
 * ends it; the rows before that count. */
enum { NL_JOIN_MOST = 10000 };
struct nl_subscriber_batch {
    const struct nl_subscriber_join *rows;
    size_t count;
    void (*each)(size_t row, const struct nl_subscriber_joined *joined, const char *reason,
                 void *ctx);
    void *ctx;
};
NL_CHECKED enum nl_status nl_office_subscribers_join(const struct nl_office *office,
                                                     const struct nl_subscriber_batch *batch,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* ---- changing ---- */

struct nl_subscriber_change {
    const struct nl_revision *expected; /* NULL: whatever it is now */
    const char *name, *language;        /* NULL leaves it, "" removes it */
    json_t *attributes; /* an object: null or "" removes one, others stay (RFC 7396); or NULL */
};

/* *stale: somebody else has changed it meanwhile, so nothing was done. NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_office_subscriber_change(const struct nl_office *office,
                                                      const struct nl_who *who,
                                                      const struct nl_subscriber_change *change,
                                                      bool *stale,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* Ends a subscription to the list of that name, or all with NULL. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_subscriber_unsubscribe(const struct nl_office *office,
                                                           const struct nl_who *who,
                                                           const char *list, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

/* Never mails this person again, whatever a form or an import says. *added is false where it was so
 * before. NL_NOTFOUND, NL_DATA for the reason. */
NL_CHECKED enum nl_status nl_office_subscriber_suppress(const struct nl_office *office,
                                                        const struct nl_who *who,
                                                        const char *reason, bool *added,
                                                        struct nl_error *err) NL_ALL_NONNULL;

/* Forgets a person. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_subscriber_erase(const struct nl_office *office,
                                                     const struct nl_who *who,
                                                     struct nl_error *err) NL_ALL_NONNULL;

#endif
