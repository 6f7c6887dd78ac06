#include "newsletter/store/link.h"
#include "newsletter/store/preference.h"
#include "web/handlers.h"
#include "web/token_page.h"

#include <string.h>

static enum nl_status check_address_token(struct nl_store *store, const char *token,
                                          struct nl_token_result *out, struct nl_error *err) {
    struct nl_link link = {0};
    enum nl_status status = nl_link_find(store, token, NL_LINK_ADDRESS, &link, err);
    out->list = link.list;
    out->subscriber = link.subscriber;
    memcpy(out->language, link.language, sizeof out->language);
    return status;
}

static const struct nl_token_page page = {
    .action = "address",
    .question = NL_TEXT("Receive our emails at this address from now on?"),
    .button = NL_TEXT("Confirm new address"),
    .check = check_address_token,
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
    enum nl_status status = nl_address_change(site->store, token.text, &result, err);
    return nl_token_tell(site, request, &page, status, NL_ANSWER_MOVED, &result, response, err);
}
