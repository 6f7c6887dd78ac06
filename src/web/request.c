#include "web/request.h"

#include "newsletter/base/memory.h"
#include "web/request_head.h"
#include "web/writer.h"

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

const char *nl_request_file(const struct nl_request *request, const char *name, const char **file,
                            size_t *len) {
    for (size_t i = 0; i < request->field_count; i++)
        if (request->fields[i].file != NULL && strcmp(request->fields[i].name, name) == 0) {
            *file = request->fields[i].file;
            *len = request->fields[i].value.len;
            return nl_buf_text(&request->fields[i].value);
        }
    return NULL;
}

void nl_request_each_field(const struct nl_request *request,
                           void (*each)(const char *name, const char *value, void *ctx),
                           void *ctx) {
    for (size_t i = 0; i < request->field_count; i++)
        each(request->fields[i].name, nl_buf_text(&request->fields[i].value), ctx);
}

struct visit_argument {
    void (*each)(const char *name, const char *value, void *ctx);
    void *ctx;
};

static enum MHD_Result take_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    const struct visit_argument *visit = ctx;
    (void)kind;
    visit->each(name, value != NULL ? value : "", visit->ctx);
    return MHD_YES;
}

void nl_request_each_argument(const struct nl_request *request,
                              void (*each)(const char *name, const char *value, void *ctx),
                              void *ctx) {
    struct visit_argument visit = {each, ctx};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_argument, &visit);
}

struct nl_request_own *nl_request_own(const struct nl_request *request) {
    return request->own;
}

bool nl_request_is_late(const struct nl_request *request) {
    return request->late;
}

enum nl_body nl_request_body(const struct nl_request *request) {
    return request->too_large    ? NL_BODY_TOO_LARGE
           : request->crowded    ? NL_BODY_CROWDED
           : request->raw_limit  ? NL_BODY_KEPT
           : request->unreadable ? NL_BODY_NO_FORM
                                 : NL_BODY_FORM;
}

const struct nl_ip *nl_request_client(const struct nl_request *request) {
    return &request->client;
}

/* ---- reading a request ---- */

/* A large form takes its room from what all requests together may keep. */
static bool take_room(struct nl_request *request) {
    size_t more = request->size - request->form_taken;
    if (request->form_room == NULL)
        return true;
    request->crowded = more > *request->form_room;
    if (!request->crowded) {
        *request->form_room -= more;
        request->form_taken += more;
    }
    return !request->crowded;
}

/* Room for one more field. */
static struct field *new_field(struct nl_request *request) {
    if (request->field_count == request->field_room) {
        size_t room = 2 * request->field_room + 16;
        request->fields = nl_realloc(request->fields, room * sizeof *request->fields);
        request->field_room = room;
    }
    struct field *field = &request->fields[request->field_count];
    *field = (struct field){0};
    return field;
}

static bool spool(struct nl_request *request, const char *data, size_t size) {
    request->too_large = request->too_large || size > request->file_limit - request->file_size;
    request->crowded = request->crowded || size > *request->file_room;
    if (request->too_large || request->crowded)
        return false;
    request->file_size += size;
    *request->file_room -= size;
    request->crowded = fwrite(data, 1, size, request->own->file) != size;
    return !request->crowded;
}

/* The content of the form's file goes to the spool: of the field, its name is kept. A second file
 * would go on where the first one ends. */
static enum MHD_Result take_file(struct nl_request *request, const char *name, const char *file,
                                 const char *data, uint64_t offset, size_t size) {
    if (offset == 0) {
        if (request->file_begun)
            return MHD_NO;
        struct field *field = new_field(request);
        field->name = nl_strdup(name);
        field->file = nl_strdup(file);
        request->field_count++;
        request->file_begun = true;
    }
    return spool(request, data, size) ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *file, const char *type, const char *encoding,
                                  const char *data, uint64_t offset, size_t size) {
    struct nl_request *request = ctx;
    (void)kind;
    (void)type;
    (void)encoding;
    if (file != NULL && request->spooled)
        return take_file(request, name, file, data, offset, size);
    if (file != NULL && request->form_room == NULL) /* the form is not one that has files */
        return MHD_YES;
    request->size += size + (offset == 0 ? strlen(name) : 0);
    if (!take_room(request))
        return MHD_NO;
    if (offset == 0) {
        if (request->field_count == NL_FIELDS_LIMIT || request->size > request->form_limit) {
            request->too_large = true;
            return MHD_NO;
        }
        struct field *field = new_field(request);
        request->field_count++;
        field->name = nl_strdup(name);
        field->file = file != NULL ? nl_strdup(file) : NULL;
    }
    if (request->field_count == 0 || request->size > request->form_limit) {
        request->too_large = request->size > request->form_limit;
        return MHD_NO;
    }
    nl_buf_add(&request->fields[request->field_count - 1].value, data, size);
    return MHD_YES;
}

