#include "newsletter/bulletin/front_fields.h"
#include "newsletter/base/memory.h"

#include "bulletin/front_blocks.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/yaml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const nl_front_field_names[NL_FRONT_FIELDS] = {
    "title",         "series",      "number",        "date",
    "category",      "posted_by",   "subject",       "alternative_subject",
    "preheader",     "embargo",     "timezone",      "contact.person",
    "contact.phone", "contact.fax", "contact.email", "contact.web",
};

const struct nl_front_table_form nl_front_tables[NL_FRONT_TABLES] = {
    [NL_FRONT_EVENTS] = {"events", 50, {"title", "date", "until", "time", "end", "place", "url"}},
    [NL_FRONT_MEDIA] = {"media", 20, {"title", "file", "url", "licence", "duration"}},
};

static void free_rows(struct nl_front_rows *rows) {
    for (size_t i = 0; i < rows->count; i++)
        for (size_t k = 0; k < NL_FRONT_COLUMNS; k++)
            free(rows->items[i].values[k]);
    free(rows->items);
}

void nl_front_fields_free(struct nl_front_fields *fields) {
    for (size_t i = 0; i < NL_FRONT_FIELDS; i++)
        free(fields->values[i]);
    for (size_t i = 0; i < fields->attachment_count; i++)
        free(fields->attachments[i]);
    for (size_t i = 0; i < NL_FRONT_TABLES; i++)
        free_rows(&fields->tables[i]);
    nl_buf_free(&fields->other);
    nl_buf_free(&fields->body);
    *fields = (struct nl_front_fields){0};
}

void nl_front_fields_set(struct nl_front_fields *fields, enum nl_front_field field,
                         const char *value) {
    char *copy = nl_strdup(value);
    free(fields->values[field]);
    fields->values[field] = copy;
}

enum nl_status nl_front_fields_attach(struct nl_front_fields *fields, const char *name,
                                      struct nl_error *err) {
    for (size_t i = 0; i < fields->attachment_count; i++)
        if (strcmp(fields->attachments[i], name) == 0)
            return NL_OK;
    if (fields->attachment_count == NL_FRONT_ATTACHMENTS)
        return nl_error_set(err, NL_DATA, NL_TEXT("an issue has at most %d attachments"),
                            NL_FRONT_ATTACHMENTS);
    char *copy = nl_strdup(name);
    fields->attachments[fields->attachment_count++] = copy;
    return NL_OK;
}

/* The table, the row and the column of "events.0.title"; false for another path. */
static bool find_cell(const char *path, size_t *table, size_t *row, size_t *column) {
    const char *dot = strchr(path, '.');
    for (*table = 0; dot != NULL && *table < NL_FRONT_TABLES; ++*table) {
        const struct nl_front_table_form *form = &nl_front_tables[*table];
        size_t digits = strspn(dot + 1, "0123456789");
        if (strlen(form->name) != (size_t)(dot - path) ||
            strncmp(form->name, path, (size_t)(dot - path)) != 0)
            continue;
        *row = strtoul(dot + 1, NULL, 10);
        for (*column = 0;
             digits > 0 && digits < 5 && dot[1 + digits] == '.' && form->columns[*column] != NULL;
             ++*column)
            if (strcmp(form->columns[*column], dot + 2 + digits) == 0)
                return true;
    }
    return false;
}

enum nl_status nl_front_fields_put(struct nl_front_fields *fields, const char *path,
                                   const char *value, bool *known, struct nl_error *err) {
    size_t table = 0;
    size_t row = 0;
    size_t column = 0;
    *known = find_cell(path, &table, &row, &column);
    if (!*known)
        return NL_OK;
    const struct nl_front_table_form *form = &nl_front_tables[table];
    struct nl_front_rows *rows = &fields->tables[table];
    if (row >= form->most)
        return value[0] == '\0' ? NL_OK
                                : nl_error_set(err, NL_DATA, "an issue has at most %zu %s",
                                               form->most, form->name);
    if (row >= rows->count) {
        struct nl_front_row *grown = nl_realloc(rows->items, (row + 1) * sizeof *grown);
        memset(grown + rows->count, 0, (row + 1 - rows->count) * sizeof *grown);
        rows->items = grown;
        rows->count = row + 1;
    }
    char *copy = nl_strdup(value);
    free(rows->items[row].values[column]);
    rows->items[row].values[column] = copy;
    return NL_OK;
}

bool nl_front_row_is_empty(const struct nl_front_row *row) {
    for (size_t i = 0; i < NL_FRONT_COLUMNS; i++)
        if (row->values[i] != NULL && row->values[i][0] != '\0')
            return false;
    return true;
}

