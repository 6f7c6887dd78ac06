#include "web/response.h"

#include "newsletter/base/env.h"
#include "web/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_SECONDS = 300 }; /* a page with large pictures over a slow line */

#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "             \
    "base-uri 'none'; frame-ancestors 'none'"

static void add_headers(const struct nl_response *response, struct MHD_Response *out) {
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Permissions-Policy", "interest-cohort=(), browsing-topics=()"},
    };
    char text[32];
    MHD_add_response_header(out, "Content-Security-Policy",
                            response->scripts ? POLICY "; script-src 'self'; connect-src 'self'"
                                              : POLICY);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(out, always[i][0], always[i][1]);
    MHD_add_response_header(out, "Content-Type",
                            response->type != NULL ? response->type : "text/plain; charset=utf-8");
    MHD_add_response_header(out, "Cache-Control",
                            response->cacheable ? "public, max-age=300" : "no-store");
    if (response->cacheable)
        MHD_add_response_header(out, "Vary", "Accept-Language");
    if (response->location != NULL)
        MHD_add_response_header(out, "Location", response->location);
    if (response->cookie != NULL)
        MHD_add_response_header(out, "Set-Cookie", response->cookie);
    if (response->authenticate != NULL)
        MHD_add_response_header(out, "WWW-Authenticate", response->authenticate);
    if (response->attachment != NULL) {
        char value[128];
        snprintf(value, sizeof value, "attachment; filename=\"%s\"", response->attachment);
        MHD_add_response_header(out, "Content-Disposition", value);
    }
    if (response->close)
        MHD_add_response_header(out, "Connection", "close");
    if (response->allow != NULL)
        MHD_add_response_header(out, "Allow", response->allow);
    if (response->retry_after > 0) {
        snprintf(text, sizeof text, "%lld", (long long)response->retry_after);
        MHD_add_response_header(out, "Retry-After", text);
    }
}

enum MHD_Result nl_response_send(struct nl_request *request, struct nl_response *response) {
    size_t len = response->body.len;
    char *body = len > 0 ? nl_buf_take(&response->body) : NULL;
    struct MHD_Response *out =
        body != NULL ? MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE)
                     : MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (out == NULL) {
        free(body);
        return MHD_NO;
    }
    add_headers(response, out);
    request->status = response->status;
    nl_peer_set_deadline(request->connection, nl_env_now(&nl_env_system) + ANSWER_SECONDS);
    enum MHD_Result result =
        MHD_queue_response(request->connection, (unsigned)response->status, out);
    MHD_destroy_response(out);
    return result;
}

void nl_response_plain(struct nl_response *response, int status, const char *text) {
    nl_buf_free(&response->body);
    response->status = status;
    response->type = "text/plain; charset=utf-8";
    response->cacheable = false;
    nl_buf_adds(&response->body, text);
}

void nl_response_free(struct nl_response *response) {
    nl_buf_free(&response->body);
    free(response->location);
    if (response->cookie != NULL)
        explicit_bzero(response->cookie, strlen(response->cookie));
    free(response->cookie);
    *response = (struct nl_response){0};
}
