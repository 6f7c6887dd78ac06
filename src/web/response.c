#include "web/response.h"

#include "newsletter/base/env.h"
#include "web/compress.h"
#include "web/conditional.h"
#include "web/event_stream.h"
#include "web/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_SECONDS = 300 }; /* a page with large pictures over a slow line */

#define POLICY_WITH(pictures)                                                                      \
    "default-src 'none'; style-src 'self'; img-src 'self' data:" pictures                          \
    "; media-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define POLICY POLICY_WITH("")

/* An issue may name pictures of other websites, as its mail does. */
#define ISSUE_POLICY POLICY_WITH(" https: http:")

#define SCRIPTS POLICY "; script-src 'self'; connect-src 'self'"

/* A mail as its readers get it: no script, nothing from elsewhere but pictures, and a frame of ours
 * around it. */
#define FRAMED_POLICY                                                                              \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; form-action 'none'; "    \
    "base-uri 'none'; frame-ancestors 'self'; sandbox"

enum { NL_HTTP_TAG = 64 };

/* The entity tag of the form in which the body goes out. A page with a form has a stamp of its own
 * for each visitor, so its tag is weak. */
static void write_tag(const struct nl_response *response, const char *tag, char out[NL_HTTP_TAG]) {
    if (response->packed)
        nl_gzip_tag(tag, out, NL_HTTP_TAG);
    else
        snprintf(out, NL_HTTP_TAG, "%s%s", response->form ? "W/" : "", tag);
}

/* Pages may be kept, but must be asked for again each time: an issue that is withdrawn is gone at
 * once. A page with a form is one visitor's, since its stamp is good for one use. */
static void add_caching(const struct nl_response *response, struct MHD_Response *out) {
    char text[NL_HTTP_DATE];
    char tag[NL_HTTP_TAG];
    if (response->revision[0] != '\0') {
        MHD_add_response_header(out, "Cache-Control", "private, no-cache");
        write_tag(response, response->revision, tag);
        MHD_add_response_header(out, "ETag", tag);
        return;
    }
    MHD_add_response_header(out, "Cache-Control",
                            !response->cacheable ? "no-store"
                            : response->form     ? "private, no-cache"
                                                 : "public, no-cache");
    if (!response->cacheable)
        return;
    MHD_add_response_header(out, "Vary", "Accept-Language, Cookie");
    if (response->etag[0] != '\0') {
        write_tag(response, response->etag, tag);
        MHD_add_response_header(out, "ETag", tag);
    }
    if (response->modified != 0) {
        nl_http_date(response->modified, text);
        MHD_add_response_header(out, "Last-Modified", text);
    }
}

static void add_range(const struct nl_response *response, struct MHD_Response *out) {
    char text[80];
    MHD_add_response_header(out, "Accept-Ranges", "bytes");
    if (response->status == 206)
        snprintf(text, sizeof text, "bytes %zu-%zu/%zu", response->first,
                 response->first + response->part - 1, response->whole);
    else if (response->status == 416)
        snprintf(text, sizeof text, "bytes */%zu", response->whole);
    else
        return;
    MHD_add_response_header(out, "Content-Range", text);
}

/* The fields of draft-ietf-httpapi-ratelimit-headers. */
static void add_rate(const struct nl_response *response, struct MHD_Response *out) {
    char text[80];
    snprintf(text, sizeof text, "\"token\";q=%lld;w=60", (long long)response->rate_limit);
    MHD_add_response_header(out, "RateLimit-Policy", text);
    snprintf(text, sizeof text, "\"token\";r=%lld;t=%lld", (long long)response->rate_left,
             (long long)response->rate_seconds);
    MHD_add_response_header(out, "RateLimit", text);
}

static void add_headers(const struct nl_response *response, struct MHD_Response *out) {
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Permissions-Policy", "interest-cohort=(), browsing-topics=()"},
    };
    char text[32];
    MHD_add_response_header(out, "Content-Security-Policy",
                            response->framed    ? FRAMED_POLICY
                            : response->frames  ? SCRIPTS "; frame-src 'self'"
                            : response->scripts ? SCRIPTS
                            : response->issue   ? ISSUE_POLICY
                                                : POLICY);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(out, always[i][0], always[i][1]);
    MHD_add_response_header(out, "Content-Type",
                            response->type != NULL ? response->type : "text/plain; charset=utf-8");
    add_caching(response, out);
    if (nl_gzip_suits(response))
        MHD_add_response_header(out, "Vary", "Accept-Encoding");
    if (response->packed && response->status != 304)
        MHD_add_response_header(out, "Content-Encoding", "gzip");
    if (response->location != NULL)
        MHD_add_response_header(out, "Location", response->location);
    if (response->cookie != NULL)
        MHD_add_response_header(out, "Set-Cookie", response->cookie);
    if (response->authenticate != NULL)
        MHD_add_response_header(out, "WWW-Authenticate", response->authenticate);
    if (response->attachment != NULL) {
        char value[128];
        snprintf(value, sizeof value, "attachment%s%s%s",
                 response->attachment[0] != '\0' ? "; filename=\"" : "", response->attachment,
                 response->attachment[0] != '\0' ? "\"" : "");
        MHD_add_response_header(out, "Content-Disposition", value);
    }
    if (response->ranges)
        add_range(response, out);
    if (response->close)
        MHD_add_response_header(out, "Connection", "close");
    if (response->allow[0] != '\0')
        MHD_add_response_header(out, "Allow", response->allow);
    if (response->replayed)
        MHD_add_response_header(out, "Idempotency-Replayed", "true");
    if (response->rate_limit > 0)
        add_rate(response, out);
    if (response->retry_after > 0) {
        snprintf(text, sizeof text, "%lld", (long long)response->retry_after);
        MHD_add_response_header(out, "Retry-After", text);
    }
}

