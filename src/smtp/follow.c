/* An envelope that goes out with the final dot of the message before: RFC 2920 section 3.1 lets the
 * content of a message be the first of a group of commands. It saves a round trip for each message.
 * Nothing of the next message itself is sent before its own commit point. */
#include "smtp/flight.h"

bool nl_session_may_follow(const struct nl_session *session) {
    return session->stage == NL_STAGE_BODY && !session->refused && session->message != NULL &&
           session->flight_count == 0 && session->following == NULL &&
           session->extensions.pipelining;
}

void nl_session_follow(struct nl_session *session, const char *sender, const char *recipient,
                       const struct nl_buf *message, bool smtputf8) {
    session->following = message;
    nl_session_add_envelope(&session->extensions, &session->envelope, sender, recipient,
                            message->len, smtputf8, false);
}

void nl_session_queue_envelope(struct nl_session *session) {
    nl_buf_add(&session->out, nl_buf_text(&session->envelope), session->envelope.len);
    nl_buf_clear(&session->envelope);
}

void nl_session_begin_following(struct nl_session *session) {
    session->came_early = session->following != NULL;
    if (!session->came_early)
        return;
    session->message = session->following;
    session->following = NULL;
    session->messages++;
    session->stage = NL_STAGE_MAIL;
}
