#include "web/event_stream.h"

#include "newsletter/base/env.h"
#include "newsletter/base/memory.h"
#include "web/peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BLOCK = 8 << 10,
    LIFE_SECONDS = 600, /* after which the browser connects again: nothing stays for ever */
    QUIET_SECONDS = 15, /* proxies cut what is silent for longer, and we find who has gone */
    GRACE_SECONDS = 30, /* for its last bytes */
};

struct nl_event_stream {
    struct nl_event_streams *streams;
    struct MHD_Connection *connection;
    struct nl_events events;
    struct nl_buf text; /* still to be sent from `sent` on */
    size_t sent;
    int64_t until, asked_at, wrote_at;
    bool suspended, over;
    struct nl_event_stream *previous, *next;
};

/* Whether the browser has closed the connection, which nobody reads from meanwhile. */
static bool has_left(const struct nl_event_stream *stream) {
    char byte = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(stream->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Puts what there is to send now into stream->text; asks once a second. */
static void ask(struct nl_event_stream *stream, int64_t now) {
    nl_buf_clear(&stream->text);
    stream->sent = 0;
    if (stream->streams->closing || now >= stream->until || has_left(stream)) {
        stream->over = true;
        return;
    }
    if (now == stream->asked_at)
        return;
    stream->asked_at = now;
    stream->over = !stream->events.next(stream->events.ctx, &stream->text);
    if (stream->text.len == 0 && !stream->over && now - stream->wrote_at >= QUIET_SECONDS)
        nl_buf_adds(&stream->text, ":\n\n");
    if (stream->text.len > 0)
        stream->wrote_at = now;
}

static ssize_t read_events(void *ctx, uint64_t at, char *out, size_t size) {
    struct nl_event_stream *stream = ctx;
    (void)at;
    if (stream->sent == stream->text.len && !stream->over)
        ask(stream, nl_env_now(&nl_env_system));
    size_t left = stream->text.len - stream->sent;
    size_t now = left < size ? left : size;
    if (now > 0) {
        memcpy(out, stream->text.data + stream->sent, now);
        stream->sent += now;
        return (ssize_t)now;
    }
    if (stream->over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream->suspended = true;
    MHD_suspend_connection(stream->connection);
    return 0;
}

static void end_stream(void *ctx) {
    struct nl_event_stream *stream = ctx;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        stream->streams->first = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    stream->events.end(stream->events.ctx);
    nl_buf_free(&stream->text);
    free(stream);
}

static void link_stream(struct nl_event_streams *streams, struct nl_event_stream *stream) {
    stream->next = streams->first;
    if (streams->first != NULL)
        streams->first->previous = stream;
    streams->first = stream;
}

struct MHD_Response *nl_event_stream_new(struct nl_event_streams *streams,
                                         struct nl_request *request, struct nl_response *response,
                                         int64_t now) {
    struct nl_events events = response->events;
    struct nl_event_stream *stream = nl_calloc(1, sizeof *stream);
    response->events = (struct nl_events){0};
    *stream = (struct nl_event_stream){.streams = streams,
                                       .connection = request->connection,
                                       .events = events,
                                       .until = now + LIFE_SECONDS,
                                       .wrote_at = now};
    link_stream(streams, stream);
    nl_peer_set_deadline(request->connection, stream->until + GRACE_SECONDS);
    struct MHD_Response *out =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_events, stream, end_stream);
    if (out == NULL)
        end_stream(stream);
    return out;
}

static void resume_all(struct nl_event_streams *streams) {
    for (struct nl_event_stream *stream = streams->first; stream != NULL; stream = stream->next) {
        if (!stream->suspended)
            continue;
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

void nl_event_streams_look(struct nl_event_streams *streams, int64_t now) {
    if (now == streams->looked_at)
        return;
    streams->looked_at = now;
    resume_all(streams);
}

void nl_event_streams_close(struct nl_event_streams *streams) {
    streams->closing = true;
    resume_all(streams);
}
