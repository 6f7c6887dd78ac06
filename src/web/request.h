/* A request while it arrives: shared by server.c and request.c. */
#ifndef NL_WEB_REQUEST_H
#define NL_WEB_REQUEST_H

#include "web/http.h"
#include "web/spool.h"

#include <microhttpd.h>
#include <stdbool.h>

enum { NL_FIELDS_LIMIT = 400 }; /* of one form */

struct nl_server; /* server.c */
struct nl_event_streams;

struct nl_writing; /* writer.c */

struct field {
    char *name;
    char *file; /* its name where it was a file; NULL for a value */
    struct nl_buf value;
};

struct nl_request {
    struct nl_server *server;
    struct nl_event_streams *events; /* of the server: its answers that go on */
    struct MHD_Connection *connection;
    struct MHD_PostProcessor *form;
    char *path;
    const char *method;
    struct nl_ip client;
    struct field *fields;
    size_t field_count, field_room, size;
    struct nl_request_own *own;
    size_t raw_limit; /* the body is kept as it comes, up to so many bytes; 0: it is a form */
    size_t *raw_room; /* how many bytes all requests together may keep from now on */
    bool spooled; /* the body, or the file of a form, goes to own->file, which is of this one: */
    struct nl_spool *spool; /* NULL where none was free */
    size_t file_limit, file_size;
    size_t *file_room; /* as raw_room, of files; NULL for none */
    bool file_begun;   /* the form has had its file */
    bool crowded;
    size_t form_limit, form_taken;
    size_t *form_room; /* as raw_room, for a form that may be large and have files; or NULL */
    struct nl_request *next_waiting;
    struct nl_writing *writing; /* its place in the queue of those that write; NULL for none */
    int64_t late_at; /* seconds: when its visitor should wait no longer; 0 before it waits */
    bool late;
    bool too_large, unreadable, bad_path;
    bool ambiguous; /* nobody can say where it ends: see RFC 9112 section 6.3 */
    int status;     /* of the answer, for the log */
};

/* Begins a request. `trusted` are the proxies whose word about the visitor's address is believed.
 */
struct nl_request *nl_request_new(struct MHD_Connection *connection, const char *path,
                                  const char *method, const struct nl_networks *trusted);

/* Knows PUT, PATCH and DELETE as well. */
void nl_request_take_method(struct nl_request *request, const char *method);

/* Keeps the body as it comes, up to `limit` bytes, in place of reading a form. What is kept is
 * taken from *room, until the request ends. */
void nl_request_keep_body(struct nl_request *request, size_t limit, size_t *room);

/* The same, in one of the files of `spools` until the request ends. */
void nl_request_spool_body(struct nl_request *request, size_t limit, size_t *room,
                           struct nl_spool *spools);

/* Reads a form of which one file, of up to `limit` bytes, goes to one of the files of `spools`. */
void nl_request_spool_form(struct nl_request *request, size_t limit, size_t *room,
                           struct nl_spool *spools);

/* Lets the form have up to `limit` bytes and files, in place of few and none. They are taken from
 * *room, until the request ends. */
void nl_request_allow_form(struct nl_request *request, size_t limit, size_t *room);

/* Takes a piece of its body. If a form ends early or is broken, the fields before that count; the
 * rest is still read, so that the client reads the answer. */
void nl_request_take(struct nl_request *request, const char *data, size_t size);

/* The body is complete. */
void nl_request_end(struct nl_request *request);

void nl_request_free(struct nl_request *request);

#endif
