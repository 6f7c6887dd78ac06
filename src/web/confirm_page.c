#include "web/handlers.h"
#include "web/token_page.h"

static const struct nl_token_page page = {
    .action = "confirm",
    .question = NL_TEXT("Receive {{list.title}} at this address?"),
    .button = NL_TEXT("Confirm subscription"),
    .check = nl_office_confirm_check,
    .already = NL_ANSWER_SUBSCRIBED,
};

enum nl_status nl_confirm_ask(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    return nl_token_ask(site, request, &page, response, err);
}

enum nl_status nl_confirm_act(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_token_result result = {0};
    const struct nl_office office = nl_site_office(site);
    int64_t wording = 0;
    struct nl_token token;
    nl_request_token(request, &token);
    enum nl_status status = nl_token_wording(site, request, &page, token.text, &wording, err);
    if (status == NL_OK)
        status = nl_office_confirm(&office, token.text, wording, &result, err);
    if (status == NL_OK && site->mailer != NULL)
        nl_mailer_wake(site->mailer, result.notice);
    return nl_token_tell(site, request, &page, status, NL_ANSWER_CONFIRMED, &result, response, err);
}
