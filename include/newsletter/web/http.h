/* Requests and answers, apart from the library that carries them. */
#ifndef NEWSLETTER_WEB_HTTP_H
#define NEWSLETTER_WEB_HTTP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/network.h"

#include <stdint.h>

struct nl_request; /* server.c */

/* GET, HEAD or POST. */
const char *nl_request_method(const struct nl_request *request);

/* The path, decoded: begins with "/". */
const char *nl_request_path(const struct nl_request *request);

/* A value of the query, of the form or of the header; NULL if it is not there. */
const char *nl_request_query(const struct nl_request *request, const char *name);
const char *nl_request_form(const struct nl_request *request, const char *name);
const char *nl_request_header(const struct nl_request *request, const char *name);

const char *nl_request_cookie(const struct nl_request *request, const char *name);

/* Calls `each` for every field of the form. */
void nl_request_each_field(const struct nl_request *request,
                           void (*each)(const char *name, const char *value, void *ctx), void *ctx);

/* Who asks: the peer, or whom a trusted proxy names. */
const struct nl_ip *nl_request_client(const struct nl_request *request);

/* An answer to be filled; zero-initialised but for `status`. */
struct nl_response {
    int status;
    const char *type; /* a constant */
    struct nl_buf body;
    char *location;           /* of a redirect; freed with the answer */
    int64_t retry_after;      /* seconds; 0 for none */
    const char *attachment;   /* the name of a file to save it as; NULL to show it */
    char *cookie;             /* Set-Cookie; wiped and freed with the answer */
    const char *authenticate; /* with 401: WWW-Authenticate */
    bool scripts;             /* the page has a script of ours */
    bool cacheable;           /* by anybody, for a while: holds nothing about a person */
    const char *allow;        /* with 405: the methods */
};

/* Answers one request. A failure makes the answer a 500 or 503 that tells nothing; `err` is logged.
 */
typedef enum nl_status (*nl_handler)(void *ctx, const struct nl_request *request,
                                     struct nl_response *response, struct nl_error *err);

#endif
