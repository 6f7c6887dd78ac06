/* Any bytes as the form that a website's hook hands over: what is taken is fit for a header. */
#include "newsletter/base/form.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void check_attributes(const char *attributes) {
    const char *key = NULL;
    json_t *value = NULL;
    json_t *object = json_loads(attributes, 0, NULL);
    demand(json_is_object(object));
    json_object_foreach(object, key, value)
        demand(json_is_string(value) && strpbrk(json_string_value(value), "\r\n") == NULL);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_error err = {0};
    struct nl_form form = {0};
    static struct nl_form_field items[] = {{.attribute = "city"},
                                           {.attribute = "age", .type = NL_FORM_NUMBER},
                                           {.attribute = "born", .type = NL_FORM_DATE},
                                           {.attribute = "press", .type = NL_FORM_YES_NO}};
    static const struct nl_form_fields fields = {items, 4};
    FILE *in = len > 0 ? fmemopen((void *)data, len, "r") : NULL;
    if (in == NULL)
        return 0;
    if (nl_form_read(in, &fields, &form, &err) == NL_OK && nl_form_check(&form, &err) == NL_OK) {
        demand(form.address != NULL);
        demand(form.name == NULL || strpbrk(form.name, "\r\n") == NULL);
        if (form.attributes != NULL)
            check_attributes(form.attributes);
    } else {
        demand(err.text != NULL && strpbrk(err.text, "\r\n") == NULL);
    }
    nl_form_free(&form);
    nl_error_free(&err);
    fclose(in);
    return 0;
}
