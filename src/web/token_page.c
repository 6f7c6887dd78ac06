#include "web/token_page.h"

#include "newsletter/template/data.h"

#include <string.h>

const char *nl_request_token(const struct nl_request *request) {
    const char *token = nl_request_form(request, "token");
    if (token == NULL)
        token = nl_request_query(request, "token");
    return token != NULL ? token : "";
}

enum nl_status nl_token_ask(struct nl_site *site, const struct nl_request *request,
                            const char *action, const char *question, const char *button,
                            struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = nl_site_data(site, theme, NULL);
    nl_data_set(data, "action", action);
    nl_data_set(data, "question", nl_catalog_text(theme->catalog, NULL, question));
    nl_data_set(data, "button", nl_catalog_text(theme->catalog, NULL, button));
    nl_data_set(data, "token", nl_request_token(request));
    return nl_site_page(theme, "ask.html", data, response, err);
}

enum nl_status nl_token_tell(struct nl_site *site, const struct nl_request *request,
                             enum nl_status outcome, enum nl_answer good,
                             const struct nl_standing *standing, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    struct nl_list list = {0};
    struct nl_buf sentence = {0};
    bool bad =
        outcome == NL_DATA || outcome == NL_NOTFOUND || outcome == NL_EXPIRED || outcome == NL_USED;
    if (outcome != NL_OK && !bad)
        return outcome;
    if (bad) {
        nl_error_free(err);
        response->status = 404;
    }
    enum nl_status status = bad ? NL_OK : nl_list_get(site->store, standing->list, &list, err);
    const char *language = standing->language[0] != '\0' ? standing->language : list.language;
    if (status == NL_OK)
        status = nl_site_theme(site, request, language, &theme, err);
    if (status == NL_OK)
        status =
            nl_answer_compose(bad ? NL_ANSWER_BAD_LINK : good, nl_catalog_language(theme->catalog),
                              bad ? NULL : &list, site->config, false, &sentence, err);
    if (status == NL_OK) {
        json_t *data = nl_site_data(site, theme, bad ? NULL : &list);
        nl_data_set(data, "answer", nl_buf_text(&sentence));
        status = nl_site_page(theme, "page.html", data, response, err);
    }
    nl_buf_free(&sentence);
    nl_list_free(&list);
    return status;
}
