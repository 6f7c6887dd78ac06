#include "cli/cli.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/language.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/store/person.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct subscriber_options {
    const char *name, *language;
    struct cli_texts attributes;
    int64_t limit;
    bool json;
};

static enum nl_status find_subscriber(struct cli *cli, int64_t *subscriber, struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = nl_address_parse(cli->words[0], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_person_find(cli->store, &address, subscriber, err);
    nl_address_free(&address);
    return status;
}

/* ---- list ---- */

static enum nl_status list_row(const struct nl_person_row *row, void *ctx, struct nl_error *err) {
    const struct subscriber_options *chosen = ctx;
    char since[CLI_TIME_LEN] = "";
    (void)err;
    if (chosen->json) {
        json_t *object = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:o}", "address", row->address,
                                   "name", row->name, "language", row->language, "list", row->list,
                                   "state", row->state, "since", cli_json_time(row->since));
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
        return NL_OK;
    }
    if (row->since != 0)
        cli_format_time(row->since, since);
    printf("%s\t%s\t%s\t%s\t%s\n", row->address, row->name != NULL ? row->name : "",
           row->list != NULL ? row->list : "", row->state != NULL ? row->state : "", since);
    return NL_OK;
}

static enum nl_status subscriber_list(struct cli *cli, void *options, struct nl_error *err) {
    const struct subscriber_options *chosen = options;
    enum nl_status status = cli_open(cli, err);
    return status == NL_OK
               ? nl_persons_each(cli->store, cli->words[0], chosen->limit, list_row, options, err)
               : status;
}

/* ---- show ---- */

/* One value in a line of text; "" for null. The caller frees it. */
static char *text_of(const json_t *value) {
    return value == NULL || json_is_null(value) ? strdup("")
           : json_is_string(value)              ? strdup(json_string_value(value))
                                                : json_dumps(value, JSON_ENCODE_ANY);
}

/* A moment as it is shown everywhere. Attributes are the subscriber's own words. */
static void show_moments(json_t *object) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value) {
        size_t len = strlen(name);
        int64_t at = 0;
        char when[CLI_TIME_LEN];
        bool moment = strcmp(name, "at") == 0 || strcmp(name, "since") == 0 ||
                      (len > 3 && strcmp(name + len - 3, "_at") == 0);
        if (json_is_string(value) && moment && nl_timestamp_parse(json_string_value(value), &at)) {
            cli_format_time(at, when);
            json_string_set(value, when);
        } else if (json_is_object(value) && strcmp(name, "attributes") != 0) {
            show_moments(value);
        } else if (json_is_array(value)) {
            size_t i = 0;
            json_t *row = NULL;
            json_array_foreach(value, i, row) show_moments(row);
        }
    }
}

/* A list of texts or numbers, such as tags; the rows of a section are none. */
static bool is_plain_list(const json_t *value) {
    return json_array_size(value) > 0 && !json_is_object(json_array_get(value, 0));
}

/* A field on each line; an object within is indented. */
static void show_fields(const json_t *object, int indent) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)object, name, value) {
        char *text = NULL;
        if (json_is_null(value) || (json_is_array(value) && !is_plain_list(value)))
            continue;
        if (json_is_object(value)) { /* consent, attributes */
            if (json_object_size(value) > 0)
                printf("%*s%s\n", indent, "", name);
            show_fields(value, indent + 2);
            continue;
        }
        text = text_of(value);
        if (text != NULL)
            printf("%*s%-14s %s\n", indent, "", name, text);
        free(text);
    }
}

/* The rows under one name, each in a paragraph. */
static void show_rows(const char *heading, const json_t *rows) {
    size_t at = 0;
    json_t *row = NULL;
    if (json_array_size(rows) == 0)
        return;
    printf("\n%s\n", heading);
    json_array_foreach(rows, at, row) {
        if (at > 0)
            putchar('\n');
        show_fields(row, 2);
    }
}

static void show_person(json_t *person) {
    show_moments(person);
    show_fields(person, 0);
    show_rows("Subscriptions", json_object_get(person, "subscriptions"));
    show_rows("Deliveries", json_object_get(person, "deliveries"));
    show_rows("Mail that came back", json_object_get(person, "returned_mail"));
    show_rows("History", json_object_get(person, "history"));
}

