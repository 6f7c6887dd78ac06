/* Asking another program's API for JSON. */
#ifndef NL_SERVICE_REMOTE_CALL_H
#define NL_SERVICE_REMOTE_CALL_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <jansson.h>

struct nl_remote_call;

/* `user` and `password` are the login (RFC 7617). The login goes to nobody but this server: over
 * https, or to this machine; redirections are not followed. NL_USAGE for another address. Free with
 * nl_remote_call_free. */
NL_CHECKED enum nl_status nl_remote_call_new(const char *url, const char *user,
                                             const char *password, struct nl_remote_call **out,
                                             struct nl_error *err);
void nl_remote_call_free(struct nl_remote_call *call);

/* GET: `path` begins with "/". *out is an object, which the caller frees. Waits and asks again
 * where the server has had enough or fails for a moment. NL_NOPERM, NL_NOTFOUND, NL_TEMPFAIL,
 * NL_DATA. */
NL_CHECKED enum nl_status nl_remote_get(struct nl_remote_call *call, const char *path, json_t **out,
                                        struct nl_error *err);

#endif
