#include "web/form_fields.h"

#include "newsletter/template/data.h"

#include <string.h>

static json_t *choices_data(const struct nl_form_field *field, const char *value,
                            const char *language) {
    json_t *array = json_array();
    for (size_t i = 0; i < field->choice_count; i++) {
        const struct nl_form_choice *choice = &field->choices[i];
        json_t *item = json_object();
        nl_data_set(item, "value", choice->value);
        nl_data_set(item, "label", nl_form_label_text(&choice->label, language, choice->value));
        json_object_set_new(item, "chosen", json_boolean(strcmp(choice->value, value) == 0));
        json_array_append_new(array, item);
    }
    return array;
}

static json_t *field_data(const struct nl_form_field *field, const char *value, bool bad,
                          const char *language) {
    json_t *item = json_object();
    bool box = field->type == NL_FORM_YES_NO;
    bool choice = field->type == NL_FORM_CHOICE;
    nl_data_set(item, "attribute", field->attribute);
    nl_data_set(item, "label", nl_form_label_text(&field->label, language, field->attribute));
    nl_data_set(item, "value", value);
    nl_data_set(item, "input", field->type == NL_FORM_DATE ? "date" : "text");
    nl_data_set(item, "mode", field->type == NL_FORM_NUMBER ? "decimal" : "");
    json_object_set_new(item, "box", json_boolean(box));
    json_object_set_new(item, "choice", json_boolean(choice));
    json_object_set_new(item, "line", json_boolean(!box && !choice));
    json_object_set_new(item, "ticked", json_boolean(box && strcmp(value, "yes") == 0));
    json_object_set_new(item, "bad", json_boolean(bad));
    json_object_set_new(item, "choices", choices_data(field, value, language));
    return item;
}

json_t *nl_form_fields_data(const struct nl_form_fields *fields, const char *attributes,
                            const char *bad, const char *language) {
    json_t *array = json_array();
    json_t *values = attributes != NULL ? json_loads(attributes, 0, NULL) : NULL;
    for (size_t i = 0; i < fields->count; i++) {
        const struct nl_form_field *field = &fields->items[i];
        const char *value = json_string_value(json_object_get(values, field->attribute));
        json_array_append_new(array, field_data(field, value != NULL ? value : "",
                                                bad != NULL && strcmp(bad, field->attribute) == 0,
                                                language));
    }
    json_decref(values);
    return array;
}
