#include "web/handlers.h"
#include "web/token_page.h"

static const struct nl_token_page page = {
    .action = "unsubscribe",
    .question = NL_TEXT("Unsubscribe from {{list.title}}?"),
    .button = NL_TEXT("Unsubscribe"),
    .check = nl_office_leave_check,
    .already = NL_ANSWER_LEFT,
};

enum nl_status nl_unsubscribe_ask(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, &page, response, err);
}

/* The token of the request, as the links of issues carry it. */
static const char *link_token(const struct nl_request *request, char out[NL_LINK_TOKEN_LEN + 1]) {
    struct nl_token token;
    nl_request_token(request, &token);
    nl_token_link(&token, out);
    return out;
}

enum nl_status nl_unsubscribe_act(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    char token[NL_LINK_TOKEN_LEN + 1];
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = nl_office_leave(&office, link_token(request, token), &result, err);
    if (status == NL_OK)
        nl_site_wake(site, result.notice);
    return nl_token_tell(site, request, &page, status, NL_ANSWER_LEFT, &result, response, err);
}

/* For people who pressed the wrong button. */
enum nl_status nl_unsubscribe_undo_act(struct nl_site *site, const struct nl_request *request,
                                       struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    char token[NL_LINK_TOKEN_LEN + 1];
    const struct nl_office office = nl_site_office(site);
    enum nl_status status = nl_office_come_back(&office, link_token(request, token), &result, err);
    result.already = false; /* one answer for both */
    return nl_token_tell(site, request, &page, status, NL_ANSWER_BACK, &result, response, err);
}
