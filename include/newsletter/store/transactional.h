/* Transactional messages: mails that other programs have us send, each to one address, which need
 * not be a subscriber's. Each is a delivery of the kind NL_KIND_MESSAGE, by whose number it is
 * known; it waits, is leased, sent and recorded as every other one. */
#ifndef NEWSLETTER_STORE_TRANSACTIONAL_H
#define NEWSLETTER_STORE_TRANSACTIONAL_H

#include "newsletter/base/address.h"
#include "newsletter/store/delivery.h"

#define NL_KIND_MESSAGE "message"

/* A message to be queued. Borrowed. */
struct nl_transactional {
    int64_t list;
    const struct nl_address *address;
    const char *template, *language, *subject;
    const char *asked_by;
    const char *key;     /* of the request; the same key within a day makes nothing twice */
    const char *request; /* the digest of the request, in hexadecimal; with `key` only */
    const void *content; /* packed, as nl_message_parse reads it */
    size_t len;
};

/* Queues a message; *id is its delivery. NL_EXISTS for an address that gets none: it is suppressed,
 * or a subscription of it ended by bounces or a complaint. With a key that was seen within a day,
 * nothing is made, *repeated is true and *id the message of that time; NL_DATA if it came with
 * another request. */
NL_CHECKED enum nl_status nl_transactional_add(struct nl_store *store,
                                               const struct nl_transactional *message, int64_t *id,
                                               bool *repeated, struct nl_error *err) NL_ALL_NONNULL;

/* One message in its present state. Borrowed for the time of a call; NULL or 0 where there is none.
 */
struct nl_transactional_row {
    int64_t id;
    const char *list; /* its name */
    const char *address, *template, *language, *subject, *asked_by;
    int64_t size; /* bytes */
    enum nl_delivery_state state;
    int64_t attempts, created_at, updated_at, next_attempt_at;
    int64_t code; /* of the server's last reply */
    const char *status, *reply;
};
typedef enum nl_status nl_transactional_visit(const struct nl_transactional_row *row, void *ctx,
                                              struct nl_error *err);

/* Which messages: NULL and 0 stand for all. */
struct nl_transactional_query {
    int64_t id, before; /* just this one; those with smaller numbers */
    const char *list;   /* its name */
    const char *address_key;
    int64_t limit;
};

/* Calls `each` for messages, the newest first. */
NL_CHECKED enum nl_status nl_transactional_each(struct nl_store *store,
                                                const struct nl_transactional_query *query,
                                                nl_transactional_visit *each, void *ctx,
                                                struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* The list of a message. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_transactional_list(struct nl_store *store, int64_t id, int64_t *list,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Appends the packed message. NL_NOTFOUND once it is settled. */
NL_CHECKED enum nl_status nl_transactional_content(struct nl_store *store, int64_t id,
                                                   struct nl_buf *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* As nl_delivery_commit_points, for messages. */
NL_CHECKED enum nl_status nl_transactional_commit_points(struct nl_store *store,
                                                         const int64_t *messages, size_t count,
                                                         bool ahead, const char *owner, bool *ok,
                                                         struct nl_error *err) NL_ALL_NONNULL;

/* As nl_delivery_record, for messages: also tells the history, and drops the content of those that
 * are settled. */
NL_CHECKED enum nl_status nl_transactional_record(struct nl_store *store,
                                                  const struct nl_record *records, size_t count,
                                                  const char *owner, struct nl_error *err)
    NL_NONNULL(1, 4, 5);

/* Removes messages that were settled before `before` with their record, a thousand at most; with
 * `dry_run` only counts all of them. */
NL_CHECKED enum nl_status nl_transactional_forget(struct nl_store *store, int64_t before,
                                                  bool dry_run, int64_t *count,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Removes all messages to an address, and the words of the history about them; those that wait do
 * not go out. *count is how many there were. */
NL_CHECKED enum nl_status nl_transactional_erase(struct nl_store *store, const char *address_key,
                                                 int64_t *count,
                                                 struct nl_error *err) NL_ALL_NONNULL;

#endif
