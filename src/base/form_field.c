#include "newsletter/base/form_field.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/clean.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_LIMIT = 32, CHOICES_LIMIT = 200, NAME_LIMIT = 64, DIGITS_LIMIT = 30 };

const char *const nl_form_types[] = {"text", "number", "date", "choice", "yes/no", NULL};

struct nl_form_field *nl_form_field_find(const struct nl_form_fields *fields,
                                         const char *attribute) {
    for (size_t i = 0; fields != NULL && i < fields->count; i++)
        if (strcmp(fields->items[i].attribute, attribute) == 0)
            return &fields->items[i];
    return NULL;
}

struct nl_form_field *nl_form_field_add(struct nl_form_fields *fields, const char *attribute,
                                        struct nl_error *err) {
    struct nl_form_field *found = nl_form_field_find(fields, attribute);
    if (found != NULL)
        return found;
    if (!nl_text_is_name(attribute, "_-", NAME_LIMIT)) {
        nl_error_set(err, NL_CONFIG, "'%s' is not an attribute name: use letters, digits, _ and -",
                     attribute);
        return NULL;
    }
    if (fields->count == FIELDS_LIMIT) {
        nl_error_set(err, NL_CONFIG, "a form has %d attributes at most", FIELDS_LIMIT);
        return NULL;
    }
    struct nl_form_field *grown =
        nl_realloc(fields->items, (fields->count + 1) * sizeof *fields->items);
    char *name = nl_strdup(attribute);
    fields->items = grown;
    grown[fields->count] = (struct nl_form_field){.attribute = name};
    return &grown[fields->count++];
}

static struct nl_form_choice *find_choice(const struct nl_form_field *field, const char *value) {
    for (size_t i = 0; i < field->choice_count; i++)
        if (strcmp(field->choices[i].value, value) == 0)
            return &field->choices[i];
    return NULL;
}

struct nl_form_choice *nl_form_choice_add(struct nl_form_field *field, const char *value,
                                          struct nl_error *err) {
    struct nl_form_choice *found = find_choice(field, value);
    if (found != NULL)
        return found;
    if (value[0] == '\0' || field->choice_count == CHOICES_LIMIT) {
        nl_error_set(err, NL_CONFIG, "choices are up to %d texts, none of them empty",
                     CHOICES_LIMIT);
        return NULL;
    }
    struct nl_form_choice *grown =
        nl_realloc(field->choices, (field->choice_count + 1) * sizeof *field->choices);
    char *copy = nl_strdup(value);
    field->choices = grown;
    grown[field->choice_count] = (struct nl_form_choice){.value = copy};
    return &grown[field->choice_count++];
}

/* ---- labels ---- */

void nl_form_label_set(struct nl_form_label *label, const char *language, const char *text) {
    size_t at = 0;
    while (at < label->count && strcasecmp(label->items[at].language, language) != 0)
        at++;
    if (at == label->count) {
        struct nl_form_label_text *grown =
            nl_realloc(label->items, (label->count + 1) * sizeof *label->items);
        label->items = grown;
        grown[at] = (struct nl_form_label_text){.language = nl_strdup(language)};
        label->count++;
    }
    free(label->items[at].text);
    label->items[at].text = nl_strdup(text);
}

const char *nl_form_label_text(const struct nl_form_label *label, const char *language,
                               const char *fallback) {
    const char *best = label->count > 0 ? label->items[0].text : fallback;
    enum nl_language_match best_match = NL_LANGUAGE_OTHER;
    for (size_t i = 0; i < label->count; i++) {
        const struct nl_form_label_text *item = &label->items[i];
        enum nl_language_match match = item->language[0] != '\0'
                                           ? nl_language_match(language, item->language)
                                           : NL_LANGUAGE_OTHER;
        if (match > best_match || (best_match == NL_LANGUAGE_OTHER && item->language[0] == '\0')) {
            best = item->text;
            best_match = match;
        }
    }
    return best;
}

/* ---- values ---- */

/* A decimal number; the comma that many countries write becomes a point. */
static bool take_number(const char *text, struct nl_buf *out) {
    const char *p = text + (*text == '-' || *text == '+');
    size_t whole = strspn(p, "0123456789");
    const char *point = p + whole;
    size_t part = *point == '.' || *point == ',' ? strspn(point + 1, "0123456789") : 0;
    const char *end = part > 0 ? point + 1 + part : point;
    if (whole == 0 || whole + part > DIGITS_LIMIT || *end != '\0')
        return false;
    nl_buf_addf(out, "%s%.*s", *text == '-' ? "-" : "", (int)whole, p);
    if (part > 0)
        nl_buf_addf(out, ".%.*s", (int)part, point + 1);
    return true;
}

static bool take_date(const char *text, struct nl_buf *out) {
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    int year = (int)strtol(text, NULL, 10);
    int month = (int)strtol(text + 5, NULL, 10);
    int day = (int)strtol(text + 8, NULL, 10);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (text[10] != '\0' || year == 0 || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] || (month == 2 && day == 29 && !leap))
        return false;
    nl_buf_adds(out, text);
    return true;
}

static bool take_yes_no(const char *text, struct nl_buf *out) {
    static const char *const words[][2] = {{"yes", "yes"}, {"on", "yes"},  {"true", "yes"},
                                           {"1", "yes"},   {"no", "no"},   {"off", "no"},
                                           {"0", "no"},    {"false", "no"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i][0]) == 0) {
            nl_buf_adds(out, words[i][1]);
            return true;
        }
    }
    return false;
}

static bool take_choice(const struct nl_form_field *field, const char *text, struct nl_buf *out) {
    if (find_choice(field, text) == NULL)
        return false;
    nl_buf_adds(out, text);
    return true;
}

enum nl_status nl_form_field_check(const struct nl_form_field *field, const char *value,
                                   struct nl_buf *out, struct nl_error *err) {
    static const char *const wanted[] = {"a text", "a number such as 12 or 1.5",
                                         "a date such as 2026-12-31", "one of its choices",
                                         "yes or no"};
    struct nl_buf text = {0};
    bool valid = true;
    enum nl_status status = nl_clean_line(value, field->attribute, &text, err);
    if (status == NL_OK && text.len > 0) {
        switch (field->type) {
        case NL_FORM_NUMBER:
            valid = take_number(text.data, out);
            break;
        case NL_FORM_DATE:
            valid = take_date(text.data, out);
            break;
        case NL_FORM_CHOICE:
            valid = take_choice(field, text.data, out);
            break;
        case NL_FORM_YES_NO:
            valid = take_yes_no(text.data, out);
            break;
        default:
            nl_buf_adds(out, text.data);
        }
    }
    nl_buf_free(&text);
    if (!valid)
        return nl_error_set(err, NL_DATA, "attribute %s is not %s", field->attribute,
                            wanted[field->type]);
    return status;
}

/* ---- the end ---- */

void nl_form_label_free(struct nl_form_label *label) {
    for (size_t i = 0; i < label->count; i++) {
        free(label->items[i].language);
        free(label->items[i].text);
    }
    free(label->items);
    *label = (struct nl_form_label){0};
}

void nl_form_fields_free(struct nl_form_fields *fields) {
    for (size_t i = 0; i < fields->count; i++) {
        struct nl_form_field *field = &fields->items[i];
        for (size_t at = 0; at < field->choice_count; at++) {
            free(field->choices[at].value);
            nl_form_label_free(&field->choices[at].label);
        }
        free(field->choices);
        nl_form_label_free(&field->label);
        free(field->attribute);
    }
    free(fields->items);
    *fields = (struct nl_form_fields){0};
}
