#include "newsletter/bulletin/front_fields.h"

#include "newsletter/base/yaml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const nl_front_field_names[NL_FRONT_FIELDS] = {
    "title",       "series",        "number",      "date",           "category",
    "posted_by",   "subject",       "preheader",   "contact.person", "contact.phone",
    "contact.fax", "contact.email", "contact.web",
};

static const char contact[] = "contact.";

void nl_front_fields_free(struct nl_front_fields *fields) {
    for (size_t i = 0; i < NL_FRONT_FIELDS; i++)
        free(fields->values[i]);
    for (size_t i = 0; i < fields->attachment_count; i++)
        free(fields->attachments[i]);
    nl_buf_free(&fields->other);
    nl_buf_free(&fields->body);
    *fields = (struct nl_front_fields){0};
}

enum nl_status nl_front_fields_set(struct nl_front_fields *fields, enum nl_front_field field,
                                   const char *value, struct nl_error *err) {
    char *copy = strdup(value);
    if (copy == NULL)
        return nl_error_nomem(err);
    free(fields->values[field]);
    fields->values[field] = copy;
    return NL_OK;
}

enum nl_status nl_front_fields_attach(struct nl_front_fields *fields, const char *name,
                                      struct nl_error *err) {
    for (size_t i = 0; i < fields->attachment_count; i++)
        if (strcmp(fields->attachments[i], name) == 0)
            return NL_OK;
    if (fields->attachment_count == NL_FRONT_ATTACHMENTS)
        return nl_error_set(err, NL_DATA, "an issue has at most %d attachments",
                            NL_FRONT_ATTACHMENTS);
    char *copy = strdup(name);
    if (copy == NULL)
        return nl_error_nomem(err);
    fields->attachments[fields->attachment_count++] = copy;
    return NL_OK;
}

/* ---- reading ---- */

static size_t line_length(const char *at) {
    const char *end = strchr(at, '\n');
    return end != NULL ? (size_t)(end - at) + 1 : strlen(at);
}

static bool is_marker(const char *at) {
    return strncmp(at, "---", 3) == 0 &&
           (at[3 + strspn(at + 3, " \t")] == '\n' || at[3 + strspn(at + 3, " \t")] == '\0');
}

static size_t count_of(const char *text, size_t len, char c) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == c;
    return count;
}

static int field_of(const char *path) {
    for (int i = 0; i < NL_FRONT_FIELDS; i++)
        if (strcmp(nl_front_field_names[i], path) == 0)
            return i;
    return -1;
}

static bool is_plain_text(const struct nl_yaml_entry *entry) {
    return (entry->form == NL_YAML_PLAIN || entry->form == NL_YAML_QUOTED) && !entry->comment &&
           strpbrk(entry->value, "\n\t") == NULL;
}

/* Whether a block says nothing but what fields can say, without a comment. */
static bool fits_fields(const struct nl_front_fields *fields, const struct nl_yaml *yaml) {
    bool any = yaml->count > 0;
    for (size_t i = 0; any && i < yaml->count; i++) {
        const struct nl_yaml_entry *entry = &yaml->entries[i];
        int field = field_of(entry->path);
        any = field >= 0 && fields->values[field] == NULL && is_plain_text(entry) &&
              (yaml->count == 1 || strncmp(entry->path, contact, sizeof contact - 1) == 0);
    }
    return any;
}

static bool fits_attachments(const struct nl_front_fields *fields, const struct nl_yaml *yaml) {
    bool any =
        yaml->count > 0 && fields->attachment_count == 0 && yaml->count <= NL_FRONT_ATTACHMENTS;
    for (size_t i = 0; any && i < yaml->count; i++)
        any = strncmp(yaml->entries[i].path, "attachments.", 12) == 0 &&
              strchr(yaml->entries[i].path + 12, '.') == NULL && is_plain_text(&yaml->entries[i]) &&
              yaml->entries[i].value[0] != '\0';
    return any;
}

static enum nl_status take_values(struct nl_front_fields *fields, const struct nl_yaml *yaml,
                                  bool attachments, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < yaml->count; i++)
        status =
            attachments
                ? nl_front_fields_attach(fields, yaml->entries[i].value, err)
                : nl_front_fields_set(fields, (enum nl_front_field)field_of(yaml->entries[i].path),
                                      yaml->entries[i].value, err);
    return status;
}

