/* What the pages share that links in mails lead to. */
#ifndef NL_WEB_TOKEN_PAGE_H
#define NL_WEB_TOKEN_PAGE_H

#include "newsletter/bulletin/answer.h"
#include "newsletter/store/subscription.h"
#include "web/page.h"

/* The token of a request: from the form of our own page, or from the URL (RFC 8058); "" without
 * one. */
const char *nl_request_token(const struct nl_request *request);

/* A page with a question and a button that posts the token to `action`. */
enum nl_status nl_token_ask(struct nl_site *site, const struct nl_request *request,
                            const char *action, const char *question, const char *button,
                            struct nl_response *response, struct nl_error *err);

/* Tells the outcome of using a token, in the subscriber's language. All links that do not work get
 * the same answer. */
enum nl_status nl_token_tell(struct nl_site *site, const struct nl_request *request,
                             enum nl_status outcome, enum nl_answer good,
                             const struct nl_standing *standing, struct nl_response *response,
                             struct nl_error *err);

#endif