static enum nl_status subscriber_show(struct cli *cli, void *options, struct nl_error *err) {
    const struct subscriber_options *chosen = options;
    int64_t subscriber = 0;
    char *text = NULL;
    enum nl_status status = find_subscriber(cli, &subscriber, err);
    if (status == NL_OK)
        status = nl_person_export(cli->store, subscriber, 0, &text, err);
    if (status == NL_OK) {
        json_t *person = json_loads(text, 0, NULL);
        if (person == NULL)
            status = nl_error_nomem(err);
        else if (chosen->json)
            puts(text);
        else
            show_person(person);
        json_decref(person);
    }
    free(text);
    return status;
}

/* ---- edit ---- */

/* Replaces a text by what an option says; an empty value unsets it. */
static enum nl_status set_text(char **text, const char *value, const char *what,
                               struct nl_error *err) {
    struct nl_buf clean = {0};
    enum nl_status status = value != NULL ? nl_clean_line(value, what, &clean, err) : NL_OK;
    if (status == NL_OK && value != NULL) {
        free(*text);
        *text = clean.len > 0 ? nl_buf_take(&clean) : NULL;
    }
    nl_buf_free(&clean);
    return status;
}

/* NAME=VALUE; an empty value removes it. */
static enum nl_status set_attribute(json_t *attributes, const char *text, struct nl_error *err) {
    const char *sign = strchr(text, '=');
    char *name = sign != NULL ? strndup(text, (size_t)(sign - text)) : NULL;
    if (sign == NULL)
        return nl_error_set(err, NL_USAGE, "--attribute '%s' is not NAME=VALUE", text);
    enum nl_status status =
        name != NULL ? nl_attributes_set(attributes, name, sign + 1, err) : nl_error_nomem(err);
    free(name);
    return status;
}

static enum nl_status set_attributes(struct nl_person *person, const struct cli_texts *texts,
                                     struct nl_error *err) {
    json_t *attributes = json_loads(person->attributes, 0, NULL);
    enum nl_status status = attributes != NULL ? NL_OK : nl_error_nomem(err);
    for (size_t i = 0; status == NL_OK && i < texts->count; i++)
        status = set_attribute(attributes, texts->items[i], err);
    if (status == NL_OK) {
        free(person->attributes);
        person->attributes = json_dumps(attributes, JSON_COMPACT);
        status = person->attributes != NULL ? NL_OK : nl_error_nomem(err);
    }
    json_decref(attributes);
    return status;
}

static enum nl_status subscriber_edit(struct cli *cli, void *options, struct nl_error *err) {
    const struct subscriber_options *chosen = options;
    struct nl_person person = {0};
    int64_t subscriber = 0;
    if (chosen->name == NULL && chosen->language == NULL && chosen->attributes.count == 0)
        return cli_usage_error(cli, err, "give --name, --language or --attribute");
    if (chosen->language != NULL && chosen->language[0] != '\0' &&
        !nl_language_is_tag(chosen->language))
        return nl_error_set(err, NL_DATA, "'%s' is not a language tag such as en or kk",
                            chosen->language);
    enum nl_status status = find_subscriber(cli, &subscriber, err);
    if (status == NL_OK)
        status = nl_person_read(cli->store, subscriber, &person, err);
    if (status == NL_OK)
        status = set_text(&person.name, chosen->name, "the name", err);
    if (status == NL_OK)
        status = set_text(&person.language, chosen->language, "the language", err);
    if (status == NL_OK)
        status = set_attributes(&person, &chosen->attributes, err);
    if (status == NL_OK)
        status = nl_person_write(cli->store, &person, err);
    if (status == NL_OK)
        printf("changed %s\n", person.address);
    nl_person_free(&person);
    return status;
}

static const struct cli_option subscriber_table[] = {
    CLI_TEXT("name", struct subscriber_options, name),
    CLI_TEXT("language", struct subscriber_options, language),
    CLI_REPEATED("attribute", struct subscriber_options, attributes),
    CLI_NUMBER("limit", struct subscriber_options, limit, 1, INT64_MAX),
    CLI_FLAG("json", struct subscriber_options, json),
    {0},
};

static const struct cli_action subscriber_actions[] = {
    {"list", subscriber_list, {0, 1, "one PART at most"}},
    {"show", subscriber_show, {1, 1, "one ADDRESS"}},
    {"edit", subscriber_edit, {1, 1, "one ADDRESS"}},
    {0},
};

const struct cli_command cmd_subscriber = {
    .name = "subscriber",
    .options = subscriber_table,
    .size = sizeof(struct subscriber_options),
    .actions = subscriber_actions,
};
