#include "web/handlers.h"
#include "web/token_page.h"

enum nl_status nl_unsubscribe_ask(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, "unsubscribe",
                        NL_TEXT("Do you want to receive no more of our mails?"),
                        NL_TEXT("Unsubscribe"), response, err);
}

enum nl_status nl_unsubscribe_act(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    struct nl_standing standing = {0};
    enum nl_status status = nl_unsubscribe_token(site->store, nl_request_token(request),
                                                 site->config->notices.goodbye, &standing, err);
    if (status == NL_OK)
        nl_site_wake(site, standing.notice);
    return nl_token_tell(site, request, status, NL_ANSWER_LEFT, &standing, response, err);
}
