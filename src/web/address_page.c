#include "newsletter/service/own_page.h"
#include "web/handlers.h"
#include "web/token_page.h"

static const struct nl_token_page page = {
    .action = "address",
    .question = NL_TEXT("Receive our emails at this address from now on?"),
    .button = NL_TEXT("Confirm new address"),
    .check = nl_own_address_check,
    .already = NL_ANSWER_MOVED,
    .new_address = true,
};

enum nl_status nl_address_ask(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, &page, response, err);
}

enum nl_status nl_address_act(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    struct nl_token token;
    nl_request_token(request, &token);
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = nl_own_address_change(&office, token.text, &result, err);
    return nl_token_tell(site, request, &page, status, NL_ANSWER_MOVED, &result, response, err);
}
