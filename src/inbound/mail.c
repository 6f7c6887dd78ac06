#include "inbound/mail.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"

#include <ctype.h>
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uniconv.h>
#include <unistr.h>

/* Longer fields are not decoded: libetpan copies the rest for every word, and its parsers recurse.
 */
enum { WORDS_LIMIT = 4096, PADDING = 8 };

/* The next line with its end; *len is its length without. */
static struct nl_span take_line(struct nl_span *at, size_t *len) {
    const char *end = at->len > 0 ? memchr(at->data, '\n', at->len) : NULL;
    struct nl_span line = {at->data, end != NULL ? (size_t)(end - at->data) + 1 : at->len};
    *len = line.len;
    while (*len > 0 && (line.data[*len - 1] == '\n' || line.data[*len - 1] == '\r'))
        --*len;
    at->data += line.len;
    at->len -= line.len;
    return line;
}

/* The length of a control character (C0 but tab and line ends, DEL, C1, the Unicode separators) at
 * the start of valid UTF-8; 0 if another stands there. */
static size_t control_length(const char *text, size_t len) {
    const unsigned char *p = (const unsigned char *)text;
    if ((p[0] < 32 && strchr("\t\n\r", p[0]) == NULL) || p[0] == 0 || p[0] == 127)
        return 1;
    if (len >= 2 && p[0] == 0xC2 && p[1] < 0xA0)
        return 2;
    if (len >= 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9))
        return 3;
    return 0;
}

/* Valid UTF-8 without control characters but tab and LF, from any charset. What does not convert
 * becomes a question mark. */
static char *to_utf8(const char *charset, const char *data, size_t len) {
    size_t converted_len = 0;
    char *converted = NULL;
    bool utf8 = charset == NULL || strcasecmp(charset, "utf-8") == 0 ||
                strcasecmp(charset, "us-ascii") == 0;
    if (!utf8 || u8_check((const uint8_t *)data, len) != NULL) {
        converted =
            (char *)u8_conv_from_encoding(utf8 ? "windows-1252" : charset, iconveh_question_mark,
                                          data, len, NULL, NULL, &converted_len);
        if (converted == NULL) /* no such charset */
            converted = (char *)u8_conv_from_encoding("ISO-8859-1", iconveh_question_mark, data,
                                                      len, NULL, NULL, &converted_len);
    }
    const char *text = converted != NULL ? converted : data;
    size_t text_len = converted != NULL ? converted_len : len;
    char *clean = nl_malloc(text_len + 1);
    size_t at = 0;
    for (size_t i = 0; i < text_len; i++) {
        size_t control = control_length(text + i, text_len - i);
        if (control > 0)
            clean[at++] = ' ';
        else if (text[i] != '\r')
            clean[at++] = text[i];
        i += control > 0 ? control - 1 : 0;
    }
    clean[at] = '\0';
    free(converted);
    return clean;
}

static char *decode_words(const char *raw, size_t len) {
    char *decoded = NULL;
    size_t index = 0;
    if (len > WORDS_LIMIT || memmem(raw, len, "=?", 2) == NULL ||
        mailmime_encoded_phrase_parse("utf-8", raw, len, &index, "utf-8", &decoded) !=
            MAILIMF_NO_ERROR)
        return to_utf8(NULL, raw, len);
    char *clean = to_utf8(NULL, decoded, strlen(decoded));
    free(decoded);
    return clean;
}

static struct nl_span trim(const char *data, size_t len) {
    while (len > 0 && isspace((unsigned char)data[len - 1]))
        len--;
    while (len > 0 && isspace((unsigned char)data[0])) {
        data++;
        len--;
    }
    return (struct nl_span){data, len};
}

/* The next field as it stands: its name, and its value with the lines it was folded into. */
static bool next_raw(struct nl_span *at, struct nl_span *name, struct nl_span *value) {
    while (at->len > 0) {
        size_t len = 0;
        struct nl_span line = take_line(at, &len);
        const char *colon = memchr(line.data, ':', len);
        *name = trim(line.data, colon != NULL ? (size_t)(colon - line.data) : 0);
        if (name->len == 0 || memchr(name->data, ' ', name->len) != NULL)
            continue;
        const char *end = line.data + len;
        while (at->len > 0 && (at->data[0] == ' ' || at->data[0] == '\t')) {
            line = take_line(at, &len);
            end = line.data + len;
        }
        *value = trim(colon + 1, (size_t)(end - colon - 1));
        return true;
    }
    return false;
}

/* Unfolds and decodes a value. */
static char *decode_value(struct nl_span value) {
    struct nl_buf text = {0};
    size_t len = value.len < NL_MAIL_FIELD ? value.len : NL_MAIL_FIELD;
    for (size_t i = 0; i < len;) {
        size_t line = i;
        while (line < len && value.data[line] != '\n' && value.data[line] != '\r')
            line++;
        nl_buf_add(&text, value.data + i, line - i);
        i = line;
        while (i < len && (value.data[i] == '\n' || value.data[i] == '\r'))
            i++;
    }
    char *decoded = decode_words(nl_buf_text(&text), text.len);
    nl_buf_free(&text);
    return decoded;
}

