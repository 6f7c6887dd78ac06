/* The commands that both ways of sending a message have in common. */
#include "smtp/flight.h"

#include <string.h>

enum { DOTS = 64 }; /* room for those that are doubled, and for the end */

void nl_session_stuff(struct nl_buf *out, const char *text, size_t len) {
    size_t copied = 0;
    nl_buf_reserve(out, len + DOTS);
    /* There are far fewer dots than lines, and hardly one at the start of a line. */
    for (const char *dot = memchr(text, '.', len); dot != NULL;
         dot = memchr(dot + 1, '.', len - (size_t)(dot + 1 - text))) {
        size_t at = (size_t)(dot - text);
        if (at > 0 && dot[-1] != '\n')
            continue;
        nl_buf_add(out, text + copied, at - copied);
        nl_buf_addc(out, '.');
        copied = at;
    }
    nl_buf_add(out, text + copied, len - copied);
}

void nl_session_add_mail(struct nl_session *session, const char *sender, size_t size,
                         bool smtputf8) {
    nl_buf_addf(&session->out, "MAIL FROM:<%s>", sender);
    if (session->extensions.size)
        nl_buf_addf(&session->out, " SIZE=%zu", size);
    if (smtputf8)
        nl_buf_adds(&session->out,
                    session->extensions.eightbit ? " BODY=8BITMIME SMTPUTF8" : " SMTPUTF8");
    nl_buf_adds(&session->out, "\r\n");
}

void nl_session_reset(struct nl_session *session) {
    nl_buf_adds(&session->out, "RSET\r\n");
    session->refused = false;
    session->stage = NL_STAGE_RSET;
}
