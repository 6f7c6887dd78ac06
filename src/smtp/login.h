/* Which login mechanisms (RFC 4954) are tried on a server, and in which order. */
#ifndef NL_SMTP_LOGIN_H
#define NL_SMTP_LOGIN_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"

#include <stdbool.h>
#include <stddef.h>

/* A mechanism is a bit; 0 is none. The state of one server: zero it. */
struct nl_login {
    unsigned offered;   /* in its last reply to EHLO */
    unsigned refused;   /* the server refused the login by these */
    unsigned broken;    /* the connection broke while these were tried */
    bool unknown_offer; /* it offers mechanisms, but none that we know */
    int attempts;       /* failed logins since the last one that succeeded */
};

/* Notes what follows "AUTH" in a line of the reply to EHLO. */
void nl_login_note_offer(struct nl_login *login, const char *words, size_t len);

/* The mechanism that a command "AUTH ..." uses. */
unsigned nl_login_mechanism(const char *command, size_t len);

/* Appends libcurl's option for the mechanisms to allow on the next connection. Nothing is appended
 * when there is no login. */
void nl_login_options(const struct nl_login *login, const struct nl_smtp_server *server,
                      struct nl_buf *out);

/* Notes that a login by `mechanism` failed, because the server refused it (else the connection
 * broke). Returns true when another mechanism is worth a new connection. */
bool nl_login_failed(struct nl_login *login, const struct nl_smtp_server *server,
                     unsigned mechanism, bool refused);

/* Notes that a login succeeded. */
void nl_login_succeeded(struct nl_login *login);

/* Appends what was wrong with the login and what to do. `mechanism` is the last one tried. */
void nl_login_explain(const struct nl_login *login, unsigned mechanism, struct nl_buf *out);

#endif
