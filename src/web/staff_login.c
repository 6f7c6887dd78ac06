#include "newsletter/base/catalog.h"
#include "newsletter/base/log.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

/* The prefix binds it to this very host, path / and TLS (RFC 6265bis section 4.1.3.2); browsers
 * take it over plain HTTP from this machine only. */
static const char cookie_name[] = "__Host-newsletter";

/* Whether there is an identity provider, and its name. */
static void offer_provider(const struct nl_staff *staff, json_t *data) {
    const struct nl_config *config = staff->site->config;
    const char *issuer = config->openid.issuer;
    json_object_set_new(data, "openid_offered", json_boolean(issuer != NULL));
    nl_data_set(data, "provider", config->openid.label != NULL ? config->openid.label : issuer);
}

static enum nl_status show(struct nl_staff *staff, const struct nl_request *request,
                           const char *file, const char *problem, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(staff->site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = json_object();
    nl_data_set(data, "name", nl_site_field(request, "name"));
    nl_data_set(data, "problem",
                problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
    offer_provider(staff, data);
    status = nl_passkey_offer(staff, data, err);
    if (status == NL_OK)
        return nl_staff_render(staff, theme, file, data, response, err);
    json_decref(data);
    return status;
}

enum nl_status nl_login_show(struct nl_staff *staff, const struct nl_request *request,
                             const char *problem, struct nl_response *response,
                             struct nl_error *err) {
    return show(staff, request, "staff-login.html", problem, response, err);
}

static enum nl_status ask_code(struct nl_staff *staff, const struct nl_request *request,
                               const char *problem, struct nl_response *response,
                               struct nl_error *err) {
    return show(staff, request, "staff-code.html", problem, response, err);
}

const char *nl_login_token(const struct nl_request *request) {
    return nl_request_cookie(request, cookie_name);
}

enum nl_status nl_login_form(struct nl_staff *staff, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    return nl_login_show(staff, request, NULL, response, err);
}

static void set_cookie(const char *value, int64_t lifetime, struct nl_response *response) {
    struct nl_buf cookie = {0};
    nl_buf_addf(&cookie, "%s=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
                cookie_name, value, (long long)lifetime);
    response->cookie = nl_buf_take(&cookie);
}

/* A form on another site must not log anybody in. Browsers say where a form comes from; a client
 * that says nothing is not a browser. */
static bool is_from_elsewhere(const struct nl_request *request) {
    const char *site = nl_request_header(request, "Sec-Fetch-Site");
    const char *origin = nl_request_header(request, "Origin");
    const char *host = nl_request_header(request, "Host");
    if (site != NULL)
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    const char *named = origin != NULL ? strstr(origin, "://") : NULL;
    return origin != NULL && (named == NULL || host == NULL || strcmp(named + 3, host) != 0);
}

/* The digest of an account and the network that a request comes from. */
static void digest_place(const struct nl_request *request, const char *name,
                         unsigned char out[NL_DIGEST_LEN]) {
    const struct nl_ip network = nl_ip_network(nl_request_client(request));
    struct nl_buf text = {0};
    nl_buf_add(&text, network.bytes, sizeof network.bytes);
    nl_buf_adds(&text, name);
    nl_digest(nl_buf_text(&text), text.len, out);
    nl_buf_free(&text);
}

static bool is_known(const struct nl_staff *staff, const unsigned char digest[NL_DIGEST_LEN]) {
    for (size_t i = 0; i < NL_KNOWN_NETWORKS; i++)
        if (memcmp(staff->known[i], digest, NL_DIGEST_LEN) == 0)
            return true;
    return false;
}

static void remember(struct nl_staff *staff, const struct nl_request *request, const char *name) {
    unsigned char digest[NL_DIGEST_LEN];
    digest_place(request, name, digest);
    if (!is_known(staff, digest))
        memcpy(staff->known[staff->known_next++ % NL_KNOWN_NETWORKS], digest, NL_DIGEST_LEN);
}

/* Each network has few tries. All networks together have many for one account, and the networks
 * from which it has logged in before do not count: strangers cannot lock anybody out. */
static bool may_try(struct nl_staff *staff, const struct nl_request *request, const char *name,
                    struct nl_response *response) {
    unsigned char digest[NL_DIGEST_LEN];
    if (!nl_staff_may_guess(staff, request, response))
        return false;
    digest_place(request, name, digest);
    return is_known(staff, digest) ||
           nl_limit_take(staff->names, name, strlen(name), nl_site_now(staff->site),
                         &response->retry_after);
}

static void log_login(const struct nl_request *request, const char *name, bool ok) {
    char client[NL_IP_TEXT];
    nl_ip_text(nl_request_client(request), client);
    const struct nl_log_field fields[] = {
        {"CLIENT", client}, {"LOGIN", ok ? "good" : "bad"}, {ok ? "STAFF" : NULL, name}, {0}};
    if (ok)
        nl_log(NL_LOG_NOTICE, fields, "%s logs in from %s", name, client);
    else
        nl_log(NL_LOG_NOTICE, fields, "a login from %s failed", client);
}

/* Hands out the session; with the second step still to come, its page. */
static enum nl_status enter(struct nl_staff *staff, const struct nl_request *request,
                            enum nl_login login, const struct nl_token *session,
                            struct nl_response *response, struct nl_error *err) {
    int64_t lifetime = staff->site->config->staff.session;
    set_cookie(session->text, lifetime, response);
    return login == NL_LOGIN_CODE ? ask_code(staff, request, NULL, response, err)
                                  : nl_staff_redirect(staff, "/", response, err);
}

/* The cookie is Strict: it goes along only once a page of ours leads on. */
enum nl_status nl_login_enter(struct nl_staff *staff, const struct nl_request *request,
                              const char *name, enum nl_login login, const struct nl_token *session,
                              struct nl_response *response, struct nl_error *err) {
    log_login(request, name, true);
    remember(staff, request, name);
    set_cookie(session->text, staff->site->config->staff.session, response);
    return login == NL_LOGIN_CODE ? ask_code(staff, request, NULL, response, err)
                                  : show(staff, request, "staff-entered.html", NULL, response, err);
}

enum nl_status nl_login(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response, struct nl_error *err) {
    const char *name = nl_site_field(request, "name");
    char client[NL_IP_TEXT];
    struct nl_token session;
    enum nl_login login = NL_LOGIN_NONE;
    if (is_from_elsewhere(request)) {
        response->status = 403;
        return nl_login_show(staff, request, NL_TEXT("Please log in."), response, err);
    }
    if (!may_try(staff, request, name, response)) {
        response->status = 429;
        return nl_login_show(staff, request, nl_too_many, response, err);
    }
    nl_ip_text(nl_request_client(request), client);
    const struct nl_login_place place = {client, nl_request_header(request, "User-Agent")};
    enum nl_status status =
        nl_staff_login(staff->site->store, name, nl_site_field(request, "password"),
                       staff->site->config->staff.session, &place, &login, &session, err);
    if (status != NL_OK)
        return status;
    log_login(request, name, login != NL_LOGIN_NONE);
    if (login == NL_LOGIN_NONE) {
        response->status = 403;
        return nl_login_show(staff, request, NL_TEXT("The user name or password is wrong."),
                             response, err);
    }
    remember(staff, request, name);
    status = enter(staff, request, login, &session, response, err);
    explicit_bzero(&session, sizeof session);
    return status;
}

enum nl_status nl_login_code(struct nl_staff *staff, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    const char *token = nl_login_token(request);
    struct nl_token session;
    enum nl_login login = NL_LOGIN_NONE;
    if (is_from_elsewhere(request) || token == NULL)
        return nl_staff_redirect(staff, "/login", response, err);
    if (!nl_staff_may_guess(staff, request, response)) {
        response->status = 429;
        return ask_code(staff, request, nl_too_many, response, err);
    }
    enum nl_status status =
        nl_staff_login_code(staff->site->store, token, nl_site_field(request, "code"),
                            staff->site->config->staff.session, &login, &session, err);
    if (status != NL_OK)
        return status;
    if (login == NL_LOGIN_DONE) {
        status = enter(staff, request, login, &session, response, err);
        explicit_bzero(&session, sizeof session);
        return status;
    }
    response->status = 403;
    return login == NL_LOGIN_CODE
               ? ask_code(staff, request, NL_TEXT("This code is wrong or has been used."), response,
                          err)
               : nl_login_show(staff, request, NL_TEXT("Please log in again."), response, err);
}

enum nl_status nl_login_passkey(struct nl_staff *staff, const struct nl_request *request,
                                struct nl_response *response, struct nl_error *err) {
    char name[NL_STAFF_NAME + 1];
    struct nl_token session;
    if (is_from_elsewhere(request))
        return nl_staff_redirect(staff, "/login", response, err);
    if (!nl_staff_may_guess(staff, request, response)) {
        response->status = 429;
        return nl_login_show(staff, request, nl_too_many, response, err);
    }
    enum nl_status status = nl_passkey_login_try(staff, request, name, &session, err);
    if (status != NL_OK && status != NL_DATA)
        return status;
    log_login(request, name, status == NL_OK);
    if (status == NL_DATA) {
        nl_error_free(err);
        response->status = 403;
        return nl_login_show(staff, request, NL_TEXT("This passkey cannot be used."), response,
                             err);
    }
    remember(staff, request, name);
    status = enter(staff, request, NL_LOGIN_DONE, &session, response, err);
    explicit_bzero(&session, sizeof session);
    return status;
}

enum nl_status nl_logout(struct nl_staff *staff, const struct nl_request *request,
                         struct nl_response *response, struct nl_error *err) {
    enum nl_status status = nl_staff_logout(staff->site->store, nl_login_token(request), err);
    set_cookie("", 0, response);
    return status == NL_OK ? nl_staff_redirect(staff, "/login", response, err) : status;
}

enum nl_status nl_login_session(struct nl_staff *staff, const struct nl_request *request,
                                struct nl_session *out, struct nl_error *err) {
    struct nl_store *store = staff->site->store;
    const char *token = nl_login_token(request);
    enum nl_status status = nl_staff_session(store, token, &out->login, out->name, err);
    if (status != NL_OK || out->login == NL_LOGIN_NONE)
        return status;
    nl_mac(nl_store_secret(store), "csrf", token, out->csrf);
    nl_ip_text(nl_request_client(request), out->client);
    out->actor = (struct nl_actor){.name = out->name, .door = "browser", .client = out->client};
    return nl_staff_role(store, out->name, NULL, &out->role, err);
}

bool nl_staff_is_inside(struct nl_staff *staff, const struct nl_request *request) {
    struct nl_session session = {0};
    struct nl_error err = {0};
    enum nl_status status = nl_login_session(staff, request, &session, &err);
    nl_error_free(&err);
    return status == NL_OK && session.login == NL_LOGIN_DONE;
}
