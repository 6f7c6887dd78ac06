#include "newsletter/template/data.h"

#include "newsletter/base/language.h"

void nl_data_set(json_t *data, const char *name, const char *value) {
    json_t *text = json_string(value != NULL ? value : "");
    json_object_set_new(data, name, text != NULL ? text : json_string(""));
}

static json_t *list_data(const struct nl_list *list) {
    json_t *data = json_object();
    nl_data_set(data, "name", list->name);
    nl_data_set(data, "title", list->title);
    nl_data_set(data, "language", list->language);
    nl_data_set(data, "archive_url", list->archive_url);
    nl_data_set(data, "subscribe_url", list->subscribe_url);
    nl_data_set(data, "postal_address", list->postal_address);
    return data;
}

json_t *nl_data_new(const struct nl_list *list, const char *language) {
    json_t *data = json_object();
    json_object_set_new(data, "list", list_data(list));
    nl_data_set(data, "language", language);
    nl_data_set(data, "direction", nl_language_is_rtl(language) ? "rtl" : "ltr");
    nl_data_set(data, "preheader", "");
    json_object_set_new(data, "closed", json_false()); /* no policy in the page itself */
    return data;
}
