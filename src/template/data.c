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
    nl_data_set(data, "start", nl_language_is_rtl(language) ? "right" : "left");
    nl_data_set(data, "end", nl_language_is_rtl(language) ? "left" : "right");
    nl_data_set(data, "comma", nl_language_comma(language));
    nl_data_set(data, "preheader", "");
    json_object_set_new(data, "closed", json_false()); /* no policy in the page itself */
    return data;
}

json_t *nl_data_contact(const struct nl_contact *contact) {
    json_t *data = nl_contact_is_set(contact) ? json_object() : json_null();
    if (!json_is_object(data))
        return data;
    nl_data_set(data, "person", contact->person);
    nl_data_set(data, "phone", contact->phone);
    nl_data_set(data, "fax", contact->fax);
    nl_data_set(data, "email", contact->email);
    nl_data_set(data, "web", contact->web);
    return data;
}

static json_t *social_data(const struct nl_identity *identity) {
    json_t *links = json_array();
    for (size_t i = 0; i < identity->social_count; i++) {
        json_t *link = json_object();
        nl_data_set(link, "name", identity->social[i].name);
        nl_data_set(link, "url", identity->social[i].url);
        json_object_set_new(link, "first", json_boolean(i == 0));
        json_array_append_new(links, link);
    }
    return links;
}

json_t *nl_data_palette(const struct nl_palette *palette) {
    json_t *data = json_object();
    nl_data_set(data, "accent", palette->accent);
    nl_data_set(data, "on_accent", palette->on_accent);
    nl_data_set(data, "on_accent_soft", palette->on_accent_soft);
    nl_data_set(data, "heading", palette->heading);
    nl_data_set(data, "link", palette->link);
    nl_data_set(data, "dark_accent", palette->dark_accent);
    nl_data_set(data, "dark_on_accent", palette->dark_on_accent);
    nl_data_set(data, "dark_heading", palette->dark_heading);
    nl_data_set(data, "dark_link", palette->dark_link);
    return data;
}

void nl_data_identity(json_t *data, const struct nl_identity *identity, const char *logo,
                      const char *logo_dark) {
    json_t *organisation = json_object();
    nl_data_set(organisation, "name", identity->name);
    nl_data_set(organisation, "released_by", identity->released_by);
    nl_data_set(organisation, "postal_address", identity->postal_address);
    nl_data_set(organisation, "imprint", identity->imprint);
    nl_data_set(organisation, "privacy", identity->privacy);
    nl_data_set(organisation, "logo", logo);
    nl_data_set(organisation, "logo_dark", logo_dark);
    nl_data_set(organisation, "design", nl_design_names[identity->design]);
    const bool social = identity->social_count > 0;
    const bool before_privacy = social || identity->imprint != NULL;
    json_object_set_new(organisation, "has_social", json_boolean(social));
    json_object_set_new(organisation, "before_privacy", json_boolean(before_privacy));
    json_object_set_new(organisation, "links",
                        json_boolean(before_privacy || identity->privacy != NULL));
    json_object_set_new(organisation, "centred", json_boolean(identity->centred));
    json_object_set_new(organisation, "statement", json_boolean(identity->reviewed != NULL));
    json_object_set_new(organisation, "contact", nl_data_contact(identity->contact));
    json_object_set_new(organisation, "social", social_data(identity));
    json_object_set_new(data, "organisation", organisation);
    json_object_set_new(data, "colours", nl_data_palette(&identity->palette));
}

void nl_data_page(json_t *data) {
    static const char *const texts[] = {"home",        "archive",     "join",      "preferences",
                                        "base",        "description", "canonical", "heading",
                                        "events_page", "menu_query"};
    static const char *const lists[] = {"feeds", "alternates", "interface", "menu"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (json_object_get(data, texts[i]) == NULL)
            nl_data_set(data, texts[i], "");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (json_object_get(data, lists[i]) == NULL)
            json_object_set_new(data, lists[i], json_array());
    static const char *const objects[] = {"side", "og", "next", "undo", "steps"};
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
        if (json_object_get(data, objects[i]) == NULL)
            json_object_set_new(data, objects[i], json_null());
    json_object_set_new(data, "has_menu",
                        json_boolean(json_array_size(json_object_get(data, "menu")) > 0));
    if (json_object_get(data, "front") == NULL)
        json_object_set_new(data, "front", json_false());
}
