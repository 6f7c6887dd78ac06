/* Shared by the pages that links in mails lead to. */
#ifndef NL_WEB_TOKEN_PAGE_H
#define NL_WEB_TOKEN_PAGE_H

#include "newsletter/base/token.h"
#include "newsletter/bulletin/answer.h"
#include "newsletter/service/mail_links.h"
#include "web/page.h"

/* Finds the token of a request: in the field of our own page, else in the URL, which alone is the
 * authority for one-click unsubscription (RFC 8058 section 3.2), whatever the body is; else in a
 * field whose name a mail program has changed. "" without one. */
void nl_request_token(const struct nl_request *request, struct nl_token *out);

/* One kind of page. The texts are translatable. */
struct nl_token_page {
    const char *action; /* its path without the slash */
    const char *question;
    const char *button;
    /* Looks a token up without using it. */
    enum nl_status (*check)(const struct nl_office *office, const char *token,
                            struct nl_token_result *out, struct nl_error *err);
    enum nl_answer already; /* the answer if nothing is left to do */
    bool new_address;       /* the link is about the address that somebody wants to move to */
};

/* GET: a page with a question and a button; or, where the link leads nowhere, one that says so and
 * has a field for the whole link. */
enum nl_status nl_token_ask(struct nl_site *site, const struct nl_request *request,
                            const struct nl_token_page *page, struct nl_response *response,
                            struct nl_error *err);

/* Tells the outcome of using a token, in the subscriber's language. All links that do not work get
 * the same answer. */
enum nl_status nl_token_tell(struct nl_site *site, const struct nl_request *request,
                             const struct nl_token_page *page, enum nl_status outcome,
                             enum nl_answer good, const struct nl_token_result *result,
                             struct nl_response *response, struct nl_error *err);

/* The number of the wording of a page that asks, as nl_token_ask showed it: for a token that is
 * good. */
enum nl_status nl_token_wording(struct nl_site *site, const struct nl_request *request,
                                const struct nl_token_page *page, const char *token,
                                int64_t *wording, struct nl_error *err);

#endif
