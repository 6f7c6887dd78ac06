/* How libcurl's part of a session went: what the server offers, and what a failure means. */
#ifndef NL_DELIVERY_GREETING_H
#define NL_DELIVERY_GREETING_H

#include "delivery/session.h"

#include <curl/curl.h>

/* Notes one line of the reply to EHLO, behind its code. */
void nl_greeting_note(struct nl_extensions *offered, const char *line, size_t len);

/* Whether a later attempt could not do better without somebody changing something. `reply` is the
 * server's last code, 0 before one. */
bool nl_greeting_is_permanent(CURLcode code, int reply);

/* What to do about a failure, to be appended to a message; "" where there is nothing to say. */
const char *nl_greeting_advice(CURLcode code);

#endif
