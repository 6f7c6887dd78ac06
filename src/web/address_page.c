#include "newsletter/store/preference.h"
#include "web/handlers.h"
#include "web/token_page.h"

enum nl_status nl_address_ask(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, "address",
                        NL_TEXT("Shall our mails come to this address from now on?"),
                        NL_TEXT("Confirm the new address"), response, err);
}

enum nl_status nl_address_act(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_standing standing = {0};
    enum nl_status status =
        nl_address_change(site->store, nl_request_token(request), &standing, err);
    return nl_token_tell(site, request, status, NL_ANSWER_MOVED, &standing, response, err);
}
