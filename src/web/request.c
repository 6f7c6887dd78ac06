#include "web/request.h"

#include <stdlib.h>
#include <string.h>

enum { FORM_LIMIT = 64 * 1024 }; /* bytes of a request's body */

/* ---- for handlers ---- */

const char *nl_request_method(const struct nl_request *request) {
    return request->method;
}

const char *nl_request_path(const struct nl_request *request) {
    return request->path;
}

const char *nl_request_query(const struct nl_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *nl_request_header(const struct nl_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *nl_request_cookie(const struct nl_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

const char *nl_request_form(const struct nl_request *request, const char *name) {
    for (size_t i = 0; i < request->field_count; i++)
        if (strcmp(request->fields[i].name, name) == 0)
            return nl_buf_text(&request->fields[i].value);
    return NULL;
}

void nl_request_each_field(const struct nl_request *request,
                           void (*each)(const char *name, const char *value, void *ctx),
                           void *ctx) {
    for (size_t i = 0; i < request->field_count; i++)
        each(request->fields[i].name, nl_buf_text(&request->fields[i].value), ctx);
}

const struct nl_ip *nl_request_client(const struct nl_request *request) {
    return &request->client;
}

/* ---- reading a request ---- */

static void find_client(struct nl_request *request, const struct nl_networks *trusted) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct nl_ip peer = {0};
    if (info != NULL)
        nl_ip_of(info->client_addr, &peer);
    request->client =
        nl_networks_client(trusted, &peer, nl_request_header(request, "X-Forwarded-For"));
}

static enum MHD_Result take_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *file, const char *type, const char *encoding,
                                  const char *data, uint64_t offset, size_t size) {
    struct nl_request *request = ctx;
    (void)kind;
    (void)type;
    (void)encoding;
    if (file != NULL) /* no form of ours has files */
        return MHD_YES;
    request->size += size + (offset == 0 ? strlen(name) : 0);
    if (offset == 0) {
        if (request->field_count == NL_FIELDS_LIMIT || request->size > FORM_LIMIT) {
            request->too_large = true;
            return MHD_NO;
        }
        struct field *field = &request->fields[request->field_count];
        field->name = strdup(name);
        if (field->name == NULL)
            return MHD_NO;
        request->field_count++;
    }
    if (request->field_count == 0 || request->size > FORM_LIMIT) {
        request->too_large = request->size > FORM_LIMIT;
        return MHD_NO;
    }
    nl_buf_add(&request->fields[request->field_count - 1].value, data, size);
    return MHD_YES;
}

void nl_request_free(struct nl_request *request) {
    if (request == NULL)
        return;
    if (request->form != NULL)
        MHD_destroy_post_processor(request->form);
    for (size_t i = 0; i < request->field_count; i++) {
        free(request->fields[i].name);
        nl_buf_free(&request->fields[i].value);
    }
    free(request->path);
    free(request);
}

struct nl_request *nl_request_new(struct MHD_Connection *connection, const char *path,
                                  const char *method, const struct nl_networks *trusted) {
    struct nl_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->connection = connection;
    request->path = strdup(path);
    request->method = strcmp(method, "POST") == 0   ? "POST"
                      : strcmp(method, "HEAD") == 0 ? "HEAD"
                      : strcmp(method, "GET") == 0  ? "GET"
                                                    : "";
    find_client(request, trusted);
    for (const char *p = path; *p != '\0'; p++) /* the log has one line for each request */
        request->bad_path = request->bad_path || (unsigned char)*p < 0x20 || *p == 0x7f;
    if (strcmp(request->method, "POST") == 0) {
        const char *length = nl_request_header(request, "Content-Length");
        bool empty = nl_request_header(request, "Content-Type") == NULL &&
                     (length == NULL || strcmp(length, "0") == 0) &&
                     nl_request_header(request, "Transfer-Encoding") == NULL;
        request->too_large = length != NULL && strtoull(length, NULL, 10) > FORM_LIMIT;
        request->form = request->too_large || empty
                            ? NULL
                            : MHD_create_post_processor(connection, 4096, take_field, request);
        request->unreadable = request->form == NULL && !request->too_large && !empty;
    }
    if (request->path == NULL) {
        nl_request_free(request);
        return NULL;
    }
    return request;
}

void nl_request_end(struct nl_request *request) {
    /* Hands over the last field. Its result concerns only the text after a multipart form. */
    if (request->form != NULL)
        MHD_destroy_post_processor(request->form);
    request->form = NULL;
}

void nl_request_take(struct nl_request *request, const char *data, size_t size) {
    if (request->form != NULL && MHD_post_process(request->form, data, size) != MHD_YES)
        nl_request_end(request);
}
