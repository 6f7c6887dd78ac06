#include "smtp/flight.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

static struct nl_flight *first_flight(const struct nl_session *session) {
    return &session->flights[session->flight_first];
}

void nl_session_allow_flights(struct nl_session *session, size_t most) {
    session->flights = nl_calloc(most, sizeof session->flights[0]);
    session->flight_room = most;
}

void nl_flights_free(struct nl_session *session) {
    for (size_t i = 0; i < session->flight_room; i++)
        nl_buf_free(&session->flights[i].refusal.text);
    free(session->flights);
    session->flights = NULL;
    session->flight_room = 0;
}

void nl_session_fly(struct nl_session *session, size_t message, const char *sender,
                    const char *recipient, const struct nl_buf *text, bool smtputf8) {
    size_t at = (session->flight_first + session->flight_count) % session->flight_room;
    struct nl_flight *flight = &session->flights[at];
    struct nl_buf refusal = flight->refusal.text;
    /* RFC 3030 section 4.2: after a BDAT that failed, the state is not known before RSET. One that
     * is still under way may fail. */
    bool reset = session->flight_count > 0;
    bool is_reset = !reset && session->stage == NL_STAGE_RSET; /* the reply to it comes first */
    nl_buf_clear(&refusal);
    *flight = (struct nl_flight){.message = message,
                                 .awaited = reset || is_reset ? NL_STAGE_RSET : NL_STAGE_MAIL,
                                 .refusal.text = refusal};
    if (reset)
        nl_buf_adds(&session->out, "RSET\r\n");
    nl_session_add_envelope(&session->extensions, &session->out, sender, recipient, text->len,
                            smtputf8, true);
    nl_buf_add(&session->out, nl_buf_text(text), text->len);
    flight->end = session->sent + (session->out.len - session->written);
    session->flight_count++;
    session->messages++;
    session->stage = first_flight(session)->awaited;
}

bool nl_session_flight_sent(const struct nl_session *session, size_t message) {
    for (size_t i = 0; i < session->flight_count; i++) {
        const struct nl_flight *flight =
            &session->flights[(session->flight_first + i) % session->flight_room];
        if (flight->message == message)
            /* After 421 the server reads no further (RFC 5321 section 3.8). */
            return flight->end <= session->sent && !session->closing && !session->unsupported;
    }
    return false;
}

/* The next reply belongs to the next message. */
static void end_flight(struct nl_session *session) {
    session->ended_message = first_flight(session)->message;
    session->flight_first = (session->flight_first + 1) % session->flight_room;
    session->flight_count--;
    session->stage = session->flight_count > 0 ? first_flight(session)->awaited : NL_STAGE_IDLE;
}

static void note_refusal(struct nl_session *session, struct nl_flight *flight, enum nl_stage at) {
    if (flight->refusal.code != 0)
        return;
    nl_session_keep_reply(session, &flight->refusal);
    flight->refused_at = at;
}

static void show_refusal(struct nl_session *session, struct nl_flight *flight) {
    nl_session_show_reply(session, &flight->refusal);
    session->ended_at = flight->refused_at;
}

/* A server that has refused MAIL may accept the recipient and the message all the same, unless it
 * has refused the recipient too, or said 421. */
static bool is_refused(const struct nl_session *session, const struct nl_flight *flight) {
    bool recipient_refused = flight->awaited == NL_STAGE_DOT && !flight->recipient_accepted;
    return flight->refusal.code != 0 && (recipient_refused || session->closing);
}

bool nl_session_flight_refused(struct nl_session *session, size_t message) {
    if (session->flight_count == 0 || first_flight(session)->message != message ||
        !is_refused(session, first_flight(session)))
        return false;
    struct nl_flight *flight = first_flight(session);
    end_flight(session);
    show_refusal(session, flight);
    return true;
}

/* RFC 5321 section 4.2.1: the command is not known, though the server has offered it. */
static bool is_unknown_command(int code) {
    return code == 500 || code == 501 || code == 502 || code == 503 || code == 504;
}

/* Whether more has come than was asked for. 421 may come at any time (RFC 5321 section 3.8). */
static bool has_too_much(const struct nl_session *session) {
    size_t left = session->in.len - session->line_start;
    return session->flight_count == 1 && left > 0 &&
           strncmp(session->in.data + session->line_start, "421", left < 3 ? left : 3) != 0;
}

static enum nl_session_event after_bdat(struct nl_session *session) {
    struct nl_flight *flight = first_flight(session);
    bool accepted = session->reply.code / 100 == 2;
    /* A reply before the message was sent answers no command of ours. */
    if (flight->end > session->sent)
        return NL_SESSION_GARBAGE;
    /* With others under way it is known: they may be accepted, whatever this one is told. */
    session->unsupported = !accepted && session->flight_count == 1 && flight->refusal.code == 0 &&
                           is_unknown_command(session->reply.code);
    /* Where there is one reply too many, which one is the message's is not known. */
    if (session->unsupported || has_too_much(session))
        return NL_SESSION_GARBAGE;
    end_flight(session);
    session->ended_at = NL_STAGE_DOT;
    /* The last word counts: a server that has accepted the recipient and the message sends it. */
    if (flight->refusal.code != 0 && !(accepted && flight->recipient_accepted)) {
        show_refusal(session, flight);
        accepted = false;
    }
    if (!accepted && session->flight_count == 0)
        nl_session_reset(session);
    return NL_SESSION_REPLIED;
}

enum nl_session_event nl_flight_act(struct nl_session *session) {
    struct nl_flight *flight = first_flight(session);
    bool accepted = session->reply.code / 100 == 2;
    /* A server that goes on to answer reads on. */
    session->closing = session->reply.code == 421;
    switch (flight->awaited) {
    case NL_STAGE_RSET:
        if (!accepted)
            return NL_SESSION_CLOSING;
        flight->awaited = NL_STAGE_MAIL;
        break;
    case NL_STAGE_MAIL:
        if (!accepted)
            note_refusal(session, flight, NL_STAGE_MAIL);
        flight->awaited = NL_STAGE_RCPT;
        break;
    case NL_STAGE_RCPT:
        flight->recipient_accepted = accepted;
        if (!accepted)
            note_refusal(session, flight, NL_STAGE_RCPT);
        flight->awaited = NL_STAGE_DOT;
        break;
    default:
        return after_bdat(session);
    }
    session->stage = flight->awaited;
    return NL_SESSION_NONE;
}
