#include "newsletter/base/catalog.h"
#include "newsletter/base/log.h"
#include "newsletter/base/passkey.h"
#include "newsletter/openid/provider.h"
#include "newsletter/store/vouched_login.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

/* Logging in by an identity provider. A cookie of the browser holds a token; the state that goes
 * with the browser to the provider and back is made for that token, so that nobody can have another
 * browser finish a login. It comes back from another site: so the cookie is Lax. */

static const char cookie_name[] = "__Host-newsletter-openid";

enum { CODE_MOST = 4096, PURPOSE = 96 };

/* The state is good for one browser. */
static void purpose_of(const char *browser, char out[PURPOSE]) {
    char hex[NL_HEX_LEN];
    nl_digest_hex(browser, strlen(browser), hex);
    snprintf(out, PURPOSE, "openid %s", hex);
}

/* ---- to the provider ---- */

static void set_cookie(const char *browser, struct nl_response *response) {
    struct nl_buf cookie = {0};
    nl_buf_addf(&cookie, "%s=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax", cookie_name,
                browser, (int)NL_CHALLENGE_SECONDS);
    response->cookie = nl_buf_take(&cookie);
}

static enum nl_status refused(struct nl_staff *staff, const struct nl_request *request, int code,
                              const char *problem, struct nl_response *response,
                              struct nl_error *err) {
    response->status = code;
    return nl_login_show(staff, request, problem, response, err);
}

/* The reason is for the operator: strangers learn nothing of the inner network. */
static enum nl_status failed(struct nl_staff *staff, const struct nl_request *request,
                             enum nl_status status, struct nl_response *response,
                             struct nl_error *err) {
    if (status != NL_DATA && status != NL_UNAVAILABLE)
        return status;
    bool away = status == NL_UNAVAILABLE;
    nl_log(away ? NL_LOG_ERROR : NL_LOG_NOTICE, NULL, "logging in through %s: %s",
           staff->site->config->openid.issuer, nl_error_text(err));
    nl_error_free(err);
    return refused(
        staff, request, away ? 502 : 403,
        away
            ? NL_TEXT("The identity provider does not answer as it should. Please try again later.")
            : NL_TEXT("The identity provider has not let you in here."),
        response, err);
}

static enum nl_status begin(struct nl_staff *staff, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err) {
    const struct nl_config *config = staff->site->config;
    struct nl_store *store = staff->site->store;
    struct nl_openid_provider provider = {0};
    struct nl_openid_login login = {0};
    struct nl_buf address = {0};
    struct nl_token browser;
    char purpose[PURPOSE];
    char state[NL_CHALLENGE_LEN];
    enum nl_status status = nl_openid_discover(config, &provider, err);
    if (status != NL_OK)
        return failed(staff, request, status, response, err);
    nl_token_new(nl_store_env(store), &browser);
    purpose_of(browser.text, purpose);
    nl_challenge_new(nl_store_env(store), nl_store_secret(store), purpose, nl_store_now(store),
                     state);
    nl_openid_login_of(nl_store_secret(store), browser.text, &login);
    login.state = state;
    nl_openid_address(config, &provider, &login, &address);
    set_cookie(browser.text, response);
    response->status = 303;
    response->location = nl_buf_take(&address);
    nl_openid_provider_free(&provider);
    explicit_bzero(&browser, sizeof browser);
    explicit_bzero(&login, sizeof login);
    return NL_OK;
}

/* ---- and back ---- */

static const char *argument(const struct nl_request *request, const char *name) {
    const char *value = nl_request_query(request, name);
    return value != NULL ? value : "";
}

/* The state is looked at before anybody is asked anything, and is good once. */
static enum nl_status check_state(struct nl_staff *staff, const struct nl_request *request,
                                  const char *browser, struct nl_error *err) {
    struct nl_store *store = staff->site->store;
    const char *state = argument(request, "state");
    char purpose[PURPOSE];
    purpose_of(browser, purpose);
    return nl_challenge_is_good(nl_store_secret(store), purpose, nl_store_now(store), state)
               ? nl_openid_use_state(store, state, err)
               : nl_error_set(err, NL_DATA, "the login was not begun by this browser, or too late");
}

