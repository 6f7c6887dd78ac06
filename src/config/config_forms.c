#include "config/config_forms.h"

#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 4 };

static const char prefix[] = "forms";

bool nl_config_is_form(const struct nl_yaml_entry *entry) {
    size_t len = sizeof prefix - 1;
    return strncmp(entry->path, prefix, len) == 0 &&
           (entry->path[len] == '.' || entry->path[len] == '\0');
}

/* "label: City" is for all languages, "label: {ru: Город}" for one: `language` is "" or the key. */
static enum nl_status set_label(struct nl_form_label *label, const char *language,
                                const char *value, struct nl_error *err) {
    if (value[0] == '\0')
        return nl_error_set(err, NL_CONFIG, "a label is empty: write one, or leave 'label' out");
    enum nl_status status = nl_text_check_label(value, "a label", err);
    if (status == NL_OK && language[0] != '\0' && !nl_language_is_tag(language))
        status =
            nl_error_set(err, NL_CONFIG, "'%s' is not a language tag such as en or kk", language);
    if (status == NL_OK)
        nl_form_label_set(label, language, value);
    return status;
}

static enum nl_status set_type(struct nl_form_field *field, const char *value,
                               struct nl_error *err) {
    for (int i = 0; nl_form_types[i] != NULL; i++) {
        if (strcmp(nl_form_types[i], value) == 0) {
            field->type = (enum nl_form_type)i;
            return NL_OK;
        }
    }
    return nl_error_set(err, NL_CONFIG,
                        "type is '%s', expected text, number, date, choice or yes/no", value);
}

static bool is_number(const char *text) {
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* A list of values, or a mapping from each value to its label. */
static enum nl_status add_choice(struct nl_form_field *field, char *words[WORDS], const char *value,
                                 struct nl_error *err) {
    bool plain = is_number(words[2]) && words[3][0] == '\0';
    enum nl_status status = nl_text_check_label(plain ? value : words[2], "a choice", err);
    struct nl_form_choice *choice =
        status == NL_OK ? nl_form_choice_add(field, plain ? value : words[2], err) : NULL;
    if (choice == NULL)
        return err->status;
    return plain ? NL_OK : set_label(&choice->label, words[3], value, err);
}

/* `words` are those after "forms": the attribute, the setting, and what the setting needs. */
static enum nl_status apply_words(struct nl_config *config, char *words[WORDS], const char *value,
                                  struct nl_error *err) {
    struct nl_form_field *field = nl_form_field_add(&config->forms, words[0], err);
    if (field == NULL)
        return err->status;
    if (words[1][0] == '\0' &&
        value[0] == '\0') /* "city:" or "city: {}": a text with the default label */
        return NL_OK;
    if (strcmp(words[1], "type") == 0 && words[2][0] == '\0')
        return set_type(field, value, err);
    if (strcmp(words[1], "label") == 0 && words[3][0] == '\0')
        return set_label(&field->label, words[2], value, err);
    if (strcmp(words[1], "choices") == 0 && words[2][0] != '\0')
        return add_choice(field, words, value, err);
    return nl_error_set(err, NL_CONFIG,
                        "expected label, type and choices, as in 'city: {label: City, type: "
                        "text}'");
}

enum nl_status nl_config_apply_form(struct nl_config *config, const struct nl_yaml_entry *entry,
                                    struct nl_error *err) {
    char *words[WORDS] = {"", "", "", ""};
    char *copy = nl_strdup(entry->path);
    char *rest = copy;
    enum nl_status status = NL_OK;
    strsep(&rest, ".");
    for (size_t i = 0; rest != NULL && i < WORDS; i++)
        words[i] = i + 1 < WORDS ? strsep(&rest, ".") : rest;
    if (words[0][0] != '\0')
        status = apply_words(config, words, entry->value, err);
    else if (entry->value[0] != '\0')
        status = nl_error_set(err, NL_CONFIG, "expected attributes, as in 'city: {label: City}'");
    free(copy);
    return status == NL_OK
               ? NL_OK
               : nl_error_context(err, "%s:%zu: %s", config->path, entry->line, entry->path);
}

enum nl_status nl_config_check_forms(const struct nl_config *config, struct nl_error *err) {
    for (size_t i = 0; i < config->forms.count; i++) {
        const struct nl_form_field *field = &config->forms.items[i];
        if ((field->type == NL_FORM_CHOICE) != (field->choice_count > 0))
            return nl_error_set(err, NL_CONFIG,
                                "%s: forms.%s: 'type: choice' and a list of choices go together",
                                config->path, field->attribute);
    }
    return NL_OK;
}
