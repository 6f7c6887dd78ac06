#include "newsletter/base/address.h"
#include "newsletter/service/own_page.h"
#include "newsletter/template/data.h"
#include "web/gate.h"
#include "web/handlers.h"
#include "web/stamp.h"
#include "web/token_page.h"

#include <string.h>

static enum nl_status show_ask(struct nl_site *site, const struct nl_request *request,
                               const char *problem, struct nl_response *response,
                               struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    struct nl_token token;
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = nl_site_data(site, theme, NULL);
    nl_request_token(request, &token);
    nl_data_set(data, "token", token.text);
    nl_site_again(data, "token", token.text);
    nl_data_set(data, "email", nl_site_field(request, "email"));
    nl_gate_data(site, NULL, data, response);
    nl_data_set(data, "problem",
                problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
    return nl_site_page(theme, "preferences-ask.html", data, response, err);
}

enum nl_status nl_preferences_ask_page(struct nl_site *site, const struct nl_request *request,
                                       struct nl_response *response, struct nl_error *err) {
    return show_ask(site, request, NULL, response, err);
}

/* Gives the same answer after the same work, whether the address is known or not. */
static enum nl_status ask(struct nl_site *site, const struct nl_request *request, const char *token,
                          const struct nl_address *address, struct nl_response *response,
                          struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    int64_t notice = 0;
    enum nl_status status = NL_OK;
    if (nl_site_field(request, NL_HONEYPOT)[0] == '\0')
        status = nl_own_page_ask(&office, token, address, &notice, err);
    if (status != NL_OK)
        return status;
    nl_site_wake(site, notice);
    return nl_site_say(site, request, 200,
                       NL_TEXT("Thank you. If we know this address, we have sent an email to it "
                               "with a link to your subscription."),
                       response, err);
}

static enum nl_status ask_for_address(struct nl_site *site, const struct nl_request *request,
                                      struct nl_response *response, struct nl_error *err) {
    struct nl_address address = {0};
    if (nl_address_parse(nl_site_field(request, "email"), &address, err) != NL_OK) {
        nl_error_free(err);
        response->status = 400;
        return show_ask(site, request, NL_TEXT("This is not an email address. Please check it."),
                        response, err);
    }
    enum nl_status status = NL_OK;
    enum nl_gate gate = NL_GATE_FULL;
    if (nl_site_may(site, site->addresses, address.key, strlen(address.key), response))
        status = nl_gate_pass(site, request, response, &gate, err);
    if (status == NL_OK && gate == NL_GATE_OPEN)
        status = ask(site, request, NULL, &address, response, err);
    else if (status == NL_OK && gate == NL_GATE_AGAIN)
        status = show_ask(site, request, NL_TEXT("Please press the button again."), response, err);
    else if (status == NL_OK)
        status = nl_site_say(site, request, 429, nl_too_many, response, err);
    nl_address_free(&address);
    return status;
}

enum nl_status nl_preferences_ask(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    struct nl_token token;
    if (nl_site_refuses_body(request, response))
        return NL_OK;
    nl_request_token(request, &token);
    if (!nl_site_may_network(site, site->joins, request, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    bool by_token = token.text[0] != '\0' || nl_site_field(request, "token")[0] != '\0';
    return by_token ? ask(site, request, token.text, NULL, response, err)
                    : ask_for_address(site, request, response, err);
}
