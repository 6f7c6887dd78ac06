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

/* Queues MAIL for a message of `size` bytes. */
void nl_session_add_mail(struct nl_session *session, const char *sender, size_t size,
                         bool smtputf8);

/* Queues RSET. */
void nl_session_reset(struct nl_session *session);

#endif