/* An answer of another provider, put in the place of ours, would make our code go there (RFC 9207).
 */
static enum nl_status check_answer(const struct nl_config *config,
                                   const struct nl_openid_provider *provider,
                                   const struct nl_request *request, struct nl_error *err) {
    const char *issuer = nl_request_query(request, "iss");
    const char *code = argument(request, "code");
    if (issuer != NULL ? strcmp(issuer, config->openid.issuer) != 0 : provider->tells_issuer)
        return nl_error_set(err, NL_DATA, "the answer comes from another provider");
    if (nl_request_query(request, "error") != NULL)
        return nl_error_set(err, NL_DATA, "the provider says '%.60s'", argument(request, "error"));
    return code[0] != '\0' && strlen(code) <= CODE_MOST
               ? NL_OK
               : nl_error_set(err, NL_DATA, "the answer has no code");
}

static enum nl_status find_account(struct nl_staff *staff, const struct nl_request *request,
                                   const char *browser, char account[NL_OPENID_ACCOUNT + 1],
                                   struct nl_error *err) {
    const struct nl_config *config = staff->site->config;
    struct nl_store *store = staff->site->store;
    struct nl_openid_provider provider = {0};
    struct nl_openid_login login = {0};
    nl_openid_login_of(nl_store_secret(store), browser, &login);
    enum nl_status status = check_state(staff, request, browser, err);
    if (status == NL_OK)
        status = nl_openid_discover(config, &provider, err);
    if (status == NL_OK)
        status = check_answer(config, &provider, request, err);
    if (status == NL_OK)
        status = nl_openid_account(config, &provider, &login, argument(request, "code"),
                                   nl_store_now(store), account, err);
    nl_openid_provider_free(&provider);
    explicit_bzero(&login, sizeof login);
    return status;
}

static enum nl_status enter(struct nl_staff *staff, const struct nl_request *request,
                            const char *account, struct nl_response *response,
                            struct nl_error *err) {
    const struct nl_config *config = staff->site->config;
    const char *word = config->openid.role;
    enum nl_role role = word != NULL ? nl_role_of(word) : NL_ROLE_NONE;
    enum nl_login login = NL_LOGIN_NONE;
    char client[NL_IP_TEXT];
    struct nl_token session;
    nl_ip_text(nl_request_client(request), client);
    const struct nl_login_place place = {client, nl_request_header(request, "User-Agent")};
    enum nl_status status =
        nl_openid_enter(staff->site->store, account, word != NULL ? &role : NULL, &place,
                        config->staff.session, &login, &session, err);
    if (status == NL_OK && login == NL_LOGIN_NONE)
        status = nl_error_set(err, NL_DATA, "there is no account '%s'", account);
    if (status != NL_OK)
        return failed(staff, request, status, response, err);
    status = nl_login_enter(staff, request, account, login, &session, response, err);
    explicit_bzero(&session, sizeof session);
    return status;
}

static enum nl_status back(struct nl_staff *staff, const struct nl_request *request,
                           struct nl_response *response, struct nl_error *err) {
    const char *browser = nl_request_cookie(request, cookie_name);
    char account[NL_OPENID_ACCOUNT + 1] = "";
    enum nl_status status =
        browser != NULL && strlen(browser) <= NL_TOKEN_LEN
            ? find_account(staff, request, browser, account, err)
            : nl_error_set(err, NL_DATA, "the login was not begun by this browser");
    return status == NL_OK ? enter(staff, request, account, response, err)
                           : failed(staff, request, status, response, err);
}

enum nl_status nl_openid_call(struct nl_staff *staff, const struct nl_request *request,
                              bool is_back, struct nl_response *response, struct nl_error *err) {
    if (staff->site->config->openid.issuer == NULL || !nl_request_is_read(request))
        return nl_site_not_found(staff->site, request, response, err);
    if (!nl_staff_may_guess(staff, request, response))
        return refused(staff, request, 429, nl_too_many, response, err);
    return (is_back ? back : begin)(staff, request, response, err);
}
