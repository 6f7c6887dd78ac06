/* Requests and answers, as handlers see them: they know nothing of the library that carries them.
 */
#ifndef NL_WEB_HTTP_H
#define NL_WEB_HTTP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/network.h"
#include "newsletter/web/server.h"

#include <stdio.h>

/* GET, HEAD or POST; PUT, PATCH or DELETE where the server was told to take them. */
const char *nl_request_method(const struct nl_request *request);

/* The path, decoded: begins with "/". */
const char *nl_request_path(const struct nl_request *request);

/* A value of the query, of the form or of the header; NULL if it is not there. */
const char *nl_request_query(const struct nl_request *request, const char *name);
const char *nl_request_form(const struct nl_request *request, const char *name);
const char *nl_request_header(const struct nl_request *request, const char *name);

/* Calls `each` for every argument of the query, in order. */
void nl_request_each_argument(const struct nl_request *request,
                              void (*each)(const char *name, const char *value, void *ctx),
                              void *ctx);

/* Why the body is not a form of ours; NL_BODY_FORM also if there is none. The URL can still say all
 * that is needed. NL_BODY_KEPT: it is in nl_request_own; NL_BODY_CROWDED: it would be, if there
 * were room for it now. */
enum nl_body { NL_BODY_FORM, NL_BODY_TOO_LARGE, NL_BODY_NO_FORM, NL_BODY_KEPT, NL_BODY_CROWDED };
enum nl_body nl_request_body(const struct nl_request *request);

/* The part of a request that belongs to the handler while it answers a request: it may be called
 * more than once for one (nl_response.wait). `body` is the body as it came, where the server was
 * told to keep it. `drop`, if it is set, is called with `item` when the request ends. */
struct nl_request_own {
    struct nl_buf body;
    FILE *file;   /* the body, where the server was told to keep it in a file; from its beginning */
    int64_t size; /* and its bytes */
    void *known;  /* for the handler and the functions that were asked before: freed by free(3) */
    void *item;
    void (*drop)(void *item);
};
struct nl_request_own *nl_request_own(const struct nl_request *request);

/* Whether its visitor has waited so long that the handler must answer now. */
bool nl_request_is_late(const struct nl_request *request);

const char *nl_request_cookie(const struct nl_request *request, const char *name);

/* A file of the form: its content, and what the visitor's computer calls it. NULL if it is not
 * there. */
const char *nl_request_file(const struct nl_request *request, const char *name, const char **file,
                            size_t *len);

/* Calls `each` for every field of the form. */
void nl_request_each_field(const struct nl_request *request,
                           void (*each)(const char *name, const char *value, void *ctx), void *ctx);

/* The address of the visitor: the peer, or the one that a trusted proxy names. */
const struct nl_ip *nl_request_client(const struct nl_request *request);

enum { NL_ETAG = 24, NL_ALLOW = 48 }; /* bytes of an entity tag, and of methods, with their end */

/* An answer that goes on until one side ends it, in the form of server-sent events. `next` is
 * called about once a second, in the server's thread, and appends what is new to `out`; false ends
 * the answer after that. `end` is called once, in any case, when it has ended. */
struct nl_events {
    bool (*next)(void *ctx, struct nl_buf *out);
    void (*end)(void *ctx);
    void *ctx;
};

/* An answer to be filled; zero-initialised except `status`. */
struct nl_response {
    int status;
    const char *type; /* a constant */
    struct nl_buf body;
    struct nl_events events; /* in place of a body, if `next` is set; ended by the server */
    FILE *stream;            /* the body, read to its end and closed by the server; NULL for none */
    char *location;          /* of a redirect; freed with the answer */
    int64_t retry_after;     /* seconds; 0 for none */
    const char *attachment;  /* the name of a file to save it as; NULL to show it */
    char *cookie;            /* Set-Cookie; wiped and freed with the answer */
    const char *authenticate;  /* with 401: WWW-Authenticate */
    bool close;                /* the connection, after the answer */
    bool scripts;              /* the page loads a script of ours */
    bool frames;               /* the page shows pages of ours within itself */
    bool issue;                /* an issue's page, with pictures from where it says */
    bool framed;               /* it is such a page: a mail, with styles and pictures of its own */
    bool wait;                 /* no answer yet: the handler is called again after nl_server_wake */
    bool for_programs;         /* it is the API's: no web page of somebody else can ask for it */
    bool packed;               /* the body is in the form of gzip already */
    bool cacheable;            /* nothing personal is in it: it may be kept, here and elsewhere */
    bool form;                 /* it holds NL_STAMP_MARK, which becomes a stamp for each visitor */
    char etag[NL_ETAG];        /* of what is kept here; "" for none. Ends the answer as 304 */
    bool ranges;               /* parts of it may be asked for */
    size_t first, part, whole; /* the part that is sent, filled in by response.c */
    int64_t modified;          /* when it changed, as far as is known; 0 if it is not */
    char allow[NL_ALLOW];      /* with 405: the methods */
    char revision[40];         /* an entity tag, for an answer that is one caller's; "" for none */
    bool replayed;             /* the answer to an earlier request with that Idempotency-Key */
    int64_t rate_limit;        /* requests in a minute; 0: there is no limit to be told */
    int64_t rate_left, rate_seconds; /* and how many are left for how long */
};

/* Sets the methods that an answer with 405 names. */
void nl_response_allow(struct nl_response *response, const char *methods);

#endif
