/* Messages that go out in one piece each: MAIL, RCPT and BDAT LAST with the message (RFC 2920
 * section 3.1, RFC 3030 section 2). A part of the session machine. */
#ifndef NL_SMTP_FLIGHT_H
#define NL_SMTP_FLIGHT_H

#include "newsletter/smtp/session.h"

/* One message whose replies are awaited. */
struct nl_flight {
    size_t message;          /* the caller's number */
    enum nl_stage awaited;   /* RSET, MAIL, RCPT or DOT, which is the reply to BDAT */
    uint64_t end;            /* in everything that is written: where the message ends */
    struct nl_reply refusal; /* of MAIL, else of RCPT; code 0: none */
    enum nl_stage refused_at;
    bool recipient_accepted;
};

/* Acts on a complete reply while messages are in flight. */
enum nl_session_event nl_flight_act(struct nl_session *session);

void nl_flights_free(struct nl_session *session);

/* ---- command.c ---- */

/* Appends the commands before a message of `size` bytes: MAIL, RCPT, and BDAT LAST where it goes
 * out in one piece, else DATA. */
void nl_session_add_envelope(const struct nl_extensions *offered, struct nl_buf *out,
                             const char *sender, const char *recipient, size_t size, bool smtputf8,
                             bool one_piece);

/* Queues RSET. */
void nl_session_reset(struct nl_session *session);

/* Keeps the last reply; puts it in the place of the last one again. */
void nl_session_keep_reply(const struct nl_session *session, struct nl_reply *kept);
void nl_session_show_reply(struct nl_session *session, struct nl_reply *kept);

/* ---- follow.c: an envelope that goes out with the final dot of the message before ---- */

/* Queues all commands of `envelope`, if there are any: with PIPELINING. */
void nl_session_queue_envelope(struct nl_session *session);

/* The message before has ended: the one that follows takes its place. */
void nl_session_begin_following(struct nl_session *session);

#endif
