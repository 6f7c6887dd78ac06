/* One SMTP session after EHLO and AUTH, as a state machine that does no I/O: bytes from the server
 * go in, bytes for the server come out, and events say how each message ended. transport.c connects
 * it to the network. */
#ifndef NEWSLETTER_SMTP_SESSION_H
#define NEWSLETTER_SMTP_SESSION_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nl_stage {
    NL_STAGE_CONNECT,
    NL_STAGE_BANNER,
    NL_STAGE_EHLO,
    NL_STAGE_STARTTLS,
    NL_STAGE_AUTH,
    NL_STAGE_IDLE,
    NL_STAGE_MAIL,
    NL_STAGE_RCPT,
    NL_STAGE_DATA,
    NL_STAGE_BODY, /* 354 received: the commit point is awaited, or an empty message is refused */
    NL_STAGE_DOT,  /* the final dot is queued */
    NL_STAGE_RSET,
    NL_STAGE_QUIT,
};

/* The extensions that the server offered in its reply to EHLO. */
struct nl_extensions {
    bool pipelining;   /* RFC 2920 */
    bool smtputf8;     /* RFC 6531 */
    bool eightbit;     /* RFC 6152 */
    bool chunking;     /* RFC 3030 */
    bool size;         /* RFC 1870 */
    size_t size_limit; /* bytes of a message; 0 if there is no limit or it is not known */
};

/* A complete reply. */
struct nl_reply {
    int code;
    char status[12];    /* enhanced status code (RFC 2034), or "" */
    struct nl_buf text; /* all lines, joined by spaces, printable */
};

enum nl_session_event {
    NL_SESSION_NONE,
    NL_SESSION_WANTS_DOT, /* record the commit point, then nl_session_release_dot */
    NL_SESSION_REPLIED,   /* `ended_at` and `reply` say how the message ended */
    NL_SESSION_GARBAGE,   /* the server does not speak SMTP: close */
    NL_SESSION_CLOSING,   /* 421 outside a message, or the end of QUIT: close */
};

struct nl_flight;

struct nl_session {
    enum nl_stage stage;
    enum nl_stage ended_at; /* NL_SESSION_REPLIED: which command the reply answers */
    struct nl_extensions extensions;
    size_t messages; /* begun on this connection */
    struct nl_reply reply;
    struct nl_buf in;
    struct nl_buf out; /* to be written, from `written` on */
    size_t written;
    size_t dot_offset; /* in `out`: the final dot begins here */
    size_t line_start, lines;
    uint64_t replies; /* complete ones that were read */
    const struct nl_buf *message;
    /* Called after each reply has been acted upon, with the stage before; may be NULL. */
    void (*observe)(const struct nl_session *session, enum nl_stage before, void *ctx);
    void *observe_ctx;
    const struct nl_buf *following; /* a message that is not begun: the one after; NULL for none */
    /* Commands that are not queued yet: MAIL, RCPT and DATA of `following`, or the rest of them of
     * `message`, where PIPELINING is not offered. */
    struct nl_buf envelope;
    bool came_early; /* the envelope of this message went out with the final dot before */
    bool refused;    /* the message is; replies to pipelined commands are still to come */
    struct nl_reply
        refusal; /* until all of them are known; code 0: it was told, or is not believed */
    enum nl_stage refused_at;
    bool given_up;             /* nothing more may be said on the connection */
    bool whole;                /* the message is sent in one piece with its dot */
    uint64_t sent;             /* bytes written since the session was opened */
    struct nl_flight *flights; /* a ring of messages in one piece each */
    size_t flight_room, flight_first, flight_count;
    size_t ended_message; /* NL_SESSION_REPLIED: which one of these */
    bool closing;         /* the last reply was 421 */
    bool unsupported;     /* it has offered CHUNKING and does not know BDAT */
};

/* Begins on a new connection. */
void nl_session_open(struct nl_session *session,
                     const struct nl_extensions *extensions) NL_ALL_NONNULL;

/* Begins a message on an idle session. `message` must stay until NL_SESSION_REPLIED or the end; the
 * addresses are copied. `smtputf8` asks for that extension, which must be offered. */
void nl_session_start(struct nl_session *session, const char *sender, const char *recipient,
                      const struct nl_buf *message, bool smtputf8) NL_ALL_NONNULL;

/* Whether the envelope of one more message may go out with the final dot of this one (RFC 2920
 * section 3.1): the commit point is awaited, and PIPELINING is offered. */
bool nl_session_may_follow(const struct nl_session *session) NL_ALL_NONNULL;

/* Queues it. It becomes the session's message when NL_SESSION_REPLIED ends this one, and goes on as
 * after nl_session_start: nothing of it is sent before its own NL_SESSION_WANTS_DOT. */
void nl_session_follow(struct nl_session *session, const char *sender, const char *recipient,
                       const struct nl_buf *message, bool smtputf8) NL_ALL_NONNULL;

/* Makes room for `most` messages in one piece each. */
void nl_session_allow_flights(struct nl_session *session, size_t most) NL_ALL_NONNULL;

/* Queues a message in one piece, MAIL, RCPT and BDAT LAST together: on a session that is idle, or
 * with fewer such messages under way than were allowed. CHUNKING and PIPELINING must be offered.
 * Its commit point must be recorded. NL_SESSION_REPLIED says in `ended_message` which message it
 * was. */
void nl_session_fly(struct nl_session *session, size_t message, const char *sender,
                    const char *recipient, const struct nl_buf *text, bool smtputf8) NL_ALL_NONNULL;

/* After the end of a session: whether the server may have accepted a message that was in flight. */
bool nl_session_flight_sent(const struct nl_session *session, size_t message) NL_ALL_NONNULL;

/* After the end of a session: whether the first message in flight had been refused at MAIL or RCPT,
 * so that the server cannot have accepted it. Then it has ended, as after NL_SESSION_REPLIED. */
bool nl_session_flight_refused(struct nl_session *session, size_t message) NL_ALL_NONNULL;

/* After the end of a session, the same for a message by DATA whose refusal was not told yet. */
bool nl_session_end_refused(struct nl_session *session) NL_ALL_NONNULL;

/* Queues the final dot. */
void nl_session_release_dot(struct nl_session *session) NL_ALL_NONNULL;

/* Queues QUIT. */
void nl_session_quit(struct nl_session *session) NL_ALL_NONNULL;

/* Adds bytes from the server. */
void nl_session_feed(struct nl_session *session, const char *data, size_t len) NL_ALL_NONNULL;

/* Parses the input up to the next event. Call it until it returns NL_SESSION_NONE. */
enum nl_session_event nl_session_next(struct nl_session *session) NL_ALL_NONNULL;

/* The bytes to write. nl_session_wrote says how many were written. */
const char *nl_session_output(const struct nl_session *session, size_t *len) NL_ALL_NONNULL;
void nl_session_wrote(struct nl_session *session, size_t len) NL_ALL_NONNULL;

/* Whether any byte of the final dot may have been sent. After that, only the reply tells the
 * outcome. */
bool nl_session_dot_sent(const struct nl_session *session) NL_ALL_NONNULL;

/* Appends `text` with dots at line starts doubled (RFC 5321 section 4.5.2). */
void nl_session_stuff(struct nl_buf *out, const char *text, size_t len) NL_ALL_NONNULL;

/* Reads "D.D.D " at the start of `text` into `status`; returns its length, 0 if there is none. */
size_t nl_reply_status(const char *text, size_t len, char status[12]) NL_ALL_NONNULL;

void nl_session_free(struct nl_session *session);

/* The name of a stage in messages. */
const char *nl_stage_name(enum nl_stage stage);

#endif