bool nl_mail_next_field(struct nl_span *at, char **name, char **value) {
    struct nl_span raw_name;
    struct nl_span raw_value;
    if (!next_raw(at, &raw_name, &raw_value))
        return false;
    *name = to_utf8(NULL, raw_name.data, raw_name.len);
    *value = decode_value(raw_value);
    return true;
}

char *nl_mail_find(struct nl_span header, const char *wanted) {
    struct nl_span name;
    struct nl_span value;
    size_t len = strlen(wanted);
    for (int i = 0; i < NL_MAIL_FIELDS && next_raw(&header, &name, &value); i++)
        if (name.len == len && strncasecmp(name.data, wanted, len) == 0)
            return decode_value(value);
    return NULL;
}

char *nl_mail_field(const struct nl_part *part, const char *name) {
    return nl_mail_find(part->header, name);
}

/* Skips white space and comments (RFC 5322 section 3.2.2), which may nest as deep as they like. */
static const char *skip_comments(const char *at) {
    size_t depth = 0;
    for (; *at != '\0'; at++) {
        if (*at == '\\' && depth > 0 && at[1] != '\0')
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !isspace((unsigned char)*at))
            break;
    }
    return at;
}

/* A token or a quoted string (RFC 2045 section 5.1); *at moves behind it. */
static char *take_value(const char **at) {
    struct nl_buf out = {0};
    const char *p = *at;
    if (*p == '"') {
        for (p++; *p != '\0' && *p != '"'; p++) {
            if (*p == '\\' && p[1] != '\0')
                p++;
            nl_buf_addc(&out, *p);
        }
        p += *p == '"' ? 1 : 0;
    } else {
        size_t len = strcspn(p, "; \t\r\n(");
        nl_buf_add(&out, p, len);
        p += len;
    }
    *at = p;
    nl_buf_adds(&out, "");
    return nl_buf_take(&out);
}

static void read_parameter(struct nl_part *part, const char **at, char **boundary) {
    const char *name = *at;
    size_t len = strcspn(name, "=; \t");
    const char *p = skip_comments(name + len);
    if (*p != '=') {
        *at = p + strcspn(p, ";");
        return;
    }
    p = skip_comments(p + 1);
    char *value = take_value(&p);
    char **target = len == 8 && strncasecmp(name, "boundary", 8) == 0        ? boundary
                    : len == 7 && strncasecmp(name, "charset", 7) == 0       ? &part->charset
                    : len == 11 && strncasecmp(name, "report-type", 11) == 0 ? &part->report_type
                                                                             : NULL;
    if (target != NULL && *target == NULL)
        *target = value;
    else
        free(value);
    *at = p + strcspn(p, ";");
}

/* Reads Content-Type (RFC 2045 section 5.1); malformed parts stay at their defaults. libetpan's
 * reader is not used, since it recurses for each bracket. */
