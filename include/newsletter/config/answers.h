/* A first configuration, from what only the operator knows. */
#ifndef NEWSLETTER_CONFIG_ANSWERS_H
#define NEWSLETTER_CONFIG_ANSWERS_H

#include "newsletter/base/buf.h"

#include <stdbool.h>

/* NULL for what is not known yet: its setting stays a comment, or has its default. */
struct nl_config_answers {
    const char *url;  /* of the website, "https://news.example.org" */
    const char *host; /* of the relay; `port` and `security` count only with it */
    int port;
    const char *security; /* "starttls", "tls" or "none" */
    const char *username; /* to log in as; `password_file` counts only with it */
    const char *password_file;
    const char *bounce_address;
    const char *database; /* a path or a server's URL */
};

/* Writes the annotated configuration with the answers in their places, and with none of the
 * sample's own addresses in force. */
void nl_config_answer(const struct nl_config_answers *answers, struct nl_buf *out) NL_ALL_NONNULL;

#endif
