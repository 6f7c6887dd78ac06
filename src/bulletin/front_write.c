#include "bulletin/front_blocks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- values ---- */

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
static void write_lines(struct nl_buf *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\r' || text[i + 1] != '\n')
            nl_buf_addc(out, text[i]);
    if (len > 0 && text[len - 1] != '\n')
        nl_buf_addc(out, '\n');
}

/* ---- what the front matter consists of, in the order in which it is written ---- */

/* Parts: the fields up to the contact, the contact, the attachments, the tables. */
enum {
    CONTACT = NL_FRONT_CONTACT_PERSON,
    ATTACHMENTS,
    TABLES,
    PARTS = TABLES + NL_FRONT_TABLES,
    OTHER = PARTS, /* what no field stands for */
};

static const char *value_of(const char *value) {
    return value != NULL ? value : "";
}

static void write_field(const struct nl_front_fields *fields, size_t field, const char *indent,
                        struct nl_buf *out) {
    const char *dot = strchr(nl_front_field_names[field], '.');
    if (value_of(fields->values[field])[0] == '\0')
        return;
    nl_buf_addf(out, "%s%s: ", indent, dot != NULL ? dot + 1 : nl_front_field_names[field]);
    write_value(out, fields->values[field]);
    nl_buf_addc(out, '\n');
}

static void write_contact(const struct nl_front_fields *fields, struct nl_buf *out) {
    struct nl_buf lines = {0};
    for (size_t i = NL_FRONT_CONTACT_PERSON; i < NL_FRONT_FIELDS; i++)
        write_field(fields, i, "  ", &lines);
    if (lines.len > 0)
        nl_buf_addf(out, "contact:\n%s", nl_buf_text(&lines));
    nl_buf_free(&lines);
}

static void write_attachments(const struct nl_front_fields *fields, struct nl_buf *out) {
    if (fields->attachment_count > 0)
        nl_buf_adds(out, "attachments:\n");
    for (size_t i = 0; i < fields->attachment_count; i++) {
        nl_buf_adds(out, "  - ");
        write_value(out, fields->attachments[i]);
        nl_buf_addc(out, '\n');
    }
}

static void write_table(const struct nl_front_fields *fields, size_t table, struct nl_buf *out) {
    const struct nl_front_rows *rows = &fields->tables[table];
    bool begun = false;
    for (size_t i = 0; i < rows->count; i++) {
        bool first = true;
        if (nl_front_row_is_empty(&rows->items[i]))
            continue;
        if (!begun)
            nl_buf_addf(out, "%s:\n", nl_front_tables[table].name);
        begun = true;
        for (size_t k = 0; nl_front_tables[table].columns[k] != NULL; k++) {
            if (value_of(rows->items[i].values[k])[0] == '\0')
                continue;
            nl_buf_addf(out, "%s%s: ", first ? "  - " : "    ", nl_front_tables[table].columns[k]);
            write_value(out, rows->items[i].values[k]);
            nl_buf_addc(out, '\n');
            first = false;
        }
    }
}

static void write_part(const struct nl_front_fields *fields, size_t part, struct nl_buf *out) {
    if (part < CONTACT)
        write_field(fields, part, "", out);
    else if (part == CONTACT)
        write_contact(fields, out);
    else if (part == ATTACHMENTS)
        write_attachments(fields, out);
    else
        write_table(fields, part - TABLES, out);
}

/* ---- over a text that was there before ---- */

struct writing {
    const struct nl_front_fields *fields;
    struct nl_front_fields seen; /* of the blocks of the base so far */
    const char *other;           /* that of `fields` which was not written yet */
    bool present[PARTS];         /* the base has a block for that part */
    struct nl_buf *out;
};

/* A block that does not fit goes into `other`, so none is refused. */
static void take(struct nl_front_fields *fields, const char *text, size_t len) {
    struct nl_error err = {0};
    nl_error_ignore(nl_front_take_block(fields, text, len, &err));
    nl_error_free(&err);
}

