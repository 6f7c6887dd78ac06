#include "transfer/row.h"
#include "newsletter/base/catalog.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/form.h"
#include "newsletter/base/language.h"
#include "newsletter/base/zone.h"
#include "transfer/moment.h"

#include <stdlib.h>
#include <string.h>

void nl_row_clear(struct nl_row *row) {
    memset(row->texts, 0, sizeof row->texts);
    if (row->attributes != NULL)
        json_decref(row->attributes);
    row->attributes = NULL;
    free(row->attribute_text);
    row->attribute_text = NULL;
    row->sign = NL_SIGN_NONE;
    row->ended_at = row->consent_at = row->confirmed_at = 0;
    row->fatal = false;
}

void nl_row_free(struct nl_row *row) {
    nl_row_clear(row);
    for (size_t i = 0; i < NL_ROW_FIELDS; i++)
        nl_buf_free(&row->cleaned[i]);
}

static json_t *attributes_of(struct nl_row *row) {
    if (row->attributes == NULL)
        row->attributes = json_object();
    return row->attributes;
}

/* ---- taking what columns say ---- */

/* A tag may say that somebody has left: "unsubscribed", "status: bounced". */
static void look_at_tag(struct nl_row *row, const struct nl_columns *columns, const char *tag) {
    const char *after = strrchr(tag, ':');
    const char *const parts[] = {tag, after != NULL ? after + 1 : tag};
    for (size_t i = 0; i < 2; i++) {
        enum nl_sign sign = nl_row_word(columns, parts[i]);
        if (sign == NL_SIGN_UNKNOWN)
            sign = nl_lexicon_tag(columns->lexicon, parts[i]);
        if (sign > row->sign)
            row->sign = sign;
    }
}

static void look_at_tags(struct nl_row *row, const struct nl_columns *columns, json_t *object) {
    const char *key = NULL;
    json_t *value = NULL;
    bool guessed = false;
    json_object_foreach(object, key, value) {
        if (nl_lexicon_column(columns->lexicon, key, &guessed) != NL_COLUMN_TAGS)
            continue;
        if (json_is_string(value))
            look_at_tag(row, columns, json_string_value(value));
        for (size_t i = 0; i < json_array_size(value); i++) {
            const json_t *item = json_array_get(value, i);
            const json_t *named = json_is_object(item) ? json_object_get(item, "name") : item;
            if (json_is_string(named))
                look_at_tag(row, columns, json_string_value(named));
        }
    }
}

enum nl_status nl_row_attributes(struct nl_row *row, struct nl_columns *columns, json_t *object,
                                 struct nl_error *err) {
    struct nl_buf passed = {0};
    enum nl_status status = nl_attributes_take(attributes_of(row), object, &passed, err);
    /* They are reported once; the file may have a million rows. */
    if (passed.len > 0 && strstr(nl_buf_text(&columns->notes), passed.data) == NULL &&
        columns->notes.len < 4096)
        nl_columns_note(columns, NL_TEXT("attributes left out, since they are not texts: %s"),
                        passed.data);
    nl_buf_free(&passed);
    look_at_tags(row, columns, object);
    return status;
}

static enum nl_status put_attribute(struct nl_row *row, struct nl_columns *columns, size_t index,
                                    const char *text, struct nl_error *err) {
    const struct nl_file_column *column = &columns->list[index];
    enum nl_status status =
        column->kept ? nl_row_look_for_sign(row, columns, index, text, err) : NL_OK;
    if (status == NL_OK && json_object_get(row->attributes, column->attribute) != NULL) {
        row->fatal = true;
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("two columns are the attribute %s: one of them is '%s': give "
                                    "it another name with --map, or leave it out with --ignore"),
                            column->attribute, column->name);
    }
    return status == NL_OK ? nl_attributes_set(attributes_of(row), column->attribute, text, err)
                           : status;
}

