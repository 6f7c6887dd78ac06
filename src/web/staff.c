#include "newsletter/web/staff.h"

#include "newsletter/base/log.h"
#include "newsletter/store/issue.h"
#include "newsletter/template/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GUESSES = 10, /* at once, from one network or for one account */
    GUESSES_PER_HOUR = 60,
};

/* The prefix binds it to this very host, path / and TLS (RFC 6265bis section 4.1.3.2); browsers
 * take it over plain HTTP from this machine only. */
static const char cookie_name[] = "__Host-newsletter";

static int64_t now(const struct nl_staff *staff) {
    return nl_env_now(nl_store_env(staff->site->store));
}

static bool is_post(const struct nl_request *request) {
    return strcmp(nl_request_method(request), "POST") == 0;
}

/* ---- what handlers share ---- */

bool nl_staff_may_guess(struct nl_staff *staff, const struct nl_request *request,
                        struct nl_response *response) {
    const struct nl_ip network = nl_ip_network(nl_request_client(request));
    return nl_limit_take(staff->guesses, network.bytes, sizeof network.bytes, now(staff),
                         &response->retry_after);
}

enum nl_status nl_staff_render(struct nl_staff *staff, const struct nl_theme *theme,
                               const char *file, json_t *data, struct nl_response *response,
                               struct nl_error *err) {
    json_t *common = nl_site_data(staff->site, theme, NULL);
    json_object_update_missing(data, common);
    response->scripts = true;
    json_decref(common);
    return nl_site_page(theme, file, data, response, err);
}

struct found {
    char state[16];
};

static enum nl_status take_state(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    struct found *found = ctx;
    (void)err;
    snprintf(found->state, sizeof found->state, "%s", issue->state);
    return NL_OK;
}

enum nl_status nl_staff_steer(struct nl_staff *staff, int64_t issue, const char *action,
                              const char *who, enum nl_staff_deed *deed, struct nl_error *err) {
    struct nl_store *store = staff->site->store;
    const struct nl_issue_filter filter = {.id = issue};
    struct found found = {0};
    int64_t skipped = 0;
    bool done = false;
    enum nl_status status = nl_issue_summaries(store, &filter, take_state, &found, err);
    bool sending = strcmp(found.state, "sending") == 0;
    bool paused = strcmp(found.state, "paused") == 0;
    bool scheduled = strcmp(found.state, "scheduled") == 0;
    *deed = issue == 0 || found.state[0] == '\0' ? NL_DEED_UNKNOWN : NL_DEED_TOO_LATE;
    if (status != NL_OK || *deed == NL_DEED_UNKNOWN)
        return status;
    if (strcmp(action, "pause") == 0 && sending) {
        status = nl_issue_set_state(store, issue, "paused", "by hand", &done, err);
    } else if (strcmp(action, "resume") == 0 && paused) {
        status = nl_issue_set_state(store, issue, "sending", NULL, &done, err);
        if (done && staff->sender != NULL)
            nl_mailer_wake(staff->sender);
    } else if (strcmp(action, "cancel") == 0 && (sending || paused)) {
        status = nl_issue_cancel(store, issue, &skipped, err);
        done = status == NL_OK;
    } else if (strcmp(action, "cancel") == 0 && scheduled) {
        status = nl_issue_withdraw(store, issue, err);
        done = status == NL_OK;
    }
    if (done) {
        *deed = scheduled ? NL_DEED_WITHDRAWN : NL_DEED_DONE;
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)issue);
        const struct nl_log_field fields[] = {
            {"STAFF", who}, {"ACTION", action}, {"ISSUE", id}, {0}};
        nl_log(NL_LOG_NOTICE, fields, "%s: %s issue %s", who, action, id);
    }
    return status;
}

/* ---- logging in and out ---- */