/* One key with all that belongs to it. */
static enum nl_status take_block(struct nl_front_fields *fields, const char *text, size_t len,
                                 struct nl_error *err) {
    struct nl_yaml yaml = {0};
    struct nl_error ignored = {0};
    size_t signs = 0;
    enum nl_status status = nl_yaml_read(text, len, "", 1, &yaml, &ignored);
    for (size_t i = 0; status == NL_OK && i < yaml.count; i++)
        signs += count_of(yaml.entries[i].value, strlen(yaml.entries[i].value), '#');
    bool same = status == NL_OK && signs == count_of(text, len, '#');
    bool attachments = same && fits_attachments(fields, &yaml);
    if (attachments || (same && fits_fields(fields, &yaml)))
        status = take_values(fields, &yaml, attachments, err);
    else {
        nl_buf_add(&fields->other, text, len);
        status = NL_OK;
    }
    nl_error_free(&ignored);
    nl_yaml_free(&yaml);
    return status;
}

/* Whether a line begins a key: the lines of its value are indented, or items of a list. */
static bool begins_block(const char *line) {
    return strchr(" \t\n-", line[0]) == NULL;
}

static enum nl_status take_front(struct nl_front_fields *fields, const char *text, size_t len,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t at = 0; status == NL_OK && at < len;) {
        size_t end = at + line_length(text + at);
        while (text[at] != '#' && end < len && !begins_block(text + end))
            end += line_length(text + end);
        status = take_block(fields, text + at, end - at, err);
        at = end;
    }
    return status;
}

enum nl_status nl_front_fields_read(const char *source, struct nl_front_fields *out,
                                    struct nl_error *err) {
    const char *at = source;
    enum nl_status status = NL_OK;
    *out = (struct nl_front_fields){.body_line = 1};
    if (is_marker(source)) {
        const char *front = source + line_length(source);
        const char *end = front;
        while (*end != '\0' && !is_marker(end))
            end += line_length(end);
        status = take_front(out, front, (size_t)(end - front), err);
        at = end + line_length(end);
        out->body_line = 1 + count_of(source, (size_t)(at - source), '\n');
    }
    nl_buf_adds(&out->body, at);
    if (status == NL_OK && (out->body.failed || out->other.failed))
        status = nl_error_nomem(err);
    if (status != NL_OK)
        nl_front_fields_free(out);
    return status;
}

/* ---- writing ---- */

/* Whether YAML reads a text without quotation marks as that text. */
static bool needs_no_marks(const char *text) {
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    size_t len = strlen(text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i], text) == 0)
            return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool inner = i > 0 && i + 1 < len && strchr(" -.", c) != NULL;
        if (!letter && !inner)
            return false;
    }
    return len > 0;
}

static void write_value(struct nl_buf *out, const char *value) {
    if (needs_no_marks(value)) {
        nl_buf_adds(out, value);
        return;
    }
    nl_buf_addc(out, '"');
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
    }
    nl_buf_addc(out, '"');
}

/* A text of a form has CRLF line ends. */
static void write_lines(struct nl_buf *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++)
        if (p[0] != '\r' || p[1] != '\n')
            nl_buf_addc(out, *p);
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] != '\n')
        nl_buf_addc(out, '\n');
}

void nl_front_fields_write(const struct nl_front_fields *fields, struct nl_buf *out) {
    bool in_contact = false;
    nl_buf_adds(out, "---\n");
    for (size_t i = 0; i < NL_FRONT_FIELDS; i++) {
        const char *name = nl_front_field_names[i];
        bool nested = strncmp(name, contact, sizeof contact - 1) == 0;
        if (fields->values[i] == NULL || fields->values[i][0] == '\0')
            continue;
        if (nested && !in_contact)
            nl_buf_adds(out, "contact:\n");
        in_contact = in_contact || nested;
        nl_buf_addf(out, "%s%s: ", nested ? "  " : "", nested ? name + sizeof contact - 1 : name);
        write_value(out, fields->values[i]);
        nl_buf_addc(out, '\n');
    }
    if (fields->attachment_count > 0)
        nl_buf_adds(out, "attachments:\n");
    for (size_t i = 0; i < fields->attachment_count; i++) {
        nl_buf_adds(out, "  - ");
        write_value(out, fields->attachments[i]);
        nl_buf_addc(out, '\n');
    }
    write_lines(out, nl_buf_text(&fields->other));
    nl_buf_adds(out, "---\n");
    write_lines(out, nl_buf_text(&fields->body));
}
