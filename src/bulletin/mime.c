#include "bulletin/mime.h"

#include "bulletin/qp.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"

#include "newsletter/base/text.h"

#include <ctype.h>
#include <libetpan/libetpan.h>
#include <stdlib.h>
#include <string.h>

void nl_fields_add(struct nl_fields *fields, const char *name, struct nl_buf *value) {
    if (fields->count == sizeof fields->items / sizeof fields->items[0]) {
        nl_buf_free(value);
        return;
    }
    fields->items[fields->count++] = (struct nl_field){name, nl_buf_take(value)};
}

void nl_fields_free(struct nl_fields *fields) {
    for (size_t i = 0; i < fields->count; i++)
        free(fields->items[i].value);
    *fields = (struct nl_fields){0};
}

/* The length of the text before the next marker. *marker is the length of that marker, 0 at the
 * end. */
static size_t plain_length(const char *text, size_t len, size_t *marker) {
    size_t number = 0;
    char context = 0;
    const char *open = memchr(text, NL_SLOT_OPEN, len);
    *marker = 0;
    if (open == NULL)
        return len;
    *marker = nl_slots_marker(open, len - (size_t)(open - text), &number, &context);
    return (size_t)(open - text);
}

static void add_marker(struct nl_buf *out, const char *marker, size_t len, char context) {
    nl_buf_addc(out, NL_SLOT_OPEN);
    nl_buf_addc(out, context);
    nl_buf_add(out, marker + 1, len - 1);
}

void nl_mime_set_context(const struct nl_buf *text, char context, struct nl_buf *out) {
    const char *at = nl_buf_text(text);
    size_t left = text->len;
    while (left > 0) {
        size_t marker = 0;
        size_t plain = plain_length(at, left, &marker);
        nl_buf_add(out, at, plain);
        at += plain;
        left -= plain;
        if (marker == 0)
            break;
        if (context == NL_CONTEXT_RAW)
            nl_buf_add(out, at, marker);
        else
            add_marker(out, at, marker, context);
        at += marker;
        left -= marker;
    }
}

/* A soft line break before each slot and at the end of its value lets the text around it be encoded
 * once for all recipients. */
static void encode_qp(const struct nl_buf *text, char context, struct nl_buf *out) {
    const char *at = nl_buf_text(text);
    size_t left = text->len;
    while (left > 0) {
        size_t marker = 0;
        size_t plain = plain_length(at, left, &marker);
        nl_qp_text(out, at, plain, marker == 0);
        at += plain;
        left -= plain;
        if (marker == 0)
            break;
        add_marker(out, at, marker, context);
        at += marker;
        left -= marker;
    }
}

static void encode_base64(const struct nl_buf *text, char context, struct nl_buf *out) {
    struct nl_buf lines = {0};
    for (const char *p = nl_buf_text(text); *p; p++) {
        if (*p == '\n')
            nl_buf_addc(&lines, '\r');
        nl_buf_addc(&lines, *p);
    }
    nl_buf_addc(out, NL_BASE64_OPEN);
    nl_mime_set_context(&lines, context, out);
    nl_buf_addc(out, NL_BASE64_CLOSE);
    nl_buf_free(&lines);
}

/* Encodes a part and returns the encoding. */
static int encode_part(const struct nl_buf *text, bool html, struct nl_buf *out) {
    encode_qp(text, html ? NL_CONTEXT_HTML_QP : NL_CONTEXT_QP, out);
    if (out->len <= text->len + text->len / 3 + text->len / 30)
        return MAILMIME_MECHANISM_QUOTED_PRINTABLE;
    nl_buf_clear(out);
    encode_base64(text, html ? NL_CONTEXT_HTML : NL_CONTEXT_RAW, out);
    return MAILMIME_MECHANISM_BASE64;
}

static bool add_parameter(struct mailmime_content *content, char *name, const char *value) {
    struct mailmime_parameter *parameter = mailmime_param_new_with_data(name, (char *)value);
    if (parameter == NULL || clist_append(content->ct_parameters, parameter) < 0)
        return false;
    return true;
}

