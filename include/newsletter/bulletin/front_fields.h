/* The text of an issue, taken apart for a form: fields for the front matter that most issues have,
 * the rest of the front matter as it was written, and the Markdown. Nothing is lost between reading
 * and writing. */
#ifndef NEWSLETTER_BULLETIN_FRONT_FIELDS_H
#define NEWSLETTER_BULLETIN_FRONT_FIELDS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum nl_front_field {
    NL_FRONT_TITLE,
    NL_FRONT_SERIES,
    NL_FRONT_NUMBER,
    NL_FRONT_DATE,
    NL_FRONT_CATEGORY,
    NL_FRONT_POSTED_BY,
    NL_FRONT_SUBJECT,
    NL_FRONT_ALTERNATIVE_SUBJECT,
    NL_FRONT_PREHEADER,
    NL_FRONT_EMBARGO,
    NL_FRONT_TIMEZONE,
    NL_FRONT_CONTACT_PERSON,
    NL_FRONT_CONTACT_PHONE,
    NL_FRONT_CONTACT_FAX,
    NL_FRONT_CONTACT_EMAIL,
    NL_FRONT_CONTACT_WEB,
    NL_FRONT_FIELDS,
};
/* "title", "series", ..., "contact.web", in that order. */
extern const char *const nl_front_field_names[NL_FRONT_FIELDS];

enum { NL_FRONT_ATTACHMENTS = 50 };

/* Lists of which each item has columns. */
enum nl_front_table { NL_FRONT_EVENTS, NL_FRONT_MEDIA, NL_FRONT_TABLES };
enum { NL_FRONT_COLUMNS = 7 };
extern const struct nl_front_table_form {
    const char *name;                          /* "events" */
    size_t most;                               /* rows */
    const char *columns[NL_FRONT_COLUMNS + 1]; /* "title", ...; NULL at the end */
} nl_front_tables[NL_FRONT_TABLES];

struct nl_front_row {
    char *values[NL_FRONT_COLUMNS]; /* NULL or "": it is not there */
};

struct nl_front_rows {
    struct nl_front_row *items;
    size_t count;
    bool elsewhere; /* they are written in a way that stays in `other`; only set by reading */
};

/* Zero-initialise; free with nl_front_fields_free. */
struct nl_front_fields {
    char *values[NL_FRONT_FIELDS]; /* NULL or "": it is not there */
    char *attachments[NL_FRONT_ATTACHMENTS];
    size_t attachment_count;
    struct nl_front_rows tables[NL_FRONT_TABLES];
    struct nl_buf other; /* lines of the front matter that no field stands for */
    struct nl_buf body;
    size_t body_line; /* of the whole text, from 1; only set by reading */
};
void nl_front_fields_free(struct nl_front_fields *fields);

/* Takes a text apart. A line goes into a field only where the field says the same: what is written
 * in another way, twice, with a comment or wrongly stays as it is in `other`. A text without front
 * matter is all body. */
NL_CHECKED enum nl_status nl_front_fields_read(const char *source, struct nl_front_fields *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Sets a field. */
void nl_front_fields_set(struct nl_front_fields *fields, enum nl_front_field field,
                         const char *value) NL_ALL_NONNULL;

/* Adds an attachment, if it is not there. NL_DATA for one too many. */
NL_CHECKED enum nl_status nl_front_fields_attach(struct nl_front_fields *fields, const char *name,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Sets a cell by its path, such as "events.0.title". False for a path of no cell. NL_DATA for a row
 * too many. */
NL_CHECKED enum nl_status nl_front_fields_put(struct nl_front_fields *fields, const char *path,
                                              const char *value, bool *known,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Whether nothing stands in a row: it is not written. */
bool nl_front_row_is_empty(const struct nl_front_row *row) NL_ALL_NONNULL;

/* Writes the text, with line ends of LF. `base` is the text that the fields were read from, "" for
 * none: what has not changed since stays as it was written there, in its place and with its
 * comments. */
void nl_front_fields_write(const struct nl_front_fields *fields, const char *base,
                           struct nl_buf *out) NL_ALL_NONNULL;

#endif