/* ---- reading ---- */

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

/* Whether the field that a browser has for a value shows it as it is. */
static bool fits_input(const char *name, const char *value) {
    struct nl_datetime moment = {0};
    size_t len = strlen(value);
    if (value[0] == '\0')
        return true;
    if (strcmp(name, "date") == 0 || strcmp(name, "until") == 0)
        return nl_datetime_is_day(value);
    if (strcmp(name, "embargo") == 0)
        return len == 16 && nl_datetime_read(value, &moment);
    if (strcmp(name, "time") == 0 || strcmp(name, "end") == 0)
        return len == 5 && value[2] == ':' && strspn(value, "0123456789:") == 5 &&
               strncmp(value, "24", 2) < 0 && value[3] < '6';
    return true;
}

/* Whether a block says nothing but what fields can say, without a comment. */
static bool fits_fields(const struct nl_front_fields *fields, const struct nl_yaml *yaml) {
    bool any = yaml->count > 0;
    for (size_t i = 0; any && i < yaml->count; i++) {
        const struct nl_yaml_entry *entry = &yaml->entries[i];
        int field = field_of(entry->path);
        any = field >= 0 && fields->values[field] == NULL && is_plain_text(entry) &&
              fits_input(entry->path, entry->value) &&
              (yaml->count == 1 || nl_front_is_contact(entry->path));
    }
    return any;
}

static bool fits_table(const struct nl_front_fields *fields, const struct nl_yaml *yaml) {
    bool any = yaml->count > 0;
    for (size_t i = 0; any && i < yaml->count; i++) {
        const struct nl_yaml_entry *entry = &yaml->entries[i];
        size_t table = 0;
        size_t row = 0;
        size_t column = 0;
        any = find_cell(entry->path, &table, &row, &column) && is_plain_text(entry) &&
              fields->tables[table].count == 0 && row < nl_front_tables[table].most &&
              entry->value[0] != '\0' &&
              fits_input(nl_front_tables[table].columns[column], entry->value);
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
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < yaml->count; i++) {
        const struct nl_yaml_entry *entry = &yaml->entries[i];
        int field = field_of(entry->path);
        bool cell = false;
        status = nl_front_fields_put(fields, entry->path, entry->value, &cell, err);
        if (status == NL_OK && field >= 0)
            nl_front_fields_set(fields, (enum nl_front_field)field, entry->value);
        else if (status == NL_OK && !cell)
            status = nl_front_fields_attach(fields, entry->value, err);
    }
    return status;
}

/* Notes that a table stands where no field shows it. */
static void note_elsewhere(struct nl_front_fields *fields, const char *text) {
    for (size_t i = 0; i < NL_FRONT_TABLES; i++) {
        size_t len = strlen(nl_front_tables[i].name);
        if (strncmp(text, nl_front_tables[i].name, len) == 0 && text[len] == ':')
            fields->tables[i].elsewhere = true;
    }
}

enum nl_status nl_front_take_block(struct nl_front_fields *fields, const char *text, size_t len,
                                   struct nl_error *err) {
    struct nl_yaml yaml = {0};
    struct nl_error ignored = {0};
    size_t signs = 0;
    enum nl_status status = nl_yaml_read(text, len, "", 1, &yaml, &ignored);
    for (size_t i = 0; status == NL_OK && i < yaml.count; i++)
        signs += nl_front_count(yaml.entries[i].value, strlen(yaml.entries[i].value), '#');
    bool same = status == NL_OK && signs == nl_front_count(text, len, '#');
    if (same && (fits_attachments(fields, &yaml) || fits_table(fields, &yaml) ||
                 fits_fields(fields, &yaml))) {
        status = take_values(fields, &yaml, err);
    } else {
        note_elsewhere(fields, text);
        nl_buf_add(&fields->other, text, len);
        status = NL_OK;
    }
    nl_error_free(&ignored);
    nl_yaml_free(&yaml);
    return status;
}

enum nl_status nl_front_fields_read(const char *source, struct nl_front_fields *out,
                                    struct nl_error *err) {
    struct nl_front_place place = nl_front_find(source);
    enum nl_status status = NL_OK;
    *out = (struct nl_front_fields){.body_line = 1};
    for (const char *at = place.front; status == NL_OK && at < place.end;) {
        size_t len = nl_front_block(at, place.end);
        status = nl_front_take_block(out, at, len, err);
        at += len;
    }
    out->body_line = 1 + nl_front_count(source, (size_t)(place.body - source), '\n');
    nl_buf_adds(&out->body, place.body);
    if (status != NL_OK)
        nl_front_fields_free(out);
    return status;
}
