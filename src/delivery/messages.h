/* The messages of a run, in one or more languages. */
#ifndef NL_DELIVERY_MESSAGES_H
#define NL_DELIVERY_MESSAGES_H

#include "delivery/run.h"
#include "newsletter/base/attribute.h"

/* Zero it; free with nl_messages_free. */
struct nl_messages {
    struct nl_run_message *items;
    size_t count;
};

/* Adds a packed message. `language` may be NULL. */
NL_CHECKED enum nl_status nl_messages_add(struct nl_messages *messages, const char *language,
                                          const char *packed, size_t len, struct nl_error *err);

void nl_messages_free(struct nl_messages *messages);

#endif
