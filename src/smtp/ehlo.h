/* How libcurl's part of a session went: what the server offers, and what a failure means. */
#ifndef NL_SMTP_EHLO_H
#define NL_SMTP_EHLO_H

#include "newsletter/smtp/session.h"

#include <curl/curl.h>

/* Notes one line of the reply to EHLO, behind its code. */
void nl_ehlo_note(struct nl_extensions *offered, const char *line, size_t len);

/* Whether a later attempt could not do better without somebody changing something. `reply` is the
 * server's last code, 0 before one. */
bool nl_ehlo_is_permanent(CURLcode code, int reply);

/* What to do about a failure, to be appended to a message; "" where there is nothing to say. */
const char *nl_ehlo_advice(CURLcode code);

#endif