static enum nl_status show_login(struct nl_staff *staff, const struct nl_request *request,
                                 const char *problem, struct nl_response *response,
                                 struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(staff->site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = json_object();
    nl_data_set(data, "name", nl_site_field(request, "name"));
    nl_data_set(data, "problem",
                problem != NULL ? nl_catalog_text(theme->catalog, NULL, problem) : "");
    return nl_staff_render(staff, theme, "staff-login.html", data, response, err);
}

enum nl_status nl_staff_redirect(const struct nl_staff *staff, const char *path,
                                 struct nl_response *response, struct nl_error *err) {
    struct nl_buf location = {0};
    nl_buf_addf(&location, "%s%s", staff->site->prefix, path);
    response->status = 303;
    response->location = nl_buf_take(&location);
    return response->location != NULL ? NL_OK : nl_error_nomem(err);
}

static void set_cookie(const char *value, int64_t lifetime, struct nl_response *response) {
    struct nl_buf cookie = {0};
    nl_buf_addf(&cookie, "%s=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
                cookie_name, value, (long long)lifetime);
    response->cookie = nl_buf_take(&cookie);
}

/* A form of another site's must not log anybody in. Browsers say where a form is from; who says
 * nothing is no browser. */
static bool is_from_elsewhere(const struct nl_request *request) {
    const char *site = nl_request_header(request, "Sec-Fetch-Site");
    const char *origin = nl_request_header(request, "Origin");
    const char *host = nl_request_header(request, "Host");
    if (site != NULL)
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    const char *named = origin != NULL ? strstr(origin, "://") : NULL;
    return origin != NULL && (named == NULL || host == NULL || strcmp(named + 3, host) != 0);
}

static enum nl_status log_in(struct nl_staff *staff, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    const char *name = nl_site_field(request, "name");
    struct nl_token session;
    bool ok = false;
    char client[NL_IP_TEXT];
    if (is_from_elsewhere(request)) {
        response->status = 403;
        return show_login(staff, request, NL_TEXT("Please log in here."), response, err);
    }
    if (!nl_staff_may_guess(staff, request, response) ||
        !nl_limit_take(staff->names, name, strlen(name), now(staff), &response->retry_after)) {
        response->status = 429;
        return show_login(staff, request, nl_too_many, response, err);
    }
    int64_t lifetime = staff->site->config->staff.session;
    enum nl_status status = nl_staff_login(
        staff->site->store, name, nl_site_field(request, "password"), lifetime, &ok, &session, err);
    if (status != NL_OK)
        return status;
    nl_ip_text(nl_request_client(request), client);
    const struct nl_log_field fields[] = {
        {"CLIENT", client}, {"LOGIN", ok ? "good" : "bad"}, {ok ? "STAFF" : NULL, name}, {0}};
    if (!ok) {
        nl_log(NL_LOG_NOTICE, fields, "a login from %s failed", client);
        response->status = 403;
        return show_login(staff, request, NL_TEXT("Name or password are wrong."), response, err);
    }
    nl_log(NL_LOG_NOTICE, fields, "%s logs in from %s", name, client);
    set_cookie(session.text, lifetime, response);
    explicit_bzero(&session, sizeof session);
    return nl_staff_redirect(staff, "/", response, err);
}

static enum nl_status log_out(struct nl_staff *staff, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    enum nl_status status =
        nl_staff_logout(staff->site->store, nl_request_cookie(request, cookie_name), err);
    set_cookie("", 0, response);
    return status == NL_OK ? nl_staff_redirect(staff, "/login", response, err) : status;
}

static enum nl_status find_session(struct nl_staff *staff, const struct nl_request *request,
                                   bool *ok, struct nl_session *out, struct nl_error *err) {
    struct nl_store *store = staff->site->store;
    const char *cookie = nl_request_cookie(request, cookie_name);
    enum nl_status status = nl_staff_session(store, cookie, ok, out->name, err);
    if (*ok)
        nl_mac(nl_store_secret(store), "csrf", cookie, out->csrf);
    return status;
}

static enum nl_status send_script(struct nl_staff *staff, struct nl_response *response,
                                  struct nl_error *err) {
    struct nl_theme theme = {.folder = staff->site->config->templates};
    json_t *data = json_object();
    enum nl_status status = nl_theme_render(&theme, "live.js", data, &response->body, err);
    json_decref(data);
    response->type = "text/javascript; charset=utf-8";
    response->cacheable = true;
    return status;
}

/* ---- dispatch ---- */

static enum nl_status for_session(struct nl_staff *staff, const struct nl_request *request,
                                  const char *path, struct nl_response *response,
                                  struct nl_error *err) {
    struct nl_session session = {0};
    bool ok = false;
    enum nl_status status = find_session(staff, request, &ok, &session, err);
    if (status != NL_OK)
        return status;
    if (!ok)
        return nl_staff_redirect(staff, "/login", response, err);
    if (is_post(request) && !nl_token_equal(session.csrf, nl_site_field(request, "csrf")))
        return nl_site_say(staff->site, request, 403,
                           NL_TEXT("This form is no longer good. Please go back and try again."),
                           response, err);
    if (is_post(request) && strcmp(path, "/logout") == 0)
        return log_out(staff, request, response, err);
    return nl_staff_page(staff, request, &session, path, response, err);
}

enum nl_status nl_staff_handle(void *ctx, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err) {
    static const char api[] = "/api/v1/";
    struct nl_staff *staff = ctx;
    const char *path = nl_site_path(staff->site, request);
    if (strncmp(path, api, sizeof api - 1) == 0)
        return nl_staff_api(staff, request, path + sizeof api - 1, response, err);
    if (strcmp(path, "/live.js") == 0 && !is_post(request))
        return send_script(staff, response, err);
    if (strcmp(path, "/style.css") == 0 && !is_post(request))
        return nl_site_style(staff->site, request, response, err);
    if (strcmp(path, "/login") == 0)
        return is_post(request) ? log_in(staff, request, response, err)
                                : show_login(staff, request, NULL, response, err);
    return for_session(staff, request, path, response, err);
}

/* ---- its life ---- */

enum nl_status nl_staff_new(struct nl_store *store, const struct nl_config *config,
                            struct nl_staff **out, struct nl_error *err) {
    struct nl_staff *staff = calloc(1, sizeof *staff);
    *out = NULL;
    if (staff == NULL)
        return nl_error_nomem(err);
    enum nl_status status = nl_site_new(store, config, config->staff.url, &staff->site, err);
    staff->guesses = nl_limit_new(GUESSES, GUESSES_PER_HOUR);
    staff->names = nl_limit_new(GUESSES, GUESSES_PER_HOUR);
    if (status == NL_OK && (staff->guesses == NULL || staff->names == NULL))
        status = nl_error_nomem(err);
    if (status != NL_OK) {
        nl_staff_free(staff);
        return status;
    }
    *out = staff;
    return NL_OK;
}

void nl_staff_free(struct nl_staff *staff) {
    if (staff == NULL)
        return;
    nl_site_free(staff->site);
    nl_limit_free(staff->guesses);
    nl_limit_free(staff->names);
    free(staff);
}