static struct mailmime *make_part(const char *type, const struct nl_buf *body, int mechanism) {
    struct mailmime_content *content = mailmime_content_new_with_str(type);
    struct mailmime_mechanism *encoding = mailmime_mechanism_new(mechanism, NULL);
    struct mailmime_fields *fields =
        encoding != NULL ? mailmime_fields_new_with_data(encoding, NULL, NULL, NULL, NULL) : NULL;
    if (content == NULL || fields == NULL || !add_parameter(content, "charset", "utf-8"))
        return NULL;
    struct mailmime *part = mailmime_new_empty(content, fields);
    if (part == NULL)
        return NULL;
    struct mailmime_data *data =
        mailmime_data_new(MAILMIME_DATA_TEXT, mechanism, 1, body->data, body->len, NULL);
    if (data == NULL) {
        mailmime_free(part);
        return NULL;
    }
    part->mm_data.mm_single = data;
    return part;
}

/* libetpan makes a random boundary. Ours begins with "=_", which occurs neither in quoted-printable
 * nor in base64, so no content can end a part. */
static struct mailmime *make_multipart(const char *type, const struct nl_buf *text) {
    char digest[2 * NL_DIGEST_LEN + 1];
    char boundary[40];
    struct mailmime_content *content = mailmime_content_new_with_str(type);
    struct mailmime *part =
        content != NULL ? mailmime_new_empty(content, mailmime_fields_new_empty()) : NULL;
    if (part == NULL)
        return NULL;
    nl_digest_hex(nl_buf_text(text), text->len, digest);
    snprintf(boundary, sizeof boundary, "=_%c%.24s", strchr(type, '/')[1], digest);
    for (clistiter *at = clist_begin(content->ct_parameters); at != NULL; at = clist_next(at)) {
        struct mailmime_parameter *parameter = clist_content(at);
        if (strcmp(parameter->pa_name, "boundary") != 0)
            continue;
        free(parameter->pa_value);
        parameter->pa_value = nl_strdup(boundary);
    }
    return part;
}

static char *copy_or_null(const char *text) {
    return text != NULL ? nl_strdup(text) : NULL;
}

static bool is_plain_name(const char *name) {
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p >= 127 || *p == '"' || *p == '\\')
            return false;
    return true;
}

/* RFC 2183. A name that needs RFC 2231 is written as part of the type, since libetpan would quote
 * it, which RFC 2231 forbids. */
static struct mailmime_disposition *make_disposition(const struct nl_enclosure *file) {
    bool image = file->content_id != NULL;
    struct nl_buf type = {0};
    if (is_plain_name(file->name)) {
        char *name = nl_strdup(file->name);
        return mailmime_disposition_new_filename(
            image ? MAILMIME_DISPOSITION_TYPE_INLINE : MAILMIME_DISPOSITION_TYPE_ATTACHMENT, name);
    }
    nl_buf_addf(&type, "%s; filename*=utf-8''", image ? "inline" : "attachment");
    nl_text_encode_percent(&type, file->name);
    char *text = nl_buf_take(&type);
    clist *none = clist_new();
    struct mailmime_disposition_type *wrapped =
        text != NULL ? mailmime_disposition_type_new(MAILMIME_DISPOSITION_TYPE_EXTENSION, text)
                     : NULL;
    return wrapped != NULL && none != NULL ? mailmime_disposition_new(wrapped, none) : NULL;
}

static struct mailmime *make_file_part(const struct nl_enclosure *file) {
    struct mailmime_content *content = mailmime_content_new_with_str(file->type);
    struct mailmime_mechanism *encoding = mailmime_mechanism_new(MAILMIME_MECHANISM_BASE64, NULL);
    struct mailmime_disposition *disposition = make_disposition(file);
    struct mailmime_fields *fields =
        encoding != NULL && disposition != NULL
            ? mailmime_fields_new_with_data(encoding, copy_or_null(file->content_id), NULL,
                                            disposition, NULL)
            : NULL;
    bool text = strncmp(file->type, "text/", 5) == 0;
    if (content == NULL || fields == NULL || (text && !add_parameter(content, "charset", "utf-8")))
        return NULL;
    struct mailmime *part = mailmime_new_empty(content, fields);
    struct mailmime_data *data =
        part != NULL ? mailmime_data_new(MAILMIME_DATA_TEXT, MAILMIME_MECHANISM_BASE64, 0,
                                         file->data.data, file->data.len, NULL)
                     : NULL;
    if (data == NULL) {
        if (part != NULL)
            mailmime_free(part);
        return NULL;
    }
    part->mm_data.mm_single = data;
    return part;
}

/* Puts `part` and the files of one sort into a multipart of `type`. Returns `part` itself if there
 * are not such files. A failure leaks the parts, since the process is about to end for lack of
 * memory. */
