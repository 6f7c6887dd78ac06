#include "web/handlers.h"
#include "web/token_page.h"

static const struct nl_token_page page = {
    .action = "unsubscribe",
    .question = NL_TEXT("Unsubscribe from {{list.title}}?"),
    .button = NL_TEXT("Unsubscribe"),
    .check = nl_unsubscribe_check,
    .already = NL_ANSWER_LEFT,
};

enum nl_status nl_unsubscribe_ask(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, &page, response, err);
}

enum nl_status nl_unsubscribe_act(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    struct nl_token token;
    char text[NL_LINK_TOKEN_LEN + 1];
    nl_request_token(request, &token);
    nl_token_link(&token, text);
    enum nl_status status =
        nl_unsubscribe_token(site->store, text, site->config->notices.goodbye, &result, err);
    if (status == NL_OK)
        nl_site_wake(site, result.notice);
    return nl_token_tell(site, request, &page, status, NL_ANSWER_LEFT, &result, response, err);
}

/* For people who pressed the wrong button. */
enum nl_status nl_unsubscribe_undo_act(struct nl_site *site, const struct nl_request *request,
                                       struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    struct nl_token token;
    char text[NL_LINK_TOKEN_LEN + 1];
    nl_request_token(request, &token);
    nl_token_link(&token, text);
    enum nl_status status = nl_unsubscribe_undo(site->store, text, &result, err);
    result.already = false; /* one answer for both */
    return nl_token_tell(site, request, &page, status, NL_ANSWER_BACK, &result, response, err);
}