/* The part that a block of the base stands for; `one` gets what it says. */
static size_t part_of(struct writing *self, const char *text, size_t len,
                      struct nl_front_fields *one) {
    size_t before = self->seen.other.len;
    take(&self->seen, text, len);
    if (self->seen.other.len > before)
        return OTHER;
    take(one, text, len);
    for (size_t i = 0; i < NL_FRONT_FIELDS; i++)
        if (one->values[i] != NULL)
            return i < CONTACT ? i : CONTACT;
    for (size_t i = 0; i < NL_FRONT_TABLES; i++)
        if (one->tables[i].count > 0)
            return TABLES + i;
    return one->attachment_count > 0 ? ATTACHMENTS : OTHER;
}

static void note_present(struct writing *self, const struct nl_front_place *place) {
    for (const char *at = place->front; at < place->end;) {
        struct nl_front_fields one = {0};
        size_t len = nl_front_block(at, place->end);
        size_t part = part_of(self, at, len, &one);
        if (part != OTHER)
            self->present[part] = true;
        nl_front_fields_free(&one);
        at += len;
    }
    nl_front_fields_free(&self->seen);
}

/* A part that the base has no block for follows the part before it. */
static void write_missing(const struct writing *self, size_t part) {
    for (; part < PARTS && !self->present[part]; part++)
        write_part(self->fields, part, self->out);
}

/* A block that is in both `other`s stays at its place, with what was added before it. */
static void write_other(struct writing *self, const char *block, size_t len) {
    const char *end = self->other + strlen(self->other);
    for (const char *at = self->other; at < end;) {
        size_t found = nl_front_block(at, end);
        if (found == len && memcmp(at, block, len) == 0) {
            write_lines(self->out, self->other, (size_t)(at + len - self->other));
            self->other = at + len;
            return;
        }
        at += found;
    }
}

/* The empty lines at the end of a block. */
static void write_space(struct nl_buf *out, const char *text, size_t len) {
    size_t count = 0;
    while (count + 1 < len && text[len - count - 1] == '\n' && text[len - count - 2] == '\n')
        count++;
    nl_buf_add(out, text + len - count, count);
}

static void write_block(struct writing *self, const char *text, size_t len) {
    struct nl_front_fields one = {0};
    struct nl_buf before = {0};
    struct nl_buf after = {0};
    size_t part = part_of(self, text, len, &one);
    if (part == OTHER) {
        write_other(self, text, len);
    } else {
        write_part(&one, part, &before);
        write_part(self->fields, part, &after);
        bool same = strcmp(nl_buf_text(&before), nl_buf_text(&after)) == 0;
        nl_buf_adds(self->out, same ? "" : nl_buf_text(&after));
        if (same)
            write_lines(self->out, text, len);
        else
            write_space(self->out, text, len);
        write_missing(self, part + 1);
    }
    nl_buf_free(&before);
    nl_buf_free(&after);
    nl_front_fields_free(&one);
}

void nl_front_fields_write(const struct nl_front_fields *fields, const char *base,
                           struct nl_buf *out) {
    struct nl_buf plain = {0};
    struct nl_buf other = {0};
    write_lines(&plain, base, strlen(base));
    write_lines(&other, nl_buf_text(&fields->other), fields->other.len);
    struct nl_front_place place = nl_front_find(nl_buf_text(&plain));
    struct writing self = {.fields = fields, .other = nl_buf_text(&other), .out = out};
    nl_buf_adds(out, "---\n");
    note_present(&self, &place);
    write_missing(&self, 0);
    for (const char *at = place.front; at < place.end;) {
        size_t len = nl_front_block(at, place.end);
        write_block(&self, at, len);
        at += len;
    }
    nl_buf_adds(out, self.other);
    nl_buf_adds(out, "---\n");
    write_lines(out, nl_buf_text(&fields->body), fields->body.len);
    nl_front_fields_free(&self.seen);
    nl_buf_free(&plain);
    nl_buf_free(&other);
}