void nl_request_free(struct nl_request *request) {
    if (request == NULL)
        return;
    nl_writing_free(request->writing);
    if (request->form != NULL)
        MHD_destroy_post_processor(request->form);
    for (size_t i = 0; i < request->field_count; i++) {
        free(request->fields[i].name);
        free(request->fields[i].file);
        nl_buf_free(&request->fields[i].value);
    }
    free(request->fields);
    if (request->own->drop != NULL)
        request->own->drop(request->own->item);
    nl_buf_free(&request->own->body);
    free(request->own->known);
    nl_spool_release(request->spool);
    if (request->raw_limit > 0)
        *request->raw_room += request->size;
    if (request->form_room != NULL)
        *request->form_room += request->form_taken;
    if (request->file_room != NULL)
        *request->file_room += request->file_size;
    free(request->own);
    free(request->path);
    free(request);
}

static void begin_form(struct nl_request *request, size_t limit) {
    const char *length = nl_request_header(request, "Content-Length");
    bool empty = nl_request_header(request, "Content-Type") == NULL &&
                 (length == NULL || strcmp(length, "0") == 0) &&
                 nl_request_header(request, "Transfer-Encoding") == NULL;
    request->form_limit = limit;
    request->too_large = length != NULL && strtoull(length, NULL, 10) > limit;
    request->form = request->too_large || empty
                        ? NULL
                        : MHD_create_post_processor(request->connection, 4096, take_field, request);
    request->unreadable = request->form == NULL && !request->too_large && !empty;
}

void nl_request_allow_form(struct nl_request *request, size_t limit, size_t *room) {
    nl_request_end(request);
    request->form_room = room;
    begin_form(request, limit);
}

struct nl_request *nl_request_new(struct MHD_Connection *connection, const char *path,
                                  const char *method, const struct nl_networks *trusted) {
    struct nl_request *request = nl_calloc(1, sizeof *request);
    request->connection = connection;
    request->path = nl_strdup(path);
    request->own = nl_calloc(1, sizeof *request->own);
    request->method = strcmp(method, "POST") == 0   ? "POST"
                      : strcmp(method, "HEAD") == 0 ? "HEAD"
                      : strcmp(method, "GET") == 0  ? "GET"
                                                    : "";
    nl_request_find_client(request, trusted);
    request->ambiguous = nl_request_is_ambiguous(connection);
    for (const char *p = path; *p != '\0'; p++) /* the log has one line for each request */
        request->bad_path = request->bad_path || (unsigned char)*p < 0x20 || *p == 0x7f;
    if (strcmp(request->method, "POST") == 0)
        begin_form(request, FORM_LIMIT);
    return request;
}

void nl_request_take_method(struct nl_request *request, const char *method) {
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(method, methods[i]) == 0)
            request->method = methods[i];
}

void nl_request_end(struct nl_request *request) {
    /* Hands over the last field. Its result concerns only the text after a multipart form. */
    if (request->form != NULL)
        MHD_destroy_post_processor(request->form);
    request->form = NULL;
    if (request->spooled && request->own->file != NULL) {
        request->crowded = request->crowded || fflush(request->own->file) != 0;
        rewind(request->own->file);
        request->own->size = (int64_t)request->file_size;
    }
}

void nl_request_keep_body(struct nl_request *request, size_t limit, size_t *room) {
    const char *length = nl_request_header(request, "Content-Length");
    nl_request_end(request);
    request->unreadable = false;
    request->too_large = length != NULL && strtoull(length, NULL, 10) > limit;
    request->raw_limit = limit;
    request->raw_room = room;
}

static void begin_spool(struct nl_request *request, size_t limit, size_t *room,
                        struct nl_spool *spools) {
    request->spooled = true;
    request->file_limit = limit;
    request->file_room = room;
    if (!request->too_large)
        request->spool = nl_spools_take(spools);
    if (request->spool != NULL)
        request->own->file = request->spool->file;
    request->crowded = !request->too_large && request->own->file == NULL;
}

void nl_request_spool_body(struct nl_request *request, size_t limit, size_t *room,
                           struct nl_spool *spools) {
    nl_request_keep_body(request, limit, room);
    begin_spool(request, limit, room, spools);
}

void nl_request_spool_form(struct nl_request *request, size_t limit, size_t *room,
                           struct nl_spool *spools) {
    nl_request_end(request);
    begin_form(request, limit + FORM_LIMIT);
    request->form_limit = FORM_LIMIT;
    begin_spool(request, limit, room, spools);
    if (request->crowded) /* nothing of it is read */
        nl_request_end(request);
}

/* Keeps nothing more of a body that is too large. */
static void keep(struct nl_request *request, const char *data, size_t size) {
    request->too_large = request->too_large || size > request->raw_limit - request->size;
    request->crowded = request->crowded || size > *request->raw_room;
    if (request->too_large || request->crowded)
        return;
    request->size += size;
    *request->raw_room -= size;
    nl_buf_add(&request->own->body, data, size);
}

void nl_request_take(struct nl_request *request, const char *data, size_t size) {
    if (request->spooled && request->raw_limit > 0)
        spool(request, data, size);
    else if (request->raw_limit > 0)
        keep(request, data, size);
    if (request->form != NULL && MHD_post_process(request->form, data, size) != MHD_YES)
        nl_request_end(request);
}
