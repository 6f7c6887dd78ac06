#include "transfer/row.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/form.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"
#include "newsletter/base/timestamp.h"

#include <stdlib.h>
#include <string.h>

void nl_row_clear(struct nl_row *row) {
    memset(row->texts, 0, sizeof row->texts);
    if (row->attributes != NULL)
        json_decref(row->attributes);
    row->attributes = NULL;
    free(row->attribute_text);
    row->attribute_text = NULL;
    nl_buf_clear(&row->name);
    nl_buf_clear(&row->language);
}

void nl_row_free(struct nl_row *row) {
    nl_row_clear(row);
    nl_buf_free(&row->name);
    nl_buf_free(&row->language);
}

static json_t *attributes_of(struct nl_row *row) {
    if (row->attributes == NULL)
        row->attributes = json_object();
    return row->attributes;
}

enum nl_status nl_row_attribute(struct nl_row *row, const char *key, const char *value,
                                struct nl_error *err) {
    return value[0] != '\0' ? nl_attributes_set(attributes_of(row), key, value, err) : NL_OK;
}

/* ---- what a column says ---- */

static const char *text_of(const struct nl_row *row, enum nl_column column) {
    const char *text = row->texts[column];
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static enum nl_status read_time(const struct nl_row *row, enum nl_column column, int64_t *out,
                                struct nl_error *err) {
    const char *text = text_of(row, column);
    *out = 0;
    return text == NULL || nl_timestamp_parse(text, out)
               ? NL_OK
               : nl_error_set(err, NL_DATA, "%s '%s' is not a time like 2026-08-25T09:30:00Z",
                              nl_column_names[column], text);
}

static enum nl_status read_times(const struct nl_row *row, struct nl_member *out,
                                 struct nl_error *err) {
    enum nl_status status = read_time(row, NL_COLUMN_CONSENT_AT, &out->consent_at, err);
    if (status == NL_OK)
        status = read_time(row, NL_COLUMN_CONFIRMED_AT, &out->confirmed_at, err);
    if (status == NL_OK)
        status = read_time(row, NL_COLUMN_ENDED_AT, &out->ended_at, err);
    return status == NL_OK ? read_time(row, NL_COLUMN_CREATED_AT, &out->created_at, err) : status;
}

static enum nl_status read_flag(const struct nl_row *row, enum nl_column column, bool *flag,
                                struct nl_error *err) {
    const char *text = text_of(row, column);
    return nl_column_flag(text != NULL ? text : "", flag)
               ? NL_OK
               : nl_error_set(err, NL_DATA, "%s '%s' is neither yes nor no",
                              nl_column_names[column], text);
}

static enum nl_status read_state(const struct nl_row *row, struct nl_member *out,
                                 struct nl_error *err) {
    const char *word = text_of(row, NL_COLUMN_STATE);
    bool flag = false;
    out->state = word != NULL ? nl_column_state(word) : NULL;
    if (word != NULL && out->state == NULL)
        return nl_error_set(err, NL_DATA, "the state '%s' is not known", word);
    enum nl_status status = NL_OK;
    if (row->texts[NL_COLUMN_CONFIRMED] != NULL) {
        status = read_flag(row, NL_COLUMN_CONFIRMED, &flag, err);
        if (!flag && out->state == NULL)
            out->state = "pending";
    }
    if (status == NL_OK)
        status = read_flag(row, NL_COLUMN_BLOCKED, &flag, err);
    if (status == NL_OK && flag)
        out->state = "blocked";
    return status;
}

static enum nl_status read_name(struct nl_row *row, struct nl_member *out, struct nl_error *err) {
    const char *name = text_of(row, NL_COLUMN_NAME);
    enum nl_status status = nl_clean_line(name != NULL ? name : "", "the name", &row->name, err);
    for (enum nl_column part = NL_COLUMN_FIRST_NAME;
         name == NULL && status == NL_OK && part <= NL_COLUMN_LAST_NAME; part++) {
        size_t before = row->name.len;
        if (before > 0)
            nl_buf_addc(&row->name, ' ');
        size_t start = row->name.len;
        const char *text = text_of(row, part);
        status = nl_clean_line(text != NULL ? text : "", "the name", &row->name, err);
        if (row->name.len == start)
            row->name.len = before;
    }
    if (row->name.len > 0)
        row->name.data[row->name.len] = '\0';
    out->name = row->name.len > 0 ? row->name.data : NULL;
    return status;
}

/* "ru_RU.UTF-8", as some write it, is ru-RU. */
static void read_language(struct nl_row *row, struct nl_member *out) {
    out->language = text_of(row, NL_COLUMN_LANGUAGE);
    if (out->language == NULL || nl_language_is_tag(out->language))
        return;
    for (const char *p = out->language; *p != '\0' && *p != '.'; p++)
        nl_buf_addc(&row->language, *p == '_' ? '-' : *p);
    out->language = nl_buf_text(&row->language);
}

static enum nl_status read_tags(struct nl_row *row, struct nl_error *err) {
    const char *text = text_of(row, NL_COLUMN_TAGS);
    json_t *tags = text != NULL ? json_array() : NULL;
    for (; text != NULL && *text != '\0'; text += text[0] == ',') {
        text += strspn(text, " \"");
        size_t len = strcspn(text, ",");
        size_t end = len;
        while (end > 0 && strchr(" \"", text[end - 1]) != NULL)
            end--;
        if (end > 0)
            json_array_append_new(tags, json_stringn(text, end));
        text += len;
    }
    json_t *object = tags != NULL ? json_pack("{s:o}", "tags", tags) : NULL;
    enum nl_status status =
        object != NULL ? nl_attributes_take(attributes_of(row), object, err) : NL_OK;
    json_decref(object);
    return status;
}

static enum nl_status read_attributes(struct nl_row *row, struct nl_member *out,
                                      struct nl_error *err) {
    const char *text = text_of(row, NL_COLUMN_ATTRIBUTES);
    json_t *object = text != NULL ? json_loads(text, 0, NULL) : NULL;
    enum nl_status status = NL_OK;
    if (text != NULL && !json_is_object(object))
        status = nl_error_set(err, NL_DATA, "attributes are not a JSON object");
    if (status == NL_OK && object != NULL)
        status = nl_attributes_take(attributes_of(row), object, err);
    json_decref(object);
    if (status == NL_OK)
        status = read_tags(row, err);
    if (status == NL_OK && row->attributes != NULL && json_object_size(row->attributes) > 0) {
        row->attribute_text = json_dumps(row->attributes, JSON_COMPACT | JSON_SORT_KEYS);
        status = row->attribute_text != NULL ? NL_OK : nl_error_nomem(err);
    }
    out->attributes = row->attribute_text;
    return status;
}

static enum nl_status check_line(const char *text, enum nl_column column, struct nl_error *err) {
    return text != NULL ? nl_text_check_line(text, nl_column_names[column], err) : NL_OK;
}

enum nl_status nl_row_member(struct nl_row *row, struct nl_member *out, struct nl_error *err) {
    *out = (struct nl_member){.address = text_of(row, NL_COLUMN_EMAIL),
                              .list = text_of(row, NL_COLUMN_LIST),
                              .consent_source = text_of(row, NL_COLUMN_CONSENT_SOURCE),
                              .consent_ip = text_of(row, NL_COLUMN_CONSENT_IP),
                              .consent_version = text_of(row, NL_COLUMN_CONSENT_VERSION)};
    if (out->address == NULL)
        return nl_error_set(err, NL_DATA, "there is no address");
    enum nl_status status = read_name(row, out, err);
    read_language(row, out);
    const struct nl_form form = {.name = (char *)out->name, .language = (char *)out->language};
    if (status == NL_OK)
        status = nl_form_check(&form, err);
    if (status == NL_OK)
        status = check_line(out->consent_source, NL_COLUMN_CONSENT_SOURCE, err);
    if (status == NL_OK)
        status = check_line(out->consent_ip, NL_COLUMN_CONSENT_IP, err);
    if (status == NL_OK)
        status = check_line(out->consent_version, NL_COLUMN_CONSENT_VERSION, err);
    if (status == NL_OK)
        status = read_state(row, out, err);
    if (status == NL_OK)
        status = read_times(row, out, err);
    return status == NL_OK ? read_attributes(row, out, err) : status;
}
