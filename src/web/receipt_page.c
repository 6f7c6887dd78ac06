#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"

#include "web/handlers.h"
#include "web/receipt_data.h"
#include "web/token_page.h"

#include <stdlib.h>
#include <string.h>

/* A visit by a link: of a welcome mail, for one list, or of the subscriber's own page, for all. */
struct visit {
    struct nl_site *site;
    const struct nl_request *request;
    struct nl_token token;
    struct nl_receipt_link link;
    json_t *receipts;
};

static const char bad_link[] =
    NL_TEXT("This link does not work or has expired. Please ask for a new one.");

static enum nl_status show(const struct visit *visit, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    char token[NL_LINK_TOKEN_LEN + 1];
    struct nl_buf address = {0};
    const json_t *first = json_array_get(visit->receipts, 0);
    enum nl_status status =
        nl_site_theme(visit->site, visit->request,
                      nl_facts_word(json_object_get(first, "purpose"), "language"), &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = nl_site_data(visit->site, theme, NULL);
    nl_token_link(&visit->token, token);
    nl_buf_addf(&address, "%s/receipt?token=%s&record=", visit->site->prefix, token);
    nl_site_again(data, "token", token);
    json_object_set_new(data, "receipts",
                        nl_receipts_data(theme, visit->receipts, nl_buf_text(&address)));
    nl_buf_free(&address);
    json_object_set_new(data, "signed", json_boolean(json_object_get(first, "signature") != NULL));
    return nl_site_page(theme, "receipt.html", data, response, err);
}

/* ---- the visit ---- */

static enum nl_status answer(struct visit *visit, struct nl_response *response,
                             struct nl_error *err) {
    const struct nl_office office = nl_site_office(visit->site);
    const char *record = nl_request_query(visit->request, "record");
    enum nl_status status =
        nl_office_receipts_by_link(&office, &visit->link, &visit->receipts, err);
    if (status != NL_OK || record == NULL)
        return status == NL_OK ? show(visit, response, err) : status;
    if (nl_receipt_file(visit->receipts, record, response))
        return NL_OK;
    return nl_site_not_found(visit->site, visit->request, response, err);
}

/* In the thread that writes: a receipt may need a new checkpoint. */
enum nl_status nl_receipt_page(struct nl_site *site, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err) {
    struct visit visit = {.site = site, .request = request};
    if (nl_language_choose(site, request, response))
        return NL_OK;
    if (!nl_site_may_network(site, site->costly, request, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    nl_request_token(request, &visit.token);
    enum nl_status status = nl_receipt_link_find(site->store, visit.token.text, &visit.link, err);
    if (status == NL_DATA || status == NL_NOTFOUND || status == NL_EXPIRED || status == NL_USED) {
        nl_error_free(err);
        return nl_site_say(site, request, 404, bad_link, response, err);
    }
    if (status == NL_OK && !nl_site_may(site, site->changes, &visit.link.subscriber,
                                        sizeof visit.link.subscriber, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    if (status == NL_OK)
        status = answer(&visit, response, err);
    json_decref(visit.receipts);
    return status;
}
