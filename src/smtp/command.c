/* The commands that both ways of sending a message have in common. */
#include "smtp/flight.h"

#include <string.h>

enum {
    DOTS = 64, /* room for those that are doubled, and for the end */
    BLOCK = 256,
};

/* Whether a line of a block begins with a dot; the byte before the block is there, too. Without a
 * branch, so that compilers make vectors of it. */
static bool has_dot(const char *block) {
    unsigned char found = 0;
    for (size_t i = 0; i < BLOCK; i++)
        found |= (unsigned char)((block[i] == '.') & (*(block + i - 1) == '\n'));
    return found != 0;
}

/* The first dot at the start of a line, from `at` on; `len` for none. There is hardly ever one. */
static size_t find_dot(const char *text, size_t len, size_t at) {
    if (at == 0 && len > 0 && text[0] == '.')
        return 0;
    size_t i = at > 0 ? at : 1;
    while (i + BLOCK <= len && !has_dot(text + i))
        i += BLOCK;
    while (i < len && (text[i] != '.' || text[i - 1] != '\n'))
        i++;
    return i < len ? i : len;
}

void nl_session_stuff(struct nl_buf *out, const char *text, size_t len) {
    size_t copied = 0;
    nl_buf_reserve(out, len + DOTS);
    for (size_t dot = find_dot(text, len, 0); dot < len; dot = find_dot(text, len, dot + 1)) {
        nl_buf_add(out, text + copied, dot - copied);
        nl_buf_addc(out, '.');
        copied = dot;
    }
    nl_buf_add(out, text + copied, len - copied);
}

void nl_session_add_envelope(const struct nl_extensions *offered, struct nl_buf *out,
                             const char *sender, const char *recipient, size_t size, bool smtputf8,
                             bool one_piece) {
    nl_buf_addf(out, "MAIL FROM:<%s>", sender);
    if (offered->size)
        nl_buf_addf(out, " SIZE=%zu", size);
    if (smtputf8)
        nl_buf_adds(out, offered->eightbit ? " BODY=8BITMIME SMTPUTF8" : " SMTPUTF8");
    nl_buf_addf(out, "\r\nRCPT TO:<%s>\r\n", recipient);
    if (one_piece)
        nl_buf_addf(out, "BDAT %zu LAST\r\n", size);
    else
        nl_buf_adds(out, "DATA\r\n");
}

void nl_session_reset(struct nl_session *session) {
    nl_buf_adds(&session->out, "RSET\r\n");
    session->refused = false;
    session->stage = NL_STAGE_RSET;
}

void nl_session_keep_reply(const struct nl_session *session, struct nl_reply *kept) {
    kept->code = session->reply.code;
    memcpy(kept->status, session->reply.status, sizeof kept->status);
    nl_buf_clear(&kept->text);
    nl_buf_adds(&kept->text, nl_buf_text(&session->reply.text));
}

void nl_session_show_reply(struct nl_session *session, struct nl_reply *kept) {
    struct nl_buf text = session->reply.text;
    session->reply = *kept;
    kept->text = text;
    kept->code = 0;
}
