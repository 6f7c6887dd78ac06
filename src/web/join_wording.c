#include "web/join_wording.h"

#include "newsletter/bulletin/bulletin.h"
#include "newsletter/bulletin/visible.h"
#include "newsletter/service/receipts.h"
#include "newsletter/template/data.h"
#include "web/form_fields.h"

#include <string.h>

/* The public lists, which a form lets one choose from. */
static enum nl_status add_choice(const struct nl_list *list, void *ctx, struct nl_error *err) {
    (void)err;
    if (!list->is_private)
        json_array_append_new(ctx, json_pack("{s:s, s:s, s:b, s:b}", "name", list->name, "title",
                                             list->title, "chosen", 0, "active", 0));
    return NL_OK;
}

enum nl_status nl_keep_wording(struct nl_site *site, const struct nl_theme *theme, const char *file,
                               json_t *data, int64_t *wording, struct nl_error *err) {
    /* Pages are worded before anybody fills them in, and without what is told to one visitor. */
    static const char *const blank[] = {"problem",     "meant", "email",     "name",   "token",
                                        "stamp",       "done",  "honeypot",  "href",   "challenge",
                                        "new_address", "next",  "languages", "contact"};
    struct nl_buf html = {0};
    struct nl_buf text = {0};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++)
        if (json_object_get(data, blank[i]) == NULL)
            nl_data_set(data, blank[i], "");
    enum nl_status status = nl_theme_render(theme, file, data, &html, err);
    if (status == NL_OK)
        status = nl_visible_text(nl_buf_text(&html), html.len, &text, err);
    if (status == NL_OK)
        status = nl_office_wording(site->store, nl_catalog_language(theme->catalog),
                                   nl_buf_text(&text), wording, err);
    nl_buf_free(&html);
    nl_buf_free(&text);
    return status;
}

static enum nl_status keep_join(struct nl_site *site, const struct nl_theme *theme,
                                const struct nl_list *list, json_t *choices, int64_t *wording,
                                struct nl_error *err) {
    json_t *data = nl_site_data(site, theme, list);
    json_object_set(data, "choices", choices);
    nl_data_set(data, "home", ""); /* links below the form are not part of it */
    json_object_set_new(
        data, "fields",
        nl_form_fields_data(&site->config->forms, NULL, NULL, nl_catalog_language(theme->catalog)));
    enum nl_status status = nl_keep_wording(site, theme, "join.html", data, wording, err);
    json_decref(data);
    return status;
}

/* The small form next to the archive. */
static enum nl_status keep_side(struct nl_site *site, const struct nl_theme *theme, bool several,
                                json_t *choices, int64_t *wording, struct nl_error *err) {
    json_t *data = json_pack("{s:{s:s, s:b, s:O}}", "join", "action", "join", "several", several,
                             "lists", choices);
    nl_data_set(data, "language", nl_catalog_language(theme->catalog));
    enum nl_status status = nl_keep_wording(site, theme, "side-join.html", data, wording, err);
    json_decref(data);
    return status;
}

enum nl_status nl_join_wording(struct nl_site *site, const struct nl_request *request,
                               const struct nl_list *list, const struct nl_theme *theme,
                               int64_t *wording, struct nl_error *err) {
    static const char several_forms[] = "-several";
    const char *shown = nl_site_field(request, "shown");
    size_t len = strlen(shown);
    bool side = strncmp(shown, "side", 4) == 0;
    bool several = len >= sizeof several_forms
                       ? strcmp(shown + len - (sizeof several_forms - 1), several_forms) == 0
                       : list == NULL;
    *wording = 0;
    if (shown[0] == '\0' && nl_request_form(request, "stamp") == NULL)
        return NL_OK; /* a form on somebody else's page: nobody knows its words */
    json_t *choices = json_array();
    enum nl_status status = several ? nl_list_each(site->store, add_choice, choices, err) : NL_OK;
    if (status == NL_OK)
        status = side ? keep_side(site, theme, several, choices, wording, err)
                      : keep_join(site, theme, several ? NULL : list, choices, wording, err);
    json_decref(choices);
    return status;
}

enum nl_status nl_own_page_wording(struct nl_site *site, const struct nl_theme *theme,
                                   int64_t *wording, struct nl_error *err) {
    json_t *lists = json_array();
    json_t *data = nl_site_data(site, theme, NULL);
    enum nl_status status = nl_list_each(site->store, add_choice, lists, err);
    json_object_set_new(data, "lists", lists);
    nl_data_set(data, "email", NL_DIFFERS);
    json_object_set_new(
        data, "fields",
        nl_form_fields_data(&site->config->forms, NULL, NULL, nl_catalog_language(theme->catalog)));
    if (status == NL_OK)
        status = nl_keep_wording(site, theme, "own-page.html", data, wording, err);
    json_decref(data);
    return status;
}
