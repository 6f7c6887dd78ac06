/* The commands that both ways of sending a message have in common. */
#include "smtp/flight.h"

#include <string.h>

void nl_session_stuff(struct nl_buf *out, const char *text, size_t len) {
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end != NULL ? (size_t)(end - text) + 1 : len;
        if (text[0] == '.')
            nl_buf_addc(out, '.');
        /* Lines without a leading dot are copied in one go. */
        while (line < len && text[line] != '.') {
            end = memchr(text + line, '\n', len - line);
            line = end != NULL ? (size_t)(end - text) + 1 : len;
        }
        nl_buf_add(out, text, line);
        text += line;
        len -= line;
    }
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