static enum nl_status put_field(struct nl_row *row, struct nl_columns *columns, size_t index,
                                const char *text, struct nl_error *err) {
    const struct nl_file_column *column = &columns->list[index];
    if (nl_columns_speak(columns, index, err) != NL_OK) {
        row->fatal = true;
        return NL_DATA;
    }
    if (row->texts[column->kind] != NULL && column->guessed && !row->guessed[column->kind])
        return NL_OK;
    row->texts[column->kind] = text;
    row->guessed[column->kind] = column->guessed;
    return NL_OK;
}

enum nl_status nl_row_put(struct nl_row *row, struct nl_columns *columns, size_t index,
                          const char *text, struct nl_error *err) {
    const struct nl_file_column *column = &columns->list[index];
    bool blank = nl_is_blank(text);
    if (column->unused || (columns->options->addresses_only && column->kind != NL_COLUMN_EMAIL))
        return NL_OK;
    if (column->kind >= NL_COLUMN_STATE && column->kind < NL_COLUMN_FIELDS)
        return nl_row_take_sign(row, columns, index, blank ? "" : text, err);
    if (blank)
        return NL_OK;
    if (column->kind == NL_COLUMN_ATTRIBUTE)
        return put_attribute(row, columns, index, text, err);
    return column->kind < NL_COLUMN_STATE ? put_field(row, columns, index, text, err)
                                          : nl_row_look_for_sign(row, columns, index, text, err);
}

/* ---- the member that they make ---- */

/* The text of a field, cleaned; NULL where there is none. */
static const char *clean(struct nl_row *row, enum nl_column field, enum nl_status *status,
                         struct nl_error *err) {
    struct nl_buf *out = &row->cleaned[field];
    const char *text = row->texts[field];
    nl_buf_clear(out);
    if (text == NULL || *status != NL_OK)
        return NULL;
    const char *what = field <= NL_COLUMN_LAST_NAME && field > NL_COLUMN_EMAIL
                           ? "the name"
                           : nl_column_names[field];
    *status = nl_clean_line(text, what, out, err);
    return *status == NL_OK && out->len > 0 ? out->data : NULL;
}

static enum nl_status read_time(struct nl_row *row, const struct nl_columns *columns,
                                enum nl_column field, int64_t *out, struct nl_error *err) {
    const char *text = row->texts[field];
    *out = 0;
    if (text == NULL)
        return NL_OK;
    switch (nl_moment_read(columns->lexicon, text, columns->options->dates, out)) {
    case NL_MOMENT_AMBIGUOUS:
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT(
                "%s '%s' could be one of two days: give --dates day-first or --dates month-first"),
            nl_column_names[field], text);
    case NL_MOMENT_WRONG:
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s '%s' is not a time like 2026-08-25T09:30:00Z"),
                            nl_column_names[field], text);
    default:
        return NL_OK;
    }
}

static enum nl_status read_times(struct nl_row *row, const struct nl_columns *columns,
                                 struct nl_member *out, struct nl_error *err) {
    enum nl_status status = read_time(row, columns, NL_COLUMN_CONSENT_AT, &out->consent_at, err);
    if (status == NL_OK)
        status = read_time(row, columns, NL_COLUMN_CONFIRMED_AT, &out->confirmed_at, err);
    if (status == NL_OK)
        status = read_time(row, columns, NL_COLUMN_CREATED_AT, &out->created_at, err);
    if (out->consent_at == 0)
        out->consent_at = row->consent_at;
    if (out->confirmed_at == 0)
        out->confirmed_at = row->confirmed_at;
    out->ended_at = row->ended_at;
    return status;
}

/* "Ann" and "Lee", or a name that has both already. Where "name" is a family name, as in German
 * files, the first name stands before it. */
