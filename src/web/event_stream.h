/* Answers that go on (server-sent events, https://html.spec.whatwg.org/#server-sent-events). No
 * thread waits for one: its connection is suspended, and looked at once a second. */
#ifndef NL_WEB_EVENT_STREAM_H
#define NL_WEB_EVENT_STREAM_H

#include "web/request.h"

/* The open streams of a server; zero-initialise it. All of it is for the server's thread. */
struct nl_event_streams {
    struct nl_event_stream *first;
    int64_t looked_at;
    bool closing; /* each ends when it is looked at next */
};

/* Makes the answer of a stream, which takes response->events; its deadline is set. NULL where
 * libmicrohttpd makes none: then the events are ended. */
struct MHD_Response *nl_event_stream_new(struct nl_event_streams *streams,
                                         struct nl_request *request, struct nl_response *response,
                                         int64_t now) NL_ALL_NONNULL;

/* Lets each stream tell what is new; at most once a second. */
void nl_event_streams_look(struct nl_event_streams *streams, int64_t now) NL_ALL_NONNULL;

/* Ends all of them, and those that are still to come. */
void nl_event_streams_close(struct nl_event_streams *streams) NL_ALL_NONNULL;

#endif
