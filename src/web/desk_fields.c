#include "newsletter/bulletin/front_fields.h"
#include "newsletter/template/data.h"
#include "web/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the text that the form stands for ---- */

struct taking {
    struct nl_front_fields *fields;
    enum nl_status status;
    struct nl_error *err;
};

static void take_field(const char *name, const char *value, void *ctx) {
    struct taking *taking = ctx;
    bool cell = false;
    if (taking->status != NL_OK)
        return;
    if (strncmp(name, "attach-", 7) == 0 && value[0] != '\0')
        taking->status = nl_front_fields_attach(taking->fields, value, taking->err);
    else
        taking->status = nl_front_fields_put(taking->fields, name, value, &cell, taking->err);
}

/* A row that is to go is ticked, where there are no scripts that take it off the page. */
static void drop_rows(const struct nl_desk *desk, struct nl_front_fields *fields) {
    for (size_t table = 0; table < NL_FRONT_TABLES; table++) {
        struct nl_front_rows *rows = &fields->tables[table];
        for (size_t i = 0; i < rows->count; i++) {
            char name[40];
            snprintf(name, sizeof name, "%s.%zu.remove", nl_front_tables[table].name, i);
            if (nl_site_field(desk->call->request, name)[0] == '\0')
                continue;
            for (size_t k = 0; k < NL_FRONT_COLUMNS; k++) {
                free(rows->items[i].values[k]);
                rows->items[i].values[k] = NULL;
            }
        }
    }
}

/* A browser writes a T between the day and the time of its own field. */
static void tidy_moment(char *value) {
    if (value != NULL && strlen(value) > 10 && value[10] == 'T')
        value[10] = ' ';
}

static enum nl_status read_form(const struct nl_desk *desk, struct nl_front_fields *fields) {
    struct taking taking = {fields, NL_OK, desk->err};
    for (int i = 0; i < NL_FRONT_FIELDS; i++)
        nl_front_fields_set(fields, (enum nl_front_field)i,
                            nl_site_field(desk->call->request, nl_front_field_names[i]));
    nl_request_each_field(desk->call->request, take_field, &taking);
    tidy_moment(fields->values[NL_FRONT_EMBARGO]);
    drop_rows(desk, fields);
    nl_buf_adds(&fields->other, nl_site_field(desk->call->request, "other"));
    nl_buf_adds(&fields->body, nl_site_field(desk->call->request, "body"));
    return taking.status;
}

enum nl_status nl_desk_form_read(const struct nl_desk *desk, struct nl_buf *source) {
    struct nl_front_fields fields = {0};
    enum nl_status status = read_form(desk, &fields);
    if (status == NL_OK)
        nl_front_fields_write(&fields, nl_site_field(desk->call->request, "base"), source);
    nl_front_fields_free(&fields);
    return status;
}

/* ---- for the page ---- */

static const char *value_of(const char *value) {
    return value != NULL ? value : "";
}

static void add_row(size_t table, const struct nl_front_row *row, json_t *out) {
    json_t *item = json_object();
    char at[24];
    snprintf(at, sizeof at, "%zu", json_array_size(out));
    nl_data_set(item, "at", at);
    for (size_t k = 0; nl_front_tables[table].columns[k] != NULL; k++)
        nl_data_set(item, nl_front_tables[table].columns[k],
                    value_of(row != NULL ? row->values[k] : NULL));
    json_array_append_new(out, item);
}

/* The rows of a table, and an empty one to fill in. */
static json_t *rows_of(const struct nl_front_fields *fields, size_t table) {
    json_t *out = json_array();
    const struct nl_front_rows *rows = &fields->tables[table];
    for (size_t i = 0; i < rows->count; i++)
        if (!nl_front_row_is_empty(&rows->items[i]))
            add_row(table, &rows->items[i], out);
    json_object_set_new(json_array_get(out, 0), "first", json_true());
    add_row(table, NULL, out);
    return out;
}

static void add_tables(const struct nl_front_fields *fields, json_t *data) {
    for (size_t i = 0; i < NL_FRONT_TABLES; i++) {
        const char *name = nl_front_tables[i].name;
        json_t *table = json_object();
        json_t *rows = rows_of(fields, i);
        json_object_set_new(table, "any", json_boolean(json_array_size(rows) > 1));
        json_object_set_new(table, "rows", fields->tables[i].elsewhere ? json_array() : rows);
        json_object_set_new(table, "elsewhere", json_boolean(fields->tables[i].elsewhere));
        if (fields->tables[i].elsewhere)
            json_decref(rows);
        json_object_set_new(data, name, table);
    }
}

void nl_desk_form_show(const struct nl_front_fields *fields, json_t *data) {
    bool contact = false;
    for (size_t i = 0; i < NL_FRONT_FIELDS; i++) {
        const char *name = nl_front_field_names[i];
        const char *dot = strchr(name, '.');
        nl_data_set(data, dot != NULL ? dot + 1 : name, value_of(fields->values[i]));
        contact =
            contact || (i >= NL_FRONT_CONTACT_PERSON && value_of(fields->values[i])[0] != '\0');
    }
    json_object_set_new(data, "contact", json_boolean(contact));
    add_tables(fields, data);
    nl_data_set(data, "other", nl_buf_text(&fields->other));
    nl_data_set(data, "body", nl_buf_text(&fields->body));
}

void nl_desk_form_typed(const struct nl_desk *desk, json_t *data) {
    struct nl_front_fields fields = {0};
    if (read_form(desk, &fields) != NL_OK) /* the page tells it already */
        nl_error_free(desk->err);
    nl_desk_form_show(&fields, data);
    nl_front_fields_free(&fields);
}

/* ---- for the script ---- */

static void add_cells(const struct nl_front_fields *fields, json_t *form) {
    for (size_t table = 0; table < NL_FRONT_TABLES; table++) {
        const struct nl_front_rows *rows = &fields->tables[table];
        size_t at = 0;
        for (size_t i = 0; i < rows->count; i++) {
            if (nl_front_row_is_empty(&rows->items[i]))
                continue;
            for (size_t k = 0; nl_front_tables[table].columns[k] != NULL; k++) {
                char name[40];
                snprintf(name, sizeof name, "%s.%zu.%s", nl_front_tables[table].name, at,
                         nl_front_tables[table].columns[k]);
                nl_data_set(form, name, value_of(rows->items[i].values[k]));
            }
            at++;
        }
    }
}

enum nl_status nl_desk_add_form(const struct nl_desk *desk, json_t *value) {
    struct nl_front_fields fields = {0};
    const json_t *text = nl_desk_text(desk);
    const char *source = text != NULL ? json_string_value(json_object_get(text, "source")) : "";
    json_t *form = json_object();
    enum nl_status status = nl_front_fields_read(source, &fields, desk->err);
    for (size_t i = 0; status == NL_OK && i < NL_FRONT_FIELDS; i++)
        nl_data_set(form, nl_front_field_names[i], value_of(fields.values[i]));
    add_cells(&fields, form);
    nl_data_set(form, "other", nl_buf_text(&fields.other));
    nl_data_set(form, "body", nl_buf_text(&fields.body));
    json_object_set_new(value, "form", form);
    nl_data_set(value, "base", source);
    nl_data_set(value, "author",
                text != NULL ? json_string_value(json_object_get(text, "author")) : "");
    json_object_set(value, "revision", json_object_get(text, "revision"));
    nl_front_fields_free(&fields);
    return status;
}
