/* The part of a session that libcurl does: the server's extensions, and the meaning of failures. */
#ifndef NL_SMTP_EHLO_H
#define NL_SMTP_EHLO_H

#include "newsletter/smtp/session.h"

#include <curl/curl.h>

/* Notes one line of the reply to EHLO, without its code. */
void nl_ehlo_note(struct nl_extensions *offered, const char *line, size_t len);

/* Whether a later attempt would fail as well unless somebody changes something. `reply` is the
 * server's last reply code, 0 before one. */
bool nl_ehlo_is_permanent(CURLcode code, int reply);

/* Advice about a failure, to be appended to a message; "" where there is none. */
const char *nl_ehlo_advice(CURLcode code);

#endif
