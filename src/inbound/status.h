/* Enhanced status codes (RFC 3463) in texts. */
#ifndef NL_INBOUND_STATUS_H
#define NL_INBOUND_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum { NL_STATUS_LEN = 12 };

/* Copies the next status code of class 2, 4 or 5 in text[*at..len), and moves *at behind it. False
 * at the end. */
bool nl_status_next(const char *text, size_t len, size_t *at, char out[NL_STATUS_LEN]);

/* Copies the first code of the text that says more than its class and subject ("5.1.1", not
 * "5.0.0"), or else the first one, or "". */
void nl_status_find(const char *text, size_t len, char out[NL_STATUS_LEN]);

/* Whether a code says no more than that something failed: "", "5.0.0", "4.1.0". */
bool nl_status_is_vague(const char *status);

/* The code of a reply at the start of a text or after white space ("550 "), or 0. */
int nl_status_reply(const char *text, size_t len);

#endif
