/* Events: what a mail provider reports as JSON, by a webhook or on standard input. */
#ifndef NEWSLETTER_INBOUND_EVENT_H
#define NEWSLETTER_INBOUND_EVENT_H

#include "newsletter/base/token.h"
#include "newsletter/inbound/bounce.h"

/* One event. The same event has the same digest whenever it is reported again: in another batch,
 * with other white space, under another signature. */
struct nl_event {
    const char *text; /* JSON, one line, NUL-terminated */
    size_t len;
    unsigned char digest[NL_DIGEST_LEN];
};

typedef enum nl_status nl_event_visitor(const struct nl_event *event, void *ctx,
                                        struct nl_error *err);

/* Calls `each` for every event in a text: one JSON object, an array of them, or several of both one
 * after the other. A text that is not JSON is NL_DATA before any call; what is nested too deeply
 * is, too. */
NL_CHECKED enum nl_status nl_event_each(const char *text, size_t len, nl_event_visitor *each,
                                        void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Reads one event as nl_bounce_read reads a message: NL_BOUNCE_AUTO_REPLY for what is not a failure
 * ("delivered"), NL_BOUNCE_UNKNOWN for what is in no provider's form. `message_id` is the proof
 * that the event carries: the token of ours in its metadata, else our Message-ID. Free the result
 * with nl_bounce_free. */
void nl_event_read(const struct nl_bounce_reader *reader, const char *text, size_t len,
                   struct nl_bounce *out) NL_ALL_NONNULL;

#endif