static void read_type(struct nl_part *part, char **boundary) {
    char *value = nl_mail_field(part, "Content-Type");
    const char *at = skip_comments(value != NULL ? value : "");
    size_t major = strcspn(at, "/; \t(");
    const char *slash = skip_comments(at + major);
    snprintf(part->type, sizeof part->type, "text/plain");
    if (major > 0 && *slash == '/') {
        const char *minor = skip_comments(slash + 1);
        size_t len = strcspn(minor, "; \t(");
        snprintf(part->type, sizeof part->type, "%.*s/%.*s", (int)major, at, (int)len, minor);
        for (char *p = part->type; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        at = minor + len;
    }
    at += strcspn(at, ";");
    for (int i = 0; i < NL_MAIL_FIELDS && *at == ';'; i++) {
        at = skip_comments(at + 1);
        read_parameter(part, &at, boundary);
    }
    free(value);
}

static int read_encoding(const struct nl_part *part) {
    char *value = nl_mail_field(part, "Content-Transfer-Encoding");
    int encoding = MAILMIME_MECHANISM_8BIT;
    if (value != NULL && strncasecmp(value, "quoted-printable", 16) == 0)
        encoding = MAILMIME_MECHANISM_QUOTED_PRINTABLE;
    else if (value != NULL && strncasecmp(value, "base64", 6) == 0)
        encoding = MAILMIME_MECHANISM_BASE64;
    free(value);
    return encoding;
}

/* Text and everything that is written as text: reports and returned header fields. */
static bool is_text(const struct nl_part *part) {
    return strncmp(part->type, "text/", 5) == 0 || strncmp(part->type, "message/", 8) == 0;
}

static char *copy_bytes(const char *data, size_t len, size_t *out) {
    char *copy = nl_calloc(1, len + 1);
    memcpy(copy, data, len);
    *out = len;
    return copy;
}

char *nl_mail_decode(const struct nl_part *part, size_t limit, size_t *out_len) {
    char *decoded = NULL;
    size_t decoded_len = 0;
    size_t index = 0;
    const char *data = part->body.data;
    size_t len = part->body.len < limit ? part->body.len : limit;
    if (part->encoding == MAILMIME_MECHANISM_8BIT)
        return out_len != NULL ? copy_bytes(data, len, out_len) : to_utf8(part->charset, data, len);
    /* libetpan's decoder looks a few bytes beyond the end of what is cut off. */
    char *padded = nl_calloc(1, len + PADDING);
    memcpy(padded, data, len);
    if (mailmime_part_parse(padded, len, &index, part->encoding, &decoded, &decoded_len) ==
        MAILIMF_NO_ERROR) {
        data = decoded;
        len = decoded_len;
    }
    char *result =
        out_len != NULL ? copy_bytes(data, len, out_len) : to_utf8(part->charset, data, len);
    if (decoded != NULL)
        mailmime_decoded_part_free(decoded);
    free(padded);
    return result;
}

const char *nl_mail_text(struct nl_mail *mail, size_t part) {
    struct nl_part *it = &mail->parts[part];
    if (it->text == NULL && it->leaf) {
        mail->steps += (it->body.len < NL_MAIL_TEXT ? it->body.len : NL_MAIL_TEXT) / 16;
        it->text = nl_mail_decode(it, NL_MAIL_TEXT, NULL);
    }
    return it->text;
}

static void add_part(struct nl_mail *mail, const char *data, size_t len, int depth);

/* Whether a line is "--boundary", or "--boundary--" with *last set. */
static bool is_boundary(const char *line, size_t len, const char *boundary, size_t boundary_len,
                        bool *last) {
    if (len < boundary_len + 2 || memcmp(line, "--", 2) != 0 ||
        memcmp(line + 2, boundary, boundary_len) != 0)
        return false;
    struct nl_span rest = trim(line + 2 + boundary_len, len - 2 - boundary_len);
    *last = rest.len >= 2 && memcmp(rest.data, "--", 2) == 0;
    return rest.len == 0 || *last;
}

static void add_children(struct nl_mail *mail, size_t parent, const char *boundary) {
    struct nl_span at = mail->parts[parent].body;
    int depth = mail->parts[parent].depth + 1;
    size_t boundary_len = strlen(boundary);
    const char *start = NULL;
    bool last = false;
    while (!last && at.len > 0) {
        size_t len = 0;
        struct nl_span line = take_line(&at, &len);
        if (!is_boundary(line.data, len, boundary, boundary_len, &last))
            continue;
        if (start != NULL)
            add_part(mail, start, (size_t)(line.data - start), depth);
        start = at.data;
    }
    if (!last && start != NULL)
        add_part(mail, start, (size_t)(at.data - start), depth);
}

static void add_part(struct nl_mail *mail, const char *data, size_t len, int depth) {
    if (mail->count == NL_MAIL_PARTS || depth > NL_MAIL_DEPTH)
        return;
    size_t self = mail->count++;
    struct nl_part *part = &mail->parts[self];
    struct nl_span at = {data, len};
    char *boundary = NULL;
    size_t line_len = 1;
    /* A message that begins as JSON has no header: it is a provider's notification. */
    bool bare = depth == 0 && len > 0 && data[0] == '{';
    while (!bare && at.len > 0 && line_len > 0)
        take_line(&at, &line_len);
    *part =
        (struct nl_part){.header = {data, (size_t)(at.data - data)}, .body = at, .depth = depth};
    read_type(part, &boundary);
    part->encoding = read_encoding(part);
    bool multipart = strncmp(part->type, "multipart/", 10) == 0;
    if (part->header.len > NL_MAIL_HEADER)
        part->header.len = NL_MAIL_HEADER;
    mail->steps += len / 64;
    if (multipart && boundary != NULL && boundary[0] != '\0')
        add_children(mail, self, boundary);
    multipart = multipart && mail->count > self + 1;
    part->leaf = !multipart && (is_text(part) || strncmp(part->type, "multipart/", 10) == 0);
    if (strncmp(part->type, "message/", 8) == 0 && strstr(part->type, "rfc822") != NULL &&
        part->encoding == MAILMIME_MECHANISM_8BIT)
        add_part(mail, part->body.data, part->body.len, depth + 1);
    free(boundary);
}

void nl_mail_read_up_to(const char *data, size_t len, size_t limit, struct nl_mail *out) {
    *out = (struct nl_mail){.parts = nl_calloc(NL_MAIL_PARTS, sizeof(struct nl_part))};
    if (len > limit)
        len = limit;
    if (memchr(data, '\n', len) == NULL && memchr(data, '\r', len) != NULL) {
        out->owned = nl_malloc(len);
        for (size_t i = 0; i < len; i++)
            out->owned[i] = data[i] == '\r' ? '\n' : data[i];
        data = out->owned;
    }
    add_part(out, data, len, 0);
}

void nl_mail_read(const char *data, size_t len, struct nl_mail *out) {
    nl_mail_read_up_to(data, len, NL_MAIL_SIZE, out);
}

void nl_mail_free(struct nl_mail *mail) {
    for (size_t i = 0; i < mail->count; i++) {
        free(mail->parts[i].charset);
        free(mail->parts[i].report_type);
        free(mail->parts[i].text);
    }
    free(mail->parts);
    free(mail->owned);
    *mail = (struct nl_mail){0};
}
