/* The attributes that visitors may set through a form, as the configuration lists them under
 * `forms`. A form sets no others: they decide who gets which passages and issues. */
#ifndef NEWSLETTER_BASE_FORM_FIELD_H
#define NEWSLETTER_BASE_FORM_FIELD_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum nl_form_type { NL_FORM_TEXT, NL_FORM_NUMBER, NL_FORM_DATE, NL_FORM_CHOICE, NL_FORM_YES_NO };

/* The names of the types in the configuration, in the order of the enum, then NULL. */
extern const char *const nl_form_types[];

/* One text in several languages. A language of "" is for all that have none of their own. */
struct nl_form_label {
    struct nl_form_label_text {
        char *language;
        char *text;
    } * items;
    size_t count;
};

struct nl_form_choice {
    char *value; /* as it is stored */
    struct nl_form_label label;
};

struct nl_form_field {
    char *attribute;
    enum nl_form_type type;
    struct nl_form_label label;
    struct nl_form_choice *choices;
    size_t choice_count;
};

/* Zero-initialise it; free with nl_form_fields_free. */
struct nl_form_fields {
    struct nl_form_field *items;
    size_t count;
};

/* Finds the field of an attribute, NULL if forms may not set it. */
struct nl_form_field *nl_form_field_find(const struct nl_form_fields *fields, const char *attribute)
    NL_NONNULL(2);

/* The field of an attribute. A new one is added as a text without a label. NULL after a failure,
 * with `err` filled. */
struct nl_form_field *nl_form_field_add(struct nl_form_fields *fields, const char *attribute,
                                        struct nl_error *err) NL_NONNULL(1, 2);

/* The choice with a value, added if it is new. NULL after a failure, with `err` filled. */
struct nl_form_choice *nl_form_choice_add(struct nl_form_field *field, const char *value,
                                          struct nl_error *err) NL_NONNULL(1, 2);

/* Adds or replaces the text for one language. */
void nl_form_label_set(struct nl_form_label *label, const char *language,
                       const char *text) NL_ALL_NONNULL;

/* The text for a reader's language: the closest one, else the one for all languages, else the first
 * one, else `fallback`. */
const char *nl_form_label_text(const struct nl_form_label *label, const char *language,
                               const char *fallback) NL_ALL_NONNULL;

/* Empties a label. */
void nl_form_label_free(struct nl_form_label *label) NL_ALL_NONNULL;

/* Checks a value by its type and appends it as it is to be stored: a number with a decimal point, a
 * date as YYYY-MM-DD, "yes" or "no". NL_DATA says what is expected. */
NL_CHECKED enum nl_status nl_form_field_check(const struct nl_form_field *field, const char *value,
                                              struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3);

void nl_form_fields_free(struct nl_form_fields *fields);

#endif
