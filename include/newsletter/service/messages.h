/* Transactional messages: a template and data to one address, in the name of a list. */
#ifndef NEWSLETTER_SERVICE_MESSAGES_H
#define NEWSLETTER_SERVICE_MESSAGES_H

#include "newsletter/bulletin/transactional_message.h"
#include "newsletter/service/office.h"

/* Borrowed; NULL where nothing is said. */
struct nl_message_request {
    const char *list; /* NULL: the only one there is */
    const char *address;
    const char *key; /* the same key from the same caller within a day queues nothing twice */
    struct nl_message_order order;
};

/* Queues a message; *id is its number, which is also that of its delivery. *repeated: the same key
 * had queued it before. NL_EXISTS for an address that gets no mail: one that is suppressed, or
 * whose mail came back; unsubscribing does not matter here. NL_NOTFOUND for a list, NL_DATA as
 * nl_message_order_compose, and for an invalid address or a key that came with another message. */
NL_CHECKED enum nl_status nl_office_message_send(const struct nl_office *office,
                                                 const struct nl_message_request *request,
                                                 int64_t *id, bool *repeated,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* A message as it stands: id, list, to, template, language, subject, size, asked_by, state,
 * attempts, created_at, updated_at, next_attempt_at, reply (an object or null). The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_message_read(const struct nl_office *office, int64_t id,
                                                 json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* Which messages: NULL and 0 stand for all. */
struct nl_message_query {
    const char *list, *address;
    int64_t before, limit;
};

/* As an array, the newest first, which the caller frees. NL_DATA for an invalid address. */
NL_CHECKED enum nl_status nl_office_messages(const struct nl_office *office,
                                             const struct nl_message_query *query, json_t **out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The names of the templates that there are, as an array that the caller frees. */
void nl_office_message_templates(const struct nl_office *office, json_t **out) NL_ALL_NONNULL;

/* Erases all messages to an address, which need not be a subscriber's; *count is how many. */
NL_CHECKED enum nl_status nl_office_messages_erase(const struct nl_office *office,
                                                   const char *address, int64_t *count,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