static struct mailmime *with_files(struct mailmime *part, const char *type,
                                   const struct nl_buf *seed,
                                   const struct nl_enclosures *enclosures, bool images) {
    if (part == NULL || enclosures == NULL || !nl_enclosures_have(enclosures, images))
        return part;
    struct mailmime *whole = make_multipart(type, seed);
    if (whole == NULL || mailmime_add_part(whole, part) != MAILIMF_NO_ERROR)
        return NULL;
    if (images && !add_parameter(whole->mm_content_type, "type", "text/html"))
        return NULL;
    for (size_t i = 0; i < enclosures->count; i++) {
        if ((enclosures->items[i].content_id != NULL) != images)
            continue;
        struct mailmime *file = make_file_part(&enclosures->items[i]);
        if (file == NULL || mailmime_add_part(whole, file) != MAILIMF_NO_ERROR)
            return NULL;
    }
    return whole;
}

static struct mailimf_field *make_imf_field(const struct nl_field *field) {
    char *name = nl_strdup(field->name);
    char *value = field->value != NULL ? nl_strdup(field->value) : NULL;
    struct mailimf_field *wrapped = NULL;
    struct mailimf_optional_field *optional =
        value != NULL ? mailimf_optional_field_new(name, value) : NULL;
    if (optional == NULL) {
        free(name);
        free(value);
        return NULL;
    }
    wrapped = mailimf_field_new(MAILIMF_FIELD_OPTIONAL_FIELD, NULL, NULL, NULL, NULL, NULL, NULL,
                                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                NULL, NULL, NULL, NULL, optional);
    if (wrapped == NULL)
        mailimf_optional_field_free(optional);
    return wrapped;
}

static struct mailimf_fields *make_imf_fields(const struct nl_fields *fields) {
    struct mailimf_fields *list = mailimf_fields_new_empty();
    for (size_t i = 0; list != NULL && i < fields->count; i++) {
        struct mailimf_field *field = make_imf_field(&fields->items[i]);
        if (field != NULL && mailimf_fields_add(list, field) == MAILIMF_NO_ERROR)
            continue;
        if (field != NULL)
            mailimf_field_free(field);
        mailimf_fields_free(list);
        return NULL;
    }
    return list;
}

static bool build_message(const struct nl_fields *fields, const struct nl_buf *text,
                          int text_encoding, const struct nl_buf *html, int html_encoding,
                          const struct nl_enclosures *enclosures, struct nl_buf *out) {
    int column = 0;
    bool complete = false;
    struct mailmime *message = mailmime_new_message_data(NULL);
    struct mailmime *alternative = make_multipart("multipart/alternative", text);
    struct mailmime *plain_part = make_part("text/plain", text, text_encoding);
    struct mailmime *html_part = with_files(make_part("text/html", html, html_encoding),
                                            "multipart/related", text, enclosures, true);
    struct mailimf_fields *headers = make_imf_fields(fields);
    MMAPString *written = mmap_string_new("");
    if (message != NULL && alternative != NULL && plain_part != NULL && html_part != NULL &&
        headers != NULL && written != NULL) {
        mailmime_set_imf_fields(message, headers);
        complete = mailmime_add_part(alternative, plain_part) == MAILIMF_NO_ERROR &&
                   mailmime_add_part(alternative, html_part) == MAILIMF_NO_ERROR;
        struct mailmime *whole =
            complete ? with_files(alternative, "multipart/mixed", text, enclosures, false) : NULL;
        complete = whole != NULL && mailmime_add_part(message, whole) == MAILIMF_NO_ERROR &&
                   mailmime_write_mem(written, &column, message) == MAILIMF_NO_ERROR;
    }
    if (complete)
        nl_buf_add(out, written->str, written->len);
    if (written != NULL)
        mmap_string_free(written);
    if (message != NULL)
        mailmime_free(message);
    return complete;
}

enum nl_status nl_mime_compose(const struct nl_fields *fields, const struct nl_buf *text,
                               const struct nl_buf *html, const struct nl_enclosures *enclosures,
                               struct nl_buf *out, struct nl_error *err) {
    struct nl_buf plain_body = {0};
    struct nl_buf html_body = {0};
    int text_encoding = encode_part(text, false, &plain_body);
    int html_encoding = encode_part(html, true, &html_body);
    bool complete = build_message(fields, &plain_body, text_encoding, &html_body, html_encoding,
                                  enclosures, out);
    nl_buf_free(&plain_body);
    nl_buf_free(&html_body);
    return complete ? NL_OK : nl_error_nomem(err);
}