static const char *field_of(const struct nl_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Answers 304 where the visitor has the page, 206 where a part of a file is asked for. */
static void narrow(const struct nl_request *request, struct nl_response *response) {
    size_t first = 0;
    size_t len = 0;
    struct nl_buf part = {0};
    const struct nl_conditions conditions = {
        .none_match = field_of(request, "If-None-Match"),
        .modified_since = field_of(request, "If-Modified-Since"),
        .range = field_of(request, "Range"),
        .if_range = field_of(request, "If-Range"),
    };
    if (nl_conditions_have(&conditions, response)) {
        response->status = 304;
        nl_buf_free(&response->body);
    } else if (response->ranges && response->status == 200 &&
               nl_conditions_part(&conditions, response, &first, &len)) {
        response->whole = response->body.len;
        response->first = first;
        response->status = len > 0 ? 206 : 416;
        nl_buf_add(&part, nl_buf_text(&response->body) + (len > 0 ? first : 0), len);
        nl_buf_free(&response->body);
        response->body = part;
        response->part = len;
    }
}

/* Compresses the body for those who want it. An answer 304 has none, but names the tag of what it
 * stands for. */
static void pack(const struct nl_request *request, struct nl_response *response) {
    struct nl_buf packed = {0};
    if (response->packed || !nl_gzip_suits(response) ||
        !nl_gzip_is_wanted(field_of(request, "Accept-Encoding")))
        return;
    response->packed = nl_gzip(&response->body, &packed);
    if (!response->packed)
        return;
    nl_buf_free(&response->body);
    response->body = packed;
}

enum { STREAM_BLOCK = 64 << 10, STREAM_SECONDS = 3600 };

static ssize_t read_stream(void *stream, uint64_t at, char *out, size_t size) {
    (void)at;
    size_t got = fread(out, 1, size, stream);
    return got > 0          ? (ssize_t)got
           : ferror(stream) ? MHD_CONTENT_READER_END_WITH_ERROR
                            : MHD_CONTENT_READER_END_OF_STREAM;
}

static void close_stream(void *stream) {
    fclose(stream);
}

static struct MHD_Response *make_stream(FILE *stream) {
    struct MHD_Response *out = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
                                                                 read_stream, stream, close_stream);
    if (out == NULL)
        fclose(stream);
    return out;
}

/* A proxy that gathers an answer before it hands it on would hold the events back. */
static struct MHD_Response *make_events(struct nl_request *request, struct nl_response *response) {
    struct MHD_Response *out =
        nl_event_stream_new(request->events, request, response, nl_env_now(&nl_env_system));
    if (out != NULL)
        MHD_add_response_header(out, "X-Accel-Buffering", "no");
    return out;
}

static struct MHD_Response *make_response(struct nl_request *request,
                                          struct nl_response *response) {
    size_t len = response->body.len;
    FILE *stream = response->stream;
    response->stream = NULL;
    if (response->events.next != NULL)
        return make_events(request, response);
    if (stream != NULL)
        return make_stream(stream);
    char *body = len > 0 ? nl_buf_take(&response->body) : NULL;
    struct MHD_Response *out =
        body != NULL ? MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE)
                     : MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (out == NULL)
        free(body);
    return out;
}

enum MHD_Result nl_response_send(struct nl_request *request, struct nl_response *response) {
    pack(request, response);
    if (request->method[0] == 'G' || request->method[0] == 'H')
        narrow(request, response);
    bool streams = response->stream != NULL;
    bool events = response->events.next != NULL;
    struct MHD_Response *out = make_response(request, response);
    if (out == NULL)
        return MHD_NO;
    add_headers(response, out);
    request->status = response->status;
    if (!events) /* which set their own */
        nl_peer_set_deadline(request->connection, nl_env_now(&nl_env_system) +
                                                      (streams ? STREAM_SECONDS : ANSWER_SECONDS));
    enum MHD_Result result =
        MHD_queue_response(request->connection, (unsigned)response->status, out);
    MHD_destroy_response(out);
    return result;
}

void nl_response_plain(struct nl_response *response, int status, const char *text) {
    nl_buf_free(&response->body);
    if (response->stream != NULL)
        fclose(response->stream);
    response->stream = NULL;
    if (response->events.next != NULL)
        response->events.end(response->events.ctx);
    response->events = (struct nl_events){0};
    response->status = status;
    response->type = "text/plain; charset=utf-8";
    response->cacheable = false;
    nl_buf_adds(&response->body, text);
}

void nl_response_free(struct nl_response *response) {
    nl_buf_free(&response->body);
    free(response->location);
    if (response->events.next != NULL)
        response->events.end(response->events.ctx);
    if (response->stream != NULL)
        fclose(response->stream);
    if (response->cookie != NULL)
        explicit_bzero(response->cookie, strlen(response->cookie));
    free(response->cookie);
    *response = (struct nl_response){0};
}
