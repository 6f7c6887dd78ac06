#include "newsletter/service/subscribers.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/language.h"
#include "newsletter/store/person.h"
#include "service/who.h"

#include <stdlib.h>
#include <string.h>

/* Replaces a text; an empty value unsets it. */
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

/* Sets one attribute: a text, a number, true or false, or a list of these; null removes it. */
static enum nl_status set_attribute(json_t *attributes, const char *name, json_t *value,
                                    struct nl_error *err) {
    struct nl_buf passed = {0};
    enum nl_status status = NL_OK;
    if (json_is_string(value))
        return nl_attributes_set(attributes, name, json_string_value(value), err);
    json_object_del(attributes, name);
    json_t *one = json_pack("{s:O}", name, value);
    if (json_is_object(value))
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("attribute %s: an object is not a value"), name);
    else
        status = nl_attributes_take(attributes, one, &passed, err);
    if (status == NL_OK && passed.len > 0)
        status = nl_error_set(
            err, NL_DATA,
            NL_TEXT("attribute %s: give a name of letters, digits, _ and -, and texts, "
                    "numbers, or a list of them"),
            name);
    json_decref(one);
    nl_buf_free(&passed);
    return status;
}

static enum nl_status set_attributes(struct nl_person *person, json_t *changes,
                                     struct nl_error *err) {
    json_t *attributes = changes != NULL ? json_loads(person->attributes, 0, NULL) : NULL;
    const char *name = NULL;
    json_t *value = NULL;
    if (changes == NULL)
        return NL_OK;
    enum nl_status status = attributes != NULL ? NL_OK : nl_error_nomem(err);
    json_object_foreach(changes, name, value) {
        if (status == NL_OK)
            status = set_attribute(attributes, name, value, err);
    }
    if (status == NL_OK) {
        free(person->attributes);
        person->attributes = json_dumps(attributes, JSON_COMPACT);
    }
    json_decref(attributes);
    return status;
}

static enum nl_status apply(struct nl_person *person, const struct nl_subscriber_change *change,
                            struct nl_error *err) {
    enum nl_status status =
        set_text(&person->name, change->name, NL_TEXT_IN("error", "the name"), err);
    if (status == NL_OK)
        status =
            set_text(&person->language, change->language, NL_TEXT_IN("error", "the language"), err);
    return status == NL_OK ? set_attributes(person, change->attributes, err) : status;
}

/* In a transaction, so that what was compared is what is changed. */
static enum nl_status change_within(const struct nl_office *office, const struct nl_who *who,
                                    const struct nl_subscriber_change *change, bool *stale,
                                    struct nl_error *err) {
    struct nl_subscriber present = {0};
    struct nl_person person = {0};
    enum nl_status status = nl_office_subscriber_read(office, who, &present, err);
    if (status == NL_OK)
        *stale = !nl_revision_holds(change->expected, &present.revision);
    if (status == NL_OK && !*stale) {
        int64_t id = json_integer_value(json_object_get(present.facts, "id"));
        status = nl_person_read(office->store, id, &person, err);
        if (status == NL_OK)
            status = apply(&person, change, err);
        if (status == NL_OK)
            status = nl_person_write(office->store, &person, err);
        if (status == NL_OK)
            status = nl_office_note(office, "subscriber change", "subscriber", NULL, id, err);
    }
    nl_person_free(&person);
    nl_subscriber_free(&present);
    return status;
}

enum nl_status nl_office_subscriber_change(const struct nl_office *office, const struct nl_who *who,
                                           const struct nl_subscriber_change *change, bool *stale,
                                           struct nl_error *err) {
    *stale = false;
    if (change->language != NULL && change->language[0] != '\0' &&
        !nl_language_is_tag(change->language))
        return nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                            change->language);
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = change_within(office, who, change, stale, err);
    return nl_office_end(office, open, status, err);
}
