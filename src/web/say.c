#include "newsletter/template/data.h"
#include "web/lead.h"

enum nl_status nl_site_say(struct nl_site *site, const struct nl_request *request, int status,
                           const char *text, struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    response->status = status;
    enum nl_status result = nl_site_theme(site, request, NULL, &theme, err);
    if (result != NL_OK)
        return result;
    json_t *data = nl_site_data(site, theme, NULL);
    if (site->is_staff) { /* the dashboard has none of the website's pages */
        nl_data_set(data, "heading", nl_catalog_text(theme->catalog, NULL, text));
        return nl_site_page(theme, "staff-say.html", data, response, err);
    }
    nl_data_set(data, "answer", nl_catalog_text(theme->catalog, NULL, text));
    result = nl_site_lead(site, request, NULL, data, err);
    if (result == NL_OK)
        return nl_site_page(theme, "page.html", data, response, err);
    json_decref(data);
    return result;
}

enum nl_status nl_site_not_found(struct nl_site *site, const struct nl_request *request,
                                 struct nl_response *response, struct nl_error *err) {
    return nl_site_say(site, request, 404, NL_TEXT("This page does not exist."), response, err);
}