static const char *read_name(struct nl_row *row, enum nl_status *status, struct nl_error *err) {
    const char *name = clean(row, NL_COLUMN_NAME, status, err);
    const char *first = clean(row, NL_COLUMN_FIRST_NAME, status, err);
    const char *middle = clean(row, NL_COLUMN_MIDDLE_NAME, status, err);
    const char *last = clean(row, NL_COLUMN_LAST_NAME, status, err);
    if (name != NULL && (first == NULL || last != NULL || strstr(name, first) != NULL))
        return name;
    last = name != NULL ? name : last;
    if (middle == NULL && (first == NULL || last == NULL))
        return first != NULL ? first : last;
    struct nl_buf joined = {0};
    const char *const parts[] = {first, middle, last};
    for (size_t i = 0; i < 3; i++)
        if (parts[i] != NULL)
            nl_buf_addf(&joined, "%s%s", joined.len > 0 ? " " : "", parts[i]);
    nl_buf_free(&row->cleaned[NL_COLUMN_NAME]);
    row->cleaned[NL_COLUMN_NAME] = joined;
    return nl_buf_text(&row->cleaned[NL_COLUMN_NAME]);
}

/* "ru_RU.UTF-8", as some write it, is ru-RU; "Russian" is ru. */
static const char *read_language(struct nl_row *row, const struct nl_columns *columns,
                                 enum nl_status *status, struct nl_error *err) {
    const char *text = clean(row, NL_COLUMN_LANGUAGE, status, err);
    if (text == NULL || nl_language_is_tag(text))
        return text;
    if (nl_lexicon_is_none(columns->lexicon, text))
        return NULL;
    const char *tag = nl_lexicon_language(columns->lexicon, text);
    if (tag != NULL)
        return tag;
    char *data = row->cleaned[NL_COLUMN_LANGUAGE].data;
    data[strcspn(data, ".@")] = '\0';
    for (char *p = data; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p;
    return data;
}

/* "press, vip"; in Google's form "* myContacts ::: press". */
static enum nl_status read_tags(struct nl_row *row, struct nl_columns *columns,
                                struct nl_error *err) {
    const char *text = row->texts[NL_COLUMN_TAGS];
    const char *separator = text != NULL && strstr(text, ":::") != NULL ? ":::"
                            : text != NULL && strchr(text, ',') == NULL ? ";"
                                                                        : ",";
    json_t *tags = text != NULL ? json_array() : NULL;
    while (text != NULL && *text != '\0') {
        text += strspn(text, " \"*");
        const char *next = strstr(text, separator);
        size_t len = next != NULL ? (size_t)(next - text) : strlen(text);
        size_t end = len;
        while (end > 0 && strchr(" \"", text[end - 1]) != NULL)
            end--;
        if (end > 0)
            json_array_append_new(tags, json_stringn(text, end));
        text += len + (next != NULL ? strlen(separator) : 0);
    }
    json_t *object = tags != NULL ? json_pack("{s:o}", "tags", tags) : NULL;
    enum nl_status status = object != NULL ? nl_row_attributes(row, columns, object, err) : NL_OK;
    json_decref(object);
    return status;
}

static enum nl_status read_timezone(struct nl_row *row, struct nl_columns *columns,
                                    struct nl_error *err) {
    int64_t at = 0;
    enum nl_status status = NL_OK;
    const char *zone = clean(row, NL_COLUMN_TIMEZONE, &status, err);
    if (zone == NULL || nl_lexicon_is_none(columns->lexicon, zone))
        return status;
    if (!nl_zone_time("2026-01-01 00:00", zone, &at) &&
        strstr(nl_buf_text(&columns->notes), "time zone") == NULL)
        nl_columns_note(columns,
                        NL_TEXT("a time zone is not known, such as '%s': with --local-time these "
                                "people get mail by UTC"),
                        zone);
    return nl_attributes_set(attributes_of(row), "timezone", zone, err);
}

static enum nl_status read_attributes(struct nl_row *row, struct nl_columns *columns,
                                      struct nl_member *out, struct nl_error *err) {
    const char *text = row->texts[NL_COLUMN_ATTRIBUTES];
    json_t *object = text != NULL ? json_loads(text, 0, NULL) : NULL;
    enum nl_status status = NL_OK;
    if (text != NULL && !json_is_object(object))
        status = nl_error_set(err, NL_DATA, NL_TEXT("attributes are not a JSON object"));
    if (status == NL_OK && object != NULL)
        status = nl_row_attributes(row, columns, object, err);
    json_decref(object);
    if (status == NL_OK)
        status = read_tags(row, columns, err);
    if (status == NL_OK)
        status = read_timezone(row, columns, err);
    if (status == NL_OK && row->attributes != NULL && json_object_size(row->attributes) > 0)
        row->attribute_text = json_dumps(row->attributes, JSON_COMPACT | JSON_SORT_KEYS);
    out->attributes = row->attribute_text;
    return status;
}

/* "ann@example.org", or as spreadsheets have it "mailto:ann@example.org" and "Ann <ann@...>". */
static enum nl_status read_address(struct nl_row *row, struct nl_member *out,
                                   struct nl_error *err) {
    const char *text = row->texts[NL_COLUMN_EMAIL];
    struct nl_buf *cleaned = &row->cleaned[NL_COLUMN_EMAIL];
    struct nl_address address = {0};
    char *name = NULL;
    if (text == NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("there is no address"));
    text += strspn(text, " \t\r\n");
    if (strncasecmp(text, "mailto:", 7) == 0)
        text += 7;
    out->address = text;
    if (text[0] == '\0')
        return nl_error_set(err, NL_DATA, NL_TEXT("there is no address"));
    if (strchr(text, '<') == NULL)
        return NL_OK;
    enum nl_status status = nl_mailbox_parse(text, &name, &address, err);
    nl_buf_clear(cleaned);
    if (status == NL_OK) {
        nl_buf_adds(cleaned, address.text);
        out->address = nl_buf_text(cleaned);
    }
    if (status == NL_OK && out->name == NULL && name != NULL) {
        nl_buf_clear(&row->cleaned[NL_COLUMN_NAME]);
        nl_buf_adds(&row->cleaned[NL_COLUMN_NAME], name);
        out->name = nl_buf_text(&row->cleaned[NL_COLUMN_NAME]);
    }
    free(name);
    nl_address_free(&address);
    return status;
}

/* Sets the state that a row gives to its person. */
static void take_sign(enum nl_sign sign, struct nl_member *out) {
    static const enum nl_subscription_state states[NL_SIGNS] = {
        [NL_SIGN_ACTIVE] = NL_SUBSCRIPTION_ACTIVE,
        [NL_SIGN_PENDING] = NL_SUBSCRIPTION_PENDING,
        [NL_SIGN_UNSUBSCRIBED] = NL_SUBSCRIPTION_UNSUBSCRIBED,
        [NL_SIGN_BOUNCED] = NL_SUBSCRIPTION_BOUNCED,
        [NL_SIGN_COMPLAINED] = NL_SUBSCRIPTION_COMPLAINED,
    };
    out->state = states[sign];
    out->blocked = sign == NL_SIGN_BLOCKED;
}

enum nl_status nl_row_member(struct nl_row *row, struct nl_columns *columns, struct nl_member *out,
                             struct nl_error *err) {
    enum nl_status status = NL_OK;
    *out = (struct nl_member){0};
    out->name = read_name(row, &status, err);
    out->language = read_language(row, columns, &status, err);
    out->list = clean(row, NL_COLUMN_LIST, &status, err);
    if (out->list != NULL)
        look_at_tag(row, columns, out->list); /* a list or segment called "Unsubscribed" */
    out->consent_source = clean(row, NL_COLUMN_CONSENT_SOURCE, &status, err);
    out->consent_ip = clean(row, NL_COLUMN_CONSENT_IP, &status, err);
    out->consent_version = clean(row, NL_COLUMN_CONSENT_VERSION, &status, err);
    if (status == NL_OK)
        status = read_address(row, out, err);
    const struct nl_form form = {.name = (char *)out->name, .language = (char *)out->language};
    if (status == NL_OK)
        status = nl_form_check(&form, err);
    if (status == NL_OK)
        status = read_times(row, columns, out, err);
    if (status == NL_OK)
        status = read_attributes(row, columns, out, err);
    take_sign(row->sign, out);
    return status;
}
