#include "cli/cli.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct subscriber_options {
    const char *name, *language;
    struct cli_texts attributes;
    int64_t limit;
};

/* ---- list ---- */

enum { PAGE = 1000 };

/* When a subscription began, or ended. */
static int64_t since_of(const json_t *subscription) {
    static const char *const names[] = {"ended_at", "confirmed_at"};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (nl_timestamp_parse(nl_facts_word(subscription, names[i]), &at))
            return at;
    return nl_timestamp_parse(nl_facts_word(json_object_get(subscription, "consent"), "at"), &at)
               ? at
               : 0;
}

/* `subscription` is NULL for a person without any. */
static void list_row(const json_t *person, const json_t *subscription, bool json) {
    char since[CLI_TIME_LEN] = "";
    int64_t at = since_of(subscription);
    if (json) {
        json_t *object = json_pack(
            "{s:s, s:O, s:O, s:o, s:o, s:o}", "address", nl_facts_word(person, "address"), "name",
            json_object_get(person, "name"), "language", json_object_get(person, "language"),
            "list",
            subscription != NULL ? json_incref(json_object_get(subscription, "list")) : json_null(),
            "state",
            subscription != NULL ? json_incref(json_object_get(subscription, "state"))
                                 : json_null(),
            "since", cli_json_time(at));
        cli_print_json_line(object);
        return;
    }
    if (at != 0)
        cli_format_time(at, since);
    printf("%s\t%s\t%s\t%s\t%s\n", nl_facts_word(person, "address"), nl_facts_word(person, "name"),
           nl_facts_word(subscription, "list"), nl_facts_word(subscription, "state"), since);
}

/* Prints at most *left lines; *left is below 0 without a limit. */
static void list_person(struct cli *cli, const json_t *person, int64_t *left) {
    const json_t *subscriptions = json_object_get(person, "subscriptions");
    size_t count = json_array_size(subscriptions);
    for (size_t i = 0; i < (count > 0 ? count : 1) && *left != 0; i++, --*left)
        list_row(person, json_array_get(subscriptions, i), cli->json);
}

static enum nl_status subscriber_list(struct cli *cli, void *options, struct nl_error *err) {
    const struct subscriber_options *chosen = options;
    int64_t left = chosen->limit > 0 ? chosen->limit : -1;
    char *after = NULL;
    enum nl_status status = cli_open(cli, err);
    do {
        const struct nl_office office = cli_office(cli);
        const struct nl_subscriber_query query = {
            .part = cli->words[0],
            .after = after,
            .limit = left > 0 && left < PAGE ? left : PAGE,
        };
        struct nl_subscriber_page page = {0};
        if (status == NL_OK)
            status = nl_office_subscribers_find(&office, &query, &page, err);
        for (size_t i = 0; i < json_array_size(page.subscribers); i++)
            list_person(cli, json_array_get(page.subscribers, i), &left);
        free(after);
        after = page.next;
        page.next = NULL;
        nl_subscriber_page_free(&page);
    } while (status == NL_OK && after != NULL && left != 0);
    free(after);
    return status;
}

/* ---- show ---- */

/* One value in a line of text; "" for null. The caller frees it. */
static char *text_of(const json_t *value) {
    return value == NULL || json_is_null(value) ? nl_strdup("")
           : json_is_string(value)              ? nl_strdup(json_string_value(value))
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

/* A list of texts or numbers, such as tags, but not the rows of a section. */
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
    (void)options;
    const struct nl_who who = {.address = cli->words[0]};
    json_t *person = NULL;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_subscriber_history(&office, &who, 0, &person, err);
    if (status == NL_OK && cli->json) {
        cli_print_json_line(json_incref(person));
    } else if (status == NL_OK) {
        show_person(person);
    }
    json_decref(person);
    return status;
}

/* ---- edit ---- */

/* NAME=VALUE; an empty value removes it. */
static enum nl_status add_attribute(json_t *attributes, const char *text, struct nl_error *err) {
    const char *sign = strchr(text, '=');
    if (sign == NULL)
        return nl_error_set(err, NL_USAGE, "--attribute '%s' is not NAME=VALUE", text);
    char *name = nl_strndup(text, (size_t)(sign - text));
    json_t *value = json_string(sign + 1);
    enum nl_status status = NL_OK;
    if (value == NULL || json_object_set(attributes, name, value) != 0)
        status = nl_error_set(err, NL_DATA, "--attribute '%s' is not valid UTF-8", text);
    json_decref(value);
    free(name);
    return status;
}

static enum nl_status change_person(struct cli *cli, const struct nl_subscriber_change *change,
                                    struct nl_error *err) {
    const struct nl_who who = {.address = cli->words[0]};
    const struct nl_office office = cli_office(cli);
    struct nl_subscriber changed = {0};
    bool stale = false;
    enum nl_status status = nl_office_subscriber_change(&office, &who, change, &stale, err);
    if (status == NL_OK)
        status = nl_office_subscriber_read(&office, &who, &changed, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s}", "address", nl_facts_word(changed.facts, "address"),
                           "result", "changed"),
                 "changed %s", nl_facts_word(changed.facts, "address"));
    nl_subscriber_free(&changed);
    return status;
}

static enum nl_status subscriber_edit(struct cli *cli, void *options, struct nl_error *err) {
    const struct subscriber_options *chosen = options;
    struct nl_subscriber_change change = {.name = chosen->name, .language = chosen->language};
    if (chosen->name == NULL && chosen->language == NULL && chosen->attributes.count == 0)
        return cli_usage_error(cli, err, "give --name, --language or --attribute");
    change.attributes = json_object();
    enum nl_status status = cli_open(cli, err);
    for (size_t i = 0; status == NL_OK && i < chosen->attributes.count; i++)
        status = add_attribute(change.attributes, chosen->attributes.items[i], err);
    if (status == NL_OK)
        status = change_person(cli, &change, err);
    json_decref(change.attributes);
    return status;
}

static const struct cli_option subscriber_table[] = {
    CLI_TEXT("name", struct subscriber_options, name),
    CLI_TEXT("language", struct subscriber_options, language),
    CLI_REPEATED("attribute", struct subscriber_options, attributes),
    CLI_NUMBER("limit", struct subscriber_options, limit, 1, INT64_MAX),
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
